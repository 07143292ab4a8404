package gateway

import (
	"sync/atomic"

	"s/pkg/local/store"
	"s/pkg/runtime/instance"
)

// Scaled tells that a function may or is to have another number of instances at a
// qualifier. What is asked of a function that is in use counts when it returns;
// instances are started and ended in the background.
func (g *Gateway) Scaled(region, function, qualifier string) {
	r, err := g.cfg.Store.Resolve(region, function, qualifier, nil)
	entries := g.entriesOf(region, function)
	entered := false
	for _, e := range entries {
		entered = entered || err == nil && keyOf(e.Resolved) == keyOf(r)
		if e.isReady() {
			g.scaleEntry(e)
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return
	}
	for _, e := range entries {
		g.wg.Go(func() {
			<-e.ready
			g.scaleEntry(e)
		})
	}
	if err == nil && !entered {
		g.wg.Go(func() { g.ahead(r) })
	}
}

// isReady reports whether what an entry needs is there.
func (e *entry) isReady() bool {
	select {
	case <-e.ready:
		return true
	default:
		return false
	}
}

// scaleEntry hands the pool of a ready entry what is configured now.
func (g *Gateway) scaleEntry(e *entry) {
	e.scaling.Lock() // the last one to be handed over is the newest
	defer e.scaling.Unlock()
	if e.pool != nil {
		e.pool.Scale(g.scale(keyOf(e.Resolved)))
	}
}

// counter counts the invocations of a function in all of its pools: its reserved
// concurrency is of them together.
func (g *Gateway) counter(region, function string) *atomic.Int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	k := store.FunctionKey{Region: region, Function: function}
	if g.underWay[k] == nil {
		g.underWay[k] = new(atomic.Int64)
	}
	return g.underWay[k]
}

// scale is what is configured for a pool. Of an alias, the instances of its main
// version are those that are to be there always.
func (g *Gateway) scale(k key) instance.Scale {
	if g.cfg.Scale == nil {
		return instance.Scale{}
	}
	s := g.cfg.Scale(k.region, k.function, k.qualifier)
	if s.Min == 0 || store.IsLatest(k.qualifier) {
		return s
	}
	if main, err := g.cfg.Store.Resolve(k.region, k.function, k.qualifier, nil); err != nil || main.VersionID != k.version {
		s.Min = 0
	}
	return s
}

// Kept tells how many of the instances that a function is to have always at a
// qualifier there are, and why others aren't, if that is known.
func (g *Gateway) Kept(region, function, qualifier string) (current int, problem string) {
	r, err := g.cfg.Store.Resolve(region, function, qualifier, nil)
	if err != nil {
		return 0, ""
	}
	g.mu.RLock()
	e := g.entries[keyOf(r)]
	g.mu.RUnlock()
	if e == nil || !e.isReady() || e.pool == nil {
		return 0, ""
	}
	return e.pool.Kept()
}
