package rloader

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestStayTellsTheLife(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct{ code, signal, shell int }{
		"exit 0":                  {0, 0, 0},
		"exit 41":                 {41, 0, 41},
		"exit 255":                {255, 0, 255},
		"kill -9 $$":              {-1, 9, 137},
		"kill -15 $$":             {-1, 15, 143},
		"ulimit -c 0; kill -3 $$": {-1, 3, 131},
	} {
		l := start(t, script(text))
		l.want(ReportReady)
		if r, _ := l.want(ReportStarted); r.PID <= 1 || r.PID == l.cmd.Process.Pid {
			t.Errorf("%s: the command's PID is %d", text, r.PID)
		}
		if r, _ := l.want(ReportExit); r.Code != want.code || r.Signal != want.signal {
			t.Errorf("%s: %+v", text, r)
		}
		if _, _, err := l.next(); err != io.EOF {
			t.Errorf("%s: after the end: %v", text, err)
		}
		if got := l.code(); got != want.shell {
			t.Errorf("%s: rloader's exit code is %d, want %d", text, got, want.shell)
		}
	}
}

func TestStayPassesTermOn(t *testing.T) {
	t.Parallel()
	l := start(t, script(`trap 'echo got it; exit 9' TERM; echo up; while :; do sleep 0.01; done`))
	l.want(ReportReady)
	r, _ := l.want(ReportStarted)
	awaitHandler(t, r.PID, unix.SIGTERM)
	if err := l.cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if r, _ := l.want(ReportExit); r.Code != 9 {
		t.Errorf("%+v", r)
	}
	if code := l.code(); code != 9 || l.out.String() != "up\ngot it\n" {
		t.Errorf("exit code %d, output %q", code, l.out.String())
	}
}

// awaitHandler waits until a process handles a signal.
func awaitHandler(t *testing.T, pid int, sig unix.Signal) {
	t.Helper()
	eventually(t, "the handler is there", func() bool {
		mask, err := strconv.ParseUint(status(t, pid)["SigCgt"], 16, 64)
		return err == nil && mask>>(sig-1)&1 == 1
	})
}

// status is /proc/PID/status.
func status(t *testing.T, pid int) map[string]string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	return fields(string(text))
}

func fields(text string) map[string]string {
	found := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		found[name] = strings.TrimSpace(value)
	}
	return found
}

// TestStayReapsOrphans: what loses its parent becomes rloader's child, and
// doesn't stay as a zombie; its end is not taken for the command's.
func TestStayReapsOrphans(t *testing.T) {
	t.Parallel()
	in, hold := pipe(t)
	order := script(`for i in 1 2 3; do (sh -c "exit $i" & sleep 0 &) ; done; read line; exit 8`)
	order.Files = []string{FileStdin}
	l := start(t, order, int(in.Fd()))
	l.want(ReportReady)
	r, _ := l.want(ReportStarted)
	eventually(t, "the command waits alone", func() bool {
		children := childrenOf(t, l.cmd.Process.Pid)
		return len(children) == 1 && children[0] == r.PID && len(childrenOf(t, r.PID)) == 0 && status(t, r.PID)["State"] == "S (sleeping)"
	})
	hold.WriteString("\n")
	if r, _ := l.want(ReportExit); r.Code != 8 {
		t.Errorf("%+v", r)
	}
}

// childrenOf are the children of all threads of a process, zombies too.
func childrenOf(t *testing.T, pid int) (children []int) {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil || len(files) == 0 {
		t.Skip("the kernel doesn't tell the children of a process")
	}
	for _, file := range files {
		text, _ := os.ReadFile(file)
		for word := range strings.FieldsSeq(string(text)) {
			child, _ := strconv.Atoi(word)
			children = append(children, child)
		}
	}
	return children
}

// family starts a command that ignores SIGTERM and has descendants in sessions
// and process groups of their own, one of them without a parent.
func family(t *testing.T, end string) (*loader, string) {
	t.Helper()
	mark := marker(t)
	l := start(t, script(`trap "" TERM HUP
		member() { sh -c 'trap "" TERM HUP; while :; do sleep 1; done' "$@"; }
		member "$1" & (setsid sh -c 'while :; do sleep 1; done' "$1" &) ; (member "$1" &)
		`+end, mark))
	l.want(ReportReady)
	l.want(ReportStarted)
	return l, mark
}

