package rapi

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"s/pkg/fc"
	"s/pkg/runtime/rawio"
)

// inline is the size up to which an event is copied behind the headers, so that
// both go out in one write; larger ones are written as they are.
const inline = 16 << 10

// conn is a client's connection. Its goroutine reads requests and answers posts;
// the answer to a next is written by whoever has the invocation, so that no
// goroutine has to wake another for it. Who has written one may read on, too, in
// the goroutine's place (attend.go).
type conn struct {
	srv *Server
	nc  net.Conn

	// Of whoever reads.
	br    *bufio.Reader
	req   request
	begun bool // the head of req has been read, to its end or to bad, and isn't answered
	bad   error
	over  bool             // nothing may be read any more
	soon  bool             // only what is there or comes at once is read
	look  *rawio.Attention // with which that is looked for; nil is what is there

	resume chan struct{} // gives the reading back to the goroutine

	// Guarded by the server's mutex.
	parked bool          // a next waits for its answer
	moved  chan struct{} // if not nil, closed when that changes
	left   bool          // nobody reads, until the next is answered
	long   bool          // has been so since reclaim looked last

	writing sync.Mutex
	wbuf    []byte // answers that haven't been written yet
}

func newConn(s *Server, nc net.Conn) *conn {
	c := &conn{srv: s, nc: nc, resume: make(chan struct{}, 1)}
	c.br = bufio.NewReader(source{c})
	return c
}

// serve reads requests until the connection ends.
func (c *conn) serve() {
	defer c.srv.leave(c)
	defer c.nc.Close()
	for {
		if c.leaveReading() && !c.takeBack() {
			return
		}
		if !c.serveOne() {
			return
		}
	}
}

// serveOne reads a request, or the rest of one, answers it, and reports whether the
// connection goes on.
func (c *conn) serveOne() bool {
	if !c.begun {
		c.bad = readRequest(c.br, &c.req)
	}
	c.begun = false
	err := c.bad
	var bad malformed
	if err != nil && !errors.As(err, &bad) {
		return false // the client hung up
	}
	if !c.waitTurn() {
		return false
	}
	if err != nil {
		_ = c.answer(&refusal{http.StatusBadRequest, fc.CodeInvalidArgument, string(bad)}, true)
		return false
	}
	return c.handle(&c.req)
}

// handle answers one request and reports whether the connection goes on.
func (c *conn) handle(req *request) bool {
	if req.refused == nil && req.event == askNext && req.length == 0 {
		if c.srv.next(c) {
			c.hold()
			return false
		}
		return true
	}
	if req.refused == nil && req.event == askFunction && req.length == 0 {
		refused := c.srv.function(c, req.id)
		return refused == nil || c.answer(refused, false) == nil
	}
	if req.expect && req.length != 0 {
		if err := c.write([]byte("HTTP/1.1 100 Continue\r\n\r\n"), true); err != nil {
			return false
		}
	}
	body, err := readBody(c.br, req.length, fc.MaxSyncBody)
	var large *TooLargeError
	if err != nil && !errors.As(err, &large) {
		var bad malformed
		if !errors.As(err, &bad) {
			bad = "body cut short or malformed"
		}
		_ = c.answer(&refusal{http.StatusBadRequest, fc.CodeInvalidArgument, string(bad)}, true)
		return false
	}
	refused := req.refused
	switch {
	case refused != nil:
	case req.event == askNext, req.event == askFunction:
		refused = &refusal{http.StatusBadRequest, fc.CodeInvalidArgument, req.event.String() + " has no body"}
	default:
		refused = c.srv.post(req, body, err)
	}
	return c.answer(refused, req.close) == nil && !req.close
}

// answer answers a request other than a successful next. Answers to requests
// that the client sent in one go leave together.
func (c *conn) answer(r *refusal, last bool) error {
	flush := last || c.br.Buffered() == 0
	if r == nil {
		if last {
			return c.write([]byte("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"), true)
		}
		return c.write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), flush)
	}
	body, err := json.Marshal(map[string]string{"errorCode": r.code, "errorMessage": r.message})
	if err != nil {
		return err
	}
	b := append([]byte("HTTP/1.1 "), strconv.Itoa(r.status)...)
	b = append(b, ' ')
	b = append(b, http.StatusText(r.status)...)
	b = append(b, "\r\nContent-Type: application/json\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(body)), 10)
	if last {
		b = append(b, "\r\nConnection: close"...)
	}
	b = append(b, "\r\n\r\n"...)
	return c.write(append(b, body...), flush)
}

func (c *conn) write(b []byte, flush bool) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.wbuf = append(c.wbuf, b...)
	if !flush {
		return nil
	}
	_, err := c.nc.Write(c.wbuf)
	c.wbuf = c.wbuf[:0]
	return err
}

// writeNext answers a next with an invocation. The caller holds writing.
func (c *conn) writeNext(inv *Invocation) error {
	c.wbuf = appendNext(c.wbuf, c.srv.cfg.Header, inv)
	defer func() { c.wbuf = c.wbuf[:0] }()
	if len(inv.Event) <= inline {
		c.wbuf = append(c.wbuf, inv.Event...)
		_, err := c.nc.Write(c.wbuf)
		return err
	}
	// The client may not read: the invocation's time bounds the wait for it.
	if err := c.nc.SetWriteDeadline(inv.Deadline); err != nil {
		return err
	}
	parts := net.Buffers{c.wbuf, inv.Event}
	if _, err := parts.WriteTo(c.nc); err != nil {
		return err
	}
	return c.nc.SetWriteDeadline(time.Time{})
}

// unpark notes that the next is answered, or never will be. The server is
// locked.
func (c *conn) unpark() {
	c.parked = false
	if c.moved != nil {
		close(c.moved)
		c.moved = nil
	}
}

// waitTurn waits while an earlier next on this connection has no answer: a
// client may send requests ahead, but answers keep their order. It reports
// false if the server ended first.
func (c *conn) waitTurn() bool {
	c.srv.mu.Lock()
	if !c.parked {
		c.srv.mu.Unlock()
		return true
	}
	moved := make(chan struct{})
	c.moved = moved
	c.srv.mu.Unlock()
	select {
	case <-moved:
		return true
	case <-c.srv.ended:
		return false
	}
}

// hold keeps the connection without ever answering, until the client or the
// server ends it.
func (c *conn) hold() {
	_ = c.write(nil, true)
	_, _ = io.Copy(io.Discard, c.br)
}
