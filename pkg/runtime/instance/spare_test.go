//go:build linux

package instance

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"s/pkg/fc"
	"s/pkg/runtime/debugger"
	"s/pkg/runtime/sandbox"
)

// spareConfig is that of a function that can have a spare, and the keeper of it,
// which makes none by itself.
func spareConfig(t testing.TB, runtime, dir, handler string, fn fc.Function) (Config, *collected) {
	t.Helper()
	fn.Runtime, fn.Handler = runtime, handler
	cfg, logs := config(t, "", dir, fn)
	if cfg.Launcher.Isolation().Mode == sandbox.ModeProcess {
		t.Skip("without namespaces there are no spares")
	}
	delete(cfg.Function.EnvironmentVariables, "PYTHONDONTWRITEBYTECODE")
	cfg.Spares = NewSpares(SparesOptions{Pause: time.Hour})
	t.Cleanup(cfg.Spares.Close)
	return cfg, logs
}

// prepared has a spare wait.
func prepared(t testing.TB, cfg Config) {
	t.Helper()
	if ok, err := cfg.Spares.Prepare(t.Context(), cfg); err != nil || !ok {
		t.Fatalf("%v, %v", ok, err)
	}
	if n := cfg.Spares.Waiting(); n != 1 {
		t.Fatalf("%d spares wait", n)
	}
}

// seated is the spare that waits.
func seated(cfg Config) *spare {
	cfg.Spares.mu.Lock()
	defer cfg.Spares.mu.Unlock()
	for _, seat := range cfg.Spares.seats {
		if seat.spare != nil {
			return seat.spare
		}
	}
	return nil
}

// fromSpare starts an instance that was a spare.
func fromSpare(t testing.TB, cfg Config) *Instance {
	t.Helper()
	prepared(t, cfg)
	i := start(t, cfg)
	if n := cfg.Spares.Waiting(); n != 0 {
		t.Fatalf("%d spares wait: it wasn't taken", n)
	}
	return i
}

// TestSpareLooksTheSame compares all that a function sees of its process, started
// as any and made of a spare.
func TestSpareLooksTheSame(t *testing.T) {
	for _, runtime := range []string{"python" + anyPython(t), "nodejs20"} {
		for _, layer := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s,layer=%v", runtime, layer), func(t *testing.T) {
				cfg, _ := spareConfig(t, runtime, "testdata/view", "view.handler", fc.Function{
					MemorySize: 256, EnvironmentVariables: map[string]string{"MINE": "yes", "EMPTY": "", "Z=": "no", "TEXT": "é\n=x", "PATH": "/bin:/usr/bin"},
				})
				if layer {
					cfg.LayerDir = t.TempDir()
				}
				plain := view(t, start(t, cfg))
				// It was made for a function of another size.
				other := cfg
				if !strings.HasPrefix(runtime, "node") { // whose command line tells the size
					other.Function.MemorySize = 1024
				}
				prepared(t, other)
				i := start(t, cfg)
				if cfg.Spares.Waiting() != 0 {
					t.Fatal("the spare wasn't taken")
				}
				if diff := cmp.Diff(plain, view(t, i)); diff != "" {
					t.Errorf("plain (-), of a spare (+):\n%s", diff)
				}
			})
		}
	}
}

// view is what a function says of itself, without the name of the instance.
func view(t *testing.T, i *Instance) map[string]any {
	t.Helper()
	res := call(t, i, &Invocation{RequestID: "rid"})
	text := strings.ReplaceAll(string(res.Body), i.ID(), "<instance>")
	var got map[string]any
	if err := json.Unmarshal([]byte(text), &got); err != nil || len(got) < 20 {
		t.Fatalf("%v: %s %s", err, res.ErrorType, res.Body)
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if s, ok := got[key].(string); ok {
			got[key] = strings.Split(s, "\n")
		}
	}
	return got
}

