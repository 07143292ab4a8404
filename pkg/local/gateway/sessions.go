package gateway

import (
	"context"
	"net/http"
	"slices"
	"sync"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/runtime/instance"
)

// SessionPool is a Pool that has sessions; the errors are *fc.APIError, or as
// Pool.Invoke's.
type SessionPool interface {
	// CreateSession begins a session, with the function's settings as changed.
	CreateSession(ctx context.Context, id string, change func(*instance.SessionSettings) error) (instance.Session, error)
	// Session finds one.
	Session(id string) (instance.Session, error)
	// Sessions lists all, the oldest first.
	Sessions() []instance.Session
	// UpdateSession changes the settings of one.
	UpdateSession(id string, change func(*instance.SessionSettings) error) (instance.Session, error)
	// DeleteSession ends one.
	DeleteSession(id string) error
	// PauseSession has one stand still.
	PauseSession(id string) (instance.Session, error)
	// ResumeSession has it go on.
	ResumeSession(id string) (instance.Session, error)
	// HasStream reports whether a session ends with a request that is under way.
	HasStream(id string) bool
	// Leave gives the sessions up, Adopt takes them over.
	Leave() []instance.Session
	// Adopt takes over what another pool's Leave gave.
	Adopt(all []instance.Session)
}

// heirs are the sessions of pools that were replaced, until the next one is there,
// and the pools that end but have streams yet. They are of a qualifier, whatever
// version it leads to: keys have none.
type heirs struct {
	mu       sync.Mutex
	sessions map[key][]instance.Session
	leaving  map[key][]*entry
}

// leave takes the sessions of a pool that is going to end; stays tells that it has
// to be asked for its streams until gone is called.
func (h *heirs) leave(k key, e *entry) (gone func()) {
	if !e.isReady() {
		return func() {}
	}
	p, ok := e.pool.(SessionPool)
	if !ok {
		return func() {}
	}
	all := p.Leave()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.sessions == nil {
		h.sessions, h.leaving = map[key][]instance.Session{}, map[key][]*entry{}
	}
	if len(all) > 0 {
		h.sessions[k] = append(h.sessions[k], all...)
	}
	h.leaving[k] = append(h.leaving[k], e)
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.leaving[k] = slices.DeleteFunc(h.leaving[k], func(o *entry) bool { return o == e })
		if len(h.leaving[k]) == 0 {
			delete(h.leaving, k)
		}
	}
}

// adopt gives a new pool the sessions of those before.
func (h *heirs) adopt(k key, e *entry) {
	h.mu.Lock()
	all := h.sessions[k]
	delete(h.sessions, k)
	h.mu.Unlock()
	if p, ok := e.pool.(SessionPool); ok && len(all) > 0 {
		p.Adopt(all)
	}
}

// forget drops the sessions of a function that was deleted.
func (h *heirs) forget(region, function string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for k := range h.sessions {
		if k.of(region, function) {
			delete(h.sessions, k)
		}
	}
}

// streaming gives the pool, of those that end, in which a session's stream is.
func (h *heirs) streaming(k key, call *instance.SessionCall) *entry {
	if call == nil || !call.Existing {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.leaving[k] {
		if e.pool.(SessionPool).HasStream(call.ID) {
			return e
		}
	}
	return nil
}

// WithSessions does something with the sessions of a function; again, if its pool
// is replaced meanwhile.
func (g *Gateway) WithSessions(ctx context.Context, t Target, do func(SessionPool) error) error {
	for try := 1; ; try++ {
		t.main = true
		e, err := g.entry(ctx, &t)
		if err != nil {
			return err
		}
		p, ok := e.pool.(SessionPool)
		if !ok {
			return reply.NotServed("sessions")
		}
		if a, err := e.fn.Function.Affinity(); a == nil || err != nil || a.Type == fc.AffinityMCPSSE || a.Type == fc.AffinityMCPStreamable {
			return reply.Invalid("function '" + t.Function + "' has no sessionAffinity " + fc.AffinityHeader + " or " + fc.AffinityCookie +
				", whose sessions can be managed")
		}
		if err = do(g.unite(e, p)); !g.cfg.Closed(err) {
			return err
		}
		if try == maxSuccessors || g.ctx.Err() != nil {
			return stopping()
		}
	}
}

// endSession ends the session of a request that was to end it, and did.
func (f affine) endSession(e *entry, result *instance.Result) {
	if f.ended == "" || result.ErrorType != "" || f.status != nil && *f.status >= http.StatusMultipleChoices {
		return
	}
	if p, ok := e.pool.(SessionPool); ok {
		_ = p.DeleteSession(f.ended) // or it has ended already
	}
}
