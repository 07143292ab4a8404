package fcsign

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"s/pkg/fc"
)

// tampering changes a request on its way. It reports whether there was anything
// to change.
type tampering struct {
	name   string
	change func(*http.Request) bool
}

// alterations is every change that all families must refuse.
func alterations() []tampering {
	return []tampering{
		{"method", func(r *http.Request) bool { r.Method = "PATCH"; return true }},
		{"method's case", func(r *http.Request) bool { r.Method = strings.ToLower(r.Method); return true }},
		{"longer path", func(r *http.Request) bool { setPath(r, r.URL.EscapedPath()+"/x"); return true }},
		{"other path", func(r *http.Request) bool { setPath(r, "/2023-03-30/functions/other"); return true }},
		{"path with a slash at its end", func(r *http.Request) bool { setPath(r, r.URL.EscapedPath()+"/"); return true }},
		{"doubled slash", func(r *http.Request) bool { setPath(r, "/"+r.URL.EscapedPath()); return true }},
		{"dot segments", func(r *http.Request) bool { setPath(r, "/x/.."+r.URL.EscapedPath()); return true }},
		{"case of the path", func(r *http.Request) bool {
			before := r.URL.EscapedPath()
			setPath(r, strings.ToUpper(before))
			return r.URL.EscapedPath() != before
		}},
		{"method and path moved into each other", func(r *http.Request) bool {
			r.Method += r.URL.Path[:1]
			setPath(r, "/")
			return true
		}},
	}
}

func setPath(r *http.Request, escaped string) {
	u, err := url.Parse(escaped)
	if strings.HasPrefix(escaped, "//") {
		u, err = &url.URL{Path: escaped}, nil
	}
	if err != nil {
		panic(err)
	}
	r.URL.Path, r.URL.RawPath = u.Path, u.RawPath
}

func TestTamperedRequestsAreRefused(t *testing.T) {
	t.Parallel()
	for _, g := range loadGolden(t) {
		for _, a := range alterations() {
			r := g.signed(t)
			if !a.change(r) {
				continue
			}
			if err := g.verify(r, goldenTime()); !fc.IsCode(err, fc.CodeSignatureNotMatch) {
				t.Errorf("%s %s, %s: %v", g.Scheme, g.Name, a.name, err)
			}
		}
	}
}

// covered reports whether the signature covers a header: all that SignedHeaders
// names, or the lines and prefixes of the older families.
func covered(scheme Scheme, name, signedHeaders string) bool {
	lower := strings.ToLower(name)
	switch scheme {
	case SchemeACS3:
		return strings.Contains(";"+signedHeaders+";", ";"+lower+";")
	case SchemeROA:
		return lower == "accept" || lower == "content-md5" || lower == "content-type" || lower == "date" || strings.HasPrefix(lower, prefixACS)
	}
	return lower == "content-md5" || lower == "content-type" || lower == "date" || strings.HasPrefix(lower, prefixFC)
}

// TestEachSignedHeaderIsCovered changes, drops and doubles each header in turn:
// refused where it is signed, accepted where the protocol leaves it out.
func TestEachSignedHeaderIsCovered(t *testing.T) {
	t.Parallel()
	changes := map[string]func(h http.Header, name string){
		"changed": func(h http.Header, name string) { h.Set(name, h.Get(name)+"x") },
		"dropped": func(h http.Header, name string) { h.Del(name) },
		"doubled": func(h http.Header, name string) { h.Add(name, "x") },
	}
	for _, g := range loadGolden(t) {
		auth, err := ParseAuthorization(g.Authorization)
		if err != nil {
			t.Fatal(err)
		}
		for name := range g.signed(t).Header {
			if name == headerAuthorization {
				continue
			}
			for how, change := range changes {
				first := name == "Accept" || name == "Content-Type" || name == "Content-Md5" || name == "Date"
				if how == "doubled" && first && g.Scheme != SchemeACS3 {
					continue // the older families sign the first of several
				}
				r := g.signed(t)
				change(r.Header, name)
				err := g.verify(r, goldenTime())
				if isCovered := covered(g.Scheme, name, strings.Join(auth.SignedHeaders, ";")); isCovered != (err != nil) {
					t.Errorf("%s %s, %s %s: %v, covered %t", g.Scheme, g.Name, name, how, err, isCovered)
				}
			}
		}
	}
}

