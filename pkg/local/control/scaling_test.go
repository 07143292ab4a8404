package control

import (
	"bytes"
	"reflect"
	"testing"

	"s/pkg/fc"
	"s/pkg/local/store"
	"s/pkg/runtime/instance"
)

const functionF = "/2023-03-30/functions/f/"

// shows wants a piece of the body, wherever it is.
func (g got) shows(piece string) got {
	g.t.Helper()
	if !bytes.Contains(g.body, []byte(piece)) {
		g.t.Errorf("%s: %s, want %s in it", g.what, g.body, piece)
	}
	return g
}

func TestConcurrencyConfig(t *testing.T) {
	w := newWorld(t)
	w.do("PUT", functionF+"concurrency", `{"reservedConcurrency":1}`).is(404, "FunctionNotFound")
	w.create("f")
	w.do("GET", functionF+"concurrency", "").is(404, "OnDemandConfigNotFound")
	for _, body := range []string{"{}", `{"reservedConcurrency":-1}`, `{"reservedConcurrency":"1"}`, `{"reservedConcurrency":null}`, `{"reservedConcurrency":1.5}`} {
		w.do("PUT", functionF+"concurrency", body).is(400, "InvalidArgument").says("reservedConcurrency")
	}
	arn := "acs:fc:" + testRegion + ":" + testAccount + ":functions/f"
	for _, g := range []got{
		w.do("PUT", functionF+"concurrency", `{"reservedConcurrency":0}`),
		w.do("GET", functionF+"concurrency", ""),
	} {
		g.is(200).has("reservedConcurrency", 0.0).has("functionArn", arn)
	}
	w.create("g")
	w.do("PUT", "/2023-03-30/functions/g/concurrency", `{"reservedConcurrency":9}`).is(200)
	w.do("GET", "/2023-03-30/concurrency-configs?limit=1", "").is(200).shows(`"reservedConcurrency":0`)
	w.do("GET", "/2023-03-30/concurrency-configs?functionName=g", "").is(200).shows(`"reservedConcurrency":9`)
	w.do("DELETE", functionF+"concurrency", "").is(204)
	w.do("GET", functionF+"concurrency", "").is(404, "OnDemandConfigNotFound")
	w.do("DELETE", "/2023-03-30/functions/none/concurrency", "").is(404, "FunctionNotFound")
	if want := []string{"f", "g", "f"}; !reflect.DeepEqual(w.scaled, want) {
		t.Errorf("told of %v, want %v", w.scaled, want)
	}
}

func TestProvisionConfig(t *testing.T) {
	dir := t.TempDir()
	w := openWorld(t, dir)
	w.create("f")
	w.do("GET", functionF+"provision-config?qualifier=LATEST", "").is(404, "ProvisionConfigNotFound")
	w.do("PUT", functionF+"provision-config?qualifier=prod", `{"defaultTarget":1}`).is(404)
	w.do("PUT", functionF+"provision-config", `{"defaultTarget":10001}`).is(400, "InvalidArgument")
	w.do("PUT", functionF+"provision-config", `{"alwaysAllocateCPU":true}`).is(400, "InvalidArgument").says("defaultTarget is required")
	w.do("PUT", functionF+"provision-config?qualifier=LATEST",
		`{"defaultTarget":3,"alwaysAllocateCPU":true,"scheduledActions":[{"name":"a","target":5,"scheduleExpression":"cron(0 0 22 * * *)"}],"targetTrackingPolicies":null}`).
		is(200).has("defaultTarget", 3.0).has("target", 3.0).has("current", 1.0).has("currentError", "a reason").has("alwaysAllocateCPU", true).
		shows(`"target":5`)
	w.do("DELETE", "/2023-03-30/functions/f", "").is(409, "ProvisionConfigExist")
	w.do("PUT", functionF+"provision-config", `{"target":1}`).is(200).has("defaultTarget", 1.0).has("current", 1.0).has("currentError", "").has("alwaysAllocateCPU", false)
	w.do("GET", "/2023-03-30/provision-configs", "").is(200).shows(`"target":1`)
	w.do("DELETE", functionF+"provision-config", "").is(204)
	w.do("GET", "/2023-03-30/provision-configs", "").is(200).has("provisionConfigs", []any{})
	w.do("DELETE", "/2023-03-30/functions/f", "").is(204)
}

