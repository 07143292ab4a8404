package triggers

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"s/pkg/fc"
	"s/pkg/local/store"
)

// world is a service over a real queue and a store of the test's own, in a bubble
// of synctest, which begins at midnight UTC of 1 January 2000.
type world struct {
	t        *testing.T
	s        *Service
	queue    *store.Queue
	dir      string
	triggers []*store.Trigger
	skew     atomic.Int64 // of the system's time, a time.Duration
	log      bytes.Buffer
	accepted []*store.Event
}

func bubble(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, dir: dir}
		test(t, w)
		w.close()
	})
}

func (w *world) Trigger(_, _, name string) (*store.Trigger, error) {
	for _, t := range w.triggers {
		if t.Trigger.TriggerName == name {
			return t, nil
		}
	}
	return nil, &store.NotFoundError{Kind: store.KindTrigger, Name: name}
}

func (w *world) TriggersOfType(kind string) []*store.Trigger {
	var out []*store.Trigger
	for _, t := range w.triggers {
		if t.Trigger.TriggerType == kind {
			out = append(out, t)
		}
	}
	return out
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.skew.Load())) }

func (w *world) open() {
	w.t.Helper()
	var err error
	if w.queue, err = store.OpenQueue(context.Background(), w.dir, w.now()); err != nil {
		w.t.Fatal(err)
	}
	w.s, err = New(Config{
		Store: w, Queue: w.queue, AccountID: "1", Now: w.now, Log: &w.log, Queued: func() {},
		Accept: func(e *store.Event) error { w.accepted = append(w.accepted, e); return nil },
		Prepare: func(e *store.Event) error {
			e.TaskID, e.Due = e.RequestID, w.now().UnixMilli()
			e.Set(store.EventEnqueued, w.now(), "")
			return nil
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) close() {
	w.s.Close()
	w.queue.Close()
}

// timer makes or changes a timer trigger.
func (w *world) timer(name, config string) {
	w.triggers = slices.DeleteFunc(w.triggers, func(t *store.Trigger) bool { return t.Trigger.TriggerName == name })
	if config != "" {
		w.triggers = append(w.triggers, &store.Trigger{Region: "r", Function: "f", Trigger: fc.Trigger{
			TriggerName: name, TriggerType: fc.TriggerTimer, TriggerConfig: config, Qualifier: "prod",
		}})
	}
	if w.s != nil {
		w.s.Changed()
	}
}

// ran lets time pass and gives the events of the runs since then, each with its
// time.
func (w *world) ran(d time.Duration) []string {
	w.t.Helper()
	time.Sleep(d)
	synctest.Wait()
	events, err := w.queue.Claim(w.now().Add(time.Second), 1000, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, e := range events {
		out = append(out, string(e.Payload))
		e.Set(store.EventSucceeded, w.now(), "")
		if err := w.queue.Update(e, store.Follow{}); err != nil {
			w.t.Fatal(err)
		}
		if e.Function != "f" || e.Qualifier != "prod" || e.Source != "trigger t" {
			w.t.Errorf("%+v", e)
		}
	}
	return out
}

// status is the one timer's.
func (w *world) status(want TimerStatus) {
	w.t.Helper()
	want.Region, want.Function, want.Trigger = "r", "f", "t"
	if got := w.s.Timers(); len(got) != 1 || got[0] != want {
		w.t.Errorf("status %+v, want %+v", got, want)
	}
}

func (w *world) logged(want string) {
	w.t.Helper()
	if got := w.log.String(); !strings.Contains(got, want) || want == "" && got != "" {
		w.t.Errorf("log %q, want %q", got, want)
	}
	w.log.Reset()
}

func want(t *testing.T, got []string, times ...string) {
	t.Helper()
	var want []string
	for _, at := range times {
		want = append(want, fmt.Sprintf(`{"triggerTime":"2000-01-%sZ","triggerName":"t","payload":"p"}`, at))
	}
	if !slices.Equal(got, want) {
		t.Errorf("ran %q, want %q", got, want)
	}
}
