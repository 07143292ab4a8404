package instance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"s/pkg/fc"
	"s/pkg/runtime/rloader"
	"s/pkg/runtime/sandbox"
	"s/pkg/toolchain"
)

// patience is how long a test waits for what must happen.
const patience = 3 * time.Minute

// launchers are shared by the tests of this package, one per mode.
var launchers = struct {
	sync.Mutex
	dir  string
	made map[string]sandbox.Launcher
}{made: map[string]sandbox.Launcher{}}

// tools finds interpreters once for all tests.
var tools = sync.OnceValue(func() *toolchain.Finder { return toolchain.New(os.LookupEnv) })

func TestMain(m *testing.M) {
	if rloader.Is(os.Args) {
		os.Exit(rloader.Main())
	}
	code := m.Run()
	for _, l := range launchers.made {
		l.(io.Closer).Close()
	}
	os.RemoveAll(launchers.dir)
	os.RemoveAll(imagesDir)
	os.Exit(code)
}

// launcher gives the launcher of a mode: "" is the best that the machine allows.
func launcher(t testing.TB, mode string) sandbox.Launcher {
	t.Helper()
	launchers.Lock()
	defer launchers.Unlock()
	if l := launchers.made[mode]; l != nil {
		return l
	}
	if launchers.dir == "" {
		dir, err := os.MkdirTemp("", "instance-test")
		if err != nil {
			t.Fatal(err)
		}
		launchers.dir = dir
	}
	l, err := sandbox.NewLauncher(sandbox.Options{StateDir: filepath.Join(launchers.dir, "state-"+mode), Mode: mode})
	if err != nil {
		t.Fatal(err)
	}
	launchers.made[mode] = l
	return l
}

// collected is what instances printed.
type collected struct {
	mu    sync.Mutex
	lines []LogLine
}

func (c *collected) add(l LogLine) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lines = append(c.lines, l)
}

// of gives the lines of a request; "" is those of none.
func (c *collected) of(id string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var lines []string
	for _, l := range c.lines {
		if l.RequestID == id {
			lines = append(lines, l.Message)
		}
	}
	return lines
}

// python gives a Python of that version; the test is skipped without one.
func python(t testing.TB, version string) toolchain.Interpreter {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("managed runtimes need Unix")
	}
	found, err := tools().FindPython(t.Context(), version)
	var missing *toolchain.NotFoundError
	if errors.As(err, &missing) || err == nil && !found.Exact {
		t.Skipf("no Python %s on this machine", version)
	}
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// anyPython gives a version of Python that is on this machine.
func anyPython(t testing.TB) string {
	t.Helper()
	found, err := tools().FindPython(t.Context(), "3.6")
	if err != nil {
		t.Skip(err)
	}
	return found.Minor()
}

// config is that of a function whose code is in dir.
func config(t testing.TB, mode, dir string, fn fc.Function) (Config, *collected) {
	t.Helper()
	code, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	logs := &collected{}
	defaults := fc.Function{FunctionName: "hello", MemorySize: 512, Timeout: 20, InstanceConcurrency: 1}
	fn.FunctionName = orElse(fn.FunctionName, defaults.FunctionName)
	fn.MemorySize = orElse(fn.MemorySize, defaults.MemorySize)
	fn.Timeout = orElse(fn.Timeout, defaults.Timeout)
	fn.InstanceConcurrency = orElse(fn.InstanceConcurrency, defaults.InstanceConcurrency)
	env := map[string]string{"MINE": "yes", "PYTHONDONTWRITEBYTECODE": "1"}
	maps.Copy(env, fn.EnvironmentVariables)
	fn.EnvironmentVariables = env
	return Config{
		Function: fn, Qualifier: fc.LatestQualifier, Region: "cn-hangzhou", AccountID: "1234567890",
		AccessKeyID: "KEY", AccessKeySecret: "SECRET", SecurityToken: "TOKEN",
		CodeDir: code, WorkDir: t.TempDir(), Launcher: launcher(t, mode), Toolchain: tools(), Logs: logs.add,
		Grace: 5 * time.Second,
	}, logs
}

func orElse[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// start starts an instance that ends with the test.
func start(t testing.TB, cfg Config) *Instance {
	t.Helper()
	i, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.Kill)
	return i
}

// call runs an invocation that must give a result.
func call(t testing.TB, i *Instance, inv *Invocation) *Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	res, err := i.Invoke(ctx, inv)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// ended waits until nothing is left of an instance.
func ended(t testing.TB, i *Instance) {
	t.Helper()
	select {
	case <-i.Done():
	case <-time.After(patience):
		t.Fatal("the instance doesn't end")
	}
}

// imagesDir keeps the images of the tests of containers.
var imagesDir = filepath.Join(os.TempDir(), fmt.Sprintf("instance-images-%d", os.Getpid()))
