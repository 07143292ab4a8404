package fcclient_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"s/pkg/access"
	"s/pkg/fc"
	"s/pkg/fc/fcsign"
	"s/pkg/fcclient"
	"s/pkg/fcclient/fctest"
)

// web is an endpoint whose triggers answer with serve.
func web(t *testing.T, serve http.HandlerFunc) *fcclient.Client {
	t.Helper()
	server := httptest.NewServer(serve)
	t.Cleanup(server.Close)
	client := fcclient.New(fcclient.Config{Region: "cn-hangzhou", Credentials: fctest.Credentials(), Endpoint: server.URL, V2: true})
	t.Cleanup(client.Close)
	return client
}

func TestCallHTTP(t *testing.T) {
	t.Parallel()
	keys := fcsign.Keys{AccessKeyID: fctest.AccessKeyID, AccessKeySecret: fctest.AccessKeySecret}
	verifier := fcsign.NewVerifier(func(id string) (fcsign.Keys, bool) { return keys, id == keys.AccessKeyID }, time.Now)
	binary := "\x00\xff\x1f\x8b"
	for _, signed := range []bool{true, false} {
		client := web(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if r.Method != "PUT" || r.URL.EscapedPath() != "/2016-08-15/proxy/svc.prod/f/a%2Fb" || r.URL.RawQuery != "q=1+2&z=" || string(body) != binary {
				t.Errorf("%s %s, body %q", r.Method, r.URL, body)
			}
			if _, err := verifier.Verify(r); (err == nil) != signed {
				t.Errorf("signature: %v", err)
			}
			for name, want := range map[string]string{
				"X-Own": "mine", fc.HeaderLogType: "Tail", fc.HeaderLogSession: "s1", fc.HeaderRegion: "cn-hangzhou", "Accept-Encoding": "identity",
			} {
				if got := r.Header.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			w.Header().Set(fc.HeaderRequestID, "r1")
			w.Header().Set(fc.HeaderLogResult, base64.StdEncoding.EncodeToString([]byte("line\n")))
			w.Header().Set("Content-Encoding", "gzip") // it isn't
			w.Header()["Set-Cookie"] = []string{"a=1", "b=2"}
			w.WriteHeader(http.StatusFound)
			_, _ = io.WriteString(w, binary)
		})
		got, err := client.CallHTTP(context.Background(), fcclient.HTTPCall{
			Function: "svc$f", Qualifier: "prod", Method: "PUT", Path: "/a%2Fb", Query: url.Values{"q": {"1 2"}, "z": {""}},
			Header: http.Header{"X-Own": {"mine"}}, Body: []byte(binary), Signed: signed, LogTail: true, LogSession: "s1",
		})
		if err != nil {
			t.Fatal(err)
		}
		if got.StatusCode != 302 || string(got.Body) != binary || got.RequestID != "r1" || got.LogTail != "line\n" || len(got.Header["Set-Cookie"]) != 2 {
			t.Errorf("%+v", got)
		}
	}
}

// What the function answers is a result, what the service says an error.
func TestWhoseAnswerOfATrigger(t *testing.T) {
	t.Parallel()
	const document = `{"ErrorCode":"FunctionNotFound","ErrorMessage":"no such function"}`
	for _, tt := range []struct {
		name, body string
		status     int
		header     map[string]string
		code       string // of an APIError
		foreign    bool
	}{
		{name: "a page that isn't there", status: 404, body: "<html>nothing</html>", header: map[string]string{fc.HeaderRequestID: "r"}},
		{name: "an error of the function's own making", status: 500, body: `{"error":"mine"}`, header: map[string]string{fc.HeaderRequestID: "r"}},
		{name: "one that looks like the service's", status: 404, body: document, header: map[string]string{fc.HeaderRequestID: "r", fc.HeaderInstanceID: "c"}},
		{name: "a failed function", status: 502, body: document, header: map[string]string{fc.HeaderRequestID: "r", fc.HeaderErrorType: "UnhandledInvocationError"}},
		{name: "the service's", status: 404, body: document, header: map[string]string{fc.HeaderRequestID: "r"}, code: fc.CodeFunctionNotFound},
		{name: "a document that only looks like it", status: 200, body: document, header: map[string]string{fc.HeaderRequestID: "r"}},
		{name: "a login page", status: 200, body: "<html><title>Log in</title></html>", foreign: true},
		{name: "a proxy", status: 503, body: "busy", foreign: true},
	} {
		client := web(t, func(w http.ResponseWriter, _ *http.Request) {
			for name, value := range tt.header {
				w.Header().Set(name, value)
			}
			w.WriteHeader(tt.status)
			_, _ = io.WriteString(w, tt.body)
		})
		got, err := client.CallHTTP(context.Background(), fcclient.HTTPCall{Function: "svc$f", Method: "GET", Path: "/"})
		var foreign *fcclient.ForeignError
		switch {
		case tt.code != "":
			if !fc.IsCode(err, tt.code) {
				t.Errorf("%s: %v", tt.name, err)
			}
		case tt.foreign:
			if !errors.As(err, &foreign) {
				t.Errorf("%s: %v", tt.name, err)
			}
		case err != nil || got.StatusCode != tt.status || string(got.Body) != tt.body:
			t.Errorf("%s: %+v, %v", tt.name, got, err)
		}
	}
}

func TestHTTPURLOfFunctionCompute(t *testing.T) {
	t.Parallel()
	client := fcclient.New(fcclient.Config{Region: "cn-hangzhou", Credentials: access.Credentials{AccountID: "42"}, V2: true})
	got, err := client.HTTPURL(fcclient.HTTPCall{Function: "svc$f", Path: "/x"})
	if want := "https://42.cn-hangzhou.fc.aliyuncs.com/2016-08-15/proxy/svc/f/x"; err != nil || got != want {
		t.Errorf("%s, %v", got, err)
	}
	nobody := fcclient.New(fcclient.Config{Region: "cn-hangzhou", V2: true})
	if _, err := nobody.CallHTTP(context.Background(), fcclient.HTTPCall{Function: "svc$f", Path: "/"}); err == nil || !strings.Contains(err.Error(), "account id") {
		t.Error(err)
	}
	var limit *fcclient.LimitError
	if _, err := client.CallHTTP(context.Background(), fcclient.HTTPCall{Body: make([]byte, fc.MaxSyncBody+1)}); !errors.As(err, &limit) {
		t.Error(err)
	}
}
