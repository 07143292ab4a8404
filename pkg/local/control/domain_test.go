package control

import (
	"encoding/json"
	"strings"
	"testing"
)

// fullDomain is a custom domain with all that one can have, as FC 3.0 has it.
func fullDomain(name string) map[string]any {
	return map[string]any{
		"domainName": name, "protocol": "HTTP,HTTPS",
		"routeConfig": map[string]any{"routes": []any{
			map[string]any{
				"path": "/api/*", "functionName": "svc$f", "methods": []string{"GET", "POST"}, "qualifier": "prod",
				"rewriteConfig": map[string]any{
					"equalRules":    []any{map[string]any{"match": "/api/a", "replacement": "/b"}},
					"wildcardRules": []any{map[string]any{"match": "/api/*", "replacement": "/$1"}},
					"regexRules":    []any{map[string]any{"match": "^/(.*)$", "replacement": "/x/$1"}},
				},
			},
			map[string]any{"path": "/*", "functionName": "g"},
		}},
		"certConfig": map[string]any{"certName": "c", "certificate": "the certificate", "privateKey": "the key"},
		"tlsConfig":  map[string]any{"minVersion": "TLSv1.2", "maxVersion": "TLSv1.3", "cipherSuites": []string{"TLS_RSA_WITH_AES_128_CBC_SHA"}},
		"wafConfig":  map[string]any{"enableWAF": true}, "authConfig": map[string]any{"authType": "function"},
		"corsConfig": map[string]any{"allowOrigins": []string{"*"}, "allowMethods": []string{"*"}, "maxAge": 60},
	}
}

func TestDomainLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const list, one = "/2023-03-30/custom-domains", "/2023-03-30/custom-domains/www.example.com"
	made := w.do("POST", list, with(fullDomain("www.example.com"), nil)).is(200)
	made.has("accountId", testAccount).has("apiVersion", "2023-03-30").has("createdTime", "2026-01-02T03:04:05Z").has("lastModifiedTime", "2026-01-02T03:04:05Z")
	for name, want := range fullDomain("www.example.com") {
		switch name {
		case "certConfig":
			made.has(name, map[string]any{"certName": "c", "certificate": "the certificate"})
		case "routeConfig":
			routes := want.(map[string]any)["routes"].([]any)
			routes[1].(map[string]any)["qualifier"] = "LATEST"
			made.has(name, want)
		default:
			made.has(name, want)
		}
	}
	if got := w.do("GET", one, "").is(200); string(got.body) != string(made.body) {
		t.Errorf("shows %s, made %s", got.body, made.body)
	}
	w.do("POST", list, `{"domainName":"WWW.example.com"}`).is(409, "DomainNameAlreadyExists")
	w.do("POST", list, `{"domainName":"www.example.com"}`, "X-Fc-Region: cn-beijing").is(409, "DomainNameAlreadyExists")
	w.do("GET", one, "", "X-Fc-Region: cn-beijing").is(404, "DomainNameNotFound").says("domain name 'www.example.com' does not exist")
	w.pass(1e9)
	// What was shown can be sent back: the private key stays.
	w.do("PUT", one, string(made.body)).is(200).has("lastModifiedTime", "2026-01-02T03:04:06Z").has("createdTime", "2026-01-02T03:04:05Z")
	if d, err := w.store.Domain(testRegion, "www.example.com"); err != nil || d.Domain.CertConfig.PrivateKey != "the key" {
		t.Errorf("%+v %v", d, err)
	}
	w.do("PUT", one, `{"protocol":"HTTP","certConfig":null,"domainName":"other.example.com","authConfig":{}}`).is(200).
		has("protocol", "HTTP").has("domainName", "www.example.com").has("certConfig.certName", "c").has("wafConfig.enableWAF", true)
	w.do("PUT", one, `{"certConfig":{"certificate":"new"}}`).is(400, "InvalidArgument").says("both certificate and privateKey")
	w.do("GET", list+"?prefix=www.", "").is(200).has("customDomains", []any{w.do("GET", one, "").doc})
	w.do("DELETE", one, "").is(204)
	w.do("DELETE", one, "").is(404, "DomainNameNotFound")
	w.do("PUT", one, "{}").is(404, "DomainNameNotFound")
	w.do("GET", list, "").is(200).has("customDomains", []any{})
}

// FC 2.0 names service and function apart; both APIs show the same domain.
func TestDomainOfServices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const routes = `{"routes":[{"path":"/a","serviceName":"svc","functionName":"f","qualifier":"1"},{"path":"/b","functionName":"g"}]}`
	for _, version := range []string{"/2021-04-06", "/2016-08-15"} {
		name := strings.Trim(version, "/") + ".example.com"
		made := w.do("POST", version+"/custom-domains", `{"domainName":"`+name+`","routeConfig":`+routes+`}`).is(200)
		made.has("apiVersion", version[1:]).has("protocol", "HTTP").has("routeConfig", decodeJSON(t, strings.Replace(routes, `"g"}`, `"g","qualifier":"LATEST"}`, 1)))
		seen := w.do("GET", "/2023-03-30/custom-domains/"+name, "").is(200)
		seen.has("routeConfig", decodeJSON(t, `{"routes":[{"path":"/a","functionName":"svc$f","qualifier":"1"},{"path":"/b","functionName":"g","qualifier":"LATEST"}]}`))
		w.do("PUT", "/2023-03-30/custom-domains/"+name, string(seen.body)).is(200)
		w.do("PUT", version+"/custom-domains/"+name, string(made.body)).is(200).has("routeConfig", made.doc["routeConfig"])
		w.do("DELETE", version+"/custom-domains/"+name, "").is(204)
	}
}

