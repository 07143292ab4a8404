package removecmd

import (
	"context"
	"errors"
	"strings"
	"testing"

	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	deploycmd "s/pkg/cmd/deploy"
	"s/pkg/fc"
	"s/pkg/fcclient/fctest"
	"s/pkg/spec"
)

// deployed is a world with a function that has two triggers and an asynchronous
// configuration, deployed by the command, so that it is in the ledger.
func deployed(t *testing.T, edition string) *cmdtest.World {
	t.Helper()
	w := cmdtest.New(t, edition)
	r := w.Resource()
	r.Triggers = []fc.Trigger{
		{TriggerName: "a", TriggerType: fc.TriggerTimer, TriggerConfig: `{}`}, {TriggerName: "b", TriggerType: fc.TriggerTimer, TriggerConfig: `{}`},
	}
	r.Around.Async = &fc.AsyncConfig{}
	deployAll(t, w)
	w.Server.Reset()
	return w
}

func deployAll(t *testing.T, w *cmdtest.World) {
	t.Helper()
	cmd := deploycmd.NewCmd(w.Factory, func(ctx context.Context, opts *deploycmd.Options) error {
		opts.Artifacts, opts.Build = nil, nil
		return deploycmd.Run(ctx, opts)
	})
	if err := w.Run(cmd, "-y"); err != nil {
		t.Fatal(err)
	}
}

// TestPartsAreRemoved, and nothing else; a deployment makes them again.
func TestPartsAreRemoved(t *testing.T) {
	t.Parallel()
	const base = "DELETE /2023-03-30/functions/hello"
	for line, want := range map[string][]string{
		"--trigger a":                       {base + "/triggers/a"},
		"--trigger=b":                       {base + "/triggers/b"},
		"--trigger":                         {base + "/triggers/a", base + "/triggers/b"},
		"--trigger a,b hello":               {base + "/triggers/a", base + "/triggers/b"},
		"--async-invoke-config":             {base + "/async-invoke-config"},
		"--trigger=a --async-invoke-config": {base + "/triggers/a", base + "/async-invoke-config"},
		"--function":                        {base + "/triggers/a", base + "/triggers/b", base + "/async-invoke-config", base},
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			w := deployed(t, spec.Edition3)
			if err := w.Run(NewCmd(w.Factory, nil), append(strings.Fields(line), "-y")...); err != nil {
				t.Fatal(err)
			}
			got := map[string]bool{}
			for _, write := range w.Server.Writes() {
				got[write] = true
			}
			for _, write := range want {
				if !got[write] {
					t.Errorf("no %s in %v", write, got)
				}
			}
			if len(got) != len(want) {
				t.Errorf("%v", got)
			}
			deployAll(t, w)
			if w.Server.Trigger("hello", "a") == nil || w.Server.Trigger("hello", "b") == nil || w.Server.Config("hello", "", "async-invoke-config") == nil {
				t.Errorf("not all is there again:\n%s", w.Stderr())
			}
		})
	}
}

// TestServiceStaysWithTheFlagFunction.
func TestServiceStaysWithTheFlagFunction(t *testing.T) {
	t.Parallel()
	w := deployed(t, spec.Edition1)
	if err := w.Run(NewCmd(w.Factory, nil), "--function", "-y"); err != nil || w.Server.Function("svc$hello") != nil || w.Server.Service("svc") == nil {
		t.Errorf("%v\n%s", err, w.Stderr())
	}
	if err := w.Run(NewCmd(w.Factory, nil), "-y"); err != nil || w.Server.Service("svc") != nil {
		t.Errorf("%v\n%s", err, w.Stderr())
	}
}

func TestBadScopes(t *testing.T) {
	t.Parallel()
	w := deployed(t, spec.Edition3)
	for _, line := range []string{"--trigger=nope", "--trigger nope", "--prune --trigger=a", "--function=code"} {
		err := w.Run(NewCmd(w.Factory, nil), append(strings.Fields(line), "-y")...)
		if err == nil || line != "--function=code" && code(err) != cmdutil.ExitUsage {
			t.Errorf("%s: %v", line, err)
		}
	}
	if writes := w.Server.Writes(); len(writes) > 0 {
		t.Errorf("written: %v", writes)
	}
	// One of s.yaml that isn't deployed is gone already.
	if err := w.Run(NewCmd(w.Factory, nil), "--trigger=a", "-y"); err != nil {
		t.Fatal(err)
	}
	if err := w.Run(NewCmd(w.Factory, nil), "--trigger=a", "-y"); err != nil || !strings.Contains(w.Stderr(), "nothing to remove") {
		t.Errorf("%v\n%s", err, w.Stderr())
	}
}

// TestAFailedRemovalSaysWhatIsLeft and how to go on; the next one does the rest.
func TestAFailedRemovalSaysWhatIsLeft(t *testing.T) {
	t.Parallel()
	w := deployed(t, spec.Edition1)
	client, err := w.Target.Client(w.Resource())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.PublishVersion(t.Context(), "svc$hello", ""); err != nil {
		t.Fatal(err)
	}
	w.Server.Fail(fctest.Failure{Method: "DELETE", Path: "/triggers/a", Times: 1, Status: 400, Body: `{"ErrorCode":"InvalidArgument","ErrorMessage":"no"}`})
	err = w.Run(NewCmd(w.Factory, nil), "-y")
	if code(err) != cmdutil.ExitCloud || !strings.Contains(hintOf(err), "run `s remove` again") {
		t.Errorf("%v, hint %q", err, hintOf(err))
	}
	w.WantStderr("- version svc@1", "trigger b removed", "trigger a failed", "function svc$hello was not tried", "version svc@1 was not tried", "service svc was not tried")
	if err := w.Run(NewCmd(w.Factory, nil), "-y"); err != nil || w.Server.Service("svc") != nil {
		t.Errorf("%v\n%s", err, w.Stderr())
	}
	w.WantStderr("version svc@1 removed")
}

// TestVersionsOfASharedServiceStay with it.
func TestVersionsOfASharedServiceStay(t *testing.T) {
	t.Parallel()
	w := world(t, spec.Edition1)
	put(t, w, w.Add("other"))
	client, err := w.Target.Client(w.Resource())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.PublishVersion(t.Context(), "svc$hello", ""); err != nil {
		t.Fatal(err)
	}
	if err := w.Run(NewCmd(w.Factory, nil), "other", "-y"); err != nil {
		t.Fatal(err)
	}
	w.WantStderr("version svc@1 stays: its service has other functions", "service svc stays: it has other functions")
	if err := w.Run(NewCmd(w.Factory, nil), "-y"); err != nil || w.Server.Service("svc") != nil || len(w.Server.Published("svc")) > 0 {
		t.Errorf("%v\n%s", err, w.Stderr())
	}
}

func hintOf(err error) string {
	var known *cmdutil.Error
	if errors.As(err, &known) {
		return known.Hint
	}
	return ""
}
