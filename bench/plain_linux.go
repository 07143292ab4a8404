package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// plainPatience is how long an answer may take.
const plainPatience = 30 * time.Second

// plain is a connection as a simple program has it: its thread waits in the system's
// read itself, and Go's scheduler, whose other threads would look for work
// meanwhile, knows nothing of it.
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
	n, err := p.call(syscall.SYS_READ, b)
	if err == nil && n == 0 {
		return 0, io.EOF
	}
	return n, err
}

func (p *plain) Write(b []byte) (int, error) {
	for done := 0; ; {
		n, err := p.call(syscall.SYS_WRITE, b[done:])
		if done += n; err != nil || done == len(b) {
			return done, err
		}
	}
}

func (p *plain) call(number uintptr, b []byte) (int, error) {
	for {
		n, _, errno := syscall.RawSyscall(number, uintptr(p.fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
		switch errno {
		case 0:
			return int(n), nil
		case syscall.EINTR:
		case syscall.EAGAIN:
			return 0, fmt.Errorf("no answer within %v", plainPatience)
		default:
			return 0, errno
		}
	}
}

func (p *plain) Close() error {
	runtime.UnlockOSThread()
	return p.file.Close()
}
