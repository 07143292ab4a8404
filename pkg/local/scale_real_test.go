//go:build linux

package local

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"s/pkg/toolchain"
)

// Instances that were asked for are there before any invocation, after new code,
// and after the cloud was started again.
func TestRealProvisionedInstances(t *testing.T) {
	t.Parallel()
	needPython(t)
	o := Options{DataDir: t.TempDir(), Version: "1", Toolchain: toolchain.New(os.LookupEnv)}
	c := startCloud(t, o)
	k := clientOf(t, c.Info())
	const f = "/2023-03-30/functions/f"
	k.do(200, "POST", "/2023-03-30/functions", functionJSON(t, "f", "python3.10", "index.py", echoHandler))
	k.do(200, "PUT", f+"/provision-config?qualifier=LATEST", `{"defaultTarget":2}`)
	first := awaitInstances(t, k, 2)
	k.do(200, "PUT", f, functionJSON(t, "f", "python3.10", "index.py", echoHandler+"\n# new\n"))
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if second := awaitInstances(t, k, 2); second[0] != first[0] && second[1] != first[1] {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the old code's instances are still there")
		}
	}
	k.do(200, "PUT", f+"/concurrency", `{"reservedConcurrency":0}`)
	k.do(429, "POST", f+"/invocations", "x")
	k.do(204, "DELETE", f+"/concurrency", "")
	if _, body := k.do(200, "POST", f+"/invocations", "x"); body != "x" {
		t.Error(body)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c = startCloud(t, o)
	k = clientOf(t, c.Info())
	awaitInstances(t, k, 2)
	if _, body := k.do(200, "GET", f+"/provision-config", ""); !strings.Contains(body, `"current":2`) {
		t.Error(body)
	}
}

// awaitInstances waits until the function has so many instances and names them.
func awaitInstances(t *testing.T, k *client, count int) []string {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		_, body := k.do(200, "GET", "/2023-03-30/functions/f/instances", "")
		var doc struct {
			Instances []struct{ InstanceID string }
		}
		if err := json.Unmarshal([]byte(body), &doc); err != nil {
			t.Fatal(err)
		}
		if len(doc.Instances) == count {
			var ids []string
			for _, i := range doc.Instances {
				ids = append(ids, i.InstanceID)
			}
			return ids
		}
		if time.Now().After(deadline) {
			t.Fatalf("never %d instances: %s", count, body)
		}
	}
}
