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

// routesToRemove are the custom domains that lead to the function.
func routesToRemove(desired Desired, have Around) []Change {
	var out []Change
	for i := range have.Domains {
		if d := &have.Domains[i]; leadsTo(d, desired.Function.FunctionName) {
			out = append(out, Change{Action: Delete, Kind: KindDomain, Name: d.DomainName})
		}
	}
	return out
}

// leadsTo reports whether a custom domain has a route to a function.
func leadsTo(d *fc.CustomDomain, function string) bool {
	if d == nil || d.RouteConfig == nil {
		return false
	}
	return slices.ContainsFunc(d.RouteConfig.Routes, func(r fc.PathConfig) bool {
		return fc.JoinName(r.ServiceName, r.FunctionName) == function
	})
}
