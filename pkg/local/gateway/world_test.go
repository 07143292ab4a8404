package gateway

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/local/store"
	"s/pkg/runtime/instance"
)

const (
	region = "cn-hangzhou"
	suffix = ".fcapp.localhost"
)

var errClosed = errors.New("closed")

// fakePool runs a function of the test's own for each invocation.
type fakePool struct {
	cfg    instance.Config
	run    func(ctx context.Context, p *fakePool, inv *instance.Invocation) (*instance.Result, error)
	mu     sync.Mutex
	ended  string // drained or closed
	active sync.WaitGroup
	infos  []instance.Info
	warmed int
	scale  instance.Scale
}

func (p *fakePool) Invoke(ctx context.Context, inv *instance.Invocation) (*instance.Result, error) {
	p.mu.Lock()
	if p.ended != "" {
		p.mu.Unlock()
		return nil, errClosed
	}
	p.active.Add(1)
	p.mu.Unlock()
	defer p.active.Done()
	return p.run(ctx, p, inv)
}

func (p *fakePool) Instances() []instance.Info { return p.infos }

func (p *fakePool) Warm(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.warmed++
	return nil
}

func (p *fakePool) Scale(s instance.Scale) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.scale = s
}

func (p *fakePool) Kept() (int, string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.scale.Min, "why"
}

func (p *fakePool) Drain(context.Context) { p.end("drained") }

func (p *fakePool) Close() { p.end("closed") }

func (p *fakePool) end(how string) {
	p.mu.Lock()
	if p.ended == "" {
		p.ended = how
	}
	p.mu.Unlock()
	p.active.Wait()
}

func (p *fakePool) endedAs() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

// world is a gateway over real HTTP: paths are /invoke/<function>,
// /proxy/<function>/…, /logs and /exec/<function>/<instance>; trigger hosts
// work too.
type world struct {
	t      *testing.T
	g      *Gateway
	store  *store.Store
	server *httptest.Server
	verify func(*http.Request) error
	run    func(ctx context.Context, p *fakePool, inv *instance.Invocation) (*instance.Result, error)
	infos  []instance.Info

	mu    sync.Mutex
	pools []*fakePool
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s, err := store.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, store: s, run: echo}
	w.g = New(Config{
		Store: s, Restriction: s.Restriction, AccountID: "1", WorkDir: t.TempDir(), NewPool: w.newPool,
		Closed: func(err error) bool { return errors.Is(err, errClosed) },
		Verify: func(r *http.Request) error {
			if w.verify == nil {
				return nil
			}
			return w.verify(r)
		},
	})
	w.server = httptest.NewServer(http.HandlerFunc(w.serve))
	t.Cleanup(func() {
		w.g.Close()
		w.server.Close()
		s.Close()
	})
	return w
}

func (w *world) newPool(cfg instance.Config) Pool {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := &fakePool{cfg: cfg, run: w.run, infos: w.infos}
	w.pools = append(w.pools, p)
	return p
}

func (w *world) pool(i int) *fakePool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if i >= len(w.pools) {
		w.t.Fatalf("there are %d pools", len(w.pools))
	}
	return w.pools[i]
}

func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	reply.Start(rw, time.Now())
	if IsTriggerHost(r.Host, suffix) {
		w.g.ServeHost(rw, r, suffix)
		return
	}
	if d, ok := w.store.DomainByHost(HostName(r.Host)); ok {
		w.g.ServeDomain(rw, r, d)
		return
	}
	if !IsLoopbackHost(r.Host) && !strings.HasPrefix(r.URL.Path, "/proxy/") {
		UnknownHost(rw, r.Host)
		return
	}
	parts := strings.SplitN(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/", 3)
	target := Target{Region: region, Qualifier: r.URL.Query().Get("qualifier")}
	if len(parts) > 1 {
		target.Function = parts[1]
	}
	switch parts[0] {
	case "invoke":
		w.g.ServeInvoke(rw, r, target)
	case "proxy":
		w.g.ServeProxy(rw, r, Target{Region: region, Function: parts[1]}, "/"+parts[2])
	case "logs":
		w.g.ServeLogs(rw, r)
	case "exec":
		w.g.ServeExec(rw, r, target, parts[2])
	}
}

