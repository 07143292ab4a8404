package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"s/pkg/cmd/root"
	"s/pkg/fc/fcsign"
	"s/pkg/runtime/rloader"
)

// asS makes the test binary s.
const asS = "S_BENCH_TEST_IS_S"

// TestMain is s where the local cloud of a test is started, and what runs in instances.
func TestMain(m *testing.M) {
	if rloader.Is(os.Args) || os.Getenv(asS) != "" {
		os.Exit(root.Main("bench"))
	}
	os.Exit(m.Run())
}

// testWorld is a world whose s is the test binary.
func testWorld(t *testing.T) *World {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("python3 is not installed")
	}
	t.Setenv(asS, "1")
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	w, err := newWorld(binary)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// TestLogs: a few thousand lines are found; the figures are all there.
func TestLogs(t *testing.T) {
	w := testWorld(t)
	figures, err := w.logs(t.Context(), []int{1000, 9000}, 2)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, f := range figures {
		names[f.Name] = true
	}
	for _, name := range []string{"9000 lines: the local cloud starts", "the lines of a request", "a histogram of all lines, most / few lines"} {
		if !names[name] {
			t.Errorf("no figure of %s: %v", name, names)
		}
	}
}

func TestPercentile(t *testing.T) {
	samples := []float64{5, 1, 4, 2, 3}
	for p, want := range map[int]float64{0: 1, 20: 1, 21: 2, 50: 3, 99: 5, 100: 5} {
		if got := percentile(samples, p); got != want {
			t.Errorf("p%d = %v, want %v", p, got, want)
		}
	}
	if got := median([]time.Duration{}); got != 0 {
		t.Errorf("median of nothing: %v", got)
	}
}

func TestFigures(t *testing.T) {
	tests := []struct {
		figure Figure
		want   string
	}{
		{atMost("wall", 9.994, 10, " ms"), "9.99 ms  (asked: <= 10.0 ms)"},
		{atMost("wall", 10.01, 10, " ms"), "10.0 ms  (asked: <= 10.0 ms) MISSED"},
		{atLeast("rate", 3300, 3300, " requests/s"), "3300 requests/s  (asked: >= 3300 requests/s)"},
		{atLeast("share", 0.64, 0.65, ""), "0.64  (asked: >= 0.65) MISSED"},
		{note("only", "%d", 3), "3"},
	}
	for _, tt := range tests {
		if got := tt.figure.line(); !strings.HasSuffix(got, " "+tt.want) {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestChoose(t *testing.T) {
	unasked := slices.DeleteFunc(benchmarks(), func(b Benchmark) bool { return b.Asked })
	if all, err := choose(nil); err != nil || len(all) != len(unasked) {
		t.Errorf("all: %d, %v", len(all), err)
	}
	if some, err := choose([]string{"cold", "version"}); err != nil || len(some) != 2 || some[0].Name != "cold" {
		t.Errorf("some: %v, %v", some, err)
	}
	if _, err := choose([]string{"none"}); err == nil || !strings.Contains(err.Error(), "gateway") {
		t.Errorf("unknown: %v", err)
	}
}

// TestLoad sends signed invocations to a server that verifies them.
func TestLoad(t *testing.T) {
	keys := fcsign.Keys{AccessKeyID: "id", AccessKeySecret: "secret"}
	lookup := func(id string) (fcsign.Keys, bool) { return keys, id == keys.AccessKeyID }
	verifier := fcsign.NewVerifier(lookup, time.Now)
	var mu sync.Mutex
	remotes := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := verifier.Verify(r); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		mu.Lock()
		remotes[r.RemoteAddr]++
		mu.Unlock()
		_, _ = io.Copy(w, r.Body)
	}))
	defer server.Close()
	api := &API{Endpoint: server.URL, Host: strings.TrimPrefix(server.URL, "http://"), Keys: keys}
	const connections, each = 3, 5
	requests, err := signedInvokes(api, "f", []byte("event"), connections*each)
	if err != nil {
		t.Fatal(err)
	}
	load := Load{
		Addr: api.Host, Connections: connections, Check: invocation("event"),
		Next: func(connection, n int) []byte {
			if n == each {
				return nil
			}
			return requests[connection*each+n]
		},
	}
	result := load.Run(context.Background())
	if err := result.firstError(); err != nil {
		t.Fatal(err)
	}
	if result.Requests != connections*each || len(result.Times) != connections*each || len(remotes) != connections {
		t.Errorf("%d requests, %d times, connections %v", result.Requests, len(result.Times), remotes)
	}
	load.Connections = 1
	load.Check = invocation("another answer")
	load.Next = func(int, int) []byte { return requests[0] } // and a nonce that was used
	if result := load.Run(context.Background()); len(result.Errors) != 1 || result.firstError() == nil {
		t.Errorf("errors: %v", result.Errors)
	}
}

