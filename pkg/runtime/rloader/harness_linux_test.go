package rloader

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience bounds waits that are over at once if all is well.
const patience = 2 * time.Minute

// roleVariable makes the test binary act as something else than the tests.
const roleVariable = "RLOADER_TEST_ROLE"

// endAtOnce, in the environment, ends a test binary that was built with the race
// detector at once. It would wait for a second, for goroutines that rloader and
// the roles haven't.
const endAtOnce = "GORACE=atexit_sleep_ms=0"

func TestMain(m *testing.M) {
	if Is(os.Args) {
		os.Exit(Main())
	}
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(play(role))
	}
	os.Exit(m.Run())
}

// play is a program that a test needs and that no shell can be.
func play(role string) int {
	switch role {
	case "ignoring": // nohup's way to start rloader, and more of it
		signal.Ignore(unix.SIGHUP, unix.SIGINT, unix.SIGPIPE, unix.SIGUSR1)
		err := unix.Exec("/proc/self/exe", []string{Path}, []string{"GOMAXPROCS=1", endAtOnce})
		os.Stderr.WriteString(err.Error())
	case "io_uring":
		_, _, e := unix.Syscall(unix.SYS_IO_URING_SETUP, 0, 0, 0)
		return int(e)
	case "bind":
		if err := bindAny(); err != nil {
			os.Stdout.WriteString(err.Error())
			return 1
		}
	}
	return 99
}

// shellEnv is an environment in which a shell finds its tools.
var shellEnv = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"}

// script is an order to run a shell script without namespaces.
func script(text string, args ...string) Order {
	return Order{Kind: KindRun, Args: append([]string{"/bin/sh", "-c", text, "sh"}, args...), Env: shellEnv, Dir: "/"}
}

// rooted is the order with a file system of its own.
func rooted(t *testing.T, order Order) Order {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	order.Root, order.Self = t.TempDir(), self
	return order
}

// needNamespaces skips where the kernel refuses them, as `s` finds out.
func needNamespaces(t *testing.T) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", Try)
	cmd.Args[0], cmd.Env = Path, []string{endAtOnce}
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	confined(cmd.SysProcAttr)
	if err := cmd.Run(); err != nil {
		t.Skipf("the kernel refuses namespaces: %v", err)
	}
}

