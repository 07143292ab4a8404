package httpconn

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// together is the size up to which a body goes out in one write with the
// header, and can be sent again if a kept connection turns out to be dead.
const together = 64 << 10

// Request is what to ask. Names and values are written as they are, less what
// would end their line.
type Request struct {
	Method string
	Target string // path and query: /invoke
	Host   string
	// Header is written without Content-Length, Transfer-Encoding and Host.
	Header http.Header
	// Lines are further lines of the header, each with its end.
	Lines []byte
	// Body is Length bytes long, or of unknown length if that is -1. Small
	// ones are better given as Data.
	Body    io.Reader
	Length  int64
	Data    []byte
	Trailer http.Header // sent after a body of unknown length, once it is read
	// Deadline is when the exchange, its bodies included, must be over; zero is
	// never.
	Deadline time.Time
}

// Do sends a request and reads the head of its answer. A kept connection that
// the server has closed meanwhile is replaced by a new one.
func (c *Client) Do(ctx context.Context, req *Request) (*Response, error) {
	if err := req.absorb(); err != nil {
		return nil, err
	}
	for fresh := false; ; fresh = true {
		k, err := c.get(ctx, req.Deadline, fresh)
		if err != nil {
			return nil, err
		}
		resp, err := k.exchange(ctx, req)
		if err == nil {
			return resp, nil
		}
		k.discard()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !k.reused || !req.again(err) {
			return nil, err
		}
	}
}

// absorb reads a small body of known length, so that it goes out with the
// header.
func (r *Request) absorb() error {
	if r.Body == nil || r.Length < 0 || r.Length > together {
		return nil
	}
	data := make([]byte, r.Length)
	if _, err := io.ReadFull(r.Body, data); err != nil {
		return &BodyError{err}
	}
	r.Body, r.Data = nil, data
	return nil
}

// BodyError is a request's own body that can't be read.
type BodyError struct{ Err error }

// Error is the cause.
func (e *BodyError) Error() string { return "reading the body of the request: " + e.Err.Error() }

// Unwrap gives the cause.
func (e *BodyError) Unwrap() error { return e.Err }

// again reports whether a request that failed on a kept connection, before any
// byte of an answer, may be sent once more. A reset means that the server had
// closed it before the request came; a plain end doesn't say, so then only what
// changes nothing is repeated.
func (r *Request) again(err error) bool {
	if r.Body != nil {
		return false
	}
	if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return true
	}
	safe := r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions
	return safe && errors.Is(err, io.EOF)
}

// exchange sends a request over a connection and reads the head of the answer.
func (k *conn) exchange(ctx context.Context, req *Request) (*Response, error) {
	stop, err := k.limit(ctx, req.Deadline)
	if err != nil {
		return nil, err
	}
	sending, err := k.send(req)
	if err != nil {
		stop()
		return nil, err
	}
	k.asked = true
	resp, err := readResponse(k.br, req.Method)
	if err != nil {
		stop()
		return nil, err
	}
	resp.conn, resp.sending = k, sending
	resp.release = func() {
		if !stop() {
			resp.last = true // the context ended: the deadline is in the past
		}
	}
	if resp.body == nil {
		_ = resp.finish(nil)
	}
	return resp, nil
}

// send writes the request. A body that isn't small is written by a goroutine of
// its own, because the server may answer before it has read it all; the channel
// then tells how that went.
func (k *conn) send(req *Request) (<-chan error, error) {
	k.wbuf = req.appendHead(k.wbuf[:0])
	if req.Body == nil {
		if len(req.Data) > together {
			parts := net.Buffers{k.wbuf, req.Data}
			_, err := parts.WriteTo(k.nc)
			return nil, err
		}
		k.wbuf = append(k.wbuf, req.Data...)
		_, err := k.nc.Write(k.wbuf)
		return nil, err
	}
	if _, err := k.nc.Write(k.wbuf); err != nil {
		return nil, err
	}
	sending := make(chan error, 1)
	go func() {
		err := k.sendBody(req)
		sending <- err
		var body *BodyError
		if errors.As(err, &body) {
			// The server would wait for the rest for ever. After an error of
			// the connection itself its answer may be there yet.
			_ = k.nc.Close()
		}
	}()
	return sending, nil
}

func (k *conn) sendBody(req *Request) error {
	if req.Length >= 0 {
		body := &source{from: req.Body}
		n, err := io.Copy(k.nc, io.LimitReader(body, req.Length))
		switch {
		case body.failure() != nil:
			return &BodyError{body.failure()}
		case err == nil && n < req.Length:
			return &BodyError{io.ErrUnexpectedEOF}
		}
		return err
	}
	buf := make([]byte, 32<<10)
	var out []byte
	for {
		n, err := req.Body.Read(buf)
		if n > 0 {
			out = strconv.AppendInt(out[:0], int64(n), 16)
			out = append(out, "\r\n"...)
			out = append(out, buf[:n]...)
			out = append(out, "\r\n"...)
			if _, err := k.nc.Write(out); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return &BodyError{err}
		}
	}
	out = append(out[:0], "0\r\n"...)
	out = appendHeader(out, req.Trailer)
	_, err := k.nc.Write(append(out, "\r\n"...))
	return err
}

// source remembers the error of a reader, which a copy to a connection mixes up
// with its own.
type source struct {
	from io.Reader
	mu   sync.Mutex
	err  error
}

// Read reads on.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.from.Read(p)
	if err != nil {
		s.mu.Lock()
		s.err = err
		s.mu.Unlock()
	}
	return n, err
}

// failure is why the reader failed; nil if it didn't, or is at its end.
func (s *source) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if errors.Is(s.err, io.EOF) {
		return nil
	}
	return s.err
}

func (r *Request) appendHead(b []byte) []byte {
	b = append(b, r.Method...)
	b = append(b, ' ')
	b = append(b, r.Target...)
	b = append(b, " HTTP/1.1\r\n"...)
	b = AppendField(b, "Host", r.Host)
	b = appendHeader(b, r.Header)
	b = append(b, r.Lines...)
	switch {
	case r.Body != nil && r.Length < 0:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case r.Body != nil:
		b = appendLength(b, r.Length)
	case len(r.Data) > 0 || r.Method == http.MethodPost || r.Method == http.MethodPut || r.Method == http.MethodPatch:
		b = appendLength(b, int64(len(r.Data)))
	}
	return append(b, "\r\n"...)
}

func appendLength(b []byte, n int64) []byte {
	b = append(b, "Content-Length: "...)
	b = strconv.AppendInt(b, n, 10)
	return append(b, "\r\n"...)
}

func appendHeader(b []byte, h http.Header) []byte {
	for name, values := range h {
		switch name {
		case "Content-Length", "Transfer-Encoding", "Host":
			continue
		}
		if !isToken(name) {
			continue
		}
		for _, v := range values {
			b = AppendField(b, name, v)
		}
	}
	return b
}

// AppendField appends a line of a header to b. What would end the line in the
// value becomes a space.
func AppendField(b []byte, name, value string) []byte {
	b = append(b, name...)
	b = append(b, ": "...)
	if strings.ContainsAny(value, "\r\n\x00") {
		value = strings.Map(func(r rune) rune {
			if r == '\r' || r == '\n' || r == 0 {
				return ' '
			}
			return r
		}, value)
	}
	b = append(b, value...)
	return append(b, "\r\n"...)
}
