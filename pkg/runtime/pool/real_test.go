package pool

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"s/pkg/fc"
	"s/pkg/runtime/instance"
	"s/pkg/runtime/rloader"
	"s/pkg/runtime/sandbox"
	"s/pkg/toolchain"
)

func TestMain(m *testing.M) {
	if rloader.Is(os.Args) {
		os.Exit(rloader.Main())
	}
	os.Exit(m.Run())
}

// handlers is the function of the tests with real instances.
const handlers = `
def nop(event, context):
    return event
`

// realConfig is that of a function of real Python.
func realConfig(t testing.TB, handler string, logs func(instance.LogLine)) (instance.Config, toolchain.Interpreter) {
	t.Helper()
	tools := toolchain.New(os.LookupEnv)
	found, err := tools.FindPython(t.Context(), "3.10")
	if err != nil {
		if found, err = tools.FindPython(t.Context(), "3.6"); err != nil {
			t.Skip(err)
		}
	}
	dir := t.TempDir()
	code := filepath.Join(dir, "code")
	if err := os.Mkdir(code, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(code, "index.py"), []byte(handlers), 0o644); err != nil {
		t.Fatal(err)
	}
	l, err := sandbox.NewLauncher(sandbox.Options{StateDir: filepath.Join(dir, "state")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.(io.Closer).Close() })
	return instance.Config{
		Function: fc.Function{
			FunctionName: "f", Runtime: "python" + found.Minor(), Handler: "index." + handler,
			MemorySize: 512, Timeout: 60, InstanceConcurrency: 1,
		},
		Qualifier: fc.LatestQualifier, Region: "cn-hangzhou", AccountID: "1", CodeDir: code,
		WorkDir: filepath.Join(dir, "work"), Launcher: l, Toolchain: tools, Logs: logs,
	}, found
}

// TestRealPool runs many invocations on real instances: every result must come
// to its own call, and nothing may be left afterwards.
func TestRealPool(t *testing.T) {
	cfg, _ := realConfig(t, "nop", nil)
	before := runtime.NumGoroutine()
	p := New(cfg)
	defer p.Close()
	var wg sync.WaitGroup
	for c := range 8 {
		wg.Go(func() {
			for n := range 125 {
				id := fmt.Sprintf("%d-%d", c, n)
				res, err := p.Invoke(t.Context(), &instance.Invocation{RequestID: id, Event: []byte(id)})
				if err != nil || string(res.Body) != id || res.ErrorType != "" {
					t.Errorf("%s: %+v %v", id, res, err)
					return
				}
			}
		})
	}
	wg.Wait()
	infos := p.Instances()
	if len(infos) == 0 || len(infos) > 8 {
		t.Errorf("%d instances", len(infos))
	}
	var total uint64
	for _, info := range infos {
		total += info.Invocation
		if info.PID == 0 || info.MemoryMB <= 0 || info.Created.IsZero() || info.Process == nil {
			t.Errorf("%+v", info)
		}
	}
	if total != 1000 {
		t.Errorf("%d invocations", total)
	}
	p.Drain(t.Context())
	for _, info := range infos {
		process, err := os.FindProcess(info.PID)
		if err == nil && process.Signal(syscall.Signal(0)) == nil {
			t.Errorf("process %d is left", info.PID)
		}
	}
	for deadline := time.Now().Add(patience); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d before\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
		}
	}
	if left, err := filepath.Glob(filepath.Join(cfg.WorkDir, "c-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q %v", left, err)
	}
}

// BenchmarkWarmLoop is a no-op Python handler through the pool.
func BenchmarkWarmLoop(b *testing.B) {
	for _, callers := range []int{1, 8} {
		b.Run(fmt.Sprintf("%d", callers), func(b *testing.B) {
			cfg, _ := realConfig(b, "nop", func(instance.LogLine) {})
			p := New(cfg)
			defer p.Close()
			event := []byte(`{"key":"value"}`)
			invoke := func(id string) {
				res, err := p.Invoke(b.Context(), &instance.Invocation{RequestID: id, Event: event})
				if err != nil || len(res.Body) != len(event) {
					b.Errorf("%+v %v", res, err)
				}
			}
			var warm sync.WaitGroup
			for c := range callers {
				warm.Go(func() { invoke(fmt.Sprint(c)) })
			}
			warm.Wait()
			b.SetParallelism(max(1, callers/runtime.GOMAXPROCS(0)))
			b.ResetTimer()
			if callers == 1 {
				for range b.N {
					invoke("1-00000000-00000000-000000000000")
				}
				return
			}
			var n sync.Mutex
			next := 0
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					n.Lock()
					next++
					id := fmt.Sprintf("1-00000000-00000000-%012d", next)
					n.Unlock()
					invoke(id)
				}
			})
		})
	}
}

// BenchmarkColdStart is from nothing to the first answer; BenchmarkPythonAlone
// is what it is measured against.
func BenchmarkColdStart(b *testing.B) {
	cfg, _ := realConfig(b, "nop", nil)
	for b.Loop() {
		p := New(cfg)
		if _, err := p.Invoke(b.Context(), &instance.Invocation{RequestID: "a"}); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		p.Close()
		b.StartTimer()
	}
}

// BenchmarkPythonAlone starts the same interpreter to do nothing.
func BenchmarkPythonAlone(b *testing.B) {
	_, found := realConfig(b, "nop", nil)
	for b.Loop() {
		if err := exec.Command(found.Path, "-c", "pass").Run(); err != nil {
			b.Fatal(err)
		}
	}
}
