package gateway

import (
	"io"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"s/pkg/fc"
	"s/pkg/local/async"
	"s/pkg/local/reply"
	"s/pkg/local/store"
	"s/pkg/runtime/instance"
)

// FC 2.0's names of X-Fc-Async-Task-Id and of asyncTask for one invocation.
const (
	headerAsyncTaskV2   = "X-Fc-Stateful-Async-Invocation-Id"
	headerAsyncEnableV2 = "X-Fc-Stateful-Async-Invocation-Enable"
	headerAsyncDelay    = "X-Fc-Async-Delay"
)

// maxDelay bounds X-Fc-Async-Delay, in seconds.
const maxDelay = 3600

var taskID = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,127}$`)

// enqueue accepts an asynchronous invocation: 202 once it is on disk. inv says
// whose request it is and what the function gets.
func (g *Gateway) enqueue(w http.ResponseWriter, r *http.Request, t Target, inv *instance.Invocation) error {
	if err := g.disabled(t.Region, t.Function); err != nil {
		return err
	}
	if g.cfg.Accept == nil {
		return reply.NotServed("an asynchronous invocation")
	}
	e := &store.Event{
		Region: t.Region, Function: t.Function, Qualifier: t.Qualifier, RequestID: inv.RequestID, Source: "api", Payload: inv.Event,
	}
	if e.Qualifier == "" {
		e.Qualifier = fc.LatestQualifier
	}
	if err := g.asyncHeaders(r.Header, e); err != nil {
		return err
	}
	if inv.R != nil {
		body, err := io.ReadAll(inv.R.Body)
		if err != nil {
			return bodyError(err)
		}
		e.HTTP, e.Payload, e.Source = async.Record(inv.R), body, "http"
	}
	if err := g.cfg.Accept(e); err != nil {
		return err
	}
	w.Header().Set(fc.HeaderAsyncTaskID, e.TaskID)
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// asyncHeaders reads what a caller says of an asynchronous invocation.
func (g *Gateway) asyncHeaders(h http.Header, e *store.Event) error {
	e.Stateful = h.Get(headerAsyncEnableV2) == "true"
	if e.TaskID = h.Get(fc.HeaderAsyncTaskID); e.TaskID == "" {
		e.TaskID = h.Get(headerAsyncTaskV2)
	}
	if e.TaskID != "" && !taskID.MatchString(e.TaskID) {
		return reply.Invalid("header X-Fc-Async-Task-Id must begin with a letter or _ and have up to 128 letters, digits, _ and -")
	}
	text := h.Get(headerAsyncDelay)
	if text == "" {
		return nil
	}
	seconds, err := strconv.Atoi(text)
	if err != nil || seconds < 0 || seconds > maxDelay {
		return reply.Invalid("header X-Fc-Async-Delay must be a number of seconds up to 3600, it is '" + text + "'")
	}
	e.Due = g.cfg.Now().Add(time.Duration(seconds) * time.Second).UnixMilli()
	return nil
}
