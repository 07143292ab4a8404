//go:build unix

package buildcmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s/pkg/cmd/cmdutil"
	"s/pkg/proc/proctest"
	"s/pkg/spec"
)

// A plugin replaces the result of one resource; another one keeps its own.
func TestPluginReplacesResult(t *testing.T) {
	t.Parallel()
	w := newBench(t, script{tool: py("3.10.4", true)}, "go1", "custom")
	proctest.Program(t, filepath.Join(w.project.Dir, "p"), "#!/bin/sh\ncat >seen\necho '{\"output\":{\"size\":5}}'\n")
	w.project.Resources[0].Actions = []spec.Action{{When: "success", Command: "build", Plugin: "./p", ReplaceOutput: true}}
	w.Settings.Output = cmdutil.OutputRaw
	if err := RunBuild(t.Context(), w.Options); err != nil {
		t.Fatal(err)
	}
	if got := w.out.String(); !strings.HasPrefix(got, `{"fn-go1":{"size":5},"fn-custom":{"built":true,`) {
		t.Errorf("stdout %s", got)
	}
	seen, err := os.ReadFile(filepath.Join(w.project.Dir, "seen"))
	if err != nil || !strings.Contains(string(seen), `"output":{"built":false}`) {
		t.Errorf("the plugin saw %s, %v", seen, err)
	}
}
