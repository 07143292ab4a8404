package deploy_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/fcclient/fctest"
	"s/pkg/spec"
)

func openLedger(t *testing.T, dir string, place deploy.Place) *deploy.Ledger {
	t.Helper()
	l, err := deploy.OpenLedger(dir, place)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLedger(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cloud, here := deploy.Place{File: "s.yaml", Account: "1"}, deploy.Place{File: "s.yaml", Account: "1", Endpoint: "local"}
	one := deploy.Footprint{
		Resource: "a", Region: "r", Function: "fa", Triggers: []string{"t"}, Async: "LATEST", Concurrency: true, VPCBinding: []string{"v"},
		Domains: []deploy.DomainOfBefore{{Name: "d", Paths: []string{"/*"}}},
	}
	two := deploy.Footprint{Resource: "b", Region: "r", Service: "svc", Function: "svc$fb"}
	l := openLedger(t, dir, cloud)
	if err := l.Save(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, ".s")); err == nil {
		t.Error("nothing to note was written")
	}
	l.Record(one)
	other := openLedger(t, dir, cloud) // a deployment at the same time
	other.Record(two)
	local := openLedger(t, dir, here)
	local.Record(deploy.Footprint{Resource: "a", Region: "r", Function: "fa"})
	for _, l := range []*deploy.Ledger{l, other, local} {
		if err := l.Save(); err != nil {
			t.Fatal(err)
		}
	}
	l = openLedger(t, dir, cloud)
	if d := cmp.Diff([]deploy.Footprint{one, two}, []deploy.Footprint{l.Before("r", "fa"), l.Before("r", "svc$fb")}); d != "" {
		t.Error(d)
	}
	if got := l.Before("elsewhere", "fa"); got.Function != "" {
		t.Errorf("%+v", got)
	}
	names := func(list []deploy.Footprint) (out []string) {
		for _, f := range list {
			out = append(out, f.Resource)
		}
		return out
	}
	has := func(words ...string) func(string) bool {
		return func(n string) bool { return slices.Contains(words, n) }
	}
	nothing := func(string, string) bool { return false }
	if got := names(l.Dropped(has("a"), nothing)); !slices.Equal(got, []string{"b"}) {
		t.Errorf("dropped %v", got)
	}
	// A resource that has another name now is the same function.
	if got := names(l.Dropped(has("x"), func(_, f string) bool { return f == "fa" })); !slices.Equal(got, []string{"b"}) {
		t.Errorf("renamed: dropped %v", got)
	}
	before, _ := os.ReadFile(filepath.Join(dir, ".s", "deployed.json"))
	l.Record(one)
	l.Forget("r", "never")
	if err := l.Save(); err != nil {
		t.Fatal(err)
	}
	l.Forget("r", "fa")
	l.Forget("r", "svc$fb")
	if err := l.Save(); err != nil {
		t.Fatal(err)
	}
	after, _ := os.ReadFile(filepath.Join(dir, ".s", "deployed.json"))
	if string(before) == string(after) || openLedger(t, dir, cloud).Before("r", "fa").Function != "" || openLedger(t, dir, here).Before("r", "fa").Function == "" {
		t.Errorf("forgotten: %s", after)
	}
}

func TestBrokenLedger(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"{", `{"version":2}`} {
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, ".s"), 0o755); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, ".s", "deployed.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := deploy.OpenLedger(dir, deploy.Place{File: "s.yaml"})
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", text, err)
		}
		l.Record(deploy.Footprint{Resource: "a", Region: "r", Function: "f"})
		if err := l.Save(); err != nil || openLedger(t, dir, deploy.Place{File: "s.yaml"}).Before("r", "f").Resource != "a" {
			t.Errorf("%s: it isn't mended: %v", text, err)
		}
	}
}

// TestPrune: what s.yaml no longer has goes if it was deployed from here; what was
// made by hand stays.
func TestPrune(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, false)
	first := desired(t, around3(t))
	first.Triggers = append(first.Triggers, fc.Trigger{TriggerName: "t2", TriggerType: fc.TriggerTimer, TriggerConfig: `{"enable":true}`})
	report := apply(t, remote, first)
	if _, err := remote.CreateTrigger(t.Context(), "hello", fc.Trigger{TriggerName: "byhand", TriggerType: fc.TriggerTimer}); err != nil {
		t.Fatal(err)
	}
	r := around3(t)
	r.Around.Domains = nil
	d := desired(t, r)
	d.Before = deploy.NewFootprint(first, report.State)
	plan, steps := planned(t, remote, d)
	want := []deploy.Leftover{{Kind: deploy.KindTrigger, Name: "t2"}, {Kind: deploy.KindDomain, Name: "a.example.com"}}
	if diff := cmp.Diff(want, plan.Leftovers()); diff != "" || len(steps) > 0 {
		t.Fatalf("%s, steps %v", diff, steps)
	}
	plan.Prune()
	if plan.Count(deploy.Delete) != 2 || !slices.Equal(plan.Unmanaged, []string{"byhand"}) {
		t.Fatalf("%+v", plan)
	}
	after, err := deploy.Apply(t.Context(), remote, plan, deploy.Hooks{})
	if err != nil || server.Trigger("hello", "t2") != nil || server.Trigger("hello", "byhand") == nil || server.Domain("a.example.com") != nil {
		t.Errorf("%v", err)
	}
	d.Before = deploy.NewFootprint(d, after.State)
	if plan, _ = planned(t, remote, d); len(plan.Leftovers()) > 0 {
		t.Errorf("left: %v", plan.Leftovers())
	}
}

