package rawio

import (
	"cmp"
	"errors"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Bell tells that there is something to read, once: what comes after that wakes
// nobody until it is asked again. A descriptor that the poller watches itself
// wakes the process each time that something comes, whether anybody waits or not.
//
// It is an epoll of its own (epoll(7), EPOLLONESHOT), which the poller watches in
// place of the descriptor.
type Bell struct {
	file *os.File
	raw  syscall.RawConn
	of   syscall.RawConn
}

// NewBell makes the bell of a descriptor that the poller doesn't watch.
func NewBell(of syscall.RawConn) (*Bell, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil { // or the poller doesn't take it
		return nil, errors.Join(os.NewSyscallError("fcntl", err), unix.Close(fd))
	}
	b := &Bell{file: os.NewFile(uintptr(fd), "epoll"), of: of}
	b.raw, err = b.file.SyscallConn()
	if err == nil {
		err = b.watch(unix.EPOLL_CTL_ADD, 0) // for nothing yet
	}
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// watch says what is to be watched for.
func (b *Bell) watch(how int, events uint32) error {
	event := unix.EpollEvent{Events: events | unix.EPOLLONESHOT}
	var errno syscall.Errno
	var inner error
	err := b.of.Control(func(of uintptr) {
		inner = b.raw.Control(func(fd uintptr) {
			_, _, errno = syscall.RawSyscall6(syscall.SYS_EPOLL_CTL, fd, uintptr(how), of, uintptr(unsafe.Pointer(&event)), 0, 0) //nolint:gosec // a buffer for the call
		})
	})
	if errno != 0 {
		return os.NewSyscallError("epoll_ctl", errno)
	}
	return cmp.Or(err, inner)
}

// Wait returns when there is something to read, or nothing will ever come. It is an
// error if the bell or what it is of has been closed. One may wait at a time.
func (b *Bell) Wait() error {
	if err := b.watch(unix.EPOLL_CTL_MOD, unix.EPOLLIN); err != nil {
		return err
	}
	return b.raw.Read(rings)
}

// rings reports whether the bell has rung.
func rings(fd uintptr) bool {
	var event unix.EpollEvent
	n, _, errno := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, fd, uintptr(unsafe.Pointer(&event)), 1, 0, 0, 0) //nolint:gosec // a buffer for the call
	return errno == 0 && n > 0
}

// Close ends waiting.
func (b *Bell) Close() error { return b.file.Close() }

// Pipe makes a pipe. The poller doesn't watch the reading end, which doesn't
// block; the writing end does, as programs expect.
func Pipe() (r, w *os.File, err error) {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return nil, nil, os.NewSyscallError("pipe2", err)
	}
	r, w = os.NewFile(uintptr(ends[0]), "|0"), os.NewFile(uintptr(ends[1]), "|1")
	if err := unix.SetNonblock(ends[0], true); err != nil { // only now: or it would be watched
		return nil, nil, errors.Join(os.NewSyscallError("fcntl", err), r.Close(), w.Close())
	}
	return r, w, nil
}
