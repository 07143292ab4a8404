package rapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"s/pkg/fc"
)

func TestAddrIsIPv4(t *testing.T) {
	host, port, err := net.SplitHostPort(newServer(t, Config{}).Addr())
	if err != nil || host != "127.0.0.1" {
		t.Fatalf("address %s:%s, %v", host, port, err)
	}
	if n, err := strconv.Atoi(port); err != nil || n == 0 {
		t.Fatalf("port %q", port)
	}
}

func TestLoop(t *testing.T) {
	s := newServer(t, Config{Header: AppendHeader(nil, "x-fc-region", "cn-hangzhou")})
	c := dial(t, s)
	for i := range 3 {
		id := fmt.Sprint("1-", i)
		c.ask()
		call := start(t, s, id, "event "+id)
		h, body := c.want(200)
		if body != "event "+id {
			t.Fatalf("event %q", body)
		}
		for name, want := range map[string]string{
			"X-Fc-Request-Id": id, "X-Fc-Function-Type": "0", "X-Fc-Function-Handler": "index.handler",
			"X-Fc-Function-Deadline": "1700000000123", "X-Fc-Function-Timeout": "3", "X-Fc-Retry-Count": "0",
			"X-Fc-Region": "cn-hangzhou", "Content-Type": "application/octet-stream",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		c.write(post("invocation/"+id+"/response", "result "+id, "x-fc-http-params: \r\n"))
		if _, body := c.want(200); body != "" {
			t.Errorf("body of the answer: %q", body)
		}
		r, err := reply(t, call)
		if err != nil || string(r.Body) != "result "+id || r.Failed || r.HTTPParams != "" {
			t.Fatalf("%+v %v", r, err)
		}
		if !call.Handed() || call.Duration() < 0 {
			t.Errorf("handed %v, duration %v", call.Handed(), call.Duration())
		}
	}
}

// TestErrorTypeOfAPost: how a language runtime says whose error it was.
func TestErrorTypeOfAPost(t *testing.T) {
	s := newServer(t, Config{})
	c := dial(t, s)
	for _, test := range [][2]string{
		{"", ""},
		{"x-fc-error-type: HandledInvocationError\r\n", "HandledInvocationError"},
		{"X-Fc-Error-Type:\r\n", ""},
		{"y-fc-error-type: HandledInvocationError\r\n", ""},
	} {
		call := start(t, s, "a"+test[0][:min(1, len(test[0]))]+test[1], "x")
		c.ask()
		h, _ := c.want(200)
		c.write(post("invocation/"+h.Get("X-Fc-Request-Id")+"/error", "{}", test[0]))
		c.want(200)
		if r, err := reply(t, call); err != nil || !r.Failed || r.ErrorType != test[1] {
			t.Errorf("%q: %+v %v", test[0], r, err)
		}
	}
}

func TestNextBlocksUntilThereIsWork(t *testing.T) {
	s := newServer(t, Config{})
	c := dial(t, s)
	c.ask()
	select {
	case <-s.Ready():
	case <-time.After(patience):
		t.Fatal("not ready after next")
	}
	c.silent(50 * time.Millisecond)
	call := start(t, s, "a", "x")
	c.want(200)
	c.write(post("invocation/a/error", `{"errorMessage":"no"}`))
	c.want(200)
	if r, err := reply(t, call); err != nil || !r.Failed || string(r.Body) != `{"errorMessage":"no"}` {
		t.Fatalf("%+v %v", r, err)
	}
}

// TestEarlyNext is what the Go client does: it asks for the next invocation
// before it has answered the one before. No more than Concurrency are out.
func TestEarlyNext(t *testing.T) {
	for _, limit := range []int{1, 2} {
		s := newServer(t, Config{Concurrency: limit})
		asking, posting := dial(t, s), dial(t, s)
		var calls []*Call
		for i := range limit + 1 {
			calls = append(calls, start(t, s, fmt.Sprint("r", i), "x"))
		}
		for range limit {
			asking.ask()
			asking.want(200)
		}
		asking.ask()
		asking.silent(50 * time.Millisecond)
		posting.write(post("invocation/r0/response", "done"))
		posting.want(200)
		if r, err := reply(t, calls[0]); err != nil || string(r.Body) != "done" {
			t.Fatalf("%+v %v", r, err)
		}
		if h, _ := asking.want(200); h.Get("X-Fc-Request-Id") != fmt.Sprint("r", limit) {
			t.Errorf("handed out %s", h.Get("X-Fc-Request-Id"))
		}
	}
}

// TestPipelined is what our Python bootstrap does: result and next in one write,
// whose answers may come together.
func TestPipelined(t *testing.T) {
	s := newServer(t, Config{})
	c := dial(t, s)
	c.ask()
	first := start(t, s, "a", "1")
	c.want(200)
	next := "GET /2020-11-11/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n"
	c.write(post("invocation/a/response", "A") + next)
	if r, err := reply(t, first); err != nil || string(r.Body) != "A" {
		t.Fatalf("%+v %v", r, err)
	}
	start(t, s, "b", "2")
	c.want(200)
	if h, body := c.want(200); body != "2" || h.Get("X-Fc-Request-Id") != "b" {
		t.Fatalf("%v %q", h, body)
	}
}

// TestAnswersKeepTheirOrder sends a request behind a next that has no answer.
func TestAnswersKeepTheirOrder(t *testing.T) {
	s := newServer(t, Config{})
	c := dial(t, s)
	c.ask()
	c.write(post("invocation/nobody/response", "x"))
	c.silent(50 * time.Millisecond)
	start(t, s, "a", "event")
	if _, body := c.want(200); body != "event" {
		t.Fatalf("first answer: %q", body)
	}
	c.want(404)
}

func TestRefusals(t *testing.T) {
	const next = "GET /2020-11-11/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n"
	tests := []struct {
		name, send string
		status     int
		code       string
	}{
		{"unknown id", post("invocation/nobody/response", "x"), 404, "InvalidRequestID"},
		{"unknown id, error", post("invocation/nobody/error", "{}"), 404, "InvalidRequestID"},
		{"answered twice", post("invocation/done/response", "x"), 409, "InvocationAnswered"},
		{"error after response", post("invocation/done/error", "{}"), 409, "InvocationAnswered"},
		{"init error too late", post("init/error", "{}"), 403, "InvalidStateTransition"},
		{"unknown path", post("exit", ""), 404, "PathNotSupported"},
		{"no id", post("invocation//response", ""), 404, "PathNotSupported"},
		{"another version", strings.Replace(next, "2020-11-11", "2018-06-01", 1), 404, "PathNotSupported"},
		{"method of next", strings.Replace(post("invocation/next", ""), "x\r\n", "x\r\n", 1), 405, "MethodNotAllowed"},
		{"method of response", strings.Replace(post("invocation/a/response", ""), "POST", "PUT", 1), 405, "MethodNotAllowed"},
		{"next with a body", strings.Replace(next, "\r\n\r\n", "\r\nContent-Length: 1\r\n\r\nx", 1), 400, "InvalidArgument"},
	}
	s := newServer(t, Config{})
	c := dial(t, s)
	c.ask()
	call := start(t, s, "done", "")
	c.want(200)
	c.write(post("invocation/done/response", "x"))
	c.want(200)
	if _, err := reply(t, call); err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		c.write(tt.send)
		status, h, body := c.answer()
		var doc map[string]string
		if err := json.Unmarshal([]byte(body), &doc); err != nil {
			t.Fatalf("%s: %q: %v", tt.name, body, err)
		}
		if status != tt.status || doc["errorCode"] != tt.code || doc["errorMessage"] == "" || h.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %v", tt.name, status, doc)
		}
	}
	// The connection is good for more after all these.
	c.ask()
	start(t, s, "again", "still here")
	if _, body := c.want(200); body != "still here" {
		t.Errorf("event %q", body)
	}
}

