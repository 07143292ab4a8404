package s2tos3

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"s/pkg/diag"
	"s/pkg/spec/expr"
)

// source is the text that is converted.
type source struct {
	file  string
	lines []string
}

// place is where a node stands: the token of a scalar in one line, the start
// of everything else.
func (s *source) place(n *yaml.Node) diag.Range {
	start := diag.Pos{Line: max(1, n.Line), Column: max(1, n.Column)}
	rng := diag.Range{File: s.file, Start: start, End: start}
	switch {
	case n.Kind == yaml.AliasNode:
		rng.End.Column += utf8.RuneCountInString(n.Value) + 1
	case n.Kind != yaml.ScalarNode || strings.Contains(n.Value, "\n"):
		rng.End.Column++
	default:
		rng.End.Column += utf8.RuneCountInString(n.Value)
		if quoted(n) {
			rng.End.Column += 2
		}
	}
	return rng
}

func quoted(n *yaml.Node) bool {
	return n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0
}

// spanPlace is where a part of a scalar's text stands; the whole scalar if its
// text isn't in the source as it is.
func (s *source) spanPlace(n *yaml.Node, span expr.Span) diag.Range {
	rng := s.place(n)
	if n.Line < 1 || n.Line > len(s.lines) || span.End > len(n.Value) {
		return rng
	}
	column := n.Column - 1
	if quoted(n) {
		column++
	}
	line := []rune(s.lines[n.Line-1])
	if want := []rune(n.Value); column+len(want) > len(line) || string(line[column:column+len(want)]) != n.Value {
		return rng
	}
	rng.Start.Column = column + utf8.RuneCountInString(n.Value[:span.Start]) + 1
	rng.End.Column = column + utf8.RuneCountInString(n.Value[:span.End]) + 1
	return rng
}

// valuePlace is where the value of a key of a map stands.
func (s *source) valuePlace(n *yaml.Node, key string) diag.Range {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return s.place(n.Content[i+1])
		}
	}
	return diag.Range{File: s.file}
}

// blankBefore reports whether a blank line stands before a key and its comment.
func (s *source) blankBefore(key *yaml.Node) bool {
	above := key.Line - 2
	if key.HeadComment != "" {
		above -= strings.Count(key.HeadComment, "\n") + 1
	}
	return above >= 0 && above < len(s.lines) && strings.TrimSpace(s.lines[above]) == ""
}

func (c *converter) errorAt(code string, rng diag.Range, summary, hint string) {
	c.diags = append(c.diags, diag.Diagnostic{Severity: diag.Error, Code: code, Range: rng, Summary: summary, Hint: hint})
}

func (c *converter) warnAt(code string, rng diag.Range, summary, hint string) {
	c.diags = append(c.diags, diag.Diagnostic{Severity: diag.Warning, Code: code, Range: rng, Summary: summary, Hint: hint})
}

// drop leaves a key out and says so.
func (c *converter) drop(out *output, p pair, why, hint string) {
	c.warnAt(CodeDropped, c.place(p.key), fmt.Sprintf("%q is left out: %s", p.key.Value, why), hint)
	out.keep(p)
}

func decimal(n int) string { return strconv.Itoa(n) }
