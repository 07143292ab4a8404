package instance

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/fc"
)

// TestNodeHTTP has a function of FC 2.0 behind an HTTP trigger.
func TestNodeHTTP(t *testing.T) {
	for _, version := range []string{"6", "20"} {
		t.Run(version, func(t *testing.T) {
			findNode(t, version)
			t.Parallel()
			cfg, _ := nodeConfig(t, "", version, "http.show", fc.Function{FunctionName: "svc$hello"})
			cfg.HTTPParams = true
			srv, result := serveInstance(t, start(t, cfg))
			req, err := http.NewRequest("POST", srv.URL+"/p%20q/r?x=1&y=2&y=3", strings.NewReader("the body"))
			if err != nil {
				t.Fatal(err)
			}
			req.Header = http.Header{"X-One": {"1", "2"}, "X-Fc-Region": {"forged"}, "Accept-Encoding": {"identity"}, "User-Agent": {"test"}}
			req.Host = "web.example.com"
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != 201 || !slices.Equal(resp.Header["Set-Cookie"], []string{"a=1", "b=2"}) ||
				resp.Header.Get("Content-Type") != "application/json" || resp.Header["X-Gone"] != nil {
				t.Errorf("%s %v %v", resp.Status, resp.Header, err)
			}
			var got map[string]any
			if err := json.Unmarshal(body, &got); err != nil {
				t.Fatalf("%s: %v", body, err)
			}
			want := map[string]any{
				"method": "POST", "path": "/p q/r", "url": "/p%20q/r?x=1&y=2&y=3", "queries": map[string]any{"x": "1", "y": []any{"2", "3"}},
				"headers": map[string]any{
					"host": "web.example.com", "x-one": "1,2", "content-length": "8", "accept-encoding": "identity", "user-agent": "test",
				},
				"clientIP": "127.0.0.1", "stream": "the body", "body": "the body", "requestId": "http-1",
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the request (-want +got):\n%s", diff)
			}
			if res := result(); !res.Written || res.Body != nil || res.ErrorType != "" {
				t.Errorf("%+v", res)
			}
		})
	}
}

func TestNodeHTTPAnswers(t *testing.T) {
	t.Parallel()
	for handler, want := range map[string]struct {
		status int
		body   string
	}{
		"http.buffer":       {200, "\x00\xff"},
		"http.nothing":      {200, ""},
		"http.bytes":        {200, "hi"},
		"http.stream":       {200, "first second"},
		"http.promised":     {200, "in time"},
		"http.brokenStream": {502, "no more"},
		"http.fails":        {502, "in http"},
		"http.rejects":      {502, "rejected"},
		"http.wrongStatus":  {502, "not an HTTP status: abc"},
		"http.wrongBody":    {502, "resp.send takes a string, a Buffer or a stream.Readable"},
	} {
		t.Run(handler, func(t *testing.T) {
			t.Parallel()
			cfg, _ := nodeConfig(t, "", "", handler, fc.Function{})
			cfg.HTTPParams = true
			srv, result := serveInstance(t, start(t, cfg))
			resp, err := http.Get(srv.URL)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || resp.StatusCode != want.status || !strings.Contains(string(body), want.body) {
				t.Errorf("%s %s %v", resp.Status, body, err)
			}
			if res := result(); res.Written != (want.status == 200) {
				t.Errorf("%+v", res)
			}
		})
	}
}

