package expr

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"s/pkg/diag"
)

// MaxText is the longest text that an expression may give, in bytes.
const MaxText = 4 << 20

// Scope says what names and functions mean.
type Scope struct {
	// Path gives the value of a dotted name, or an error, best an *Error with
	// the span of the segment at fault.
	Path func(p *Path) (*Value, error)
	// Known gives an error if a path's first name means nothing. It is asked for
	// every path of an expression, even one that isn't evaluated. Without it all
	// mean something.
	Known func(p *Path) *Error
	// Roots are the first names that Known accepts.
	Roots []string
	// Funcs are the functions by name.
	Funcs map[string]Func
	// Derived hears of each value that a function made of a sensitive one.
	Derived func(args []*Value, v *Value)
	// Budget bounds what all expressions together may make; nil is no bound.
	Budget *Budget
}

// Budget is how many bytes of text expressions may still make.
type Budget struct{ Left int }

// Spend takes n bytes and reports whether the budget had them.
func (b *Budget) Spend(n int) bool {
	if b == nil {
		return true
	}
	b.Left -= n
	return b.Left >= 0
}

// Mode says what an unquoted argument that reads like a path is.
type Mode int

// The modes.
const (
	TextMode    Mode = iota // a text: env(HOME)
	ValueMode               // a path, if it begins with a known name: lower(vars.x)
	ContextMode             // the same, even quoted: str('vars.x')
)

// Func is a function of the language.
type Func struct {
	Min, Max int    // how many arguments it takes; a Max of -1 is no bound
	Usage    string // e.g. env('NAME', 'default')
	// Modes are those of the arguments; the last one counts for all further
	// ones. None is TextMode.
	Modes []Mode
	// AnyKind is set if lists, maps and nothing are arguments too.
	AnyKind bool
	Eval    func(args []*Value) (*Value, error)
}

func (f Func) mode(i int) Mode {
	if len(f.Modes) == 0 {
		return TextMode
	}
	return f.Modes[min(i, len(f.Modes)-1)]
}

// Eval computes a template. One that is exactly one expression keeps its
// type; any other gives a string. All errors are returned; the value is nil
// then. A part that is pending makes the whole pending.
func Eval(t *Template, scope *Scope) (*Value, []*Error) {
	e := &evaluator{Scope: scope}
	if node := t.Single(); node != nil {
		if errs := check(node, scope); len(errs) > 0 {
			return nil, errs
		}
		v, err := e.eval(node)
		if err != nil {
			return nil, []*Error{err}
		}
		return v, nil
	}
	return e.text(t)
}

type evaluator struct{ *Scope }

