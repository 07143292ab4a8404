package pool

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"s/pkg/fc"
	"s/pkg/runtime/instance"
)

// running is how many instances of the pool have started and not ended.
func (w *world) running() int { return len(w.pool.Instances()) }

func (w *world) kept(current int) {
	w.t.Helper()
	w.until("they run", func() bool { return w.running() == current })
	if n, problem := w.pool.Kept(); n != current || problem != "" {
		w.t.Fatalf("%d are kept, want %d: %s", n, current, problem)
	}
}

func TestReservedConcurrency(t *testing.T) {
	w := newWorld(t, instance.Config{Function: function(1), MaxInstances: 1})
	b := newBlocker(w)
	three := 3
	w.pool.Scale(instance.Scale{Reserved: &three})
	out := w.background(t.Context(), 3)
	b.enter(t, 1)
	w.until("two wait", func() bool { return w.waiting() == 2 })
	_, err := w.pool.Invoke(t.Context(), &instance.Invocation{RequestID: "r4"})
	var api *fc.APIError
	if !errors.As(err, &api) || api.Status != 429 || api.Code != fc.CodeResourceExhausted || api.RequestID != "r4" {
		t.Errorf("%v", err)
	}
	close(b.leave)
	for range 3 {
		if o := get(t, out); o.err != nil {
			t.Error(o.err)
		}
	}
	w.until("all have left", func() bool { w.pool.mu.Lock(); defer w.pool.mu.Unlock(); return w.pool.inFlight == 0 })
	w.invoke()
	none := 0
	w.pool.Scale(instance.Scale{Reserved: &none})
	if _, err := w.pool.Invoke(t.Context(), &instance.Invocation{}); !fc.IsCode(err, fc.CodeResourceExhausted) {
		t.Errorf("%v", err)
	}
	w.pool.Scale(instance.Scale{})
	w.invoke()
}

// TestReservedConcurrencyIsShared: what a pool runs counts for the other pools of the
// function, and one that is closed refuses for that reason alone.
func TestReservedConcurrencyIsShared(t *testing.T) {
	count := new(atomic.Int64)
	two := 2
	var worlds []*world
	for range 3 {
		w := newWorld(t, instance.Config{Function: function(10), UnderWay: count})
		w.pool.Scale(instance.Scale{Reserved: &two})
		worlds = append(worlds, w)
	}
	var leave []chan struct{}
	var answers []<-chan outcome
	for _, w := range worlds[:2] {
		b := newBlocker(w)
		answers = append(answers, w.background(t.Context(), 1))
		b.enter(t, 1)
		leave = append(leave, b.leave)
	}
	for _, w := range worlds {
		if _, err := w.pool.Invoke(t.Context(), &instance.Invocation{}); !fc.IsCode(err, fc.CodeResourceExhausted) {
			t.Errorf("%v", err)
		}
	}
	if err := worlds[2].pool.Warm(t.Context()); !fc.IsCode(err, fc.CodeResourceExhausted) || worlds[2].starts() != 0 {
		t.Errorf("%v, %d starts", err, worlds[2].starts())
	}
	close(leave[0])
	if o := get(t, answers[0]); o.err != nil {
		t.Error(o.err)
	}
	worlds[2].invoke()
	worlds[2].pool.Close()
	if _, err := worlds[2].pool.Invoke(t.Context(), &instance.Invocation{}); !errors.Is(err, ErrClosed) {
		t.Errorf("%v", err)
	}
	close(leave[1])
	if o := get(t, answers[1]); o.err != nil {
		t.Error(o.err)
	}
	if n := count.Load(); n != 0 {
		t.Errorf("%d are still counted", n)
	}
}

