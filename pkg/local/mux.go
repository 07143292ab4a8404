package local

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"s/pkg/fc"
	"s/pkg/local/control"
	"s/pkg/local/gateway"
	"s/pkg/local/reply"
)

// Paths of what only the local cloud has.
const (
	ownPrefix  = "/_s/"
	statusPath = ownPrefix + "status"
	stopPath   = ownPrefix + "stop"
	logsPath   = ownPrefix + "logs"
)

// ServeHTTP sorts requests: HTTP triggers, which check their callers
// themselves, and the API, where everybody must have signed.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	reply.Start(w, c.now())
	if gateway.IsTriggerHost(r.Host, control.HostSuffix) {
		c.gateway.ServeHost(w, r, control.HostSuffix)
		return
	}
	if d, ok := c.store.DomainByHost(gateway.HostName(r.Host)); ok {
		c.gateway.ServeDomain(w, r, d)
		return
	}
	if c.serveNeighbour(w, r) {
		return
	}
	if !isOwnHost(r.Host) {
		gateway.UnknownHost(w, r.Host)
		return
	}
	path := r.URL.EscapedPath()
	if strings.HasPrefix(path, control.CodePath) {
		c.control.ServeCode(w, r)
		return
	}
	version, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	known := isVersion(version)
	if proxied, ok := strings.CutPrefix(rest, "proxy/"); ok && known {
		c.paths().proxy(w, r, version, proxied)
		return
	}
	if !ownOrigin(r) {
		reply.Error(w, foreignPage())
		return
	}
	if _, err := c.verifier.Verify(r); err != nil {
		reply.Error(w, err)
		return
	}
	switch {
	case strings.HasPrefix(path, ownPrefix):
		c.serveOwn(w, r)
	case !known:
		reply.Error(w, reply.NotServed("'"+r.Method+"' against '"+path+"'"))
	default:
		if !c.paths().serve(w, r, version, strings.Split(rest, "/")) {
			c.control.ServeHTTP(w, r)
		}
	}
}

// isOwnHost reports whether a Host header names the cloud's API: this machine's
// loopback, or a name of the cloud's own that was made to lead here.
func isOwnHost(host string) bool {
	return gateway.IsLoopbackHost(host) || strings.HasSuffix(gateway.HostName(host), ".aliyuncs.com")
}

// foreignPage is the answer to a web page on another host.
func foreignPage() error {
	return &fc.APIError{
		Status: http.StatusForbidden, Code: fc.CodeAccessDenied, Message: "requests of pages on other hosts are refused",
	}
}

// paths are the operations that concern running instances.
func (c *Cloud) paths() invokePaths { return invokePaths{c.gateway, c.info.Region} }

// invokePaths finds the function that a path of the API stands for. The cloud
// and the server of the working tree share it.
type invokePaths struct {
	gateway *gateway.Gateway
	region  string // of requests that name none
}

// isVersion reports whether a path begins with a version of the API.
func isVersion(version string) bool {
	return version == fc.APIVersion3 || version == fc.APIVersion2 || version == fc.APIVersion2Old
}

// serveOwn serves what FC doesn't have.
func (c *Cloud) serveOwn(w http.ResponseWriter, r *http.Request) {
	switch r.Method + " " + r.URL.Path {
	case "GET " + statusPath:
		info := c.info
		info.AccessKeySecret = ""
		reply.JSON(w, http.StatusOK, info)
	case "POST " + stopPath:
		reply.JSON(w, http.StatusOK, struct{}{})
		http.NewResponseController(w).Flush()
		c.end()
	case "GET " + logsPath:
		c.gateway.ServeLogs(w, r)
	default:
		if !c.serveQueue(w, r) {
			reply.Error(w, reply.NotServed("'"+r.Method+"' against '"+r.URL.Path+"'"))
		}
	}
}

// serve serves the operations that concern running instances; false is another
// one. segments are the escaped path after the version.
func (p invokePaths) serve(w http.ResponseWriter, r *http.Request, version string, segments []string) bool {
	names, action := functionPath(version, segments)
	invoke := r.Method == http.MethodPost && len(action) == 1 && action[0] == "invocations"
	exec := r.Method == http.MethodGet && len(action) == 3 && action[0] == "instances" && action[2] == "exec"
	if names == nil || !invoke && !exec {
		return false
	}
	t, err := p.target(r, names)
	if err != nil {
		reply.Error(w, err)
		return true
	}
	if invoke {
		p.gateway.ServeInvoke(w, r, t)
		return true
	}
	id, err := url.PathUnescape(action[1])
	if err != nil {
		reply.Error(w, reply.Invalid("the path can't be read"))
		return true
	}
	p.gateway.ServeExec(w, r, t, id)
	return true
}

// functionPath splits the path of an operation on a function: its names (the
// function, or service and function) and what follows. names is nil if the
// path is none.
func functionPath(version string, segments []string) (names, action []string) {
	if version == fc.APIVersion3 {
		if len(segments) > 2 && segments[0] == "functions" && segments[1] != "" {
			return segments[1:2], segments[2:]
		}
		return nil, nil
	}
	if len(segments) > 4 && segments[0] == "services" && segments[2] == "functions" && segments[1] != "" && segments[3] != "" {
		return []string{segments[1], segments[3]}, segments[4:]
	}
	return nil, nil
}

// target is the function that escaped names stand for. The qualifier is in the
// query or after a dot of the first name.
func (p invokePaths) target(r *http.Request, names []string) (gateway.Target, error) {
	t := gateway.Target{}
	var err error
	if t.Region, err = control.Region(r, p.region); err != nil {
		return t, err
	}
	plain := make([]string, len(names))
	for i, n := range names {
		if plain[i], err = url.PathUnescape(n); err != nil {
			return t, reply.Invalid("the path can't be read")
		}
	}
	plain[0], t.Qualifier, _ = strings.Cut(plain[0], ".")
	t.Function = plain[0]
	if len(plain) == 2 {
		t.Function = fc.JoinName(plain[0], plain[1])
	}
	if t.Qualifier == "" && r.URL.RawQuery != "" {
		t.Qualifier = r.URL.Query().Get("qualifier")
	}
	return t, nil
}

// proxy serves an HTTP trigger by its path:
// <service>[.<qualifier>]/<function>/… of FC 2.0 and
// <function>[.<qualifier>]/… of FC 3.0.
func (p invokePaths) proxy(w http.ResponseWriter, r *http.Request, version, proxied string) {
	count := 2
	if version == fc.APIVersion3 {
		count = 1
	}
	segments := strings.SplitN(proxied, "/", count+1)
	nameless := func(s string) bool { return s == "" || s[0] == '.' }
	if len(segments) < count || slices.ContainsFunc(segments[:count], nameless) {
		reply.Error(w, reply.NotServed("'"+r.Method+"' against '"+r.URL.EscapedPath()+"'"))
		return
	}
	rest := "/"
	if len(segments) > count {
		rest += segments[count]
	}
	own := *r.URL
	own.RawQuery = "" // it is the function's
	plain := *r
	plain.URL = &own
	t, err := p.target(&plain, segments[:count])
	if err != nil {
		reply.Error(w, err)
		return
	}
	p.gateway.ServeProxy(w, r, t, rest)
}
