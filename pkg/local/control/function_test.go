package control

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"s/pkg/local/store"
	"s/pkg/runtime/instance"
)

var requestID = regexp.MustCompile(`^1-[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{12}$`)

func TestFunctionLife(t *testing.T) {
	w := newWorld(t)
	zip := zipOf(t, "one")
	body := with(w.minimal("hello"), map[string]any{
		"code":                 map[string]any{"zipFile": zip, "checksum": store.Checksum(decode(t, zip))},
		"environmentVariables": map[string]any{"A": "1", "B": "2"}, "instanceIsolationMode": "SHARE", "cpu": 0.35, "layers": []string{},
		"tags": []map[string]string{{"Key": "k", "Value": "v"}},
	})
	created := w.do("POST", "/2023-03-30/functions", body).is(200).
		has("functionName", "hello").has("memorySize", 512).has("timeout", 3).has("diskSize", 512).has("instanceConcurrency", 1).
		has("internetAccess", true).has("cpu", 0.35).has("instanceIsolationMode", "SHARE").has("state", "Active").
		has("lastUpdateStatus", "Successful").has("functionArn", "acs:fc:cn-hangzhou:1234567890123456:functions/hello").
		has("codeSize", len(decode(t, zip))).has("codeChecksum", store.Checksum(decode(t, zip))).
		has("createdTime", "2026-01-02T03:04:05Z").has("tags", []map[string]string{{"Key": "k", "Value": "v"}})
	if created.doc["code"] != nil {
		t.Error("the code is in the answer")
	}
	w.do("POST", "/2023-03-30/functions", body).is(409, "FunctionAlreadyExists")

	w.pass(time.Minute)
	w.do("PUT", "/2023-03-30/functions/hello", `{"environmentVariables":{"C":"3"},"timeout":10,"handler":null,"functionName":"other"}`).is(200).
		has("environmentVariables", map[string]string{"C": "3"}).has("timeout", 10).has("handler", "index.handler").
		has("functionName", "hello").has("lastModifiedTime", "2026-01-02T03:05:05Z").has("createdTime", "2026-01-02T03:04:05Z").
		has("functionId", created.doc["functionId"]).has("codeChecksum", created.doc["codeChecksum"]).has("instanceIsolationMode", "SHARE")
	w.do("PUT", "/2023-03-30/functions/hello", `{"environmentVariables":{},"code":{"zipFile":"`+zipOf(t, "two")+`"}}`).is(200).
		has("environmentVariables", nil).has("codeChecksum", store.Checksum(decode(t, zipOf(t, "two"))))
	w.do("PUT", "/2023-03-30/functions/hello", `{}`).is(200).has("timeout", 10)
	w.do("GET", "/2023-03-30/functions/hello?qualifier=LATEST", "").is(200).has("timeout", 10)
	w.do("GET", "/2023-03-30/functions/hello?qualifier=3", "").is(404, "VersionNotFound")
	w.do("GET", "/2023-03-30/functions/hello?qualifier=prod", "").is(404, "AliasNotFound")
	w.do("GET", "/2023-03-30/functions/hello", "", "X-Fc-Region: cn-beijing").is(404, "FunctionNotFound").says("function 'hello' does not exist")

	w.do("DELETE", "/2023-03-30/functions/hello", "").is(204)
	w.do("DELETE", "/2023-03-30/functions/hello", "").is(404, "FunctionNotFound")
	w.do("PUT", "/2023-03-30/functions/hello", "{}").is(404, "FunctionNotFound")
	want := []string{"cn-hangzhou/hello", "cn-hangzhou/hello", "cn-hangzhou/hello", "cn-hangzhou/hello", "cn-hangzhou/hello"}
	if diff := cmp.Diff(want, w.changed); diff != "" {
		t.Error(diff)
	}
}