func decodeJSON(t *testing.T, text string) any {
	t.Helper()
	var out any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDomainRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := func(path string, value any) string {
		doc := fullDomain("a.example.com")
		inside := doc
		names := strings.Split(path, ".")
		for _, name := range names[:len(names)-1] {
			inside = inside[name].(map[string]any)
		}
		inside[names[len(names)-1]] = value
		return with(doc, nil)
	}
	route := func(over map[string]any) []any {
		return []any{json.RawMessage(with(map[string]any{"path": "/", "functionName": "f"}, over))}
	}
	label := strings.Repeat("a", 63)
	for _, tt := range []struct {
		body, says string
	}{
		{at("domainName", nil), "domainName is required"},
		{at("domainName", strings.Repeat("a.", 127)+"com"), "the limit is 256"},
		{at("domainName", "localhost"), "is not the name of a domain"},
		{at("domainName", "127.0.0.1"), "is not the name of a domain"},
		{at("domainName", "::1"), "is not the name of a domain"},
		{at("domainName", "a.example.com:80"), "is not the name of a domain"},
		{at("domainName", "a..com"), "is not the name of a domain"},
		{at("domainName", "-a.com"), "is not the name of a domain"},
		{at("domainName", "a_b.com"), "is not the name of a domain"},
		{at("domainName", label+"a.com"), "is not the name of a domain"},
		{at("domainName", "a.*.com"), "is not the name of a domain"},
		{at("domainName", "例子.com"), "is not the name of a domain"},
		{at("domainName", "x.cn-hangzhou.fcapp.localhost"), "cloud's own"},
		{at("domainName", "FCV3.cn-hangzhou.aliyuncs.com"), "cloud's own"},
		{at("domainName", "*.localhost"), "is not the name of a domain"},
		{at("protocol", "FTP"), "protocol 'FTP' is not one of"},
		{at("protocol", "HTTPS,HTTP"), "protocol 'HTTPS,HTTP' is not one of"},
		{at("certConfig", nil), "certConfig is required for protocol 'HTTP,HTTPS'"},
		{at("certConfig.privateKey", ""), "both certificate and privateKey"},
		{at("certConfig.certificate", ""), "both certificate and privateKey"},
		{at("certConfig", map[string]any{"certName": "c"}), "certConfig.certificate is required"},
		{at("tlsConfig.minVersion", "TLSv9"), "tlsConfig.minVersion 'TLSv9'"},
		{at("tlsConfig.maxVersion", "SSL"), "tlsConfig.maxVersion 'SSL'"},
		{at("tlsConfig.maxVersion", "TLSv1.0"), "is later than"},
		{at("routeConfig.routes", route(map[string]any{"functionName": nil})), "routes[0].functionName is required"},
		{at("routeConfig.routes", route(map[string]any{"path": nil})), "must begin with /"},
		{at("routeConfig.routes", append(route(nil), route(nil)...)), "routeConfig.routes[1]: path '/' is there twice"},
		{at("routeConfig.routes", route(map[string]any{"methods": []string{"BREW"}})), "has 'BREW'"},
		{at("routeConfig.routes", route(map[string]any{"rewriteConfig": map[string]any{"regexRules": []any{map[string]any{"match": "("}}}})), "regexRules[0].match '('"},
		{at("authConfig.authType", "magic"), "authConfig.authType 'magic'"},
		{at("corsConfig.maxAge", -1), "corsConfig.maxAge must not be negative"},
		{at("corsConfig.allowMethods", []string{"get"}), "corsConfig.allowMethods has 'get'"},
	} {
		w.do("POST", "/2023-03-30/custom-domains", tt.body).is(400, "InvalidArgument").says(tt.says)
	}
	w.do("POST", "/2023-03-30/custom-domains", at("isE2B", true)).is(501, "NotImplemented").says("isE2B")
	for _, name := range []string{label + ".com", "*.example.com", "my.localhost", "a-b.c.d.example.co"} {
		w.do("POST", "/2023-03-30/custom-domains", `{"isE2B":false,"domainName":"`+name+`"}`).is(200).has("domainName", name)
	}
}

// FuzzDomainBody: whatever a client sends, the domain that is made is the one
// that is shown, and sending it back changes nothing.
func FuzzDomainBody(f *testing.F) {
	f.Add(`{"domainName":"a.b","routeConfig":{"routes":[{"path":"/*","serviceName":"s","functionName":"f"}]}}`, `{"protocol":"HTTP"}`)
	f.Add(`{"domainName":"a.b","certConfig":{"certificate":"c","privateKey":"k"},"authConfig":{"authType":"anonymous","authInfo":"{}"}}`, `{"certConfig":{"certificate":"c"}}`)
	f.Add(`{"domainName":"*.b.c","corsConfig":{"maxAge":1e2},"tlsConfig":{"minVersion":"TLSv1.2"}}`, `{"routeConfig":{"routes":[{"path":"/a","functionName":"f$g$h"}]}}`)
	const list = "/2023-03-30/custom-domains"
	all := newDirect(f)
	f.Fuzz(func(t *testing.T, create, update string) {
		d := all.of(t)
		status, made, _ := d.ask("POST", list, create)
		if status != 200 {
			return
		}
		var doc struct{ DomainName string }
		if err := json.Unmarshal([]byte(made), &doc); err != nil {
			t.Fatal(err)
		}
		one := list + "/" + doc.DomainName
		before := d.same(one, made)
		if status, changed, _ := d.ask("PUT", one, update); status == 200 {
			before = d.same(one, changed)
		}
		if status, again, _ := d.ask("PUT", one, before); status != 200 || again != before {
			t.Errorf("sent back what was shown, %s, got %d %s", before, status, again)
		}
		if status, _, _ := d.ask("DELETE", one, ""); status != 204 {
			t.Errorf("deleting %s: %d", one, status)
		}
	})
}
