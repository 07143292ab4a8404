package toolchain

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"s/pkg/debug"
	"s/pkg/proc/proctest"
)

// world is a machine made of folders with fake interpreters.
type world struct {
	t    *testing.T
	root string
	env  map[string]string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the fakes are shell scripts")
	}
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &world{t: t, root: root, env: map[string]string{}}
}

func (w *world) path(rel string) string { return filepath.Join(w.root, rel) }

// script writes an executable.
func (w *world) script(rel, body string) string {
	w.t.Helper()
	path := w.path(rel)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		w.t.Fatal(err)
	}
	proctest.Program(w.t, path, "#!/bin/sh\n"+body)
	return path
}

// python makes an interpreter that answers as one of that version, installed
// in the folder above its bin, and counts its starts.
func (w *world) python(rel, version string) string {
	path := w.path(rel)
	return w.script(rel, fmt.Sprintf("echo x >>%q\necho %s\necho %q\necho %q\n",
		w.path("started"), version, filepath.Dir(filepath.Dir(path)), path))
}

func (w *world) starts() int {
	data, err := os.ReadFile(w.path("started"))
	if err != nil && !os.IsNotExist(err) {
		w.t.Fatal(err)
	}
	return strings.Count(string(data), "x")
}

func (w *world) finder() *Finder {
	f := New(func(k string) (string, bool) { v, ok := w.env[k]; return v, ok })
	f.System = []string{w.path("sys/bin"), w.path("opt/python*/bin")}
	return f
}

func find(t *testing.T, f *Finder, version string) Interpreter {
	t.Helper()
	i, err := f.FindPython(context.Background(), version)
	if err != nil {
		t.Fatalf("FindPython(%s): %v", version, err)
	}
	return i
}

func TestExactBeforeNewer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.python("bin/python3.12", "3.12.1")
	want := w.python("sys/bin/python3.10", "3.10.2")
	w.env["PATH"] = w.path("bin")
	got := find(t, w.finder(), "3.10")
	if diff := cmp.Diff(Interpreter{
		Language: Python, Version: "3.10.2", Path: want, Prefix: w.path("sys"), Exact: true, Wanted: "3.10",
	}, got); diff != "" {
		t.Error(diff)
	}
	if n := w.starts(); n != 1 {
		t.Errorf("%d interpreters were started, want only the one named 3.10", n)
	}
}

func TestNearestNewer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.python("bin/python3.13", "3.13.0")
	want := w.python("opt/python3.9/bin/python3.9", "3.9.18")
	w.python("bin/python3.6", "3.6.15")
	w.env["PATH"] = w.path("bin")
	got := find(t, w.finder(), "3.7")
	if got.Path != want || got.Exact || got.Wanted != "3.7" || got.Minor() != "3.9" {
		t.Errorf("got %+v, want %s as a stand-in", got, want)
	}
}

func TestVersionManagers(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, env, value, dir string }{
		{"pyenv in home", "HOME", "", ".pyenv/versions/3.10.13"},
		{"PYENV_ROOT", "PYENV_ROOT", "pe", "pe/versions/3.10.13"},
		{"asdf", "HOME", "", ".asdf/installs/python/3.10.13"},
		{"ASDF_DATA_DIR", "ASDF_DATA_DIR", "as", "as/installs/python/3.10.13"},
		{"mise", "HOME", "", ".local/share/mise/installs/python/3.10.13"},
		{"MISE_DATA_DIR", "MISE_DATA_DIR", "mi", "mi/installs/python/3.10.13"},
		{"XDG_DATA_HOME", "XDG_DATA_HOME", "data", "data/mise/installs/python/3.10.13"},
		{"uv", "HOME", "", ".local/share/uv/python/cpython-3.10.13-linux-x86_64-gnu"},
		{"pyenv shims on PATH", "PATH", "py/shims", "py/versions/3.10.13"},
		{"asdf shims on PATH", "PATH", "as/shims", "as/installs/python/3.10.13"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.env[tc.env] = w.path(tc.value)
			want := w.python(tc.dir+"/bin/python3.10", "3.10.13")
			w.script(tc.value+"/python3.10", "exit 127") // a shim, where PATH has one
			got := find(t, w.finder(), "3.10")
			if got.Path != want || got.Prefix != w.path(tc.dir) || !got.Exact {
				t.Errorf("got %+v, want %s", got, want)
			}
		})
	}
}

