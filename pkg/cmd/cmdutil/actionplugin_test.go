//go:build unix

package cmdutil

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"s/pkg/diag"
	"s/pkg/iostreams"
	"s/pkg/proc/proctest"
	"s/pkg/spec"
)

const pluginFile = `edition: 3.0.0
name: app
access: default
actions:
  pre-deploy: [{plugin: ./p, args: {global: true}}]
resources:
  hello:
    component: fc3
    actions:
      pre-deploy:
        - plugin: ./p
          args: {key: "${config('AccessKeySecret')}"}
          allow_failure: ALLOW
      success-deploy:
        - {plugin: ./p, replace_output: true}
        - {plugin: ./p}
      fail-deploy: [{plugin: ./p}]
      complete-deploy: [{plugin: ./p}]
    props:
      region: cn-hangzhou
      functionName: hello
      runtime: custom
      code: ./code
`

// plugged is a project whose plugin is a shell script; it may append what it is
// given to seen.
func plugged(t *testing.T, script, allow string) *Subject {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"s.yaml": strings.ReplaceAll(pluginFile, "ALLOW", allow), "code/bootstrap": "#!/bin/sh\n", "p": "#!/bin/sh\n" + script + "\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		proctest.Program(t, path, text)
	}
	p, diags := spec.Load(t.Context(), spec.Options{
		File: filepath.Join(dir, "s.yaml"), Credential: func(string) (string, error) { return "hush-key", nil },
	})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return &Subject{Project: p, Resource: p.Resources[0]}
}

