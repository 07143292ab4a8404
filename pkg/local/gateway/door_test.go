package gateway

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"s/pkg/fc"
	"s/pkg/runtime/instance"
)

const secret = "a secret of a test, long enough"

// tokens is how tokens with a secret are checked, with other fields laid over it.
func tokens(over string) string {
	if over != "" {
		over = "," + over
	}
	return `{"jwks":{"keys":[{"kty":"oct","alg":"HS256","k":"` + base64.RawURLEncoding.EncodeToString([]byte(secret)) +
		`"}]},"tokenLookup":"header:Authorization:Bearer,form:token"` + over + `}`
}

func token(t *testing.T, claims jwt.MapClaims) string {
	t.Helper()
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestTriggerThatWantsTokens(t *testing.T) {
	w := newWorld(t)
	w.verify = func(*http.Request) error { t.Error("a signature was looked for"); return nil }
	w.deploy("f", "custom", "one")
	const passes = `"claimPassBy":"header:sub:X-User,form:sub:user,query:sub:u","whitelist":["/open/*"]`
	host := "Host: " + w.trigger("f", fc.HTTPTriggerConfig{AuthType: "jwt", Methods: []string{"GET", "POST"}, AuthConfig: fc.JSONText(tokens(passes))})
	good := token(t, jwt.MapClaims{"sub": "me"})
	w.want(w.do("GET", "/", "", host), 403, fc.CodeAccessDenied)
	w.want(w.do("GET", "/", "", host, "Authorization: Bearer bad"), 403, fc.CodeAccessDenied)
	w.want(w.do("GET", "/", "", host, "Authorization: Bearer "+token(t, jwt.MapClaims{"exp": time.Now().Unix() - 10})), 403, fc.CodeAccessDenied)
	g := w.do("GET", "/a%2Fb?u=forged", "", host, "Authorization: Bearer "+good, "X-User: forged")
	w.want(g, 201, "")
	g.has(t, "escaped", "/a%2Fb")
	g.has(t, "query", "u=me")
	if h := g.doc["header"].(map[string]any)["X-User"]; fmt.Sprint(h) != "[me]" {
		t.Errorf("%v", h)
	}
	g = w.do("POST", "/", "x=1&token="+good, host, "Content-Type: application/x-www-form-urlencoded")
	w.want(g, 201, "")
	g.has(t, "body", "token="+good+"&user=me&x=1")
	g = w.do("POST", "/", "plain", host, "Authorization: Bearer "+good)
	w.want(g, 201, "")
	g.has(t, "body", "plain")
	w.want(w.do("GET", "/open/x", "", host), 201, "")
	w.want(w.do("GET", "/proxy/f/open/x", ""), 201, "") // the path as the function sees it
	w.want(w.do("GET", "/proxy/f/other", ""), 403, fc.CodeAccessDenied)
	// Asynchronous ones, too.
	w.want(w.do("POST", "/", "x", host, "X-Fc-Invocation-Type: Async"), 403, fc.CodeAccessDenied)
}

func TestDomainThatWantsTokens(t *testing.T) {
	w := newWorld(t)
	w.deploy("f", "custom", "one")
	d := routes(fc.PathConfig{Path: "/*", FunctionName: "f", RewriteConfig: &fc.RewriteConfig{WildcardRules: []fc.RewriteRule{{Match: "^/in/*", Replacement: "/$1"}}}})
	d.AuthConfig = &fc.DomainAuthConfig{AuthType: "jwt", AuthInfo: tokens(`"blacklist":["/in/*"]`)}
	w.domain("www.example.com", d)
	host, bearer := "Host: www.example.com", "Authorization: Bearer "+token(t, nil)
	w.want(w.do("GET", "/out", "", host), 201, "")
	w.want(w.do("GET", "/in/x", "", host), 403, fc.CodeAccessDenied) // the path as it came
	g := w.do("GET", "/in/x", "", host, bearer)
	w.want(g, 201, "")
	g.has(t, "path", "/x")
	// New keys count at once.
	d.AuthConfig = &fc.DomainAuthConfig{AuthType: "jwt", AuthInfo: strings.Replace(tokens(""), `"k":"`, `"k":"AAAA`, 1)}
	w.domain("www.example.com", d)
	w.want(w.do("GET", "/in/x", "", host, bearer), 403, fc.CodeAccessDenied)
}

func TestForms(t *testing.T) {
	w := newWorld(t)
	w.deploy("f", "custom", "one")
	host := "Host: " + w.trigger("f", fc.HTTPTriggerConfig{AuthType: "jwt", Methods: []string{"POST"}, AuthConfig: fc.JSONText(tokens(""))})
	w.want(w.do("POST", "/", "%zz", host, "Content-Type: application/x-www-form-urlencoded"), 400, fc.CodeInvalidArgument)
	w.want(w.do("POST", "/", strings.Repeat("x", fc.MaxSyncBody+1), host, "Content-Type: application/x-www-form-urlencoded"), 400, fc.CodeEntityTooLarge)
}

// cors are the headers that browsers look at.
func (g got) cors() string {
	var out []string
	for _, name := range []string{"Origin", "Credentials", "Methods", "Headers"} {
		out = append(out, strings.Join(g.Header.Values("Access-Control-Allow-"+name), "+"))
	}
	out = append(out, strings.Join(g.Header.Values("Access-Control-Expose-Headers"), "+"), g.Header.Get("Access-Control-Max-Age"))
	return strings.TrimRight(strings.Join(out, "|"), "|")
}

func TestPreflight(t *testing.T) {
	w := newWorld(t)
	w.verify = func(*http.Request) error { return &fc.APIError{Status: 403, Code: fc.CodeSignatureNotMatch} }
	w.deploy("f", "custom", "one")
	all := &fc.CORSConfig{AllowOrigins: []string{"*"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}}
	some := &fc.CORSConfig{
		AllowOrigins: []string{"https://a.example", "https://b.example"}, AllowMethods: []string{"GET", "PUT"},
		AllowHeaders: []string{"X-A", "X-B"}, ExposeHeaders: []string{"X-Mine", "X-Fc-Request-Id"}, AllowCredentials: true, MaxAge: 600,
	}
	allWithCookies := *all
	allWithCookies.AllowCredentials = true
	for i, tt := range []struct {
		c                       *fc.CORSConfig
		origin, method, headers string
		status                  int
		want                    string
	}{
		{all, "https://x.example", "PATCH", "X-1,X-2", 204, "*||PATCH|X-1,X-2"},
		{all, "null", "GET", "", 204, "*||GET"},
		{&allWithCookies, "https://x.example", "GET", "X-1", 204, "https://x.example|true|GET|X-1"},
		{some, "https://b.example", "PUT", "X-1", 204, "https://b.example|true|GET,PUT|X-A,X-B||600"},
		{some, "https://b.example", "DELETE", "", 204, "https://b.example|true||X-A,X-B||600"},
		{some, "https://c.example", "GET", "", 403, ""},
		{&fc.CORSConfig{}, "https://c.example", "GET", "", 403, ""},
		{&fc.CORSConfig{AllowOrigins: []string{"https://c.example"}}, "https://c.example", "GET", "X-1", 204, "https://c.example||GET"},
	} {
		name := fmt.Sprintf("d%d.example.com", i)
		d := routes(fc.PathConfig{Path: "/*", FunctionName: "f", Methods: []string{"GET"}})
		d.AuthConfig, d.CORSConfig = &fc.DomainAuthConfig{AuthType: "function"}, tt.c
		w.domain(name, d)
		header := []string{"Host: " + name, "Origin: " + tt.origin, "Access-Control-Request-Method: " + tt.method}
		if tt.headers != "" {
			header = append(header, "Access-Control-Request-Headers: "+tt.headers)
		}
		g := w.do("OPTIONS", "/", "", header...)
		if g.StatusCode != tt.status || g.cors() != tt.want || g.Header.Get("Vary") != "Origin" || g.body != "" {
			t.Errorf("%+v: %d %q %s", tt, g.StatusCode, g.cors(), g.body)
		}
	}
	// Without an origin or a method it is a request like others.
	d := routes(fc.PathConfig{Path: "/*", FunctionName: "f"})
	d.CORSConfig = all
	w.domain("www.example.com", d)
	w.want(w.do("OPTIONS", "/", "", "Host: www.example.com", "Origin: https://x.example"), 201, "")
	w.want(w.do("OPTIONS", "/", "", "Host: www.example.com", "Access-Control-Request-Method: GET"), 201, "")
}

func TestAnswersThatPagesRead(t *testing.T) {
	w := newWorld(t)
	w.run = func(_ context.Context, _ *fakePool, inv *instance.Invocation) (*instance.Result, error) {
		inv.W.Header()["Access-Control-Allow-Origin"] = append(inv.W.Header()["Access-Control-Allow-Origin"], "https://of.function")
		inv.W.Header().Add("Vary", "Accept")
		switch inv.R.URL.Path {
		case "/fail":
			return &instance.Result{ErrorType: fc.ErrorTypeUnhandled, Body: []byte("{}")}, nil
		case "/empty":
			return &instance.Result{}, nil
		case "/write":
			io.WriteString(inv.W, "text")
		case "/hints":
			inv.W.WriteHeader(http.StatusEarlyHints)
			inv.W.WriteHeader(418)
		default:
			inv.W.WriteHeader(201)
			http.NewResponseController(inv.W).Flush()
		}
		return &instance.Result{Written: true}, nil
	}
	w.deploy("f", "custom", "one")
	host := "Host: " + w.trigger("f", fc.HTTPTriggerConfig{AuthType: "anonymous", Methods: []string{"GET"}, CORSConfig: &fc.CORSConfig{
		AllowOrigins: []string{"https://a.example"}, ExposeHeaders: []string{"X-Mine"}, AllowCredentials: true,
	}})
	for path, status := range map[string]int{"/": 201, "/fail": 502, "/write": 200, "/hints": 418} {
		g := w.do("GET", path, "", host, "Origin: https://a.example")
		if g.StatusCode != status || g.cors() != "https://a.example|true|||X-Mine" || strings.Join(g.Header.Values("Vary"), ",") != "Origin,Accept" {
			t.Errorf("%s: %d %q %v", path, g.StatusCode, g.cors(), g.Header)
		}
		g = w.do("GET", path, "", host, "Origin: https://b.example")
		if g.StatusCode != status || g.cors() != "https://of.function" {
			t.Errorf("%s of another origin: %d %q", path, g.StatusCode, g.cors())
		}
		if g := w.do("GET", path, "", host); g.Header.Get("Vary") != "Accept" {
			t.Errorf("%s of no page: %v", path, g.Header)
		}
	}
	// What the gateway refuses can be read, too.
	g := w.do("POST", "/", "", host, "Origin: https://a.example")
	if g.StatusCode != 403 || g.Header.Get("Access-Control-Allow-Origin") != "https://a.example" {
		t.Errorf("%d %v", g.StatusCode, g.Header)
	}
}

// Of a service's function the trigger's rules count, unless the domain has its own.
func TestCORSOfAServicesTrigger(t *testing.T) {
	w := newWorld(t)
	w.deploy("svc$f", "custom", "one")
	w.trigger("svc$f", fc.HTTPTriggerConfig{AuthType: "anonymous", Methods: []string{"GET"}, CORSConfig: &fc.CORSConfig{AllowOrigins: []string{"*"}}})
	d := routes(fc.PathConfig{Path: "/*", FunctionName: "svc$f"})
	for want, c := range map[string]*fc.CORSConfig{"*": nil, "https://a.example": {AllowOrigins: []string{"https://a.example"}}} {
		d.CORSConfig = c
		w.domain("www.example.com", d)
		if g := w.do("GET", "/", "", "Host: www.example.com", "Origin: https://a.example"); g.cors() != want {
			t.Errorf("%q, want %s", g.cors(), want)
		}
	}
}

func TestMemo(t *testing.T) {
	var m memo[int]
	made := 0
	produce := func() (int, error) { made++; return made, nil }
	one, two := new(int), new(int)
	for i, tt := range []struct {
		name string
		of   any
		want int
	}{{"a", one, 1}, {"a", one, 1}, {"b", one, 2}, {"a", two, 3}, {"a", two, 3}, {"a", one, 4}} {
		if got, err := m.get(tt.name, tt.of, produce); err != nil || got != tt.want {
			t.Errorf("%d: %d, %v", i, got, err)
		}
	}
	if _, err := m.get("c", one, func() (int, error) { return 0, io.EOF }); err != io.EOF {
		t.Error(err)
	}
	for i := range 3 * maxMemo {
		m.get(fmt.Sprint(i), one, produce)
	}
	if len(m.made) > maxMemo {
		t.Errorf("%d are kept", len(m.made))
	}
}

func TestConfigsAsTextAndAsJSON(t *testing.T) {
	for _, text := range []string{`{"authConfig":"{\"a\": 1}"}`, `{"authConfig":{"a": 1}}`, `{"authConfig":null}`, `{}`} {
		var c, again fc.HTTPTriggerConfig
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			t.Fatal(err)
		}
		back, err := json.Marshal(c)
		if err == nil {
			err = json.Unmarshal(back, &again)
		}
		want := fc.JSONText(`{"a": 1}`)
		if strings.Contains(text, "null") || text == "{}" {
			want = ""
		}
		if err != nil || c.AuthConfig != want || again.AuthConfig != want {
			t.Errorf("%s: %q, %q, %v", text, c.AuthConfig, again.AuthConfig, err)
		}
	}
}
