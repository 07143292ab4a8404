package fcsign

import (
	"cmp"
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

// ossVector is a request as a client signed it: PyPI's oss2 2.19.1 with its clock
// at goldenTime, and the peer's upload (npm ali-oss 6.18.1).
type ossVector struct {
	Version int               `json:"version"`
	Method  string            `json:"method"`
	Bucket  string            `json:"bucket"`
	Key     string            `json:"key"`
	Target  string            `json:"target"`
	Host    string            `json:"host"`
	Header  map[string]string `json:"header"`
	Token   string            `json:"token"`
	ID      string            `json:"id"`
	Secret  string            `json:"secret"`
}

func ossVectors(t testing.TB) []ossVector {
	t.Helper()
	data, err := os.ReadFile("testdata/oss.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []ossVector
	if err := json.Unmarshal(data, &all); err != nil || len(all) < 30 {
		t.Fatalf("%d vectors, %v", len(all), err)
	}
	return all
}

func (v ossVector) keys() Keys {
	return Keys{AccessKeyID: cmp.Or(v.ID, "LTAIexampleid"), AccessKeySecret: cmp.Or(v.Secret, "examplesecret"), SecurityToken: v.Token}
}

func (v ossVector) request() *http.Request {
	r := httptest.NewRequest(v.Method, v.Target, http.NoBody)
	r.Host = cmp.Or(v.Host, "127.0.0.1:19800")
	for name, value := range v.Header {
		r.Header.Set(name, value)
	}
	return r
}

func (v ossVector) verify(r *http.Request, now time.Time) error {
	keys := v.keys()
	find := func(id string) (Keys, bool) { return keys, id == keys.AccessKeyID }
	_, err := NewVerifier(find, func() time.Time { return now }).VerifyOSS(r, v.Bucket, v.Key)
	return err
}

func TestOSSClientsSignaturesVerify(t *testing.T) {
	t.Parallel()
	for _, v := range ossVectors(t) {
		if !IsOSS(v.request()) {
			t.Errorf("%s %s isn't seen to be OSS's", v.Method, v.Target)
		}
		if err := v.verify(v.request(), goldenTime()); err != nil {
			t.Errorf("version %d, %s %s: %v", v.Version, v.Method, v.Target, err)
		}
	}
}

// TestOSSSignaturesCoverTheRequest: whatever is changed of a signed request, it
// verifies no more.
func TestOSSSignaturesCoverTheRequest(t *testing.T) {
	t.Parallel()
	for _, v := range ossVectors(t) {
		changes := map[string]func(r *http.Request, v *ossVector){
			"method":    func(r *http.Request, _ *ossVector) { r.Method = "OPTIONS" },
			"bucket":    func(_ *http.Request, v *ossVector) { v.Bucket += "x" },
			"key":       func(_ *http.Request, v *ossVector) { v.Bucket, v.Key = "bkt", v.Key+"x" },
			"header":    func(r *http.Request, _ *ossVector) { r.Header.Set("X-Oss-Meta-A", "other") },
			"type":      func(r *http.Request, _ *ossVector) { r.Header.Set("Content-Type", "other/type") },
			"parameter": func(r *http.Request, _ *ossVector) { r.URL.RawQuery += "&acl=1" },
			"secret":    func(_ *http.Request, v *ossVector) { v.Secret = "another" },
		}
		for name, change := range changes {
			changed, r := v, v.request()
			change(r, &changed)
			if err := changed.verify(r, goldenTime()); !fc.IsCode(err, "SignatureDoesNotMatch") {
				t.Errorf("version %d, %s %s with another %s: %v", v.Version, v.Method, v.Target, name, err)
			}
		}
	}
}

func TestOSSClock(t *testing.T) {
	t.Parallel()
	for _, v := range ossVectors(t) {
		presigned := v.request().Header.Get("Authorization") == ""
		for _, late := range []time.Duration{MaxSkew + time.Second, -MaxSkew - time.Second, MaxSkew - time.Second} {
			err := v.verify(v.request(), goldenTime().Add(late))
			want := ""
			switch {
			case presigned && late > time.Minute, presigned && late < -MaxSkew && v.Version == 4:
				want = "AccessDenied"
			case !presigned && late != MaxSkew-time.Second:
				want = "RequestTimeTooSkewed"
			}
			if want == "" && err != nil || want != "" && !fc.IsCode(err, want) {
				t.Errorf("version %d, %s %s, %v late: %v, want %q", v.Version, v.Method, v.Target, late, err, want)
			}
		}
	}
}

func TestOSSTokensAreCompared(t *testing.T) {
	t.Parallel()
	keys := testKeys()
	keys.SecurityToken = "right"
	for token, code := range map[string]string{"right": "", "wrong": "InvalidSecurityToken", "": "InvalidSecurityToken"} {
		sent := keys
		sent.SecurityToken = token
		r := httptest.NewRequest("GET", "/b/k", http.NoBody)
		SignOSS(r, sent, "cn-hangzhou", "b", "k", goldenTime())
		_, err := NewVerifier(lookup(keys), goldenTime).VerifyOSS(r, "b", "k")
		if code == "" && err != nil || code != "" && !fc.IsCode(err, code) {
			t.Errorf("%q: %v, want %q", token, err, code)
		}
	}
}

// TestOwnOSSSignatureIsThatOfOSS2: byte for byte.
func TestOwnOSSSignatureIsThatOfOSS2(t *testing.T) {
	t.Parallel()
	compared := 0
	for _, v := range ossVectors(t) {
		want := v.Header["authorization"]
		if v.Version != 4 || want == "" {
			continue
		}
		r := v.request()
		r.Header.Del("Authorization")
		SignOSS(r, v.keys(), "cn-hangzhou", v.Bucket, v.Key, goldenTime())
		if got := r.Header.Get("Authorization"); strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(want, " ", "") {
			t.Errorf("%s %s:\n got %s\nwant %s", v.Method, v.Target, got, want)
		}
		compared++
	}
	if compared < 6 {
		t.Errorf("only %d were compared", compared)
	}
}

func TestOSSPayloadHash(t *testing.T) {
	t.Parallel()
	for body, ok := range map[string]bool{"content": true, "changed": false} {
		r := httptest.NewRequest("PUT", "/b/k", strings.NewReader(body))
		r.Header.Set("X-Oss-Date", goldenTime().Format(ossTime))
		r.Header.Set(headerOSSContent, payloadOf("content"))
		p := &ossProof{scheme: SchemeOSS4, date: goldenTime().Format(ossTime), day: "20261123", region: "r", product: "oss"}
		sum := signOSS4("secret", p, canonicalOSS4(r, "b", "k", p))
		r.Header.Set("Authorization", "OSS4-HMAC-SHA256 Credential=id/20261123/r/oss/aliyun_v4_request, Signature="+hexOf(sum))
		_, err := NewVerifier(lookup(testKeys()), goldenTime).VerifyOSS(r, "b", "k")
		if err == nil {
			_, err = io.ReadAll(r.Body)
		}
		if (err == nil) != ok {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func hexOf(sum []byte) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for _, c := range sum {
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}

func TestBadOSSProofs(t *testing.T) {
	t.Parallel()
	date := "Date: Mon, 23 Nov 2026 14:32:35 GMT"
	date4 := "X-Oss-Date: 20261123T143235Z"
	tests := []struct{ name, target, header, date, code string }{
		{"nothing", "/b/k", "", date, "AccessDenied"},
		{"another scheme", "/b/k", "FC id:c2ln", date, "InvalidArgument"},
		{"no pair", "/b/k", "OSS id", date, "InvalidArgument"},
		{"no base64", "/b/k", "OSS id:%", date, "InvalidArgument"},
		{"no date", "/b/k", "OSS id:c2ln", "", "AccessDenied"},
		{"bad date", "/b/k", "OSS id:c2ln", "Date: yesterday", "AccessDenied"},
		{"unknown key", "/b/k", "OSS nobody:c2ln", date, "InvalidAccessKeyId"},
		{"short scope", "/b/k", "OSS4-HMAC-SHA256 Credential=id/20261123,Signature=00", date4, "InvalidArgument"},
		{"another product", "/b/k", "OSS4-HMAC-SHA256 Credential=id/20261123/r/sls/aliyun_v4_request,Signature=00", date4, "InvalidArgument"},
		{"another day", "/b/k", "OSS4-HMAC-SHA256 Credential=id/20261122/r/oss/aliyun_v4_request,Signature=00", date4, "SignatureDoesNotMatch"},
		{"no hexadecimal", "/b/k", "OSS4-HMAC-SHA256 Credential=id/20261123/r/oss/aliyun_v4_request,Signature=xx", date4, "SignatureDoesNotMatch"},
		{"empty header name", "/b/k", "OSS4-HMAC-SHA256 Credential=id/20261123/r/oss/aliyun_v4_request,AdditionalHeaders=host;,Signature=00", date4, "InvalidArgument"},
		{"bad expiry", "/b/k?OSSAccessKeyId=id&Expires=soon&Signature=c2ln", "", "", "AccessDenied"},
		{"bad URL signature", "/b/k?OSSAccessKeyId=id&Expires=1&Signature=%25", "", "", "SignatureDoesNotMatch"},
		{"bad version", "/b/k?x-oss-signature-version=OSS5", "", "", "InvalidArgument"},
		{"long life", "/b/k?x-oss-signature-version=OSS4-HMAC-SHA256&x-oss-date=20261123T143235Z&x-oss-expires=604801", "", "", "InvalidArgument"},
		{"bad query", "/b/k?a=%zz", "OSS id:c2ln", date, "InvalidArgument"},
	}
	for _, test := range tests {
		r := httptest.NewRequest("GET", test.target, http.NoBody)
		if test.header != "" {
			r.Header.Set("Authorization", test.header)
		}
		if name, value, ok := strings.Cut(test.date, ": "); ok {
			r.Header.Set(name, value)
		}
		if _, err := NewVerifier(lookup(testKeys()), goldenTime).VerifyOSS(r, "b", "k"); !fc.IsCode(err, test.code) {
			t.Errorf("%s: %v, want %s", test.name, err, test.code)
		}
	}
}

// FuzzVerifyOSS: no header and no query lead to a panic, to another error than OSS's,
// or past the check.
func FuzzVerifyOSS(f *testing.F) {
	for _, v := range ossVectors(f) {
		_, query, _ := strings.Cut(v.Target, "?")
		f.Add(v.Header["authorization"], query, v.Header["x-oss-date"])
	}
	f.Fuzz(func(t *testing.T, authorization, query, date string) {
		r := httptest.NewRequest("GET", "/b/k", http.NoBody)
		r.URL.RawQuery = query
		r.Header["Authorization"] = []string{authorization}
		r.Header["X-Oss-Date"] = []string{date}
		IsOSS(r)
		_, err := NewVerifier(lookup(Keys{AccessKeyID: "LTAIexampleid", AccessKeySecret: "unguessable"}), goldenTime).VerifyOSS(r, "b", "k")
		if !fc.IsCode(err, "InvalidArgument", "AccessDenied", "SignatureDoesNotMatch", "InvalidAccessKeyId", "RequestTimeTooSkewed") {
			t.Errorf("%v", err)
		}
	})
}
