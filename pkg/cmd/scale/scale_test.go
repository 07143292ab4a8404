package scalecmd

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	"s/pkg/fc"
	"s/pkg/fcclient/fctest"
	"s/pkg/spec"
)

// world is a project whose function is deployed.
func world(t *testing.T, edition string) *cmdtest.World {
	t.Helper()
	w := cmdtest.New(t, edition)
	client, err := w.Target.Client(w.Resource())
	if err != nil {
		t.Fatal(err)
	}
	if s := w.Resource().Service; s != nil {
		if _, err := client.CreateService(t.Context(), *s); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := client.CreateFunction(t.Context(), w.Resource().Function, &fc.Code{ZipFile: "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="}); err != nil {
		t.Fatal(err)
	}
	w.Server.Reset()
	return w
}

// run runs "s <line>" as a user would.
func run(w *cmdtest.World, line ...string) error {
	w.T.Helper()
	for _, cmd := range NewCmds(w.Factory, nil) {
		if cmd.Name() == line[0] {
			return w.Run(cmd, line[1:]...)
		}
	}
	w.T.Fatalf("no command %s", line[0])
	return nil
}

func TestPutGetRemove(t *testing.T) {
	t.Parallel()
	tests := []struct {
		edition, name, kind, qualifier string
		put                            []string
		want                           map[string]any // what is stored, in part
		get                            string         // a part of what is shown
	}{
		{
			spec.Edition3, "provision", "provision-config", "prod",
			[]string{
				"--qualifier", "prod", "--target", "2", "--ac",
				"--scheduled-actions", `[{"name":"day","target":5,"scheduleExpression":"cron(0 0 8 * * *)"}]`,
			},
			map[string]any{"defaultTarget": 2.0, "alwaysAllocateCPU": true, "alwaysAllocateGPU": false},
			`"target": 2`,
		},
		{spec.Edition1, "provision", "provision-config", "prod", []string{"--qualifier", "prod", "--default-target", "3"}, map[string]any{"target": 3.0}, `"target": 3`},
		{
			spec.Edition3, "scaling", "scaling-config", "LATEST",
			[]string{"--min-instances", "1", "--horizontal-scaling-policies", `[{"name":"cpu","metricType":"CPUUtilization","metricTarget":0.6,"minInstances":1,"maxInstances":4}]`},
			map[string]any{"minInstances": 1.0},
			`"minInstances": 1`,
		},
		{spec.Edition3, "concurrency", "concurrency", "", []string{"--reserved-concurrency", "10"}, map[string]any{"reservedConcurrency": 10.0}, `"reservedConcurrency": 10`},
		{spec.Edition1, "ondemand", "on-demand-config", "prod", []string{"--qualifier", "prod", "--max", "7"}, map[string]any{"maximumInstanceCount": 7.0}, `"maximumInstanceCount": 7`},
	}
	for _, tt := range tests {
		t.Run(tt.edition+" "+tt.name, func(t *testing.T) {
			t.Parallel()
			w := world(t, tt.edition)
			function := w.Resource().Function.FunctionName
			var of []string
			if i := slices.Index(tt.put, "--qualifier"); i >= 0 {
				of = tt.put[i : i+2]
			}
			if err := run(w, slices.Concat([]string{tt.name, "put", "-o", "json"}, tt.put)...); err != nil {
				t.Fatal(err)
			}
			stored := w.Server.Config(function, tt.qualifier, tt.kind)
			got := maps.Clone(stored)
			maps.DeleteFunc(got, func(k string, _ any) bool { _, asked := tt.want[k]; return !asked })
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("stored %v: %s", stored, diff)
			}
			if err := run(w, slices.Concat([]string{tt.name, "get", "-o", "json"}, of)...); err != nil || !strings.Contains(w.Stdout(), tt.get) {
				t.Errorf("get: %v\n%s", err, w.Stdout())
			}
			if err := run(w, slices.Concat([]string{tt.name, "remove"}, of)...); cmdutil.CodeOf(err) != cmdutil.ExitUsage {
				t.Errorf("removed without a yes: %v", err)
			}
			w.TTY(false)
			if err := run(w, slices.Concat([]string{tt.name, "remove"}, of)...); cmdutil.CodeOf(err) != cmdutil.ExitFailed || w.Server.Config(function, tt.qualifier, tt.kind) == nil {
				t.Errorf("removed against a no: %v", err)
			}
			w.TTY(true)
			if err := run(w, slices.Concat([]string{tt.name, "remove"}, of)...); err != nil {
				t.Fatal(err)
			}
			if len(w.Prompter.Asked) != 2 {
				t.Errorf("asked %q", w.Prompter.Asked)
			}
		})
	}
}

