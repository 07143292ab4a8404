package expr

import "strings"

// Span is a stretch of the text that was parsed, in bytes, end exclusive.
type Span struct{ Start, End int }

// Node is an expression: *Literal, *Path or *Call.
type Node interface{ span() Span }

// Literal is an argument that stands for itself.
type Literal struct {
	Span  Span
	Value *Value
}

// Path is a dotted name: vars.a.b, list[0], map['key'].
type Path struct {
	Span     Span
	Segments []Segment
}

// Segment is one step of a Path.
type Segment struct {
	Span  Span
	Name  string // for ByIndex the digits
	Index int
	Is    Step
}

// Step says how a Segment descends.
type Step int

// The ways to descend.
const (
	ByName Step = iota
	ByIndex
)

// Call is a function and its arguments.
type Call struct {
	Span     Span
	Name     string
	NameSpan Span
	Args     []Node
}

func (l *Literal) span() Span { return l.Span }
func (p *Path) span() Span    { return p.Span }
func (c *Call) span() Span    { return c.Span }

// SpanOf gives the place of a node.
func SpanOf(n Node) Span { return n.span() }

// String gives the path as one would write it.
func (p *Path) String() string { return p.Upto(len(p.Segments)) }

// Upto gives the first n segments as one would write them.
func (p *Path) Upto(n int) string {
	var b strings.Builder
	for i, s := range p.Segments[:n] {
		switch {
		case s.Is == ByIndex:
			b.WriteString("[" + s.Name + "]")
		case i > 0:
			b.WriteString("." + s.Name)
		default:
			b.WriteString(s.Name)
		}
	}
	return b.String()
}

// Template is a text with expressions in it.
type Template struct{ Parts []Part }

// Part is literal text, or an expression if Expr is set.
type Part struct {
	Text string
	Expr Node
	Span Span // of the whole ${...}
}

// Single gives the expression of a template that is exactly one, and nil for
// every other.
func (t *Template) Single() Node {
	if len(t.Parts) == 1 {
		return t.Parts[0].Expr
	}
	return nil
}

// Error is what is wrong with an expression.
type Error struct {
	Kind    ErrorKind
	Span    Span
	Arg     int // 1-based argument of a call that the error is about; 0 for the call
	Message string
	Detail  string
	Hint    string
}

// Error gives the message.
func (e *Error) Error() string { return e.Message }

// ErrorKind sorts errors for those who attach codes to them.
type ErrorKind int

// The kinds of errors.
const (
	Syntax ErrorKind = iota
	UnknownFunction
	UnknownName
	BadArgument
	BadText
	Cycle
	NoVariable   // of the environment
	NoFile       // unreadable or absent
	NoCredential // none, or no such field of it
	Unsupported  // known elsewhere, not here yet
)
