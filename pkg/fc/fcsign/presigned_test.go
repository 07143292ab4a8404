package fcsign

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"s/pkg/fc"
)

// presignVerifier knows keys with a token or without, at a time.
func presignVerifier(now int64, keys ...Keys) *Verifier {
	return NewVerifier(func(id string) (Keys, bool) {
		for _, k := range keys {
			if k.AccessKeyID == id {
				return k, true
			}
		}
		return Keys{}, false
	}, func() time.Time { return time.Unix(now, 0) })
}

// URLs as the SDKs fc-go-sdk and fc-java-sdk sign them, from their own tests.
func TestPresignedVectors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		url     string
		keys    Keys
		expires int64
		headers map[string]string
	}{
		{
			url:  "http://localhost/2016-08-15/proxy/service/func/?x-fc-access-key-id=akid&x-fc-expires=1583339600&x-fc-security-token=stsToken&x-fc-signature=Yi0jCBQ6cTZc%2BtN8wtYUz9FbYNijx5jDiE3sVNW6XwA%3D",
			keys: Keys{AccessKeyID: "akid", AccessKeySecret: "akSec", SecurityToken: "stsToken"}, expires: 1583339600,
		},
		{
			url:  "http://localhost/2016-08-15/proxy/service/func/?x-fc-access-key-id=akid&x-fc-expires=1583339600&x-fc-signature=6Rc4KxEAv3%2BlHpbNQWceIUqWVWq3ewxhadlJBRzZ0XQ%3D",
			keys: Keys{AccessKeyID: "akid", AccessKeySecret: "akSec"}, expires: 1583339600,
		},
		{
			url:  "http://localhost/2016-08-15/proxy/service.LATEST/func/abc%20123?x=xyz&x=456&a=123+45&x-fc-access-key-id=akID&x-fc-expires=1583221068&x-fc-security-token=stsToken&x-fc-signature=" + url.QueryEscape("QFdNhz0Dl+onUM/MvpX940WFH3H8OHayZHbby1c01aI="),
			keys: Keys{AccessKeyID: "akID", AccessKeySecret: "S9MWOBG0AOWHSO9HPASP216QOPHT5YR4NLH3A", SecurityToken: "stsToken"}, expires: 1583221068,
			headers: map[string]string{"X-Fc-Trace-Id": "trace-id", "Content-Type": "text/json", "Content-Md5": "ef5b43a0fe1d5b401b62c3ba33a7a3d6"},
		},
	} {
		r := httptest.NewRequest("GET", tt.url, http.NoBody)
		for name, value := range tt.headers {
			r.Header.Set(name, value)
		}
		id, err := presignVerifier(tt.expires, tt.keys).Verify(r)
		if err != nil || id != tt.keys.AccessKeyID {
			t.Errorf("%s: %q, %v", tt.url, id, err)
		}
		if _, err := presignVerifier(tt.expires+1, tt.keys).Verify(r); !fc.IsCode(err, fc.CodeAccessDenied) {
			t.Errorf("expired: %v", err)
		}
	}
}

// signURL signs a URL.
func signURL(method, target string, k Keys, expires int64) string {
	u, _ := url.Parse(target)
	q := u.Query()
	q.Set(queryKeyID, k.AccessKeyID)
	q.Set(queryExpires, strconv.FormatInt(expires, 10))
	if k.SecurityToken != "" {
		q.Set(queryToken, k.SecurityToken)
	}
	u.RawQuery = q.Encode()
	r := httptest.NewRequest(method, u.String(), http.NoBody)
	q.Set(querySignature, base64.StdEncoding.EncodeToString(presignature(r, q, k.AccessKeySecret)))
	u.RawQuery = q.Encode()
	return u.String()
}

