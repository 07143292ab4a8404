package deploycmd

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	"s/pkg/fcclient/fctest"
	"s/pkg/spec"
)

// fileWorld is a world whose project is a real s.yaml, loaded for real.
func fileWorld(t *testing.T, text string) *cmdtest.World {
	t.Helper()
	w := cmdtest.New(t, spec.Edition3)
	path := filepath.Join(filepath.Dir(w.CodeDir), "s.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	load := func(ctx context.Context, command string, known cmdutil.Known) (*spec.Project, error) {
		opts := spec.Options{File: path, Command: command}
		if known != nil {
			opts.Output = func(name string) (map[string]any, bool) { return known(name, false) }
			opts.Info = func(name string) (map[string]any, bool) { return known(name, true) }
		}
		p, ds := spec.Load(ctx, opts)
		return p, ds.Err()
	}
	w.Factory.Project = func(ctx context.Context, command string) (*spec.Project, error) { return load(ctx, command, nil) }
	w.Factory.Reload = load
	return w
}

func resource(name, more string) string {
	return "  " + name + ":\n    component: fc3\n" + more + "    props:\n      region: cn-hangzhou\n      functionName: " + name +
		"\n      runtime: python3.10\n      handler: index.handler\n      code: ./code\n"
}

const head = "edition: 3.0.0\nname: app\nresources:\n"

// created are the functions in the order in which they were made.
func created(w *cmdtest.World) []string {
	var names []string
	for _, call := range w.Server.Calls() {
		if call.Method == http.MethodPost && strings.HasSuffix(call.Path, "/functions") {
			var body struct {
				FunctionName string `json:"functionName"`
			}
			if json.Unmarshal(call.Body, &body) == nil {
				names = append(names, body.FunctionName)
			}
		}
	}
	return names
}

func TestOutputOfAnother(t *testing.T) {
	t.Parallel()
	w := fileWorld(t, head+
		resource("second", "")+"      memorySize: ${resources.first.output.memorySize}\n      description: after ${resources.first.output.functionName}\n      cpu: 0.5\n"+
		resource("first", "")+"      memorySize: 1024\n      cpu: 0.5\n      diskSize: 512\n")
	if err := w.Run(command(w, nil), "-y"); err != nil {
		t.Fatalf("%v\n%s", err, w.Stderr())
	}
	if got := created(w); !slices.Equal(got, []string{"first", "second"}) {
		t.Errorf("made %v", got)
	}
	f := w.Server.Function("second")
	if f["description"] != "after first" || f["memorySize"] != 1024.0 {
		t.Errorf("second is %v", f)
	}
	w.Server.Reset()
	if err := w.Run(command(w, nil), "-y"); err != nil {
		t.Fatal(err)
	}
	if writes := w.Server.Writes(); len(writes) > 0 || !strings.Contains(w.Stderr(), "no changes") {
		t.Errorf("the second run writes %v\n%s", writes, w.Stderr())
	}
	w.Server.Reset()
	if err := w.Run(command(w, nil), "second", "-y"); err != nil || len(w.Server.Writes()) > 0 {
		t.Errorf("alone, it takes what is deployed: %v, %v", err, w.Server.Writes())
	}
}

func TestOutputThatIsMissing(t *testing.T) {
	t.Parallel()
	text := head + resource("first", "") + resource("second", "") + "      description: ${resources.first.output.functionName}\n"
	w := fileWorld(t, text)
	err := w.Run(command(w, nil), "second", "-y")
	if err == nil || !strings.Contains(err.Error(), "needs the output of first") || len(w.Server.Writes()) > 0 {
		t.Errorf("%v, writes %v", err, w.Server.Writes())
	}
	if hint(err) != "s deploy first" {
		t.Errorf("hint %q", hint(err))
	}
	if err := w.Run(command(w, nil), "--dry-run"); err != nil {
		t.Fatal(err)
	}
	w.WantStderr("second can be planned only once first is deployed")
	if len(w.Server.Writes()) > 0 {
		t.Errorf("a dry run writes %v", w.Server.Writes())
	}
}

// TestDependentsOfAFailure: they aren't tried, all others are, and the code is
// that of the failure.
func TestDependentsOfAFailure(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, more string
		want       []string // what is there at the end
		notTried   bool
	}{
		{"skipped", "", []string{"other", "third"}, true},
		{"continue-on-error", "    continue-on-error: true\n", []string{"other", "third"}, false},
	} {
		w := fileWorld(t, head+resource("bad", c.more)+resource("other", "")+
			resource("waits", "")+"      description: ${resources.bad.output.functionName}\n"+
			resource("third", "")+"      description: ${resources.other.output.functionName}\n")
		w.Server.Fail(fctest.Failure{Method: http.MethodPost, Path: "/functions", Status: http.StatusForbidden, Body: `{"Code":"AccessDenied","Message":"no"}`, Times: 1})
		err := w.Run(command(w, nil), "-y", "--parallel", "1")
		if exitCode(err) != cmdutil.ExitCloud && exitCode(err) != cmdutil.ExitFailed {
			t.Errorf("%s: code %d (%v)", c.name, exitCode(err), err)
		}
		for _, name := range c.want {
			if w.Server.Function(name) == nil {
				t.Errorf("%s: %s isn't deployed\n%s", c.name, name, w.Stderr())
			}
		}
		want := `✖ bad +failed +\S+ +.*\n✔ other +deployed +\S+\n.*✔ third +deployed +\S+\n`
		if c.notTried {
			want = `✖ bad +failed +\S+ +.*\n✔ other +deployed +\S+\n- waits +not tried +bad failed\n✔ third +deployed +\S+\n$`
		}
		if !regexp.MustCompile("(?s)" + want).MatchString(w.Stderr()) {
			t.Errorf("%s: no summary in\n%s", c.name, w.Stderr())
		}
		if !c.notTried && !regexp.MustCompile(`✖ waits +failed +.*needs the output of bad`).MatchString(w.Stderr()) {
			t.Errorf("%s:\n%s", c.name, w.Stderr())
		}
		if w.Server.Function("bad") != nil || w.Server.Function("waits") != nil {
			t.Errorf("%s: what failed is there", c.name)
		}
	}
}

