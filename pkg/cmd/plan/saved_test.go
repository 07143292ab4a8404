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
	"s/pkg/fcclient"
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

// dropped has two deployed resources, of which s.yaml has only hello still.
func dropped(t *testing.T) (*cmdtest.World, string) {
	t.Helper()
	w := cmdtest.New(t, spec.Edition3)
	w.Add("other")
	if err := w.Run(deployed(w), "-y"); err != nil {
		t.Fatal(err)
	}
	w.Project.Resources = w.Project.Resources[:1]
	w.Server.Reset()
	return w, filepath.Join(t.TempDir(), "plan.json")
}

func TestSavedPlanRemovesWhatIsDropped(t *testing.T) {
	t.Parallel()
	w, path := dropped(t)
	if err := w.Run(command(w), "--out", path); err != nil || strings.Contains(w.Stdout(), "other") {
		t.Fatalf("%v\n%s", err, w.Stdout())
	}
	w.WantStderr("s.yaml no longer has other", "it stays; `s plan --prune` plans to delete it")
	if err := w.Run(deployed(w), "--plan", path); err != nil || w.Server.Function("other") == nil {
		t.Fatalf("a plan without --prune: %v", err)
	}
	if err := w.Run(command(w), "--prune", "--out", path); err != nil || !strings.Contains(w.Stdout(), "- function other") {
		t.Fatalf("%v\n%s", err, w.Stdout())
	}
	if err := w.Run(command(w), "--prune", "-o", "json"); err != nil || strings.Index(w.Stdout(), `"other"`) < strings.Index(w.Stdout(), `"hello"`) {
		t.Fatalf("%v\n%s", err, w.Stdout())
	}
	if err := w.Run(deployed(w), "--plan", path); err != nil || w.Server.Function("other") != nil || w.Server.Function("hello") == nil {
		t.Fatalf("%v\n%s", err, w.Stderr())
	}
	w.WantStderr("- function other", "other function other deleted")
	w.Server.Reset()
	if err := w.Run(deployed(w), "--plan", path); cmdutil.CodeOf(err) != cmdutil.ExitFailed || len(w.Server.Writes()) > 0 {
		t.Errorf("a second time: %v", err)
	}
}

// TestSavedPlanThatNoLongerFitsWhatIsDropped: nothing is done at all.
func TestSavedPlanThatNoLongerFitsWhatIsDropped(t *testing.T) {
	t.Parallel()
	for about, tt := range map[string]struct {
		change func(w *cmdtest.World, client *fcclient.Client) error
		says   string
	}{
		"another version": {func(w *cmdtest.World, client *fcclient.Client) error {
			_, err := client.PublishVersion(w.T.Context(), "other", "")
			return err
		}, "the plan for other is out of date: what is deployed changed"},
		"another trigger": {func(w *cmdtest.World, client *fcclient.Client) error {
			_, err := client.CreateTrigger(w.T.Context(), "other", fc.Trigger{TriggerName: "t", TriggerType: fc.TriggerTimer, TriggerConfig: `{"enable":true}`})
			return err
		}, "the plan for other is out of date: what is deployed changed"},
		"it is back": {func(w *cmdtest.World, _ *fcclient.Client) error {
			w.Add("other")
			return nil
		}, "the plan for other is out of date: what is left of earlier deployments changed"},
		"another is gone": {func(w *cmdtest.World, _ *fcclient.Client) error {
			w.Add("third")
			defer func() { w.Project.Resources = w.Project.Resources[:1] }()
			return w.Run(deployed(w), "third", "-y")
		}, "the plan for third is out of date: what is left of earlier deployments changed"},
	} {
		t.Run(about, func(t *testing.T) {
			t.Parallel()
			w, path := dropped(t)
			w.Resource().Function.Timeout = 7
			if err := w.Run(command(w), "--prune", "--out", path); err != nil {
				t.Fatal(err)
			}
			client, err := w.Target.Client(w.Resource())
			if err != nil {
				t.Fatal(err)
			}
			if err := tt.change(w, client); err != nil {
				t.Fatal(err)
			}
			w.Server.Reset()
			err = w.Run(deployed(w), "--plan", path)
			if cmdutil.CodeOf(err) != cmdutil.ExitFailed || !strings.Contains(err.Error(), tt.says) || len(w.Server.Writes()) > 0 {
				t.Errorf("%v, %v", err, w.Server.Writes())
			}
			if want := "s plan --prune --out " + path; hintOf(err) != want {
				t.Errorf("hint %q", hintOf(err))
			}
		})
	}
}

// TestSavedPlanOfSomeLeavesOthersAlone: what is gone isn't in it, nor asked for.
func TestSavedPlanOfSomeLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	w, path := dropped(t)
	w.Resource().Function.Timeout = 7
	if err := w.Run(command(w), "hello", "--prune", "--out", path); err != nil || strings.Contains(w.Stderr(), "other") {
		t.Fatalf("%v\n%s", err, w.Stderr())
	}
	if err := w.Run(deployed(w), "--plan", path); err != nil || w.Server.Function("other") == nil || w.Server.Function("hello")["timeout"] != 7.0 {
		t.Fatalf("%v\n%s", err, w.Stderr())
	}
}
