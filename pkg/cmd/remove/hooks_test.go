//go:build unix

package removecmd

import (
	"path/filepath"
	"strings"
	"testing"

	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	"s/pkg/proc/proctest"
	"s/pkg/spec"
)

// plugged has two deployed functions, old and new; the file names old, and its
// plugin makes new of that.
func plugged(t *testing.T) *cmdtest.World {
	t.Helper()
	w := cmdtest.New(t, spec.Edition3)
	dir := filepath.Dir(w.CodeDir)
	text := `edition: 3.0.0
name: app
resources:
  hello:
    component: fc3
    actions: {pre-remove: [{plugin: ./p}]}
    props: {region: cn-hangzhou, functionName: old, runtime: python3.10, handler: index.handler, code: ./code}
`
	script := "#!/bin/sh\nsed 's/.*\"props\":\\(.*\\)}$/{\"props\":\\1}/; s/\"old\"/\"new\"/'\n"
	for name, text := range map[string]string{"s.yaml": text, "p": script} {
		proctest.Program(t, filepath.Join(dir, name), text)
	}
	p, diags := spec.Load(t.Context(), spec.Options{File: filepath.Join(dir, "s.yaml")})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	w.Project = p
	for _, name := range []string{"old", "new"} {
		r := *p.Resources[0]
		r.Function.FunctionName = name
		put(t, w, &r)
	}
	return w
}

// What a plugin makes of the props is what is removed, and it is shown first.
func TestPluginChangesWhatIsRemoved(t *testing.T) {
	t.Parallel()
	w := plugged(t)
	if err := w.Run(NewCmd(w.Factory, nil), "-y"); err != nil {
		t.Fatal(err)
	}
	if w.Server.Function("new") != nil || w.Server.Function("old") == nil {
		t.Error("the wrong one is gone")
	}
	w.WantStderr("- function old", "- function new", "function new removed")
	w = plugged(t)
	w.TTY(false)
	if err := w.Run(NewCmd(w.Factory, nil)); code(err) != cmdutil.ExitFailed || w.Server.Function("new") == nil || w.Server.Function("old") == nil {
		t.Errorf("after a no: %v", err)
	}
	// Nothing is left of it: that is no failure.
	w = plugged(t)
	if err := w.Run(NewCmd(w.Factory, nil), "-y"); err != nil {
		t.Fatal(err)
	}
	if err := w.Run(NewCmd(w.Factory, nil), "-y"); err != nil || strings.Contains(w.Stderr(), "removed") || w.Server.Function("old") == nil {
		t.Errorf("again: %v\n%s", err, w.Stderr())
	}
}