// seen gives what a plugin was given, call by call.
func seen(t *testing.T, s *Subject) []map[string]any {
	t.Helper()
	f, err := os.Open(filepath.Join(s.Project.Dir, "seen"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var calls []map[string]any
	for decoder := json.NewDecoder(f); decoder.More(); {
		var call map[string]any
		if err := decoder.Decode(&call); err != nil {
			t.Fatal(err)
		}
		calls = append(calls, call)
	}
	return calls
}

func deployActions() (Actions, func() string) {
	io, _, _, errOut := iostreams.Test()
	return Actions{IO: io, Command: "deploy", Outside: Outside{Access: "other"}}, errOut.String
}

func TestPluginSees(t *testing.T) {
	t.Parallel()
	s := plugged(t, "cat >>seen", "false")
	a, stderr := deployActions()
	if err := a.Before(t.Context(), &Subject{Project: s.Project}); err != nil {
		t.Fatal(err)
	}
	if err := a.Before(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	calls := seen(t, s)
	if len(calls) != 2 || calls[0]["resource"] != nil || calls[0]["props"] != nil || calls[0]["args"].(map[string]any)["global"] != true {
		t.Fatalf("calls %v", calls)
	}
	own := calls[1]
	if own["when"] != "pre" || own["command"] != "deploy" || own["cwd"] != s.Project.Dir ||
		own["resource"].(map[string]any)["access"] != "other" || own["args"].(map[string]any)["key"] != "hush-key" ||
		own["props"].(map[string]any)["functionName"] != "hello" || own["output"] != nil || own["error"] != nil {
		t.Errorf("got %v", own)
	}
	if strings.Contains(stderr(), "hush-") || strings.Count(stderr(), "> plugin ./p\n") != 2 {
		t.Errorf("stderr %q", stderr())
	}
}

func TestPluginSeesWhatCameOfIt(t *testing.T) {
	t.Parallel()
	a, _ := deployActions()
	s := plugged(t, "cat >>seen", "false")
	s.Output = map[string]any{"functionName": "hello"}
	if err := a.After(t.Context(), s, nil); err != nil {
		t.Fatal(err)
	}
	calls := seen(t, s)
	if len(calls) != 3 || calls[2]["when"] != "complete" || calls[2]["output"].(map[string]any)["functionName"] != "hello" || calls[2]["error"] != nil {
		t.Errorf("calls %v", calls)
	}
	s = plugged(t, "cat >>seen", "false")
	broken := WithCode(ExitCloud, errors.New("no hush-key"))
	if err := a.After(t.Context(), s, broken); !errors.Is(err, broken) {
		t.Error(err)
	}
	calls = seen(t, s)
	failure, _ := calls[0]["error"].(map[string]any)
	if len(calls) != 2 || calls[0]["when"] != "fail" || failure["message"] != "no ***" || failure["exitCode"] != 5.0 || calls[1]["error"] == nil {
		t.Errorf("calls %v", calls)
	}
}

const rewrite = `sed 's/.*"props":{\(.*\)}}$/{"props":{"memorySize":1024,"cpu":0.5,"diskSize":512,\1}}/'`

func TestPluginReplacesProps(t *testing.T) {
	t.Parallel()
	a, _ := deployActions()
	s := plugged(t, rewrite, "false")
	before := s.Project
	if err := a.Before(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if s.Resource.Function.MemorySize != 1024 || s.Project.Find("hello") != s.Resource || before.Resources[0].Function.MemorySize == 1024 {
		t.Errorf("resource %+v", s.Resource)
	}
}

func TestPluginWithWrongProps(t *testing.T) {
	t.Parallel()
	a, stderr := deployActions()
	s := plugged(t, `echo '{"props":{"region":"cn-hangzhou","functionNam":"x"}}'`, "true")
	err := a.Before(t.Context(), s)
	var diags diag.Diagnostics
	if !errors.As(err, &diags) || exitCode(err) != ExitSpec || !strings.Contains(err.Error(), `unknown key "functionNam"`) {
		t.Errorf("error %v", err)
	}
	if diags[0].Range.Start.Line != 11 || diags[0].Detail == "" {
		t.Errorf("at %s: %s", diags[0].Range, diags[0].Detail)
	}
	if strings.Contains(stderr(), "warning") {
		t.Errorf("wrong props were allowed: %s", stderr())
	}
	global := &Subject{Project: s.Project}
	if err = a.Before(t.Context(), global); err == nil || !strings.Contains(err.Error(), "a global action has no resource") {
		t.Errorf("error %v", err)
	}
}

func TestPluginReplacesOutput(t *testing.T) {
	t.Parallel()
	a, _ := deployActions()
	s := plugged(t, `cat >>seen; echo '{"output":{"made":"by the plugin"}}'`, "false")
	s.Output = "mine"
	if !a.Replaces(s) {
		t.Error("there is an action that replaces")
	}
	if err := a.After(t.Context(), s, nil); err != nil {
		t.Fatal(err)
	}
	if m, ok := s.Output.(map[string]any); !ok || m["made"] != "by the plugin" || !s.Replaced {
		t.Errorf("output %v", s.Output)
	}
	if calls := seen(t, s); calls[0]["output"] != "mine" || calls[1]["output"].(map[string]any)["made"] != "by the plugin" {
		t.Errorf("calls %v", calls)
	}
	// Without replace_output, as in fail- here, it stays.
	s = plugged(t, `echo '{"output":1}'`, "false")
	if err := a.After(t.Context(), s, errors.New("x")); err == nil || s.Replaced {
		t.Errorf("%v, %v", err, s.Output)
	}
	if a.Skip = true; a.Replaces(s) {
		t.Error("skipped actions replace nothing")
	}
}

func TestAllowedFailures(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		allow   string
		allowed bool
	}{
		{"false", false},
		{"true", true},
		{"{}", true},
		{"{exit_code: [3]}", true},
		{"{exit_code: [1, 4]}", false},
		{"{exit_code: [101]}", true}, // what Serverless Devs has for all of them
		{"{command: [deploy]}", true},
		{"{command: [remove]}", false},
		{"{exit_code: [3], command: [deploy]}", true},
		{"{exit_code: [3], command: [remove]}", false},
	} {
		t.Run(tt.allow, func(t *testing.T) {
			t.Parallel()
			a, stderr := deployActions()
			s := plugged(t, "exit 3", tt.allow)
			err := a.Before(t.Context(), s)
			if (err == nil) != tt.allowed {
				t.Fatalf("error %v", err)
			}
			if err != nil && !strings.HasSuffix(err.Error(), "s.yaml:11:11: action pre-deploy: plugin ./p: exit status 3") {
				t.Errorf("error %v", err)
			}
			if err == nil && !strings.Contains(stderr(), "warning: action pre-deploy failed and may: plugin ./p: exit status 3") {
				t.Errorf("stderr %q", stderr())
			}
		})
	}
}

func TestPluginErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ plugin, err, hint string }{
		{"website-fc", "plugin website-fc: it isn't on this machine; looked for ", "npm install website-fc"},
		{"./none", "plugin ./none: it isn't on this machine; looked for ", "plugin: ./my-plugin.sh"},
		{"./s.yaml", "s.yaml is not executable", "chmod +x "},
		{"./code", "is no plugin: it has neither package.json nor index.js", ""},
		{"./talks", "what it wrote to stdout is no answer: it must be one JSON object", ""},
	} {
		t.Run(tt.plugin, func(t *testing.T) {
			t.Parallel()
			a, _ := deployActions()
			s := plugged(t, "", "false")
			if err := os.Chmod(filepath.Join(s.Project.Dir, "s.yaml"), 0o644); err != nil {
				t.Fatal(err)
			}
			proctest.Program(t, filepath.Join(s.Project.Dir, "talks"), "#!/bin/sh\necho done\n")
			s.Resource.Actions = []spec.Action{{When: WhenPre, Command: "deploy", Plugin: tt.plugin}}
			err := a.Before(t.Context(), s)
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Fatalf("error %v\nwant %s", err, tt.err)
			}
			var known *Error
			if errors.As(err, &known) != (tt.hint != "") || known != nil && !strings.Contains(known.Hint, tt.hint) {
				t.Errorf("hint %+v, want %s", known, tt.hint)
			}
		})
	}
}

