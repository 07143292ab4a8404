package cleancmd

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/build"
	"s/pkg/build/buildtest"
	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	"s/pkg/spec"
)

func code(err error) int {
	var known *cmdutil.Error
	if errors.As(err, &known) {
		return known.Code
	}
	return -1
}

// project has leftovers of builds, and something else in .s.
func project(t *testing.T) (w *cmdtest.World, dir string) {
	t.Helper()
	w = cmdtest.New(t, spec.Edition3)
	dir = w.Project.Dir
	buildtest.Plant(t, dir, map[string]string{".s/build/artifacts/hello/x": "12345", ".s/logs/build-hello.log": "1", ".s/state.json": "{}", "s.yaml": "not right"})
	return w, dir
}

func left(t *testing.T, dir string) string {
	t.Helper()
	files, err := os.ReadDir(filepath.Join(dir, ".s"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name())
	}
	return strings.Join(names, " ")
}

func TestProject(t *testing.T) {
	t.Parallel()
	w, dir := project(t)
	file := filepath.Join(dir, "s.yaml")
	if err := w.Run(NewCmd(w.Factory, nil), "-t", file); code(err) != cmdutil.ExitUsage || !strings.Contains(err.Error(), "no terminal") {
		t.Errorf("got %v", err)
	}
	w.TTY(false)
	if err := w.Run(NewCmd(w.Factory, nil), "-t", file); code(err) != cmdutil.ExitFailed || left(t, dir) != "build logs state.json" {
		t.Errorf("got %v, left %s", err, left(t, dir))
	}
	want := []string{"Remove .s/build (5 bytes), .s/logs (1 bytes) in " + dir + "?"}
	if diff := cmp.Diff(want, w.Prompter.Asked); diff != "" {
		t.Error(diff)
	}
	w.Prompter.Err = errors.New("interrupted")
	if err := w.Run(NewCmd(w.Factory, nil), "-t", file); !errors.Is(err, w.Prompter.Err) {
		t.Errorf("got %v", err)
	}
	w.Prompter.Err, w.Prompter.Yes = nil, true
	if err := w.Run(NewCmd(w.Factory, nil), "-t", file); err != nil || left(t, dir) != "state.json" || w.Stdout() != "" {
		t.Errorf("got %v, left %s, stdout %s", err, left(t, dir), w.Stdout())
	}
	w.WantStderr("removed .s/build (5 bytes), .s/logs (1 bytes)\n")
	if err := w.Run(NewCmd(w.Factory, nil), "-t", file, "-o", "raw"); err != nil || w.Stdout() != `{"removed":[],"bytes":0}`+"\n" {
		t.Errorf("got %v, %s", err, w.Stdout())
	}
	w.WantStderr("nothing to remove in " + dir)
}

func TestProjectAsData(t *testing.T) {
	t.Parallel()
	w, dir := project(t)
	if err := w.Run(NewCmd(w.Factory, nil), "-t", filepath.Join(dir, "s.yaml"), "-y", "-o", "raw"); err != nil {
		t.Fatal(err)
	}
	want := `{"removed":[{"path":".s/build","bytes":5},{"path":".s/logs","bytes":1}],"bytes":6}` + "\n"
	if diff := cmp.Diff(want, w.Stdout()); diff != "" {
		t.Error(diff)
	}
}

