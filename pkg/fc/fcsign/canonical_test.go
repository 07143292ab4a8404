package fcsign

import (
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"s/pkg/fc"
)

// unreserved is what RFC 3986 leaves bare; all else must be escaped.
const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"

// percent escapes as RFC 3986 has it, byte by byte.
func percent(text string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(text) {
		if strings.IndexByte(unreserved, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteString("%" + digits[c>>4:c>>4+1] + digits[c&15:c&15+1])
	}
	return b.String()
}

func TestEveryByteIsEscapedAsRFC3986Asks(t *testing.T) {
	t.Parallel()
	for i := range 256 {
		text := string([]byte{byte(i)})
		if got, want := canonicalQuery(url.Values{text: {text}}), percent(text)+"="+percent(text); got != want {
			t.Errorf("query %q: %s, want %s", text, got, want)
		}
		if text == "/" {
			continue
		}
		if got, want := reescapedPath("/"+url.PathEscape(text)), "/"+percent(text); got != want {
			t.Errorf("path %q: %s, want %s", text, got, want)
		}
	}
}

func TestCanonicalPath(t *testing.T) {
	t.Parallel()
	for escaped, want := range map[string]string{
		"":           "/",
		"/":          "/",
		"/a/b":       "/a/b",
		"/a+b":       "/a%20b",
		"/a*b":       "/a%2Ab",
		"/%7Ea":      "/~a",
		"/%7ea":      "/%7ea", // as sent: only Go's own spelling is turned
		"/a%2Fb":     "/a%2Fb",
		"/%E5%87%BD": "/%E5%87%BD",
		"/a$b":       "/a$b",
	} {
		if got := canonicalPath(escaped); got != want {
			t.Errorf("%q: %q, want %q", escaped, got, want)
		}
	}
	for escaped, want := range map[string]string{
		"/a$b": "/a%24b", "/a%24b": "/a%24b", "/a%2Fb/c": "/a%2Fb/c", "/a%zz/b$": "/a%zz/b%24", "": "", "/a:b@c": "/a%3Ab%40c",
	} {
		if got := reescapedPath(escaped); got != want {
			t.Errorf("anew %q: %q, want %q", escaped, got, want)
		}
	}
}

func TestQueryPairs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ query, acs, roa, fc string }{
		{"", "", "", ""},
		{"a", "a=", "a", "a="},
		{"b=1&a=2", "a=2&b=1", "a=2&b=1", "a=2&b=1"},
		{"a=2&a=1", "a=1&a=2", "a=1&a=2", "a=1&a=2"},
		{"a=&a=1", "a=&a=1", "a&a=1", "a=&a=1"},
		// FC sorts the pairs, the others the keys: '-' comes before '='.
		{"a=1&a-b=2", "a=1&a-b=2", "a=1&a-b=2", "a-b=2&a=1"},
		{"k=x%20y%2Bz", "k=x%20y%2Bz", "k=x y+z", "k=x y+z"},
		{"%E5%90%8D=%E5%80%BC", "%E5%90%8D=%E5%80%BC", "名=值", "名=值"},
	} {
		values, err := url.ParseQuery(tt.query)
		if err != nil {
			t.Fatal(err)
		}
		got := []string{canonicalQuery(values), strings.Join(roaPairs(values), "&"), strings.Join(fcPairs(values), "&")}
		if want := []string{tt.acs, tt.roa, tt.fc}; !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", tt.query, got, want)
		}
	}
}

