package gateway

import (
	"context"
	"testing"
	"time"

	"s/pkg/local/store"
	"s/pkg/runtime/instance"
)

// accepts keeps what the gateway queues.
func (w *world) accepts() *[]*store.Event {
	var queued []*store.Event
	w.g.cfg.Accept = func(e *store.Event) error {
		if e.TaskID == "" {
			e.TaskID = e.RequestID
		}
		queued = append(queued, e)
		return nil
	}
	return &queued
}

func TestAsync(t *testing.T) {
	w := newWorld(t)
	w.deploy("f", "python3.10", "one")
	w.want(w.do("POST", "/invoke/f", "event", "X-Fc-Invocation-Type: Async"), 501, "NotImplemented")
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	w.g.cfg.Now = func() time.Time { return now }
	queued := w.accepts()
	g := w.do("POST", "/invoke/f", "event", "X-Fc-Invocation-Type: Async")
	w.want(g, 202, "")
	e := (*queued)[0]
	if g.body != "" || string(e.Payload) != "event" || g.Header.Get("X-Fc-Async-Task-Id") != g.Header.Get("X-Fc-Request-Id") ||
		e.RequestID != g.Header.Get("X-Fc-Request-Id") || e.Region != region || e.Function != "f" || e.Qualifier != "LATEST" || e.Stateful {
		t.Errorf("%q, %v, %+v", g.body, g.Header, e)
	}
	for _, name := range []string{"X-Fc-Async-Task-Id", "X-Fc-Stateful-Async-Invocation-Id"} {
		if g := w.do("POST", "/invoke/f", "", "X-Fc-Invocation-Type: Async", name+": mine"); g.Header.Get("X-Fc-Async-Task-Id") != "mine" {
			t.Errorf("%s: %v", name, g.Header)
		}
	}
	w.do("POST", "/invoke/f", "", "X-Fc-Invocation-Type: Async", "X-Fc-Async-Delay: 60", "X-Fc-Stateful-Async-Invocation-Enable: true")
	if e := (*queued)[3]; e.Due != now.Add(time.Minute).UnixMilli() || !e.Stateful {
		t.Errorf("%+v", e)
	}
	for _, header := range []string{"X-Fc-Async-Task-Id: 1 2", "X-Fc-Async-Delay: 3601", "X-Fc-Async-Delay: -1", "X-Fc-Async-Delay: soon"} {
		w.want(w.do("POST", "/invoke/f", "", "X-Fc-Invocation-Type: Async", header), 400, "InvalidArgument")
	}
	w.want(w.do("POST", "/invoke/none", "", "X-Fc-Invocation-Type: Async"), 404, "FunctionNotFound")
	if len(*queued) != 4 {
		t.Errorf("%d are queued", len(*queued))
	}
	w.g.cfg.Accept = func(*store.Event) error { return &store.ExistsError{Kind: store.KindTask, Name: "mine"} }
	w.want(w.do("POST", "/invoke/f", "", "X-Fc-Invocation-Type: Async"), 409, "AsyncTaskAlreadyExists")
}

// An HTTP function is called with the request that was queued.
func TestAsyncRequest(t *testing.T) {
	w := newWorld(t)
	w.deploy("f", "custom", "one")
	host := w.trigger("f", anonymous("POST"))
	queued := w.accepts()
	w.want(w.do("POST", "/p%2Fq?x=1", "body", "Host: "+host, "X-Fc-Invocation-Type: Async", "X-A: b"), 202, "")
	e := (*queued)[0]
	if e.HTTP == nil || e.HTTP.Method != "POST" || e.HTTP.URL != "/p%2Fq?x=1" || e.HTTP.Host != host || e.HTTP.Header.Get("X-A") != "b" ||
		e.HTTP.Header.Get("X-Fc-Invocation-Type") != "" || string(e.Payload) != "body" {
		t.Errorf("%+v %+v", e, e.HTTP)
	}
}

func TestInvokeEvent(t *testing.T) {
	w := newWorld(t)
	w.deploy("f", "python3.10", "one")
	w.run = func(_ context.Context, _ *fakePool, inv *instance.Invocation) (*instance.Result, error) {
		return &instance.Result{Body: inv.Event}, nil
	}
	result, err := w.g.InvokeEvent(t.Context(), &store.Event{Region: region, Function: "f", Qualifier: "LATEST"}, &instance.Invocation{Event: []byte("x")})
	if err != nil || string(result.Body) != "x" {
		t.Errorf("%+v %v", result, err)
	}
	for _, e := range []*store.Event{{Region: region, Function: "none"}, {Region: region, Function: "f", Qualifier: "7"}} {
		if _, err := w.g.InvokeEvent(t.Context(), e, &instance.Invocation{}); err == nil {
			t.Errorf("%+v was run", e)
		}
	}
}
