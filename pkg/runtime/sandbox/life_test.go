//go:build linux

package sandbox

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"s/pkg/proc"
)

// TestTerminate sends SIGTERM to the program, not to rloader.
func TestTerminate(t *testing.T) {
	each(t, func(h *house) {
		for _, init := range []bool{false, true} {
			spec := h.spec(`trap 'echo terminated; exit 3' TERM; echo up; while :; do sleep 0.01; done`)
			spec.Init = init
			i := h.launch(spec)
			i.waitFor("up")
			if err := i.Terminate(); err != nil {
				h.t.Error(err)
			}
			if out, exit := i.end(); out != "up\nterminated\n" || exit != (Exit{Code: 3}) {
				h.t.Errorf("init %t: %q %+v", init, out, exit)
			}
			if err := i.Terminate(); !errors.Is(err, os.ErrProcessDone) {
				h.t.Errorf("init %t: terminating the dead: %v", init, err)
			}
		}
	})
}

// clan is a script whose processes do all they can to survive.
const clan = `trap '' TERM HUP INT
	(trap '' TERM; setsid sh -c 'trap "" TERM HUP; (sleep 1000; : '$1') & sleep 1000; : '$1) &
	(sh -c 'sh -c "sleep 1000; : '$1'" & exit' '$1') &
	echo up; while :; do sleep 1; done; : $1`

func TestKillEndsAll(t *testing.T) {
	each(t, func(h *house) {
		for _, init := range []bool{false, true} {
			marker := newMarker()
			spec := h.spec(clan, marker)
			spec.Init = init
			i := h.launch(spec)
			i.waitFor("up")
			eventually(h.t, "the whole clan", func() bool { return alive(h.t, marker) >= 4 }, func() string { return fmt.Sprint(alive(h.t, marker)) })
			i.Kill()
			if n := alive(h.t, marker); n != 0 {
				h.t.Errorf("init %t: %d processes outlive Kill", init, n)
			}
			if _, exit := i.end(); exit != (Exit{Code: -1, Signal: "killed"}) {
				h.t.Errorf("init %t: exit %+v", init, exit)
			}
			i.Kill() // again
			if err := i.Close(); err != nil {
				h.t.Error(err)
			}
		}
	})
}

// TestEndOfFirstEndsAll: the program ends by itself and leaves others behind.
func TestEndOfFirstEndsAll(t *testing.T) {
	each(t, func(h *house) {
		for _, init := range []bool{false, true} {
			marker := newMarker()
			spec := h.spec(`setsid sh -c 'sleep 1000; : '$1 & echo up; exit 4`, marker)
			spec.Init = init
			i := h.launch(spec)
			if _, exit := i.end(); exit != (Exit{Code: 4}) {
				h.t.Errorf("init %t: exit %+v", init, exit)
			}
			if n := alive(h.t, marker); n != 0 {
				h.t.Errorf("init %t: %d processes outlive the first", init, n)
			}
		}
	})
}

// TestOrphansAreReaped: PID 1 of a managed instance leaves no zombies.
func TestOrphansAreReaped(t *testing.T) {
	each(t, func(h *house) {
		h.needNamespaces()
		spec := h.spec(`for i in 1 2 3 4 5; do (sleep 0.01 &) ; done
			i=0; while [ $i -lt 600 ]; do
				i=$((i + 1)); sleep 0.05
				n=$(ls -d /proc/[0-9]*/ | wc -l)
				[ $n -le 5 ] && [ -z "$(grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null)" ] && echo clean && exit
			done; grep . /proc/[0-9]*/stat`)
		spec.Init = true
		if out, _ := h.run(spec); out != "clean\n" {
			h.t.Errorf("%s", out)
		}
	})
}

