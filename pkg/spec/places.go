package spec

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"s/pkg/diag"
	"s/pkg/spec/expr"
)

// spanRange is the place in the file of a part of a scalar's text.
func (s *source) spanRange(y *yaml.Node, span expr.Span) diag.Range {
	if s.placesOf != y {
		s.placesOf, s.cachedPlaces = y, s.places(y)
	}
	at := func(offset int) diag.Pos { return s.cachedPlaces[min(max(offset, 0), len(y.Value))] }
	rng := diag.Range{File: s.file, Start: at(span.Start), End: at(span.End)}
	// An end at the start of what follows a line break belongs behind the last
	// character instead.
	if span.End > span.Start {
		_, size := utf8.DecodeLastRuneInString(y.Value[:min(span.End, len(y.Value))])
		rng.End = at(span.End - size)
		rng.End.Column++
	}
	return rng
}

// places gives the place of every byte of a scalar's text, and of its end. The
// parser keeps the start of a token only, so the text is read along the source
// once more: quotes, escapes, folded line ends and indentation are stepped
// over.
func (s *source) places(y *yaml.Node) []diag.Pos {
	c := &cursor{source: s, line: max(1, y.Line) - 1, col: max(1, y.Column) - 1}
	c.load()
	switch {
	case y.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		c.block = true
		c.nextLine()
		c.indent = c.blockIndent(y.Value)
		c.skipIndent()
	case y.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0:
		// A tag or an anchor may stand before the quote.
		for c.rune() != 0 && c.rune() != '\n' && c.rune() != '\'' && c.rune() != '"' {
			c.col++
		}
		c.col++
	default:
		c.skipProperties()
	}
	places := make([]diag.Pos, 0, len(y.Value)+1)
	for rest := y.Value; rest != ""; {
		want, size := utf8.DecodeRuneInString(rest)
		rest = rest[size:]
		c.seek(want, y.Style)
		for range size {
			places = append(places, c.pos())
		}
		c.step(y.Style)
	}
	return append(places, c.pos())
}

// cursor walks over the runes of the source.
type cursor struct {
	*source
	line, col int // from 0, col in runes
	block     bool
	indent    int // of a block scalar: what is before its text
	here      []rune
}

func (c *cursor) load() { c.here = c.runes(c.line) }

func (c *cursor) pos() diag.Pos { return diag.Pos{Line: c.line + 1, Column: c.col + 1} }

// rune gives the rune under the cursor, '\n' at the end of a line and 0 at the
// end of the file.
func (c *cursor) rune() rune {
	switch {
	case c.col < len(c.here):
		return c.here[c.col]
	case c.line+1 < len(c.lines):
		return '\n'
	}
	return 0
}

func (c *cursor) nextLine() {
	c.line++
	c.col = 0
	c.load()
}

// skipProperties steps over !tags and &anchors before a plain scalar.
func (c *cursor) skipProperties() {
	for c.rune() == '!' || c.rune() == '&' {
		for c.rune() != 0 && !unicode.IsSpace(c.rune()) {
			c.col++
		}
		for c.rune() == ' ' || c.rune() == '\t' {
			c.col++
		}
	}
}

// seek moves to the source of the next rune of the text.
func (c *cursor) seek(want rune, style yaml.Style) {
	if style&yaml.DoubleQuotedStyle != 0 && c.rune() == '\\' {
		if c.next() != '\n' && c.next() != 0 {
			return
		}
		c.nextLine()
		c.skipIndent()
	}
	if c.rune() == want || !isBlank(c.rune()) {
		return
	}
	if isBlank(want) {
		return
	}
	for isBlank(c.rune()) {
		if c.rune() == '\n' {
			c.nextLine()
			continue
		}
		c.col++
	}
}

func isBlank(r rune) bool { return r == ' ' || r == '\t' || r == '\n' }

// next is the character after the current one.
func (c *cursor) next() rune {
	if c.col+1 < len(c.here) {
		return c.here[c.col+1]
	}
	if c.line+1 < len(c.lines) {
		return '\n'
	}
	return 0
}

// skipIndent steps over the indentation that doesn't belong to the text.
func (c *cursor) skipIndent() {
	for (c.rune() == ' ' || c.rune() == '\t') && !(c.block && c.col >= c.indent) {
		c.col++
	}
}

// blockIndent finds the indentation of a block scalar by its first line that
// isn't blank.
func (c *cursor) blockIndent(value string) int {
	leading := func(s string) int { return len(s) - len(strings.TrimLeft(s, " ")) }
	own := 0
	for line := range strings.SplitSeq(value, "\n") {
		if strings.TrimSpace(line) != "" {
			own = leading(line)
			break
		}
	}
	for i := c.line; i < len(c.lines); i++ {
		if strings.TrimSpace(c.lines[i]) != "" {
			return max(0, leading(c.lines[i])-own)
		}
	}
	return 0
}

// step moves behind the source of one rune of the text.
func (c *cursor) step(style yaml.Style) {
	switch r := c.rune(); {
	case r == 0:
	case r == '\n':
		c.nextLine()
		c.skipIndent()
	case r == '\\' && style&yaml.DoubleQuotedStyle != 0:
		c.col += escapeLength(c.next())
	case r == '\'' && style&yaml.SingleQuotedStyle != 0 && c.next() == '\'':
		c.col += 2
	default:
		c.col++
	}
}

// escapeLength is how many runes a double-quoted escape takes.
func escapeLength(kind rune) int {
	switch kind {
	case 'x':
		return 4
	case 'u':
		return 6
	case 'U':
		return 10
	}
	return 2
}
