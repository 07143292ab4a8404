package gateway

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"s/pkg/fc"
	"s/pkg/local/jwtauth"
	"s/pkg/local/store"
)

// maxMemo bounds what is kept of things that may be gone by now.
const maxMemo = 1000

// memo keeps what was made of stored things, until they change.
type memo[T any] struct {
	mu   sync.Mutex
	made map[string]memoized[T]
}

type memoized[T any] struct {
	of    any
	value T
}

// get gives what was made of a thing with a name, or makes it.
func (m *memo[T]) get(name string, of any, produce func() (T, error)) (T, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if one, ok := m.made[name]; ok && one.of == of {
		return one.value, nil
	}
	value, err := produce()
	if err != nil {
		return value, err
	}
	if m.made == nil || len(m.made) >= maxMemo {
		m.made = map[string]memoized[T]{}
	}
	m.made[name] = memoized[T]{of, value}
	return value, nil
}

// door is who may call a function over HTTP, by a trigger or by a domain.
type door struct {
	name   string
	of     any    // the trigger or the domain: another one if it changed
	auth   string // anonymous, function or jwt
	tokens string // how tokens are checked, for jwt
	cors   *fc.CORSConfig
}

func triggerDoor(t *store.Trigger) door {
	return door{
		name: strings.Join([]string{"trigger", t.Region, t.Function, t.Trigger.TriggerName}, " "), of: t,
		auth: t.HTTP.AuthType, tokens: string(t.HTTP.AuthConfig), cors: t.HTTP.CORSConfig,
	}
}

// caller is what is known of one who came in.
type caller struct {
	token *jwtauth.Token
	// covered says that the signature covers the body, which must be read before it
	// is used.
	covered bool
}

// authenticate checks who calls; path is the one that the door is for.
func (g *Gateway) authenticate(r *http.Request, d door, path string) (caller, error) {
	unchecked := r.Body
	switch d.auth {
	case "anonymous":
		return caller{}, nil
	case "jwt":
		guard, err := g.guards.get(d.name, d.of, func() (*jwtauth.Guard, error) { return jwtauth.New(d.tokens, g.cfg.Now) })
		if err != nil {
			return caller{}, err
		}
		token, err := guard.Check(r, path)
		return caller{token: token}, err
	}
	err := g.cfg.Verify(r)
	return caller{covered: r.Body != unchecked}, err
}

// cross answers a browser that asks whether a page may call, before anybody has
// to say who calls; answered says that it did. Else it gives the writer of an
// answer that pages which may call can read.
func (d door) cross(w http.ResponseWriter, r *http.Request) (out http.ResponseWriter, answered bool) {
	origin := r.Header.Get("Origin")
	if d.cors == nil || origin == "" {
		return w, false
	}
	w.Header().Add("Vary", "Origin")
	asks := r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
	if !listed(d.cors.AllowOrigins, origin) {
		if asks {
			w.WriteHeader(http.StatusForbidden)
		}
		return w, asks
	}
	set := func(h http.Header) {
		h.Set("Access-Control-Allow-Origin", d.allowedOrigin(origin))
		setIf(h, "Access-Control-Allow-Credentials", d.cors.AllowCredentials, "true")
	}
	if !asks {
		cw := &crossWriter{ResponseWriter: w, set: func(h http.Header) {
			set(h)
			setIf(h, "Access-Control-Expose-Headers", len(d.cors.ExposeHeaders) > 0, strings.Join(d.cors.ExposeHeaders, ","))
		}}
		cw.set(w.Header())
		return cw, false
	}
	set(w.Header())
	d.preflight(w, r)
	return w, true
}

// preflight tells a browser what a page that may call may send (Fetch standard,
// CORS preflight). The lists of methods and headers count when they are there.
func (d door) preflight(w http.ResponseWriter, r *http.Request) {
	h, method := w.Header(), r.Header.Get("Access-Control-Request-Method")
	if len(d.cors.AllowMethods) == 0 || listed(d.cors.AllowMethods, method) {
		methods := d.cors.AllowMethods
		if len(methods) == 0 || slices.Contains(methods, "*") {
			methods = []string{method}
		}
		h.Set("Access-Control-Allow-Methods", strings.Join(methods, ","))
	}
	headers := d.cors.AllowHeaders
	if slices.Contains(headers, "*") { // which browsers take literally where credentials come along
		headers = r.Header.Values("Access-Control-Request-Headers")
	}
	setIf(h, "Access-Control-Allow-Headers", len(headers) > 0, strings.Join(headers, ","))
	setIf(h, "Access-Control-Max-Age", d.cors.MaxAge > 0, strconv.Itoa(d.cors.MaxAge))
	w.WriteHeader(http.StatusNoContent)
}

// allowedOrigin is the one that may call: any, unless cookies come along.
func (d door) allowedOrigin(origin string) string {
	if slices.Contains(d.cors.AllowOrigins, "*") && !d.cors.AllowCredentials {
		return "*"
	}
	return origin
}

// listed reports whether a list has a text, or *.
func listed(list []string, text string) bool {
	return slices.Contains(list, "*") || slices.Contains(list, text)
}

func setIf(h http.Header, name string, given bool, value string) {
	if given {
		h.Set(name, value)
	}
}

// crossWriter sets headers over those that the function answers with: two
// Access-Control-Allow-Origin would be none.
type crossWriter struct {
	http.ResponseWriter
	set  func(http.Header)
	done bool
}

// WriteHeader sets them before the status goes out.
func (c *crossWriter) WriteHeader(status int) {
	if !c.done {
		c.done = status >= http.StatusOK || status == http.StatusSwitchingProtocols
		c.set(c.Header())
	}
	c.ResponseWriter.WriteHeader(status)
}

// Write does so, too, where no status was given.
func (c *crossWriter) Write(p []byte) (int, error) {
	if !c.done {
		c.WriteHeader(http.StatusOK)
	}
	return c.ResponseWriter.Write(p)
}

// Unwrap gives http.ResponseController what is below.
func (c *crossWriter) Unwrap() http.ResponseWriter { return c.ResponseWriter }
