package instance

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"s/pkg/fc"
	"s/pkg/runtime/sandbox"
)

// pythonConfig is that of a managed Python function with that handler.
func pythonConfig(t testing.TB, handler string, fn fc.Function) (Config, *collected) {
	t.Helper()
	fn.Runtime, fn.Handler = "python"+anyPython(t), handler
	return config(t, "", "testdata/python3", fn)
}

func TestInvocationsAtOnce(t *testing.T) {
	cfg, logs := pythonConfig(t, "clauses.together", fc.Function{InstanceConcurrency: 2})
	i := start(t, cfg)
	var wg sync.WaitGroup
	for _, id := range []string{"first-id", "second-id"} {
		wg.Go(func() {
			res, err := i.Invoke(t.Context(), &Invocation{RequestID: id})
			if err != nil || string(res.Body) != id || res.ErrorType != "" {
				t.Errorf("%+v %v", res, err)
			}
		})
	}
	wg.Wait()
	for _, id := range []string{"first-id", "second-id"} {
		checkLog(t, framed("mark <id>", "<time> <id> [INFO] in a thread"), logs.of(id), id)
	}
}

func TestExitOfAThread(t *testing.T) {
	cfg, _ := pythonConfig(t, "clauses.thread_exit", fc.Function{InstanceConcurrency: 2})
	i := start(t, cfg)
	res := call(t, i, &Invocation{RequestID: "rid-a"})
	if res.ErrorType != fc.ErrorTypeUnhandled || !strings.Contains(string(res.Body), "Process exited unexpectedly") {
		t.Errorf("%s %s", res.ErrorType, res.Body)
	}
	ended(t, i)
	if got := i.exit; got.Code != 5 {
		t.Errorf("exit %+v", got)
	}
}

// TestStubborn has a function that ignores SIGTERM: it is killed after the
// grace.
func TestStubborn(t *testing.T) {
	cfg, logs := pythonConfig(t, "clauses.stubborn", fc.Function{Timeout: 1})
	cfg.Grace = 100 * time.Millisecond
	i := start(t, cfg)
	res := call(t, i, &Invocation{RequestID: "rid-a"})
	if res.ErrorType != fc.ErrorTypeTimeout {
		t.Errorf("%s %s", res.ErrorType, res.Body)
	}
	ended(t, i)
	if i.exit.Signal == "" && i.exit.Code < 128 {
		t.Errorf("exit %+v", i.exit)
	}
	checkLog(t, []string{"ignoring"}, logs.of("rid-a"), "rid-a")
}

// hungUp is the context of a caller who goes away once the function has said
// something.
func hungUp(t *testing.T, logs *collected, said string) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		for ctx.Err() == nil && !slices.Contains(logs.of("rid-a"), said) {
			time.Sleep(time.Millisecond)
		}
	}()
	return ctx
}