// TestReservedCountsWhatGoesOn: a caller that is gone leaves its invocation behind,
// which counts until it ends.
func TestReservedCountsWhatGoesOn(t *testing.T) {
	count := new(atomic.Int64)
	w := newWorld(t, instance.Config{Function: function(1), UnderWay: count})
	done := make(chan struct{})
	w.run = func(context.Context, *fakeInstance, *instance.Invocation) (*instance.Result, error) {
		return nil, &instance.DetachedError{Done: done, Cause: context.Canceled}
	}
	one := 1
	w.pool.Scale(instance.Scale{Reserved: &one})
	if _, err := w.pool.Invoke(t.Context(), &instance.Invocation{}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if _, err := w.pool.Invoke(t.Context(), &instance.Invocation{}); !fc.IsCode(err, fc.CodeResourceExhausted) {
		t.Errorf("%v", err)
	}
	close(done)
	w.until("it has ended", func() bool { return count.Load() == 0 })
}

func TestMostInstances(t *testing.T) {
	w := newWorld(t, instance.Config{Function: function(1)})
	w.pool.Scale(instance.Scale{Max: 2})
	b := newBlocker(w)
	out := w.background(t.Context(), 5)
	b.enter(t, 2)
	w.until("the others wait", func() bool { return w.waiting() == 3 })
	if w.starts() != 2 {
		t.Errorf("%d starts", w.starts())
	}
	close(b.leave)
	for range 5 {
		get(t, out)
	}
}

// Instances that are to be there always are started ahead and aren't idled out;
// others are.
func TestKeptInstances(t *testing.T) {
	for _, always := range []bool{false, true} {
		w := newWorld(t, instance.Config{Function: function(1), IdleTimeout: time.Minute})
		w.pool.Scale(instance.Scale{Min: 2, AlwaysCPU: always})
		w.kept(2)
		b := newBlocker(w)
		for _, i := range w.instances() {
			i.run = w.run
		}
		out := w.background(t.Context(), 4)
		b.enter(t, 4)
		close(b.leave)
		for range 4 {
			get(t, out)
		}
		w.until("all are back", func() bool { w.pool.mu.Lock(); defer w.pool.mu.Unlock(); return len(w.pool.free) == 4 })
		w.clock.pass(10 * time.Minute)
		w.kept(2)
		for n, i := range w.instances() {
			if i.wasStopped() != (n >= 2) {
				t.Errorf("%s stopped: %v", i.id, i.wasStopped())
			}
			if n < 2 {
				w.until("it is frozen, or never", func() bool { return always || i.frozen() == 1 })
				if always && i.frozen() != 0 {
					t.Errorf("%s was frozen", i.id)
				}
			}
		}
		w.pool.Scale(instance.Scale{Min: 1})
		w.clock.pass(10 * time.Minute)
		w.kept(1)
		w.pool.Scale(instance.Scale{})
		w.clock.pass(10 * time.Minute)
		w.until("none is left", func() bool { return w.running() == 0 })
	}
}

func TestKeptInstanceDies(t *testing.T) {
	w := newWorld(t, instance.Config{Function: function(1)})
	w.pool.Scale(instance.Scale{Min: 1})
	w.kept(1)
	w.instances()[0].Kill()
	w.until("it is gone", func() bool { return w.running() == 0 })
	if w.starts() != 1 {
		t.Error("it was replaced at once: one that ends at once would be started without end")
	}
	w.clock.pass(restartAfter)
	w.kept(1)
	w.instances()[1].Kill()
	w.until("it is gone", func() bool { return w.running() == 0 })
	if id := w.invoke(); id != "i2" {
		t.Errorf("an invocation doesn't wait for the replacement: %s", id)
	}
}

func TestKeptInstanceCannotStart(t *testing.T) {
	w := newWorld(t, instance.Config{Function: function(1)})
	w.fail = errors.New("no memory")
	w.pool.Scale(instance.Scale{Min: 1})
	for n, wait := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		w.until("it is tried", func() bool { _, problem := w.pool.Kept(); return w.starts() == n+1 && problem == "no memory" })
		w.until("it is to be tried again", func() bool { return w.clock.pending() == 1 })
		w.clock.pass(wait*time.Second - 1)
		if w.starts() != n+1 {
			t.Fatalf("start %d was too early", n+2)
		}
		w.clock.pass(1)
	}
	w.mu.Lock()
	w.fail = nil
	w.mu.Unlock()
	w.until("all tries have failed", func() bool { return w.clock.pending() == 1 })
	w.clock.pass(time.Minute)
	w.kept(1)
	w.pool.Close()
	if n := w.clock.pending(); n > 1 { // the sweep
		t.Errorf("%d alarms are left", n)
	}
}

func TestKeptBeyondTheBound(t *testing.T) {
	w := newWorld(t, instance.Config{Function: function(1), MaxInstances: 2})
	w.pool.Scale(instance.Scale{Min: 5})
	w.until("two run", func() bool { return w.running() == 2 })
	if n, problem := w.pool.Kept(); n != 2 || problem == "" {
		t.Errorf("%d %q", n, problem)
	}
	w.pool.Drain(t.Context())
	if w.starts() != 2 {
		t.Errorf("a pool that ends started more: %d", w.starts())
	}
}
