package fcsign

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"s/pkg/fc"
)

func signed(t *testing.T, scheme Scheme, method, target, body string, keys Keys, now time.Time) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, "http://127.0.0.1:19800"+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Fc-Region", "cn-hangzhou")
	switch scheme {
	case SchemeFC:
		SignFC(r, keys, now)
	default:
		SignACS3(r, keys, Operation{Action: "GetFunction", Version: fc.APIVersion3}, payloadOf(body), now)
	}
	return received(r, body)
}

// received is r as a server sees it.
func received(r *http.Request, body string) *http.Request {
	got := httptest.NewRequest(r.Method, r.URL.RequestURI(), strings.NewReader(body))
	got.Host = r.URL.Host
	got.Header = r.Header.Clone()
	return got
}

func payloadOf(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

func testKeys() Keys { return Keys{AccessKeyID: "id", AccessKeySecret: "secret"} }

func lookup(keys ...Keys) func(string) (Keys, bool) {
	return func(id string) (Keys, bool) {
		for _, k := range keys {
			if k.AccessKeyID == id {
				return k, true
			}
		}
		return Keys{}, false
	}
}

func TestOwnSignaturesVerify(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	targets := []string{
		"/2023-03-30/functions",
		"/2023-03-30/functions/svc$fn",
		"/2023-03-30/functions/svc%24fn/triggers/a%2Fb",
		"/2023-03-30/functions/he%20llo?qualifier=LATEST&limit=1&empty=",
		"/2023-03-30/functions?prefix=a%20b&tags=%5B%22x%2Ay%22%5D&x=~",
		"/2023-03-30/functions/f/instances/c-1/exec?command=sh&command=-c&command=ls+-l&tty=true",
		"/2016-08-15/proxy/s.LATEST/f/some/path?b=2&a=1&a=0",
		"/_s/status",
	}
	for _, scheme := range []Scheme{SchemeACS3, SchemeFC} {
		for _, target := range targets {
			t.Run(string(scheme)+target, func(t *testing.T) {
				v := NewVerifier(lookup(testKeys()), func() time.Time { return now })
				r := signed(t, scheme, "GET", target, "some body", testKeys(), now)
				if _, err := v.Verify(r); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadAll(r.Body); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

func TestFCSignatureCoversTheQueryOfTriggersOnly(t *testing.T) {
	now := time.Unix(1700000000, 0)
	for target, covered := range map[string]bool{
		"/2016-08-15/proxy/s/f/p?a=1":         true,
		"/2023-03-30/proxy/f/p?a=1":           true,
		"/anything?a=1":                       true,
		"/2016-08-15/services?a=1":            false,
		"/2023-03-30/functions/f?qualifier=1": false,
	} {
		v := NewVerifier(lookup(testKeys()), func() time.Time { return now })
		r := signed(t, SchemeFC, "GET", target, "", testKeys(), now)
		r.URL.RawQuery += "0"
		_, err := v.Verify(r)
		if refused := fc.IsCode(err, fc.CodeSignatureNotMatch); refused != covered {
			t.Errorf("%s: changed query: %v", target, err)
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	sts := Keys{AccessKeyID: "STS.id", AccessKeySecret: "secret", SecurityToken: "token"}
	tests := []struct {
		name   string
		scheme Scheme
		keys   Keys
		clock  time.Duration
		change func(*http.Request)
		code   string
		status int
	}{
		{name: "no authorization", change: func(r *http.Request) { r.Header.Del("Authorization") }, code: fc.CodeMissingRequiredHeader, status: 400},
		{name: "unknown key", keys: Keys{AccessKeyID: "other", AccessKeySecret: "x"}, code: fc.CodeInvalidAccessKeyID, status: 403},
		{name: "wrong secret", keys: Keys{AccessKeyID: "id", AccessKeySecret: "x"}, code: fc.CodeSignatureNotMatch, status: 403},
		{name: "wrong secret, FC", scheme: SchemeFC, keys: Keys{AccessKeyID: "id", AccessKeySecret: "x"}, code: fc.CodeSignatureNotMatch, status: 403},
		{name: "late", clock: MaxSkew + time.Second, code: fc.CodeAccessDenied, status: 403},
		{name: "early", clock: -MaxSkew - time.Second, code: fc.CodeAccessDenied, status: 403},
		{name: "late, FC", scheme: SchemeFC, clock: MaxSkew + time.Second, code: fc.CodeAccessDenied, status: 403},
		{name: "no date", change: func(r *http.Request) { r.Header.Del(headerACSDate) }, code: fc.CodeMissingRequiredHeader, status: 400},
		{name: "no date, FC", scheme: SchemeFC, change: func(r *http.Request) { r.Header.Del("Date") }, code: fc.CodeMissingRequiredHeader, status: 400},
		{name: "no date in ACS3 but Date", change: func(r *http.Request) {
			r.Header.Del(headerACSDate)
			r.Header.Set("Date", now.Format(http.TimeFormat))
		}, code: fc.CodeMissingRequiredHeader, status: 400},
		{name: "odd date", change: func(r *http.Request) { r.Header.Set(headerACSDate, "yesterday") }, code: fc.CodeInvalidArgument, status: 400},
		{name: "no hash", change: func(r *http.Request) { r.Header.Del(headerContentSHA) }, code: fc.CodeMissingRequiredHeader, status: 400},
		{name: "unsigned host", change: unsign("host;"), code: fc.CodeInvalidArgument, status: 400},
		{name: "unsigned hash", change: unsign("x-acs-content-sha256;"), code: fc.CodeInvalidArgument, status: 400},
		{name: "other host", change: func(r *http.Request) { r.Host = "evil.example" }, code: fc.CodeSignatureNotMatch, status: 403},
		{name: "broken query", change: func(r *http.Request) { r.URL.RawQuery = "a=%zz" }, code: fc.CodeInvalidArgument, status: 400},
		{name: "token missing", keys: sts, change: func(r *http.Request) {}, code: "", status: 0},
		{name: "token of another", keys: Keys{AccessKeyID: "STS.id", AccessKeySecret: "secret", SecurityToken: "x"}, code: "InvalidSecurityToken", status: 403},
		{name: "token of another, FC", scheme: SchemeFC, keys: Keys{AccessKeyID: "STS.id", AccessKeySecret: "secret"}, code: "InvalidSecurityToken", status: 403},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			keys := tt.keys
			if keys.AccessKeyID == "" {
				keys = testKeys()
			}
			scheme := tt.scheme
			if scheme == "" {
				scheme = SchemeACS3
			}
			r := signed(t, scheme, "POST", "/2023-03-30/functions?limit=1", "{}", keys, now)
			if tt.change != nil {
				tt.change(r)
			}
			v := NewVerifier(lookup(testKeys(), sts), func() time.Time { return now.Add(tt.clock) })
			_, err := v.Verify(r)
			if tt.code == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if !fc.IsCode(err, tt.code) {
				t.Fatalf("err = %v, want code %s", err, tt.code)
			}
			if got := err.(*fc.APIError).Status; got != tt.status {
				t.Errorf("status = %d, want %d", got, tt.status)
			}
		})
	}
}

func unsign(name string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), name, "", 1))
	}
}

func TestSkewIsAllowedUpToItsLimit(t *testing.T) {
	now := time.Unix(1700000000, 0)
	for _, skew := range []time.Duration{-MaxSkew, 0, MaxSkew} {
		r := signed(t, SchemeACS3, "GET", "/2023-03-30/functions", "", testKeys(), now)
		v := NewVerifier(lookup(testKeys()), func() time.Time { return now.Add(skew) })
		if _, err := v.Verify(r); err != nil {
			t.Errorf("skew %v: %v", skew, err)
		}
	}
}

func TestNonceServesOnce(t *testing.T) {
	now := time.Unix(1700000000, 0)
	v := NewVerifier(lookup(testKeys()), func() time.Time { return now })
	r := signed(t, SchemeACS3, "GET", "/2023-03-30/functions", "", testKeys(), now)
	again := r.Clone(t.Context())
	if _, err := v.Verify(r); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(again); !fc.IsCode(err, "SignatureNonceUsed") {
		t.Fatalf("replay: %v", err)
	}
	forged := r.Clone(t.Context())
	forged.Header.Set(headerNonce, "fresh")
	if _, err := v.Verify(forged); !fc.IsCode(err, fc.CodeSignatureNotMatch) {
		t.Fatalf("forged nonce: %v", err)
	}
}

func TestNoncesAreBoundedAndForgotten(t *testing.T) {
	n := newNonces()
	now := time.Unix(1700000000, 0)
	for i := range 3*nonceLimit + 10 {
		if !n.use(string(rune(i))+payloadOf("x")[:i%5], now) && i < 0x80 {
			t.Fatalf("nonce %d refused", i)
		}
	}
	if len(n.new) > nonceLimit || len(n.old) > nonceLimit {
		t.Fatalf("%d and %d nonces kept, limit %d", len(n.new), len(n.old), nonceLimit)
	}
	if n.use("a", now); n.use("a", now) {
		t.Error("a used nonce passes")
	}
	later := now.Add(2*MaxSkew + time.Second)
	if n.use("a", later) {
		t.Error("the previous generation is forgotten too early")
	}
	n.use("b", later.Add(2*MaxSkew+time.Second))
	if !n.use("a", later.Add(2*MaxSkew+2*time.Second)) {
		t.Error("a nonce is kept beyond two generations")
	}
}

func TestParseAuthorization(t *testing.T) {
	tests := []struct{ value, wrong string }{
		{"ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host;x-acs-date,Signature=00ff", ""},
		{"ACS3-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=00ff", ""},
		{"acs a:AAAA", ""},
		{"FC a:AAAA", ""},
		{"ACS3-HMAC-SM3 Credential=a,SignedHeaders=host,Signature=00", "algorithm 'ACS3-HMAC-SM3' is not served"},
		{"ACS3-RSA-SHA256 Credential=a,SignedHeaders=host,Signature=00", "algorithm 'ACS3-RSA-SHA256' is not served"},
		{"Basic a:b", "scheme"},
		{"", "no scheme"},
		{"FC", "no scheme"},
		{"FC a", "key:signature"},
		{"FC :AAAA", "key:signature"},
		{"acs a:***", "not base64"},
		{"ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host,Signature=xyz", "not hexadecimal"},
		{"ACS3-HMAC-SHA256 Credential=a,SignedHeaders=Host,Signature=00", "lower case"},
		{"ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host;;x,Signature=00", "lower case"},
		{"ACS3-HMAC-SHA256 SignedHeaders=host,Signature=00", "lacks"},
	}
	for _, tt := range tests {
		a, err := ParseAuthorization(tt.value)
		switch {
		case tt.wrong == "" && (err != nil || a.AccessKeyID != "a" || len(a.Signature) == 0):
			t.Errorf("%q: %+v, %v", tt.value, a, err)
		case tt.wrong != "" && (err == nil || !strings.Contains(err.Error(), tt.wrong)):
			t.Errorf("%q: err = %v, want one with %q", tt.value, err, tt.wrong)
		}
	}
}

func FuzzParseAuthorization(f *testing.F) {
	for _, seed := range []string{
		"ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host;x-acs-date,Signature=00ff", "acs a:AAAA", "FC a:AAAA", "FC  :", ",=;",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		a, err := ParseAuthorization(value)
		if err != nil {
			if !fc.IsCode(err, fc.CodeInvalidArgument) {
				t.Fatalf("%q: error %v", value, err)
			}
			return
		}
		if a.AccessKeyID == "" || len(a.Signature) == 0 {
			t.Fatalf("%q: accepted as %+v", value, a)
		}
		if a.Scheme == SchemeACS3 && len(a.SignedHeaders) == 0 {
			t.Fatalf("%q: no signed headers", value)
		}
	})
}

func BenchmarkVerifyACS3(b *testing.B) {
	now := time.Unix(1700000000, 0)
	v := NewVerifier(lookup(testKeys()), func() time.Time { return now })
	r := httptest.NewRequest("POST", "http://127.0.0.1:19800/2023-03-30/functions/f/invocations", nil)
	b.ReportAllocs()
	for b.Loop() {
		r.Header.Del(headerNonce)
		SignACS3(r, testKeys(), Operation{Action: "InvokeFunction", Version: fc.APIVersion3}, EmptyPayload, now)
		if _, err := v.Verify(r); err != nil {
			b.Fatal(err)
		}
	}
}
