package rapi

import (
	"errors"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"s/pkg/fc"
	"s/pkg/runtime/rawio"
)

// ErrNotTaken is what a Call ends with if Close comes before a client took it.
var ErrNotTaken = errors.New("the runtime ended before it took the invocation")

// remembered is how many answered ids are known, to tell an id that is answered
// twice from one that never was.
const remembered = 64

// Config is what a Server needs to know.
type Config struct {
	// Concurrency is how many invocations may be out at once; 0 is 1.
	Concurrency int
	// Header are lines that every answer to next has, as AppendHeader makes them.
	Header []byte
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Secret, if not empty, makes the server that of a spare: a runtime that was
	// started without function and asks for one by it. Only Assign goes on from
	// there, and gives Concurrency and Header.
	Secret string
}

// Server is the Runtime API of one instance, on a port of its own of the
// loopback interface.
type Server struct {
	cfg   Config
	ln    net.Listener
	ready chan struct{}
	asked chan struct{} // closed when a spare has asked for a function
	ended chan struct{}
	wg    sync.WaitGroup

	attention atomic.Pointer[rawio.Attention]

	mu        sync.Mutex
	phase     phase
	conns     map[*conn]struct{}
	parked    []*conn // whose next isn't answered yet, oldest first
	queue     []*Call // that nobody took yet, oldest first
	out       int     // how many a client works on
	calls     map[string]*Call
	answered  [remembered]string // a ring
	answers   int
	initError []byte
	spare     *conn        // that waits for Assign
	payoff    rawio.Payoff // of looking for results
	reclaims  *time.Timer  // if not nil, the reading of a connection was left
}

// Listen starts a server.
func Listen(cfg Config) (*Server, error) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	if cfg.Concurrency <= 0 {
		cfg.Concurrency = 1
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Server{
		cfg: cfg, ln: rawio.Listener(ln),
		ready: make(chan struct{}), asked: make(chan struct{}), ended: make(chan struct{}),
		conns: map[*conn]struct{}{}, calls: map[string]*Call{}, phase: starting,
	}
	if cfg.Secret != "" {
		s.phase = spare
	}
	s.wg.Go(s.accept)
	return s, nil
}

// Addr is the value for FC_RUNTIME_API: an IPv4 address and port.
func (s *Server) Addr() string { return s.ln.Addr().String() }

// Ready is closed when the runtime has asked for work, or has reported that it
// can't start.
func (s *Server) Ready() <-chan struct{} { return s.ready }

// InitError is the document that the runtime posted to init/error; nil if it
// didn't.
func (s *Server) InitError() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.initError
}

// Start gives an invocation to the runtime, now or as soon as it asks and fewer
// than Concurrency are out. The id must not be in use; the invocation must not
// change any more. With Attend, the call may have ended when Start returns. The
// error is ErrNotTaken if the runtime has ended or can't start.
func (s *Server) Start(inv *Invocation) (*Call, error) {
	call := &Call{inv: inv, done: make(chan struct{})}
	s.mu.Lock()
	if s.phase == closed || s.phase == failed {
		s.mu.Unlock()
		return nil, ErrNotTaken
	}
	if s.calls[inv.RequestID] != nil {
		s.mu.Unlock()
		return nil, errors.New("request id in use: " + inv.RequestID)
	}
	s.calls[inv.RequestID] = call
	s.queue = append(s.queue, call)
	next := s.match()
	s.mu.Unlock()
	s.send(next, call)
	return call, nil
}

// Cancel takes back an invocation that no client has taken; it reports whether
// that was so.
func (s *Server) Cancel(call *Call) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.queue, call)
	if i < 0 {
		return false
	}
	s.queue = slices.Delete(s.queue, i, i+1)
	s.end(call, Reply{}, ErrNotTaken)
	return true
}

// Close ends the server when the runtime has ended. Invocations that a client
// had taken end with err, the others with ErrNotTaken.
func (s *Server) Close(err error) {
	s.mu.Lock()
	if s.phase == closed {
		s.mu.Unlock()
		return
	}
	s.phase = closed
	if s.reclaims != nil {
		s.reclaims.Stop()
	}
	close(s.ended)
	s.queue = nil
	for _, call := range s.calls {
		if call.state == queued {
			s.end(call, Reply{}, ErrNotTaken)
		} else {
			s.end(call, Reply{}, err)
		}
	}
	conns := s.conns
	s.conns = nil
	s.mu.Unlock()
	_ = s.ln.Close()
	for c := range conns {
		_ = c.nc.Close()
	}
	s.wg.Wait()
}

