package invoke_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/fcclient"
	"s/pkg/fcclient/fctest"
	"s/pkg/invoke"
	"s/pkg/spec"
)

func deployed(t *testing.T) (*fctest.Server, *fcclient.Client) {
	t.Helper()
	server := fctest.New(t)
	client := fcclient.New(fcclient.Config{Region: "r", Credentials: fctest.Credentials(), Endpoint: server.URL})
	if _, err := client.CreateFunction(context.Background(), fc.Function{FunctionName: "hello", Runtime: "custom", Handler: "h"}, nil); err != nil {
		t.Fatal(err)
	}
	server.Reset()
	return server, client
}

func request(live bool) invoke.Request {
	return invoke.Request{InvokeInput: fcclient.InvokeInput{Function: "hello", Event: []byte("x")}, Live: live, MemoryMB: 1536}
}

// The lines come while the function runs: the function here ends only when the
// first line was seen.
func TestLiveLog(t *testing.T) {
	t.Parallel()
	server, client := deployed(t)
	opened, seen, answered := make(chan string, 1), make(chan struct{}), make(chan struct{})
	server.Logs = func(session string, w http.ResponseWriter) {
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		opened <- session
		fmt.Fprintln(w, `{"message":"while it runs"}`)
		w.(http.Flusher).Flush()
		<-answered
		fmt.Fprintln(w, `{"message":"after the answer"}`)
	}
	server.Invoke = func(c fctest.Call) fctest.Reply {
		if session := <-opened; session == "" || c.Header.Get(fc.HeaderLogSession) != session {
			t.Errorf("session %q, header %q", session, c.Header.Get(fc.HeaderLogSession))
		}
		<-seen
		close(answered)
		return fctest.Reply{Body: []byte("done"), Header: map[string]string{fc.HeaderDuration: "2.6", fc.HeaderMaxMemory: "80.95"}}
	}
	req := request(true)
	req.Log = func(line string) {
		if line == "while it runs" {
			close(seen)
		}
	}
	out, err := invoke.Call(context.Background(), client, req)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"while it runs", "after the answer"}, out.Logs); d != "" {
		t.Error(d)
	}
	want := "Duration: 2.60 ms, Billed Duration: 3 ms, Memory Size: 1536 MB, Max Memory Used: 80.95 MB"
	if out.Summary() != want || string(out.Body) != "done" || out.Failed() {
		t.Errorf("summary %q, body %q", out.Summary(), out.Body)
	}
	if got := server.Calls()[1].Header.Get(fc.HeaderLogType); got != "None" {
		t.Errorf("log type %q", got)
	}
}

// The stream of a cloud that forgets to end it must not hang the command.
func TestLiveLogWithoutEnd(t *testing.T) {
	t.Parallel()
	server, client := deployed(t)
	release := make(chan struct{})
	defer close(release)
	server.Logs = func(_ string, w http.ResponseWriter) {
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		fmt.Fprintln(w, `{"message":"a"}`)
		w.(http.Flusher).Flush()
		<-release // only when the call has returned
	}
	out, err := invoke.Call(context.Background(), client, request(true))
	if err != nil || string(out.Body) != "x" {
		t.Fatalf("%+v, %v", out, err)
	}
}

func TestTailedLog(t *testing.T) {
	t.Parallel()
	server, client := deployed(t)
	server.Invoke = func(c fctest.Call) fctest.Reply {
		if c.Header.Get(fc.HeaderLogType) != "Tail" || c.Header.Get(fc.HeaderLogSession) != "" {
			t.Errorf("headers %v", c.Header)
		}
		tail := "FC Invoke Start RequestId: 1\r\nhello\n\nDuration: 1.23 ms, Billed Duration: 2 ms, Memory Size: 128 MB, Max Memory Used: 10.00 MB\n"
		return fctest.Reply{Header: map[string]string{fc.HeaderLogResult: base64.StdEncoding.EncodeToString([]byte(tail))}}
	}
	for _, live := range []bool{false, true} { // live, but the endpoint has no live logs
		out, err := invoke.Call(context.Background(), client, request(live))
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Logs) != 4 || out.Logs[0] != "FC Invoke Start RequestId: 1" || out.Logs[1] != "hello" || !out.Summed {
			t.Errorf("live %t: %q, summed %t", live, out.Logs, out.Summed)
		}
		if out.Summary() != "" {
			t.Errorf("a summary without measurements: %q", out.Summary())
		}
	}
}

