package gateway

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"s/pkg/fc"
	"s/pkg/local/store"
	"s/pkg/runtime/instance"
)

func TestInvoke(t *testing.T) {
	w := newWorld(t)
	w.deploy("f", "python3.10", "one")
	g := w.do("POST", "/invoke/f", "an event", "X-Fc-Log-Type: Tail")
	w.want(g, 200, "")
	if g.body != "an event" {
		t.Errorf("body %q", g.body)
	}
	fn, err := w.store.Function(region, "f")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"X-Fc-Instance-Id": "c-1", "X-Fc-Invocation-Duration": "1.23", "X-Fc-Max-Memory-Usage": "10.83", "X-S-Memory-Size": "512",
		"X-Fc-Code-Checksum": fn.Code.Checksum, "X-Fc-Invocation-Service-Version": "LATEST", "X-Fc-Error-Type": "",
		"X-Fc-Log-Result": base64.StdEncoding.EncodeToString([]byte("line\n")), "Content-Type": "application/octet-stream", "X-S-Init-Duration": "",
	} {
		if got := g.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if g := w.do("POST", "/invoke/f", ""); g.body != "" || g.Header.Get("X-Fc-Log-Result") != "" {
		t.Errorf("without log and event: %q, %v", g.body, g.Header)
	}
	cfg := w.pool(0).cfg
	if text, err := os.ReadFile(filepath.Join(cfg.CodeDir, "index.py")); err != nil || string(text) != "one" {
		t.Errorf("code %q, %v", text, err)
	}
	if cfg.Region != region || cfg.AccountID != "1" || cfg.Qualifier != "LATEST" || cfg.HTTPParams {
		t.Errorf("config %+v", cfg)
	}
}

func TestInvokeRefuses(t *testing.T) {
	w := newWorld(t)
	w.deploy("f", "python3.10", "one")
	w.want(w.do("POST", "/invoke/none", ""), 404, "FunctionNotFound")
	w.want(w.do("POST", "/invoke/f?qualifier=1", ""), 404, "VersionNotFound")
	w.want(w.do("POST", "/invoke/f?qualifier=prod", ""), 404, "AliasNotFound")
	w.want(w.do("POST", "/invoke/f?qualifier=LATEST", ""), 200, "")
	w.want(w.do("POST", "/invoke/f", "", "X-Fc-Invocation-Type: Later"), 400, "InvalidArgument")
	w.want(w.do("POST", "/invoke/f", strings.Repeat("x", fc.MaxAsyncBody+1), "X-Fc-Invocation-Type: Async"), 400, "EntityTooLarge")
	w.want(w.do("POST", "/invoke/f", strings.Repeat("x", fc.MaxSyncBody+1)), 400, "EntityTooLarge")
	if g := w.do("POST", "/invoke/f", strings.Repeat("x", fc.MaxSyncBody)); len(g.body) != fc.MaxSyncBody {
		t.Errorf("the largest event: %d, %d bytes", g.StatusCode, len(g.body))
	}
}

func TestFunctionErrorsAndPlatformErrors(t *testing.T) {
	w := newWorld(t)
	answers := []struct {
		result *instance.Result
		err    error
	}{
		{&instance.Result{Body: []byte(`{"errorMessage":"no"}`), ErrorType: fc.ErrorTypeUnhandled, InitTime: 5 * time.Millisecond}, nil},
		{nil, &fc.APIError{Status: 412, Code: fc.CodeCAExited, Message: "it ended"}},
		{nil, fmt.Errorf("something of ours")},
	}
	var n atomic.Int32
	w.run = func(context.Context, *fakePool, *instance.Invocation) (*instance.Result, error) {
		a := answers[n.Add(1)-1]
		return a.result, a.err
	}
	w.deploy("f", "python3.10", "one")
	g := w.do("POST", "/invoke/f", "")
	w.want(g, 200, "")
	if g.Header.Get("X-Fc-Error-Type") != fc.ErrorTypeUnhandled || g.Header.Get("Content-Type") != "application/json" || g.Header.Get("X-S-Init-Duration") != "5.00" {
		t.Errorf("headers %v", g.Header)
	}
	w.want(w.do("POST", "/invoke/f", ""), 412, "CAExited")
	w.want(w.do("POST", "/invoke/f", ""), 500, "InternalServerError")
}

