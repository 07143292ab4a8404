package control

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/runtime/instance"
)

// defaultSessions is how many sessions a page has (ListSessions).
const defaultSessions = 20

// SessionPool is where the sessions of a function are kept.
type SessionPool interface {
	// CreateSession begins a session, with the function's settings as changed.
	CreateSession(ctx context.Context, id string, change func(*instance.SessionSettings) error) (instance.Session, error)
	// Session finds one.
	Session(id string) (instance.Session, error)
	// Sessions lists all, the oldest first.
	Sessions() []instance.Session
	// UpdateSession changes the settings of one.
	UpdateSession(id string, change func(*instance.SessionSettings) error) (instance.Session, error)
	// DeleteSession ends one.
	DeleteSession(id string) error
	// PauseSession has one stand still.
	PauseSession(id string) (instance.Session, error)
	// ResumeSession has it go on.
	ResumeSession(id string) (instance.Session, error)
}

// sessionRoutes are the operations on sessions, which only FC 3.0 has.
func sessionRoutes() []route {
	const one = "functions/{function}/sessions/{session}"
	return []route{
		{method: "POST", path: "functions/{function}/sessions", handle: createSession, qualified: true},
		{method: "GET", path: "functions/{function}/sessions", handle: listSessions, qualified: true},
		{method: "GET", path: one, handle: oneSession(func(p SessionPool, id string) (instance.Session, error) { return p.Session(id) }), qualified: true},
		{method: "PUT", path: one, handle: updateSession, qualified: true},
		{method: "DELETE", path: one, handle: deleteSession, qualified: true},
		{method: "PUT", path: one + "/pause", handle: pausing(SessionPool.PauseSession), qualified: true},
		{method: "PUT", path: one + "/resume", handle: pausing(SessionPool.ResumeSession), qualified: true},
	}
}

// sessions does something with the sessions of the function in the path.
func (c *call) sessions(do func(SessionPool) error) error {
	if c.cfg.Sessions == nil {
		return reply.NotServed("sessions")
	}
	return c.cfg.Sessions(c.r.Context(), c.region, c.function(), c.qualifier, do)
}

// withSession answers with the session that do gives.
func (c *call) withSession(do func(SessionPool) (instance.Session, error)) (answer, error) {
	var out instance.Session
	err := c.sessions(func(p SessionPool) (err error) {
		out, err = do(p)
		return err
	})
	var failed *instance.InitError
	if errors.As(err, &failed) {
		return answer{}, &fc.APIError{Status: http.StatusPreconditionFailed, Code: fc.CodeFunctionNotStarted, Message: failed.Error()}
	}
	if err != nil {
		return answer{}, err
	}
	return ok(c.sessionView(out))
}

func oneSession(do func(SessionPool, string) (instance.Session, error)) func(*call) (answer, error) {
	return func(c *call) (answer, error) {
		return c.withSession(func(p SessionPool) (instance.Session, error) { return do(p, c.args["session"]) })
	}
}

// pausing is the handler of what FC does with containers that belong to one session.
func pausing(do func(SessionPool, string) (instance.Session, error)) func(*call) (answer, error) {
	return func(c *call) (answer, error) {
		at, err := c.cfg.Store.Resolve(c.region, c.function(), c.qualifier, nil)
		if err != nil {
			return answer{}, err
		}
		f := at.Function
		runtime, _ := fc.LookupRuntime(f.Function.Runtime)
		if !runtime.Container || f.Function.InstanceIsolationMode != fc.IsolationSession {
			return answer{}, invalid("only sessions of custom-container functions with instanceIsolationMode %s can be paused", fc.IsolationSession)
		}
		if c.r.URL.Query().Get("fileSystemOnly") == "true" {
			return answer{}, reply.NotServed("fileSystemOnly")
		}
		return oneSession(do)(c)
	}
}

func createSession(c *call) (answer, error) {
	given, err := c.fields()
	if err != nil {
		return answer{}, err
	}
	id, err := c.chosenID(given)
	if err != nil {
		return answer{}, err
	}
	at, err := c.cfg.Store.Resolve(c.region, c.function(), c.qualifier, nil)
	if err != nil {
		return answer{}, err
	}
	return c.withSession(func(p SessionPool) (instance.Session, error) {
		return p.CreateSession(c.r.Context(), id, func(s *instance.SessionSettings) error {
			if err := given.settings(s); err != nil {
				return err
			}
			return given.mounts(&at.Function.Function, s)
		})
	})
}

// chosenID is the id that a request names, or a new one.
func (c *call) chosenID(given fields) (string, error) {
	if given["sessionId"] == nil {
		return strings.ReplaceAll(newUUID(), "-", ""), nil
	}
	var id string
	if json.Unmarshal(given["sessionId"], &id) != nil || id != "" && !fc.IsSessionID(id) {
		return "", invalid("sessionId must have up to %d letters, digits, _ and -, not - first", fc.MaxSessionID)
	}
	at, err := c.cfg.Store.Resolve(c.region, c.function(), c.qualifier, nil)
	switch {
	case err != nil:
		return "", err
	case id == "":
		return strings.ReplaceAll(newUUID(), "-", ""), nil
	case at.Function.Function.SessionAffinity != fc.AffinityHeader:
		return "", invalid("sessionId can be chosen with sessionAffinity %s only", fc.AffinityHeader)
	}
	return id, nil
}

