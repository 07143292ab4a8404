package store

import (
	"net/http"
	"time"
)

// States of an asynchronous invocation (AsyncTask.status of API 2023-03-30).
const (
	EventEnqueued  = "Enqueued"
	EventRunning   = "Running"
	EventRetrying  = "Retrying"
	EventSucceeded = "Succeeded"
	EventFailed    = "Failed"
	EventStopping  = "Stopping"
	EventStopped   = "Stopped"
	EventInvalid   = "Invalid" // the function is gone
	EventExpired   = "Expired" // it waited for longer than it may
)

// maxHistory bounds the changes that are kept of one event.
const maxHistory = 100

// Event is an asynchronous invocation. Times are in milliseconds since the
// epoch; 0 is not yet.
type Event struct {
	Seq       int64  `json:"-"` // its place in the queue, given by it
	Region    string `json:"region"`
	Function  string `json:"function"`
	Qualifier string `json:"qualifier"` // as it was asked for
	TaskID    string `json:"taskId"`
	RequestID string `json:"requestId"`
	// Source tells where it comes from, for people: "api", "trigger nightly", ...
	Source string `json:"source"`
	// Stateful ones are tasks: they are kept when they have ended.
	Stateful bool   `json:"stateful,omitempty"`
	Status   string `json:"-"`
	Created  int64  `json:"created"`
	Due      int64  `json:"-"` // when it is to be run next
	Started  int64  `json:"-"` // when it was run first
	Ended    int64  `json:"-"`
	// Runs are those that the function has ended, Failures those that it has failed.
	Runs     int `json:"runs,omitempty"`
	Failures int `json:"failures,omitempty"`
	// Refusals are the runs in a row that never reached the function, and Refused
	// when the first of them was.
	Refusals   int    `json:"refusals,omitempty"`
	Refused    int64  `json:"refused,omitempty"`
	InstanceID string `json:"instanceId,omitempty"` // of the last run
	Duration   int64  `json:"duration,omitempty"`   // of the last run
	ErrorType  string `json:"errorType,omitempty"`
	Error      string `json:"error,omitempty"`
	// Dead ones have failed for good.
	Dead bool `json:"-"`
	// Destination tells how whoever is told of the outcome was told.
	Destination string        `json:"destination,omitempty"`
	History     []EventChange `json:"history,omitempty"`
	// HTTP is the request if it came by an HTTP trigger; the payload is its body.
	HTTP    *EventRequest `json:"http,omitempty"`
	Payload []byte        `json:"-"`
	Result  []byte        `json:"-"`
}

// EventChange is a change of an event's state (AsyncTaskEvent).
type EventChange struct {
	ID     int64  `json:"eventId"`
	Status string `json:"status"`
	Time   int64  `json:"timestamp"`
	Detail string `json:"eventDetail"`
}

// EventRequest is an HTTP request without its body.
type EventRequest struct {
	Method     string      `json:"method"`
	URL        string      `json:"url"` // as the function sees it
	Host       string      `json:"host"`
	RequestURI string      `json:"requestUri"`
	RemoteAddr string      `json:"remoteAddr"`
	Header     http.Header `json:"header"`
}

// Set changes the state of an event and remembers when and why.
func (e *Event) Set(status string, now time.Time, detail string) {
	e.Status = status
	var id int64 = 1
	if n := len(e.History); n > 0 {
		id = e.History[n-1].ID + 1
	}
	e.History = append(e.History, EventChange{id, status, now.UnixMilli(), detail})
	if len(e.History) > maxHistory {
		e.History = e.History[len(e.History)-maxHistory:]
	}
}

// Over reports whether an event's state doesn't change any more.
func (e *Event) Over() bool {
	switch e.Status {
	case EventEnqueued, EventRunning, EventRetrying, EventStopping:
		return false
	}
	return true
}

// Delivery is the outcome of an event that was to be sent to a receiver that
// isn't there.
type Delivery struct {
	Seq      int64  `json:"id"`
	Time     int64  `json:"time"` // milliseconds since the epoch
	Receiver string `json:"receiver"`
	Region   string `json:"region"`
	Function string `json:"function"`
	TaskID   string `json:"taskId"`
	Why      string `json:"why"`
	Body     string `json:"body"`
}

// Timer is what is remembered of a timer trigger, so that no run is lost or made
// twice. Times are in milliseconds since the epoch.
type Timer struct {
	Region   string `json:"region"`
	Function string `json:"function"`
	Trigger  string `json:"trigger"`
	Config   string `json:"config"` // its triggerConfig
	// Last is the time of the run that was last made or missed, or when the trigger
	// was configured.
	Last   int64 `json:"last"`
	Fired  int64 `json:"fired"`  // runs since it is there
	Missed int64 `json:"missed"` // runs at whose time the cloud didn't run
}