func TestCreateFunctionRefuses(t *testing.T) {
	w := newWorld(t)
	good := zipOf(t, "x")
	code := func(v any) map[string]any { return map[string]any{"code": v} }
	for _, tt := range []struct {
		name   string
		over   map[string]any
		status int
		code   string
		says   string
	}{
		{"no name", map[string]any{"functionName": nil}, 400, "InvalidArgument", "functionName is required"},
		{"bad name", map[string]any{"functionName": "1a"}, 400, "InvalidArgument", "functionName '1a'"},
		{"a service in the name", map[string]any{"functionName": "a$b"}, 400, "InvalidArgument", "functionName 'a$b'"},
		{"long name", map[string]any{"functionName": strings.Repeat("a", 65)}, 400, "InvalidArgument", "65 characters"},
		{"no runtime", map[string]any{"runtime": nil}, 400, "InvalidArgument", "runtime is required"},
		{"unknown runtime", map[string]any{"runtime": "cobol"}, 400, "InvalidArgument", "runtime 'cobol' is not one of python2.7"},
		{"container without image", map[string]any{"runtime": "custom-container"}, 400, "InvalidArgument", "customContainerConfig.image is required"},
		{"container with code", map[string]any{"runtime": "custom-container", "customContainerConfig": map[string]any{"image": "a/b"}}, 400, "InvalidArgument", "can't have code"},
		{"port of a container", map[string]any{"runtime": "custom-container", "customContainerConfig": map[string]any{"image": "a/b", "port": 70000}}, 400, "InvalidArgument", "customContainerConfig.port"},
		{"health check of a container", map[string]any{"runtime": "custom-container", "customContainerConfig": map[string]any{"image": "a/b", "healthCheckConfig": map[string]any{"timeoutSeconds": 4}}}, 400, "InvalidArgument", "healthCheckConfig.timeoutSeconds"},
		{"no handler", map[string]any{"handler": nil}, 400, "InvalidArgument", "handler is required"},
		{"timeout", map[string]any{"timeout": 86401}, 400, "InvalidArgument", "timeout must be between 1 and 86400"},
		{"negative timeout", map[string]any{"timeout": -1}, 400, "InvalidArgument", "timeout"},
		{"memory", map[string]any{"memorySize": 64}, 400, "InvalidArgument", "between 128 and 32768"},
		{"odd memory", map[string]any{"memorySize": 200}, 400, "InvalidArgument", "multiple of 64"},
		{"disk", map[string]any{"diskSize": 1000}, 400, "InvalidArgument", "512 or 10240"},
		{"cpu step", map[string]any{"cpu": 0.33}, 400, "InvalidArgument", "multiple of 0.05"},
		{"cpu ratio", map[string]any{"cpu": 2.0, "memorySize": 512}, 400, "InvalidArgument", "ratio"},
		{"concurrency", map[string]any{"instanceConcurrency": 201}, 400, "InvalidArgument", "instanceConcurrency"},
		{"variable", map[string]any{"environmentVariables": map[string]string{"A-B": "1"}}, 400, "InvalidArgument", "environment variable 'A-B'"},
		{"wrong type", map[string]any{"timeout": "ten"}, 400, "InvalidArgument", "field 'timeout' can't be a string"},
		{"wrong type inside", map[string]any{"customRuntimeConfig": map[string]any{"port": "x"}}, 400, "InvalidArgument", "field 'customRuntimeConfig.port'"},
		{"port", map[string]any{"customRuntimeConfig": map[string]any{"port": 70000}}, 400, "InvalidArgument", "customRuntimeConfig.port"},
		{"health", map[string]any{"customRuntimeConfig": map[string]any{"healthCheckConfig": map[string]any{"timeoutSeconds": 9}}}, 400, "InvalidArgument", "timeoutSeconds"},
		{"hook timeout", map[string]any{"instanceLifecycleConfig": map[string]any{"initializer": map[string]any{"handler": "a.b", "timeout": 301}}}, 400, "InvalidArgument", "initializer.timeout"},
		{"hook twice", map[string]any{"instanceLifecycleConfig": map[string]any{"preStop": map[string]any{"handler": "a.b", "command": []string{"x"}}}}, 400, "InvalidArgument", "both handler and command"},
		{"layers", map[string]any{"layers": []string{"acs:fc:r:1:layers/a/versions/1"}}, 404, "LayerVersionNotFound", "layers/a/versions/1"},
		{"no code", code(nil), 400, "InvalidArgument", "code is required"},
		{"empty code", code(map[string]any{}), 400, "InvalidArgument", "code is required"},
		{"no base64", code(map[string]any{"zipFile": "***"}), 400, "InvalidArgument", "not base64"},
		{"code is a number", code(map[string]any{"zipFile": 5}), 400, "InvalidArgument", "must be a string"},
		{"no zip", code(map[string]any{"zipFile": "aGVsbG8="}), 400, "InvalidArgument", "not a valid zip"},
		{"checksum", code(map[string]any{"zipFile": good, "checksum": "1"}), 400, "InvalidArgument", "checksum mismatch"},
		{"oss", code(map[string]any{"ossBucketName": "b", "ossObjectName": "o"}), 400, "InvalidArgument", "object 'o' of bucket 'b' does not exist"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.do("POST", "/2023-03-30/functions", with(w.minimal("f"), tt.over)).is(tt.status, tt.code).says(tt.says)
		})
	}
	w.do("POST", "/2023-03-30/functions", `[1]`).is(400, "InvalidArgument").says("must be a JSON object")
	w.do("POST", "/2023-03-30/functions", `{"a":`).is(400, "InvalidArgument").says("not valid JSON")
	w.do("POST", "/2023-03-30/functions", "").is(400, "InvalidArgument").says("functionName")
	w.do("GET", "/2023-03-30/functions/f", "").is(404, "FunctionNotFound")
	w.do("GET", "/2023-03-30/functions", "", "X-Fc-Region: Bad/Region").is(400, "InvalidArgument")
	if len(w.changed) > 0 {
		t.Errorf("changed: %v", w.changed)
	}
}

