// Package async runs the asynchronous invocations of the local cloud: it takes
// them from the queue on disk, hands them to the gateway as if a caller waited,
// tries again what failed as Function Compute does, and tells destinations of the
// outcome. Every event is run at least once. It knows nothing of HTTP servers and
// of instances.
package async

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/local/store"
	"s/pkg/runtime/instance"
)

// How many events run at once, in all and of one function. What waits beyond
// that is on disk.
const (
	maxRunning     = 256
	maxPerFunction = 32
)

// Pauses of the dispatcher.
const (
	maxWait    = 30 * time.Second // between looks while events wait, since the system's time may jump
	errorWait  = time.Second      // after the queue couldn't be read
	pruneEvery = time.Hour
)

// Config is what a Dispatcher needs.
type Config struct {
	Queue *store.Queue
	// Invoke runs an event's function once. Errors are *fc.APIError of what the
	// platform refuses, store's of what isn't there, or the context's.
	Invoke func(context.Context, *store.Event, *instance.Invocation) (*instance.Result, error)
	// ConfigOf gives what was configured of a function's qualifier; nil is the
	// defaults for all.
	ConfigOf func(region, function, qualifier string) (fc.AsyncConfig, bool)
	// Exists reports whether there is such a function.
	Exists func(region, function string) bool
	// ARN is the name of a function for its destinations.
	ARN func(region, function, qualifier string) string
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Log gets what goes wrong with the queue itself; nil drops it.
	Log io.Writer
}

// Dispatcher runs what is in the queue, from New to Close.
type Dispatcher struct {
	cfg    Config
	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	wake   chan struct{}
	wg     sync.WaitGroup

	mu      sync.Mutex
	running map[int64]*run
	byName  map[store.FunctionKey]int
	pruned  time.Time
}

// run is an event that runs.
type run struct {
	event   *store.Event
	cancel  context.CancelCauseFunc
	stopped bool
}

// New makes a Dispatcher and starts it.
func New(cfg Config) *Dispatcher {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = io.Discard
	}
	d := &Dispatcher{
		cfg: cfg, wake: make(chan struct{}, 1), running: map[int64]*run{}, byName: map[store.FunctionKey]int{}, pruned: cfg.Now(),
	}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	d.wg.Go(d.loop)
	return d
}

// Stop takes no more events from the queue. Those that run go on; what becomes
// of them doesn't count, they are due again when the queue is opened next.
func (d *Dispatcher) Stop() { d.cancel() }

// Close stops and returns when no event runs any more.
func (d *Dispatcher) Close() {
	d.cancel()
	d.wg.Wait()
}

// Defaults of asynchronous invocations (PutAsyncInvokeConfigInput).
const (
	DefaultRetries = 3
	DefaultAge     = 24 * time.Hour
)

func (d *Dispatcher) configOf(e *store.Event) fc.AsyncConfig {
	if d.cfg.ConfigOf == nil {
		return fc.AsyncConfig{}
	}
	c, _ := d.cfg.ConfigOf(e.Region, e.Function, e.Qualifier)
	return c
}

// Accept puts an event in the queue; when it returns nil the event is on disk and
// will be run. The event needs region, function, request id, source and payload;
// Due in the future is a delay. A task id needs a function whose tasks are
// kept, and must be new.
func (d *Dispatcher) Accept(e *store.Event) error {
	if err := d.Prepare(e); err != nil {
		return err
	}
	if err := d.cfg.Queue.Add(e); err != nil {
		return err
	}
	d.Wake()
	return nil
}

// Prepare fills an event that its caller puts in the queue, which tells Wake then.
func (d *Dispatcher) Prepare(e *store.Event) error {
	cfg := d.configOf(e)
	e.Stateful = e.Stateful || cfg.AsyncTask
	if e.TaskID != "" && !e.Stateful {
		return reply.Invalid(fmt.Sprintf("a task id needs asyncTask in the async invoke config of function '%s'", e.Function))
	}
	if e.TaskID == "" {
		e.TaskID = e.RequestID
	}
	now := d.cfg.Now()
	e.Created = now.UnixMilli()
	e.Due = max(e.Due, e.Created)
	e.Set(store.EventEnqueued, now, "")
	return nil
}

// Wake tells that something may be due.
func (d *Dispatcher) Wake() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

func (d *Dispatcher) loop() {
	for d.ctx.Err() == nil {
		wait, err := d.claim()
		if err != nil {
			fmt.Fprintf(d.cfg.Log, "asynchronous invocations: %v\n", err)
			wait = errorWait
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-d.wake:
		case <-d.ctx.Done():
		}
		timer.Stop()
	}
}

