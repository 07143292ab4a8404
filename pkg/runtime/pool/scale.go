package pool

import (
	"net/http"
	"time"

	"s/pkg/fc"
	"s/pkg/runtime/instance"
)

// An instance that is to be there always and fails, or ends, is started again
// after a while, which doubles with every failure.
const (
	restartAfter   = time.Second
	longestRestart = time.Minute
)

// upkeep is how the instances that are to be there always are kept up.
type upkeep struct {
	fails   int
	problem string // why the last start failed
	held    func() bool
}

// Scale rules the number of instances from now on. It starts those that are to be
// there always; what is too much ends when it has been idle.
func (p *Pool) Scale(s instance.Scale) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.scale = s
	p.reserved.Store(s.Reserved)
	p.max = p.most
	if s.Max > 0 {
		p.max = min(p.max, s.Max)
	}
	p.grow()
	if len(p.slots) > 0 {
		p.sweepLater(0)
	}
}

// Kept tells how many of the instances that are to be there always are, and why
// others aren't, if that is known.
func (p *Pool) Kept() (current int, problem string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.scale.Min > p.max {
		problem = "the local cloud runs fewer instances of a function than that"
	}
	if p.upkeep.problem != "" {
		problem = p.upkeep.problem
	}
	return min(p.alive(), p.scale.Min), problem
}

// lacks reports whether an instance that is to be there always isn't. The pool is
// locked.
func (p *Pool) lacks() bool {
	return p.phase == open && p.upkeep.held == nil && p.running() < p.scale.Min
}

// holdOff has nothing started for its own sake for a while. The pool is locked.
func (p *Pool) holdOff(problem string) {
	u := &p.upkeep
	if u.held != nil || p.scale.Min == 0 || p.phase != open {
		return
	}
	wait := restartAfter
	if problem != "" {
		wait = min(restartAfter<<min(u.fails, 10), longestRestart)
		u.fails, u.problem = u.fails+1, problem
	}
	u.held = p.clock.after(wait, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		u.held = nil
		p.grow()
	})
}

// restUpkeep is for the end of the pool. The pool is locked.
func (p *Pool) restUpkeep() {
	if p.upkeep.held != nil {
		p.upkeep.held()
	}
}

// enter counts an invocation, or refuses it above the reserved concurrency, which
// those of other pools of the function count for, too; leave ends what enter began.
func (p *Pool) enter() error {
	bound := p.reserved.Load()
	for {
		n := p.underWay.Load()
		if bound != nil && n >= int64(*bound) && p.isOpen() {
			break
		}
		if p.underWay.CompareAndSwap(n, n+1) {
			return nil
		}
	}
	return &fc.APIError{
		Status: http.StatusTooManyRequests, Code: fc.CodeResourceExhausted,
		Message: "function " + p.cfg.Function.FunctionName + " has as many requests under way as its concurrency allows",
	}
}

func (p *Pool) leave() { p.underWay.Add(-1) }

// isOpen reports whether the pool takes invocations; one that doesn't says so itself.
func (p *Pool) isOpen() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.phase == open
}
