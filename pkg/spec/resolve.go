package spec

import (
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"s/pkg/access"
	"s/pkg/diag"
	"s/pkg/spec/expr"
)

// maxValues bounds how many values one value may hold once aliases and
// expressions are undone.
const maxValues = 100_000

// maxPerText bounds how many errors of one text are reported.
const maxPerText = 20

// maxChain bounds how many values may refer to one another in a row.
const maxChain = 500

// maxMade bounds how many bytes the expressions of one file make in all.
const maxMade = 64 << 20

// resolver turns nodes into values: it evaluates the expressions in them, each
// once, when it is first asked for.
type resolver struct {
	*loader
	memo      map[memoKey]*expr.Value
	active    []memoKey
	funcs     map[string]expr.Func
	roots     []string
	rootsOf   int // how many names there were when roots was made
	budget    expr.Budget
	at        textPlace             // of the text that is being evaluated
	given     map[given]*expr.Value // what hooks said
	files     map[string]*expr.Value
	now       time.Time
	seed      []byte // of random values, drawn when the first is asked for
	exhausted bool
	evaluated int // how many texts were, for the tests
}

// textPlace is a scalar, where in it a text begins, and the resource for which it
// is evaluated.
type textPlace struct {
	yaml   *yaml.Node
	offset int
	owner  string
	drawn  int // how many random values it has got
}

func newResolver(l *loader) *resolver {
	r := &resolver{
		loader: l, memo: map[memoKey]*expr.Value{}, budget: expr.Budget{Left: maxMade},
		given: map[given]*expr.Value{}, files: map[string]*expr.Value{},
	}
	r.funcs = r.functions()
	return r
}

// memoKey is a node and the resource it belongs to: a node behind an anchor
// may belong to several, and ${this} differs then.
type memoKey struct {
	node  *node
	owner string
}

// value resolves a node. Errors are reported once; the value is Invalid then.
func (r *resolver) value(n *node, owner string) *expr.Value {
	if n == nil {
		return &expr.Value{Size: 1}
	}
	if n.as != "" {
		owner = n.as
	}
	key := memoKey{n, owner}
	if v, ok := r.memo[key]; ok {
		return v
	}
	r.active = append(r.active, key)
	v := r.compute(n, owner)
	r.active = r.active[:len(r.active)-1]
	if v.Size > maxValues {
		r.report(problem(CodeYAMLFeature, n.rng, "%s has more than %d values once its aliases and expressions are written out", n.label(), maxValues))
		v = &expr.Value{Invalid: true, Size: 1}
	}
	v.Range = n.rng
	r.memo[key] = v
	return v
}

// label names a node in a message.
func (n *node) label() string {
	if n.path == "" {
		return "the file"
	}
	return n.path
}

func (r *resolver) compute(n *node, owner string) *expr.Value {
	switch {
	case n.isMap():
		entries := make([]expr.Entry, 0, len(n.entries))
		for _, e := range n.entries {
			entries = append(entries, expr.Entry{Key: e.key, KeyRange: e.rng, Value: r.value(e.value, owner)})
		}
		return expr.NewMap(entries)
	case n.isList():
		items := make([]*expr.Value, 0, len(n.items))
		for _, item := range n.items {
			items = append(items, r.value(item, owner))
		}
		return expr.NewList(items)
	case n.isScalar() && n.path == "access" && access.IsSource(strings.TrimSpace(n.text())):
		return expr.NewString(strings.TrimSpace(n.text())) // no expression but the name of an alias
	case n.isScalar() && expr.Contains(n.text()):
		return r.evaluate(textPlace{yaml: n.yaml, owner: owner}, n.text(), r.scope(owner))
	}
	return scalar(n)
}

// expressionAt evaluates a part of a key: the bytes from offset on.
func (r *resolver) expressionAt(y *yaml.Node, text string, offset int) *expr.Value {
	return r.evaluate(textPlace{yaml: y, offset: offset}, text, r.keyScope())
}

// evaluate computes a text with ${...} in it, which stands at a place.
func (r *resolver) evaluate(at textPlace, text string, scope *expr.Scope) *expr.Value {
	r.evaluated++
	outer, of, places := r.at, r.placesOf, r.cachedPlaces
	r.at = at
	defer func() { r.at, r.placesOf, r.cachedPlaces = outer, of, places }()
	t, errs := expr.Parse(text)
	var v *expr.Value
	if len(errs) == 0 {
		v, errs = expr.Eval(t, scope)
	}
	if len(errs) > maxPerText {
		errs = errs[:maxPerText]
	}
	for _, e := range errs {
		e.Span.Start += at.offset
		e.Span.End += at.offset
		r.reportExpression(at.yaml, e)
	}
	if v == nil {
		return &expr.Value{Invalid: true, Size: 1}
	}
	used := *v
	used.Source = text
	if t.Single() != nil {
		used.Computed = true
		if v.Range != (diag.Range{}) {
			used.Origin = v.Range
		}
		if v.Origin != (diag.Range{}) {
			used.Origin = v.Origin
		}
	}
	return &used
}

