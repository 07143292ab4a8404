package gateway

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"s/pkg/fc"
	"s/pkg/local/store"
	"s/pkg/runtime/instance"
)

// publish publishes what a function is now and gives the version.
func (w *world) publish(function string) string {
	w.t.Helper()
	v, err := w.store.PublishVersion(region, store.Owner(function), "", "now", func(*store.Service) error { return nil })
	if err != nil {
		w.t.Fatal(err)
	}
	return v.Version.VersionID
}

// alias points an alias at a version, and at others by weight.
func (w *world) alias(function, name, version string, weights map[string]float64) {
	w.t.Helper()
	owner := store.Owner(function)
	_, err := w.store.UpdateAlias(region, owner, name, func(a *store.Alias) error {
		a.Alias.VersionID, a.Alias.AdditionalVersionWeight = version, weights
		return nil
	})
	if err != nil {
		err = w.store.CreateAlias(&store.Alias{Region: region, Owner: owner, Alias: fc.Alias{
			AliasName: name, VersionID: version, AdditionalVersionWeight: weights,
		}})
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.g.Moved(region, owner)
}

// tellVersion answers with what an instance of the pool is.
func tellVersion(_ context.Context, p *fakePool, inv *instance.Invocation) (*instance.Result, error) {
	body := p.cfg.Qualifier + " " + p.cfg.VersionID
	if inv.R != nil {
		_, err := inv.W.Write([]byte(body))
		return &instance.Result{Written: true}, err
	}
	return &instance.Result{Body: []byte(body), InstanceID: "c-1"}, nil
}

// Every qualifier has a pool of its own; what changes one leaves the others alone.
func TestQualifiers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run = tellVersion
	w.deploy("f", "python3", "one")
	w.publish("f")
	w.deploy("f", "python3", "two")
	w.publish("f")
	w.alias("f", "prod", "1", nil)
	ask := func(qualifier, body, version string) {
		t.Helper()
		g := w.do("POST", "/invoke/f?qualifier="+qualifier, "")
		if g.StatusCode != 200 || g.body != body || g.Header.Get("X-Fc-Invocation-Service-Version") != version {
			t.Errorf("%s: %d %q, version %s", qualifier, g.StatusCode, g.body, g.Header.Get("X-Fc-Invocation-Service-Version"))
		}
	}
	ask("", "LATEST ", "LATEST")
	ask("1", "1 1", "1")
	ask("2", "2 2", "2")
	ask("prod", "prod 1", "1")
	one, err := w.store.Resolve(region, "f", "1", nil)
	if err != nil || w.pool(1).cfg.CodeDir == w.pool(0).cfg.CodeDir || w.pool(1).cfg.CodeDir != w.pool(3).cfg.CodeDir ||
		w.do("POST", "/invoke/f?qualifier=1", "").Header.Get("X-Fc-Code-Checksum") != one.Function.Code.Checksum {
		t.Errorf("code: %v", err)
	}
	w.deploy("f", "python3", "three")
	soon(t, "the old pool of LATEST drained", func() bool { return w.pool(0).endedAs() == "drained" })
	ask("1", "1 1", "1")
	for i := 1; i < 4; i++ {
		if how := w.pool(i).endedAs(); how != "" {
			t.Errorf("pool %d is %s", i, how)
		}
	}
	w.alias("f", "prod", "2", nil)
	soon(t, "the pool that the alias had drained", func() bool { return w.pool(3).endedAs() == "drained" })
	ask("prod", "prod 2", "2")
	ask("1", "1 1", "1")
	if err := w.store.DeleteVersion(region, "f", "1"); err != nil {
		t.Fatal(err)
	}
	w.g.Moved(region, "f")
	soon(t, "the pool of the version drained", func() bool { return w.pool(1).endedAs() == "drained" })
	w.want(w.do("POST", "/invoke/f?qualifier=1", ""), 404, "VersionNotFound")
	if how := w.pool(2).endedAs(); how != "" {
		t.Errorf("the pool of version 2 is %s", how)
	}
}

