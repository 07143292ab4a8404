package build

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/build/buildtest"
	"s/pkg/debug"
)

func TestPartsJoin(t *testing.T) {
	t.Parallel()
	p := newProject(t, listed())
	a := &maker{name: "a", version: "1", plan: Plan{
		Into: "deps/a",
		Env:  Env{Path: []string{"/code/deps/a/bin"}, Lists: map[string][]string{"NODE_PATH": {"/code/deps/a"}}},
	}}
	b := &maker{name: "b", version: "2", plan: Plan{
		Into: ".", Keep: func(path string) bool { return !strings.HasSuffix(path, ".py") },
		Env: Env{Path: []string{"/code/bin", "/code/deps/a/bin"}, Lists: map[string][]string{"NODE_PATH": {"/code/b"}}, Vars: map[string]string{"B": "1"}},
	}}
	before := buildtest.Snapshot(t, p.req.SourceDir)
	got := p.build(a, b)
	if diff := cmp.Diff(before, buildtest.Snapshot(t, p.req.SourceDir)); diff != "" {
		t.Error("the source was touched: ", diff)
	}
	want := map[string]string{
		"list.txt": "one\ntwo\n", "deps/": "", "deps/a/": "", "deps/a/one": "1", "deps/a/two": "1", "one": "2", "two": "2",
	}
	if diff := cmp.Diff(want, p.made()); diff != "" {
		t.Error(diff)
	}
	env := map[string]string{"PATH": "/code/deps/a/bin:/code/bin:" + SystemPath, "NODE_PATH": "/code/deps/a:/code/b", "B": "1"}
	if diff := cmp.Diff(env, got.Env); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{".env", ".git"}, got.LeftOut); diff != "" || len(got.Tools) != 2 || got.Reused {
		t.Errorf("%s %+v", diff, got)
	}
}

func TestWhatIsMadeAgain(t *testing.T) {
	t.Parallel()
	p := newProject(t, listed())
	m := &maker{name: "m", version: "1"}
	step := func(what string, reused, unchanged bool, runs int32) {
		t.Helper()
		a := p.build(m)
		if a.Reused != reused || a.Unchanged != unchanged || m.runs.Load() != runs {
			t.Errorf("%s: reused %v, unchanged %v, %d runs; want %v, %v, %d", what, a.Reused, a.Unchanged, m.runs.Load(), reused, unchanged, runs)
		}
		if ready, err := (Builders{m}).UpToDate(context.Background(), p.req); !ready || err != nil {
			t.Errorf("%s: not up to date: %v", what, err)
		}
	}
	step("first", false, false, 1)
	step("nothing changed", true, true, 1)
	p.write("app.py", "changed")
	step("source changed", true, false, 1)
	m.version = "2"
	p.write("app.py", "again")
	step("another tool", false, false, 2)
	p.req.Args = []string{"--flag"}
	p.write("app.py", "and again")
	step("another flag", false, false, 3)
	p.req.Options.Env = map[string]string{"X": "1"}
	p.req.Fresh = true
	step("fresh", false, false, 4)
	if m.env["X"] != "1" {
		t.Errorf("the user's variables: %v", m.env)
	}
	p.req.Fresh = false
	// The cache is shared: the same function elsewhere makes nothing.
	other := newProject(t, listed())
	other.req.CacheDir, other.req.Options = p.req.CacheDir, p.req.Options
	if a := other.build(m); !a.Reused || m.runs.Load() != 4 {
		t.Errorf("%+v, %d runs", a, m.runs.Load())
	}
	p.req.Platform = "linux/arm64"
	p.write("app.py", "for arm")
	step("another platform", false, false, 5)
}

// TestCompiles has a builder work on a copy of more than the package has.
func TestCompiles(t *testing.T) {
	t.Parallel()
	p := newProject(t, map[string]string{"list.txt": "", "a.go": "1", "out/old": "", ".fcignore": "*.go\n", ".git/x": ""})
	buildtest.Plant(t, p.root, map[string]string{"go.mod": "mod", "s.yaml": "x"})
	m := &maker{name: "m", plan: Plan{
		Compiles: true, Root: p.root, Into: "bin",
		Skip: func(path string) bool {
			return strings.HasPrefix(path, "cache/") || path == "code/out" || strings.HasPrefix(path, "code/out/")
		},
	}}
	p.build(m)
	want := map[string]string{
		"bin/": "", "bin/go.mod.out": "mod", "bin/s.yaml.out": "x", "bin/code_a.go.out": "1", "bin/code_list.txt.out": "",
		"bin/code_.fcignore.out": "*.go\n", // the builder may want the rules
		"list.txt":               "", "out/": "", "out/old": "",
	}
	if diff := cmp.Diff(want, p.made()); diff != "" {
		t.Error(diff)
	}
	if a := p.build(m); !a.Unchanged {
		t.Errorf("%+v", a)
	}
	p.write("a.go", "2") // it isn't in the package, but it decides
	if a := p.build(m); a.Unchanged || a.Reused || p.made()["bin/code_a.go.out"] != "2" {
		t.Errorf("%+v: %v", a, p.made())
	}
	p.write("a.go", "1")
	if a := p.build(m); a.Unchanged || !a.Reused || m.runs.Load() != 2 {
		t.Errorf("back to what it was: %+v, %d runs", a, m.runs.Load())
	}
}

