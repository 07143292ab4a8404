package async

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"s/pkg/fc"
	"s/pkg/local/store"
	"s/pkg/runtime/instance"
)

func TestSuccess(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		e := w.send("hello")
		w.ran(w.after(time.Minute), "f hello 0s")
		w.empty()
		if e.TaskID != e.RequestID || e.Stateful {
			t.Errorf("%+v", e)
		}
		if _, err := w.d.Task(region, "f", e.TaskID); err == nil {
			t.Error("it is kept, though it is no task")
		}
	})
}

// An error of the function is tried again as often as is configured; an error
// of the platform doesn't count.
func TestRetries(t *testing.T) {
	for _, tt := range []struct {
		name    string
		retries *int
		run     func(context.Context, *store.Event, *instance.Invocation) (*instance.Result, error)
		want    []string // when
		status  string
		kind    string
	}{
		{"of errors, three times", nil, failing, []string{"0s", "500ms", "1.5s", "3.5s"}, store.EventFailed, fc.ErrorTypeUnhandled},
		{"of errors, never", new(0), failing, []string{"0s"}, store.EventFailed, fc.ErrorTypeUnhandled},
		{"of errors, once", new(1), failing, []string{"0s", "500ms"}, store.EventFailed, fc.ErrorTypeUnhandled},
		{"of instances that can't start", new(1), refusing(412, fc.CodeCAExited), []string{"0s", "500ms"}, store.EventFailed, fc.CodeCAExited},
		{"no function", nil, refusing(404, fc.CodeFunctionNotFound), []string{"0s"}, store.EventInvalid, fc.CodeFunctionNotFound},
		{"no alias", nil, refusing(404, fc.CodeAliasNotFound), []string{"0s"}, store.EventInvalid, fc.CodeAliasNotFound},
		{"what can't be", nil, refusing(400, fc.CodeInvalidArgument), []string{"0s"}, store.EventFailed, fc.CodeInvalidArgument},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.config.MaxAsyncRetryAttempts, w.run = tt.retries, tt.run
				w.send("x")
				for i, at := range tt.want {
					tt.want[i] = "f x " + at
				}
				w.ran(w.after(time.Hour), tt.want...)
				if e := w.dead(); e.Status != tt.status || e.ErrorType != tt.kind || e.Ended == 0 || string(e.Payload) != "x" {
					t.Errorf("%s: %+v", e.Status, e)
				}
			})
		})
	}
}

// What is throttled is tried for five hours, or until it is too old.
func TestRefusalsGoOn(t *testing.T) {
	for _, tt := range []struct {
		age    int
		runs   int
		status string
	}{{0, 16, store.EventFailed}, {60, 7, store.EventExpired}} {
		bubble(t, func(t *testing.T, w *world) {
			w.config.MaxAsyncEventAgeInSeconds, w.config.MaxAsyncRetryAttempts = tt.age, new(0)
			w.run = refusing(429, fc.CodeResourceExhausted)
			w.send("x")
			runs := w.after(12 * time.Hour)
			if len(runs) != tt.runs || !strings.HasSuffix(runs[3], "x 3.5s") {
				t.Errorf("%d runs: %q", len(runs), runs)
			}
			if e := w.dead(); e.Status != tt.status || e.Runs != 0 || e.ErrorType != fc.CodeResourceExhausted {
				t.Errorf("%s %+v", e.Status, e)
			}
		})
	}
}

// Events of a function that is disabled wait until it is enabled.
func TestDisabledFunction(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		var enabled atomic.Bool
		success := w.run
		w.run = func(ctx context.Context, e *store.Event, inv *instance.Invocation) (*instance.Result, error) {
			if !enabled.Load() {
				return refusing(403, fc.CodeInvocationDisabled)(ctx, e, inv)
			}
			return success(ctx, e, inv)
		}
		w.send("x")
		w.ran(w.after(2*time.Second), "f x 0s", "f x 500ms", "f x 1.5s")
		enabled.Store(true)
		w.ran(w.after(time.Hour), "f x 3.5s")
		w.empty()
	})
}

