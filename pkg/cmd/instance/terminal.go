package instancecmd

import (
	"context"
	"io"

	"golang.org/x/term"

	"s/pkg/fcclient"
)

// terminal is the user's terminal in raw mode.
type terminal struct {
	fd  int
	old *term.State
}

// rawTerminal puts the terminal behind in into raw mode, so that every key goes
// to the instance.
func rawTerminal(in io.Reader) (*terminal, error) {
	file, ok := in.(interface{ Fd() uintptr })
	if !ok {
		return nil, errNoTerminal
	}
	t := &terminal{fd: int(file.Fd())}
	var err error
	t.old, err = term.MakeRaw(t.fd)
	return t, err
}

// restore gives the terminal back as it was.
func (t *terminal) restore() { _ = term.Restore(t.fd, t.old) }

// sizes tells the size at once and after every change, until ctx ends.
func (t *terminal) sizes(ctx context.Context) <-chan fcclient.TermSize {
	out := make(chan fcclient.TermSize, 1)
	go func() {
		changed, stop := resized()
		defer stop()
		for {
			if width, height, err := term.GetSize(t.fd); err == nil {
				select {
				case out <- fcclient.TermSize{Width: width, Height: height}:
				case <-ctx.Done():
					return
				}
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}
