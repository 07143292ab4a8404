package deploy

import (
	"slices"

	"s/pkg/fc"
)

// Made is a resource of another service that a deployment made because s.yaml says
// "auto". Within is what it is part of, empty if it stands alone.
type Made struct {
	Kind   string `json:"kind"` // as the plan shows it
	Name   string `json:"name"`
	Within string `json:"within,omitempty"`
	Region string `json:"region"`
	ID     string `json:"id,omitempty"` // where names needn't be unique
}

// Change is the resource as a plan shows it.
func (m Made) Change() Change {
	name := m.Name
	if m.Within != "" && m.Within != m.Name {
		name += " (" + m.Within + ")"
	}
	return Change{Action: Create, Kind: Kind(m.Kind), Name: name}
}

// WithAuto notes what has to be made for the function before anything else. Apply
// doesn't make it.
func (c *Changes) WithAuto(missing []Made) {
	c.Auto = nil
	for _, m := range missing {
		c.Auto = append(c.Auto, m.Change())
	}
}

// With gives the plan anew for the function, and in edition 1.0.0 the service, as
// they are known now, within the same bounds. hide is as for Redact.
func (c *Changes) With(f fc.Function, service *fc.Service, hide func(string) string) (*Changes, error) {
	desired := c.desired
	desired.Function, desired.Service = f, service
	plan := Plan(desired, c.actual)
	if c.pruned {
		plan.Prune()
	}
	plan.Redact(hide)
	return plan, plan.Limit(c.scope)
}

// Made gives what deployments made because s.yaml says "auto", in the order in
// which it was made.
func (l *Ledger) Made() []Made {
	made := slices.Clone(l.made)
	for _, m := range l.madeNow {
		if !slices.Contains(made, m) {
			made = append(made, m)
		}
	}
	return slices.DeleteFunc(made, func(m Made) bool { return slices.Contains(l.madeGone, m) })
}

// RecordMade notes something that was made.
func (l *Ledger) RecordMade(m Made) {
	l.madeGone = slices.DeleteFunc(l.madeGone, func(g Made) bool { return g == m })
	if !slices.Contains(l.Made(), m) {
		l.madeNow = append(l.madeNow, m)
	}
}

// ForgetMade notes that something that was made is gone.
func (l *Ledger) ForgetMade(m Made) { l.madeGone = append(l.madeGone, m) }

// Functions tells how many functions are known.
func (l *Ledger) Functions() int {
	n := 0
	for _, f := range l.known {
		if _, changed := l.changed[f.key()]; !changed {
			n++
		}
	}
	for _, f := range l.changed {
		if f != nil {
			n++
		}
	}
	return n
}

// AddDomain adds a custom domain, whose name s.yaml leaves open.
func (d *Desired) AddDomain(domain fc.CustomDomain) {
	d.Around.Domains = append(slices.Clone(d.Around.Domains), domain)
	d.normaliseAround()
}
