package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// plainPatience is how long an answer may take.
const plainPatience = 30 * time.Second

// plain is a connection as a simple program has it: its thread waits in the system's
// read itself, and not another one of Go's scheduler, which wakes it then.
type plain struct {
	file *os.File
	fd   int
}

// blocking makes a plain connection of one, for this goroutine alone, until closed.
func blocking(conn net.Conn) (io.ReadWriteCloser, error) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil, fmt.Errorf("%T is no connection of TCP", conn)
	}
	file, err := tcp.File()
	if err != nil {
		return nil, err
	}
	p := &plain{file, int(file.Fd())} // which makes it block
	limit := unix.NsecToTimeval(plainPatience.Nanoseconds())
	if err := unix.SetsockoptTimeval(p.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	runtime.LockOSThread()
	return p, nil
}

func (p *plain) Read(b []byte) (int, error) {
	for {
		n, err := unix.Read(p.fd, b)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			return 0, fmt.Errorf("no answer within %v", plainPatience)
		case err != nil:
			return 0, err
		case n == 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

func (p *plain) Write(b []byte) (int, error) {
	for done := 0; ; {
		n, err := unix.Write(p.fd, b[done:])
		if err != nil && !errors.Is(err, unix.EINTR) {
			return done, err
		}
		if done += max(n, 0); done == len(b) {
			return done, nil
		}
	}
}

// Close leaves the goroutine its thread, which ends with it: its processors may be
// others by now.
func (p *plain) Close() error { return p.file.Close() }