func TestHeaderValues(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("GET", "http://in-url.test:1/", nil)
	r.Header["X-Acs-One"] = []string{"  one\t"}
	r.Header["X-Acs-Two"] = []string{" a ", "b ", " c,d"}
	r.Header["X-Acs-None"] = []string{}
	for name, want := range map[string]string{
		"host": "in-url.test:1", "x-acs-one": "one", "x-acs-two": "a,b,c,d", "x-acs-none": "", "x-acs-absent": "",
	} {
		if got := headerValue(r, name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if r.Host = ""; headerValue(r, "host") != "in-url.test:1" {
		t.Error("a client's request without Host is signed without a host")
	}
	r.Header.Set("Content-Type", "t")
	r.Header.Set("X-Fc-Trace", "t")
	if got, want := acs3HeaderNames(r.Header), []string{"content-type", "host", "x-acs-none", "x-acs-one", "x-acs-two"}; !slices.Equal(got, want) {
		t.Errorf("signed: %v, want %v", got, want)
	}
}

func TestAPIPaths(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"/2016-08-15/services": true, "/2021-04-06/services/s": true, "/2023-03-30/functions": true, "/_s/status": true,
		"/2023-03-30/proxy/f/p": false, "/2016-08-15/proxy/s/f/": false, "/2023-03-30": false, "/": false, "": false,
		"/x/2023-03-30/functions": false, "/2024-01-01/functions": false, "/2023-03-30/proxyother": true,
	} {
		if got := isAPIPath(path); got != want {
			t.Errorf("%s: %t", path, got)
		}
	}
}

// FuzzCanonicalQuery: the same pairs in any order give the same text, the text
// reads back as the same pairs, and it holds nothing that isn't escaped.
func FuzzCanonicalQuery(f *testing.F) {
	for _, seed := range []string{"a=1&b=2", "a", "a=&a=1", "k=x+y%20z", "%E5%90%8D=1&&", "tags=%5B%22a*~%22%5D", "a-b=1&a=1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Skip()
		}
		text := canonicalQuery(values)
		if bad := strings.Trim(text, unreserved+"%=&"); bad != "" && strings.ContainsAny(bad, "+* \"") {
			t.Fatalf("%q: %q is not escaped", query, text)
		}
		back, err := url.ParseQuery(text)
		if err != nil {
			t.Fatalf("%q: %q: %v", query, text, err)
		}
		if again := canonicalQuery(back); again != text {
			t.Fatalf("%q: %q becomes %q", query, text, again)
		}
		pairs := strings.Split(query, "&")
		slices.Reverse(pairs)
		reversed, err := url.ParseQuery(strings.Join(pairs, "&"))
		if err != nil || canonicalQuery(reversed) != text {
			t.Fatalf("%q in reverse: %q, %v, want %q", query, canonicalQuery(reversed), err, text)
		}
	})
}

// FuzzSignedRequestVerifies: whatever the path, query and headers of a request,
// what we sign is accepted, and refused as soon as the path or the query says
// something else.
func FuzzSignedRequestVerifies(f *testing.F) {
	f.Add("functions/hello", "limit=1", "value", "body")
	f.Add("functions/svc$fn/triggers/a b", "a=&a=1&tags=%5B%5D", "  spaces\t", "")
	f.Add("a*b~c%/../é", "%E5%90%8D=+", "", "\x00")
	f.Fuzz(func(t *testing.T, path, query, header, body string) {
		values, err := url.ParseQuery(query)
		if err != nil || strings.ContainsAny(header, "\r\n\x00") {
			t.Skip()
		}
		target := "/2023-03-30/" + (&url.URL{Path: path}).EscapedPath()
		if len(values) > 0 {
			target += "?" + values.Encode()
		}
		if _, err := url.ParseRequestURI(target); err != nil {
			t.Skip()
		}
		for _, scheme := range []Scheme{SchemeACS3, SchemeFC} {
			r := signed(t, scheme, "POST", target, body, testKeys(), goldenTime())
			verifier := NewVerifier(lookup(testKeys()), goldenTime)
			if _, err := verifier.Verify(r); err != nil {
				t.Fatalf("%s %s: %v", scheme, target, err)
			}
			changed := signed(t, scheme, "POST", target, body, testKeys(), goldenTime())
			changed.URL.Path, changed.URL.RawPath = changed.URL.Path+"x", ""
			if _, err := verifier.Verify(changed); !fc.IsCode(err, fc.CodeSignatureNotMatch) {
				t.Fatalf("%s %s: another path passes: %v", scheme, target, err)
			}
		}
	})
}
