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
