package gateway

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/local/store"
	"s/pkg/runtime/instance"
)

// affine is what a request has to do with a session of its function.
type affine struct {
	header, value string // of the answer, which tells the caller an id; empty if none does
	ended         string // the id of a session that a success of the request ends
	status        *int   // of the answer, once it is known; nil if it isn't watched
}

// affine finds the session of an invocation in the request of its caller. The
// target is pinned to the version that has the session already, if an alias leads to
// several.
func (g *Gateway) affine(h http.Header, r *http.Request, t *Target, inv *instance.Invocation) (affine, error) {
	at, err := g.pin(t)
	if err != nil || at.Function.Function.SessionAffinity == "" {
		return affine{}, err
	}
	out, err := affinity(h, r, at.Function, inv, g.cfg.Now())
	if err == nil && inv.Session != nil && inv.Session.ID != "" && at.VersionID != "" {
		g.follow(t, inv.Session.ID)
	}
	return out, err
}

// follow pins a target to the version whose instances have a session.
func (g *Gateway) follow(t *Target, session string) {
	for _, e := range g.entriesOf(t.Region, t.Function) {
		if e.Qualifier != t.Qualifier || !e.isReady() {
			continue
		}
		if p, ok := e.pool.(SessionPool); ok {
			if _, err := p.Session(session); err == nil {
				t.version = e.VersionID
				return
			}
		}
	}
}

// affinity finds the session of an invocation, and tells the caller the id of one
// that begins. The request is the caller's own, with all of its header.
func affinity(h http.Header, r *http.Request, fn *store.Function, inv *instance.Invocation, now time.Time) (affine, error) {
	a, err := fn.Function.Affinity()
	if a == nil || err != nil {
		return affine{}, nil // was checked when the function was made
	}
	switch a.Type {
	case fc.AffinityHeader:
		return byHeader(h, r, a, inv, now)
	case fc.AffinityCookie:
		return byCookie(h, r, a, inv, now), nil
	case fc.AffinityMCPSSE:
		inv.Session = byStream(r, a, inv)
	case fc.AffinityMCPStreamable:
		return byMCP(r, inv), nil
	}
	return affine{}, nil
}

// tell adds the answer's header, but not to that of a connection that changes its
// protocol (seen on FC).
func (f affine) tell(h http.Header, r *http.Request) affine {
	if isUpgrade(r) {
		return affine{}
	}
	h.Add(f.header, f.value)
	return f
}

// withdraw takes back what was told of a session that there isn't.
func (f affine) withdraw(h http.Header) {
	if f.header != "" {
		h.Del(f.header)
	}
}

func byHeader(h http.Header, r *http.Request, a *fc.Affinity, inv *instance.Invocation, now time.Time) (affine, error) {
	id := r.Header.Get(a.Header)
	if id != "" {
		if !fc.IsSessionID(id) {
			return affine{}, reply.Invalid("header " + a.Header + " must be the id of a session: up to " + strconv.Itoa(fc.MaxSessionID) +
				" letters, digits, _ and -, not - first")
		}
		inv.Session = &instance.SessionCall{ID: id}
		return affine{}, nil
	}
	id = newSessionID(now)
	inv.Session = &instance.SessionCall{ID: id}
	return affine{header: a.Header, value: id}.tell(h, r), nil
}

func byCookie(h http.Header, r *http.Request, a *fc.Affinity, inv *instance.Invocation, now time.Time) affine {
	if c, err := r.Cookie(fc.SessionCookie); err == nil && fc.IsSessionID(c.Value) {
		inv.Session = &instance.SessionCall{ID: c.Value}
		return affine{}
	}
	id := newSessionID(now)
	inv.Session = &instance.SessionCall{ID: id}
	value := fc.SessionCookie + "=" + id + "; Max-Age=" + strconv.Itoa(int(a.TTL/time.Second))
	return affine{header: "Set-Cookie", value: value}.tell(h, r)
}

// newSessionID makes an id that nobody guesses.
func newSessionID(now time.Time) string {
	return strings.TrimPrefix(reply.NewID(now), "1-")
}

// byStream finds the session of a request of MCP's HTTP with SSE (MCP 2024-11-05):
// a stream begins one, whose id is in its first event; messages have it in their
// query. Only requests over HTTP have one.
func byStream(r *http.Request, a *fc.Affinity, inv *instance.Invocation) *instance.SessionCall {
	if inv.R == nil {
		return nil
	}
	if id := sessionInQuery(inv.R.URL.Query()); id != "" {
		return &instance.SessionCall{ID: id, Existing: true}
	}
	if r.Method != http.MethodGet || inv.R.URL.Path != a.SSEPath {
		return nil
	}
	call := &instance.SessionCall{Stream: true}
	inv.W = &endpointWatcher{ResponseWriter: inv.W, found: func(id string) { call.Named(id) }}
	return call
}

// sessionInQuery finds a session's id, which servers call sessionId or session_id.
func sessionInQuery(query map[string][]string) string {
	for name, values := range query {
		if strings.EqualFold(strings.ReplaceAll(name, "_", ""), "sessionid") && len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

// byMCP finds the session of a request of MCP's streamable HTTP (MCP 2025-03-26):
// the answer to the first POST gives its id, which all others have in a header;
// DELETE ends it.
func byMCP(r *http.Request, inv *instance.Invocation) affine {
	id := r.Header.Get(fc.HeaderMCPSession)
	switch {
	case id != "":
		inv.Session = &instance.SessionCall{ID: id, Existing: true}
		if r.Method == http.MethodDelete {
			own := affine{ended: id}
			if inv.R != nil {
				own.status = new(int)
				inv.W = &headerWatcher{ResponseWriter: inv.W, found: func(_ http.Header, status int) { *own.status = status }}
			}
			return own
		}
	case r.Method == http.MethodPost && inv.R != nil:
		call := &instance.SessionCall{}
		inv.Session = call
		inv.W = &headerWatcher{ResponseWriter: inv.W, found: func(h http.Header, _ int) {
			if id := h.Get(fc.HeaderMCPSession); id != "" {
				call.Named(id)
			}
		}}
	case r.Method == http.MethodPost:
		inv.Session = &instance.SessionCall{Learn: func(res *instance.Result) string { return mcpSessionOf(res.Body) }}
	}
	return affine{}
}

// mcpSessionOf finds the id in what an event function returned for a request.
func mcpSessionOf(body []byte) string {
	var answer httpAnswer
	if json.Unmarshal(body, &answer) != nil {
		return ""
	}
	for name, values := range answer.Headers {
		if http.CanonicalHeaderKey(name) == fc.HeaderMCPSession && len(values) > 0 {
			return values[0]
		}
	}
	return ""
}
