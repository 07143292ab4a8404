package root

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/cmd/cmdutil"
	"s/pkg/iostreams"
)

func TestNestedArgs(t *testing.T) {
	io, _, _, _ := iostreams.Test()
	cmd := newCommand(newFactory(io, "test"))
	for _, tt := range []struct {
		words []string
		want  string
		err   string
		hint  string
	}{
		{words: []string{"invoke", "-e", "a b"}, want: "invoke|hello|--skip-actions|-e|a b"},
		{words: []string{"deploy"}, want: "deploy|hello|--skip-actions"},
		{words: []string{"info"}, want: "info|hello"},
		{words: []string{"plan", "--debug"}, want: "plan|hello|--debug"},
		{words: []string{"instance", "list", "--qualifier", "1"}, want: "instance|list|hello|--qualifier|1"},
		{words: []string{"remove", "-y"}, want: "remove|hello|--skip-actions|-y"},
		{words: []string{"instance"}, err: `a component has no command "instance"`, hint: "instance list"},
		{words: []string{"invok"}, err: `a component has no command "invok"`, hint: `did you mean "invoke"?`},
		{words: []string{"config", "add"}, err: `a component has no command "config add"`, hint: "it has "},
		{words: []string{"local", "down"}, err: `a component has no command "local down"`, hint: "it has "},
		{words: []string{"--help"}, err: `a component has no command "--help"`, hint: "it has "},
	} {
		args, err := nestedArgs(cmd, "hello", tt.words)
		if d := cmp.Diff(tt.want, strings.Join(args, "|")); d != "" {
			t.Errorf("%q: %s", tt.words, d)
		}
		if (tt.err == "") != (err == nil) || err != nil && err.Error() != tt.err {
			t.Errorf("%q: error %v, want %s", tt.words, err, tt.err)
		}
		var known *cmdutil.Error
		if tt.err != "" && (!errors.As(err, &known) || known.Code != cmdutil.ExitSpec || !strings.Contains(known.Hint, tt.hint)) {
			t.Errorf("%q: %+v", tt.words, known)
		}
	}
}

// withAction is a project with a pre-build action that runs a component's
// command.
func withAction(t *testing.T, line string) {
	t.Helper()
	text := strings.Replace(fmt.Sprintf(project, "default"), "    props:\n",
		"    actions:\n      pre-build:\n        - component: "+line+"\n      pre-invoke: [{run: exit 9}]\n    props:\n", 1)
	write(t, "s.yaml", strings.Replace(text, "python3.10", "custom", 1))
	write(t, filepath.Join("code", "bootstrap"), "#!/bin/sh\n")
}

func TestComponentActionRunsACommand(t *testing.T) {
	for _, tt := range []struct {
		line   string
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{line: "fc3 preview", stderr: "functionName: hello"},
		{line: "fc3 preview -o json", stderr: `"functionName": "hello"`},
		{line: "fc3 preview", args: []string{"-o", "json"}, stdout: `"built": false`, stderr: "functionName: hello"},
		{line: "fc3 invoke --remote -e x", code: 4, stderr: "-a local"}, // and no exit 9: its actions don't run
		{line: "fc3 invoke --remote -e x -a nobody", code: 4, stderr: "nobody"},
		{line: "fc3 invoke --remote -e x -t other.yaml", code: 2, stderr: "neither --template nor --env"},
		{line: "fc3 invoke --evnt x", code: 2, stderr: "has no flag --evnt"},
		{line: "fc3 invoke other", code: 2, stderr: "a component action is about its own resource, not other"},
		{line: "fc3 build", code: 3, stderr: `component action "fc3 build" would run build inside of build`},
		{line: "fc3 deplyo", code: 3, stderr: "hint: did you mean \"deploy\"?"},
		{line: "rds deploy", code: 3, stderr: "component rds is not one that s has"},
	} {
		t.Run(tt.line, func(t *testing.T) {
			emptyMachine(t)
			withAction(t, tt.line)
			code, stdout, stderr := do(t, append([]string{"build"}, tt.args...)...)
			if code != tt.code || !strings.Contains(stderr.String(), tt.stderr) || !strings.Contains(stdout.String(), tt.stdout) {
				t.Errorf("exit code %d, want %d; stdout:\n%s\nstderr:\n%s\nwant in it: %s", code, tt.code, stdout, stderr, tt.stderr)
			}
			if tt.stdout == "" && stdout.Len() > 0 {
				t.Errorf("data of the nested command on stdout: %s", stdout)
			}
			if code == 4 && strings.Contains(stderr.String(), "exit 9") {
				t.Error("a nested run ran actions")
			}
		})
	}
}

func TestAsideEndsItsLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "", "half": "half\n", "whole\n": "whole\n"} {
		io, _, out, errOut := iostreams.Test()
		own, end := aside(io)
		fmt.Fprint(own.Out, text)
		end()
		if errOut.String() != want || out.Len() > 0 {
			t.Errorf("%q: stderr %q, stdout %q", text, errOut, out)
		}
	}
}

func TestFieldsOfCredentials(t *testing.T) {
	emptyMachine(t)
	io, _, _, _ := iostreams.Test()
	w := &wiring{io: io, version: "test", settings: &cmdutil.Settings{Access: "nobody"}}
	if _, err := w.fields(t.Context(), nil); err == nil {
		t.Error("credentials of nobody")
	}
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "id")
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "secret")
	t.Setenv("FC_ACCOUNT_ID", "123")
	w.settings.Access = ""
	got, err := w.fields(t.Context(), nil)
	if d := cmp.Diff(map[string]string{"AccountID": "123", "AccessKeyID": "id", "AccessKeySecret": "secret"}, got); d != "" || err != nil {
		t.Errorf("%v\n%s", err, d)
	}
}

func TestPeerPackages(t *testing.T) {
	dir := emptyMachine(t)
	want := filepath.Join(dir, ".s", "components", "devsapp.cn", "v3")
	if got := peerPackages(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	t.Setenv(envPeerHome, filepath.Join(dir, "other"))
	if got := peerPackages(); got != filepath.Join(dir, "other", ".s", "components", "devsapp.cn", "v3") {
		t.Errorf("got %s", got)
	}
	_ = os.Unsetenv("HOME")
	t.Setenv(envPeerHome, "")
	if got := peerPackages(); got != "" {
		t.Errorf("without a home: %s", got)
	}
}
