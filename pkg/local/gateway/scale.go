package gateway

import "s/pkg/runtime/instance"

// Scaled tells that a function may or is to have another number of instances.
func (g *Gateway) Scaled(region, function string) {
	k := key{region, function}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return
	}
	g.wg.Go(func() {
		g.mu.RLock()
		e := g.entries[k]
		g.mu.RUnlock()
		if e != nil {
			<-e.ready
			g.scaleEntry(e)
			return
		}
		if fn, err := g.cfg.Store.Function(region, function); err == nil {
			g.ahead(k, fn)
		}
	})
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
	if e == nil {
		return 0, ""
	}
	select {
	case <-e.ready:
	default:
		return 0, ""
	}
	if e.pool == nil {
		return 0, ""
	}
	return e.pool.Kept()
}
