package pool

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"s/pkg/fc"
	"s/pkg/runtime/instance"
)

const (
	// maxExpired is how many expired sessions a pool remembers: to list them, and to
	// refuse their ids if they mustn't be used again.
	maxExpired = 10_000
	// expiryStep is how far apart in time expired sessions are looked for at least.
	expiryStep = time.Second
)

// session is a session as the pool keeps it.
type session struct {
	instance.SessionSettings
	id       string // empty while it isn't known
	affinity string // fc.Affinity…
	stream   bool   // ends with the invocation that began it
	status   string // fc.Session…; empty when it is over and forgotten
	created  time.Time
	modified time.Time
	used     time.Time // when the last request ended
	users    int       // requests under way, or waiting for an instance
	slot     *slot     // what it is bound to; see at
	bound    bool      // was on an instance, ever
	starting bool      // an instance is started for it alone
}

// sessions are the sessions of a pool.
type sessions struct {
	open     map[string]*session // by id, with those that have expired
	expired  []*session          // the longest expired first
	starting int                 // instances that start for one session alone
	checkAt  time.Time           // when expired ones are looked for; zero if they aren't
	uncheck  func() bool         // stops that
}

// at gives the instance that the session is bound to; nil if there is none any
// more. The pool is locked, as it is for all methods of session.
func (s *session) at() *slot {
	if s.slot != nil && s.slot.retired {
		s.slot = nil
	}
	return s.slot
}

// bind puts the session on an instance, unless it is on one.
func (s *session) bind(to *slot) {
	if s.at() == nil {
		s.slot, s.bound = to, true
		to.sessions++
	}
}

// over is when the session ends if no request comes; zero is never.
func (s *session) over() time.Time {
	var end time.Time
	if s.TTL > 0 {
		end = s.created.Add(s.TTL)
	}
	if s.Idle > 0 && s.users == 0 && s.status == fc.SessionActive {
		if idle := s.used.Add(s.Idle); end.IsZero() || idle.Before(end) {
			end = idle
		}
	}
	return end
}

// info is the session for those outside.
func (s *session) info() instance.Session {
	out := instance.Session{ID: s.id, Affinity: s.affinity, Status: s.status, Created: s.created, Modified: s.modified, SessionSettings: s.SessionSettings}
	if at := s.at(); at != nil {
		out.InstanceID = at.member.ID()
	}
	return out
}

// join finds the session of a call, or begins it, and counts the call among its
// users until part; nil is a call that belongs to none. The pool is locked.
func (p *Pool) join(call *instance.SessionCall) (*session, error) {
	s := p.current(call.ID)
	if call.Existing && (s == nil || s.status != fc.SessionActive) {
		return nil, nil
	}
	switch {
	case s == nil || s.status == fc.SessionExpired && !s.DisableReuse:
		s = p.begin(call.ID, p.settings())
		s.stream = call.Stream
	case s.status == fc.SessionExpired:
		return nil, refused(http.StatusBadRequest, fc.CodeInvalidArgument, "session '%s' has expired, and its ID can't be used again", s.id)
	case s.status == fc.SessionPaused && !s.AutoResume:
		return nil, refused(http.StatusPreconditionFailed, fc.CodePreconditionFailed, "session '%s' is paused", s.id)
	default:
		s.status = fc.SessionActive
	}
	s.users++
	call.Named = func(id string) { p.name(s, id) }
	return s, nil
}

