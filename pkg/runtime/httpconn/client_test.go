package httpconn

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"s/pkg/runtime/rawio"
)

func TestAnswers(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	for _, tt := range []struct {
		name, answer   string
		status         int
		body, fields   string
		trailer        string
		kept, closeEnd bool
	}{
		{name: "length", answer: "HTTP/1.1 200 OK\r\ncontent-LENGTH: 5\r\nx-one:  a b \r\n\r\nhello", status: 200, body: "hello", fields: "Content-Length=5;X-One=a b;", kept: true},
		{name: "no reason", answer: "HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", status: 404, fields: "Content-Length=0;", kept: true},
		{name: "no content", answer: "HTTP/1.1 204 No Content\r\n\r\n", status: 204, kept: true},
		{name: "not modified", answer: "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", status: 304, fields: "Content-Length=9;", kept: true},
		{
			name: "chunked", answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=1\r\nde\r\n0\r\nX-T: v\r\n\r\n", status: 200, body: "abcde",
			fields: "Transfer-Encoding=chunked;", trailer: "X-T=v;", kept: true,
		},
		{name: "until the end", answer: "HTTP/1.1 200 OK\r\n\r\nall of it", status: 200, body: "all of it", closeEnd: true},
		{name: "close", answer: "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", status: 200, body: "x", fields: "Connection=close;Content-Length=1;"},
		{name: "HTTP/1.0", answer: "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", status: 200, body: "x", fields: "Content-Length=1;"},
		{name: "HTTP/1.0 kept", answer: "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\nx", status: 200, body: "x", fields: "Connection=Keep-Alive;Content-Length=1;", kept: true},
		{name: "interim answers", answer: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", status: 200, body: "x", fields: "Content-Length=1;", kept: true},
		{name: "folded and long", answer: "HTTP/1.1 200 OK\nX-Long: " + long + "\nX-F: a\r\n  b\nContent-Length: 1\n\nx", status: 200, body: "x", fields: "X-Long=" + long + ";X-F=a b;Content-Length=1;", kept: true},
		{name: "more than asked", answer: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxyz", status: 200, body: "x", fields: "Content-Length=1;"},
		{name: "same length twice", answer: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", status: 200, body: "x", fields: "Content-Length=1;Content-Length=1;", kept: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			serve := always(tt.answer)
			if tt.closeEnd {
				serve = once(tt.answer)
			}
			s, c := newRaw(t, serve)
			for range 2 {
				resp, body, err := get(t, c)
				if err != nil {
					t.Fatal(err)
				}
				if resp.Status != tt.status || body != tt.body || fields(resp.Fields) != tt.fields || fields(resp.Trailer) != tt.trailer {
					t.Errorf("%d %q, fields %.200s, trailer %s", resp.Status, body, fields(resp.Fields), fields(resp.Trailer))
				}
			}
			if kept := s.count() == 1; kept != tt.kept {
				t.Errorf("%d connections for two requests", s.count())
			}
		})
	}
}

func TestBadAnswers(t *testing.T) {
	for name, answer := range map[string]string{
		"not HTTP":            "SSH-2.0-OpenSSH\r\n\r\n",
		"HTTP/2":              "HTTP/2.0 200 OK\r\n\r\n",
		"bad status":          "HTTP/1.1 2x0 OK\r\n\r\n",
		"small status":        "HTTP/1.1 099 OK\r\n\r\n",
		"no colon":            "HTTP/1.1 200 OK\r\nabc\r\n\r\n",
		"space in name":       "HTTP/1.1 200 OK\r\na b: c\r\n\r\n",
		"begins with a space": "HTTP/1.1 200 OK\r\n a: c\r\n\r\n",
		"bad length":          "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"two lengths":         "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
		"encoding":            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
		"control character":   "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
		"too large":           "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("x", maxHead) + "\r\n\r\n",
	} {
		_, c := newRaw(t, once(answer))
		_, _, err := get(t, c)
		var bad *ProtocolError
		if !errors.As(err, &bad) || !strings.HasPrefix(err.Error(), "the function's server answered with ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnswersCutShort(t *testing.T) {
	for name, answer := range map[string]string{
		"nothing": "", "in the status": "HTTP/1.1 2", "in the header": "HTTP/1.1 200 OK\r\nA:",
		"in the body":    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
		"in a chunk":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
		"before the end": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
		"in the trailer": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-",
	} {
		_, c := newRaw(t, once(answer))
		_, _, err := get(t, c)
		if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", name, err)
		}
		if idle(c) != 0 {
			t.Errorf("%s: the connection is kept", name)
		}
	}
}

// echo answers with the request as it came, less the body's framing.
func echo(t *testing.T) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		fmt.Fprintf(w, "%s %s %s %d %v %v|%s", r.Method, r.RequestURI, r.Host, r.ContentLength, r.TransferEncoding, r.Trailer, body)
	})
}

