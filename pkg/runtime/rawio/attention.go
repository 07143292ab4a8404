package rawio

import (
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// attentive is how long something is looked for again and again before its waiter
// sleeps. A warm handler that does little has answered by then, on machines where
// waking a processor takes long, too; so has a caller who asks again at once.
const attentive = 200 * time.Microsecond

// maxSkips bounds after how many waits it is tried again whether looking pays.
const maxSkips = 64

// alone is how many requests must have come one after another until there is
// attention: of several callers who ask all the time, one is served alone now and
// then, and the functions of the others need the processors.
const alone = 32

// ErrNothing is what ReadSoon gives if nothing comes at once.
var ErrNothing = errors.New("nothing has come")

// SoonReader is a connection of which what comes at once can be had without
// sleeping.
type SoonReader interface {
	net.Conn
	// ReadSoon reads what has come, or comes while the attention lasts. The error is
	// ErrNothing if nothing did; others are Read's.
	ReadSoon(a *Attention, p []byte) (int, error)
}

// Attention is what a process gives to one connection at a time: it looks whether
// something has come until that is so, in place of sleeping until it is woken. To
// wake a sleeper takes longer than the way through this process where that means an
// interrupt to another processor, on virtual machines above all.
//
// It is given while requests come one after another, never longer than a moment, and
// whoever else wants the processor has it first (sched_yield(2)). nil gives none.
type Attention struct {
	serving atomic.Int32
	crowd   atomic.Int32 // how many must come alone until there is attention
	given   atomic.Bool
}

// Serve serves a listener until the server ends, as http.Server.Serve does. Its
// connections are as Conn gives them, and get attention between two requests of one
// that asks again at once.
func (a *Attention) Serve(server *http.Server, l net.Listener) error {
	server.ConnState, server.Handler = between, a.counted(server.Handler)
	return server.Serve(listener{l, a})
}

// counted is a handler whose requests are counted: several may share a connection
// (HTTP/2), and one may be answered before its connection has ended.
func (a *Attention) counted(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch now := a.serving.Add(1); {
		case now > 1:
			a.crowd.Store(alone)
		case a.crowd.Load() > 0:
			a.crowd.Add(-1)
		}
		defer a.serving.Add(-1)
		handler.ServeHTTP(w, r)
	})
}

// between tells a connection whether it is between two requests.
func between(nc net.Conn, state http.ConnState) {
	if c, ok := nc.(interface{ setBetween(bool) }); ok {
		c.setBetween(state == http.StateIdle)
	}
}

// Free reports whether there is attention to be had.
func (a *Attention) Free() bool {
	return a != nil && a.serving.Load() <= 1 && a.crowd.Load() <= 0 && !a.given.Load()
}

// look looks until there is something, and reports whether that was at once.
func (a *Attention) look(there func() bool) bool {
	if there() {
		return true
	}
	if !a.Free() || !a.given.CompareAndSwap(false, true) {
		return false
	}
	defer a.given.Store(false)
	for begin := time.Now(); a.serving.Load() <= 1 && time.Since(begin) < attentive; {
		yield()
		if there() {
			return true
		}
	}
	return false
}

// Payoff tells from how it went whether to look for something again: as long as it
// comes at once; else only now and then. The zero Payoff says yes.
type Payoff struct{ skip, missed int }

// Due reports whether to look this time.
func (p *Payoff) Due() bool {
	if p.skip == 0 {
		return true
	}
	p.skip--
	return false
}

// Note notes whether it came at once.
func (p *Payoff) Note(came bool) {
	if came {
		p.missed = 0
		return
	}
	p.missed = min(max(2*p.missed, 1), maxSkips)
	p.skip = p.missed
}
