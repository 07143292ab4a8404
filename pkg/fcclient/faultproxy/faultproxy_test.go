package faultproxy

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// server answers with what was asked for, and counts what it got whole.
func server(t *testing.T) (target string, whole, begun *atomic.Int32) {
	t.Helper()
	whole, begun = new(atomic.Int32), new(atomic.Int32)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun.Add(1)
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		whole.Add(1)
		w.Header().Set("X-Host", r.Host)
		if r.URL.Path == "/where" {
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			body = []byte(`{"url":"` + target + `/code"}`)
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, r.Method+" "+r.URL.RequestURI()+" "+string(body))
	}))
	t.Cleanup(s.Close)
	target = s.URL
	return target, whole, begun
}

// ask makes a request on a connection of its own and gives the answer.
func ask(t *testing.T, method, target, body string) (status int, text string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	return response.StatusCode, string(got), err
}

func TestFaults(t *testing.T) {
	t.Parallel()
	const all = "PUT /a/b%2Fc?q=1 some text"
	page := Page(http.StatusBadGateway, "No luck")
	for name, tt := range map[string]struct {
		fault  Fault
		status int // of the answer; 0 is none
		text   string
		broken bool // the answer's body breaks off
		whole  int32
	}{
		"nothing":         {Fault{}, 201, all, false, 1},
		"delay":           {Fault{Kind: Delay, Wait: time.Millisecond}, 201, all, false, 1},
		"cut":             {Fault{Kind: Cut}, 0, "", false, 0},
		"cut in the body": {Fault{Kind: CutBody}, 0, "", false, 0},
		"lost":            {Fault{Kind: Lost}, 0, "", false, 1},
		"lost half":       {Fault{Kind: LostHalf}, 201, all[:len(all)/2], true, 1},
		"lost garbled":    {Fault{Kind: LostGarbled}, 201, all[:len(all)/2], false, 1},
		"old HTTP":        {Fault{Kind: OldHTTP}, 201, all, false, 1},
		"page":            {page, 502, page.Body, false, 0},
		"lost answer":     {Fault{Kind: LostAnswer, Status: 500, Body: "x"}, 500, "x", false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target, whole, begun := server(t)
			p := New(t, target)
			if tt.fault.Kind != "" {
				p.Set(Rule{Method: "PUT", Path: "a/*", Fault: tt.fault})
			}
			status, text, err := ask(t, "PUT", p.URL+"/a/b%2Fc?q=1", "some text")
			if status != tt.status || text != tt.text || (err != nil) != (tt.broken || tt.status == 0) {
				t.Errorf("%d %q %v", status, text, err)
			}
			if tt.fault.Kind == CutBody {
				for deadline := time.Now().Add(20 * time.Second); begun.Load() == 0 && time.Now().Before(deadline); {
					time.Sleep(time.Millisecond)
				}
				if begun.Load() != 1 {
					t.Error("the server heard nothing of it")
				}
			}
			calls := p.Calls()
			if len(calls) != 1 || calls[0].Fault != tt.fault.Kind || calls[0].Path != "/a/b%2Fc" || calls[0].Query.Get("q") != "1" ||
				calls[0].Passed != (tt.whole == 1) || calls[0].Passed != (calls[0].Status == 201) {
				t.Errorf("%+v", calls)
			}
			if whole.Load() != tt.whole {
				t.Errorf("the server got %d whole requests", whole.Load())
			}
			// The fault is over.
			if status, text, err := ask(t, "PUT", p.URL+"/a/b%2Fc?q=1", "some text"); status != 201 || text != all || err != nil {
				t.Errorf("then: %d %q %v", status, text, err)
			}
		})
	}
}