// After refusals, errors of the function still have all of their retries.
func TestRefusalsDontCount(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		n := 0
		w.run = func(ctx context.Context, e *store.Event, inv *instance.Invocation) (*instance.Result, error) {
			if n++; n <= 2 {
				return refusing(503, fc.CodeResourceThrottled)(ctx, e, inv)
			}
			if inv.RetryCount != n-3 {
				t.Errorf("the function is told of %d retries in run %d", inv.RetryCount, n)
			}
			return failing(ctx, e, inv)
		}
		w.send("x")
		w.ran(w.after(time.Hour), "f x 0s", "f x 500ms", "f x 1.5s", "f x 2s", "f x 3s", "f x 5s")
		if e := w.dead(); e.Runs != 4 || e.Failures != 4 {
			t.Errorf("%+v", e)
		}
	})
}

func TestTooOld(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.config.MaxAsyncEventAgeInSeconds = 10
		w.send("late", func(e *store.Event) { e.Due = time.Now().Add(time.Minute).UnixMilli() })
		w.ran(w.after(time.Hour))
		if e := w.dead(); e.Status != store.EventExpired || e.Runs != 0 {
			t.Errorf("%s %+v", e.Status, e)
		}
	})
}

// A task keeps 1 MB of what its function returned.
func TestKeptResult(t *testing.T) {
	for size, kept := range map[int]int{maxResult: maxResult, maxResult + 1: maxResult} {
		bubble(t, func(t *testing.T, w *world) {
			w.config.AsyncTask = true
			w.run = func(context.Context, *store.Event, *instance.Invocation) (*instance.Result, error) {
				return &instance.Result{Body: make([]byte, size)}, nil
			}
			e := w.send("x")
			w.after(time.Minute)
			task, err := w.d.Task(region, "f", e.TaskID)
			if err != nil || task.Status != store.EventSucceeded || len(task.Result) != kept {
				t.Errorf("%d bytes of %d, %v", len(task.Result), size, err)
			}
		})
	}
}

func TestDelay(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.send("later", func(e *store.Event) { e.Due = time.Now().Add(90 * time.Second).UnixMilli() })
		w.send("now")
		w.ran(w.after(time.Hour), "f now 0s", "f later 1m30s")
	})
}

// A function whose events hang leaves room for others, and its own go on in turn.
func TestFairness(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		release := make(chan bool)
		var mu sync.Mutex
		at, most := 0, 0
		w.run = func(_ context.Context, e *store.Event, _ *instance.Invocation) (*instance.Result, error) {
			if e.Function == "f" {
				mu.Lock()
				at++
				most = max(most, at)
				mu.Unlock()
				<-release
				mu.Lock()
				at--
				mu.Unlock()
			}
			return &instance.Result{}, nil
		}
		for i := range 3 * maxPerFunction {
			w.send(fmt.Sprint(i))
		}
		w.after(time.Second)
		w.send("other", func(e *store.Event) { e.Function = "g" })
		w.ran(w.after(time.Second), "g other 1s")
		close(release)
		if n := len(w.after(time.Minute)); n != 2*maxPerFunction || most != maxPerFunction {
			t.Errorf("%d more, %d at once", n, most)
		}
		w.empty()
	})
}

// An event that runs when the cloud ends is run again.
func TestEndWhileItRuns(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.run = func(ctx context.Context, _ *store.Event, _ *instance.Invocation) (*instance.Result, error) {
			<-ctx.Done()
			return &instance.Result{ErrorType: fc.ErrorTypeUnhandled}, nil // killed
		}
		w.send("x")
		w.after(time.Second)
		w.close()
		w.run = func(context.Context, *store.Event, *instance.Invocation) (*instance.Result, error) {
			return &instance.Result{}, nil
		}
		w.open()
		w.ran(w.after(time.Second), "f x 1s")
		w.empty()
	})
}

