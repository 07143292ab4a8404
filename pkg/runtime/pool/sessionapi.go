package pool

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"s/pkg/fc"
	"s/pkg/runtime/instance"
)

// Codes of what concerns a session. FC's reference of errors doesn't have them; they
// are made after those of other resources.
const (
	codeSessionNotFound      = "SessionNotFound"
	codeSessionAlreadyExists = "SessionAlreadyExists"
)

// CreateSession begins a session, on an instance that is started for it unless one
// has room. change sets what differs from the function's own settings. The error is
// as Invoke's, or the *instance.InitError of a runtime that couldn't start.
func (p *Pool) CreateSession(ctx context.Context, id string, change func(*instance.SessionSettings) error) (instance.Session, error) {
	s, err := p.create(ctx, id, change)
	if err != nil {
		return instance.Session{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return s.info(), nil
}

func (p *Pool) create(ctx context.Context, id string, change func(*instance.SessionSettings) error) (*session, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	p.mu.Lock()
	held, err := p.mayCreate(id, change)
	if err != nil {
		p.mu.Unlock()
		return nil, err
	}
	held.users++
	s, err := p.place(ctx, held) // unlocks
	if err != nil {
		p.part(held)
		return nil, err
	}
	p.release(s, held)
	return held, nil
}

// mayCreate makes the session, if there can be one. The pool is locked.
func (p *Pool) mayCreate(id string, change func(*instance.SessionSettings) error) (*session, error) {
	if p.phase != open {
		return nil, ErrClosed
	}
	if p.affinity == nil {
		return nil, p.noSessions()
	}
	if old := p.current(id); old != nil && old.status != fc.SessionExpired {
		return nil, refused(http.StatusConflict, codeSessionAlreadyExists, "session '%s' already exists", id)
	} else if old != nil && old.DisableReuse {
		return nil, refused(http.StatusBadRequest, fc.CodeInvalidArgument, "session '%s' has expired, and its ID can't be used again", id)
	}
	settings := p.settings()
	if err := change(&settings); err != nil {
		return nil, err
	}
	return p.begin(id, settings), nil
}

func (p *Pool) noSessions() error {
	return refused(http.StatusBadRequest, fc.CodeInvalidArgument, "function '%s' has no sessionAffinity", p.cfg.Function.FunctionName)
}

// Session gives the session of that id. The error is an *fc.APIError.
func (p *Pool) Session(id string) (instance.Session, error) {
	return p.withSession(id, func(*session) error { return nil })
}

// withSession does something with a session and gives what it is then.
func (p *Pool) withSession(id string, do func(*session) error) (instance.Session, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.phase != open {
		return instance.Session{}, ErrClosed
	}
	s := p.current(id)
	if s == nil {
		return instance.Session{}, refused(http.StatusNotFound, codeSessionNotFound, "session '%s' does not exist", id)
	}
	if err := do(s); err != nil {
		return instance.Session{}, err
	}
	return s.info(), nil
}

// Sessions gives all sessions, also those that have expired lately, by age.
func (p *Pool) Sessions() []instance.Session {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]instance.Session, 0, len(p.book.open))
	for id := range p.book.open {
		if s := p.current(id); s != nil {
			out = append(out, s.info())
		}
	}
	slices.SortFunc(out, func(a, b instance.Session) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// UpdateSession changes the settings of a session that hasn't expired.
func (p *Pool) UpdateSession(id string, change func(*instance.SessionSettings) error) (instance.Session, error) {
	return p.withSession(id, func(s *session) error {
		if s.status == fc.SessionExpired {
			return expired(id)
		}
		next := s.SessionSettings
		if err := change(&next); err != nil {
			return err
		}
		s.SessionSettings, s.modified = next, p.clock.now()
		p.age(s)
		p.checkLater(s)
		return nil
	})
}

func expired(id string) error {
	return refused(http.StatusPreconditionFailed, fc.CodePreconditionFailed, "session '%s' has expired", id)
}

// DeleteSession ends a session and forgets it: its id may be used again. An
// instance that belongs to it alone is killed, whatever runs there; on one that it
// shares, requests under way go on.
func (p *Pool) DeleteSession(id string) error {
	_, err := p.withSession(id, func(s *session) error {
		p.forget(id)
		at := s.at()
		p.finish(s, "")
		if at != nil && at.last && !at.ending {
			at.ending = true
			p.wg.Go(at.member.Kill)
		}
		return nil
	})
	return err
}

// PauseSession stops the processes of a session's own instance until the session is
// resumed. It takes no requests meanwhile and isn't ended for being idle.
func (p *Pool) PauseSession(id string) (instance.Session, error) {
	return p.withSession(id, func(s *session) error {
		switch {
		case s.status == fc.SessionExpired:
			return expired(id)
		case s.users > 0:
			return refused(http.StatusPreconditionFailed, fc.CodePreconditionFailed, "session '%s' has %d requests under way", id, s.users)
		case s.status == fc.SessionActive:
			p.pause(s)
		}
		return nil
	})
}

// pause is PauseSession for a session without requests. The pool is locked.
func (p *Pool) pause(s *session) {
	s.status, s.modified = fc.SessionPaused, p.clock.now()
	if at := s.at(); at != nil && p.phase != closed {
		at.still = true
		p.wg.Go(func() { at.member.Freeze(p.ctx) })
	}
	p.checkLater(s)
}

// ResumeSession makes a paused session take requests again; the first one continues
// its processes.
func (p *Pool) ResumeSession(id string) (instance.Session, error) {
	return p.withSession(id, func(s *session) error {
		switch s.status {
		case fc.SessionExpired:
			return expired(id)
		case fc.SessionPaused:
			now := p.clock.now()
			s.status, s.modified, s.used = fc.SessionActive, now, now
			p.checkLater(s)
		}
		return nil
	})
}

// HasStream reports whether the session of that id is one that ends with a request
// which is under way here.
func (p *Pool) HasStream(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.streams(&instance.SessionCall{ID: id, Existing: true})
}

// streams reports whether a call belongs to a session that ends with another one,
// which goes on though the pool takes nothing new. The pool is locked.
func (p *Pool) streams(call *instance.SessionCall) bool {
	if call == nil || !call.Existing || p.phase == closed {
		return false
	}
	s := p.book.open[call.ID]
	return s != nil && s.stream && s.users > 0
}

// Leave gives the sessions up, for a pool that takes the place of this one. Those
// that end with a request stay with it.
func (p *Pool) Leave() []instance.Session {
	out := p.Sessions()
	p.mu.Lock()
	defer p.mu.Unlock()
	out = slices.DeleteFunc(out, func(s instance.Session) bool {
		known := p.book.open[s.ID]
		return known == nil || known.stream
	})
	for _, s := range out {
		p.forget(s.ID)
	}
	return out
}

// Adopt takes over what another pool's Leave gave, as far as the function still has
// sessions of that kind. They get instances with their next requests.
func (p *Pool) Adopt(all []instance.Session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range all {
		if p.affinity == nil || a.Affinity != p.affinity.Type || p.book.open[a.ID] != nil || p.phase != open {
			continue
		}
		s := p.begin(a.ID, a.SessionSettings)
		s.status, s.created, s.modified, s.bound = a.Status, a.Created, a.Modified, true
		if s.status == fc.SessionExpired {
			p.book.expired = append(p.book.expired, s)
			continue
		}
		p.checkLater(s)
	}
}
