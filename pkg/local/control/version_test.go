package control

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// listed are the values of a field in a list.
func (g got) listed(list, field string) []string {
	out := []string{}
	items, _ := g.doc[list].([]any)
	for _, item := range items {
		doc, _ := item.(map[string]any)
		out = append(out, fmt.Sprint(doc[field]))
	}
	return out
}

// describe changes a function of FC 3.0.
func (w *world) describe(function, text string) {
	w.t.Helper()
	w.do("PUT", "/2023-03-30/functions/"+function, `{"description":"`+text+`"}`).is(200)
}

func TestVersions(t *testing.T) {
	w := newWorld(t)
	w.create("f")
	const f, versions = "/2023-03-30/functions/f", "/2023-03-30/functions/f/versions"
	w.describe("f", "first")
	w.do("POST", versions, `{"description":"v1"}`).is(200).has("versionId", "1").has("description", "v1").
		has("createdTime", "2026-01-02T03:04:05Z").has("lastModifiedTime", "2026-01-02T03:04:05Z")
	w.do("POST", versions, `{}`).is(409, "VersionPublishError").says("has not changed since version 1")
	w.do("PUT", f, `{"code":{"zipFile":"`+zipOf(t, "other")+`"},"description":"second","environmentVariables":{"A":"2"}}`).is(200)
	w.do("POST", versions, "").is(200).has("versionId", "2")
	w.describe("f", "third")

	w.do("GET", f+"?qualifier=1", "").is(200).has("description", "first")
	w.do("GET", f+"?qualifier=2", "").is(200).has("description", "second").has("environmentVariables.A", "2")
	w.do("GET", f, "").is(200).has("description", "third")
	one, two := w.do("GET", f+"/code?qualifier=1", "").is(200), w.do("GET", f+"/code?qualifier=2", "").is(200)
	if one.at("checksum") == two.at("checksum") || two.at("checksum") != w.do("GET", f+"/code", "").is(200).at("checksum") {
		t.Errorf("%s, %s", one.body, two.body)
	}
	for _, path := range []string{f + "?qualifier=3", f + "/code?qualifier=3", f + "/instances?qualifier=3", f + "/provision-config?qualifier=3"} {
		w.do("GET", path, "").is(404, "VersionNotFound").says("version '3' of function 'f' does not exist")
	}
	// An operation without a qualifier doesn't act on LATEST if asked for another.
	w.do("PUT", f+"?qualifier=1", `{"description":"x"}`).is(400, "InvalidArgument").says("for LATEST alone")
	w.do("DELETE", f+"?qualifier=1", "").is(400, "InvalidArgument")

	w.do("DELETE", f, "").is(409, "FunctionNotEmpty").says("has active versions")
	w.do("DELETE", versions+"/1", "").is(204)
	w.do("DELETE", versions+"/1", "").is(404, "VersionNotFound")
	w.do("DELETE", versions+"/x", "").is(404, "VersionNotFound")
	w.do("DELETE", versions+"/2", "").is(204)
	w.do("DELETE", f, "").is(204)
	w.mu.Lock()
	defer w.mu.Unlock()
	if d := cmp.Diff([]string{testRegion + "/f", testRegion + "/f"}, w.moved); d != "" {
		t.Error(d)
	}
}

