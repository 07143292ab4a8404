//go:build linux

package local

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const sleepingHandler = `
import time
def handler(event, context):
    open("/mnt/shared/started", "w").close()
    time.sleep(60)
`

// A request that runs is really ended, and so is its process.
func TestRealAbort(t *testing.T) {
	t.Parallel()
	needPython(t)
	c, k := realCloud(t)
	if c.Info().Isolation.Mode == "process" {
		t.Skip("the function tells by a mount that it runs")
	}
	k.do(200, "POST", "/2023-03-30/functions", functionJSON(t, "f", "python3.10", "index.py", sleepingHandler))
	k.do(200, "PUT", "/2023-03-30/functions/f", `{"timeout":100,"ossMountConfig":{"mountPoints":[{"bucketName":"b","mountDir":"/mnt/shared"}]}}`)
	status := startSleeping(t, c, k, "/2023-03-30/functions/f/invocations")
	k.do(200, "POST", "/2023-03-30/functions/f/invoke/disable", `{"reason":"enough","abortOngoingRequest":true}`)
	if list := c.gateway.Instances("cn-hangzhou", "f"); len(list) > 0 {
		t.Errorf("instances are left: %+v", list)
	}
	if got := <-status; got != http.StatusForbidden {
		t.Errorf("the request that ran was answered with %d", got)
	}
	if _, body := k.do(403, "POST", "/2023-03-30/functions/f/invocations", ""); !strings.Contains(body, "enough") {
		t.Errorf("%s", body)
	}
}

// startSleeping invokes a function that sleeps, at a path, and returns when it runs. The
// status of the answer follows.
func startSleeping(t *testing.T, c *Cloud, k *client, path string) <-chan int {
	t.Helper()
	r := k.request("POST", path, "")
	k.sign(r, "")
	status := make(chan int, 1)
	go func() {
		response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
		if err != nil {
			status <- 0
			return
		}
		response.Body.Close()
		status <- response.StatusCode
	}()
	started := filepath.Join(c.Info().DataDir, "oss", "b", "started")
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(started); err == nil {
			return status
		}
		if time.Now().After(deadline) {
			t.Fatal("the function doesn't start")
		}
	}
}

// The concurrency of a function is that of all its versions together.
func TestRealReservedConcurrencyOfVersions(t *testing.T) {
	t.Parallel()
	needPython(t)
	c, k := realCloud(t)
	if c.Info().Isolation.Mode == "process" {
		t.Skip("the function tells by a mount that it runs")
	}
	const f = "/2023-03-30/functions/f"
	k.do(200, "POST", "/2023-03-30/functions", functionJSON(t, "f", "python3.10", "index.py", sleepingHandler))
	k.do(200, "PUT", f, `{"timeout":100,"ossMountConfig":{"mountPoints":[{"bucketName":"b","mountDir":"/mnt/shared"}]}}`)
	k.do(200, "POST", f+"/versions", "")
	k.do(200, "POST", f+"/aliases", `{"aliasName":"prod","versionId":"1"}`)
	k.do(200, "PUT", f, functionJSON(t, "f", "python3.10", "index.py", echoHandler))
	k.do(200, "PUT", f+"/concurrency", `{"reservedConcurrency":1}`)
	status := startSleeping(t, c, k, f+"/invocations?qualifier=1")
	for _, at := range []string{"", "?qualifier=1", "?qualifier=prod"} {
		if _, body := k.do(429, "POST", f+"/invocations"+at, "x"); !strings.Contains(body, "ResourceExhausted") {
			t.Errorf("%q: %s", at, body)
		}
	}
	k.do(200, "PUT", f+"/concurrency", `{"reservedConcurrency":2}`)
	if _, body := k.do(200, "POST", f+"/invocations", "x"); body != "x" {
		t.Error(body)
	}
	k.do(200, "POST", f+"/invoke/disable", `{"abortOngoingRequest":true}`)
	if got := <-status; got != http.StatusForbidden {
		t.Errorf("the request that ran was answered with %d", got)
	}
	k.do(200, "POST", f+"/invoke/enable", "")
	k.do(200, "PUT", f+"/concurrency", `{"reservedConcurrency":1}`)
	if _, body := k.do(200, "POST", f+"/invocations", "y"); body != "y" {
		t.Error(body)
	}
}
