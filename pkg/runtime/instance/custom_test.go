package instance

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"s/pkg/fc"
)

// customConfig is that of a function whose server is testdata/custom/server.py.
func customConfig(t testing.TB, fn fc.Function, args ...string) (Config, *collected) {
	t.Helper()
	anyPython(t)
	fn.Runtime = "custom.debian10"
	if fn.CustomRuntimeConfig == nil {
		fn.CustomRuntimeConfig = &fc.CustomRuntimeConfig{}
	}
	fn.CustomRuntimeConfig.Command = []string{"python3", "-u", "/code/server.py"}
	fn.CustomRuntimeConfig.Args = args
	return config(t, "", "testdata/custom", fn)
}

func TestCustomEvents(t *testing.T) {
	cfg, logs := customConfig(t, fc.Function{})
	i := start(t, cfg)
	for _, tt := range []struct{ event, body, errorType string }{
		{"hello", "hello", ""},
		{"", "", ""},
		{"status 404", "no good", fc.ErrorTypeUnhandled},
		{"fc-status", "told so", fc.ErrorTypeUnhandled},
		{"fc-status fine", "fine", ""},
		{strings.Repeat("x", 3<<20), strings.Repeat("x", 3<<20), ""},
	} {
		res := call(t, i, &Invocation{RequestID: "r-" + tt.event[:min(4, len(tt.event))], Event: []byte(tt.event)})
		if string(res.Body) != tt.body || res.ErrorType != tt.errorType {
			t.Errorf("%.20q: %s %.40q", tt.event, res.ErrorType, res.Body)
		}
		if res.Duration <= 0 || res.MaxMemoryMB <= 0 {
			t.Errorf("%.20q: not measured: %+v", tt.event, res)
		}
	}
	if got := logs.of("r-hell"); len(got) != 1 || got[0] != "got hello" {
		t.Errorf("log %q", got)
	}
	res := call(t, i, &Invocation{RequestID: "r", Event: []byte("hello")})
	if res.ContentType != "text/plain" || string(res.LogTail) != "got hello\n" {
		t.Errorf("type %q, log tail %q", res.ContentType, res.LogTail)
	}
}

// TestCustomLoopback: what works here alone is said.
func TestCustomLoopback(t *testing.T) {
	if launcher(t, "").Isolation().Ports != "private" {
		t.Skip("what programs bind isn't seen here")
	}
	for mode, warned := range map[string]bool{"private": true, "": false} {
		cfg, logs := customConfig(t, fc.Function{}, mode)
		i := start(t, cfg)
		if res := call(t, i, &Invocation{RequestID: "r", Event: []byte("hello")}); string(res.Body) != "hello" {
			t.Errorf("%q: %s %q", mode, res.ErrorType, res.Body)
		}
		said := slices.ContainsFunc(logs.of(""), func(line string) bool {
			return strings.HasPrefix(line, "the server listens on 127.0.0.1:9000 alone")
		})
		if said != warned {
			t.Errorf("%q: warned: %t; %q", mode, said, logs.of(""))
		}
	}
}

func TestCustomHeaders(t *testing.T) {
	cfg, _ := customConfig(t, fc.Function{
		FunctionName: "svc$web", Handler: "index.handler", Timeout: 7, MemorySize: 256,
		LogConfig: &fc.LogConfig{Project: "p", Logstore: "l"},
		InstanceLifecycleConfig: &fc.InstanceLifecycleConfig{
			Initializer: &fc.LifecycleHook{Handler: "index.init", Timeout: 9}, PreStop: &fc.LifecycleHook{Handler: "index.stop"},
		},
	})
	i := start(t, cfg)
	res := call(t, i, &Invocation{RequestID: "rid-1", Event: []byte("headers"), RetryCount: 2})
	got := map[string]string{}
	var raw map[string]string
	if err := json.Unmarshal(res.Body, &raw); err != nil {
		t.Fatal(err)
	}
	for k, v := range raw {
		got[strings.ToLower(k)] = v
	}
	for name, want := range map[string]string{
		"x-fc-request-id": "rid-1", "x-fc-access-key-id": "KEY", "x-fc-access-key-secret": "SECRET",
		"x-fc-security-token": "TOKEN", "x-fc-function-name": "web", "x-fc-function-handler": "index.handler",
		"x-fc-function-memory": "256", "x-fc-function-timeout": "7", "x-fc-region": "cn-hangzhou",
		"x-fc-account-id": "1234567890", "x-fc-qualifier": "LATEST", "x-fc-version-id": "", "x-fc-service-name": "svc",
		"x-fc-service-logproject": "p", "x-fc-service-logstore": "l", "x-fc-control-path": "/invoke", "x-fc-base-path": "",
		"x-fc-client-ip": "", "x-fc-retry-count": "2", "x-fc-tracing-jaeger-endpoint": "", "content-type": "application/octet-stream",
		"x-fc-function-initializer": "index.init", "x-fc-initialization-timeout": "9",
		"x-fc-instance-lifecycle-pre-stop-handler": "index.stop",
	} {
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s: %q, %v; want %q", name, v, ok, want)
		}
	}
}

