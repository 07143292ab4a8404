package s2tos3

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"s/pkg/diag"
	"s/pkg/spec/expr"
)

func parse(t *testing.T, text string) (*converter, *yaml.Node) {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	c := &converter{
		source: source{file: "s.yaml", lines: diag.Lines(text)}, root: doc.Content[0], services: map[string]*yaml.Node{},
		done: map[*yaml.Node]bool{}, blank: map[*yaml.Node]bool{}, notes: map[*yaml.Node]string{}, foreign: map[*yaml.Node]bool{},
	}
	return c, doc.Content[0]
}

func written(t *testing.T, n *yaml.Node) string {
	t.Helper()
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(n); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestPairs: the keys of a map, as YAML understands them.
func TestPairs(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"x: {a: 1, b: 2}", "a=1 b=2"},
		{"x: {}", ""},
		{"x: text", ""},
		{"base: &b {a: 1, b: 2}\nx:\n  <<: *b\n  b: 3\n  c: 4", "a=1 b=3 c=4"},
		{"base: &b {a: 1, b: 2}\nx:\n  b: 3\n  <<: *b", "b=3 a=1"},
		{"one: &o {a: 1}\ntwo: &t {a: 2, b: 2}\nx:\n  <<: [*o, *t]", "a=1 b=2"},
		{"one: &o {a: 1}\ntwo: &t {<<: *o, b: 2}\nx: {<<: *t, c: 3}", "a=1 b=2 c=3"},
		{"x: {<<: {a: 1}, b: 2}", "a=1 b=2"},
	} {
		c, root := parse(t, tt.text)
		var got []string
		for _, p := range c.pairs(deref(c.child(root, "x"))) {
			got = append(got, p.key.Value+"="+p.value.Value)
		}
		if d := cmp.Diff(tt.want, strings.Join(got, " ")); d != "" {
			t.Errorf("%s:\n%s", tt.text, d)
		}
	}
}

// TestBlocks: where a map is, and how its values are written from elsewhere.
func TestBlocks(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"x: {a: 1}", "a=1"},
		{"x: 7", "none"},
		{"x: ${env('A')}", "none"},
		{"x: in ${vars.m}", "none"},
		{"vars: {m: {a: 1, b: {c: 2}}}\nx: ${vars.m}", "a=${vars.m.a} b=${vars.m.b}"},
		{"vars: {m: {a: 1, b: {c: 2}}}\nx: ${vars.m.b}", "c=${vars.m.b.c}"},
		{"vars: {m: 1}\nx: ${vars.m}", "none"},
		{"vars: {m: {a: 1}, n: '${vars.m}'}\nx: ${vars.n}", "a=${vars.m.a}"},
		{"vars: {l: [{a: 1}, {a: 2}]}\nx: ${vars.l[1]}", "a=${vars.l.1.a}"},
		{"vars: {m: '${vars.m}'}\nx: ${vars.m}", "none"},
		{"vars: {m: '${vars.n}', n: '${vars.m}'}\nx: ${vars.m}", "none"},
		{"y: &y {a: 1}\nx: *y", "a=1"},
		{"x: ${vars.m}", "none"},
	} {
		c, root := parse(t, tt.text)
		got := "none"
		if b := c.block(c.child(root, "x")); b != nil {
			var texts []string
			for _, p := range b.pairs {
				texts = append(texts, p.key.Value+"="+c.value(b, &p).Value)
			}
			got = strings.Join(texts, " ")
		}
		if got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.text, got, tt.want)
		}
	}
}

// TestSettleAliases: no alias without its anchor before it, and the values as
// they were.
func TestSettleAliases(t *testing.T) {
	for _, tt := range []struct{ name, text, drop, want string }{
		{"nothing dropped", "a: &x 1\nb: *x\n", "", "a: &x 1\nb: *x\n"},
		{"the anchor went", "a: &x {k: v}\nb: *x\nc: *x\n", "a", "b: &x {k: v}\nc: *x\n"},
		{"inside", "a: {k: &x v}\nb: [*x, *x]\n", "a", "b: [&x v, *x]\n"},
		{"in one another", "a: &x {k: &y v}\nb: *x\nc: *y\n", "a", "b: &x {k: v}\nc: &y v\n"},
		{"an alias in what went", "a: &x v\nb: &y {k: *x}\nc: *y\n", "b", "a: &x v\nc: &y {k: *x}\n"},
		{"both went", "a: &x v\nb: &y {k: *x}\nc: *y\n", "a b", "c: &y {k: &x v}\n"},
		{"merged", "a: &x {k: v}\nb:\n  <<: *x\n", "a", "b:\n  <<: &x {k: v}\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, root := parse(t, tt.text)
			var kept []*yaml.Node
			for i := 0; i < len(root.Content); i += 2 {
				if tt.drop == "" || !strings.Contains(tt.drop, root.Content[i].Value) {
					kept = append(kept, root.Content[i], root.Content[i+1])
				}
			}
			root.Content = kept
			c.settleAliases(root, map[*yaml.Node]*yaml.Node{})
			got := strings.ReplaceAll(written(t, root), "!!merge ", "")
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
			if err := yaml.Unmarshal([]byte(got), new(any)); err != nil {
				t.Errorf("%v in %s", err, got)
			}
		})
	}
}

