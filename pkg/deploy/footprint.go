package deploy

import (
	"cmp"
	"slices"

	"s/pkg/fc"
)

// Footprint is what a deployment made of one resource, by name: no values, so no
// secrets. It is how what was taken out of s.yaml is found.
type Footprint struct {
	Resource string   `json:"resource"`
	Region   string   `json:"region"`
	Service  string   `json:"service,omitempty"` // edition 1.0.0
	Function string   `json:"function"`          // service$function in edition 1.0.0
	Triggers []string `json:"triggers,omitempty"`
	Image    string   `json:"image,omitempty"` // the digest of a container's
	// Async, Provision and Scaling are the qualifiers of these configurations.
	Async       string           `json:"asyncInvokeConfig,omitempty"`
	Provision   string           `json:"provisionConfig,omitempty"`
	Scaling     string           `json:"scalingConfig,omitempty"`
	Concurrency bool             `json:"concurrencyConfig,omitempty"`
	VPCBinding  []string         `json:"vpcBinding,omitempty"`
	Domains     []DomainOfBefore `json:"customDomains,omitempty"`
}

// DomainOfBefore is a custom domain with the paths that led to the function.
type DomainOfBefore struct {
	Name  string   `json:"domainName"`
	Paths []string `json:"paths"`
}

// NewFootprint gives what is there of a desired state after it was applied, or
// applied in part. What an earlier deployment made and still stands stays in it.
func NewFootprint(desired Desired, state Actual) Footprint {
	f := Footprint{Resource: desired.Resource, Region: desired.Region, Function: desired.Function.FunctionName}
	if desired.Service != nil {
		f.Service = desired.Service.ServiceName
	}
	for _, t := range state.Triggers {
		wanted := slices.ContainsFunc(desired.Triggers, func(w fc.Trigger) bool { return w.TriggerName == t.TriggerName })
		if wanted || slices.Contains(desired.Before.Triggers, t.TriggerName) {
			f.Triggers = append(f.Triggers, t.TriggerName)
		}
	}
	if desired.Function.CustomContainerConfig != nil && state.Function != nil {
		f.Image = cmp.Or(state.Image, desired.Before.Image)
	}
	f.addAround(desired, state.Around)
	return f
}

func (f *Footprint) addAround(desired Desired, state Around) {
	w := wantedOf(desired.Around, desired.Before)
	if state.Async != nil {
		f.Async = w.async
	}
	if state.Provision != nil {
		f.Provision = w.provision
	}
	if state.Scaling != nil {
		f.Scaling = w.scaling
	}
	f.Concurrency = state.Concurrency != nil && w.concurrency
	for _, id := range state.VPCBinding {
		if slices.Contains(desired.Around.VPCBinding, id) || slices.Contains(desired.Before.VPCBinding, id) {
			f.VPCBinding = append(f.VPCBinding, id)
		}
	}
	for _, d := range desired.Around.Domains {
		if now := state.domain(d.DomainName); now != nil {
			// A route that couldn't be taken away isn't forgotten.
			f.addDomain(d.DomainName, append(pathsOf(d), desired.stalePaths(d, now)...))
		}
	}
	for _, d := range desired.Before.Domains {
		known := slices.ContainsFunc(f.Domains, func(o DomainOfBefore) bool { return o.Name == d.Name })
		if !known && desired.routedBy(state.domain(d.Name)) {
			f.addDomain(d.Name, d.Paths)
		}
	}
}

func (f *Footprint) addDomain(name string, paths []string) {
	f.Domains = append(f.Domains, DomainOfBefore{Name: name, Paths: paths})
}

func pathsOf(d fc.CustomDomain) []string {
	var paths []string
	for _, r := range d.RouteConfig.Routes {
		paths = append(paths, r.Path)
	}
	return paths
}
