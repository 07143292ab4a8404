package store

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func openQueue(t *testing.T, dir string) *Queue {
	t.Helper()
	q, err := OpenQueue(t.Context(), dir, at(0))
	must(t, err)
	t.Cleanup(func() { q.Close() })
	return q
}

// at is a time n seconds after the beginning of the tests.
func at(n int) time.Time {
	return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Add(time.Duration(n) * time.Second)
}

func event(function, task string, due int) *Event {
	e := &Event{
		Region: "r", Function: function, Qualifier: "LATEST", TaskID: task, RequestID: task, Source: "api", Stateful: true,
		Created: at(0).UnixMilli(), Due: at(due).UnixMilli(), Payload: []byte("p-" + task),
	}
	e.Set(EventEnqueued, at(0), "")
	return e
}

func names(events []*Event) []string {
	var out []string
	for _, e := range events {
		out = append(out, e.TaskID)
	}
	return out
}

func TestClaim(t *testing.T) {
	q := openQueue(t, t.TempDir())
	for _, e := range []*Event{event("f", "late", 9), event("f", "b", 2), event("g", "c", 3), event("f", "a", 1)} {
		must(t, q.Add(e))
	}
	first, err := q.Claim(at(5), 2, nil)
	must(t, err)
	if got := names(first); !slices.Equal(got, []string{"a", "b"}) {
		t.Fatalf("claimed %v", got)
	}
	if e := first[0]; e.Status != EventRunning || e.Started != at(5).UnixMilli() || string(e.Payload) != "p-a" || e.Seq == 0 {
		t.Errorf("%+v", e)
	}
	skip := []FunctionKey{{"r", "g"}}
	none, err := q.Claim(at(5), 9, skip)
	must(t, err)
	if len(none) > 0 {
		t.Errorf("claimed %v", names(none))
	}
	if due, ok, err := q.NextDue(skip); err != nil || !ok || !due.Equal(at(9)) {
		t.Errorf("%v %v %v", due, ok, err)
	}
	if due, ok, err := q.NextDue(nil); err != nil || !ok || !due.Equal(at(3)) {
		t.Errorf("%v %v %v", due, ok, err)
	}
	if _, ok, err := q.NextDue([]FunctionKey{{"r", "g"}, {"r", "f"}}); err != nil || ok {
		t.Errorf("%v %v", ok, err)
	}
	if c, err := q.Counts(); err != nil || c != (QueueCounts{Waiting: 2, Running: 2}) {
		t.Errorf("%+v %v", c, err)
	}
}

// What was added is there again, and what ran is due again; what was to be
// stopped is.
func TestQueueOpensAgain(t *testing.T) {
	dir := t.TempDir()
	q := openQueue(t, dir)
	for _, id := range []string{"runs", "stops", "waits"} {
		must(t, q.Add(event("f", id, 0)))
	}
	_, err := q.Claim(at(1), 2, nil)
	must(t, err)
	_, err = q.StopWaiting("r", "f", "stops", at(2))
	must(t, err)
	must(t, q.Close())
	q = openQueue(t, dir)
	for id, want := range map[string]string{"runs": EventRetrying, "stops": EventStopped, "waits": EventEnqueued} {
		if e, err := q.Task("r", "f", id); err != nil || e.Status != want {
			t.Errorf("%s: %+v %v", id, e, err)
		}
	}
	again, err := q.Claim(at(3), 9, nil)
	must(t, err)
	if got := names(again); !slices.Equal(got, []string{"runs", "waits"}) {
		t.Errorf("claimed %v", got)
	}
}

