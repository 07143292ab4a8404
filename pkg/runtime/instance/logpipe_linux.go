package instance

import (
	"errors"
	"os"
	"syscall"
	"time"

	"s/pkg/runtime/rawio"
)

const (
	// logPause is how long the pipe isn't looked at after a little was in it.
	// Programs print line by line: to be woken for each line costs more than to
	// take it, and that just when the program has work to do.
	logPause = 2 * time.Millisecond
	// little is up to how many bytes that is. More is a program that prints much,
	// and would soon wait for room in the pipe.
	little = 4 << 10
)

// logPipe is the reading end of the pipe that an instance prints to.
type logPipe struct {
	file *os.File
	raw  syscall.RawConn
	bell *rawio.Bell
}

// newLogPipe makes a pipe, whose other end is for the program.
func newLogPipe() (logPipe, *os.File, error) {
	r, w, err := rawio.Pipe()
	if err != nil {
		return logPipe{}, nil, err
	}
	p := logPipe{file: r}
	if p.raw, err = r.SyscallConn(); err == nil {
		p.bell, err = rawio.NewBell(p.raw)
	}
	if err != nil {
		return logPipe{}, nil, errors.Join(err, r.Close(), w.Close())
	}
	return p, w, nil
}

// readAll hands what comes to the collector until the pipe is at its end or
// closed. When the program has ended, nothing is waited for any more.
func (p logPipe) readAll(c *collector, ended <-chan struct{}) {
	for p.bell.Wait() == nil {
		taken, end := p.takeAll(c)
		if end {
			return
		}
		if taken > little {
			continue
		}
		select {
		case <-time.After(logPause):
		case <-ended:
		}
	}
}

// takeAll takes what is there. It lets others have the collector from time to
// time however much comes.
func (p logPipe) takeAll(c *collector) (taken int, end bool) {
	err := p.raw.Control(func(fd uintptr) {
		for n := pipeBudget; n >= pipeBudget && !end; taken += n {
			c.mu.Lock()
			n, end = c.takeFrom(int(fd), pipeBudget)
			c.mu.Unlock()
		}
	})
	return taken, end || err != nil
}

func (p logPipe) close() { _, _ = p.bell.Close(), p.file.Close() }
