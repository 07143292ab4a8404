package rloader

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// streams are the standard streams of a command and, with a terminal, its
// master side.
type streams struct {
	stdin, stdout, stderr int
	master                int // -1 without terminal
	slave                 int
}

// ownStreams are rloader's own streams, or those that came with the order.
func ownStreams(files map[string]int) streams {
	s := streams{stdin: 0, stdout: 1, stderr: 2, master: -1, slave: -1}
	for name, fd := range map[string]*int{FileStdin: &s.stdin, FileStdout: &s.stdout, FileStderr: &s.stderr} {
		if given, ok := files[name]; ok {
			*fd = given
		}
	}
	return s
}

// openTerminal opens a pseudo terminal in the devpts that the calling thread
// sees as /dev/pts.
func openTerminal(rows, cols uint16) (streams, error) {
	s := streams{master: -1, slave: -1}
	master, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return s, fmt.Errorf("open a terminal: %w", err)
	}
	if err := unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0); err != nil {
		return s, fmt.Errorf("unlock the terminal: %w", err)
	}
	number, err := unix.IoctlGetInt(master, unix.TIOCGPTN)
	if err != nil {
		return s, fmt.Errorf("number of the terminal: %w", err)
	}
	slave, err := unix.Open(fmt.Sprintf("/dev/pts/%d", number), unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return s, fmt.Errorf("open the terminal: %w", err)
	}
	if rows > 0 && cols > 0 {
		if err := unix.IoctlSetWinsize(slave, unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: cols}); err != nil {
			return s, fmt.Errorf("size of the terminal: %w", err)
		}
	}
	return streams{stdin: slave, stdout: slave, stderr: slave, master: master, slave: slave}, nil
}

// close gives up the command's side of the terminal: the master must see its
// end when the command has ended.
func (s streams) close() {
	if s.slave >= 0 {
		unix.Close(s.slave)
	}
}