// Of those that come at the same time none is lost, and a task id is given once.
func TestAddAtOnce(t *testing.T) {
	q := openQueue(t, t.TempDir())
	var wg sync.WaitGroup
	var mu sync.Mutex
	refused := 0
	for i := range 200 {
		wg.Go(func() {
			err := q.Add(event("f", fmt.Sprint("t", i/2), 0))
			var exists *ExistsError
			if errors.As(err, &exists) {
				mu.Lock()
				refused++
				mu.Unlock()
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if c, err := q.Counts(); err != nil || c.Waiting != 100 || refused != 100 {
		t.Errorf("%+v, %d refused, %v", c, refused, err)
	}
}

func TestUpdate(t *testing.T) {
	q := openQueue(t, t.TempDir())
	for _, id := range []string{"task", "plain", "dead"} {
		e := event("f", id, 0)
		e.Stateful = id == "task"
		must(t, q.Add(e))
	}
	events, err := q.Claim(at(1), 9, nil)
	must(t, err)
	for _, e := range events {
		e.Dead = e.TaskID == "dead"
		e.Ended, e.Result = at(2).UnixMilli(), []byte("out")
		e.Set(EventSucceeded, at(2), "")
		follow := Follow{}
		if e.TaskID == "plain" {
			follow = Follow{Next: event("g", "next", 0), Delivery: &Delivery{Time: 1, Receiver: "x", Body: "b"}}
		}
		must(t, q.Update(e, follow))
	}
	left, err := q.events(withBoth, "ORDER BY seq")
	must(t, err)
	if got := names(left); !slices.Equal(got, []string{"task", "dead", "next"}) {
		t.Errorf("left %v", got)
	}
	if e, err := q.Task("r", "f", "task"); err != nil || string(e.Result) != "out" || len(e.History) != 3 {
		t.Errorf("%+v %v", e, err)
	}
	if d, err := q.Deliveries(9); err != nil || len(d) != 1 || d[0].Body != "b" || d[0].Seq != 1 {
		t.Errorf("%+v %v", d, err)
	}
}

func TestDeadOnes(t *testing.T) {
	q := openQueue(t, t.TempDir())
	for _, id := range []string{"a", "b"} {
		e := event("f", id, 0)
		e.Dead, e.Ended, e.Failures, e.Error = true, 1_000_000_000_000_000, 4, "why"
		e.Set(EventFailed, at(1), "")
		must(t, q.Add(e))
	}
	dead, err := q.Dead(9)
	must(t, err)
	if len(dead) != 2 || string(dead[0].Payload) != "p-a" {
		t.Fatalf("%v", names(dead))
	}
	if seqs, err := q.DeadSeqs(); err != nil || !slices.Equal(seqs, []int64{dead[0].Seq, dead[1].Seq}) {
		t.Errorf("%v %v", seqs, err)
	}
	must(t, q.Replay(dead[0].Seq, at(5)))
	must(t, q.Discard(dead[1].Seq))
	for _, err := range []error{q.Replay(dead[0].Seq, at(5)), q.Discard(dead[1].Seq), q.Discard(99)} {
		wantError[*NotFoundError](t, err)
	}
	again, err := q.Claim(at(5), 9, nil)
	must(t, err)
	if len(again) != 1 || again[0].TaskID != "a" || again[0].Failures != 0 || again[0].Created != at(5).UnixMilli() || string(again[0].Payload) != "p-a" {
		t.Errorf("%+v", again)
	}
}

func TestTaskFilter(t *testing.T) {
	q := openQueue(t, t.TempDir())
	for i, id := range []string{"a1", "a2", "b1", "a%"} {
		e := event("f", id, i)
		if id == "b1" {
			e.Qualifier = "prod"
		}
		must(t, q.Add(e))
	}
	must(t, q.Add(event("other", "a9", 0)))
	_, err := q.Claim(at(1), 1, []FunctionKey{{"r", "other"}})
	must(t, err)
	for _, tt := range []struct {
		f    EventFilter
		want []string
	}{
		{EventFilter{}, []string{"a%", "b1", "a2", "a1"}},
		{EventFilter{Ascending: true, Limit: 2}, []string{"a1", "a2"}},
		{EventFilter{Ascending: true, After: 2}, []string{"b1", "a%"}},
		{EventFilter{After: 3}, []string{"a2", "a1"}},
		{EventFilter{Prefix: "a"}, []string{"a%", "a2", "a1"}},
		{EventFilter{Prefix: "a%"}, []string{"a%"}},
		{EventFilter{Status: EventRunning}, []string{"a1"}},
		{EventFilter{Qualifier: "prod"}, []string{"b1"}},
		{EventFilter{From: at(1).UnixMilli(), Until: at(1).UnixMilli()}, []string{"a1"}},
		{EventFilter{From: at(2).UnixMilli()}, nil},
		{EventFilter{Until: at(0).UnixMilli()}, nil},
	} {
		f := tt.f
		f.Region, f.Function = "r", "f"
		f.Payload = f.Limit > 0
		if f.Limit == 0 {
			f.Limit = 9
		}
		got, err := q.Tasks(f)
		if err != nil || !slices.Equal(names(got), tt.want) {
			t.Errorf("%+v: %v %v, want %v", tt.f, names(got), err, tt.want)
		}
		for _, e := range got {
			if (len(e.Payload) > 0) != f.Payload {
				t.Errorf("%+v: payload %q", tt.f, e.Payload)
			}
		}
	}
}

func TestPrune(t *testing.T) {
	q := openQueue(t, t.TempDir())
	for i, id := range []string{"old", "new", "waits"} {
		e := event("f", id, 0)
		if id != "waits" {
			e.Ended = at(i * 100).UnixMilli()
			e.Set(EventSucceeded, at(0), "")
		}
		must(t, q.Add(e))
	}
	must(t, q.Prune(at(50).Add(keepOver)))
	left, err := q.events(withBoth, "ORDER BY seq")
	must(t, err)
	if got := names(left); !slices.Equal(got, []string{"new", "waits"}) {
		t.Errorf("left %v", got)
	}
}

func TestTimersAreKept(t *testing.T) {
	dir := t.TempDir()
	q := openQueue(t, dir)
	timer := &Timer{Region: "r", Function: "f", Trigger: "t", Config: "c", Last: 1}
	must(t, q.PutTimer(timer, nil))
	timer.Last, timer.Fired = 2, 1
	for range 2 {
		must(t, q.PutTimer(timer, event("f", "run-2", 0))) // the second time nothing is queued
	}
	must(t, q.PutTimer(&Timer{Region: "r", Function: "g", Trigger: "t"}, nil), q.DropTimer("r", "g", "t"), q.Close())
	q = openQueue(t, dir)
	timers, err := q.Timers()
	must(t, err)
	if len(timers) != 1 || *timers[0] != *timer {
		t.Errorf("%+v", timers)
	}
	if c, err := q.Counts(); err != nil || c.Waiting != 1 {
		t.Errorf("%+v %v", c, err)
	}
}

// An event that can't be read is found before it stands in the way of others.
func TestUnreadableEvents(t *testing.T) {
	dir := t.TempDir()
	q := openQueue(t, dir)
	must(t, q.Add(event("f", "a", 0)))
	_, err := q.db.Exec("UPDATE events SET doc = '{'")
	must(t, err, q.Close())
	_, err = OpenQueue(t.Context(), dir, at(0))
	if e := wantError[*CorruptError](t, err); !strings.Contains(e.Error(), "event 1") {
		t.Error(e)
	}
}

func TestQueueIsPrivate(t *testing.T) {
	dir := t.TempDir()
	must(t, openQueue(t, dir).Add(event("f", "a", 0)))
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, entry := range entries {
		if info, err := entry.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", entry.Name(), info.Mode(), err)
		}
	}
}