func TestCallErrors(t *testing.T) {
	t.Parallel()
	for _, live := range []bool{false, true} {
		server, client := deployed(t)
		server.Logs = func(_ string, w http.ResponseWriter) { io.WriteString(w, "") }
		server.Fail(fctest.Failure{Path: "/invocations", Status: 503, Body: `{"Code":"ResourceThrottled"}`})
		if _, err := invoke.Call(context.Background(), client, request(live)); !fc.IsCode(err, fc.CodeResourceThrottled) {
			t.Errorf("live %t: %v", live, err)
		}
	}
	server, client := deployed(t)
	server.Fail(fctest.Failure{Path: "/_s/logs", Status: 403, Body: `{"Code":"AccessDenied"}`})
	if _, err := invoke.Call(context.Background(), client, request(true)); !fc.IsCode(err, fc.CodeAccessDenied) {
		t.Errorf("the log is refused: %v", err)
	}
}

func TestCallIsCancelled(t *testing.T) {
	t.Parallel()
	server, client := deployed(t)
	ctx, cancel := context.WithCancel(context.Background())
	server.Logs = func(_ string, w http.ResponseWriter) {
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		<-ctx.Done()
	}
	over := make(chan struct{})
	server.Invoke = func(fctest.Call) fctest.Reply { cancel(); <-over; return fctest.Reply{} }
	if _, err := invoke.Call(ctx, client, request(true)); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
	close(over)
}

