// Package event makes sample events: what each kind of trigger hands to a
// function, in the shape that its documentation shows, with fields of the
// caller's own. It knows nothing of functions and calls none.
package event

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"s/pkg/fc"
)

//go:embed samples/*.json
var samples embed.FS

// Type is a kind of trigger with a sample of its event.
type Type struct {
	Name  string   // as in s.yaml, or the event source of EventBridge
	Other []string // further names that are taken for it
	// Fields are the names under which values can be set without their path.
	Fields []Field
	// CBOR reports that the cloud sends the event as CBOR, not as JSON.
	CBOR bool
}

// Field is a value of an event that has a short name.
type Field struct {
	Name  string
	Paths []string // where it is; a value that has several places is in each
	What  string   // what it is, for --help
}

// Types lists all samples (documentation of triggers, "event format"; that of
// EventBridge for the message queues, which come by it).
func Types() []Type {
	message := Field{"message", []string{"0.data.body"}, "text of the message"}
	return []Type{
		{Name: fc.TriggerHTTP, Fields: []Field{
			{"method", []string{"requestContext.http.method"}, "HTTP method"},
			{"path", []string{"rawPath", "requestContext.http.path"}, "path of the request"},
			{"body", []string{"body"}, "body of the request"},
			{"host", []string{"headers.Host", "requestContext.domainName"}, "host name"},
		}},
		{Name: fc.TriggerTimer, Fields: []Field{
			{"payload", []string{"payload"}, "payload of the trigger"},
			{"name", []string{"triggerName"}, "name of the trigger"},
			{"time", []string{"triggerTime"}, "when it fired"},
		}},
		{Name: fc.TriggerOSS, Fields: []Field{
			{"bucket", []string{"events.0.oss.bucket.name"}, "name of the bucket"},
			{"key", []string{"events.0.oss.object.key"}, "name of the object"},
			{"size", []string{"events.0.oss.object.size", "events.0.oss.object.deltaSize"}, "size of the object in bytes"},
			{"region", []string{"events.0.region"}, "region"},
			{"event-name", []string{"events.0.eventName"}, "what happened"},
		}},
		{Name: fc.TriggerLog, Other: []string{"sls"}, Fields: []Field{
			{"project", []string{"source.projectName"}, "project of Log Service"},
			{"logstore", []string{"source.logstoreName"}, "Logstore"},
		}},
		{Name: fc.TriggerMNSTopic, Other: []string{"mns"}, Fields: []Field{
			{"message", []string{"Message"}, message.What},
			{"topic", []string{"TopicName"}, "name of the topic"},
		}},
		{Name: fc.TriggerCDNEvents, Other: []string{"cdn"}, Fields: []Field{
			{"domain", []string{"events.0.resource.domain", "events.0.eventParameter.domain"}, "domain"},
			{"event-name", []string{"events.0.eventName"}, "what happened"},
		}},
		{Name: fc.TriggerTablestore, Other: []string{"ots"}, CBOR: true, Fields: []Field{
			{"operation", []string{"Records.0.Type"}, "PutRow, UpdateRow or DeleteRow"},
		}},
		{Name: fc.TriggerEventBridge, Fields: []Field{
			{"source", []string{"source"}, "source of the event"},
			{"type", []string{"type"}, "type of the event"},
			{"subject", []string{"subject"}, "subject of the event"},
		}},
		{Name: "kafka", Fields: []Field{
			{"message", []string{"0.data.value"}, message.What},
			{"key", []string{"0.data.key"}, "key of the message"},
			{"topic", []string{"0.data.topic"}, "name of the topic"},
		}},
		{Name: "rocketmq", Fields: []Field{message, {"topic", []string{"0.data.topic"}, "name of the topic"}}},
		{Name: "rabbitmq", Fields: []Field{message}},
		{Name: "mns_queue", Fields: []Field{{"message", []string{"0.data.messageBody"}, message.What}}},
	}
}

// Names lists the names of all types.
func Names() []string {
	var names []string
	for _, t := range Types() {
		names = append(names, t.Name)
	}
	return names
}

// UnknownTypeError is a type that has no sample.
type UnknownTypeError struct{ Name string }

// Error names those that there are.
func (e *UnknownTypeError) Error() string {
	return fmt.Sprintf("no sample event %q: choose one of %s", e.Name, strings.Join(Names(), ", "))
}

// Find finds a type by one of its names; *UnknownTypeError if there is none.
func Find(name string) (Type, error) {
	for _, t := range Types() {
		for _, n := range append([]string{t.Name}, t.Other...) {
			if strings.EqualFold(n, strings.ReplaceAll(name, "-", "_")) {
				return t, nil
			}
		}
	}
	return Type{}, &UnknownTypeError{Name: name}
}

// Sample gives the event of a type as indented JSON, with values set: each is
// PATH=VALUE, see Set for the path, or NAME=VALUE with the name of a Field.
func Sample(name string, sets ...string) ([]byte, error) {
	t, err := Find(name)
	if err != nil {
		return nil, err
	}
	text, err := samples.ReadFile("samples/" + t.Name + ".json")
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var doc any
	if err := decoder.Decode(&doc); err != nil {
		return nil, err
	}
	given := map[string]bool{}
	for _, s := range sets {
		path, value, ok := strings.Cut(s, "=")
		if !ok || path == "" {
			return nil, fmt.Errorf("%q is not PATH=VALUE", s)
		}
		if err := t.check(path, value); err != nil {
			return nil, err
		}
		given[path] = true
		for _, p := range t.paths(path) {
			if err := set(&doc, p, value); err != nil {
				return nil, err
			}
		}
	}
	if err := t.follow(doc, given); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err = encoder.Encode(doc)
	return out.Bytes(), err
}

// check refuses a value that a field can't have.
func (t Type) check(name, value string) error {
	if name != "size" || !t.named(name) {
		return nil
	}
	if n, err := strconv.ParseInt(value, 10, 64); err != nil || n < 0 {
		return fmt.Errorf("%s takes a whole number, not %q", name, value)
	}
	return nil
}

// named reports whether a field has the name.
func (t Type) named(name string) bool {
	return slices.ContainsFunc(t.Fields, func(f Field) bool { return f.Name == name })
}

// paths is where a name of a field, or a path, leads.
func (t Type) paths(name string) []string {
	for _, f := range t.Fields {
		if f.Name == name {
			return f.Paths
		}
	}
	return []string{name}
}