// text computes a template that is more than one expression.
func (e *evaluator) text(t *Template) (*Value, []*Error) {
	var b strings.Builder
	var errs []*Error
	var parts []*Value
	out := &Value{Kind: String, Size: 1}
	for _, part := range t.Parts {
		if part.Expr == nil {
			b.WriteString(part.Text)
			continue
		}
		out.Computed = true
		if wrong := check(part.Expr, e.Scope); len(wrong) > 0 {
			errs = append(errs, wrong...)
			continue
		}
		v, err := e.eval(part.Expr)
		switch {
		case err != nil:
		case v.Invalid:
			out.Invalid = true
			continue
		case !v.IsScalar():
			err = &Error{
				Kind: BadText, Span: SpanOf(part.Expr),
				Message: fmt.Sprintf("%s can't be part of a text", v.Kind),
				Hint:    "make the expression the whole value, or name a single value in it",
			}
		case b.Len()+len(v.Text) > MaxText || !e.Budget.Spend(len(v.Text)):
			return nil, append(errs, tooLarge(part.Span))
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if v.Kind == Pending {
			out.Kind = Pending
		}
		b.WriteString(v.Text)
		out.Secret = out.Secret || v.Secret
		out.Sensitive = out.Sensitive || v.Sensitive
		parts = append(parts, v)
	}
	if len(errs) > 0 {
		return nil, errs
	}
	out.Text, out.Needs = b.String(), UnionOf(parts...)
	return out, nil
}

// TooMuch is the error of expressions that exceed MaxText or their Budget.
func TooMuch() *Error { return tooLarge(Span{}) }

func tooLarge(span Span) *Error {
	return &Error{Kind: TooLarge, Span: span, Message: fmt.Sprintf("the expressions of this file make more text than %d MB for one value, or too much in all", MaxText>>20)}
}

func (e *evaluator) eval(node Node) (*Value, *Error) {
	switch n := node.(type) {
	case *Literal:
		return n.Value, nil
	case *Path:
		v, err := e.Path(n)
		return v, locate(err, n.Span, nil)
	case *Call:
		return e.call(n)
	case *Member:
		return e.member(n)
	case *Default:
		return e.choose(n)
	}
	return nil, &Error{Kind: Syntax, Span: node.span(), Message: "unknown kind of expression"}
}

// choose gives the first choice that is there.
func (e *evaluator) choose(d *Default) (*Value, *Error) {
	last := len(d.Choices) - 1
	for _, c := range d.Choices[:last] {
		v, err := e.eval(c)
		if err != nil && err.Missing {
			continue
		}
		if err != nil || v.Kind != Null || v.Invalid {
			return v, err
		}
	}
	return e.eval(d.Choices[last])
}

// member descends into what a call gave.
func (e *evaluator) member(m *Member) (*Value, *Error) {
	v, err := e.eval(m.Of)
	switch {
	case err != nil || v.Invalid:
		return v, err
	case v.Kind == Pending:
		return &Value{Kind: Pending, Text: "${" + Print(m) + "}", Needs: v.Needs, Size: 1}, nil
	}
	name := Print(m.Of)
	for _, seg := range m.Segments {
		next := v.Child(seg)
		if next == nil {
			miss := &Error{
				Kind: UnknownName, Span: seg.Span, Missing: true,
				Message: fmt.Sprintf("what %s gives has no %q", name, seg.Name),
			}
			if v.Kind != Map && v.Kind != List {
				miss.Message = fmt.Sprintf("what %s gives is %s; there is no %q in it", name, v.Kind, seg.Name)
			}
			if !v.Secret {
				miss.Hint = diag.DidYouMean(seg.Name, v.Keys())
			}
			return nil, miss
		}
		v = next
	}
	return v, nil
}

func (e *evaluator) call(c *Call) (*Value, *Error) {
	fn := e.Funcs[c.Name]
	args := make([]*Value, 0, len(c.Args))
	var pending *Value
	text, size := 0, 0
	for i, a := range c.Args {
		v, err := e.argument(a, fn.mode(i))
		if err != nil {
			return nil, err
		}
		if v.Invalid {
			return v, nil
		}
		if v.Kind == Pending {
			pending = v
		}
		if !v.IsScalar() && !fn.AnyKind {
			return nil, &Error{Kind: BadArgument, Span: a.span(), Message: fmt.Sprintf("%s() can't take %s", c.Name, v.Kind)}
		}
		if text, size = text+len(v.Text), size+v.Size; text > MaxText || size > MaxSize {
			return nil, tooLarge(a.span())
		}
		args = append(args, v)
	}
	if pending != nil {
		return &Value{Kind: Pending, Text: "${" + Print(c) + "}", Needs: UnionOf(args...), Size: 1}, nil
	}
	v, err := fn.Eval(args)
	if err != nil {
		return nil, locate(err, c.Span, c.Args)
	}
	if len(v.Text) > MaxText || !e.Budget.Spend(len(v.Text)+v.Size) {
		return nil, tooLarge(c.Span)
	}
	return e.tainted(args, v), nil
}

// tainted passes on what is known of a function's arguments to its value.
func (e *evaluator) tainted(args []*Value, v *Value) *Value {
	needs := UnionOf(args...)
	secret, sensitive := false, false
	for _, a := range args {
		secret, sensitive = secret || a.Secret, sensitive || a.Sensitive
	}
	if needs == nil && !secret {
		return v
	}
	v = mark(v, secret, sensitive, needs)
	if sensitive && e.Derived != nil {
		e.Derived(args, v)
	}
	return v
}

// WithNeeds copies a value with all that is in it, as one that needs what needs
// has.
func WithNeeds(v *Value, needs *Needs) *Value { return mark(v, false, false, needs) }

// mark copies a value with all that is in it.
func mark(v *Value, secret, sensitive bool, needs *Needs) *Value {
	out := *v
	out.Secret, out.Sensitive = v.Secret || secret, v.Sensitive || sensitive
	if needs != nil {
		out.Needs = needs
	}
	out.Items = make([]*Value, len(v.Items))
	for i, item := range v.Items {
		out.Items[i] = mark(item, secret, sensitive, needs)
	}
	out.Entries = slices.Clone(v.Entries)
	for i, entry := range v.Entries {
		out.Entries[i].Value = mark(entry.Value, secret, sensitive, needs)
	}
	out.makeIndex()
	return &out
}

// argument evaluates an argument as its mode has it.
func (e *evaluator) argument(a Node, mode Mode) (*Value, *Error) {
	l, ok := a.(*Literal)
	switch {
	case !ok || mode == TextMode:
		return e.eval(a)
	case l.Path != nil:
		if e.Known == nil || e.Known(l.Path) == nil {
			return e.eval(l.Path)
		}
		return l.Value, e.misspelt(l.Path)
	case l.Quoted && mode == ContextMode:
		t, errs := Parse("${" + l.Value.Text + "}")
		p, ok := t.Single().(*Path)
		if !ok || len(errs) > 0 || len(p.Segments) == 1 || e.Known == nil || e.Known(p) != nil {
			break
		}
		p.Span = l.Span
		v, err := e.eval(p)
		if err == nil || !err.Missing {
			return v, moved(err, l.Span)
		}
	}
	return l.Value, nil
}

// misspelt is an error if an unquoted text looks like a path whose first name
// is nearly one that there is.
func (e *evaluator) misspelt(p *Path) *Error {
	if len(p.Segments) == 1 || len(diag.Nearest(p.Segments[0].Name, e.Roots)) == 0 {
		return nil
	}
	err := *e.Known(p)
	err.Detail = "put it in quotes if it is meant as a text"
	return locate(&err, p.Span, nil)
}

func moved(err *Error, span Span) *Error {
	if err == nil {
		return nil
	}
	there := *err
	there.Span = span
	return &there
}

// locate makes err an *Error with a place: its own, that of the argument it
// names, or the whole expression's.
func locate(err error, whole Span, args []Node) *Error {
	var e *Error
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &e):
		return &Error{Kind: BadArgument, Span: whole, Message: err.Error()}
	case e.Span != (Span{}):
		return e
	}
	placed := *e
	placed.Span = whole
	if e.Arg > 0 && e.Arg <= len(args) {
		placed.Span = args[e.Arg-1].span()
	}
	return &placed
}
