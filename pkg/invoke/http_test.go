package invoke_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/fcclient"
	"s/pkg/invoke"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

func TestReadRequest(t *testing.T) {
	t.Parallel()
	for event, change := range map[string]func(*fcclient.HTTPCall){
		"":                               nil,
		" \n":                            nil,
		"{}":                             nil,
		"null":                           nil,
		`{"method":"","path":""}`:        nil,
		`{"method":null,"headers":null}`: nil,
		`{"method":"post","body":"a\u0000ü"}`: func(c *fcclient.HTTPCall) {
			c.Method, c.Body = http.MethodPost, []byte("a\x00ü")
		},
		`{"path":"a b/ü"}`:   func(c *fcclient.HTTPCall) { c.Path = "/a%20b/%C3%BC" },
		`{"path":"/a%2Fb/"}`: func(c *fcclient.HTTPCall) { c.Path = "/a%2Fb/" },
		`{"path":"//h/x"}`:   func(c *fcclient.HTTPCall) { c.Path = "//h/x" },
		`{"queries":{"a":["x",2,true],"big":12345678901234567890,"e":""}}`: func(c *fcclient.HTTPCall) {
			c.Query = url.Values{"a": {"x", "2", "true"}, "big": {"12345678901234567890"}, "e": {""}}
		},
		`{"headers":{"x-own":["1","2"],"Accept":"text/plain"}}`: func(c *fcclient.HTTPCall) {
			c.Header = http.Header{"X-Own": {"1", "2"}, "Accept": {"text/plain"}}
		},
	} {
		want := &fcclient.HTTPCall{Method: http.MethodGet, Path: "/", Query: url.Values{}, Header: http.Header{}}
		if change != nil {
			change(want)
		}
		got, err := invoke.ReadRequest([]byte(event))
		if err != nil {
			t.Errorf("%s: %v", event, err)
			continue
		}
		if len(got.Body) == 0 {
			got.Body = nil
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", event, d)
		}
	}
}

func TestReadRequestRefuses(t *testing.T) {
	t.Parallel()
	io, _, _, _ := iostreams.Test()
	io.SetLang("zh")
	han := regexp.MustCompile(`^\p{Han}`)
	for event, want := range map[string]string{
		"hello":                         "describes a request, as a JSON object with method, path",
		"[1]":                           "describes a request",
		`{} {}`:                         "describes a request",
		`{"url":"/"}`:                   `"url", which no request has: there are method, path, queries, headers, body`,
		`{"Method":"GET"}`:              `"Method"`,
		`{"method":5}`:                  "not 5",
		`{"method":"GE T"}`:             "one like GET",
		`{"path":["/"]}`:                "path of the event must be a text",
		`{"path":"/a?b=1"}`:             "belongs into queries",
		`{"path":"/a#b"}`:               "%23 is #",
		`{"path":"/%zz"}`:               "no URL can have",
		`{"path":"/a\n"}`:               "no URL can have",
		`{"queries":"a=1"}`:             "queries of the event must be an object",
		`{"queries":{"a":{"b":1}}}`:     "queries.a of the event",
		`{"queries":{"a":[[1]]}}`:       "queries.a of the event",
		`{"queries":{"a":null}}`:        "queries.a of the event",
		`{"headers":["a"]}`:             "headers of the event must be an object",
		`{"headers":{"a b":"1"}}`:       "none that HTTP has",
		`{"headers":{"":"1"}}`:          "none that HTTP has",
		`{"headers":{"a":"1\r\nb: 2"}}`: "none that HTTP has",
		`{"headers":{"host":"h"}}`:      "leave it out",
		`{"headers":{"x-fc-log-type":"Tail","a":"b"}}`: "leave it out",
		`{"headers":{"X-Fc-Invocation-Type":"Async"}}`: "leave it out",
		`{"body":{"a":1}}`: "must be a text",
		`{"body":7}`:       "must be a text",
	} {
		if got, err := invoke.ReadRequest([]byte(event)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v, %v", event, got, err)
		} else if text := diag.In(err, io.Text); !han.MatchString(text) {
			t.Errorf("%s: %s", event, text)
		}
	}
	_, err := invoke.ReadRequest([]byte(`{"path":"/a#b"}`))
	if got := diag.In(err, io.Text); got != `事件的 path 是 "/a#b"：? 之后的内容应放入 queries，# 写作 %23` {
		t.Error(got)
	}
}