func TestVersionPages(t *testing.T) {
	w := newWorld(t)
	w.create("f")
	const versions = "/2023-03-30/functions/f/versions"
	for i := range 5 {
		w.describe("f", fmt.Sprint("v", i))
		w.do("POST", versions, "").is(200)
	}
	w.do("DELETE", versions+"/3", "").is(204)
	for query, want := range map[string][]string{
		"": {"5", "4", "2", "1"}, "direction=BACKWARD": {"5", "4", "2", "1"}, "direction=FORWARD": {"1", "2", "4", "5"},
		"limit=1": {"5"}, "direction=FORWARD&limit=3": {"1", "2", "4"}, "startKey=3": {"2", "1"}, "startKey=4": {"4", "2", "1"},
		"direction=FORWARD&startKey=3": {"4", "5"}, "startKey=99": {"5", "4", "2", "1"}, "direction=FORWARD&startKey=99": {},
	} {
		if d := cmp.Diff(want, w.do("GET", versions+"?"+query, "").is(200).listed("versions", "versionId")); d != "" {
			t.Errorf("%s: %s", query, d)
		}
	}
	for _, direction := range []string{"BACKWARD", "FORWARD"} {
		var all []string
		for query := "?limit=1&direction=" + direction; query != ""; {
			g := w.do("GET", versions+query, "").is(200).has("direction", direction)
			all = append(all, g.listed("versions", "versionId")...)
			token, more := g.doc["nextToken"].(string)
			if query = ""; more {
				query = "?limit=1&direction=" + direction + "&nextToken=" + token
			}
		}
		if len(all) != 4 {
			t.Errorf("%s: %v", direction, all)
		}
	}
	for _, query := range []string{"direction=UP", "nextToken=%25", "nextToken=eA", "startKey=x", "startKey=0", "limit=0", "limit=101"} {
		w.do("GET", versions+"?"+query, "").is(400, "InvalidArgument")
	}
}

func TestAliases(t *testing.T) {
	w := newWorld(t)
	w.create("f")
	const f, aliases = "/2023-03-30/functions/f", "/2023-03-30/functions/f/aliases"
	w.describe("f", "first")
	w.do("POST", f+"/versions", "").is(200)
	w.describe("f", "second")
	w.do("POST", f+"/versions", "").is(200)

	w.do("POST", aliases, `{"aliasName":"prod","versionId":"1","description":"d","additionalVersionWeight":{"2":0.2}}`).is(200).
		has("aliasName", "prod").has("versionId", "1").has("description", "d").has("additionalVersionWeight", map[string]any{"2": 0.2}).
		has("createdTime", "2026-01-02T03:04:05Z").has("resolvePolicy", nil)
	w.do("POST", aliases, `{"aliasName":"prod","versionId":"1"}`).is(409, "AliasAlreadyExists").says("alias 'prod' of function 'f' already exists")
	w.do("POST", aliases, `{"aliasName":"dev","versionId":"2","additionalVersionWeight":null}`).is(200).has("additionalVersionWeight", map[string]any{})
	w.do("GET", aliases+"/prod", "").is(200).has("versionId", "1")
	w.do("GET", aliases+"/none", "").is(404, "AliasNotFound").says("alias 'none' of function 'f' does not exist")
	for query, want := range map[string][]string{"": {"dev", "prod"}, "?prefix=p": {"prod"}, "?limit=1": {"dev"}} {
		if d := cmp.Diff(want, w.do("GET", aliases+query, "").is(200).listed("aliases", "aliasName")); d != "" {
			t.Errorf("%s: %s", query, d)
		}
	}
	w.do("GET", f+"?qualifier=prod", "").is(200).has("description", "first")
	w.do("PUT", aliases+"/prod", `{"versionId":"2","additionalVersionWeight":{}}`).is(200).has("description", "d").has("additionalVersionWeight", map[string]any{})
	w.do("GET", f+"?qualifier=prod", "").is(200).has("description", "second")

	w.do("DELETE", f+"/versions/2", "").is(204) // aliases may lead nowhere
	w.do("GET", f+"?qualifier=prod", "").is(404, "VersionNotFound")
	w.do("DELETE", f+"/versions/1", "").is(204)
	w.do("DELETE", f, "").is(409, "FunctionNotEmpty").says("has active aliases")
	w.do("DELETE", aliases+"/prod", "").is(204)
	w.do("DELETE", aliases+"/prod", "").is(404, "AliasNotFound")
	w.do("DELETE", aliases+"/dev", "").is(204)
	w.do("DELETE", f, "").is(204)
}

