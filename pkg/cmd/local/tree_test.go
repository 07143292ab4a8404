package localcmd

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
	invokecmd "s/pkg/cmd/invoke"
	"s/pkg/fc"
	"s/pkg/iostreams"
	"s/pkg/local"
	"s/pkg/proc/proctest"
	"s/pkg/runtime/debugger"
	"s/pkg/runtime/instance"
	"s/pkg/spec"
)

func runLine(t *testing.T, make func(*cmdutil.Factory) *cobra.Command, line string) error {
	t.Helper()
	io, _, _, _ := iostreams.Test()
	cmd := make(factory(io, t.TempDir(), "1"))
	cmd.SetArgs(strings.Fields(line))
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	return cmd.ExecuteContext(t.Context())
}

func TestStartFlags(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		line string
		want StartOptions
		err  string
	}{
		{"", StartOptions{Port: DefaultDevPort, tree: &tree{Editor: "vscode"}}, ""},
		{"a b --port 0", StartOptions{Resources: []string{"a", "b"}, PortGiven: true, tree: &tree{Editor: "vscode"}}, ""},
		{"--port 9 -d 5678 -c intellij", StartOptions{Port: 9, PortGiven: true, tree: &tree{Editor: "intellij", DebugPort: 5678}}, ""},
		{"", StartOptions{Port: DefaultDevPort, tree: &tree{Editor: "vscode"}}, ""},
		{"--port 65536", StartOptions{}, "--port must be"},
		{"--debug-port -1", StartOptions{}, "--debug-port must be"},
		{"-c emacs", StartOptions{}, `unknown editor "emacs"`},
	} {
		var got *StartOptions
		err := runLine(t, func(f *cmdutil.Factory) *cobra.Command {
			return newStartCmd(f, func(_ context.Context, o *StartOptions) error { got = o; return nil })
		}, tt.line)
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) || cmdutil.CodeOf(err) != cmdutil.ExitUsage {
				t.Errorf("%q: %v", tt.line, err)
			}
			continue
		}
		if err != nil || got.Port != tt.want.Port || got.PortGiven != tt.want.PortGiven || got.Editor != tt.want.Editor ||
			got.DebugPort != tt.want.DebugPort || strings.Join(got.Resources, " ") != strings.Join(tt.want.Resources, " ") {
			t.Errorf("%q: %v, %+v", tt.line, err, got)
		}
	}
}

func TestInvokeFlags(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		line    string
		timeout int
		err     string
	}{
		{"a -e x", 0, ""},
		{"-e x --mode normal", 0, ""},
		{"-d 5678", debuggedTimeout, ""},
		{"-d 5678 --timeout 3", 3, ""},
		{"--mode server", 0, "s local start"},
		{"--mode api", 0, "s local start"},
		{"--mode other", 0, `unknown mode "other"`},
		{"-e x -f y", 0, "choose one of"},
		{"--remote", 0, "unknown flag"},
	} {
		var got *invokecmd.Options
		err := runLine(t, func(f *cmdutil.Factory) *cobra.Command {
			return newInvokeCmd(f, func(_ context.Context, o *invokecmd.Options) error { got = o; return nil })
		}, tt.line)
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%q: %v", tt.line, err)
			}
			continue
		}
		if err != nil || !got.Tree || got.Timeout != tt.timeout {
			t.Errorf("%q: %v, %+v", tt.line, err, got)
		}
	}
}

func newTestPrinter(width string) (*printer, *bytes.Buffer) {
	io, _, _, errOut := iostreams.Test()
	p := newPrinter(&StartOptions{tree: &tree{f: &cmdutil.Factory{IO: io, Settings: &cmdutil.Settings{Output: width}}}})
	return p, errOut
}

