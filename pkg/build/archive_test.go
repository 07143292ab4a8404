package build

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"s/pkg/build/buildtest"
)

// TestArchive is a build whose one file is the code.
func TestArchive(t *testing.T) {
	t.Parallel()
	p := newProject(t, map[string]string{"list.txt": "app.jar\n", "readme.md": "text"})
	nothing := func(string) bool { return false }
	m := &maker{name: "m", version: "1", plan: Plan{Archive: true, Into: ".", Keep: nothing}}
	for range 2 {
		a := p.build(m)
		if want := filepath.Join(p.req.ArtifactDir, "app.jar"); a.Archive != want || Code(p.req.ArtifactDir) != want {
			t.Errorf("%+v, code %s", a, Code(p.req.ArtifactDir))
		}
	}
	sp := specOf(p, "custom")
	sp.Resources[0].Name = "hello"
	if got := (Artifacts{}).Code(sp, sp.Resources[0]); got != filepath.Join(p.req.ArtifactDir, "app.jar") {
		t.Errorf("code of the resource: %s", got)
	}
	m.plan.Keep = nil
	before := p.made()
	p.write("list.txt", "app.jar\nother.jar\n")
	_, err := Builders{m}.Build(t.Context(), p.req)
	if want := "build hello: the code is an archive that was built, and can't be joined by other parts"; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(before, p.made()); diff != "" {
		t.Error("the former artifact changed: ", diff)
	}
	m.plan.Archive = false
	if a := p.build(m); a.Archive != "" || Code(p.req.ArtifactDir) != p.req.ArtifactDir {
		t.Errorf("%+v", a)
	}
}

// TestIgnoreFilesOfCompiledCode are in the copy, for the builder to follow.
func TestIgnoreFilesOfCompiledCode(t *testing.T) {
	t.Parallel()
	p := newProject(t, map[string]string{"list.txt": "", ".fcignore": "*.md\n", "readme.md": "text"})
	m := &maker{name: "m", plan: Plan{Compiles: true}}
	p.build(m)
	want := map[string]string{"list.txt": "", "m/": "", "m/.fcignore.out": "*.md\n", "m/list.txt.out": "", "m/readme.md.out": "text"}
	if diff := cmp.Diff(want, p.made()); diff != "" {
		t.Error(diff)
	}
	to := filepath.Join(t.TempDir(), "copy")
	if err := CopyCode(t.Context(), p.req.SourceDir, to, false); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"list.txt": ""}, buildtest.Names(t, to)); diff != "" {
		t.Error(diff)
	}
	if err := CopyCode(t.Context(), filepath.Join(to, "none"), to, false); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestMadeFrom(t *testing.T) {
	t.Parallel()
	dir := buildtest.TempDir(t)
	age := func(name string, hours time.Duration) {
		t.Helper()
		buildtest.Plant(t, dir, map[string]string{name: "x"})
		when := time.Now().Add(-hours * time.Hour)
		if err := os.Chtimes(filepath.Join(dir, name), when, when); err != nil {
			t.Fatal(err)
		}
	}
	check := func(what string, want bool) {
		t.Helper()
		got, err := MadeFrom(filepath.Join(dir, "target"), dir, func(p string) bool { return p == "out" || p == "log.txt" })
		if got != want || err != nil {
			t.Errorf("%s: %v, %v", what, got, err)
		}
	}
	age("src/a.x", 5)
	check("nothing is made", false)
	age("target/app", 4)
	check("made", true)
	age("target/old/b", 9)
	check("with older files", true)
	age("out/x", 1)
	age("log.txt", 1)
	age(".git/index", 1)
	check("what doesn't count", true)
	age("src/b.x", 3)
	check("a change", false)
	age("target/app", 2)
	check("made again", true)
	if got, err := MadeFrom(filepath.Join(dir, "target/app"), dir, func(p string) bool { return p == "out" || p == "log.txt" || p == "target" }); !got || err != nil {
		t.Errorf("a file: %v, %v", got, err)
	}
}

// TestToolsNameTheSource lets a failing tool name a file of the copy.
func TestToolsNameTheSource(t *testing.T) {
	t.Parallel()
	dir := buildtest.TempDir(t)
	job := &Job{Request: Request{Name: "hello"}, Plan: &Plan{Root: "/src"}, Work: filepath.Join(dir, "work"), Scratch: dir}
	script := filepath.Join(dir, "tool")
	buildtest.Script(t, script, "#!/bin/sh\necho error: "+job.Work+"/a.x:1 is wrong in "+job.Work+"/a.x\nexit 2\n")
	err := job.Run(t.Context(), Command{Argv: []string{script}, What: "tool"})
	want := "build hello: tool: exit status 2: " + filepath.FromSlash("/src/") + "a.x:1 is wrong in " + filepath.FromSlash("/src/") + "a.x"
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	var failed *BuildError
	if !errors.As(err, &failed) || strings.Contains(strings.Join(failed.Tail, ""), job.Work) {
		t.Errorf("%+v", failed)
	}
	failed.Said = "what counts"
	if got := failed.Error(); got != "build hello: tool: exit status 2: what counts" {
		t.Errorf("got %s", got)
	}
}

func TestNotSource(t *testing.T) {
	t.Parallel()
	dir := buildtest.TempDir(t)
	buildtest.Plant(t, dir, map[string]string{"app/s.yaml": "", "app/lib/s.yaml": "", "app/a.x": "", "out/x": ""})
	for name, to := range map[string]string{"in": "lib", "out": "../out", "file": "lib/../a.x", "lib/up": "../a.x", "lib/out": "../../out/x", "abs": dir} {
		if err := os.Symlink(to, filepath.Join(dir, "app", name)); err != nil {
			t.Fatal(err)
		}
	}
	r := Request{ProjectDir: filepath.Join(dir, "app")}
	for path, want := range map[string]bool{
		"s.yaml": true, "s.yml": true, "lib/s.yaml": false, "a.x": false, "lib": false, "none": false,
		"in": false, "out": true, "file": false, "lib/up": false, "lib/out": true, "abs": true,
	} {
		if got := r.NotSource(r.ProjectDir, path); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}
