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
	"s/pkg/fcclient/fctest"
	"s/pkg/spec"
)

// ends are the ends of the paths of what was written.
func ends(server *fctest.Server) []string {
	var out []string
	for _, w := range server.Writes() {
		out = append(out, w[strings.LastIndexByte(w, '/')+1:])
	}
	return out
}

// TestDrain: the instances that there are end before others are asked for, and the
// function is enabled again whatever happens; the next run does what was left.
func TestDrain(t *testing.T) {
	t.Parallel()
	refused := fctest.Failure{Status: 400, Body: `{"Code":"InvalidArgument","Message":"no"}`}
	for _, config := range []string{"provision-config", "scaling-config"} {
		busy := fctest.Failure{Method: "GET", Path: config, Status: 200, Body: `{"current":2,"target":2,"currentInstances":2,"targetInstances":2}`}
		ended := fctest.Failure{Method: "GET", Path: config, Times: 1, Status: 200, Body: `{}`}
		for name, tt := range map[string]struct {
			mode  string
			fails func(*fctest.Server)
			want  []string
			err   string
		}{
			"drained": {"drain", func(s *fctest.Server) {
				twice := busy
				twice.Times = 2
				s.Fail(twice)
				s.Fail(ended)
			}, []string{"disable", "enable", config}, ""},
			"never":           {"drain", func(s *fctest.Server) { s.Fail(busy) }, []string{"disable", "enable"}, "2 instances are still there after 15m"},
			"not disabled":    {"drain", func(s *fctest.Server) { f := refused; f.Path = "disable"; s.Fail(f) }, []string{"disable", "enable"}, "InvalidArgument"},
			"not looked at":   {"drain", func(s *fctest.Server) { f := refused; f.Method, f.Path = "GET", config; s.Fail(f) }, []string{"disable", "enable"}, "InvalidArgument"},
			"enabled late":    {"drain", func(s *fctest.Server) { s.Fail(ended); s.Fail(fctest.Failure{Path: "enable", Times: 2, Break: true}) }, []string{"disable", "enable", "enable", "enable", config}, ""},
			"never enabled":   {"drain", func(s *fctest.Server) { s.Fail(ended); f := refused; f.Path = "enable"; s.Fail(f) }, []string{"disable", "enable", "enable", "enable", "enable", "enable"}, "invocations of hello are still disabled"},
			"not in sync":     {"sync", func(*fctest.Server) {}, []string{config}, ""},
			"nor in async":    {"async", func(s *fctest.Server) { s.Fail(busy) }, []string{config}, ""},
			"nor without one": {"", func(*fctest.Server) {}, []string{config}, ""},
		} {
			t.Run(config+" "+name, func(t *testing.T) {
				t.Parallel()
				server := fctest.New(t)
				remote := client(server, false)
				r := around3(t)
				r.Around = spec.Around{}
				set := func(n int) {
					if config == "scaling-config" {
						r.Around.Scaling, r.Around.ScalingMode = &fc.ScalingConfig{MinInstances: n}, tt.mode
						return
					}
					r.Around.Provision, r.Around.ProvisionMode = &fc.ProvisionConfig{DefaultTarget: n}, tt.mode
				}
				set(2)
				apply(t, remote, desired(t, r))
				if slices.Contains(ends(server), "disable") {
					t.Error("there was nothing to drain")
				}
				set(3)
				plan, _ := planned(t, remote, desired(t, r))
				server.Reset()
				tt.fails(server)
				_, err := deploy.Apply(t.Context(), remote, plan, deploy.Hooks{Sleep: func(context.Context, time.Duration) error { return nil }})
				if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
					t.Errorf("%v", err)
				}
				if d := cmp.Diff(tt.want, ends(server)); d != "" {
					t.Error(d)
				}
				var disabled *deploy.DisabledError
				if errors.As(err, &disabled) != (name == "never enabled") {
					t.Errorf("%v", err)
				}
				server.Reset()
				plan, _ = planned(t, remote, desired(t, r))
				server.Fail(ended)
				if _, err := deploy.Apply(t.Context(), remote, plan, deploy.Hooks{}); err != nil || server.Function("hello")["invocationRestriction"] != nil && server.Function("hello")["invocationRestriction"].(map[string]any)["disable"] == true {
					t.Errorf("the next run: %v, %v", err, server.Function("hello")["invocationRestriction"])
				}
			})
		}
	}
}

// TestDrainIsInterrupted: the function is enabled all the same.
func TestDrainIsInterrupted(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, false)
	r := around3(t)
	r.Around = spec.Around{Provision: &fc.ProvisionConfig{DefaultTarget: 2}, ProvisionMode: "drain"}
	apply(t, remote, desired(t, r))
	r.Around.Provision.DefaultTarget = 3
	plan, _ := planned(t, remote, desired(t, r))
	server.Reset()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := deploy.Apply(ctx, remote, plan, deploy.Hooks{Sleep: func(ctx context.Context, _ time.Duration) error {
		cancel()
		return ctx.Err()
	}})
	if d := cmp.Diff([]string{"disable", "enable"}, ends(server)); !errors.Is(err, context.Canceled) || d != "" {
		t.Errorf("%v %s", err, d)
	}
}
