package spec

import (
	"fmt"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"s/pkg/diag"
	"s/pkg/spec/expr"
)

// TestPlaces: in each text, the value of key v holds X...Y once; the place that
// is found for it in the value must be that of X...Y in the source.
func TestPlaces(t *testing.T) {
	for name, text := range map[string]string{
		"plain":                    "v: a X1Y b\n",
		"plain, two lines":         "v: a\n  b X1Y\n  c\n",
		"plain, blank line":        "v: a\n\n  b X1Y\n",
		"plain, wide":              "v: 名称 X中Y b\n",
		"plain, tag":               "v: !!str a X1Y\n",
		"plain, anchor":            "v: &anchor a X1Y\n",
		"plain, comment before":    "# c\nw: 1 # d\nv:    a X1Y # e\n",
		"single":                   "v: 'a X1Y b'\n",
		"single, quotes in it":     "v: 'it''s ''X1Y'' b'\n",
		"single, folded":           "v: 'a\n   b X1Y\n   c'\n",
		"double":                   "v: \"a X1Y b\"\n",
		"double, escapes":          "v: \"\\t\\x41\\u4e2d\\U0001F600\\\" X1Y\"\n",
		"double, folded":           "v: \"a\n   b X1Y\"\n",
		"double, escaped line end": "v: \"a \\\n   b X1Y\"\n",
		"double, anchor":           "v: &x \"a X1Y\"\n",
		"literal":                  "v: |\n  a\n  b X1Y\n",
		"literal, indented":        "v: |\n  a\n      b X1Y\n    c\n",
		"literal, blank first":     "v: |\n\n  a X1Y\n",
		"literal, chomped":         "v: |-\n  a X1Y\n",
		"folded":                   "v: >\n  a\n  b X1Y\n  c\n",
		"folded, paragraphs":       "v: >-\n  a\n\n  b X1Y\n",
		"flow map":                 "w: {v: a X1Y, u: 1}\nv: {v: b}\n",
	} {
		t.Run(name, func(t *testing.T) {
			src := &source{file: "s.yaml", lines: diag.Lines(text)}
			y := scalarWith(t, text, "X")
			from, to := strings.Index(y.Value, "X"), strings.Index(y.Value, "Y")+1
			got := src.spanRange(y, expr.Span{Start: from, End: to})
			want := mark(src.lines)
			if got != want {
				t.Errorf("in %q: got %v to %v, want %v to %v", text, got.Start, got.End, want.Start, want.End)
			}
			// Every offset, and those beyond, have a place in the file.
			for i := -1; i <= len(y.Value)+1; i++ {
				if p := src.spanRange(y, expr.Span{Start: i, End: i}).Start; p.Line < 1 || p.Line > len(src.lines) || p.Column < 1 {
					t.Errorf("offset %d is at %v", i, p)
				}
			}
		})
	}
}

// scalarWith finds the first scalar whose value holds a text.
func scalarWith(t *testing.T, text, part string) *yaml.Node {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	var found *yaml.Node
	var visit func(n *yaml.Node)
	visit = func(n *yaml.Node) {
		if found == nil && n.Kind == yaml.ScalarNode && strings.Contains(n.Value, part) {
			found = n
		}
		for _, c := range n.Content {
			visit(c)
		}
	}
	visit(&doc)
	if found == nil {
		t.Fatalf("no scalar with %q in %q", part, text)
	}
	return found
}

// mark finds X...Y in the source.
func mark(lines []string) diag.Range {
	for i, line := range lines {
		if before, _, ok := strings.Cut(line, "X"); ok {
			from := len([]rune(before)) + 1
			to := len([]rune(line[:strings.Index(line, "Y")])) + 2
			return diag.Range{File: "s.yaml", Start: diag.Pos{Line: i + 1, Column: from}, End: diag.Pos{Line: i + 1, Column: to}}
		}
	}
	return diag.Range{}
}

// TestScalarRanges: the whole token, quotes included.
func TestScalarRanges(t *testing.T) {
	for text, want := range map[string]string{
		"v: abc\n":       "1:4-1:7",
		"v: 'abc'\n":     "1:4-1:9",
		"v: \"a\\tc\"\n": "1:4-1:10",
		"v: ''\n":        "1:4-1:6",
		"v: a\n  c\n":    "1:4-2:4",
		"v: |\n  ac\n":   "1:4-1:5",
		"v: ac # c\n":    "1:4-1:6",
		"v: 名ac\n":       "1:4-1:7",
	} {
		src := &source{file: "s.yaml", lines: diag.Lines(text)}
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
			t.Fatal(err)
		}
		r := src.scalarRange(doc.Content[0].Content[1])
		if got := fmt.Sprintf("%d:%d-%d:%d", r.Start.Line, r.Start.Column, r.End.Line, r.End.Column); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

// TestSyntaxErrorLines: the parser's own lines are off in three ways; ours must
// be those that a user would look at.
func TestSyntaxErrorLines(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		line       int
	}{
		{"first line", "a: b: c\n", 1},
		{"mapping values", "a: 1\n  b: 2\n", 2},
		{"list item among keys", "a:\n  b: 1\n  c: 2\n  d: 3\n  - e\n", 5},
		{"key among items", "a:\n  - b\n  - c\n  d: 1\n", 4},
		{"less indented", "a:\n    b: 1\n    c: 2\n  d: 3\n", 4},
		{"tab", "a:\n\tb: 1\n", 2},
		{"flow list", "a: 1\nb: [1, 2\nc: 3\n", 2},
		{"unknown alias", "a: 1\nb: *nope\n", 2},
		{"unknown escape", "a: 1\nb: \"\\q\"\n", 2},
		{"open quote", "a: 1\nb: 'x\nc: 2\n", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, ds := parse(Options{}, "s.yaml", "/project", []byte(tt.text))
			if len(ds) != 1 || ds[0].Code != CodeSyntax {
				t.Fatalf("got %v", ds)
			}
			if got := ds[0].Range.Start.Line; got != tt.line {
				t.Errorf("line %d (%s), want %d", got, ds[0].Summary, tt.line)
			}
		})
	}
}
