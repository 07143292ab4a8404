package async

import (
	"encoding/json"
	"strings"
	"time"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/local/store"
)

// Destination is a receiver of outcomes, by its ARN.
type Destination struct {
	Service string // fc, mns, eventbridge or mq
	// Of fc:
	Region, Function, Qualifier string
}

// ParseDestination reads an ARN: acs:fc:<region>:<account>:functions/<function> or
// …:services/<service>[.<qualifier>]/functions/<function>, a qualifier of FC 3.0
// standing after the function, with a slash or a dot before it; those of
// other services may have any resource. ok is false for anything else.
func ParseDestination(arn string) (d Destination, ok bool) {
	parts := strings.SplitN(arn, ":", 5)
	if len(parts) != 5 || parts[0] != "acs" || parts[4] == "" {
		return d, false
	}
	d.Service, d.Region = parts[1], parts[2]
	switch d.Service {
	case "mns", "eventbridge", "mq", "rocketmq":
		return d, true
	case "fc":
	default:
		return d, false
	}
	segments := strings.Split(parts[4], "/")
	switch {
	case len(segments) >= 2 && segments[0] == "functions":
		d.Function, d.Qualifier, _ = strings.Cut(segments[1], ".")
		if len(segments) == 3 {
			d.Qualifier = segments[2]
		}
		ok = len(segments) < 4
	case len(segments) == 4 && segments[0] == "services" && segments[2] == "functions":
		var service string
		service, d.Qualifier, _ = strings.Cut(segments[1], ".")
		d.Function = fc.JoinName(service, segments[3])
		ok = service != "" && segments[3] != ""
	}
	return d, ok && d.Function != ""
}

// outcome is what a destination gets (documentation, "result callback").
type outcome struct {
	Timestamp       string          `json:"timestamp"`
	RequestContext  outcomeRequest  `json:"requestContext"`
	RequestPayload  string          `json:"requestPayload"`
	ResponseContext outcomeResponse `json:"responseContext"`
	ResponsePayload string          `json:"responsePayload"`
}

type outcomeRequest struct {
	RequestID   string `json:"requestId"`
	FunctionARN string `json:"functionArn"`
	Condition   string `json:"condition"` // the type of the error
	InvokeCount int    `json:"approximateInvokeCount"`
}

type outcomeResponse struct {
	StatusCode    int    `json:"statusCode"`
	FunctionError string `json:"functionError"`
}

// receiver is the ARN that is told of an outcome; empty is nobody.
func receiver(cfg fc.AsyncConfig, succeeded bool) string {
	c := cfg.DestinationConfig
	switch {
	case c == nil:
	case succeeded && c.OnSuccess != nil:
		return c.OnSuccess.Destination
	case !succeeded && c.OnFailure != nil:
		return c.OnFailure.Destination
	}
	return ""
}

// tell makes what the destination of an event gets: an invocation if it is a
// function that is there, else a record of it.
func (d *Dispatcher) tell(e *store.Event, cfg fc.AsyncConfig, succeeded bool, status int) store.Follow {
	arn := receiver(cfg, succeeded)
	if arn == "" {
		return store.Follow{}
	}
	body := d.outcome(e, status)
	to, ok := ParseDestination(arn)
	if ok && to.Service == "fc" {
		if to.Region == "" {
			to.Region = e.Region
		}
		if d.cfg.Exists(to.Region, to.Function) {
			next := &store.Event{
				Region: to.Region, Function: to.Function, Qualifier: to.Qualifier, RequestID: reply.NewID(d.cfg.Now()),
				Source: "destination of " + e.Function, Payload: body,
			}
			if err := d.Prepare(next); err == nil {
				e.Destination = store.EventSucceeded
				return store.Follow{Next: next}
			}
		}
	}
	why := errNoReceiver.Error()
	if to.Service == "fc" {
		why = "the function does not exist"
	}
	e.Destination = store.EventFailed
	return store.Follow{Delivery: &store.Delivery{
		Time: d.cfg.Now().UnixMilli(), Receiver: arn, Region: e.Region, Function: e.Function, TaskID: e.TaskID, Why: why, Body: string(body),
	}}
}

func (d *Dispatcher) outcome(e *store.Event, status int) []byte {
	doc := outcome{
		Timestamp: time.UnixMilli(e.Created).UTC().Format("2006-01-02T15:04:05.000Z"),
		RequestContext: outcomeRequest{
			RequestID: e.RequestID, FunctionARN: d.cfg.ARN(e.Region, e.Function, e.Qualifier), Condition: e.ErrorType, InvokeCount: e.Runs,
		},
		RequestPayload:  string(e.Payload),
		ResponseContext: outcomeResponse{StatusCode: status, FunctionError: e.ErrorType},
		ResponsePayload: string(e.Result),
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return []byte("{}") // strings and numbers always marshal
	}
	return text
}
