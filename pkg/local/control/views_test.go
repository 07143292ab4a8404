package control

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The one function that the tests of both views look at, by its two paths.
const (
	viewV2 = "/2021-04-06/services/svc/functions/f"
	viewV3 = "/2023-03-30/functions/svc$f"
)

// twoViews makes that function: an HTTP server, so that no field is idle.
func twoViews(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.do("POST", "/2021-04-06/services", `{"serviceName":"svc"}`).is(200)
	w.do("POST", "/2021-04-06/services/svc/functions", with(w.minimal("f"), map[string]any{
		"runtime": "custom", "memorySize": 512, "caPort": 9000, "initializer": "index.init", "initializationTimeout": 3,
		"customRuntimeConfig": map[string]any{"command": []string{"a"}},
	})).is(200)
	return w
}

// plain is a value as JSON decodes it.
func plain(t *testing.T, value any) any {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// differ are the fields that two documents don't have in common.
func differ(a, b map[string]any) []string {
	names := map[string]bool{}
	for _, doc := range []map[string]any{a, b} {
		for name := range doc {
			if !equal(a[name], b[name]) {
				names[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// put sets what is at a path of a document, and gives the field that it is in.
func put(doc map[string]any, path string, value any) (field string) {
	first, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		doc[first] = value
		return first
	}
	inner, _ := doc[first].(map[string]any)
	if inner == nil {
		inner = map[string]any{}
	}
	inner = maps.Clone(inner)
	put(inner, rest, value)
	doc[first] = inner
	return first
}

// pairs are the places of the same thing in the two APIs.
func pairs() []struct {
	v2, v3 string
	values []any
} {
	probe := func(seconds int) map[string]any {
		return map[string]any{"httpGetUrl": "/up", "periodSeconds": seconds}
	}
	resolver := func(server string) map[string]any {
		return map[string]any{"nameServers": []string{server}, "dnsOptions": []any{map[string]any{"name": "ndots", "value": "2"}}}
	}
	return []struct {
		v2, v3 string
		values []any
	}{
		{"description", "description", []any{"one", "二", ""}},
		{"handler", "handler", []any{"a.b", "c.d"}},
		{"memorySize", "memorySize", []any{1024, 2048}},
		{"cpu", "cpu", []any{0.5, 0.35}},
		{"diskSize", "diskSize", []any{10240, 512}},
		{"timeout", "timeout", []any{60, 86400}},
		{"instanceConcurrency", "instanceConcurrency", []any{20, 1}},
		{"environmentVariables", "environmentVariables", []any{map[string]any{"A": "1", "B": "2"}, map[string]any{"C": ""}}},
		{"customDNS", "customDNS", []any{resolver("1.1.1.1"), resolver("8.8.8.8")}},
		{"runtime", "runtime", []any{"custom.debian10", "custom"}},
		{"caPort", "customRuntimeConfig.port", []any{8080, 65535}},
		{"customRuntimeConfig.command", "customRuntimeConfig.command", []any{[]string{"x", "y"}, []string{"z"}}},
		{"customRuntimeConfig.args", "customRuntimeConfig.args", []any{[]string{"-v"}, []string{"", "-q"}}},
		{"customHealthCheckConfig", "customRuntimeConfig.healthCheckConfig", []any{probe(5), probe(6)}},
		{"initializer", "instanceLifecycleConfig.initializer.handler", []any{"m.init", "n.init"}},
		{"initializationTimeout", "instanceLifecycleConfig.initializer.timeout", []any{300, 1}},
		{"instanceLifecycleConfig.preStop", "instanceLifecycleConfig.preStop", []any{map[string]any{"handler": "m.stop", "timeout": 90}}},
		{"gpuMemorySize", "gpuConfig.gpuMemorySize", []any{4096, 8192}},
	}
}

// TestWhatOneAPISetsTheOtherShows, and nothing else changes in either view.
func TestWhatOneAPISetsTheOtherShows(t *testing.T) {
	t.Parallel()
	for _, pair := range pairs() {
		t.Run(pair.v2, func(t *testing.T) {
			t.Parallel()
			w := twoViews(t)
			for _, way := range []struct{ set, place, other, seen string }{
				{viewV2, pair.v2, viewV3, pair.v3},
				{viewV3, pair.v3, viewV2, pair.v2},
				{strings.Replace(viewV2, "2021-04-06", "2016-08-15", 1), pair.v2, viewV2, pair.v2},
			} {
				for _, value := range pair.values {
					mine, others := w.do("GET", way.set, "").is(200), w.do("GET", way.other, "").is(200)
					change := maps.Clone(mine.doc)
					field := put(change, way.place, plain(t, value))
					answer := w.do("PUT", way.set, with(map[string]any{field: change[field]}, nil)).is(200)
					after := w.do("GET", way.set, "").is(200)
					if diff := cmp.Diff(answer.doc, after.doc); diff != "" {
						t.Errorf("the answer isn't what is stored: %s", diff)
					}
					if names := differ(mine.doc, after.doc); len(names) > 1 || len(names) == 1 && names[0] != field {
						t.Errorf("%s = %v changes %v", way.place, value, names)
					}
					seen := w.do("GET", way.other, "").is(200)
					if got := seen.at(way.seen); !equal(got, value) && value != "" {
						t.Errorf("%s = %v is %s = %v for the other API", way.place, value, way.seen, got)
					}
					top, _, _ := strings.Cut(way.seen, ".")
					if names := differ(others.doc, seen.doc); len(names) > 1 || len(names) == 1 && names[0] != top {
						t.Errorf("%s = %v changes %v for the other API", way.place, value, names)
					}
				}
			}
		})
	}
}

// TestFC2KeepsWhatItDoesNotShow: settings of FC 3.0 survive every update by
// the older API that isn't about them.
func TestFC2KeepsWhatItDoesNotShow(t *testing.T) {
	t.Parallel()
	w := twoViews(t)
	own := map[string]any{
		"gpuConfig":               map[string]any{"gpuType": "fc.gpu.tesla.1", "gpuMemorySize": 8192},
		"instanceLifecycleConfig": map[string]any{"initializer": map[string]any{"command": []string{"sh", "-c", "true"}, "timeout": 7}},
		"sessionAffinity":         "GENERATED_COOKIE", "sessionAffinityConfig": "{}", "role": "acs:ram::1:role/r",
		"logConfig": map[string]any{"project": "p", "logstore": "l"}, "instanceIsolationMode": "SHARE", "idleTimeout": 30,
	}
	w.do("PUT", viewV3, with(own, nil)).is(200)
	w.do("POST", "/2023-03-30/tags-v2", `{"ResourceId":["acs:fc:cn-hangzhou:1234567890123456:functions/svc$f"],"ResourceType":"FUNCTION","Tag":[{"Key":"k","Value":"v"}]}`).is(204)
	w.do("PUT", "/2023-03-30/resource-groups", `{"ResourceId":"svc$f","ResourceType":"function","NewResourceGroupId":"rg-1"}`).is(200)
	own["tags"], own["resourceGroupId"] = []any{map[string]any{"Key": "k", "Value": "v"}}, "rg-1"
	before := w.do("GET", viewV3, "").is(200)
	for name, value := range own {
		before.has(name, value)
	}
	for _, change := range []map[string]any{
		{"timeout": 9},
		{"description": "new", "environmentVariables": map[string]any{"A": "1"}},
		{"code": map[string]any{"zipFile": zipOf(t, "other")}},
		{"caPort": 8081},
		{"instanceLifecycleConfig": map[string]any{"preStop": map[string]any{"handler": "a.b"}}},
	} {
		w.do("PUT", viewV2, with(change, nil)).is(200)
		after := w.do("GET", viewV3, "").is(200)
		for name, value := range own {
			if name != "instanceLifecycleConfig" {
				after.has(name, value)
			}
		}
		after.has("instanceLifecycleConfig.initializer", own["instanceLifecycleConfig"].(map[string]any)["initializer"])
	}
	// What it is about, it sets.
	w.do("PUT", viewV2, `{"initializer":"index.init","gpuMemorySize":4096,"instanceType":"fc.gpu.ampere.1"}`).is(200)
	w.do("GET", viewV3, "").is(200).has("instanceLifecycleConfig.initializer.handler", "index.init").
		has("instanceLifecycleConfig.initializer.command", nil).
		has("gpuConfig", map[string]any{"gpuType": "fc.gpu.ampere.1", "gpuMemorySize": 4096})
	w.do("PUT", viewV2, `{"gpuMemorySize":0}`).is(200)
	w.do("GET", viewV3, "").is(200).has("gpuConfig", map[string]any{"gpuType": "fc.gpu.ampere.1"})
	w.do("PUT", viewV2, `{"instanceType":"e1"}`).is(200)
	w.do("GET", viewV3, "").is(200).has("gpuConfig", nil)
	w.do("PUT", viewV2, `{"runtime":"python3.10"}`).is(200)
	w.do("GET", viewV3, "").is(200).has("customRuntimeConfig", nil)
}

// TestServiceSettingsReachEveryFunction of the service, and no other, whenever
// the function was made.
func TestServiceSettingsReachEveryFunction(t *testing.T) {
	t.Parallel()
	w := twoViews(t)
	w.create("svc-f")
	w.do("POST", "/2021-04-06/services", `{"serviceName":"svc2"}`).is(200)
	w.do("POST", "/2021-04-06/services/svc2/functions", with(w.minimal("f"), nil)).is(200)
	bystanders := []string{"/2023-03-30/functions/svc-f", "/2023-03-30/functions/svc2$f"}
	var before []map[string]any
	for _, path := range bystanders {
		before = append(before, w.do("GET", path, "").is(200).doc)
	}
	for i, setting := range []map[string]any{
		{"role": "acs:ram::1:role/r"},
		{"internetAccess": false},
		{"logConfig": map[string]any{"project": "p", "logstore": "l", "enableRequestMetrics": true}},
		{"vpcConfig": map[string]any{"vpcId": "vpc-1", "vSwitchIds": []string{"vsw-1"}, "securityGroupId": "sg-1"}},
		{"nasConfig": map[string]any{"userId": 1000, "groupId": 1000, "mountPoints": []any{map[string]any{"serverAddr": "a:/", "mountDir": "/mnt/a"}}}},
		{"ossMountConfig": map[string]any{"mountPoints": []any{map[string]any{"bucketName": "b", "mountDir": "/mnt/b", "readOnly": true}}}},
		{"tracingConfig": map[string]any{"type": "Jaeger", "params": map[string]any{"endpoint": "http://e"}}},
	} {
		was := w.do("GET", "/2021-04-06/services/svc", "").is(200)
		answer := w.do("PUT", "/2021-04-06/services/svc", with(setting, nil)).is(200)
		later := "later" + string(rune('a'+i))
		w.do("POST", "/2021-04-06/services/svc/functions", with(w.minimal(later), nil)).is(200)
		for name, value := range setting {
			answer.has(name, value)
			w.do("GET", viewV3, "").is(200).has(name, value)
			w.do("GET", "/2023-03-30/functions/svc$"+later, "").is(200).has(name, value)
			if names := differ(was.doc, answer.doc); !slices.Equal(names, []string{name}) {
				t.Errorf("%s changes %v", name, names)
			}
		}
	}
	for i, path := range bystanders {
		if diff := cmp.Diff(before[i], w.do("GET", path, "").is(200).doc); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
}

// TestListsShowWhatGetShows, in every version.
func TestListsShowWhatGetShows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.populate()
	for _, kind := range []struct{ list, name, key string }{
		{"/2023-03-30/functions", "functions", "functionName"},
		{"/2021-04-06/services/svc/functions", "functions", "functionName"},
		{"/2016-08-15/services/svc/functions", "functions", "functionName"},
		{"/2021-04-06/services", "services", "serviceName"},
		{"/2016-08-15/services", "services", "serviceName"},
		{"/2023-03-30/functions/f/triggers", "triggers", "triggerName"},
		{"/2021-04-06/services/svc/functions/f/triggers", "triggers", "triggerName"},
		{"/2016-08-15/services/svc/functions/f/triggers", "triggers", "triggerName"},
	} {
		items, _ := w.do("GET", kind.list, "").is(200).doc[kind.name].([]any)
		if len(items) == 0 {
			t.Errorf("%s is empty", kind.list)
		}
		for _, item := range items {
			one, _ := item.(map[string]any)
			got := w.do("GET", kind.list+"/"+one[kind.key].(string), "").is(200)
			if diff := cmp.Diff(one, got.doc); diff != "" {
				t.Errorf("%s: %s", kind.list, diff)
			}
		}
	}
}
