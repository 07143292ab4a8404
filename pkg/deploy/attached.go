package deploy

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"s/pkg/fc"
)

// attached finds what is configured of a function for whatever version or alias,
// which goes before it.
type attached struct {
	remote  Remover
	desired Desired

	async       []fc.AsyncStatus
	provision   []fc.ProvisionStatus
	scaling     []fc.ScalingStatus
	concurrency *fc.ConcurrencyStatus
	bindings    []string
	history     history
}

// steps are the reads, which may run at the same time. Edition 1.0.0 has fewer of
// these; its VPC bindings are the service's.
func (t *attached) steps(ctx context.Context) []func() error {
	name := t.desired.Function.FunctionName
	read := func(what string, read func() error) func() error {
		return func() error {
			err := read()
			if fc.IsNotFound(err) || notServed(err) {
				return nil
			}
			return wrap(what, name, err)
		}
	}
	steps := []func() error{
		read("async invoke configs of function", func() (err error) {
			t.async, err = t.remote.ListAsyncInvokeConfigs(ctx, name)
			return err
		}),
		read("provision configs of function", func() (err error) {
			t.provision, err = t.remote.ListProvisionConfigs(ctx, name)
			return err
		}),
		read("aliases of", func() (err error) {
			t.history.aliases, err = t.remote.ListAliases(ctx, name)
			return err
		}),
		read("versions of", func() (err error) {
			t.history.versions, err = t.remote.ListVersions(ctx, name, 0)
			return err
		}),
	}
	if t.desired.Service != nil {
		return steps
	}
	return append(steps,
		read("scaling configs of function", func() (err error) {
			t.scaling, err = t.remote.ListScalingConfigs(ctx, name)
			return err
		}),
		read("concurrency config of function", func() (err error) {
			t.concurrency, err = t.remote.GetConcurrencyConfig(ctx, name)
			return err
		}),
		read("VPC bindings of function", func() (err error) {
			t.bindings, err = t.remote.ListVPCBindings(ctx, name)
			return err
		}),
	)
}

// others is the desired state without what the steps read already.
func (t *attached) others() Desired {
	d := t.desired
	if d.Service == nil {
		d.Around.Concurrency, d.Before.Concurrency = nil, false
		d.Around.VPCBinding, d.Before.VPCBinding = nil, nil
	}
	return d
}

// complete adds it to what else was read.
func (t *attached) complete(around *Around) {
	if t.desired.Service == nil {
		around.Concurrency, around.VPCBinding = t.concurrency, t.bindings
	}
}

// notServed reports whether an endpoint hasn't got an operation at all: then there
// is nothing of its kind, either.
func notServed(err error) bool {
	var api *fc.APIError
	return errors.As(err, &api) && api.Status == http.StatusNotImplemented
}

// changes are the deletions. A provision config of FC 2.0 that asks for nothing is
// none.
func (t *attached) changes(have Around) []Change {
	name := t.desired.Function.FunctionName
	var out []Change
	add := func(kind Kind, name string) { out = append(out, Change{Action: Delete, Kind: kind, Name: name}) }
	for _, c := range t.async {
		add(KindAsync, at(name, c.Qualifier))
	}
	for _, c := range t.provision {
		if t.desired.Service == nil || c.DefaultTarget > 0 || len(c.ScheduledActions)+len(c.TargetTrackingPolicies) > 0 {
			add(KindProvision, at(name, c.Qualifier))
		}
	}
	for _, c := range t.scaling {
		add(KindScaling, at(name, c.Qualifier))
	}
	if t.concurrency != nil {
		add(KindConcurrency, name)
	}
	if len(t.bindings) > 0 {
		add(KindVPCBinding, name)
	}
	if len(t.async) == 0 && have.Async != nil {
		add(KindAsync, name)
	}
	return out
}

// routesToRemove are the custom domains that have routes of the resource.
func routesToRemove(desired Desired, have Around) []Change {
	var out []Change
	for i := range have.Domains {
		if d := &have.Domains[i]; desired.routedBy(d) {
			out = append(out, Change{Action: Delete, Kind: KindDomain, Name: d.DomainName})
		}
	}
	return out
}

// routedBy reports whether a custom domain has a route of the resource.
func (d Desired) routedBy(domain *fc.CustomDomain) bool {
	return domain != nil && domain.RouteConfig != nil &&
		slices.ContainsFunc(domain.RouteConfig.Routes, func(r fc.PathConfig) bool { return d.hasRoute(domain.DomainName, r) })
}

// hasRoute reports whether a route of a custom domain is the resource's: it leads
// to its function, or s.yaml has it there, or an earlier deployment made it.
func (d Desired) hasRoute(domain string, r fc.PathConfig) bool {
	function := fc.JoinName(r.ServiceName, r.FunctionName)
	if function == d.Function.FunctionName || slices.Contains(d.pathsBefore(domain), r.Path) {
		return true
	}
	for _, own := range d.Around.Domains {
		if own.DomainName != domain {
			continue
		}
		return slices.ContainsFunc(own.RouteConfig.Routes, func(w fc.PathConfig) bool {
			return w.Path == r.Path && fc.JoinName(w.ServiceName, w.FunctionName) == function
		})
	}
	return false
}

// pathsBefore are the paths of a custom domain that an earlier deployment routed.
func (d Desired) pathsBefore(domain string) []string {
	for _, before := range d.Before.Domains {
		if before.Name == domain {
			return before.Paths
		}
	}
	return nil
}

// stalePaths are those of them that are still there, and that s.yaml no longer has.
func (d Desired) stalePaths(want fc.CustomDomain, have *fc.CustomDomain) []string {
	if have.RouteConfig == nil {
		return nil
	}
	var stale []string
	before, now := d.pathsBefore(want.DomainName), pathsOf(want)
	for _, r := range have.RouteConfig.Routes {
		if slices.Contains(before, r.Path) && !slices.Contains(now, r.Path) {
			stale = append(stale, r.Path)
		}
	}
	return stale
}
