package gateway

import "s/pkg/runtime/instance"

// Scaled tells that a function may or is to have another number of instances.
// What is asked of a function that is in use counts when it returns; instances
// are started and ended in the background.
func (g *Gateway) Scaled(region, function string) {
	k := key{region, function}
	g.mu.Lock()
	e := g.entries[k]
	switch {
	case g.closed:
		g.mu.Unlock()
	case e != nil && e.isReady():
		g.mu.Unlock()
		g.scaleEntry(e)
	default:
		g.wg.Go(func() { g.scaleLater(k, e) })
		g.mu.Unlock()
	}
}

// scaleLater is Scaled for a function that isn't in use yet, or not ready for it.
func (g *Gateway) scaleLater(k key, e *entry) {
	if e != nil {
		<-e.ready
		g.scaleEntry(e)
		return
	}
	if fn, err := g.cfg.Store.Function(k.region, k.function); err == nil {
		g.ahead(k, fn)
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
		e.pool.Scale(g.scale(key{e.fn.Region, e.fn.Function.FunctionName}))
	}
}

func (g *Gateway) scale(k key) instance.Scale {
	if g.cfg.Scale == nil {
		return instance.Scale{}
	}
	return g.cfg.Scale(k.region, k.function)
}

// Kept tells how many of the instances that a function is to have always there
// are, and why others aren't, if that is known.
func (g *Gateway) Kept(region, function string) (current int, problem string) {
	g.mu.RLock()
	e := g.entries[key{region, function}]
	g.mu.RUnlock()
	if e == nil || !e.isReady() {
		return 0, ""
	}
	if e.pool == nil {
		return 0, ""
	}
	return e.pool.Kept()
}