func TestAliasErrors(t *testing.T) {
	w := newWorld(t)
	w.create("f")
	const aliases = "/2023-03-30/functions/f/aliases"
	w.do("POST", "/2023-03-30/functions/f/versions", "").is(200)
	w.do("POST", aliases, `{"aliasName":"a","versionId":"1"}`).is(200)
	for _, tt := range []struct {
		body   string
		status int
		code   string
		says   string
	}{
		{`{"versionId":"1"}`, 400, "InvalidArgument", "aliasName is required"},
		{`{"aliasName":"b"}`, 400, "InvalidArgument", "versionId is required"},
		{`{"aliasName":"1","versionId":"1"}`, 400, "InvalidArgument", "aliasName must begin with"},
		{`{"aliasName":"LATEST","versionId":"1"}`, 400, "InvalidArgument", "aliasName"},
		{`{"aliasName":"a/b","versionId":"1"}`, 400, "InvalidArgument", "aliasName"},
		{`{"aliasName":"b","versionId":"LATEST"}`, 400, "InvalidArgument", "field 'versionId' must have the number"},
		{`{"aliasName":"b","versionId":"01"}`, 400, "InvalidArgument", "versionId"},
		{`{"aliasName":"b","versionId":"7"}`, 404, "VersionNotFound", "version '7'"},
		{`{"aliasName":"b","versionId":"1","additionalVersionWeight":{"7":0.5}}`, 404, "VersionNotFound", "version '7'"},
		{`{"aliasName":"b","versionId":"1","additionalVersionWeight":{"1":0.5}}`, 400, "AdditionalVersionContainsMajorVersion", "should not contain major version 1"},
		{`{"aliasName":"b","versionId":"1","additionalVersionWeight":{"2":1.5}}`, 400, "InvalidArgument", "between 0 and 1"},
		{`{"aliasName":"b","versionId":"1","additionalVersionWeight":{"2":-0.1}}`, 400, "InvalidArgument", "between 0 and 1"},
		{`{"aliasName":"b","versionId":"1","additionalVersionWeight":{"2":0.6,"3":0.5}}`, 400, "InvalidArgument", "not be more than 1 together"},
		{`{"aliasName":"b","versionId":"1","additionalVersionWeight":{"x":0.5}}`, 400, "InvalidArgument", "field 'additionalVersionWeight' must have the number"},
		{`{"aliasName":"b","versionId":"1","resolvePolicy":"Content"}`, 400, "InvalidArgument", "of this API version can't choose"},
		{`{"aliasName":"b","versionId":"1","routePolicy":{"policyItems":[{}]}}`, 400, "InvalidArgument", "of this API version can't choose"},
	} {
		w.do("POST", aliases, tt.body).is(tt.status, tt.code).says(tt.says)
	}
	w.do("PUT", aliases+"/a", `{"versionId":"7"}`).is(404, "VersionNotFound")
	w.do("PUT", aliases+"/a", `{"additionalVersionWeight":{"1":0.5}}`).is(400, "AdditionalVersionContainsMajorVersion")
	if d := cmp.Diff([]string{"a"}, w.do("GET", aliases, "").is(200).listed("aliases", "aliasName")); d != "" {
		t.Error(d)
	}
}