// TestQuietTriggers: what doesn't fire here is told once for a function.
func TestQuietTriggers(t *testing.T) {
	t.Parallel()
	http, timer, oss := fc.Trigger{TriggerType: fc.TriggerHTTP}, fc.Trigger{TriggerType: fc.TriggerTimer}, fc.Trigger{TriggerType: fc.TriggerOSS}
	for _, tt := range []struct {
		triggers []fc.Trigger
		want     string
	}{
		{nil, ""},
		{[]fc.Trigger{http}, ""},
		{[]fc.Trigger{http, timer, oss, timer}, "job: its triggers of type timer, oss don't fire here; s local invoke job --event-template timer calls it as one does\n"},
	} {
		p, errOut := newTestPrinter(cmdutil.OutputDefault)
		if p.quiet(&spec.Resource{Name: "job", Triggers: tt.triggers}); errOut.String() != tt.want {
			t.Errorf("%v: %q", tt.triggers, errOut)
		}
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	p, _ := newTestPrinter(cmdutil.OutputDefault)
	all := []string{"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"}
	got := p.table([]local.DevRoute{
		{Function: "web", URL: "http://127.0.0.1:7081/", Methods: []string{"GET"}},
		{Function: "another-api", URL: "http://127.0.0.1:7082/", Methods: all},
		{Function: "some", URL: "http://127.0.0.1:7083/", Methods: all[:4]},
		{Function: "a-rather-long-name", URL: "http://127.0.0.1:7080/2023-03-30/functions/a-rather-long-name/invocations", Methods: []string{"POST"}},
	})
	const want = `FUNCTION            METHODS      URL
web                 GET          http://127.0.0.1:7081/
another-api         ANY          http://127.0.0.1:7082/
some                GET,POST,+2  http://127.0.0.1:7083/
a-rather-long-name  POST
  http://127.0.0.1:7080/2023-03-30/functions/a-rather-long-name/invocations
`
	if got != want {
		t.Errorf("%s", got)
	}
	for line := range strings.Lines(got) {
		if len(line) > 80 {
			t.Errorf("%d columns: %s", len(line), line)
		}
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	p, errOut := newTestPrinter(cmdutil.OutputDefault)
	p.widen([]string{"a", "web", "a-name-that-is-longer-than-fits"})
	p.line("web", instance.LogLine{Message: "hello"})
	p.line("a", instance.LogLine{Message: "FC Invoke Start RequestId: 1-2"})
	p.answered(local.DevAnswer{Function: "a", Method: "GET", Path: "/x", Status: 404})
	p.answered(local.DevAnswer{Function: "a", Method: "POST", Path: "/y", Status: 200, ErrorType: "Timeout"})
	const plain = "web                  | hello\na                    | FC Invoke Start RequestId: 1-2\na                    | GET /x 404 0.0 ms\na                    | POST /y 200 Timeout 0.0 ms\n"
	if errOut.String() != plain {
		t.Errorf("%q", errOut)
	}
	errOut.Reset()
	p.io.SetColorEnabled(true)
	p.line("a", instance.LogLine{Message: "1"})
	p.line("web", instance.LogLine{Message: "2"})
	p.Reloaded("a")
	lines := strings.Split(errOut.String(), "\n")
	if lines[0][:5] == lines[1][:5] || !strings.HasPrefix(lines[0], "\x1b[") || strings.Contains(lines[0][10:], "\x1b[1m") {
		t.Errorf("%q", lines)
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	p, errOut := newTestPrinter(cmdutil.OutputDefault)
	p.Failed("", errors.New("line 3"))
	if errOut.String() != "error: line 3\n" {
		t.Errorf("%q", errOut)
	}
	errOut.Reset()
	p.routes = []local.DevRoute{{}}
	p.Failed("web", errors.New("pip failed"))
	p.Failed("web", errors.New("build web: no"))
	if errOut.String() != "error: web: pip failed\nwhat was served before still is\nerror: build web: no\nwhat was served before still is\n" {
		t.Errorf("%q", errOut)
	}
}

func TestHowToAttach(t *testing.T) {
	t.Parallel()
	p, errOut := newTestPrinter(cmdutil.OutputDefault)
	tr := p.o.tree
	tr.Editor = "vscode"
	r := &spec.Resource{Name: "f", Code: spec.CodeSource{Path: filepath.FromSlash("/p/code")}, Function: fc.Function{Runtime: "python3.10"}}
	project := &spec.Project{Dir: filepath.FromSlash("/p")}
	tr.tellDebug(project, r, &debugger.Options{Port: 5678}, "/code")
	for _, want := range []string{"f: a debugger can attach at 127.0.0.1:5678\n", `"localRoot": "${workspaceFolder}/code"`, `"type": "debugpy"`} {
		if !strings.Contains(errOut.String(), want) {
			t.Errorf("no %s in %s", want, errOut)
		}
	}
	errOut.Reset()
	tr.Editor = "idea"
	tr.tellDebug(project, r, &debugger.Options{Port: 5678}, "/code")
	if !strings.HasSuffix(errOut.String(), "  remote debugging: host 127.0.0.1, port 5678, code is /code\n") {
		t.Errorf("%s", errOut)
	}
}

// A process that takes this one's place ends as it does.
func TestAgain(t *testing.T) {
	t.Parallel()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no sh")
	}
	script := filepath.Join(t.TempDir(), "again")
	proctest.Program(t, script, "#!"+sh+"\nread x; echo \"$x\"; exit 6\n")
	io, in, out, _ := iostreams.Test()
	in.WriteString("event\n")
	err = again(t.Context(), io, script, nil, true)
	if cmdutil.CodeOf(err) != 6 || out.String() != "event\n" {
		t.Errorf("%v, %q", err, out)
	}
}

// TestDebugPlace: the first port is that of the first function that is called,
// not of the first in s.yaml.
func TestDebugPlace(t *testing.T) {
	t.Parallel()
	project := &spec.Project{}
	for _, name := range []string{"one", "two", "three"} {
		project.Resources = append(project.Resources, &spec.Resource{Name: name})
	}
	for _, tt := range []struct {
		called []string
		name   string
		want   int
	}{
		{nil, "one", 0},
		{nil, "three", 2},
		{[]string{"two"}, "two", 0},
		{[]string{"three", "two"}, "two", 0},
		{[]string{"three", "two"}, "three", 1},
		{[]string{"one", "three"}, "three", 1},
		{nil, "absent", 0},
	} {
		tree := &tree{called: tt.called}
		if got := tree.place(project, &spec.Resource{Name: tt.name}); got != tt.want {
			t.Errorf("%q of %q: %d, want %d", tt.name, tt.called, got, tt.want)
		}
	}
}
