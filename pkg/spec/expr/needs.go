package expr

import "s/pkg/diag"

// Need says that a value comes from what a resource gives once it is deployed.
type Need struct {
	Resource string
	What     string // output or info
	Range    diag.Range
}

// Needs is a set of Need. Sets share their parts, so that making one of others
// costs nothing; nil is the empty set.
type Needs struct {
	own   Need
	parts []*Needs
}

// NeedOf makes a set of one.
func NeedOf(n Need) *Needs { return &Needs{own: n} }

// UnionOf gives the needs of all the values, and of all that is in them.
func UnionOf(values ...*Value) *Needs {
	var parts []*Needs
	seen := map[*Value]bool{}
	var visit func(v *Value)
	visit = func(v *Value) {
		if v == nil || seen[v] {
			return
		}
		if v.Kind == List || v.Kind == Map {
			seen[v] = true
		}
		if v.Needs != nil {
			parts = append(parts, v.Needs)
		}
		for _, item := range v.Items {
			visit(item)
		}
		for _, e := range v.Entries {
			visit(e.Value)
		}
	}
	for _, v := range values {
		visit(v)
	}
	switch len(parts) {
	case 0:
		return nil
	case 1:
		return parts[0]
	}
	return &Needs{parts: parts}
}

// List gives the set's elements, the first of each resource and what of it, in
// the order in which they were met.
func (n *Needs) List() []Need {
	type key struct{ resource, what string }
	var list []Need
	known := map[key]bool{}
	seen := map[*Needs]bool{}
	var visit func(n *Needs)
	visit = func(n *Needs) {
		if n == nil || seen[n] {
			return
		}
		seen[n] = true
		if k := (key{n.own.Resource, n.own.What}); n.own.Resource != "" && !known[k] {
			known[k] = true
			list = append(list, n.own)
		}
		for _, p := range n.parts {
			visit(p)
		}
	}
	visit(n)
	return list
}
