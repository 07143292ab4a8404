package fcsign

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"s/pkg/fc"
)

// slsVector is a request that PyPI's aliyun-log-python-sdk 0.9.52 signed with its
// clock at goldenTime.
type slsVector struct {
	Method string            `json:"method"`
	Target string            `json:"target"`
	Header map[string]string `json:"header"`
	Body   string            `json:"body"`
	Token  string            `json:"token"`
}

func slsVectors(t testing.TB) []slsVector {
	t.Helper()
	data, err := os.ReadFile("testdata/sls.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []slsVector
	if err := json.Unmarshal(data, &all); err != nil || len(all) < 3 {
		t.Fatalf("%d vectors, %v", len(all), err)
	}
	return all
}

func (v slsVector) keys() Keys {
	return Keys{AccessKeyID: "LTAIexampleid", AccessKeySecret: "examplesecret", SecurityToken: v.Token}
}

func (v slsVector) request() *http.Request {
	r := httptest.NewRequest(v.Method, v.Target, strings.NewReader(v.Body))
	for name, value := range v.Header {
		r.Header.Set(name, value)
	}
	return r
}

func (v slsVector) verify(r *http.Request, now time.Time) error {
	_, err := NewVerifier(lookup(v.keys()), func() time.Time { return now }).VerifySLS(r)
	if err == nil {
		_, err = io.ReadAll(r.Body)
	}
	return err
}

func TestSLSSignatures(t *testing.T) {
	t.Parallel()
	for _, v := range slsVectors(t) {
		if !IsSLS(v.request()) {
			t.Errorf("%s isn't seen to be SLS's", v.Target)
		}
		if err := v.verify(v.request(), goldenTime()); err != nil {
			t.Errorf("%s %s: %v", v.Method, v.Target, err)
		}
		r := v.request() // as another client sends it, that doesn't add x-log-date
		r.Header.Del(headerSLSDate)
		if err := v.verify(r, goldenTime()); err != nil {
			t.Errorf("%s %s without x-log-date: %v", v.Method, v.Target, err)
		}
		r = v.request()
		want := r.Header.Get("Authorization")
		for _, name := range []string{"Authorization", headerSLSDate, "Date"} {
			r.Header.Del(name)
		}
		SignSLS(r, v.keys(), []byte(v.Body), "Mon, 23 Nov 2026 14:32:35 GMT")
		if got := r.Header.Get("Authorization"); got != want {
			t.Errorf("own signature %s, want %s", got, want)
		}
	}
}

func TestSLSRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*http.Request)
		late   time.Duration
		code   string
	}{
		{"method", func(r *http.Request) { r.Method = "PUT" }, 0, "SignatureNotMatch"},
		{"path", func(r *http.Request) { r.URL.Path += "x" }, 0, "SignatureNotMatch"},
		{"query", func(r *http.Request) { r.URL.RawQuery += "&x=1" }, 0, "SignatureNotMatch"},
		{"header", func(r *http.Request) { r.Header.Set("X-Log-Other", "1") }, 0, "SignatureNotMatch"},
		{"signature", func(r *http.Request) { r.Header.Set("Authorization", "LOG LTAIexampleid:c2ln") }, 0, "SignatureNotMatch"},
		{"key", func(r *http.Request) { r.Header.Set("Authorization", "LOG x:c2ln") }, 0, "Unauthorized"},
		{"no pair", func(r *http.Request) { r.Header.Set("Authorization", "LOG x") }, 0, "ParameterInvalid"},
		{"scheme", func(r *http.Request) { r.Header.Set("Authorization", "FC x:c2ln") }, 0, "Unauthorized"},
		{"signature method", func(r *http.Request) { r.Header.Set("X-Log-Signaturemethod", "md5") }, 0, "InvalidSignatureMethod"},
		{"bad query", func(r *http.Request) { r.URL.RawQuery = "a=%zz" }, 0, "ParameterInvalid"},
		{"no date", func(r *http.Request) { r.Header.Del("Date"); r.Header.Del("X-Acs-Date") }, 0, "MissingDate"},
		{"late", func(*http.Request) {}, MaxSkew + time.Second, "RequestTimeExpired"},
		{"early", func(*http.Request) {}, -MaxSkew - time.Second, "RequestTimeExpired"},
	}
	for _, v := range slsVectors(t) {
		for _, test := range tests {
			r := v.request()
			test.change(r)
			if err := v.verify(r, goldenTime().Add(test.late)); !fc.IsCode(err, test.code) {
				t.Errorf("%s, %s: %v, want %s", v.Target, test.name, err, test.code)
			}
		}
	}
}

func TestSLSBodiesAndTokens(t *testing.T) {
	t.Parallel()
	sign := func(signed, sent, token, digest string) error {
		keys := testKeys()
		keys.SecurityToken = token
		r := httptest.NewRequest("POST", "/logstores", strings.NewReader(sent))
		SignSLS(r, keys, []byte(signed), goldenTime().Format(http.TimeFormat))
		if digest != "" {
			r.Header.Set(headerContentMD5, digest)
			r.Header.Set("Authorization", "LOG id:"+base64HMAC1("secret", canonicalSLS(r, false)))
		}
		keys.SecurityToken = strings.TrimPrefix(token, "wrong ")
		_, err := NewVerifier(lookup(keys), goldenTime).VerifySLS(r)
		if err == nil {
			_, err = io.ReadAll(r.Body)
		}
		return err
	}
	if err := sign("body", "body", "token", ""); err != nil {
		t.Error(err)
	}
	for name, test := range map[string]struct{ signed, sent, token, digest, code string }{
		"another body":  {"body", "evil", "", "", "SignatureNotMatch"},
		"no digest":     {"", "body", "", "", "MissingContentMD5"},
		"bad digest":    {"body", "body", "", "xx", "InvalidContentMD5"},
		"another token": {"body", "body", "wrong token", "", "SecurityTokenInvalid"},
	} {
		if err := sign(test.signed, test.sent, test.token, test.digest); !fc.IsCode(err, test.code) {
			t.Errorf("%s: %v, want %s", name, err, test.code)
		}
	}
}

// FuzzVerifySLS: nothing passes that wasn't signed.
func FuzzVerifySLS(f *testing.F) {
	for _, v := range slsVectors(f) {
		_, query, _ := strings.Cut(v.Target, "?")
		f.Add(v.Header["Authorization"], query, v.Header["Date"])
	}
	f.Fuzz(func(t *testing.T, authorization, query, date string) {
		r := httptest.NewRequest("GET", "/", http.NoBody)
		r.URL.RawQuery = query
		r.Header = http.Header{"Authorization": {authorization}, "Date": {date}, "X-Log-Signaturemethod": {"hmac-sha1"}}
		IsSLS(r)
		if _, err := NewVerifier(lookup(Keys{AccessKeyID: "LTAIexampleid", AccessKeySecret: "unguessable"}), goldenTime).VerifySLS(r); err == nil {
			t.Errorf("%q %q passes", authorization, query)
		}
	})
}
