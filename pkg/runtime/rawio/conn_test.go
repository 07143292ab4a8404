//go:build unix

package rawio

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/nettest"
)

// pair gives the two ends of a TCP connection, both as Conn gives them.
func pair(t testing.TB) (a, b net.Conn) {
	t.Helper()
	return attendedPair(t, nil)
}

// attendedPair gives the two ends of one whose ends get attention.
func attendedPair(t testing.TB, attention *Attention) (a, b net.Conn) {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := listener{inner, attention}
	defer l.Close()
	dialed, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return wrap(dialed, attention), accepted
}

// The rules of package net hold: deadlines, closing while reading, parallel use.
func TestIsAConn(t *testing.T) {
	nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
		a, b := pair(t)
		return a, b, func() { a.Close(); b.Close() }, nil
	})
}

func TestMuchAtOnce(t *testing.T) {
	a, b := pair(t)
	defer b.Close()
	sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<20) // more than the socket's buffers and a chunk
	var wg sync.WaitGroup
	wg.Go(func() {
		defer a.Close()
		if n, err := a.Write(sent); n != len(sent) || err != nil {
			t.Errorf("Write = %d, %v, want %d", n, err, len(sent))
		}
	})
	got, err := io.ReadAll(b)
	if err != nil || !bytes.Equal(got, sent) {
		t.Errorf("read %d bytes, %v, want the %d that were sent", len(got), err, len(sent))
	}
	wg.Wait()
}

func TestErrorsAreThoseOfNet(t *testing.T) {
	a, b := pair(t)
	defer a.Close()
	if n, err := a.Read(nil); n != 0 || err != nil {
		t.Errorf("reading nothing = %d, %v", n, err)
	}
	if n, err := a.Write(nil); n != 0 || err != nil {
		t.Errorf("writing nothing = %d, %v", n, err)
	}
	if err := a.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	_, err := a.Read(make([]byte, 1))
	var timeout net.Error
	if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("past the deadline: %v", err)
	}
	if err := a.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	// Closing with something unread resets the connection.
	if _, err := a.Write([]byte("unread")); err != nil {
		t.Fatal(err)
	}
	for Quiet(int(descriptor(t, b))) {
		time.Sleep(time.Millisecond)
	}
	b.Close()
	_, err = a.Read(make([]byte, 1))
	var op *net.OpError
	if !errors.Is(err, syscall.ECONNRESET) || !errors.As(err, &op) || op.Op != "read" || op.Addr == nil {
		t.Errorf("reading after a reset: %#v", err)
	}
	if _, err = a.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("writing after a reset: %v", err)
	}
	a.Close()
	if _, err = a.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("reading what is closed: %v", err)
	}
	if Conn(a) != a {
		t.Error("Conn wraps what is no TCP connection")
	}
}

func TestQuiet(t *testing.T) {
	a, b := pair(t)
	defer a.Close()
	fd := int(descriptor(t, a))
	if !Quiet(fd) {
		t.Error("a connection without traffic isn't quiet")
	}
	if _, err := b.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	for Quiet(fd) {
		time.Sleep(time.Millisecond)
	}
	if n, err := a.Read(make([]byte, 8)); n != 1 || err != nil {
		t.Errorf("looking took what had come: Read = %d, %v", n, err)
	}
	b.Close()
	for Quiet(fd) {
		time.Sleep(time.Millisecond)
	}
}

func TestReadOfAPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	fd := int(descriptor(t, r))
	buf := make([]byte, 8)
	if _, err := Read(fd, buf); err != syscall.EAGAIN {
		t.Errorf("an empty pipe gives %v, want EAGAIN", err)
	}
	if _, err := w.WriteString("hello"); err != nil {
		t.Fatal(err)
	}
	if n, err := Read(fd, buf); string(buf[:n]) != "hello" || err != nil {
		t.Errorf("Read = %q, %v", buf[:n], err)
	}
	if n, err := Read(fd, nil); n != 0 || err != nil {
		t.Errorf("reading nothing = %d, %v", n, err)
	}
	w.Close()
	if n, err := Read(fd, buf); n != 0 || err != nil {
		t.Errorf("the end of a pipe = %d, %v, want 0", n, err)
	}
}

// descriptor is only looked at while its owner is open.
func descriptor(t *testing.T, c any) (fd uintptr) {
	t.Helper()
	raw, err := c.(syscall.Conn).SyscallConn()
	if err == nil {
		err = raw.Control(func(f uintptr) { fd = f })
	}
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

// BenchmarkExchange is a byte there and back.
func BenchmarkExchange(b *testing.B) {
	client, server := pair(b)
	defer client.Close()
	go func() { _, _ = io.Copy(struct{ io.Writer }{server}, struct{ io.Reader }{server}); server.Close() }()
	buf := make([]byte, 1)
	for b.Loop() {
		if _, err := client.Write(buf); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(client, buf); err != nil {
			b.Fatal(err)
		}
	}
}