func TestNodeContext(t *testing.T) {
	cfg, _ := nodeConfig(t, "", "", "clauses.context", fc.Function{FunctionName: "svc$hello"})
	res := call(t, start(t, cfg), &Invocation{RequestID: "rid-a", RetryCount: 2})
	var got map[string]any
	if err := json.Unmarshal(res.Body, &got); err != nil {
		t.Fatalf("%s: %v", res.Body, err)
	}
	want := map[string]any{
		"requestId": "rid-a", "region": "cn-hangzhou", "accountId": "1234567890", "retryCount": 2.0, "logger": map[string]any{},
		"credentials": map[string]any{"accessKeyId": "KEY", "accessKeySecret": "SECRET", "securityToken": "TOKEN"},
		"function":    map[string]any{"name": "hello", "handler": "clauses.context", "memory": 512.0, "timeout": 20.0},
		"service":     map[string]any{"name": "svc", "logProject": "", "logStore": "", "qualifier": "LATEST", "versionId": ""},
		"tracing":     map[string]any{"spanContext": "", "jaegerEndpoint": "", "spanBaggages": map[string]any{}},
		"methods":     []any{"debug", "error", "info", "log", "setLogLevel", "warn"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the context (-want +got):\n%s", diff)
	}
}

func TestNodeEnvironment(t *testing.T) {
	for version, flag := range map[string]bool{"6": false, "20": true} {
		t.Run(version, func(t *testing.T) {
			findNode(t, version)
			cfg, _ := nodeConfig(t, "", version, "clauses.environment", fc.Function{FunctionName: "svc$hello"})
			res := call(t, start(t, cfg), &Invocation{})
			var got map[string]any
			if err := json.Unmarshal(res.Body, &got); err != nil {
				t.Fatalf("%s: %v", res.Body, err)
			}
			flags := []any{"--max-old-space-size=460", "--max-http-header-size=16384", "--expose-gc"}
			if !flag {
				flags = slices.Delete(flags, 1, 2)
			}
			want := map[string]any{
				"reserved": []any{
					"FC_ACCOUNT_ID", "FC_FUNCTION_HANDLER", "FC_FUNCTION_MEMORY_SIZE", "FC_FUNCTION_NAME", "FC_FUNCTION_VERSION",
					"FC_FUNC_CODE_PATH", "FC_INSTANCE_ID", "FC_QUALIFIER", "FC_REGION", "FC_SERVICE_NAME", "FC_VER_ID",
				},
				"mine": "yes", "key": "KEY", "cwd": true, "flags": flags, "gc": "function",
				"nodePath": "/usr/local/lib/node_modules:/opt/nodejs/node" + version + "/node_modules:/opt/nodejs/node_modules",
			}
			if diff := cmp.Diff(want, got); diff != "" && cfg.Launcher.Isolation().Mode != "process" {
				t.Errorf("the environment (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNodeUncaughtOfFC2 has an exception that FC 2.0 names as such.
func TestNodeUncaughtOfFC2(t *testing.T) {
	cfg, logs := nodeConfig(t, "", "", "clauses.fail", fc.Function{FunctionName: "svc$hello"})
	res := call(t, start(t, cfg), &Invocation{RequestID: "rid-a", Event: []byte("x")})
	if want := `{"errorMessage":"wrong: x","errorType":"FunctionUnhandledError: TypeError",`; !strings.HasPrefix(string(res.Body), want) {
		t.Errorf("%s", res.Body)
	}
	checkLog(t, []string{"<time> <id> [error] FunctionUnhandledError: TypeError: wrong: x", failed}, logs.of("rid-a"), "rid-a")
}

// TestNodeSeveralAtOnce has invocations that wait for each other.
func TestNodeSeveralAtOnce(t *testing.T) {
	findNode(t, "20")
	cfg, logs := nodeConfig(t, "", "20", "clauses.together", fc.Function{InstanceConcurrency: 2})
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
		checkLog(t, framed("<time> <id> [info] mark <id>", "<time> <id> [info] of the logger", "<time> <id> [info] two", "lines"), logs.of(id), id)
	}
}

// TestNodeFailsAlone has one of two invocations end with an exception that
// nobody caught.
func TestNodeFailsAlone(t *testing.T) {
	cfg, _ := nodeConfig(t, "", "", "clauses.togetherFails", fc.Function{InstanceConcurrency: 2})
	i := start(t, cfg)
	results := make([]*Result, 2)
	var wg sync.WaitGroup
	for n := range results {
		wg.Go(func() {
			var err error
			if results[n], err = i.Invoke(context.WithoutCancel(t.Context()), &Invocation{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	slices.SortFunc(results, func(a, b *Result) int { return strings.Compare(a.ErrorType, b.ErrorType) })
	if results[0].ErrorType != "" || string(results[0].Body) != "of the first" || results[1].ErrorType != fc.ErrorTypeUnhandled ||
		!strings.Contains(string(results[1].Body), "of the second") {
		t.Errorf("%s, %s", results[0].Body, results[1].Body)
	}
}

// TestNodeStubborn has a function with a listener of its own for SIGTERM: it is
// killed after the grace.
func TestNodeStubborn(t *testing.T) {
	cfg, logs := nodeConfig(t, "", "", "clauses.stubborn", fc.Function{Timeout: 1})
	i := start(t, cfg)
	i.cfg.Grace = 500e6
	if res := call(t, i, &Invocation{RequestID: "rid-a"}); res.ErrorType != fc.ErrorTypeTimeout {
		t.Errorf("%s %s", res.ErrorType, res.Body)
	}
	ended(t, i)
	checkLog(t, []string{"ignoring"}, logs.of("rid-a"), "rid-a")
}

func TestNodePreStop(t *testing.T) {
	cfg, logs := nodeConfig(t, "", "", "clauses.echo", fc.Function{
		InstanceLifecycleConfig: &fc.InstanceLifecycleConfig{PreStop: &fc.LifecycleHook{Handler: "clauses.preStop", Timeout: 5}},
	})
	i := start(t, cfg)
	call(t, i, &Invocation{RequestID: "rid-a"})
	i.Stop(t.Context())
	logs.mu.Lock()
	defer logs.mu.Unlock()
	var after []string
	id := ""
	for _, l := range logs.lines {
		if strings.HasPrefix(l.Message, "FC PreStop Start") {
			id = l.RequestID
		}
		if id != "" && l.RequestID == id {
			after = append(after, l.Message)
		}
	}
	checkLog(t, []string{"FC PreStop Start RequestId: <id>", "<time> <id> [warn] stopping", "FC PreStop End RequestId: <id>"}, after, id)
}

// TestNodeLayer has modules in the merged layers, for all versions and for one.
func TestNodeLayer(t *testing.T) {
	for _, mode := range []string{"", "process"} {
		cfg, _ := nodeConfig(t, mode, "", "clauses.layer", fc.Function{})
		cfg.LayerDir = t.TempDir()
		if err := os.Chmod(cfg.LayerDir, 0o755); err != nil {
			t.Fatal(err)
		}
		for dir, text := range map[string]string{
			"nodejs/node_modules/in-a-layer":                                           "shared",
			"nodejs/node_modules/for-one-version":                                      "not this one",
			"nodejs/node" + cfg.Function.Runtime[6:] + "/node_modules/for-one-version": "own",
		} {
			dir = filepath.Join(cfg.LayerDir, dir)
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "index.js"), []byte("module.exports = '"+text+"'\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if res := call(t, start(t, cfg), &Invocation{}); string(res.Body) != "shared, own" {
			t.Errorf("mode %s: %s", mode, res.Body)
		}
	}
}

// TestNodeWrapper has a function start its interpreter in its own way.
func TestNodeWrapper(t *testing.T) {
	cfg, _ := nodeConfig(t, "", "", "clauses.wrapped", fc.Function{EnvironmentVariables: map[string]string{
		"BOOTSTRAP_WRAPPER": "env  WRAPPED=yes",
	}})
	if res := call(t, start(t, cfg), &Invocation{}); string(res.Body) != "yes" {
		t.Errorf("%s", res.Body)
	}
	cfg.Function.EnvironmentVariables = map[string]string{"BOOTSTRAP_WRAPPER": "/code/nowhere"}
	if _, err := Start(t.Context(), cfg); !fc.IsCode(err, fc.CodeFunctionNotStarted) || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("%v", err)
	}
}

// TestNodeStandsIn has a newer version run a function, and say so.
func TestNodeStandsIn(t *testing.T) {
	finder := nodeTools()
	found, err := finder.FindNode(t.Context(), "18")
	if err != nil || found.Exact {
		t.Skipf("%+v, %v", found, err)
	}
	cfg, logs := nodeConfig(t, "", "18", "clauses.runtime", fc.Function{})
	if res := call(t, start(t, cfg), &Invocation{}); string(res.Body) != found.Version {
		t.Errorf("%s", res.Body)
	}
	if lines := logs.of(""); !slices.Contains(lines, "nodejs 18 isn't on this machine: "+found.Version+" stands in") {
		t.Errorf("%q", lines)
	}
}

// TestNodeSourceMap has a function's own option map its frames.
func TestNodeSourceMap(t *testing.T) {
	findNode(t, "20")
	cfg, _ := nodeConfig(t, "", "20", "mapped.handler", fc.Function{})
	i := start(t, cfg)
	if res := call(t, i, &Invocation{}); !strings.Contains(string(res.Body), "/code/mapped.js:1:") {
		t.Errorf("%s", res.Body)
	}
	cfg.Function.EnvironmentVariables = map[string]string{"NODE_OPTIONS": "--enable-source-maps"}
	if res := call(t, start(t, cfg), &Invocation{}); !strings.Contains(string(res.Body), "/code/src/mapped.ts:1:") {
		t.Errorf("%s", res.Body)
	}
}
