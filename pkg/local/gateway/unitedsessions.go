package gateway

import (
	"cmp"
	"context"
	"slices"

	"s/pkg/runtime/instance"
)

// united are the sessions of an alias that leads to several versions: each is where
// its instance is. What isn't there yet begins with the main version.
type united struct {
	SessionPool // of the main version
	others      []SessionPool
}

// unite gives the sessions of all pools of a qualifier; e is that of the main version.
func (g *Gateway) unite(e *entry, main SessionPool) SessionPool {
	u := united{SessionPool: main}
	for _, other := range g.entriesOf(e.fn.Region, e.fn.Function.FunctionName) {
		if other == e || other.Qualifier != e.Qualifier || !other.isReady() {
			continue
		}
		if p, ok := other.pool.(SessionPool); ok {
			u.others = append(u.others, p)
		}
	}
	if len(u.others) == 0 {
		return main
	}
	return u
}

// of is the pool that has a session.
func (u united) of(id string) SessionPool {
	for _, p := range u.others {
		if _, err := p.Session(id); err == nil {
			return p
		}
	}
	return u.SessionPool
}

// CreateSession begins a session, unless one of its id is in any of the pools.
func (u united) CreateSession(ctx context.Context, id string, change func(*instance.SessionSettings) error) (instance.Session, error) {
	return u.of(id).CreateSession(ctx, id, change)
}

// Session finds one.
func (u united) Session(id string) (instance.Session, error) { return u.of(id).Session(id) }

// Sessions lists all, the oldest first.
func (u united) Sessions() []instance.Session {
	all := u.SessionPool.Sessions()
	for _, p := range u.others {
		all = append(all, p.Sessions()...)
	}
	slices.SortFunc(all, func(a, b instance.Session) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return all
}

// UpdateSession changes the settings of one.
func (u united) UpdateSession(id string, change func(*instance.SessionSettings) error) (instance.Session, error) {
	return u.of(id).UpdateSession(id, change)
}

// DeleteSession ends one.
func (u united) DeleteSession(id string) error { return u.of(id).DeleteSession(id) }

// PauseSession has one stand still.
func (u united) PauseSession(id string) (instance.Session, error) { return u.of(id).PauseSession(id) }

// ResumeSession has it go on.
func (u united) ResumeSession(id string) (instance.Session, error) { return u.of(id).ResumeSession(id) }
