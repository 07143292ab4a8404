package fcclient_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"s/pkg/fc"
	"s/pkg/fcclient"
	"s/pkg/fcclient/faultproxy"
	"s/pkg/fcclient/fctest"
)

// faulty gives a client that reaches a server by way of a proxy that makes faults.
// The server has the service s, with a function of FC 2.0, and the function f.
func faulty(t *testing.T, v2 bool) (*fcclient.Client, *faultproxy.Proxy, *fctest.Server) {
	t.Helper()
	server := fctest.New(t)
	proxy := faultproxy.New(t, server.URL)
	direct := newClient(server, v2)
	name := "f"
	if v2 {
		name = "s$f"
		if _, err := direct.CreateService(t.Context(), fc.Service{ServiceName: "s"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := direct.CreateFunction(t.Context(), fullFunction(name), nil); err != nil {
		t.Fatal(err)
	}
	return fcclient.WithoutWaits(fcclient.Config{Region: "cn-hangzhou", Credentials: fctest.Credentials(), Endpoint: proxy.URL, V2: v2}), proxy, server
}

// unsure are the faults after which nobody knows whether a request was carried out.
func unsure() map[string]faultproxy.Fault {
	lost := faultproxy.Page(http.StatusGatewayTimeout, "Gateway timeout")
	lost.Kind = faultproxy.LostAnswer
	return map[string]faultproxy.Fault{
		"cut": {Kind: faultproxy.Cut}, "cut in the body": {Kind: faultproxy.CutBody}, "lost": {Kind: faultproxy.Lost},
		"lost half": {Kind: faultproxy.LostHalf}, "lost garbled": {Kind: faultproxy.LostGarbled},
		"a page": faultproxy.Page(http.StatusBadGateway, "Bad gateway"), "a page after it": lost,
		"503": faultproxy.Refused(http.StatusServiceUnavailable, "ServiceUnavailable", "Retry-After", "Thu, 01 Jan 1970 00:00:00 GMT"),
	}
}

// TestMadeOnce: what has a name is made, once, and as it was asked for, whatever
// becomes of the first try.
func TestMadeOnce(t *testing.T) {
	t.Parallel()
	trigger := fc.Trigger{TriggerName: "t", TriggerType: fc.TriggerTimer, TriggerConfig: `{"payload":"x"}`}
	for name, tt := range map[string]struct {
		v2   bool
		path string
		run  func(context.Context, *fcclient.Client) error
		is   func(*fctest.Server) bool
	}{
		"function": {false, "2023-03-30/functions", func(ctx context.Context, c *fcclient.Client) error {
			got, err := c.CreateFunction(ctx, fullFunction("new"), &fc.Code{ZipFile: "AAAA"})
			return named(err, got != nil && got.FunctionName == "new")
		}, func(s *fctest.Server) bool { return s.Function("new")["timeout"] != nil }},
		"function of a service": {true, "s/functions", func(ctx context.Context, c *fcclient.Client) error {
			got, err := c.CreateFunction(ctx, fullFunction("s$new"), nil)
			return named(err, got != nil && got.FunctionName == "s$new")
		}, func(s *fctest.Server) bool { return s.Function("s$new")["timeout"] != nil }},
		"service": {true, "services", func(ctx context.Context, c *fcclient.Client) error {
			got, err := c.CreateService(ctx, fc.Service{ServiceName: "new", Description: "d"})
			return named(err, got != nil && got.Description == "d")
		}, func(s *fctest.Server) bool { return s.Service("new")["description"] == "d" }},
		"trigger": {false, "triggers", func(ctx context.Context, c *fcclient.Client) error {
			got, err := c.CreateTrigger(ctx, "f", trigger)
			return named(err, got != nil && got.TriggerName == "t")
		}, func(s *fctest.Server) bool { return s.Trigger("f", "t") != nil }},
		"domain": {false, "custom-domains", func(ctx context.Context, c *fcclient.Client) error {
			got, err := c.CreateCustomDomain(ctx, fc.CustomDomain{DomainName: "a.example.com", Protocol: "HTTP"})
			return named(err, got != nil && got.DomainName == "a.example.com")
		}, func(s *fctest.Server) bool { return s.Domain("a.example.com") != nil }},
		"VPC binding": {false, "vpc-bindings", func(ctx context.Context, c *fcclient.Client) error {
			return c.CreateVPCBinding(ctx, "f", "vpc-1")
		}, func(s *fctest.Server) bool { return len(s.Bindings("f")) == 1 }},
	} {
		for what, fault := range unsure() {
			t.Run(name+"/"+what, func(t *testing.T) {
				t.Parallel()
				client, proxy, server := faulty(t, tt.v2)
				proxy.Set(faultproxy.Rule{Method: http.MethodPost, Path: tt.path, Fault: fault})
				if err := tt.run(t.Context(), client); err != nil || proxy.Met() != 1 || !tt.is(server) {
					t.Errorf("%v; %+v", err, proxy.Calls())
				}
			})
		}
	}
}

func named(err error, ok bool) error {
	if err == nil && !ok {
		return errors.New("the answer is about something else")
	}
	return err
}

// TestAlias: an alias, too; it needs a version.
func TestAlias(t *testing.T) {
	t.Parallel()
	client, proxy, _ := faulty(t, false)
	if _, err := client.PublishVersion(t.Context(), "f", ""); err != nil {
		t.Fatal(err)
	}
	proxy.Set(faultproxy.Rule{Method: http.MethodPost, Path: "aliases", Fault: faultproxy.Fault{Kind: faultproxy.Lost}})
	if a, err := client.CreateAlias(t.Context(), "f", fc.Alias{AliasName: "prod", VersionID: "1"}); err != nil || a.VersionID != "1" || proxy.Met() != 1 {
		t.Errorf("%+v, %v", a, err)
	}
}

// TestOnce: what would be done twice is asked for once, whatever becomes of it, and
// the error tells whether it may have been done.
func TestOnce(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(context.Context, *fcclient.Client) error{
		"invocations": func(ctx context.Context, c *fcclient.Client) error {
			_, err := c.Invoke(ctx, fcclient.InvokeInput{Function: "f", Event: []byte("event")})
			return err
		},
		"versions": func(ctx context.Context, c *fcclient.Client) error {
			_, err := c.PublishVersion(ctx, "f", "")
			return err
		},
	} {
		for what, fault := range unsure() {
			t.Run(name+"/"+what, func(t *testing.T) {
				t.Parallel()
				client, proxy, server := faulty(t, false)
				server.Invoke = func(fctest.Call) fctest.Reply { return fctest.Reply{Body: []byte("an answer of the function")} }
				proxy.Set(faultproxy.Rule{Method: http.MethodPost, Path: name, Fault: fault})
				err := run(t.Context(), client)
				garbled := name == "invocations" && fault.Kind == faultproxy.LostGarbled // it can't be told from an answer
				if !garbled && (!fcclient.Unsure(err) || proxy.Met() != 1) || len(proxy.Calls()) != 1 {
					t.Errorf("%v; %+v", err, proxy.Calls())
				}
			})
		}
	}
	for what, err := range map[string]error{
		"refused": &fc.APIError{Status: 403}, "throttled": &fc.APIError{Status: 429}, "not served": &fc.APIError{Status: 501},
		"a closed door": &fcclient.UnreachableError{Err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}}, "a page": &fcclient.ForeignError{Status: 403},
	} {
		if fcclient.Unsure(err) {
			t.Errorf("%s isn't unsure", what)
		}
	}
}

// TestForeignAnswers: what something in between says is no word of the service's: a
// function isn't missing because a proxy's page says 404, nor gone because a login
// page says 200.
func TestForeignAnswers(t *testing.T) {
	t.Parallel()
	text := func(status int, body string, header ...string) faultproxy.Fault {
		f := faultproxy.Refused(status, "", header...)
		f.Header.Set("Content-Type", "text/plain")
		f.Body = body
		return f
	}
	for name, tt := range map[string]struct {
		fault faultproxy.Fault
		want  string
		calls int
	}{
		"a page without the function": {faultproxy.Page(404, "Not &amp; here"), `404 Not Found, "Not & here"`, 1},
		"a login page":                {faultproxy.Page(200, "Log in"), `200 OK, "Log in"`, 1},
		"a blocked page":              {faultproxy.Page(403, strings.Repeat("Blocked ", 30)), `403 Forbidden, "` + strings.Repeat("Blocked ", 10) + `…"`, 1},
		"a page of a gateway":         {faultproxy.Page(502, "Bad"), `502 Bad Gateway, "Bad"`, 4},
		"a redirect":                  {text(302, "", "Location", "https://login.example.test/"), `302 Found, "https://login.example.test/"`, 1},
		"a text":                      {text(404, "404 page not found\nx"), `404 Not Found, "404 page not found"`, 1},
		"JSON of something else":      {text(404, `{"message":"no Route matched"}`), `404 Not Found, "{\"message\":\"no Route matched\"}"`, 1},
		"nothing":                     {text(404, ""), "isn't Function Compute's: 404 Not Found", 1},
	} {
		for what, run := range map[string]func(context.Context, *fcclient.Client) error{
			"read":   func(ctx context.Context, c *fcclient.Client) error { _, err := c.GetFunction(ctx, "f", ""); return err },
			"delete": func(ctx context.Context, c *fcclient.Client) error { return c.DeleteFunction(ctx, "f") },
			"code": func(ctx context.Context, c *fcclient.Client) error {
				_, err := c.UpdateFunction(ctx, fullFunction("f"), &fc.Code{ZipFile: "AAAA"})
				return err
			},
			"invoke": func(ctx context.Context, c *fcclient.Client) error {
				_, err := c.Invoke(ctx, fcclient.InvokeInput{Function: "f"})
				return err
			},
		} {
			t.Run(name+"/"+what, func(t *testing.T) {
				t.Parallel()
				client, proxy, _ := faulty(t, false)
				proxy.Set(faultproxy.Rule{Times: -1, Fault: tt.fault})
				calls := tt.calls
				if what == "invoke" {
					calls = 1
				}
				err := run(t.Context(), client)
				var foreign *fcclient.ForeignError
				if !errors.As(err, &foreign) || fc.IsNotFound(err) || !strings.Contains(err.Error(), tt.want) || len(proxy.Calls()) != calls {
					t.Errorf("%v; %d calls", err, len(proxy.Calls()))
				}
			})
		}
	}
}

// TestBrokenConnections are told in words.
func TestBrokenConnections(t *testing.T) {
	t.Parallel()
	for kind, want := range map[faultproxy.Kind]string{
		faultproxy.Cut: "the connection was closed", faultproxy.LostHalf: "the connection was closed in the middle of it",
		faultproxy.LostGarbled: "what came for GetFunction can't be read: unexpected end of JSON input",
	} {
		client, proxy, _ := faulty(t, false)
		proxy.Set(faultproxy.Rule{Times: -1, Fault: faultproxy.Fault{Kind: kind}})
		_, err := client.GetFunction(t.Context(), "f", "")
		host := strings.TrimPrefix(proxy.URL, "http://")
		if err == nil || err.Error() != "no answer from "+host+": "+want || len(proxy.Calls()) != 4 {
			t.Errorf("%s: %v after %d calls", kind, err, len(proxy.Calls()))
		}
	}
}

// TestOldHTTP: an answer that ends with its connection is an answer.
func TestOldHTTP(t *testing.T) {
	t.Parallel()
	client, proxy, _ := faulty(t, false)
	proxy.Set(faultproxy.Rule{Times: -1, Fault: faultproxy.Fault{Kind: faultproxy.OldHTTP}})
	if f, err := client.GetFunction(t.Context(), "f", ""); err != nil || f.FunctionName != "f" {
		t.Errorf("%+v, %v", f, err)
	}
}