// claim starts what is due, as far as there is room, and tells how long nothing
// will be due.
func (d *Dispatcher) claim() (time.Duration, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.cfg.Now()
	if now.Sub(d.pruned) > pruneEvery {
		d.pruned = now
		if err := d.cfg.Queue.Prune(now); err != nil {
			return 0, err
		}
	}
	for {
		room := maxRunning - len(d.running)
		if room <= 0 {
			return pruneEvery, nil // until one ends
		}
		full := d.full()
		// No more at once than the last place of a function allows.
		events, err := d.cfg.Queue.Claim(now, min(room, d.least()), full)
		if err != nil {
			return 0, err
		}
		for _, e := range events {
			d.start(e)
		}
		if len(events) > 0 {
			continue
		}
		due, ok, err := d.cfg.Queue.NextDue(full)
		if err != nil || !ok {
			return pruneEvery, err
		}
		return min(max(due.Sub(now), time.Millisecond), maxWait), nil
	}
}

// full lists the functions of which no more may run.
func (d *Dispatcher) full() []store.FunctionKey {
	var full []store.FunctionKey
	for k, n := range d.byName {
		if n >= maxPerFunction {
			full = append(full, k)
		}
	}
	return full
}

// least is how many events any function that isn't full has room for.
func (d *Dispatcher) least() int {
	least := maxPerFunction
	for _, n := range d.byName {
		if n < maxPerFunction {
			least = min(least, maxPerFunction-n)
		}
	}
	return least
}

// start runs a claimed event. The dispatcher is locked.
func (d *Dispatcher) start(e *store.Event) {
	ctx, cancel := context.WithCancelCause(d.ctx)
	r := &run{event: e, cancel: cancel}
	k := store.FunctionKey{Region: e.Region, Function: e.Function}
	d.running[e.Seq] = r
	d.byName[k]++
	d.wg.Go(func() {
		defer cancel(nil)
		follow, known := d.run(ctx, r)
		d.mu.Lock()
		delete(d.running, e.Seq)
		if d.byName[k]--; d.byName[k] == 0 {
			delete(d.byName, k)
		}
		d.mu.Unlock()
		if known {
			d.settle(e, follow)
		}
		d.Wake()
	})
}

// settle stores what became of an event. While the disk is full the event stays
// as it is, and is run again when the queue is opened next.
func (d *Dispatcher) settle(e *store.Event, follow store.Follow) {
	if err := d.cfg.Queue.Update(e, follow); err != nil {
		fmt.Fprintf(d.cfg.Log, "asynchronous invocation %s of %s: %v\n", e.RequestID, e.Function, err)
	}
}

// run runs an event once and decides what becomes of it; known is false if that
// can't be told, since the cloud ends.
func (d *Dispatcher) run(ctx context.Context, r *run) (follow store.Follow, known bool) {
	e, cfg := r.event, d.configOf(r.event)
	age := DefaultAge
	if cfg.MaxAsyncEventAgeInSeconds > 0 {
		age = time.Duration(cfg.MaxAsyncEventAgeInSeconds) * time.Second
	}
	if expired := d.cfg.Now().Sub(time.UnixMilli(e.Created)) > age; expired {
		return d.fail(e, cfg, store.EventExpired, "EventAgeExceeded", fmt.Sprintf("it waited for longer than %s", age)), true
	}
	inv, answer, err := invocation(ctx, e)
	if err != nil {
		return d.fail(e, cfg, store.EventFailed, fc.CodeInvalidArgument, err.Error()), true
	}
	result, err := d.cfg.Invoke(ctx, e, inv)
	if d.ctx.Err() != nil {
		return store.Follow{}, false
	}
	d.mu.Lock()
	stopped := r.stopped
	d.mu.Unlock()
	if stopped {
		d.end(e, store.EventStopping, "")
		d.end(e, store.EventStopped, "")
		return store.Follow{}, true
	}
	if err != nil {
		return d.refused(e, cfg, age, err), true
	}
	return d.ran(e, cfg, result, answer), true
}

// end sets a state that is the last one.
func (d *Dispatcher) end(e *store.Event, status, detail string) {
	now := d.cfg.Now()
	e.Ended = now.UnixMilli()
	e.Set(status, now, detail)
}

// Task finds a task of a function.
func (d *Dispatcher) Task(region, function, id string) (*store.Event, error) {
	return d.cfg.Queue.Task(region, function, id)
}

// Tasks lists tasks.
func (d *Dispatcher) Tasks(f store.EventFilter) ([]*store.Event, error) { return d.cfg.Queue.Tasks(f) }

// StopTask ends a task: one that waits is never run, the instance of one that
// runs is ended. One that has ended stays as it is: *fc.APIError.
func (d *Dispatcher) StopTask(region, function, id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	task, err := d.cfg.Queue.StopWaiting(region, function, id, d.cfg.Now())
	if err != nil {
		return err
	}
	switch task.Status {
	case store.EventStopped:
		return nil
	case store.EventStopping:
		if r := d.running[task.Seq]; r != nil && !r.stopped {
			r.stopped = true
			r.cancel(instance.ErrStopped)
		}
		return nil
	}
	return &fc.APIError{
		Status: http.StatusBadRequest, Code: fc.CodeInvalidArgument,
		Message: fmt.Sprintf("async task '%s' can't be stopped: its status is %s", id, task.Status),
	}
}

// isMissing reports whether an error says that the function, or what its
// qualifier names, isn't there.
func isMissing(err error) bool {
	var missing *store.NotFoundError
	return errors.As(err, &missing) || fc.IsNotFound(err)
}
