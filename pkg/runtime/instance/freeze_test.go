package instance

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"s/pkg/fc"
	"s/pkg/runtime/sandbox"
)

// ticker is a function whose thread writes on and on.
const ticker = `
import os, tempfile, threading, time

def tick():
    with open(os.path.join(tempfile.gettempdir(), "ticks"), "ab", 0) as out:
        while True:
            out.write(b".")
            time.sleep(0.002)

def handler(event, context):
    if event == b"tick":
        threading.Thread(target=tick, daemon=True).start()
    return event

def pre_freeze(context):
    print("freezing")

def pre_freeze_long(context):
    print("freezing long")
    time.sleep(1)

def pre_stop(context):
    print("stopping")
`

func writeTicker(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "index.py"), []byte(ticker), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// bothModes runs a test with the best confinement of this machine and without.
func bothModes(t *testing.T, run func(t *testing.T, mode string)) {
	for _, mode := range []string{"", sandbox.ModeProcess} {
		t.Run("mode "+mode, func(t *testing.T) {
			t.Parallel()
			run(t, mode)
		})
	}
}

// temporary is the function's folder for temporary files, seen from outside.
func temporary(i *Instance) string {
	if i.cfg.Launcher.Isolation().Mode == sandbox.ModeProcess {
		return filepath.Join(i.dir(), "tmp")
	}
	return filepath.Join("/proc", strconv.Itoa(i.proc.PID()), "root", "tmp") // it may have a disk of its own
}

// ticking reports whether the thread of the function goes on.
func ticking(t *testing.T, i *Instance) bool {
	t.Helper()
	tmp := temporary(i)
	size := func() int64 {
		info, err := os.Stat(filepath.Join(tmp, "ticks"))
		if err != nil {
			return -1 // not begun yet
		}
		return info.Size()
	}
	before := size()
	for range 50 {
		time.Sleep(2 * time.Millisecond)
		if size() != before {
			return true
		}
	}
	return false
}

// eventually waits for what must become so.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

func tickerFunction(t *testing.T) fc.Function {
	t.Helper()
	return fc.Function{Runtime: "python" + anyPython(t), Handler: "index.handler"}
}

func TestFreeze(t *testing.T) {
	bothModes(t, func(t *testing.T, mode string) {
		cfg, _ := config(t, mode, writeTicker(t), tickerFunction(t))
		i := start(t, cfg)
		call(t, i, &Invocation{Event: []byte("tick")})
		eventually(t, "it ticks", func() bool { return ticking(t, i) })
		for round := range 3 {
			if !i.Freeze(t.Context()) || i.Info().State != "Frozen" {
				t.Fatalf("not frozen: %s", i.Info().State)
			}
			eventually(t, "it stands still", func() bool { return !ticking(t, i) })
			if res := call(t, i, &Invocation{Event: []byte("x")}); string(res.Body) != "x" || i.Info().State != "Idle" {
				t.Errorf("round %d: %q, %s", round, res.Body, i.Info().State)
			}
			eventually(t, "it ticks again", func() bool { return ticking(t, i) })
		}
	})
}

// TestFrozenInstanceEnds in every way that there is.
func TestFrozenInstanceEnds(t *testing.T) {
	bothModes(t, func(t *testing.T, mode string) {
		for name, end := range map[string]func(*Instance){
			"stop": func(i *Instance) { i.Stop(context.Background()) },
			"kill": func(i *Instance) { i.Kill() },
		} {
			fn := tickerFunction(t)
			fn.InstanceLifecycleConfig = &fc.InstanceLifecycleConfig{PreStop: &fc.LifecycleHook{Handler: "index.pre_stop", Timeout: 10}}
			cfg, logs := config(t, mode, writeTicker(t), fn)
			i := start(t, cfg)
			call(t, i, &Invocation{Event: []byte("tick")})
			if !i.Freeze(t.Context()) {
				t.Fatal("not frozen")
			}
			end(i)
			ended(t, i)
			logs.mu.Lock()
			stopped := slices.ContainsFunc(logs.lines, func(l LogLine) bool { return l.Message == "stopping" })
			logs.mu.Unlock()
			if stopped != (name == "stop") {
				t.Errorf("%s: preStop ran: %v", name, stopped)
			}
			if i.Freeze(t.Context()) {
				t.Errorf("%s: what has ended was frozen", name)
			}
		}
	})
}

