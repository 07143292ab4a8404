package expr

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// richScope is testScope with missing values and functions of every mode.
func richScope() *Scope {
	s := testScope()
	plain := s.Path
	s.Path = func(p *Path) (*Value, error) {
		switch p.String() {
		case "vars.pending":
			return &Value{Kind: Pending, Text: "${vars.pending}", Needs: NeedOf(Need{Resource: "r", What: "output"}), Size: 1}, nil
		case "vars.known":
			return WithNeeds(NewString("known"), NeedOf(Need{Resource: "k", What: "output"})), nil
		case "vars.broken":
			return nil, &Error{Kind: Cycle, Message: "broken"}
		}
		v, err := plain(p)
		if e, ok := err.(*Error); ok {
			e.Missing = true
		}
		return v, err
	}
	s.Roots = []string{"vars", "cwd"}
	s.Known = func(p *Path) *Error {
		if p.Segments[0].Name == "vars" || p.Segments[0].Name == "cwd" {
			return nil
		}
		return &Error{Kind: UnknownName, Span: p.Segments[0].Span, Message: "unknown " + p.Segments[0].Name}
	}
	join := func(args []*Value) (*Value, error) {
		var b strings.Builder
		for _, a := range args {
			b.WriteString(a.Text + ";")
		}
		return NewString(b.String()), nil
	}
	s.Funcs["value"] = Func{Min: 1, Max: -1, Usage: "value(a)", Modes: []Mode{ValueMode}, Eval: join}
	s.Funcs["either"] = Func{Min: 1, Max: 1, Usage: "either(a)", Modes: []Mode{ContextMode}, Eval: join}
	s.Funcs["mixed"] = Func{Min: 1, Max: 3, Usage: "mixed(a)", Modes: []Mode{TextMode, ValueMode}, Eval: join}
	s.Funcs["count"] = Func{Min: 1, Max: 1, AnyKind: true, Modes: []Mode{ValueMode}, Eval: func(args []*Value) (*Value, error) {
		return NewInt(int64(len(args[0].Items))), nil
	}}
	s.Funcs["doc"] = Func{Eval: func([]*Value) (*Value, error) {
		return NewMap([]Entry{{Key: "list", Value: NewList([]*Value{NewInt(1), NewMap([]Entry{{Key: "a b", Value: NewString("deep")}})})}}), nil
	}}
	s.Funcs["wrap"] = Func{Min: 1, Max: 1, Modes: []Mode{ValueMode}, Eval: func(args []*Value) (*Value, error) {
		return NewMap([]Entry{{Key: "in", Value: NewList([]*Value{NewString("x" + args[0].Text)})}}), nil
	}}
	s.Funcs["grow"] = Func{Min: 1, Max: 1, Modes: []Mode{ValueMode}, Eval: func(args []*Value) (*Value, error) {
		return NewString(strings.Repeat(args[0].Text, 32)), nil
	}}
	return s
}

func evalText(t *testing.T, text string, s *Scope) (*Value, []*Error) {
	t.Helper()
	template, errs := Parse(text)
	if len(errs) > 0 {
		return nil, errs
	}
	return Eval(template, s)
}

