package fcclient

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"s/pkg/access"
	"s/pkg/fc"
	"s/pkg/fcclient/faultproxy"
)

// byProxy is a client of Function Compute's own hosts whose requests go by way of a
// proxy, and the proxy's certificate, which it doesn't trust yet.
func byProxy(t *testing.T) (*Client, *faultproxy.Proxy, *x509.CertPool) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(fc.HeaderRequestID, "r-1")
		_, _ = w.Write([]byte(`{"functionName":"` + r.Host + `"}`))
	}))
	t.Cleanup(server.Close)
	proxy := faultproxy.New(t, server.URL)
	root, err := os.ReadFile(proxy.Intercept(t)["SSL_CERT_FILE"])
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(root) {
		t.Fatal("no certificate")
	}
	address, err := url.Parse(strings.Replace(proxy.URL, "http://", "http://me:hush-password@", 1))
	if err != nil {
		t.Fatal(err)
	}
	c := New(Config{Region: "cn-hangzhou", Credentials: access.Credentials{AccessKeyID: "a", AccessKeySecret: "b", AccountID: "1"}})
	c.transport.Proxy = http.ProxyURL(address)
	c.transport.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	c.transport.ForceAttemptHTTP2 = false
	t.Cleanup(c.Close)
	return c, proxy, trusted
}

// TestProxies: what goes wrong at a proxy, or behind it, names it, without its
// password, and is known not to have reached the service.
func TestProxies(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		trusts bool
		rule   faultproxy.Rule
		want   string // after the hosts
		sure   bool
	}{
		"it connects":       {trusts: true},
		"it isn't trusted":  {false, faultproxy.Rule{}, "certificate signed by unknown authority", true},
		"it wants a name":   {true, faultproxy.Rule{Method: "CONNECT", Times: -1, Fault: faultproxy.Page(407, "x")}, ": it doesn't connect: 407 Proxy Authentication Required", true},
		"it answers itself": {true, faultproxy.Rule{Path: "functions/f", Times: -1, Fault: faultproxy.Page(403, "Blocked")}, ` isn't Function Compute's: 403 Forbidden, "Blocked"`, true},
		"it hangs up":       {true, faultproxy.Rule{Path: "functions/f", Times: -1, Fault: faultproxy.Fault{Kind: faultproxy.Cut}}, ": the connection was closed", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, proxy, trusted := byProxy(t)
			if tt.trusts {
				c.transport.TLSClientConfig.RootCAs = trusted
			}
			if tt.rule.Kind != "" {
				proxy.Set(tt.rule)
			}
			f, err := c.GetFunction(t.Context(), "f", "")
			const host = "fcv3.cn-hangzhou.aliyuncs.com"
			if tt.want == "" {
				if err != nil || !strings.HasPrefix(f.FunctionName, host) {
					t.Errorf("%+v, %v", f, err)
				}
				return
			}
			way := host + " by way of the proxy " + strings.TrimPrefix(proxy.URL, "http://")
			if err == nil || !strings.Contains(err.Error(), way) || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hush") {
				t.Errorf("%v", err)
			}
			if Unsure(err) == tt.sure {
				t.Errorf("unsure %v: %v", Unsure(err), err)
			}
			var unreachable *UnreachableError
			if errors.As(err, &unreachable) && unreachable.Untrusted() == tt.trusts {
				t.Errorf("untrusted %v", unreachable.Untrusted())
			}
		})
	}
	c, proxy, _ := byProxy(t)
	proxy.Set(faultproxy.Rule{Method: "CONNECT", Times: -1, Fault: faultproxy.Fault{Kind: faultproxy.Hang}})
	c.transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "127.0.0.1:1"})
	if _, err := c.Invoke(t.Context(), InvokeInput{Function: "f"}); err == nil || Unsure(err) || !strings.Contains(err.Error(), "by way of the proxy 127.0.0.1:1: ") {
		t.Errorf("a proxy that isn't there: %v", err)
	}
}

// TestTimes: the times of the environment are those of requests; code adds to them.
func TestTimes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		config time.Duration
		method string
		size   int64
		want   time.Duration
	}{
		{0, http.MethodGet, 0, readTimeout},
		{0, http.MethodPut, 0, controlTimeout},
		{7 * time.Second, http.MethodGet, 0, 7 * time.Second},
		{7 * time.Second, http.MethodPost, 1_000_000, 17 * time.Second},
	} {
		c := New(Config{AnswerTimeout: tt.config, ConnectTimeout: tt.config})
		before := time.Now()
		ctx, cancel := c.bounded(t.Context(), tt.method, tt.size)
		until, bounded := ctx.Deadline()
		if !bounded || until.Sub(before) < tt.want || time.Until(until) > tt.want {
			t.Errorf("%+v: %s", tt, until.Sub(before))
		}
		cancel()
		if got := c.transport.TLSHandshakeTimeout; got != tt.config && (tt.config != 0 || got != connectTimeout) {
			t.Errorf("%+v: connects for %s", tt, got)
		}
	}
}

// TestPause: what the server asks for, as seconds or as a time by its own clock.
func TestPause(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	at := func(t time.Time) string { return t.Format(http.TimeFormat) }
	for _, tt := range []struct {
		after, date string
		want        time.Duration
	}{
		{"3", "", 3 * time.Second},
		{"0", "", 0},
		{"99999999999", "", maxWait},
		{at(now.Add(5 * time.Second)), "", 5 * time.Second},
		{at(now.Add(5 * time.Second)), at(now.Add(2 * time.Second)), 3 * time.Second},
		{at(now.Add(-time.Hour)), "", 0},
		{at(now.Add(time.Hour)), "", maxWait},
	} {
		got := pause(&answer{header: http.Header{"Retry-After": {tt.after}, "Date": {tt.date}}}, time.Second, now)
		if got != tt.want {
			t.Errorf("%+v: %s", tt, got)
		}
	}
	for _, header := range []http.Header{{}, {"Retry-After": {"soon"}}, {"Retry-After": {"-1"}}} {
		if got := pause(&answer{header: header}, time.Second, now); got < time.Second || got > time.Second*5/4 {
			t.Errorf("%v: %s", header, got)
		}
	}
}
