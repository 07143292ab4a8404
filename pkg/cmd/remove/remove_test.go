package removecmd

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	deploycmd "s/pkg/cmd/deploy"
	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/fcclient/fctest"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

// world has a deployed function with a trigger.
func world(t *testing.T, edition string) *cmdtest.World {
	t.Helper()
	w := cmdtest.New(t, edition)
	w.Resource().Triggers = []fc.Trigger{{TriggerName: "t", TriggerType: fc.TriggerTimer, TriggerConfig: `{}`}}
	put(t, w, w.Resource())
	return w
}

func put(t *testing.T, w *cmdtest.World, r *spec.Resource) {
	t.Helper()
	ctx := context.Background()
	client, err := w.Target.Client(r)
	if err != nil {
		t.Fatal(err)
	}
	desired := deploy.Want(r, nil, nil, nil)
	actual, err := deploy.Read(ctx, client, desired)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := deploy.Apply(ctx, client, deploy.Plan(desired, actual), deploy.Hooks{}); err != nil {
		t.Fatal(err)
	}
	w.Server.Reset()
}

func code(err error) int {
	var known *cmdutil.Error
	if errors.As(err, &known) {
		return known.Code
	}
	return -1
}

func TestRemove(t *testing.T) {
	t.Parallel()
	w := world(t, spec.Edition1)
	if err := w.Run(NewCmd(w.Factory, nil), "-y"); err != nil {
		t.Fatal(err)
	}
	w.WantStderr("- function svc$hello", "Plan: 0 to create, 0 to update, 3 to delete", "trigger t removed", "function svc$hello removed", "service svc removed")
	if w.Server.Service("svc") != nil || w.Server.Function("svc$hello") != nil || w.Stdout() != "" {
		t.Errorf("something is left, stdout %q", w.Stdout())
	}
	// Nothing there: said so, exit 0.
	if err := w.Run(NewCmd(w.Factory, nil)); err != nil {
		t.Error(err)
	}
	w.WantStderr("nothing to remove")
}

func TestRemoveNeedsAYes(t *testing.T) {
	t.Parallel()
	w := world(t, spec.Edition3)
	err := w.Run(NewCmd(w.Factory, nil))
	var known *cmdutil.Error
	if code(err) != cmdutil.ExitUsage || !errors.As(err, &known) || known.Hint != "s remove -y" {
		t.Errorf("without a terminal: %v", err)
	}
	w.TTY(false)
	if err = w.Run(NewCmd(w.Factory, nil)); code(err) != cmdutil.ExitFailed || len(w.Prompter.Asked) != 1 {
		t.Errorf("no: %v", err)
	}
	w.WantStderr("nothing was removed")
	w.Prompter.Err = iostreams.ErrInterrupted
	if err = w.Run(NewCmd(w.Factory, nil)); !errors.Is(err, iostreams.ErrInterrupted) {
		t.Errorf("ctrl-c: %v", err)
	}
	if writes := w.Server.Writes(); len(writes) != 0 {
		t.Errorf("writes %v", writes)
	}
	w.Prompter.Err, w.Prompter.Yes = nil, true
	if err = w.Run(NewCmd(w.Factory, nil)); err != nil || w.Server.Function("hello") != nil {
		t.Errorf("yes: %v", err)
	}
}

// Two resources share a service: it goes with the last of them.
func TestRemoveKeepsASharedService(t *testing.T) {
	t.Parallel()
	w := world(t, spec.Edition1)
	put(t, w, w.Add("other"))
	if err := w.Run(NewCmd(w.Factory, nil), "other", "-y"); err != nil {
		t.Fatal(err)
	}
	w.WantStderr("service svc stays: it has other functions")
	if w.Server.Service("svc") == nil || w.Server.Function("svc$hello") == nil || w.Server.Function("svc$other") != nil {
		t.Error("the wrong things are gone")
	}
	put(t, w, w.Project.Find("other"))
	if err := w.Run(NewCmd(w.Factory, nil), "-y"); err != nil || w.Server.Service("svc") != nil {
		t.Errorf("all: %v", err)
	}
}

func TestRemoveRefused(t *testing.T) {
	t.Parallel()
	w := world(t, spec.Edition3)
	w.Server.Fail(fctest.Failure{Method: "DELETE", Path: "/triggers", Status: 403, Body: `{"Code":"AccessDenied","Message":"no"}`})
	err := w.Run(NewCmd(w.Factory, nil), "-y")
	if code(err) != cmdutil.ExitCloud || !strings.Contains(err.Error(), "delete trigger t") || w.Server.Function("hello") == nil {
		t.Errorf("err = %v", err)
	}
	w.WantStderr("trigger t failed")
	w.Server.Fail(fctest.Failure{Method: "GET", Status: 403, Body: `{"Code":"AccessDenied","Message":"no"}`})
	if err = w.Run(NewCmd(w.Factory, nil), "-y"); code(err) != cmdutil.ExitCloud {
		t.Errorf("read: %v", err)
	}
	if err = w.Run(NewCmd(w.Factory, nil), "nope"); code(err) != cmdutil.ExitUsage {
		t.Errorf("unknown: %v", err)
	}
	w.TargetErr = cmdutil.WithCode(cmdutil.ExitCredentials, errors.New("none"))
	if err = w.Run(NewCmd(w.Factory, nil), "-y"); code(err) != cmdutil.ExitCredentials {
		t.Errorf("no credentials: %v", err)
	}
}

