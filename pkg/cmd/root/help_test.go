package root

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

// every calls check for all commands of s, with their names as typed.
func every(t *testing.T, check func(t *testing.T, name string, cmd *cobra.Command)) {
	t.Helper()
	io, _, _, _ := iostreams.Test()
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		if cmd.IsAvailableCommand() || !cmd.HasParent() {
			t.Run(strings.ReplaceAll(cmd.CommandPath(), " ", "_"), func(t *testing.T) { check(t, cmd.CommandPath(), cmd) })
		}
		for _, c := range cmd.Commands() {
			walk(c)
		}
	}
	walk(newCommand(newFactory(io, "test")))
}

// TestEveryCommandIsDescribed: in one line, that begins like a sentence and ends
// without a full stop, and with flags that say what they are for.
func TestEveryCommandIsDescribed(t *testing.T) {
	every(t, func(t *testing.T, name string, cmd *cobra.Command) {
		switch short := cmd.Short; {
		case short == "":
			t.Error("no description")
		case strings.ToUpper(short[:1]) != short[:1], strings.HasSuffix(short, "."), strings.Contains(short, "\n"):
			t.Errorf("description %q", short)
		}
		for line := range strings.SplitSeq(cmd.LocalFlags().FlagUsages(), "\n") {
			if fields := strings.Fields(line); len(fields) == 1 {
				t.Errorf("a flag isn't described: %q", line)
			}
		}
	})
}

// TestEveryExampleIsRight: its command exists, its flags do, and its arguments
// are as many as the command takes.
func TestEveryExampleIsRight(t *testing.T) {
	seen := 0
	every(t, func(t *testing.T, _ string, cmd *cobra.Command) {
		for line := range strings.SplitSeq(cmd.Example, "\n") {
			words := words(line)
			at := slices.Index(words, "s") + 1
			if at == 0 {
				continue // about another program
			}
			seen++
			io, _, _, _ := iostreams.Test()
			root := newCommand(newFactory(io, "test"))
			args := resourceFirst(root, words[at:])
			if end := slices.IndexFunc(args, func(w string) bool {
				return w == "|" || w == "<" || w == ">" || strings.HasPrefix(w, ">") || w == "&&" || w == ")\""
			}); end >= 0 {
				args = args[:end]
			}
			found, rest, err := root.Find(args)
			if err != nil || found == root {
				t.Errorf("%q: no such command (%v)", line, err)
				continue
			}
			if err := found.ParseFlags(rest); err != nil {
				t.Errorf("%q: %v", line, err)
				continue
			}
			if err := found.ValidateArgs(found.Flags().Args()); err != nil {
				t.Errorf("%q: %v", line, err)
			}
		}
	})
	if seen < 20 {
		t.Errorf("only %d examples", seen)
	}
}

// words splits a line at blanks outside of quotes.
func words(line string) []string {
	var list []string
	var word strings.Builder
	quote, any := rune(0), false
	for _, r := range line + " " {
		switch {
		case quote == 0 && (r == '\'' || r == '"'):
			quote, any = r, true
		case r == quote && quote != 0:
			quote = 0
		case r == ' ' && quote == 0:
			if any || word.Len() > 0 {
				list = append(list, word.String())
			}
			word.Reset()
			any = false
		default:
			word.WriteRune(r)
		}
	}
	return list
}

// TestEveryHelp runs --help of every command in both languages.
func TestEveryHelp(t *testing.T) {
	for _, lang := range []string{"en", "zh"} {
		every(t, func(t *testing.T, name string, cmd *cobra.Command) {
			io, _, out, errOut := iostreams.Test()
			io.SetLang(lang)
			args := append(strings.Fields(name)[1:], "--help")
			if err := run(context.Background(), newFactory(io, "test"), args); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(out.String(), "Usage:") || errOut.Len() > 0 {
				t.Errorf("stdout %q, stderr %q", out, errOut)
			}
			for _, word := range []string{"%!", "<nil>", "\t"} {
				if strings.Contains(out.String(), word) {
					t.Errorf("%q is in %s", word, out)
				}
			}
		})
	}
}

// TestEnvironmentReachesTheFile: --env, its twin and the default of s env are the
// environment that s.yaml is loaded with.
func TestEnvironmentReachesTheFile(t *testing.T) {
	emptyMachine(t)
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("s.yaml", "edition: 3.0.0\nname: app\nresources:\n  hello:\n    component: fc3\n    props: {region: cn-hangzhou, functionName: hello, runtime: python3.10, handler: index.handler, code: ./}\n")
	write("env.yaml", "environments:\n- name: one\n  overlays: {resources: {hello: {timeout: 11}}}\n- name: two\n  overlays: {resources: {hello: {timeout: 22}}}\n")
	file := filepath.Join(dir, "s.yaml")
	timeout := func(args ...string) int {
		t.Helper()
		io, _, out, errOut := iostreams.Test()
		if err := run(context.Background(), newFactory(io, "test"), append([]string{"preview", "-t", file, "-o", "raw"}, args...)); err != nil {
			t.Fatalf("%v\n%s", err, errOut)
		}
		switch {
		case strings.Contains(out.String(), `"timeout":11`):
			return 11
		case strings.Contains(out.String(), `"timeout":22`):
			return 22
		}
		return 0
	}
	if got := timeout(); got != 0 {
		t.Errorf("without an environment: %d", got)
	}
	if got := timeout("--env", "one"); got != 11 {
		t.Errorf("--env one: %d", got)
	}
	io, _, _, _ := iostreams.Test()
	if err := run(context.Background(), newFactory(io, "test"), []string{"env", "default", "-n", "two", "-t", file}); err != nil {
		t.Fatal(err)
	}
	if got := timeout(); got != 22 {
		t.Errorf("the default: %d", got)
	}
	if got := timeout("--env", "one"); got != 11 {
		t.Errorf("--env over the default: %d", got)
	}
	t.Setenv("S_ENV", "one")
	if got := timeout(); got != 11 {
		t.Errorf("S_ENV over the default: %d", got)
	}
	if code, _, stderr := do(t, "preview", "-t", file, "--env", "three"); code != cmdutil.ExitSpec {
		t.Errorf("an environment that isn't there: %d, %s", code, stderr)
	}
	if list, found := spec.Environments(filepath.Join(dir, "env.yaml")); len(list) != 2 || len(found) > 0 {
		t.Errorf("%v %v", list, found)
	}
}
