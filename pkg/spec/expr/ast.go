package expr

import "strconv"

// Span is a stretch of the text that was parsed, in bytes, end exclusive.
type Span struct{ Start, End int }

// Node is an expression: *Literal, *Path, *Call, *Member or *Default.
type Node interface{ span() Span }

// Literal stands for itself: 'text', 5, true, or an unquoted argument.
type Literal struct {
	Span   Span
	Value  *Value
	Quoted bool
	// Path is set for an unquoted argument that could be a path as well; the
	// function that takes it decides, see Mode.
	Path *Path
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

// Position gives the index that a segment names, if it names one: [0] or .0.
func (s Segment) Position() (int, bool) {
	if s.Is == ByIndex {
		return s.Index, true
	}
	i, err := strconv.Atoi(s.Name)
	return i, err == nil && i >= 0 && strconv.Itoa(i) == s.Name
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

// Member descends into what a call gives: json('...').a[0].
type Member struct {
	Span     Span
	Of       Node
	Segments []Segment
}

// Default is a ?? b ?? c: the first that is there.
type Default struct {
	Span    Span
	Choices []Node
}

func (l *Literal) span() Span { return l.Span }
func (p *Path) span() Span    { return p.Span }
func (c *Call) span() Span    { return c.Span }
func (m *Member) span() Span  { return m.Span }
func (d *Default) span() Span { return d.Span }

// SpanOf gives the place of a node.
func SpanOf(n Node) Span { return n.span() }

// Walk calls visit for a node and all nodes in it, outer ones first.
func Walk(n Node, visit func(Node)) {
	visit(n)
	switch n := n.(type) {
	case *Call:
		for _, a := range n.Args {
			Walk(a, visit)
		}
	case *Member:
		Walk(n.Of, visit)
	case *Default:
		for _, c := range n.Choices {
			Walk(c, visit)
		}
	}
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
	// Missing is set if the expression is right but what it names isn't there,
	// so that ?? applies.
	Missing bool
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
	TooLarge     // nested too deep, or more than a value may hold
)
