package debug

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// recorder is a log whose clock goes on by 5 ms at each look.
func recorder() (*Log, *bytes.Buffer) {
	var out bytes.Buffer
	var mu sync.Mutex
	now := time.Unix(1000, 0)
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(5 * time.Millisecond)
		return now
	}
	return New(Options{Out: &out, Now: clock, Start: time.Unix(1000, 0)}), &out
}

func TestLines(t *testing.T) {
	t.Parallel()
	log, out := recorder()
	log.Hide("hush", "hush-and-more", "", "hush", "it's\nhidden")
	log.Linef("access", "%s from %q", "prod", "a place")
	log.Linef("x", "hush, hush-and-more, 100%%")
	log.Linef("x", "two\nlines and \x1b[31mcolour\u009b")
	log.Linef("proxy", "http://me:p@ss@proxy:8080/path and https://x@y and it's\nhidden")
	want := `[     5 ms] access: prod from "a place"
[    10 ms] x: ***, ***, 100%
[    15 ms] x: two\nlines and \x1b[31mcolour\x9b
[    20 ms] proxy: http://***@proxy:8080/path and https://***@y and ***
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out, want)
	}
	if !log.On() {
		t.Error("it isn't on")
	}
}

// TestOff: nil does nothing, and gives a transport as it is.
func TestOff(t *testing.T) {
	var log *Log
	log.Hide("x")
	log.Linef("x", "y")
	log.Tool([]string{"x"})(nil)
	if log.On() || log.Transport(http.DefaultTransport, Requests{Topic: "api"}) != http.DefaultTransport {
		t.Error("nil is on")
	}
	if n := testing.AllocsPerRun(100, func() { log.Linef("x", "y"); log.Transport(http.DefaultTransport, Requests{Topic: "api", Action: "x"}) }); n > 0 {
		t.Errorf("%v allocations of a log that is off", n)
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	New(Options{Out: &out, Paint: func(s string) string { return "<" + s + ">" }}).Linef("a", "b")
	if !regexp.MustCompile(`^<\[ +\d+ ms\] a: b>\n$`).MatchString(out.String()) {
		t.Errorf("%q", &out)
	}
}

// TestWholeLines: lines of several goroutines don't mix.
func TestWholeLines(t *testing.T) {
	t.Parallel()
	log, out := recorder()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 50 {
				log.Hide(fmt.Sprint("secret", i))
				log.Linef("t", "%s", strings.Repeat("x", 200))
			}
		})
	}
	wg.Wait()
	whole := regexp.MustCompile(`^\[ *\d+ ms\] t: x{200}$`)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for _, line := range lines {
		if !whole.MatchString(line) {
			t.Fatalf("%q", line)
		}
	}
	if len(lines) != 400 {
		t.Errorf("%d lines", len(lines))
	}
}

func TestTool(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	log, out := recorder()
	log.Hide("hush it's")
	for _, argv := range [][]string{
		{"sh", "-c", "exit 3 # hush it's"}, {"true", "--token", "abc"}, {"sh", "-c", "kill -9 $$"}, {"/does/not/exist"}, {},
	} {
		ended := log.Tool(argv)
		if len(argv) > 0 {
			ended(exec.Command(argv[0], argv[1:]...).Run())
		} else {
			ended(errors.New("hush it's"))
		}
	}
	got := regexp.MustCompile(`\[ *\d+ ms\] `).ReplaceAllString(out.String(), "")
	want := `tool: started: sh -c 'exit 3 # ***'
tool: sh exited with 3 after 10 ms
tool: started: true --token ***
tool: true exited with 0 after 10 ms
tool: started: sh -c 'kill -9 $$'
tool: sh was ended by a signal: killed after 10 ms
tool: started: /does/not/exist
tool: /does/not/exist failed: fork/exec /does/not/exist: no such file or directory after 10 ms
tool: started: 
tool: nothing failed: *** after 10 ms
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestTransport(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/a/b%2Fc" || r.URL.RawPath == "/a/b%2Fc" {
			w.Header().Set("X-Fc-Request-Id", "R-1")
			w.Header().Set("Set-Cookie", "hush")
		}
		w.WriteHeader(http.StatusTeapot)
	}))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	log, out := recorder()
	ask := func(url string, how Requests, header http.Header) {
		t.Helper()
		r, err := http.NewRequest(http.MethodGet, url, strings.NewReader("hush"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = header
		response, err := log.Transport(&http.Transport{DisableKeepAlives: true}, how).RoundTrip(r)
		if err == nil {
			response.Body.Close()
		}
	}
	ask(server.URL+"/a/b%2Fc?hush=1", Requests{Topic: "api", Action: "GetFunction"}, http.Header{"X-Acs-Version": {"2023-03-30"}, "Authorization": {"hush"}, "X-Acs-Action": {"no"}})
	ask(server.URL, Requests{Topic: "sts"}, http.Header{"X-Acs-Action": {"AssumeRole"}})
	ask(server.URL+"/hush", Requests{Topic: "api", HostOnly: true}, http.Header{})
	ask("http://127.0.0.1:1/x?hush", Requests{Topic: "api"}, http.Header{})
	got := regexp.MustCompile(`\[ *\d+ ms\] `).ReplaceAllString(out.String(), "")
	want := `api: GET HOST/a/b%2Fc (GetFunction 2023-03-30) → 418, request id R-1, 5 ms
sts: GET HOST (AssumeRole) → 418, request id none, 5 ms
api: GET HOST → 418, request id none, 5 ms
api: GET 127.0.0.1:1/x → no answer after 5 ms: dial tcp 127.0.0.1:1: connect: connection refused
`
	if got != strings.ReplaceAll(want, "HOST", host) {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