// The share of a version is that of its weight. The numbers are drawn from a known
// source, so the bound is one that this test can't miss by chance.
func TestCanary(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run = tellVersion
	source := rand.New(rand.NewPCG(1, 2))
	var mu sync.Mutex
	draws := 0
	w.g.cfg.Random = func() float64 {
		mu.Lock()
		defer mu.Unlock()
		draws++
		return source.Float64()
	}
	for range 3 {
		w.deploy("f", "python3", fmt.Sprint("v", time.Now()))
		w.publish("f")
	}
	w.alias("f", "prod", "1", map[string]float64{"2": 0.2, "3": 0.1})
	const n = 3000
	shares := map[string]float64{}
	target := Target{Region: region, Function: "f", Qualifier: "prod"}
	for range n {
		result, e, err := w.g.invoke(t.Context(), target, &instance.Invocation{}, "")
		if err != nil || string(result.Body) != "prod "+e.VersionID {
			t.Fatalf("%v, %v", result, err)
		}
		shares[e.VersionID] += 1.0 / n
	}
	for version, want := range map[string]float64{"1": 0.7, "2": 0.2, "3": 0.1} {
		if sigma := math.Sqrt(want * (1 - want) / n); math.Abs(shares[version]-want) > 3*sigma {
			t.Errorf("version %s: share %.3f, want %.3f", version, shares[version], want)
		}
	}
	if draws != n {
		t.Errorf("%d draws for %d requests", draws, n)
	}
}

// An alias that chooses by content does so by the headers of whatever request: to the
// API, to a trigger, to a domain, or kept for later.
func TestContentAlias(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run = tellVersion
	accepted := make(chan *store.Event, 1)
	w.g.cfg.Accept = func(e *store.Event) error { accepted <- e; return nil }
	for _, code := range []string{"one", "two"} {
		w.deploy("f", "custom", code)
		w.publish("f")
	}
	w.alias("f", "prod", "1", map[string]float64{"2": 1})
	_, err := w.store.UpdateAlias(region, "f", "prod", func(a *store.Alias) error {
		a.Alias.ResolvePolicy = fc.ResolveContent
		a.Alias.RoutePolicy = &fc.RoutePolicy{Items: []fc.PolicyItem{{Type: fc.PolicyHeader, Key: "x-test-uid", Operator: "in", Value: "7,8"}}}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	host := w.trigger("f", anonymous("POST"))
	if _, err := w.store.UpdateTrigger(region, "f", "http", func(tr *store.Trigger) error { tr.Trigger.Qualifier = "prod"; return nil }); err != nil {
		t.Fatal(err)
	}
	w.domain("a.example", routes(fc.PathConfig{Path: "/*", FunctionName: "f", Qualifier: "prod"}))
	for header, want := range map[string]string{"X-Test-Uid: 7": "prod 2", "X-Test-Uid: 9": "prod 1", "X-Other: 7": "prod 1"} {
		for path, to := range map[string]string{"/invoke/f?qualifier=prod": "Host: localhost", "/": "Host: " + host, "/x": "Host: a.example"} {
			if g := w.do("POST", path, "", to, header); g.StatusCode != 200 || g.body != want {
				t.Errorf("%s %s %s: %d %s, want %s", to, path, header, g.StatusCode, g.body, want)
			}
		}
		w.want(w.do("POST", "/", "", "Host: "+host, header, "X-Fc-Invocation-Type: Async"), 202, "")
		result, err := w.g.InvokeEvent(t.Context(), <-accepted, &instance.Invocation{})
		if err != nil || string(result.Body) != want {
			t.Errorf("later, %s: %+v, %v, want %s", header, result, err, want)
		}
	}
}

// A trigger runs the version that its qualifier leads to, and a runtime that isn't
// LATEST's gets requests in its own way.
func TestTriggersOfQualifiers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run = tellVersion
	w.deploy("f", "custom", "one")
	w.publish("f")
	w.alias("f", "prod", "1", nil)
	_, err := w.store.UpdateFunction(region, "f", func(f *store.Function) error { f.Function.Runtime = "python3"; return nil })
	if err != nil {
		t.Fatal(err)
	}
	w.g.Changed(region, "f")
	for _, qualifier := range []string{"LATEST", "1", "prod"} {
		err := w.store.CreateTrigger(&store.Trigger{
			Region: region, Function: "f", Host: "f-" + strings.ToLower(qualifier), HTTP: &fc.HTTPTriggerConfig{AuthType: "anonymous", Methods: []string{"GET"}},
			Trigger: fc.Trigger{TriggerName: qualifier, TriggerType: "http", Qualifier: qualifier},
		}, func([]*store.Trigger) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	for host, want := range map[string]string{"f-latest": "LATEST ", "f-1": "1 1", "f-prod": "prod 1"} {
		if g := w.do("GET", "/", "", "Host: "+host+"."+region+suffix); g.StatusCode != 200 || g.body != want {
			t.Errorf("%s: %d %q", host, g.StatusCode, g.body)
		}
	}
	if err := w.store.DeleteAlias(region, "f", "prod", func(*store.Alias) error { return nil }); err != nil {
		t.Fatal(err)
	}
	w.g.Moved(region, "f")
	w.want(w.do("GET", "/", "", "Host: f-prod."+region+suffix), 404, "AliasNotFound")
}

// Aliases move while they are called: every request is answered by a version that
// the alias led to, and no pool is left that nothing leads to.
func TestAliasesMoveWhileTheyAreCalled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run = tellVersion
	for i := range 2 {
		w.deploy("f", "python3", fmt.Sprint(i))
		w.publish("f")
	}
	w.alias("f", "prod", "1", map[string]float64{"2": 0.5})
	stop := make(chan struct{})
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				g := w.do("POST", "/invoke/f?qualifier=prod", "")
				if g.StatusCode != 200 || g.body != "prod 1" && g.body != "prod 2" {
					t.Errorf("%d %q", g.StatusCode, g.body)
					return
				}
			}
		})
	}
	for i := range 30 {
		w.alias("f", "prod", []string{"1", "2"}[i%2], []map[string]float64{nil, {"1": 0.5}, nil}[i%3])
	}
	w.alias("f", "prod", "2", nil)
	close(stop)
	callers.Wait()
	w.do("POST", "/invoke/f?qualifier=prod", "")
	var left []string
	for _, e := range w.g.entriesOf(region, "f") {
		left = append(left, e.Qualifier+" "+e.VersionID)
	}
	if d := cmp.Diff([]string{"prod 2"}, left); d != "" {
		t.Error(d)
	}
}

