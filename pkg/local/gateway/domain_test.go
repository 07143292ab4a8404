package gateway

import (
	"net/url"
	"strings"
	"testing"

	"s/pkg/fc"
	"s/pkg/local/store"
)

// domain stores a custom domain, or a new form of it.
func (w *world) domain(name string, d fc.CustomDomain) {
	w.t.Helper()
	d.DomainName = name
	stored := &store.Domain{Region: region, Domain: d}
	if _, ok := w.store.DomainByHost(name); ok {
		if err := w.store.DeleteDomain(region, name); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := w.store.CreateDomain(stored); err != nil {
		w.t.Fatal(err)
	}
}

func routes(list ...fc.PathConfig) fc.CustomDomain {
	for i := range list {
		if list[i].Qualifier == "" {
			list[i].Qualifier = fc.LatestQualifier
		}
	}
	return fc.CustomDomain{RouteConfig: &fc.RouteConfig{Routes: list}}
}

func TestDomainRoutes(t *testing.T) {
	w := newWorld(t)
	w.deploy("all", "custom", "one")
	w.deploy("api", "custom", "two")
	rule := func(match, replacement string) []fc.RewriteRule {
		return []fc.RewriteRule{{Match: match, Replacement: replacement}}
	}
	w.domain("www.example.com", routes(
		fc.PathConfig{Path: "/*", FunctionName: "all"},
		fc.PathConfig{Path: "/api/*", FunctionName: "api", Methods: []string{"GET", "PUT"}, RewriteConfig: &fc.RewriteConfig{
			EqualRules: rule("/api/a b", "/ü?n=1"), WildcardRules: rule("^/api/v1/*", "/$1"),
		}},
		fc.PathConfig{Path: "/gone", FunctionName: "gone"},
		fc.PathConfig{Path: "/old", FunctionName: "all", Qualifier: "7"},
	))
	for _, tt := range []struct{ path, seen, query string }{
		{"/", "/", ""},
		{"/x%2Fy?a=1&b", "/x%2Fy", "a=1&b"}, // unchanged, however it is written
		{"/api/other%2Fx", "/api/other%2Fx", ""},
		{"/api/v1/users/5?x=1", "/users/5", "x=1"},
		{"/api/a%20b", "/%C3%BC", "n=1"},
		{"/api/a%20b?m=2", "/%C3%BC", "n=1&m=2"},
	} {
		g := w.do("GET", tt.path, "", "Host: WWW.Example.com:19800", "X-Forwarded-For: 9.9.9.9", "X-Fc-Secret: forged")
		w.want(g, 201, "")
		g.has(t, "escaped", tt.seen)
		g.has(t, "query", tt.query)
		g.has(t, "host", "WWW.Example.com:19800")
		header := g.doc["header"].(map[string]any)
		if header["X-Forwarded-For"] == nil || header["X-Fc-Secret"] != nil {
			t.Errorf("%v", header)
		}
	}
	host := "Host: www.example.com"
	w.want(w.do("POST", "/api/x", "", host), 405, "MethodNotAllowed")
	w.want(w.do("POST", "/x", "body", host), 201, "")
	w.want(w.do("GET", "/gone", "", host), 404, "FunctionNotFound")
	w.want(w.do("GET", "/old", "", host), 404, "VersionNotFound")
	w.want(w.do("GET", "/?"+strings.Repeat("x", fc.MaxTriggerPathAndQuery), "", host), 400, "InvalidArgument")
	w.want(w.do("GET", "/", "", "Host: else.example.com"), 404, "DomainNameNotFound")
	// An update counts at once.
	w.domain("www.example.com", routes(fc.PathConfig{Path: "/only", FunctionName: "api"}))
	w.want(w.do("GET", "/only", "", host), 201, "")
	w.want(w.do("GET", "/", "", host), 404, "DomainRouteNotFound")
	w.domain("www.example.com", fc.CustomDomain{})
	w.want(w.do("GET", "/only", "", host), 404, "DomainRouteNotFound")
}

// Managed runtimes get an event, in which the path is the rewritten one.
func TestDomainOfEventFunctions(t *testing.T) {
	w := newWorld(t)
	w.deploy("f", "python3.10", "one")
	w.domain("*.example.com", routes(fc.PathConfig{Path: "/*", FunctionName: "f", RewriteConfig: &fc.RewriteConfig{
		RegexRules: []fc.RewriteRule{{Match: "^/a/(.*)", Replacement: "/b/$1"}},
	}}))
	g := w.do("GET", "/a/c", "", "Host: any.example.com")
	w.want(g, 200, "")
	g.has(t, "rawPath", "/b/c")
	if c := g.doc["requestContext"].(map[string]any); c["domainName"] != "any.example.com" || c["domainPrefix"] != "any" {
		t.Errorf("%v", c)
	}
}

func TestDomainWantsASignature(t *testing.T) {
	w := newWorld(t)
	calls := 0
	w.verify = signedBy(&calls)
	w.deploy("f", "custom", "one")
	d := routes(fc.PathConfig{Path: "/*", FunctionName: "f"})
	for kind, status := range map[string]int{"function": 403, "anonymous": 201, "": 201} {
		d.AuthConfig = &fc.DomainAuthConfig{AuthType: kind}
		w.domain("www.example.com", d)
		w.want(w.do("GET", "/", "", "Host: www.example.com"), status, "")
		w.want(w.do("GET", "/", "", "Host: www.example.com", "Authorization: good"), 201, "")
	}
	if calls != 2 {
		t.Errorf("%d checks", calls)
	}
}

// Of a service's function, FC 2.0 calls the HTTP trigger, with what that wants.
func TestDomainOfAService(t *testing.T) {
	w := newWorld(t)
	calls := 0
	w.verify = signedBy(&calls)
	w.deploy("svc$f", "custom", "one")
	d := routes(fc.PathConfig{Path: "/*", FunctionName: "svc$f"})
	w.domain("www.example.com", d)
	host := "Host: www.example.com"
	w.want(w.do("GET", "/", "", host), 404, "TriggerNotFound")
	w.trigger("svc$f", fc.HTTPTriggerConfig{AuthType: "function", Methods: []string{"GET"}, DisableURLInternet: true})
	w.want(w.do("GET", "/", "", host), 403, fc.CodeSignatureNotMatch)
	w.want(w.do("GET", "/", "", host, "Authorization: good"), 201, "")
	w.want(w.do("PUT", "/", "", host, "Authorization: good"), 403, "MethodNotAllowed")
	d.AuthConfig = &fc.DomainAuthConfig{AuthType: "anonymous"}
	w.domain("www.example.com", d)
	w.want(w.do("PUT", "/", "", host), 201, "") // the domain's word counts
}

func TestHostName(t *testing.T) {
	for host, want := range map[string]string{
		"a.B.com": "a.b.com", "a.com:80": "a.com", "a.com.": "a.com", "": "", "[::1]:80": "::1", "a:b:c": "a:b:c",
	} {
		if got := HostName(host); got != want {
			t.Errorf("%q: %q, want %q", host, got, want)
		}
	}
}

// FuzzDomainURL: whatever the path and the rule are, the function gets a path,
// and the query that the client sent is in what it gets.
func FuzzDomainURL(f *testing.F) {
	f.Add("/a%2Fb", "x=1", "/*", "/$1?y=2")
	f.Add("/", "", "^/", "?")
	f.Add("//a", "%zz", "*", "$1$1")
	f.Fuzz(func(t *testing.T, path, query, match, replacement string) {
		given, err := url.ParseRequestURI(path)
		if err != nil || !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "?#") {
			return
		}
		given.RawQuery = query
		before := *given
		var g Gateway
		table, err := g.routesOf(&store.Domain{Domain: routes(fc.PathConfig{Path: "/*", RewriteConfig: &fc.RewriteConfig{
			WildcardRules: []fc.RewriteRule{{Match: match, Replacement: replacement}},
		}})})
		if err != nil {
			return
		}
		way, ok := table.Match(given.Path)
		if !ok {
			return // a path that isn't absolute
		}
		seen := rewritten(given, way)
		if *given != before {
			t.Errorf("the request's own URL became %v", given)
		}
		if !strings.HasPrefix(seen.Path, "/") || !strings.HasSuffix(seen.RawQuery, query) {
			t.Errorf("%q?%q is seen as %q?%q", path, query, seen.Path, seen.RawQuery)
		}
	})
}
