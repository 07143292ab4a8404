package completion

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
	"s/pkg/iostreams"
)

// newRoot gives a small tree with the completion command, one that completes
// resources, one that completes its own words and one that completes nothing.
func newRoot(t *testing.T) (*cobra.Command, *bytes.Buffer) {
	t.Helper()
	io, _, out, _ := iostreams.Test()
	root := &cobra.Command{Use: "s", SilenceErrors: true, SilenceUsage: true}
	cmdutil.BindFlags(root.PersistentFlags())
	root.SetOut(out)
	none := func(*cobra.Command, []string) {}
	own := &cobra.Command{Use: "own", ValidArgs: []string{"mine"}, Run: none}
	root.AddCommand(NewCmd(&cmdutil.Factory{IO: io}, nil), own,
		&cobra.Command{Use: "deploy [resource...]", Run: none}, &cobra.Command{Use: "version", Run: none})
	group := &cobra.Command{Use: "instance", Run: none}
	group.AddCommand(&cobra.Command{Use: "exec [resource]", Run: none})
	root.AddCommand(group)
	root.Args = cobra.ArbitraryArgs
	aliases := func() []string { return []string{"prod", "local", "test"} }
	if err := Attach(root, aliases); err != nil {
		t.Fatal(err)
	}
	return root, out
}

func TestScripts(t *testing.T) {
	t.Parallel()
	marks := map[string]string{
		"bash":       "complete -o default",
		"zsh":        "#compdef s",
		"fish":       "complete -c s",
		"powershell": "Register-ArgumentCompleter",
	}
	for _, shell := range Shells() {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			root, out := newRoot(t)
			root.SetArgs([]string{"completion", shell})
			if err := root.ExecuteContext(t.Context()); err != nil {
				t.Fatal(err)
			}
			if mark := marks[shell]; mark == "" || !strings.Contains(out.String(), mark) {
				t.Errorf("no %q in a script of %d bytes", mark, out.Len())
			}
		})
	}
}

func TestWhichShell(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"tcsh"}, {"bash", "zsh"}} {
		root, out := newRoot(t)
		root.SetArgs(append([]string{"completion"}, args...))
		err := root.ExecuteContext(t.Context())
		var known *cmdutil.Error
		if !errors.As(err, &known) || known.Code != cmdutil.ExitUsage {
			t.Errorf("%v: got %v, want a usage error", args, err)
		}
		if out.Len() > 0 {
			t.Errorf("%v: stdout got %q", args, out)
		}
	}
}

func TestRunFGetsTheShell(t *testing.T) {
	t.Parallel()
	io, _, _, _ := iostreams.Test()
	var got *Options
	cmd := NewCmd(&cmdutil.Factory{IO: io}, func(_ context.Context, opts *Options) error { got = opts; return nil })
	cmd.SetArgs([]string{"fish"})
	if err := cmd.ExecuteContext(t.Context()); err != nil || got.Shell != "fish" || got.Root != cmd {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestResourceNames(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, file, text string
		want             []string
	}{
		{"edition 3", "s.yaml", "edition: 3.0.0\nresources:\n  a:\n    component: fc3\n    props:\n      region: x\n  b-c:\n    component: fc3\nvars:\n  no: x\n", []string{"a", "b-c"}},
		{"edition 1", "s.yml", "edition: 1.0.0\nservices:\n    helloworld:\n        component: fc\n", []string{"helloworld"}},
		{"comments, quotes and blank lines", "s.YML", "resources: # all\n\n  # first\n  \"a b\": # x\n    x: 1\n  'c':\n\n  d : {component: fc3}\n  'open:\n", []string{"a b", "c", "d"}},
		{"CRLF", "s.yaml", "resources:\r\n  a:\r\n    x: 1\r\n  b:\r\n", []string{"a", "b"}},
		{"being edited", "s.yaml", "resources:\n  a:\n    props: {\n  b:\n    - x: [\n", []string{"a", "b"}},
		{"twice", "s.yaml", "resources:\n  a:\n  a:\n", []string{"a"}},
		{"neither a list nor a url is a key", "s.yaml", "resources:\n  - y: 1\n  http://x\n  a: 1\n", []string{"a"}},
		{"none", "s.yaml", "name: x\nvars:\n  resources:\n    a: 1\n", nil},
		{"another name", "t.yaml", "resources:\n  a:\n", nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			file := filepath.Join(dir, c.file)
			if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, ResourceNames(dir)); diff != "" {
				t.Errorf("in the folder (-want +got):\n%s", diff)
			}
			if c.file == "t.yaml" {
				c.want = []string{"a"}
			}
			if diff := cmp.Diff(c.want, ResourceNames(file)); diff != "" {
				t.Errorf("in the file (-want +got):\n%s", diff)
			}
		})
	}
	if got := ResourceNames(filepath.Join(t.TempDir(), "none")); got != nil {
		t.Errorf("without a file: got %v", got)
	}
}

