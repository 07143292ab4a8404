package httpconn

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"s/pkg/runtime/rawio"
)

// patience is how long a test waits for what must happen.
const patience = 2 * time.Minute

// rawServer answers with what a test says, byte by byte if need be.
type rawServer struct {
	t  *testing.T
	ln net.Listener
	wg sync.WaitGroup

	mu    sync.Mutex
	conns int
	open  map[net.Conn]bool
}

// newRaw starts a server that gives every connection to serve.
func newRaw(t *testing.T, serve func(nc net.Conn, n int)) (*rawServer, *Client) {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &rawServer{t: t, ln: ln, open: map[net.Conn]bool{}}
	s.wg.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			n := s.conns
			s.conns++
			s.open[nc] = true
			s.mu.Unlock()
			s.wg.Go(func() {
				defer nc.Close()
				serve(nc, n)
			})
		}
	})
	c := New(ln.Addr().String(), new(rawio.Attention))
	t.Cleanup(func() {
		c.Close()
		ln.Close()
		s.mu.Lock()
		for nc := range s.open {
			nc.Close()
		}
		s.mu.Unlock()
		s.wg.Wait()
	})
	return s, c
}

func (s *rawServer) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns
}

// always answers every request on a connection with the same bytes.
func always(answer string) func(net.Conn, int) {
	return func(nc net.Conn, _ int) {
		br := bufio.NewReader(nc)
		for {
			req, err := http.ReadRequest(br)
			if err != nil {
				return
			}
			if _, err := io.Copy(io.Discard, req.Body); err != nil {
				return
			}
			if _, err := io.WriteString(nc, answer); err != nil {
				return
			}
		}
	}
}

// once answers the first request with bytes and closes the connection.
func once(answer string) func(net.Conn, int) {
	return func(nc net.Conn, _ int) {
		if _, err := http.ReadRequest(bufio.NewReader(nc)); err == nil {
			_, _ = io.WriteString(nc, answer)
		}
	}
}

// get asks for / and reads the whole answer.
func get(t *testing.T, c *Client) (*Response, string, error) {
	t.Helper()
	return ask(t, c, &Request{Method: "GET", Target: "/", Host: "x"})
}

func ask(t *testing.T, c *Client, req *Request) (*Response, string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	resp, err := c.Do(ctx, req)
	if err != nil {
		return nil, "", err
	}
	body, err := resp.ReadAll(1 << 20)
	return resp, string(body), err
}

// idle is how many connections the client keeps.
func idle(c *Client) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.idle)
}

// fields writes a header's fields for comparison.
func fields(list []Field) string {
	var b strings.Builder
	for _, f := range list {
		b.WriteString(f.Name + "=" + f.Value + ";")
	}
	return b.String()
}