// settings puts what is given into the settings of a session.
func (f fields) settings(s *instance.SessionSettings) error {
	for _, name := range []string{"snapshotId", "network"} {
		if f[name] != nil {
			return reply.NotServed(name + " of a session")
		}
	}
	var doc struct {
		TTL        *int  `json:"sessionTTLInSeconds"`
		Idle       *int  `json:"sessionIdleTimeoutInSeconds"`
		NoReuse    *bool `json:"disableSessionIdReuse"`
		AutoPause  *bool `json:"enableAutoPause"`
		AutoResume *bool `json:"enableAutoResume"`
		Internet   *bool `json:"allowInternetAccess"`
	}
	text, err := json.Marshal(f)
	if err == nil {
		err = json.Unmarshal(text, &doc)
	}
	if err != nil {
		return badJSON(err)
	}
	if doc.Internet != nil && !*doc.Internet {
		return reply.NotServed("allowInternetAccess of a session")
	}
	for _, time := range []struct {
		field string
		given *int
		to    *time.Duration
	}{{"sessionTTLInSeconds", doc.TTL, &s.TTL}, {"sessionIdleTimeoutInSeconds", doc.Idle, &s.Idle}} {
		if time.given == nil || *time.given == 0 {
			continue
		}
		if *time.to, err = fc.SessionSeconds(time.field, time.given, 0); err != nil {
			return reply.Invalid(err.Error())
		}
	}
	for _, flag := range []struct{ given, to *bool }{{doc.NoReuse, &s.DisableReuse}, {doc.AutoPause, &s.AutoPause}, {doc.AutoResume, &s.AutoResume}} {
		if flag.given != nil {
			*flag.to = *flag.given
		}
	}
	return nil
}

// sessionMounts are the fields of mounts that a session can have of its own.
func sessionMounts() []string {
	return []string{"nasConfig", "ossMountConfig", "polarFsConfig", "juiceFsConfig"}
}

// mounts puts the mounts that a session has of its own into its settings.
func (f fields) mounts(fn *fc.Function, s *instance.SessionSettings) error {
	if !slices.ContainsFunc(sessionMounts(), func(name string) bool { return f[name] != nil }) {
		return nil
	}
	if fn.InstanceIsolationMode != fc.IsolationSession {
		return invalid("a session can have mounts of its own with instanceIsolationMode %s only", fc.IsolationSession)
	}
	own := fc.Function{}
	for _, c := range []struct {
		field string
		to    any
	}{{"nasConfig", &own.NASConfig}, {"ossMountConfig", &own.OSSMountConfig}, {"polarFsConfig", &own.PolarFSConfig}, {"juiceFsConfig", &own.JuiceFSConfig}} {
		if f[c.field] == nil {
			continue
		}
		if err := json.Unmarshal(f[c.field], c.to); err != nil {
			return badField(c.field, err)
		}
	}
	all := instance.SessionSettings{NAS: own.NASConfig, OSS: own.OSSMountConfig, Polar: own.PolarFSConfig, Juice: own.JuiceFSConfig}
	own = *fn
	all.Mount(&own)
	if err := checkMounts(&own); err != nil {
		return err
	}
	s.NAS, s.OSS, s.Polar, s.Juice = own.NASConfig, own.OSSMountConfig, own.PolarFSConfig, own.JuiceFSConfig
	return nil
}

func updateSession(c *call) (answer, error) {
	given, err := c.fields()
	if err != nil {
		return answer{}, err
	}
	for _, name := range sessionMounts() {
		if given[name] != nil {
			return answer{}, reply.NotServed(name + " of a session that is there")
		}
	}
	return c.withSession(func(p SessionPool) (instance.Session, error) {
		return p.UpdateSession(c.args["session"], given.settings)
	})
}

func deleteSession(c *call) (answer, error) {
	err := c.sessions(func(p SessionPool) error { return p.DeleteSession(c.args["session"]) })
	if err != nil {
		return answer{}, err
	}
	return noContent()
}

func listSessions(c *call) (answer, error) {
	q := c.r.URL.Query()
	if q.Get("limit") == "" {
		q.Set("limit", fmt.Sprint(defaultSessions))
		c.r.URL.RawQuery = q.Encode()
	}
	var all []instance.Session
	if err := c.sessions(func(p SessionPool) error { all = p.Sessions(); return nil }); err != nil {
		return answer{}, err
	}
	all = slices.DeleteFunc(all, func(s instance.Session) bool {
		return q.Get("sessionId") != "" && s.ID != q.Get("sessionId") || q.Get("sessionStatus") != "" && s.Status != q.Get("sessionStatus")
	})
	slices.SortFunc(all, func(a, b instance.Session) int { return cmp.Compare(a.ID, b.ID) })
	some, next, err := page(c, all, func(s instance.Session) string { return s.ID })
	if err != nil {
		return answer{}, err
	}
	return ok(listing("sessions", some, next, c.sessionView))
}

// sessionView is a session as the API shows it.
func (c *call) sessionView(s instance.Session) map[string]any {
	doc := map[string]any{
		"sessionId": s.ID, "functionName": c.args["function"], "qualifier": c.qualifier,
		"sessionAffinityType": s.Affinity, "sessionStatus": s.Status,
		"sessionTTLInSeconds": int(s.TTL / time.Second), "sessionIdleTimeoutInSeconds": int(s.Idle / time.Second),
		"createdTime": stamp(s.Created), "lastModifiedTime": stamp(s.Modified), "disableSessionIdReuse": s.DisableReuse,
	}
	if s.InstanceID != "" {
		doc["containerId"] = s.InstanceID
	}
	if s.AutoPause || s.AutoResume {
		doc["enableAutoPause"], doc["enableAutoResume"] = s.AutoPause, s.AutoResume
	}
	if s.NAS != nil {
		doc["nasConfig"] = s.NAS
	}
	if s.OSS != nil {
		doc["ossMountConfig"] = s.OSS
	}
	if s.Polar != nil {
		doc["polarFsConfig"] = s.Polar
	}
	if s.Juice != nil {
		doc["juiceFsConfig"] = s.Juice
	}
	return doc
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
