package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"s/pkg/fc/fcsign"
	"s/pkg/local/flock"
	"s/pkg/local/gateway"
	"s/pkg/local/store"
	"s/pkg/proc/proctest"
	"s/pkg/runtime/instance"
	"s/pkg/runtime/pool"
)

// busyPool holds every invocation until it is closed.
type busyPool struct {
	entered chan struct{}
	closed  chan struct{}
	once    sync.Once
}

func (p *busyPool) Invoke(context.Context, *instance.Invocation) (*instance.Result, error) {
	p.entered <- struct{}{}
	<-p.closed
	return nil, pool.ErrClosed
}
func (p *busyPool) Instances() []instance.Info { return nil }
func (p *busyPool) Scale(instance.Scale)       {}
func (p *busyPool) Kept() (int, string)        { return 0, "" }
func (p *busyPool) Warm(context.Context) error { return nil }
func (p *busyPool) Drain(context.Context)      { p.Close() }
func (p *busyPool) Close()                     { p.once.Do(func() { close(p.closed) }) }

// TestStopWhileBusy: callers get an answer, and nothing is waited for.
func TestStopWhileBusy(t *testing.T) {
	t.Parallel()
	busy := &busyPool{entered: make(chan struct{}, 8), closed: make(chan struct{})}
	o := options(t.TempDir())
	o.NewPool = func(instance.Config) gateway.Pool { return busy }
	c := startCloud(t, o)
	k := clientOf(t, c.Info())
	k.do(200, "POST", "/2023-03-30/functions", functionJSON(t, "f", "python3.10", "index.py", "x"))
	var wg sync.WaitGroup
	for range 3 {
		r := k.request("POST", "/2023-03-30/functions/f/invocations", "")
		k.sign(r, "")
		wg.Go(func() {
			response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
			if err != nil {
				return // cut off is an answer, too
			}
			defer response.Body.Close()
			if response.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("status %d", response.StatusCode)
			}
		})
	}
	for range 3 {
		<-busy.entered
	}
	k.do(200, "POST", "/_s/stop", "")
	<-c.Stopped()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	if _, err := net.Dial("tcp", strings.TrimPrefix(c.Info().Endpoint, "http://")); err == nil {
		t.Error("something listens still")
	}
	again := startCloud(t, options(c.Info().DataDir)) // the lock was given back
	clientOf(t, again.Info()).do(200, "GET", "/2023-03-30/functions/f", "")
}

// TestLateDaemon: one that is late and has its folder open is asked again; what
// doesn't answer at the port of one that is gone isn't.
func TestLateDaemon(t *testing.T) {
	t.Parallel()
	for _, open := range []bool{true, false} {
		t.Run(fmt.Sprint("open ", open), func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if asked.Add(1) == 1 {
					<-r.Context().Done()
					return
				}
				_ = json.NewEncoder(w).Encode(Info{PID: 7})
			}))
			t.Cleanup(server.Close)
			home := t.TempDir()
			if err := os.MkdirAll(DataDir(home), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := writePrivate(filepath.Join(DataDir(home), infoName), record{Info: Info{Endpoint: server.URL, PID: 7}}); err != nil {
				t.Fatal(err)
			}
			if open {
				lock, err := flock.Try(filepath.Join(DataDir(home), store.LockName))
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { lock.Close() })
			}
			info, err := Find(t.Context(), home)
			if open && (err != nil || info.PID != 7) {
				t.Errorf("a late daemon: %+v, %v", info, err)
			}
			if !open && (!errors.Is(err, ErrNotRunning) || asked.Load() != 1) {
				t.Errorf("%d requests: %v", asked.Load(), err)
			}
		})
	}
}

