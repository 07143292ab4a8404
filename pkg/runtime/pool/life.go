package pool

import (
	"context"
	"slices"
	"sync"
	"time"
)

// grow starts as many instances as the waiting invocations need and the bound
// allows. The pool is locked.
func (p *Pool) grow() {
	if p.phase == closed {
		return
	}
	for (p.wanted() > p.starting || p.lacks()) && p.running() < p.max {
		p.starting++
		p.wg.Go(p.startOne)
	}
}

// running counts the instances that can get work, now or when they have started.
func (p *Pool) running() int { return p.alive() + p.starting + p.book.starting }

// wanted is how many instances those who wait need. The pool is locked.
func (p *Pool) wanted() int {
	if p.affinity == nil {
		return (len(p.waiters) + p.limit - 1) / p.limit
	}
	return p.wantedForSessions()
}

// alive counts the instances that can get work.
func (p *Pool) alive() int {
	n := 0
	for _, s := range p.slots {
		if !s.retired {
			n++
		}
	}
	return n
}

// startOne starts an instance for those who wait. A start that goes wrong is
// the answer to the one who has waited longest.
func (p *Pool) startOne() {
	m, err := p.start(p.ctx, p.cfg)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.starting--
	if err != nil {
		p.holdOff(err.Error())
		if i := slices.IndexFunc(p.waiters, func(w *waiter) bool { return w.session == nil || !w.session.OwnMounts() }); i >= 0 {
			p.drop(i).granted <- grant{err: err}
		}
		p.grow()
		p.settle()
		return
	}
	if p.phase == closed {
		p.wg.Go(m.Kill)
		p.settle()
		return
	}
	p.upkeep.fails, p.upkeep.problem = 0, ""
	p.add(&slot{member: m})
	p.settle()
}

// add puts an instance that has started to work. The pool is locked.
func (p *Pool) add(s *slot) {
	p.slots = append(p.slots, s)
	p.wg.Go(func() { p.watch(s) })
	p.offer(s)
}

// watch removes an instance when it has ended.
func (p *Pool) watch(s *slot) {
	<-s.member.Done()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.retireLocked(s)
	p.slots = slices.DeleteFunc(p.slots, func(o *slot) bool { return o == s })
	if p.running() < p.scale.Min && !s.ending {
		p.holdOff("")
	}
	p.grow()
	p.settle()
}

// sweepLater has idle instances looked for after d, unless that is going to
// happen earlier. The pool is locked.
func (p *Pool) sweepLater(d time.Duration) {
	at := p.clock.now().Add(d)
	if p.phase == closed || !p.sweepAt.IsZero() && !at.Before(p.sweepAt) {
		return
	}
	if !p.sweepAt.IsZero() {
		p.unsweep()
	}
	p.sweepAt = at
	p.unsweep = p.clock.after(d, p.sweep)
}

// sweep stops the instances that have been idle for too long, and freezes those
// that have been so for a while.
func (p *Pool) sweep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sweepAt = time.Time{}
	if p.phase == closed {
		return
	}
	now, next, keep := p.clock.now(), time.Duration(-1), p.scale.Min
	for _, s := range p.slots {
		if s.retired {
			continue
		}
		kept := keep > 0 || s.sessions > 0 // the oldest ones are, and those in use
		keep--
		if s.inFlight > 0 || kept && (p.scale.AlwaysCPU || p.still == 0 || s.still) {
			continue
		}
		idle := now.Sub(s.idleSince)
		left := p.idle - idle
		switch {
		case left <= 0 && !kept:
			p.end(s)
			continue
		case p.still == 0 || s.still:
		case idle >= p.still:
			s.still = true
			p.wg.Go(func() { s.member.Freeze(p.ctx) })
		default:
			left = min(left, p.still-idle)
		}
		if next < 0 || left < next {
			next = left
		}
	}
	if next >= 0 {
		p.sweepLater(next)
	}
}

// end stops an instance in the background, hooks and all. The pool is locked, and
// isn't closed.
func (p *Pool) end(s *slot) {
	p.retireLocked(s)
	if s.ending {
		return
	}
	s.ending = true
	select {
	case <-s.member.Done(): // it has ended by itself
	default:
		p.wg.Go(func() { s.member.Stop(p.ctx) })
	}
}

// endLast ends an instance that was to end when it has nothing to do. The pool is
// locked.
func (p *Pool) endLast(s *slot) {
	if s.last && s.inFlight == 0 && p.phase != closed {
		p.end(s)
	}
}

// settle tells Drain and Close when nothing is left to wait for. The pool is
// locked.
func (p *Pool) settle() {
	if p.phase == open || p.inFlight > 0 || p.starting > 0 || p.book.starting > 0 || len(p.waiters) > 0 {
		return
	}
	select {
	case <-p.quiet:
	default:
		close(p.quiet)
	}
}

// Drain takes no new invocations, lets those accepted finish, then stops every
// instance the gentle way (preStop, SIGTERM) and closes the pool. When the
// context ends it closes the pool at once.
func (p *Pool) Drain(ctx context.Context) {
	defer p.Close()
	p.mu.Lock()
	if p.phase == open {
		p.phase = draining
	}
	p.settle()
	p.mu.Unlock()
	select {
	case <-p.quiet:
	case <-ctx.Done():
		return
	case <-p.ctx.Done():
		return
	}
	var stops sync.WaitGroup
	p.mu.Lock()
	for _, s := range p.slots {
		p.retireLocked(s)
		if s.ending {
			stops.Go(func() { <-s.member.Done() })
			continue
		}
		s.ending = true
		stops.Go(func() { s.member.Stop(ctx) })
	}
	p.mu.Unlock()
	stops.Wait()
}

// Close kills every instance, answers those who wait with ErrClosed, and
// returns when nothing of the pool runs any more.
func (p *Pool) Close() {
	p.mu.Lock()
	p.phase = closed
	p.cancel()
	p.restUpkeep()
	p.rest()
	for len(p.waiters) > 0 {
		p.drop(0).granted <- grant{err: ErrClosed}
	}
	for _, s := range p.slots {
		p.retireLocked(s)
		p.wg.Go(s.member.Kill)
	}
	p.settle()
	p.mu.Unlock()
	p.wg.Wait()
	<-p.quiet
}
