//go:build unix

package iostreams

import (
	"errors"
	"io"
	"os"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// keyboard gives an input on a terminal that hands on keys as they are, and
// where to type them.
func keyboard(t *testing.T) (*terminalInput, *os.File) {
	t.Helper()
	master, terminal, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { terminal.Close(); master.Close() })
	restore, err := listen(terminal)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(restore)
	return &terminalInput{file: terminal}, master
}

func readOnce(t *testing.T, in *terminalInput) string {
	t.Helper()
	buf := make([]byte, 256)
	n, err := in.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return string(buf[:n])
}

func TestReportIsTakenOutOfTheKeys(t *testing.T) {
	t.Parallel()
	in, master := keyboard(t)
	master.WriteString("ab\x1b[12;40Rc\rnext\r")
	in.awaited = 1
	for _, want := range []string{"\x1b[12;40R", "abc\n", "next\n"} {
		if got := readOnce(t, in); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if in.mute {
		t.Error("the terminal is taken for mute")
	}
}

func TestReportInTwoParts(t *testing.T) {
	t.Parallel()
	in, master := keyboard(t)
	in.awaited = 1
	in.held = []byte("\x1b[12;")
	master.WriteString("40Rx")
	for _, want := range []string{"\x1b[12;40R", "x"} {
		if got := readOnce(t, in); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestReportIsMadeUpOnce(t *testing.T) {
	t.Parallel()
	in, master := keyboard(t)
	master.WriteString("typed ahead\r")
	in.awaited = 2
	for _, want := range []string{assumedReport, assumedReport, "typed ahead\n"} {
		if got := readOnce(t, in); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if !in.mute {
		t.Error("the terminal isn't taken for mute")
	}
	sink, err := os.CreateTemp(t.TempDir(), "screen")
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	out := &terminalOutput{File: sink, in: in}
	for _, text := range []string{positionQuery, "shown"} {
		if n, err := out.Write([]byte(text)); n != len(text) || err != nil {
			t.Errorf("%q: wrote %d, %v", text, n, err)
		}
	}
	if data, err := os.ReadFile(sink.Name()); err != nil || string(data) != "shown" || in.awaited != 1 {
		t.Errorf("the mute terminal got %q, %v; %d reports awaited", data, err, in.awaited)
	}
}

func TestReadEndsWhenDone(t *testing.T) {
	t.Parallel()
	for _, awaited := range []int{0, 1} {
		in, _ := keyboard(t)
		done := make(chan struct{})
		close(done)
		in.done, in.awaited = done, awaited
		if n, err := in.Read(make([]byte, 8)); !errors.Is(err, io.EOF) || n != 0 {
			t.Errorf("awaited %d: got %d, %v, want EOF", awaited, n, err)
		}
	}
}

func TestListenRestoresTheTerminal(t *testing.T) {
	t.Parallel()
	master, terminal, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	defer terminal.Close()
	cooked := func() bool {
		mode, err := unix.IoctlGetTermios(int(terminal.Fd()), getTermios)
		if err != nil {
			t.Fatal(err)
		}
		return mode.Lflag&unix.ECHO != 0 && mode.Lflag&unix.ICANON != 0 && mode.Lflag&unix.ISIG != 0
	}
	before := cooked()
	restore, err := listen(terminal)
	if err != nil || !before || cooked() {
		t.Fatalf("%v: cooked before: %v, while listening: %v", err, before, cooked())
	}
	restore()
	if !cooked() {
		t.Error("the terminal isn't as it was")
	}
	file, err := os.CreateTemp(t.TempDir(), "no terminal")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := listen(file); err == nil {
		t.Error("a file is listened to as a terminal")
	}
}
