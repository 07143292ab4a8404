package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"s/pkg/fc"
	"s/pkg/runtime/instance"
)

func TestHTTPEvent(t *testing.T) {
	r := httptest.NewRequest("PUT", "/a%2Fb/c?x=1&x=2&y=%20", strings.NewReader(`{"a":"<&>"}`))
	r.Host = "f-abc.cn-hangzhou.fcapp.localhost:19800"
	r.RemoteAddr = "127.0.0.1:5555"
	r.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"a", "b"}, "User-Agent": {"me"}}
	text, err := httpEvent(httptest.NewRecorder(), r, "123", "1-2-3-4", time.UnixMilli(1693896071895))
	if err != nil {
		t.Fatal(err)
	}
	var got, want any
	const expected = `{"version":"v1","rawPath":"/a%2Fb/c","body":"{\"a\":\"<&>\"}","isBase64Encoded":false,
		"headers":{"Content-Type":"application/json","Accept":"a,b","User-Agent":"me","Host":"f-abc.cn-hangzhou.fcapp.localhost:19800"},
		"queryParameters":{"x":"1,2","y":" "},
		"requestContext":{"accountId":"123","domainName":"f-abc.cn-hangzhou.fcapp.localhost","domainPrefix":"f-abc",
			"http":{"method":"PUT","path":"/a/b/c","protocol":"HTTP/1.1","sourceIp":"127.0.0.1","userAgent":"me"},
			"requestId":"1-2-3-4","time":"2023-09-05T06:41:11Z","timeEpoch":"1693896071895"}}`
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(expected), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestBodiesInEvents(t *testing.T) {
	for _, tt := range []struct {
		kind, body string
		base64     bool
	}{
		{"", "text", false},
		{"text/html; charset=utf-8", "text", false},
		{"application/json", "{}", false},
		{"application/x-www-form-urlencoded", "a=b", false},
		{"image/svg+xml", "<svg/>", false},
		{"image/png", "text", true},
		{"application/octet-stream", "text", true},
		{"", "\xff\xfe", true},
		{"text/plain", "\xff", true},
		{"image/png", "", false},
		{";;", "text", false},
	} {
		r := httptest.NewRequest("POST", "/", strings.NewReader(tt.body))
		r.Header.Set("Content-Type", tt.kind)
		text, err := httpEvent(httptest.NewRecorder(), r, "", "", time.Now())
		var doc httpDocument
		if err == nil {
			err = json.Unmarshal(text, &doc)
		}
		if err != nil || doc.IsBase64Encoded != tt.base64 || !tt.base64 && doc.Body != tt.body || tt.base64 && doc.Body == tt.body {
			t.Errorf("%q %q: %+v, %v", tt.kind, tt.body, doc, err)
		}
	}
}

func TestAnswersOfEventFunctions(t *testing.T) {
	for _, tt := range []struct {
		result, body, kind string
		status             int
		header             string // X-Mine
	}{
		{`{"statusCode":201,"headers":{"X-Mine":"a","content-type":"text/x"},"body":"hi"}`, "hi", "text/x", 201, "a"},
		{`{"statusCode":"404","headers":{"X-Mine":["a",1,true],"X-Fc-Secret":"s","Content-Length":"99"},"body":null}`, "", "", 404, "a,1,true"},
		{`{"statusCode":200,"body":"aGk=","isBase64Encoded":true}`, "hi", "application/json", 200, ""},
		{`{"a":1}`, `{"a":1}`, "application/json", 200, ""},
		{`[1]`, `[1]`, "application/json", 200, ""},
		{`"statusCode"`, `"statusCode"`, "application/json", 200, ""},
		{`plain`, "plain", "text/plain; charset=utf-8", 200, ""},
		{"\xff\x00", "\xff\x00", "application/octet-stream", 200, ""},
		{"", "", "", 200, ""},
		{`{"statusCode":99}`, "statusCode 99", "", 502, ""},
		{`{"statusCode":"teapot"}`, "statusCode", "", 502, ""},
		{`{"statusCode":200.5}`, "statusCode 200.5 is no whole number between 200 and 599", "", 502, ""},
		{`{"statusCode":200,"body":{"a":1}}`, "body must be a string, not an object: make it one, with JSON.stringify", "", 502, ""},
		{`{"statusCode":200,"body":5}`, "body must be a string, not a number", "", 502, ""},
		{`{"statusCode":200,"headers":[]}`, "headers can't be an array", "", 502, ""},
		{`{"statusCode":200,"isBase64Encoded":"yes"}`, "isBase64Encoded can't be a string", "", 502, ""},
		{`{"statusCode":200,"body":"***","isBase64Encoded":true}`, "not base64", "", 502, ""},
	} {
		t.Run(tt.result, func(t *testing.T) {
			w := newWorld(t)
			w.run = func(_ context.Context, _ *fakePool, inv *instance.Invocation) (*instance.Result, error) {
				if inv.R != nil || !strings.Contains(string(inv.Event), `"rawPath":"/p"`) {
					t.Errorf("event %s", inv.Event)
				}
				return &instance.Result{Body: []byte(tt.result), InstanceID: "c-1"}, nil
			}
			w.deploy("f", "python3.10", "one")
			g := w.do("GET", "/p", "", "Host: "+w.trigger("f", anonymous("GET")))
			if tt.status == 502 {
				if w.want(g, 502, "BadResponse"); !strings.Contains(g.body, tt.body) {
					t.Errorf("body %s", g.body)
				}
				return
			}
			mine := strings.Join(g.Header.Values("X-Mine"), ",")
			if g.StatusCode != tt.status || g.body != tt.body || g.Header.Get("Content-Type") != tt.kind || mine != tt.header ||
				g.Header.Get("X-Fc-Secret") != "" || g.Header.Get("X-Fc-Instance-Id") != "c-1" {
				t.Errorf("%d %q %v", g.StatusCode, g.body, g.Header)
			}
		})
	}
}

func TestEventFunctionThatFailsOverHTTP(t *testing.T) {
	w := newWorld(t)
	w.run = func(context.Context, *fakePool, *instance.Invocation) (*instance.Result, error) {
		return &instance.Result{Body: []byte(`{"errorMessage":"no"}`), ErrorType: fc.ErrorTypeUnhandled}, nil
	}
	w.deploy("f", "python3.10", "one")
	host := w.trigger("f", anonymous("GET", "POST"))
	g := w.do("GET", "/", "", "Host: "+host)
	if w.want(g, 502, ""); g.body != `{"errorMessage":"no"}` {
		t.Errorf("body %s", g.body)
	}
	w.want(w.do("POST", "/", strings.Repeat("x", fc.MaxSyncBody+1), "Host: "+host), 400, "EntityTooLarge")
	queued := w.accepts()
	w.want(w.do("POST", "/", "x", "Host: "+host, "X-Fc-Invocation-Type: Async"), 202, "")
	if e := (*queued)[0]; e.HTTP != nil || len(e.Payload) == 0 {
		t.Errorf("the asynchronous one: %+v", e)
	}
}