// TestHeadersCanNotBeAdded: one more header of the signed prefix is refused by
// the families that sign all of a prefix.
func TestHeadersCanNotBeAdded(t *testing.T) {
	t.Parallel()
	for _, g := range loadGolden(t) {
		name := map[Scheme]string{SchemeROA: "X-Acs-Extra", SchemeFC: "X-Fc-Extra"}[g.Scheme]
		if name == "" {
			continue
		}
		r := g.signed(t)
		r.Header.Set(name, "1")
		if err := g.verify(r, goldenTime()); !fc.IsCode(err, fc.CodeSignatureNotMatch) {
			t.Errorf("%s %s: %v", g.Scheme, g.Name, err)
		}
	}
}

// TestQueriesChanged: what a changed query does, per family. FC's own leaves
// the query of API calls out (see TestFCSignatureCoversTheQueryOfTriggersOnly).
func TestQueriesChanged(t *testing.T) {
	t.Parallel()
	refused := map[string]string{
		"added":          "a=1&a=2&b=x+y&z=1",
		"one dropped":    "a=1&b=x+y",
		"all dropped":    "",
		"value changed":  "a=1&a=3&b=x+y",
		"key changed":    "a=1&A=2&b=x+y",
		"value and key":  "a=1&a=2b=x+y",
		"escaped twice":  "a=1&a=2&b=x%2520y",
		"plus escaped":   "a=1&a=2&b=x%2By",
		"moved to other": "a=1&b=2&a=x+y",
	}
	same := map[string]string{
		"as sent":             "a=1&a=2&b=x+y",
		"order of keys":       "b=x+y&a=1&a=2",
		"order of values":     "a=2&a=1&b=x+y",
		"other escape":        "a=1&a=2&b=x%20y",
		"needless escape":     "%61=%31&a=2&b=x+y",
		"empty pairs between": "a=1&&a=2&b=x+y&",
	}
	target := "/2023-03-30/proxy/f/p"
	for _, scheme := range []Scheme{SchemeACS3, SchemeROA, SchemeFC} {
		try := func(query string) error {
			r := signed(t, SchemeFC, "GET", target+"?a=1&a=2&b=x+y", "", testKeys(), goldenTime())
			switch scheme {
			case SchemeACS3:
				r = signed(t, SchemeACS3, "GET", target+"?a=1&a=2&b=x+y", "", testKeys(), goldenTime())
			case SchemeROA:
				r.Header.Del(headerContentSHA)
				text := "GET\n\n\n\n" + r.Header.Get("Date") + "\n" + target + "?a=1&a=2&b=x y"
				r.Header.Set(headerAuthorization, "acs id:"+base64HMAC1("secret", text))
			}
			r.URL.RawQuery = query
			_, err := NewVerifier(lookup(testKeys()), goldenTime).Verify(r)
			return err
		}
		for name, query := range refused {
			if err := try(query); !fc.IsCode(err, fc.CodeSignatureNotMatch) {
				t.Errorf("%s, %s (%s): %v", scheme, name, query, err)
			}
		}
		for name, query := range same {
			if err := try(query); err != nil {
				t.Errorf("%s, %s (%s): %v", scheme, name, query, err)
			}
		}
	}
}