func TestAsyncHasNoLog(t *testing.T) {
	t.Parallel()
	server, client := deployed(t)
	server.Logs = func(string, http.ResponseWriter) { t.Error("a log was opened") }
	server.Invoke = func(fctest.Call) fctest.Reply { return fctest.Reply{Status: http.StatusAccepted} }
	req := request(true)
	req.Async = true
	if out, err := invoke.Call(context.Background(), client, req); err != nil || out.StatusCode != 202 || out.Logs != nil {
		t.Errorf("%+v, %v", out, err)
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	tests := []struct {
		result fc.InvokeResult
		want   string
	}{
		{fc.InvokeResult{}, ""},
		{
			fc.InvokeResult{Duration: 2600 * time.Microsecond, MemorySizeMB: 1536, MaxMemoryMB: 80.95},
			"Duration: 2.60 ms, Billed Duration: 3 ms, Memory Size: 1536 MB, Max Memory Used: 80.95 MB",
		},
		{fc.InvokeResult{Duration: 3 * time.Millisecond}, "Duration: 3.00 ms, Billed Duration: 3 ms"},
		{fc.InvokeResult{MaxMemoryMB: 1}, "Duration: 0.00 ms, Billed Duration: 0 ms, Max Memory Used: 1.00 MB"},
	}
	for _, tt := range tests {
		if got := (&invoke.Outcome{InvokeResult: &tt.result}).Summary(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body, want string }{
		{
			"python", `{"errorMessage":"oops","errorType":"ValueError","stackTrace":[` +
				`["File \"/code/index.py\"","line 2","in my_handler","    raise ValueError('oops')\n"],["File \"/code/lib.py\"","line 9","in f"]]}`,
			"Traceback (most recent call last):\n  File \"/code/index.py\", line 2, in my_handler\n    raise ValueError('oops')\n" +
				"  File \"/code/lib.py\", line 9, in f\nValueError: oops",
		},
		{
			"no stack", `{"errorMessage":"Unable to import module 'index'","errorType":"ImportModuleError"}`,
			"ImportModuleError: Unable to import module 'index'",
		},
		{
			"node", `{"errorMessage":"m","errorType":"Error","stackTrace":["at f (/code/index.js:1:2)","at g"]}`,
			"Error: m\nat f (/code/index.js:1:2)\nat g",
		},
		{
			"node repeats the message", `{"errorMessage":"m\nn","errorType":"Error","stackTrace":["Error: m","n","    at f (/code/index.js:1:2)"]}`,
			"Error: m\nn\n    at f (/code/index.js:1:2)",
		},
		{
			"node of FC 2.0", `{"errorMessage":"m","errorType":"FunctionUnhandledError: Error","stackTrace":["Error: m","    at f"]}`,
			"FunctionUnhandledError: Error: m\n    at f",
		},
		{"node without frames", `{"errorMessage":"m","errorType":"Error","stackTrace":["Error: m"]}`, "Error: m"},
		{
			"node with a code", `{"errorMessage":"m","errorType":"Error","stackTrace":["Error [E_X]: m","    at f"]}`,
			"Error: m\nError [E_X]: m\n    at f",
		},
		{
			"go", `{"errorMessage":"m","errorType":"errorString","stackTrace":[{"path":"main.go","line":3,"label":"main.f"}]}`,
			"errorString: m\n  main.go:3 main.f",
		},
		{
			"php", `{"errorMessage":"m","errorType":"Exception","stackTrace":{"file":"index.php","line":4,"traceString":"#0 a\n#1 b\n"}}`,
			"Exception: m\n  index.php:4\n#0 a\n#1 b",
		},
		{"message alone", `{"errorMessage":"Function timed out after 3 seconds"}`, "Function timed out after 3 seconds"},
		{"type alone", `{"errorMessage":"","errorType":"X"}`, "X"},
		{"odd stack", `{"errorMessage":"m","stackTrace":"text"}`, "m"},
		{
			"short frame", `{"errorMessage":"m","errorType":"E","stackTrace":[["File \"/code/a.py\"","line 1"]]}`,
			"Traceback (most recent call last):\n  File \"/code/a.py\", line 1\nE: m",
		},
	}
	for _, tt := range tests {
		failure, ok := invoke.ReadFailure([]byte(tt.body))
		if !ok || failure.Text() != tt.want {
			t.Errorf("%s: %t\n%s\nwant\n%s", tt.name, ok, failure.Text(), tt.want)
		}
	}
	for _, body := range []string{"", "plain text", `{"message":"the template's own"}`, `[1]`, `{"errorMessage":5}`} {
		if _, ok := invoke.ReadFailure([]byte(body)); ok {
			t.Errorf("%q is no error document", body)
		}
	}
}

func TestLocalRun(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	server := fctest.New(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "index.py"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := &spec.Resource{
		Name: "hello", Region: "cn-hangzhou", Code: spec.CodeSource{Path: dir},
		Function: fc.Function{FunctionName: "hello", Runtime: "python3.10"},
		Triggers: []fc.Trigger{{TriggerName: "t", TriggerType: fc.TriggerTimer}},
	}
	project := &spec.Project{Dir: t.TempDir(), Resources: []*spec.Resource{r}}
	told := 0
	local := invoke.Local{
		Client: func(_ context.Context, region string, v2 bool) (*fcclient.Client, error) {
			if region != invoke.LocalRegion || v2 {
				t.Errorf("region %s, v2 %t", region, v2)
			}
			return fcclient.New(fcclient.Config{Region: region, Credentials: fctest.Credentials(), Endpoint: server.URL}), nil
		},
		Tell: func(p *deploy.Prepared) { told++ },
	}
	for round := range 2 {
		server.Reset()
		client, err := local.Ensure(ctx, project, r)
		if err != nil {
			t.Fatal(err)
		}
		if writes := len(server.Writes()); writes != 1-round {
			t.Errorf("round %d: %d writes", round, writes)
		}
		out, err := invoke.Call(ctx, client, request(false))
		if err != nil || string(out.Body) != "x" {
			t.Errorf("%+v, %v", out, err)
		}
	}
	if told != 2 || server.Trigger("hello", "t") != nil {
		t.Errorf("told %d times, trigger %v", told, server.Trigger("hello", "t"))
	}
	for _, c := range server.Calls() {
		if c.Header.Get(fc.HeaderRegion) != invoke.LocalRegion {
			t.Errorf("%s in region %s", c, c.Header.Get(fc.HeaderRegion))
		}
	}
}

func TestLocalRunErrors(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := &spec.Resource{Name: "hello", Function: fc.Function{FunctionName: "hello", Runtime: "custom-container"}}
	project := &spec.Project{Dir: t.TempDir()}
	broken := errors.New("no cloud")
	local := invoke.Local{Client: func(context.Context, string, bool) (*fcclient.Client, error) { return nil, broken }}
	if _, err := local.Ensure(ctx, project, r); !errors.Is(err, broken) {
		t.Errorf("err = %v", err)
	}
	for _, path := range []string{"/functions/hello", "/functions"} {
		server := fctest.New(t)
		method := ""
		if path == "/functions" {
			method = "POST"
		}
		server.Fail(fctest.Failure{Method: method, Path: path, Status: 403, Body: `{"Code":"AccessDenied"}`})
		local.Client = func(context.Context, string, bool) (*fcclient.Client, error) {
			return fcclient.New(fcclient.Config{Region: "x", Credentials: fctest.Credentials(), Endpoint: server.URL}), nil
		}
		if _, err := local.Ensure(ctx, project, r); !fc.IsCode(err, fc.CodeAccessDenied) || !strings.Contains(err.Error(), "local runtime") {
			t.Errorf("%s: %v", path, err)
		}
	}
	r.Function.Runtime = "python3.10" // without code
	if _, err := local.Ensure(ctx, project, r); err == nil {
		t.Error("no code, no error")
	}
}