func TestFlow(t *testing.T) {
	t.Parallel()
	three := resource("a", "") + resource("b", "") + resource("c", "")
	w := fileWorld(t, strings.Replace(head, "resources:", "flow: {deploy: [[c], [a]]}\nresources:", 1)+three)
	if err := w.Run(command(w, nil), "-y"); err != nil {
		t.Fatal(err)
	}
	if got := created(w); !slices.Equal(got, []string{"c", "a"}) {
		t.Errorf("made %v", got)
	}
	if !regexp.MustCompile(`✔ c +deployed +\S+\n✔ a +deployed +\S+\n$`).MatchString(w.Stderr()) {
		t.Errorf("no summary in\n%s", w.Stderr())
	}
	if err := w.Run(command(w, nil), "b", "-y"); err != nil || w.Server.Function("b") == nil {
		t.Errorf("by name it is deployed all the same: %v", err)
	}
	again := fileWorld(t, strings.Replace(head, "resources:", "flow: {deploy: [[c], [a]]}\nresources:", 1)+three)
	if err := again.Run(command(again, nil), "a", "b", "c", "a", "-y", "--parallel", "1"); err != nil {
		t.Fatal(err)
	}
	if got := created(again); !slices.Equal(got, []string{"b", "c", "a"}) {
		t.Errorf("by name, the flow still orders them: made %v", got)
	}
	wrong := fileWorld(t, strings.Replace(head, "resources:", "flow: {deploy: [[a], [b]]}\nresources:", 1)+
		resource("a", "")+"      description: ${resources.b.output.functionName}\n"+resource("b", ""))
	if err := wrong.Run(command(wrong, nil), "-y"); exitCode(err) != cmdutil.ExitSpec || len(wrong.Server.Calls()) > 0 {
		t.Errorf("%v, calls %v", err, wrong.Server.Calls())
	}
}

func TestParallel(t *testing.T) {
	t.Parallel()
	w := fileWorld(t, head+resource("a", "")+resource("b", "")+resource("c", ""))
	if err := w.Run(command(w, nil), "-y", "--parallel", "-1"); exitCode(err) != cmdutil.ExitUsage {
		t.Errorf("got %v", err)
	}
	if err := w.Run(command(w, nil), "-y", "--parallel", "2"); err != nil || len(created(w)) != 3 {
		t.Errorf("%v, made %v", err, created(w))
	}
}

// What fails before anything of it is applied keeps only those that depend on it
// from being deployed.
func TestFailureBeforeThePlan(t *testing.T) {
	t.Parallel()
	text := head +
		resource("broken", "    actions:\n      pre-deploy:\n        - run: exit 9\n          path: ./\n      fail-deploy:\n        - run: echo broken failed\n          path: ./\n") +
		resource("fine", "    actions:\n      success-deploy:\n        - run: echo fine went well\n          path: ./\n") +
		resource("last", "") + "      description: ${resources.broken.output.functionName}\n" +
		resource("unreadable", "")
	w := fileWorld(t, text)
	w.Server.Fail(fctest.Failure{Method: http.MethodGet, Path: "/functions/unreadable", Status: http.StatusForbidden, Body: `{"Code":"AccessDenied","Message":"no"}`})
	err := w.Run(command(w, nil), "-y")
	if err == nil || cmdutil.CodeOf(err) != cmdutil.ExitCloud {
		t.Errorf("%v, exit code %d", err, cmdutil.CodeOf(err))
	}
	if got := created(w); !slices.Equal(got, []string{"fine"}) {
		t.Errorf("made %v", got)
	}
	for _, want := range []string{"broken failed\n", "fine went well\n"} {
		w.WantStderr(want)
	}
	rows := regexp.MustCompile(`(?m)^. (broken|fine|last|unreadable) +(\S.*?)(?:  .*)?$`).FindAllStringSubmatch(w.Stderr(), -1)
	got := map[string]string{}
	for _, row := range rows {
		got[row[1]] = row[2]
	}
	if got["broken"] != "failed" || got["fine"] != "deployed" || got["unreadable"] != "failed" || !strings.HasPrefix(got["last"], "not tried") {
		t.Errorf("the summary says %v:\n%s", got, w.Stderr())
	}
	// Alone, it is the error of the run.
	w = fileWorld(t, head+resource("broken", "    actions:\n      pre-deploy:\n        - run: exit 9\n          path: ./\n"))
	if err := w.Run(command(w, nil), "-y"); err == nil || !strings.Contains(err.Error(), "exit status 9") || strings.Contains(w.Stderr(), "✖") {
		t.Errorf("%v\n%s", err, w.Stderr())
	}
}
