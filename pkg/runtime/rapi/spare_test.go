package rapi

import (
	"errors"
	"net/http"
	"testing"
	"time"
)

const secret = "the-secret"

func (c *runtimeClient) askFunction(secret string) {
	c.t.Helper()
	c.write("GET /2020-11-11/runtime/function/" + secret + " HTTP/1.1\r\nHost: x\r\n\r\n")
}

// asked waits until a spare has asked for its function.
func asked(t *testing.T, s *Server) {
	t.Helper()
	select {
	case <-s.Asked():
	case <-time.After(patience):
		t.Fatal("nobody has asked")
	}
}

// TestSpare has a spare wait, get its function, and then work as any runtime.
func TestSpare(t *testing.T) {
	t.Parallel()
	s := newServer(t, Config{Secret: secret, Header: AppendHeader(nil, "x-fc-of", "nobody")})
	if err := s.Assign(1, nil, nil); !errors.Is(err, ErrNotTaken) {
		t.Errorf("assigned before anybody asked: %v", err)
	}
	c := dial(t, s)
	c.askFunction(secret)
	asked(t, s)
	c.silent(10 * time.Millisecond)
	if err := s.Assign(2, AppendHeader(nil, "x-fc-of", "mine"), []byte("A=1\x00B=\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if _, body := c.want(http.StatusOK); body != "A=1\x00B=\r\n\r\n" {
		t.Errorf("environment %q", body)
	}
	select {
	case <-s.Ready():
		t.Error("ready before it asked for work")
	default:
	}
	if err := s.Assign(1, nil, nil); !errors.Is(err, ErrNotTaken) {
		t.Errorf("assigned twice: %v", err)
	}
	other := dial(t, s)
	other.askFunction(secret)
	other.want(http.StatusForbidden)

	c.ask()
	call := start(t, s, "a", "event")
	start(t, s, "b", "second") // two at once
	if h, body := c.want(http.StatusOK); body != "event" || h.Get("x-fc-of") != "mine" {
		t.Errorf("%q %v", body, h)
	}
	other.ask()
	if _, body := other.want(http.StatusOK); body != "second" {
		t.Errorf("%q", body)
	}
	c.write(post("invocation/a/response", "done"))
	c.want(http.StatusOK)
	if got, err := reply(t, call); err != nil || string(got.Body) != "done" {
		t.Errorf("%+v %v", got, err)
	}
}

// TestSpareAndStrangers: other processes of this machine can reach the port.
// Whatever they ask, the function goes to the spare alone.
func TestSpareAndStrangers(t *testing.T) {
	t.Parallel()
	s := newServer(t, Config{Secret: secret})
	stranger := dial(t, s)
	for _, guess := range []string{"", "x", secret + "x", secret[1:], "the-secret/"} {
		stranger.askFunction(guess)
		stranger.want(http.StatusForbidden)
	}
	stranger.write("GET /2020-11-11/runtime/function/" + secret + " HTTP/1.1\r\nContent-Length: 1\r\n\r\nx")
	stranger.want(http.StatusBadRequest)
	stranger.write(post("function/"+secret, ""))
	stranger.want(http.StatusMethodNotAllowed)
	stranger.write(post("init/error", "{}") + post("invocation/a/response", ""))
	stranger.want(http.StatusForbidden)
	stranger.want(http.StatusForbidden)
	spare := dial(t, s)
	spare.askFunction(secret)
	asked(t, s)
	stranger.askFunction(secret)
	stranger.want(http.StatusForbidden)
	stranger.ask() // held for good
	stranger.silent(10 * time.Millisecond)
	if err := s.Assign(1, nil, []byte("A=1")); err != nil {
		t.Fatal(err)
	}
	if _, body := spare.want(http.StatusOK); body != "A=1" {
		t.Errorf("%q", body)
	}
	stranger.silent(10 * time.Millisecond)
	if s.InitError() != nil {
		t.Error("a stranger's error counts")
	}
}

// TestNoSpare: an ordinary instance's server has no function to give away.
func TestNoSpare(t *testing.T) {
	t.Parallel()
	s := newServer(t, Config{})
	for _, guess := range []string{"", "x"} {
		c := dial(t, s)
		c.askFunction(guess)
		c.want(http.StatusForbidden)
	}
	if err := s.Assign(1, nil, nil); !errors.Is(err, ErrNotTaken) {
		t.Error(err)
	}
}

// TestSpareGoes has one hang up while it waits, and the server close before it
// got anything.
func TestSpareGoes(t *testing.T) {
	t.Parallel()
	s := newServer(t, Config{Secret: secret})
	c := dial(t, s)
	c.askFunction(secret)
	asked(t, s)
	c.nc.Close()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		s.mu.Lock()
		left := len(s.conns)
		s.mu.Unlock()
		if left == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the connection stays")
		}
	}
	if err := s.Assign(1, nil, nil); !errors.Is(err, ErrNotTaken) {
		t.Error(err)
	}
	closing := newServer(t, Config{Secret: secret})
	dial(t, closing).askFunction(secret)
	asked(t, closing)
	closing.Close(errors.New("gone"))
	if err := closing.Assign(1, nil, nil); !errors.Is(err, ErrNotTaken) {
		t.Error(err)
	}
	if _, err := closing.Start(&Invocation{RequestID: "a"}); !errors.Is(err, ErrNotTaken) {
		t.Error(err)
	}
}