func TestUnusableCodeIsToldAndTriedAgain(t *testing.T) {
	w := newWorld(t)
	w.deploy("f", "python3.10", strings.Repeat("one", 100))
	fn, _ := w.store.Function(region, "f")
	w.g.wg.Wait() // it is unpacked
	good, err := os.ReadFile(w.store.CodeArchive(fn.Code.SHA256))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(filepath.Dir(w.store.CodeArchive(fn.Code.SHA256)), fn.Code.SHA256)
	bad := append([]byte{}, good...)
	bad[42] ^= 0xff
	for _, err := range []error{os.RemoveAll(dir), os.WriteFile(w.store.CodeArchive(fn.Code.SHA256), bad, 0o600)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	w.want(w.do("POST", "/invoke/f", ""), 400, "InvalidArgument")
	if err := os.WriteFile(w.store.CodeArchive(fn.Code.SHA256), good, 0o600); err != nil {
		t.Fatal(err)
	}
	w.want(w.do("POST", "/invoke/f", ""), 200, "")
}

// An update during an invocation: the old instances finish, the new ones serve.
func TestUpdateReplacesThePool(t *testing.T) {
	w := newWorld(t)
	entered, leave := make(chan bool), make(chan bool)
	w.run = func(_ context.Context, p *fakePool, inv *instance.Invocation) (*instance.Result, error) {
		if string(inv.Event) == "slow" {
			entered <- true
			<-leave
		}
		text, err := os.ReadFile(filepath.Join(p.cfg.CodeDir, "index.py"))
		return &instance.Result{Body: text}, err
	}
	w.deploy("f", "python3.10", "one")
	slow := make(chan got)
	go func() { slow <- w.do("POST", "/invoke/f", "slow") }()
	<-entered
	w.deploy("f", "python3.10", "two")
	if g := w.do("POST", "/invoke/f", ""); g.body != "two" {
		t.Errorf("after the update: %q", g.body)
	}
	close(leave)
	if g := <-slow; g.body != "one" {
		t.Errorf("the one before: %d %q", g.StatusCode, g.body)
	}
	if err := w.store.DeleteFunction(region, "f", func(*store.Function) error { return nil }); err != nil {
		t.Fatal(err)
	}
	w.g.Changed(region, "f")
	w.g.wg.Wait()
	for i := range 2 {
		if how := w.pool(i).endedAs(); how != "drained" {
			t.Errorf("pool %d was %s", i, how)
		}
	}
	w.want(w.do("POST", "/invoke/f", ""), 404, "FunctionNotFound")
	// What isn't needed any more is removed in the background.
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		entries, err := os.ReadDir(filepath.Dir(w.store.CodeArchive("x")))
		if err != nil {
			t.Fatal(err)
		}
		left := slices.DeleteFunc(entries, func(e os.DirEntry) bool { return e.Name() == "boot" })
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v is left of the code", left)
		}
	}
}

