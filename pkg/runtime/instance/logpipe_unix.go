//go:build unix

package instance

import (
	"errors"
	"os"
	"syscall"

	"s/pkg/runtime/rawio"
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
		_, _ = r.Close(), w.Close()
		return logPipe{}, nil, err
	}
	return logPipe{r, raw}, w, nil
}

// readAll hands what comes to the collector until the end. It lets others have
// the collector from time to time however much comes.
func (p logPipe) readAll(c *collector) {
	_ = p.raw.Read(func(fd uintptr) bool {
		for {
			c.mu.Lock()
			end, more := c.takeFrom(int(fd), pipeBudget)
			c.mu.Unlock()
			if !more {
				return end
			}
		}
	})
}

// take hands what is there to the collector, without waiting. The collector is
// locked.
func (p logPipe) take(c *collector, budget int) {
	_ = p.raw.Control(func(fd uintptr) { c.takeFrom(int(fd), budget) })
}

func (p logPipe) close() { _ = p.file.Close() }

// takeFrom reads until nothing is there or the budget is used up. It reports
// whether that was the end of the pipe, and whether there may be more. The
// collector is locked.
func (c *collector) takeFrom(fd, budget int) (end, more bool) {
	for budget > 0 {
		n, err := rawio.Read(fd, c.buf)
		switch {
		case n > 0:
			c.write(c.buf[:n])
			budget -= n
			// A short read isn't enough to know that the pipe is empty: its end
			// may be behind it, and is announced only once.
		case errors.Is(err, syscall.EAGAIN):
			return false, false
		default:
			return true, false
		}
	}
	return false, true
}
