package expr

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// testScope knows a.b.c and functions that show their arguments.
func testScope() *Scope {
	root := NewMap([]Entry{
		{Key: "vars", Value: NewMap([]Entry{
			{Key: "n", Value: NewInt(5)},
			{Key: "f", Value: NewFloat(1.5, "1.50")},
			{Key: "b", Value: NewBool(true)},
			{Key: "s", Value: NewString("text")},
			{Key: "null", Value: &Value{Size: 1}},
			{Key: "list", Value: NewList([]*Value{NewString("first"), NewInt(2)})},
			{Key: "my-key", Value: NewString("dashed")},
			{Key: "bad", Value: &Value{Invalid: true, Size: 1}},
			{Key: "secret", Value: &Value{Kind: String, Text: "hush", Secret: true, Size: 1}},
		})},
		{Key: "cwd", Value: NewString("/here")},
	})
	return &Scope{
		Path: func(p *Path) (*Value, error) {
			v := root
			for i, s := range p.Segments {
				next := v.Get(s.Name)
				if s.Is == ByIndex && s.Index < len(v.Items) {
					next = v.Items[s.Index]
				}
				if next == nil {
					return nil, &Error{Kind: UnknownName, Span: s.Span, Message: "no " + p.Upto(i+1)}
				}
				v = next
			}
			return v, nil
		},
		Funcs: map[string]Func{
			"show": {Min: 0, Max: 3, Usage: "show(a, b, c)", Eval: func(args []*Value) (*Value, error) {
				var parts []string
				for _, a := range args {
					parts = append(parts, fmt.Sprintf("%d:%s", a.Kind, a.Text))
				}
				return NewString("<" + strings.Join(parts, "|") + ">"), nil
			}},
			"one":     {Min: 1, Max: 1, Usage: "one(a)", Eval: func(args []*Value) (*Value, error) { return args[0], nil }},
			"two":     {Min: 2, Max: 2, Usage: "two(a, b)", Eval: func(args []*Value) (*Value, error) { return args[1], nil }},
			"map":     {Eval: func([]*Value) (*Value, error) { return NewMap(nil), nil }},
			"env.x":   {Max: 1, Eval: func([]*Value) (*Value, error) { return NewString("dotted"), nil }},
			"fail":    {Max: 2, Eval: func([]*Value) (*Value, error) { return nil, errors.New("plain failure") }},
			"failarg": {Max: 2, Eval: func([]*Value) (*Value, error) { return nil, &Error{Arg: 2, Message: "second is wrong"} }},
		},
	}
}

