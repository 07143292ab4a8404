package logs

import (
	"errors"
	"strings"
	"testing"
)

func TestQuery(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		scope Scope
		want  string
	}{
		{Scope{Function: "hello"}, `__topic__: "FCLogs:hello"`},
		{Scope{Function: "svc$hello"}, `__topic__: "svc" and "hello"`},
		{Scope{Function: "hello", RequestID: "1-2-3"}, `__topic__: "FCLogs:hello" and "1-2-3"`},
		{Scope{Function: "hello", InstanceID: "c-1", Qualifier: "prod"}, `(__topic__: "FCLogs:hello" or __topic__: "FCInstanceEvents:/hello") and "prod" and "c-1"`},
		{Scope{Function: "svc$hello", InstanceID: "c-1"}, `__topic__: "svc" and "hello" and "c-1"`},
		{Scope{Function: "hello", Search: `say "no" \ or`}, `__topic__: "FCLogs:hello" and "say \"no\" \\ or"`},
		{Scope{Function: "hello", Search: "time*"}, `__topic__: "FCLogs:hello" and time*`},
		{Scope{Function: "hello", Search: "a and b*"}, `__topic__: "FCLogs:hello" and "a and b*"`},
		{Scope{Function: "hello", Search: "or"}, `__topic__: "FCLogs:hello" and "or"`},
		{Scope{Function: "hello", Query: "a or b", Search: "c"}, `__topic__: "FCLogs:hello" and (a or b) and "c"`},
	} {
		if got := tc.scope.query(); got != tc.want {
			t.Errorf("%+v:\n%s, want\n%s", tc.scope, got, tc.want)
		}
	}
}

func TestHas(t *testing.T) {
	t.Parallel()
	line := Line{topic: "FCLogs:hello", RequestID: "r1", InstanceID: "c-1", Qualifier: "prod", VersionID: "3", Message: "speaks of r2"}
	for _, tc := range []struct {
		name  string
		scope Scope
		line  Line
		want  bool
	}{
		{"all", Scope{Function: "hello"}, line, true},
		{"another function's", Scope{Function: "other"}, line, false},
		{"its request", Scope{Function: "hello", RequestID: "r1"}, line, true},
		{"it speaks of another request", Scope{Function: "hello", RequestID: "r2"}, line, false},
		{"of no request, but it speaks of it", Scope{Function: "hello", RequestID: "r2"}, Line{topic: "FCLogs:hello", Message: "r2: done"}, true},
		{"of no request", Scope{Function: "hello", RequestID: "r2"}, Line{topic: "FCLogs:hello", Message: "done"}, false},
		{"its instance", Scope{Function: "hello", InstanceID: "c-1"}, line, true},
		{"another instance", Scope{Function: "hello", InstanceID: "c-2"}, line, false},
		{"an event of the instance", Scope{Function: "hello", InstanceID: "c-1"}, Line{topic: "FCInstanceEvents:/hello", InstanceID: "c-1"}, true},
		{"events aren't asked for", Scope{Function: "hello"}, Line{topic: "FCInstanceEvents:/hello", InstanceID: "c-1"}, false},
		{"its alias", Scope{Function: "hello", Qualifier: "prod"}, line, true},
		{"its version", Scope{Function: "hello", Qualifier: "3"}, line, true},
		{"another alias", Scope{Function: "hello", Qualifier: "test"}, line, false},
		{"of the service", Scope{Function: "svc$hello"}, Line{topic: "svc", FunctionName: "hello"}, true},
		{"another one of the service", Scope{Function: "svc$hello"}, Line{topic: "svc", FunctionName: "other"}, false},
	} {
		if got := tc.scope.has(&tc.line); got != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
	}
}

func TestCheckQuery(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]error{
		"error":                  nil,
		"(a or b) and not c":     nil,
		`message: "a) | (b"`:     nil,
		`"a \" ) b"`:             nil,
		"":                       ErrEmptyQuery,
		"  ":                     ErrEmptyQuery,
		"a) or (b":               ErrBrackets,
		"(a":                     ErrBrackets,
		"a)":                     ErrBrackets,
		`"a`:                     ErrOpenQuote,
		`"a \"`:                  ErrOpenQuote,
		"* | select count(*)":    ErrSQL,
		`"a" ) or ( "b"`:         ErrBrackets,
		`x" or __topic__: "y`:    nil, // quotes pair: between them is no syntax
		`x" or __topic__: "y" z`: ErrOpenQuote,
	} {
		if err := CheckQuery(query); !errors.Is(err, want) || err == nil != (want == nil) {
			t.Errorf("%s: %v, want %v", query, err, want)
		}
	}
}

// readPhrase reads a text in quotes as SLS does: what is in it, and what follows.
func readPhrase(text string) (value, rest string, ok bool) {
	if !strings.HasPrefix(text, `"`) {
		return "", text, false
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '"':
			return b.String(), text[i+1:], true
		case text[i] == '\\' && i+1 < len(text):
			i++
		}
		b.WriteByte(text[i])
	}
	return "", "", false
}

// FuzzQuery: whatever is in a value, it is one phrase and what follows stays what it
// was; and what CheckQuery lets pass stays in its brackets.
func FuzzQuery(f *testing.F) {
	for _, text := range []string{`a" or __topic__: "b`, `\`, `\"`, `a\\" or "`, "time*", "*", "or", "", "x) or (y", "a\nb"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		value, rest, ok := readPhrase(phrase(text) + ` and "end"`)
		if !ok || value != text || rest != ` and "end"` {
			t.Errorf("%q is %q, followed by %q", text, value, rest)
		}
		s := Scope{Function: "f", Search: text, RequestID: "r"}
		if got := s.query(); text != "" && !strings.HasSuffix(got, search(text)+` and "r"`) {
			t.Errorf("%q: %s", text, got)
		}
		if CheckQuery(text) != nil {
			return
		}
		if err := CheckQuery("(" + text + ")"); err != nil {
			t.Errorf("%q in brackets: %v", text, err)
		}
		if err := CheckQuery("(" + text + `) and "end"`); err != nil {
			t.Errorf("%q before another one: %v", text, err)
		}
	})
}
