package deploy_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/fcclient"
	"s/pkg/fcclient/fctest"
)

// publish makes two versions of a function, or of its service, and an alias of each.
func publish(t *testing.T, remote *fcclient.Client, function string) {
	t.Helper()
	f, err := remote.GetFunction(t.Context(), function, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, alias := range []string{"old", "prod"} {
		f.Description = alias
		if _, err := remote.UpdateFunction(t.Context(), *f, nil); err != nil {
			t.Fatal(err)
		}
		v, err := remote.PublishVersion(t.Context(), function, "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := remote.CreateAlias(t.Context(), function, fc.Alias{AliasName: alias, VersionID: v.VersionID}); err != nil {
			t.Fatal(err)
		}
	}
}

// tail is the part of the writes that is about versions, aliases and what has them.
func tail(server *fctest.Server) []string {
	var out []string
	for _, w := range server.Writes() {
		path := w[strings.LastIndex(w[:len(w)-1], "/2")+len("/2023-03-30"):]
		if !strings.Contains(path, "trigger") {
			out = append(out, path)
		}
	}
	return out
}

// TestRemovalOfVersions: aliases go, then versions, then what had them; only its own.
func TestRemovalOfVersions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		v2    bool
		owner string
		want  []string
	}{
		{false, "hello", []string{
			"/functions/hello/aliases/old", "/functions/hello/aliases/prod", "/functions/hello/versions/2", "/functions/hello/versions/1", "/functions/hello",
		}},
		{true, "svc", []string{
			"/services/svc/functions/hello",
			"/services/svc/aliases/old", "/services/svc/aliases/prod", "/services/svc/versions/2", "/services/svc/versions/1", "/services/svc",
		}},
	} {
		server := fctest.New(t)
		remote := client(server, tt.v2)
		one := want3(t)
		if tt.v2 {
			one = want1(t)
		}
		apply(t, remote, one)
		publish(t, remote, one.Function.FunctionName)
		two := one
		two.Function.FunctionName = strings.Replace(one.Function.FunctionName, "hello", "other", 1)
		if tt.v2 {
			two.Service = &fc.Service{ServiceName: "svc2"}
			two.Function.FunctionName = "svc2$other"
		}
		apply(t, remote, two)
		publish(t, remote, two.Function.FunctionName)
		plan := removal(t, remote, one)
		server.Reset()
		if _, err := deploy.Remove(t.Context(), remote, plan, deploy.Hooks{}); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(tt.want, tail(server)); d != "" {
			t.Error(d)
		}
		if left := server.Published(tt.owner); len(left) > 0 {
			t.Errorf("left of it: %v", left)
		}
		other := two.Function.FunctionName
		if tt.v2 {
			other = "svc2"
		}
		if left := server.Published(other); len(left) != 4 {
			t.Errorf("left of the other: %v", left)
		}
	}
}

// TestVersionsOfAServiceInUseStay: they are all of its functions'.
func TestVersionsOfAServiceInUseStay(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, true)
	one := want1(t)
	apply(t, remote, one)
	publish(t, remote, "svc$hello")
	if _, err := remote.CreateFunction(t.Context(), fc.Function{FunctionName: "svc$other", Runtime: "custom", Handler: "x"}, nil); err != nil {
		t.Fatal(err)
	}
	plan := removal(t, remote, one)
	server.Reset()
	report, err := deploy.Remove(t.Context(), remote, plan, deploy.Hooks{})
	if err != nil || len(report.Skipped) != 5 || len(server.Published("svc")) != 4 || server.Function("svc$hello") != nil {
		t.Errorf("%v, %+v, left %v", err, report, server.Published("svc"))
	}
	asked := slices.DeleteFunc(server.Calls(), func(c fctest.Call) bool { return c.Write() || !strings.HasSuffix(c.Path, "/functions") })
	if len(asked) != 1 {
		t.Errorf("asked for the functions %d times", len(asked))
	}
}

// TestAVersionThatStaysKeepsTheFunction.
func TestAVersionThatStaysKeepsTheFunction(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, false)
	one := want3(t)
	apply(t, remote, one)
	publish(t, remote, "hello")
	server.Fail(fctest.Failure{Method: "DELETE", Path: "/versions/2", Status: 409, Body: `{"Code":"VersionInUse"}`})
	report, err := deploy.Remove(t.Context(), remote, removal(t, remote, one), deploy.Hooks{})
	var failed *deploy.ApplyError
	if !errors.As(err, &failed) || failed.Change.Name != "hello@2" {
		t.Fatalf("%v", err)
	}
	if d := cmp.Diff([]string{"function hello", "version hello@1"}, kinds(report.Skipped)); d != "" || server.Function("hello") == nil {
		t.Error(d)
	}
}

