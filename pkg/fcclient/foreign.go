package fcclient

import (
	"bytes"
	"encoding/json"
	"html"
	"net/http"
	"strconv"
	"strings"

	"s/pkg/diag"
	"s/pkg/fc"
)

// maxTitle bounds what is shown of a page, in characters.
const maxTitle = 80

// ForeignError is an answer that isn't the service's: something between here and
// there gave it, such as a company's proxy or the login page of a network. Whatever
// its status, it tells nothing about what was asked for.
type ForeignError struct {
	Host   string // that was asked
	Proxy  string // that it went by way of; empty is none
	Status int
	Text   string // the title of the page, or the start of the text; may be empty
}

// Error names the host, the status and the page.
func (e *ForeignError) Error() string { return e.Wording().Error() }

// Wording names the host, the status and the page.
func (e *ForeignError) Wording() error {
	status := strings.TrimSpace(strconv.Itoa(e.Status) + " " + http.StatusText(e.Status))
	if e.Text == "" {
		return diag.Errorf("the answer for %s isn't Function Compute's: %s", byWayOf(e.Host, e.Proxy), status)
	}
	return diag.Errorf("the answer for %s isn't Function Compute's: %s, %q", byWayOf(e.Host, e.Proxy), status, e.Text)
}

// foreign gives the error of an answer that isn't the service's, or nil. The
// service answers JSON with a request id, and never redirects.
func foreign(host string, a *answer) error {
	body := bytes.TrimSpace(a.body)
	page := bytes.HasPrefix(body, []byte("<")) || strings.HasPrefix(a.header.Get("Content-Type"), "text/html")
	named := a.header.Get(fc.HeaderRequestID) != ""
	switch {
	case page:
		return &ForeignError{Host: host, Status: a.status, Text: title(string(body))}
	case redirects(a.status) && !named:
		return &ForeignError{Host: host, Status: a.status, Text: a.header.Get("Location")}
	case a.status < 400 || named || hasCode(body):
		return nil
	}
	first, _, _ := strings.Cut(string(body), "\n")
	return &ForeignError{Host: host, Status: a.status, Text: shortened(first)}
}

// isPage reports whether an answer is a page for a browser and not the service's.
func isPage(r *http.Response) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") && r.Header.Get(fc.HeaderRequestID) == ""
}

func redirects(status int) bool { return status >= 300 && status < 400 }

// hasCode reports whether a body is an error of the service's.
func hasCode(body []byte) bool {
	var doc errorBody
	return json.Unmarshal(body, &doc) == nil && doc.Code+doc.ErrorCode != ""
}

// title gives what a page calls itself.
func title(page string) string {
	lower := strings.ToLower(page)
	for _, tag := range []string{"title", "h1"} {
		start := strings.Index(lower, "<"+tag+">")
		if start < 0 {
			continue
		}
		start += len(tag) + 2
		if end := strings.Index(lower[start:], "<"); end >= 0 && start+end <= len(page) {
			return shortened(html.UnescapeString(page[start : start+end]))
		}
	}
	return ""
}

// shortened is a text on a line, not too long.
func shortened(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > maxTitle {
		return string(runes[:maxTitle]) + "…"
	}
	return text
}