// TestStartedTwice: the second start finds the first, by Ensure and by Serve.
func TestStartedTwice(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	o := ensureOptions(t, home, "1")
	first := ensure(t, o)
	for range 2 {
		if again := ensure(t, o); *again != *first {
			t.Errorf("first %+v, then %+v", first, again)
		}
	}
	var told strings.Builder
	err := Serve(t.Context(), ServeOptions{Home: home, Version: "1", Ready: &told})
	var line ready
	if json.Unmarshal([]byte(told.String()), &line) != nil || err == nil || line.err().Error() != err.Error() || line.Locked == "" {
		t.Errorf("err = %v, told %q", err, told.String())
	}
	if found, err := Find(t.Context(), home); err != nil || found.PID != first.PID {
		t.Errorf("the first is no longer found: %+v, %v", found, err)
	}
}

// TestInfoFile: what is in it while the daemon serves, and what isn't after.
func TestInfoFile(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	info := ensure(t, ensureOptions(t, home, "7"))
	path := filepath.Join(DataDir(home), infoName)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"endpoint": info.Endpoint, "accountId": info.AccountID, "region": DefaultRegion, "accessKeyId": info.AccessKeyID,
		"accessKeySecret": info.AccessKeySecret, "pid": float64(info.PID), "dataDir": DataDir(home), "version": "7",
	} {
		if doc[name] != want {
			t.Errorf("%s is %v, want %v", name, doc[name], want)
		}
	}
	if build, _ := doc["build"].(string); build == "" {
		t.Errorf("no build in %s", text)
	}
	if stat, err := os.Stat(path); err != nil || stat.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", stat, err)
	}
	if err := Stop(t.Context(), home); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after its end: %v", err)
	}
}