func TestManyAtOnceWhileTheFunctionChanges(t *testing.T) {
	w := newWorld(t)
	w.deploy("f", "python3.10", "0")
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for i := range 8 {
		wg.Go(func() {
			for j := 0; ; j++ {
				event := fmt.Sprintf("%d-%d", i, j)
				if g := w.do("POST", "/invoke/f", event); g.StatusCode != 200 || g.body != event {
					t.Errorf("%s: %d %q", event, g.StatusCode, g.body)
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	for i := range 10 {
		w.deploy("f", "python3.10", fmt.Sprint(i))
	}
	close(stop)
	wg.Wait()
}

func TestACallerThatHangsUpCancels(t *testing.T) {
	w := newWorld(t)
	entered, left := make(chan bool, 1), make(chan error, 1)
	w.run = func(ctx context.Context, _ *fakePool, _ *instance.Invocation) (*instance.Result, error) {
		entered <- true
		<-ctx.Done()
		left <- ctx.Err()
		return nil, ctx.Err()
	}
	w.deploy("f", "python3.10", "one")
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "POST", w.server.URL+"/invoke/f", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		<-entered
		cancel()
	}()
	if _, err := w.server.Client().Do(r); err == nil {
		t.Error("an answer came")
	}
	if err := <-left; err == nil {
		t.Error("the invocation's context goes on")
	}
}

func TestLiveLogs(t *testing.T) {
	w := newWorld(t)
	w.run = func(_ context.Context, p *fakePool, inv *instance.Invocation) (*instance.Result, error) {
		p.cfg.Logs(instance.LogLine{Message: "starting", InstanceID: "c-1"})
		p.cfg.Logs(instance.LogLine{Message: "another's", RequestID: "other"})
		p.cfg.Logs(instance.LogLine{Message: "<mine> & done", RequestID: inv.RequestID, InstanceID: "c-1", Time: time.Unix(1, 0).UTC()})
		return &instance.Result{}, nil
	}
	w.deploy("f", "python3.10", "one")
	r, err := http.NewRequestWithContext(t.Context(), "GET", w.server.URL+"/logs?session=abc", nil)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := w.server.Client().Do(r) // returns with the headers: the session is open
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	if kind := stream.Header.Get("Content-Type"); kind != "application/x-ndjson" {
		t.Errorf("type %s", kind)
	}
	w.want(w.do("GET", "/logs?session=abc", ""), 409, "SessionExists")
	w.want(w.do("GET", "/logs", ""), 400, "InvalidArgument")
	g := w.do("POST", "/invoke/f", "", "X-S-Log-Session: abc")
	var lines []instance.LogLine
	for scan := bufio.NewScanner(stream.Body); scan.Scan(); {
		var line instance.LogLine
		if err := json.Unmarshal(scan.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if len(lines) != 2 || lines[0].Message != "starting" || lines[1].Message != "<mine> & done" ||
		lines[1].RequestID != g.Header.Get("X-Fc-Request-Id") || !lines[1].Time.Equal(time.Unix(1, 0)) {
		t.Errorf("lines %+v", lines)
	}
	// An invocation whose session nobody reads runs all the same, and a failed
	// one ends its session.
	w.want(w.do("POST", "/invoke/f", "", "X-S-Log-Session: nobody"), 200, "")
}

func TestLiveLogEndsWithAFailedInvocation(t *testing.T) {
	w := newWorld(t)
	r, _ := http.NewRequestWithContext(t.Context(), "GET", w.server.URL+"/logs?session=abc", nil)
	stream, err := w.server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	w.run = func(context.Context, *fakePool, *instance.Invocation) (*instance.Result, error) {
		return nil, &fc.APIError{Status: 412, Code: fc.CodeFunctionNotStarted}
	}
	w.deploy("f", "python3.10", "one")
	w.want(w.do("POST", "/invoke/f", "", "X-S-Log-Session: abc"), 412, fc.CodeFunctionNotStarted)
	if bufio.NewScanner(stream.Body).Scan() {
		t.Error("there is a line")
	}
}

func TestSlowReadersLoseLinesNotMemory(t *testing.T) {
	s := &session{news: make(chan struct{}, 1)}
	for range maxPending + 7 {
		s.add(instance.LogLine{})
	}
	lines, dropped, done := s.take()
	if len(lines) != maxPending || dropped != 7 || done {
		t.Errorf("%d lines, %d dropped, %v", len(lines), dropped, done)
	}
}

func TestCloseEndsEverything(t *testing.T) {
	w := newWorld(t)
	w.deploy("f", "python3.10", "one")
	w.want(w.do("POST", "/invoke/f", ""), 200, "")
	w.g.Close()
	if how := w.pool(0).endedAs(); how != "closed" {
		t.Errorf("the pool was %q", how)
	}
	w.want(w.do("POST", "/invoke/f", ""), 503, "ServiceUnavailable")
	w.g.Changed(region, "f")
	if infos := w.g.Instances(region, "f"); infos != nil {
		t.Errorf("instances %v", infos)
	}
}

// Warm makes the pool and starts an instance; Adjust has a say in how.
func TestWarm(t *testing.T) {
	w := newWorld(t)
	w.g.cfg.Adjust = func(cfg *instance.Config) { cfg.MaxInstances = 7 }
	w.deploy("f", "python3.10", "one")
	if err := w.g.Warm(t.Context(), region, "f"); err != nil {
		t.Fatal(err)
	}
	if p := w.pool(0); p.warmed != 1 || p.cfg.MaxInstances != 7 {
		t.Errorf("%+v", p)
	}
	if err := w.g.Warm(t.Context(), region, "none"); err == nil {
		t.Error("a function that isn't there was warmed")
	}
}

// Drain ends pools the gentle way and takes nothing new.
func TestDrain(t *testing.T) {
	w := newWorld(t)
	w.deploy("f", "python3.10", "one")
	w.want(w.do("POST", "/invoke/f", "x"), 200, "")
	w.g.Drain(t.Context())
	if how := w.pool(0).endedAs(); how != "drained" {
		t.Error(how)
	}
	w.want(w.do("POST", "/invoke/f", "x"), 503, "")
}
