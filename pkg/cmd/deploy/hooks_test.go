//go:build unix

package deploycmd

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	"s/pkg/fcclient/fctest"
	"s/pkg/iostreams"
	"s/pkg/proc/proctest"
	"s/pkg/spec"
)

// plugin puts a shell script beside s.yaml.
func plugin(t *testing.T, w *cmdtest.World, name, script string) {
	t.Helper()
	path := filepath.Join(filepath.Dir(w.CodeDir), name)
	proctest.Program(t, path, "#!/bin/sh\n"+script+"\n")
}

// A pre plugin's props are deployed, those of its sibling are the file's.
func TestPluginChangesWhatIsDeployed(t *testing.T) {
	t.Parallel()
	w := fileWorld(t, head+resource("one", "    actions: {pre-deploy: [{plugin: ./p}]}\n")+resource("two", ""))
	plugin(t, w, "p", `sed 's/.*"props":{\(.*\)}}$/{"props":{"timeout":9,\1}}/'`)
	if err := w.Run(command(w, nil), "-y"); err != nil {
		t.Fatalf("%v\n%s", err, w.Stderr())
	}
	if got := w.Server.Function("one")["timeout"]; got != 9.0 {
		t.Errorf("one: %v", got)
	}
	if got := w.Server.Function("two")["timeout"]; got != 3.0 {
		t.Errorf("two: %v", got)
	}
	w.Server.Reset()
	if err := w.Run(command(w, nil), "-y", "--skip-actions"); err != nil || w.Server.Function("one")["timeout"] != 3.0 {
		t.Errorf("skipped: %v, %v", err, w.Server.Writes())
	}
}

func TestWrongPropsDeployNothing(t *testing.T) {
	t.Parallel()
	w := fileWorld(t, head+resource("one", "    actions: {pre-deploy: [{plugin: ./p}]}\n"))
	plugin(t, w, "p", `echo '{"props":{"region":"cn-hangzhou"}}'`)
	err := w.Run(command(w, nil), "-y")
	if exitCode(err) != cmdutil.ExitSpec || len(w.Server.Calls()) > 0 {
		t.Errorf("error %v, calls %v", err, w.Server.Calls())
	}
}

// What a plugin makes of the output is the result, and what others see.
func TestPluginReplacesOutput(t *testing.T) {
	t.Parallel()
	w := fileWorld(t, head+
		resource("web", "")+"      description: ${resources.api.output.made}\n"+
		resource("api", "    actions: {success-deploy: [{plugin: ./p, replace_output: true}]}\n"))
	plugin(t, w, "p", `echo '{"output":{"made":"by a plugin"}}'`)
	if err := w.Run(command(w, nil), "-y", "-o", "json"); err != nil {
		t.Fatalf("%v\n%s", err, w.Stderr())
	}
	if got := w.Server.Function("web")["description"]; got != "by a plugin" {
		t.Errorf("web: %v", got)
	}
	if out := w.Stdout(); !strings.Contains(out, `"made": "by a plugin"`) || strings.Contains(out, `"functionName": "api"`) || !strings.Contains(out, `"functionName": "web"`) {
		t.Errorf("stdout %s", out)
	}
}

// The actions that follow a resource run before the next group, and one that
// fails is told in the end.
func TestActionsFollowTheirGroup(t *testing.T) {
	t.Parallel()
	w := fileWorld(t, head+
		resource("web", "    actions: {success-deploy: [{run: echo web-ran >&2}]}\n")+"      description: ${resources.api.output.functionName}\n"+
		resource("api", "    actions: {success-deploy: [{run: echo api-ran >&2; exit 3}]}\n"))
	err := w.Run(command(w, nil), "-y")
	if err == nil || !strings.HasSuffix(err.Error(), "action success-deploy: exit status 3") {
		t.Errorf("error %v", err)
	}
	out := w.Stderr()
	api, web := strings.Index(out, "api-ran"), strings.Index(out, "web function web created")
	if api < 0 || web < 0 || api > web || !strings.Contains(out, "web-ran") {
		t.Errorf("the order is wrong:\n%s", out)
	}
	if !strings.Contains(w.Stdout(), "api") || !strings.Contains(w.Stdout(), "web") {
		t.Errorf("what is deployed isn't shown: %s", w.Stdout())
	}
}

