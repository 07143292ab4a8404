//go:build linux

package sandbox

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// patience bounds waits that are over at once if all is well.
const patience = 2 * time.Minute

// onlyWorld in the environment restricts a test binary that was started again
// to the world that it was started for.
const onlyWorld = "SANDBOX_TEST_WORLD"

// world is a way in which instances can be confined on this machine.
type world struct {
	name    string
	options Options
}

// worlds are those that can be tried in this process. What needs another
// process is in TestUserNamespaces.
func worlds() []world {
	if os.Getenv(onlyWorld) == ModeUserNamespaces {
		return []world{{ModeUserNamespaces, Options{}}}
	}
	process := []world{
		{"process", Options{Mode: ModeProcess}},
		{"process sampled", Options{Mode: ModeProcess, Memory: MemorySampled}},
	}
	if os.Geteuid() != 0 {
		return process[:1]
	}
	return append([]world{
		{"namespaces", Options{}},
		{"namespaces sampled", Options{Memory: MemorySampled}},
	}, process...)
}

// house is a launcher with what a test needs around it.
type house struct {
	t *testing.T
	l Launcher
}

// each runs a test in every world.
func each(t *testing.T, test func(h *house)) {
	t.Parallel()
	for _, w := range worlds() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			test(newHouse(t, w.options))
		})
	}
}

func newHouse(t *testing.T, o Options) *house {
	t.Helper()
	if o.StateDir == "" {
		o.StateDir = t.TempDir()
	}
	l, err := NewLauncher(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.(io.Closer).Close(); err != nil {
			t.Error(err)
		}
	})
	return &house{t: t, l: l}
}

func (h *house) namespaces() bool { return h.l.Isolation().Mode != ModeProcess }

// needNamespaces ends a test that says nothing without them.
func (h *house) needNamespaces() {
	h.t.Helper()
	if !h.namespaces() {
		h.t.SkipNow()
	}
}

// spec is a shell script as an instance.
func (h *house) spec(script string, args ...string) Spec {
	return Spec{
		ID: "test", Args: append([]string{"/bin/sh", "-c", script, "sh"}, args...),
		Env: []string{"PATH=/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL=C"}, Dir: "/", TmpDir: h.t.TempDir(), MemoryMB: 256,
	}
}

// instance is a launched process with its output.
type instance struct {
	Process
	t   *testing.T
	out *output
}

// launch starts an instance whose output, of both streams, is kept.
func (h *house) launch(spec Spec) *instance {
	h.t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		h.t.Fatal(err)
	}
	out := collect(r)
	spec.Stdout, spec.Stderr = w, w
	p, err := h.l.Launch(context.Background(), spec)
	w.Close()
	if err != nil {
		h.t.Fatalf("launch: %v", err)
	}
	i := &instance{Process: p, t: h.t, out: out}
	h.t.Cleanup(func() { _ = p.Close() })
	return i
}

// run launches, waits for the end and gives the output.
func (h *house) run(spec Spec) (string, Exit) {
	h.t.Helper()
	i := h.launch(spec)
	return i.end()
}

// end waits for the end.
func (i *instance) end() (string, Exit) {
	i.t.Helper()
	select {
	case <-i.Done():
	case <-time.After(patience):
		i.t.Fatalf("the instance does not end; it printed %q", i.out)
	}
	<-i.out.eof
	return i.out.String(), i.Exit()
}

// waitFor waits until the output contains text.
func (i *instance) waitFor(text string) {
	i.t.Helper()
	i.out.waitFor(i.t, text)
}

// output collects what comes out of a pipe.
type output struct {
	mu  sync.Mutex
	b   bytes.Buffer
	eof chan struct{}
}

func collect(r io.ReadCloser) *output {
	o := &output{eof: make(chan struct{})}
	go func() {
		defer close(o.eof)
		defer r.Close()
		_, _ = io.Copy(o, r)
	}()
	return o
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

func (o *output) waitFor(t *testing.T, text string) {
	t.Helper()
	eventually(t, fmt.Sprintf("output %q", text), func() bool { return strings.Contains(o.String(), text) }, func() string { return o.String() })
}

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, holds func() bool, detail func() string) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s; got %q", what, detail())
		}
	}
}

// alive counts the processes of the machine whose command line has the marker.
func alive(t *testing.T, marker string) int {
	t.Helper()
	found, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, file := range found {
		text, _ := os.ReadFile(file)
		if bytes.Contains(text, []byte(marker)) {
			count++
		}
	}
	return count
}

func waitDead(t *testing.T, marker string) {
	t.Helper()
	eventually(t, "no process with "+marker, func() bool { return alive(t, marker) == 0 }, func() string { return fmt.Sprint(alive(t, marker)) })
}

// restart is a command that runs this test binary again, in an environment of
// its own, optionally as an ordinary user's process in a new user namespace.
func restart(ctx context.Context, userNamespace bool, env []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/proc/self/exe", args...)
	cmd.Env = append(os.Environ(), env...)
	if userNamespace {
		cmd.Dir = "/"
		cmd.Env = append(cmd.Env, "TMPDIR=/tmp", "HOME=/tmp")
		id := os.Geteuid()
		cmd.SysProcAttr = &syscall.SysProcAttr{}
		if id == 0 {
			id = nobody
			cmd.SysProcAttr.Credential = &syscall.Credential{Uid: 0, Gid: 0, NoSetGroups: true}
		}
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: id, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: id, Size: 1}}
	}
	return cmd
}

// nobody is an ordinary user that every system has.
const nobody = 65534

// newMarker is a text that no other process has in its command line.
func newMarker() string { return fmt.Sprintf("sandbox-test-%d-%d", os.Getpid(), markers.Add(1)) }

// markers counts them; a test binary's own counter, not a package's.
var markers atomic.Uint64
