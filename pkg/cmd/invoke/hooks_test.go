//go:build unix

package invokecmd

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/iostreams"
	"s/pkg/proc/proctest"
	"s/pkg/spec"
)

// hooked is a world with a plugin around invoke.
func hooked(t *testing.T, script string, actions ...spec.Action) *cmdtest.World {
	t.Helper()
	w := world(t, spec.Edition3)
	proctest.Program(t, filepath.Join(w.Project.Dir, "p"), "#!/bin/sh\n"+script+"\n")
	for _, a := range actions {
		a.Command, a.Plugin = "invoke", "./p"
		w.Resource().Actions = append(w.Resource().Actions, a)
	}
	return w
}

func TestPluginReplacesResult(t *testing.T) {
	t.Parallel()
	replace := spec.Action{When: "success", ReplaceOutput: true}
	w := hooked(t, `cat >seen; echo '{"output":{"a":1}}'`, replace)
	if err := w.Run(NewCmd(w.Factory, nil), "-e", "x", "-o", "raw"); err != nil || w.Stdout() != "{\"a\":1}\n" {
		t.Errorf("stdout %q, error %v", w.Stdout(), err)
	}
	seen, err := os.ReadFile(filepath.Join(w.Project.Dir, "seen"))
	if err != nil || !strings.Contains(string(seen), `"statusCode":200,"body":"x"`) {
		t.Errorf("the plugin saw %s, %v", seen, err)
	}
	// It may leave the result as it is, too.
	w = hooked(t, "exit 0", replace)
	if err := w.Run(NewCmd(w.Factory, nil), "-e", "x"); err != nil || w.Stdout() != "x" {
		t.Errorf("stdout %q, error %v", w.Stdout(), err)
	}
	w.WantStderr("RequestId")
	if err := w.Run(NewCmd(w.Factory, nil), "-e", "x", "--skip-actions"); err != nil || w.Stdout() != "x" || strings.Contains(w.Stderr(), "plugin") {
		t.Errorf("skipped: stdout %q, error %v", w.Stdout(), err)
	}
}

func TestPluginAfterAFailedFunction(t *testing.T) {
	t.Parallel()
	w := hooked(t, `cat >seen; echo '{"output":"mended"}'`, spec.Action{When: "complete", ReplaceOutput: true})
	w.Server.Invoke = answer(map[string]string{fc.HeaderErrorType: "UnhandledInvocationError"}, []byte(`{"errorMessage":"no"}`))
	if err := w.Run(NewCmd(w.Factory, nil), "-e", "x", "-o", "raw"); code(err) != cmdutil.ExitFunction || w.Stdout() != "\"mended\"\n" {
		t.Errorf("stdout %q, error %v", w.Stdout(), err)
	}
	seen, err := os.ReadFile(filepath.Join(w.Project.Dir, "seen"))
	if err != nil || !strings.Contains(string(seen), `"exitCode":6`) || !strings.Contains(string(seen), `"errorType":"UnhandledInvocationError"`) {
		t.Errorf("the plugin saw %s, %v", seen, err)
	}
}

func TestFailedPluginCallsNothing(t *testing.T) {
	t.Parallel()
	w := hooked(t, "exit 3", spec.Action{When: "pre"})
	err := w.Run(NewCmd(w.Factory, nil), "-e", "x")
	if err == nil || !strings.HasSuffix(err.Error(), "plugin ./p: exit status 3") || len(w.Server.Calls()) > 0 {
		t.Errorf("error %v, calls %v", err, w.Server.Calls())
	}
}

// Several functions at the same time: each has its own actions, and they print
// where their function does.
func TestActionsOfSeveral(t *testing.T) {
	t.Parallel()
	w := hooked(t, `sed 's/.*"resource":{"name":"\([a-z]*\)".*/{"output":"by \1"}/'`, spec.Action{When: "success", ReplaceOutput: true})
	other := w.Add("other")
	other.Actions = w.Resource().Actions
	w.Server.Invoke = answer(map[string]string{}, nil)
	client, err := w.Target.Client(other)
	if err != nil {
		t.Fatal(err)
	}
	desired := deploy.Want(other, nil, nil, nil)
	if _, err := deploy.Apply(t.Context(), client, deploy.Plan(desired, deploy.Actual{}), deploy.Hooks{}); err != nil {
		t.Fatal(err)
	}
	if err := w.Run(NewCmd(w.Factory, nil), "-e", "x", "-o", "raw"); err != nil || w.Stdout() != "{\"hello\":\"by hello\",\"other\":\"by other\"}\n" {
		t.Errorf("stdout %q, error %v\n%s", w.Stdout(), err, w.Stderr())
	}
	sections := strings.Split(w.Stderr(), "==> ")
	if len(sections) != 3 || strings.Count(sections[1], "> plugin ./p") != 1 || strings.Count(sections[2], "> plugin ./p") != 1 {
		t.Errorf("stderr %s", w.Stderr())
	}
	other.Actions = []spec.Action{{When: "success", Command: "invoke", Component: "fc3 info"}}
	w.Factory.Outside = func() cmdutil.Outside {
		return cmdutil.Outside{Nested: func(_ context.Context, io *iostreams.IOStreams, _ *spec.Project, name string, _ []string) error {
			io.Errf("nested %s", name)
			return nil
		}}
	}
	if err := w.Run(NewCmd(w.Factory, nil), "-e", "x"); err != nil || !strings.Contains(w.Stdout(), "by hello") {
		t.Errorf("stdout %q, error %v", w.Stdout(), err)
	}
	if sections = strings.Split(w.Stderr(), "==> "); len(sections) != 3 || !strings.Contains(sections[2], "nested other") {
		t.Errorf("stderr %s", w.Stderr())
	}
}
