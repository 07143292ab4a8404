package local

import (
	"context"
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

	"s/pkg/fc"
	"s/pkg/local/gateway"
	"s/pkg/local/store"
	"s/pkg/proc/proctest"
	"s/pkg/runtime/debugger"
	"s/pkg/runtime/instance"
)

// devWorld is a Dev whose pools are of the test's own.
type devWorld struct {
	*Dev
	t    *testing.T
	home string

	mu       sync.Mutex
	configs  []instance.Config
	answers  []DevAnswer
	lines    []string
	answered chan struct{}
}

func newDev(t *testing.T, o DevOptions) *devWorld {
	t.Helper()
	w := &devWorld{t: t, home: t.TempDir(), answered: make(chan struct{}, 100)}
	o.Home, o.Launcher = w.home, noLauncher{}
	if o.NewPool == nil {
		o.NewPool = func(cfg instance.Config) gateway.Pool {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.configs = append(w.configs, cfg)
			return echoPool{}
		}
	}
	o.Line = func(function string, line instance.LogLine) { w.lines = append(w.lines, function+": "+line.Message) }
	o.Answered = func(a DevAnswer) {
		w.mu.Lock()
		w.answers = append(w.answers, a)
		w.mu.Unlock()
		w.answered <- struct{}{}
	}
	var err error
	if w.Dev, err = StartDev(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		if names, _ := os.ReadDir(filepath.Join(w.home, "dev")); len(names) != 1 || names[0].Name() != "0.lock" {
			t.Errorf("left behind: %v", names)
		}
	})
	return w
}

func (w *devWorld) function(name, runtime string, methods ...string) DevFunction {
	f := DevFunction{Name: name, Region: "cn-hangzhou", Code: w.t.TempDir(), Revision: "1", Function: fc.Function{
		FunctionName: name, Runtime: runtime, Handler: "index.handler",
	}}
	if len(methods) > 0 {
		f.Triggers = []fc.Trigger{
			{TriggerName: "t", TriggerType: "timer", TriggerConfig: `{}`},
			{TriggerName: "http", TriggerType: "http", TriggerConfig: `{"authType":"anonymous","methods":["` + strings.Join(methods, `","`) + `"]}`},
		}
	}
	return f
}

func (w *devWorld) set(functions ...DevFunction) {
	w.t.Helper()
	if err := w.Set(w.t.Context(), functions); err != nil {
		w.t.Fatal(err)
	}
}

// get sends a request; header is "Name: value" lines, "Host: x" the host.
func (w *devWorld) get(status int, method, url, body string, header ...string) string {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			r.Host = value
		}
		r.Header.Set(name, value)
	}
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != status {
		w.t.Fatalf("%s %s: %d %s, %v; want %d", method, url, response.StatusCode, data, err, status)
	}
	return string(data)
}

