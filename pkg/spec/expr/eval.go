package expr

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"s/pkg/diag"
)

// Scope says what names and functions mean.
type Scope struct {
	// Path gives the value of a dotted name, or an error, best an *Error with
	// the span of the segment at fault.
	Path func(p *Path) (*Value, error)
	// Funcs are the functions by name.
	Funcs map[string]Func
}

// Func is a function of the language.
type Func struct {
	Min, Max int    // how many arguments it takes
	Usage    string // e.g. env(NAME[, default])
	// Later is set if the function is known but not supported yet.
	Later bool
	Eval  func(args []*Value) (*Value, error)
}

// Eval computes a template. One that is exactly one expression keeps its
// type; any other gives a string. All errors are returned; the value is nil
// then.
func Eval(t *Template, scope *Scope) (*Value, []*Error) {
	if node := t.Single(); node != nil {
		v, err := eval(node, scope)
		if err != nil {
			return nil, []*Error{err}
		}
		return v, nil
	}
	var b strings.Builder
	var errs []*Error
	out := &Value{Kind: String, Size: 1}
	for _, part := range t.Parts {
		if part.Expr == nil {
			b.WriteString(part.Text)
			continue
		}
		out.Computed = true
		v, err := eval(part.Expr, scope)
		if err == nil && v.Invalid {
			out.Invalid = true
			continue
		}
		if err == nil && !v.IsScalar() {
			err = &Error{
				Kind: BadText, Span: SpanOf(part.Expr),
				Message: fmt.Sprintf("%s can't be part of a text", v.Kind),
				Hint:    "make the expression the whole value, or name a single value in it",
			}
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		b.WriteString(v.Text)
		out.Secret = out.Secret || v.Secret
	}
	if len(errs) > 0 {
		return nil, errs
	}
	out.Text = b.String()
	return out, nil
}

func eval(node Node, scope *Scope) (*Value, *Error) {
	switch n := node.(type) {
	case *Literal:
		return n.Value, nil
	case *Path:
		v, err := scope.Path(n)
		return v, locate(err, n.Span, nil)
	case *Call:
		return evalCall(n, scope)
	}
	return nil, &Error{Kind: Syntax, Span: node.span(), Message: "unknown kind of expression"}
}

func evalCall(c *Call, scope *Scope) (*Value, *Error) {
	fn, ok := scope.Funcs[c.Name]
	if !ok {
		return nil, unknownFunction(c, scope)
	}
	if fn.Later {
		return nil, &Error{Kind: Unsupported, Span: c.NameSpan, Message: fmt.Sprintf("%s() is not supported yet", c.Name)}
	}
	if len(c.Args) < fn.Min || len(c.Args) > fn.Max {
		return nil, &Error{
			Kind: BadArgument, Span: c.Span,
			Message: fmt.Sprintf("%s() takes %s, not %d", c.Name, arity(fn), len(c.Args)), Hint: "write ${" + fn.Usage + "}",
		}
	}
	args := make([]*Value, 0, len(c.Args))
	for _, a := range c.Args {
		v, err := eval(a, scope)
		if err != nil {
			return nil, err
		}
		if v.Invalid {
			return v, nil
		}
		if !v.IsScalar() {
			return nil, &Error{Kind: BadArgument, Span: a.span(), Message: fmt.Sprintf("%s() can't take %s", c.Name, v.Kind)}
		}
		args = append(args, v)
	}
	v, err := fn.Eval(args)
	return v, locate(err, c.Span, c.Args)
}

func unknownFunction(c *Call, scope *Scope) *Error {
	names := make([]string, 0, len(scope.Funcs))
	for name := range scope.Funcs {
		names = append(names, name)
	}
	slices.Sort(names)
	return &Error{
		Kind: UnknownFunction, Span: c.NameSpan, Message: fmt.Sprintf("unknown function %q", c.Name),
		Hint: diag.DidYouMean(c.Name, names),
	}
}

func arity(fn Func) string {
	switch {
	case fn.Min == fn.Max && fn.Min == 1:
		return "1 argument"
	case fn.Min == fn.Max:
		return fmt.Sprintf("%d arguments", fn.Min)
	}
	return fmt.Sprintf("%d to %d arguments", fn.Min, fn.Max)
}

// locate makes err an *Error with a place: its own, that of the argument it
// names, or the whole expression's.
func locate(err error, whole Span, args []Node) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if !errors.As(err, &e) {
		return &Error{Kind: BadArgument, Span: whole, Message: err.Error()}
	}
	if e.Span != (Span{}) {
		return e
	}
	placed := *e
	placed.Span = whole
	if e.Arg > 0 && e.Arg <= len(args) {
		placed.Span = args[e.Arg-1].span()
	}
	return &placed
}
