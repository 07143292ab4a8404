package root

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"s/pkg/access"
	"s/pkg/cmd/cmdutil"
	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/iostreams"
)

// emptyMachine has no credentials, no home of s and no s.yaml.
func emptyMachine(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, "ALIBABA_CLOUD_") || strings.HasPrefix(name, "FC_") || strings.HasPrefix(name, "S_") {
			t.Setenv(name, "")
		}
	}
	t.Setenv("HOME", dir)
	t.Setenv(envHome, filepath.Join(dir, "home"))
	return dir
}

// do runs one command line as Main does.
func do(t *testing.T, args ...string) (code int, stdout, stderr *bytes.Buffer) {
	t.Helper()
	io, _, stdout, stderr := iostreams.Test()
	return report(io, run(context.Background(), newFactory(io, "1.2.3"), args), false), stdout, stderr
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

const project = `edition: 3.0.0
name: app
access: %s
resources:
  hello:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: hello
      runtime: python3.10
      handler: index.handler
      code: ./code
`

func TestExitCodesOfCommandLines(t *testing.T) {
	for _, tt := range []struct {
		name   string
		args   []string
		access string // of the s.yaml; empty is no s.yaml
		code   int
		stderr string
	}{
		{name: "version", args: []string{"version"}},
		{name: "nothing at all", args: nil},
		{name: "unknown command", args: []string{"deploi"}, code: 2, stderr: "error: unknown command \"deploi\"\nhint: s deploy\n"},
		{name: "behind a resource", args: []string{"zzyzx", "other", "deploi"}, code: 2, stderr: "error: unknown command \"deploi\"\nhint: s zzyzx other deploy\n"},
		{name: "nothing near", args: []string{"xyzzy"}, code: 2, stderr: "error: unknown command \"xyzzy\"\nhint: s --help\n"},
		{name: "unknown subcommand", args: []string{"local", "sideways"}, code: 2, stderr: `s local has no command "sideways"`},
		{name: "unknown flag", args: []string{"deploy", "--frob"}, code: 2, stderr: "s deploy has no flag --frob"},
		{name: "too many arguments", args: []string{"instance", "list", "a", "b"}, code: 2, stderr: "s instance list is about one resource"},
		{name: "flags that exclude each other", args: []string{"local", "up", "--foreground", "--detached"}, code: 2, stderr: "none of the others can be"},
		{name: "wrong output format", args: []string{"verify", "-o", "xml"}, code: 2, stderr: "xml"},
		{name: "no s.yaml", args: []string{"deploy"}, code: 3, stderr: "s.yaml"},
		{name: "no credentials", args: []string{"deploy"}, access: "default", code: 4, stderr: "-a local"},
		{name: "unknown alias", args: []string{"deploy", "-a", "nobody"}, access: "default", code: 4, stderr: "nobody"},
		{name: "unknown resource", args: []string{"deploy", "hallo"}, access: "default", code: 2, stderr: "hallo"},
		{name: "resource first", args: []string{"hello", "verify"}, access: "default"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := emptyMachine(t)
			write(t, filepath.Join(dir, "code", "index.py"), "def handler(event, context):\n    return event\n")
			if tt.access != "" {
				write(t, "s.yaml", fmt.Sprintf(project, tt.access))
			}
			code, _, stderr := do(t, tt.args...)
			if code != tt.code || !strings.Contains(stderr.String(), tt.stderr) {
				t.Errorf("exit code %d, want %d; stderr:\n%s\nwant in it: %s", code, tt.code, stderr, tt.stderr)
			}
			if entries, _ := os.ReadDir(filepath.Join(dir, "home", "local")); len(entries) > 0 {
				t.Error("a local cloud was begun")
			}
		})
	}
}

