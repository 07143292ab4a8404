package dev

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"s/pkg/runtime/debugger"
	"s/pkg/runtime/sandbox"
	"s/pkg/spec"
)

func TestChangedCodeIsServedAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "a", "b")
	w.run()
	w.want("serving [a b]")
	before, other := w.function("a"), w.function("b")
	if before.Code != filepath.Join(w.dir, "a") || before.Fleeting || before.Function.Handler != "index.handler" {
		t.Errorf("%+v", before)
	}
	w.write("a/index.py", "changed")
	w.want("reloaded a")
	if now := w.function("a"); now.Revision == before.Revision {
		t.Error("the revision is the same")
	}
	if now := w.function("b"); now.Revision != other.Revision {
		t.Error("the other function changed, too")
	}
	// A folder that is new, and what is new in it later.
	w.write("b/lib/deep/x.py", "1")
	w.want("reloaded b")
	w.write("b/lib/deep/x.py", "other")
	w.want("reloaded b")
}

// What isn't packed doesn't count.
func TestIgnoredFilesDontCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "a")
	w.write("a/.fcignore", "*.log\n/tmp\n")
	w.run()
	w.want("serving [a]")
	w.write("a/out.log", "x")
	w.write("a/tmp/x", "x")
	w.write("a/__pycache__/index.pyc", "x")
	w.write("a/.git/HEAD", "x")
	w.write("a/index.py", "counts") // the only event
	w.want("reloaded a")
	select {
	case e := <-w.events:
		t.Error(e)
	default:
	}
}

func TestChangesOfSYAML(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "a", "b")
	w.run()
	w.want("serving [a b]")
	w.write("s.yaml", "another description")
	w.want("serving [a b]", "reloaded s.yaml", "reloaded a", "reloaded b")
	if got := w.function("a").Function.Description; got != "another description" {
		t.Error(got)
	}
	w.change(func() { w.names = []string{"b"} })
	w.write("env.yaml", "x")
	w.want("serving [b]", "reloaded s.yaml")
	w.change(func() { w.loadErr = errors.New("line 3 is wrong") })
	w.write("s.yaml", "broken")
	w.want("failed : line 3 is wrong")
	if w.function("b").Name != "b" {
		t.Error("what was served isn't any more")
	}
	w.change(func() { w.loadErr = nil })
	w.write("s.yaml", "well again")
	w.want("serving [b]", "reloaded s.yaml", "reloaded b")
}

func TestBuilds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "a")
	w.write("a/requirements.txt", "flask")
	w.run()
	w.want("serving [a]")
	before := w.function("a")
	if !before.Fleeting || !strings.Contains(before.Code, ".s") || before.Function.EnvironmentVariables["A"] != "1" {
		t.Errorf("%+v", before)
	}
	w.change(func() { w.builds.err = errors.New("no matching distribution") })
	w.write("a/requirements.txt", "flask9")
	w.want("failed a: no matching distribution")
	if now := w.function("a"); now.Revision != before.Revision {
		t.Error("the failed build is served")
	}
	w.change(func() { w.builds.err = nil })
	w.write("a/requirements.txt", "flask==3")
	w.want("reloaded a")
	// A build that isn't needed any more.
	if err := os.Remove(filepath.Join(w.dir, "a", "requirements.txt")); err != nil {
		t.Fatal(err)
	}
	w.want("reloaded a")
	if now := w.function("a"); now.Fleeting || now.Code != filepath.Join(w.dir, "a") {
		t.Errorf("%+v", now)
	}
}

// Code that is gone for a moment is told once, and served when it is back.
func TestCodeThatIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "a")
	w.run()
	w.want("serving [a]")
	path := filepath.Join(w.dir, "a")
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	if e := <-w.events; !strings.HasPrefix(e, "failed a: ") {
		t.Error(e)
	}
	w.write("a/index.py", "back")
	w.want("reloaded a")
}

func TestWhatKeepsItFromStarting(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "a")
	w.loadErr = errors.New("bad file")
	if err := w.session.Start(t.Context()); !errors.Is(err, w.loadErr) {
		t.Error(err)
	}
	w = newWorld(t, "a")
	if err := os.RemoveAll(filepath.Join(w.dir, "a")); err != nil {
		t.Fatal(err)
	}
	if err := w.session.Start(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	w = newWorld(t, "a")
	w.refuse = errors.New("timeout must be between 1 and 86400")
	if err := w.session.Start(t.Context()); !errors.Is(err, w.refuse) {
		t.Error(err)
	}
	w = newWorld(t, "a")
	w.session.Debug = func(context.Context, *spec.Resource, int) (*debugger.Options, error) {
		return nil, &debugger.UnsupportedError{Why: "no dlv"}
	}
	if err := w.session.Start(t.Context()); err == nil || err.Error() != "no dlv" {
		t.Error(err)
	}
}

// Each function that is debugged has a port, and an instance from the start.
func TestDebug(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "a", "b")
	w.session.Debug = func(_ context.Context, _ *spec.Resource, n int) (*debugger.Options, error) {
		return &debugger.Options{Port: 100 + n}, nil
	}
	w.run()
	w.want("serving [a b]")
	if a, b := w.function("a").Debug, w.function("b").Debug; a == nil || b == nil || a.Port != 100 || b.Port != 101 {
		t.Errorf("%+v %+v", a, b)
	}
	w.write("a/index.py", "changed")
	w.want("reloaded a")
	w.write("a/index.py", "changed again")
	w.want("reloaded a") // by now the first one is warm
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.warmed) < 4 || !slices.Equal(w.warmed[:4], []string{"a", "b", "a", "b"}) {
		t.Errorf("%v", w.warmed)
	}
}

// The build of a Go function leaves paths below the module's name.
func TestCodeRoot(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := &spec.Resource{Code: spec.CodeSource{Path: dir}}
	for _, tt := range []struct{ runtime, mod, want string }{
		{"go1", "", "/code"},
		{"go1", "go 1.21\n", "/code"},
		{"go1", "// x\nmodule  example.com/f\n\ngo 1.21\n", "example.com/f"},
		{"python3.10", "", "/code"},
	} {
		r.Function.Runtime = tt.runtime
		if tt.mod != "" {
			if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(tt.mod), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got := CodeRoot(r, sandbox.Isolation{Mode: sandbox.ModeNamespaces}); got != tt.want {
			t.Errorf("%s with %q: %s", tt.runtime, tt.mod, got)
		}
	}
	if got := CodeRoot(r, sandbox.Isolation{Mode: sandbox.ModeProcess}); got != dir {
		t.Errorf("without namespaces: %s", got)
	}
}

func TestLanguageOfResources(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ runtime, command, want string }{
		{"python3.10", "", debugger.Python},
		{"nodejs18", "", debugger.Node},
		{"java11", "", debugger.Java},
		{"go1", "", debugger.Go},
		{"custom", "python3 app.py", debugger.Python},
		{"custom.debian10", "node x", debugger.Node},
		{"custom", "", debugger.Unknown},
	} {
		r := &spec.Resource{}
		r.Function.Runtime = tt.runtime
		if tt.command != "" {
			r.Function.CustomRuntimeConfig = customConfig(strings.Fields(tt.command)...)
		}
		if got := LanguageOf(r); got != tt.want {
			t.Errorf("%s %s: %q", tt.runtime, tt.command, got)
		}
	}
}