func TestPresignedTampered(t *testing.T) {
	t.Parallel()
	k := Keys{AccessKeyID: "id", AccessKeySecret: "secret"}
	temporary := Keys{AccessKeyID: "temp", AccessKeySecret: "secret", SecurityToken: "token"}
	bounded := Keys{AccessKeyID: "oss", AccessKeySecret: "secret", Scope: "uploads"}
	v := presignVerifier(1000, k, temporary, bounded)
	good := signURL("GET", "http://a/x?b=1", k, 1000)
	for what, tt := range map[string]struct{ method, url, code string }{
		"good":          {"GET", good, ""},
		"temporary":     {"GET", signURL("GET", "http://a/x", temporary, 1000), ""},
		"another host":  {"GET", strings.Replace(good, "//a/", "//b/", 1), ""}, // it isn't covered
		"method":        {"POST", good, fc.CodeSignatureNotMatch},
		"path":          {"GET", strings.Replace(good, "/x?", "/y?", 1), fc.CodeSignatureNotMatch},
		"query":         {"GET", strings.Replace(good, "b=1", "b=2", 1), fc.CodeSignatureNotMatch},
		"more":          {"GET", good + "&c=1", fc.CodeSignatureNotMatch},
		"later":         {"GET", strings.Replace(good, "expires=1000", "expires=9000", 1), fc.CodeSignatureNotMatch},
		"no time":       {"GET", strings.Replace(good, "expires=1000", "expires=x", 1), fc.CodeInvalidArgument},
		"nobody":        {"GET", strings.Replace(good, "key-id=id", "key-id=no", 1), fc.CodeInvalidAccessKeyID},
		"no signature":  {"GET", "http://a/x?x-fc-access-key-id=id&x-fc-expires=1000&x-fc-signature=", fc.CodeSignatureNotMatch},
		"not base64":    {"GET", "http://a/x?x-fc-access-key-id=id&x-fc-expires=1000&x-fc-signature=!", fc.CodeSignatureNotMatch},
		"broken":        {"GET", "http://a/x?x-fc-signature=1&a=%zz", fc.CodeInvalidArgument},
		"another token": {"GET", signURL("GET", "http://a/x", Keys{AccessKeyID: "temp", AccessKeySecret: "secret", SecurityToken: "other"}, 1000), "InvalidSecurityToken"},
		"no token":      {"GET", signURL("GET", "http://a/x", Keys{AccessKeyID: "temp", AccessKeySecret: "secret"}, 1000), "InvalidSecurityToken"},
		"of uploads":    {"GET", signURL("GET", "http://a/x", bounded, 1000), fc.CodeAccessDenied},
		"an operation":  {"GET", signURL("GET", "http://a/2023-03-30/functions", k, 1000), fc.CodeMissingRequiredHeader},
		"stop":          {"POST", signURL("POST", "http://a/_s/stop", k, 1000), fc.CodeMissingRequiredHeader},
	} {
		r := httptest.NewRequest(tt.method, "/", http.NoBody)
		u, err := url.Parse(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		r.URL = u
		_, err = v.Verify(r)
		var api *fc.APIError
		if tt.code == "" && err != nil || tt.code != "" && (!errors.As(err, &api) || api.Code != tt.code) {
			t.Errorf("%s: %v, want %q", what, err, tt.code)
		}
	}
}

// FuzzPresigned: no URL gets in that wasn't signed.
func FuzzPresigned(f *testing.F) {
	k := Keys{AccessKeyID: "id", AccessKeySecret: "secret"}
	v := presignVerifier(1000, k)
	f.Add("/x", "b=1&x-fc-access-key-id=id&x-fc-expires=1000&x-fc-signature=AAAA")
	f.Add("/2016-08-15/proxy/a/b/", "x-fc-signature=%zz")
	f.Fuzz(func(t *testing.T, path, query string) {
		if !strings.HasPrefix(path, "/") {
			path = "/" + path
		}
		r := httptest.NewRequest("GET", "/", http.NoBody)
		r.URL = &url.URL{Scheme: "http", Host: "a", Path: path, RawQuery: query}
		if _, err := v.Verify(r); err == nil {
			t.Errorf("%q?%q got in", path, query)
		}
		if isAPIPath(path) {
			return
		}
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		values.Del(querySignature)
		values.Set(queryKeyID, "id")
		values.Set(queryExpires, "2000")
		values.Del(queryToken)
		values.Set(querySignature, base64.StdEncoding.EncodeToString(presignature(r, values, k.AccessKeySecret)))
		r.URL.RawQuery = values.Encode()
		if _, err := v.Verify(r); err != nil {
			t.Errorf("%q?%q: %v", path, query, err)
		}
	})
}