func TestReport(t *testing.T) {
	api := &fc.APIError{Status: 403, Code: fc.CodeAccessDenied, Message: "no", RequestID: "1-2-3"}
	diags := diag.Diagnostics{{Severity: diag.Error, Code: "FC-SPEC-001", Summary: "wrong"}}
	for _, tt := range []struct {
		name        string
		err         error
		interrupted bool
		code        int
		stderr      []string
	}{
		{name: "none"},
		{name: "plain", err: errors.New("broken"), code: 1, stderr: []string{"error: broken\n"}},
		{name: "wrapped refusal", err: fmt.Errorf("create: %w", api), code: 5, stderr: []string{"1-2-3"}},
		{name: "findings", err: diags, code: 3, stderr: []string{"FC-SPEC-001", "wrong"}},
		{name: "hint", err: cmdutil.WithHint(4, errors.New("who?"), "s config add"), code: 4, stderr: []string{"error: who?\nhint: s config add\n"}},
		{name: "quiet", err: cmdutil.Quiet(6), code: 6},
		{name: "interrupted", err: errors.New("cancelled somewhere"), interrupted: true, code: 130, stderr: []string{"interrupted\n"}},
		{name: "interrupted at a question", err: fmt.Errorf("name: %w", iostreams.ErrInterrupted), code: 130, stderr: []string{"interrupted\n"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			io, _, stdout, stderr := iostreams.Test()
			if code := report(io, tt.err, tt.interrupted); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			for _, want := range tt.stderr {
				if !strings.Contains(stderr.String(), want) {
					t.Errorf("stderr %q has no %q", stderr, want)
				}
			}
			if len(tt.stderr) == 0 && stderr.Len() > 0 || stdout.Len() > 0 {
				t.Errorf("stdout %q, stderr %q", stdout, stderr)
			}
		})
	}
}

func TestResourceFirst(t *testing.T) {
	io, _, _, _ := iostreams.Test()
	cmd := newCommand(newFactory(io, "test"))
	for _, tt := range []struct{ args, want string }{
		{"", ""},
		{"deploy", "deploy"},
		{"hello deploy", "deploy hello"},
		{"hello deploy -y --dry-run", "deploy hello -y --dry-run"},
		{"deploy hello", "deploy hello"},
		{"deploy build", "deploy build"}, // a resource called build
		{"deploy a b", "deploy a b"},
		{"a b c deploy -y", "deploy a b c -y"},
		{"a b deploy c", "deploy a b c"},
		{"-t x.yaml a --debug b deploy c", "deploy -t x.yaml a --debug b c"},
		{"a --template=x.yaml -o json deploy", "deploy a --template=x.yaml -o json"},
		{"a -e x invoke", "invoke a -e x"},
		{"a instance exec --cmd ls", "instance exec a --cmd ls"},
		{"a instance list", "instance list a"},
		{"a -- deploy", "a -- deploy"},
		{cobra.ShellCompRequestCmd + " a deploy b", cobra.ShellCompRequestCmd + " deploy a b"},
		{cobra.ShellCompNoDescRequestCmd + " a instance list b", cobra.ShellCompNoDescRequestCmd + " instance list a b"},
		{cobra.ShellCompRequestCmd + " a b deploy", cobra.ShellCompRequestCmd + " a b deploy"},
		{"hello there", "hello there"},
		{"-a local deploy", "-a local deploy"},
		{"help deploy", "help deploy"},
		{cobra.ShellCompRequestCmd + " deploy", cobra.ShellCompRequestCmd + " deploy"},
	} {
		got := resourceFirst(cmd, strings.Fields(tt.args))
		if diff := cmp.Diff(strings.Fields(tt.want), got); diff != "" {
			t.Errorf("%s: %s", tt.args, diff)
		}
	}
}

// TestEveryCommandIsDocumented: one line of help, no full stop, and nothing of
// cobra's own in the tree.
func TestEveryCommandIsDocumented(t *testing.T) {
	io, _, _, _ := iostreams.Test()
	cmd := newCommand(newFactory(io, "test"))
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: short help %q", c.CommandPath(), c.Short)
		}
		if c.RunE == nil {
			t.Errorf("%s can't be run", c.CommandPath())
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(cmd)
	for _, want := range []string{"init", "verify", "build", "deploy", "plan", "invoke", "info", "remove", "instance", "local", "completion", "version"} {
		if !slices.ContainsFunc(cmd.Commands(), func(c *cobra.Command) bool { return c.Name() == want }) {
			t.Errorf("there is no s %s", want)
		}
	}
}

