//go:build !unix

package instance

import "os"

// logPipe is the reading end of the pipe that an instance prints to. Here it
// can't be read without waiting.
type logPipe struct{ file *os.File }

func newLogPipe() (logPipe, *os.File, error) {
	r, w, err := os.Pipe()
	return logPipe{r}, w, err
}

func (p logPipe) readAll(c *collector, _ <-chan struct{}) {
	buf := make([]byte, 8<<10)
	for {
		n, err := p.file.Read(buf)
		c.mu.Lock()
		c.write(buf[:n])
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (p logPipe) take(*collector, int) {}

func (p logPipe) close() { _ = p.file.Close() }