// TestSchedules: what of a provision or a scaling configuration is by the clock or by
// load is kept if it can be, in both APIs.
func TestSchedules(t *testing.T) {
	w := newWorld(t)
	w.create("f")
	w.do("POST", "/2021-04-06/services", `{"serviceName":"svc"}`).is(200)
	w.do("POST", "/2021-04-06/services/svc/functions", with(w.minimal("f"), nil)).is(200)
	action := func(over map[string]any) string {
		return with(map[string]any{"name": "a", "target": 1, "scheduleExpression": "cron(0 0 22 * * *)"}, over)
	}
	for _, tt := range []struct {
		over map[string]any
		says string // of the error; empty is none
	}{
		{nil, ""},
		{map[string]any{"scheduleExpression": "at(2026-11-27T20:00:00Z)"}, ""},
		{map[string]any{"scheduleExpression": "at(2026-11-27T20:00:00)", "timeZone": "Asia/Shanghai"}, ""},
		{map[string]any{"target": 10000}, ""},
		{map[string]any{"target": 10001}, ".target must be between 0 and 10000"},
		{map[string]any{"target": -1}, ".target must be between 0 and 10000"},
		{map[string]any{"scheduleExpression": "cron(0 22 * * *)"}, ".scheduleExpression"},
		{map[string]any{"scheduleExpression": "cron(0 0 25 * * *)"}, ".scheduleExpression"},
		{map[string]any{"scheduleExpression": "cron(@every 5m)"}, ".scheduleExpression"},
		{map[string]any{"scheduleExpression": "cron(0 0 22 * * *"}, ".scheduleExpression"},
		{map[string]any{"scheduleExpression": "at(tomorrow)"}, ".scheduleExpression"},
		{map[string]any{"scheduleExpression": "0 0 22 * * *"}, ".scheduleExpression"},
	} {
		for path, body := range map[string]string{
			functionF + "provision-config":                                 `{"defaultTarget":0,"scheduledActions":[` + action(tt.over) + `]}`,
			functionF + "scaling-config":                                   `{"minInstances":0,"scheduledPolicies":[` + action(tt.over) + `]}`,
			"/2016-08-15/services/svc.LATEST/functions/f/provision-config": `{"target":0,"scheduledActions":[` + action(tt.over) + `]}`,
		} {
			g := w.do("PUT", path, body)
			if tt.says == "" {
				g.is(200).shows(`"target":`)
				continue
			}
			g.is(400, "InvalidArgument").says(tt.says)
		}
	}
	for kind, status := range map[string]int{"CPUUtilization": 200, "GPUMemUtilization": 200, "ProvisionedConcurrencyUtilization": 200, "cpu": 400} {
		w.do("PUT", functionF+"provision-config", `{"defaultTarget":0,"targetTrackingPolicies":[{"name":"p","metricType":"`+kind+`","metricTarget":0.5}]}`).is(status)
	}
}

