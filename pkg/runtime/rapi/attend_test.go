//go:build unix

package rapi

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"s/pkg/runtime/rawio"
)

const nextRequest = "GET /2020-11-11/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n"

// needsAttention skips where connections can't be read in another's place.
func needsAttention(t *testing.T) {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	nc, err := net.Dial("tcp4", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if _, ok := rawio.Conn(nc).(rawio.SoonReader); !ok {
		t.Skip("not on this system")
	}
}

// until waits for something that must happen.
func until(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !happened(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never happens: %s", what)
		}
	}
}

// count counts the connections of a server that are so.
func count(s *Server, so func(*conn) bool) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if so(c) {
			n++
		}
	}
	return n
}

func isLeft(c *conn) bool   { return c.left }
func isParked(c *conn) bool { return c.parked }
func exists(*conn) bool     { return true }

// TestResultAtOnce: whoever hands out an invocation has its result if that comes
// at once.
func TestResultAtOnce(t *testing.T) {
	needsAttention(t)
	s := newServer(t, Config{})
	go loop(dial(t, s).nc)
	atOnce := 0
	for i, end := 0, time.Now().Add(patience); atOnce < 10; i++ {
		call := start(t, s, fmt.Sprint(i), "event")
		if call.isDone() {
			atOnce++
		}
		if r, err := reply(t, call); err != nil || string(r.Body) != "hi" || !call.Handed() {
			t.Fatalf("%d: %q %v", i, r.Body, err)
		}
		if time.Now().After(end) {
			t.Fatal("no result comes at once")
		}
	}
}

// TestHangUpWhileLeft: nobody reads from the connection, and yet its end is seen
// before an invocation is lost on it.
func TestHangUpWhileLeft(t *testing.T) {
	needsAttention(t)
	s := newServer(t, Config{})
	for round := range 20 {
		gone := dial(t, s)
		gone.ask()
		until(t, "its reading is left", func() bool { return count(s, isLeft) == 1 })
		server := only(s)
		gone.nc.Close()
		until(t, "the end comes", func() bool { return hasEnded(t, server.nc) })
		id := fmt.Sprint(round)
		call := start(t, s, id, "event")
		s.mu.Lock()
		if call.state != queued {
			t.Error("it was handed to nobody")
		}
		s.mu.Unlock()
		there := dial(t, s)
		there.ask()
		there.want(200)
		there.write(post("invocation/"+id+"/response", "x"))
		there.want(200)
		if _, err := reply(t, call); err != nil {
			t.Fatal(err)
		}
		there.nc.Close()
		until(t, "all are forgotten", func() bool { return count(s, exists) == 0 })
	}
}

// only is the one connection of a server.
func only(s *Server) *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		return c
	}
	return nil
}

// hasEnded looks whether the peer of a connection has closed it.
func hasEnded(t *testing.T, nc net.Conn) (yes bool) {
	t.Helper()
	raw, err := nc.(syscall.Conn).SyscallConn()
	if err != nil {
		return true // by now the server has closed it, too
	}
	if err := raw.Control(func(fd uintptr) { yes = !rawio.Quiet(int(fd)) }); err != nil {
		return true
	}
	return yes
}

// TestReclaim: a connection that nothing is handed to is read from after a while,
// so that its end is seen.
func TestReclaim(t *testing.T) {
	needsAttention(t)
	s := newServer(t, Config{Concurrency: 2})
	for range 3 {
		a, b := dial(t, s), dial(t, s)
		a.ask()
		b.ask()
		until(t, "both ask", func() bool { return count(s, isParked) == 2 })
		a.nc.Close()
		if err := b.nc.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		until(t, "both are forgotten", func() bool { return count(s, exists) == 0 })
	}
	// One that stays is given work, too, when it has been reclaimed.
	c := dial(t, s)
	c.ask()
	until(t, "it asks", func() bool { return count(s, isParked) == 1 })
	until(t, "it is reclaimed", func() bool { return count(s, isLeft) == 0 })
	call := start(t, s, "a", "x")
	c.want(200)
	c.write(post("invocation/a/response", "late"))
	if r, err := reply(t, call); err != nil || string(r.Body) != "late" {
		t.Errorf("%q %v", r.Body, err)
	}
}

// TestPieces: a result that comes in two pieces is the same wherever it is cut,
// and whoever reads which of them.
func TestPieces(t *testing.T) {
	for name, answer := range map[string]string{
		"result and next": post("invocation/ID!/response", "result ID!") + nextRequest,
		"result":          post("invocation/ID!/response", "result ID!"),
		"chunked": "POST /2020-11-11/runtime/invocation/ID!/response HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" +
			"7\r\nresult \r\n3\r\nID!\r\n0\r\n\r\n" + nextRequest,
		"lines that end otherwise": strings.ReplaceAll(post("invocation/ID!/response", "result ID!"), "\r\n", "\n") + nextRequest,
		"empty lines before":       "\r\n\r\n" + post("invocation/ID!/response", "result ID!") + nextRequest,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, Config{})
			c := dial(t, s)
			c.write(nextRequest)
			const ids = 100 // each as long as the others
			length := len(strings.ReplaceAll(answer, "ID!", fmt.Sprint(ids)))
			for cut := range length {
				id := fmt.Sprint(ids + cut)
				text := strings.ReplaceAll(answer, "ID!", id)
				at := min(cut, len(text))
				wrote := make(chan error, 1)
				go func() { _, err := io.WriteString(c.nc, text[:at]); wrote <- err }()
				call := start(t, s, id, "event")
				if err := <-wrote; err != nil {
					t.Fatal(err)
				}
				c.write(text[at:])
				if r, err := reply(t, call); err != nil || string(r.Body) != "result "+id {
					t.Fatalf("cut at %d of %q: %q %v", at, text, r.Body, err)
				}
				switch together := strings.HasSuffix(answer, nextRequest); {
				case !together:
					c.want(200) // the event
					c.want(200) // the result was taken
					c.write(nextRequest)
				case cut > 0:
					c.want(200) // the last result was taken
					fallthrough
				default:
					c.want(200) // the event
				}
			}
		})
	}
}

