package jwtauth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"s/pkg/fc"
)

// Places in a request.
const (
	inHeader = "header"
	inQuery  = "query"
	inForm   = "form"
	inCookie = "cookie"
)

// fieldName is a name that headers and cookies can have (RFC 9110, token).
var fieldName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// validName reports whether a place can have something by a name.
func validName(kind, name string) bool {
	return name != "" && (kind == inQuery || kind == inForm || fieldName.MatchString(name))
}

func places() []string { return []string{inHeader, inQuery, inForm, inCookie} }

// place is where a token is looked for.
type place struct{ kind, name, prefix string }

// claim is a claim and where the function gets it.
type claim struct{ kind, claim, name string }

// readPlaces reads tokenLookup: place:name, and for headers :prefix, separated by
// commas.
func readPlaces(text string) ([]place, error) {
	var out []place
	for item := range strings.SplitSeq(text, ",") {
		item = strings.TrimLeft(item, " ")
		if item == "" {
			continue
		}
		kind, rest, _ := strings.Cut(item, ":")
		name, prefix, prefixed := strings.Cut(rest, ":")
		name = strings.TrimSpace(name)
		if !slices.Contains(places(), kind) || !validName(kind, name) || prefixed && kind != inHeader {
			return nil, fmt.Errorf("tokenLookup has '%s', which is not of the form header:NAME:PREFIX, header:NAME, query:NAME, form:NAME or cookie:NAME", item)
		}
		out = append(out, place{kind, name, strings.TrimSpace(prefix)})
	}
	if len(out) == 0 {
		return nil, errors.New("tokenLookup is required")
	}
	return out, nil
}

// readClaims reads claimPassBy: place:claim:name, separated by commas. Items
// without names, which Serverless Devs writes where nothing is handed on, say
// nothing.
func readClaims(text string) ([]claim, error) {
	var out []claim
	for item := range strings.SplitSeq(text, ",") {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		parts := strings.Split(item, ":")
		if len(parts) != 3 || !slices.Contains(places(), parts[0]) || (parts[1] == "") != (parts[2] == "") || parts[2] != "" && !validName(parts[0], parts[2]) {
			return nil, fmt.Errorf("claimPassBy has '%s', which is not of the form PLACE:CLAIM:NAME with header, query, form or cookie as the place", item)
		}
		if parts[1] != "" {
			out = append(out, claim{parts[0], parts[1], parts[2]})
		}
	}
	return out, nil
}

// lookedFor names the places where a token can be.
func (g *Guard) lookedFor() string {
	names := make([]string, len(g.tokens))
	for i, p := range g.tokens {
		names[i] = p.kind + " " + p.name
	}
	return strings.Join(names, ", ")
}

// find gives the first token that is there.
func (g *Guard) find(r *http.Request) (string, error) {
	for _, p := range g.tokens {
		text, err := p.text(r)
		if err != nil {
			return "", err
		}
		if text != "" {
			return text, nil
		}
	}
	return "", nil
}

func (p place) text(r *http.Request) (string, error) {
	switch p.kind {
	case inHeader:
		text, ok := strings.CutPrefix(strings.TrimSpace(r.Header.Get(p.name)), p.prefix)
		if !ok {
			return "", nil
		}
		return strings.TrimSpace(text), nil
	case inQuery:
		return r.URL.Query().Get(p.name), nil
	case inCookie:
		if c, err := r.Cookie(p.name); err == nil {
			return c.Value, nil
		}
		return "", nil
	}
	form, err := formOf(r)
	return form.Get(p.name), err
}

// formOf reads the form in the body of a request and puts the body back; it is
// nil if there is none.
func formOf(r *http.Request) (url.Values, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" || r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, fc.MaxSyncBody))
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, &fc.APIError{Status: http.StatusBadRequest, Code: fc.CodeInvalidArgument, Message: "the form in the body can't be read"}
	}
	return form, nil
}

// PassesForms reports whether claims go into the body of requests.
func (t *Token) PassesForms() bool {
	return t != nil && slices.ContainsFunc(t.guard.claims, func(c claim) bool { return c.kind == inForm })
}

// Pass puts claims where the function gets them, in a request of its own. What
// the caller has put there is removed: the function can trust it.
func (t *Token) Pass(out *http.Request) error {
	if t == nil {
		return nil
	}
	var form url.Values
	if t.PassesForms() {
		var err error
		if form, err = formOf(out); err != nil {
			return err
		}
	}
	query, cookies := out.URL.Query(), out.Cookies()
	for _, c := range t.guard.claims {
		value, there := textOf(t.claims[c.claim])
		switch c.kind {
		case inHeader:
			put(out.Header.Del, out.Header.Set, c.name, oneLine(value), there)
		case inQuery:
			put(query.Del, query.Set, c.name, value, there)
		case inForm:
			if form != nil {
				put(form.Del, form.Set, c.name, value, there)
			}
		case inCookie:
			cookies = slices.DeleteFunc(cookies, func(old *http.Cookie) bool { return old.Name == c.name })
			if there {
				cookies = append(cookies, &http.Cookie{Name: c.name, Value: cookieValue(value)}) //nolint:gosec // it is what a caller sends, not what a browser is to keep
			}
		}
	}
	t.write(out, query, form, cookies)
	return nil
}

// oneLine makes of a text the value of a header.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}

// cookieValue escapes a text that a cookie can't have as it is.
func cookieValue(text string) string {
	for _, b := range []byte(text) {
		if b < ' ' || b >= 0x7f || strings.IndexByte(`";\`, b) >= 0 {
			return url.QueryEscape(text)
		}
	}
	return text
}

func put(del func(string), set func(string, string), name, value string, there bool) {
	if del(name); there {
		set(name, value)
	}
}

// write puts back what was taken apart, as far as there are claims for it.
func (t *Token) write(out *http.Request, query, form url.Values, cookies []*http.Cookie) {
	has := func(kind string) bool {
		return slices.ContainsFunc(t.guard.claims, func(c claim) bool { return c.kind == kind })
	}
	if has(inQuery) {
		own := *out.URL
		own.RawQuery = query.Encode()
		out.URL = &own
	}
	if has(inCookie) {
		out.Header.Del("Cookie")
		for _, c := range cookies {
			out.AddCookie(c)
		}
	}
	if form != nil {
		body := form.Encode()
		out.Body, out.ContentLength, out.TransferEncoding = io.NopCloser(strings.NewReader(body)), int64(len(body)), nil
		out.Header.Del("Content-Length")
	}
}

// textOf writes the value of a claim: text as it is, all else as JSON.
func textOf(value any) (string, bool) {
	switch v := value.(type) {
	case nil:
		return "", false
	case string:
		return v, true
	}
	text, err := json.Marshal(value)
	return string(text), err == nil
}