// A service's versions are of all its functions. This is what FC's own clients of
// FC 2.0 expect of it.
func TestServiceVersions(t *testing.T) {
	w := newWorld(t)
	const svc, old = "/2021-04-06/services/svc", "/2016-08-15/services/svc"
	created := w.do("POST", "/2021-04-06/services", `{"serviceName":"svc","description":"about it"}`).is(200)
	w.do("POST", svc+"/versions", `{"description":"empty"}`, "If-Match: "+created.header.Get("Etag")).is(200).has("versionId", "1")
	w.do("POST", svc+"/versions", "").is(409, "VersionPublishError").says("service 'svc' has not changed")
	w.do("DELETE", svc, "").is(409, "ServiceNotEmpty")
	w.do("POST", svc+"/functions", with(w.minimal("f"), map[string]any{"description": "f1"})).is(200)
	w.do("POST", svc+"/versions", "", "If-Match: stale").is(412, "PreconditionFailed")
	w.do("POST", svc+"/versions", `{"description":"with f"}`).is(200).has("versionId", "2")
	w.do("PUT", svc+"/functions/f", `{"description":"f2"}`).is(200)
	w.do("POST", svc+"/functions", with(w.minimal("g"), nil)).is(200)
	w.do("PUT", svc, `{"description":"changed"}`).is(200)
	w.do("POST", old+"/aliases", `{"aliasName":"prod","versionId":"2"}`).is(200).has("resolvePolicy", "Random")

	for _, at := range []string{svc + "?qualifier=2", old + ".2", old + ".prod", svc + "?qualifier=prod"} {
		w.do("GET", at, "").is(200).has("serviceName", "svc").has("description", "with f")
	}
	w.do("GET", svc, "").is(200).has("description", "changed")
	for at, want := range map[string][]string{
		svc + "/functions": {"f", "g"}, svc + "/functions?qualifier=1": {}, svc + "/functions?qualifier=2": {"f"}, old + ".prod/functions": {"f"}, old + ".LATEST/functions": {"f", "g"},
	} {
		if d := cmp.Diff(want, w.do("GET", at, "").is(200).listed("functions", "functionName")); d != "" {
			t.Errorf("%s: %s", at, d)
		}
	}
	w.do("GET", svc+"/functions/f?qualifier=prod", "").is(200).has("description", "f1")
	w.do("GET", old+".2/functions/f", "").is(200).has("description", "f1")
	w.do("GET", "/2023-03-30/functions/svc$f?qualifier=2", "").is(200).has("description", "f1")
	w.do("GET", svc+"/functions/g?qualifier=2", "").is(404, "FunctionNotFound")
	w.do("GET", svc+"/functions/f?qualifier=9", "").is(404, "VersionNotFound").says("version '9' of service 'svc' does not exist")
	w.do("GET", svc+"/functions/f?qualifier=dev", "").is(404, "AliasNotFound").says("alias 'dev' of service 'svc' does not exist")
	w.do("PUT", old+".2/functions/f", `{"description":"x"}`).is(400, "InvalidArgument")
	w.do("GET", "/2023-03-30/functions/svc$f/versions", "").is(200).has("direction", "BACKWARD")
	w.do("GET", svc+"/versions?limit=1&direction=FORWARD", "").is(200).has("nextToken", "Mg")

	alias := w.do("GET", svc+"/aliases/prod", "").is(200).header.Get("Etag")
	w.do("PUT", svc+"/aliases/prod", `{"versionId":"1"}`, "If-Match: stale").is(412, "PreconditionFailed")
	w.do("PUT", svc+"/aliases/prod", `{"versionId":"1"}`, "If-Match: "+alias).is(200)
	w.do("DELETE", svc+"/aliases/prod", "", "If-Match: "+alias).is(412, "PreconditionFailed")
	// Functions go before versions, and versions before aliases.
	w.do("DELETE", svc+"/functions/f", "").is(204)
	w.do("DELETE", svc+"/functions/g", "").is(204)
	w.do("GET", svc+"/functions/f?qualifier=2", "").is(200)
	w.do("DELETE", svc+"/versions/1", "").is(204)
	w.do("DELETE", svc+"/versions/2", "").is(204)
	w.do("DELETE", svc, "").is(409, "ServiceNotEmpty").says("has active aliases")
	w.do("DELETE", svc+"/aliases/prod", "").is(204)
	w.do("DELETE", svc, "").is(204)
}

