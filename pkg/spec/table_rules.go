package spec

import (
	"fmt"
	"slices"

	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/spec/expr"
)

// rule is a row about several keys of one object. Exactly one of its parts is
// set.
type rule struct {
	// apart are keys of which at most one may be there.
	apart []string
	// together are keys that are all there or none.
	together []string
	// need is a key that must be there if the key when has one of the values is.
	need, when string
	is         []string
	// low must not be above high, where both are numbers.
	low, high string
	why       words
}

func apart(keys ...string) rule    { return rule{apart: keys} }
func together(keys ...string) rule { return rule{together: keys} }
func ordered(low, high string) rule {
	return rule{low: low, high: high}
}

func needs(need, when string, is []string, why words) rule {
	return rule{need: need, when: when, is: is, why: why}
}

// containers are the runtimes that run an image.
func containers() []string { return runtimesThat(func(r fc.Runtime) bool { return r.Container }) }

// managed are the runtimes that call a handler.
func managed() []string { return runtimesThat(func(r fc.Runtime) bool { return !r.Custom }) }

// packaged are the runtimes that run code out of an archive.
func packaged() []string { return runtimesThat(func(r fc.Runtime) bool { return !r.Container }) }

func runtimesThat(fit func(fc.Runtime) bool) []string {
	var names []string
	for _, r := range fc.Runtimes() {
		if fit(r) {
			names = append(names, r.Name)
		}
	}
	return names
}

// rules holds a map against the rules of its object. key is where the key
// stands that holds it.
func (c *checker) rules(v *expr.Value, o *object, key diag.Range) {
	p := props{v}
	for _, r := range o.rules {
		switch {
		case len(r.apart) > 0:
			c.apart(v, r.apart)
		case len(r.together) > 0:
			if slices.ContainsFunc(r.together, p.has) {
				for _, k := range r.together {
					c.needed(p, k, o.title, fmt.Sprintf("%q and %q go together", r.together[0], r.together[1]), key)
				}
			}
		case r.need != "":
			if w := v.Get(r.when); w != nil && w.Kind == expr.String && slices.Contains(r.is, w.Text) {
				c.needed(p, r.need, o.title, fmt.Sprintf("%s %s: %s", r.when, w.Text, r.why.en), key)
			}
		case r.low != "":
			c.ordered(v, r.low, r.high)
		}
	}
}

// apart reports keys that exclude each other, at the second that stands there.
func (c *checker) apart(v *expr.Value, keys []string) {
	var there []*expr.Entry
	for _, k := range keys {
		if e := v.Entry(k); e != nil && !isAbsent(e.Value) {
			there = append(there, e)
		}
	}
	if len(there) < 2 {
		return
	}
	slices.SortStableFunc(there, func(a, b *expr.Entry) int { return a.KeyRange.Start.Line - b.KeyRange.Start.Line })
	d := problem(CodeConflict, there[1].KeyRange, "%q and %q exclude each other", there[0].Key, there[1].Key)
	d.Detail = fmt.Sprintf("%q stands at %s", there[0].Key, there[0].KeyRange)
	d.Hint = "keep one of them"
	c.report(d)
}

// needed reports a key that another one makes required.
func (c *checker) needed(p props, key, title, why string, where diag.Range) {
	if p.has(key) {
		return
	}
	d := problem(CodeMissing, where, "missing %q in %s", key, title)
	d.Detail = why
	c.report(d)
}

// ordered reports a lower bound above the upper one.
func (c *checker) ordered(v *expr.Value, low, high string) {
	l, okLow := asFloat(v.Get(low))
	h, okHigh := asFloat(v.Get(high))
	if !okLow || !okHigh || l <= h {
		return
	}
	e := v.Entry(low)
	d := problem(CodeRange, at(e.Value, e.KeyRange), "%q must not be above %q, which is %s", low, high, plain(h))
	d.Detail = origin(e.Value)
	c.report(d)
}

// differ reports elements of a list that are the same in the key that must tell
// them apart.
func (c *checker) differ(v *expr.Value, f *field, key diag.Range) {
	seen := make(map[string]diag.Range, len(v.Items))
	for _, item := range v.Items {
		e := item.Entry(f.unique)
		if e == nil || asText(e.Value) == "" {
			continue
		}
		here := at(e.Value, e.KeyRange)
		if here.Start.Line == 0 {
			here = key
		}
		if first, ok := seen[e.Value.Text]; ok {
			d := problem(CodeDuplicate, here, "there are two elements of %q with the %s %s", f.key, f.unique, shown(e.Value))
			d.Detail = "first at " + first.String()
			c.report(d)
			continue
		}
		seen[e.Value.Text] = here
	}
}
