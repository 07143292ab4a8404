package deploy_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/fcclient/fctest"
	"s/pkg/spec"
)

// around3 is a function of edition 3.0.0 with everything around it.
func around3(t *testing.T) *spec.Resource {
	t.Helper()
	retries := 2
	return &spec.Resource{
		Name: "hello", Region: "cn-hangzhou",
		Function: fc.Function{FunctionName: "hello", Runtime: "python3.10", Handler: "index.handler"},
		Triggers: []fc.Trigger{httpTrigger("t1", "anonymous")},
		Around: spec.Around{
			Async:          &fc.AsyncConfig{AsyncTask: true, MaxAsyncEventAgeInSeconds: 3600, MaxAsyncRetryAttempts: &retries},
			AsyncQualifier: "LATEST",
			Concurrency:    &fc.ConcurrencyConfig{ReservedConcurrency: 10},
			Provision:      &fc.ProvisionConfig{DefaultTarget: 1, AlwaysAllocateCPU: true},
			VPCBinding:     []string{"vpc-1"},
			Domains: []fc.CustomDomain{{
				DomainName: "a.example.com", Protocol: "HTTP",
				RouteConfig: &fc.RouteConfig{Routes: []fc.PathConfig{{Path: "/*", Methods: []string{"GET"}}}},
				CertConfig:  &fc.CertConfig{CertName: "c", Certificate: "PEM", PrivateKey: "sesame"},
			}},
		},
	}
}

func desired(t *testing.T, r *spec.Resource) deploy.Desired {
	t.Helper()
	return deploy.Want(r, archive(t, "1"), nil, nil)
}

// planned gives the steps of a plan that change something.
func planned(t *testing.T, remote deploy.Remote, d deploy.Desired) (*deploy.Changes, []string) {
	t.Helper()
	actual, err := deploy.Read(t.Context(), remote, d)
	if err != nil {
		t.Fatal(err)
	}
	plan := deploy.Plan(d, actual)
	var steps []string
	for _, c := range plan.Items {
		if c.Action == deploy.None {
			continue
		}
		step := string(c.Action) + " " + string(c.Kind) + " " + c.Name
		for _, f := range c.Fields {
			if c.Action == deploy.Update {
				step += " " + f.Path
			}
		}
		steps = append(steps, step)
	}
	return plan, steps
}

func TestEverythingAroundAFunction(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, false)
	d := desired(t, around3(t))
	report := apply(t, remote, d)
	writes := server.Writes()
	slices.Sort(writes)
	if d := cmp.Diff([]string{
		"POST /2023-03-30/custom-domains", "POST /2023-03-30/functions", "POST /2023-03-30/functions/hello/triggers",
		"POST /2023-03-30/functions/hello/vpc-bindings", "PUT /2023-03-30/functions/hello/async-invoke-config",
		"PUT /2023-03-30/functions/hello/concurrency", "PUT /2023-03-30/functions/hello/provision-config",
	}, writes); d != "" {
		t.Error(d)
	}
	route := server.Domain("a.example.com")["routeConfig"].(map[string]any)["routes"].([]any)[0].(map[string]any)
	if route["functionName"] != "hello" || route["qualifier"] != "LATEST" || server.Config("hello", "", "concurrency")["reservedConcurrency"] != 10.0 {
		t.Errorf("route %v", route)
	}
	server.Reset()
	if _, steps := planned(t, remote, d); len(steps) > 0 {
		t.Errorf("it drifts: %v", steps)
	}
	if n := len(server.Calls()); n != 7 { // one for each thing there is
		t.Errorf("%d calls: %v", n, server.Calls())
	}
	text, err := json.Marshal(deploy.Result(d, report.State, true))
	if err != nil || strings.Contains(string(text), "sesame") {
		t.Errorf("%v: a private key is shown: %s", err, text)
	}
	for _, part := range []string{
		`"asyncInvokeConfig":{"qualifier":"LATEST"`, `"vpcBinding":{"vpcIds":["vpc-1"]}`, `"customDomain":{"domainName":"a.example.com"`,
		`"reservedConcurrency":10`, `"custom_domain":"a.example.com"`, `"current":1`,
	} {
		if !strings.Contains(string(text), part) {
			t.Errorf("the result has no %s: %s", part, text)
		}
	}
}