// TestInfoFilesThatAreOfNoUse are as good as none.
func TestInfoFilesThatAreOfNoUse(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for name, content := range map[string]string{
		"empty": "", "cut": `{"endpoint":"http://127.0.0.1:1"`, "list": "[]", "null": "null", "other": `{"a":1}`, "number": `{"endpoint":5}`,
		"nobody": `{"endpoint":"http://` + closed.Addr().String() + `","pid":1}`, "no URL": `{"endpoint":"://","pid":1}`,
	} {
		home := t.TempDir()
		if err := os.MkdirAll(DataDir(home), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(DataDir(home), infoName), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Find(t.Context(), home); !errors.Is(err, ErrNotRunning) {
			t.Errorf("%s: Find: %v", name, err)
		}
		if err := Stop(t.Context(), home); !errors.Is(err, ErrNotRunning) {
			t.Errorf("%s: Stop: %v", name, err)
		}
	}
}

// TestStaleInfoGoesBeforeACloudServes: its process number may be anybody's by
// now, and Stop would end that.
func TestStaleInfoGoesBeforeACloudServes(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	if err := os.MkdirAll(DataDir(home), 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(DataDir(home), infoName)
	if err := writePrivate(path, record{Info: Info{Endpoint: "http://127.0.0.1:1", PID: os.Getpid()}}); err != nil {
		t.Fatal(err)
	}
	startCloud(t, options(DataDir(home))) // has the lock, and no file of its own yet
	if err := Stop(t.Context(), home); err == nil || !strings.Contains(err.Error(), "doesn't say which process") {
		t.Errorf("err = %v", err)
	}
}

// TestPortOfAnotherProgram is named with its holder, and nothing is left behind.
func TestPortOfAnotherProgram(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	o := ensureOptions(t, home, "1")
	o.Port = proctest.Port(t) // nobody takes it once it is free again
	text := strconv.Itoa(o.Port)
	other, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", text))
	if err != nil {
		t.Fatal(err)
	}
	var taken *PortTakenError
	if _, err := Ensure(t.Context(), o); !errors.As(err, &taken) || !strings.Contains(err.Error(), ":"+text+" is taken by") {
		t.Errorf("err = %v", err)
	}
	if _, err := os.Stat(filepath.Join(DataDir(home), infoName)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an info file of a daemon that never served: %v", err)
	}
	other.Close()
	if info := ensure(t, o); info.Endpoint != "http://127.0.0.1:"+text {
		t.Errorf("once the port is free: %+v", info)
	}
}

// TestNoWayAroundTheNames: an empty service would lead from FC 2.0 to the
// functions that have none.
func TestNoWayAroundTheNames(t *testing.T) {
	t.Parallel()
	c := startCloud(t, options(t.TempDir()))
	k := clientOf(t, c.Info())
	k.do(200, "POST", "/2023-03-30/functions", functionJSON(t, "f", "custom", "index.py", "x"))
	k.do(200, "POST", "/2023-03-30/functions/f/triggers",
		`{"triggerName":"t","triggerType":"http","triggerConfig":"{\"authType\":\"anonymous\",\"methods\":[\"GET\"]}"}`)
	k.send(418, k.request("GET", "/2023-03-30/proxy/f/x", ""))
	for _, path := range []string{"/2021-04-06/services//functions/f/invocations", "/2016-08-15/services//functions/f/invocations", "/2023-03-30/functions//invocations"} {
		k.do(501, "POST", path, "")
	}
	for _, path := range []string{"/2016-08-15/proxy//f/x", "/2021-04-06/proxy/.LATEST/f/x", "/2016-08-15/proxy/svc//x", "/2023-03-30/proxy//x"} {
		response, body := k.send(501, k.request("GET", path, ""))
		if !strings.Contains(body, "is not served") || response.Header.Get("X-Fc-Request-Id") == "" {
			t.Errorf("%s: %s", path, body)
		}
	}
}

// FuzzMux: no path and no host leads past the signature to anything but a
// trigger or a download, nor makes the cloud fail.
func FuzzMux(f *testing.F) {
	for _, path := range []string{"/", "/_s/status", "/_s/code/x?expires=1&signature=y", "/2016-08-15/proxy//f", "/2023-03-30/proxy/%2e/x", "//_s/stop", "/2021-04-06/services/a/functions/b/instances/c/exec"} {
		f.Add("GET", path, "127.0.0.1")
		f.Add("POST", path, "f-abc.cn-hangzhou.fcapp.localhost.:1")
	}
	c, err := Start(f.Context(), Options{DataDir: f.TempDir(), Launcher: noLauncher{}, NewPool: func(instance.Config) gateway.Pool { return echoPool{} }})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { c.Close() })
	f.Fuzz(func(t *testing.T, method, path, host string) {
		r, err := http.NewRequestWithContext(t.Context(), method, "http://127.0.0.1"+path, nil)
		if err != nil {
			t.Skip("no request")
		}
		r.Host = host
		w := &recorder{header: http.Header{}}
		c.ServeHTTP(w, r)
		if w.status < 400 || w.status == 500 {
			t.Errorf("%s %q of %q: %d %s", method, path, host, w.status, w.body)
		}
		select {
		case <-c.Stopped():
			t.Fatalf("%s %q stopped it", method, path)
		default:
		}
	})
}

// recorder keeps an answer.
type recorder struct {
	header http.Header
	status int
	body   []byte
}

func (r *recorder) Header() http.Header    { return r.header }
func (r *recorder) WriteHeader(status int) { r.status = status }
func (r *recorder) Write(p []byte) (int, error) {
	r.body = append(r.body, p...)
	return len(p), nil
}

// TestStrangersKeys: they, and those of another cloud, open nothing.
func TestStrangersKeys(t *testing.T) {
	t.Parallel()
	mine, other := startCloud(t, options(t.TempDir())), startCloud(t, options(t.TempDir()))
	for i, keys := range []fcsign.Keys{
		{AccessKeyID: other.Info().AccessKeyID, AccessKeySecret: other.Info().AccessKeySecret},
		{AccessKeyID: mine.Info().AccessKeyID, AccessKeySecret: other.Info().AccessKeySecret},
		{AccessKeyID: mine.Info().AccessKeyID, AccessKeySecret: "x"},
	} {
		k := client{t, mine.Info().Endpoint, keys}
		r := k.request("GET", "/_s/status", "")
		k.sign(r, "")
		response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		if response.Body.Close(); response.StatusCode/100 != 4 {
			t.Errorf("%s: %d", fmt.Sprint(i), response.StatusCode)
		}
	}
}
