package sandbox

import (
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// notification is the kernel's struct seccomp_notif (linux/seccomp.h).
type notification struct {
	id    uint64
	pid   uint32 // of the thread, in this process's PID namespace
	flags uint32
	nr    int32
	arch  uint32
	ip    uint64
	args  [6]uint64
}

// response is struct seccomp_notif_resp.
type response struct {
	id    uint64
	val   int64
	errno int32 // negative
	flags uint32
}

// filter is the listener of a port filter.
type filter struct {
	raw   syscall.RawConn
	fd    int // valid within a function given to raw
	ports *ports
}

// answer serves the listener. It returns when nobody is left under the filter,
// or the listener was closed.
func answer(p *ports, listener *os.File) {
	raw, err := listener.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		// The caller sleeps while it is answered: the two share a processor
		// best. Linux 6.6; without it all works, more slowly.
		_, _, _ = unix.Syscall(unix.SYS_IOCTL, fd, unix.SECCOMP_IOCTL_NOTIF_SET_FLAGS, unix.SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP)
	})
	for over := false; !over; {
		err := raw.Read(func(fd uintptr) bool {
			f := &filter{raw: raw, fd: int(fd), ports: p}
			var ready bool
			ready, over = f.next()
			return ready || over
		})
		if err != nil {
			return
		}
	}
}

// next answers one question if there is one.
func (f *filter) next() (ready, over bool) {
	fds := [1]unix.PollFd{{Fd: int32(f.fd), Events: unix.POLLIN}}
	if n, err := unix.Poll(fds[:], 0); n == 0 || err != nil {
		return false, false
	}
	if fds[0].Revents&unix.POLLIN == 0 {
		return false, true // POLLHUP: nobody is left
	}
	var n notification
	if err := f.ioctl(unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(&n)); err != nil {
		return true, false // the caller was killed meanwhile
	}
	f.handle(&n)
	return true, false
}

// later calls do with a filter whose descriptor is valid, unless it was closed.
func (f *filter) later(do func(*filter)) {
	_ = f.raw.Control(func(fd uintptr) {
		do(&filter{raw: f.raw, fd: int(fd), ports: f.ports})
	})
}

func (f *filter) handle(n *notification) {
	switch n.nr {
	case unix.SYS_CONNECT:
		f.connect(n)
	case unix.SYS_BIND:
		f.bind(n)
	case unix.SYS_LISTEN:
		f.listen(n)
	default:
		f.pass(n)
	}
}

// pass lets the kernel do the call as it was made.
func (f *filter) pass(n *notification) {
	f.send(&response{id: n.id, flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE})
}

// done answers the call with the result of doing it here.
func (f *filter) done(n *notification, err error) {
	r := response{id: n.id}
	if err != nil {
		r.errno = -int32(unix.EACCES)
		if errno, ok := err.(unix.Errno); ok {
			r.errno = -int32(errno)
		}
	}
	f.send(&r)
}

// send fails only if the caller is gone.
func (f *filter) send(r *response) {
	_ = f.ioctl(unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(r))
}

// valid reports whether the caller still waits, so that what was read by its
// number was its own.
func (f *filter) valid(n *notification) bool {
	return f.ioctl(unix.SECCOMP_IOCTL_NOTIF_ID_VALID, unsafe.Pointer(&n.id)) == nil
}

func (f *filter) ioctl(request uintptr, p unsafe.Pointer) error {
	for {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(f.fd), request, uintptr(p))
		runtime.KeepAlive(p)
		if errno == 0 {
			return nil
		}
		if errno != unix.EINTR {
			return errno
		}
	}
}