func refused(status int, code, format string, args ...any) error {
	return &fc.APIError{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

// settings are those of a session that has none of its own.
func (p *Pool) settings() instance.SessionSettings {
	return instance.SessionSettings{TTL: p.affinity.TTL, Idle: p.affinity.Idle, DisableReuse: p.affinity.DisableReuse}
}

// begin makes a session, in the place of an expired one of the same id. Without an
// id it is on no list.
func (p *Pool) begin(id string, settings instance.SessionSettings) *session {
	now := p.clock.now()
	s := &session{id: id, affinity: p.affinity.Type, status: fc.SessionActive, created: now, modified: now, used: now, SessionSettings: settings}
	if id != "" {
		p.forget(id)
		p.book.open[id] = s
		p.checkLater(s)
	}
	return s
}

// forget takes a session off all lists.
func (p *Pool) forget(id string) {
	if s := p.book.open[id]; s != nil {
		delete(p.book.open, id)
		if s.status == fc.SessionExpired {
			p.book.expired = slices.DeleteFunc(p.book.expired, func(o *session) bool { return o == s })
		}
	}
}

// current gives the session of an id as it is now; nil if there is none.
func (p *Pool) current(id string) *session {
	s := p.book.open[id]
	if s != nil {
		p.age(s)
	}
	return s
}

// age lets a session expire, or be paused, if it is time.
func (p *Pool) age(s *session) {
	end, now := s.over(), p.clock.now()
	if s.status == fc.SessionExpired || end.IsZero() || now.Before(end) {
		return
	}
	if ttl := s.created.Add(s.TTL); s.AutoPause && s.status == fc.SessionActive && (s.TTL == 0 || now.Before(ttl)) {
		p.pause(s)
		return
	}
	p.finish(s, fc.SessionExpired)
	p.book.expired = append(p.book.expired, s)
	if len(p.book.expired) > maxExpired {
		p.forget(p.book.expired[0].id)
	}
}

// finish ends a session. An instance of its own ends with it, when what runs there
// has ended.
func (p *Pool) finish(s *session, status string) {
	s.status, s.modified = status, p.clock.now()
	at := s.at()
	if at == nil {
		return
	}
	s.slot = nil
	at.sessions--
	if p.affinity.Exclusive || at.owner == s {
		at.last = true
		p.retireLocked(at)
		p.endLast(at)
		p.grow()
		return
	}
	p.offer(at)
}

// part ends the use of a session that acquire began.
func (p *Pool) part(s *session) {
	if s == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.partLocked(s)
}

func (p *Pool) partLocked(s *session) {
	s.users--
	s.used = p.clock.now()
	switch {
	case s.users > 0:
	case s.status != fc.SessionActive: // it ended while it waited for an instance
		p.finish(s, s.status)
	case s.id == "" || s.stream || !s.bound:
		p.forget(s.id)
		p.finish(s, "")
	default:
		p.checkLater(s)
	}
}

// name gives a session the id that its function chose.
func (p *Pool) name(s *session, id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.id != "" || id == "" || s.status != fc.SessionActive || len(id) > maxForeignID {
		return
	}
	if old := p.book.open[id]; old != nil && old.status != fc.SessionExpired {
		return // the function gave an id twice: the first one keeps it
	}
	p.forget(id)
	s.id = id
	p.book.open[id] = s
	p.checkLater(s)
}

// maxForeignID bounds an id that a function chose, in bytes.
const maxForeignID = 1 << 10

// suits reports whether an instance with room may take an invocation of a session,
// or of none. The pool is locked.
func (p *Pool) suits(s *slot, held *session) bool {
	switch {
	case p.affinity == nil:
		return true
	case held == nil:
		return s.owner == nil && !(p.affinity.Exclusive && s.sessions > 0)
	case held.at() != nil:
		return held.slot == s
	case s.owner != nil || held.OwnMounts():
		return s.owner == held
	case p.affinity.Exclusive:
		return s.served == 0
	}
	return s.sessions < p.affinity.PerInstance
}

// refuseCrowd refuses those who wait for an instance that is full now because their
// session was put there. The pool is locked.
func (p *Pool) refuseCrowd(s *slot) {
	if p.affinity == nil || s.inFlight < p.limit {
		return
	}
	for i, w := range slices.Backward(p.waiters) {
		if w.session != nil && w.session.at() == s {
			p.drop(i).granted <- grant{err: p.crowded(w.session)}
		}
	}
}

// crowded refuses a request of a session whose instance has no room for it: another
// instance wouldn't know the session.
func (p *Pool) crowded(s *session) error {
	return refused(http.StatusTooManyRequests, fc.CodeResourceExhausted,
		"the instance of session '%s' has %d requests under way, which is what an instance of function %s takes",
		s.id, p.limit, p.cfg.Function.FunctionName)
}

// wantedForSessions is how many instances those who wait need: room for their
// requests, and for their sessions, each of which is on one instance.
func (p *Pool) wantedForSessions() int {
	requests, plain := 0, 0
	apart := map[*session]int{} // requests of each that isn't on an instance
	for _, w := range p.waiters {
		switch {
		case w.session == nil:
			plain++
			requests++
		case w.session.OwnMounts() || w.session.at() != nil:
		case apart[w.session] < p.limit: // more than that are refused
			apart[w.session]++
			requests++
		}
	}
	up := func(n, by int) int { return (n + by - 1) / by }
	if p.affinity.Exclusive {
		return len(apart) + up(plain, p.limit)
	}
	return max(up(requests, p.limit), up(len(apart), p.affinity.PerInstance))
}

// startOwn starts an instance with a session's mounts, unless one is starting. The
// pool is locked.
func (p *Pool) startOwn(s *session) error {
	if s.starting {
		return nil
	}
	if p.running() >= p.max {
		return p.exhausted("the session needs one of its own")
	}
	s.starting = true
	p.book.starting++
	cfg := p.cfg
	s.Mount(&cfg.Function)
	p.wg.Go(func() {
		m, err := p.start(p.ctx, cfg)
		p.mu.Lock()
		defer p.mu.Unlock()
		s.starting = false
		p.book.starting--
		switch {
		case err != nil:
			for i, w := range slices.Backward(p.waiters) {
				if w.session == s {
					p.drop(i).granted <- grant{err: err}
				}
			}
		case p.phase == closed:
			p.wg.Go(m.Kill)
		default:
			p.add(&slot{member: m, owner: s})
		}
		p.settle()
	})
	return nil
}

// checkLater has expired sessions looked for when this one may have, unless that is
// going to happen earlier. The pool is locked.
func (p *Pool) checkLater(s *session) {
	at := s.over()
	if at.IsZero() || p.phase == closed {
		return
	}
	now, b := p.clock.now(), &p.book
	if soonest := now.Add(expiryStep); at.Before(soonest) {
		at = soonest
	}
	if !b.checkAt.IsZero() {
		if !at.Before(b.checkAt) {
			return
		}
		b.uncheck()
	}
	b.checkAt = at
	b.uncheck = p.clock.after(at.Sub(now), p.check)
}

// check lets sessions expire.
func (p *Pool) check() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.book.checkAt = time.Time{}
	if p.phase == closed {
		return
	}
	for _, s := range p.book.open {
		p.age(s)
		if s.status != fc.SessionExpired {
			p.checkLater(s)
		}
	}
	p.settle()
}

// rest is for the end of the pool. The pool is locked.
func (p *Pool) rest() {
	if !p.book.checkAt.IsZero() {
		p.book.uncheck()
	}
}