// TestDroppedResource: a footprint is enough to remove a function with all it has.
func TestDroppedResource(t *testing.T) {
	t.Parallel()
	for _, v2 := range []bool{false, true} {
		server := fctest.New(t)
		remote := client(server, v2)
		r := around3(t)
		if v2 {
			r.Service, r.Function.FunctionName = &fc.Service{ServiceName: "svc"}, "svc$hello"
			r.Around.Concurrency, r.Around.Provision = nil, nil
		}
		d := desired(t, r)
		footprint := deploy.NewFootprint(d, apply(t, remote, d).State)
		plan := removal(t, remote, footprint.Desired())
		if _, err := deploy.Remove(t.Context(), remote, plan, deploy.Hooks{}); err != nil {
			t.Fatal(err)
		}
		if server.Function(d.Function.FunctionName) != nil || server.Domain("a.example.com") != nil || server.Service("svc") != nil {
			t.Errorf("v2 %v: something is left", v2)
		}
	}
}

func TestScope(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, false)
	base := around3(t)
	base.Triggers = append(base.Triggers, httpTrigger("t2", "function"))
	if err := deploy.Plan(desired(t, base), deploy.Actual{}).Limit(deploy.Scope{Async: true}); err == nil || !strings.Contains(err.Error(), "hello") {
		t.Errorf("nothing is deployed: %v", err)
	}
	apply(t, remote, desired(t, base))
	changed := around3(t)
	changed.Function.Timeout, changed.Around.Async.AsyncTask, changed.Around.Concurrency.ReservedConcurrency = 9, false, 1
	changed.Triggers = []fc.Trigger{httpTrigger("t1", "function"), httpTrigger("t2", "anonymous")}
	d := desired(t, changed)
	d.Code = archive(t, "2")
	for _, tt := range []struct {
		scope deploy.Scope
		want  string
	}{
		{deploy.Scope{}, "function+timeout+code trigger:t1 trigger:t2 asyncInvokeConfig:hello concurrencyConfig:hello"},
		{deploy.Scope{Function: deploy.FunctionAll}, "function+timeout+code"},
		{deploy.Scope{Function: deploy.FunctionCode}, "function+code"},
		{deploy.Scope{Function: deploy.FunctionConfig}, "function+timeout"},
		{deploy.Scope{Triggers: []string{deploy.AllTriggers}}, "trigger:t1 trigger:t2"},
		{deploy.Scope{Triggers: []string{"t2"}}, "trigger:t2"},
		{deploy.Scope{Async: true, Triggers: []string{"t1"}}, "trigger:t1 asyncInvokeConfig:hello"},
	} {
		plan, _ := planned(t, remote, d)
		if err := plan.Limit(tt.scope); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range plan.Items {
			switch {
			case c.Action == deploy.None:
			case c.Kind == deploy.KindFunction:
				text := "function"
				for _, f := range c.Fields {
					text += "+" + f.Path
				}
				if c.Code != nil {
					text += "+code"
				}
				got = append(got, text)
			default:
				got = append(got, string(c.Kind)+":"+c.Name)
			}
		}
		if text := strings.Join(got, " "); text != tt.want {
			t.Errorf("%s: %s, want %s", tt.scope, text, tt.want)
		}
	}
	// The code alone is sent without the changed configuration.
	plan, _ := planned(t, remote, d)
	if err := plan.Limit(deploy.Scope{Function: deploy.FunctionCode}); err != nil {
		t.Fatal(err)
	}
	if _, err := deploy.Apply(t.Context(), remote, plan, deploy.Hooks{}); err != nil {
		t.Fatal(err)
	}
	if f := server.Function("hello"); f["timeout"] == 9.0 || f["codeChecksum"] != d.Code.Checksum {
		t.Errorf("timeout %v, code %v", f["timeout"], f["codeChecksum"])
	}
	if unknown := (deploy.Scope{Triggers: []string{"t1", "nope"}}).Unknown(d); !slices.Equal(unknown, []string{"nope"}) {
		t.Errorf("unknown %v", unknown)
	}
	if (deploy.Scope{Function: "x"}).Check() == nil || (deploy.Scope{Function: "code"}).Check() != nil {
		t.Error("check")
	}
}