// TestRemoveOfSeveral: one can't be removed; what it takes the output of stays,
// all others go, and the exit code is the worst.
func TestRemoveOfSeveral(t *testing.T) {
	t.Parallel()
	for _, proceed := range []bool{false, true} {
		w := world(t, spec.Edition3)
		w.Resource().Triggers = nil
		for _, name := range []string{"base", "taker", "other"} {
			r := w.Add(name)
			put(t, w, r)
			if name == "taker" {
				r.DependsOn = []spec.Reference{{Resource: "base", What: "output"}}
				r.ContinueOnError = proceed
			}
		}
		w.Server.Fail(fctest.Failure{Method: "DELETE", Path: "/functions/taker", Status: 403, Body: `{"Code":"AccessDenied","Message":"no"}`, Times: 1})
		err := w.Run(NewCmd(w.Factory, nil), "other", "taker", "base", "-y")
		var known *cmdutil.Error
		if code(err) != cmdutil.ExitCloud || !errors.As(err, &known) || !known.Quiet {
			t.Errorf("err = %v", err)
		}
		if w.Server.Function("other") != nil || w.Server.Function("taker") == nil || w.Server.Function("hello") == nil || (w.Server.Function("base") == nil) != proceed {
			t.Errorf("continue-on-error %v: the wrong functions are there", proceed)
		}
		want := `✔ other +removed.*\n✖ taker +failed.*\n- base +not tried +taker failed\n$`
		if proceed {
			want = `✔ other +removed.*\n✖ taker +failed.*\n✔ base +removed.*\n$`
		}
		if !regexp.MustCompile(want).MatchString(w.Stderr()) || strings.Count(w.Stderr(), "error: ") != 1 {
			t.Errorf("continue-on-error %v:\n%s", proceed, w.Stderr())
		}
	}
}

func TestActions(t *testing.T) {
	t.Parallel()
	w := world(t, spec.Edition3)
	file := filepath.Join(w.Project.Dir, "ran")
	for _, when := range []string{"pre", "success", "fail", "complete"} {
		add := func(name string) spec.Action {
			return spec.Action{When: when, Command: "remove", Run: "echo " + name + when + " >> " + file, Path: w.Project.Dir}
		}
		w.Project.Actions = append(w.Project.Actions, add("global-"))
		w.Resource().Actions = append(w.Resource().Actions, add(""))
	}
	if err := w.Run(NewCmd(w.Factory, nil), "-y"); err != nil {
		t.Fatal(err)
	}
	data, _ := os.ReadFile(file)
	if got := strings.Join(strings.Fields(string(data)), " "); got != "global-pre pre success complete global-success global-complete" {
		t.Errorf("ran %s", got)
	}
	put(t, w, w.Resource())
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := w.Run(NewCmd(w.Factory, nil), "-y", "--skip-actions"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("an action ran")
	}
}

func TestRemoveFlags(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	var got *Options
	cmd := NewCmd(w.Factory, func(_ context.Context, o *Options) error { got = o; return nil })
	if err := w.Run(cmd, "hello", "--assume-yes", "--skip-actions"); err != nil || len(got.Resources) != 1 || got.Resources[0] != "hello" || !got.Yes || !got.SkipActions {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestDroppedResources: what was deployed of a resource that s.yaml no longer has is
// told, and goes only if it is meant to.
func TestDroppedResources(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	w.Add("other")
	deployed := deploycmd.NewCmd(w.Factory, func(ctx context.Context, opts *deploycmd.Options) error {
		opts.Artifacts, opts.Build = nil, nil
		return deploycmd.Run(ctx, opts)
	})
	if err := w.Run(deployed, "-y"); err != nil {
		t.Fatal(err)
	}
	w.Project.Resources = w.Project.Resources[:1]
	if err := w.Run(NewCmd(w.Factory, nil), "-y"); err != nil || w.Server.Function("hello") != nil || w.Server.Function("other") == nil {
		t.Fatalf("%v\n%s", err, w.Stderr())
	}
	w.WantStderr("s.yaml no longer has other", "s remove --prune")
	if err := w.Run(NewCmd(w.Factory, nil), "-y", "--prune"); err != nil || w.Server.Function("other") != nil {
		t.Fatalf("%v\n%s", err, w.Stderr())
	}
	if err := w.Run(NewCmd(w.Factory, nil), "-y", "--prune"); err != nil || strings.Contains(w.Stderr(), "other") {
		t.Errorf("%v\n%s", err, w.Stderr())
	}
}
