package plancmd

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	"s/pkg/deploy"
	"s/pkg/fcclient/fctest"
	"s/pkg/spec"
)

func command(w *cmdtest.World) *cobra.Command {
	return NewCmd(w.Factory, func(ctx context.Context, opts *Options) error {
		opts.Artifacts = nil
		return Run(ctx, opts)
	})
}

func TestPlanShowsAndWritesNothing(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition1)
	w.Resource().Function.EnvironmentVariables = map[string]string{"API_KEY": "sesame"}
	if err := w.Run(command(w)); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"hello (cn-hangzhou)", "+ service svc", "+ function svc$hello", "memorySize: 1536", `API_KEY: "***"`, "Plan: 2 to create"} {
		if !strings.Contains(w.Stdout(), part) {
			t.Errorf("no %q in\n%s", part, w.Stdout())
		}
	}
	if writes := w.Server.Writes(); len(writes) != 0 {
		t.Errorf("writes %v", writes)
	}
}

func TestPlanAsData(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	w.Add("other")
	if err := w.Run(command(w), "-o", "json"); err != nil {
		t.Fatal(err)
	}
	var plans map[string]struct {
		Resource string
		Changes  []deploy.Change
	}
	if err := json.Unmarshal(w.Out.Bytes(), &plans); err != nil || len(plans) != 2 || plans["other"].Resource != "other" ||
		strings.Index(w.Stdout(), `"hello"`) > strings.Index(w.Stdout(), `"other"`) {
		t.Fatalf("%v: %s", err, w.Stdout())
	}
	if c := plans["hello"].Changes[0]; c.Action != deploy.Create || c.Kind != deploy.KindFunction || c.Code == nil {
		t.Errorf("%+v", c)
	}
	if err := w.Run(command(w), "other", "-o", "raw"); err != nil || strings.Contains(w.Stdout(), `"hello"`) {
		t.Errorf("one resource: %v %s", err, w.Stdout())
	}
}

func TestPlanErrors(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	var known *cmdutil.Error
	if err := w.Run(command(w), "nope"); !errors.As(err, &known) || known.Code != cmdutil.ExitUsage {
		t.Errorf("unknown resource: %v", err)
	}
	w.Server.Fail(fctest.Failure{Status: 403, Times: 2, Body: `{"Code":"AccessDenied","Message":"no"}`})
	if err := w.Run(command(w)); !errors.As(err, &known) || known.Code != cmdutil.ExitCloud || known.Hint == "" {
		t.Errorf("refused: %v", err)
	}
	if err := os.RemoveAll(w.CodeDir); err != nil {
		t.Fatal(err)
	}
	if err := w.Run(command(w)); err == nil || !strings.Contains(err.Error(), filepath.Base(w.CodeDir)) {
		t.Errorf("no code: %v", err)
	}
	w.TargetErr = cmdutil.WithCode(cmdutil.ExitCredentials, errors.New("none"))
	if err := w.Run(command(w)); !errors.As(err, &known) || known.Code != cmdutil.ExitCredentials {
		t.Errorf("no credentials: %v", err)
	}
}

func TestPlanFlags(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	var got *Options
	if err := w.Run(NewCmd(w.Factory, func(_ context.Context, o *Options) error { got = o; return nil }), "hello", "--no-default-ignore"); err != nil || len(got.Resources) != 1 || got.Resources[0] != "hello" || got.Artifacts == nil || !got.NoDefaultIgnore {
		t.Errorf("%+v, %v", got, err)
	}
}
