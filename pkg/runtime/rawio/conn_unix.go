//go:build unix && !linux

package rawio

import "syscall"

// Read reads from a descriptor that doesn't block; 0 bytes are its end.
func Read(fd int, p []byte) (int, error) {
	for {
		n, err := syscall.Read(fd, p)
		if err != syscall.EINTR {
			return n, err
		}
	}
}

// Quiet reports whether the peer of a connection has neither sent anything that
// wasn't read nor closed it.
func Quiet(fd int) bool {
	var b [1]byte
	for {
		_, _, err := syscall.Recvfrom(fd, b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		if err != syscall.EINTR {
			return err == syscall.EAGAIN
		}
	}
}
