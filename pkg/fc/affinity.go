package fc

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// Session affinities (2023-03-30 CreateFunction, field sessionAffinity). The name
// of the one for MCP's streamable HTTP isn't documented, only its configuration:
// whatever begins so is taken for it.
const (
	AffinityNone          = "NONE"
	AffinityHeader        = "HEADER_FIELD"
	AffinityCookie        = "GENERATED_COOKIE"
	AffinityMCPSSE        = "MCP_SSE"
	AffinityMCPStreamable = "MCP_STREAMABLE"
)

// Isolations of instances (field instanceIsolationMode): an instance is shared,
// belongs to one session, or to one request. The name of the last isn't
// documented; it is made after the second's.
const (
	IsolationShare   = "SHARE"
	IsolationSession = "SESSION_EXCLUSIVE"
	IsolationRequest = "REQUEST_EXCLUSIVE"
)

// Statuses of a session (2023-03-30 Session, field sessionStatus).
const (
	SessionActive  = "Active"
	SessionExpired = "Expired"
	SessionPaused  = "Paused"
)

// Limits and defaults of sessions (2023-03-30 HeaderFieldSessionAffinityConfig;
// documentation of each affinity).
const (
	MaxSessionSeconds         = 21600
	DefaultSessionTTL         = 21600 // seconds
	DefaultSessionIdle        = 1800  // seconds
	DefaultSessionConcurrency = 20    // sessions per instance
	MaxSessionID              = 64
	// SessionCookie carries the id of a session with AffinityCookie.
	SessionCookie = "x-fc-cookie-session-id"
	// HeaderMCPSession carries the id of a session with AffinityMCPStreamable (MCP
	// 2025-03-26, transports).
	HeaderMCPSession = "Mcp-Session-Id"
	// defaultSSEPath is where MCP's clients open their stream.
	defaultSSEPath = "/sse"
)

var (
	sessionID     = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$`)
	sessionHeader = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{4,39}$`)
)

// IsSessionID reports whether a text can be the id of a session: up to 64 letters,
// digits, _ and -, not - first.
func IsSessionID(id string) bool { return sessionID.MatchString(id) }

// Affinity is how the requests of one session come to one instance.
type Affinity struct {
	Type        string // Affinity…
	Header      string // that has the id, in Go's spelling; of AffinityHeader and AffinityMCPStreamable
	SSEPath     string // of AffinityMCPSSE: where a session begins
	PerInstance int    // sessions on one instance at once
	// TTL is how long a session lives, Idle how long without a request; both are 0
	// with AffinityMCPSSE, whose sessions live as long as their stream.
	TTL, Idle time.Duration
	// DisableReuse refuses the ids of expired sessions.
	DisableReuse bool
	// Exclusive gives every session an instance of its own, which ends with it.
	Exclusive bool
}

// affinityConfig is sessionAffinityConfig, which is JSON in a text.
type affinityConfig struct {
	PerInstance  *int   `json:"sessionConcurrencyPerInstance"`
	IdleSeconds  *int   `json:"sessionIdleTimeoutInSeconds"`
	TTLSeconds   *int   `json:"sessionTTLInSeconds"`
	Header       string `json:"affinityHeaderFieldName"`
	SSEPath      string `json:"sseEndpointPath"`
	DisableReuse bool   `json:"disableSessionIdReuse"`
}

// Affinity reads the session affinity of a function; nil is none. The error says
// which field is wrong, in words of the API.
func (f *Function) Affinity() (*Affinity, error) {
	kind := f.SessionAffinity
	if strings.HasPrefix(kind, AffinityMCPStreamable) {
		kind = AffinityMCPStreamable
	}
	switch kind {
	case "", AffinityNone:
		return nil, f.checkIsolation(false)
	case AffinityHeader, AffinityCookie, AffinityMCPSSE, AffinityMCPStreamable:
	default:
		return nil, fmt.Errorf("sessionAffinity '%s' is not one of %s, %s, %s, %s and %s", f.SessionAffinity,
			AffinityNone, AffinityHeader, AffinityCookie, AffinityMCPSSE, AffinityMCPStreamable)
	}
	if err := f.checkIsolation(true); err != nil {
		return nil, err
	}
	var config affinityConfig
	if f.SessionAffinityConfig != "" {
		if err := json.Unmarshal([]byte(f.SessionAffinityConfig), &config); err != nil {
			return nil, fmt.Errorf("sessionAffinityConfig is not the JSON of a session affinity: %w", err)
		}
	}
	a := &Affinity{Type: kind, Exclusive: f.InstanceIsolationMode == IsolationSession, DisableReuse: config.DisableReuse}
	if err := a.take(config); err != nil {
		return nil, err
	}
	if kind == AffinityMCPSSE && !IsCustom(f.Runtime) {
		return nil, fmt.Errorf("sessionAffinity %s isn't for built-in runtimes, and runtime '%s' is one", kind, f.Runtime)
	}
	a.PerInstance = min(a.PerInstance, f.concurrency(true))
	if a.Exclusive {
		a.PerInstance = 1
	}
	return a, nil
}