// TestByAnotherConnection: a client asks on one connection and posts on others, or
// on any.
func TestByAnotherConnection(t *testing.T) {
	s := newServer(t, Config{})
	conns := []*runtimeClient{dial(t, s), dial(t, s), dial(t, s)}
	for i := range 300 {
		asking, posting := conns[rand.IntN(3)], conns[rand.IntN(3)]
		asking.ask()
		id := fmt.Sprint(i)
		call := start(t, s, id, "event")
		asking.want(200)
		posting.write(post("invocation/"+id+"/response", id))
		posting.want(200)
		if r, err := reply(t, call); err != nil || string(r.Body) != id {
			t.Fatalf("%q %v", r.Body, err)
		}
	}
}

// TestMalformedAtOnce: what the reader in the goroutine's place can't read is
// refused as ever.
func TestMalformedAtOnce(t *testing.T) {
	needsAttention(t)
	for range 20 {
		s := newServer(t, Config{})
		c := dial(t, s)
		c.ask()
		until(t, "its reading is left", func() bool { return count(s, isLeft) == 1 })
		wrote := make(chan struct{})
		go func() { defer close(wrote); io.WriteString(c.nc, "POST / HTTP/1.1\r\nA b\r\n\r\n") }()
		call := start(t, s, "a", "event")
		<-wrote
		c.want(200)
		if _, body := c.want(400); !strings.Contains(body, "bad header line") {
			t.Errorf("refused with %s", body)
		}
		if _, err := c.br.ReadByte(); !errors.Is(err, io.EOF) {
			t.Errorf("the connection goes on: %v", err)
		}
		s.Close(io.ErrUnexpectedEOF)
		if _, err := reply(t, call); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("the call ends with %v", err)
		}
	}
}

// TestLastResult: a client that closes its connection with its result.
func TestLastResult(t *testing.T) {
	s := newServer(t, Config{})
	for i := range 50 {
		c := dial(t, s)
		c.ask()
		until(t, "it asks", func() bool { return count(s, isParked) == 1 })
		id := fmt.Sprint(i)
		wrote := make(chan struct{})
		go func() {
			defer close(wrote)
			io.WriteString(c.nc, post("invocation/"+id+"/response", id, "Connection: close\r\n")+nextRequest)
		}()
		call := start(t, s, id, "event")
		<-wrote
		if r, err := reply(t, call); err != nil || string(r.Body) != id {
			t.Fatalf("%q %v", r.Body, err)
		}
		c.want(200)
		c.want(200)
		until(t, "it is forgotten", func() bool { return count(s, exists) == 0 })
	}
}

// TestAllHabitsAtOnce: callers and clients of all habits at the same time; each gets
// its own.
func TestAllHabitsAtOnce(t *testing.T) {
	const clients, callers, each = 4, 6, 150
	s := newServer(t, Config{Concurrency: clients})
	for i := range clients {
		go pieces(dial(t, s), i%2 == 0)
	}
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			for i := range each {
				id := fmt.Sprintf("%d-%d", caller, i)
				call, err := s.Start(&Invocation{RequestID: id, Handler: "h", Timeout: 3, Event: []byte("event " + id)})
				if err != nil {
					t.Error(err)
					return
				}
				<-call.Done()
				if r, err := call.Reply(); err != nil || string(r.Body) != "event "+id {
					t.Errorf("%s: %q %v", id, r.Body, err)
					return
				}
			}
		})
	}
	wg.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out != 0 || len(s.queue) != 0 || len(s.calls) != 0 {
		t.Errorf("%d out, %d queued, %d known", s.out, len(s.queue), len(s.calls))
	}
}

// pieces is a client that answers each event with itself, in pieces of any size,
// the next next with it or after its answer.
func pieces(c *runtimeClient, together bool) {
	c.nc.SetDeadline(time.Time{})
	send := func(text string) bool {
		for len(text) > 0 {
			n := 1 + rand.IntN(len(text))
			if _, err := io.WriteString(c.nc, text[:n]); err != nil {
				return false
			}
			text = text[n:]
		}
		return true
	}
	if !send(nextRequest) {
		return
	}
	for {
		_, h, body, err := c.read()
		if err != nil {
			return
		}
		id := h.Get("X-Fc-Request-Id")
		if id == "" { // the result was taken
			if !together && !send(nextRequest) {
				return
			}
			continue
		}
		text := post("invocation/"+id+"/response", body)
		if together {
			text += nextRequest
		}
		if !send(text) {
			return
		}
	}
}

// TestCloseWhileLeft: the end of the server waits for nobody.
func TestCloseWhileLeft(t *testing.T) {
	needsAttention(t)
	for range 20 {
		s := newServer(t, Config{Concurrency: 2})
		for range 2 {
			dial(t, s).ask()
		}
		until(t, "both are left", func() bool { return count(s, isLeft) == 2 })
		call := start(t, s, "a", "x") // one is taken, and answers never
		s.Close(io.ErrUnexpectedEOF)
		if _, err := reply(t, call); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("the call ends with %v", err)
		}
	}
}
