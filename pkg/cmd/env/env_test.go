package envcmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"s/pkg/cmd/cmdutil"
	"s/pkg/diag"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

// world is a project folder and a home for the command.
type world struct {
	t         *testing.T
	dir, home string
	io        *iostreams.IOStreams
	out, err  *bytes.Buffer
}

func newWorld(t *testing.T, envYAML string) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), home: filepath.Join(t.TempDir(), "home")}
	w.write("s.yaml", "edition: 3.0.0\nname: shop\nresources: {}\n")
	if envYAML != "" {
		w.write("env.yaml", envYAML)
	}
	return w
}

func (w *world) write(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o640); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) file() string {
	w.t.Helper()
	data, err := os.ReadFile(filepath.Join(w.dir, "env.yaml"))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(data)
}

// run runs s env and gives stdout.
func (w *world) run(args ...string) (string, error) {
	w.t.Helper()
	w.io, _, w.out, w.err = iostreams.Test()
	settings := &cmdutil.Settings{Template: filepath.Join(w.dir, "s.yaml"), Output: cmdutil.OutputJSON}
	cmd := NewCmd(&cmdutil.Factory{
		IO: w.io, Settings: settings,
		Home: func() (string, error) { return w.home, nil },
		Load: func(ctx context.Context, command string) (*spec.Project, diag.Diagnostics) {
			return spec.Load(ctx, spec.Options{File: settings.Template, Command: command})
		},
	})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetOut(w.out)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(context.Background())
	return w.out.String(), err
}

func (w *world) must(args ...string) string {
	w.t.Helper()
	out, err := w.run(args...)
	if err != nil {
		w.t.Fatalf("%v: %v", args, err)
	}
	return out
}

func (w *world) fails(code int, part string, args ...string) {
	w.t.Helper()
	_, err := w.run(args...)
	var known *cmdutil.Error
	if !errors.As(err, &known) || known.Code != code || !strings.Contains(err.Error(), part) {
		w.t.Errorf("%v: %v, want code %d with %q", args, err, code, part)
	}
}

const two = "# of the shop\nproject: shop\nenvironments:\n  # before\n  - name: staging # s\n    type: staging\n    access: acc\n  - name: live\n    type: production\n"

func TestInit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.must("init", "-n", "staging", "--type", "staging", "--description", "before: live", "--region", "cn-beijing", "--env-access", "acc",
		"--infra-region", "cn-shanghai", "--overlays", `{"components":{"fc3":{"memorySize":1024}},"resources":{"hello":{"timeout":9}}}`)
	want := `project: shop
environments:
  - name: staging
    description: 'before: live'
    type: staging
    access: acc
    region: cn-beijing
    overlays:
      components:
        fc3:
          memorySize: 1024
      resources:
        hello:
          timeout: 9
    infraStack:
      region: cn-shanghai
`
	if got := w.file(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	w.must("init", "-n", "more")
	if got := w.file(); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "  - name: more\n    type: testing\n") {
		t.Errorf("got\n%s", got)
	}
	if list, ds := spec.Environments(filepath.Join(w.dir, "env.yaml")); len(ds) > 0 || len(list) != 2 {
		t.Errorf("%v, %v", list, ds)
	}
}

// TestInitKeepsComments: what the user wrote stays.
func TestInitKeepsComments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, two)
	w.must("init", "-n", "third")
	if got := w.file(); got != two+"  - name: third\n    type: testing\n" {
		t.Errorf("got\n%s", got)
	}
	info, err := os.Stat(filepath.Join(w.dir, "env.yaml"))
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	entries, err := os.ReadDir(w.dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("left behind: %v %v", entries, err)
	}
}

func TestInitRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, two)
	w.fails(cmdutil.ExitUsage, "which environment", "init")
	w.fails(cmdutil.ExitUsage, "already", "init", "-n", "staging")
	w.fails(cmdutil.ExitUsage, "can't be", "init", "-n", "x", "--type", "stagging")
	w.fails(cmdutil.ExitUsage, "--overlays", "init", "-n", "x", "--overlays", "{")
	w.fails(cmdutil.ExitUsage, "--overlays", "init", "-n", "x", "--overlays", `{"components":{"fc3":1}}`)
	if got := w.file(); got != two {
		t.Errorf("the file has changed:\n%s", got)
	}
	broken := newWorld(t, "environments: [1\n")
	broken.fails(cmdutil.ExitSpec, "YAML", "init", "-n", "x")
	if got := broken.file(); got != "environments: [1\n" {
		t.Errorf("the file has changed:\n%s", got)
	}
}

