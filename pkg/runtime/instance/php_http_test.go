package instance

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/fc"
)

// phpServer serves an HTTP function of FC 2.0.
func phpServer(t *testing.T, mode, handler string) (url string, result func() *Result) {
	t.Helper()
	cfg, _ := phpConfig(t, mode, handler, fc.Function{})
	cfg.HTTPParams = true
	srv, result := serveInstance(t, start(t, cfg))
	return srv.URL, result
}

// fetch sends a request and gives the answer with its body read.
func fetch(t *testing.T, method, url, body string, header http.Header) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(req.Header, header)
	req.Host = "web.example.com"
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(text)
}

func TestPHPRequest(t *testing.T) {
	url, result := phpServer(t, "", "http.handler")
	resp, body := fetch(t, "POST", url+"/p%20q/r?x=1&y=2&y=3", "a=1&b%5B%5D=2", http.Header{
		"X-One": {"1", "2"}, "X-Fc-Region": {"forged"}, "Cookie": {"k=v%20w; empty; l=m"}, "Content-Type": {"application/x-www-form-urlencoded"},
	})
	if resp.StatusCode != 201 || !slices.Equal(resp.Header["Set-Cookie"], []string{"a=1", "b=2"}) || resp.Header.Get("X-Powered-By") != "fc/php-runtime" ||
		resp.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s %v", resp.Status, resp.Header)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	want := map[string]any{
		"method": "POST", "path": "/p q/r", "requestURI": "/p%20q/r?x=1&y=2&y=3", "clientIP": "127.0.0.1", "none": "default",
		"queries": map[string]any{"x": "1", "y": []any{"2", "3"}}, "one": []any{"1", "2"}, "line": "1, 2", "forged": false,
		"cookies": map[string]any{"k": "v w", "l": "m"}, "form": map[string]any{"a": "1", "b": []any{"2"}},
		"body": "a=1&b%5B%5D=2", "again": "a=1&b%5B%5D=2", "uri": "http://web.example.com/p%20q/r?x=1&y=2&y=3",
		"target": "/p%20q/r?x=1&y=2&y=3", "requestId": "http-1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	if res := result(); !res.Written || res.Body != nil || res.ErrorType != "" {
		t.Errorf("%+v", res)
	}
}

func TestPHPResponses(t *testing.T) {
	t.Parallel()
	for handler, want := range map[string]struct {
		status int
		body   string
	}{
		"http.guzzle":       {404, "binary \x00\xff"},
		"http.nothing":      {502, "the handler of an HTTP function must return a PSR-7 response, not string"},
		"http.wrong_header": {502, "the value of the header X-Own is none"},
		"http.fails":        {502, "in http"},
	} {
		url, result := phpServer(t, "", handler)
		resp, body := fetch(t, "GET", url, "", nil)
		if resp.StatusCode != want.status || !strings.Contains(body, want.body) || resp.Header.Get("X-Evil") != "" {
			t.Errorf("%s: %s %v %q", handler, resp.Status, resp.Header, body)
		}
		if res := result(); res.Written != (want.status == 404) {
			t.Errorf("%s: %+v", handler, res)
		}
		if handler == "http.guzzle" && !slices.Equal(resp.Header["X-Own"], []string{"1", "2"}) {
			t.Errorf("%s: %v", handler, resp.Header)
		}
	}
}

// TestPHPTypedInterfaces: our classes fit version 2 of psr/http-message, too, and
// do what it asks.
func TestPHPTypedInterfaces(t *testing.T) {
	url, _ := phpServer(t, "", "typed.handler")
	if resp, body := fetch(t, "GET", url+"//double?x", "", nil); resp.StatusCode != 200 || body != "Fine []" {
		t.Errorf("%s %s: the checks with these numbers failed", resp.Status, body)
	}
}

// debianPHP skips a test without a file of Debian's packages of PHP code.
func debianPHP(t *testing.T, file, pkg string) {
	t.Helper()
	if _, err := os.Stat("/usr/share/php/" + file); err != nil {
		t.Skipf("no package %s (make setup installs it on Debian)", pkg)
	}
}

// TestPHPLibrary is a function that brings a PSR-7 library of others.
func TestPHPLibrary(t *testing.T) {
	debianPHP(t, "GuzzleHttp/Psr7/autoload.php", "php-guzzlehttp-psr7")
	for _, mode := range []string{"", "process"} {
		url, _ := phpServer(t, mode, "library.handler")
		resp, body := fetch(t, "POST", url+"/p?x=1", "the body", http.Header{"X-One": {"1", "2"}})
		want := "its own its own the body POST /p?x=1 HTTP/1.1\r\nHost: web.example.com\r\n"
		if resp.StatusCode != 202 || !strings.HasPrefix(body, want) || !strings.Contains(body, "\r\nX-One: 1, 2\r\n") || !strings.HasSuffix(body, "\r\n\r\nthe body") ||
			!slices.Equal(resp.Header["X-Own"], []string{"1", "2"}) {
			t.Errorf("%s %v %q", resp.Status, resp.Header, body)
		}
	}
}

// TestPHPPsrLogger: the logger has the interface of the function's PSR-3 package.
func TestPHPPsrLogger(t *testing.T) {
	debianPHP(t, "Psr/Log/autoload.php", "php-psr-log")
	cfg, logs := phpConfig(t, "", "psrlog.handler", fc.Function{})
	if res := call(t, start(t, cfg), &Invocation{RequestID: "rid-a"}); string(res.Body) != `FcRuntime\PsrLogger` {
		t.Errorf("%s %s", res.ErrorType, res.Body)
	}
	checkLog(t, framed("<time> <id> [INFO] by the interface"), logs.of("rid-a"), "rid-a")
}
