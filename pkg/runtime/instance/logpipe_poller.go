//go:build unix && !linux

package instance

import (
	"errors"
	"os"
	"syscall"
)

// logPipe is the reading end of the pipe that an instance prints to.
type logPipe struct {
	file *os.File
	raw  syscall.RawConn
}

// newLogPipe makes a pipe: our end waits in the poller, the program's end blocks
// as programs expect.
func newLogPipe() (logPipe, *os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return logPipe{}, nil, err
	}
	w.Fd() // makes it blocking
	raw, err := r.SyscallConn()
	if err != nil {
		return logPipe{}, nil, errors.Join(err, r.Close(), w.Close())
	}
	return logPipe{r, raw}, w, nil
}

// readAll hands what comes to the collector until the end. It lets others have
// the collector from time to time however much comes.
func (p logPipe) readAll(c *collector, _ <-chan struct{}) {
	_ = p.raw.Read(func(fd uintptr) bool {
		for {
			c.mu.Lock()
			taken, end := c.takeFrom(int(fd), pipeBudget)
			c.mu.Unlock()
			if taken < pipeBudget {
				return end
			}
		}
	})
}

func (p logPipe) close() { _ = p.file.Close() }