// TestPreFreeze: the hook runs before, and what comes meanwhile isn't lost.
func TestPreFreeze(t *testing.T) {
	fn := tickerFunction(t)
	fn.FunctionName = "svc$hello"
	fn.InstanceLifecycleConfig = &fc.InstanceLifecycleConfig{PreFreeze: &fc.LifecycleHook{Handler: "index.pre_freeze", Timeout: 10}}
	cfg, logs := config(t, "", writeTicker(t), fn)
	i := start(t, cfg)
	said := func(text string) bool {
		logs.mu.Lock()
		defer logs.mu.Unlock()
		return slices.ContainsFunc(logs.lines, func(l LogLine) bool { return strings.HasPrefix(l.Message, text) })
	}
	if !i.Freeze(t.Context()) || said("freezing") {
		t.Error("an instance that nobody has used needn't prepare")
	}
	call(t, i, &Invocation{Event: []byte("x")})
	if !i.Freeze(t.Context()) || !said("FC PreFreeze Start RequestId: ") || !said("freezing") || !said("FC PreFreeze End RequestId: ") {
		t.Errorf("%q", logs.lines)
	}
	i.cfg.Function.InstanceLifecycleConfig.PreFreeze.Handler = "index.pre_freeze_long"
	call(t, i, &Invocation{Event: []byte("x")})
	frozen := make(chan bool, 1)
	go func() { frozen <- i.Freeze(t.Context()) }()
	eventually(t, "the hook runs", func() bool { return said("freezing long") })
	if res := call(t, i, &Invocation{Event: []byte("meanwhile")}); string(res.Body) != "meanwhile" {
		t.Errorf("%s %q", res.ErrorType, res.Body)
	}
	if <-frozen && i.Info().State != "Frozen" {
		t.Error(i.Info().State)
	}
	if res := call(t, i, &Invocation{Event: []byte("after")}); string(res.Body) != "after" {
		t.Errorf("%s %q", res.ErrorType, res.Body)
	}
}

// TestExecInAFrozenInstance wakes it, and keeps it awake.
func TestExecInAFrozenInstance(t *testing.T) {
	bothModes(t, func(t *testing.T, mode string) {
		cfg, _ := config(t, mode, writeTicker(t), tickerFunction(t))
		i := start(t, cfg)
		call(t, i, &Invocation{Event: []byte("tick")})
		if !i.Freeze(t.Context()) {
			t.Fatal("not frozen")
		}
		var out bytes.Buffer
		running, quit := make(chan struct{}), make(chan struct{})
		done := make(chan error, 1)
		stdin := &gate{running: running, quit: quit}
		go func() {
			_, err := i.Info().Process.Exec(t.Context(), sandbox.ExecSpec{Args: []string{"cat"}, Dir: "/code", Stdin: stdin, Stdout: &out, Stderr: &out})
			done <- err
		}()
		<-running
		if i.Freeze(t.Context()) {
			t.Error("an instance in which a command runs was frozen")
		}
		close(quit)
		if err := <-done; err != nil || out.String() != "hello" {
			t.Errorf("%q, %v", out.String(), err)
		}
		if !i.Freeze(t.Context()) {
			t.Error("not frozen after the command")
		}
	})
}

// gate is an input that says when it is first read and ends when it is told.
type gate struct {
	once    sync.Once
	running chan struct{}
	quit    chan struct{}
	sent    bool
}

func (g *gate) Read(p []byte) (int, error) {
	g.once.Do(func() { close(g.running) })
	<-g.quit
	if g.sent {
		return 0, context.Canceled
	}
	g.sent = true
	return copy(p, "hello"), nil
}

// TestFreezeAndInvokeAtOnce: whichever comes first, no invocation waits for a
// process that stands still.
func TestFreezeAndInvokeAtOnce(t *testing.T) {
	t.Parallel()
	bothModes(t, func(t *testing.T, mode string) {
		fn := tickerFunction(t)
		fn.InstanceConcurrency = 4
		cfg, _ := config(t, mode, writeTicker(t), fn)
		i := start(t, cfg)
		quit := make(chan struct{})
		var freezers, callers sync.WaitGroup
		for range 2 {
			freezers.Go(func() {
				for {
					select {
					case <-quit:
						return
					default:
						i.Freeze(t.Context())
					}
				}
			})
		}
		for range 4 {
			callers.Go(func() {
				for range 25 {
					if res := call(t, i, &Invocation{Event: []byte("x")}); string(res.Body) != "x" {
						t.Errorf("%s %q", res.ErrorType, res.Body)
					}
				}
			})
		}
		callers.Wait()
		close(quit)
		freezers.Wait()
	})
}