func TestListAndDescribe(t *testing.T) {
	t.Parallel()
	w := newWorld(t, two)
	var rows []struct {
		Name, Type, Access string
		Default            bool
	}
	read := func() {
		t.Helper()
		if err := json.Unmarshal([]byte(w.must("list")), &rows); err != nil {
			t.Fatal(err)
		}
	}
	read()
	if len(rows) != 2 || rows[0].Name != "staging" || rows[0].Access != "acc" || rows[0].Default || rows[1].Type != "production" {
		t.Errorf("%+v", rows)
	}
	w.must("default", "-n", "live")
	read()
	if rows[0].Default || !rows[1].Default {
		t.Errorf("%+v", rows)
	}
	if got := w.must("describe", "-n", "staging"); !strings.Contains(got, `"access": "acc"`) {
		t.Errorf("got %s", got)
	}
	w.fails(cmdutil.ExitUsage, "no environment", "describe", "-n", "stageing")
	w.fails(cmdutil.ExitUsage, "which environment", "describe")
	newWorld(t, "").fails(cmdutil.ExitSpec, "doesn't exist", "list")
	if got := newWorld(t, "environments: []\n").must("list"); strings.TrimSpace(got) != "[]" {
		t.Errorf("got %q", got)
	}
}

func TestDefault(t *testing.T) {
	t.Parallel()
	w := newWorld(t, two)
	path := filepath.Join(w.dir, "env.yaml")
	want := func(name string) {
		t.Helper()
		if got := Default(w.home, "shop", path); got != name {
			t.Errorf("the default is %q, want %q", got, name)
		}
	}
	want("")
	w.must("default", "-n", "staging")
	want("staging")
	w.must("default", "-n", "live")
	want("live")
	w.fails(cmdutil.ExitUsage, "no environment", "default", "-n", "nothing")
	want("live")
	if got := Default(w.home, "shop", filepath.Join(t.TempDir(), "env.yaml")); got != "" {
		t.Errorf("another file of a project of the same name has the default %q", got)
	}
	other := newWorld(t, two)
	other.home = w.home
	other.must("default", "-n", "staging")
	want("live")
	w.must("default", "-n", "")
	want("")
	info, err := os.Stat(defaultsFile(w.home))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

// TestDefaultOfAMovedProject: the project's name finds it again.
func TestDefaultOfAMovedProject(t *testing.T) {
	t.Parallel()
	w := newWorld(t, two)
	w.must("default", "-n", "live")
	moved := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(w.dir, moved); err != nil {
		t.Fatal(err)
	}
	if got := Default(w.home, "shop", filepath.Join(moved, "env.yaml")); got != "live" {
		t.Errorf("the default is %q", got)
	}
	if got := Default(w.home, "", filepath.Join(moved, "env.yaml")); got != "" {
		t.Errorf("a project without a name has the default %q", got)
	}
}

// TestDefaultsOfManyProjects: those who choose at the same time all do.
func TestDefaultsOfManyProjects(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			if err := setDefault(t.Context(), home, choice{Project: "p", Default: "live", Path: fmt.Sprintf("/%d/env.yaml", i)}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if list, err := readDefaults(home); err != nil || len(list) != 12 {
		t.Errorf("%d of 12, %v", len(list), err)
	}
}

// TestLinkStays: an env.yaml that is a link is changed where it lies.
func TestLinkStays(t *testing.T) {
	t.Parallel()
	w, elsewhere := newWorld(t, ""), filepath.Join(t.TempDir(), "shared.yaml")
	if err := os.WriteFile(elsewhere, []byte(two), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, filepath.Join(w.dir, "env.yaml")); err != nil {
		t.Skipf("no symbolic links: %v", err)
	}
	w.must("init", "-n", "third")
	if data, err := os.ReadFile(elsewhere); err != nil || !strings.Contains(string(data), "third") {
		t.Errorf("%s %v", data, err)
	}
	if info, err := os.Lstat(filepath.Join(w.dir, "env.yaml")); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("%v %v", info, err)
	}
}

func TestDamagedDefaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, two)
	w.must("default", "-n", "live")
	if err := os.WriteFile(defaultsFile(w.home), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := Default(w.home, "shop", filepath.Join(w.dir, "env.yaml")); got != "" {
		t.Errorf("the default is %q", got)
	}
	if _, err := w.run("default", "-n", "live"); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("got %v", err)
	}
}

func TestDestroy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, two)
	w.must("default", "-n", "live")
	w.fails(cmdutil.ExitUsage, "needs a yes", "destroy", "-n", "live")
	w.fails(cmdutil.ExitUsage, "no environment", "destroy", "-n", "dead", "-y")
	w.must("destroy", "-n", "live", "-y")
	if got := w.file(); strings.Contains(got, "live") || !strings.Contains(got, "- name: staging # s\n") || !strings.HasPrefix(got, "# of the shop\n") {
		t.Errorf("got\n%s", got)
	}
	if got := Default(w.home, "shop", filepath.Join(w.dir, "env.yaml")); got != "" {
		t.Errorf("the default is still %q", got)
	}
	w.must("destroy", "-n", "staging", "-y")
	if list, ds := spec.Environments(filepath.Join(w.dir, "env.yaml")); ds.HasErrors() || len(list) != 0 {
		t.Errorf("%v %v", list, ds)
	}
}

func TestFileFlag(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	path := filepath.Join(w.dir, "other.yml")
	w.must("init", "--file", path, "-n", "a", "--project", "own")
	if got := w.must("list", "--file", path); !strings.Contains(got, `"a"`) {
		t.Errorf("got %s", got)
	}
	data, err := os.ReadFile(path)
	if err != nil || !strings.HasPrefix(string(data), "project: own\n") {
		t.Errorf("%s %v", data, err)
	}
}
