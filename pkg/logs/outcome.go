package logs

import "strings"

// What the runtimes print around an invocation (documentation of Function Compute, "Log
// fields"): an end with an error has ", Error: " and what it was behind the id.
const (
	markInvokeStart = "FC Invoke Start RequestId: "
	markInvokeEnd   = "FC Invoke End RequestId: "
	markInitEnd     = "FC Initialize End RequestId: "
	markError       = ", Error"
)

// Outcomes knows of requests, from their lines, how they went. The zero value knows
// none.
type Outcomes struct {
	requests map[string]*outcome
}

type outcome struct{ started, ended, failed bool }

// Add takes a line into account.
func (o *Outcomes) Add(l Line) {
	if l.RequestID == "" {
		return
	}
	if o.requests == nil {
		o.requests = map[string]*outcome{}
	}
	r := o.requests[l.RequestID]
	if r == nil {
		r = &outcome{}
		o.requests[l.RequestID] = r
	}
	for text := range strings.Lines(l.Message) {
		isEnd := strings.Contains(text, markInvokeEnd)
		r.started = r.started || strings.Contains(text, markInvokeStart)
		r.ended = r.ended || isEnd
		r.failed = r.failed || (isEnd || strings.Contains(text, markInitEnd)) && strings.Contains(text, markError)
	}
}

// Failed reports whether a request ended with an error, or began and hasn't ended: its
// time was over, its process ended, or it is running still. Known is false for a request
// without lines.
func (o *Outcomes) Failed(request string) (failed, known bool) {
	r := o.requests[request]
	if r == nil {
		return false, false
	}
	return r.failed || r.started && !r.ended, true
}

// ended reports whether the end of a request is known.
func (o *Outcomes) ended(request string) bool {
	r := o.requests[request]
	return r != nil && r.ended
}
