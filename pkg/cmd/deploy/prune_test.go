package deploycmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/spec"
)

func timer(name string) fc.Trigger {
	return fc.Trigger{TriggerName: name, TriggerType: fc.TriggerTimer, TriggerConfig: `{"enable":true}`}
}

// left deploys two resources and a trigger, and takes one of each out of s.yaml.
func left(t *testing.T) *cmdtest.World {
	t.Helper()
	w := cmdtest.New(t, spec.Edition3)
	w.Add("other")
	w.Resource().Triggers = []fc.Trigger{timer("t1"), timer("t2")}
	if err := w.Run(command(w, nil), "-y"); err != nil {
		t.Fatalf("%v\n%s", err, w.Stderr())
	}
	w.Project.Resources = w.Project.Resources[:1]
	w.Resource().Triggers = w.Resource().Triggers[:1]
	w.Server.Reset()
	return w
}

func TestWhatIsLeftIsListed(t *testing.T) {
	t.Parallel()
	w := left(t)
	for _, args := range [][]string{{"-y"}, {}, {"--dry-run", "--prune"}} {
		if err := w.Run(command(w, nil), args...); err != nil {
			t.Fatalf("%v\n%s", err, w.Stderr())
		}
		if len(w.Server.Writes()) > 0 {
			t.Errorf("%v: writes %v", args, w.Server.Writes())
		}
		if len(args) == 2 {
			w.WantStderr("- trigger t2", "- function other")
			continue
		}
		w.WantStderr("hello no longer has the trigger t2", "s.yaml no longer has other", "s deploy --prune -y")
	}
}

func TestWhatIsLeftIsAskedFor(t *testing.T) {
	t.Parallel()
	for _, yes := range []bool{false, true} {
		w := left(t)
		w.TTY(yes)
		err := w.Run(command(w, nil))
		if yes && err != nil {
			t.Fatalf("%v\n%s", err, w.Stderr())
		}
		if gone := w.Server.Function("other") == nil && w.Server.Trigger("hello", "t2") == nil; gone != yes || len(w.Prompter.Asked) < 2 {
			t.Errorf("answered %v: gone %v, asked %v", yes, gone, w.Prompter.Asked)
		}
	}
}

func TestPruneDeletes(t *testing.T) {
	t.Parallel()
	w := left(t)
	if err := w.Run(command(w, nil), "--prune"); exitCode(err) != cmdutil.ExitUsage || len(w.Server.Writes()) > 0 {
		t.Errorf("without a yes: %v, %v", err, w.Server.Writes())
	}
	if err := w.Run(command(w, nil), "--prune", "-y"); err != nil {
		t.Fatalf("%v\n%s", err, w.Stderr())
	}
	if w.Server.Function("other") != nil || w.Server.Trigger("hello", "t2") != nil || w.Server.Trigger("hello", "t1") == nil {
		t.Errorf("writes %v", w.Server.Writes())
	}
	w.Server.Reset()
	if err := w.Run(command(w, nil), "--prune", "-y"); err != nil || len(w.Server.Writes()) > 0 || strings.Contains(w.Stderr(), "no longer has") {
		t.Errorf("again: %v, %v\n%s", err, w.Server.Writes(), w.Stderr())
	}
}

// TestSomeResourcesLeaveOthersAlone: a run that is about some says nothing of
// what is dropped.
func TestSomeResourcesLeaveOthersAlone(t *testing.T) {
	t.Parallel()
	w := left(t)
	if err := w.Run(command(w, nil), "hello", "--prune", "-y"); err != nil {
		t.Fatal(err)
	}
	if w.Server.Function("other") == nil || w.Server.Trigger("hello", "t2") != nil {
		t.Errorf("writes %v", w.Server.Writes())
	}
}