func TestEditionOneAround(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, true)
	r := around3(t)
	r.Service, r.Function.FunctionName = &fc.Service{ServiceName: "svc"}, "svc$hello"
	r.Around.Concurrency, r.Around.Provision = nil, nil
	d := desired(t, r)
	apply(t, remote, d)
	if _, steps := planned(t, remote, d); len(steps) > 0 {
		t.Errorf("it drifts: %v", steps)
	}
	route := server.Domain("a.example.com")["routeConfig"].(map[string]any)["routes"].([]any)[0].(map[string]any)
	if route["serviceName"] != "svc" || route["functionName"] != "hello" || !slices.Equal(server.Bindings("svc"), []string{"vpc-1"}) {
		t.Errorf("route %v, bindings %v", route, server.Bindings("svc"))
	}
	if c := server.Config("svc$hello", "", "async-invoke-config"); c["statefulInvocation"] != true {
		t.Errorf("async %v", c)
	}
	if _, err := deploy.Remove(t.Context(), remote, removal(t, remote, d), deploy.Hooks{}); err != nil {
		t.Fatal(err)
	}
	if server.Service("svc") != nil || server.Domain("a.example.com") != nil || len(server.Bindings("svc")) > 0 {
		t.Error("something is left")
	}
}

// TestOneChangeAround: a change of s.yaml is the plan, and nothing else.
func TestOneChangeAround(t *testing.T) {
	t.Parallel()
	none := 0
	for want, change := range map[string]func(*spec.Around){
		"update asyncInvokeConfig hello asyncTask":             func(a *spec.Around) { a.Async.AsyncTask = false },
		"update asyncInvokeConfig hello maxAsyncRetryAttempts": func(a *spec.Around) { a.Async.MaxAsyncRetryAttempts = &none },
		"update asyncInvokeConfig hello destinationConfig.onFailure.destination": func(a *spec.Around) {
			a.Async.DestinationConfig = &fc.DestinationConfig{OnFailure: &fc.Destination{Destination: "arn"}}
		},
		"update concurrencyConfig hello reservedConcurrency": func(a *spec.Around) { a.Concurrency.ReservedConcurrency = 3 },
		"update provisionConfig hello scheduledActions": func(a *spec.Around) {
			a.Provision.ScheduledActions = []fc.ScheduledAction{{Name: "n", ScheduleExpression: "cron(0 0 1 * * *)", Target: 2}}
		},
		"update vpcBinding hello vpcIds":                            func(a *spec.Around) { a.VPCBinding = []string{"vpc-2"} },
		"update customDomain a.example.com routes.[/*].methods":     func(a *spec.Around) { a.Domains[0].RouteConfig.Routes[0].Methods = nil },
		"update customDomain a.example.com routes.[/*].qualifier":   func(a *spec.Around) { a.Domains[0].RouteConfig.Routes[0].Qualifier = "1" },
		"update customDomain a.example.com certConfig.certificate":  func(a *spec.Around) { a.Domains[0].CertConfig.Certificate = "PEM2" },
		"update customDomain a.example.com protocol":                func(a *spec.Around) { a.Domains[0].Protocol = "HTTPS" },
		"create scalingConfig hello":                                func(a *spec.Around) { a.Scaling = &fc.ScalingConfig{MinInstances: 1} },
		"create asyncInvokeConfig hello@prod":                       func(a *spec.Around) { a.AsyncQualifier = "prod" },
		"create customDomain b.example.com":                         func(a *spec.Around) { a.Domains[0].DomainName = "b.example.com" },
		"update customDomain a.example.com wafConfig.enableWAF":     func(a *spec.Around) { a.Domains[0].WAFConfig = &fc.WAFConfig{EnableWAF: true} },
		"update provisionConfig hello alwaysAllocateCPU":            func(a *spec.Around) { a.Provision.AlwaysAllocateCPU = false },
		"update customDomain a.example.com corsConfig.allowOrigins": func(a *spec.Around) { a.Domains[0].CORSConfig = &fc.CORSConfig{AllowOrigins: []string{"*"}} },
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			server := fctest.New(t)
			remote := client(server, false)
			apply(t, remote, desired(t, around3(t)))
			r := around3(t)
			change(&r.Around)
			d := desired(t, r)
			plan, steps := planned(t, remote, d)
			if !slices.Equal(steps, []string{want}) {
				t.Fatalf("planned %q", steps)
			}
			if _, err := deploy.Apply(t.Context(), remote, plan, deploy.Hooks{}); err != nil {
				t.Fatal(err)
			}
			if _, steps := planned(t, remote, d); len(steps) > 0 {
				t.Errorf("planned again: %q", steps)
			}
		})
	}
}

