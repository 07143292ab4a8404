package debug

import (
	"cmp"
	"net/http"
	"strings"
)

// Requests says how requests are told of.
type Requests struct {
	Topic string
	// Action is the operation; empty takes it from the header X-Acs-Action.
	Action string
	// Version is that of the API; empty takes it from the header X-Acs-Version.
	Version string
	// HostOnly leaves out the path: it may be a secret.
	HostOnly bool
}

// transport tells of every request that goes through it.
type transport struct {
	log  *Log
	next http.RoundTripper
	how  Requests
}

// Transport tells of the requests that go through next: method, host, path,
// action, status, request id and how long the answer's head took. Neither the
// query nor headers nor bodies are shown. It is next itself if the log is off.
func (l *Log) Transport(next http.RoundTripper, how Requests) http.RoundTripper {
	if l == nil {
		return next
	}
	return transport{l, next, how}
}

// RoundTrip sends r and tells of it.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	start := t.log.now()
	response, err := t.next.RoundTrip(r)
	ms := t.log.now().Sub(start).Milliseconds()
	what := r.Method + " " + r.URL.Host
	if !t.how.HostOnly {
		what += r.URL.EscapedPath()
	}
	if err != nil {
		t.log.Linef(t.how.Topic, "%s%s → no answer after %d ms: %v", what, t.called(r), ms, err)
		return response, err
	}
	id := cmp.Or(response.Header.Get("X-Fc-Request-Id"), response.Header.Get("X-Acs-Request-Id"), response.Header.Get("X-Log-Requestid"), "none")
	t.log.Linef(t.how.Topic, "%s%s → %d, request id %s, %d ms", what, t.called(r), response.StatusCode, id, ms)
	return response, nil
}

// called is the action of a request and its API version, where it has them.
func (t transport) called(r *http.Request) string {
	words := []string{cmp.Or(t.how.Action, r.Header.Get("X-Acs-Action")), cmp.Or(t.how.Version, r.Header.Get("X-Acs-Version"))}
	if text := strings.TrimSpace(strings.Join(words, " ")); text != "" {
		return " (" + text + ")"
	}
	return ""
}