func TestInitError(t *testing.T) {
	s := newServer(t, Config{})
	early := start(t, s, "a", "")
	c := dial(t, s)
	c.write(post("init/error", `{"errorType":"X"}`))
	c.want(200)
	select {
	case <-s.Ready():
	case <-time.After(patience):
		t.Fatal("not ready after init/error")
	}
	if got := string(s.InitError()); got != `{"errorType":"X"}` {
		t.Errorf("document %q", got)
	}
	if _, err := s.Start(&Invocation{RequestID: "b"}); !errors.Is(err, ErrNotTaken) {
		t.Errorf("start after init/error: %v", err)
	}
	// A client that asks all the same must not spin: it gets no answer.
	c.ask()
	c.silent(50 * time.Millisecond)
	s.Close(io.ErrClosedPipe)
	if _, err := reply(t, early); !errors.Is(err, ErrNotTaken) {
		t.Errorf("waiting call: %v", err)
	}
}

func TestClose(t *testing.T) {
	s := newServer(t, Config{})
	c := dial(t, s)
	c.ask()
	out, waiting := start(t, s, "out", ""), start(t, s, "waiting", "")
	c.want(200)
	died := errors.New("killed")
	s.Close(died)
	s.Close(errors.New("twice"))
	if _, err := reply(t, out); err != died {
		t.Errorf("call that was out: %v", err)
	}
	if _, err := reply(t, waiting); !errors.Is(err, ErrNotTaken) {
		t.Errorf("call that waited: %v", err)
	}
	if _, err := s.Start(&Invocation{RequestID: "late"}); !errors.Is(err, ErrNotTaken) {
		t.Errorf("start after close: %v", err)
	}
	if _, err := net.DialTimeout("tcp", s.Addr(), time.Second); err == nil {
		t.Error("the port is still open")
	}
}

