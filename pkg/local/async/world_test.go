package async

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"s/pkg/fc"
	"s/pkg/local/store"
	"s/pkg/runtime/instance"
)

const region = "cn-hangzhou"

// world is a dispatcher over a real queue whose functions are the test's own. It
// is used in a bubble of synctest: no wait takes time.
type world struct {
	t      *testing.T
	d      *Dispatcher
	queue  *store.Queue
	dir    string
	config fc.AsyncConfig
	run    func(ctx context.Context, e *store.Event, inv *instance.Invocation) (*instance.Result, error)

	mu   sync.Mutex
	runs []string // "function payload at"
	from time.Time
}

// bubble runs a test with a dispatcher in a bubble.
func bubble(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, dir: dir, from: time.Now()}
		w.run = func(_ context.Context, e *store.Event, _ *instance.Invocation) (*instance.Result, error) {
			return &instance.Result{Body: e.Payload, InstanceID: "c-1", Duration: 5 * time.Millisecond}, nil
		}
		w.open()
		test(t, w)
		w.close()
	})
}

func (w *world) open() {
	w.t.Helper()
	var err error
	if w.queue, err = store.OpenQueue(context.Background(), w.dir, time.Now()); err != nil {
		w.t.Fatal(err)
	}
	w.d = New(Config{
		Queue: w.queue,
		Invoke: func(ctx context.Context, e *store.Event, inv *instance.Invocation) (*instance.Result, error) {
			w.mu.Lock()
			w.runs = append(w.runs, fmt.Sprintf("%s %s %s", e.Function, inv.Event, time.Since(w.from)))
			w.mu.Unlock()
			return w.run(ctx, e, inv)
		},
		ConfigOf: func(_, function, _ string) (fc.AsyncConfig, bool) {
			if function == "f" {
				return w.config, true
			}
			return fc.AsyncConfig{}, false
		},
		Exists: func(_, function string) bool { return function != "gone" },
		ARN: func(region, function, qualifier string) string {
			return "acs:fc:" + region + ":1:functions/" + function + "/" + qualifier
		},
	})
}

func (w *world) close() {
	w.d.Close()
	w.queue.Close()
}

// send queues an event of f.
func (w *world) send(payload string, set ...func(*store.Event)) *store.Event {
	w.t.Helper()
	w.mu.Lock()
	id := fmt.Sprintf("r-%s-%d", payload, len(w.runs))
	w.mu.Unlock()
	e := &store.Event{Region: region, Function: "f", Qualifier: "LATEST", RequestID: id, Source: "api", Payload: []byte(payload)}
	for _, s := range set {
		s(e)
	}
	if err := w.d.Accept(e); err != nil {
		w.t.Fatal(err)
	}
	return e
}

// after lets time pass until nothing more happens, and gives the runs since the
// last time.
func (w *world) after(d time.Duration) []string {
	w.t.Helper()
	time.Sleep(d)
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	runs := w.runs
	w.runs = nil
	return runs
}

func (w *world) ran(runs []string, want ...string) {
	w.t.Helper()
	if !slices.Equal(runs, want) {
		w.t.Errorf("ran\n  %s\nwant\n  %s", strings.Join(runs, "\n  "), strings.Join(want, "\n  "))
	}
}

// dead gives the one event that has failed for good.
func (w *world) dead() *store.Event {
	w.t.Helper()
	dead, err := w.queue.Dead(10)
	if err != nil || len(dead) != 1 {
		w.t.Fatalf("%d dead, %v", len(dead), err)
	}
	return dead[0]
}

// empty wants nothing in the queue.
func (w *world) empty() {
	w.t.Helper()
	c, err := w.queue.Counts()
	if err != nil || c != (store.QueueCounts{}) {
		w.t.Errorf("in the queue: %+v, %v", c, err)
	}
}

func failing(context.Context, *store.Event, *instance.Invocation) (*instance.Result, error) {
	return &instance.Result{ErrorType: fc.ErrorTypeUnhandled, Body: []byte(`{"errorMessage":"no"}`)}, nil
}

func refusing(status int, code string) func(context.Context, *store.Event, *instance.Invocation) (*instance.Result, error) {
	return func(context.Context, *store.Event, *instance.Invocation) (*instance.Result, error) {
		return nil, &fc.APIError{Status: status, Code: code, Message: "refused"}
	}
}

func decoded(t *testing.T, text string) map[string]any {
	t.Helper()
	doc := map[string]any{}
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return doc
}