// Of an alias, the instances that are to be there are those of its main version.
func TestScaleOfAnAlias(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run = tellVersion
	w.g.cfg.Scale = func(_, _, qualifier string) instance.Scale {
		if qualifier == "prod" {
			return instance.Scale{Min: 2}
		}
		return instance.Scale{}
	}
	for i := range 2 {
		w.deploy("f", "python3", fmt.Sprint(i))
		w.publish("f")
	}
	w.alias("f", "prod", "1", map[string]float64{"2": 1})
	w.g.Scaled(region, "f", "prod")
	w.scaled(0, instance.Scale{Min: 2})
	if p := w.pool(0); p.cfg.VersionID != "1" || p.cfg.Qualifier != "prod" {
		t.Errorf("%+v", p.cfg)
	}
	if n, _ := w.g.Kept(region, "f", "prod"); n != 2 {
		t.Error(n)
	}
	if n, _ := w.g.Kept(region, "f", "1"); n != 0 {
		t.Error(n)
	}
	if g := w.do("POST", "/invoke/f?qualifier=prod", ""); g.body != "prod 2" {
		t.Error(g.body)
	}
	w.scaled(1, instance.Scale{})
	w.alias("f", "prod", "2", nil) // what was the canary
	w.g.Scaled(region, "f", "prod")
	w.scaled(1, instance.Scale{Min: 2})
	soon(t, "the old one drained", func() bool { return w.pool(0).endedAs() == "drained" })
}