func TestCache(t *testing.T) {
	t.Parallel()
	w, dir := project(t)
	home := t.TempDir()
	w.Factory.Home = func() (string, error) { return home, nil }
	cache := build.NewCache(build.CacheFolder(home))
	fill := func(key string) *build.Entry {
		entry, _, err := cache.Get(context.Background(), key, false, func(_ context.Context, out, _ string) error {
			return os.WriteFile(filepath.Join(out, "x"), make([]byte, 2048), 0o600)
		})
		if err != nil {
			t.Fatal(err)
		}
		return entry
	}
	fill("free").Release()
	used := fill("used")
	if err := w.Run(NewCmd(w.Factory, nil), "--cache", "-o", "raw"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(`{"entries":1,"bytes":2048,"inUse":1}`+"\n", w.Stdout()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff("removed 2.0 kB from the build cache\nkept, as builds are using them: 1 entries\n", w.Stderr()); diff != "" {
		t.Error(diff)
	}
	used.Release()
	if err := w.Run(NewCmd(w.Factory, nil), "--cache", "-y", "-o", "default"); err != nil || w.Stdout() != "" {
		t.Errorf("got %v, %s", err, w.Stdout())
	}
	if err := w.Run(NewCmd(w.Factory, nil), "--cache"); err != nil || w.Stderr() != "nothing to remove from the build cache\n" {
		t.Errorf("got %v, %s", err, w.Stderr())
	}
	if left(t, dir) != "build logs state.json" {
		t.Errorf("the project was touched: %s", left(t, dir))
	}
	w.Factory.Home = func() (string, error) { return "", errors.New("no home") }
	if err := w.Run(NewCmd(w.Factory, nil), "--cache"); err == nil || err.Error() != "no home" {
		t.Errorf("got %v", err)
	}
}

// TestParts: the logs alone, or the cache of all projects as well.
func TestParts(t *testing.T) {
	t.Parallel()
	w, dir := project(t)
	file, home := filepath.Join(dir, "s.yaml"), t.TempDir()
	w.Factory.Home = func() (string, error) { return home, nil }
	if err := w.Run(NewCmd(w.Factory, nil), "-t", file, "--logs", "-y"); err != nil || left(t, dir) != "build state.json" {
		t.Errorf("got %v, left %s", err, left(t, dir))
	}
	if err := w.Run(NewCmd(w.Factory, nil), "-t", file, "--all", "-y", "-o", "raw"); err != nil || left(t, dir) != "state.json" {
		t.Errorf("got %v, left %s", err, left(t, dir))
	}
	want := `{"removed":[{"path":".s/build","bytes":5}],"bytes":5,"cache":{"entries":0,"bytes":0,"inUse":0}}` + "\n"
	if diff := cmp.Diff(want, w.Stdout()); diff != "" {
		t.Error(diff)
	}
	for _, args := range [][]string{{"--all", "--logs"}, {"--cache", "--logs"}, {"--all", "--cache"}} {
		if err := w.Run(NewCmd(w.Factory, nil), args...); cmdutil.CodeOf(err) != cmdutil.ExitUsage {
			t.Errorf("%v: %v", args, err)
		}
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	var got *Options
	cmd := NewCmd(w.Factory, func(_ context.Context, opts *Options) error { got = opts; return nil })
	if err := w.Run(cmd, "--cache", "--assume-yes"); err != nil || !got.Cache || !got.Yes {
		t.Errorf("%v, %+v", err, got)
	}
	if err := w.Run(NewCmd(w.Factory, nil), "hello"); err == nil {
		t.Error("an argument is taken")
	}
}

func TestInChinese(t *testing.T) {
	t.Parallel()
	w, dir := project(t)
	w.IO.SetLang("zh")
	if err := w.Run(NewCmd(w.Factory, nil), "-t", filepath.Join(dir, "s.yaml"), "-y"); err != nil {
		t.Fatal(err)
	}
	w.WantStderr("已删除 .s/build")
}

// holding is a builder whose build ends when it is let go on.
type holding struct{ runs, goOn chan struct{} }

func (holding) Name() string                                               { return "holding" }
func (holding) Plan(build.Request) (*build.Plan, error)                    { return &build.Plan{Into: "made"}, nil }
func (holding) Tools(context.Context, build.Request) ([]build.Tool, error) { return nil, nil }

func (b holding) Make(_ context.Context, job *build.Job) error {
	close(b.runs)
	<-b.goOn
	return os.WriteFile(filepath.Join(job.Out, "x"), nil, 0o600)
}

// told lets a build go on once it is said that it is waited for.
type told struct {
	text strings.Builder
	goOn chan struct{}
}

func (w *told) Write(p []byte) (int, error) {
	if strings.Contains(string(p), "waiting for a build") {
		close(w.goOn)
	}
	return w.text.Write(p)
}

// TestCleanWaitsForABuild: nothing is removed under a build, and what it made is.
func TestCleanWaitsForABuild(t *testing.T) {
	t.Parallel()
	w, dir := project(t)
	home := t.TempDir()
	w.Factory.Home = func() (string, error) { return home, nil }
	b := holding{make(chan struct{}), make(chan struct{})}
	req := build.Request{
		Name: "hello", SourceDir: t.TempDir(), ProjectDir: dir, ArtifactDir: filepath.Join(dir, ".s/build/artifacts/hello"), CacheDir: build.CacheFolder(home),
	}
	ended := make(chan error, 1)
	go func() {
		_, err := build.Builders{b}.Build(context.Background(), req)
		ended <- err
	}()
	select {
	case <-b.runs:
	case err := <-ended:
		t.Fatal(err)
	}
	out := &told{goOn: b.goOn}
	w.Factory.IO.ErrOut = out
	if err := w.Run(NewCmd(w.Factory, nil), "-t", filepath.Join(dir, "s.yaml"), "-y"); err != nil {
		t.Fatal(err, out.text.String())
	}
	if err := <-ended; err != nil || left(t, dir) != "state.json" {
		t.Errorf("the build: %v; left %s", err, left(t, dir))
	}
}
