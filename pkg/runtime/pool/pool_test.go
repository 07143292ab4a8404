package pool

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"s/pkg/fc"
	"s/pkg/runtime/instance"
)

func TestReuse(t *testing.T) {
	w := newWorld(t, instance.Config{Function: function(1)})
	for range 10 {
		if id := w.invoke(); id != "i0" {
			t.Fatalf("instance %s", id)
		}
	}
	if w.starts() != 1 {
		t.Errorf("%d starts", w.starts())
	}
	infos := w.pool.Instances()
	if len(infos) != 1 || infos[0].ID != "i0" {
		t.Errorf("%+v", infos)
	}
	if _, ok := w.pool.Instance("i0"); !ok {
		t.Error("not found by its id")
	}
	if _, ok := w.pool.Instance("other"); ok {
		t.Error("found by another id")
	}
}

func TestScaleUp(t *testing.T) {
	for _, tt := range []struct{ concurrency, calls, instances int }{{1, 8, 8}, {3, 7, 3}, {0, 2, 2}, {999, 200, 1}, {999, 201, 2}} {
		t.Run(fmt.Sprint(tt), func(t *testing.T) {
			w := newWorld(t, instance.Config{Function: function(tt.concurrency)})
			b := newBlocker(w)
			out := w.background(t.Context(), tt.calls)
			b.enter(t, tt.calls)
			if n := len(w.instances()); n < tt.instances || tt.concurrency <= 1 && n != tt.instances {
				t.Errorf("%d instances, want %d", n, tt.instances)
			}
			close(b.leave)
			for range tt.calls {
				if o := get(t, out); o.err != nil {
					t.Error(o.err)
				}
			}
			limit := min(max(tt.concurrency, 1), fc.MaxInstanceConcurrency)
			for _, i := range w.instances() {
				if i.most > limit {
					t.Errorf("%s had %d at once, limit %d", i.id, i.most, limit)
				}
			}
		})
	}
}

func TestMostRecentlyUsedFirst(t *testing.T) {
	w := newWorld(t, instance.Config{Function: function(1)})
	b := newBlocker(w)
	out := w.background(t.Context(), 3)
	b.enter(t, 3)
	b.leave <- struct{}{}
	first := get(t, out).res.InstanceID
	b.leave <- struct{}{}
	second := get(t, out).res.InstanceID
	next := w.background(t.Context(), 1)
	if id := b.enter(t, 1)[0]; id != second || id == first {
		t.Errorf("got %s, the most recently used is %s", id, second)
	}
	close(b.leave)
	get(t, next)
	get(t, out)
}

func TestBound(t *testing.T) {
	w := newWorld(t, instance.Config{Function: function(2), MaxInstances: 2})
	b := newBlocker(w)
	out := w.background(t.Context(), 10)
	b.enter(t, 4)
	w.until("6 wait", func() bool { return w.waiting() == 6 })
	if w.starts() != 2 {
		t.Errorf("%d starts", w.starts())
	}
	close(b.leave)
	for range 10 {
		if o := get(t, out); o.err != nil {
			t.Error(o.err)
		}
	}
	if w.starts() != 2 {
		t.Errorf("%d starts", w.starts())
	}
}

func TestWaitersInTurn(t *testing.T) {
	w := newWorld(t, instance.Config{Function: function(1), MaxInstances: 1})
	b := newBlocker(w)
	first := w.background(t.Context(), 1)
	b.enter(t, 1)
	order := make(chan int, 5)
	for n := range 5 {
		go func() {
			if _, err := w.pool.Invoke(t.Context(), &instance.Invocation{}); err != nil {
				t.Error(err)
			}
			order <- n
		}()
		w.until("it waits", func() bool { return w.waiting() == n+1 })
	}
	for n := range 5 {
		b.leave <- struct{}{}
		if n > 0 {
			if got := <-order; got != n-1 {
				t.Errorf("%d came, it is %d's turn", got, n-1)
			}
		}
		b.enter(t, 1)
	}
	b.leave <- struct{}{}
	<-order
	get(t, first)
}