func TestDefaults(t *testing.T) {
	for _, tt := range []struct {
		text string
		want any
	}{
		{"${vars.n ?? 'y'}", int64(5)},
		{"${vars.x ?? 'y'}", "y"},
		{"${vars.x??\"y\"}", "y"},
		{"${vars.null ?? 'y'}", "y"},
		{"${vars.x ?? vars.y ?? vars.s}", "text"},
		{"${vars.x ?? 5}", int64(5)},
		{"${vars.x ?? -5}", int64(-5)},
		{"${vars.x ?? 1.5}", 1.5},
		{"${vars.x ?? true}", true},
		{"${vars.x ?? false}", false},
		{"${vars.x ?? null}", nil},
		{"${vars.x ?? vars.null}", nil},
		{"${vars.x ?? vars.list}", []any{"first", int64(2)}},
		{"${vars.x ?? one('z')}", "z"},
		{"${vars.list[9] ?? 'none'}", "none"},
		{"${doc().nope.x ?? 'y'}", "y"},
		{"${doc().list[1]['a b'] ?? 'y'}", "deep"},
		{"${doc().list.0}", int64(1)},
		{"a ${vars.x ?? 'b}'} c", "a b} c"},
		{"${one(vars.x ?? 'y')}", "y"},
		{"${show(vars.x ?? 'y', 'z' ?? vars.n, one('q') ?? 1)}", "<4:y|4:z|4:q>"},
		// A value that is there but empty is there.
		{"${one('') ?? 'y'}", ""},
		{"${vars.b ?? 'y'}", true},
	} {
		t.Run(tt.text, func(t *testing.T) {
			v, errs := evalText(t, tt.text, richScope())
			if len(errs) > 0 {
				t.Fatal(errs[0])
			}
			if d := cmp.Diff(tt.want, v.Native()); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestDefaultsDoNotHide: what is wrong with the expression itself stays so.
func TestDefaultsDoNotHide(t *testing.T) {
	for text, kind := range map[string]ErrorKind{
		"${vras.x ?? 'y'}":               UnknownName,
		"${vars.n ?? vras.x}":            UnknownName,
		"${nofunc() ?? 'y'}":             UnknownFunction,
		"${vars.n ?? nofunc()}":          UnknownFunction,
		"${one() ?? 'y'}":                BadArgument,
		"${vars.n ?? two('a')}":          BadArgument,
		"${one(nofunc() ?? 'y')}":        UnknownFunction,
		"${vars.broken ?? 'y'}":          Cycle,
		"${fail(x) ?? 'y'}":              BadArgument,
		"${vars.x ?? }":                  Syntax,
		"${show(a??)}":                   Syntax,
		"${vars.x ?? 'y' 'z'}":           Syntax,
		"${vars.x ?? ./y}":               Syntax,
		"${vars.x ?? 1.2.3}":             Syntax,
		"a ${vars.list ?? 'y'}":          BadText,
		"${vars.x ?? vars.y}":            UnknownName,
		"${value(vras.x)}":               UnknownName,
		"${doc().list[7]}":               UnknownName,
		"${doc().list[1]['a b'].deeper}": UnknownName,
		"${count(vars.list).x}":          UnknownName,
	} {
		v, errs := evalText(t, text, richScope())
		if v != nil || len(errs) != 1 || errs[0].Kind != kind {
			t.Errorf("%s: %v, %v", text, v, errs)
		}
	}
}

func TestModes(t *testing.T) {
	for text, want := range map[string]string{
		"${show(vars.n)}":                   "<4:vars.n>",
		"${value(vars.n, vars.s)}":          "5;text;",
		"${value('vars.n')}":                "vars.n;",
		"${value(cwd)}":                     "/here;",
		"${value(other.name)}":              "other.name;",
		"${value(word, ./x y)}":             "word;./x y;",
		"${value(vars.list[0])}":            "first;",
		"${value(vars['my-key'])}":          "dashed;",
		"${either(vars.n)}":                 "5;",
		"${either('vars.n')}":               "5;",
		"${either('vars.nope')}":            "vars.nope;",
		"${either('vars')}":                 "vars;",
		"${either('a ${b} c')}":             "a ${b} c;",
		"${mixed(vars.n, vars.n, vars.s)}":  "vars.n;5;text;",
		"${value(value(vars.n), 'x' ?? 1)}": "5;;x;",
	} {
		v, errs := evalText(t, text, richScope())
		if len(errs) > 0 || v.Text != want {
			t.Errorf("%s: %v, %v, want %s", text, v.Native(), errs, want)
		}
	}
	for text, kind := range map[string]ErrorKind{
		"${either(vars.nope)}":     UnknownName, // unquoted, it can only be a path
		"${either('vars.broken')}": Cycle,
		"${value(vars.list)}":      BadArgument,
		"${value(vars.null)}":      BadArgument,
	} {
		if v, errs := evalText(t, text, richScope()); len(errs) != 1 || errs[0].Kind != kind {
			t.Errorf("%s: %v, %v", text, v, errs)
		}
	}
	if v, errs := evalText(t, "${count(vars.list)}", richScope()); len(errs) > 0 || v.Int != 2 {
		t.Errorf("a list as an argument: %v", errs)
	}
}

func TestPending(t *testing.T) {
	for text, want := range map[string]string{
		"${vars.pending}":                      "${vars.pending}",
		"a ${vars.pending}/${vars.n}":          "a ${vars.pending}/5",
		"${value(vars.pending, vars.known)}":   "${value(vars.pending, vars.known)}",
		"${wrap(vars.pending).in[0]}":          "${wrap(vars.pending).in[0]}",
		"${vars.pending ?? 'y'}":               "${vars.pending}",
		"${vars.x ?? vars.pending}":            "${vars.pending}",
		"${value(value(vars.pending)) ?? 'y'}": "${value(value(vars.pending))}",
	} {
		v, errs := evalText(t, text, richScope())
		switch {
		case len(errs) > 0:
			t.Errorf("%s: %v", text, errs[0])
		case v.Kind != Pending || v.Text != want:
			t.Errorf("%s: %s %s, want %s", text, v.Kind, v.Text, want)
		case needNames(v.Needs) != "r.output" && needNames(v.Needs) != "r.output k.output":
			t.Errorf("%s needs %v", text, v.Needs.List())
		}
	}
}
