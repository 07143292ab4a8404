package instance

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"s/pkg/proc"
	"s/pkg/runtime/pageout"
	"s/pkg/runtime/sandbox"
)

// rememberer is a function with memory of its own, a thread and a child.
const rememberer = `
import hashlib, os, subprocess, threading, time

noise = os.urandom(3 << 20)
digest = hashlib.sha256(noise).hexdigest()
child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
ticks = 0

def tick():
    global ticks
    while True:
        time.sleep(0.001)
        ticks += 1

threading.Thread(target=tick, daemon=True).start()

def handler(event, context):
    before = ticks
    while ticks == before:
        time.sleep(0.001)
    child.stdin.write(event + b"\n")
    child.stdin.flush()
    assert hashlib.sha256(noise).hexdigest() == digest
    return child.stdout.readline().strip()
`

// mustPageOut takes the memory of an instance, which is frozen for that.
func mustPageOut(t *testing.T, i *Instance) {
	t.Helper()
	if !i.Freeze(t.Context()) {
		t.Fatal("not frozen")
	}
	err := i.pageOut()
	if errors.Is(err, pageout.ErrUnsupported) {
		t.Skip(err) // this kernel, or this processor
	}
	if err != nil {
		t.Fatal(err)
	}
}

// private is the memory of an instance's processes that is theirs alone, but for
// rloader's, which stays where there are no namespaces.
func private(t *testing.T, i *Instance) int {
	t.Helper()
	total, pids := 0, proc.Descendants(i.proc.PID())
	if i.cfg.Launcher.Isolation().Mode != sandbox.ModeProcess {
		pids = append(pids, i.proc.PID())
	}
	for _, pid := range pids {
		text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "smaps_rollup"))
		if err != nil {
			t.Skip(err)
		}
		for line := range strings.Lines(string(text)) {
			if fields := strings.Fields(line); fields[0] == "Anonymous:" {
				kilobytes, err := strconv.Atoi(fields[1])
				if err != nil {
					t.Fatal(err)
				}
				total += kilobytes << 10
			}
		}
	}
	return total
}

func remembering(t *testing.T, mode string) *Instance {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "index.py"), []byte(rememberer), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg, _ := config(t, mode, dir, tickerFunction(t))
	return start(t, cfg)
}

// TestPageOut: the memory of a frozen instance is given back, and the next
// invocation finds all as it was.
func TestPageOut(t *testing.T) {
	bothModes(t, func(t *testing.T, mode string) {
		i := remembering(t, mode)
		for range 3 {
			call(t, i, &Invocation{Event: []byte("warm")})
			before := private(t, i)
			mustPageOut(t, i)
			left := private(t, i)
			if left > before/4 || i.Info().State != "Frozen" {
				t.Errorf("of %d bytes %d are left; %s", before, left, i.Info().State)
			}
			if res := call(t, i, &Invocation{Event: []byte("x")}); string(res.Body) != "x" {
				t.Errorf("%s %q", res.ErrorType, res.Body)
			}
		}
	})
}

// TestPageOutByItself happens to an instance that stays frozen.
func TestPageOutByItself(t *testing.T) {
	i := remembering(t, "")
	i.cfg.PageOutAfter = time.Millisecond
	call(t, i, &Invocation{Event: []byte("warm")})
	mustPageOut(t, i) // or the test is skipped
	i.thaw()
	before := private(t, i)
	if !i.Freeze(t.Context()) {
		t.Fatal("not frozen")
	}
	eventually(t, "its memory is taken", func() bool { return private(t, i) < before/4 })
	if res := call(t, i, &Invocation{Event: []byte("x")}); string(res.Body) != "x" {
		t.Errorf("%s %q", res.ErrorType, res.Body)
	}
}

// TestPagedOutInstanceEnds in every way that there is.
func TestPagedOutInstanceEnds(t *testing.T) {
	t.Parallel()
	bothModes(t, func(t *testing.T, mode string) {
		for name, end := range map[string]func(*Instance){
			"stop": func(i *Instance) { i.Stop(t.Context()) },
			"kill": func(i *Instance) { i.Kill() },
			"a child is killed": func(i *Instance) {
				pids := proc.Descendants(i.proc.PID())
				if p, err := os.FindProcess(pids[len(pids)-1]); err != nil || p.Kill() != nil {
					t.Errorf("%v: %v", pids, err)
				}
				i.thaw()
				i.Kill()
			},
		} {
			i := remembering(t, mode)
			call(t, i, &Invocation{Event: []byte("x")})
			mustPageOut(t, i)
			end(i)
			ended(t, i)
			if name == "stop" && i.exit.Code != 128+int(syscall.SIGTERM) {
				t.Errorf("it didn't end by itself when it was asked to: %+v", i.exit)
			}
			if i.pageOut() == nil {
				t.Errorf("%s: memory of what has ended was taken", name)
			}
		}
	})
}

// TestPageOutAndInvokeAtOnce: no invocation meets a process without its memory.
func TestPageOutAndInvokeAtOnce(t *testing.T) {
	t.Parallel()
	bothModes(t, func(t *testing.T, mode string) {
		i := remembering(t, mode)
		call(t, i, &Invocation{Event: []byte("x")})
		mustPageOut(t, i)
		quit := make(chan struct{})
		var taker sync.WaitGroup
		taker.Go(func() {
			for {
				select {
				case <-quit:
					return
				default:
					if i.Freeze(t.Context()) {
						_ = i.pageOut() // unless somebody came
					}
				}
			}
		})
		for range 50 {
			if res := call(t, i, &Invocation{Event: []byte("x")}); string(res.Body) != "x" {
				t.Errorf("%s %q", res.ErrorType, res.Body)
			}
		}
		close(quit)
		taker.Wait()
	})
}

// TestLargeStays: to give much memory back would take too long.
func TestLargeStays(t *testing.T) {
	fn := tickerFunction(t)
	fn.MemorySize = 128
	dir := t.TempDir()
	code := "import os\nheld = os.urandom(1 << 20) * 70\ndef handler(event, context):\n    return event\n"
	if err := os.WriteFile(filepath.Join(dir, "index.py"), []byte(code), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg, _ := config(t, "", dir, fn)
	i := start(t, cfg)
	call(t, i, &Invocation{Event: []byte("x")})
	if !i.Freeze(t.Context()) {
		t.Fatal("not frozen")
	}
	if err := i.pageOut(); !errors.Is(err, pageout.ErrTooLarge) && !errors.Is(err, pageout.ErrUnsupported) {
		t.Error(err)
	}
	if res := call(t, i, &Invocation{Event: []byte("y")}); string(res.Body) != "y" {
		t.Errorf("%s %q", res.ErrorType, res.Body)
	}
}
