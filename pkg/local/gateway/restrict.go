package gateway

import (
	"net/http"
	"sync"

	"s/pkg/fc"
	"s/pkg/runtime/instance"
)

// disabled is why a function may not be called; nil if it may be.
func (g *Gateway) disabled(region, function string) error {
	if g.cfg.Restriction == nil {
		return nil
	}
	r := g.cfg.Restriction(region, function)
	if r == nil {
		return nil
	}
	message := "invocations of function '" + function + "' are disabled"
	if r.Reason != "" {
		message += ": " + r.Reason
	}
	return &fc.APIError{Status: http.StatusForbidden, Code: fc.CodeInvocationDisabled, Message: message}
}

// broken is the answer to an invocation that ended because its function was
// disabled; nil if that isn't why, or if the caller has its answer.
func (g *Gateway) broken(e *entry, result *instance.Result, err error) error {
	if !e.aborted.Load() || err == nil && (result.ErrorType == "" || result.Written) {
		return nil
	}
	return g.disabled(e.fn.Region, e.fn.Function.FunctionName)
}

// Restricted tells that a function may not be called any more, or that it may be
// again. When it returns, a function that was disabled has no instance that takes
// an invocation; with abort those that run are ended, else they finish.
func (g *Gateway) Restricted(region, function string, abort bool) {
	if g.disabled(region, function) == nil {
		g.Scaled(region, function, fc.LatestQualifier) // instances that are to be there always come back
		return
	}
	var entries []*entry
	g.mu.Lock()
	for k, e := range g.entries {
		if !k.of(region, function) {
			continue
		}
		entries = append(entries, e)
		delete(g.entries, k)
		if !abort {
			g.retire(e)
		}
	}
	g.mu.Unlock()
	if !abort {
		return
	}
	var closing sync.WaitGroup
	for _, e := range entries {
		closing.Go(func() {
			e.aborted.Store(true)
			e.close(func(p Pool) { p.Close() })
		})
	}
	closing.Wait()
}