func TestCustomEnvironment(t *testing.T) {
	cfg, _ := customConfig(t, fc.Function{
		CustomRuntimeConfig:  &fc.CustomRuntimeConfig{Port: 8080},
		EnvironmentVariables: map[string]string{"FC_REGION": "made up"},
	})
	res := call(t, start(t, cfg), &Invocation{Event: []byte("mine")})
	var got map[string]string
	if err := json.Unmarshal(res.Body, &got); err != nil {
		t.Fatal(err)
	}
	if got["FC_SERVER_PORT"] != got["FC_CUSTOM_LISTEN_PORT"] || got["FC_SERVER_PORT"] == "" ||
		got["MINE"] != "yes" || got["FC_FUNCTION_NAME"] != "hello" || got["FC_REGION"] != "cn-hangzhou" {
		t.Errorf("%v", got)
	}
}

func TestCustomInitializer(t *testing.T) {
	t.Parallel()
	hook := &fc.InstanceLifecycleConfig{
		Initializer: &fc.LifecycleHook{Handler: "x", Timeout: 1}, PreStop: &fc.LifecycleHook{Handler: "x", Timeout: 20},
	}
	t.Run("runs once", func(t *testing.T) {
		cfg, logs := customConfig(t, fc.Function{InstanceLifecycleConfig: &fc.InstanceLifecycleConfig{
			Initializer: &fc.LifecycleHook{Handler: "x", Timeout: 20}, PreStop: hook.PreStop,
		}})
		cfg.Grace = time.Millisecond // PID 1 without a handler ignores SIGTERM
		i := start(t, cfg)
		for _, id := range []string{"a", "b"} {
			if res := call(t, i, &Invocation{RequestID: id, Event: []byte("x")}); string(res.Body) != "x" {
				t.Errorf("%+v", res)
			}
		}
		i.Stop(context.Background())
		a, b := strings.Join(logs.of("a"), ","), strings.Join(logs.of("b"), ",")
		if a != "initialize a,got x" || b != "got x" {
			t.Errorf("logs %q, %q", a, b)
		}
		var all []string
		for _, l := range logs.lines {
			all = append(all, l.Message)
		}
		if !strings.Contains(strings.Join(all, ","), "stopping 1-") {
			t.Errorf("the preStop hook wasn't called: %q", all)
		}
	})
	for mode, want := range map[string]string{"fail": "can't", "sleep": "Function initialization timed out after 1 seconds"} {
		t.Run(mode, func(t *testing.T) {
			fn := fc.Function{InstanceLifecycleConfig: hook, EnvironmentVariables: map[string]string{"INITIALIZE": mode}}
			cfg, _ := customConfig(t, fn)
			cfg.Grace = time.Millisecond
			i := start(t, cfg)
			res := call(t, i, &Invocation{RequestID: "a", Event: []byte("x")})
			if res.ErrorType != fc.ErrorTypeInitialization || !strings.Contains(string(res.Body), want) {
				t.Errorf("%s %s", res.ErrorType, res.Body)
			}
			ended(t, i)
		})
	}
}

// TestCustomFreezes: the server is asked by /pre-freeze first, and its kept
// connection serves the invocation that continues it.
func TestCustomFreezes(t *testing.T) {
	cfg, logs := customConfig(t, fc.Function{
		FunctionName:            "svc$hello",
		InstanceLifecycleConfig: &fc.InstanceLifecycleConfig{PreFreeze: &fc.LifecycleHook{Handler: "x", Timeout: 20}},
	})
	i := start(t, cfg)
	for range 2 {
		if res := call(t, i, &Invocation{Event: []byte("x")}); string(res.Body) != "x" {
			t.Errorf("%s %q", res.ErrorType, res.Body)
		}
		if !i.Freeze(t.Context()) {
			t.Error("not frozen")
		}
	}
	logs.mu.Lock()
	defer logs.mu.Unlock()
	var asked int
	for _, l := range logs.lines {
		if l.Message == "freezing /pre-freeze" {
			asked++
		}
	}
	if asked != 2 {
		t.Errorf("asked %d times, want 2: %q", asked, logs.lines)
	}
}