func TestFreezeAndThaw(t *testing.T) {
	each(t, func(h *house) {
		spec := h.spec(`(while :; do echo child; sleep 0.01; done) & while :; do echo parent; sleep 0.01; done`)
		i := h.launch(spec)
		i.waitFor("child")
		i.waitFor("parent")
		if err := i.Freeze(); err != nil {
			h.t.Fatal(err)
		}
		// What was in the pipe is read; then there must be silence.
		var before int
		eventually(h.t, "silence", func() bool {
			now := len(i.out.String())
			still := now == before
			before = now
			time.Sleep(100 * time.Millisecond)
			return still && len(i.out.String()) == now
		}, func() string { return "more output" })
		if err := i.Thaw(); err != nil {
			h.t.Fatal(err)
		}
		eventually(h.t, "output again", func() bool {
			rest := i.out.String()[before:]
			return strings.Contains(rest, "child") && strings.Contains(rest, "parent")
		}, i.out.String)
		// A frozen one can be killed.
		if err := i.Freeze(); err != nil {
			h.t.Fatal(err)
		}
		i.Kill()
		if err := i.Freeze(); !errors.Is(err, os.ErrProcessDone) {
			h.t.Errorf("freezing the dead: %v", err)
		}
	})
}

// TestCloseOfLauncher ends what is still there.
func TestCloseOfLauncher(t *testing.T) {
	each(t, func(h *house) {
		marker := newMarker()
		var all []*instance
		for _, init := range []bool{false, true} {
			spec := h.spec(clan, marker)
			spec.Init = init
			all = append(all, h.launch(spec))
		}
		for _, i := range all {
			i.waitFor("up")
		}
		if err := h.l.(io.Closer).Close(); err != nil {
			h.t.Error(err)
		}
		if n := alive(h.t, marker); n != 0 {
			h.t.Errorf("%d processes outlive the launcher", n)
		}
		for _, i := range all {
			i.end()
		}
		if _, err := h.l.Launch(context.Background(), h.spec("true")); !errors.Is(err, ErrClosed) {
			h.t.Errorf("launched by a closed launcher: %v", err)
		}
	})
}

// TestLauncherIsKilled is the end that nobody can prepare for.
func TestLauncherIsKilled(t *testing.T) {
	if os.Getenv(victimMarker) != "" {
		victim(t)
		return
	}
	t.Parallel()
	for _, w := range worlds() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			killLauncher(t, w)
		})
	}
}

const (
	victimMarker = "SANDBOX_TEST_VICTIM"
	victimState  = "SANDBOX_TEST_VICTIM_STATE"
)

