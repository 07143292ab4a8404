package pool

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"s/pkg/fc"
	"s/pkg/runtime/instance"
)

// patience is how long a test waits for what must happen.
const patience = 2 * time.Minute

// fakeClock is a clock that stands still until it is told to go on.
type fakeClock struct {
	mu     sync.Mutex
	time   time.Time
	alarms map[int]alarm
	next   int
}

type alarm struct {
	at time.Time
	f  func()
}

func newClock() *fakeClock {
	return &fakeClock{time: time.Unix(1_700_000_000, 0), alarms: map[int]alarm{}}
}

func (c *fakeClock) clock() clock { return clock{now: c.now, after: c.after} }

func (c *fakeClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.time
}

func (c *fakeClock) after(d time.Duration, f func()) func() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := c.next
	c.next++
	c.alarms[id] = alarm{c.time.Add(d), f}
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		_, ok := c.alarms[id]
		delete(c.alarms, id)
		return ok
	}
}

// pass lets time go by and runs what was to happen in it, in order.
func (c *fakeClock) pass(d time.Duration) {
	c.mu.Lock()
	end := c.time.Add(d)
	for {
		first := -1
		for id, a := range c.alarms {
			if !a.at.After(end) && (first < 0 || a.at.Before(c.alarms[first].at)) {
				first = id
			}
		}
		if first < 0 {
			break
		}
		a := c.alarms[first]
		delete(c.alarms, first)
		c.time = a.at
		c.mu.Unlock()
		a.f()
		c.mu.Lock()
	}
	c.time = end
	c.mu.Unlock()
}

// pending is how many alarms are set.
func (c *fakeClock) pending() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.alarms)
}

// fakeInstance does what its function says with an invocation.
type fakeInstance struct {
	id   string
	cfg  instance.Config
	run  func(ctx context.Context, i *fakeInstance, inv *instance.Invocation) (*instance.Result, error)
	done chan struct{}
	once sync.Once

	mu      sync.Mutex
	current int
	most    int
	served  int
	stopped bool
	froze   int
}

func (i *fakeInstance) ID() string            { return i.id }
func (i *fakeInstance) Done() <-chan struct{} { return i.done }
func (i *fakeInstance) Kill()                 { i.once.Do(func() { close(i.done) }) }
func (i *fakeInstance) Info() instance.Info   { return instance.Info{ID: i.id} }

func (i *fakeInstance) Stop(context.Context) {
	i.mu.Lock()
	i.stopped = true
	i.mu.Unlock()
	i.Kill()
}

func (i *fakeInstance) Freeze(context.Context) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.froze++
	return true
}

func (i *fakeInstance) frozen() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.froze
}

func (i *fakeInstance) wasStopped() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.stopped
}

func (i *fakeInstance) Invoke(ctx context.Context, inv *instance.Invocation) (*instance.Result, error) {
	select {
	case <-i.done:
		return nil, instance.ErrGone
	default:
	}
	i.mu.Lock()
	i.current++
	i.served++
	i.most = max(i.most, i.current)
	i.mu.Unlock()
	defer func() {
		i.mu.Lock()
		i.current--
		i.mu.Unlock()
	}()
	if i.run != nil {
		return i.run(ctx, i, inv)
	}
	return &instance.Result{InstanceID: i.id}, nil
}

// world is a pool of fakes.
type world struct {
	t     *testing.T
	pool  *Pool
	clock *fakeClock

	mu      sync.Mutex
	made    []*fakeInstance
	fail    error // of the next starts
	hold    chan struct{}
	run     func(ctx context.Context, i *fakeInstance, inv *instance.Invocation) (*instance.Result, error)
	started int
}

func newWorld(t *testing.T, cfg instance.Config) *world {
	t.Helper()
	w := &world{t: t, clock: newClock()}
	w.pool = newPool(cfg, w.clock.clock(), w.start)
	t.Cleanup(w.pool.Close)
	return w
}

func function(concurrency int) fc.Function {
	return fc.Function{FunctionName: "f", InstanceConcurrency: concurrency}
}

func (w *world) start(ctx context.Context, cfg instance.Config) (member, error) {
	w.mu.Lock()
	hold, fail := w.hold, w.fail
	w.started++
	w.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if fail != nil {
		return nil, fail
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	i := &fakeInstance{id: fmt.Sprint("i", len(w.made)), cfg: cfg, done: make(chan struct{}), run: w.run}
	w.made = append(w.made, i)
	return i, nil
}

func (w *world) starts() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.started
}

func (w *world) instances() []*fakeInstance {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.made)
}

func (w *world) invoke() string {
	w.t.Helper()
	res, err := w.pool.Invoke(w.t.Context(), &instance.Invocation{RequestID: "r"})
	if err != nil {
		w.t.Fatal(err)
	}
	return res.InstanceID
}

// until waits until something is so.
func (w *world) until(what string, ok func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("never: %s", what)
		}
	}
}

// waiting is how many invocations wait for an instance.
func (w *world) waiting() int {
	w.pool.mu.Lock()
	defer w.pool.mu.Unlock()
	return len(w.pool.waiters)
}

// blocker has invocations stay until they are let go.
type blocker struct {
	entered chan string // instance ids
	leave   chan struct{}
}

func newBlocker(w *world) *blocker {
	b := &blocker{entered: make(chan string, 2*MaxWaiting), leave: make(chan struct{})}
	w.run = func(ctx context.Context, i *fakeInstance, inv *instance.Invocation) (*instance.Result, error) {
		b.entered <- i.id
		select {
		case <-b.leave:
			return &instance.Result{InstanceID: i.id}, nil
		case <-i.done:
			return nil, errors.New("killed")
		}
	}
	return b
}

// enter waits until n invocations are in instances and gives their ids.
func (b *blocker) enter(t *testing.T, n int) []string {
	t.Helper()
	var ids []string
	for range n {
		select {
		case id := <-b.entered:
			ids = append(ids, id)
		case <-time.After(patience):
			t.Fatalf("only %d of %d came in", len(ids), n)
		}
	}
	return ids
}

// outcome is how an invocation in the background ended.
type outcome struct {
	res *instance.Result
	err error
}

// background runs n invocations; the channel gives how they ended.
func (w *world) background(ctx context.Context, n int) <-chan outcome {
	out := make(chan outcome, n)
	for range n {
		go func() {
			res, err := w.pool.Invoke(ctx, &instance.Invocation{RequestID: "r"})
			out <- outcome{res, err}
		}()
	}
	return out
}

func get(t *testing.T, out <-chan outcome) outcome {
	t.Helper()
	select {
	case o := <-out:
		return o
	case <-time.After(patience):
		t.Fatal("an invocation doesn't end")
		return outcome{}
	}
}
