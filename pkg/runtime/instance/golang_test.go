package instance

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"s/pkg/fc"
	"s/pkg/proc/proctest"
)

// goProgram is the program of the tests of Go functions, compiled once.
var goProgram = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "instance-go")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "program")
	cmd := exec.Command("go", "build", "-o", path, "./testdata/go")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	return os.ReadFile(path)
})

// goConfig is that of a Go function with that handler.
func goConfig(t testing.TB, mode, handler string, fn fc.Function) (Config, *collected) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("Go functions are programs of Linux")
	}
	program, err := goProgram()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	proctest.Program(t, filepath.Join(dir, handler), string(program))
	fn.Runtime, fn.Handler = "go1", handler
	return config(t, mode, dir, fn)
}

func goFailure(kind, message string) step {
	return step{errorType: fc.ErrorTypeUnhandled, has: []string{`"errorMessage":"` + message + `"`, `"errorType":"` + kind + `"`}}
}

// goClauses are rules of the contract as a client sees them that speaks the
// Runtime API itself.
func goClauses() []clause {
	fails := goFailure("errorString", "wrong")
	fails.log = []string{"FC Invoke Start RequestId: <id>", `    "errorMessage": "wrong",`, failed}
	typed := goFailure("UnmarshalTypeError", "json: cannot unmarshal number into Go value of type main.greeting")
	typed.event = "3"
	panics := goFailure("string", "at 1")
	panics.event, panics.has = "1", append(panics.has, `"stackTrace":[{"path":"`, `main.go","line":`)
	gone := step{errorType: fc.ErrorTypeUnhandled, ends: true, has: []string{"Process exited unexpectedly before completing request"}}
	killed, left := gone, gone
	killed.log = []string{"panic: not recovered"}
	left.log = []string{"FC Invoke Start RequestId: <id>", "leaving"}
	return []clause{
		{name: "bytes and a document", handler: "main", steps: []step{
			{event: "a", body: `{"Name":"a"}`, log: framed()}, {event: "b", body: `{"Name":"b"}`, log: framed()},
		}},
		{name: "a typed handler", handler: "typed", steps: []step{{event: `{"Name":"s"}`, body: `"hello s"`}, typed}},
		{name: "no result", handler: "nothing", steps: []step{{body: "null"}}},
		{name: "a handler that is none", handler: "no_func", steps: []step{goFailure("errorString", "handler kind int is not func")}},
		{name: "an error", handler: "fails", steps: []step{fails, fails}},
		{name: "an error type of its own", handler: "own_error", steps: []step{goFailure("ownError", "code 7")}},
		{name: "a panic", handler: "panics", steps: []step{panics, panics}},
		{name: "a panic of another goroutine", handler: "background", steps: []step{killed}},
		{name: "os.Exit", handler: "leaves", steps: []step{left}},
		{name: "large payloads", handler: "main", timeout: 60, steps: []step{{event: strings.Repeat("x", 1<<23), size: 1<<23 + 11}}},
		{name: "a result that is too large", handler: "big", timeout: 60, steps: []step{
			{event: fmt.Sprint(fc.MaxSyncBody), errorType: fc.ErrorTypeUnhandled, has: []string{"larger than 33554432 bytes"}}, {event: "1", body: `"x"`},
		}},
		{name: "the time is over", handler: "sleeps", timeout: 1, steps: []step{{
			event: "1m", errorType: fc.ErrorTypeTimeout, ends: true, has: []string{"Function timed out after 1 seconds"},
		}}},
		{name: "the initializer", handler: "counts", initializer: "any", steps: []step{
			{body: "3", log: []string{"FC Initialize Start RequestId: <id>", "initializing for <id>", "FC Initialize End RequestId: <id>", "FC Invoke Start RequestId: <id>"}},
			{body: "5", log: framed()},
		}},
		{name: "an initializer that panics", handler: "bad_start", initializer: "any", steps: []step{{
			errorType: fc.ErrorTypeInitialization, ends: true, has: []string{`"errorMessage":"no database","errorType":"string"`},
		}}},
		{name: "an initializer that isn't registered", handler: "main", initializer: "any", steps: []step{{
			errorType: fc.ErrorTypeInitialization, ends: true, has: []string{"invalid memory address"},
		}}},
	}
}