func TestNewestPatchOfAManager(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env["HOME"] = w.root
	w.python(".pyenv/versions/3.10.2/bin/python3.10", "3.10.2")
	w.python(".pyenv/versions/3.10.13/bin/python3.10", "3.10.13")
	if got := find(t, w.finder(), "3.10"); got.Version != "3.10.13" {
		t.Errorf("got %s, want 3.10.13", got.Version)
	}
}

func TestUntellingNamesAreAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env["PATH"] = w.path("bin")
	w.python("opt/python312/bin/python3.12", "3.12.0")
	want := w.python("bin/python3", "3.10.4")
	if got := find(t, w.finder(), "3.10"); got.Path != want || !got.Exact {
		t.Errorf("got %+v, want %s", got, want)
	}
	if got := find(t, w.finder(), "3.11"); got.Version != "3.12.0" {
		t.Errorf("got %+v, want 3.12.0", got)
	}
}

func TestSymbolicLinksResolve(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := w.python("real/bin/python3.10", "3.10.4")
	if err := os.MkdirAll(w.path("bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(want, w.path("bin/python3")); err != nil {
		t.Fatal(err)
	}
	w.env["PATH"] = w.path("bin")
	got := find(t, w.finder(), "3.10")
	if got.Path != want || got.Prefix != w.path("real") {
		t.Errorf("got %+v, want %s", got, want)
	}
	if n := w.starts(); n != 1 {
		t.Errorf("%d starts, want 1: the link and its target are one program", n)
	}
}

func TestNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env["PATH"] = w.path("bin") + ":relative:" + w.path("bin")
	w.python("bin/python3", "3.6.15")
	w.script("bin/python3.14", "echo no such library >&2; exit 1")
	_, err := w.finder().FindPython(context.Background(), "3.14")
	var nf *NotFoundError
	if !errors.As(err, &nf) {
		t.Fatalf("got %v, want a NotFoundError", err)
	}
	if nf.Wanted != "3.14" || !cmp.Equal(nf.Found, []string{"3.6.15"}) {
		t.Errorf("got %+v", nf)
	}
	for _, part := range []string{"no python 3.14 or newer", "found only 3.6.15", w.path("bin"), w.path("opt/python*/bin"), "no such library"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error lacks %q: %v", part, err)
		}
	}
	if strings.Contains(err.Error(), "relative") {
		t.Errorf("a relative entry of PATH was searched: %v", err)
	}
}

func TestUnusableOnesAreSkipped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env["PATH"] = strings.Join([]string{w.path("a"), w.path("b"), w.path("c"), w.path("d"), w.path("e")}, ":")
	for _, mode := range []struct {
		rel  string
		body string
		perm os.FileMode
	}{{"a/python3.10", "exit 1", 0o755}, {"b/python3.10", "exit 0", 0o644}, {"c/python3.10", "echo hello", 0o755}} {
		if err := os.Chmod(w.script(mode.rel, mode.body), mode.perm); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(w.path("d/python3.10"), 0o755); err != nil {
		t.Fatal(err)
	}
	want := w.python("e/bin/python3.10", "3.10.4")
	w.env["PATH"] += ":" + w.path("e/bin")
	if got := find(t, w.finder(), "3.10"); got.Path != want {
		t.Errorf("got %+v, want %s", got, want)
	}
}

// A wrapper that leaves something running has answered all the same.
func TestWrapperThatLeavesAChild(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env["PATH"] = w.path("bin")
	inner := w.python("real/bin/python3.10", "3.10.4")
	w.script("bin/python3.10", fmt.Sprintf("sleep 3 &\n%q\n", inner))
	if got := find(t, w.finder(), "3.10"); got.Version != "3.10.4" {
		t.Errorf("%+v", got)
	}
}

func TestSlowInterpreterTimesOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env["PATH"] = w.path("bin")
	// The wrapper's child holds a pipe open as long as it lives.
	pipe := w.path("pipe")
	if err := exec.Command("mkfifo", pipe).Run(); err != nil {
		t.Skipf("named pipes: %v", err)
	}
	w.script("bin/python3.10", "sleep 300 >'"+pipe+"' & wait")
	read, err := os.OpenFile(pipe, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	f := w.finder()
	f.Timeout = time.Second
	if _, err := f.FindPython(context.Background(), "3.10"); err == nil || !strings.Contains(err.Error(), "no answer within") {
		t.Errorf("got %v, want a timeout", err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := io.ReadAll(read) // at its end when nobody can write, or ever could
		ended <- err
	}()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("the wrapper's child lives on")
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env["PATH"] = w.path("bin")
	w.python("bin/python3.10", "3.10.4")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := w.finder().FindPython(ctx, "3.10"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestCacheOnDisk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env["PATH"] = w.path("bin")
	path := w.python("bin/python3.10", "3.10.4")
	cached := func() *Finder { f := w.finder(); f.CacheDir = w.path("cache"); return f }
	find(t, cached(), "3.10")
	find(t, cached(), "3.10")
	if n := w.starts(); n != 1 {
		t.Fatalf("%d starts, want 1: the second finder has the cache", n)
	}
	w.python("bin/python3.10", "3.10.55")
	if got := find(t, cached(), "3.10"); got.Version != "3.10.55" {
		t.Errorf("got %s after the file changed, want 3.10.55", got.Version)
	}
	find(t, cached(), "3.10")
	if n := w.starts(); n != 2 {
		t.Errorf("%d starts, want 2", n)
	}
	if err := os.WriteFile(w.path("cache/"+cacheFile), []byte("{damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := find(t, cached(), "3.10"); got.Path != path {
		t.Errorf("got %+v with a damaged cache", got)
	}
}

func TestMemory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env["PATH"] = w.path("bin")
	w.python("bin/python3.10", "3.10.4")
	f := w.finder()
	find(t, f, "3.10")
	find(t, f, "3.10")
	if n := w.starts(); n != 1 {
		t.Errorf("%d starts, want 1", n)
	}
	if err := os.Remove(w.path("bin/python3.10")); err != nil {
		t.Fatal(err)
	}
	if i, err := f.FindPython(context.Background(), "3.10"); err == nil {
		t.Errorf("found %+v after it was removed", i)
	}
}

func TestVersionsOfRuntimes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env["PATH"] = w.path("bin")
	w.python("bin/python3.8", "3.8.1")
	for _, v := range []string{"", "3", "3.6", "3.8.17"} {
		if got := find(t, w.finder(), v); got.Version != "3.8.1" {
			t.Errorf("%q: got %+v", v, got)
		}
	}
	for _, v := range []string{"x", "4.", "-1"} {
		if i, err := w.finder().FindPython(context.Background(), v); err == nil {
			t.Errorf("%q: found %+v", v, i)
		}
	}
	_, err := w.finder().FindPython(context.Background(), "2.7")
	var nf *NotFoundError
	if !errors.As(err, &nf) {
		t.Errorf("python 3 stood in for 2.7: %v", err)
	}
	var unknown *UnknownLanguageError
	if _, err := w.finder().Find(context.Background(), "cobol", "1"); !errors.As(err, &unknown) || unknown.Language != "cobol" {
		t.Errorf("cobol: %v", err)
	}
	if i, err := w.finder().Find(context.Background(), Python, "3.8"); err != nil || !i.Exact {
		t.Errorf("Find: %+v, %v", i, err)
	}
}

// TestRealInterpreter asks whatever Python this machine has, also through
// virtual environments of both kinds.
func TestRealInterpreter(t *testing.T) {
	t.Parallel()
	f := New(os.LookupEnv)
	base, err := f.FindPython(context.Background(), "3")
	var nf *NotFoundError
	if errors.As(err, &nf) {
		t.Skipf("no Python 3 here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(base.Path, "-c", "import platform; print(platform.python_version())").Output()
	if err != nil || strings.TrimSpace(string(out)) != base.Version {
		t.Fatalf("%s says %q, %v; want %s", base.Path, out, err, base.Version)
	}
	for _, flag := range []string{"--symlinks", "--copies"} {
		dir := t.TempDir()
		if out, err := exec.Command(base.Path, "-m", "venv", "--without-pip", flag, dir).CombinedOutput(); err != nil {
			t.Logf("no venv %s here: %s", flag, out)
			continue
		}
		v := New(func(k string) (string, bool) { return filepath.Join(dir, "bin"), k == "PATH" })
		v.System = []string{}
		got := find(t, v, base.Minor())
		if got.Prefix != base.Prefix || strings.HasPrefix(got.Path, dir) {
			t.Errorf("venv %s: got %+v, want the base installation %+v", flag, got, base)
		}
	}
}

// TestStartsAreTold to the debug log, with a line of the script.
func TestStartsAreTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.python("bin/python3.10", "3.10.4")
	w.env["PATH"] = w.path("bin")
	finder := w.finder()
	var out bytes.Buffer
	log := debug.New(debug.Options{Out: &out})
	finder.Debug = func() *debug.Log { return log }
	if _, err := finder.FindPython(t.Context(), "3.10"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"tool: started: " + path + " -E -s -S -c 'import sys …'\n", "tool: " + path + " exited with 0 after "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
	if (&Finder{}).Log() != nil {
		t.Error("a log from nowhere")
	}
}