func TestScopeFlags(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	w.Resource().Triggers = []fc.Trigger{timer("t1"), timer("t2")}
	if err := w.Run(command(w, nil), "--trigger", "t1"); err == nil || !strings.Contains(err.Error(), "is not deployed yet") {
		t.Errorf("before the function: %v", err)
	}
	if err := w.Run(command(w, nil), "--function", "config"); err != nil || w.Server.Trigger("hello", "t1") != nil || w.Server.Function("hello") == nil {
		t.Fatalf("%v, %v", err, w.Server.Writes())
	}
	if err := w.Run(command(w, nil), "hello", "--trigger", "t2,t1"); err != nil || w.Server.Trigger("hello", "t1") == nil || w.Server.Trigger("hello", "t2") == nil {
		t.Fatalf("%v, %v", err, w.Server.Writes())
	}
	w.Resource().Function.Timeout, w.Resource().Triggers[1].Description = 44, "new"
	w.Write("index.py", "changed")
	w.Server.Reset()
	if err := w.Run(command(w, nil), "--function=code"); err != nil || w.Server.Function("hello")["timeout"] != 30.0 || len(w.Server.Writes()) != 1 {
		t.Errorf("code: %v, %v", err, w.Server.Writes())
	}
	if err := w.Run(command(w, nil), "--trigger", "hello"); err != nil || w.Server.Function("hello")["timeout"] != 30.0 || w.Server.Trigger("hello", "t2")["description"] != "new" {
		t.Errorf("triggers of a resource: %v, %v", err, w.Server.Writes())
	}
	if err := w.Run(command(w, nil), "--function"); err != nil || w.Server.Function("hello")["timeout"] != 44.0 {
		t.Errorf("function: %v", err)
	}
	w.Resource().Around.Async = &fc.AsyncConfig{AsyncTask: true}
	if err := w.Run(command(w, nil), "--async-invoke-config", "--resource", "hello"); err != nil || w.Server.Config("hello", "", "async-invoke-config") == nil {
		t.Errorf("async: %v", err)
	}
	for _, args := range [][]string{{"--function=x"}, {"--trigger", "nope"}, {"--prune", "--function"}, {"--plan", "nowhere"}, {"--plan", "x", "hello"}} {
		if err := w.Run(command(w, nil), args...); exitCode(err) != cmdutil.ExitUsage {
			t.Errorf("%v: %v", args, err)
		}
	}
}

// TestWordsOfEdition1: parts of a resource are words there, unless a resource is called so.
func TestWordsOfEdition1(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		edition, words string
		want           deploy.Scope
		left           string
	}{
		{spec.Edition1, "function", deploy.Scope{Function: deploy.FunctionAll}, ""},
		{spec.Edition1, "hello function", deploy.Scope{Function: deploy.FunctionAll}, "hello"},
		{spec.Edition1, "trigger", deploy.Scope{Triggers: []string{deploy.AllTriggers}}, ""},
		{spec.Edition1, "trigger t1,t2", deploy.Scope{Triggers: []string{"t1", "t2"}}, ""},
		{spec.Edition1, "all", deploy.Scope{}, ""},
		{spec.Edition1, "service", deploy.Scope{}, "service"},
		{spec.Edition3, "function", deploy.Scope{}, "function"},
	} {
		w := cmdtest.New(t, tt.edition)
		var scope deploy.Scope
		left := BareFlags(w.Project, strings.Fields(tt.words), &scope)
		if diff := cmp.Diff(tt.want, scope); diff != "" || strings.Join(left, " ") != tt.left {
			t.Errorf("%s %s: left %q\n%s", tt.edition, tt.words, left, diff)
		}
	}
	w := cmdtest.New(t, spec.Edition1)
	w.Add("function")
	var scope deploy.Scope
	if left := BareFlags(w.Project, []string{"function"}, &scope); !scope.All() || len(left) != 1 {
		t.Errorf("a resource: %+v, %q", scope, left)
	}
}

func TestBrokenLedgerIsTold(t *testing.T) {
	t.Parallel()
	w := left(t)
	path := filepath.Join(w.Project.Dir, ".s", "deployed.json")
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.Run(command(w, nil), "-y"); err != nil {
		t.Fatal(err)
	}
	w.WantStderr("warning: what earlier deployments made isn't known", path)
	ledger, err := deploy.OpenLedger(w.Project.Dir, cmdutil.PlaceOf(w.Project, w.Target))
	if err != nil || ledger.Before("cn-hangzhou", "hello").Triggers[0] != "t1" {
		t.Error(err)
	}
}