// TestInstancesEndBeforeTheFunction goes: they are waited for, and not forever.
func TestInstancesEndBeforeTheFunction(t *testing.T) {
	t.Parallel()
	for _, ends := range []bool{true, false} {
		server := fctest.New(t)
		remote := client(server, false)
		d := want3(t)
		apply(t, remote, d)
		if _, err := remote.PutProvisionConfig(t.Context(), "hello", "", fc.ProvisionConfig{DefaultTarget: 3}); err != nil {
			t.Fatal(err)
		}
		if _, err := remote.PutScalingConfig(t.Context(), "hello", "", fc.ScalingConfig{MinInstances: 1}); err != nil {
			t.Fatal(err)
		}
		plan := removal(t, remote, d)
		times := 2
		if !ends {
			times = 0
		}
		server.Fail(fctest.Failure{Method: "GET", Path: "provision-config", Times: times, Status: 200, Body: `{"target":0,"current":3}`})
		server.Fail(fctest.Failure{Method: "GET", Path: "scaling-config", Times: 1, Status: 200, Body: `{"currentInstances":1}`})
		var told []int
		report, err := deploy.Remove(t.Context(), remote, plan, deploy.Hooks{
			Sleep:   func(context.Context, time.Duration) error { return nil },
			Waiting: func(c deploy.Change, w deploy.Waiting) { told = append(told, w.Current) },
		})
		if ends {
			if err != nil || server.Function("hello") != nil || !slices.Equal(told, []int{3, 3, 0, 1, 0}) {
				t.Errorf("%v, told %v", err, told)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), "3 instances are still there after 15m") || server.Function("hello") == nil || len(report.Skipped) == 0 {
			t.Errorf("%v, %+v", err, report)
		}
	}
}

// TestRemovalOfParts.
func TestRemovalOfParts(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, true)
	d := want1(t)
	d.Around.Async = &fc.AsyncConfig{}
	apply(t, remote, d)
	publish(t, remote, "svc$hello")
	for _, tt := range []struct {
		scope deploy.Scope
		want  []string
	}{
		{deploy.Scope{Triggers: []string{"t2", "t9"}}, []string{"trigger t2"}},
		{deploy.Scope{Triggers: []string{deploy.AllTriggers}}, []string{"trigger t1", "trigger t2"}},
		{deploy.Scope{Async: true}, []string{"asyncInvokeConfig svc$hello"}},
		{deploy.Scope{Triggers: []string{"t1"}, Async: true}, []string{"asyncInvokeConfig svc$hello", "trigger t1"}},
		{deploy.Scope{Function: deploy.FunctionAll}, []string{"asyncInvokeConfig svc$hello", "function svc$hello", "trigger t1", "trigger t2"}},
	} {
		plan := removal(t, remote, d)
		plan.LimitRemoval(tt.scope)
		if d := cmp.Diff(tt.want, kinds(plan.Items)); d != "" {
			t.Errorf("%v: %s", tt.scope, d)
		}
	}
	plan := removal(t, remote, d)
	plan.LimitRemoval(deploy.Scope{Triggers: []string{"t1"}})
	report, err := deploy.Remove(t.Context(), remote, plan, deploy.Hooks{})
	if err != nil || server.Trigger("svc$hello", "t1") != nil || server.Trigger("svc$hello", "t2") == nil || report.State.Function == nil || len(report.State.Triggers) != 1 {
		t.Errorf("%v, %+v", err, report.State)
	}
}

// TestARenamedHTTPTrigger: a function has one for each version, so the old one goes
// before the new one is made; if it can't, that isn't tried.
func TestARenamedHTTPTrigger(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, false)
	d := want3(t)
	d.Triggers = []fc.Trigger{httpTrigger("a", "anonymous")}
	apply(t, remote, d)
	d.Triggers = []fc.Trigger{httpTrigger("b", "anonymous"), {TriggerName: "c", TriggerType: fc.TriggerTimer, TriggerConfig: `{}`}}
	d.Before = deploy.Footprint{Function: "hello", Triggers: []string{"a"}}
	server.Fail(fctest.Failure{Method: "DELETE", Path: "/triggers/a", Times: 1, Status: 400, Body: `{"Code":"InvalidArgument"}`})
	plan, _ := planned(t, remote, d)
	plan.Prune()
	report, err := deploy.Apply(t.Context(), remote, plan, deploy.Hooks{})
	if err == nil || !slices.Equal(kinds(report.Skipped), []string{"trigger b", "trigger c"}) {
		t.Errorf("%v, %+v", err, report)
	}
	server.Reset()
	plan, _ = planned(t, remote, d)
	plan.Prune()
	if _, err := deploy.Apply(t.Context(), remote, plan, deploy.Hooks{}); err != nil {
		t.Fatal(err)
	}
	const base = " /2023-03-30/functions/hello/triggers"
	if d := cmp.Diff([]string{"DELETE" + base + "/a", "POST" + base, "POST" + base}, server.Writes()); d != "" {
		t.Error(d)
	}
}
