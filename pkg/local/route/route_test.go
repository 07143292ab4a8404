package route

import (
	"strings"
	"testing"
	"unicode/utf8"

	"s/pkg/fc"
)

func paths(list ...string) []fc.PathConfig {
	var out []fc.PathConfig
	for _, p := range list {
		out = append(out, fc.PathConfig{Path: p, FunctionName: "f" + p})
	}
	return out
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ routes, path, want string }{
		{"/a", "/a", "/a"},
		{"/a", "/a/", ""},
		{"/a", "/A", ""},
		{"/a", "/", ""},
		{"/login/*", "/login/", "/login/*"},
		{"/login/*", "/login/b/c/d", "/login/*"},
		{"/login/*", "/login", ""},
		{"/* /login/* /login/a/*", "/login/a/b", "/login/a/*"},
		{"/login/a/* /login/* /*", "/login/b", "/login/*"},
		{"/* /login/*", "/other", "/*"},
		{"/login/a* /login/*", "/login/ab", "/login/a*"},
		{"/* /a", "/a", "/a"}, // a whole path before any *
		{"/a* /aa", "/aa", "/aa"},
		{"/a*", "/a*", "/a*"},
		{"/é/*", "/é/ü", "/é/*"},
		{"", "/", ""},
	} {
		table, err := New(paths(strings.Fields(tt.routes)...))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if r, ok := table.Match(tt.path); ok {
			got = r.Path
			if r.FunctionName != "f"+r.Path {
				t.Errorf("%s is of %s", r.Path, r.FunctionName)
			}
		}
		if got != tt.want {
			t.Errorf("%s among %s takes %q, want %q", tt.path, tt.routes, got, tt.want)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	rule := func(match string) []fc.RewriteRule { return []fc.RewriteRule{{Match: "/x"}, {Match: match}} }
	for want, routes := range map[string][]fc.PathConfig{
		"routes[0]: path '' must begin with /":                                 paths(""),
		"routes[1]: path 'a' must begin with /":                                paths("/", "a"),
		"routes[0]: path '/*/a' can have * at its end only":                    paths("/*/a"),
		"routes[0]: path '/**' can have * at its end only":                     paths("/**"),
		"routes[2]: path '/a' is there twice":                                  paths("/a", "/b", "/a"),
		"routes[0]: rewriteConfig.equalRules[1].match is required":             {{Path: "/", RewriteConfig: &fc.RewriteConfig{EqualRules: rule("")}}},
		"routes[0]: rewriteConfig.wildcardRules[1].match is required":          {{Path: "/", RewriteConfig: &fc.RewriteConfig{WildcardRules: rule("")}}},
		"routes[0]: rewriteConfig.regexRules[1].match '(': error parsing rege": {{Path: "/", RewriteConfig: &fc.RewriteConfig{RegexRules: rule("(")}}},
	} {
		if _, err := New(routes); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestAllows(t *testing.T) {
	t.Parallel()
	all, some := &Route{}, &Route{PathConfig: fc.PathConfig{Methods: []string{"GET", "PUT"}}}
	for method, want := range map[string]bool{"GET": true, "PUT": true, "POST": false, "get": false} {
		if !all.Allows(method) || some.Allows(method) != want {
			t.Errorf("%s: %v, %v", method, all.Allows(method), some.Allows(method))
		}
	}
}

// The examples of the documentation, and more.
func TestRewrite(t *testing.T) {
	t.Parallel()
	const none = "(none)"
	for _, tt := range []struct{ kind, match, replacement, path, want string }{
		{"equal", "/old", "/new", "/old", "/new"},
		{"equal", "/old", "/new", "/test/old", none},
		{"equal", "/old", "/new", "/old/", none},
		{"equal", "/a.b", "/new", "/aXb", none},
		{"equal", "/svc.Qualifier", "/svcA", "/svc.Qualifier", "/svcA"},
		{"wildcard", "/old", "/new", "/old", "/new"},
		{"wildcard", "/old", "/new", "/test/old", "/new"},
		{"wildcard", "^/old", "/new", "/old", "/new"},
		{"wildcard", "^/old", "/new", "/test/old", none},
		{"wildcard", "/api/*", "/$1", "/api/getName", "/getName"},
		{"wildcard", "/api/*", "/$1", "/api/getName&Version=1", "/getName&Version=1"},
		{"wildcard", "/css/*", "/public/static/css/$1", "/css/style.css", "/public/static/css/style.css"},
		{"wildcard", "/S/*/F/*/Q/*", "/$1.$3/$2", "/S/svc-a/F/func-a/Q/1", "/svc-a.1/func-a"},
		{"wildcard", "/f..c", "/hello", "/f..c", "/hello"},
		{"wildcard", "/f..c", "/hello", "/func", none},
		{"wildcard", "/a/*", "$1", "/a/b", "/b"},
		{"wildcard", "/a/*", "/$2$1$x$", "/a/b", "/b$x$"},
		{"regex", "^/old/[a-z]+/", "/new", "/old/ab/", "/new"},
		{"regex", "^/old/[a-z]+/", "/new", "/test/a-b/", none},
		{"regex", "^/api/.+?/(.*)", "/api/v2/$1", "/api/v1/test", "/api/v2/test"},
		{"regex", "^/js/(.*?)$", "/public/js/$1", "/js/a/b.js", "/public/js/a/b.js"},
		{"regex", "^/u/([0-9]+)", "/user?id=$1&x=$1", "/u/42", "/user?id=42&x=42"},
		{"regex", "(x)?(y)", "/$1-$2", "/y", "/-y"},
		{"regex", "a", "/$99999999999999999999", "/a", "/"},
	} {
		rules := []fc.RewriteRule{{Match: tt.match, Replacement: tt.replacement}}
		config := map[string]*fc.RewriteConfig{"equal": {EqualRules: rules}, "wildcard": {WildcardRules: rules}, "regex": {RegexRules: rules}}[tt.kind]
		if got := rewritten(t, config, tt.path); got != tt.want {
			t.Errorf("%s %s -> %s: %s becomes %s, want %s", tt.kind, tt.match, tt.replacement, tt.path, got, tt.want)
		}
	}
}

func rewritten(t *testing.T, c *fc.RewriteConfig, path string) string {
	t.Helper()
	table, err := New([]fc.PathConfig{{Path: "/*", RewriteConfig: c}})
	if err != nil {
		t.Fatal(err)
	}
	r, _ := table.Match("/")
	to, query, ok := r.Rewrite(path)
	if !ok {
		return "(none)"
	}
	if query != "" {
		to += "?" + query
	}
	return to
}

// Of several rules the first that fits counts: whole paths, then *, then regular
// expressions, each in the order given.
func TestOrderOfRules(t *testing.T) {
	t.Parallel()
	c := &fc.RewriteConfig{
		RegexRules:    []fc.RewriteRule{{Match: "^/", Replacement: "/regex"}},
		WildcardRules: []fc.RewriteRule{{Match: "^/a", Replacement: "/first"}, {Match: "^/a*", Replacement: "/second"}},
		EqualRules:    []fc.RewriteRule{{Match: "/ab", Replacement: "/equal"}},
	}
	for path, want := range map[string]string{"/ab": "/equal", "/ac": "/first", "/b": "/regex"} {
		if got := rewritten(t, c, path); got != want {
			t.Errorf("%s becomes %s, want %s", path, got, want)
		}
	}
	if got := rewritten(t, nil, "/a"); got != "(none)" {
		t.Errorf("without rules: %s", got)
	}
}

// FuzzRoute: whatever the routes and rules are, a table is made or refused, a
// route that is found fits, and what the function sees is a path.
func FuzzRoute(f *testing.F) {
	f.Add("/a/*", "/b", "/a/*", "/$1", 1, "/a/c")
	f.Add("/*", "/a*", "^/(.*)/(.*)$", "$2?x=$1", 2, "/x/y")
	f.Add("/**", "", "(", "$$", 0, "")
	f.Fuzz(func(t *testing.T, one, two, match, replacement string, kind int, path string) {
		rules := []fc.RewriteRule{{Match: match, Replacement: replacement}}
		config := []*fc.RewriteConfig{{EqualRules: rules}, {WildcardRules: rules}, {RegexRules: rules}}[uint(kind)%3]
		table, err := New([]fc.PathConfig{{Path: one, RewriteConfig: config}, {Path: two, RewriteConfig: config}})
		if err != nil {
			if !strings.HasPrefix(err.Error(), "routes[") {
				t.Errorf("no place in %v", err)
			}
			return
		}
		r, ok := table.Match(path)
		if fits := Matches(one, path) || Matches(two, path); ok != fits {
			t.Fatalf("%q: found %v, fits %v", path, ok, fits)
		}
		if !ok {
			return
		}
		if !Matches(r.Path, path) {
			t.Errorf("%q took %q", path, r.Path)
		}
		to, _, changed := r.Rewrite(path)
		if changed && (!strings.HasPrefix(to, "/") || strings.Contains(to, "?")) {
			t.Errorf("%q became %q", path, to)
		}
		if uint(kind)%3 == 0 && utf8.ValidString(match) && changed != (match == path) {
			t.Errorf("%q by the whole path %q: %v", path, match, changed)
		}
	})
}