func TestDevServes(t *testing.T) {
	t.Parallel()
	w := newDev(t, DevOptions{})
	old := w.function("old$f", "python3.10")
	old.Name, old.Service = "old", &fc.Service{ServiceName: "old", Role: "acs:ram::1:role/x"}
	w.set(w.function("event", "python3.10"), w.function("web", "custom", "GET", "POST"), old)
	routes := w.Routes([]string{"event", "web", "old", "none"})
	if len(routes) != 3 || routes[0].Function != "web" || !routes[0].HTTP || !slices.Equal(routes[0].Methods, []string{"GET", "POST"}) {
		t.Fatalf("%+v", routes)
	}
	if got := w.get(418, "GET", routes[0].URL+"a/b?x=1", ""); got != "/a/b" {
		t.Errorf("%q", got)
	}
	w.get(403, "PUT", routes[0].URL, "")
	w.get(403, "GET", routes[0].URL, "", "Host: evil.example")
	for _, r := range routes[1:] {
		if got := w.get(200, "POST", r.URL, "hello"); got != "hello" {
			t.Errorf("%s: %q", r.URL, got)
		}
	}
	if got := w.get(418, "GET", w.Endpoint()+"/2023-03-30/proxy/web/c", ""); got != "/c" {
		t.Errorf("%q", got)
	}
	w.get(404, "POST", w.Endpoint()+"/2023-03-30/functions/none/invocations", "")
	w.get(404, "GET", w.Endpoint()+"/2023-03-30/proxy/event/", "")
	w.get(501, "GET", w.Endpoint()+"/nothing", "")
	w.get(501, "GET", w.Endpoint()+"/2023-03-30/functions", "")
	for range 5 {
		<-w.answered // of web: three, and the two others
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if a := w.answers[0]; a.Function != "web" || a.Method != "GET" || a.Path != "/a/b" || a.Status != 418 {
		t.Errorf("%+v", a)
	}
	for _, cfg := range w.configs {
		if cfg.Function.EnvironmentVariables["PYTHONDONTWRITEBYTECODE"] == "" {
			t.Error("Python may write into the working tree")
		}
		if cfg.Function.Timeout != fc.DefaultTimeoutSeconds || cfg.CodeDir == "" || cfg.Function.FunctionName == "old$f" && cfg.Function.Role == "" {
			t.Errorf("%+v", cfg)
		}
	}
}

// Pages of other hosts get nothing of what needs no signature.
func TestDevAndBrowsers(t *testing.T) {
	t.Parallel()
	w := newDev(t, DevOptions{})
	w.set(w.function("f", "python3.10"))
	url := w.Routes([]string{"f"})[0].URL
	for _, header := range []string{"Host: evil.example", "Origin: https://evil.example", "Origin: null", "Origin: http://127.0.0.1.evil.example"} {
		w.get(403, "POST", url, "", header)
	}
	for _, header := range []string{"Host: localhost:1", "Origin: http://localhost:3000", "Origin: http://127.0.0.1:1"} {
		w.get(200, "POST", url, "", header)
	}
}

func TestDevWithSignatures(t *testing.T) {
	t.Parallel()
	w := newDev(t, DevOptions{Signed: true})
	w.set(w.function("f", "python3.10"))
	w.get(400, "POST", w.Routes([]string{"f"})[0].URL, "x", "Authorization: nonsense")
	w.get(400, "POST", w.Routes([]string{"f"})[0].URL, "x")
	c := clientOf(t, w.Info())
	if _, body := c.do(200, "POST", "/2023-03-30/functions/f/invocations", "x"); body != "x" {
		t.Errorf("%q", body)
	}
	if w.Info().Isolation.Mode != "process" || w.Info().AccountID == "" {
		t.Errorf("%+v", w.Info())
	}
}

func TestDevChanges(t *testing.T) {
	t.Parallel()
	w := newDev(t, DevOptions{})
	f, g := w.function("f", "custom", "GET"), w.function("g", "custom", "GET")
	w.set(f, g)
	before := w.Routes([]string{"f", "g"})
	w.get(418, "GET", before[0].URL, "")
	w.get(418, "GET", before[1].URL, "")
	f.Revision, f.Code = "2", t.TempDir()
	w.set(f, g)
	w.get(418, "GET", before[0].URL, "") // the port is the same
	w.get(418, "GET", before[1].URL, "")
	w.mu.Lock()
	if n := len(w.configs); n != 3 || w.configs[2].CodeDir != f.Code || w.configs[2].Function.FunctionName != "f" {
		t.Errorf("%d pools: %+v", n, w.configs)
	}
	w.mu.Unlock()
	// A function that can't be served stays as it was; the other one goes.
	f.Function.MemorySize = 3
	err := w.Set(t.Context(), []DevFunction{f})
	if err == nil || !strings.Contains(err.Error(), "f: ") || !strings.Contains(err.Error(), "memorySize") {
		t.Error(err)
	}
	w.get(418, "GET", before[0].URL, "")
	if r, err := http.Get(before[1].URL); err == nil {
		r.Body.Close()
		t.Error("the port of a trigger that is gone still answers")
	}
	for _, bad := range []DevFunction{
		{Name: "x", Function: fc.Function{FunctionName: "x", Runtime: "python3.10", Handler: "h"}, Code: "/nonexistent"},
		{Name: "x", Function: fc.Function{FunctionName: "x", Runtime: "fortran", Handler: "h"}, Code: t.TempDir()},
		{Name: "x", Function: fc.Function{FunctionName: "x", Runtime: "python3.10", Handler: "h"}, Code: t.TempDir(), Triggers: []fc.Trigger{{TriggerType: "http", TriggerConfig: "{}"}}},
	} {
		if err := w.Set(t.Context(), []DevFunction{bad}); err == nil || !strings.HasPrefix(err.Error(), "x: ") {
			t.Errorf("%v", err)
		}
	}
	if err := w.Warm(t.Context(), "x"); err == nil {
		t.Error("what isn't served was warmed")
	}
}

// patientPool is one whose invocation under way takes as long as it takes.
type patientPool struct{ *busyPool }

func (p patientPool) Drain(ctx context.Context) {
	select {
	case <-p.closed:
	case <-ctx.Done():
		p.Close()
	}
}

// Instances get a copy of code that the next build replaces, and it stays as
// long as they run. Archives are unpacked.
func TestDevCode(t *testing.T) {
	t.Parallel()
	busy := &busyPool{entered: make(chan struct{}, 8), closed: make(chan struct{})}
	var mu sync.Mutex
	var seen []string
	code := func(i int) string {
		mu.Lock()
		defer mu.Unlock()
		return seen[i]
	}
	w := newDev(t, DevOptions{NewPool: func(cfg instance.Config) gateway.Pool {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, cfg.CodeDir)
		if len(seen) == 1 {
			return patientPool{busy}
		}
		return echoPool{}
	}})
	f := w.function("f", "python3.10")
	f.Fleeting = true
	write := func(text string) {
		if err := errors.Join(os.WriteFile(filepath.Join(f.Code, "new"), []byte(text), 0o644), os.Rename(filepath.Join(f.Code, "new"), filepath.Join(f.Code, "x"))); err != nil {
			t.Fatal(err)
		}
	}
	write("one")
	w.set(f)
	url := w.Routes([]string{"f"})[0].URL
	done := make(chan struct{})
	go func() {
		defer close(done)
		if r, err := http.Post(url, "text/plain", nil); err == nil { // it is cut off at the end
			r.Body.Close()
		}
	}()
	<-busy.entered
	if code(0) == f.Code {
		t.Error("no copy")
	}
	write("two")
	f.Revision = "2"
	w.set(f)
	if text, err := os.ReadFile(filepath.Join(code(0), "x")); err != nil || string(text) != "one" {
		t.Errorf("the old instance sees %q, %v", text, err)
	}
	w.get(200, "POST", url, "")
	if text, err := os.ReadFile(filepath.Join(code(1), "x")); err != nil || string(text) != "two" {
		t.Errorf("the new instance sees %q, %v", text, err)
	}
	busy.Close()
	<-done
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(code(0)); err != nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the old copy is never removed")
		}
	}
	archive := filepath.Join(t.TempDir(), "code.zip")
	if err := os.WriteFile(archive, zipped(t, "index.py", "packed"), 0o644); err != nil {
		t.Fatal(err)
	}
	f.Code, f.Fleeting, f.Revision = archive, false, "3"
	w.set(f)
	w.get(200, "POST", url, "")
	if text, err := os.ReadFile(filepath.Join(code(2), "index.py")); err != nil || string(text) != "packed" {
		t.Errorf("%q, %v", text, err)
	}
}