// TestPlainLoad: a plain connection carries what the others do, of any size, and its
// times are those of the server.
func TestPlainLoad(t *testing.T) {
	const wait = 20 * time.Millisecond
	body := strings.Repeat("0123456789", 30_000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Error(err)
		}
		time.Sleep(wait)
		_, _ = io.WriteString(w, body)
	}))
	defer server.Close()
	request := []byte(fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
	load := Load{
		Addr: strings.TrimPrefix(server.URL, "http://"), Connections: 1, Plain: true,
		Next: func(_, n int) []byte {
			if n == 3 {
				return nil
			}
			return request
		},
		Check: func(response *http.Response, got []byte) error {
			if response.StatusCode != http.StatusOK || string(got) != body {
				return fmt.Errorf("%s, %d bytes", response.Status, len(got))
			}
			return nil
		},
	}
	result := load.Run(t.Context())
	if err := result.firstError(); err != nil || result.Requests != 3 {
		t.Fatalf("%d requests, %v", result.Requests, err)
	}
	if fastest := slices.Min(result.Times); fastest < wait {
		t.Errorf("an answer came in %v", fastest)
	}
	server.Config.SetKeepAlivesEnabled(false)
	load.Next = func(int, int) []byte { return request } // the second isn't answered any more
	if result := load.Run(t.Context()); len(result.Errors) != 1 || result.Requests != 1 {
		t.Errorf("%d requests, errors %v", result.Requests, result.Errors)
	}
}

func TestExchanges(t *testing.T) {
	times, err := exchanges(t.Context(), 5)
	if err != nil || len(times) != 5 || slices.Min(times) <= 0 {
		t.Errorf("%v, %v", times, err)
	}
}

// TestBusy: this program works, so processors do.
func TestBusy(t *testing.T) {
	if _, err := os.Stat("/proc/stat"); err != nil {
		t.Skip(err)
	}
	before := busy()
	for end := time.Now().Add(10 * time.Second); busy() == before; {
		if time.Now().After(end) {
			t.Fatal("they don't")
		}
	}
}

// TestLoops: all languages are measured, Go with both clients.
func TestLoops(t *testing.T) {
	names := map[string]bool{}
	for _, l := range loops() {
		names[l.name] = true
		if l.p50 == 0 || l.answer == "" || l.program == "" && len(l.code) == 0 {
			t.Errorf("%+v", l)
		}
	}
	if len(names) != len(languages())+1 || !names["Go, net/http"] || !names["Go, plain client"] || names["Go"] {
		t.Errorf("%v", names)
	}
}

func TestTimesOfALoop(t *testing.T) {
	of := &Result{Times: []time.Duration{400 * time.Microsecond, 300 * time.Microsecond}}
	within := &split{inside: []time.Duration{100 * time.Microsecond, 200 * time.Microsecond}}
	want := []string{"0.30 ms  (asked: <= 0.15 ms) MISSED", "0.10 ms"}
	for i, f := range (language{name: "X", p50: 0.15}).times("p50", of, within) {
		if got := f.line(); !strings.HasSuffix(got, " "+want[i]) {
			t.Errorf("%q, want %q", got, want[i])
		}
	}
}

