//go:build unix

package instance

import (
	"errors"
	"syscall"

	"s/pkg/runtime/rawio"
)

// take hands what is there to the collector, without waiting. The collector is
// locked.
func (p logPipe) take(c *collector, budget int) {
	_ = p.raw.Control(func(fd uintptr) { c.takeFrom(int(fd), budget) })
}

// takeFrom reads until nothing is there or the budget is used up. It tells how
// much it took, and whether that was the end of the pipe. The collector is locked.
func (c *collector) takeFrom(fd, budget int) (taken int, end bool) {
	for taken < budget {
		n, err := rawio.Read(fd, c.buf)
		switch {
		case n > 0:
			c.write(c.buf[:n])
			taken += n
			// A short read isn't enough to know that the pipe is empty: its end
			// may be behind it.
		case errors.Is(err, syscall.EAGAIN):
			return taken, false
		default:
			return taken, true
		}
	}
	return taken, false
}