// TestCompilesBesideWhatNoPackageHolds: what .fcignore leaves out doesn't keep a
// builder from compiling, though it can't be copied.
func TestCompilesBesideWhatNoPackageHolds(t *testing.T) {
	t.Parallel()
	p := newProject(t, map[string]string{"list.txt": "", "a.go": "1", ".fcignore": "data\n"})
	if err := os.Symlink("/etc", filepath.Join(p.req.SourceDir, "data")); err != nil {
		t.Skip(err)
	}
	m := &maker{name: "m", plan: Plan{Compiles: true, Into: "bin"}}
	p.build(m)
	if got := p.made(); got["bin/a.go.out"] != "1" || got["data"] != "" || got["bin/data.out"] != "" {
		t.Errorf("%v", got)
	}
	p.write(".fcignore", "other\n")
	if _, err := (Builders{m}).Build(context.Background(), p.req); err == nil || !strings.Contains(err.Error(), "data: is a symbolic link that leads out") {
		t.Errorf("a link that would be in the package: %v", err)
	}
}

// TestWhatIsNotPartOfTheCode has a folder that the user's own tools made, with a
// link that no package could hold.
func TestWhatIsNotPartOfTheCode(t *testing.T) {
	t.Parallel()
	files := listed()
	files["deps/x"], files["lib/deps/y"] = "1", "1"
	p := newProject(t, files)
	if err := os.Symlink("/etc", filepath.Join(p.req.SourceDir, "deps/out")); err != nil {
		t.Fatal(err)
	}
	left := func(path string) bool { return path == "deps" }
	m := &maker{name: "m", plan: Plan{Leave: left}}
	p.build(m)
	if got := p.made(); got["lib/deps/y"] != "1" || got["deps/"] != "" || got["deps/x"] != "" {
		t.Errorf("%v", got)
	}
	p.write("deps/z", "2")
	if a := p.build(m); !a.Unchanged {
		t.Errorf("%+v", a)
	}
	p.req.ArtifactDir += "2"
	c := &maker{name: "c", plan: Plan{Compiles: true, Into: "out", Skip: left, Leave: left}}
	p.build(c)
	if _, ok := p.made()["out/deps_x.out"]; ok {
		t.Errorf("%v", p.made())
	}
}

func TestBuildFails(t *testing.T) {
	t.Parallel()
	p := newProject(t, listed())
	m := &maker{name: "m"}
	p.build(m)
	before := buildtest.Snapshot(t, p.req.ArtifactDir)
	p.write("list.txt", "three\n")
	for name, broken := range map[string]*maker{
		"tool": {name: "m", fails: errors.New("no")}, "tools": {name: "m", missing: errors.New("none")},
	} {
		if _, err := (Builders{broken}).Build(context.Background(), p.req); err == nil {
			t.Errorf("%s: no error", name)
		}
		if diff := cmp.Diff(before, buildtest.Snapshot(t, p.req.ArtifactDir)); diff != "" {
			t.Errorf("%s: the former artifact changed: %s", name, diff)
		}
	}
	p.req.SourceDir += "x"
	if _, err := (Builders{m}).Build(context.Background(), p.req); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no source: %v", err)
	}
}

func TestTwoAtATime(t *testing.T) {
	t.Parallel()
	p := newProject(t, listed())
	p.req.Log = nil
	m := &maker{name: "m"}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := (Builders{m}).Build(context.Background(), p.req); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if m.runs.Load() != 1 {
		t.Errorf("made %d times", m.runs.Load())
	}
}