func TestRefusedUpdateChangesNothing(t *testing.T) {
	w := newWorld(t)
	w.create("f")
	before := w.do("GET", "/2023-03-30/functions/f", "").is(200)
	w.do("PUT", "/2023-03-30/functions/f", `{"timeout":0,"memorySize":100}`).is(400, "InvalidArgument")
	w.do("PUT", "/2023-03-30/functions/f", `{"code":{"zipFile":"aGVsbG8="},"timeout":9}`).is(400, "InvalidArgument")
	after := w.do("GET", "/2023-03-30/functions/f", "").is(200)
	if diff := cmp.Diff(before.doc, after.doc); diff != "" {
		t.Error(diff)
	}
}

// The SDK of FC 3.0 sends null for everything that isn't set.
func TestNullIsNotGiven(t *testing.T) {
	w := newWorld(t)
	body := strings.TrimSuffix(with(w.minimal("f"), nil), "}") +
		`,"layers":null,"tags":null,"environmentVariables":null,"customRuntimeConfig":null,"cpu":null,"description":null}`
	w.do("POST", "/2023-03-30/functions", body).is(200)
	w.do("PUT", "/2023-03-30/functions/f", `{"environmentVariables":{"A":"1"}}`).is(200)
	w.do("PUT", "/2023-03-30/functions/f", `{"environmentVariables":null,"layers":null,"code":null}`).is(200).
		has("environmentVariables", map[string]string{"A": "1"})
}

func TestCustomRuntimeNeedsNoHandler(t *testing.T) {
	w := newWorld(t)
	w.do("POST", "/2023-03-30/functions", with(w.minimal("f"), map[string]any{
		"runtime": "custom.debian10", "handler": nil,
		"customRuntimeConfig": map[string]any{"command": []string{"gunicorn"}, "args": []string{"a:b"}, "port": 9000},
	})).is(200).
		has("customRuntimeConfig.command", []string{"gunicorn"})
}

func TestListFunctions(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"b", "a1", "a3", "a2"} {
		w.create(name)
	}
	names := func(g got) (out []string) {
		for _, f := range g.doc["functions"].([]any) {
			out = append(out, f.(map[string]any)["functionName"].(string))
		}
		return out
	}
	all := w.do("GET", "/2023-03-30/functions", "").is(200).has("nextToken", nil)
	if diff := cmp.Diff([]string{"a1", "a2", "a3", "b"}, names(all)); diff != "" {
		t.Error(diff)
	}
	first := w.do("GET", "/2023-03-30/functions?prefix=a&limit=2", "").is(200)
	rest := w.do("GET", fmt.Sprintf("/2023-03-30/functions?prefix=a&limit=2&nextToken=%s", first.doc["nextToken"]), "").is(200).has("nextToken", nil)
	if diff := cmp.Diff([]string{"a1", "a2", "a3"}, append(names(first), names(rest)...)); diff != "" {
		t.Error(diff)
	}
	empty := w.do("GET", "/2023-03-30/functions", "", "X-Fc-Region: us-west-1").is(200)
	if string(empty.body) != `{"functions":[]}` {
		t.Errorf("body %s", empty.body)
	}
	for _, bad := range []string{"limit=0", "limit=101", "limit=x", "nextToken=***"} {
		w.do("GET", "/2023-03-30/functions?"+bad, "").is(400, "InvalidArgument")
	}
}

func TestDownloadCode(t *testing.T) {
	w := newWorld(t)
	w.create("f")
	zip := decode(t, zipOf(t, "def handler(e, c): return e"))
	answer := w.do("GET", "/2023-03-30/functions/f/code", "").is(200).has("checksum", store.Checksum(zip))
	path := strings.TrimPrefix(answer.doc["url"].(string), w.url)
	if data := w.do("GET", path, "").is(200); string(data.body) != string(zip) {
		t.Errorf("%d bytes, want %d", len(data.body), len(zip))
	}
	w.do("GET", path+"0", "").is(403, "SignatureNotMatch")
	w.do("GET", strings.Replace(path, "expires=", "expires=1", 1), "").is(403, "SignatureNotMatch")
	w.do("GET", CodePath+"..%2f..%2fstate.db?expires=1&signature=x", "").is(403, "SignatureNotMatch")
	w.pass(codeURLLife + time.Second)
	w.do("GET", path, "").is(403, "AccessDenied")
	w.do("GET", "/2023-03-30/functions/none/code", "").is(404, "FunctionNotFound")
}

