package gateway

import (
	"net"
	"net/http"
	"net/url"
	"strings"

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

// routesOf gives the routes of a domain as it is now.
func (g *Gateway) routesOf(d *store.Domain) (*route.Table, error) {
	return g.tables.get(d.Domain.DomainName, d, func() (*route.Table, error) {
		if d.Domain.RouteConfig == nil {
			return &route.Table{}, nil
		}
		return route.New(d.Domain.RouteConfig.Routes)
	})
}

// ServeDomain serves a request to a custom domain. The answer's request id must
// have been set.
func (g *Gateway) ServeDomain(w http.ResponseWriter, r *http.Request, d *store.Domain) {
	if err := g.serveDomain(w, r, d); err != nil {
		g.refuse(w, r, err)
	}
}

func (g *Gateway) serveDomain(w http.ResponseWriter, r *http.Request, d *store.Domain) error {
	routes, err := g.routesOf(d)
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
	target := Target{Region: d.Region, Function: way.FunctionName, Qualifier: way.Qualifier, header: r.Header.Get}
	if _, err := g.pin(&target); err != nil {
		return err
	}
	in, trigger, err := g.domainDoor(d, target)
	if err != nil {
		return err
	}
	w, answered := in.cross(w, r)
	if answered {
		return nil
	}
	if !way.Allows(r.Method) {
		return notAllowed(http.StatusMethodNotAllowed, "route '"+way.Path+"'", r.Method, way.Methods)
	}
	if trigger != nil {
		if err := checkMethod(r, trigger); err != nil {
			return err
		}
	}
	if err := withinLimits(r); err != nil {
		return err
	}
	who, err := g.authenticate(r, in, r.URL.Path)
	if err != nil {
		return err
	}
	return g.forward(w, r, target, rewritten(r.URL, way), who)
}

// domainDoor is who may call a domain. What says so is the domain or, in FC 2.0,
// where a domain calls HTTP triggers, that of the function, which is given, too.
func (g *Gateway) domainDoor(d *store.Domain, t Target) (door, *store.Trigger, error) {
	in := door{name: "domain " + d.Domain.DomainName, of: d, auth: "anonymous", cors: d.Domain.CORSConfig}
	if auth := d.Domain.AuthConfig; auth != nil && auth.AuthType != "" {
		in.auth, in.tokens = auth.AuthType, auth.AuthInfo
		return in, nil, nil
	}
	if service, _ := fc.SplitName(t.Function); service == "" {
		return in, nil, nil
	}
	trigger, err := g.cfg.Store.HTTPTrigger(t.Region, t.Function, t.Qualifier)
	if err != nil {
		return in, nil, noHTTPTrigger(t.Function)
	}
	own := triggerDoor(trigger)
	if in.cors != nil {
		own.cors = in.cors
	}
	return own, trigger, nil
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

// notAllowed refuses a method. What Function Compute answers for a route isn't
// documented.
func notAllowed(status int, who, method string, served []string) error {
	return &fc.APIError{
		Status: status, Code: "MethodNotAllowed",
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