func TestCustomStartFails(t *testing.T) {
	for _, tt := range []struct {
		name string
		set  func(*fc.Function)
		args []string
		code string
		says []string
	}{
		{name: "exits", args: []string{"exit"}, code: fc.CodeCAExited, says: []string{
			"Function instance exited unexpectedly(code 3, message:exit code 3) with start command 'python3 -u /code/server.py exit'",
			"\nLogs: ", "starting exit\nTraceback: no config\n",
		}},
		{
			name: "no such program", code: fc.CodeCAFileNotFound, says: []string{"'/code/bootstrap'"},
			set: func(f *fc.Function) { f.CustomRuntimeConfig.Command, f.CustomRuntimeConfig.Args = nil, nil },
		},
		{
			name: "not healthy", code: fc.CodeFunctionNotStarted, says: []string{"GET /nowhere", "starting"},
			set: func(f *fc.Function) {
				f.CustomRuntimeConfig.HealthCheckConfig = &fc.HealthCheckConfig{HTTPGetURL: "/nowhere", FailureThreshold: 1}
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg, _ := customConfig(t, fc.Function{}, tt.args...)
			if tt.set != nil {
				tt.set(&cfg.Function)
			}
			_, err := Start(t.Context(), cfg)
			var api *fc.APIError
			if !errors.As(err, &api) || api.Status != 412 || api.Code != tt.code {
				t.Fatalf("%v", err)
			}
			for _, s := range tt.says {
				if !strings.Contains(api.Message, s) {
					t.Errorf("%q isn't in %q", s, api.Message)
				}
			}
		})
	}
}

func TestCustomStartIsCancelled(t *testing.T) {
	cfg, logs := customConfig(t, fc.Function{}, "deaf")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for len(logs.of("")) == 0 {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	if _, err := Start(ctx, cfg); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestCustomStartsLate(t *testing.T) {
	t.Parallel()
	cfg, _ := customConfig(t, fc.Function{CustomRuntimeConfig: &fc.CustomRuntimeConfig{
		HealthCheckConfig: &fc.HealthCheckConfig{HTTPGetURL: "health", PeriodSeconds: 1, TimeoutSeconds: 3},
	}}, "late")
	if res := call(t, start(t, cfg), &Invocation{Event: []byte("x")}); string(res.Body) != "x" {
		t.Errorf("%+v", res)
	}
}

func TestCustomTimeout(t *testing.T) {
	t.Parallel()
	cfg, _ := customConfig(t, fc.Function{Timeout: 1})
	cfg.Grace = time.Millisecond
	i := start(t, cfg)
	res := call(t, i, &Invocation{RequestID: "a", Event: []byte("sleep")})
	if res.ErrorType != fc.ErrorTypeTimeout || !strings.Contains(string(res.Body), "Function timed out after 1 seconds (maxMemoryUsage: ") {
		t.Errorf("%s %s", res.ErrorType, res.Body)
	}
	ended(t, i)
	if _, err := i.Invoke(t.Context(), &Invocation{}); !errors.Is(err, ErrGone) {
		t.Errorf("an instance that has ended: %v", err)
	}
}

func TestCustomExits(t *testing.T) {
	cfg, logs := customConfig(t, fc.Function{})
	i := start(t, cfg)
	res := call(t, i, &Invocation{RequestID: "a", Event: []byte("exit")})
	if res.ErrorType != fc.ErrorTypeUnhandled || !strings.Contains(string(res.Body), "Process exited unexpectedly") {
		t.Errorf("%s %s", res.ErrorType, res.Body)
	}
	ended(t, i)
	if got := strings.Join(logs.of("a"), ","); got != "got exit,bye" {
		t.Errorf("log %q", got)
	}
}

func TestCustomDropsConnection(t *testing.T) {
	t.Parallel()
	cfg, _ := customConfig(t, fc.Function{})
	i := start(t, cfg)
	res := call(t, i, &Invocation{RequestID: "a", Event: []byte("drop")})
	if res.ErrorType != fc.ErrorTypeUnhandled || !strings.Contains(string(res.Body), "Process exited unexpectedly") {
		t.Errorf("%s %s", res.ErrorType, res.Body)
	}
	if res := call(t, i, &Invocation{RequestID: "b", Event: []byte("alive")}); string(res.Body) != "alive" {
		t.Errorf("the instance lives on: %+v", res)
	}
}

func TestCustomConcurrency(t *testing.T) {
	cfg, logs := customConfig(t, fc.Function{InstanceConcurrency: 2})
	i := start(t, cfg)
	var wg sync.WaitGroup
	for _, id := range []string{"a", "b"} {
		wg.Go(func() {
			res, err := i.Invoke(t.Context(), &Invocation{RequestID: id, Event: []byte("together")})
			if err != nil || string(res.Body) != "together" {
				t.Errorf("%v %v", res, err)
			}
		})
	}
	wg.Wait()
	// Without a request id in them, lines of two at once belong to neither.
	lines := slices.Concat(logs.of("a"), logs.of("b"), logs.of(""))
	lines = slices.DeleteFunc(lines, func(l string) bool { return strings.Contains(l, "stands in") }) // another Python
	if len(lines) != 3 {
		t.Errorf("%d lines: %v", len(lines), logs.lines)
	}
}
