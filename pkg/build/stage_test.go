package build

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/bundle"
	"s/pkg/spec"
	"s/pkg/toolchain"
)

// names lists what is below dir, with what a link says and a file holds.
func names(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		rel = filepath.ToSlash(rel)
		switch {
		case d.IsDir():
			out[rel+"/"] = ""
		case d.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			out[rel] = "->" + target
			return err
		default:
			data, err := os.ReadFile(path)
			out[rel] = string(data)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestCopyTree(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), t.TempDir()
	plant(t, from, map[string]string{"a/b": "1", "run.sh": "2", "secret": "3", "d/.fcignore": "nothing", "big": strings.Repeat("x", 1<<20)})
	for name, mode := range map[string]os.FileMode{"run.sh": 0o755, "secret": 0o400} {
		if err := os.Chmod(filepath.Join(from, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Symlink("a/b", filepath.Join(from, "link")), os.MkdirAll(filepath.Join(from, "empty/folder"), 0o755)); err != nil {
		t.Fatal(err)
	}
	l, err := bundle.List(context.Background(), from, bundle.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := copyTree(context.Background(), l, to); err != nil {
		t.Fatal(err)
	}
	want := names(t, from)
	delete(want, "d/.fcignore")
	delete(want, "d/")
	got := names(t, to)
	delete(got, "d/")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	before, after := snapshot(t, from), snapshot(t, to)
	for _, name := range []string{"a/b", "run.sh", "secret", "big"} {
		if before[name] != after[name] {
			t.Errorf("%s: %s, was %s", name, after[name], before[name])
		}
	}
	// Nothing is shared: a change of the copy doesn't reach the source.
	if err := os.WriteFile(filepath.Join(to, "a/b"), []byte("changed"), 0o644); err != nil {
		t.Fatal(err)
	}
	if names(t, from)["a/b"] != "1" {
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
		plant(t, from, map[string]string{"a": "1"})
		l, err := bundle.List(context.Background(), from, bundle.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := change(filepath.Join(from, "a")); err != nil {
			t.Fatal(err)
		}
		err = copyTree(context.Background(), l, t.TempDir())
		var fe *bundle.FileError
		if !errors.As(err, &fe) || fe.Path != "a" {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestBring(t *testing.T) {
	t.Parallel()
	from := t.TempDir()
	plant(t, from, map[string]string{"a/x": "new", "b": "new", "c/y": "new", "__pycache__/z": "no"})
	if err := os.Symlink("b", filepath.Join(from, "link")); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"a/": "", "a/x": "new", "a/own": "kept", "b": "new", "c/": "", "c/y": "new", "link": "->b"}
	for name, bringing := range map[string]func(context.Context, string, string) error{"linked": linkTree, "copied": copyAny} {
		to := t.TempDir()
		// A file where a folder comes, a folder where a file comes, and both that stay.
		plant(t, to, map[string]string{"a/x": "old", "a/own": "kept", "b/in": "old", "c": "old", "link/x": "old"})
		if err := bringing(context.Background(), from, to); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, names(t, to)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		shared := sameFile(t, filepath.Join(from, "b"), filepath.Join(to, "b"))
		if shared != (name == "linked") {
			t.Errorf("%s: one file %v", name, shared)
		}
	}
	to := filepath.Join(t.TempDir(), "deep/er")
	if err := copyAny(context.Background(), filepath.Join(from, "b"), to); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(to); err != nil || string(data) != "new" {
		t.Errorf("a single file: %q, %v", data, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := linkTree(ctx, from, t.TempDir()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func sameFile(t *testing.T, a, b string) bool {
	t.Helper()
	x, err := os.Stat(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := os.Stat(b)
	if err != nil {
		t.Fatal(err)
	}
	return os.SameFile(x, y)
}

func TestSwap(t *testing.T) {
	t.Parallel()
	for _, former := range []bool{true, false} {
		dir := t.TempDir()
		plant(t, dir, map[string]string{"new/x": "new"})
		want := map[string]string{"artifact/": "", "artifact/x": "new"}
		if former {
			plant(t, dir, map[string]string{"artifact/x": "old", "artifact/y": "old"})
		}
		if err := swap(filepath.Join(dir, "new"), filepath.Join(dir, "artifact")); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, names(t, dir)); diff != "" {
			t.Errorf("former %v: %s", former, diff)
		}
	}
	dir := t.TempDir()
	plant(t, dir, map[string]string{"artifact/x": "old"})
	if err := swap(filepath.Join(dir, "missing"), filepath.Join(dir, "artifact")); err == nil {
		t.Error("swapped with nothing")
	}
	if diff := cmp.Diff(map[string]string{"artifact/": "", "artifact/x": "old"}, names(t, dir)); diff != "" {
		t.Error("the former artifact: ", diff)
	}
}

// TestAssembleFails lets each step fail: the former artifact stays, nothing
// else does.
func TestAssembleFails(t *testing.T) {
	t.Parallel()
	p := newProject(t, "python3.10", false, flask())
	plant(t, p.req.ArtifactDir, map[string]string{"old": "old"})
	read := func() *tree {
		tr, err := readTree(context.Background(), p.req)
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
		"cancelled": func() error { return assemble(canceled, p.req, read(), fine) },
		"copy":      func() error { return assemble(context.Background(), p.req, gone, fine) },
		"add": func() error {
			return assemble(context.Background(), p.req, read(), func(string) error { return errors.New("no") })
		},
		"at the end": func() error { return assemble(ctx, p.req, read(), func(string) error { cancelLate(); return nil }) },
	} {
		if err := run(); err == nil {
			t.Errorf("%s: no error", name)
		}
		parent := filepath.Dir(p.req.ArtifactDir)
		if diff := cmp.Diff(map[string]string{"hello/": "", "hello/old": "old"}, names(t, parent)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if err := assemble(context.Background(), p.req, read(), fine); err != nil {
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
	plant(t, dir, map[string]string{"svc/fn/x": "", "svc/fn.env.json": "{}", "svc/fn.build.json": "{}", "svc/fn.tmp-1/x": "", "svc/fn2/x": "", "other/x": ""})
	if err := Remove(artifact); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"svc/": "", "svc/fn2/": "", "svc/fn2/x": "", "other/": "", "other/x": ""}, names(t, dir)); diff != "" {
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
	plant(t, dir, map[string]string{"a/x": "", "python": ""})
	s := stamp{Source: "s", Inputs: "i", Interpreter: toolchain.Interpreter{Path: python, Version: "3.10.4"}}
	if err := s.write(artifact); err != nil {
		t.Fatal(err)
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
		"python gone":       {func(s *stamp) { s.Interpreter.Path += "x" }, "s", "i", false},
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
	plant(t, dir, map[string]string{"a" + stampSuffix: "{damaged"})
	if s := readStamp(artifact); s != (stamp{}) {
		t.Errorf("damaged: %+v", s)
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	p := newProject(t, "python3.10", false, flask())
	print := func() string {
		tr, err := readTree(context.Background(), p.req)
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
		"time": func() error { return os.Chtimes(filepath.Join(p.req.SourceDir, "lib/x.py"), old(), old().Add(-1)) },
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
	f := newFake(t, "3.10.4", fakeInstall)
	p := newProject(t, "", false, flask())
	plant(t, p.root, map[string]string{".s/logs": "a file"})
	results, err := Project(context.Background(), specOf(p, "python3.10"), "", ProjectOptions{Builders: Builders{f.builder()}})
	if err != nil || len(results) != 1 || results[0].Artifact == nil {
		t.Errorf("%+v, %v", results, err)
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

func TestEnvironmentOfPip(t *testing.T) {
	t.Parallel()
	got := pipEnviron([]string{"HOME=/h", "PYTHONHOME=/x", "pip_target=/x", "PIP_INDEX_URL=u", "HTTPS_PROXY=p", "TMPDIR=/x", "ODD"}, "/scratch")
	want := []string{
		"HOME=/h", "PIP_INDEX_URL=u", "HTTPS_PROXY=p", "ODD", "PIP_USER=0", "PIP_ROOT_USER_ACTION=ignore",
		"PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1", "TMPDIR=/scratch", "TEMP=/scratch", "TMP=/scratch",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	settings := choosingSettings([]string{"PIP_PRE=1", "PIP_CACHE_DIR=/x", "PIP_INDEX_URL=u", "HOME=/h"})
	if diff := cmp.Diff([]string{"PIP_INDEX_URL=u", "PIP_PRE=1"}, settings); diff != "" {
		t.Error(diff)
	}
}

// TestPackagesBesideTheCode installs one named by a path that leads out of the
// source, as in a repository of several functions.
func TestPackagesBesideTheCode(t *testing.T) {
	t.Parallel()
	f := newFake(t, "3.10.4", `cp ../shared/pkg/data "$target/data" && touch ../shared/pkg/dirt`)
	p := newProject(t, "python3.10", false, map[string]string{requirementsFile: "../shared/pkg\n"})
	plant(t, p.root, map[string]string{"shared/pkg/data": "beside", "shared/pkg/.git/x": ""})
	before := snapshot(t, filepath.Join(p.root, "shared"))
	p.build(f.builder())
	if p.artifact("python/data") != "beside" {
		t.Error("not found from the working folder")
	}
	if diff := cmp.Diff(before, snapshot(t, filepath.Join(p.root, "shared"))); diff != "" {
		t.Error("the package's source was touched: ", diff)
	}
	p.write(requirementsFile, strings.Repeat("../", outside)+"x/far\n")
	far := filepath.Join(p.req.SourceDir, strings.Repeat("../", outside), "x/far")
	if _, err := os.Stat(far); err == nil {
		t.Skipf("%s is there", far)
	}
	plan := &pip{scratch: t.TempDir(), req: p.req}
	if _, err := plan.workDir(context.Background()); err != nil {
		t.Errorf("a path to nothing is pip's to complain about: %v", err)
	}
}

func TestErrorsOfBuilds(t *testing.T) {
	t.Parallel()
	failed := errors.New("exit status 1")
	for want, err := range map[string]error{
		"build x: pip install: exit status 1":                                       &BuildError{Name: "x", Tool: "pip install", Err: failed, Tail: []string{"warning"}},
		"build x: pip install: exit status 1: second":                               &BuildError{Name: "x", Tool: "pip install", Err: failed, Tail: []string{"ERROR: first", "ERROR: second", "bye"}},
		`unknown runtime "cobol"`:                                                   &UnknownRuntimeError{Runtime: "cobol"},
		"python 3.1.2 at /p has no pip and no ensurepip to make one: exit status 1": &NoPipError{Interpreter: toolchain.Interpreter{Version: "3.1.2", Path: "/p"}, Err: failed},
		`no resource "x" in s.yaml, which has a, b`:                                 &UnknownResourceError{Name: "x", Have: []string{"a", "b"}},
	} {
		if err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	if !errors.Is(&BuildError{Err: failed}, failed) || !errors.Is(&NoPipError{Err: failed}, failed) {
		t.Error("what the tool ended with is lost")
	}
}

func TestNewRequest(t *testing.T) {
	t.Parallel()
	p := newProject(t, "", false, flask())
	sp := specOf(p, "python3.10")
	for _, edition := range []string{spec.Edition1, spec.Edition3} {
		sp.Edition = edition
		req := NewRequest(sp, sp.Resources[0])
		if req.Legacy != (edition == spec.Edition1) || req.SourceDir != p.req.SourceDir || req.Runtime != "python3.10" ||
			!strings.HasPrefix(req.ArtifactDir, p.root) || !strings.HasPrefix(req.CacheDir, p.root) {
			t.Errorf("%+v", req)
		}
	}
}

// FuzzRequirements looks for lists that crash the reader.
func FuzzRequirements(f *testing.F) {
	for _, s := range []string{"flask", "-r requirements.txt", "-rx\n-c\n-e", "./x[y];z", "a @ file:///x%zz", "-f \"\"", "--requirement=\\\n"} {
		f.Add(s)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(strings.ReplaceAll(text, "./", ""), "/") || strings.Contains(text, "..") {
			t.Skip() // it may be a large folder of this machine
		}
		if err := os.WriteFile(filepath.Join(dir, requirementsFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := readRequirements(dir)
		if err == nil && r == nil {
			t.Errorf("%q: there is a file", text)
		}
	})
}