func newHTTP(t testing.TB, h http.Handler) *Client {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: h}
	go srv.Serve(ln)
	c := New(ln.Addr().String(), new(rawio.Attention))
	t.Cleanup(func() {
		c.Close()
		srv.Close()
	})
	return c
}

func TestRequests(t *testing.T) {
	c := newHTTP(t, echo(t))
	big := strings.Repeat("0123456789", 50_000)
	for _, tt := range []struct {
		name string
		req  Request
		want string
	}{
		{"get", Request{Method: "GET", Target: "/a%2Fb?x=1"}, "GET /a%2Fb?x=1 h 0 [] map[]|"},
		{"post without a body", Request{Method: "POST"}, "POST / h 0 [] map[]|"},
		{"data", Request{Method: "POST", Data: []byte("hi")}, "POST / h 2 [] map[]|hi"},
		{"large data", Request{Method: "POST", Data: []byte(big)}, "POST / h 500000 [] map[]|" + big},
		{"small body", Request{Method: "PUT", Body: strings.NewReader("hi"), Length: 2}, "PUT / h 2 [] map[]|hi"},
		{"large body", Request{Method: "PUT", Body: strings.NewReader(big), Length: 500_000}, "PUT / h 500000 [] map[]|" + big},
		{"stream", Request{Method: "PUT", Body: strings.NewReader(big), Length: -1, Trailer: http.Header{}}, "PUT / h -1 [chunked] map[]|" + big},
		{
			"stream with a trailer",
			Request{Method: "PUT", Body: strings.NewReader("a"), Length: -1, Header: http.Header{"Trailer": {"X-Sum"}}, Trailer: http.Header{"X-Sum": {"1"}}},
			"PUT / h -1 [chunked] map[X-Sum:[1]]|a",
		},
		{"empty stream", Request{Method: "PUT", Body: strings.NewReader(""), Length: -1}, "PUT / h -1 [chunked] map[]|"},
	} {
		tt.req.Host = "h"
		if tt.req.Target == "" {
			tt.req.Target = "/"
		}
		_, body, err := ask(t, c, &tt.req)
		if err != nil || body != tt.want {
			t.Errorf("%s: %.100q, want %.100q; %v", tt.name, body, tt.want, err)
		}
	}
}

func TestHeaderLines(t *testing.T) {
	c := newHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%v", r.Header)
	}))
	_, body, err := ask(t, c, &Request{Method: "GET", Target: "/", Host: "h\r\nX-Evil: 1"})
	if err != nil || !strings.Contains(body, "malformed Host header") {
		t.Errorf("a line of the host's own: %s %v", body, err)
	}
	_, body, err = ask(t, c, &Request{
		Method: "GET", Target: "/", Host: "h",
		Header: http.Header{"X-A": {"1", "2"}, "X-B": {"a\r\nX-Evil: 2"}, "Bad Name": {"x"}, "Content-Length": {"99"}, "Host": {"other"}},
		Lines:  AppendField(nil, "x-c", "c\nX-Evil: 3"),
	})
	if err != nil || body != "map[X-A:[1 2] X-B:[a  X-Evil: 2] X-C:[c X-Evil: 3]]" {
		t.Errorf("%s %v", body, err)
	}
}

