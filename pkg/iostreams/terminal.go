package iostreams

import (
	"bytes"
	"io"
	"os"
	"regexp"
	"time"
)

// positionQuery asks the terminal where its cursor is; it answers as if its
// report had been typed (ECMA-48, device status report).
const positionQuery = "\x1b[6n"

// positionReport is the answer: row and column.
var positionReport = regexp.MustCompile(`\x1b\[\d+;\d+R`)

// assumedReport stands for the answer of a terminal that gives none.
const assumedReport = "\x1b[1;1R"

const (
	// positionWait is how long a terminal may take to answer.
	positionWait = time.Second
	// readTick is how often a read looks whether it should end.
	readTick = 100 * time.Millisecond
)

// terminalInput is the keyboard as survey reads it. survey asks for the
// position of the cursor before every line: it waits forever where the terminal
// doesn't answer (expect, simple consoles), and drops keys that were typed ahead
// of a question. Here a missing answer is made up and no key is lost.
type terminalInput struct {
	file *os.File
	done <-chan struct{}
	// awaited is the number of reports that the terminal still owes.
	awaited int
	// mute is set once the terminal hasn't answered: it isn't asked again.
	mute bool
	// held are keys that were read but not handed on.
	held []byte
}

// Fd is that of the terminal.
func (t *terminalInput) Fd() uintptr { return t.file.Fd() }

// Read gives the report if one is awaited, else the keys up to the end of a
// line. It returns io.EOF when done closes.
func (t *terminalInput) Read(p []byte) (int, error) {
	if t.awaited > 0 {
		report, err := t.report()
		if err != nil {
			return 0, err
		}
		t.awaited--
		return copy(p, report), nil
	}
	for len(t.held) == 0 {
		if err := t.more(); err != nil {
			return 0, err
		}
	}
	n := len(t.held)
	if end := bytes.IndexAny(t.held, "\r\n"); end >= 0 {
		n = end + 1
	}
	n = copy(p, t.held[:n])
	t.held = t.held[n:]
	return n, nil
}

// report takes the report out of what is typed, or makes one up if the terminal
// sends none in time.
func (t *terminalInput) report() ([]byte, error) {
	deadline := time.Now().Add(positionWait)
	for {
		if at := positionReport.FindIndex(t.held); at != nil {
			report := bytes.Clone(t.held[at[0]:at[1]])
			t.held = append(t.held[:at[0]:at[0]], t.held[at[1]:]...)
			return report, nil
		}
		if t.mute || time.Now().After(deadline) {
			t.mute = true
			return []byte(assumedReport), nil
		}
		if err := t.more(); err != nil {
			return nil, err
		}
	}
}

// more waits a while for keys and holds them.
func (t *terminalInput) more() error {
	select {
	case <-t.done:
		return io.EOF
	default:
	}
	ready, err := readable(t.file, readTick)
	if err != nil || !ready {
		return err
	}
	var buf [1024]byte
	n, err := t.file.Read(buf[:])
	if err != nil {
		return err
	}
	t.held = append(t.held, buf[:n]...)
	if t.mute { // a report that comes after all isn't typed by anyone
		t.held = positionReport.ReplaceAll(t.held, nil)
	}
	return nil
}

// terminalOutput is stderr as survey writes to it.
type terminalOutput struct {
	*os.File
	in *terminalInput
}

// Write hands p on; a query for the cursor's position is noted, and dropped for
// a terminal that doesn't answer.
func (t *terminalOutput) Write(p []byte) (int, error) {
	if string(p) == positionQuery {
		t.in.awaited++
		if t.in.mute {
			return len(p), nil
		}
	}
	return t.File.Write(p)
}
