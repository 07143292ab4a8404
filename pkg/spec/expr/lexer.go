package expr

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind int

const (
	tokEnd    tokenKind = iota // the closing brace
	tokEOF                     // the text is over
	tokName                    // letters, digits, _ and -
	tokNumber                  // digits
	tokString                  // quoted
	tokDot
	tokOpen
	tokClose
	tokOpenIndex
	tokCloseIndex
	tokComma
	tokElse      // ??
	tokOther     // a character of no meaning here
	tokUnclosed  // a quoted string without its end
	tokBareChunk // unquoted argument
)

type token struct {
	kind tokenKind
	text string // the decoded text of strings
	span Span
}

// lexer cuts the inside of one ${...} into tokens. pos is a byte offset into
// the whole text.
type lexer struct {
	text string
	pos  int
}

func (l *lexer) skipSpace() {
	for l.pos < len(l.text) && strings.IndexByte(" \t\r\n", l.text[l.pos]) >= 0 {
		l.pos++
	}
}

// peek gives the next token without taking it.
func (l *lexer) peek() token {
	saved := l.pos
	t := l.next()
	l.pos = saved
	return t
}

func (l *lexer) next() token {
	l.skipSpace()
	start := l.pos
	if start >= len(l.text) {
		return token{kind: tokEOF, span: Span{start, start}}
	}
	c := l.text[start]
	if kind, ok := punctuation(c); ok {
		l.pos++
		return token{kind: kind, text: string(c), span: Span{start, l.pos}}
	}
	if c == '\'' || c == '"' {
		return l.quoted(c)
	}
	if strings.HasPrefix(l.text[start:], "??") {
		l.pos += 2
		return token{kind: tokElse, text: "??", span: Span{start, l.pos}}
	}
	r, size := utf8.DecodeRuneInString(l.text[start:])
	switch {
	case unicode.IsDigit(r):
		l.take(unicode.IsDigit)
		if rest, _ := utf8.DecodeRuneInString(l.text[l.pos:]); isNameRune(rest) {
			l.take(isNameRune)
			return l.token(tokName, start)
		}
		return l.token(tokNumber, start)
	case isNameRune(r):
		l.take(isNameRune)
		return l.token(tokName, start)
	}
	l.pos += size
	return l.token(tokOther, start)
}

func punctuation(c byte) (tokenKind, bool) {
	switch c {
	case '}':
		return tokEnd, true
	case '.':
		return tokDot, true
	case '(':
		return tokOpen, true
	case ')':
		return tokClose, true
	case '[':
		return tokOpenIndex, true
	case ']':
		return tokCloseIndex, true
	case ',':
		return tokComma, true
	}
	return 0, false
}

func (l *lexer) token(kind tokenKind, start int) token {
	return token{kind: kind, text: l.text[start:l.pos], span: Span{start, l.pos}}
}

func (l *lexer) take(ok func(rune) bool) {
	for l.pos < len(l.text) {
		r, size := utf8.DecodeRuneInString(l.text[l.pos:])
		if !ok(r) {
			return
		}
		l.pos += size
	}
}

// isNameRune allows - because the names of resources have it; the language has
// no subtraction.
func isNameRune(r rune) bool {
	return r == '_' || r == '-' || unicode.IsLetter(r) || unicode.IsDigit(r)
}

// quoted reads a string in either quote; a backslash keeps the next character.
func (l *lexer) quoted(quote byte) token {
	start := l.pos
	var b strings.Builder
	for i := start + 1; i < len(l.text); i++ {
		switch c := l.text[i]; {
		case c == quote:
			l.pos = i + 1
			return token{kind: tokString, text: b.String(), span: Span{start, l.pos}}
		case c == '\\' && i+1 < len(l.text) && (l.text[i+1] == quote || l.text[i+1] == '\\'):
			i++
			b.WriteByte(l.text[i])
		default:
			b.WriteByte(c)
		}
	}
	l.pos = len(l.text)
	return token{kind: tokUnclosed, span: Span{start, l.pos}}
}

// number reads what starts like a number: -1.5 is one token here, and only here.
func (l *lexer) number() token {
	l.skipSpace()
	start := l.pos
	l.take(func(r rune) bool { return isNameRune(r) || r == '.' || r == '+' })
	return l.token(tokNumber, start)
}

// bare reads an unquoted argument: everything up to the comma or bracket that
// ends it, without the space around it.
func (l *lexer) bare() token {
	l.skipSpace()
	start := l.pos
	end := start
	for l.pos < len(l.text) && strings.IndexByte(",)}", l.text[l.pos]) < 0 {
		if strings.IndexByte(" \t\r\n", l.text[l.pos]) < 0 {
			end = l.pos + 1
		}
		l.pos++
	}
	return token{kind: tokBareChunk, text: l.text[start:end], span: Span{start, end}}
}
