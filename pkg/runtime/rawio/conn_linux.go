package rawio

import (
	"io"
	"net"
	"os"
	"sync/atomic"
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

	// For connections of a server only.
	attention *Attention
	between   atomic.Bool // two requests
	payoff    Payoff      // of looking for the next one; guarded by raw.Read
}

// Conn gives a connection with the same behaviour as nc. What isn't a TCP
// connection is given back as it is; else it is a SoonReader.
func Conn(nc net.Conn) net.Conn { return wrap(nc, nil) }

func wrap(nc net.Conn, a *Attention) net.Conn {
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return nc
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nc // closed: its next use says so
	}
	return &conn{TCPConn: tcp, raw: raw, attention: a}
}

func (c *conn) setBetween(yes bool) { c.between.Store(yes) }

// Read reads what has come, at least a byte.
func (c *conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	var n int
	var errno syscall.Errno
	first := true
	err := c.raw.Read(func(fd uintptr) bool { // one at a time
		there := func() bool {
			n, errno = read(fd, p)
			return errno != syscall.EAGAIN
		}
		// What a request lacks isn't looked for: it may be long until it comes.
		look := first && c.between.Load() && c.attention.Free() && c.payoff.Due()
		first = false
		if !look {
			return there()
		}
		came := c.attention.look(there)
		c.payoff.Note(came)
		return came
	})
	return c.got(n, errno, err)
}

// ReadSoon reads what has come, or comes while the attention lasts.
func (c *conn) ReadSoon(a *Attention, p []byte) (int, error) {
	var n int
	var errno syscall.Errno
	err := c.raw.Control(func(fd uintptr) {
		a.look(func() bool {
			n, errno = read(fd, p)
			return errno != syscall.EAGAIN
		})
	})
	if err == nil && errno == syscall.EAGAIN {
		return 0, ErrNothing
	}
	return c.got(n, errno, err)
}

// got is what a read gave, as package net has it.
func (c *conn) got(n int, errno syscall.Errno, err error) (int, error) {
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

// yield lets others have the processor who want it.
func yield() { _, _, _ = syscall.RawSyscall(syscall.SYS_SCHED_YIELD, 0, 0, 0) }

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
