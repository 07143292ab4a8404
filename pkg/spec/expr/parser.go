package expr

import (
	"fmt"
	"strconv"
	"strings"
)

// maxDepth bounds how deep calls nest.
const maxDepth = 32

// Contains reports whether a text has anything for Parse to do.
func Contains(text string) bool { return strings.Contains(text, "${") }

// Parse reads a text with ${...} in it; $${ stands for a literal ${. All errors
// are of Kind Syntax; there is at most one for each ${...}.
func Parse(text string) (*Template, []*Error) {
	t := &Template{}
	var errs []*Error
	var literal strings.Builder
	flush := func() {
		if literal.Len() > 0 {
			t.Parts = append(t.Parts, Part{Text: literal.String()})
			literal.Reset()
		}
	}
	for pos := 0; pos < len(text); {
		at := strings.Index(text[pos:], "${")
		if at < 0 {
			literal.WriteString(text[pos:])
			break
		}
		at += pos
		if at > pos && text[at-1] == '$' {
			literal.WriteString(text[pos:at-1] + "${")
			pos = at + 2
			continue
		}
		literal.WriteString(text[pos:at])
		flush()
		p := &parser{lex: lexer{text: text, pos: at + 2}, open: at}
		node, err := p.expression()
		if err != nil {
			errs = append(errs, err)
			pos = recoverAt(text, p.lex.pos, at+2)
			continue
		}
		t.Parts = append(t.Parts, Part{Expr: node, Span: Span{at, p.lex.pos}})
		pos = p.lex.pos
	}
	flush()
	return t, errs
}

// recoverAt finds where to go on after an error: behind the next brace.
func recoverAt(text string, pos, atLeast int) int {
	pos = max(pos, atLeast)
	if pos > atLeast && pos <= len(text) && text[pos-1] == '}' {
		return pos
	}
	if i := strings.IndexByte(text[pos:], '}'); i >= 0 {
		return pos + i + 1
	}
	return len(text)
}

type parser struct {
	lex   lexer
	open  int // where ${ stands
	depth int
}

// expression reads up to and including the closing brace.
func (p *parser) expression() (Node, *Error) {
	if t := p.lex.peek(); t.kind == tokEnd {
		return nil, syntax(Span{p.open, t.span.End}, "empty expression",
			"name a value, such as ${vars.region}, or write $${ for the characters themselves")
	}
	node, err := p.term()
	if err != nil {
		return nil, err
	}
	switch t := p.lex.peek(); t.kind {
	case tokEnd:
		p.lex.next()
		return node, nil
	case tokEOF:
		return nil, p.unclosed()
	default:
		return nil, syntax(t.span, fmt.Sprintf("unexpected %s in an expression", describe(t)), "")
	}
}

func (p *parser) unclosed() *Error {
	p.lex.pos = len(p.lex.text)
	return syntax(Span{p.open, p.open + 2}, "this ${ is never closed", "add the missing }, or write $${ for the characters themselves")
}

// term reads a path or a call.
func (p *parser) term() (Node, *Error) {
	t := p.lex.next()
	switch t.kind {
	case tokName:
	case tokEOF:
		return nil, p.unclosed()
	case tokUnclosed:
		return nil, syntax(t.span, "this quote is never closed", "")
	default:
		return nil, syntax(t.span, fmt.Sprintf("expected a name or a function, found %s", describe(t)), "")
	}
	path := &Path{Span: t.span, Segments: []Segment{{Span: t.span, Name: t.text}}}
	for {
		switch p.lex.peek().kind {
		case tokDot, tokOpenIndex:
			seg, err := p.segment()
			if err != nil {
				return nil, err
			}
			path.Segments = append(path.Segments, seg)
			path.Span.End = p.lex.pos
		case tokOpen:
			return p.call(path)
		default:
			return path, nil
		}
	}
}