// TestCallerHangsUp has the caller go away while the function works: it goes on,
// and the instance is good for more.
func TestCallerHangsUp(t *testing.T) {
	cfg, logs := pythonConfig(t, "clauses.until_told", fc.Function{Timeout: 300})
	i := start(t, cfg)
	ctx := hungUp(t, logs, "working")
	_, err := i.Invoke(ctx, &Invocation{RequestID: "rid-a", Event: []byte("work")})
	var detached *DetachedError
	if !errors.As(err, &detached) || !errors.Is(err, context.Canceled) || err.Error() != context.Canceled.Error() {
		t.Fatalf("%v", err)
	}
	if n := i.Info().InFlight; n != 1 {
		t.Errorf("%d in flight while the function goes on", n)
	}
	if err := os.WriteFile(filepath.Join(temporary(i), "go"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	select {
	case <-detached.Done:
	case <-time.After(patience):
		t.Fatal("it doesn't end")
	}
	checkLog(t, framed("working"), logs.of("rid-a"), "rid-a")
	if res := call(t, i, &Invocation{RequestID: "b"}); string(res.Body) != "done" {
		t.Errorf("%+v", res)
	}
	if info := i.Info(); info.InFlight != 0 || info.Invocation != 2 || info.State != "Idle" {
		t.Errorf("%+v", info)
	}
}

// TestDetachedTimesOut has a function run out of time after its caller left.
func TestDetachedTimesOut(t *testing.T) {
	t.Parallel()
	cfg, logs := pythonConfig(t, "clauses.until_told", fc.Function{Timeout: 3})
	i := start(t, cfg)
	var detached *DetachedError
	if _, err := i.Invoke(hungUp(t, logs, "working"), &Invocation{RequestID: "rid-a", Event: []byte("work")}); !errors.As(err, &detached) {
		t.Fatalf("%v", err)
	}
	<-detached.Done
	ended(t, i)
}

func TestKilledFromOutside(t *testing.T) {
	cfg, logs := pythonConfig(t, "clauses.sleep", fc.Function{})
	i := start(t, cfg)
	go func() {
		for len(logs.of("rid-a")) == 0 {
			time.Sleep(time.Millisecond)
		}
		i.Kill()
	}()
	res := call(t, i, &Invocation{RequestID: "rid-a"})
	if res.ErrorType != fc.ErrorTypeUnhandled || !strings.Contains(string(res.Body), "Process exited unexpectedly") {
		t.Errorf("%s %s", res.ErrorType, res.Body)
	}
	if _, err := i.Invoke(t.Context(), &Invocation{}); !errors.Is(err, ErrGone) {
		t.Errorf("%v", err)
	}
}

// TestNothingLeft checks that an instance takes its folders and processes with
// it.
func TestNothingLeft(t *testing.T) {
	cfg, _ := pythonConfig(t, "clauses.echo", fc.Function{})
	i := start(t, cfg)
	if res := call(t, i, &Invocation{Event: []byte("x")}); string(res.Body) != "x" || res.InitTime <= 0 {
		t.Errorf("%+v", res)
	}
	if res := call(t, i, &Invocation{Event: []byte("x")}); res.InitTime != 0 {
		t.Errorf("only the first waits for the start: %v", res.InitTime)
	}
	dir := i.dir()
	if _, err := os.Stat(dir); err != nil {
		t.Error(err)
	}
	i.Stop(t.Context())
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the folder of the instance: %v", err)
	}
	if state := i.Info().State; state != "Stopping" {
		t.Errorf("state %s", state)
	}
}

func TestCommandHook(t *testing.T) {
	hook := func(command ...string) *fc.InstanceLifecycleConfig {
		return &fc.InstanceLifecycleConfig{Initializer: &fc.LifecycleHook{Command: command, Timeout: 20}}
	}
	cfg, logs := pythonConfig(t, "clauses.echo", fc.Function{InstanceLifecycleConfig: hook("sh", "-c", "echo prepared; pwd")})
	if res := call(t, start(t, cfg), &Invocation{RequestID: "rid-a", Event: []byte("x")}); string(res.Body) != "x" {
		t.Errorf("%+v", res)
	}
	checkLog(t, []string{"prepared", "FC Invoke Start RequestId: <id>"}, logs.of("rid-a"), "rid-a")
	cfg.Function.InstanceLifecycleConfig = hook("sh", "-c", "exit 3")
	i := start(t, cfg)
	res := call(t, i, &Invocation{RequestID: "b"})
	if res.ErrorType != fc.ErrorTypeInitialization || !strings.Contains(string(res.Body), "exit code 3") {
		t.Errorf("%s %s", res.ErrorType, res.Body)
	}
	ended(t, i)
}

func TestStartFails(t *testing.T) {
	cfg, _ := pythonConfig(t, "clauses.echo", fc.Function{})
	for _, tt := range []struct {
		runtime, code, says string
		status              int
	}{
		{"python9.9", fc.CodeInvalidArgument, `unknown runtime "python9.9"`, 400},
		{"custom-container", fc.CodeFunctionNotStarted, "images", 412},
	} {
		cfg.Function.Runtime = tt.runtime
		_, err := Start(t.Context(), cfg)
		var api *fc.APIError
		if !errors.As(err, &api) || api.Status != tt.status || api.Code != tt.code || !strings.Contains(api.Message, tt.says) {
			t.Errorf("%s: %v", tt.runtime, err)
		}
	}
	if entries, err := os.ReadDir(cfg.WorkDir); err != nil || slices.ContainsFunc(entries, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), "c-") }) {
		t.Errorf("left behind: %v %v", entries, err)
	}
}

// brokenLauncher starts nothing.
type brokenLauncher struct{ sandbox.Launcher }

func (brokenLauncher) Launch(context.Context, sandbox.Spec) (sandbox.Process, error) {
	return nil, errors.New("out of address space")
}

func TestLaunchFails(t *testing.T) {
	cfg, _ := pythonConfig(t, "clauses.echo", fc.Function{})
	cfg.Launcher = brokenLauncher{cfg.Launcher}
	_, err := Start(t.Context(), cfg)
	if !fc.IsCode(err, fc.CodeFunctionNotStarted) || !strings.Contains(err.Error(), "out of address space") {
		t.Errorf("%v", err)
	}
}

// otherProgram starts another program than the instance asks for.
type otherProgram struct {
	sandbox.Launcher
	args []string
}

func (l otherProgram) Launch(ctx context.Context, spec sandbox.Spec) (sandbox.Process, error) {
	spec.Args = l.args
	return l.Launcher.Launch(ctx, spec)
}

