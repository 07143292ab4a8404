package plancmd

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	deploycmd "s/pkg/cmd/deploy"
	"s/pkg/fc"
	"s/pkg/spec"
)

// deployed is the deploy command without builds.
func deployed(w *cmdtest.World) *cobra.Command {
	return deploycmd.NewCmd(w.Factory, func(ctx context.Context, opts *deploycmd.Options) error {
		opts.Artifacts, opts.Build = nil, nil
		return deploycmd.Run(ctx, opts)
	})
}

func hintOf(err error) string {
	var known *cmdutil.Error
	if errors.As(err, &known) {
		return known.Hint
	}
	return ""
}

func TestSavedPlanIsCarriedOut(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	w.Resource().Triggers = []fc.Trigger{{TriggerName: "t1", TriggerType: fc.TriggerTimer, TriggerConfig: `{"enable":true}`}}
	path := filepath.Join(t.TempDir(), "plan.json")
	plan := func() {
		t.Helper()
		if err := w.Run(command(w), "--out", path); err != nil {
			t.Fatal(err)
		}
		w.WantStderr("s deploy --plan " + path)
	}
	plan()
	if err := w.Run(deployed(w), "--plan", path); err != nil || w.Server.Trigger("hello", "t1") == nil {
		t.Fatalf("%v\n%s", err, w.Stderr())
	}
	w.Server.Reset()
	err := w.Run(deployed(w), "--plan", path)
	if cmdutil.CodeOf(err) != cmdutil.ExitFailed || len(w.Server.Writes()) > 0 || !strings.Contains(err.Error(), "what is deployed changed") || hintOf(err) != "s plan --out "+path {
		t.Errorf("a second time: %v, %q", err, hintOf(err))
	}
	plan()
	w.Resource().Function.Timeout = 5
	if err := w.Run(deployed(w), "--plan", path); err == nil || !strings.Contains(err.Error(), "s.yaml changed") {
		t.Errorf("%v", err)
	}
	w.Target.Credentials.AccountID = "2"
	if err := w.Run(deployed(w), "--plan", path); cmdutil.CodeOf(err) != cmdutil.ExitUsage || !strings.Contains(err.Error(), "another place") {
		t.Errorf("another account: %v", err)
	}
}

// TestPlanOfAPart, and what it says of what is left.
func TestPlanOfAPart(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	w.Add("other")
	w.Resource().Triggers = []fc.Trigger{{TriggerName: "t1", TriggerType: fc.TriggerTimer, TriggerConfig: `{"enable":true}`}}
	if err := w.Run(deployed(w), "-y"); err != nil {
		t.Fatal(err)
	}
	w.Project.Resources, w.Resource().Triggers = w.Project.Resources[:1], nil
	w.Resource().Function.Timeout = 7
	if err := w.Run(command(w), "--function", "code"); err != nil || strings.Contains(w.Stdout(), "timeout") || strings.Contains(w.Stderr(), "no longer") {
		t.Errorf("%v\n%s%s", err, w.Stdout(), w.Stderr())
	}
	if err := w.Run(command(w)); err != nil || !strings.Contains(w.Stdout(), "timeout") {
		t.Errorf("%v\n%s", err, w.Stdout())
	}
	w.WantStderr("hello no longer has the trigger t1", "s.yaml no longer has other")
	if err := w.Run(command(w), "--prune"); err != nil || !strings.Contains(w.Stdout(), "- trigger t1") {
		t.Errorf("%v\n%s", err, w.Stdout())
	}
	if err := w.Run(command(w), "--function=x"); cmdutil.CodeOf(err) != cmdutil.ExitUsage {
		t.Error(err)
	}
}