func TestSavedPlan(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, false)
	resource := func() *spec.Resource {
		r := around3(t)
		r.Function.EnvironmentVariables = map[string]string{"API_KEY": "sesame", "LEVEL": "info"}
		return r
	}
	path := filepath.Join(t.TempDir(), "plan.json")
	place := deploy.Place{File: "s.yaml", Account: "1"}
	plan, _ := planned(t, remote, desired(t, resource()))
	if err := deploy.Save(path, deploy.Saved{Place: place}, []*deploy.Changes{plan}, nil); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if info, _ := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 || strings.Contains(string(text), "sesame") {
		t.Fatalf("%v, %v: %s", err, info.Mode(), text)
	}
	saved, err := deploy.ReadSaved(path)
	if err != nil || saved.Place != place || !slices.Equal(saved.Names(), []string{"hello"}) {
		t.Fatalf("%+v, %v", saved, err)
	}
	fits := func(change func(*deploy.Desired)) error {
		d := desired(t, resource())
		change(&d)
		plan, _ := planned(t, remote, d)
		return saved.Fits(plan)
	}
	if err := fits(func(*deploy.Desired) {}); err != nil {
		t.Errorf("nothing changed: %v", err)
	}
	for want, change := range map[string]func(*deploy.Desired){
		"s.yaml changed": func(d *deploy.Desired) {
			d.Function.EnvironmentVariables = map[string]string{"API_KEY": "simsim", "LEVEL": "info"}
		},
		"the code changed":            func(d *deploy.Desired) { d.Code = archive(t, "2") },
		"s.yaml and the code changed": func(d *deploy.Desired) { d.Code, d.Around.Async = archive(t, "2"), nil },
		"hello2 is out of date: s.yaml": func(d *deploy.Desired) {
			d.Resource = "hello2"
		},
	} {
		if err := fits(change); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	apply(t, remote, desired(t, resource()))
	if err := fits(func(*deploy.Desired) {}); err == nil || !strings.Contains(err.Error(), "what is deployed changed") {
		t.Errorf("deployed meanwhile: %v", err)
	}
	for _, text := range []string{"", "{}", `{"version":9,"salt":"x"}`, `{"version":1,"salt":"x","resources":[{}]}`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := deploy.ReadSaved(path); err == nil {
			t.Errorf("%q is a plan", text)
		}
	}
}

// TestTimesAndInstancesDoNotAgePlans: what changes by itself is no change.
func TestTimesAndInstancesDoNotAgePlans(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, false)
	d := desired(t, around3(t))
	apply(t, remote, d)
	path := filepath.Join(t.TempDir(), "plan.json")
	plan, _ := planned(t, remote, d)
	if err := deploy.Save(path, deploy.Saved{}, []*deploy.Changes{plan}, nil); err != nil {
		t.Fatal(err)
	}
	saved, err := deploy.ReadSaved(path)
	if err != nil {
		t.Fatal(err)
	}
	server.SetFunction("hello", map[string]any{"lastModifiedTime": "later"})
	server.SetConfig("hello", "", "provision-config", map[string]any{"current": 0})
	plan, _ = planned(t, remote, d)
	if err := saved.Fits(plan); err != nil {
		t.Error(err)
	}
	server.SetConfig("hello", "", "concurrency", map[string]any{"reservedConcurrency": 99})
	plan, _ = planned(t, remote, d)
	if err := saved.Fits(plan); err == nil {
		t.Error("a changed bound fits")
	}
}

// TestRouteMoves: the path that s.yaml had goes with the new one, and those of
// others stay.
func TestRouteMoves(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, false)
	first := desired(t, around3(t))
	before := deploy.NewFootprint(first, apply(t, remote, first).State)
	have, err := remote.GetCustomDomain(t.Context(), "a.example.com")
	if err != nil {
		t.Fatal(err)
	}
	have.RouteConfig.Routes = append(have.RouteConfig.Routes, fc.PathConfig{Path: "/others", FunctionName: "other"})
	if _, err := remote.UpdateCustomDomain(t.Context(), *have); err != nil {
		t.Fatal(err)
	}
	r := around3(t)
	r.Around.Domains[0].RouteConfig.Routes[0].Path = "/new"
	d := desired(t, r)
	d.Before = before
	plan, steps := planned(t, remote, d)
	if len(steps) != 1 || !strings.HasSuffix(steps[0], "routes.[/*]") || !strings.Contains(steps[0], "routes.[/new].functionName") {
		t.Fatalf("planned %q", steps)
	}
	if _, err := deploy.Apply(t.Context(), remote, plan, deploy.Hooks{}); err != nil {
		t.Fatal(err)
	}
	if have, err = remote.GetCustomDomain(t.Context(), "a.example.com"); err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, route := range have.RouteConfig.Routes {
		paths = append(paths, route.Path)
	}
	if !slices.Equal(paths, []string{"/others", "/new"}) {
		t.Errorf("routes %v", paths)
	}
}
