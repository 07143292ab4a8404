package control

import "testing"

func TestContainerFunction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const body = `{"functionName":"c","runtime":"custom-container","customContainerConfig":{"image":"me/app:1","entrypoint":["/e"],"command":["a","b"],"port":8080,"healthCheckConfig":{"httpGetUrl":"/h"}}}`
	w.do("POST", "/2023-03-30/functions", body).is(200).has("customContainerConfig.image", "me/app:1").has("codeSize", nil)
	w.do("GET", "/2023-03-30/functions/c", "").is(200).has("customContainerConfig.entrypoint", []string{"/e"}).has("customContainerConfig.port", 8080)
	if d := w.refreshed; len(d) != 1 || d[0] != "c" {
		t.Errorf("looked for new images of %v", d)
	}
	w.do("PUT", "/2023-03-30/functions/c", `{"customContainerConfig":{"image":"me/app:2"}}`).is(200).
		has("customContainerConfig.image", "me/app:2").has("customContainerConfig.port", nil)
	w.do("PUT", "/2023-03-30/functions/c", `{"customContainerConfig":{"image":""}}`).is(400, "InvalidArgument")
	w.do("GET", "/2023-03-30/functions/c/code", "").is(400, "InvalidArgument")
}

func TestContainerFunctionV2(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("POST", "/2021-04-06/services", `{"serviceName":"svc"}`).is(200)
	const base = "/2021-04-06/services/svc/functions"
	w.do("POST", base, `{"functionName":"c","runtime":"custom-container","handler":"x","caPort":8080,"customContainerConfig":{"image":"me/app:1","command":"[\"/e\"]","args":"one"},"customHealthCheckConfig":{"httpGetUrl":"/h"}}`).
		is(200).has("customContainerConfig.command", `["/e"]`).has("customContainerConfig.args", `["one"]`).has("caPort", 8080)
	w.do("GET", "/2023-03-30/functions/svc$c", "").is(200).has("customContainerConfig.entrypoint", []string{"/e"}).
		has("customContainerConfig.command", []string{"one"}).has("customContainerConfig.port", 8080).
		has("customContainerConfig.healthCheckConfig.httpGetUrl", "/h").has("customRuntimeConfig", nil)
	w.do("PUT", base+"/c", `{"timeout":9,"customContainerConfig":{}}`).is(200).has("customContainerConfig.image", "me/app:1").has("timeout", 9)
	w.do("PUT", base+"/c", `{"customContainerConfig":{"image":"me/app:2"}}`).is(200).has("customContainerConfig.image", "me/app:2").
		has("customContainerConfig.args", nil).has("caPort", 8080)
}