func TestQueueIsBounded(t *testing.T) {
	w := newWorld(t, instance.Config{Function: function(1), MaxInstances: 1})
	b := newBlocker(w)
	out := w.background(t.Context(), 1+MaxWaiting)
	b.enter(t, 1)
	w.until("all wait", func() bool { return w.waiting() == MaxWaiting })
	_, err := w.pool.Invoke(t.Context(), &instance.Invocation{RequestID: "one too many"})
	var api *fc.APIError
	if !errors.As(err, &api) || api.Status != 429 || api.Code != fc.CodeResourceExhausted ||
		api.RequestID != "one too many" || !strings.Contains(api.Message, "all 1 instances of function f are busy") {
		t.Errorf("%v", err)
	}
	close(b.leave)
	for range 1 + MaxWaiting {
		get(t, out)
	}
}

func TestWaitIsBounded(t *testing.T) {
	w := newWorld(t, instance.Config{Function: function(1), MaxInstances: 1})
	b := newBlocker(w)
	busy := w.background(t.Context(), 1)
	b.enter(t, 1)
	out := w.background(t.Context(), 1)
	w.until("it waits", func() bool { return w.waiting() == 1 })
	w.clock.pass(WaitTimeout - time.Second)
	if w.waiting() != 1 {
		t.Error("given up too early")
	}
	w.clock.pass(time.Second)
	if o := get(t, out); !fc.IsCode(o.err, fc.CodeResourceExhausted) {
		t.Errorf("%v", o.err)
	}
	close(b.leave)
	get(t, busy)
}

// TestWaitForAStart has an instance take long to start: that isn't a lack of
// room.
func TestWaitForAStart(t *testing.T) {
	w := newWorld(t, instance.Config{Function: function(1)})
	w.hold = make(chan struct{})
	out := w.background(t.Context(), 1)
	w.until("it starts", func() bool { return w.starts() == 1 })
	w.until("it waits", func() bool { return w.waiting() == 1 })
	w.clock.pass(2 * WaitTimeout)
	close(w.hold)
	if o := get(t, out); o.err != nil {
		t.Error(o.err)
	}
	w.clock.pass(0)
	if n := w.clock.pending(); n != 1 { // the sweep
		t.Errorf("%d alarms left", n)
	}
}

func TestIdleOut(t *testing.T) {
	w := newWorld(t, instance.Config{Function: function(1), IdleTimeout: time.Minute})
	b := newBlocker(w)
	out := w.background(t.Context(), 2)
	b.enter(t, 2)
	close(b.leave)
	get(t, out)
	get(t, out)
	w.until("both are back", func() bool { w.pool.mu.Lock(); defer w.pool.mu.Unlock(); return len(w.pool.free) == 2 })
	w.clock.pass(40 * time.Second)
	kept := w.invoke()
	w.clock.pass(30 * time.Second)
	w.until("one has ended", func() bool { return len(w.pool.Instances()) == 1 })
	if id := w.pool.Instances()[0].ID; id != kept {
		t.Errorf("%s was kept, %s was in use", id, kept)
	}
	for _, i := range w.instances() {
		if i.wasStopped() != (i.id != kept) {
			t.Errorf("%s stopped: %v", i.id, i.wasStopped())
		}
	}
	w.clock.pass(30 * time.Second)
	w.until("none is left", func() bool { return len(w.pool.Instances()) == 0 })
	if w.invoke() == kept {
		t.Error("an instance that has ended was used")
	}
}

func TestBusyIsNotIdle(t *testing.T) {
	w := newWorld(t, instance.Config{Function: function(1), IdleTimeout: time.Minute})
	w.invoke()
	b := newBlocker(w)
	w.instances()[0].run = w.run
	out := w.background(t.Context(), 1)
	b.enter(t, 1)
	w.clock.pass(10 * time.Minute)
	close(b.leave)
	if o := get(t, out); o.err != nil {
		t.Error(o.err)
	}
	if w.instances()[0].wasStopped() {
		t.Error("a busy instance was stopped")
	}
}

func TestDeadInstanceGetsNoWork(t *testing.T) {
	w := newWorld(t, instance.Config{Function: function(1)})
	w.invoke()
	w.instances()[0].Kill()
	for range 3 { // whether the pool has noticed or not
		if id := w.invoke(); id != "i1" {
			t.Errorf("instance %s", id)
		}
	}
	w.until("it is forgotten", func() bool { return len(w.pool.Instances()) == 1 })
}

func TestEveryInstanceDies(t *testing.T) {
	w := newWorld(t, instance.Config{Function: function(1)})
	w.run = func(context.Context, *fakeInstance, *instance.Invocation) (*instance.Result, error) {
		return nil, instance.ErrGone
	}
	if _, err := w.pool.Invoke(t.Context(), &instance.Invocation{}); !errors.Is(err, instance.ErrGone) {
		t.Errorf("%v", err)
	}
	if w.starts() != maxTries {
		t.Errorf("%d starts", w.starts())
	}
}