func killLauncher(t *testing.T, w world) {
	marker, state := newMarker(), t.TempDir()
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	cmd := restart(ctx, false, []string{victimMarker + "=" + marker, victimState + "=" + state}, "-test.run=^TestLauncherIsKilled$", "-test.v", "-test.timeout=2m")
	// It can't remove its temporary folders.
	cmd.Env = append(cmd.Env, "SANDBOX_TEST_VICTIM_WORLD="+w.name, "TMPDIR="+t.TempDir())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	up := false
	for lines := bufio.NewScanner(out); !up && lines.Scan(); {
		log.WriteString(lines.Text() + "\n")
		up = strings.Contains(lines.Text(), "all are up")
	}
	if !up {
		t.Fatalf("the launcher did not start:\n%s", log.String())
	}
	if n := alive(t, marker); n < 8 {
		t.Errorf("only %d processes before the kill", n)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	waitDead(t, marker)

	// The next launcher clears away the rest.
	h := newHouse(t, Options{StateDir: state, Mode: w.options.Mode, Memory: w.options.Memory})
	if l := h.l.(*launcher); l.groups != nil {
		old, _ := filepath.Glob(filepath.Join(l.groups.base, fmt.Sprintf("%s%d-*", cgroupPrefix, cmd.Process.Pid)))
		if len(old) > 0 {
			t.Errorf("left: %v", old)
		}
	}
}

// victim launches instances with a command in each, and waits to be killed.
func victim(t *testing.T) {
	marker := os.Getenv(victimMarker)
	for _, w := range worlds() {
		if w.name != os.Getenv("SANDBOX_TEST_VICTIM_WORLD") {
			continue
		}
		w.options.StateDir = os.Getenv(victimState)
		h := newHouse(t, w.options)
		for _, init := range []bool{false, true} {
			spec := h.spec(clan, marker)
			spec.Init, spec.Port = init, 9000
			i := h.launch(spec)
			i.waitFor("up")
			out := &output{}
			go func() {
				_, _ = i.Exec(context.Background(), ExecSpec{Args: []string{"sh", "-c", "echo up; sleep 1000; : " + marker}, TTY: init, Stdout: out})
			}()
			out.waitFor(t, "up")
		}
	}
	fmt.Println("all are up")
	select {}
}

// TestNothingLeaks launches and ends instances in every way and counts.
func TestNothingLeaks(t *testing.T) {
	if os.Getenv(leakAlone) == "" {
		t.Parallel()
		// Alone in a process of its own: others' descriptors come and go.
		ctx, cancel := context.WithTimeout(context.Background(), 4*patience)
		defer cancel()
		cmd := restart(ctx, false, []string{leakAlone + "=1"}, "-test.run=^TestNothingLeaks$", "-test.v")
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestNothingLeaks") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	for _, w := range worlds() {
		t.Run(w.name, func(t *testing.T) {
			h := newHouse(t, w.options)
			leakRound(h) // what is made once
			before := countAll(h)
			for range 5 {
				leakRound(h)
			}
			var after tally
			eventually(t, fmt.Sprintf("no more than %+v", before), func() bool {
				after = countAll(h)
				return after.atMost(before)
			}, func() string { return fmt.Sprintf("%+v", after) })
		})
	}
}

const leakAlone = "SANDBOX_TEST_LEAK"

func leakRound(h *house) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, _ = h.l.Launch(ctx, h.spec("true"))
	bad := h.spec("true")
	bad.Mounts = []Mount{{Source: "/no/such", Target: "/x"}}
	if p, err := h.l.Launch(context.Background(), bad); err == nil {
		p.Close()
	}
	for _, init := range []bool{false, true} {
		missing := h.spec("")
		missing.Args, missing.Init = []string{"no-such-command"}, init
		h.run(missing)
		ended := h.spec("exit 1")
		ended.Init, ended.Port = init, 9000
		h.run(ended)
		spec := h.program("serve", "x", "0.0.0.0:9000")
		spec.Init = init
		i := h.launch(spec)
		i.waitFor("serving")
		for _, tty := range []bool{false, true} {
			if code, err := i.Exec(context.Background(), ExecSpec{Args: []string{"true"}, TTY: tty, Stdin: strings.NewReader(""), Stdout: io.Discard}); code != 0 || err != nil {
				h.t.Errorf("exec: %d %v", code, err)
			}
		}
		i.Kill()
		<-i.out.eof
	}
}

// tally counts what could leak.
type tally struct{ descriptors, goroutines, mounts, cgroups, processes int }

func (a tally) atMost(b tally) bool {
	return a.descriptors <= b.descriptors && a.goroutines <= b.goroutines && a.mounts <= b.mounts && a.cgroups <= b.cgroups && a.processes <= b.processes
}

func countAll(h *house) tally {
	h.t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		h.t.Fatal(err)
	}
	c := tally{
		descriptors: len(entries), goroutines: runtime.NumGoroutine(),
		mounts:    strings.Count(readFile(h.t, "/proc/self/mounts"), "\n"),
		processes: len(proc.Descendants(os.Getpid())),
	}
	if l := h.l.(*launcher); l.groups != nil {
		groups, _ := filepath.Glob(filepath.Join(l.groups.base, l.groups.owner+"*"))
		c.cgroups = len(groups)
	}
	return c
}

// TestSignalAfterReaping: the number of an ended process is never signalled.
func TestSignalAfterReaping(t *testing.T) {
	t.Parallel()
	pid, err := syscall.ForkExec("/bin/true", []string{"true"}, &syscall.ProcAttr{})
	if err != nil {
		t.Fatal(err)
	}
	w := newWaiter(pid, -1) // as without pidfd
	if status := w.wait(); !status.Exited() || status.ExitStatus() != 0 {
		t.Errorf("status %v", status)
	}
	if err := w.signal(syscall.SIGKILL); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("signal to %s: %v", strconv.Itoa(pid), err)
	}
	if _, err := w.open(); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("open: %v", err)
	}
}
