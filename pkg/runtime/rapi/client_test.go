package rapi

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"s/pkg/runtime/rawio"
)

// patience is how long a test waits for what must happen; only a broken server
// makes it wait so long.
const patience = 2 * time.Minute

// newServer starts a server that ends with the test. It looks for what comes at
// once, so that all is seen with it.
func newServer(t testing.TB, cfg Config) *Server {
	t.Helper()
	s := newUnattended(t, cfg)
	s.Attend(new(rawio.Attention))
	return s
}

// newUnattended starts one that doesn't.
func newUnattended(t testing.TB, cfg Config) *Server {
	t.Helper()
	s, err := Listen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(io.ErrClosedPipe) })
	return s
}

// runtimeClient speaks to the server over one connection, byte by byte if need
// be.
type runtimeClient struct {
	t  testing.TB
	nc net.Conn
	br *bufio.Reader
}

func dial(t testing.TB, s *Server) *runtimeClient {
	t.Helper()
	nc, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	if err := nc.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &runtimeClient{t: t, nc: nc, br: bufio.NewReader(nc)}
}

func (c *runtimeClient) write(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.nc, text); err != nil {
		c.t.Fatal(err)
	}
}

// ask sends a next without waiting for the answer.
func (c *runtimeClient) ask() {
	c.t.Helper()
	c.write("GET /2020-11-11/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n")
}

func post(path, body string, extra ...string) string {
	return fmt.Sprintf("POST /2020-11-11/runtime/%s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n%s",
		path, strings.Join(extra, ""), len(body), body)
}

// answer reads an answer: status, header, body.
func (c *runtimeClient) answer() (int, http.Header, string) {
	c.t.Helper()
	status, h, body, err := c.read()
	if err != nil {
		c.t.Fatal(err)
	}
	return status, h, body
}

func (c *runtimeClient) read() (status int, h http.Header, body string, err error) {
	resp, err := http.ReadResponse(c.br, nil)
	if err != nil {
		return 0, nil, "", err
	}
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, string(text), err
}

// want reads an answer and checks its status.
func (c *runtimeClient) want(status int) (http.Header, string) {
	c.t.Helper()
	got, h, body := c.answer()
	if got != status {
		c.t.Fatalf("status %d, want %d: %s", got, status, body)
	}
	return h, body
}

// silent checks that the server has sent nothing.
func (c *runtimeClient) silent(d time.Duration) {
	c.t.Helper()
	if err := c.nc.SetReadDeadline(time.Now().Add(d)); err != nil {
		c.t.Fatal(err)
	}
	b, err := c.br.Peek(1)
	if err == nil || !strings.Contains(err.Error(), "timeout") {
		c.t.Fatalf("the server sent %q (%v), should be silent", b, err)
	}
	if err := c.nc.SetReadDeadline(time.Now().Add(patience)); err != nil {
		c.t.Fatal(err)
	}
	c.br.Reset(c.nc)
}

// start gives the server an invocation with that id.
func start(t testing.TB, s *Server, id, event string) *Call {
	t.Helper()
	call, err := s.Start(&Invocation{
		RequestID: id, Handler: "index.handler", Deadline: time.UnixMilli(1700000000123), Timeout: 3, Event: []byte(event),
	})
	if err != nil {
		t.Fatal(err)
	}
	return call
}

// reply waits for the end of a call.
func reply(t testing.TB, call *Call) (Reply, error) {
	t.Helper()
	select {
	case <-call.Done():
		return call.Reply()
	case <-time.After(patience):
		t.Fatal("the call doesn't end")
		return Reply{}, nil
	}
}
