package spec

import (
	"fmt"
	"strings"

	"s/pkg/diag"
	"s/pkg/spec/expr"
)

// Reference is a place where a resource takes a value from another one that
// exists only once that one is deployed.
type Reference struct {
	Resource string     // the other one
	What     string     // output, what its deployment gave, or info, what the cloud says of it
	Range    diag.Range // of the path inside ${...}; the first place if there are several
}

// copyCost is what a copy of a value counts for in the budget of expressions,
// in bytes.
const copyCost = 64

// given is a part of a resource that a hook tells of.
type given struct{ resource, part string }

// deployed resolves what follows resources.X.output or resources.X.info.
func (r *resolver) deployed(name, part string, p *expr.Path, from int) (*expr.Value, error) {
	needs := expr.NeedOf(expr.Need{Resource: name, What: part, Range: r.placeOf(p.Span)})
	whole, err := r.ask(given{name, part})
	if err != nil {
		return nil, err
	}
	if whole == nil {
		return &expr.Value{Kind: expr.Pending, Text: "${" + p.String() + "}", Needs: needs, Size: 1}, nil
	}
	v, err := r.walkValue(whole, nil, p, from)
	if err != nil {
		return nil, err
	}
	if !r.budget.Spend(v.Size * copyCost) {
		return nil, expr.TooMuch()
	}
	return expr.WithNeeds(v, needs), nil
}

// placeOf is the place in the file of a part of the text that is being
// evaluated.
func (r *resolver) placeOf(span expr.Span) diag.Range {
	if r.at.yaml == nil {
		return diag.Range{File: r.file}
	}
	return r.spanRange(r.at.yaml, expr.Span{Start: span.Start + r.at.offset, End: span.End + r.at.offset})
}

// ask gives what a hook says of a resource, or nil if it isn't known. Each is
// asked once.
func (r *resolver) ask(g given) (*expr.Value, error) {
	if v, ok := r.given[g]; ok {
		return v, nil
	}
	hook := r.opts.Output
	if g.part == partInfo {
		hook = r.opts.Info
	}
	var v *expr.Value
	if hook != nil {
		if values, ok := hook(g.resource); ok {
			m := &maker{left: maxValues}
			if v = m.native(values, 0); m.err != nil {
				return nil, fmt.Errorf("the %s of %s can't be used: %w", g.part, g.resource, m.err)
			}
		}
	}
	r.given[g] = v
	return v, nil
}

// dependsOn notes what a value of a resource takes from other resources. Its own
// output is there for its actions, but not for its props.
func (l *loader) dependsOn(r *Resource, v *expr.Value, isProps bool) {
	if isProps {
		r.Open = l.resolve.openValues(v, "props")
	}
	known := map[given]bool{}
	for _, ref := range r.DependsOn {
		known[given{ref.Resource, ref.What}] = true
	}
	for _, need := range expr.UnionOf(v).List() {
		ref := Reference{Resource: need.Resource, What: need.What, Range: need.Range}
		switch {
		case ref.Resource != r.Name && !known[given{ref.Resource, ref.What}]:
			r.DependsOn = append(r.DependsOn, ref)
		case ref.Resource == r.Name && isProps && ref.What == partOutput:
			d := problem(CodeCycle, ref.Range, "the props of %s need its own output, which is there only once it is deployed", r.Name)
			d.Hint = "use this.props for what the file says itself"
			l.add(d)
		}
	}
}

// deployCycles reports resources that wait for each other's output.
func (l *loader) deployCycles(p *Project) {
	c := &cycleSearch{loader: l, byName: map[string]*Resource{}, state: map[string]int{}}
	for _, r := range p.Resources {
		c.byName[r.Name] = r
	}
	for _, r := range p.Resources {
		c.visit(r)
	}
}

type cycleSearch struct {
	*loader
	byName map[string]*Resource
	state  map[string]int // 1: on the way, 2: done
	way    []Reference    // from each resource on the way to the next
	names  []string       // of the resources on the way
}

func (c *cycleSearch) visit(r *Resource) {
	c.state[r.Name] = 1
	c.names = append(c.names, r.Name)
	for _, ref := range r.DependsOn {
		next := c.byName[ref.Resource]
		if ref.What != partOutput || next == nil || c.state[ref.Resource] == 2 {
			continue
		}
		c.way = append(c.way, ref)
		if c.state[ref.Resource] == 1 {
			c.report(ref.Resource)
		} else {
			c.visit(next)
		}
		c.way = c.way[:len(c.way)-1]
	}
	c.names = c.names[:len(c.names)-1]
	c.state[r.Name] = 2
}

// report draws the way from a resource back to itself.
func (c *cycleSearch) report(first string) {
	from := 0
	for c.names[from] != first {
		from++
	}
	var steps []string
	for i := from; i < len(c.names); i++ {
		steps = append(steps, fmt.Sprintf("%s (%s)", c.names[i], c.way[i].Range))
	}
	d := problem(CodeCycle, c.way[from].Range, "%s needs its own output in the end", first)
	if len(steps) > maxSteps {
		steps = append(steps[:maxSteps], fmt.Sprintf("(%d more)", len(steps)-maxSteps))
	}
	d.Detail = strings.Join(append(steps, first), "\n-> ")
	c.add(d)
}

// maxSteps is how many steps of a circle are drawn.
const maxSteps = 20
