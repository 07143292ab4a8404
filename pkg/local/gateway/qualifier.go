package gateway

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"s/pkg/local/store"
	"s/pkg/runtime/instance"
)

// errMoved says that a qualifier leads elsewhere by now.
var errMoved = errors.New("the function is being changed")

// entry gives the pool of what a target leads to now, and pins the target to it. A
// revision that was replaced while it was being looked at may have lost its code to
// that: then the next one is taken.
func (g *Gateway) entry(ctx context.Context, t *Target) (*entry, error) {
	for {
		r, err := g.pin(t)
		if err != nil {
			return nil, err
		}
		e, err := g.entryOf(ctx, r)
		if err == nil {
			return e, nil
		}
		if ctx.Err() != nil || !errors.Is(err, errMoved) && g.cfg.Store.Leads(r) {
			return nil, err
		}
		t.pinned = false
	}
}

// pin gives what a target leads to now. An alias chooses once: from then on the
// target leads to the version that it chose.
func (g *Gateway) pin(t *Target) (store.Resolved, error) {
	if t.pinned && t.version != "" {
		r, err := g.cfg.Store.Resolve(t.Region, t.Function, t.version, nil)
		r.Qualifier = t.Qualifier
		return r, err
	}
	by := &store.Choice{Random: g.cfg.Random, Header: t.header}
	if t.main {
		by = nil
	}
	r, err := g.cfg.Store.Resolve(t.Region, t.Function, t.Qualifier, by)
	if err != nil {
		return r, err
	}
	t.pinned, t.version, t.Qualifier = true, r.VersionID, r.Qualifier
	return r, nil
}

// Moved tells that the versions or the aliases of an owner (store.Owner) changed:
// instances that nothing leads to any more finish what they do and end.
func (g *Gateway) Moved(region, owner string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for k, e := range g.entries {
		if k.region == region && store.Owner(k.function) == owner && !g.cfg.Store.Leads(e.Resolved) {
			delete(g.entries, k)
			g.retire(e)
		}
	}
	if g.cfg.Images != nil {
		g.wg.Go(g.cfg.Images.Collect)
	}
}

// Instances lists the running instances of a function, those of LATEST first.
func (g *Gateway) Instances(region, function string) []instance.Info {
	var all []instance.Info
	for _, e := range g.entriesOf(region, function) {
		if e.isReady() && e.pool != nil {
			all = append(all, e.pool.Instances()...)
		}
	}
	return all
}

// entriesOf lists the pools of a function: that of LATEST, then by version and by
// qualifier.
func (g *Gateway) entriesOf(region, function string) []*entry {
	g.mu.RLock()
	defer g.mu.RUnlock()
	var own []*entry
	for k, e := range g.entries {
		if k.of(region, function) {
			own = append(own, e)
		}
	}
	slices.SortFunc(own, func(a, b *entry) int {
		return cmp.Or(cmp.Compare(len(a.VersionID), len(b.VersionID)), cmp.Compare(a.VersionID, b.VersionID), cmp.Compare(a.Qualifier, b.Qualifier))
	})
	return own
}