// handout is an invocation and the client that gets it. Whoever makes it reads on
// if the reading of the connection was left.
type handout struct {
	call *Call // nil if there is none
	to   *conn
	lent bool
}

// match pairs the oldest waiting invocation with a client that asked for work,
// if there are both and one more may be out. The client's connection is locked
// for writing; send does the rest. The server is locked.
func (s *Server) match() handout {
	if len(s.queue) == 0 || len(s.parked) == 0 || s.out >= s.cfg.Concurrency {
		return handout{}
	}
	call, c := s.queue[0], s.parked[0]
	s.queue, s.parked = shift(s.queue), shift(s.parked)
	s.out++
	call.state, call.handed = handed, s.cfg.Now()
	c.unpark()
	h := handout{call, c, c.left}
	c.left = false
	c.writing.Lock()
	return h
}

// shift removes the first element, keeping the array.
func shift[T any](q []T) []T {
	return slices.Delete(q, 0, 1)
}

// send writes an invocation to the client that match chose. If that can't be
// done, another client gets it. If it is the caller's own, what comes at once is
// read.
func (s *Server) send(h handout, own *Call) {
	for h.call != nil {
		c := h.to
		err := net.ErrClosed
		if !h.lent || !c.gone() {
			err = c.writeNext(h.call.inv)
		}
		c.writing.Unlock()
		if err != nil {
			_ = c.nc.Close()
		}
		if h.lent {
			c.goOn(h.call, err == nil && h.call == own)
		}
		if err == nil {
			return
		}
		s.mu.Lock()
		if h.call.state != handed {
			s.mu.Unlock()
			return
		}
		h.call.state, h.call.handed = queued, time.Time{}
		s.out--
		s.queue = slices.Insert(s.queue, 0, h.call)
		h = s.match()
		s.mu.Unlock()
	}
}

// end finishes a call and forgets it. The server is locked.
func (s *Server) end(call *Call, reply Reply, err error) {
	if call.state == handed {
		s.out--
		call.arrived = s.cfg.Now()
	}
	call.state, call.reply, call.err = ended, reply, err
	delete(s.calls, call.inv.RequestID)
	s.answered[s.answers%remembered] = call.inv.RequestID
	s.answers++
	close(call.done)
}

// next notes that a client wants work. hold means that it never gets any.
func (s *Server) next(c *conn) (hold bool) {
	s.mu.Lock()
	v := rules[s.phase][askNext]
	if !v.allow {
		s.mu.Unlock()
		return true
	}
	if s.phase == starting {
		close(s.ready)
	}
	s.phase = v.next
	c.parked = true
	s.parked = append(s.parked, c)
	h := s.match()
	s.mu.Unlock()
	s.send(h, nil)
	return false
}

// post takes what a client posted; the answer is nil for 200.
func (s *Server) post(req *request, body []byte, bodyErr error) *refusal {
	s.mu.Lock()
	v := rules[s.phase][req.event]
	if !v.allow {
		defer s.mu.Unlock()
		return refuse(req.event, s.phase)
	}
	if req.event == postInitError {
		defer s.mu.Unlock()
		s.phase, s.initError = v.next, append([]byte{}, body...)
		close(s.ready)
		return nil
	}
	call := s.calls[req.id]
	if call == nil || call.state != handed {
		defer s.mu.Unlock()
		if slices.Contains(s.answered[:], req.id) {
			return answeredTwice(req.id)
		}
		return unknownRequest(req.id)
	}
	reply := Reply{Body: body, Failed: req.event == postError, HTTPParams: req.httpParams, ErrorType: req.errorType}
	s.phase = v.next
	s.end(call, reply, bodyErr)
	next := s.match()
	s.mu.Unlock()
	s.send(next, nil)
	if bodyErr != nil {
		return &refusal{413, fc.CodeEntityTooLarge, bodyErr.Error()}
	}
	return nil
}

func (s *Server) accept() {
	for {
		nc, err := s.ln.Accept()
		if err != nil {
			select {
			case <-s.ended:
				return
			case <-time.After(10 * time.Millisecond): // out of descriptors, for example
				continue
			}
		}
		c := newConn(s, nc)
		s.mu.Lock()
		if s.phase == closed {
			s.mu.Unlock()
			_ = nc.Close()
			return
		}
		s.conns[c] = struct{}{}
		s.mu.Unlock()
		s.wg.Go(c.serve)
	}
}

// leave forgets a connection.
func (s *Server) leave(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	if s.spare == c {
		s.spare = nil
	}
	if c.parked {
		c.unpark()
		s.parked = slices.DeleteFunc(s.parked, func(o *conn) bool { return o == c })
	}
}
