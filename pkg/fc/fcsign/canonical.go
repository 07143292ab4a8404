package fcsign

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"s/pkg/fc"
)

// acs3HeaderNames lists what the ACS3 clients sign: host, content-type and
// every x-acs-* header, lower case, sorted.
func acs3HeaderNames(h http.Header) []string {
	names := []string{"host"}
	for name := range h {
		lower := strings.ToLower(name)
		if lower == "content-type" || strings.HasPrefix(lower, prefixACS) {
			names = append(names, lower)
		}
	}
	slices.Sort(names)
	return names
}

// canonicalACS3 appends the canonical request to b.
func canonicalACS3(b []byte, r *http.Request, names []string, path, query, payload string) []byte {
	b = append(b, r.Method...)
	b = append(b, '\n')
	b = append(b, path...)
	b = append(b, '\n')
	b = append(b, query...)
	b = append(b, '\n')
	for _, name := range names {
		b = append(b, name...)
		b = append(b, ':')
		b = append(b, headerValue(r, name)...)
		b = append(b, '\n')
	}
	b = append(b, '\n')
	for i, name := range names {
		if i > 0 {
			b = append(b, ';')
		}
		b = append(b, name...)
	}
	b = append(b, '\n')
	return append(b, payload...)
}

func signACS3(secret string, canonical []byte) []byte {
	digest := sha256.Sum256(canonical)
	var text [len(SchemeACS3) + 1 + sha256.Size*2]byte
	n := copy(text[:], SchemeACS3)
	text[n] = '\n'
	hex.Encode(text[n+1:], digest[:])
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(text[:])
	return mac.Sum(nil)
}

// headerValue gives a header as it is signed: trimmed, several joined by a
// comma. Go keeps Host apart, on the server as on the client.
func headerValue(r *http.Request, name string) string {
	if name == "host" {
		if r.Host != "" {
			return r.Host
		}
		return r.URL.Host
	}
	values := r.Header.Values(name)
	switch len(values) {
	case 0:
		return ""
	case 1:
		return strings.TrimSpace(values[0])
	}
	trimmed := make([]string, len(values))
	for i, v := range values {
		trimmed[i] = strings.TrimSpace(v)
	}
	return strings.Join(trimmed, ",")
}

// canonicalPath maps an escaped path as sent to the form that is signed.
func canonicalPath(escaped string) string {
	if escaped == "" {
		return "/"
	}
	return fixEscapes(escaped)
}

// fixEscapes turns Go's query escapes into those of RFC 3986, which is what
// the SDKs do.
func fixEscapes(s string) string {
	if !strings.ContainsAny(s, "+*") && !strings.Contains(s, "%7E") {
		return s
	}
	s = strings.ReplaceAll(s, "+", "%20")
	s = strings.ReplaceAll(s, "*", "%2A")
	return strings.ReplaceAll(s, "%7E", "~")
}

// reescapedPath escapes every segment anew as RFC 3986 asks. Some clients sign
// this form and send another one, e.g. with a bare "$".
func reescapedPath(escaped string) string {
	segments := strings.Split(escaped, "/")
	for i, s := range segments {
		if plain, err := url.PathUnescape(s); err == nil {
			segments[i] = fixEscapes(url.QueryEscape(plain))
		}
	}
	return strings.Join(segments, "/")
}

// canonicalQuery gives the sorted, escaped query; an empty value keeps its "=".
func canonicalQuery(query url.Values) string {
	if len(query) == 0 {
		return ""
	}
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(query)) {
		for _, v := range slices.Sorted(slices.Values(query[k])) {
			if b.Len() > 0 {
				b.WriteByte('&')
			}
			b.WriteString(fixEscapes(url.QueryEscape(k)))
			b.WriteByte('=')
			b.WriteString(fixEscapes(url.QueryEscape(v)))
		}
	}
	return b.String()
}

// canonicalROA is the text that the ROA version 1 signature covers. Clients
// differ in two points, so the caller chooses: whether the line of an absent
// header is left out (keepEmpty false) and how the path is written.
func canonicalROA(r *http.Request, path string, keepEmpty bool) string {
	var b strings.Builder
	b.WriteString(r.Method)
	b.WriteByte('\n')
	for _, name := range []string{"Accept", headerContentMD5, "Content-Type", "Date"} {
		value := r.Header.Get(name)
		if value == "" && !keepEmpty {
			continue
		}
		b.WriteString(value)
		b.WriteByte('\n')
	}
	writePrefixed(&b, r, prefixACS)
	b.WriteString(path)
	if query := r.URL.Query(); len(query) > 0 {
		b.WriteByte('?')
		b.WriteString(strings.Join(roaPairs(query), "&"))
	}
	return b.String()
}

// canonicalFC is the text that FC's own signature covers.
func canonicalFC(r *http.Request, resource string) string {
	return canonicalFCAt(r, resource, r.Header.Get("Date"))
}

// canonicalFCAt is the same with a date that isn't in a header.
func canonicalFCAt(r *http.Request, resource, date string) string {
	var b strings.Builder
	for _, part := range []string{r.Method, r.Header.Get(headerContentMD5), r.Header.Get("Content-Type"), date} {
		b.WriteString(part)
		b.WriteByte('\n')
	}
	writePrefixed(&b, r, prefixFC)
	b.WriteString(resource)
	return b.String()
}

// fcResource is the unescaped path; for HTTP triggers and custom domains the
// sorted, unescaped query follows, a pair per line.
func fcResource(r *http.Request) string {
	path := r.URL.Path
	if isAPIPath(path) {
		return path
	}
	return path + "\n" + strings.Join(fcPairs(r.URL.Query()), "\n")
}

// isAPIPath reports whether path is an API operation and no HTTP trigger.
func isAPIPath(path string) bool {
	for _, version := range []string{fc.APIVersion2Old, fc.APIVersion2, fc.APIVersion3} {
		if rest, ok := strings.CutPrefix(path, "/"+version+"/"); ok {
			return !strings.HasPrefix(rest, "proxy/")
		}
	}
	return strings.HasPrefix(path, "/_s/")
}

// roaPairs lists the unescaped query sorted by key; an empty value leaves the
// bare key.
func roaPairs(query url.Values) []string {
	pairs := make([]string, 0, len(query))
	for _, k := range slices.Sorted(maps.Keys(query)) {
		for _, v := range slices.Sorted(slices.Values(query[k])) {
			if v == "" {
				pairs = append(pairs, k)
				continue
			}
			pairs = append(pairs, k+"="+v)
		}
	}
	return pairs
}

// fcPairs lists the unescaped query as "key=value", sorted as a whole.
func fcPairs(query url.Values) []string {
	pairs := make([]string, 0, len(query))
	for k, values := range query {
		for _, v := range values {
			pairs = append(pairs, k+"="+v)
		}
	}
	slices.Sort(pairs)
	return pairs
}

// writePrefixed writes the headers of a prefix as "name:value" lines, sorted.
func writePrefixed(b *strings.Builder, r *http.Request, prefix string) {
	var names []string
	for name := range r.Header {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, prefix) {
			names = append(names, lower)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		b.WriteString(name)
		b.WriteByte(':')
		b.WriteString(headerValue(r, name))
		b.WriteByte('\n')
	}
}

func base64HMAC256(secret, text string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func base64HMAC1(secret, text string) string {
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
