package deploycmd

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	"s/pkg/fc"
	"s/pkg/fcclient"
	"s/pkg/fcclient/fctest"
	"s/pkg/spec"
)

// fault is what a proxy does with a request instead of passing it on, or with its
// answer.
type fault struct {
	method, path string // of the requests that meet it; path is the end
	times        int32
	before       func(http.ResponseWriter) // instead of the request
	after        func(http.ResponseWriter) // instead of the answer, once the server gave it
}

// through puts a proxy between the client and the server, which the fault is in.
func through(t *testing.T, w *cmdtest.World, f *fault) {
	t.Helper()
	target, err := url.Parse(w.Server.URL)
	if err != nil {
		t.Fatal(err)
	}
	next := httputil.NewSingleHostReverseProxy(target) // it leaves Host, which is signed
	left := new(atomic.Int32)
	left.Store(f.times)
	proxy := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		meets := r.Method == f.method && strings.HasSuffix(r.URL.Path, f.path) && left.Add(-1) >= 0
		switch {
		case meets && f.before != nil:
			f.before(rw)
		case meets:
			next.ServeHTTP(httptest.NewRecorder(), r)
			f.after(rw)
		default:
			next.ServeHTTP(rw, r)
		}
	}))
	t.Cleanup(proxy.Close)
	w.Target.Client = func(r *spec.Resource) (*fcclient.Client, error) {
		return fcclient.New(fcclient.Config{Region: r.Region, Credentials: fctest.Credentials(), Endpoint: proxy.URL, V2: r.Service != nil}), nil
	}
}

// cut closes the connection after the first part of an answer, or none.
func cut(part string) func(http.ResponseWriter) {
	return func(rw http.ResponseWriter) {
		connection, buffer, err := http.NewResponseController(rw).Hijack()
		if err != nil {
			return
		}
		buffer.WriteString(part)
		buffer.Flush()
		connection.Close()
	}
}

func refusal(status int, code string, header ...string) func(http.ResponseWriter) {
	return func(rw http.ResponseWriter) {
		for i := 0; i < len(header); i += 2 {
			rw.Header().Set(header[i], header[i+1])
		}
		rw.WriteHeader(status)
		fmt.Fprintf(rw, `{"Code":%q,"Message":"m","RequestId":"r"}`, code)
	}
}

// TestFaultsOfTheNetwork: the report says what was done and what wasn't, the hint
// what to do, and the next run does what is left, nothing twice.
func TestFaultsOfTheNetwork(t *testing.T) {
	t.Parallel()
	const half = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"functionName\":"
	early := time.Now().Add(2 * time.Hour).UTC().Format(http.TimeFormat)
	untried := []string{"function hello failed", "trigger t was not tried"}
	late := []string{"function hello created", "trigger t failed"}
	for name, tt := range map[string]struct {
		fault fault
		code  int // of the exit; 0 gets through
		hint  string
		tells []string
	}{
		"503 with Retry-After":           {fault{"GET", "/functions/hello", 2, refusal(503, "ServiceUnavailable", "Retry-After", "0"), nil}, 0, "", nil},
		"429 of a create":                {fault{"POST", "/functions", 2, refusal(429, "Throttling", "Retry-After", "0"), nil}, 0, "", nil},
		"expired token":                  {fault{"POST", "/functions", 1, refusal(403, fc.CodeTokenExpired), nil}, cmdutil.ExitCloud, "temporary keys of access test have expired", untried},
		"clocks differ":                  {fault{"GET", "/functions/hello", 1, refusal(403, fc.CodeSignatureNotMatch, "Date", early), nil}, cmdutil.ExitCloud, "behind the service's", nil},
		"cut before a create":            {fault{"POST", "/functions", 1, cut(""), nil}, cmdutil.ExitFailed, "then run `s deploy` again", untried},
		"cut in the answer to a create":  {fault{"POST", "/functions", 1, nil, cut(half)}, cmdutil.ExitFailed, "then run `s deploy` again", untried},
		"cut in the answer to a trigger": {fault{"POST", "/triggers", 1, nil, cut(half)}, cmdutil.ExitFailed, "then run `s deploy` again", late},
		"cut in the answer to a read":    {fault{"GET", "/functions/hello", 1, nil, cut(half)}, 0, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := cmdtest.New(t, spec.Edition3)
			w.Resource().Triggers = []fc.Trigger{{TriggerName: "t", TriggerType: fc.TriggerTimer, TriggerConfig: `{}`}}
			through(t, w, &tt.fault)
			err := w.Run(command(w, nil), "-y")
			if tt.code == 0 && err != nil || tt.code != 0 && (exitCode(err) != tt.code || !strings.Contains(hint(err), tt.hint)) {
				t.Fatalf("%v (%d), hint %q\n%s", err, exitCode(err), hint(err), w.Stderr())
			}
			w.WantStderr(tt.tells...)
			if err := w.Run(command(w, nil), "-y"); err != nil || w.Server.Trigger("hello", "t") == nil {
				t.Fatalf("the next run: %v\n%s", err, w.Stderr())
			}
			w.Server.Reset()
			if err := w.Run(command(w, nil), "-y"); err != nil || len(w.Server.Writes()) > 0 {
				t.Errorf("it isn't settled: %v, %v", err, w.Server.Writes())
			}
		})
	}
}

// TestAnUpdateThatIsCut is sent again: it asks for the same.
func TestAnUpdateThatIsCut(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	if err := w.Run(command(w, nil), "-y"); err != nil {
		t.Fatal(err)
	}
	through(t, w, &fault{method: "PUT", path: "/functions/hello", times: 1, after: cut("HTTP/1.1 200 OK\r\nContent-Le")})
	w.Resource().Function.Timeout = 77
	if err := w.Run(command(w, nil), "-y"); err != nil || w.Server.Function("hello")["timeout"] != 77.0 {
		t.Errorf("%v\n%s", err, w.Stderr())
	}
}