// The actions of one resource get nothing of another that runs at the same time.
func TestSiblingsAreApart(t *testing.T) {
	t.Parallel()
	one, two := plugged(t, "cat >>seen; echo '{\"output\":1}'", "false"), plugged(t, "cat >>seen", "false")
	one.Output, two.Output = "of one", "of two"
	done := make(chan error)
	for _, s := range []*Subject{one, two} {
		a, _ := deployActions() // each has streams of its own, see Sections
		go func() { done <- a.After(context.Background(), s, nil) }()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	for _, call := range seen(t, two) {
		if call["output"] != "of two" {
			t.Errorf("two sees %v", call["output"])
		}
	}
	if one.Output != 1.0 {
		t.Errorf("one has %v", one.Output)
	}
}

// A key that a plugin asked for is shown by nobody, neither in what it prints nor
// in its error.
func TestPluginShowsNoKey(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("node is not on PATH")
	}
	a, stderr := deployActions()
	a.Credential = func(context.Context, *spec.Project) (map[string]string, error) {
		return map[string]string{"AccountID": "12", "AccessKeySecret": "hush-1", "SecurityToken": "hush-2"}, nil
	}
	s := plugged(t, "", "false")
	script := `module.exports = async (inputs, args, logger) => {
  const c = await inputs.getCredential();
  console.log(c);
  logger.error(c.AccountID + c.AccessKeySecret);
  throw new Error('refused ' + c.SecurityToken);
};
`
	if err := os.WriteFile(filepath.Join(s.Project.Dir, "p.js"), []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	s.Resource.Actions = []spec.Action{{When: WhenPre, Command: "deploy", Plugin: "p.js"}}
	err := a.Before(t.Context(), s)
	if err == nil || !strings.Contains(err.Error(), "refused ***") || !strings.Contains(stderr(), "12***") || strings.Contains(stderr(), "hush") {
		t.Errorf("error %v, stderr %s", err, stderr())
	}
	if got := s.Project.Redact("hush-1"); got != "***" {
		t.Errorf("what the plugin made of the key is shown: %s", got)
	}
}