// TestRun runs programs as builders do.
func TestRun(t *testing.T) {
	t.Parallel()
	dir := buildtest.TempDir(t)
	script := filepath.Join(dir, "tool")
	buildtest.Script(t, script, "#!/bin/sh\necho out; echo err >&2; test -d \"$TMPDIR\" && echo $X; exit $1\n")
	var log strings.Builder
	job := &Job{Request: Request{Name: "f", Log: &log}, Scratch: filepath.Join(dir, "scratch")}
	job.Env = map[string]string{"X": "mine"}
	env := job.Environ([]string{"PATH=" + os.Getenv("PATH"), "TMPDIR=/none", "MAKEFLAGS=-n", "MAKELEVEL=2", "DROP=1"}, func(name string) bool { return name == "DROP" })
	if all := strings.Join(env, " "); strings.Contains(all, "DROP") || strings.Contains(all, "MAKE") {
		t.Errorf("environment %q", env)
	}
	if err := job.Run(context.Background(), Command{Argv: []string{script, "0"}, Shown: []string{"tool"}, Dir: dir, Env: env}); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(log.String(), "$ tool\n") || !strings.Contains(log.String(), "mine\n") {
		t.Errorf("log %q", log.String())
	}
	err := job.Run(context.Background(), Command{Argv: []string{script, "3"}, What: "tool it", Dir: dir, Env: env})
	var failed *BuildError
	if !errors.As(err, &failed) || failed.Tool != "tool it" || len(failed.Tail) != 3 || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("%v", err)
	}
	job.Log = nil
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := job.Run(ctx, Command{Argv: []string{script}, Dir: dir, Env: env}); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	err = job.Run(context.Background(), Command{Argv: []string{filepath.Join(dir, "none")}, What: "none", Dir: dir, Env: env})
	if !errors.As(err, &failed) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no such tool: %v", err)
	}
}

// TestToolsAreTold to the debug log of a request, if it has one.
func TestToolsAreTold(t *testing.T) {
	t.Parallel()
	(&Request{}).Tool([]string{"x"})(nil)
	off := &Request{Debug: func() *debug.Log { return nil }}
	off.Tool([]string{"x"})(nil)
	var out bytes.Buffer
	log := debug.New(debug.Options{Out: &out})
	req := &Request{Debug: func() *debug.Log { return log }}
	req.Tool([]string{"php", "--token", "hush"})(errors.New("broken"))
	if got := out.String(); !strings.Contains(got, "tool: started: php --token ***\n") || !strings.Contains(got, "tool: php failed: broken after ") {
		t.Errorf("%s", got)
	}
}

// TestOptionsAreRemembered: other options make another artifact, and deploy,
// which has none, takes it as it was built.
func TestOptionsAreRemembered(t *testing.T) {
	t.Parallel()
	p := newProject(t, listed())
	m := &maker{name: "m"}
	p.build(m)
	usual := p.req
	for name, change := range map[string]func(*Request){
		"arguments": func(r *Request) { r.Args = []string{"-v"} },
		"variables": func(r *Request) { r.Env = map[string]string{"A": "1"} },
		"a script":  func(r *Request) { r.Shell = "true" },
	} {
		change(&p.req)
		if a := p.build(m); a.Unchanged {
			t.Errorf("%s: the artifact of the usual build was taken", name)
		}
		if a := p.build(m); !a.Unchanged {
			t.Errorf("%s: built again", name)
		}
		deploys := usual
		deploys.AsBefore = true
		if ready, err := (Builders{m}).UpToDate(context.Background(), deploys); !ready || err != nil {
			t.Errorf("%s: not as it was built: %v", name, err)
		}
		p.req = deploys
		if a := p.build(m); !a.Unchanged {
			t.Errorf("%s: deploy builds again", name)
		}
		p.req = usual
		if a := p.build(m); a.Unchanged {
			t.Errorf("%s: the usual build is another", name)
		}
	}
	// What changes meanwhile is built with the same options.
	p.req.Args = []string{"-v"}
	p.build(m)
	p.req = usual
	p.req.AsBefore = true
	p.write("list.txt", "three\n")
	p.build(m)
	if readStamp(p.req.ArtifactDir).Chosen.Args[0] != "-v" {
		t.Error("the arguments are forgotten")
	}
}

func TestScriptThatIsGone(t *testing.T) {
	t.Parallel()
	p := newProject(t, listed())
	script := filepath.Join(p.root, "x.sh")
	buildtest.Plant(t, p.root, map[string]string{"x.sh": "true"})
	p.req.Script = script
	p.build(&maker{name: "m"})
	req := p.req
	req.Options, req.AsBefore = Options{}, true
	if got := req.asBefore().Script; got != script {
		t.Errorf("script %q", got)
	}
	if err := os.Remove(script); err != nil {
		t.Fatal(err)
	}
	if got := req.asBefore().Script; got != "" {
		t.Errorf("a script that is gone: %q", got)
	}
}
