package gateway

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"s/pkg/fc"
	"s/pkg/runtime/instance"
)

func anonymous(methods ...string) fc.HTTPTriggerConfig {
	return fc.HTTPTriggerConfig{AuthType: "anonymous", Methods: methods}
}

func (g got) has(t *testing.T, name, want string) {
	t.Helper()
	if value := fmt.Sprint(g.doc[name]); value != want {
		t.Errorf("%s is %q, want %q", name, value, want)
	}
}

func TestTriggerByHostAndByPath(t *testing.T) {
	w := newWorld(t)
	w.deploy("f", "custom", "one")
	host := w.trigger("f", anonymous("GET", "POST"))
	g := w.do("POST", "/a%2Fb/c?x=1&y", "body", "Host: "+host+":19800", "X-Fc-Secret: forged", "X-S-Other: 1", "X-Mine: kept", "Keep-Alive: 5")
	w.want(g, 201, "")
	g.has(t, "method", "POST")
	g.has(t, "path", "/a/b/c")
	g.has(t, "escaped", "/a%2Fb/c")
	g.has(t, "query", "x=1&y")
	g.has(t, "body", "body")
	g.has(t, "host", host+":19800")
	header, _ := g.doc["header"].(map[string]any)
	for _, name := range []string{"X-Fc-Secret", "X-S-Other", "Keep-Alive"} {
		if header[name] != nil {
			t.Errorf("the function gets %s", name)
		}
	}
	if header["X-Mine"] == nil || g.Header.Get("X-Mine") != "1" || g.Header.Get("X-Fc-Request-Id") == "" {
		t.Errorf("headers %v, %v", header, g.Header)
	}

	g = w.do("GET", "/proxy/f/a%2Fb/?q=1", "")
	w.want(g, 201, "")
	g.has(t, "path", "/a/b/")
	g.has(t, "escaped", "/a%2Fb/")
	g.has(t, "query", "q=1")
	w.do("GET", "/proxy/f/", "").has(t, "path", "/")
}

func TestTriggerRefuses(t *testing.T) {
	w := newWorld(t)
	w.deploy("f", "custom", "one")
	w.deploy("bare", "custom", "one")
	w.deploy("off", "custom", "one")
	host := w.trigger("f", anonymous("GET", "POST"))
	w.trigger("off", fc.HTTPTriggerConfig{AuthType: "anonymous", Methods: []string{"GET"}, DisableURLInternet: true})
	w.want(w.do("PUT", "/", "", "Host: "+host), 403, "MethodNotAllowed")
	w.want(w.do("GET", "/", "", "Host: none."+region+suffix), 404, "DomainNameNotFound")
	w.want(w.do("GET", "/", "", "Host: "+strings.Replace(host, region, "us-west-1", 1)), 404, "DomainNameNotFound")
	w.want(w.do("GET", "/?"+strings.Repeat("x", fc.MaxTriggerPathAndQuery), "", "Host: "+host), 400, "InvalidArgument")
	w.want(w.do("GET", "/", "", "Host: "+host, "X-Big: "+strings.Repeat("x", fc.MaxTriggerHeaders)), 400, "InvalidArgument")
	w.want(w.do("POST", "/", strings.Repeat("x", fc.MaxSyncBody+1), "Host: "+host), 400, "EntityTooLarge")
	w.want(w.do("GET", "/proxy/bare/", ""), 404, "TriggerNotFound")
	w.want(w.do("GET", "/proxy/none/", ""), 404, "FunctionNotFound")
	w.want(w.do("GET", "/proxy/off/", ""), 403, "AccessDenied")
	// A name that was pointed at the loopback address (DNS rebinding).
	w.want(w.do("GET", "/proxy/f/", "", "Host: evil.example"), 403, "AccessDenied")
	w.want(w.do("GET", "/proxy/f/", "", "Host: localhost:1"), 201, "")
}

func TestStreamedBodyOverTheLimit(t *testing.T) {
	w := newWorld(t)
	w.deploy("f", "custom", "one")
	host := w.trigger("f", anonymous("POST"))
	r, err := http.NewRequestWithContext(t.Context(), "POST", w.server.URL+"/", io.LimitReader(ones{}, fc.MaxSyncBody+1))
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	response, err := w.server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != 400 {
		t.Errorf("status %d", response.StatusCode)
	}
}

type ones struct{}

func (ones) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '1'
	}
	return len(p), nil
}

func TestTriggerThatWantsASignature(t *testing.T) {
	w := newWorld(t)
	var calls int
	w.verify = signedBy(&calls)
	w.deploy("f", "custom", "one")
	host := w.trigger("f", fc.HTTPTriggerConfig{AuthType: "function", Methods: []string{"POST"}})
	w.want(w.do("POST", "/", "x", "Host: "+host), 403, fc.CodeSignatureNotMatch)
	w.want(w.do("POST", "/proxy/f/", "x"), 403, fc.CodeSignatureNotMatch)
	g := w.do("POST", "/", "x", "Host: "+host, "Authorization: good")
	w.want(g, 201, "")
	g.has(t, "body", "x")
	w.deploy("open", "custom", "one")
	w.trigger("open", anonymous("GET"))
	if w.want(w.do("GET", "/proxy/open/", ""), 201, ""); calls != 3 {
		t.Errorf("%d checks, want 3: an anonymous trigger needs none", calls)
	}
}

