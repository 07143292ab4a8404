package pool

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// phase is where a pool is in its life.
type phase uint8

const (
	open phase = iota
	draining
	closed
)

// slot is an instance and what the pool knows of it.
type slot struct {
	member    member
	inFlight  int
	idleSince time.Time // if inFlight is 0
	still     bool      // was frozen since
	listed    bool      // is in free
	retired   bool      // never gets work again
}

// waiter is an invocation that waits for an instance.
type waiter struct {
	granted chan grant // has room for one
	timer   func() bool
}

type grant struct {
	slot *slot
	err  error
}

// acquire gives room on an instance for one invocation; release gives it back.
func (p *Pool) acquire(ctx context.Context) (*slot, error) {
	p.mu.Lock()
	if p.phase != open {
		p.mu.Unlock()
		return nil, ErrClosed
	}
	if err := p.reserved(); err != nil {
		p.mu.Unlock()
		return nil, err
	}
	if n := len(p.free); n > 0 && len(p.waiters) == 0 {
		s := p.free[n-1]
		p.take(s)
		p.mu.Unlock()
		return s, nil
	}
	if err := ctx.Err(); err != nil {
		p.mu.Unlock()
		return nil, err
	}
	if len(p.waiters) >= MaxWaiting {
		p.mu.Unlock()
		return nil, p.exhausted(fmt.Sprintf("%d requests wait already", MaxWaiting))
	}
	w := &waiter{granted: make(chan grant, 1)}
	p.waiters = append(p.waiters, w)
	w.timer = p.clock.after(WaitTimeout, func() { p.giveUp(w) })
	p.grow()
	p.mu.Unlock()
	return p.wait(ctx, w)
}

func (p *Pool) wait(ctx context.Context, w *waiter) (*slot, error) {
	select {
	case g := <-w.granted:
		return g.slot, g.err
	case <-ctx.Done():
	}
	p.mu.Lock()
	i := slices.Index(p.waiters, w)
	if i >= 0 {
		p.drop(i)
		p.settle()
		p.mu.Unlock()
		return nil, ctx.Err()
	}
	p.mu.Unlock()
	// Granted in the same moment: what was granted goes to another.
	if g := <-w.granted; g.slot != nil {
		p.release(g.slot)
	}
	return nil, ctx.Err()
}

// giveUp refuses a waiter whose time is over. While an instance is starting
// there is hope yet.
func (p *Pool) giveUp(w *waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.waiters, w)
	if i < 0 {
		return
	}
	if p.starting > 0 {
		w.timer = p.clock.after(WaitTimeout, func() { p.giveUp(w) })
		return
	}
	p.drop(i)
	w.granted <- grant{err: p.exhausted(fmt.Sprintf("none became free within %v", WaitTimeout))}
	p.settle()
}

// drop takes waiter i out of the queue. The pool is locked.
func (p *Pool) drop(i int) *waiter {
	w := p.waiters[i]
	p.waiters = slices.Delete(p.waiters, i, i+1)
	w.timer()
	return w
}

// take books room on a slot. The pool is locked.
func (p *Pool) take(s *slot) {
	s.inFlight++
	s.still = false
	p.inFlight++
	if s.inFlight >= p.limit {
		p.unlist(s)
	}
}

func (p *Pool) unlist(s *slot) {
	if !s.listed {
		return
	}
	s.listed = false
	if n := len(p.free) - 1; p.free[n] == s {
		p.free = p.free[:n]
		return
	}
	p.free = slices.DeleteFunc(p.free, func(o *slot) bool { return o == s })
}

// release gives back room taken by acquire.
func (p *Pool) release(s *slot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.inFlight--
	p.inFlight--
	p.offer(s)
	p.settle()
}

// offer gives a slot's room to those who wait, and keeps the rest at hand. The
// pool is locked.
func (p *Pool) offer(s *slot) {
	if s.retired {
		p.grow()
		return
	}
	for s.inFlight < p.limit && len(p.waiters) > 0 {
		w := p.drop(0)
		p.take(s)
		w.granted <- grant{slot: s}
	}
	if s.inFlight == 0 {
		s.idleSince = p.clock.now()
		p.sweepLater(p.soon())
	}
	if s.inFlight < p.limit && !s.listed {
		s.listed = true
		p.free = append(p.free, s)
	}
}

// soon is after how long an instance that becomes idle is to be looked at.
func (p *Pool) soon() time.Duration {
	if p.still > 0 {
		return min(p.still, p.idle)
	}
	return p.idle
}

// retire makes sure that a slot never gets work again.
func (p *Pool) retire(s *slot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.retireLocked(s)
}

func (p *Pool) retireLocked(s *slot) {
	s.retired = true
	p.unlist(s)
}