// TestGetOfNothing: what isn't there is an error that says so; to remove it is
// none.
func TestGetOfNothing(t *testing.T) {
	t.Parallel()
	w := world(t, spec.Edition3)
	for _, name := range []string{"scaling", "concurrency", "provision"} {
		err := run(w, name, "get")
		if cmdutil.CodeOf(err) != cmdutil.ExitCloud || !fc.IsNotFound(err) {
			t.Errorf("%s get: %v", name, err)
		}
	}
	w.Server.Fail(fctest.Failure{Status: 404, Body: `{"Code":"ProvisionConfigNotFound"}`})
	if err := run(w, "provision", "remove", "-y"); err != nil || !strings.Contains(w.Stderr(), "hello/LATEST has no provision configuration") {
		t.Errorf("%v: %s", err, w.Stderr())
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	w := world(t, spec.Edition3)
	for _, name := range []string{"provision", "scaling"} {
		if err := run(w, name, "list", "-o", "raw"); err != nil || w.Stdout() != "[]\n" {
			t.Errorf("%s: %v %q", name, err, w.Stdout())
		}
	}
	if err := run(w, "provision", "put", "--qualifier", "a", "--target", "1"); err != nil {
		t.Fatal(err)
	}
	if err := run(w, "provision", "put", "--qualifier", "b", "--target", "2"); err != nil {
		t.Fatal(err)
	}
	if err := run(w, "provision", "list", "-o", "json"); err != nil {
		t.Fatal(err)
	}
	var list []fc.ProvisionStatus
	if err := json.Unmarshal(w.Out.Bytes(), &list); err != nil || len(list) != 2 || list[0].Target+list[1].Target != 3 {
		t.Errorf("%v: %s", err, w.Stdout())
	}
}

func TestBadCommandLines(t *testing.T) {
	t.Parallel()
	w := world(t, spec.Edition3)
	for _, line := range [][]string{
		{"provision", "put"},
		{"provision", "put", "--scheduled-actions", "{"},
		{"provision", "put", "--target-tracking-policies", `{"name":"a list is needed"}`},
		{"scaling", "put"},
		{"scaling", "put", "--scheduled-policies", "nope"},
		{"scaling", "put", "--horizontal-scaling-policies", "nope"},
		{"concurrency", "put"},
		{"concurrency", "get", "a", "b"},
		{"concurrency", "get", "nobody"},
	} {
		if err := run(w, line...); cmdutil.CodeOf(err) != cmdutil.ExitUsage {
			t.Errorf("%v: %v", line, err)
		}
	}
	if writes := w.Server.Writes(); len(writes) != 0 {
		t.Errorf("written: %v", writes)
	}
	if err := run(w, "ondemand", "get"); err == nil || !strings.Contains(err.Error(), "2021-04-06") {
		t.Errorf("ondemand in FC 3.0: %v", err)
	}
	w.Server.Fail(fctest.Failure{Status: 403, Body: `{"Code":"AccessDenied"}`})
	var known *cmdutil.Error
	if err := run(w, "concurrency", "get"); !errors.As(err, &known) || known.Code != cmdutil.ExitCloud || known.Hint == "" {
		t.Errorf("refused: %v", err)
	}
}

func TestOptionsOfCommands(t *testing.T) {
	t.Parallel()
	w := world(t, spec.Edition3)
	var got *Options
	var groups []*cobra.Command
	for _, cmd := range NewCmds(w.Factory, func(_ context.Context, o *Options) error { got = o; return nil }) {
		groups = append(groups, cmd)
		if err := w.Run(cmd, "remove", "hello", "-y"); err != nil || got.Resource != "hello" || !got.Yes {
			t.Errorf("%s: %v %+v", cmd.Name(), err, got)
		}
	}
	if len(groups) != 4 {
		t.Errorf("%d groups", len(groups))
	}
	if err := w.Run(groups[0]); err != nil || !strings.Contains(w.Stdout(), "put") {
		t.Errorf("help: %v %s", err, w.Stdout())
	}
}