// segment reads .name or [0] or ['key'].
func (p *parser) segment() (Segment, *Error) {
	if p.lex.next().kind == tokDot {
		t := p.lex.next()
		switch t.kind {
		case tokName, tokNumber:
			return Segment{Span: t.span, Name: t.text}, nil
		case tokEOF:
			return Segment{}, p.unclosed()
		}
		return Segment{}, syntax(t.span, fmt.Sprintf("expected a name after the dot, found %s", describe(t)), "")
	}
	t := p.lex.next()
	seg := Segment{Span: t.span, Name: t.text}
	switch t.kind {
	case tokString:
	case tokNumber:
		index, err := strconv.Atoi(t.text)
		if err != nil {
			return seg, syntax(t.span, "the index is too large", "")
		}
		seg.Is, seg.Index = ByIndex, index
	case tokEOF:
		return seg, p.unclosed()
	default:
		return seg, syntax(t.span, fmt.Sprintf("expected an index or a quoted key, found %s", describe(t)), "")
	}
	if end := p.lex.next(); end.kind != tokCloseIndex {
		return seg, syntax(end.span, fmt.Sprintf("expected ], found %s", describe(end)), "")
	}
	return seg, nil
}

func (p *parser) call(name *Path) (Node, *Error) {
	open := p.lex.next()
	if p.depth++; p.depth > maxDepth {
		return nil, syntax(open.span, "calls are nested too deep", "")
	}
	defer func() { p.depth-- }()
	c := &Call{Name: name.String(), NameSpan: name.Span, Span: name.Span}
	if p.lex.peek().kind == tokClose {
		p.lex.next()
		c.Span.End = p.lex.pos
		return c, nil
	}
	for {
		arg, err := p.argument()
		if err != nil {
			return nil, err
		}
		c.Args = append(c.Args, arg)
		switch t := p.lex.next(); t.kind {
		case tokComma:
		case tokClose:
			c.Span.End = p.lex.pos
			return c, nil
		case tokEnd, tokEOF:
			return nil, syntax(open.span, fmt.Sprintf("the bracket of %s( is never closed", c.Name), "")
		default:
			return nil, syntax(t.span, fmt.Sprintf("expected , or ) after an argument, found %s", describe(t)), "")
		}
	}
}

// argument reads a quoted string, a nested call, or bare text up to the next
// comma or bracket: env(HOME) is env('HOME').
func (p *parser) argument() (Node, *Error) {
	switch t := p.lex.peek(); t.kind {
	case tokString:
		p.lex.next()
		return &Literal{Span: t.span, Value: NewString(t.text)}, nil
	case tokUnclosed:
		p.lex.next()
		return nil, syntax(t.span, "this quote is never closed", "")
	case tokName:
		if p.callAhead() {
			return p.term()
		}
	}
	t := p.lex.bare()
	if t.text == "" {
		return nil, syntax(Span{t.span.Start, t.span.Start}, "an argument is missing", "")
	}
	return &Literal{Span: t.span, Value: bareValue(t.text)}, nil
}

// callAhead reports whether a dotted name and an opening bracket come next.
func (p *parser) callAhead() bool {
	l := p.lex
	l.next()
	for l.pos < len(l.text) && l.text[l.pos] == '.' {
		l.next()
		if l.peek().kind != tokName {
			return false
		}
		l.next()
	}
	return l.pos < len(l.text) && l.text[l.pos] == '('
}

// bareValue gives numbers and booleans their type; 007 and 1.50 stay text,
// since they would not come out as they went in.
func bareValue(text string) *Value {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && strconv.FormatInt(n, 10) == text {
		return NewInt(n)
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && strconv.FormatFloat(f, 'f', -1, 64) == text {
		return NewFloat(f, text)
	}
	switch text {
	case "true":
		return NewBool(true)
	case "false":
		return NewBool(false)
	}
	return NewString(text)
}

func describe(t token) string {
	switch t.kind {
	case tokEOF:
		return "the end of the text"
	case tokString:
		return "a quoted text"
	case tokUnclosed:
		return "a quote that is never closed"
	}
	return strconv.Quote(t.text)
}

func syntax(s Span, message, hint string) *Error {
	return &Error{Kind: Syntax, Span: s, Message: message, Hint: hint}
}