func TestRuntimeDoesNotStart(t *testing.T) {
	cfg, _ := pythonConfig(t, "clauses.echo", fc.Function{})
	cfg.Launcher = otherProgram{cfg.Launcher, []string{"sh", "-c", "echo no python here"}}
	_, err := Start(t.Context(), cfg)
	var failed *InitError
	if !errors.As(err, &failed) {
		t.Fatal(err)
	}
	res := failed.Result()
	if res.ErrorType != fc.ErrorTypeInitialization || !strings.Contains(string(res.Body), "Process exited unexpectedly") ||
		string(res.LogTail) != "no python here\n" || !strings.Contains(err.Error(), "Process exited") {
		t.Errorf("%v %q", err, res.LogTail)
	}
	cfg.Launcher = otherProgram{launcher(t, ""), []string{"/nowhere/python"}}
	if _, err := Start(t.Context(), cfg); !fc.IsCode(err, fc.CodeFunctionNotStarted) {
		t.Errorf("%v", err)
	}
}

// TestInitErrorPosted has the bootstrap report that it can't start.
func TestInitErrorPosted(t *testing.T) {
	version := anyPython(t)
	cfg, _ := pythonConfig(t, "clauses.echo", fc.Function{})
	program := "import urllib.request as u, os, time\n" +
		"u.urlopen('http://' + os.environ['FC_RUNTIME_API'] + '/2020-11-11/runtime/init/error', b'{\"errorType\": \"Own\"}')\ntime.sleep(60)\n"
	cfg.Launcher = otherProgram{cfg.Launcher, []string{"/var/fc/lang/python" + version + "/bin/python3", "-c", program}}
	_, err := Start(t.Context(), cfg)
	var failed *InitError
	if !errors.As(err, &failed) || string(failed.Body) != `{"errorType": "Own"}` {
		t.Fatal(err)
	}
}

func TestWSGI(t *testing.T) {
	cfg, _ := pythonConfig(t, "clauses.wsgi", fc.Function{})
	cfg.HTTPParams = true
	srv, result := serveInstance(t, start(t, cfg))
	req, err := http.NewRequest("POST", srv.URL+"/p%20q/r?x=1&y=2", strings.NewReader("the body"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header["X-One"] = []string{"1", "2"}
	req.Header.Set("X-Fc-Region", "forged")
	req.Host = "web.example.com"
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 201 || !slices.Equal(resp.Header["Set-Cookie"], []string{"a=1", "b=2"}) {
		t.Errorf("%s %v %v", resp.Status, resp.Header, err)
	}
	var got map[string]any
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	want := map[string]any{
		"REQUEST_METHOD": "POST", "PATH_INFO": "/p q/r", "QUERY_STRING": "x=1&y=2", "CONTENT_TYPE": "application/octet-stream",
		"CONTENT_LENGTH": "8", "HTTP_X_ONE": "1,2", "HTTP_HOST": "web.example.com", "REMOTE_ADDR": "127.0.0.1",
		"SERVER_NAME": "FCRUNTIME", "SERVER_PORT": "9000", "SERVER_PROTOCOL": "HTTP/1.1", "fc.request_uri": "/p%20q/r?x=1&y=2",
		"MINE": "yes", "HTTP_X_FC_FUNCTION_HANDLER": "clauses.wsgi", "HTTP_X_FC_REGION": nil, "wsgi.url_scheme": "http",
		"body": "the body", "request_id": "http-1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("environ (-want +got):\n%s", diff)
	}
	if res := result(); !res.Written || res.Body != nil || res.ErrorType != "" {
		t.Errorf("%+v", res)
	}
}

func TestWSGIAnswers(t *testing.T) {
	for handler, want := range map[string]struct {
		status int
		body   string
	}{
		"clauses.wsgi_bytes":  {200, "first second"},
		"clauses.wsgi_silent": {502, "start_response was not called"},
		"clauses.wsgi_fails":  {502, "in wsgi"},
	} {
		cfg, _ := pythonConfig(t, handler, fc.Function{})
		cfg.HTTPParams = true
		srv, result := serveInstance(t, start(t, cfg))
		resp, err := http.Get(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != want.status || !strings.Contains(string(body), want.body) {
			t.Errorf("%s: %s %s %v", handler, resp.Status, body, err)
		}
		if res := result(); res.Written != (want.status == 200) {
			t.Errorf("%s: %+v", handler, res)
		}
	}
}

func TestHTTPNeedsParams(t *testing.T) {
	cfg, _ := pythonConfig(t, "clauses.wsgi", fc.Function{})
	i := start(t, cfg)
	req, err := http.NewRequest("GET", "http://x/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := i.Invoke(t.Context(), &Invocation{R: req}); err == nil {
		t.Error("an HTTP invocation of an event function must be refused")
	}
}