// An alias of FC 2.0 that chooses by content keeps how, says it in FC 2.0 alone, and is
// refused where it can't be.
func TestContentAliases(t *testing.T) {
	w := newWorld(t)
	const svc = "/2021-04-06/services/svc"
	w.do("POST", "/2021-04-06/services", `{"serviceName":"svc"}`).is(200)
	for i, text := range []string{"one", "two", "three"} {
		w.do("PUT", svc, `{"description":"`+text+`"}`).is(200)
		w.do("POST", svc+"/versions", "").is(200).has("versionId", fmt.Sprint(i+1))
	}
	policy := map[string]any{"condition": "AND", "policyItems": []any{map[string]any{"type": "Header", "key": "x-test-uid", "operator": "=", "value": "1"}}}
	content := map[string]any{
		"aliasName": "prod", "versionId": "1", "additionalVersionWeight": map[string]any{"2": 1}, "resolvePolicy": "Content", "routePolicy": policy,
	}
	w.do("POST", svc+"/aliases", with(content, nil)).is(200).has("resolvePolicy", "Content").has("routePolicy", policy)
	w.do("PUT", svc+"/aliases/prod", `{"description":"how it chooses stays"}`).is(200).has("routePolicy", policy).has("resolvePolicy", "Content")
	w.do("GET", "/2016-08-15/services/svc/aliases/prod", "").is(200).has("routePolicy", policy)
	w.create("f")
	if body := w.do("GET", "/2023-03-30/functions/svc$f/aliases/prod", "").body; strings.Contains(string(body), "Policy") {
		t.Errorf("FC 3.0 shows %s", body)
	}
	for _, tt := range []struct {
		over   map[string]any
		status int
		says   string
	}{
		{map[string]any{"resolvePolicy": "Best"}, 400, "resolvePolicy 'Best' is not one of"},
		{map[string]any{"routePolicy": map[string]any{"condition": "XOR"}}, 400, "routePolicy.condition 'XOR'"},
		{map[string]any{"routePolicy": map[string]any{"policyItems": []any{map[string]any{"type": "Header", "operator": "="}}}}, 400, "key is required"},
		{map[string]any{"routePolicy": map[string]any{"policyItems": []any{map[string]any{"type": "Cookie", "key": "k", "operator": "="}}}}, 501, "of type 'Cookie' is not served"},
		{map[string]any{"routePolicy": map[string]any{"policyItems": "x"}}, 400, "routePolicy"},
		{map[string]any{"additionalVersionWeight": map[string]any{"2": 0.5, "3": 0.5}}, 400, "must have one version"},
	} {
		over := map[string]any{"aliasName": "other"}
		maps.Copy(over, tt.over)
		w.do("POST", svc+"/aliases", with(content, over)).is(tt.status).says(tt.says)
	}
	w.do("PUT", svc+"/aliases/prod", `{"resolvePolicy":"Random","additionalVersionWeight":{"2":0.5,"3":0.5}}`).is(200).has("resolvePolicy", "Random")
	w.do("PUT", svc+"/aliases/prod", `{"resolvePolicy":"Content"}`).is(400, "InvalidArgument").says("must have one version")
}