// A function that is debugged has one instance and all the time that there is,
// and its port leads to the newest instance.
func TestDevDebug(t *testing.T) {
	t.Parallel()
	w := newDev(t, DevOptions{})
	f := w.function("f", "python3.10")
	f.Debug = &debugger.Options{Port: proctest.Port(t)}
	f.Function.InstanceLifecycleConfig = &fc.InstanceLifecycleConfig{Initializer: &fc.LifecycleHook{Handler: "index.init", Timeout: 3}}
	w.set(f)
	if err := w.Warm(t.Context(), "f"); err != nil {
		t.Fatal(err)
	}
	if !w.Debugged("f") || w.Debugged("none") {
		t.Error("what is debugged isn't known")
	}
	w.mu.Lock()
	cfg := w.configs[0]
	w.mu.Unlock()
	if cfg.MaxInstances != 1 || cfg.IdleTimeout < 24*time.Hour || cfg.Function.Timeout != fc.MaxTimeoutSeconds ||
		cfg.Function.InstanceLifecycleConfig.Initializer.Timeout != fc.MaxTimeoutSeconds {
		t.Errorf("%+v", cfg)
	}
	if f.Function.InstanceLifecycleConfig.Initializer.Timeout != 3 {
		t.Error("what was given changed")
	}
	if got := dialed(t, cfg.Debug.Port); got != "" {
		t.Errorf("without an instance: %q", got)
	}
	for _, name := range []string{"one", "two"} {
		server := greeter(t, name)
		cfg.Debug.Started(server)
		if got := dialed(t, cfg.Debug.Port); got != name {
			t.Errorf("%q, want %q", got, name)
		}
	}
	f.Debug = nil
	w.set(f)
	if r, err := http.Get("http://" + cfg.Debug.String()); err == nil {
		r.Body.Close()
		t.Error("the debug port is still open")
	}
}

// Two at once have a folder each; a folder of a killed one is cleared.
func TestDevFolders(t *testing.T) {
	t.Parallel()
	parent := filepath.Join(t.TempDir(), "dev")
	one, lockOne, err := ownFolder(parent)
	if err != nil {
		t.Fatal(err)
	}
	two, lockTwo, err := ownFolder(parent)
	if err != nil || one == two {
		t.Fatalf("%s %s %v", one, two, err)
	}
	if err := os.WriteFile(filepath.Join(one, "left"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	lockOne.Close()
	again, lock, err := ownFolder(parent)
	if err != nil || again != one {
		t.Fatalf("%s, %v", again, err)
	}
	if names, _ := os.ReadDir(again); len(names) != 0 {
		t.Errorf("%v", names)
	}
	lock.Close()
	lockTwo.Close()
}

func TestDevPorts(t *testing.T) {
	t.Parallel()
	port := proctest.Port(t)
	w := newDev(t, DevOptions{Port: port})
	if w.Endpoint() != "http://127.0.0.1:"+itoa(port) {
		t.Error(w.Endpoint())
	}
	_, err := StartDev(t.Context(), DevOptions{Home: t.TempDir(), Port: port, Launcher: noLauncher{}})
	var taken *PortTakenError
	if !errors.As(err, &taken) {
		t.Errorf("%v", err)
	}
	w.set(w.function("f", "custom", "GET"), w.function("g", "custom", "GET"))
	for _, r := range w.Routes([]string{"f", "g"}) {
		w.get(418, "GET", r.URL, "")
	}
	var missing *store.NotFoundError
	if _, err := w.functions.TriggerByHost("r", "f"); !errors.As(err, &missing) {
		t.Error(err)
	}
	if _, _, err := w.functions.OpenCode("none"); err == nil {
		t.Error("code that isn't served was opened")
	}
	if err := w.Dev.Set(context.Background(), nil); err != nil {
		t.Error(err)
	}
}
