//go:build unix

package iostreams

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// readable waits up to timeout until a read of f wouldn't block.
func readable(f *os.File, timeout time.Duration) (bool, error) {
	fds := []unix.PollFd{{Fd: int32(f.Fd()), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, int(timeout.Milliseconds()))
	if errors.Is(err, unix.EINTR) {
		return false, nil
	}
	return n > 0, err
}

// listen makes the terminal hand on every key as it is, without echo, and gives
// what restores it. survey does so only once it has shown its question: a key
// pressed at that moment would be echoed, and a Ctrl-C flush what was typed.
func listen(f *os.File) (restore func(), err error) {
	fd := int(f.Fd())
	before, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return nil, err
	}
	mode := *before
	mode.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG
	mode.Cc[unix.VMIN], mode.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(fd, setTermios, &mode); err != nil {
		return nil, err
	}
	return func() {
		// A terminal that is gone needs no restoring.
		_ = unix.IoctlSetTermios(fd, setTermios, before)
	}, nil
}
