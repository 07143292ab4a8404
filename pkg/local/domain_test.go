package local

import (
	"net/http"
	"strings"
	"testing"

	"s/pkg/fc"
)

// at sends a request to a host name, which leads to the cloud.
func (c *client) at(status int, host, method, path string, header ...string) string {
	c.t.Helper()
	r := c.request(method, path, "")
	r.Host = host
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	_, body := c.send(status, r)
	return body
}

// Requests whose Host is a custom domain reach its function; of other names that
// aren't this machine's, not even a signed request gets anything.
func TestDomainsOfTheDaemon(t *testing.T) {
	o := options(t.TempDir())
	cloud := startCloud(t, o)
	c := clientOf(t, cloud.Info())
	c.do(200, "POST", "/2023-03-30/functions", functionJSON(t, "f", "custom", "app", "x"))
	c.do(200, "POST", "/2023-03-30/custom-domains", `{"domainName":"www.example.com","routeConfig":{"routes":[{"path":"/*","functionName":"f",
		"rewriteConfig":{"wildcardRules":[{"match":"^/old/*","replacement":"/new/$1"}]}}]}}`)
	if body := c.at(http.StatusTeapot, "www.example.com", "GET", "/old/x"); body != "/new/x" {
		t.Errorf("the function sees %s", body)
	}
	// A domain has its function's paths, not the API's.
	if body := c.at(http.StatusTeapot, "WWW.example.com:19800", "GET", "/2023-03-30/functions"); body != "/2023-03-30/functions" {
		t.Errorf("%s", body)
	}
	c.at(http.StatusTeapot, "www.example.com", "GET", "/_s/status", "Origin: https://evil.example")
	foreign := c.request("GET", "/2023-03-30/functions", "")
	foreign.Host = "evil.example"
	c.sign(foreign, "")
	if _, body := c.send(404, foreign); !strings.Contains(body, "DomainNameNotFound") {
		t.Error(body)
	}
	for _, path := range []string{"/_s/status", "/2023-03-30/proxy/f/", "/"} {
		c.at(404, "evil.example", "GET", path)
	}
	// Names of the cloud's own that were made to lead here are the API's.
	named := c.request("GET", "/2023-03-30/functions", "")
	named.Host = "fcv3.cn-hangzhou.aliyuncs.com"
	c.sign(named, "")
	c.send(200, named)
	c.do(204, "DELETE", "/2023-03-30/custom-domains/www.example.com", "")
	c.at(404, "www.example.com", "GET", "/")
}

// A page of another site can't call the API, whatever it has signed with.
func TestForeignOrigins(t *testing.T) {
	cloud := startCloud(t, options(t.TempDir()))
	c := clientOf(t, cloud.Info())
	for origin, status := range map[string]int{
		"": 200, "http://localhost:3000": 200, "http://127.0.0.1:1": 200, "https://evil.example": 403, "null": 403, "://": 403,
	} {
		r := c.request("GET", "/2023-03-30/functions", "")
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		c.sign(r, "")
		c.send(status, r)
	}
}

// Domains outlive the process.
func TestDomainsOutliveTheProcess(t *testing.T) {
	o := options(t.TempDir())
	cloud := startCloud(t, o)
	clientOf(t, cloud.Info()).do(200, "POST", "/2021-04-06/custom-domains", `{"domainName":"a.example.com"}`)
	if err := cloud.Close(); err != nil {
		t.Fatal(err)
	}
	cloud = startCloud(t, o)
	clientOf(t, cloud.Info()).at(404, "a.example.com", "GET", "/x")
	clientOf(t, cloud.Info()).do(200, "GET", "/2023-03-30/custom-domains/a.example.com", "")
}

// Tokens need no keys of an account: the working tree's server checks them, too.
func TestDevWithTokens(t *testing.T) {
	t.Parallel()
	const (
		rules = `{"jwks":{"keys":[{"kty":"oct","alg":"HS256","k":"YWNjZXB0YW5jZQ"}]},"tokenLookup":"header:Authorization:Bearer","whitelist":["/open"]}`
		good  = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJtZSJ9.KleyUkhbiZLIFOog9bLMakir0qPgIAr6IL039Yybbmw"
	)
	w := newDev(t, DevOptions{})
	tokens, signed := w.function("tokens", "custom", "GET"), w.function("signed", "custom", "GET")
	tokens.Triggers[1].TriggerConfig = `{"authType":"jwt","methods":["GET"],"authConfig":` + rules + `}`
	signed.Triggers[1].TriggerConfig = `{"authType":"function","methods":["GET"]}`
	w.set(tokens, signed)
	routes := w.Routes([]string{"tokens", "signed"})
	if routes[0].Unchecked || !routes[1].Unchecked {
		t.Errorf("%+v", routes)
	}
	w.get(403, "GET", routes[0].URL, "")
	w.get(418, "GET", routes[0].URL, "", "Authorization: Bearer "+good)
	w.get(403, "GET", routes[0].URL, "", "Authorization: Bearer "+good+"x")
	w.get(418, "GET", routes[0].URL+"open", "")
	w.get(418, "GET", routes[1].URL, "")
	tokens.Triggers = []fc.Trigger{{TriggerName: "http", TriggerType: "http", TriggerConfig: `{"authType":"jwt","methods":["GET"]}`}}
	if err := w.Set(t.Context(), []DevFunction{tokens}); err == nil || !strings.Contains(err.Error(), "tokens: trigger http: InvalidArgument: triggerConfig.authConfig: jwks is required") {
		t.Errorf("%v", err)
	}
}
