package deploy_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/fcclient"
	"s/pkg/fcclient/fctest"
)

func removal(t *testing.T, remote *fcclient.Client, desired deploy.Desired) *deploy.Changes {
	t.Helper()
	plan, err := deploy.PlanRemoval(context.Background(), remote, desired)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func TestRemove(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, true)
	desired := want1(t)
	apply(t, remote, desired)
	// A trigger that s.yaml doesn't know is in the way and goes, too.
	if _, err := remote.CreateTrigger(context.Background(), "svc$hello", fc.Trigger{TriggerName: "byhand", TriggerType: fc.TriggerTimer}); err != nil {
		t.Fatal(err)
	}
	plan := removal(t, remote, desired)
	if plan.Count(deploy.Delete) != 5 {
		t.Errorf("plan %+v", plan.Items)
	}
	server.Reset()
	report, err := deploy.Remove(context.Background(), remote, plan, deploy.Hooks{})
	if err != nil || len(report.Done) != 5 {
		t.Fatalf("err %v, report %+v", err, report)
	}
	writes := server.Writes()
	base := "DELETE /2021-04-06/services/svc"
	slices.Sort(writes[:3])
	want := []string{
		base + "/functions/hello/triggers/byhand", base + "/functions/hello/triggers/t1", base + "/functions/hello/triggers/t2",
		base + "/functions/hello", base,
	}
	if d := cmp.Diff(want, writes); d != "" {
		t.Error(d)
	}
	if server.Service("svc") != nil || server.Function("svc$hello") != nil {
		t.Error("something is left")
	}
	if !removal(t, remote, desired).Empty() {
		t.Error("there is something to remove still")
	}
}

// TestRemoveWhatWasConfiguredByHand: it is in the way of the function, and read once.
func TestRemoveWhatWasConfiguredByHand(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, false)
	desired := want3(t)
	apply(t, remote, desired)
	name := desired.Function.FunctionName
	for _, vpc := range []string{"vpc-a", "vpc-b"} {
		if err := remote.CreateVPCBinding(t.Context(), name, vpc); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := remote.PutConcurrencyConfig(t.Context(), name, fc.ConcurrencyConfig{ReservedConcurrency: 3}); err != nil {
		t.Fatal(err)
	}
	plan := removal(t, remote, desired)
	server.Reset()
	report, err := deploy.Remove(t.Context(), remote, plan, deploy.Hooks{})
	if err != nil || len(report.State.Around.VPCBinding) > 0 || report.State.Around.Concurrency != nil {
		t.Fatalf("err %v, report %+v", err, report)
	}
	base := "DELETE /2023-03-30/functions/" + name
	for _, want := range []string{base + "/vpc-bindings/vpc-a", base + "/vpc-bindings/vpc-b", base + "/concurrency", base} {
		if !slices.Contains(server.Writes(), want) {
			t.Errorf("no %s in %q", want, server.Writes())
		}
	}
}

func TestRemoveKeepsAServiceInUse(t *testing.T) {
	t.Parallel()
	for _, late := range []bool{false, true} {
		server := fctest.New(t)
		remote := client(server, true)
		desired := want1(t)
		apply(t, remote, desired)
		if late { // it is found only when the service refuses
			server.Fail(fctest.Failure{Method: "DELETE", Path: "/services/svc", Status: 409, Body: `{"ErrorCode":"ServiceNotEmpty"}`})
			desired.Function.FunctionName = "svc$other"
		} else if _, err := remote.CreateFunction(context.Background(), fc.Function{FunctionName: "svc$other", Runtime: "custom", Handler: "x"}, nil); err != nil {
			t.Fatal(err)
		}
		var kept atomic.Bool
		report, err := deploy.Remove(context.Background(), remote, removal(t, remote, desired), deploy.Hooks{
			Done: func(c deploy.Change, err error) {
				if c.Kind == deploy.KindService && deploy.Kept(err) {
					kept.Store(true)
				}
			},
		})
		if err != nil || !kept.Load() || len(report.Skipped) != 1 || server.Service("svc") == nil {
			t.Errorf("late %t: err %v, kept %t, report %+v", late, err, kept.Load(), report)
		}
	}
}

func TestFailedRemovalStops(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, true)
	desired := want1(t)
	apply(t, remote, desired)
	plan := removal(t, remote, desired)
	server.Fail(fctest.Failure{Method: "DELETE", Path: "/triggers/t1", Status: 403, Body: `{"ErrorCode":"AccessDenied"}`})
	report, err := deploy.Remove(context.Background(), remote, plan, deploy.Hooks{})
	var failed *deploy.ApplyError
	if !errors.As(err, &failed) || !fc.IsCode(err, fc.CodeAccessDenied) {
		t.Fatalf("err = %v", err)
	}
	if d := cmp.Diff([][]string{{"trigger t2"}, {"trigger t1"}, {"function svc$hello", "service svc"}},
		[][]string{kinds(report.Done), kinds(report.Failed), kinds(report.Skipped)}); d != "" {
		t.Error(d)
	}
	if server.Function("svc$hello") == nil {
		t.Error("the function is gone")
	}
}

func TestRemovingWhatIsGoneMeanwhile(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, false)
	desired := want3(t)
	apply(t, remote, desired)
	plan := removal(t, remote, desired)
	if _, err := deploy.Remove(context.Background(), remote, plan, deploy.Hooks{}); err != nil {
		t.Fatal(err)
	}
	if _, err := deploy.Remove(context.Background(), remote, plan, deploy.Hooks{}); err != nil {
		t.Errorf("the second time: %v", err)
	}
}

func TestPlanRemovalErrors(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	server.Fail(fctest.Failure{Status: 403, Body: `{"Code":"AccessDenied"}`})
	if _, err := deploy.PlanRemoval(context.Background(), client(server, false), want3(t)); !fc.IsCode(err, fc.CodeAccessDenied) {
		t.Errorf("err = %v", err)
	}
}