func TestStayEndsTheFamily(t *testing.T) {
	t.Parallel()
	const wait = "while :; do sleep 1; done"
	for name, test := range map[string]struct {
		script string
		end    func(l *loader)
		told   Report
	}{
		"asked":          {wait, func(l *loader) { send0(l, KillAll) }, Report{Kind: ReportExit, Code: -1, Signal: 9}},
		"asked nonsense": {wait, func(l *loader) { send0(l, "nonsense"); send0(l, KillAll) }, Report{Kind: ReportExit, Code: -1, Signal: 9}},
		"half closed":    {wait, func(l *loader) { _ = unix.Shutdown(l.fd, unix.SHUT_WR) }, Report{Kind: ReportExit, Code: -1, Signal: 9}},
		"command ends":   {"read line; exit 5", func(*loader) {}, Report{Kind: ReportExit, Code: 5}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, mark := family(t, test.script)
			if !strings.HasPrefix(test.script, "read") { // its input is empty
				eventually(t, "the family is there", func() bool { return marked(mark) >= 4 })
			}
			test.end(l)
			if r, _ := l.want(ReportExit); fmt.Sprint(r) != fmt.Sprint(test.told) {
				t.Errorf("%+v, want %+v", r, test.told)
			}
			// All are dead by the time of the report, not some time after.
			if left := marked(mark); left != 0 {
				t.Errorf("%d are left", left)
			}
		})
	}
	t.Run("hung up", func(t *testing.T) {
		t.Parallel()
		l, mark := family(t, wait)
		eventually(t, "the family is there", func() bool { return marked(mark) >= 4 })
		l.hangUp()
		if code := l.code(); code != 137 || marked(mark) != 0 {
			t.Errorf("exit code %d, %d are left", code, marked(mark))
		}
	})
}

func send0(l *loader, text string) {
	_ = unix.Sendmsg(l.fd, []byte(text), nil, nil, 0)
}

// TestCommandDiesWithStayingLoader: at least the command itself, when rloader
// is killed by hand.
func TestCommandDiesWithStayingLoader(t *testing.T) {
	t.Parallel()
	mark := marker(t)
	l := start(t, script(`trap "" TERM; while :; do sleep 0.01; done`, mark))
	l.want(ReportReady)
	l.want(ReportStarted)
	if err := l.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.next(); err != io.EOF {
		t.Errorf("a dead rloader reports: %v", err)
	}
	eventually(t, "the command is dead", func() bool { return marked(mark) == 0 })
}

func TestStayUsesGivenStreams(t *testing.T) {
	t.Parallel()
	in, hold := pipe(t)
	out, outW := pipe(t)
	errs, errsW := pipe(t)
	order := script(`read line; echo "out $line"; echo "err $line" >&2; exec >&- 2>&-; read line`)
	order.Files = []string{FileStderr, FileStdin, FileStdout} // in any sequence
	l := start(t, order, int(errsW.Fd()), int(in.Fd()), int(outW.Fd()))
	outW.Close()
	errsW.Close()
	l.want(ReportReady)
	l.want(ReportStarted)
	hold.WriteString("hello\n")
	// rloader keeps the streams of a command that has closed its own, so their
	// end comes with the end of the command.
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "out hello\n" {
		t.Errorf("stdout: %q, %v", line, err)
	}
	if line, err := bufio.NewReader(errs).ReadString('\n'); line != "err hello\n" {
		t.Errorf("stderr: %q, %v", line, err)
	}
	hold.Close()
	l.want(ReportExit)
	if l.code(); l.out.Len() != 0 {
		t.Errorf("on rloader's own streams: %q", l.out.String())
	}
}

func TestStayGivesATerminal(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/dev/ptmx"); err != nil {
		t.Skip("no /dev/ptmx")
	}
	order := script(`trap 'exit 7' HUP; tty; stty size; [ "$(cut -d" " -f6 /proc/$$/stat)" = $$ ] && echo leader; while :; do read line; done`)
	order.TTY, order.Rows, order.Cols = true, 33, 77
	l := start(t, order)
	_, files := l.want(ReportReady)
	master, ok := files[FileTerminal]
	if !ok {
		t.Fatalf("no terminal among %v", files)
	}
	l.want(ReportStarted)
	var text []byte
	buffer := make([]byte, 1024)
	for !strings.Contains(string(text), "leader") {
		n, err := unix.Read(master, buffer)
		if err != nil {
			t.Fatalf("after %q: %v", text, err)
		}
		text = append(text, buffer[:n]...)
	}
	if got := string(text); !strings.HasPrefix(got, "/dev/pts/") || !strings.Contains(got, "33 77") {
		t.Errorf("it printed %q", got)
	}
	// The end of the terminal hangs the command up.
	if err := unix.Dup3(l.fd, master, unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	if r, _ := l.want(ReportExit); r.Code != 7 && r.Signal != int(syscall.SIGHUP) {
		t.Errorf("%+v", r)
	}
}
