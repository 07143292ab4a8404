package gateway

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"s/pkg/fc"
	"s/pkg/local/store"
	"s/pkg/runtime/instance"
)

// affineWorld is a world with one function that has sessions, and an HTTP trigger.
type affineWorld struct {
	*world
	host string

	mu     sync.Mutex
	calls  []*instance.SessionCall
	named  []string
	answer func(w http.ResponseWriter, r *http.Request)
}

func newAffineWorld(t *testing.T, runtime, affinity, config string) *affineWorld {
	t.Helper()
	w := &affineWorld{world: newWorld(t)}
	w.run = func(_ context.Context, _ *fakePool, inv *instance.Invocation) (*instance.Result, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if call := inv.Session; call != nil {
			call.Named = func(id string) { w.named = append(w.named, id) }
		}
		w.calls = append(w.calls, inv.Session)
		if inv.R == nil {
			res := &instance.Result{Body: []byte(`{"statusCode": 200, "headers": {"mcp-session-id": "fromEvent"}, "body": "x"}`)}
			if inv.Session != nil && inv.Session.Learn != nil {
				w.named = append(w.named, inv.Session.Learn(res))
			}
			return res, nil
		}
		if w.answer != nil {
			w.answer(inv.W, inv.R)
		} else {
			io.WriteString(inv.W, "ok")
		}
		return &instance.Result{Written: true}, nil
	}
	w.deploy("f", runtime, "x")
	if _, err := w.store.UpdateFunction(region, "f", func(f *store.Function) error {
		f.Function.SessionAffinity, f.Function.SessionAffinityConfig = affinity, config
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	w.g.Changed(region, "f")
	w.host = w.trigger("f", fc.HTTPTriggerConfig{AuthType: "anonymous", Methods: []string{"GET", "POST", "DELETE"}})
	return w
}

// last gives the call of the last invocation.
func (w *affineWorld) last() *instance.SessionCall {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.calls) == 0 {
		w.t.Fatal("nothing was called")
	}
	return w.calls[len(w.calls)-1]
}

func (w *affineWorld) wantCall(id string, existing bool) {
	w.t.Helper()
	call := w.last()
	if call == nil || call.ID != id || call.Existing != existing {
		w.t.Errorf("the call is of %+v, want %s", call, id)
	}
}

var madeID = regexp.MustCompile(`^[0-9a-f-]{20,64}$`)

func TestHeaderAffinity(t *testing.T) {
	for _, runtime := range []string{"python3.10", "custom"} {
		w := newAffineWorld(t, runtime, fc.AffinityHeader, `{"affinityHeaderFieldName": "mySession"}`)
		for _, path := range []struct{ path, host string }{{"/invoke/f", "X-A: 1"}, {"/x", "Host: " + w.host}} {
			g := w.do("POST", path.path, "", path.host, "mysession: mine_1")
			w.want(g, 200, "")
			w.wantCall("mine_1", false)
			if g.Header.Get("Mysession") != "" {
				t.Errorf("%s: what the caller knows is told: %v", path.path, g.Header)
			}
			g = w.do("POST", path.path, "", path.host)
			id := g.Header.Get("Mysession")
			if !madeID.MatchString(id) || !fc.IsSessionID(id) {
				t.Errorf("%s: the id is %q", path.path, id)
			}
			w.wantCall(id, false)
			w.want(w.do("POST", path.path, "", path.host, "mysession: not an id"), 400, "InvalidArgument")
		}
		g := w.do("POST", "/invoke/f", "", "X-Fc-Invocation-Type: Async")
		if g.Header.Get("Mysession") != "" {
			t.Errorf("an asynchronous call has a session: %v", g.Header)
		}
	}
}

func TestCookieAffinity(t *testing.T) {
	w := newAffineWorld(t, "custom", fc.AffinityCookie, `{"sessionTTLInSeconds": 77}`)
	w.answer = func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Add("Set-Cookie", "own=1")
		rw.WriteHeader(201)
	}
	g := w.do("GET", "/", "", "Host: "+w.host, "Cookie: other=1")
	cookies := g.Header.Values("Set-Cookie")
	if len(cookies) != 2 || cookies[1] != "own=1" {
		t.Fatalf("cookies %q", cookies)
	}
	name, rest, _ := strings.Cut(cookies[0], "=")
	id, age, _ := strings.Cut(rest, "; ")
	if name != "x-fc-cookie-session-id" || !madeID.MatchString(id) || age != "Max-Age=77" {
		t.Errorf("the cookie is %q", cookies[0])
	}
	w.wantCall(id, false)
	g = w.do("GET", "/", "", "Host: "+w.host, "Cookie: a=b; x-fc-cookie-session-id="+id)
	if cookies := g.Header.Values("Set-Cookie"); len(cookies) != 1 {
		t.Errorf("cookies %q", cookies)
	}
	w.wantCall(id, false)
	g = w.do("GET", "/", "", "Host: "+w.host, "Cookie: x-fc-cookie-session-id=no/id")
	if len(g.Header.Values("Set-Cookie")) != 2 {
		t.Errorf("a cookie that is none: %q", g.Header.Values("Set-Cookie"))
	}
}

// TestSessionThatThereIsNot isn't told to the caller.
func TestSessionThatThereIsNot(t *testing.T) {
	w := newAffineWorld(t, "custom", fc.AffinityCookie, "")
	w.run = func(context.Context, *fakePool, *instance.Invocation) (*instance.Result, error) {
		return nil, &fc.APIError{Status: 429, Code: fc.CodeResourceExhausted, Message: "full"}
	}
	w.deploy("f", "custom", "y")
	for _, path := range []struct{ path, host string }{{"/invoke/f", "X-A: 1"}, {"/x", "Host: " + w.host}} {
		g := w.do("POST", path.path, "", path.host)
		w.want(g, 429, "ResourceExhausted")
		if g.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %v", path.path, g.Header)
		}
	}
}

