//go:build linux

package local

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// shortLived answers at once or after a while, and its process ends at any moment.
const shortLived = `
import os, random, signal, threading, time

def end():
    time.sleep(random.uniform(0.02, 0.08))
    os.kill(os.getpid(), signal.SIGKILL)

threading.Thread(target=end, daemon=True).start()

def handler(event, context):
    if event.endswith(b"slow"):
        time.sleep(random.uniform(0, 0.003))
    return event
`

// TestOneCallerAmongKills: one caller asks again and again, so that nobody sleeps on the
// way of an invocation, while the function's processes are killed: each invocation has
// one answer, its own.
func TestOneCallerAmongKills(t *testing.T) {
	t.Parallel()
	needPython(t)
	c, k := realCloud(t)
	k.do(200, "POST", "/2023-03-30/functions", functionJSON(t, "f", "python3.10", "index.py", shortLived))
	caller := &http.Transport{MaxConnsPerHost: 1} // which asks again over the same connection
	defer caller.CloseIdleConnections()
	results, failed, instances := 0, 0, map[string]bool{}
	for i := 0; results < 300 || len(instances) < 10; i++ {
		event := fmt.Sprint("event ", i)
		if i%7 == 0 {
			event += " slow"
		}
		r := k.request("POST", "/2023-03-30/functions/f/invocations", event)
		k.sign(r, event)
		response, err := caller.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%d %s %v", response.StatusCode, text, err)
		}
		body := string(text)
		instances[response.Header.Get("X-Fc-Instance-Id")] = true
		switch kind := response.Header.Get("X-Fc-Error-Type"); {
		case kind == "" && body == event:
			results++
		case kind != "" && strings.Contains(body, "errorMessage"):
			failed++
		default:
			t.Fatalf("%s: %s %s", event, kind, body)
		}
		if i > 10000 {
			t.Fatalf("%d results and %d failures of %d instances", results, failed, len(instances))
		}
	}
	t.Logf("%d results, %d failures, %d instances", results, failed, len(instances))
	for deadline := time.Now().Add(time.Minute); !c.attention.Free(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it looks for more though nobody asks")
		}
	}
}
