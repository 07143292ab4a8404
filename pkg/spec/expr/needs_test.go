package expr

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func needNames(n *Needs) string {
	var names []string
	for _, need := range n.List() {
		names = append(names, need.Resource+"."+need.What)
	}
	return strings.Join(names, " ")
}

func TestNeeds(t *testing.T) {
	a := NeedOf(Need{Resource: "a", What: "output"})
	b := NeedOf(Need{Resource: "b", What: "output"})
	info := NeedOf(Need{Resource: "a", What: "info"})
	va, vb := WithNeeds(NewString("a"), a), WithNeeds(NewInt(1), b)
	for _, tt := range []struct {
		name   string
		values []*Value
		want   string
	}{
		{"none", nil, ""},
		{"nothing needed", []*Value{NewString("x"), nil}, ""},
		{"one", []*Value{va}, "a.output"},
		{"two, in order", []*Value{vb, NewString("x"), va}, "b.output a.output"},
		{"each once", []*Value{va, va, vb, va}, "a.output b.output"},
		{"parts of one resource", []*Value{va, WithNeeds(NewString("x"), info)}, "a.output a.info"},
		{"inside", []*Value{NewList([]*Value{NewMap([]Entry{{Key: "k", Value: vb}}), va})}, "b.output a.output"},
		{"all of a map", []*Value{WithNeeds(NewMap([]Entry{{Key: "k", Value: NewString("v")}}), a)}, "a.output"},
	} {
		if got := needNames(UnionOf(tt.values...)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	m := WithNeeds(NewMap([]Entry{{Key: "k", Value: NewList([]*Value{NewString("v")})}}), a)
	if got := needNames(m.Get("k").Items[0].Needs); got != "a.output" {
		t.Errorf("inside of a map: %q", got)
	}
}

// TestNeedsAreShared: sets made of sets of sets must not be written out.
func TestNeedsAreShared(t *testing.T) {
	v := WithNeeds(NewString("x"), NeedOf(Need{Resource: "r0", What: "output"}))
	for i := range 200 {
		next := WithNeeds(NewString("y"), NeedOf(Need{Resource: fmt.Sprint("r", i+1), What: "output"}))
		v = &Value{Kind: String, Needs: UnionOf(v, next, v, v), Size: 1}
	}
	if got := len(v.Needs.List()); got != 201 {
		t.Errorf("%d needs", got)
	}
	shared := NewList([]*Value{v})
	for range 60 {
		shared = NewList([]*Value{shared, shared})
	}
	if got := len(UnionOf(shared).List()); got != 201 {
		t.Errorf("%d needs of a list of lists", got)
	}
}

// TestTaintThroughFunctions: what a function makes of a secret is one, all
// through, and is told to the scope.
func TestTaintThroughFunctions(t *testing.T) {
	s := richScope()
	plain := s.Path
	s.Path = func(p *Path) (*Value, error) {
		if p.String() == "vars.key" {
			return &Value{Kind: String, Text: "hush", Secret: true, Sensitive: true, Size: 1}, nil
		}
		return plain(p)
	}
	var derived []string
	s.Derived = func(_ []*Value, v *Value) { derived = append(derived, v.Kind.String()) }
	for text, want := range map[string]string{
		"${value(vars.key)}":         "secret sensitive",
		"a ${value(vars.key)}":       "secret sensitive",
		"${wrap(vars.key).in[0]}":    "secret sensitive",
		"${wrap(vars.secret).in}":    "secret",
		"${value(vars.n)}":           "",
		"${vars.x ?? vars.key}":      "secret sensitive",
		"${value(vars.n, vars.key)}": "secret sensitive",
	} {
		v, errs := evalText(t, text, s)
		if len(errs) > 0 {
			t.Fatal(errs[0])
		}
		got := ""
		if v.Secret {
			got = "secret"
		}
		if v.Sensitive {
			got += " sensitive"
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	if len(derived) != 4 {
		t.Errorf("told of %v", derived)
	}
	// The name of a key of a secret map is no hint to give.
	_, errs := evalText(t, "${wrap(vars.key).im}", s)
	if len(errs) != 1 || errs[0].Hint != "" {
		t.Errorf("got %+v", errs)
	}
}

func TestBounds(t *testing.T) {
	if _, errs := evalText(t, "${grow(grow(grow(grow('0123456789'))))}", richScope()); len(errs) != 1 || errs[0].Kind != TooLarge {
		t.Errorf("a text of 10 MB: %v", errs)
	}
	half := richScope()
	half.Funcs["half"] = Func{Eval: func([]*Value) (*Value, error) { return NewString(strings.Repeat("x", MaxText/2)), nil }}
	if _, errs := evalText(t, "${value(half(), half(), 'x')}", half); len(errs) != 1 || errs[0].Kind != TooLarge || errs[0].Span != (Span{24, 27}) {
		t.Errorf("arguments of more than the bound: %+v", errs)
	}
	s := richScope()
	s.Budget = &Budget{Left: 600}
	if _, errs := evalText(t, "${grow('0123456789')}", s); len(errs) > 0 {
		t.Errorf("within the budget: %v", errs[0])
	}
	if _, errs := evalText(t, "${grow('0123456789')}", s); len(errs) != 1 || errs[0].Kind != TooLarge {
		t.Errorf("beyond the budget: %v", errs)
	}
	s.Budget = &Budget{Left: 12}
	if _, errs := evalText(t, strings.Repeat("${vars.s}", 4), s); len(errs) != 1 || errs[0].Kind != TooLarge {
		t.Errorf("a text beyond the budget: %v", errs)
	}
	// Long chains of choices, paths and arguments need no stack.
	long := "${vars.x" + strings.Repeat(" ?? vars.x", 100_000) + " ?? 'end'}"
	if v, errs := evalText(t, long, richScope()); len(errs) > 0 || v.Text != "end" {
		t.Errorf("many choices: %v", errs)
	}
	if _, errs := evalText(t, "${vars"+strings.Repeat("[0]", 100_000)+"}", richScope()); len(errs) != 1 {
		t.Errorf("a long path: %v", errs)
	}
	if v, errs := evalText(t, "${value(a"+strings.Repeat(",a", 100_000)+")}", richScope()); len(errs) > 0 || len(v.Text) != 200_002 {
		t.Errorf("many arguments: %v", errs)
	}
}

func TestWalk(t *testing.T) {
	template, errs := Parse("${f(g(a ?? h('x')).m, vars.p) ?? i()}")
	if len(errs) > 0 {
		t.Fatal(errs[0])
	}
	var names []string
	Walk(template.Single(), func(n Node) {
		switch n := n.(type) {
		case *Call:
			names = append(names, n.Name)
		case *Path:
			names = append(names, n.String())
		case *Literal:
			names = append(names, n.Value.Text)
		}
	})
	if d := cmp.Diff([]string{"f", "g", "a", "h", "x", "vars.p", "i"}, names); d != "" {
		t.Error(d)
	}
}

// FuzzEval: whatever the expression, no panic, an end, a value or errors with
// places in the text, and never more text than the bound.
func FuzzEval(f *testing.F) {
	for _, seed := range []string{
		"${vars.x ?? 'y'}", "${value(vars.n, vars.pending)}", "${wrap(vars.secret).in[0]}", "${either('vars.n')}", "${doc().list[1]['a b']}",
		"${grow(grow(grow(grow(grow(vars.s)))))}", "${count(vars.list) ?? vars.x ?? null}", "${vars.known}${vars.pending}${vars.bad}", "${value(vras.x)}", "${mixed(vars.n, vars.n ?? 1)}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := richScope()
		s.Budget = &Budget{Left: 64 << 20}
		v, errs := evalText(t, text, s)
		switch {
		case v == nil && len(errs) == 0:
			t.Error("neither a value nor an error")
		case v != nil && len(errs) > 0:
			t.Error("both a value and errors")
		case v != nil && len(v.Text) > MaxText+len(text):
			t.Errorf("a text of %d bytes", len(v.Text))
		}
		if v != nil {
			v.Native()
			v.Needs.List()
		}
		for _, e := range errs {
			if e.Span.Start < 0 || e.Span.End < e.Span.Start || e.Span.End > len(text) {
				t.Errorf("span %v outside of %q: %s", e.Span, text, e.Message)
			}
		}
	})
}

// TestLargeMaps: the first of two equal keys counts, in maps with and without an
// index.
func TestLargeMaps(t *testing.T) {
	for _, n := range []int{0, 1, manyEntries - 2, manyEntries, 1000} {
		entries := []Entry{{Key: "twice", Value: NewInt(1)}}
		for i := range n {
			entries = append(entries, Entry{Key: fmt.Sprint("k", i), Value: NewInt(int64(i))})
		}
		m := NewMap(append(entries, Entry{Key: "twice", Value: NewInt(2)}))
		if v := m.Get("twice"); v.Int != 1 {
			t.Errorf("%d: got %d", n, v.Int)
		}
		if v := m.Get(fmt.Sprint("k", n-1)); n > 0 && v.Int != int64(n-1) {
			t.Errorf("%d: the last is %v", n, v)
		}
		if c := WithNeeds(m, nil); n > 0 && c.Get("k0") == m.Get("k0") || c.Get("twice").Int != 1 {
			t.Errorf("%d: a copy finds the values of what it was made from", n)
		}
		m.Entries = m.Entries[1:]
		if v := m.Get("twice"); v.Int != 2 {
			t.Errorf("%d: without the first, got %d", n, v.Int)
		}
		if m.Get("nope") != nil || m.Child(Segment{Name: "twice"}).Int != 2 || m.IsEmpty() {
			t.Errorf("%d: wrong", n)
		}
	}
	var distinct []Entry
	for i := range 100 {
		distinct = append(distinct, Entry{Key: fmt.Sprint("k", i), Value: NewInt(int64(i))})
	}
	m := NewMap(distinct)
	m.Entries = append(slices.Clone(m.Entries[:50]), Entry{Key: "new", Value: NewInt(7)})
	if m.Get("new") == nil || m.Get("k60") != nil || WithNeeds(NewMap(distinct), nil).Get("k60").Int != 60 {
		t.Error("an index outlived its entries")
	}
	if !NewMap(nil).IsEmpty() || !NewList(nil).IsEmpty() || NewString("").IsEmpty() {
		t.Error("what is empty is wrong")
	}
}