func TestUpgradesGetNoID(t *testing.T) {
	w := newAffineWorld(t, "custom", fc.AffinityCookie, "")
	g := w.do("GET", "/", "", "Host: "+w.host, "Connection: Upgrade", "Upgrade: x")
	if g.Header.Get("Set-Cookie") != "" || w.last() == nil {
		t.Errorf("%v", g.Header)
	}
}

func TestMCPStreamAffinity(t *testing.T) {
	w := newAffineWorld(t, "custom", fc.AffinityMCPSSE, `{"sseEndpointPath": "/mcp/sse"}`)
	w.answer = func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/mcp/sse" {
			for _, piece := range []string{": hello\n\n", "event: end", "point\ndata: /messages?session_id=abc\n\n", "event: endpoint\ndata: /m?session_id=other\n\n"} {
				io.WriteString(rw, piece)
				_ = http.NewResponseController(rw).Flush()
			}
		}
	}
	g := w.do("GET", "/mcp/sse", "", "Host: "+w.host)
	if call := w.last(); call == nil || !call.Stream || call.ID != "" || !strings.Contains(g.body, "other") {
		t.Errorf("%+v %q", call, g.body)
	}
	if len(w.named) != 1 || w.named[0] != "abc" {
		t.Errorf("named %q", w.named)
	}
	w.do("POST", "/messages?session_id=abc", "", "Host: "+w.host)
	w.wantCall("abc", true)
	w.do("POST", "/messages?sessionId=abc", "", "Host: "+w.host)
	w.wantCall("abc", true)
	for _, request := range [][2]string{{"POST", "/messages"}, {"GET", "/other"}, {"POST", "/mcp/sse"}} {
		w.do(request[0], request[1], "", "Host: "+w.host)
		if call := w.last(); call != nil {
			t.Errorf("%v: %+v", request, call)
		}
	}
	w.do("POST", "/invoke/f", "")
	if call := w.last(); call != nil {
		t.Errorf("an event: %+v", call)
	}
}

func TestMCPStreamableAffinity(t *testing.T) {
	w := newAffineWorld(t, "custom", fc.AffinityMCPStreamable, "")
	w.answer = func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Mcp-Session-Id") == "" {
			rw.Header().Set("Mcp-Session-Id", "given")
		}
		rw.WriteHeader(202)
	}
	w.do("POST", "/mcp", "", "Host: "+w.host)
	if call := w.last(); call == nil || call.ID != "" || call.Stream || len(w.named) != 1 || w.named[0] != "given" {
		t.Errorf("%+v, named %q", call, w.named)
	}
	for _, method := range []string{"GET", "POST", "DELETE"} {
		w.do(method, "/mcp", "", "Host: "+w.host, "Mcp-Session-Id: given")
		w.wantCall("given", true)
	}
	w.do("GET", "/mcp", "", "Host: "+w.host)
	if call := w.last(); call != nil {
		t.Errorf("a GET without an id: %+v", call)
	}

	events := newAffineWorld(t, "python3.10", fc.AffinityMCPStreamable, "")
	events.do("POST", "/mcp", "", "Host: "+events.host)
	if len(events.named) != 1 || events.named[0] != "fromEvent" {
		t.Errorf("named %q", events.named)
	}
}

func TestEndpointSession(t *testing.T) {
	for stream, want := range map[string]struct {
		id    string
		whole bool
	}{
		"": {}, "event: endpoint\ndata: /m?sessionId=a": {}, // not whole yet
		"event: endpoint\ndata: /m?sessionId=a\n\n":              {"a", true},
		"event:endpoint\r\ndata:/m?session_id=a\r\n\r\n":         {"a", true},
		"data: http://h/m?SESSION_ID=a&x=1\nevent: endpoint\n\n": {"a", true},
		"event: endpoint\ndata: /m\n\n":                          {"", true},
		"event: endpoint\ndata: %zz?sessionId=a\n\n":             {"", true},
		"event: message\ndata: /m?sessionId=b\n\n":               {},
		"id: 1\n\nevent: endpoint\ndata: /m?sessionId=a\n\nrest": {"a", true},
	} {
		if id, whole := endpointSession([]byte(stream)); id != want.id || whole != want.whole {
			t.Errorf("%q: %q %v", stream, id, whole)
		}
	}
}

func FuzzEndpointSession(f *testing.F) {
	f.Add([]byte("event: endpoint\ndata: /m?sessionId=a\n\n"), 3)
	f.Add([]byte("\r\n\r\n:\n\nevent"), 1)
	f.Fuzz(func(t *testing.T, stream []byte, cut int) {
		id, whole := endpointSession(stream)
		if id != "" && !whole {
			t.Errorf("an id in an event that isn't whole: %q", stream)
		}
		if len(stream) > maxFirstEvent || len(stream) == 0 {
			return
		}
		// However it comes in pieces, the same is found, and all of it goes on.
		var got string
		out := &recorder{}
		w := &endpointWatcher{ResponseWriter: out, found: func(id string) { got = id }}
		cut = min(max(cut, 0), len(stream))
		for _, piece := range [][]byte{stream[:cut], stream[cut:]} {
			if _, err := w.Write(piece); err != nil {
				t.Fatal(err)
			}
		}
		if got != id || string(out.body) != string(stream) {
			t.Errorf("%q in pieces: %q, want %q", stream, got, id)
		}
	})
}

// recorder keeps what is written.
type recorder struct {
	http.ResponseWriter
	body []byte
}

func (r *recorder) Write(p []byte) (int, error) {
	r.body = append(r.body, p...)
	return len(p), nil
}