func TestStartFails(t *testing.T) {
	w := newWorld(t, instance.Config{Function: function(1)})
	w.fail = &fc.APIError{Status: 412, Code: fc.CodeCAExited, Message: "no"}
	out := w.background(t.Context(), 3)
	for range 3 {
		var api *fc.APIError
		if o := get(t, out); !errors.As(o.err, &api) || api.Code != fc.CodeCAExited || api.RequestID != "r" {
			t.Errorf("%v", o.err)
		}
	}
	if w.fail.(*fc.APIError).RequestID != "" {
		t.Error("the shared error was changed")
	}
	w.mu.Lock()
	w.fail = &instance.InitError{Body: []byte("{}"), LogTail: []byte("log")}
	w.mu.Unlock()
	res, err := w.pool.Invoke(t.Context(), &instance.Invocation{})
	if err != nil || res.ErrorType != fc.ErrorTypeInitialization || string(res.Body) != "{}" || string(res.LogTail) != "log" {
		t.Errorf("%+v %v", res, err)
	}
	w.mu.Lock()
	w.fail = nil
	w.mu.Unlock()
	w.invoke()
}

func TestCallerGivesUpWaiting(t *testing.T) {
	w := newWorld(t, instance.Config{Function: function(1), MaxInstances: 1})
	b := newBlocker(w)
	busy := w.background(t.Context(), 1)
	b.enter(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	out := w.background(ctx, 1)
	w.until("it waits", func() bool { return w.waiting() == 1 })
	cancel()
	if o := get(t, out); !errors.Is(o.err, context.Canceled) {
		t.Errorf("%v", o.err)
	}
	if w.waiting() != 0 || w.clock.pending() != 0 {
		t.Errorf("left behind: %d waiters, %d alarms", w.waiting(), w.clock.pending())
	}
	if _, err := w.pool.Invoke(ctx, &instance.Invocation{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	close(b.leave)
	get(t, busy)
}

// TestGrantAndCancelAtOnce races giving room against giving up: the room must
// not get lost.
func TestGrantAndCancelAtOnce(t *testing.T) {
	w := newWorld(t, instance.Config{Function: function(1), MaxInstances: 1})
	w.invoke()
	for range 200 {
		b := newBlocker(w)
		w.instances()[0].run = w.run
		busy := w.background(t.Context(), 1)
		b.enter(t, 1)
		ctx, cancel := context.WithCancel(t.Context())
		out := w.background(ctx, 1)
		w.until("it waits", func() bool { return w.waiting() == 1 })
		var both sync.WaitGroup
		both.Go(cancel)
		both.Go(func() { close(b.leave) })
		both.Wait()
		get(t, busy)
		get(t, out)
		w.until("nothing is in flight", func() bool { w.pool.mu.Lock(); defer w.pool.mu.Unlock(); return w.pool.inFlight == 0 })
	}
	w.instances()[0].run = nil
	if id := w.invoke(); id != "i0" {
		t.Errorf("instance %s", id)
	}
}

// TestDetached has a function go on after its caller left: its room is taken
// until it ends.
func TestDetached(t *testing.T) {
	w := newWorld(t, instance.Config{Function: function(1), MaxInstances: 1})
	goesOn := make(chan struct{})
	w.run = func(ctx context.Context, i *fakeInstance, _ *instance.Invocation) (*instance.Result, error) {
		return nil, &instance.DetachedError{Done: goesOn, Cause: context.Canceled}
	}
	if _, err := w.pool.Invoke(t.Context(), &instance.Invocation{}); !errors.Is(err, context.Canceled) {
		t.Fatalf("%v", err)
	}
	w.instances()[0].run = nil
	out := w.background(t.Context(), 1)
	w.until("it waits", func() bool { return w.waiting() == 1 })
	close(goesOn)
	if o := get(t, out); o.err != nil {
		t.Error(o.err)
	}
}

func TestDrain(t *testing.T) {
	w := newWorld(t, instance.Config{Function: function(1), MaxInstances: 1})
	b := newBlocker(w)
	out := w.background(t.Context(), 3)
	b.enter(t, 1)
	w.until("two wait", func() bool { return w.waiting() == 2 })
	drained := make(chan struct{})
	go func() {
		w.pool.Drain(t.Context())
		close(drained)
	}()
	w.until("it drains", func() bool { w.pool.mu.Lock(); defer w.pool.mu.Unlock(); return w.pool.phase == draining })
	if _, err := w.pool.Invoke(t.Context(), &instance.Invocation{}); !errors.Is(err, ErrClosed) {
		t.Errorf("a draining pool takes nothing new: %v", err)
	}
	for range 3 {
		select {
		case <-drained:
			t.Fatal("drained with work left")
		default:
		}
		b.leave <- struct{}{}
		if o := get(t, out); o.err != nil {
			t.Errorf("what was accepted is finished: %v", o.err)
		}
	}
	<-drained
	if !w.instances()[0].wasStopped() {
		t.Error("the instance wasn't stopped the gentle way")
	}
	w.pool.Drain(t.Context()) // once more does nothing
}

func TestDrainIsCutShort(t *testing.T) {
	w := newWorld(t, instance.Config{Function: function(1)})
	b := newBlocker(w)
	out := w.background(t.Context(), 1)
	b.enter(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w.pool.Drain(ctx)
	if o := get(t, out); o.err == nil {
		t.Error("the invocation was to be killed")
	}
}

func TestClose(t *testing.T) {
	before := runtime.NumGoroutine()
	w := newWorld(t, instance.Config{Function: function(1), MaxInstances: 2})
	b := newBlocker(w)
	out := w.background(t.Context(), 4)
	b.enter(t, 2)
	w.until("two wait", func() bool { return w.waiting() == 2 })
	w.pool.Close()
	closedErrors := 0
	for range 4 {
		o := get(t, out)
		if errors.Is(o.err, ErrClosed) {
			closedErrors++
		} else if o.err == nil {
			t.Error("it was to be killed")
		}
	}
	if closedErrors != 2 {
		t.Errorf("%d were told that the pool is closed", closedErrors)
	}
	if len(w.pool.Instances()) != 0 {
		t.Error("instances are left")
	}
	if _, err := w.pool.Invoke(t.Context(), &instance.Invocation{}); !errors.Is(err, ErrClosed) {
		t.Errorf("%v", err)
	}
	w.pool.Close()
	w.clock.pass(time.Hour)
	w.until("no goroutine is left", func() bool { return runtime.NumGoroutine() <= before })
}

func TestCloseWhileStarting(t *testing.T) {
	w := newWorld(t, instance.Config{Function: function(1)})
	w.hold = make(chan struct{})
	out := w.background(t.Context(), 1)
	w.until("it starts", func() bool { return w.starts() == 1 })
	w.pool.Close()
	if o := get(t, out); !errors.Is(o.err, ErrClosed) {
		t.Errorf("%v", o.err)
	}
}

// TestStorm has many callers, some giving up, and instances that die.
func TestStorm(t *testing.T) {
	w := newWorld(t, instance.Config{Function: function(3), MaxInstances: 5})
	var n int
	var mu sync.Mutex
	w.run = func(ctx context.Context, i *fakeInstance, _ *instance.Invocation) (*instance.Result, error) {
		mu.Lock()
		n++
		die := n%17 == 0
		mu.Unlock()
		runtime.Gosched()
		if die {
			i.Kill()
		}
		return &instance.Result{InstanceID: i.id}, nil
	}
	var wg sync.WaitGroup
	for c := range 30 {
		wg.Go(func() {
			for k := range 50 {
				ctx, cancel := context.WithCancel(t.Context())
				if (c+k)%7 == 0 {
					go cancel()
				}
				_, err := w.pool.Invoke(ctx, &instance.Invocation{})
				cancel()
				if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, instance.ErrGone) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	w.pool.mu.Lock()
	defer w.pool.mu.Unlock()
	if w.pool.inFlight != 0 || len(w.pool.waiters) != 0 || len(w.pool.slots) > 5+1 {
		t.Errorf("%d in flight, %d wait, %d instances", w.pool.inFlight, len(w.pool.waiters), len(w.pool.slots))
	}
	for _, i := range w.instances() {
		if i.most > 3 {
			t.Errorf("%s had %d at once", i.id, i.most)
		}
	}
}

func TestWarm(t *testing.T) {
	w := newWorld(t, instance.Config{Function: function(1)})
	for range 2 {
		if err := w.pool.Warm(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if id := w.invoke(); id != "i0" || w.starts() != 1 {
		t.Errorf("instance %s, %d starts", id, w.starts())
	}
	w.pool.Close()
	if err := w.pool.Warm(t.Context()); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}