func TestCancel(t *testing.T) {
	s := newServer(t, Config{})
	waiting := start(t, s, "a", "")
	if !s.Cancel(waiting) {
		t.Error("a waiting call can be taken back")
	}
	if s.Cancel(waiting) {
		t.Error("only once")
	}
	c := dial(t, s)
	c.ask()
	out := start(t, s, "b", "")
	c.want(200)
	if s.Cancel(out) {
		t.Error("a call that is out can't be taken back")
	}
	if _, err := s.Start(&Invocation{RequestID: "b"}); err == nil {
		t.Error("the same id twice at a time must be refused")
	}
}

// TestClientHangsUp has a client go away while it waits: the invocation goes to
// the next one.
func TestClientHangsUp(t *testing.T) {
	s := newServer(t, Config{})
	gone := dial(t, s)
	gone.ask()
	<-s.Ready()
	gone.nc.Close()
	for deadline := time.Now().Add(patience); ; {
		s.mu.Lock()
		n := len(s.parked)
		s.mu.Unlock()
		if n == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the server doesn't notice")
		}
		time.Sleep(time.Millisecond)
	}
	c := dial(t, s)
	c.ask()
	start(t, s, "a", "event")
	if _, body := c.want(200); body != "event" {
		t.Errorf("event %q", body)
	}
}

func TestLargeBodies(t *testing.T) {
	s := newServer(t, Config{})
	c := dial(t, s)
	for i, size := range []int{inline, inline + 1, 1 << 20, fc.MaxSyncBody} {
		id := fmt.Sprint("r", i)
		event := strings.Repeat("0123456789abcdef", size/16+1)[:size]
		c.ask()
		started := make(chan *Call, 1)
		go func() { // it may wait for the client to read
			call, err := s.Start(&Invocation{RequestID: id, Event: []byte(event), Deadline: time.Now().Add(patience)})
			if err != nil {
				t.Error(err)
			}
			started <- call
		}()
		if _, body := c.want(200); body != event {
			t.Fatalf("%d bytes: got %d others", size, len(body))
		}
		call := <-started
		c.write(post("invocation/"+id+"/response", event))
		c.want(200)
		if r, err := reply(t, call); err != nil || string(r.Body) != event {
			t.Fatalf("%d bytes: result of %d, %v", size, len(r.Body), err)
		}
	}
}

// TestClientDoesNotRead has a client ask and then not read a large event: the
// deadline of the invocation ends the wait.
func TestClientDoesNotRead(t *testing.T) {
	s := newServer(t, Config{})
	c := dial(t, s)
	c.ask()
	<-s.Ready()
	call, err := s.Start(&Invocation{
		RequestID: "a", Event: make([]byte, fc.MaxSyncBody), Deadline: time.Now().Add(50 * time.Millisecond),
	})
	if err != nil {
		t.Fatal(err)
	}
	if !s.Cancel(call) {
		t.Error("the invocation must wait for another client")
	}
}

func TestTooLarge(t *testing.T) {
	s := newServer(t, Config{})
	c := dial(t, s)
	body := strings.Repeat("x", fc.MaxSyncBody+1)
	for _, chunked := range []bool{false, true} {
		c.ask()
		call := start(t, s, fmt.Sprint(chunked), "")
		c.want(200)
		path := fmt.Sprintf("invocation/%v/response", chunked)
		if chunked {
			c.write(fmt.Sprintf("POST /2020-11-11/runtime/%s HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", path, len(body), body))
		} else {
			c.write(post(path, body))
		}
		c.want(413)
		var large *TooLargeError
		if _, err := reply(t, call); !errors.As(err, &large) || large.Limit != fc.MaxSyncBody || large.Error() == "" {
			t.Errorf("%v", err)
		}
	}
}