// TestSpareKinds says which functions can't be given one, and which can share.
func TestSpareKinds(t *testing.T) {
	python, node := "python"+anyPython(t), "nodejs20"
	cfg, _ := spareConfig(t, python, "testdata/view", "view.handler", fc.Function{})
	of := func(change func(*Config)) *kind {
		own := cfg
		own.Function.EnvironmentVariables = map[string]string{}
		change(&own)
		rt, err := supported(&own)
		if err != nil {
			t.Fatal(err)
		}
		l, err := lay(t.Context(), &own, rt)
		if err != nil {
			t.Skip(err)
		}
		return kindOf(&own, rt, l)
	}
	set := func(runtime, name string) func(*Config) {
		return func(c *Config) {
			c.Function.Runtime, c.Function.EnvironmentVariables[name] = runtime, "x"
		}
	}
	for _, runtime := range []string{python, node} {
		for _, name := range []string{"LD_LIBRARY_PATH", "LD_PRELOAD", "TZ", "LANG", "LC_ALL", "HOME", "MALLOC_ARENA_MAX", "GLIBC_TUNABLES", "TZDIR"} {
			if of(set(runtime, name)) != nil {
				t.Errorf("%s: %s is read at the start", runtime, name)
			}
		}
		for _, name := range []string{"PATH", "MINE", "NLP", "FC_SERVER_LOG_LEVEL", "http_proxy"} {
			if of(set(runtime, name)) == nil {
				t.Errorf("%s: %s is no matter", runtime, name)
			}
		}
	}
	for _, name := range []string{"PYTHONPATH", "PYTHONHASHSEED"} {
		if of(set(python, name)) != nil || of(set(node, name)) == nil {
			t.Errorf("%s is Python's", name)
		}
	}
	for _, name := range []string{"NODE_OPTIONS", "NODE_EXTRA_CA_CERTS", "NODE_PATH", "BOOTSTRAP_WRAPPER", "UV_THREADPOOL_SIZE", "SSL_CERT_FILE"} {
		if of(set(node, name)) != nil || of(set(python, name)) == nil {
			t.Errorf("%s is that of Node.js", name)
		}
	}
	if of(func(c *Config) { c.Function.Runtime = "custom.debian10" }) != nil ||
		of(func(c *Config) { c.Debug = &debugger.Options{} }) != nil ||
		of(func(c *Config) { c.Launcher = launcher(t, sandbox.ModeProcess) }) != nil ||
		of(func(c *Config) { c.Spares = nil }) != nil {
		t.Error("custom runtimes, debuggers and process mode have none")
	}
	same := func(a, b func(*Config)) bool { return of(a).key == of(b).key }
	as := func(c *Config) {}
	if !same(as, func(c *Config) {
		c.CodeDir, c.LayerDir, c.Function.MemorySize, c.Function.Timeout, c.AccessKeyID = "/x", "/y", 1024, 7, "z"
		c.Function.InstanceConcurrency, c.Function.FunctionName = 20, "other"
	}) {
		t.Error("what a spare is given later makes another kind")
	}
	if same(as, func(c *Config) { c.Function.Runtime = node }) || same(as, func(c *Config) { c.Function.DiskSize = 10240 }) ||
		same(as, func(c *Config) { c.WorkDir = "/z" }) || same(set(node, "A"), func(c *Config) { c.Function.Runtime, c.Function.MemorySize = node, 128 }) {
		t.Error("runtime, disk, folder and Node.js's memory are what it is made with")
	}
}

// TestManyColdAtOnce: one gets the spare, the others start as any.
func TestManyColdAtOnce(t *testing.T) {
	cfg, _ := spareConfig(t, "python"+anyPython(t), "testdata/view", "own.handler", fc.Function{})
	prepared(t, cfg)
	spared := seated(cfg).id
	var mu sync.Mutex
	ids := map[string]bool{}
	var all sync.WaitGroup
	for n := range 20 {
		all.Go(func() {
			own := cfg
			own.Function.FunctionName = fmt.Sprintf("f%d", n)
			own.Function.EnvironmentVariables = map[string]string{"OWN": own.Function.FunctionName}
			i, err := Start(t.Context(), own)
			if err != nil {
				t.Error(err)
				return
			}
			defer i.Kill()
			res, err := i.Invoke(t.Context(), &Invocation{})
			if err != nil || string(res.Body) != own.Function.FunctionName+" "+own.Function.FunctionName+" "+i.ID() {
				t.Errorf("%+v %v", res, err)
			}
			mu.Lock()
			defer mu.Unlock()
			ids[i.ID()] = true
		})
	}
	all.Wait()
	if len(ids) != 20 || !ids[spared] {
		t.Errorf("%d instances, the spare among them: %v", len(ids), ids[spared])
	}
}

