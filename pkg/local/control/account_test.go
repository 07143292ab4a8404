package control

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestAccountOfFC2(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, version := range []string{"/2021-04-06", "/2016-08-15"} {
		w.do("GET", version+"/account-settings", "").is(200).has("availableAZs", []string{testRegion + "-a"}).has("defaultRole", "")
		w.do("GET", version+"/reserved-capacities", "").is(200).has("reservedCapacities", []any{})
		w.do("GET", version+"/reservedCapacities", "").is(200).has("reservedCapacities", []any{})
		w.do("GET", version+"/accountConfigs?config=CodeSizeLimit", "").is(501, "NotImplemented").says("GetAccountConfigs (")
	}
}

func TestRegions(t *testing.T) {
	t.Parallel()
	g := newWorld(t).do("GET", "/2023-03-30/regions", "").is(200)
	for _, path := range []string{"Regions.Region", "regions.region"} {
		list, _ := g.at(path).([]any)
		found := slices.ContainsFunc(list, func(r any) bool {
			return r.(map[string]any)["RegionId"] == testRegion && r.(map[string]any)["regionId"] == testRegion
		})
		if len(list) < 20 || !found {
			t.Errorf("%s: %v", path, list)
		}
	}
}

func TestTagsOfServices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"a", "b", "c"} {
		w.do("POST", "/2021-04-06/services", `{"serviceName":"`+name+`"}`).is(200)
	}
	w.do("POST", "/2021-04-06/services/a/functions", with(w.minimal("f"), nil)).is(200)
	const arn = "acs:fc:" + testRegion + ":" + testAccount + ":services/"
	w.do("POST", "/2021-04-06/tag", `{"resourceArn":"`+arn+`a","tags":{"k":"1","env":"test"}}`).is(200)
	w.do("POST", "/2016-08-15/tag", `{"resourceArn":"services/b","tags":{"k":"2"}}`).is(200)
	w.do("POST", "/2016-08-15/tag", `{"resourceArn":"services/b","tags":{"k":"3","empty":""}}`).is(200)
	w.do("GET", "/2021-04-06/tag?resourceArn="+url.QueryEscape(arn+"a"), "").is(200).has("resourceArn", arn+"a").has("tags", map[string]string{"k": "1", "env": "test"})
	w.do("GET", "/2016-08-15/tag?resourceArn=services/c", "").is(200).has("resourceArn", arn+"c").has("tags", map[string]string{})
	first := w.do("GET", "/2021-04-06/tags?limit=1", "").is(200)
	first.has("resources", []any{map[string]any{"resourceArn": arn + "a", "tags": map[string]string{"k": "1", "env": "test"}}})
	token, _ := first.doc["nextToken"].(string)
	w.do("GET", "/2021-04-06/tags?nextToken="+token, "").is(200).has("nextToken", nil).
		has("resources", []any{map[string]any{"resourceArn": arn + "b", "tags": map[string]string{"k": "3", "empty": ""}}})
	for query, want := range map[string]string{
		"tag_k=1": "a", "tag_k=3": "b", "tag_k=3&tag_empty=": "b", "tag_k=1&tag_empty=": "", "tag_k=9": "", "tag_none=": "", "": "a b c", "prefix=b&tag_k=3": "b", "prefix=a&tag_k=3": "",
	} {
		list, _ := w.do("GET", "/2016-08-15/services?"+query, "").is(200).doc["services"].([]any)
		var names []string
		for _, s := range list {
			names = append(names, s.(map[string]any)["serviceName"].(string))
		}
		if strings.Join(names, " ") != want {
			t.Errorf("%s: %v, want %s", query, names, want)
		}
	}
	// Neither an update of the service nor its functions touch them.
	w.do("PUT", "/2021-04-06/services/a", `{"description":"d"}`).is(200)
	w.do("PUT", "/2021-04-06/tag", `{"resourceArn":"services/a","tagKeys":["env","none"]}`).is(200)
	w.do("GET", "/2021-04-06/tag?resourceArn=services/a", "").is(200).has("tags", map[string]string{"k": "1"})
	w.do("DELETE", "/2016-08-15/tag", `{"resourceArn":"services/b","all":true}`).is(200)
	w.do("GET", "/2021-04-06/tag?resourceArn=services/b", "").is(200).has("tags", map[string]string{})
	w.do("GET", "/2021-04-06/services/a/functions/f", "").is(200)
}

