package sandbox

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"s/pkg/runtime/rloader"
)

// endOfInput is what a terminal's user types at the end of input.
const endOfInput = 4

// execStreams carry the input and output of a command inside an instance.
type execStreams struct {
	spec    ExecSpec
	theirs  []*os.File // the command's ends, until it has started
	ours    []*os.File
	outputs []*os.File // of ours, those being copied
	ended   chan struct{}
	copying sync.WaitGroup
}

// openExecStreams makes pipes; a terminal comes later, from inside.
func openExecStreams(spec ExecSpec) (*execStreams, files, error) {
	s := &execStreams{spec: spec, ended: make(chan struct{})}
	var given files
	if spec.TTY {
		return s, given, nil
	}
	if spec.Stdin != nil {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, nil, err
		}
		s.theirs, s.ours = append(s.theirs, r), append(s.ours, w)
		given.add(rloader.FileStdin, r)
		go func() {
			_, _ = io.Copy(w, spec.Stdin) // fails when the command has ended
			w.Close()
		}()
	}
	for name, to := range map[string]io.Writer{rloader.FileStdout: spec.Stdout, rloader.FileStderr: spec.Stderr} {
		if to == nil {
			continue
		}
		r, w, err := os.Pipe()
		if err != nil {
			s.started()
			s.close()
			return nil, nil, err
		}
		s.theirs, s.ours = append(s.theirs, w), append(s.ours, r)
		given.add(name, w)
		s.copy(to, r)
	}
	return s, given, nil
}

// started gives up the ends that the command has got.
func (s *execStreams) started() {
	for _, f := range s.theirs {
		f.Close()
	}
	s.theirs = nil
}

// attach connects the command's terminal.
func (s *execStreams) attach(master *os.File) {
	s.ours = append(s.ours, master)
	to := s.spec.Stdout
	if to == nil {
		to = io.Discard
	}
	s.copy(to, master)
	if s.spec.Stdin != nil {
		go func() {
			if _, err := io.Copy(master, s.spec.Stdin); err == nil {
				_, _ = master.Write([]byte{endOfInput})
			}
		}()
	}
	if s.spec.Resize != nil {
		go s.resize(master)
	}
}

// resize follows the user's window until the command ends.
func (s *execStreams) resize(master *os.File) {
	raw, err := master.SyscallConn()
	if err != nil {
		return
	}
	for {
		select {
		case <-s.ended:
			return
		case size, ok := <-s.spec.Resize:
			if !ok {
				return
			}
			_ = raw.Control(func(fd uintptr) {
				_ = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: size[0], Col: size[1]})
			})
		}
	}
}

// copy hands on output as it comes.
func (s *execStreams) copy(to io.Writer, from *os.File) {
	s.outputs = append(s.outputs, from)
	s.copying.Go(func() {
		buffer, over := make([]byte, 32<<10), false
		for {
			if over {
				_ = from.SetReadDeadline(time.Now().Add(drainIdle))
			}
			n, err := from.Read(buffer)
			if n > 0 {
				_, _ = to.Write(buffer[:n]) // if nobody listens, the command still may go on
			}
			switch {
			case errors.Is(err, os.ErrDeadlineExceeded) && !over:
				over = true // the command has ended; take what is left
			case err != nil: // EOF; a terminal gives EIO
				return
			}
		}
	})
}

// drain waits until the output is complete.
func (s *execStreams) drain() {
	close(s.ended)
	for _, f := range s.outputs {
		_ = f.SetReadDeadline(time.Now())
	}
	s.copying.Wait()
}

// close gives up all that is left.
func (s *execStreams) close() {
	for _, f := range s.ours {
		f.Close()
	}
}
