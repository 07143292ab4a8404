package expr

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// sameTree compares templates whatever their places.
func sameTree(a, b *Template) string {
	return cmp.Diff(a, b, cmpopts.IgnoreTypes(Span{}), cmpopts.IgnoreUnexported(Value{}), cmpopts.EquateEmpty())
}

func TestPrint(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"", ""},
		{"plain", "plain"},
		{"a $${b} c", "a $${b} c"},
		{"$$${b}", "$$${b}"},
		{"$$", "$$"},
		{"$${${a}", "$${${a}"},
		{"${ vars . a }", "${vars.a}"},
		{"${vars['a']}", "${vars.a}"},
		{"${vars['0']}", "${vars.0}"},
		{"${vars['']}", "${vars['']}"},
		{`${vars["it's \\ odd"]}`, `${vars['it\'s \\ odd']}`},
		{"${vars[007]}", "${vars[007]}"},
		{"${vars.a[0]['b c'].d}", "${vars.a[0]['b c'].d}"},
		{"${f()}", "${f()}"},
		{"${env.init( x )}", "${env.init(x)}"},
		{"${f( a b ,'c',\"d'\" )}", `${f(a b, 'c', 'd\'')}`},
		{"${f(1, -2.5, true, null, 007)}", "${f(1, -2.5, true, null, 007)}"},
		{"${f(vars.a, vars['a, b'])}", "${f(vars.a, vars['a, b'])}"},
		{"${f(g(h('x')))}", "${f(g(h('x')))}"},
		{"${f(x).a[1]['b c']}", "${f(x).a[1]['b c']}"},
		{"${a??b}", "${a ?? b}"},
		{"${a ?? 'x' ?? 5 ?? -1.5 ?? true ?? null ?? f(1).b}", "${a ?? 'x' ?? 5 ?? -1.5 ?? true ?? null ?? f(1).b}"},
		{"${f(a ?? b, 'c' ?? d, g() ?? 1)}", "${f(a ?? b, 'c' ?? d, g() ?? 1)}"},
		{"名 ${名.称}", "名 ${名.称}"},
	} {
		t.Run(tt.text, func(t *testing.T) {
			first, errs := Parse(tt.text)
			if len(errs) > 0 {
				t.Fatal(errs[0])
			}
			printed := first.String()
			if printed != tt.want {
				t.Errorf("printed %q, want %q", printed, tt.want)
			}
			again, errs := Parse(printed)
			if len(errs) > 0 {
				t.Fatalf("%q: %v", printed, errs[0])
			}
			// A bare path's text keeps the spaces it was written with.
			if d := sameTree(first, again); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestPathText(t *testing.T) {
	template, errs := Parse("${a.b[0]['c d'].e}")
	if len(errs) > 0 {
		t.Fatal(errs[0])
	}
	p := template.Single().(*Path)
	for n, want := range []string{"", "a", "a.b", "a.b[0]", "a.b[0]['c d']", "a.b[0]['c d'].e"} {
		if got := p.Upto(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
	for _, tt := range []struct{ path, key, want string }{
		{"", "a", "a"}, {"a", "b", "a.b"}, {"a", "b c", "a['b c']"}, {"", "b.c", "['b.c']"}, {"a", "", "a['']"},
	} {
		if got := JoinKey(tt.path, tt.key); got != tt.want {
			t.Errorf("%s and %s: %s, want %s", tt.path, tt.key, got, tt.want)
		}
	}
}

func TestPosition(t *testing.T) {
	for _, tt := range []struct {
		seg  Segment
		want int
		ok   bool
	}{
		{Segment{Is: ByIndex, Index: 7, Name: "007"}, 7, true},
		{Segment{Name: "3"}, 3, true},
		{Segment{Name: "03"}, 0, false},
		{Segment{Name: "-1"}, 0, false},
		{Segment{Name: "x"}, 0, false},
		{Segment{Name: "99999999999999999999"}, 0, false},
	} {
		if got, ok := tt.seg.Position(); ok != tt.ok || ok && got != tt.want {
			t.Errorf("%+v: %d, %v", tt.seg, got, ok)
		}
	}
}

// FuzzRoundTrip: what parses without an error prints to a text that parses to
// the same tree, and printing that changes nothing any more.
func FuzzRoundTrip(f *testing.F) {
	for _, seed := range []string{
		"", "a $${b} c", "$$${b}", "$${${a}", "${vars['a b'][0].c}", "${f(a b, 'c', g(vars.x).y[0] ?? -1.5)}", "${a ?? 'it\\'s' ?? null}",
		"${f(a ?? b)}", "${f( vars . a )}", "${f(\"x\\\\\")}", "${f(a.b(c).d)}", "${a['']}", "${f(1.50, 1e5, -x, a-b)}", "${名['称']}", "${f(a(b)}", "${f(true ?? 1)}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, errs := Parse(text)
		if len(errs) > 0 {
			return
		}
		printed := first.String()
		again, errs := Parse(printed)
		if len(errs) > 0 {
			t.Fatalf("%q was printed as %q: %v", text, printed, errs[0])
		}
		if d := sameTree(first, again); d != "" {
			t.Errorf("%q was printed as %q:\n%s", text, printed, d)
		}
		if twice := again.String(); twice != printed {
			t.Errorf("%q was printed as %q, then as %q", text, printed, twice)
		}
		if strings.Count(printed, "${") < strings.Count(text, "${") {
			t.Errorf("%q lost an expression: %q", text, printed)
		}
	})
}