// A failing action of one resource makes none of its sibling fail.
func TestFailureOfASiblingsAction(t *testing.T) {
	t.Parallel()
	actions := func(success string) string {
		return "    actions:\n      success-deploy: [{run: " + success + "}]\n      fail-deploy: [{run: echo FAILED >&2}]\n"
	}
	w := fileWorld(t, head+resource("one", actions("exit 3"))+resource("two", actions("exit 4")))
	err := w.Run(command(w, nil), "-y")
	if err == nil || !strings.HasSuffix(err.Error(), "exit status 3") || strings.Contains(strings.ReplaceAll(w.Stderr(), "> echo FAILED", ""), "FAILED") {
		t.Errorf("error %v\n%s", err, w.Stderr())
	}
	w.WantStderr("warning:", "exit status 4")
}

// The failure of the command wins, that of its action is told.
func TestFailureOfBoth(t *testing.T) {
	t.Parallel()
	w := fileWorld(t, head+resource("one", "    actions: {fail-deploy: [{run: exit 9}]}\n")+resource("two", "    actions: {success-deploy: [{run: exit 8}]}\n"))
	w.Server.Fail(fctest.Failure{Method: http.MethodPost, Path: "/2023-03-30/functions", Status: 400, Body: `{"Code":"InvalidArgument"}`, Times: 1})
	err := w.Run(command(w, nil), "-y", "--parallel", "1")
	if exitCode(err) != cmdutil.ExitCloud {
		t.Errorf("error %v", err)
	}
	w.WantStderr("exit status 9", "exit status 8")
}

// A component action of another command gets the project with what a plugin
// made of it.
func TestNestedSeesProps(t *testing.T) {
	t.Parallel()
	w := fileWorld(t, head+resource("one", "    actions: {pre-deploy: [{plugin: ./p}, {component: fc3 info -o json}]}\n"))
	plugin(t, w, "p", `sed 's/.*"props":{\(.*\)}}$/{"props":{"description":"by a plugin",\1}}/'`)
	got := ""
	w.Factory.Outside = func() cmdutil.Outside {
		return cmdutil.Outside{Nested: func(_ context.Context, _ *iostreams.IOStreams, p *spec.Project, name string, words []string) error {
			got = p.Find(name).Function.Description + ": " + strings.Join(words, " ")
			return errors.New("nested failed")
		}}
	}
	err := w.Run(command(w, nil), "-y")
	if got != "by a plugin: info -o json" || err == nil || !strings.HasSuffix(err.Error(), "action pre-deploy: nested failed") {
		t.Errorf("got %q, error %v", got, err)
	}
}

// What a plugin gave stays when the file is loaded again for the values of other
// actions.
func TestGivenPropsStay(t *testing.T) {
	t.Parallel()
	w := fileWorld(t, head+resource("one", "    actions:\n      pre-deploy: [{plugin: ./p}]\n      success-deploy: [{plugin: ./q, args: {name: '${this.output.functionName}'}}]\n"))
	plugin(t, w, "p", `sed 's/.*"props":{\(.*\)}}$/{"props":{"timeout":9,\1}}/'`)
	plugin(t, w, "q", `cat >seen`)
	if err := w.Run(command(w, nil), "-y"); err != nil {
		t.Fatalf("%v\n%s", err, w.Stderr())
	}
	seen, err := os.ReadFile(filepath.Join(filepath.Dir(w.CodeDir), "seen"))
	if err != nil || !strings.Contains(string(seen), `"args":{"name":"one"}`) || !strings.Contains(string(seen), `"timeout":9,"code"`) && strings.Count(string(seen), `"timeout":9`) < 2 {
		t.Errorf("saw %s, %v", seen, err)
	}
}