func TestScalingConfig(t *testing.T) {
	w := newWorld(t)
	w.create("f")
	w.do("GET", functionF+"scaling-config", "").is(404, "ScalingConfigNotFound")
	w.do("PUT", functionF+"scaling-config", `{"minInstances":-1}`).is(400, "InvalidArgument").says("minInstances")
	w.do("PUT", functionF+"scaling-config", `{"requestDispatchPolicy":"x"}`).is(200).has("minInstances", 0.0).has("requestDispatchPolicy", "x")
	w.do("PUT", functionF+"scaling-config", `{"minInstances":2,"enableOnDemandScaling":false,"horizontalScalingPolicies":[{"name":"p","maxInstances":4}]}`).
		is(200).has("minInstances", 2.0).has("targetInstances", 2.0).has("currentInstances", 1.0).has("enableOnDemandScaling", false).
		shows(`"maxInstances":4`)
	w.do("GET", "/2023-03-30/scaling-configs?functionName=f", "").is(200).shows(`"minInstances":2`)
	w.do("GET", "/2023-03-30/scaling-configs?functionName=g", "").is(200).has("scalingConfigs", []any{})
	w.do("DELETE", "/2023-03-30/functions/f", "").is(409, "ResidentScalingConfigExists")
	w.do("DELETE", functionF+"scaling-config", "").is(204)
	w.do("DELETE", "/2023-03-30/functions/f", "").is(204)
}

func TestScalingV2(t *testing.T) {
	w := newWorld(t)
	w.do("POST", "/2021-04-06/services", `{"serviceName":"svc"}`).is(200)
	w.do("POST", "/2021-04-06/services/svc/functions", with(w.minimal("f"), nil)).is(200)
	const f = "/2021-04-06/services/svc/functions/f/"
	w.do("GET", f+"on-demand-config", "").is(404, "OnDemandConfigNotFound")
	w.do("PUT", f+"on-demand-config?qualifier=LATEST", `{"maximumInstanceCount":5}`).is(200).
		has("maximumInstanceCount", 5.0).has("resource", "services/svc.LATEST/functions/f")
	w.do("PUT", "/2016-08-15/services/svc.LATEST/functions/f/provision-config", `{"target":2}`).is(200).has("target", 2.0).has("resource", "services/svc.LATEST/functions/f")
	w.do("GET", "/2021-04-06/on-demand-configs", "").is(200).shows(`"maximumInstanceCount":5`)
	w.do("GET", "/2023-03-30/provision-configs", "").is(200).has("provisionConfigs", []any{})
	if got, want := Scale(w.store.Scaling(testRegion, "svc$f", ""), w.store.Scaling(testRegion, "svc$f", "LATEST")), (instance.Scale{Min: 2, Max: 5}); got != want {
		t.Errorf("%+v", got)
	}
	w.do("DELETE", f+"on-demand-config", "").is(204)
	w.do("GET", f+"on-demand-config", "").is(404, "OnDemandConfigNotFound")
}

func TestScale(t *testing.T) {
	no, zero := false, 0
	for _, tt := range []struct {
		stored   store.Scaling
		want     instance.Scale
		reserved int // -1 is no bound
	}{
		{store.Scaling{}, instance.Scale{}, -1},
		{store.Scaling{Concurrency: &fc.ConcurrencyConfig{ReservedConcurrency: 4}}, instance.Scale{}, 4},
		{store.Scaling{MaxInstances: &zero}, instance.Scale{}, 0},
		{store.Scaling{Provision: &fc.ProvisionConfig{DefaultTarget: 2, AlwaysAllocateCPU: true}}, instance.Scale{Min: 2, AlwaysCPU: true}, -1},
		{store.Scaling{Provision: &fc.ProvisionConfig{DefaultTarget: 2}, Scaling: &fc.ScalingConfig{MinInstances: 3}}, instance.Scale{Min: 3}, -1},
		{store.Scaling{Scaling: &fc.ScalingConfig{MinInstances: 3, EnableOnDemandScaling: &no}}, instance.Scale{Min: 3, Max: 3}, -1},
		{store.Scaling{Scaling: &fc.ScalingConfig{EnableOnDemandScaling: &no}}, instance.Scale{}, -1},
	} {
		got := Scale(&tt.stored, &tt.stored)
		reserved := -1
		if got.Reserved != nil {
			reserved, got.Reserved = *got.Reserved, nil
		}
		if got != tt.want || reserved != tt.reserved {
			t.Errorf("%+v: %+v %d", tt.stored, got, reserved)
		}
	}
}