func (r *resolver) reportExpression(y *yaml.Node, e *expr.Error) {
	if e.Kind == expr.TooLarge && r.budget.Left < 0 {
		// From here on nothing can be made any more; once is enough.
		if r.exhausted {
			return
		}
		r.exhausted = true
	}
	d := problem(expressionCode(e.Kind), r.spanRange(y, e.Span), "%s", e.Message)
	d.Detail, d.Hint = e.Detail, e.Hint
	r.report(d)
}

func expressionCode(kind expr.ErrorKind) string {
	switch kind {
	case expr.UnknownFunction:
		return CodeFunction
	case expr.UnknownName:
		return CodeVariable
	case expr.BadArgument:
		return CodeArgument
	case expr.BadText:
		return CodeText
	case expr.Cycle:
		return CodeCycle
	case expr.NoVariable:
		return CodeEnvironment
	case expr.NoFile:
		return CodeFile
	case expr.NoCredential:
		return CodeCredential
	case expr.TooLarge:
		return CodeLimit
	}
	return CodeExpression
}

// walk descends from a node by segments [from:] of a path and resolves what it
// finds. Only what lies at the end is resolved, so that values of one map may
// refer to each other.
func (r *resolver) walk(n *node, owner string, p *expr.Path, from int) (*expr.Value, error) {
	for i := from; i < len(p.Segments); i++ {
		seg := p.Segments[i]
		if !n.isMap() && !n.isList() {
			v, err := r.enter(n, owner)
			if err != nil || v.Invalid {
				return v, err
			}
			return r.walkValue(v, n, p, i)
		}
		next := child(n, seg)
		if next == nil {
			return nil, r.missing(p, i, n.keys(), n)
		}
		n = next
	}
	return r.enter(n, owner)
}

// child gives what a segment names in a node, or nil.
func child(n *node, seg expr.Segment) *node {
	if n.isList() {
		if i, ok := seg.Position(); ok && i < len(n.items) {
			return n.items[i]
		}
		return nil
	}
	return n.get(seg.Name)
}

// walkValue goes on inside a value that an expression made.
func (r *resolver) walkValue(v *expr.Value, n *node, p *expr.Path, from int) (*expr.Value, error) {
	for i := from; i < len(p.Segments); i++ {
		if v.Kind == expr.Pending || v.Invalid {
			return v, nil
		}
		next := v.Child(p.Segments[i])
		if next == nil {
			return nil, r.missing(p, i, v.Keys(), n)
		}
		v = next
	}
	return v, nil
}

// enter resolves a node unless that is under way already.
func (r *resolver) enter(n *node, owner string) (*expr.Value, error) {
	if n != nil && n.as != "" {
		owner = n.as
	}
	key := memoKey{n, owner}
	for i, a := range r.active {
		if a == key {
			return nil, cycle(r.active[i:])
		}
	}
	if len(r.active) > maxChain {
		return nil, &expr.Error{Kind: expr.TooLarge, Message: fmt.Sprintf("more than %d values refer to one another in a row", maxChain)}
	}
	return r.value(n, owner), nil
}

// cycle shows the way round. Maps and lists on it are left out where a value
// inside them is on it too.
func cycle(round []memoKey) error {
	var steps []string
	for i, k := range round {
		inner := i+1 < len(round) && strings.HasPrefix(round[i+1].node.path, k.node.path) && round[i+1].node.path != k.node.path
		if i > 0 && inner {
			continue
		}
		steps = append(steps, fmt.Sprintf("%s (%s)", k.node.label(), k.node.rng))
	}
	first := round[0].node.label()
	detail := strings.Join(append(steps, first), "\n-> ")
	return &expr.Error{Kind: expr.Cycle, Message: fmt.Sprintf("%s refers to itself", first), Detail: detail}
}

// missing is the error of a segment that names nothing in n.
func (r *resolver) missing(p *expr.Path, at int, known []string, n *node) *expr.Error {
	seg := p.Segments[at]
	parent := p.Upto(at)
	e := &expr.Error{
		Kind: expr.UnknownName, Span: seg.Span, Hint: diag.DidYouMean(seg.Name, known),
		Message: fmt.Sprintf("%s has no %q", parent, seg.Name), Missing: true,
	}
	switch {
	case n == nil:
		return e
	case n.isList():
		e.Message = fmt.Sprintf("%s is a list of %d; there is no %s in it", parent, len(n.items), strings.TrimPrefix(p.Upto(at+1), parent))
	case n.isScalar() && len(known) == 0:
		e.Message = fmt.Sprintf("%s is a single value; there is no %q in it", parent, seg.Name)
	}
	if n.rng.Start.Line > 0 {
		e.Detail = fmt.Sprintf("%s is defined at %s", parent, r.definition(n))
	}
	return e
}

// definition is the place of the key whose value n is.
func (l *loader) definition(n *node) diag.Range {
	if rng, ok := l.keyOf[n]; ok {
		return rng
	}
	return n.rng
}
