package httpconn

import (
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"
)

// kept connects n times at once and gives the connections back.
func kept(t *testing.T, c *Client, n int) []*conn {
	t.Helper()
	var all []*conn
	for range n {
		k, err := c.get(t.Context(), time.Time{}, true)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, k)
	}
	for _, k := range all {
		k.keep()
	}
	return all
}

// TestKeepsSoMany: the connection that was idle for longest goes first.
func TestKeepsSoMany(t *testing.T) {
	t.Parallel()
	_, c := newRaw(t, func(nc net.Conn, _ int) { _, _ = io.Copy(io.Discard, nc) })
	all := kept(t, c, maxIdle+2)
	if got := idle(c); got != maxIdle {
		t.Errorf("%d are kept", got)
	}
	for i, k := range all {
		_, err := k.nc.Write([]byte("x"))
		if closed := i < 2; isClosed(err) != closed {
			t.Errorf("connection %d: %v, should be closed: %t", i, err, closed)
		}
	}
	c.mu.Lock()
	known := len(c.all)
	c.mu.Unlock()
	if known != maxIdle {
		t.Errorf("%d are known", known)
	}
	last, err := c.get(t.Context(), time.Time{}, false)
	if err != nil || last != all[len(all)-1] || !last.reused {
		t.Errorf("the next is not the most recently used: %v", err)
	}
}

// TestKeepAfterTheEnd: what is given back to a closed client, or can't be used
// again, isn't kept.
func TestKeepAfterTheEnd(t *testing.T) {
	t.Parallel()
	_, c := newRaw(t, func(nc net.Conn, _ int) { _, _ = io.Copy(io.Discard, nc) })
	broken, err := c.get(t.Context(), time.Now().Add(time.Hour), true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := broken.limit(t.Context(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	_ = broken.nc.Close()
	if broken.keep(); idle(c) != 0 {
		t.Error("a broken connection is kept")
	}
	if _, err := broken.limit(t.Context(), time.Now()); !isClosed(err) {
		t.Errorf("limiting a closed connection: %v", err)
	}
	late, err := c.get(t.Context(), time.Time{}, true)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if late.keep(); idle(c) != 0 {
		t.Error("a closed client keeps a connection")
	}
	if _, err := c.get(t.Context(), time.Time{}, false); !errors.Is(err, ErrClosed) {
		t.Errorf("a closed client connects: %v", err)
	}
}

func TestIsClosed(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]bool{
		nil: false, io.EOF: false, net.ErrClosed: true, fmt.Errorf("x: %w", net.ErrClosed): true,
		&net.OpError{Op: "read", Err: net.ErrClosed}: true, &net.OpError{Op: "read", Err: io.EOF}: false,
	} {
		if got := isClosed(err); got != want {
			t.Errorf("%v: %t", err, got)
		}
	}
}
