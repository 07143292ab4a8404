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
	if err == nil {
		node, err = p.choices(node)
	}
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

// choices reads what follows ?? after a first choice, if anything does.
func (p *parser) choices(first Node) (Node, *Error) {
	d := &Default{Span: first.span(), Choices: []Node{first}}
	for p.lex.peek().kind == tokElse {
		p.lex.next()
		node, err := p.operand()
		if err != nil {
			return nil, err
		}
		d.Choices = append(d.Choices, node)
		d.Span.End = node.span().End
	}
	if len(d.Choices) == 1 {
		return first, nil
	}
	return d, nil
}

// operand reads what may stand behind ??: a path, a call, a quoted text, a
// number, true, false or null.
func (p *parser) operand() (Node, *Error) {
	t := p.lex.peek()
	if t.kind == tokString {
		p.lex.next()
		return quoted(t), nil
	}
	if t.kind == tokNumber || t.kind == tokName && strings.HasPrefix(t.text, "-") {
		saved := p.lex.pos
		t = p.lex.number()
		if v := bareValue(t.text); v.Kind == Int || v.Kind == Float {
			return &Literal{Span: t.span, Value: v}, nil
		}
		p.lex.pos = saved
		return nil, syntax(t.span, fmt.Sprintf("expected a name, a function or a value, found %s", describe(t)), "put text in quotes")
	}
	node, err := p.term()
	if path, ok := node.(*Path); err == nil && ok && len(path.Segments) == 1 {
		switch t.text {
		case "true", "false":
			return &Literal{Span: t.span, Value: NewBool(t.text == "true")}, nil
		case "null":
			return &Literal{Span: t.span, Value: &Value{Text: "null", Size: 1}}, nil
		}
	}
	return node, err
}

// term reads a path or a call, and what is taken out of the call's value.
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
			call, err := p.call(path)
			if err != nil {
				return nil, err
			}
			return p.member(call)
		default:
			return path, nil
		}
	}
}

// member reads the steps into what a call gives.
func (p *parser) member(call Node) (Node, *Error) {
	m := &Member{Span: call.span(), Of: call}
	for {
		if k := p.lex.peek().kind; k != tokDot && k != tokOpenIndex {
			break
		}
		seg, err := p.segment()
		if err != nil {
			return nil, err
		}
		m.Segments = append(m.Segments, seg)
		m.Span.End = p.lex.pos
	}
	if len(m.Segments) == 0 {
		return call, nil
	}
	return m, nil
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

// argument reads a quoted string, a nested call, a choice with ??, or bare text
// up to the next comma or bracket: env(HOME) is env('HOME').
func (p *parser) argument() (Node, *Error) {
	switch t := p.lex.peek(); t.kind {
	case tokString:
		p.lex.next()
		return p.choices(quoted(t))
	case tokUnclosed:
		p.lex.next()
		return nil, syntax(t.span, "this quote is never closed", "")
	case tokName:
		if !p.callAhead() {
			break
		}
		node, err := p.term()
		if err != nil {
			return nil, err
		}
		return p.choices(node)
	}
	saved := p.lex.pos
	node, err := p.operand()
	if err == nil {
		switch k := p.lex.peek().kind; {
		case k == tokElse:
			return p.choices(node)
		case k == tokComma, k == tokClose:
			return p.bareNode(node), nil
		}
	}
	p.lex.pos = saved
	t := p.lex.bare()
	if t.text == "" {
		return nil, syntax(Span{t.span.Start, t.span.Start}, "an argument is missing", "")
	}
	return &Literal{Span: t.span, Value: bareValue(t.text)}, nil
}

// bareNode makes an unquoted argument of what reads like an operand as well.
func (p *parser) bareNode(node Node) *Literal {
	span := node.span()
	l := &Literal{Span: span, Value: bareValue(p.lex.text[span.Start:span.End])}
	if path, ok := node.(*Path); ok && l.Value.Kind == String {
		l.Path = path
	}
	return l
}

func quoted(t token) *Literal {
	return &Literal{Span: t.span, Value: NewString(t.text), Quoted: true}
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