// echo answers with the event, or with what an HTTP request has.
func echo(_ context.Context, p *fakePool, inv *instance.Invocation) (*instance.Result, error) {
	if inv.R == nil {
		return &instance.Result{Body: inv.Event, InstanceID: "c-1", Duration: 1234567 * time.Nanosecond, MaxMemoryMB: 10.826, LogTail: []byte("line\n")}, nil
	}
	body, err := io.ReadAll(inv.R.Body)
	if err != nil {
		return nil, err
	}
	inv.W.Header().Set("X-Mine", "1")
	inv.W.WriteHeader(201)
	json.NewEncoder(inv.W).Encode(map[string]any{
		"method": inv.R.Method, "path": inv.R.URL.Path, "escaped": inv.R.URL.EscapedPath(),
		"query": inv.R.URL.RawQuery, "header": inv.R.Header, "body": string(body), "params": p.cfg.HTTPParams, "host": inv.R.Host,
	})
	return &instance.Result{Written: true}, nil
}

func archiveOf(t *testing.T, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.Create("index.py")
	if err == nil {
		_, err = f.Write([]byte(content))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// deploy stores a function, or new code for it, and tells the gateway.
func (w *world) deploy(name, runtime, content string) {
	w.t.Helper()
	code, release, err := w.store.PutCode(archiveOf(w.t, content))
	if err != nil {
		w.t.Fatal(err)
	}
	defer release()
	fn := fc.Function{FunctionName: name, Runtime: runtime, MemorySize: 512, Timeout: 3, FunctionID: "id-" + name}
	_, err = w.store.UpdateFunction(region, name, func(f *store.Function) error { f.Code = code; return nil })
	if err != nil {
		if service, _ := fc.SplitName(name); service != "" {
			w.store.CreateService(&store.Service{Region: region, Service: fc.Service{ServiceName: service}})
		}
		err = w.store.CreateFunction(&store.Function{Region: region, Function: fn, Code: code})
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.g.Changed(region, name)
}

func (w *world) trigger(function string, config fc.HTTPTriggerConfig) (host string) {
	w.t.Helper()
	host = strings.ReplaceAll(strings.ToLower(function), "$", "-") + "-abc"
	err := w.store.CreateTrigger(&store.Trigger{
		Region: region, Function: function, Host: host, HTTP: &config,
		Trigger: fc.Trigger{TriggerName: "http", TriggerType: "http", Qualifier: "LATEST"},
	}, func([]*store.Trigger) error { return nil })
	if err != nil {
		w.t.Fatal(err)
	}
	return host + "." + region + suffix
}

// signedBy accepts requests whose signature is the word good, and counts them all.
func signedBy(calls *int) func(*http.Request) error {
	return func(r *http.Request) error {
		if *calls++; r.Header.Get("Authorization") == "good" {
			return nil
		}
		return &fc.APIError{Status: 403, Code: fc.CodeSignatureNotMatch}
	}
}

type got struct {
	*http.Response
	body string
	doc  map[string]any
}

// do sends a request; header is "Name: value" lines, "Host: x" the host.
func (w *world) do(method, path, body string, header ...string) got {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.server.URL+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Host" {
			r.Host = value
		}
		r.Header.Set(name, value)
	}
	response, err := w.server.Client().Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	g := got{Response: response, body: string(data)}
	json.Unmarshal(data, &g.doc) // not every answer is JSON
	return g
}

func (w *world) want(g got, status int, code string) {
	w.t.Helper()
	if g.StatusCode != status || code != "" && g.doc["Code"] != code {
		w.t.Errorf("%s: status %d, %s; want %d %s", g.Request.URL.Path, g.StatusCode, g.body, status, code)
	}
}
