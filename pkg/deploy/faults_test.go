package deploy_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/fcclient/fctest"
)

// TestFaults: what fails is told with what was done, and a second run does the
// rest and nothing twice.
func TestFaults(t *testing.T) {
	t.Parallel()
	throttled := map[string]string{"Retry-After": "0"}
	for name, tt := range map[string]struct {
		fault         fctest.Failure
		code          string // of the error; empty is that the run gets through
		done, skipped int    // steps, of 7
	}{
		"a read is throttled":     {fctest.Failure{Method: "GET", Times: 2, Status: 429, Header: throttled, Body: `{"Code":"Throttling"}`}, "", 7, 0},
		"a create is throttled":   {fctest.Failure{Method: "POST", Path: "/functions", End: true, Times: 2, Status: 429, Header: throttled, Body: `{"Code":"Throttling"}`}, "", 7, 0},
		"a create is turned away": {fctest.Failure{Method: "POST", Path: "/triggers", End: true, Times: 1, Status: 503, Header: throttled, Body: `{"Code":"ResourceThrottled"}`}, "", 7, 0},
		"a put meets a 503":       {fctest.Failure{Method: "PUT", Path: "concurrency", Times: 1, Status: 503, Header: throttled, Body: `{"Code":"ServiceUnavailable"}`}, "", 7, 0},
		"an expired token":        {fctest.Failure{Method: "PUT", Path: "async", Times: 1, Status: 403, Body: `{"Code":"InvalidSecurityToken.Expired","Message":"expired"}`}, "InvalidSecurityToken.Expired", 6, 0},
		"half of it":              {fctest.Failure{Method: "PUT", Path: "provision-config", Times: 1, Status: 400, Body: `{"Code":"InvalidArgument"}`}, "InvalidArgument", 6, 0},
		"the bound fails":         {fctest.Failure{Method: "PUT", Path: "concurrency", Times: 1, Status: 400, Body: `{"Code":"InvalidArgument"}`}, "InvalidArgument", 5, 1},
		"the function fails":      {fctest.Failure{Method: "POST", Path: "/functions", End: true, Times: 1, Status: 400, Body: `{"Code":"InvalidArgument"}`}, "InvalidArgument", 0, 6},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := fctest.New(t)
			remote := client(server, false)
			server.Fail(tt.fault)
			d := desired(t, around3(t))
			plan, steps := planned(t, remote, d)
			report, err := deploy.Apply(t.Context(), remote, plan, deploy.Hooks{})
			if len(steps) != 7 || len(report.Done) != tt.done || len(report.Skipped) != tt.skipped {
				t.Errorf("%d steps: %d done, %d skipped", len(steps), len(report.Done), len(report.Skipped))
			}
			if tt.code == "" && err != nil || tt.code != "" && !fc.IsCode(err, tt.code) {
				t.Fatalf("error %v", err)
			}
			apply(t, remote, d)
			if _, steps := planned(t, remote, d); len(steps) > 0 {
				t.Errorf("left to do: %v", steps)
			}
			if n := created(server); n != 4 {
				t.Errorf("%d creates got through: %v", n, server.Writes())
			}
		})
	}
}

// created counts the creates less those that were turned away.
func created(server *fctest.Server) int {
	seen := map[string]bool{}
	for _, w := range server.Writes() {
		if strings.HasPrefix(w, http.MethodPost) {
			seen[w] = true
		}
	}
	return len(seen)
}

// TestAnswersThatAreLost: the create may have been carried out; it is tried as often
// as makes sense, and the next run finds out.
func TestAnswersThatAreLost(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, false)
	d := desired(t, around3(t))
	plan, _ := planned(t, remote, d)
	server.Fail(fctest.Failure{Method: "POST", Path: "/functions", End: true, Times: 4, Break: true})
	report, err := deploy.Apply(t.Context(), remote, plan, deploy.Hooks{})
	var failed *deploy.ApplyError
	if !errors.As(err, &failed) || failed.Change.Kind != deploy.KindFunction || len(report.Done) != 0 {
		t.Fatalf("%v, %+v", err, report)
	}
	apply(t, remote, d)
	if _, steps := planned(t, remote, d); len(steps) > 0 {
		t.Errorf("left to do: %v", steps)
	}
}

// TestRoutesAreNotForgotten: a route that s.yaml no longer has goes, though the first
// try to take it away failed.
func TestRoutesAreNotForgotten(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, false)
	d := desired(t, around3(t))
	apply(t, remote, d)
	_, state := planned(t, remote, d)
	if len(state) > 0 {
		t.Fatal(state)
	}
	before, err := deploy.Read(t.Context(), remote, d)
	if err != nil {
		t.Fatal(err)
	}
	r := around3(t)
	r.Around.Domains[0].RouteConfig.Routes[0].Path = "/new"
	moved := desired(t, r)
	moved.Before = deploy.NewFootprint(d, before)
	plan, _ := planned(t, remote, moved)
	server.Fail(fctest.Failure{Method: "PUT", Path: "custom-domains", Times: 1, Status: 403, Body: `{"Code":"InvalidSecurityToken.Expired"}`})
	report, err := deploy.Apply(t.Context(), remote, plan, deploy.Hooks{})
	if err == nil {
		t.Fatal("it didn't fail")
	}
	moved.Before = deploy.NewFootprint(moved, report.State)
	if paths := moved.Before.Domains[0].Paths; !slices.Equal(paths, []string{"/new", "/*"}) {
		t.Errorf("noted are %q", paths)
	}
	plan, _ = planned(t, remote, moved)
	if report, err = deploy.Apply(t.Context(), remote, plan, deploy.Hooks{}); err != nil {
		t.Fatal(err)
	}
	if paths := deploy.NewFootprint(moved, report.State).Domains[0].Paths; !slices.Equal(paths, []string{"/new"}) {
		t.Errorf("noted are %q", paths)
	}
}