// TestDroppedBlocks: what an earlier deployment made and s.yaml no longer has goes;
// what others made stays unread.
func TestDroppedBlocks(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, false)
	first := desired(t, around3(t))
	report := apply(t, remote, first)
	r := around3(t)
	r.Around = spec.Around{}
	bare := desired(t, r)
	server.Reset()
	if _, steps := planned(t, remote, bare); len(steps) > 0 || len(server.Calls()) != 2 {
		t.Errorf("without a state: %v, %d calls", steps, len(server.Calls()))
	}
	bare.Before = deploy.NewFootprint(first, report.State)
	plan, steps := planned(t, remote, bare)
	want := []string{
		"delete asyncInvokeConfig hello", "delete concurrencyConfig hello", "delete provisionConfig hello", "delete vpcBinding hello",
	}
	if d := cmp.Diff(want, steps); d != "" {
		t.Fatal(d)
	}
	after, err := deploy.Apply(t.Context(), remote, plan, deploy.Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"async-invoke-config", "concurrency", "provision-config"} {
		if server.Config("hello", "", kind) != nil {
			t.Errorf("%s is left", kind)
		}
	}
	if len(server.Bindings("hello")) > 0 {
		t.Error("a binding is left")
	}
	bare.Before = deploy.NewFootprint(bare, after.State)
	if bare.Before.Async != "" || bare.Before.Concurrency || bare.Before.Provision != "" || bare.Before.VPCBinding != nil {
		t.Errorf("it is remembered still: %+v", bare.Before)
	}
	// A domain isn't the function's alone: it is offered, not planned.
	if len(bare.Before.Domains) != 1 || !slices.Equal(bare.Before.Domains[0].Paths, []string{"/*"}) {
		t.Errorf("domains %+v", bare.Before.Domains)
	}
}

// TestQualifierMoves: the configuration of the old version or alias goes.
func TestQualifierMoves(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, false)
	first := desired(t, around3(t))
	report := apply(t, remote, first)
	r := around3(t)
	r.Around.ProvisionQualifier = "prod"
	d := desired(t, r)
	d.Before = deploy.NewFootprint(first, report.State)
	plan, steps := planned(t, remote, d)
	if !slices.Equal(steps, []string{"delete provisionConfig hello", "create provisionConfig hello@prod"}) {
		t.Fatalf("planned %q", steps)
	}
	if _, err := deploy.Apply(t.Context(), remote, plan, deploy.Hooks{}); err != nil {
		t.Fatal(err)
	}
	if server.Config("hello", "", "provision-config") != nil || server.Config("hello", "prod", "provision-config") == nil {
		t.Error("it is where it was")
	}
}

// TestDomainIsShared: routes of others stay, through changes and removal.
func TestDomainIsShared(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, false)
	one, two := around3(t), around3(t)
	two.Name, two.Function.FunctionName = "other", "other"
	two.Around = spec.Around{Domains: []fc.CustomDomain{{DomainName: "a.example.com", RouteConfig: &fc.RouteConfig{Routes: []fc.PathConfig{{Path: "/other"}}}}}}
	locks := &deploy.Locks{}
	done := make(chan error)
	plans := map[string]*deploy.Changes{}
	for _, r := range []*spec.Resource{one, two} {
		plans[r.Name], _ = planned(t, remote, desired(t, r))
	}
	for _, plan := range plans { // both want to create it
		go func() {
			_, err := deploy.Apply(t.Context(), remote, plan, deploy.Hooks{Locks: locks})
			done <- err
		}()
	}
	for range plans {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	paths := func() []string {
		d, err := remote.GetCustomDomain(t.Context(), "a.example.com")
		if fc.IsNotFound(err) {
			return nil
		}
		var out []string
		for _, r := range d.RouteConfig.Routes {
			out = append(out, r.Path)
		}
		slices.Sort(out)
		return out
	}
	if got := paths(); !slices.Equal(got, []string{"/*", "/other"}) {
		t.Fatalf("routes %v", got)
	}
	for _, r := range []*spec.Resource{one, two} {
		if _, steps := planned(t, remote, desired(t, r)); len(steps) > 0 {
			t.Errorf("%s drifts: %v", r.Name, steps)
		}
	}
	var kept []string
	_, err := deploy.Remove(t.Context(), remote, removal(t, remote, desired(t, one)), deploy.Hooks{Done: func(c deploy.Change, err error) {
		if deploy.Kept(err) {
			kept = append(kept, c.Name)
		}
	}})
	if err != nil || !slices.Equal(kept, []string{"a.example.com"}) || !slices.Equal(paths(), []string{"/other"}) {
		t.Fatalf("%v, kept %v, routes %v", err, kept, paths())
	}
	if _, err := deploy.Remove(t.Context(), remote, removal(t, remote, desired(t, two)), deploy.Hooks{}); err != nil || paths() != nil {
		t.Errorf("%v, routes %v", err, paths())
	}
}

