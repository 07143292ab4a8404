package rawio

import (
	"io"
	"net"
	"os"
	"syscall"
	"unsafe"
)

// chunk is what one call may move, in bytes: copying more takes long enough for
// the scheduler to be told.
const chunk = 256 << 10

// conn is a TCP connection whose reads and writes the scheduler doesn't see.
// All else is the connection's own, its deadlines too.
type conn struct {
	*net.TCPConn
	raw syscall.RawConn
}

// Conn gives a connection with the same behaviour as nc. What isn't a TCP
// connection is given back as it is.
func Conn(nc net.Conn) net.Conn {
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return nc
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nc // closed: its next use says so
	}
	return &conn{tcp, raw}
}

// Read reads what has come, at least a byte.
func (c *conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	var n int
	var errno syscall.Errno
	err := c.raw.Read(func(fd uintptr) bool {
		n, errno = read(fd, p)
		return errno != syscall.EAGAIN
	})
	switch {
	case err != nil:
		return 0, err
	case errno != 0:
		return 0, c.failed("read", errno)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// Write writes all of p.
func (c *conn) Write(p []byte) (int, error) {
	done := 0
	var errno syscall.Errno
	err := c.raw.Write(func(fd uintptr) bool {
		for done < len(p) {
			var n int
			if n, errno = write(fd, p[done:]); errno != 0 {
				return errno != syscall.EAGAIN
			}
			done += n
		}
		return true
	})
	switch {
	case err != nil:
		return done, err
	case errno != 0:
		return done, c.failed("write", errno)
	}
	return done, nil
}

// failed is an error as package net gives it.
func (c *conn) failed(op string, errno syscall.Errno) error {
	return &net.OpError{Op: op, Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: os.NewSyscallError(op, errno)}
}

// Read reads from a descriptor that doesn't block; 0 bytes are its end.
func Read(fd int, p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, errno := read(uintptr(fd), p)
	if errno != 0 {
		return 0, errno
	}
	return n, nil
}

// Quiet reports whether the peer of a connection has neither sent anything that
// wasn't read nor closed it.
func Quiet(fd int) bool {
	var b [1]byte
	for {
		_, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&b)), uintptr(len(b)), //nolint:gosec // a buffer for the call
			syscall.MSG_PEEK|syscall.MSG_DONTWAIT, 0, 0)
		if errno != syscall.EINTR {
			return errno == syscall.EAGAIN
		}
	}
}

func read(fd uintptr, p []byte) (int, syscall.Errno)  { return call(syscall.SYS_READ, fd, p) }
func write(fd uintptr, p []byte) (int, syscall.Errno) { return call(syscall.SYS_WRITE, fd, p) }

// call makes a call that moves bytes, again if a signal came in between.
func call(number, fd uintptr, p []byte) (int, syscall.Errno) {
	if len(p) > chunk {
		p = p[:chunk]
	}
	for {
		n, _, errno := syscall.RawSyscall(number, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p))) //nolint:gosec // a buffer for the call
		if errno == 0 {
			return int(n), 0
		}
		if errno != syscall.EINTR {
			return 0, errno
		}
	}
}