// TestSpareThatEnded: the function starts without it.
func TestSpareThatEnded(t *testing.T) {
	cfg, logs := spareConfig(t, "python"+anyPython(t), "testdata/view", "own.handler", fc.Function{EnvironmentVariables: map[string]string{"OWN": "me"}})
	for name, harm := range map[string]func(*spare){
		"killed":   func(s *spare) { s.proc.Kill() },
		"hung-up":  func(s *spare) { s.api.Close(ErrGone) },
		"no-spare": func(s *spare) { s.proc = struct{ sandbox.Process }{s.proc} },
	} {
		prepared(t, cfg)
		s := seated(cfg)
		harm(s)
		i := start(t, cfg)
		if i.ID() == s.id {
			t.Errorf("%s: it was used", name)
		}
		if res := call(t, i, &Invocation{RequestID: name}); !strings.HasPrefix(string(res.Body), "me hello c-") {
			t.Errorf("%s: %+v", name, res)
		}
		if lines := logs.of(name); len(lines) == 0 || !strings.Contains(lines[0], "Start RequestId") {
			t.Errorf("%s: log %q", name, lines)
		}
	}
}

// TestNothingOfSpares: nobody's spares leave no process, folder or port.
func TestNothingOfSpares(t *testing.T) {
	cfg, _ := spareConfig(t, "python"+anyPython(t), "testdata/view", "own.handler", fc.Function{})
	prepared(t, cfg)
	s := seated(cfg)
	address, pid := s.api.Addr(), s.proc.PID()
	cfg.Spares.Close()
	if s.alive() || syscall.Kill(pid, 0) == nil {
		t.Error("its process is there")
	}
	if _, err := net.DialTimeout("tcp", address, time.Second); err == nil {
		t.Error("its port is there")
	}
	if left, err := os.ReadDir(cfg.WorkDir); err != nil || len(left) != 1 || left[0].Name() != "bootstrap" {
		t.Errorf("%v %v", left, err)
	}
}

// TestSpareFindsLibraries: of the function's code and layer, which weren't there
// when the dynamic linker looked at their folders first.
func TestSpareFindsLibraries(t *testing.T) {
	cfg, _ := spareConfig(t, "python"+anyPython(t), "testdata/view", "own.library", fc.Function{})
	python, err := cfg.Toolchain.FindPython(t.Context(), anyPython(t))
	if err != nil {
		t.Fatal(err)
	}
	found := libraryOf(t, python.Path)
	for where, code := range map[string]bool{"code": true, "layer": false} {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS("testdata/view")); err != nil {
			t.Fatal(err)
		}
		own := cfg
		own.CodeDir, own.LayerDir = dir, t.TempDir()
		lib := filepath.Join(own.LayerDir, "lib")
		if code {
			lib = filepath.Join(dir, "lib")
		}
		if err := os.MkdirAll(lib, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(lib, "libofthefunction.so"), found, 0o755); err != nil {
			t.Fatal(err)
		}
		if res := call(t, fromSpare(t, own), &Invocation{}); string(res.Body) != "loaded" {
			t.Errorf("%s: %s %s", where, res.ErrorType, res.Body)
		}
	}
}

// libraryOf gives some shared library of this machine.
func libraryOf(t *testing.T, program string) []byte {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ldd", program).Output()
	if err != nil {
		t.Skip(err)
	}
	for word := range strings.FieldsSeq(string(out)) {
		if strings.Contains(word, "/libm.so") || strings.Contains(word, "/libz.so") || strings.Contains(word, "/libdl.so") {
			library, err := os.ReadFile(word)
			if err != nil {
				t.Fatal(err)
			}
			return library
		}
	}
	t.Skip("it needs no library that could be another's")
	return nil
}
