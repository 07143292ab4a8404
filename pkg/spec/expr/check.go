package expr

import (
	"fmt"
	"slices"

	"s/pkg/diag"
)

// check finds what is wrong with an expression whatever the values are: unknown
// functions and names, and wrong numbers of arguments.
func check(node Node, scope *Scope) []*Error {
	var errs []*Error
	Walk(node, func(n Node) {
		switch n := n.(type) {
		case *Call:
			if err := checkCall(n, scope); err != nil {
				errs = append(errs, err)
			}
		case *Path:
			if scope.Known == nil {
				return
			}
			if err := scope.Known(n); err != nil {
				errs = append(errs, locate(err, n.Span, nil))
			}
		}
	})
	return errs
}

func checkCall(c *Call, scope *Scope) *Error {
	fn, ok := scope.Funcs[c.Name]
	if !ok {
		return unknownFunction(c, scope)
	}
	if len(c.Args) < fn.Min || fn.Max >= 0 && len(c.Args) > fn.Max {
		return &Error{
			Kind: BadArgument, Span: c.Span,
			Message: fmt.Sprintf("%s() takes %s, not %d", c.Name, arity(fn), len(c.Args)), Hint: "write ${" + fn.Usage + "}",
		}
	}
	return nil
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
	case fn.Max < 0 && fn.Min == 1:
		return "1 argument or more"
	case fn.Max < 0:
		return fmt.Sprintf("%d arguments or more", fn.Min)
	case fn.Min == fn.Max && fn.Min == 0:
		return "no argument"
	case fn.Min == fn.Max && fn.Min == 1:
		return "1 argument"
	case fn.Min == fn.Max:
		return fmt.Sprintf("%d arguments", fn.Min)
	}
	return fmt.Sprintf("%d to %d arguments", fn.Min, fn.Max)
}