// Managed runtimes of FC 2.0 get x-fc-http-params, those of FC 3.0 events.
func TestHTTPParamsAreForServices(t *testing.T) {
	for _, tt := range []struct {
		name, runtime string
		params        bool
	}{{"f", "custom", false}, {"svc$f", "python3.10", true}, {"svc$c", "custom", false}} {
		w := newWorld(t)
		w.deploy(tt.name, tt.runtime, "one")
		host := w.trigger(tt.name, anonymous("GET"))
		w.do("GET", "/", "", "Host: "+host).has(t, "params", fmt.Sprint(tt.params))
	}
}

func TestHTTPFunctionThatFails(t *testing.T) {
	w := newWorld(t)
	w.run = func(_ context.Context, _ *fakePool, inv *instance.Invocation) (*instance.Result, error) {
		if inv.R.URL.Path == "/late" {
			io.WriteString(inv.W, "begun")
			return &instance.Result{ErrorType: fc.ErrorTypeTimeout, Written: true}, nil
		}
		return &instance.Result{ErrorType: fc.ErrorTypeUnhandled, Body: []byte(`{"errorMessage":"no"}`), InstanceID: "c-1"}, nil
	}
	w.deploy("f", "custom", "one")
	host := w.trigger("f", anonymous("GET"))
	g := w.do("GET", "/", "", "Host: "+host)
	w.want(g, 502, "")
	if g.body != `{"errorMessage":"no"}` || g.Header.Get("X-Fc-Error-Type") != fc.ErrorTypeUnhandled || g.Header.Get("X-Fc-Instance-Id") != "c-1" {
		t.Errorf("%s, %v", g.body, g.Header)
	}
	if g := w.do("GET", "/late", "", "Host: "+host); g.StatusCode != 200 || g.body != "begun" {
		t.Errorf("%d %q", g.StatusCode, g.body)
	}
}

// An answer that broke off doesn't look whole, though its length wasn't known.
func TestAnswerThatBreaksOff(t *testing.T) {
	w := newWorld(t)
	w.run = func(_ context.Context, _ *fakePool, inv *instance.Invocation) (*instance.Result, error) {
		io.WriteString(inv.W, "begun")
		http.NewResponseController(inv.W).Flush()
		return &instance.Result{ErrorType: fc.ErrorTypeUnhandled, Written: true, Broken: true}, nil
	}
	w.deploy("f", "custom", "one")
	r, err := http.NewRequestWithContext(t.Context(), "GET", w.server.URL+"/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = w.trigger("f", anonymous("GET"))
	response, err := w.server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); string(body) != "begun" || err == nil {
		t.Errorf("%q %v", body, err)
	}
}

// The body of a signed request is read first if the signature covers it, else
// it goes on as it comes.
func TestSignedStreams(t *testing.T) {
	for _, covered := range []bool{true, false} {
		w := newWorld(t)
		w.verify = func(r *http.Request) error {
			if covered {
				r.Body = struct{ io.ReadCloser }{r.Body}
			}
			return nil
		}
		more, streamed := io.Pipe()
		w.run = func(_ context.Context, _ *fakePool, inv *instance.Invocation) (*instance.Result, error) {
			first := make([]byte, 3)
			io.ReadFull(inv.R.Body, first)
			if !covered {
				io.WriteString(streamed, "two") // is sent only now
				streamed.Close()
			}
			rest, err := io.ReadAll(inv.R.Body)
			fmt.Fprintf(inv.W, "%s|%s %d %v", first, rest, inv.R.ContentLength, err)
			return &instance.Result{Written: true}, nil
		}
		w.deploy("f", "custom", "one")
		body, want := io.MultiReader(strings.NewReader("one"), more), "one|two -1 <nil>"
		if covered {
			body, want = struct{ io.Reader }{strings.NewReader("onetwo")}, "one|two 6 <nil>"
		}
		r, err := http.NewRequestWithContext(t.Context(), "POST", w.server.URL+"/", body)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = w.trigger("f", fc.HTTPTriggerConfig{AuthType: "function", Methods: []string{"POST"}})
		response, err := w.server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(response.Body)
		response.Body.Close()
		if string(got) != want || err != nil {
			t.Errorf("covered %v: %q %v, want %q", covered, got, err, want)
		}
	}
}

func TestHosts(t *testing.T) {
	for host, want := range map[string]bool{
		"f-abc.cn-hangzhou.fcapp.localhost":       true,
		"F-ABC.cn-hangzhou.fcapp.localhost:19800": true,
		"f-abc.cn-hangzhou.fcapp.localhost.":      true,
		"fcapp.localhost":                         false,
		"f-abc.fcapp.localhost":                   false,
		"f.r.fcapp.localhost.evil.example":        false,
		"localhost:19800":                         false,
	} {
		if got := IsTriggerHost(host, suffix); got != want {
			t.Errorf("IsTriggerHost(%q) = %v", host, got)
		}
	}
	for host, want := range map[string]bool{
		"127.0.0.1:1": true, "127.9.9.9": true, "[::1]:80": true, "localhost": true, "a.localhost:1": true, "LOCALHOST.": true,
		"evil.example": false, "10.0.0.1:80": false, "localhost.evil.example": false, "": false, "127.0.0.1.evil.example": false,
	} {
		if got := IsLoopbackHost(host); got != want {
			t.Errorf("IsLoopbackHost(%q) = %v", host, got)
		}
	}
}
