package gateway

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"s/pkg/fc"
	"s/pkg/local/store"
	"s/pkg/runtime/instance"
)

// restrict is what the API does: the store first, then the gateway.
func (w *world) restrict(function string, r fc.FunctionRestriction, abort bool) {
	w.t.Helper()
	if _, err := w.store.UpdateAdmission(region, function, func(a *store.Admission) { a.Restriction = &r }); err != nil {
		w.t.Fatal(err)
	}
	w.g.Restricted(region, function, abort)
}

func TestDisabledFunctionRefuses(t *testing.T) {
	w := newWorld(t)
	w.deploy("f", "python3.10", "1")
	host := w.trigger("f", fc.HTTPTriggerConfig{AuthType: "anonymous", Methods: []string{"POST"}})
	w.want(w.do("POST", "/invoke/f", "x"), 200, "")
	w.restrict("f", fc.FunctionRestriction{Disable: true, Reason: "out of business"}, false)
	if ended := w.pool(0).endedAs(); ended != "drained" && ended != "" {
		t.Errorf("its instances were %s", ended)
	}
	for what, g := range map[string]got{
		"invoke":  w.do("POST", "/invoke/f", "x"),
		"async":   w.do("POST", "/invoke/f", "x", "X-Fc-Invocation-Type: Async"),
		"trigger": w.do("POST", "/", "x", "Host: "+host),
		"proxy":   w.do("POST", "/proxy/f/", "x"),
	} {
		if w.want(g, 403, "FunctionInvocationDisabled"); !strings.Contains(g.body, "out of business") {
			t.Errorf("%s: %s", what, g.body)
		}
	}
	// New code and a warm-up start nothing.
	w.deploy("f", "python3.10", "2")
	if err := w.g.Warm(t.Context(), region, "f"); err == nil {
		t.Error("it was warmed up")
	}
	w.mu.Lock()
	if len(w.pools) != 1 {
		t.Errorf("%d pools", len(w.pools))
	}
	w.mu.Unlock()
	w.restrict("f", fc.FunctionRestriction{}, false)
	w.want(w.do("POST", "/invoke/f", "x"), 200, "")
}

// What runs finishes, unless it is to be aborted: then its caller is told why.
func TestDisablingWhileItRuns(t *testing.T) {
	for _, abort := range []bool{false, true} {
		w := newWorld(t)
		started, release := make(chan struct{}), make(chan struct{})
		w.run = func(_ context.Context, p *fakePool, inv *instance.Invocation) (*instance.Result, error) {
			close(started)
			<-release
			if p.endedAs() == "closed" {
				return &instance.Result{ErrorType: "FunctionUnhandledError", Body: []byte("killed")}, nil
			}
			return &instance.Result{Body: inv.Event}, nil
		}
		w.deploy("f", "python3.10", "1")
		var running sync.WaitGroup
		var g got
		running.Go(func() { g = w.do("POST", "/invoke/f", "x") })
		<-started
		done := make(chan struct{})
		go func() {
			defer close(done)
			w.restrict("f", fc.FunctionRestriction{Disable: true}, abort)
		}()
		if abort { // it waits until nothing runs any more
			for w.pool(0).endedAs() == "" {
				select {
				case <-done:
					t.Fatal("it returned before the instances were ended")
				default:
				}
			}
		}
		close(release)
		<-done
		running.Wait()
		if abort {
			w.want(g, 403, "FunctionInvocationDisabled")
		} else if w.want(g, 200, ""); g.body != "x" {
			t.Errorf("%s", g.body)
		}
	}
}

// Invocations and restrictions at once: an answer is the event or the refusal.
func TestRestrictionRace(t *testing.T) {
	w := newWorld(t)
	w.deploy("f", "python3.10", "1")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 10 {
				g := w.do("POST", "/invoke/f", "x")
				if g.StatusCode != 200 && g.doc["Code"] != "FunctionInvocationDisabled" {
					t.Errorf("%d %s", g.StatusCode, g.body)
				}
			}
		})
	}
	for i := range 10 {
		w.restrict("f", fc.FunctionRestriction{Disable: i%2 == 0}, i%4 == 0)
	}
	wg.Wait()
	w.want(w.do("POST", "/invoke/f", "x"), 200, "")
	var api *fc.APIError
	w.restrict("f", fc.FunctionRestriction{Disable: true}, true)
	if err := w.g.Warm(t.Context(), region, "f"); !errors.As(err, &api) {
		t.Errorf("%v", err)
	}
}