func TestDeadConnectionIsReplaced(t *testing.T) {
	s, c := newRaw(t, once("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"))
	for range 5 {
		// POSTs: a dead connection must be noticed before anything is sent.
		if _, body, err := ask(t, c, &Request{Method: "POST", Target: "/", Data: []byte("a")}); err != nil || body != "x" {
			t.Fatalf("%q %v", body, err)
		}
		for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
			c.mu.Lock()
			dead := len(c.idle) == 1 && !c.idle[0].probe.alive()
			c.mu.Unlock()
			if dead {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("the connection doesn't end")
			}
		}
	}
	if s.count() != 5 {
		t.Errorf("%d connections", s.count())
	}
}

// TestKeptConnectionBreaks has the server take a request on a kept connection
// and hang up: what changes nothing is sent again, the rest is not.
func TestKeptConnectionBreaks(t *testing.T) {
	for method, retried := range map[string]bool{"GET": true, "HEAD": true, "POST": false, "DELETE": false} {
		var mu sync.Mutex
		seen := 0
		s, c := newRaw(t, func(nc net.Conn, n int) {
			br := bufio.NewReader(nc)
			for i := range 2 {
				if _, err := http.ReadRequest(br); err != nil {
					return
				}
				mu.Lock()
				seen++
				mu.Unlock()
				if n == 0 && i == 1 {
					return
				}
				io.WriteString(nc, "HTTP/1.1 204 OK\r\n\r\n")
			}
		})
		if _, _, err := ask(t, c, &Request{Method: method, Target: "/"}); err != nil {
			t.Fatal(err)
		}
		_, _, err := ask(t, c, &Request{Method: method, Target: "/"})
		if (err == nil) != retried {
			t.Errorf("%s: %v", method, err)
		}
		mu.Lock()
		if want := map[bool]int{true: 3, false: 2}[retried]; seen != want {
			t.Errorf("%s: %d requests, %d connections", method, seen, s.count())
		}
		mu.Unlock()
	}
}

func TestDeadline(t *testing.T) {
	_, c := newRaw(t, func(nc net.Conn, _ int) { io.Copy(io.Discard, nc) })
	_, _, err := ask(t, c, &Request{Method: "GET", Target: "/", Deadline: time.Now().Add(30 * time.Millisecond)})
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if idle(c) != 0 {
		t.Error("the connection is kept")
	}
}

// TestDeadlineDoesNotStick checks that the deadline of one request isn't that of
// the next on the same connection.
func TestDeadlineDoesNotStick(t *testing.T) {
	s, c := newRaw(t, always("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"))
	deadline := time.Now().Add(150 * time.Millisecond)
	if _, _, err := ask(t, c, &Request{Method: "GET", Target: "/", Deadline: deadline}); err != nil {
		t.Skip("a slow machine: ", err)
	}
	time.Sleep(time.Until(deadline) + 10*time.Millisecond)
	if _, _, err := get(t, c); err != nil || s.count() != 1 {
		t.Errorf("%v, %d connections", err, s.count())
	}
}

func TestCancel(t *testing.T) {
	arrived := make(chan struct{}, 1)
	_, c := newRaw(t, func(nc net.Conn, _ int) {
		if _, err := http.ReadRequest(bufio.NewReader(nc)); err == nil {
			arrived <- struct{}{}
		}
		io.Copy(io.Discard, nc)
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	if _, err := c.Do(ctx, &Request{Method: "POST", Target: "/"}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.all) != 0 {
		t.Errorf("%d connections are left", len(c.all))
	}
}

func TestClose(t *testing.T) {
	arrived := make(chan struct{}, 1)
	_, c := newRaw(t, func(nc net.Conn, _ int) {
		arrived <- struct{}{}
		io.Copy(io.Discard, nc)
	})
	go func() {
		<-arrived
		c.Close()
	}()
	if _, _, err := get(t, c); err == nil {
		t.Error("Close must end what is under way")
	}
	if _, _, err := get(t, c); !errors.Is(err, ErrClosed) {
		t.Errorf("%v", err)
	}
	c.Close()
}

func TestNobodyListens(t *testing.T) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	var op *net.OpError
	if _, _, err := get(t, New(ln.Addr().String(), new(rawio.Attention))); !errors.As(err, &op) || op.Op != "dial" {
		t.Errorf("%v", err)
	}
}

func TestReadAllLimit(t *testing.T) {
	for _, answer := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
	} {
		_, c := newRaw(t, always(answer))
		for limit, good := range map[int64]bool{4: false, 5: true} {
			resp, err := c.Do(t.Context(), &Request{Method: "GET", Target: "/"})
			if err != nil {
				t.Fatal(err)
			}
			body, err := resp.ReadAll(limit)
			var large *TooLargeError
			if good && (err != nil || string(body) != "hello") || !good && (!errors.As(err, &large) || large.Error() == "") {
				t.Errorf("limit %d: %q %v", limit, body, err)
			}
		}
	}
}

