package control

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/local/store"
)

func TestServiceLife(t *testing.T) {
	for _, version := range []string{"/2021-04-06", "/2016-08-15"} {
		t.Run(version, func(t *testing.T) {
			w := newWorld(t)
			base := version + "/services"
			w.do("POST", base, `{"serviceName":"svc","description":"d","logConfig":{"project":"p","logstore":"l"},"vpcConfig":null}`).is(200).
				has("serviceName", "svc").has("description", "d").has("internetAccess", true).has("logConfig.project", "p").
				has("createdTime", "2026-01-02T03:04:05Z")
			w.do("POST", base, `{"serviceName":"svc"}`).is(409, "ServiceAlreadyExists")
			w.do("POST", base, `{"serviceName":"9"}`).is(400, "InvalidArgument")
			w.do("GET", base+"/svc", "").is(200).has("description", "d")
			w.do("GET", base+"/none", "").is(404, "ServiceNotFound").says("service 'none' does not exist")
			w.do("PUT", base+"/svc", `{"role":"acs:ram::1:role/r","serviceName":"x"}`).is(200).has("serviceName", "svc").has("role", "acs:ram::1:role/r")
			w.do("POST", base, `{"serviceName":"other"}`).is(200)
			w.do("GET", base+"?prefix=s", "").is(200).has("services", []any{w.do("GET", base+"/svc", "").doc})
			w.do("POST", base+"/svc/functions", with(w.minimal("f"), nil)).is(200)
			w.do("DELETE", base+"/svc", "").is(409, "ServiceNotEmpty")
			w.do("DELETE", base+"/svc/functions/f", "").is(204)
			w.do("DELETE", base+"/svc", "").is(204)
			w.do("DELETE", base+"/svc", "").is(404, "ServiceNotFound")
		})
	}
}

func TestFunctionOfAService(t *testing.T) {
	w := newWorld(t)
	const base = "/2021-04-06/services/svc/functions"
	w.do("POST", base, with(w.minimal("f"), nil)).is(404, "ServiceNotFound")
	w.do("POST", "/2021-04-06/services", `{"serviceName":"svc","role":"r1","logConfig":{"project":"p","logstore":"l"}}`).is(200)
	zip := zipOf(t, "x")
	body := with(w.minimal("f"), map[string]any{
		"code": map[string]any{"zipFile": zip}, "runtime": "custom", "caPort": 8080,
		"initializer": "index.init", "initializationTimeout": 20, "instanceType": "e1", "instanceConcurrency": 5,
		"customRuntimeConfig":     map[string]any{"command": []string{"gunicorn"}, "args": []string{"x"}},
		"customHealthCheckConfig": map[string]any{"httpGetUrl": "/ready"},
		"instanceLifecycleConfig": map[string]any{"preStop": map[string]any{"handler": "index.stop", "timeout": 5}, "preFreeze": nil},
	})
	w.do("POST", base, body, "X-Fc-Code-Checksum: 1").is(400, "InvalidArgument").says("checksum")
	w.do("POST", base, body, "X-Fc-Code-Checksum: "+store.Checksum(decode(t, zip))).is(200).
		has("functionName", "f").has("memorySize", 128).has("caPort", 8080).has("initializer", "index.init").has("initializationTimeout", 20).
		has("instanceType", "e1").has("customHealthCheckConfig.httpGetUrl", "/ready").has("environmentVariables", map[string]string{})

	// FC 3.0 shows the same function, with the service's settings.
	w.do("GET", "/2023-03-30/functions/svc$f", "").is(200).has("functionName", "svc$f").has("role", "r1").has("logConfig.project", "p").
		has("customRuntimeConfig.port", 8080).has("customRuntimeConfig.command", []string{"gunicorn"}).
		has("customRuntimeConfig.healthCheckConfig.httpGetUrl", "/ready").has("instanceLifecycleConfig.initializer.handler", "index.init").
		has("instanceLifecycleConfig.initializer.timeout", 20).has("instanceLifecycleConfig.preStop.handler", "index.stop")

	// What an update doesn't give stays, what it gives is replaced.
	w.do("PUT", base+"/f", `{"InstanceConcurrency":7,"instanceConcurrency":7,"environmentVariables":{"A":"1"},"layers":[],"customContainerConfig":{}}`).is(200).
		has("instanceConcurrency", 7).has("caPort", 8080).has("initializer", "index.init").has("environmentVariables", map[string]string{"A": "1"})
	w.do("PUT", base+"/f", `{"environmentVariables":{},"customHealthCheckConfig":{}}`).is(200).has("environmentVariables", map[string]string{}).
		has("customHealthCheckConfig", map[string]any{})
	w.do("PUT", base+"/f", `{"customContainerConfig":{"image":"x"}}`).is(400, "InvalidArgument")
	w.do("PUT", base+"/f", `{"layers":["arn"]}`).is(400, "InvalidArgument")

	// A change of the service is one of its functions.
	w.changed = nil
	w.do("PUT", "/2021-04-06/services/svc", `{"role":"r2"}`).is(200)
	w.do("GET", "/2023-03-30/functions/svc$f", "").is(200).has("role", "r2").has("customRuntimeConfig.port", 8080)
	if diff := cmp.Diff([]string{"cn-hangzhou/svc$f"}, w.changed); diff != "" {
		t.Error(diff)
	}

	w.do("GET", "/2021-04-06/services/none/functions/f", "").is(404, "ServiceNotFound")
	w.do("GET", base+"/none", "").is(404, "FunctionNotFound")
	w.do("GET", "/2021-04-06/services/none/functions", "").is(404, "ServiceNotFound")
	w.do("GET", base+"?prefix=f&limit=1", "").is(200).has("nextToken", nil).has("functions", []any{w.do("GET", base+"/f", "").doc})
	w.do("GET", base+"/f?qualifier=1", "").is(404, "VersionNotFound")
	w.do("GET", "/2016-08-15/services/svc.LATEST/functions/f", "").is(200)
	w.do("GET", "/2016-08-15/services/svc.prod/functions/f", "").is(404, "AliasNotFound")
	w.do("GET", base+"/f/code", "").is(200)
	w.do("GET", base+"/f/instances", "").is(200)
	w.do("DELETE", base+"/f", "").is(204)
	w.do("DELETE", base+"/f", "").is(404, "FunctionNotFound")
}

func TestIfMatch(t *testing.T) {
	w := newWorld(t)
	const service = "/2021-04-06/services/svc"
	w.do("POST", "/2021-04-06/services", `{"serviceName":"svc"}`).is(200)
	w.do("POST", service+"/functions", with(w.minimal("f"), nil)).is(200)
	w.do("POST", service+"/functions/f/triggers", `{"triggerName":"t","triggerType":"http","triggerConfig":"{\"methods\":[\"GET\"]}"}`).is(200)
	for _, path := range []string{service + "/functions/f/triggers/t", service + "/functions/f", service} {
		tag := w.do("GET", path, "").is(200).header.Get("Etag")
		if tag == "" {
			t.Fatalf("%s has no tag", path)
		}
		w.do("PUT", path, `{"description":"new"}`, "If-Match: other").is(412, "PreconditionFailed")
		changed := w.do("PUT", path, `{"description":"new"}`, "If-Match: "+tag).is(200).header.Get("Etag")
		w.do("DELETE", path, "", "If-Match: "+tag).is(412, "PreconditionFailed")
		if changed == tag {
			t.Errorf("%s: the tag stays after a change", path)
		}
		w.do("DELETE", path, "", "If-Match: "+changed).is(204)
	}
}