func TestEvalGood(t *testing.T) {
	for _, tt := range []struct {
		text string
		want any
	}{
		{"plain", "plain"},
		{"", ""},
		{"${vars.n}", int64(5)},
		{"${vars.f}", 1.5},
		{"${vars.b}", true},
		{"${vars.s}", "text"},
		{"${vars.list}", []any{"first", int64(2)}},
		{"${ vars . s }", "text"},
		{"${\n  vars.s\n}", "text"},
		{"${vars.list[0]}", "first"},
		{"${vars['s']}", "text"},
		{`${vars["my-key"]}`, "dashed"},
		{"${vars.my-key}", "dashed"},
		{"${vars.null}", nil},
		{"n=${vars.n} f=${vars.f} b=${vars.b}", "n=5 f=1.50 b=true"},
		{"${vars.n}${vars.n}", "55"},
		{" ${vars.n}", " 5"},
		{"$${vars.n}", "${vars.n}"},
		{"a $${x} ${cwd}", "a ${x} /here"},
		{"$$${cwd}", "$${cwd}"},
		{"$ $x {x} $", "$ $x {x} $"},
		{"$$", "$$"},
		{"${show()}", "<>"},
		{"${show( )}", "<>"},
		{"${show(HOME)}", "<4:HOME>"},
		{"${show(./a b.txt , x)}", "<4:./a b.txt|4:x>"},
		{"${show('a, b)}', \"c\")}", "<4:a, b)}|4:c>"},
		{`${show('it\'s', "\\n")}`, `<4:it's|4:\n>`},
		{"${show(5, -1, 1.5)}", "<2:5|2:-1|3:1.5>"},
		{"${show(007, 1.50, true)}", "<4:007|4:1.50|1:true>"},
		{"${show(false, 'true', null)}", "<1:false|4:true|4:null>"},
		{"${one(one(one('x')))}", "x"},
		{"${show(one(a), two(b, c))}", "<4:a|4:c>"},
		{"${one(env.x(1))}", "dotted"},
		{"${env.x()}", "dotted"},
		{"${show(vars.n)}", "<4:vars.n>"},
		{"名${vars.s}称", "名text称"},
		{"${show(名称)}", "<4:名称>"},
	} {
		t.Run(tt.text, func(t *testing.T) {
			template, errs := Parse(tt.text)
			if len(errs) > 0 {
				t.Fatal(errs[0])
			}
			v, errs := Eval(template, testScope())
			if len(errs) > 0 {
				t.Fatal(errs[0])
			}
			if d := cmp.Diff(tt.want, v.Native()); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestEvalBad: the mark below each text is where its error points.
func TestEvalBad(t *testing.T) {
	for _, tt := range []struct {
		text, mark string
		kind       ErrorKind
		message    string
	}{
		{
			"a ${} b",
			"  ^^^", Syntax, "empty expression",
		},
		{
			"a ${vars.n",
			"  ^^", Syntax, "never closed",
		},
		{
			"${vars.}",
			"       ^", Syntax, "expected a name after the dot",
		},
		{
			"${vars..n}",
			"       ^", Syntax, "expected a name after the dot",
		},
		{
			"${.n}",
			"  ^", Syntax, "expected a name or a function",
		},
		{
			"${vars n}",
			"       ^", Syntax, `unexpected "n"`,
		},
		{
			"${vars + 1}",
			"       ^", Syntax, `unexpected "+"`,
		},
		{
			"${'quoted'}",
			"  ^^^^^^^^", Syntax, "expected a name or a function, found a quoted text",
		},
		{
			"${one('x)}",
			"      ^^^^", Syntax, "this quote is never closed",
		},
		{
			"${one(x}",
			"     ^", Syntax, "the bracket of one( is never closed",
		},
		{
			"${one('x'",
			"     ^", Syntax, "the bracket of one( is never closed",
		},
		{
			"${two(a,)}",
			"        ", Syntax, "an argument is missing",
		},
		{
			"${two('a' b)}",
			"          ^", Syntax, "expected , or ) after an argument",
		},
		{
			"${vars[x]}",
			"       ^", Syntax, "expected an index or a quoted key",
		},
		{
			"${vars[0}",
			"        ^", Syntax, "expected ]",
		},
		{
			"${vars[99999999999999999999]}",
			"       ^^^^^^^^^^^^^^^^^^^^", Syntax, "index is too large",
		},
		{
			"${one(x)}.${vars.nope}",
			"                 ^^^^", UnknownName, "no vars.nope",
		},
		{
			"${on('x')}",
			"  ^^", UnknownFunction, `unknown function "on"`,
		},
		{
			"${one(two(a))}",
			"      ^^^^^^", BadArgument, "two() takes 2 arguments, not 1",
		},
		{
			"${one()}",
			"  ^^^^^", BadArgument, "one() takes 1 argument, not 0",
		},
		{
			"${show(1,2,3,4)}",
			"  ^^^^^^^^^^^^^", BadArgument, "show() takes 0 to 3 arguments, not 4",
		},
		{
			"${one(map())}",
			"      ^^^^^", BadArgument, "one() can't take a map",
		},
		{
			"${fail(x)}",
			"  ^^^^^^^", BadArgument, "plain failure",
		},
		{
			"${failarg(a, bb)}",
			"             ^^", Syntax, "second is wrong",
		},
		{
			"x${vars.list}",
			"   ^^^^^^^^^", BadText, "a list can't be part of a text",
		},
		{
			"x${vars.null}",
			"   ^^^^^^^^^", BadText, "nothing can't be part of a text",
		},
	} {
		t.Run(tt.text, func(t *testing.T) {
			template, errs := Parse(tt.text)
			if len(errs) == 0 {
				_, errs = Eval(template, testScope())
			}
			if len(errs) != 1 {
				t.Fatalf("%d errors: %v", len(errs), errs)
			}
			e := errs[0]
			if e.Kind != tt.kind || !strings.Contains(e.Error(), tt.message) {
				t.Errorf("kind %d: %s", e.Kind, e)
			}
			got := strings.Repeat(" ", e.Span.Start) + strings.Repeat("^", e.Span.End-e.Span.Start)
			if got != tt.mark {
				t.Errorf("points at\n%s\n%s, want\n%s", tt.text, got, tt.mark)
			}
		})
	}
}

func TestAllErrorsAtOnce(t *testing.T) {
	_, errs := Parse("${} ${a.} ${vars.n} ${one(} ${")
	if len(errs) != 4 {
		t.Errorf("%d syntax errors: %v", len(errs), errs)
	}
	template, errs := Parse("${vars.x} ${vars.n} ${nofunc()} ${vars.y}")
	if len(errs) > 0 {
		t.Fatal(errs[0])
	}
	if v, errs := Eval(template, testScope()); v != nil || len(errs) != 3 {
		t.Errorf("%v, %d errors: %v", v, len(errs), errs)
	}
}

func TestNestingIsBounded(t *testing.T) {
	_, errs := Parse("${" + strings.Repeat("one(", 10000) + "x" + strings.Repeat(")", 10000) + "}")
	if len(errs) != 1 || !strings.Contains(errs[0].Message, "too deep") {
		t.Errorf("got %v", errs)
	}
}

// TestTaint: what is made of a secret is secret, what is made of an invalid
// value is invalid, without further errors.
func TestTaint(t *testing.T) {
	for text, want := range map[string][2]bool{ // secret, invalid
		"${vars.secret}":        {true, false},
		"a ${vars.secret} b":    {true, false},
		"a ${vars.s}":           {false, false},
		"${vars.bad}":           {false, true},
		"a ${vars.bad} b":       {false, true},
		"${one(one(vars.s))}":   {false, false},
		"${vars.s} ${vars.bad}": {false, true},
	} {
		template, _ := Parse(text)
		v, errs := Eval(template, testScope())
		if len(errs) > 0 || v.Secret != want[0] || v.Invalid != want[1] {
			t.Errorf("%s: secret %v, invalid %v, errors %v", text, v.Secret, v.Invalid, errs)
		}
	}
	if v := NewMap([]Entry{{Key: "a", Value: NewList([]*Value{{Kind: String, Text: "hush", Secret: true, Size: 1}})}}); !v.Secret {
		t.Error("a map with a secret isn't secret")
	}
	for _, shown := range []any{NewString("hush"), *NewString("hush")} {
		if text := fmt.Sprintf("%#v %v %+v %s", shown, shown, shown, shown); strings.Contains(text, "hush") {
			t.Errorf("printing shows %s", text)
		}
	}
}

func TestSingle(t *testing.T) {
	for text, want := range map[string]bool{"${vars.n}": true, "${vars.n} ": false, "x": false, "": false, "${a}${b}": false} {
		template, errs := Parse(text)
		if len(errs) > 0 || (template.Single() != nil) != want {
			t.Errorf("%q: %v", text, template.Single())
		}
	}
}

func TestValue(t *testing.T) {
	v := NewMap([]Entry{{Key: "a", Value: NewInt(1)}, {Key: "none", Value: &Value{Size: 1}}, {Key: "l", Value: NewList([]*Value{NewBool(false), NewString("x")})}})
	if d := cmp.Diff(map[string]any{"a": int64(1), "l": []any{false, "x"}}, v.Native()); d != "" {
		t.Error(d)
	}
	if v.Size != 6 {
		t.Errorf("size %d", v.Size)
	}
	if d := cmp.Diff([]string{"a", "none", "l"}, v.Keys()); d != "" {
		t.Error(d)
	}
	var nothing *Value
	if nothing.Get("a") != nil || nothing.Keys() != nil || nothing.Native() != nil || NewInt(1).Get("a") != nil {
		t.Error("nothing holds something")
	}
	big := NewString("x")
	for range 30 {
		big = NewList([]*Value{big, big})
	}
	if big.Size != MaxSize {
		t.Errorf("size %d didn't stop at %d", big.Size, MaxSize)
	}
	for kind, want := range map[Kind]string{Null: "nothing", Bool: "true or false", Int: "a whole number", Float: "a number", String: "a string", List: "a list", Map: "a map"} {
		if kind.String() != want {
			t.Errorf("%d: %s", kind, kind)
		}
	}
}

// FuzzParse: no panic, spans inside the text, and evaluation that ends.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "x", "${}", "${vars.n}", "a $${b} ${one('x')}", "${show(a, 'b', one(c))}", "${vars['k'][0].x}",
		"${", "${one(", "${one('", "$", "$$", "$${", "${env.x(1)}", "${名称}", "${\x00}", "${a[99999999999999999999]}", "${one(one(one(x)))}", "${-1}", "${a}}", "${'\\''}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		template, errs := Parse(text)
		if len(errs) == 0 {
			var v *Value
			if v, errs = Eval(template, testScope()); v == nil && len(errs) == 0 {
				t.Error("neither a value nor an error")
			}
		}
		for _, e := range errs {
			if e.Span.Start < 0 || e.Span.End < e.Span.Start || e.Span.End > len(text) {
				t.Errorf("span %v outside of %q: %s", e.Span, text, e.Message)
			}
		}
		if !Contains(text) && (len(errs) > 0 || len(template.Parts) > 1) {
			t.Errorf("text without expressions gave %v, %v", template.Parts, errs)
		}
	})
}