// Instances that are to be there always are configured by qualifier, and follow an
// alias to its version.
func TestScalingAtQualifiers(t *testing.T) {
	w := newWorld(t)
	w.create("f")
	const f = "/2023-03-30/functions/f"
	w.do("POST", f+"/versions", "").is(200)
	w.describe("f", "second")
	w.do("POST", f+"/versions", "").is(200)
	w.do("POST", f+"/aliases", `{"aliasName":"prod","versionId":"1"}`).is(200)
	w.do("PUT", f+"/provision-config?qualifier=dev", `{"defaultTarget":2}`).is(404, "AliasNotFound")
	w.do("PUT", f+"/provision-config?qualifier=prod", `{"defaultTarget":2}`).is(200).has("functionArn", "acs:fc:"+testRegion+":"+testAccount+":functions/f/prod")
	w.do("GET", f+"/provision-config?qualifier=prod", "").is(200).has("defaultTarget", 2)
	w.do("GET", f+"/provision-config", "").is(404, "ProvisionConfigNotFound")
	w.do("PUT", f+"/scaling-config?qualifier=2", `{"minInstances":1}`).is(200)
	w.do("PUT", f+"/aliases/prod", `{"versionId":"2"}`).is(200)
	w.do("DELETE", f+"/aliases/prod", "").is(409, "ProvisionConfigExist").says("at prod")
	w.do("PUT", f+"/concurrency?qualifier=prod", `{"reservedConcurrency":2}`).is(400, "InvalidArgument")
	w.do("GET", "/2023-03-30/provision-configs?functionName=f", "").is(200).shows(`functions/f/prod`)
	w.do("DELETE", f+"/provision-config?qualifier=prod", "").is(204)
	w.do("DELETE", f+"/aliases/prod", "").is(204)
	w.do("DELETE", f+"/versions/2", "").is(204)
	w.do("GET", f+"/scaling-config?qualifier=2", "").is(200).has("minInstances", 1)
	w.do("DELETE", f+"/scaling-config?qualifier=2", "").is(204) // though the version is gone
	w.mu.Lock()
	defer w.mu.Unlock()
	if d := cmp.Diff([]string{"f/prod", "f/2", "f/prod", "f/prod", "f/2"}, w.scaled); d != "" {
		t.Error(d)
	}
}

// Each version and alias has one HTTP trigger, and a trigger may be moved.
func TestTriggersAtQualifiers(t *testing.T) {
	w := newWorld(t)
	w.create("f")
	const f, triggers = "/2023-03-30/functions/f", "/2023-03-30/functions/f/triggers"
	w.do("POST", f+"/versions", "").is(200)
	w.do("POST", f+"/aliases", `{"aliasName":"prod","versionId":"1"}`).is(200)
	body := func(name, qualifier string) string {
		return `{"triggerName":"` + name + `","triggerType":"http","qualifier":"` + qualifier + `","triggerConfig":"` + httpConfig + `"}`
	}
	for _, qualifier := range []string{"LATEST", "1", "prod"} {
		w.do("POST", triggers, body("t"+qualifier, qualifier)).is(200).has("qualifier", qualifier)
		w.do("POST", triggers, body("u"+qualifier, qualifier)).is(400, "InvalidArgument").says("for " + qualifier + " already")
	}
	w.do("POST", triggers, body("x", "2")).is(404, "VersionNotFound")
	w.do("PUT", triggers+"/t1", `{"qualifier":"prod"}`).is(400, "InvalidArgument")
	w.do("PUT", triggers+"/t1", `{"qualifier":"dev"}`).is(404, "AliasNotFound")
	w.do("DELETE", triggers+"/tprod", "").is(204)
	w.do("PUT", triggers+"/t1", `{"qualifier":"prod"}`).is(200).has("qualifier", "prod")
	w.do("DELETE", f+"/aliases/prod", "").is(204)
	w.do("PUT", triggers+"/t1", `{"description":"its alias is gone"}`).is(200)
	w.do("GET", triggers+"/t1", "").is(200).has("qualifier", "prod")
}

// What is asked of asynchronous invocations is kept by qualifier.
func TestAsyncConfigsAtQualifiers(t *testing.T) {
	w := newWorld(t)
	w.create("f")
	const f = "/2023-03-30/functions/f"
	w.do("POST", f+"/versions", "").is(200)
	w.do("PUT", f+"/async-invoke-config?qualifier=1", `{"maxAsyncRetryAttempts":7}`).is(200)
	w.do("GET", f+"/async-invoke-config?qualifier=1", "").is(200).has("maxAsyncRetryAttempts", 7)
	w.do("GET", f+"/async-invoke-config", "").is(404, "AsyncConfigNotExists")
	w.do("PUT", f+"/async-invoke-config?qualifier=2", `{}`).is(404, "VersionNotFound")
	w.do("GET", f+"/async-tasks?qualifier=prod", "").is(404, "AliasNotFound")
	w.do("DELETE", f+"/versions/1", "").is(204)
	w.do("DELETE", f+"/async-invoke-config?qualifier=1", "").is(204)
}