// TestClockOnBothSides: every family, at the limit and a second beyond it.
func TestClockOnBothSides(t *testing.T) {
	t.Parallel()
	for _, g := range loadGolden(t) {
		for skew, code := range map[time.Duration]string{
			MaxSkew: "", -MaxSkew: "", MaxSkew + time.Second: fc.CodeAccessDenied, -MaxSkew - time.Second: fc.CodeAccessDenied,
			24 * time.Hour: fc.CodeAccessDenied, -24 * time.Hour: fc.CodeAccessDenied,
		} {
			err := g.verify(g.signed(t), goldenTime().Add(skew))
			if code == "" && err != nil || code != "" && !fc.IsCode(err, code) {
				t.Errorf("%s %s, %v: %v, want %q", g.Scheme, g.Name, skew, err, code)
			}
		}
	}
}

// TestDatesMayNotBeSwapped: a second, unsigned date does not make an old request
// a new one.
func TestDatesMayNotBeSwapped(t *testing.T) {
	t.Parallel()
	late := goldenTime().Add(time.Hour)
	for _, g := range loadGolden(t) {
		for _, name := range []string{"Date", headerACSDate, headerFCDate} {
			for _, text := range []string{late.Format(http.TimeFormat), late.Format(acsTime)} {
				r := g.signed(t)
				if name == "Date" {
					r.Header["Date"] = append(r.Header["Date"], text)
				} else {
					r.Header.Add(name, text)
				}
				if err := g.verify(r, late); err == nil {
					t.Errorf("%s %s: %s %s made it fresh", g.Scheme, g.Name, name, text)
				}
			}
		}
	}
}

// TestReplays: a nonce serves once in the families that have one, whatever else
// is the same or not, and another verifier knows nothing of it.
func TestReplays(t *testing.T) {
	t.Parallel()
	for _, g := range loadGolden(t) {
		verifier := NewVerifier(g.lookup, goldenTime)
		hasNonce := g.signed(t).Header.Get(headerNonce) != ""
		for try := range 3 {
			_, err := verifier.Verify(g.signed(t))
			if replayed := try > 0 && hasNonce; replayed != fc.IsCode(err, "SignatureNonceUsed") || !replayed && err != nil {
				t.Errorf("%s %s, try %d: %v", g.Scheme, g.Name, try, err)
			}
		}
		if err := g.verify(g.signed(t), goldenTime()); err != nil {
			t.Errorf("%s %s, another server: %v", g.Scheme, g.Name, err)
		}
	}
}

// TestBodiesChanged: each way to change a body is found by its digest, however
// it is read.
func TestBodiesChanged(t *testing.T) {
	t.Parallel()
	for _, g := range loadGolden(t) {
		if g.Scheme == SchemeFC || g.Header["Content-MD5"] == "" && g.Scheme == SchemeROA {
			continue // no digest that could be checked
		}
		bodies := []string{g.Body + "x", g.Body + "\x00", strings.Repeat("long", 100000)}
		if g.Body != "" {
			bodies = append(bodies, g.Body[1:], g.Body[:len(g.Body)-1], strings.ToUpper(g.Body)+" ")
		}
		for _, body := range bodies {
			r := g.signed(t)
			r.Body = io.NopCloser(&slowReader{text: body})
			if err := g.verify(r, goldenTime()); !fc.IsCode(err, fc.CodeSignatureNotMatch) {
				t.Errorf("%s %s with a body of %d: %v", g.Scheme, g.Name, len(body), err)
			}
		}
		if g.Body == "" {
			continue
		}
		for name, none := range map[string]io.ReadCloser{"nil": nil, "http.NoBody": http.NoBody} {
			r := g.signed(t)
			r.Body = none
			if err := g.verify(r, goldenTime()); !fc.IsCode(err, fc.CodeSignatureNotMatch) {
				t.Errorf("%s %s without a body (%s): %v", g.Scheme, g.Name, name, err)
			}
		}
	}
}

// slowReader gives a text in pieces of odd sizes, the last one with io.EOF.
type slowReader struct {
	text string
	n    int
}

func (s *slowReader) Read(p []byte) (int, error) {
	s.n = s.n%1000 + 7
	n := copy(p, s.text[:min(s.n, len(s.text))])
	if s.text = s.text[n:]; s.text == "" {
		return n, io.EOF
	}
	return n, nil
}
