package infocmd

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/fcclient/fctest"
	"s/pkg/spec"
)

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

func TestInfo(t *testing.T) {
	t.Parallel()
	for edition, want := range map[string][]string{
		spec.Edition1: {"region:", "service:", "serviceId:", "function:", "functionName: ", "hello", "triggerName:", "system_url:"},
		spec.Edition3: {"functionName:", "functionId:", "createdTime:", "triggerName:", "system_url:"},
	} {
		w := cmdtest.New(t, edition)
		w.Resource().Function.EnvironmentVariables = map[string]string{"TOKEN": "sesame"}
		w.Resource().Triggers = []fc.Trigger{{TriggerName: "t", TriggerType: fc.TriggerHTTP, TriggerConfig: `{"methods":["GET"]}`}}
		put(t, w, w.Resource())
		if err := w.Run(NewCmd(w.Factory, nil)); err != nil {
			t.Fatal(err)
		}
		for _, part := range want {
			if !strings.Contains(w.Stdout(), part) {
				t.Errorf("%s: no %q in\n%s", edition, part, w.Stdout())
			}
		}
		if strings.Contains(w.Stdout(), "sesame") || w.Stderr() != "" || len(w.Server.Writes()) != 0 {
			t.Errorf("%s: stderr %q, writes %v, stdout\n%s", edition, w.Stderr(), w.Server.Writes(), w.Stdout())
		}
	}
}

func TestInfoOfSeveral(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	put(t, w, w.Resource())
	put(t, w, w.Add("other"))
	if err := w.Run(NewCmd(w.Factory, nil), "-o", "json"); err != nil {
		t.Fatal(err)
	}
	var all map[string]map[string]any
	if err := json.Unmarshal(w.Out.Bytes(), &all); err != nil || all["other"]["functionName"] != "other" || all["hello"]["functionName"] != "hello" {
		t.Errorf("%v: %s", err, w.Stdout())
	}
	if strings.Index(w.Stdout(), `"hello"`) > strings.Index(w.Stdout(), `"other"`) {
		t.Error("not in the file's order")
	}
}

// TestInfoOfSome: what isn't deployed is told, the rest is shown, by name.
func TestInfoOfSome(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	w.Add("a")
	put(t, w, w.Add("b"))
	w.Add("c")
	err := w.Run(NewCmd(w.Factory, nil), "-o", "json")
	var known *cmdutil.Error
	if !errors.As(err, &known) || known.Code != cmdutil.ExitCloud || !known.Quiet {
		t.Errorf("err = %v", err)
	}
	var got map[string]map[string]any
	if err := json.Unmarshal(w.Out.Bytes(), &got); err != nil || len(got) != 1 || got["b"]["functionName"] != "b" {
		t.Errorf("%v: %s", err, w.Stdout())
	}
	if strings.Count(w.Stderr(), "error: ") != 3 {
		t.Errorf("stderr %q", w.Stderr())
	}
	w.WantStderr("function hello is not deployed", "function a is not deployed", "function c is not deployed", "hint: s deploy")
	if err := w.Run(NewCmd(w.Factory, nil), "b", "-o", "json"); err != nil || json.Unmarshal(w.Out.Bytes(), &map[string]any{}) != nil || strings.Contains(w.Stdout(), `"b": {`) {
		t.Errorf("alone: %v %s", err, w.Stdout())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.RunContext(ctx, NewCmd(w.Factory, nil)); !errors.Is(err, context.Canceled) || w.Stdout()+w.Stderr() != "" {
		t.Errorf("interrupted: %v, %q %q", err, w.Stdout(), w.Stderr())
	}
}

func TestInfoErrors(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	var known *cmdutil.Error
	err := w.Run(NewCmd(w.Factory, nil))
	if !errors.As(err, &known) || known.Code != cmdutil.ExitCloud || known.Hint != "s deploy" || !fc.IsCode(err, fc.CodeFunctionNotFound) {
		t.Errorf("not deployed: %v", err)
	}
	w.Server.Fail(fctest.Failure{Status: 403, Body: `{"Code":"AccessDenied"}`})
	if err = w.Run(NewCmd(w.Factory, nil)); !fc.IsCode(err, fc.CodeAccessDenied) {
		t.Errorf("refused: %v", err)
	}
	if err = w.Run(NewCmd(w.Factory, nil), "nope"); !errors.As(err, &known) || known.Code != cmdutil.ExitUsage {
		t.Errorf("unknown: %v", err)
	}
	w.TargetErr = errors.New("no target")
	if err = w.Run(NewCmd(w.Factory, nil)); !errors.Is(err, w.TargetErr) {
		t.Errorf("err = %v", err)
	}
	var got *Options
	if err = w.Run(NewCmd(w.Factory, func(_ context.Context, o *Options) error { got = o; return nil }), "hello"); err != nil || len(got.Resources) != 1 || got.Resources[0] != "hello" {
		t.Errorf("%+v, %v", got, err)
	}
}
