package control

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"s/pkg/fc/shape"
	"s/pkg/local/reply"
	"s/pkg/local/store"
	"s/pkg/runtime/instance"
)

const (
	testAccount = "1234567890123456"
	testRegion  = "cn-hangzhou"
)

// world is an API over real HTTP, without signatures.
type world struct {
	t      *testing.T
	url    string
	client *http.Client
	store  *store.Store
	api    *API

	mu        sync.Mutex
	now       time.Time
	changed   []string
	refreshed []string
	scaled    []string
	limited   []string
	moved     []string
	instances []instance.Info
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return openWorld(t, t.TempDir())
}

// openWorld is one whose state is in a folder.
func openWorld(t *testing.T, dir string) *world {
	t.Helper()
	s, err := store.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	w := &world{t: t, store: s, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	var api *API
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		reply.Start(rw, w.clock())
		if strings.HasPrefix(r.URL.Path, CodePath) {
			api.ServeCode(rw, r)
			return
		}
		api.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	api = New(Config{
		Store: s, AccountID: testAccount, Region: testRegion, Address: strings.TrimPrefix(server.URL, "http://"),
		Secret: []byte("secret"), Now: w.clock, Tasks: &tasks{},
		Sessions: func(_ context.Context, region, function, _ string, do func(SessionPool) error) error {
			if _, err := s.Function(region, function); err != nil {
				return err
			}
			return do(&fakeSessions{all: map[string]*instance.Session{}})
		},
		Scaled: func(_, function, qualifier string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.scaled = append(w.scaled, strings.TrimSuffix(function+"/"+qualifier, "/LATEST"))
		},
		Restricted: func(_, function string, abort bool) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.limited = append(w.limited, fmt.Sprint(function, " ", abort))
		},
		Moved: func(region, owner string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.moved = append(w.moved, region+"/"+owner)
		},
		Kept:      func(string, string, string) (int, string) { return 1, "a reason" },
		Instances: func(string, string) []instance.Info { return w.instances },
		Changed: func(region, function string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.changed = append(w.changed, region+"/"+function)
		},
		Refresh: func(_ context.Context, _, function string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.refreshed = append(w.refreshed, function)
		},
	})
	w.url, w.client, w.api = server.URL, server.Client(), api
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// got is an answer.
type got struct {
	t      *testing.T
	what   string
	status int
	header http.Header
	body   []byte
	doc    map[string]any
}

// do sends a request; header is "Name: value" lines.
func (w *world) do(method, path, body string, header ...string) got {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	response, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	g := got{t: w.t, what: method + " " + path, status: response.StatusCode, header: response.Header, body: data}
	if len(data) > 0 && response.Header.Get("Content-Type") == "application/json" {
		if err := json.Unmarshal(data, &g.doc); err != nil {
			w.t.Fatalf("%s: %v in %s", g.what, err, data)
		}
	}
	if !requestID.MatchString(response.Header.Get("X-Fc-Request-Id")) {
		w.t.Errorf("%s: request id %q", g.what, response.Header.Get("X-Fc-Request-Id"))
	}
	if u := response.Request.URL; g.status < 300 && shape.Operation(method, u.EscapedPath()) != "" {
		for _, problem := range shape.Answer(method, u.EscapedPath(), data) {
			w.t.Errorf("%s isn't answered as documented: %s", g.what, problem)
		}
	}
	return g
}

// is checks the status and, for errors, the code.
func (g got) is(status int, code ...string) got {
	g.t.Helper()
	if g.status != status {
		g.t.Fatalf("%s: status %d, want %d: %s", g.what, g.status, status, g.body)
	}
	if len(code) > 0 {
		if g.doc["Code"] != code[0] || g.doc["ErrorCode"] != code[0] || g.doc["Message"] == "" || g.doc["Message"] != g.doc["ErrorMessage"] ||
			g.doc["RequestId"] != g.header.Get("X-Fc-Request-Id") {
			g.t.Fatalf("%s: %s, want code %s in both styles", g.what, g.body, code[0])
		}
	}
	return g
}

// says checks that the error message has a text.
func (g got) says(text string) got {
	g.t.Helper()
	if message, _ := g.doc["Message"].(string); !strings.Contains(message, text) {
		g.t.Errorf("%s: message %q, want one with %q", g.what, message, text)
	}
	return g
}

// has checks a field, given by its path; want is as JSON decodes it.
func (g got) has(path string, want any) got {
	g.t.Helper()
	if value := g.at(path); !equal(value, want) {
		g.t.Errorf("%s: %s is %v (%T), want %v", g.what, path, value, value, want)
	}
	return g
}

func (g got) at(path string) any {
	var value any = g.doc
	for name := range strings.SplitSeq(path, ".") {
		m, _ := value.(map[string]any)
		value = m[name]
	}
	return value
}

func equal(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

// zipOf is a small archive, as base64.
func zipOf(t *testing.T, content string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create("index.py")
	if err == nil {
		_, err = f.Write([]byte(content))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

func decode(t *testing.T, text string) []byte {
	t.Helper()
	out, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// with renders a JSON object: base with other fields laid over it. A nil value
// removes a field.
func with(base map[string]any, over map[string]any) string {
	doc := map[string]any{}
	maps.Copy(doc, base)
	for k, v := range over {
		doc[k] = v
		if v == nil {
			delete(doc, k)
		}
	}
	text, _ := json.Marshal(doc)
	return string(text)
}

func (w *world) minimal(name string) map[string]any {
	return map[string]any{
		"functionName": name, "runtime": "python3.10", "handler": "index.handler",
		"code": map[string]any{"zipFile": zipOf(w.t, "def handler(e, c): return e")},
	}
}

func (w *world) create(name string) {
	w.t.Helper()
	w.do("POST", "/2023-03-30/functions", with(w.minimal(name), nil)).is(200)
}