// TestLayout: the result is written as the source is.
func TestLayout(t *testing.T) {
	for _, tt := range []struct {
		text    string
		indent  int
		compact bool
	}{
		{"a: 1\n", 2, false},
		{"a:\n  b: 1\n", 2, false},
		{"a:\n    b: 1\n", 4, false},
		{"a: {b: 1}\nc:\n   d: 1\n", 3, false},
		{"a:\n- 1\n", 2, true},
		{"a:\n  - 1\n", 2, false},
		{"a:\n  b:\n  - c: 1\n", 2, true},
		{"a: [1]\n", 2, false},
	} {
		c, root := parse(t, tt.text)
		if c.indentation() != tt.indent || compact(root) != tt.compact {
			t.Errorf("%q: %d, %v", tt.text, c.indentation(), compact(root))
		}
	}
}

func TestBlankBefore(t *testing.T) {
	c, root := parse(t, "a: 1\n\nb: 2\n\n# c\n# d\nc: 3\nd: 4\n \t\ne: 5\n# f\nf: 6\n")
	want := map[string]bool{"b": true, "c": true, "e": true}
	for i := 0; i < len(root.Content); i += 2 {
		if key := root.Content[i]; c.blankBefore(key) != want[key.Value] {
			t.Errorf("%s: %v", key.Value, c.blankBefore(key))
		}
	}
}

func TestUnmark(t *testing.T) {
	got := unmark([]byte("a: 1\n  " + blankMark + "\nb: '" + blankMark + "'\n" + blankMark + "\n"))
	if string(got) != "a: 1\n\nb: '"+blankMark+"'\n\n" {
		t.Errorf("%q", got)
	}
}

// TestPlaces: where nodes, and expressions in them, stand.
func TestPlaces(t *testing.T) {
	c, root := parse(t, "plain: a ${x} b\nsingle: 'a ${x}'\ndouble: \"名 ${x}\"\nescaped: \"\\t${x}\"\nfolded: >-\n  a ${x}\nmap:\n  k: v\nalias: &y v\nuse: *y\n")
	for _, tt := range []struct {
		key      string
		of       string // the part looked for; empty is the whole
		from, to int
	}{
		{"plain", "", 8, 16},
		{"plain", "${x}", 10, 14},
		{"single", "", 9, 17},
		{"single", "${x}", 12, 16},
		{"double", "", 9, 17},
		{"double", "${x}", 12, 16},
		{"escaped", "${x}", 10, 17}, // not in the source as it is: the whole
		{"folded", "", 9, 15},
		{"map", "", 3, 4},
		{"use", "", 6, 8},
	} {
		var n *yaml.Node
		for i := 0; i < len(root.Content); i += 2 {
			if root.Content[i].Value == tt.key {
				n = root.Content[i+1]
			}
		}
		rng := c.place(n)
		if tt.of != "" {
			at := strings.Index(n.Value, tt.of)
			rng = c.spanPlace(n, expr.Span{Start: at, End: at + len(tt.of)})
		}
		if rng.Start.Column != tt.from || rng.End.Column != tt.to || rng.File != "s.yaml" {
			t.Errorf("%s %s: %d to %d, want %d to %d", tt.key, tt.of, rng.Start.Column, rng.End.Column, tt.from, tt.to)
		}
	}
	if rng := c.valuePlace(root, "single"); rng.Start != (diag.Pos{Line: 2, Column: 9}) {
		t.Errorf("got %v", rng)
	}
	if rng := c.valuePlace(root, "none"); rng.Start.Line != 0 || rng.File != "s.yaml" {
		t.Errorf("got %v", rng)
	}
}