func TestListInstances(t *testing.T) {
	w := newWorld(t)
	w.create("f")
	none := w.do("GET", "/2023-03-30/functions/f/instances?withAllActive=true&qualifier=LATEST", "").is(200)
	if list, ok := none.doc["instances"].([]any); !ok || len(list) != 0 {
		t.Errorf("body %s", none.body)
	}
	w.do("POST", "/2023-03-30/functions/f/versions", "").is(200)
	w.instances = []instance.Info{
		{ID: "c-1", Created: time.UnixMilli(1700000000123), Qualifier: "LATEST"},
		{ID: "c-2", Created: time.UnixMilli(1700000000124), Qualifier: "1", VersionID: "1"},
	}
	g := w.do("GET", "/2023-03-30/functions/f/instances", "").is(200)
	g.has("requestId", g.header.Get("X-Fc-Request-Id")).has("instances", []any{map[string]any{
		"createdTimeMs": 1700000000123, "instanceId": "c-1", "qualifier": "LATEST", "status": "Running", "versionId": "0",
	}})
	w.do("GET", "/2023-03-30/functions/f/instances?qualifier=1", "").is(200).has("instances", []any{map[string]any{
		"createdTimeMs": 1700000000124, "instanceId": "c-2", "qualifier": "1", "status": "Running", "versionId": "1",
	}})
	w.do("GET", "/2023-03-30/functions/f/instances?qualifier=2", "").is(404, "VersionNotFound")
	w.do("GET", "/2023-03-30/functions/none/instances", "").is(404, "FunctionNotFound")
}

func TestWhatIsNotServedIsNamed(t *testing.T) {
	w := newWorld(t)
	w.create("f")
	w.do("PUT", "/2023-03-30/functions/f/no-such-config", "{}", "X-Acs-Action: PutNoSuchConfig").is(501, "NotImplemented").
		says("PutNoSuchConfig ('PUT' against '/2023-03-30/functions/f/no-such-config')")
	w.do("GET", "/2023-03-30/nothing", "").is(501, "NotImplemented").says("'GET' against '/2023-03-30/nothing'")
	w.do("PATCH", "/2021-04-06/services", "").is(501, "NotImplemented")

	w.do("GET", "/2023-03-30/functions/f/async-invoke-config?qualifier=LATEST", "").is(404, "AsyncConfigNotExists")
	w.do("GET", "/2023-03-30/functions/f/concurrency", "").is(404, "OnDemandConfigNotFound")
	w.do("GET", "/2023-03-30/functions/none/concurrency", "").is(404, "FunctionNotFound")
	w.do("GET", "/2023-03-30/functions/f/vpc-bindings", "").is(200).has("vpcIds", []string{})
	w.do("GET", "/2023-03-30/functions/f/versions?limit=100", "").is(200).has("versions", []string{})
}

// A name may have an escaped slash: the path is split before it is unescaped.
func TestEscapedNames(t *testing.T) {
	w := newWorld(t)
	w.do("GET", "/2023-03-30/functions/a%2Ftriggers", "").is(404, "FunctionNotFound").says("function 'a/triggers'")
	w.do("POST", "/2021-04-06/services", `{"serviceName":"svc"}`).is(200)
	w.do("POST", "/2021-04-06/services/svc/functions", with(w.minimal("fn"), nil)).is(200)
	for _, path := range []string{"svc$fn", "svc%24fn"} {
		w.do("GET", "/2023-03-30/functions/"+path, "").is(200).has("functionName", "svc$fn")
	}
}

func TestLargeBodies(t *testing.T) {
	w := newWorld(t)
	r, err := http.NewRequest("POST", w.url+"/2023-03-30/functions", io.LimitReader(zeros{}, maxControlBody+1))
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = maxControlBody + 1
	response, err := w.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var doc map[string]string
	if err := json.NewDecoder(response.Body).Decode(&doc); err != nil || response.StatusCode != 400 || doc["Code"] != "EntityTooLarge" {
		t.Errorf("status %d, %v, %v", response.StatusCode, doc, err)
	}
	big := strings.Repeat(" ", 3<<20) // chunked, still fine
	w.do("POST", "/2023-03-30/functions", with(w.minimal("f"), nil)+big).is(200)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
