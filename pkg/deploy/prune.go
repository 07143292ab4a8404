package deploy

import (
	"slices"

	"s/pkg/fc"
)

// Leftover is something that an earlier deployment made and s.yaml no longer has.
type Leftover struct {
	Kind Kind   `json:"kind"`
	Name string `json:"name"`
}

// Leftovers are the triggers and custom domains of a function that an earlier
// deployment made, that are still there, and that s.yaml no longer has. They are
// not planned to go unless Prune says so.
func (c *Changes) Leftovers() []Leftover {
	var out []Leftover
	for _, t := range c.Unmanaged {
		if slices.Contains(c.desired.Before.Triggers, t) {
			out = append(out, Leftover{KindTrigger, t})
		}
	}
	for _, d := range c.desired.Before.Domains {
		if !c.desired.hasDomain(d.Name) && c.desired.routedBy(c.actual.Around.domain(d.Name)) {
			out = append(out, Leftover{KindDomain, d.Name})
		}
	}
	return out
}

func (d Desired) hasDomain(name string) bool {
	for _, domain := range d.Around.Domains {
		if domain.DomainName == name {
			return true
		}
	}
	return false
}

// Prune plans the leftovers to be deleted, triggers before others are made: a
// function has one HTTP trigger for each version or alias, and it may only have got
// another name.
func (c *Changes) Prune() {
	for _, left := range c.Leftovers() {
		at := len(c.Items)
		if first := slices.IndexFunc(c.Items, func(item Change) bool { return item.Kind == KindTrigger }); first >= 0 && left.Kind == KindTrigger {
			at = first
		}
		c.Items = slices.Insert(c.Items, at, Change{Action: Delete, Kind: left.Kind, Name: left.Name})
		c.Unmanaged = slices.DeleteFunc(c.Unmanaged, func(name string) bool { return left.Kind == KindTrigger && name == left.Name })
	}
	c.pruned = true
}

// Desired gives what a footprint leaves to be removed: names, and nothing else.
func (f Footprint) Desired() Desired {
	d := Desired{Resource: f.Resource, Region: f.Region, Before: f}
	d.Function.FunctionName = f.Function
	if f.Service != "" {
		d.Service = &fc.Service{ServiceName: f.Service}
	}
	return d
}