func TestTagsOfServicesRefuse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("POST", "/2021-04-06/services", `{"serviceName":"a"}`).is(200)
	many := make([]string, maxTags+1)
	for i := range many {
		many[i] = `"` + strings.Repeat("k", i+1) + `":"v"`
	}
	for _, tt := range []struct {
		method, body string
		status       int
		code, says   string
	}{
		{"POST", `{"tags":{"a":"b"}}`, 400, "InvalidArgument", "resourceArn is required"},
		{"POST", `{"resourceArn":"services/a"}`, 400, "InvalidArgument", "tags is required"},
		{"POST", `{"resourceArn":"services/a","tags":{"":"b"}}`, 400, "InvalidArgument", "key of a tag"},
		{"POST", `{"resourceArn":"services/a","tags":[]}`, 400, "InvalidArgument", "tags"},
		{"POST", `{"resourceArn":"services/a","tags":{` + strings.Join(many, ",") + `}}`, 400, "InvalidArgument", "can have 20 tags, not 21"},
		{"POST", `{"resourceArn":"services/none","tags":{"a":"b"}}`, 404, "ServiceNotFound", "none"},
		{"POST", `{"resourceArn":"services/","tags":{"a":"b"}}`, 400, "InvalidArgument", "is not the ARN of a service"},
		{"POST", `{"resourceArn":"services/a/functions/f","tags":{"a":"b"}}`, 400, "InvalidArgument", "is not the ARN of a service"},
		{"POST", `{"resourceArn":"acs:fc:cn-beijing:1:services/a","tags":{"a":"b"}}`, 400, "InvalidArgument", "is not the ARN of a service"},
		{"PUT", `{"resourceArn":"services/a"}`, 400, "InvalidArgument", "tagKeys is required"},
		{"PUT", `{"resourceArn":"services/none","all":true}`, 404, "ServiceNotFound", "none"},
		{"DELETE", `{}`, 400, "InvalidArgument", "resourceArn is required"},
	} {
		w.do(tt.method, "/2021-04-06/tag", tt.body).is(tt.status, tt.code).says(tt.says)
	}
	w.do("GET", "/2021-04-06/tag?resourceArn=services/none", "").is(404, "ServiceNotFound")
	w.do("GET", "/2021-04-06/tag", "").is(400, "InvalidArgument")
	w.do("GET", "/2021-04-06/tag?resourceArn=services/a", "").is(200).has("tags", map[string]string{})
}

func TestFiltersOfFunctions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("POST", "/2021-04-06/services", `{"serviceName":"svc"}`).is(200)
	w.do("POST", "/2021-04-06/services/svc/functions", with(w.minimal("old"), nil)).is(200)
	for name, over := range map[string]map[string]any{
		"plain": {},
		"node":  {"runtime": "nodejs20", "description": "an order of things", "resourceGroupId": "rg-1"},
		"gpu": {
			"runtime": "custom", "gpuConfig": map[string]any{"gpuType": "fc.gpu.tesla.1", "gpuMemorySize": 16384},
			"tags": []map[string]string{{"Key": "k", "Value": "1"}, {"Key": "x", "Value": "2"}},
		},
		"nodeless": {"tags": []map[string]string{{"Key": "k", "Value": "2"}}},
	} {
		w.do("POST", "/2023-03-30/functions", with(w.minimal(name), over)).is(200)
	}
	for query, want := range map[string]string{
		"":                       "gpu node nodeless plain svc$old",
		"prefix=node":            "node nodeless",
		"functionName=ode":       "node nodeless",
		"runtime=nodejs20":       "node",
		"runtime=nodejs":         "",
		"description=order":      "node",
		"fcVersion=v2":           "svc$old",
		"fcVersion=v3":           "gpu node nodeless plain",
		"gpuType=fc.gpu.tesla.1": "gpu",
		"resourceGroupId=rg-1":   "node",
		"tags=" + url.QueryEscape(`[{"Key":"k"}]`):                                  "gpu nodeless",
		"tags=" + url.QueryEscape(`[{"Key":"k","Value":"1"},{"Key":"x"}]`):          "gpu",
		"prefix=n&tags=" + url.QueryEscape(`[{"Key":"k"}]`) + "&runtime=python3.10": "nodeless",
	} {
		list, _ := w.do("GET", "/2023-03-30/functions?"+query, "").is(200).doc["functions"].([]any)
		var names []string
		for _, f := range list {
			names = append(names, f.(map[string]any)["functionName"].(string))
		}
		if strings.Join(names, " ") != want {
			t.Errorf("%s: %v, want %s", query, names, want)
		}
	}
	w.do("GET", "/2023-03-30/functions?fcVersion=4", "").is(400, "InvalidArgument").says("fcVersion must be v2 or v3")
	w.do("GET", "/2023-03-30/functions?tags=k", "").is(400, "InvalidArgument").says("tags must be a JSON list")
	w.do("GET", "/2021-04-06/services/svc/functions?runtime=none", "").is(200).has("functions", []any{w.do("GET", "/2021-04-06/services/svc/functions/old", "").doc})
}

// What isn't served is called by its name, whether the client says it or not.
func TestOperationsAreNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("POST", "/2023-03-30/functions/f/snapshots", "{}").is(501, "NotImplemented").says("CreateSnapshot ('POST' against '/2023-03-30/functions/f/snapshots') is not served")
	w.do("POST", "/2021-04-06/gpuInstances", "{}", "X-Acs-Action: Wrong").is(501, "NotImplemented").says("ClaimGPUInstance (")
	w.do("GET", "/2023-03-30/nothing", "", "X-Acs-Action: GetNothing").is(501, "NotImplemented").says("GetNothing ('GET'")
	w.do("GET", "/2023-03-30/nothing", "").is(501, "NotImplemented").says("'GET' against '/2023-03-30/nothing' is not served")
	for _, version := range []string{"2023-03-30", "2021-04-06"} {
		seen := map[string]bool{}
		for _, o := range operations(version) {
			if id := o.method + " " + o.path; seen[id] {
				t.Errorf("%s is twice in %s", id, version)
			} else {
				seen[id] = true
			}
			if got := actionOf(version, o.method, strings.Split(o.path, "/")); got != o.name {
				t.Errorf("%s %s is %s, want %s", o.method, o.path, got, o.name)
			}
		}
	}
}