// confined asks for the namespaces of an instance, an ordinary user's in a user
// namespace.
func confined(attr *syscall.SysProcAttr) {
	attr.Cloneflags = syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC
	if id := os.Geteuid(); id != 0 {
		attr.Cloneflags |= syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: id, Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
}

// loader is a started rloader and the sandbox's end of its socket.
type loader struct {
	control
	t      *testing.T
	cmd    *exec.Cmd
	out    bytes.Buffer // of both streams
	ended  chan struct{}
	closed bool
	// released are descriptors that came with reports and are closed already.
	// Closing one twice could close that of another test.
	released map[int]bool
}

// begin starts an rloader that has no order yet.
func begin(t *testing.T, change func(*exec.Cmd)) *loader {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	theirs := os.NewFile(uintptr(fds[1]), "rloader")
	defer theirs.Close()
	timeout := unix.NsecToTimeval(patience.Nanoseconds())
	if err := unix.SetsockoptTimeval(fds[0], unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout); err != nil {
		t.Fatal(err)
	}
	l := &loader{control: control{fds[0]}, t: t, cmd: exec.Command("/proc/self/exe"), ended: make(chan struct{})}
	l.cmd.Args = []string{Path}
	l.cmd.Env = []string{"GOMAXPROCS=1", endAtOnce}
	l.cmd.ExtraFiles = []*os.File{theirs}
	l.cmd.Stdout, l.cmd.Stderr = &l.out, &l.out
	l.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if change != nil {
		change(l.cmd)
	}
	started := make(chan error)
	go func() {
		// The kernel ties "die with your parent" to the thread that forked.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := l.cmd.Start()
		started <- err
		if err == nil {
			_ = l.cmd.Wait()
		}
		close(l.ended)
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.stop)
	return l
}

// start starts an rloader with an order, in namespaces if that has a root.
func start(t *testing.T, order Order, fds ...int) *loader {
	t.Helper()
	l := begin(t, func(cmd *exec.Cmd) {
		if order.Root != "" {
			confined(cmd.SysProcAttr)
		}
	})
	send(t, l.control, order, fds...)
	return l
}

// stop ends what a test leaves behind.
func (l *loader) stop() {
	l.hangUp()
	select {
	case <-l.ended:
	case <-time.After(patience):
		l.t.Errorf("rloader outlives its socket")
		_ = l.cmd.Process.Kill()
	}
}

// hangUp closes the sandbox's end of the socket. What became the command
// doesn't notice, and is ended as the sandbox would.
func (l *loader) hangUp() {
	if l.closed {
		return
	}
	l.closed = true
	if l.cmd.SysProcAttr.Cloneflags != 0 {
		_ = l.cmd.Process.Kill()
	}
	unix.Close(l.fd)
}

// next is the next report, and what came with it by name; io.EOF at the end.
func (l *loader) next() (Report, map[string]int, error) {
	l.t.Helper()
	body, fds, err := l.receive()
	if errors.Is(err, unix.ECONNRESET) { // it left a message unread; told once
		body, fds, err = l.receive()
	}
	if err != nil {
		return Report{}, nil, err
	}
	var r Report
	if err := json.Unmarshal(body, &r); err != nil {
		l.t.Fatalf("report %q: %v", body, err)
	}
	if len(fds) != len(r.Files) {
		l.t.Fatalf("%d descriptors came with %s", len(fds), body)
	}
	files := map[string]int{}
	for i, name := range r.Files {
		files[name] = fds[i]
		l.t.Cleanup(func() { l.release(fds[i]) })
	}
	return r, files, nil
}

// release closes a descriptor that came with a report, once.
func (l *loader) release(fd int) {
	if l.released == nil {
		l.released = map[int]bool{}
	}
	if !l.released[fd] {
		l.released[fd] = true
		unix.Close(fd)
	}
}

// want takes the next report, which must be of this kind.
func (l *loader) want(kind string) (Report, map[string]int) {
	l.t.Helper()
	r, files, err := l.next()
	if err != nil || r.Kind != kind {
		l.t.Fatalf("got report %+v, %v; want %s; it printed %q", r, err, kind, l.printed())
	}
	return r, files
}

// printed is what rloader and its command have printed, if that is known yet.
func (l *loader) printed() string {
	select {
	case <-l.ended:
		return l.out.String()
	default:
		return "(it still runs)"
	}
}

// code waits for rloader's end and gives its exit code, a shell's for signals.
func (l *loader) code() int {
	l.t.Helper()
	select {
	case <-l.ended:
	case <-time.After(patience):
		l.t.Fatal("rloader does not end")
	}
	return shellCode(unix.WaitStatus(l.cmd.ProcessState.Sys().(syscall.WaitStatus)))
}

// carryOut carries an order out to its end and gives the output, which must come
// with exit code 0.
func carryOut(t *testing.T, order Order, fds ...int) string {
	t.Helper()
	l := start(t, order, fds...)
	for {
		r, _, err := l.next()
		if err == io.EOF {
			break
		}
		if err != nil || r.Kind == ReportBroken || r.Kind == ReportNotStarted {
			t.Fatalf("report %+v, %v", r, err)
		}
	}
	if code := l.code(); code != 0 {
		t.Fatalf("exit code %d; it printed %q", code, l.out.String())
	}
	return l.out.String()
}

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// marked counts the processes whose arguments or environment have the marker.
func marked(marker string) (count int) {
	found, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range found {
		if text, _ := os.ReadFile(file); bytes.Contains(text, []byte(marker)) {
			count++
		}
	}
	return count
}

// marker is a text that no other process has among its arguments.
func marker(t *testing.T) string {
	return "rloader-" + strings.ReplaceAll(t.Name(), "/", "-") + "-" + strconv.Itoa(os.Getpid())
}

// pipe is a pipe whose reading end the test keeps.
func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}