func TestTargetOfAlias(t *testing.T) {
	emptyMachine(t)
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "id")
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "secret")
	t.Setenv("FC_ACCOUNT_ID", "123")
	t.Setenv(envEndpoint, "http://127.0.0.1:1")
	write(t, "s.yaml", fmt.Sprintf(project, "default"))
	io, _, _, _ := iostreams.Test()
	f := newFactory(io, "test")
	p, err := f.Project(context.Background(), "deploy")
	if err != nil {
		t.Fatal(err)
	}
	target, err := f.Target(context.Background(), p)
	if err != nil {
		t.Fatal(err)
	}
	if target.Local || target.Endpoint != "http://127.0.0.1:1" || target.Credentials.AccessKeyID != "id" {
		t.Errorf("got %+v", target)
	}
	t.Setenv(envCustomEndpoint, "http://127.0.0.1:2")
	if target, err = f.Target(context.Background(), p); err != nil || target.Endpoint != "http://127.0.0.1:2" {
		t.Errorf("got %+v, %v", target, err)
	}
	f.Settings.Access = "nobody"
	if _, err = f.Target(context.Background(), p); err == nil {
		t.Error("an alias of -a that isn't there was replaced by the environment")
	}
}

func TestCredentialFields(t *testing.T) {
	emptyMachine(t)
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "id")
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "secret")
	t.Setenv("ALIBABA_CLOUD_SECURITY_TOKEN", "token")
	t.Setenv("FC_ACCOUNT_ID", "123")
	io, _, _, _ := iostreams.Test()
	w := &wiring{io: io, version: "test", settings: &cmdutil.Settings{}}
	field := w.credential(context.Background())
	for name, want := range map[string]string{"AccountID": "123", "AccessKeyID": "id", "AccessKeySecret": "secret", "SecurityToken": "token"} {
		if got, err := field("", name); err != nil || got != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := field("", "Password"); err == nil || !strings.Contains(err.Error(), "Password") {
		t.Errorf("a field that isn't there: %v", err)
	}
	if _, err := (&wiring{io: io, settings: &cmdutil.Settings{Access: "nobody"}}).resolve(context.Background(), "nobody"); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("an alias that isn't there: %v", err)
	}
}

// TestOneTimeAndSeedPerRun: a run loads the file as often as it needs to, with the
// same timestamp() and uuid(); another run has its own.
func TestOneTimeAndSeedPerRun(t *testing.T) {
	dir := emptyMachine(t)
	write(t, filepath.Join(dir, "s.yaml"), "edition: 3.0.0\nvars: {id: \"${uuid()}\", at: \"${timestamp()}\"}\n"+
		"resources:\n  a: {component: fc3, props: {region: cn-hangzhou, functionName: a, runtime: custom, code: ./, description: \"${vars.id}\"}}\n")
	run := func() (ids []string) {
		io, _, _, _ := iostreams.Test()
		w := newWiring(io, "1.2.3")
		start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		w.now = sync.OnceValue(func() time.Time { start = start.Add(time.Second); return start })
		first, err := w.project(t.Context(), "deploy")
		if err != nil {
			t.Fatal(err)
		}
		second, err := w.reload(t.Context(), "deploy", func(string, bool) (map[string]any, bool) { return nil, false })
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(first.Vars, second.Vars); d != "" || first.Vars["at"] != "2026-01-02T03:04:06Z" || first.Resources[0].Function.Description != first.Vars["id"] {
			t.Errorf("%v and %v", first.Vars, second.Vars)
		}
		return []string{first.Resources[0].Function.Description}
	}
	if a, b := run(), run(); a[0] == b[0] || a[0] == "" {
		t.Errorf("two runs gave %v and %v", a, b)
	}
}