// TestSilence: who gives up ends the waiting.
func TestSilence(t *testing.T) {
	t.Parallel()
	for kind, reaches := range map[Kind]int32{Hang: 0, LostInSilence: 1, Delay: 0} {
		target, whole, _ := server(t)
		p := New(t, target)
		p.Set(Rule{Fault: Fault{Kind: kind, Wait: time.Hour}})
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL, strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(r)
		if err == nil {
			response.Body.Close()
		}
		if !errors.Is(err, context.DeadlineExceeded) || whole.Load() > reaches {
			t.Errorf("%s: %v, the server got %d", kind, err, whole.Load())
		}
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	target, _, _ := server(t)
	p := New(t, target)
	no := Refused(http.StatusTooManyRequests, "Throttling", "Retry-After", "3")
	for name, tt := range map[string]struct {
		rule Rule
		want string // of four GETs of /v/functions/f and one of /v/functions/f/triggers
	}{
		"the first":      {Rule{Fault: no}, "x...."},
		"the third":      {Rule{Path: "functions/*", Nth: 3, Fault: no}, "..x.."},
		"two":            {Rule{Nth: 2, Times: 2, Fault: no}, ".xx.."},
		"all":            {Rule{Method: "GET", Times: -1, Fault: no}, "xxxxx"},
		"another path":   {Rule{Path: "functions/*/triggers", Times: -1, Fault: no}, "....x"},
		"a longer path":  {Rule{Path: "a/b/c/d/e/f", Times: -1, Fault: no}, "....."},
		"another method": {Rule{Method: "PUT", Times: -1, Fault: no}, "....."},
	} {
		p.Set(tt.rule)
		got := ""
		for i := range 5 {
			path := "/v/functions/f"
			if i == 4 {
				path += "/triggers"
			}
			status, text, err := ask(t, "GET", p.URL+path, "")
			switch {
			case err != nil:
				t.Fatal(err)
			case status == http.StatusTooManyRequests && strings.Contains(text, `"Code":"Throttling"`):
				got += "x"
			default:
				got += "."
			}
		}
		if got != tt.want || p.Met() != strings.Count(tt.want, "x") || len(p.Calls()) != 5 {
			t.Errorf("%s: %s, want %s; %d met it", name, got, tt.want, p.Met())
		}
	}
}

// through makes a client whose requests go by way of the proxy and which trusts it.
func through(t *testing.T, vars map[string]string) *http.Client {
	t.Helper()
	proxy, err := url.Parse(vars["HTTPS_PROXY"])
	if err != nil {
		t.Fatal(err)
	}
	root, err := os.ReadFile(vars["SSL_CERT_FILE"])
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(root) {
		t.Fatal("no certificate")
	}
	transport := &http.Transport{Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// TestIntercept: a client reaches the server by the name of any host, encrypted or
// not, and meets faults there; the proxy may refuse to connect.
func TestIntercept(t *testing.T) {
	t.Parallel()
	target, _, _ := server(t)
	p := New(t, target)
	client := through(t, p.Intercept(t))
	for _, base := range []string{"https://fc.example.test", "http://fc.example.test", "https://other.example.test:444"} {
		p.Set()
		response, err := client.Get(base + "/x")
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		_, host, _ := strings.Cut(base, "://")
		if err != nil || string(text) != "GET /x " || response.Header.Get("X-Host") != host {
			t.Errorf("%s: %q, host %s, %v", base, text, response.Header.Get("X-Host"), err)
		}
		calls := p.Calls()
		if last := calls[len(calls)-1]; last.Host != host || len(calls) != 1+strings.Count(base, "https") {
			t.Errorf("%+v", calls)
		}
	}
	p.Set(Rule{Path: "x", Fault: Fault{Kind: LostHalf}})
	response, err := client.Get("https://fc.example.test/x")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text, err := io.ReadAll(response.Body); err == nil || string(text) != "GET" {
		t.Errorf("%q, %v", text, err)
	}
	for _, fault := range []Fault{Refused(http.StatusProxyAuthRequired, "no"), {Kind: Cut}} {
		p.Set(Rule{Method: http.MethodConnect, Fault: fault})
		if response, err := client.Get("https://third.example.test/x"); err == nil {
			response.Body.Close()
			t.Error("it connected")
		}
	}
	bare := New(t, target)
	if response, err := through(t, map[string]string{"HTTPS_PROXY": bare.URL, "SSL_CERT_FILE": p.Intercept(t)["SSL_CERT_FILE"]}).Get("https://fc.example.test/x"); err == nil {
		response.Body.Close()
		t.Error("a proxy that doesn't intercept connected")
	}
}

// TestServerGone: without a server there is no answer, whatever the fault.
func TestServerGone(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	p := New(t, gone.URL)
	for _, kind := range []Kind{"", Lost, OldHTTP} {
		p.Set(Rule{Fault: Fault{Kind: kind}})
		if status, _, err := ask(t, "GET", p.URL, ""); err == nil {
			t.Errorf("%q: status %d", kind, status)
		}
		if calls := p.Calls(); calls[0].Passed {
			t.Errorf("%+v", calls)
		}
	}
}

// TestAnswersLeadThroughTheProxy: what a document names of the server is reached by
// way of the proxy.
func TestAnswersLeadThroughTheProxy(t *testing.T) {
	t.Parallel()
	target, _, _ := server(t)
	p := New(t, target)
	p.Set(Rule{Nth: 2, Fault: Fault{Kind: OldHTTP}})
	for range 2 {
		if _, text, err := ask(t, "GET", p.URL+"/where", ""); err != nil || !strings.HasSuffix(text, `{"url":"`+p.URL+`/code"}`) {
			t.Errorf("%q, %v", text, err)
		}
	}
}