func TestTemplateNames(t *testing.T) {
	t.Parallel()
	if got := TemplateNames(); !slices.Contains(got, "fc-custom-python37-event") || len(got) < 3 {
		t.Errorf("got %v", got)
	}
}

// complete asks as a shell does and gives the candidates.
func complete(t *testing.T, args ...string) []string {
	t.Helper()
	root, out := newRoot(t)
	root.SetArgs(append([]string{cobra.ShellCompNoDescRequestCmd}, args...))
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	return lines[:len(lines)-1] // the last one is the directive
}

func TestDynamicCompletion(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(file, []byte("resources:\n  front:\n  back:\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		args, want []string
	}{
		{[]string{"deploy", "-t", file, ""}, []string{"front", "back"}},
		{[]string{"deploy", "-t", file, "fr"}, []string{"front"}},
		{[]string{"deploy", "-t", file, "front", ""}, []string{"back"}},
		{[]string{"deploy", "-t", file, "front", "back", ""}, []string{}},
		{[]string{"instance", "exec", "-t", file, ""}, []string{"front", "back"}},
		{[]string{"instance", "exec", "-t", file, "front", ""}, []string{}},
		{[]string{"-t", file, "front", ""}, []string{"back", "deploy"}},
		{[]string{"-t", file, "front", "de"}, []string{"deploy"}},
		{[]string{"-t", file, "front", "nobody", ""}, []string{}},
		{[]string{"deploy", "-a", ""}, []string{"local", "prod", "test"}},
		{[]string{"own", "-t", file, ""}, []string{"mine"}},
		{[]string{"version", "-t", file, ""}, []string{}},
		{[]string{"completion", "po"}, []string{"powershell"}},
	}
	for _, c := range cases {
		got := complete(t, c.args...)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", c.args, diff)
		}
	}
}

// The scripts in completions/ go into packages; they ask s for everything but
// its name, so they only change with cobra.
func TestShippedScriptsAreCurrent(t *testing.T) {
	t.Parallel()
	files := map[string]string{"bash": "s.bash", "zsh": "_s", "fish": "s.fish", "powershell": "s.ps1"}
	for _, shell := range Shells() {
		root, out := newRoot(t)
		root.SetArgs([]string{"completion", shell})
		if err := root.ExecuteContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		shipped, err := os.ReadFile(filepath.Join("..", "..", "..", "completions", files[shell]))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(shipped, out.Bytes()) {
			t.Errorf("completions/%s isn't what s completion %s prints: run make completions", files[shell], shell)
		}
	}
}

func TestAttachNeedsTheFlag(t *testing.T) {
	t.Parallel()
	if err := Attach(&cobra.Command{Use: "s"}, func() []string { return nil }); err == nil {
		t.Error("a tree without --access is accepted")
	}
}

// Without --template the s.yaml of the working directory counts; --template may
// also name its folder. Not parallel: the working directory is the process's.
func TestWhichSpecIsCompleted(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	for folder, text := range map[string]string{dir: "resources:\n  here:\n", other: "services:\n  there:\n"} {
		if err := os.WriteFile(filepath.Join(folder, "s.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	if diff := cmp.Diff([]string{"here"}, complete(t, "deploy", "")); diff != "" {
		t.Errorf("in the working directory (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"there"}, complete(t, "deploy", "-t", other, "")); diff != "" {
		t.Errorf("in the named folder (-want +got):\n%s", diff)
	}
}