func TestTaskLife(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.config.AsyncTask = true
		n := 0
		w.run = func(ctx context.Context, e *store.Event, inv *instance.Invocation) (*instance.Result, error) {
			if n++; n == 1 {
				return failing(ctx, e, inv)
			}
			return &instance.Result{Body: []byte("done"), InstanceID: "c-2", Duration: time.Second}, nil
		}
		w.send("x", func(e *store.Event) { e.TaskID = "mine" })
		w.after(time.Minute)
		task, err := w.d.Task(region, "f", "mine")
		if err != nil || task.Status != store.EventSucceeded || string(task.Result) != "done" || task.InstanceID != "c-2" || task.Duration != 1000 || task.Runs != 2 || task.Started == 0 || task.Ended != task.Started+500 {
			t.Fatalf("%+v, %v", task, err)
		}
		var states []string
		for i, c := range task.History {
			if states = append(states, c.Status); c.ID != int64(i+1) || c.Time == 0 {
				t.Errorf("%+v", c)
			}
		}
		if got := strings.Join(states, " "); got != "Enqueued Running Retrying Running Succeeded" {
			t.Errorf("states %s", got)
		}
		again := &store.Event{Region: region, Function: "f", TaskID: "mine", RequestID: "2"}
		var exists *store.ExistsError
		if err := w.d.Accept(again); !errors.As(err, &exists) {
			t.Errorf("the same task id again: %v", err)
		}
		if err := w.d.Accept(&store.Event{Region: region, Function: "g", TaskID: "mine", RequestID: "2"}); !fc.IsCode(err, fc.CodeInvalidArgument) {
			t.Errorf("a task of a function that keeps none: %v", err)
		}
		// What is over is forgotten after a week.
		w.after(8 * 24 * time.Hour)
		if _, err := w.d.Task(region, "f", "mine"); err == nil {
			t.Error("a task of eight days ago is kept")
		}
	})
}

func TestStopTask(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.config.AsyncTask = true
		w.run = func(ctx context.Context, e *store.Event, _ *instance.Invocation) (*instance.Result, error) {
			if string(e.Payload) == "quick" {
				return &instance.Result{}, nil
			}
			<-ctx.Done()
			if !errors.Is(context.Cause(ctx), instance.ErrStopped) {
				t.Errorf("it ends by %v", context.Cause(ctx))
			}
			return nil, ctx.Err()
		}
		waits := w.send("waits", func(e *store.Event) { e.Due = time.Now().Add(time.Hour).UnixMilli() })
		runs, quick := w.send("runs"), w.send("quick")
		w.after(time.Second)
		for _, e := range []*store.Event{waits, runs} {
			if err := w.d.StopTask(region, "f", e.TaskID); err != nil {
				t.Error(err)
			}
			synctest.Wait()
			if task, err := w.d.Task(region, "f", e.TaskID); err != nil || task.Status != store.EventStopped || task.Ended == 0 {
				t.Errorf("%+v, %v", task, err)
			}
			if err := w.d.StopTask(region, "f", e.TaskID); err != nil {
				t.Errorf("stopping again: %v", err)
			}
		}
		if err := w.d.StopTask(region, "f", quick.TaskID); !fc.IsCode(err, fc.CodeInvalidArgument) {
			t.Errorf("stopping what is over: %v", err)
		}
		if err := w.d.StopTask(region, "f", "none"); err == nil {
			t.Error("a task that isn't there was stopped")
		}
		w.after(2 * time.Hour)
		w.empty() // neither is tried again, neither is dead
	})
}

// A request of an HTTP trigger comes to the function as it was.
func TestHTTPRequest(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.run = func(_ context.Context, _ *store.Event, inv *instance.Invocation) (*instance.Result, error) {
			body, _ := io.ReadAll(inv.R.Body)
			inv.W.Header().Set("X", "1")
			inv.W.WriteHeader(201)
			io.WriteString(inv.W, inv.R.Method+" "+inv.R.URL.Path+" "+inv.R.URL.RawQuery+" "+inv.R.Host+" "+inv.R.Header.Get("A")+" "+string(body))
			return &instance.Result{Written: true}, nil
		}
		u, _ := url.Parse("/a%2Fb/c?d=e")
		r := &http.Request{Method: "PUT", URL: u, Host: "h:1", Header: http.Header{"A": {"b"}}, RequestURI: "/x"}
		e := w.send("body", func(e *store.Event) { e.HTTP, e.Stateful = Record(r), true })
		w.after(time.Second)
		task, err := w.d.Task(region, "f", e.TaskID)
		if err != nil || string(task.Result) != "PUT /a/b/c d=e h:1 b body" {
			t.Errorf("%+v %v", task, err)
		}
	})
}

func TestBackoff(t *testing.T) {
	for n, want := range map[int]time.Duration{0: 500 * time.Millisecond, 1: 500 * time.Millisecond, 2: time.Second, 5: 8 * time.Second} {
		if got := backoff(n); got != want {
			t.Errorf("retry %d after %s, want %s", n, got, want)
		}
	}
	if backoff(1000) <= 0 {
		t.Error("it runs over")
	}
}
