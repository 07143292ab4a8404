// Package pool keeps the instances of one function version: it hands every
// invocation to an instance with room, starts more when none has, up to a
// bound, and ends those that nobody uses.
package pool

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"s/pkg/fc"
	"s/pkg/runtime/instance"
)

const (
	// MaxWaiting is how many invocations may wait for an instance at once.
	MaxWaiting = 1024
	// WaitTimeout is how long an invocation waits for a busy instance before it
	// is refused. Waiting for an instance that is starting doesn't count.
	WaitTimeout = 60 * time.Second
	// maxTries bounds how often an invocation is handed to another instance
	// because the one chosen ended before it took the invocation.
	maxTries = 5
)

// ErrClosed is the answer of a pool that is drained or closed.
var ErrClosed = errors.New("the instances of this function are being stopped")

// member is an instance as the pool sees it.
type member interface {
	ID() string
	Invoke(ctx context.Context, inv *instance.Invocation) (*instance.Result, error)
	Done() <-chan struct{}
	Stop(ctx context.Context)
	Kill()
	Freeze(ctx context.Context) bool
	Info() instance.Info
}

// clock is the time and what happens later; tests have their own.
type clock struct {
	now   func() time.Time
	after func(d time.Duration, f func()) (stop func() bool)
}

// Pool is the set of instances of one function version. Its methods may be
// called by any number of goroutines.
type Pool struct {
	cfg   instance.Config
	limit int // invocations at once per instance
	max   int // instances
	most  int // instances, whatever Scale says
	idle  time.Duration
	still time.Duration // after which an idle instance is frozen; 0 is never
	start func(ctx context.Context, cfg instance.Config) (member, error)
	clock clock

	underWay *atomic.Int64       // invocations, of all pools of the function
	reserved atomic.Pointer[int] // how many of them there may be; nil is no bound

	affinity *fc.Affinity // nil if the function has no sessions
	once     bool         // an instance gets one request

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	wg     sync.WaitGroup // starts, watchers and stops under way

	mu       sync.Mutex
	slots    []*slot   // all that have started and not ended, oldest first
	free     []*slot   // those with room, the most recently used last
	waiters  []*waiter // oldest first
	starting int
	book     sessions
	scale    instance.Scale
	upkeep   upkeep
	inFlight int
	phase    phase
	sweepAt  time.Time     // when a sweep is scheduled; zero if none is
	unsweep  func() bool   // stops that
	quiet    chan struct{} // closed when a draining or closed pool has nothing left to do
}

// New makes a pool without any instance. The function's instanceConcurrency,
// IdleTimeout and MaxInstances of the configuration rule it.
func New(cfg instance.Config) *Pool {
	now := cfg.Now
	if now == nil {
		now = time.Now
	}
	after := func(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }
	return newPool(cfg, clock{now: now, after: after}, func(ctx context.Context, cfg instance.Config) (member, error) {
		return instance.Start(ctx, cfg)
	})
}

func newPool(cfg instance.Config, c clock, start func(context.Context, instance.Config) (member, error)) *Pool {
	p := &Pool{cfg: cfg, clock: c, start: start, quiet: make(chan struct{})}
	p.limit = cfg.Function.Concurrency()
	p.affinity, _ = cfg.Function.Affinity() // was checked when the function was made
	p.once = cfg.Function.InstanceIsolationMode == fc.IsolationRequest
	p.book.open = map[string]*session{}
	p.max, p.idle = cfg.MaxInstances, cfg.IdleTimeout
	if p.underWay = cfg.UnderWay; p.underWay == nil {
		p.underWay = new(atomic.Int64)
	}
	if p.max <= 0 {
		p.max = instance.DefaultMaxInstances
	}
	p.most = p.max
	if p.idle <= 0 {
		p.idle = instance.DefaultIdleTimeout
	}
	if p.still = cfg.FreezeAfter; p.still == 0 {
		p.still = instance.DefaultFreezeAfter
	}
	if p.still < 0 || cfg.Debug != nil {
		p.still = 0
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// Invoke runs the invocation on an instance with room, the most recently used
// one first; without one it starts another or waits in turn. What the function
// itself does wrong is in the Result. The error is an *fc.APIError for what the
// platform refuses (429 ResourceExhausted, 412 FunctionNotStarted, CAExited),
// ErrClosed after Drain or Close, or the context's error; the function then
// goes on to its end if it had begun, as on FC, and counts as in flight so long.
func (p *Pool) Invoke(ctx context.Context, inv *instance.Invocation) (*instance.Result, error) {
	if err := p.enter(); err != nil {
		return nil, withRequestID(err, inv.RequestID)
	}
	res, err := p.invoke(ctx, inv)
	var detached *instance.DetachedError
	if err == nil || !errors.As(err, &detached) {
		p.leave()
	}
	return res, err
}

// invoke runs an invocation that was counted. With a *instance.DetachedError it counts
// on.
func (p *Pool) invoke(ctx context.Context, inv *instance.Invocation) (*instance.Result, error) {
	for try := 1; ; try++ {
		s, held, err := p.acquire(ctx, inv.Session)
		if err != nil {
			var failed *instance.InitError
			if errors.As(err, &failed) {
				return failed.Result(), nil
			}
			return nil, withRequestID(err, inv.RequestID)
		}
		res, err := s.member.Invoke(ctx, inv)
		if err == nil {
			if held != nil && inv.Session.Learn != nil {
				p.name(held, inv.Session.Learn(res))
			}
			p.release(s, held)
			return res, nil
		}
		var detached *instance.DetachedError
		if errors.As(err, &detached) {
			go func() {
				<-detached.Done
				p.release(s, held)
				p.leave()
			}()
			return nil, err
		}
		gone := errors.Is(err, instance.ErrGone)
		if gone {
			p.retire(s)
		}
		p.release(s, held)
		if !gone || try == maxTries {
			return nil, withRequestID(err, inv.RequestID)
		}
	}
}

// Warm starts an instance, unless one has room, and waits until it can take
// invocations. The error is as Invoke's, or the *instance.InitError of a runtime
// that couldn't start.
func (p *Pool) Warm(ctx context.Context) error {
	if err := p.enter(); err != nil {
		return err
	}
	defer p.leave()
	s, _, err := p.acquire(ctx, nil)
	if err != nil {
		return err
	}
	p.mu.Lock()
	s.served-- // nothing was done with it
	p.mu.Unlock()
	p.release(s, nil)
	return nil
}

// Instances describes the instances, oldest first.
func (p *Pool) Instances() []instance.Info {
	p.mu.Lock()
	members := make([]member, len(p.slots))
	for i, s := range p.slots {
		members[i] = s.member
	}
	p.mu.Unlock()
	infos := make([]instance.Info, len(members))
	for i, m := range members {
		infos[i] = m.Info()
	}
	return infos
}

// Instance describes the instance with that id; ok is false if there is none.
func (p *Pool) Instance(id string) (info instance.Info, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.slots {
		if s.member.ID() == id {
			return s.member.Info(), true
		}
	}
	return instance.Info{}, false
}

// exhausted says that there is no room, and why.
func (p *Pool) exhausted(why string) error {
	return &fc.APIError{
		Status: http.StatusTooManyRequests, Code: fc.CodeResourceExhausted,
		Message: fmt.Sprintf("all %d instances of function %s are busy: %s", p.max, p.cfg.Function.FunctionName, why),
	}
}

// withRequestID puts the request's id into an API error that has none.
func withRequestID(err error, id string) error {
	var api *fc.APIError
	if !errors.As(err, &api) || api.RequestID != "" {
		return err
	}
	own := *api
	own.RequestID = id
	return &own
}
