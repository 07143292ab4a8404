package rapi

import (
	"bytes"
	"errors"
	"time"

	"s/pkg/runtime/rawio"
)

// Most handlers answer at once. Then the way of an invocation is shortest if one
// goroutine goes all of it: it hands the invocation out, looks for the result, and
// takes it to the caller. To wake the connection's goroutine and be woken by it takes
// longer than all else, since each may wake a processor.
//
// So the goroutine of a connection whose next waits for its answer leaves the
// reading, and sleeps. Start hands out an invocation, reads what comes at once, and
// leaves the reading again if another next is the last of it; else it gives it back.
// While it is left, a client that hangs up is noticed by who wants to hand it
// something, and by reclaim.

// maxAttended is how many requests are read in place of a connection's goroutine at
// once: a result and the next next, and some to spare.
const maxAttended = 4

// maxPieces is in how many pieces a request may come that is read so: one that
// trickles in mustn't keep a caller from seeing that its time is over.
const maxPieces = 8

// reclaimAfter is about how long the reading of a connection stays left if nothing
// is handed out.
const reclaimAfter = 100 * time.Millisecond

// source is what a connection's reader reads from.
type source struct{ c *conn }

// Read reads from the connection.
func (s source) Read(p []byte) (int, error) {
	if s.c.soon {
		return s.c.nc.(rawio.SoonReader).ReadSoon(s.c.look, p)
	}
	return s.c.nc.Read(p)
}

// Attend lets Start look for results that come at once.
func (s *Server) Attend(a *rawio.Attention) { s.attention.Store(a) }

// leaveReading leaves the reading to whoever answers the next that waits; it reports
// false if the goroutine has to read itself.
func (c *conn) leaveReading() bool {
	s := c.srv
	if _, ok := c.nc.(rawio.SoonReader); !ok || c.begun || c.br.Buffered() > 0 || !s.attention.Load().Free() {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.parked && s.phase == running && s.payoff.Due() {
		s.noteLeft(c)
	}
	return c.left
}

// noteLeft notes that nobody reads from a connection. The server is locked.
func (s *Server) noteLeft(c *conn) {
	c.left, c.long = true, false
	if s.reclaims == nil {
		s.reclaims = time.AfterFunc(reclaimAfter, s.reclaim)
	}
}

// reclaim gives connections whose reading was left for long back to their
// goroutines.
func (s *Server) reclaim() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reclaims = nil
	if s.phase == closed {
		return
	}
	for c := range s.conns {
		switch {
		case !c.left:
		case c.long:
			c.left = false
			c.resume <- struct{}{}
		default:
			c.long = true
			if s.reclaims == nil {
				s.reclaims = time.AfterFunc(reclaimAfter, s.reclaim)
			}
		}
	}
}

// takeBack waits until there is something to read for the goroutine; false says that
// there never is.
func (c *conn) takeBack() bool {
	select {
	case <-c.resume:
		return !c.over
	case <-c.srv.ended:
		return false
	}
}

// gone reports whether the client of a connection whose reading was left has hung up,
// which nobody else has noticed.
func (c *conn) gone() bool {
	c.soon = true
	defer func() { c.soon = false }()
	_, err := c.br.Peek(1)
	return err != nil && !errors.Is(err, rawio.ErrNothing)
}

// goOn ends the leaving of the reading of a connection, which match has lent: what
// comes at once is read, if that is wanted; all else is for the goroutine.
func (c *conn) goOn(call *Call, attend bool) {
	if !attend || !c.attend(call) {
		c.resume <- struct{}{}
	}
}

// attend reads what the client sends that was given a call, as long as it comes at
// once, and reports whether the reading has been left again.
func (c *conn) attend(call *Call) bool {
	c.soon, c.look = true, c.srv.attention.Load()
	brought := false
	for range maxAttended {
		before := call.isDone()
		more := c.attendOne(call)
		brought = brought || !before && call.isDone()
		if !more {
			break
		}
	}
	c.soon, c.look = false, nil
	s := c.srv
	s.mu.Lock()
	defer s.mu.Unlock()
	s.payoff.Note(brought)
	if brought && c.parked && c.br.Buffered() == 0 {
		s.noteLeft(c)
	}
	return c.left
}

// attendOne answers a request, once all of it has come, and reports whether more is
// to be looked for.
func (c *conn) attendOne(call *Call) bool {
	for pieces := 0; !c.whole(); pieces++ {
		if c.bad != nil || call.isDone() || pieces == maxPieces {
			return false // the goroutine says so; or what follows may take its time
		}
		if _, err := c.br.Peek(c.br.Buffered() + 1); err != nil {
			return false // nothing, too much, or the end: the goroutine sees it again
		}
	}
	c.begun = false
	if c.over = !c.handle(&c.req); c.over {
		return false
	}
	c.srv.mu.Lock()
	defer c.srv.mu.Unlock()
	return !c.parked
}

// whole reads the head of a request if all of it is there, and reports whether the
// body is, too.
func (c *conn) whole() bool {
	if !c.begun {
		head, _ := c.br.Peek(c.br.Buffered())
		if len(head) == 0 || head[0] <= ' ' || !bytes.Contains(head, []byte("\r\n\r\n")) {
			return false
		}
		c.begun, c.bad = true, readRequest(c.br, &c.req)
	}
	return c.bad == nil && c.req.length >= 0 && c.req.length <= int64(c.br.Buffered())
}
