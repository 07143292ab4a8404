package instance

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"s/pkg/fc"
)

// serveInstance puts an HTTP server in front of an instance, as the gateway is.
func serveInstance(t *testing.T, i *Instance) (*httptest.Server, func() *Result) {
	results := make(chan *Result, 10)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		res, err := i.Invoke(r.Context(), &Invocation{RequestID: "http-1", R: r, W: w})
		if err != nil {
			t.Error(err)
			return
		}
		results <- res
		if !res.Written {
			w.WriteHeader(http.StatusBadGateway)
			w.Write(res.Body)
		} else if res.ErrorType != "" && res.Body != nil {
			panic(http.ErrAbortHandler)
		}
	}))
	t.Cleanup(srv.Close)
	return srv, func() *Result {
		select {
		case res := <-results:
			return res
		case <-time.After(patience):
			t.Fatal("no result")
			return nil
		}
	}
}

func TestCustomHTTP(t *testing.T) {
	cfg, _ := customConfig(t, fc.Function{})
	srv, result := serveInstance(t, start(t, cfg))
	for _, method := range []string{"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"} {
		req, err := http.NewRequest(method, srv.URL+"/a%2Fb/c?x=1&y=%20", strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "web.example.com"
		req.Header.Set("X-One", "1")
		req.Header.Set("X-Fc-Access-Key-Id", "forged")
		req.Header.Set("Connection", "X-Hop")
		req.Header.Set("X-Hop", "1")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != 418 || resp.Header.Get("X-Answer") != "yes" {
			t.Errorf("%s: %s %v %v", method, resp.Status, resp.Header, err)
		}
		if res := result(); res.ErrorType != "" || !res.Written || res.Body != nil {
			t.Errorf("%s: %+v", method, res)
		}
		if method != "HEAD" {
			checkSeen(t, method, body)
		}
	}
}

// checkSeen checks what the server saw of the request of TestCustomHTTP.
func checkSeen(t *testing.T, method string, body []byte) {
	t.Helper()
	var seen struct {
		Method, Path, Body string
		Headers            map[string]string
	}
	if err := json.Unmarshal(body, &seen); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	h := http.Header{}
	for k, v := range seen.Headers {
		h.Set(k, v)
	}
	if seen.Method != method || seen.Path != "/a%2Fb/c?x=1&y=%20" || seen.Body != "body" {
		t.Errorf("%+v", seen)
	}
	for name, want := range map[string]string{
		"Host": "web.example.com", "X-One": "1", "X-Fc-Access-Key-Id": "KEY", "X-Fc-Control-Path": "/http-invoke",
		"X-Fc-Client-Ip": "127.0.0.1", "X-Hop": "", "X-Fc-Request-Id": "http-1",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %s is %q, want %q", method, name, got, want)
		}
	}
}

func TestCustomHTTPStatus(t *testing.T) {
	cfg, _ := customConfig(t, fc.Function{})
	srv, result := serveInstance(t, start(t, cfg))
	resp, err := http.Get(srv.URL + "/failed")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 500 || string(body) != "the function's own page" {
		t.Errorf("%s %q %v", resp.Status, body, err)
	}
	if h := resp.Header; h.Get("X-Fc-Status") != "" || h.Get("X-Fc-Secret") != "" || h.Get("Server") != "" || len(h["Date"]) != 1 {
		t.Errorf("the platform's headers got out: %v", resp.Header)
	}
	if res := result(); res.ErrorType != fc.ErrorTypeUnhandled || !res.Written {
		t.Errorf("%+v", res)
	}
}

func TestCustomHTTPStream(t *testing.T) {
	cfg, _ := customConfig(t, fc.Function{EnvironmentVariables: map[string]string{"PAUSE": "0.3"}})
	srv, result := serveInstance(t, start(t, cfg))
	resp, err := http.Get(srv.URL + "/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	br := bufio.NewReader(resp.Body)
	if line, err := br.ReadString('\n'); err != nil || line != "t0\n" {
		t.Fatalf("%q %v", line, err)
	}
	// The first part is here while the function still works on the rest.
	if br.Buffered() > 0 {
		t.Error("the parts came together")
	}
	rest, err := io.ReadAll(br)
	if err != nil || string(rest) != "t1\nt2\n" {
		t.Errorf("%q %v", rest, err)
	}
	if res := result(); res.ErrorType != "" || !res.Written {
		t.Errorf("%+v", res)
	}
}

func TestCustomHTTPBreaksOff(t *testing.T) {
	cfg, _ := customConfig(t, fc.Function{})
	i := start(t, cfg)
	srv, result := serveInstance(t, i)
	resp, err := http.Get(srv.URL + "/die")
	if err == nil {
		_, err = io.ReadAll(resp.Body)
		resp.Body.Close()
	}
	if err == nil {
		t.Error("the caller must see that the answer isn't whole")
	}
	if res := result(); res.ErrorType != fc.ErrorTypeUnhandled || !res.Written || !res.Broken {
		t.Errorf("%+v", res)
	}
	ended(t, i)
}

func TestCustomHTTPTimeout(t *testing.T) {
	t.Parallel()
	cfg, _ := customConfig(t, fc.Function{Timeout: 1})
	cfg.Grace = time.Millisecond
	srv, result := serveInstance(t, start(t, cfg))
	resp, err := http.Get(srv.URL + "/slow")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 502 || !strings.Contains(string(body), "Function timed out after 1 seconds") {
		t.Errorf("%s %s %v", resp.Status, body, err)
	}
	if res := result(); res.ErrorType != fc.ErrorTypeTimeout || res.Written {
		t.Errorf("%+v", res)
	}
}

func TestCustomCallerHangsUp(t *testing.T) {
	cfg, logs := customConfig(t, fc.Function{})
	i := start(t, cfg)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for len(logs.of("a")) == 0 {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	if _, err := i.Invoke(ctx, &Invocation{RequestID: "a", Event: []byte("sleep")}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if res := call(t, i, &Invocation{RequestID: "b", Event: []byte("x")}); string(res.Body) != "x" {
		t.Errorf("%+v", res)
	}
}