func TestInstancesAreWaitedFor(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, false)
	d := desired(t, around3(t))
	const path = "provision-config"
	server.Fail(fctest.Failure{Method: "PUT", Path: path, Times: 1, Status: 200, Body: `{"defaultTarget":1,"target":1,"current":0}`})
	server.Fail(fctest.Failure{Method: "GET", Path: path, Times: 1, Status: 404, Body: `{"Code":"ProvisionConfigNotFound"}`}) // the plan
	server.Fail(fctest.Failure{Method: "GET", Path: path, Times: 1, Status: 200, Body: `{"defaultTarget":1,"target":1,"current":0,"currentError":"no memory"}`})
	server.Fail(fctest.Failure{Method: "GET", Path: path, Times: 1, Status: 200, Body: `{"defaultTarget":1,"target":1,"current":1}`})
	plan, _ := planned(t, remote, d)
	var told []deploy.Waiting
	var slept time.Duration
	report, err := deploy.Apply(t.Context(), remote, plan, deploy.Hooks{
		Waiting: func(_ deploy.Change, w deploy.Waiting) { told = append(told, w) },
		Sleep:   func(_ context.Context, d time.Duration) error { slept += d; return nil },
	})
	want := []deploy.Waiting{{Target: 1}, {Target: 1, Problem: "no memory"}, {Current: 1, Target: 1}}
	if err != nil || cmp.Diff(want, told) != "" || slept == 0 || report.State.Around.Provision.Current != 1 {
		t.Errorf("%v, told %+v, slept %v", err, told, slept)
	}
}

func TestInstancesDoNotComeForever(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, false)
	r := around3(t)
	r.Around.Scaling, r.Around.Provision = &fc.ScalingConfig{MinInstances: 2}, nil
	plan, _ := planned(t, remote, desired(t, r))
	server.Fail(fctest.Failure{Path: "scaling-config", Status: 200, Body: `{"minInstances":2,"targetInstances":2,"currentInstances":1,"currentError":"no pool"}`})
	var slept time.Duration
	_, err := deploy.Apply(t.Context(), remote, plan, deploy.Hooks{Sleep: func(_ context.Context, d time.Duration) error { slept += d; return nil }})
	var late *deploy.InstancesError
	if !errors.As(err, &late) || late.Current != 1 || !strings.Contains(err.Error(), "1 of 2 instances after 15m") || !strings.Contains(err.Error(), "no pool") {
		t.Errorf("%v after %v", err, slept)
	}
	// In the mode async nothing is waited for.
	r.Around.ScalingMode, slept = "async", 0
	server.Reset()
	plan, _ = planned(t, remote, desired(t, r))
	server.Fail(fctest.Failure{Path: "scaling-config", Status: 200, Body: `{"minInstances":2,"targetInstances":2}`})
	_, err = deploy.Apply(t.Context(), remote, plan, deploy.Hooks{Sleep: func(_ context.Context, d time.Duration) error { slept += d; return nil }})
	if err != nil || slept > 0 {
		t.Errorf("%v, slept %v", err, slept)
	}
}

// TestOrderOfBounds: a wider bound comes before what it must allow, a narrower one
// after it.
func TestOrderOfBounds(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, false)
	order := func(reserved, target int) []string {
		t.Helper()
		r := around3(t)
		r.Around.Concurrency.ReservedConcurrency, r.Around.Provision.DefaultTarget = reserved, target
		server.Reset()
		apply(t, remote, desired(t, r))
		var out []string
		for _, w := range server.Writes() {
			if kind := w[strings.LastIndexByte(w, '/')+1:]; kind == "concurrency" || kind == "provision-config" {
				out = append(out, kind)
			}
		}
		return out
	}
	if got := order(5, 5); !slices.Equal(got, []string{"concurrency", "provision-config"}) {
		t.Errorf("made: %v", got)
	}
	if got := order(10, 8); !slices.Equal(got, []string{"concurrency", "provision-config"}) {
		t.Errorf("wider: %v", got)
	}
	if got := order(2, 1); !slices.Equal(got, []string{"provision-config", "concurrency"}) {
		t.Errorf("narrower: %v", got)
	}
}
