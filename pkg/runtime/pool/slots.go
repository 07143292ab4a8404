package pool

import (
	"context"
	"fmt"
	"slices"
	"time"

	"s/pkg/runtime/instance"
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
	sessions  int       // that are bound to it
	served    int       // invocations that it got
	owner     *session  // it was started for; else nil
	idleSince time.Time // if inFlight is 0
	still     bool      // was frozen since
	listed    bool      // is in free
	retired   bool      // never gets work again
	last      bool      // ends when what is in flight has ended
	ending    bool      // is being stopped
}

// waiter is an invocation that waits for an instance.
type waiter struct {
	granted chan grant // has room for one
	session *session   // it belongs to; else nil
	timer   func() bool
}

type grant struct {
	slot *slot
	err  error
}

// acquire gives room on an instance for one invocation, and the session that it
// belongs to, if any; release gives them back.
func (p *Pool) acquire(ctx context.Context, call *instance.SessionCall) (*slot, *session, error) {
	p.mu.Lock()
	if p.phase != open && !p.streams(call) {
		p.mu.Unlock()
		return nil, nil, ErrClosed
	}
	var held *session
	if call != nil && p.affinity != nil {
		var err error
		if held, err = p.join(call); err != nil {
			p.mu.Unlock()
			return nil, nil, err
		}
	}
	s, err := p.place(ctx, held) // unlocks
	if err != nil {
		p.part(held)
		return nil, nil, err
	}
	return s, held, nil
}

// place finds room, or waits for it. The pool is locked; it isn't afterwards.
func (p *Pool) place(ctx context.Context, held *session) (*slot, error) {
	if s := p.pick(held); s != nil {
		p.take(s, held)
		p.mu.Unlock()
		return s, nil
	}
	err := ctx.Err()
	switch {
	case err != nil:
	case held != nil && held.at() != nil:
		err = p.crowded(held)
	case len(p.waiters) >= MaxWaiting:
		err = p.exhausted(fmt.Sprintf("%d requests wait already", MaxWaiting))
	case held != nil && held.OwnMounts():
		err = p.startOwn(held)
	}
	if err != nil {
		p.mu.Unlock()
		return nil, err
	}
	w := &waiter{granted: make(chan grant, 1), session: held}
	p.waiters = append(p.waiters, w)
	w.timer = p.clock.after(WaitTimeout, func() { p.giveUp(w) })
	p.grow()
	p.mu.Unlock()
	return p.wait(ctx, w)
}

// pick gives an instance with room, the most recently used one; nil if there is
// none. The pool is locked.
func (p *Pool) pick(held *session) *slot {
	if n := len(p.free); p.affinity == nil && n > 0 && len(p.waiters) == 0 {
		return p.free[n-1]
	}
	for _, s := range slices.Backward(p.free) {
		if p.affinity != nil && p.suits(s, held) {
			return s
		}
	}
	return nil
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
		p.release(g.slot, nil)
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
	if p.starting > 0 || w.session != nil && w.session.starting {
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

// take books room on a slot, for an invocation of a session or of none. The pool
// is locked.
func (p *Pool) take(s *slot, held *session) {
	if held != nil {
		held.bind(s)
	}
	s.inFlight++
	s.still = false
	s.served++
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

// release gives back what acquire gave.
func (p *Pool) release(s *slot, held *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.inFlight--
	p.inFlight--
	if held != nil {
		p.partLocked(held)
	}
	if p.once && s.served > 0 {
		s.last = true
		p.retireLocked(s)
	}
	p.offer(s)
	p.settle()
}

// offer gives a slot's room to those who wait, and keeps the rest at hand. The
// pool is locked.
func (p *Pool) offer(s *slot) {
	if s.retired {
		p.endLast(s)
		p.grow()
		return
	}
	for i := 0; i < len(p.waiters) && s.inFlight < p.limit; {
		if w := p.waiters[i]; p.suits(s, w.session) {
			p.drop(i)
			p.take(s, w.session)
			w.granted <- grant{slot: s}
		} else {
			i++
		}
	}
	p.refuseCrowd(s)
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