// checkIsolation checks instanceIsolationMode, alone and against the affinity.
func (f *Function) checkIsolation(affinity bool) error {
	switch f.InstanceIsolationMode {
	case "", IsolationShare:
		return nil
	case IsolationSession:
		if !affinity {
			return fmt.Errorf("instanceIsolationMode %s needs a sessionAffinity", IsolationSession)
		}
	case IsolationRequest:
		if affinity {
			return fmt.Errorf("instanceIsolationMode %s can't be together with a sessionAffinity", IsolationRequest)
		}
	default:
		return fmt.Errorf("instanceIsolationMode '%s' is not one of %s, %s and %s", f.InstanceIsolationMode,
			IsolationShare, IsolationSession, IsolationRequest)
	}
	if f.CPU != 0 && f.CPU < 2 {
		return fmt.Errorf("instanceIsolationMode %s needs a cpu of at least 2, it is %g", f.InstanceIsolationMode, f.CPU)
	}
	return nil
}

// take fills in what is configured and the defaults of what isn't.
func (a *Affinity) take(c affinityConfig) error {
	a.PerInstance = DefaultSessionConcurrency
	if c.PerInstance != nil {
		a.PerInstance = *c.PerInstance
	}
	if a.PerInstance < 1 || a.PerInstance > MaxInstanceConcurrency {
		return fmt.Errorf("sessionConcurrencyPerInstance must be between 1 and %d, it is %d", MaxInstanceConcurrency, a.PerInstance)
	}
	switch a.Type {
	case AffinityMCPSSE:
		a.SSEPath = defaultSSEPath
		if c.SSEPath != "" {
			a.SSEPath = "/" + strings.TrimPrefix(c.SSEPath, "/")
		}
		return nil
	case AffinityMCPStreamable:
		a.Header = HeaderMCPSession
	case AffinityHeader:
		if !sessionHeader.MatchString(c.Header) || strings.HasPrefix(strings.ToLower(c.Header), "x-fc-") {
			return fmt.Errorf("affinityHeaderFieldName must be a letter and 4 to 39 letters, digits, - and _, "+
				"without x-fc- at its beginning, it is '%s'", c.Header)
		}
		a.Header = http.CanonicalHeaderKey(c.Header)
	}
	var err error
	if a.TTL, err = SessionSeconds("sessionTTLInSeconds", c.TTLSeconds, DefaultSessionTTL); err != nil {
		return err
	}
	a.Idle, err = SessionSeconds("sessionIdleTimeoutInSeconds", c.IdleSeconds, DefaultSessionIdle)
	return err
}

// SessionSeconds checks one of the times of a session; what isn't given, or 0, is
// the default.
func SessionSeconds(field string, given *int, standard int) (time.Duration, error) {
	if given == nil || *given == 0 {
		return time.Duration(standard) * time.Second, nil
	}
	if *given < 0 || *given > MaxSessionSeconds {
		return 0, fmt.Errorf("%s must be between 0 and %d, it is %d", field, MaxSessionSeconds, *given)
	}
	return time.Duration(*given) * time.Second, nil
}

// Concurrency is how many requests an instance of the function gets at once.
// With session affinity, an instance that is a server of the user's own always
// gets up to 200 (documentation of the affinities); with isolation of requests,
// every instance gets one.
func (f *Function) Concurrency() int {
	return f.concurrency(f.SessionAffinity != "" && f.SessionAffinity != AffinityNone)
}

func (f *Function) concurrency(affinity bool) int {
	switch {
	case f.InstanceIsolationMode == IsolationRequest:
		return 1
	case affinity && IsCustom(f.Runtime):
		return MaxInstanceConcurrency
	}
	return min(max(f.InstanceConcurrency, 1), MaxInstanceConcurrency)
}
