//go:build unix

package invokecmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	"s/pkg/fc"
	"s/pkg/spec"
)

// hooked is a world with a plugin around invoke.
func hooked(t *testing.T, script string, actions ...spec.Action) *cmdtest.World {
	t.Helper()
	w := world(t, spec.Edition3)
	if err := os.WriteFile(filepath.Join(w.Project.Dir, "p"), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
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