func TestGo(t *testing.T) {
	t.Parallel()
	for _, c := range goClauses() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			fn := fc.Function{Timeout: c.timeout}
			if c.initializer != "" {
				fn.InstanceLifecycleConfig = &fc.InstanceLifecycleConfig{Initializer: &fc.LifecycleHook{Handler: c.initializer, Timeout: 20}}
			}
			cfg, logs := goConfig(t, "", c.handler, fn)
			c.run(t, cfg, logs, "")
		})
	}
}

func TestGoContext(t *testing.T) {
	cfg, _ := goConfig(t, "", "context", fc.Function{FunctionName: "svc$hello"})
	res := call(t, start(t, cfg), &Invocation{RequestID: "rid-a", RetryCount: 2})
	var got map[string]any
	if err := json.Unmarshal(res.Body, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"RequestID": "rid-a", "Name": "hello", "Handler": "context", "Memory": "512", "Region": "cn-hangzhou", "AccountID": "1234567890",
		"Qualifier": "LATEST", "Version": "", "Service": "svc", "AccessKeyID": "KEY", "AccessKeySecret": "SECRET", "SecurityToken": "TOKEN",
		"Timeout": 20.0, "RetryCount": 2.0,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestGoEnvironment: nothing is taken out of a program's environment.
func TestGoEnvironment(t *testing.T) {
	cfg, _ := goConfig(t, "", "environment", fc.Function{})
	res := call(t, start(t, cfg), &Invocation{})
	var got struct {
		Reserved        []string
		Dir, Mine, Path string
	}
	if err := json.Unmarshal(res.Body, &got); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(got.Reserved, "FC_RUNTIME_API") || !slices.Contains(got.Reserved, "FC_INSTANCE_ID") || got.Mine != "yes" {
		t.Errorf("%+v", got)
	}
	if cfg.Launcher.Isolation().Mode != "process" && (got.Dir != "/code" || got.Path != "/code/") {
		t.Errorf("%+v", got)
	}
}

// TestGoProcessors: a program uses as many processors as its function has, unless
// the function says another number.
func TestGoProcessors(t *testing.T) {
	for _, test := range []struct {
		cpu  float64
		own  map[string]string
		want int
	}{
		{0.35, nil, 1}, {64, nil, runtime.NumCPU()}, {0.35, map[string]string{"GOMAXPROCS": "3"}, 3},
	} {
		cfg, _ := goConfig(t, "", "environment", fc.Function{CPU: test.cpu, EnvironmentVariables: test.own})
		var got struct{ Processors int }
		res := call(t, start(t, cfg), &Invocation{})
		if err := json.Unmarshal(res.Body, &got); err != nil || got.Processors != test.want {
			t.Errorf("%g vCPU, %v: %s %v, want %d", test.cpu, test.own, res.Body, err, test.want)
		}
	}
}

// TestGoConcurrency: the program asks for more before it has answered, and gets
// no more at once than the function's instanceConcurrency.
func TestGoConcurrency(t *testing.T) {
	for _, limit := range []int64{1, 3} {
		cfg, logs := goConfig(t, "", "at_once", fc.Function{InstanceConcurrency: int(limit)})
		i := start(t, cfg)
		var wg sync.WaitGroup
		var mu sync.Mutex
		most := int64(0)
		for n := range 12 {
			wg.Go(func() {
				id := fmt.Sprintf("rid-%02d", n)
				res, err := i.Invoke(t.Context(), &Invocation{RequestID: id})
				if err != nil || res.ErrorType != "" {
					t.Errorf("%s: %+v %v", id, res, err)
					return
				}
				var now int64
				if err := json.Unmarshal(res.Body, &now); err != nil {
					t.Error(err)
				}
				mu.Lock()
				most = max(most, now)
				mu.Unlock()
				checkLog(t, framed(), logs.of(id), id)
			})
		}
		wg.Wait()
		if most > limit || limit > 1 && most < 2 {
			t.Errorf("%d at once, of %d", most, limit)
		}
	}
}

// TestGoHTTP is an HTTP function of FC 2.0.
func TestGoHTTP(t *testing.T) {
	cfg, _ := goConfig(t, "", "web", fc.Function{})
	cfg.HTTPParams = true
	srv, _ := serveInstance(t, start(t, cfg))
	for path, want := range map[string]struct {
		status  int
		cookies int
		body    string
	}{
		"/p?x=1":  {201, 2, "POST /p x=1 one 127.0.0.1 the body <nil>"},
		"/silent": {200, 0, "POST /silent  one 127.0.0.1 the body <nil>"},
	} {
		req, err := http.NewRequest(http.MethodPost, srv.URL+path, strings.NewReader("the body"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-One", "one")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != want.status || string(body) != want.body || len(resp.Cookies()) != want.cookies {
			t.Errorf("%s: %s %v %q %v", path, resp.Status, resp.Header, body, err)
		}
	}
}

func TestGoPreStop(t *testing.T) {
	cfg, logs := goConfig(t, "", "counts", fc.Function{InstanceLifecycleConfig: &fc.InstanceLifecycleConfig{
		PreStop: &fc.LifecycleHook{Handler: "any", Timeout: 20},
	}})
	i := start(t, cfg)
	call(t, i, &Invocation{})
	i.Stop(t.Context())
	var all []string
	for _, l := range logs.lines {
		all = append(all, l.Message)
	}
	if !slices.Contains(all, "stopping, after 2") {
		t.Errorf("%q", all)
	}
}

func TestGoStubborn(t *testing.T) {
	cfg, logs := goConfig(t, "", "stubborn", fc.Function{Timeout: 1})
	cfg.Grace = 100 * time.Millisecond
	i := start(t, cfg)
	if res := call(t, i, &Invocation{RequestID: "rid-a"}); res.ErrorType != fc.ErrorTypeTimeout {
		t.Errorf("%s %s", res.ErrorType, res.Body)
	}
	ended(t, i)
	checkLog(t, []string{"ignoring"}, logs.of("rid-a"), "rid-a")
}

// TestGoDoesNotStart: a program that isn't there, can't run or ends at once.
func TestGoDoesNotStart(t *testing.T) {
	for handler, says := range map[string]string{
		"crashes": "assignment to entry in nil map", "exits": "no loop here",
	} {
		cfg, _ := goConfig(t, "", handler, fc.Function{})
		_, err := Start(t.Context(), cfg)
		var failed *InitError
		if !errors.As(err, &failed) || !strings.Contains(string(failed.Body), "Process exited unexpectedly") || !strings.Contains(string(failed.LogTail), says) {
			t.Errorf("%s: %v", handler, err)
		}
	}
	cfg, _ := goConfig(t, "", "main", fc.Function{})
	for _, tt := range []struct {
		handler, content string
		mode             os.FileMode
		says             string
	}{
		{"absent", "", 0, `"absent", the program that the function's handler names, isn't in its code; programs there: main`},
		{"text", "hello", 0o755, "is no program"},
		{"locked", "#!/bin/sh\n", 0o644, "isn't executable"},
		{"script", "#!/nowhere/sh\n", 0o755, "not found"},
	} {
		if tt.mode != 0 {
			if err := os.WriteFile(filepath.Join(cfg.CodeDir, tt.handler), []byte(tt.content), tt.mode); err != nil {
				t.Fatal(err)
			}
		}
		cfg.Function.Handler = tt.handler
		_, err := Start(t.Context(), cfg)
		if !fc.IsCode(err, fc.CodeFunctionNotStarted) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v", tt.handler, err)
		}
	}
}
