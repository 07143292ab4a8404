package gateway

import (
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/local/route"
	"s/pkg/local/store"
)

// HostName is the name in a Host header, in lower case and without the port.
func HostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// domains are the tables of routes of custom domains, made when they are first
// needed.
type domains struct {
	mu     sync.Mutex
	tables map[string]domainTable // by the domain's name
}

type domainTable struct {
	of     *store.Domain
	routes *route.Table
}

// table gives the routes of a domain as it is now.
func (d *domains) table(of *store.Domain) (*route.Table, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	name := of.Domain.DomainName
	if t, ok := d.tables[name]; ok && t.of == of {
		return t.routes, nil
	}
	var paths []fc.PathConfig
	if of.Domain.RouteConfig != nil {
		paths = of.Domain.RouteConfig.Routes
	}
	routes, err := route.New(paths)
	if err != nil {
		return nil, err
	}
	if d.tables == nil {
		d.tables = map[string]domainTable{}
	}
	d.tables[name] = domainTable{of, routes}
	return routes, nil
}

// ServeDomain serves a request to a custom domain. The answer's request id must
// have been set.
func (g *Gateway) ServeDomain(w http.ResponseWriter, r *http.Request, d *store.Domain) {
	if err := g.serveDomain(w, r, d); err != nil {
		g.refuse(w, r, err)
	}
}

func (g *Gateway) serveDomain(w http.ResponseWriter, r *http.Request, d *store.Domain) error {
	routes, err := g.domains.table(d)
	if err != nil {
		return err
	}
	way, found := routes.Match(r.URL.Path)
	if !found {
		return &fc.APIError{
			Status: http.StatusNotFound, Code: "DomainRouteNotFound",
			Message: "no route found in domain '" + d.Domain.DomainName + "' for path '" + r.URL.Path + "'",
		}
	}
	if !way.Allows(r.Method) {
		return notAllowed("route '"+way.Path+"'", r.Method, way.Methods)
	}
	target := Target{d.Region, way.FunctionName, way.Qualifier}
	if err := g.check(target); err != nil {
		return err
	}
	if err := withinLimits(r); err != nil {
		return err
	}
	unchecked := r.Body
	if err := g.admitToDomain(r, d, target); err != nil {
		return err
	}
	return g.forward(w, r, target, rewritten(r.URL, way), r.Body != unchecked)
}

// admitToDomain checks who calls a domain. What says so is the domain or, in FC
// 2.0, where a domain calls HTTP triggers, that of the function.
func (g *Gateway) admitToDomain(r *http.Request, d *store.Domain, t Target) error {
	if d.Domain.AuthConfig != nil && d.Domain.AuthConfig.AuthType != "" {
		return g.authenticate(r, d.Domain.AuthConfig.AuthType)
	}
	if service, _ := fc.SplitName(t.Function); service == "" {
		return nil
	}
	trigger, err := g.cfg.Store.HTTPTrigger(t.Region, t.Function, t.Qualifier)
	if err != nil {
		return noHTTPTrigger(t.Function)
	}
	if err := checkMethod(r, trigger); err != nil {
		return err
	}
	return g.authenticate(r, trigger.HTTP.AuthType)
}

// rewritten is the URL as the function sees it.
func rewritten(u *url.URL, way *route.Route) *url.URL {
	path, query, ok := way.Rewrite(u.Path)
	if !ok {
		return u
	}
	out := *u
	out.Path, out.RawPath = path, ""
	switch {
	case query != "" && out.RawQuery != "":
		out.RawQuery = query + "&" + out.RawQuery
	case query != "":
		out.RawQuery = query
	}
	return &out
}

func noHTTPTrigger(function string) error {
	return &fc.APIError{
		Status: http.StatusNotFound, Code: fc.CodeTriggerNotFound,
		Message: "function '" + function + "' has no http trigger",
	}
}

func notAllowed(who, method string, served []string) error {
	return &fc.APIError{
		Status: http.StatusMethodNotAllowed, Code: "MethodNotAllowed",
		Message: who + " doesn't serve " + method + ", it serves " + strings.Join(served, ", "),
	}
}

// UnknownHost answers a request whose Host header names neither this machine nor
// anything that was made here: pages on a name that was pointed at the loopback
// address get nothing.
func UnknownHost(w http.ResponseWriter, host string) {
	reply.Error(w, &fc.APIError{
		Status: http.StatusNotFound, Code: fc.CodeDomainNameNotFound, Message: "domain name '" + host + "' does not exist",
	})
}