func TestFraming(t *testing.T) {
	tests := []struct{ name, send, want string }{
		{"chunked with a trailer", "POST /2020-11-11/runtime/invocation/a/response HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-T: 1\r\n\r\n", "abcde"},
		{"expect", "POST /2020-11-11/runtime/invocation/a/response HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi", "hi"},
		{"no body", "POST /2020-11-11/runtime/invocation/a/response HTTP/1.1\r\n\r\n", ""},
		{"bare newlines, query, odd case", "\r\nPOST /2020-11-11/runtime/invocation/a/response?x=1 HTTP/1.1\ncontent-LENGTH:  2 \n\nhi", "hi"},
		{"a long header", "POST /2020-11-11/runtime/invocation/a/response HTTP/1.1\r\nX-Long: " + strings.Repeat("x", 100_000) + "\r\nContent-Length: 2\r\n\r\nhi", "hi"},
		{"HTTP/1.0", "POST /2020-11-11/runtime/invocation/a/response HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi", "hi"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t, Config{})
			c := dial(t, s)
			c.ask()
			call := start(t, s, "a", "")
			c.want(200)
			c.write(tt.send)
			if strings.Contains(tt.send, "Expect") {
				if line, err := c.br.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 100 ") {
					t.Fatalf("%q %v", line, err)
				}
				if _, err := c.br.ReadString('\n'); err != nil {
					t.Fatal(err)
				}
			}
			c.want(200)
			if r, err := reply(t, call); err != nil || string(r.Body) != tt.want {
				t.Errorf("%q, %v", r.Body, err)
			}
		})
	}
}

func TestMalformed(t *testing.T) {
	for name, send := range map[string]string{
		"no version":           "GET /\r\n\r\n",
		"another protocol":     "GET / HTTP/2.0\r\n\r\n",
		"not HTTP":             "\x16\x03\x01\x02\x00\x01\x00\n",
		"header without colon": "GET / HTTP/1.1\r\nabc\r\n\r\n",
		"folded header":        "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
		"space before colon":   "GET / HTTP/1.1\r\nContent-Length : 1\r\n\r\nx",
		"bad length":           "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
		"two lengths":          "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
		"length and chunked":   "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"unknown encoding":     "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
		"bad chunk":            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"header too large":     "GET / HTTP/1.1\r\nA: " + strings.Repeat("x", maxHead+10) + "\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, Config{})
			c := dial(t, s)
			var wg sync.WaitGroup
			wg.Go(func() { _, _ = io.WriteString(c.nc, send) }) // the server may hang up before it has read all
			defer wg.Wait()
			c.want(400)
			if _, err := c.br.ReadByte(); err == nil {
				t.Error("the connection must end")
			}
		})
	}
}

// TestInjection checks that no value can end its header line.
func TestInjection(t *testing.T) {
	s := newServer(t, Config{Header: AppendHeader(nil, "x-fc-region", "a\r\nx-evil: 1")})
	c := dial(t, s)
	c.ask()
	if _, err := s.Start(&Invocation{RequestID: "a\nx-evil: 2", Handler: "h\r\n\r\n", ContentType: "t\nx-evil: 3"}); err != nil {
		t.Fatal(err)
	}
	h, body := c.want(200)
	if h.Get("X-Evil") != "" || body != "" || h.Get("X-Fc-Region") != "a  x-evil: 1" {
		t.Errorf("%v %q", h, body)
	}
}

// TestManyAtOnce runs many invocations over several connections; every result
// must come to its own call.
func TestManyAtOnce(t *testing.T) {
	const workers, each = 8, 200
	s := newServer(t, Config{Concurrency: workers})
	var wg sync.WaitGroup
	for range workers {
		c := dial(t, s)
		wg.Go(func() {
			for {
				c.ask()
				_, h, body := c.answer()
				if body == "stop" {
					return
				}
				id := h.Get("X-Fc-Request-Id")
				c.write(post("invocation/"+id+"/response", body+" of "+id))
				c.answer()
			}
		})
	}
	var callers sync.WaitGroup
	for w := range workers * 2 {
		callers.Go(func() {
			for i := range each {
				id := fmt.Sprintf("%d-%d", w, i)
				call, err := s.Start(&Invocation{RequestID: id, Event: []byte("e" + id)})
				if err != nil {
					t.Error(err)
					return
				}
				<-call.Done()
				if r, err := call.Reply(); err != nil || string(r.Body) != "e"+id+" of "+id {
					t.Errorf("%s: %q %v", id, r.Body, err)
				}
			}
		})
	}
	callers.Wait()
	for i := range workers {
		start(t, s, fmt.Sprint("stop", i), "stop")
	}
	wg.Wait()
}
