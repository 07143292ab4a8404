package build

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/build/buildtest"
	"s/pkg/bundle"
	"s/pkg/fc"
	"s/pkg/spec"
)

func TestCopyTree(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), t.TempDir()
	buildtest.Plant(t, from, map[string]string{"a/b": "1", "run.sh": "2", "secret": "3", "d/.fcignore": "nothing", "big": strings.Repeat("x", 1<<20)})
	for name, mode := range map[string]os.FileMode{"run.sh": 0o755, "secret": 0o400} {
		if err := os.Chmod(filepath.Join(from, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Symlink("a/b", filepath.Join(from, "link")), os.MkdirAll(filepath.Join(from, "empty/folder"), 0o755)); err != nil {
		t.Fatal(err)
	}
	l, err := readTree(context.Background(), from, bundle.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := copyTree(context.Background(), l, to, nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(buildtest.Names(t, from), buildtest.Names(t, to)); diff != "" {
		t.Error(diff)
	}
	before, after := buildtest.Snapshot(t, from), buildtest.Snapshot(t, to)
	for _, name := range []string{"a/b", "run.sh", "secret", "big"} {
		if before[name] != after[name] {
			t.Errorf("%s: %s, was %s", name, after[name], before[name])
		}
	}
	// Nothing is shared: a change of the copy doesn't reach the source.
	if err := os.WriteFile(filepath.Join(to, "a/b"), []byte("changed"), 0o644); err != nil {
		t.Fatal(err)
	}
	if buildtest.Names(t, from)["a/b"] != "1" {
		t.Error("the source changed with its copy")
	}
}

func TestCopyOfAChangingSource(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(string) error{
		"vanished": os.Remove,
		"grown":    func(p string) error { return os.WriteFile(p, []byte("much longer"), 0o644) },
	} {
		from := t.TempDir()
		buildtest.Plant(t, from, map[string]string{"a": "1"})
		l, err := readTree(context.Background(), from, bundle.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := change(filepath.Join(from, "a")); err != nil {
			t.Fatal(err)
		}
		err = copyTree(context.Background(), l, t.TempDir(), nil)
		var fe *bundle.FileError
		if !errors.As(err, &fe) || fe.Path != "a" {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestCopyWithoutRoom: the file and the reason are told, and of whose build.
func TestCopyWithoutRoom(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip(err)
	}
	from, to := t.TempDir(), t.TempDir()
	buildtest.Plant(t, from, map[string]string{"lib/a": "1"})
	d, err := os.ReadDir(filepath.Join(from, "lib"))
	if err != nil {
		t.Fatal(err)
	}
	err = bringFile(filepath.Join(from, "lib/a"), "/dev/full", "lib/a", d[0])
	if got := (&run{req: Request{Name: "api"}}).told(err); !errors.As(err, new(*bundle.FileError)) || got.Error() != "build api: lib/a: cannot be copied: no space left on device" {
		t.Errorf("%v", got)
	}
	if err := bring(context.Background(), filepath.Join(from, "lib/a"), filepath.Join(to, "x/a"), nil); err != nil {
		t.Errorf("a file alone: %v", err)
	}
	if got := (&run{}).told(fs.ErrExist); !errors.Is(got, fs.ErrExist) || got.Error() != fs.ErrExist.Error() {
		t.Errorf("another error: %v", got)
	}
}

func TestCopiesOfFolders(t *testing.T) {
	t.Parallel()
	from := t.TempDir()
	buildtest.Plant(t, from, map[string]string{"a/x": "new", "b": "new", "c/y": "new", "__pycache__/z": "cached"})
	if err := os.Symlink("b", filepath.Join(from, "link")); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{
		"a/": "", "a/x": "new", "a/own": "kept", "b": "new", "c/": "", "c/y": "new", "link": "->b",
		"__pycache__/": "", "__pycache__/z": "cached",
	}
	sources := maps.Clone(all)
	delete(sources, "__pycache__/")
	delete(sources, "__pycache__/z")
	for name, tc := range map[string]struct {
		run  func(context.Context, string, string) error
		want map[string]string
	}{"all": {copyAny, all}, "what packages are built from": {CopyTree, sources}} {
		to := t.TempDir()
		// A file where a folder comes, a folder where a file comes, and both that stay.
		buildtest.Plant(t, to, map[string]string{"a/x": "old", "a/own": "kept", "b/in": "old", "c": "old", "link/x": "old"})
		if err := tc.run(context.Background(), from, to); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(tc.want, buildtest.Names(t, to)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if err := os.WriteFile(filepath.Join(to, "b"), []byte("changed"), 0o644); err != nil {
			t.Fatal(err)
		}
		if buildtest.Names(t, from)["b"] != "new" {
			t.Errorf("%s: the original changed with its copy", name)
		}
	}
	to := filepath.Join(t.TempDir(), "deep/er")
	if err := CopyTree(context.Background(), filepath.Join(from, "b"), to); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(to); err != nil || string(data) != "new" {
		t.Errorf("a single file: %q, %v", data, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := copyAny(ctx, from, t.TempDir()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestSwap(t *testing.T) {
	t.Parallel()
	for _, former := range []bool{true, false} {
		dir := t.TempDir()
		buildtest.Plant(t, dir, map[string]string{"new/x": "new"})
		want := map[string]string{"artifact/": "", "artifact/x": "new"}
		if former {
			buildtest.Plant(t, dir, map[string]string{"artifact/x": "old", "artifact/y": "old"})
		}
		if err := swap(filepath.Join(dir, "new"), filepath.Join(dir, "artifact")); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, buildtest.Names(t, dir)); diff != "" {
			t.Errorf("former %v: %s", former, diff)
		}
	}
	dir := t.TempDir()
	buildtest.Plant(t, dir, map[string]string{"artifact/x": "old"})
	if err := swap(filepath.Join(dir, "missing"), filepath.Join(dir, "artifact")); err == nil {
		t.Error("swapped with nothing")
	}
	if diff := cmp.Diff(map[string]string{"artifact/": "", "artifact/x": "old"}, buildtest.Names(t, dir)); diff != "" {
		t.Error("the former artifact: ", diff)
	}
}

// TestAssembleFails lets each step fail: the former artifact stays, nothing
// else does.
func TestAssembleFails(t *testing.T) {
	t.Parallel()
	p := newProject(t, listed())
	buildtest.Plant(t, p.req.ArtifactDir, map[string]string{"old": "old"})
	read := func() *tree {
		tr, err := readTree(context.Background(), p.req.SourceDir, bundle.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return tr
	}
	fine := func(string) error { return nil }
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	ctx, cancelLate := context.WithCancel(context.Background())
	defer cancelLate()
	gone := read()
	gone.Entries = append(gone.Entries, bundle.Entry{Path: "gone"})
	for name, run := range map[string]func() error{
		"cancelled": func() error { return assemble(canceled, p.req, read(), nil, fine) },
		"copy":      func() error { return assemble(context.Background(), p.req, gone, nil, fine) },
		"add": func() error {
			return assemble(context.Background(), p.req, read(), nil, func(string) error { return errors.New("no") })
		},
		"at the end": func() error {
			return assemble(ctx, p.req, read(), nil, func(string) error { cancelLate(); return nil })
		},
	} {
		if err := run(); err == nil {
			t.Errorf("%s: no error", name)
		}
		parent := filepath.Dir(p.req.ArtifactDir)
		if diff := cmp.Diff(map[string]string{"hello/": "", "hello/old": "old"}, buildtest.Names(t, parent)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if err := assemble(context.Background(), p.req, read(), nil, fine); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(p.req.ArtifactDir, "app.py")); err != nil {
		t.Error(err)
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	artifact := filepath.Join(dir, "svc/fn")
	buildtest.Plant(t, dir, map[string]string{"svc/fn/x": "", "svc/fn.env.json": "{}", "svc/fn.build.json": "{}", "svc/fn.tmp-1/x": "", "svc/fn2/x": "", "other/x": ""})
	if err := Remove(artifact); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"svc/": "", "svc/fn2/": "", "svc/fn2/x": "", "other/": "", "other/x": ""}, buildtest.Names(t, dir)); diff != "" {
		t.Error(diff)
	}
	if err := Remove(filepath.Join(dir, "svc/fn2")); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "svc")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the empty folder stays: %v", err)
	}
	if err := Remove(filepath.Join(dir, "never/there")); err != nil {
		t.Error(err)
	}
}

func TestStamp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	artifact := filepath.Join(dir, "a")
	python := filepath.Join(dir, "python")
	buildtest.Plant(t, dir, map[string]string{"a/x": "", "python": ""})
	s := stamp{Source: "s", Inputs: "i", Tools: []Tool{{Path: python, Version: "3.10.4"}, {Name: "in a container"}}}
	if err := s.write(artifact); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(artifact + stampSuffix); err != nil || info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		t.Errorf("others can read it: %v, %v", info, err)
	}
	read := readStamp(artifact)
	if diff := cmp.Diff(s, read); diff != "" {
		t.Error(diff)
	}
	for name, tc := range map[string]struct {
		change         func(*stamp)
		source, inputs string
		want           bool
	}{
		"right":             {func(*stamp) {}, "s", "i", true},
		"other source":      {func(*stamp) {}, "t", "i", false},
		"other inputs":      {func(*stamp) {}, "s", "j", false},
		"not to be trusted": {func(s *stamp) { s.Source = "" }, "", "i", false},
		"python gone":       {func(s *stamp) { s.Tools = []Tool{{Path: python + "x"}} }, "s", "i", false},
	} {
		changed := read
		tc.change(&changed)
		if got := changed.current(artifact, tc.source, tc.inputs); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if read.current(artifact+"x", "s", "i") {
		t.Error("an artifact that isn't there is current")
	}
	buildtest.Plant(t, dir, map[string]string{"a" + stampSuffix: "{damaged"})
	if s := readStamp(artifact); !cmp.Equal(s, stamp{}) {
		t.Errorf("damaged: %+v", s)
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	p := newProject(t, listed())
	print := func() string {
		tr, err := readTree(context.Background(), p.req.SourceDir, bundle.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if !tr.settled {
			t.Error("old files are not trusted")
		}
		return tr.print
	}
	last := print()
	if print() != last {
		t.Error("it differs from one time to the next")
	}
	for what, change := range map[string]func() error{
		"content": func() error { p.write("app.py", "longer than before"); return nil },
		"mode":    func() error { return os.Chmod(filepath.Join(p.req.SourceDir, "app.py"), 0o755) },
		"name": func() error {
			return os.Rename(filepath.Join(p.req.SourceDir, "app.py"), filepath.Join(p.req.SourceDir, "main.py"))
		},
		"time": func() error {
			return os.Chtimes(filepath.Join(p.req.SourceDir, "lib/x.py"), buildtest.Old(), buildtest.Old().Add(-1))
		},
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		now := print()
		if now == last {
			t.Errorf("%s: not noticed", what)
		}
		last = now
	}
	p.write("readme.md", "left out anyway")
	if print() != last {
		t.Error("what is left out counts")
	}
}

func TestLogFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	began := 0
	l := &logFile{path: filepath.Join(dir, "logs/x.log"), begin: func() { began++ }}
	if l.name() != "" {
		t.Error("a log before its first line")
	}
	for _, line := range []string{"1\n", "2\n"} {
		if n, err := l.Write([]byte(line)); n != 2 || err != nil {
			t.Fatal(n, err)
		}
	}
	l.close()
	if data, err := os.ReadFile(l.name()); err != nil || string(data) != "1\n2\n" || began != 1 {
		t.Errorf("%q, %v, began %d times", data, err, began)
	}
	bad := &logFile{path: filepath.Join(dir, "logs/x.log/y.log")}
	if _, err := bad.Write([]byte("x")); err == nil || bad.name() != "" {
		t.Errorf("%v, %s", err, bad.name())
	}
	bad.close()
}

// TestLogThatCannotBeWritten builds all the same.
func TestLogThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	p := newProject(t, listed())
	buildtest.Plant(t, p.root, map[string]string{".s/logs": "a file"})
	results, err := Project(context.Background(), specOf(p, "python3.10"), "", ProjectOptions{Builders: Builders{&maker{name: "m"}}})
	if err != nil || len(results) != 1 || results[0].Artifact == nil {
		t.Errorf("%+v, %v", results, err)
	}
}

// TestPlain: the lines of a tool that is shown without its terminal.
func TestPlain(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"plain":                              "plain",
		"\x1b[0m\x1b[0m":                     "",
		"\x1b[1;31merror\x1b[m: no\r":        "error: no",
		" 10%\r 50%\r100%\r":                 "100%",
		"\x1b]8;;http://a\x1b\\a\x1b]8;;\aa": "aa",
		"\x1b(Ba\tb\x07\x00c \x1b7":          "a\tbc",
		"中文 é":                               "中文 é",
	} {
		if got := plain(line); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

func TestTail(t *testing.T) {
	t.Parallel()
	var to strings.Builder
	w := &tailWriter{to: &to}
	for _, part := range []string{"one\ntw", "o\r\n\n\n", strings.Repeat("long", maxLine), "\nlast"} {
		if n, err := w.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	lines := w.lines()
	if len(lines) != 4 || lines[0] != "one" || lines[1] != "two" || len(lines[2]) > maxLine || lines[3] != "last" {
		t.Errorf("got %.60q", lines)
	}
	if !strings.HasSuffix(to.String(), "\nlast") || len(to.String()) < 4*maxLine {
		t.Error("not all was passed on")
	}
	failing := &tailWriter{to: &logFile{path: "/dev/null/x"}}
	if n, err := failing.Write([]byte("x\n")); n != 2 || err != nil {
		t.Errorf("the tool is told of the log's trouble: %d, %v", n, err)
	}
}

func TestErrorsOfBuilds(t *testing.T) {
	t.Parallel()
	failed := errors.New("exit status 1")
	for want, err := range map[string]error{
		"build x: pip install: exit status 1":         &BuildError{Name: "x", Tool: "pip install", Err: failed, Tail: []string{"warning"}},
		"build x: pip install: exit status 1: second": &BuildError{Name: "x", Tool: "pip install", Err: failed, Tail: []string{"ERROR: first", "ERROR: second", "bye"}},
		`unknown runtime "cobol"`:                     &UnknownRuntimeError{Runtime: "cobol"},
		"build x: npm ci: exit status 1: code EUSAGE": &BuildError{Name: "x", Tool: "npm ci", Err: failed, Tail: []string{"npm error code EUSAGE", "npm error"}},
		"no such tool": &HelpError{Err: errors.New("no such tool"), Help: "apt install it"},
		`no resource "x" in s.yaml, which has a, b`: &UnknownResourceError{Name: "x", Have: []string{"a", "b"}},
	} {
		if err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	if !errors.Is(&BuildError{Err: failed}, failed) || !errors.Is(&HelpError{Err: failed}, failed) {
		t.Error("what the tool ended with is lost")
	}
}

func TestNewRequest(t *testing.T) {
	t.Parallel()
	p := newProject(t, listed())
	sp := specOf(p, "python3.10")
	sp.Resources[0].Function.Handler = "app.handler"
	sp.Resources[0].Function.CustomRuntimeConfig = &fc.CustomRuntimeConfig{Command: []string{"./run"}, Args: []string{"-x"}}
	for _, edition := range []string{spec.Edition1, spec.Edition3} {
		sp.Edition = edition
		req := NewRequest(sp, sp.Resources[0])
		if req.Legacy != (edition == spec.Edition1) || req.SourceDir != p.req.SourceDir || req.Runtime != "python3.10" ||
			req.ProjectDir != p.root ||
			!strings.HasPrefix(req.ArtifactDir, p.root) || !slices.Equal(req.Command, []string{"./run", "-x"}) || req.Handler != "app.handler" {
			t.Errorf("%+v", req)
		}
	}
}