// TestAnswerBeforeTheBody has a server answer and hang up without reading the
// request's body.
func TestAnswerBeforeTheBody(t *testing.T) {
	_, c := newRaw(t, func(nc net.Conn, _ int) {
		if _, err := http.ReadRequest(bufio.NewReader(nc)); err != nil {
			return
		}
		io.WriteString(nc, "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
		io.Copy(io.Discard, nc)
	})
	pr, pw := io.Pipe()
	defer pw.Close()
	go pw.Write([]byte("the beginning of a body that never ends"))
	resp, body, err := ask(t, c, &Request{Method: "POST", Target: "/", Body: pr, Length: -1})
	if err != nil || resp.Status != 413 || body != "big" {
		t.Errorf("%v %q %v", resp, body, err)
	}
	if idle(c) != 0 {
		t.Error("a connection with half a request on it is kept")
	}
}

// TestBothWaysAtOnce streams more both ways than the system's buffers hold.
func TestBothWaysAtOnce(t *testing.T) {
	c := newHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		rc.EnableFullDuplex()
		io.Copy(w, r.Body)
	}))
	sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	resp, err := c.Do(t.Context(), &Request{Method: "POST", Target: "/", Body: bytes.NewReader(sent), Length: int64(len(sent)), Deadline: time.Now().Add(patience)})
	if err != nil {
		t.Fatal(err)
	}
	got, err := resp.ReadAll(int64(len(sent)))
	if err != nil || !bytes.Equal(got, sent) {
		t.Errorf("%d of %d bytes, %v", len(got), len(sent), err)
	}
}

func TestBrokenBody(t *testing.T) {
	c := newHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
	broken := errors.New("the client hung up")
	_, _, err := ask(t, c, &Request{Method: "POST", Target: "/", Body: io.MultiReader(strings.NewReader("ab"), failing{broken}), Length: 5})
	var body *BodyError
	if !errors.As(err, &body) || !errors.Is(err, broken) || body.Error() == "" {
		t.Errorf("%v", err)
	}
	for _, length := range []int64{-1, 1 << 20} {
		_, _, err = ask(t, c, &Request{Method: "POST", Target: "/", Body: io.MultiReader(strings.NewReader("ab"), failing{broken}), Length: length})
		if err == nil || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("length %d: the server can't have answered, and waits for nothing: %v", length, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestManyAtOnce(t *testing.T) {
	c := newHTTP(t, echo(t))
	var wg sync.WaitGroup
	for w := range 16 {
		wg.Go(func() {
			for n := range 100 {
				id := fmt.Sprintf("%d-%d", w, n)
				_, body, err := ask(t, c, &Request{Method: "POST", Target: "/" + id, Host: "h", Data: []byte(id)})
				if want := fmt.Sprintf("POST /%s h %d [] map[]|%s", id, len(id), id); err != nil || body != want {
					t.Errorf("%q, want %q; %v", body, want, err)
				}
			}
		})
	}
	wg.Wait()
	if n := idle(c); n == 0 || n > 16 {
		t.Errorf("%d connections kept", n)
	}
}