func TestLoadEndsInTime(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "ok")
	}))
	defer server.Close()
	addr := strings.TrimPrefix(server.URL, "http://")
	request := []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	load := Load{Addr: addr, Connections: 2, For: time.Second, Next: func(int, int) []byte { return request }}
	result := load.Run(context.Background())
	if result.firstError() != nil || result.Requests == 0 || result.RPS() <= 0 {
		t.Errorf("%+v", result)
	}
}

func TestRunRefuses(t *testing.T) {
	var out, errOut bytes.Buffer
	if code := run([]string{"none"}, &out, &errOut); code != 2 {
		t.Errorf("unknown benchmark: %d", code)
	}
	if code := run([]string{"-s", "/no/such/program", "version"}, &out, &errOut); code != 1 || !strings.Contains(out.String(), "make build") {
		t.Errorf("no program: %d\n%s", code, &out)
	}
}

// TestApplications: each has what a build of it needs, and a name of its own.
func TestApplications(t *testing.T) {
	names := map[string]bool{}
	for _, app := range applications() {
		if names[app.name] || app.makes == "" || app.prepare == nil && len(app.files) == 0 {
			t.Errorf("%+v", app)
		}
		names[app.name] = true
	}
}

// TestAlone: the tools of an application find their settings, and nothing that
// was kept.
func TestAlone(t *testing.T) {
	user := t.TempDir()
	t.Setenv("HOME", user)
	t.Setenv("GOMODCACHE", filepath.Join(user, "modules"))
	for _, name := range []string{".npmrc", ".m2/settings.xml", ".m2/repository/kept.jar"} {
		path := filepath.Join(user, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	w := &World{root: t.TempDir(), env: os.Environ()}
	own, err := w.alone(application{name: "x", props: []string{"runtime: go1"}, files: map[string]string{"code/x": "1"}, env: []string{"A=b"}})
	if err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(own.root, "user")
	for name, want := range map[string]bool{".npmrc": true, ".m2/settings.xml": true, ".m2/repository": false, ".gitconfig": false, "../project/code/x": true} {
		if _, err := os.Stat(filepath.Join(home, name)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !slices.Contains(own.env, "HOME="+home) || !slices.Contains(own.env, "A=b") || slices.ContainsFunc(own.env, func(kv string) bool { return strings.HasPrefix(kv, "GOMODCACHE=") }) {
		t.Errorf("%q", own.env)
	}
	yaml, err := os.ReadFile(filepath.Join(own.Dir, "s.yaml"))
	if err != nil || !strings.HasSuffix(string(yaml), "      functionName: app\n      runtime: go1\n") {
		t.Errorf("%v %s", err, yaml)
	}
}

// TestPackagist serves a package with its classes.
func TestPackagist(t *testing.T) {
	w := &World{root: t.TempDir()}
	sources := t.TempDir()
	if err := errors.Join(os.MkdirAll(filepath.Join(sources, "A/B"), 0o755), os.WriteFile(filepath.Join(sources, "A/B/C.php"), []byte("<?php"), 0o600)); err != nil {
		t.Fatal(err)
	}
	url, err := w.packagist(t.Context(), sources, []phpPackage{{"a/b", "1.0.0", "A/B"}})
	if err != nil {
		t.Fatal(err)
	}
	defer w.closers[0]()
	for name, want := range map[string]string{"/packages.json": `"psr-4":{"A\\B\\":""}`, "/b.zip": "C.php"} {
		res, err := http.Get(url + name)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: %v %q", name, err, text)
		}
	}
	if !errors.Is(skip("no %s", "x"), errSkip) {
		t.Error("a skipped application is a failure")
	}
}
