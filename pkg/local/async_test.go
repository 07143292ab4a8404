//go:build linux

package local

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"s/pkg/fc"
	"s/pkg/local/gateway"
	"s/pkg/runtime/instance"
)

// reporter is a server on the loopback that functions tell of what they do.
type reporter struct {
	url  string
	mu   sync.Mutex
	told map[string]int
	more chan struct{}
}

func newReporter(t *testing.T) *reporter {
	t.Helper()
	r := &reporter{told: map[string]int{}, more: make(chan struct{}, 1)}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		r.mu.Lock()
		r.told[string(body)]++
		r.mu.Unlock()
		select {
		case r.more <- struct{}{}:
		default:
		}
	}))
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

// await waits until all of the texts were told.
func (r *reporter) await(t *testing.T, texts ...string) {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	for {
		var missing []string
		r.mu.Lock()
		for _, text := range texts {
			if r.told[text] == 0 {
				missing = append(missing, text)
			}
		}
		r.mu.Unlock()
		if len(missing) == 0 {
			return
		}
		select {
		case <-r.more:
		case <-deadline:
			t.Fatalf("never told: %q", missing)
		}
	}
}

// testDaemon is a daemon of the tests, in a process of its own.
type testDaemon struct {
	cmd  *exec.Cmd
	info Info
}

func startDaemon(t *testing.T, home string) *testDaemon {
	t.Helper()
	cmd := exec.Command(os.Args[0], daemonArg, home, "1", "0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d := &testDaemon{cmd: cmd}
	t.Cleanup(d.kill)
	var line ready
	if err := json.NewDecoder(out).Decode(&line); err != nil || line.Error != "" {
		t.Fatalf("%+v %v", line, err)
	}
	info, err := Find(t.Context(), home)
	if err != nil {
		t.Fatal(err)
	}
	d.info = *info
	return d
}

// kill ends the daemon as kill -9 does.
func (d *testDaemon) kill() {
	d.cmd.Process.Kill()
	d.cmd.Wait()
}

const reportingCode = `import urllib.request


def handler(event, context):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    opener.open("%s", data=event).read()
`

// TestAcceptedEventsSurviveKills kills the daemon at many points of a stream of
// asynchronous invocations: while they are queued, while they run, and in between.
// Each that was answered with 202 is run in the end.
func TestAcceptedEventsSurviveKills(t *testing.T) {
	needPython(t)
	t.Parallel()
	home, reports := t.TempDir(), newReporter(t)
	d := startDaemon(t, home)
	c := clientOf(t, d.info)
	c.do(200, "POST", "/2023-03-30/functions", functionJSON(t, "f", "python3.10", "index.py", fmt.Sprintf(reportingCode, reports.url)))
	var accepted []string
	for round := range 6 {
		var mu sync.Mutex
		var senders sync.WaitGroup
		enough, last := make(chan struct{}), round*7+1
		for sender := range 4 {
			senders.Go(func() {
				for n := 0; ; n++ {
					body := fmt.Sprintf("%d-%d-%d", round, sender, n)
					if !c.sendAsync(body) {
						return // killed
					}
					mu.Lock()
					if accepted = append(accepted, body); last == 0 {
						close(enough)
					}
					last--
					mu.Unlock()
				}
			})
		}
		<-enough
		d.kill()
		senders.Wait()
		d = startDaemon(t, home)
		c = clientOf(t, d.info)
	}
	reports.await(t, accepted...)
	t.Logf("%d were accepted", len(accepted))
	if err := Stop(t.Context(), home); err != nil {
		t.Error(err)
	}
}

// TestStopRunningTask: the instance of a task that is stopped ends.
func TestStopRunningTask(t *testing.T) {
	needPython(t)
	t.Parallel()
	reports := newReporter(t)
	_, c := realCloud(t)
	code := fmt.Sprintf(reportingCode, reports.url) + "    import time\n    time.sleep(300)\n"
	c.do(200, "POST", "/2023-03-30/functions", strings.Replace(functionJSON(t, "f", "python3.10", "index.py", code), `"timeout":20`, `"timeout":600`, 1))
	c.do(200, "PUT", "/2023-03-30/functions/f/async-invoke-config", `{"asyncTask":true}`)
	r := c.request("POST", "/2023-03-30/functions/f/invocations", "begun")
	r.Header.Set("X-Fc-Invocation-Type", "Async")
	r.Header.Set("X-Fc-Async-Task-Id", "long")
	c.sign(r, "begun")
	c.send(202, r)
	reports.await(t, "begun")
	const task = "/2023-03-30/functions/f/async-tasks/long"
	status := func() string {
		_, body := c.do(200, "GET", task, "")
		var doc struct{ Status string }
		if err := json.Unmarshal([]byte(body), &doc); err != nil {
			t.Fatal(err)
		}
		return doc.Status
	}
	if got := status(); got != "Running" {
		t.Errorf("it is %s", got)
	}
	c.do(204, "PUT", task+"/stop", "")
	for deadline := time.Now().Add(time.Minute); status() != "Stopped"; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it is %s", status())
		}
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		_, body := c.do(200, "GET", "/2023-03-30/functions/f/instances", "")
		if strings.Contains(body, `"instances":[]`) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("its instance is there: %s", body)
		}
	}
}

// tellingPool tells what it is asked to run.
type tellingPool struct {
	echoPool
	ran chan<- string
}

func (p tellingPool) Invoke(_ context.Context, inv *instance.Invocation) (*instance.Result, error) {
	p.ran <- string(inv.Event)
	return &instance.Result{}, nil
}

// The working tree's server runs asynchronous invocations, too.
func TestDevAsync(t *testing.T) {
	ran := make(chan string, 1)
	w := newDev(t, DevOptions{NewPool: func(instance.Config) gateway.Pool { return tellingPool{ran: ran} }})
	f := w.function("api", "python3.10")
	if err := w.Set(t.Context(), []DevFunction{f}); err != nil {
		t.Fatal(err)
	}
	url := w.Endpoint() + "/2023-03-30/functions/" + f.Function.FunctionName + "/invocations"
	r, err := http.NewRequestWithContext(t.Context(), "POST", url, strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(fc.HeaderInvocationType, fc.InvocationAsync)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if got := <-ran; response.StatusCode != http.StatusAccepted || got != "hello" {
		t.Errorf("status %d, ran %q", response.StatusCode, got)
	}
}