// FuzzReadRequest looks for events whose request can't be made after all.
func FuzzReadRequest(f *testing.F) {
	for _, seed := range []string{"", `{"path":"/a%2fb","queries":{"a":[1,true]},"headers":{"x":"y"},"body":"z"}`, `{"path":"//%41"}`, `{"method":"~"}`} {
		f.Add([]byte(seed))
	}
	client := fcclient.New(fcclient.Config{Endpoint: "http://127.0.0.1:1", Region: "r", V2: true})
	f.Fuzz(func(t *testing.T, event []byte) {
		call, err := invoke.ReadRequest(event)
		if err != nil {
			return
		}
		call.Function = "svc$f"
		address, err := client.HTTPURL(*call)
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequest(call.Method, address, nil)
		if err != nil {
			t.Fatalf("%q: %v", event, err)
		}
		if r.URL.Host != "127.0.0.1:1" || r.URL.EscapedPath() != "/2016-08-15/proxy/svc/f"+call.Path || r.URL.Fragment != "" {
			t.Errorf("%q asks %s", event, r.URL)
		}
		if d := cmp.Diff(call.Query, r.URL.Query()); d != "" {
			t.Errorf("%q: %s", event, d)
		}
	})
}

func TestHTTPTriggerOfAFunction(t *testing.T) {
	t.Parallel()
	timer := fc.Trigger{TriggerName: "timer", TriggerType: fc.TriggerTimer}
	first := fc.Trigger{TriggerName: "first", TriggerType: fc.TriggerHTTP}
	prod := fc.Trigger{TriggerName: "prod", TriggerType: fc.TriggerHTTP, Qualifier: "prod"}
	service := &fc.Service{ServiceName: "svc"}
	for _, tt := range []struct {
		resource        spec.Resource
		qualifier, want string
	}{
		{resource: spec.Resource{Triggers: []fc.Trigger{first}}}, // FC 3.0
		{resource: spec.Resource{Service: service, Triggers: []fc.Trigger{timer}}},
		{resource: spec.Resource{Service: service, Triggers: []fc.Trigger{timer, first, prod}}, want: "first"},
		{resource: spec.Resource{Service: service, Triggers: []fc.Trigger{timer, first, prod}}, qualifier: "prod", want: "prod"},
		{resource: spec.Resource{Service: service, Triggers: []fc.Trigger{first, prod}}, qualifier: "7", want: "first"},
	} {
		got := invoke.HTTPTrigger(&tt.resource, tt.qualifier)
		if got == nil && tt.want != "" || got != nil && got.TriggerName != tt.want {
			t.Errorf("%+v of %s: %+v", tt.resource.Triggers, tt.qualifier, got)
		}
	}
}

// webTarget answers a trigger with what it was asked.
type webTarget struct {
	invoke.Target
	asked fcclient.HTTPCall
}

func (w *webTarget) HTTPURL(fcclient.HTTPCall) (string, error) { return "http://h/", nil }

func (w *webTarget) CallHTTP(_ context.Context, in fcclient.HTTPCall) (*fc.InvokeResult, error) {
	w.asked = in
	return &fc.InvokeResult{StatusCode: 404, Body: []byte("page"), LogTail: "one\ntwo\n"}, nil
}

func TestCallOfATrigger(t *testing.T) {
	t.Parallel()
	target := &webTarget{}
	req := request(true) // this target can't stream: the log comes with the answer
	req.HTTP = &fcclient.HTTPCall{Function: "svc$f", Method: "GET", Path: "/x"}
	out, err := invoke.Call(context.Background(), target, req)
	if err != nil || out.Failed() || out.StatusCode != 404 || string(out.Body) != "page" {
		t.Fatalf("%+v, %v", out, err)
	}
	if d := cmp.Diff([]string{"one", "two"}, out.Logs); d != "" {
		t.Error(d)
	}
	if !target.asked.LogTail || target.asked.Path != "/x" || req.HTTP.LogTail {
		t.Errorf("asked %+v", target.asked)
	}
	if _, err := invoke.Call(context.Background(), struct{ invoke.Target }{}, req); err == nil {
		t.Error("a target that can't call triggers did")
	}
}
