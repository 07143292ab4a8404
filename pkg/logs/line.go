// Package logs reads what functions printed, from the log service at the endpoint of
// a target: all pages of a span of time, or what comes from now on. It is the same for
// Function Compute and the local cloud. It prints nothing.
package logs

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Line is what a function printed at once; a message may have several lines. Fields
// that the service doesn't give are empty.
type Line struct {
	Time         time.Time `json:"time"`
	FunctionName string    `json:"functionName,omitempty"`
	Qualifier    string    `json:"qualifier,omitempty"`
	VersionID    string    `json:"versionId,omitempty"`
	InstanceID   string    `json:"instanceId,omitempty"`
	RequestID    string    `json:"requestId,omitempty"`
	Message      string    `json:"message"`

	topic string
}

// Fields of SLS's own.
const (
	fieldTime  = "__time__"         // seconds since 1970
	fieldNanos = "__time_ns_part__" // of the second; most logs have none
	fieldTopic = "__topic__"
)

// newLine reads the fields that Function Compute gives a line (its documentation, "Log
// fields").
func newLine(fields map[string]string) Line {
	seconds, _ := strconv.ParseInt(fields[fieldTime], 10, 64) // SLS gives every line one
	nanos, _ := strconv.ParseInt(fields[fieldNanos], 10, 64)  // none is 0
	l := Line{
		Time:         time.Unix(seconds, nanos),
		FunctionName: fields["functionName"], Qualifier: fields["qualifier"], VersionID: fields["versionId"],
		InstanceID: fields["instanceID"], RequestID: fields["requestId"], topic: fields[fieldTopic],
	}
	message, ok := fields["message"]
	if !ok {
		message = otherFields(fields)
	}
	l.Message = strings.TrimRight(message, "\r\n")
	return l
}

// otherFields is the message of a line that has none, an event of an instance: what
// else it has.
func otherFields(fields map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		switch name {
		case "functionName", "qualifier", "versionId", "instanceID", "requestId", "serviceName":
			continue
		}
		if !strings.HasPrefix(name, "__") {
			parts = append(parts, name+": "+fields[name])
		}
	}
	return strings.Join(parts, ", ")
}
