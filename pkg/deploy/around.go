package deploy

import (
	"context"
	"slices"

	"s/pkg/fc"
	"s/pkg/spec"
)

// AroundReader reads what is deployed around a function.
type AroundReader interface {
	GetAsyncInvokeConfig(ctx context.Context, function, qualifier string) (*fc.AsyncStatus, error)
	GetConcurrencyConfig(ctx context.Context, function string) (*fc.ConcurrencyStatus, error)
	GetProvisionConfig(ctx context.Context, function, qualifier string) (*fc.ProvisionStatus, error)
	GetScalingConfig(ctx context.Context, function, qualifier string) (*fc.ScalingStatus, error)
	ListVPCBindings(ctx context.Context, function string) ([]string, error)
	GetCustomDomain(ctx context.Context, name string) (*fc.CustomDomain, error)
}

// AroundWriter changes it.
type AroundWriter interface {
	PutAsyncInvokeConfig(ctx context.Context, function, qualifier string, config fc.AsyncConfig) (*fc.AsyncStatus, error)
	DeleteAsyncInvokeConfig(ctx context.Context, function, qualifier string) error
	PutConcurrencyConfig(ctx context.Context, function string, config fc.ConcurrencyConfig) (*fc.ConcurrencyStatus, error)
	DeleteConcurrencyConfig(ctx context.Context, function string) error
	PutProvisionConfig(ctx context.Context, function, qualifier string, config fc.ProvisionConfig) (*fc.ProvisionStatus, error)
	DeleteProvisionConfig(ctx context.Context, function, qualifier string) error
	PutScalingConfig(ctx context.Context, function, qualifier string, config fc.ScalingConfig) (*fc.ScalingStatus, error)
	DeleteScalingConfig(ctx context.Context, function, qualifier string) error
	DisableInvocation(ctx context.Context, function, reason string, abort bool) error
	EnableInvocation(ctx context.Context, function string) error
	CreateVPCBinding(ctx context.Context, function, vpc string) error
	DeleteVPCBinding(ctx context.Context, function, vpc string) error
	CreateCustomDomain(ctx context.Context, d fc.CustomDomain) (*fc.CustomDomain, error)
	UpdateCustomDomain(ctx context.Context, d fc.CustomDomain) (*fc.CustomDomain, error)
	DeleteCustomDomain(ctx context.Context, name string) error
}

// Around is what is deployed around a function; nil where nothing is, or where
// it wasn't looked for.
type Around struct {
	Async       *fc.AsyncStatus
	Concurrency *fc.ConcurrencyStatus
	Provision   *fc.ProvisionStatus
	Scaling     *fc.ScalingStatus
	VPCBinding  []string
	Domains     []fc.CustomDomain
}

// domain gives a custom domain that is deployed, or nil.
func (a Around) domain(name string) *fc.CustomDomain {
	for i := range a.Domains {
		if a.Domains[i].DomainName == name {
			return &a.Domains[i]
		}
	}
	return nil
}

// keepDomain replaces, adds or (now nil) removes a custom domain.
func (a *Around) keepDomain(name string, now *fc.CustomDomain) {
	var kept []fc.CustomDomain
	for _, d := range a.Domains {
		if d.DomainName != name {
			kept = append(kept, d)
		}
	}
	if now != nil {
		kept = append(kept, *now)
	}
	a.Domains = kept
}

// normaliseAround writes out what s.yaml may leave out around a function: the
// defaults of the components, and this function as the one that domains call.
func (d *Desired) normaliseAround() {
	service, function := fc.SplitName(d.Function.FunctionName)
	domains := make([]fc.CustomDomain, len(d.Around.Domains))
	for i, domain := range d.Around.Domains {
		routes := &fc.RouteConfig{}
		if domain.RouteConfig != nil {
			routes.Routes = append(routes.Routes, domain.RouteConfig.Routes...)
		}
		if len(routes.Routes) == 0 {
			routes.Routes = []fc.PathConfig{{}}
		}
		for j := range routes.Routes {
			r := &routes.Routes[j]
			if r.FunctionName == "" {
				r.FunctionName = function
			}
			if r.ServiceName == "" {
				r.ServiceName = service
			}
			if r.Path == "" {
				r.Path = "/*"
			}
			if r.Qualifier == "" {
				r.Qualifier = fc.LatestQualifier
			}
		}
		domain.RouteConfig = routes
		domains[i] = domain
	}
	var vpcs []string // each once, as the service has them
	for _, id := range d.Around.VPCBinding {
		if !slices.Contains(vpcs, id) {
			vpcs = append(vpcs, id)
		}
	}
	d.Around.VPCBinding, d.Around.Domains = vpcs, nil
	if len(domains) > 0 {
		d.Around.Domains = domains
	}
}

// qualifierOf is what a configuration is about when s.yaml doesn't say.
func qualifierOf(qualifier string) string {
	if qualifier == "" {
		return fc.LatestQualifier
	}
	return qualifier
}

// wanted tells which configurations have to be read: those that s.yaml has, and
// those that an earlier deployment made.
type wanted struct {
	async, provision, scaling string // qualifiers; empty isn't wanted
	concurrency, vpc          bool
	domains                   []string
}

func wantedOf(a spec.Around, before Footprint) wanted {
	w := wanted{
		async: before.Async, provision: before.Provision, scaling: before.Scaling,
		concurrency: a.Concurrency != nil || before.Concurrency,
		vpc:         len(a.VPCBinding) > 0 || len(before.VPCBinding) > 0,
	}
	if a.Async != nil {
		w.async = qualifierOf(a.AsyncQualifier)
	}
	if a.Provision != nil {
		w.provision = qualifierOf(a.ProvisionQualifier)
	}
	if a.Scaling != nil {
		w.scaling = qualifierOf(a.ScalingQualifier)
	}
	for _, d := range a.Domains {
		w.domains = append(w.domains, d.DomainName)
	}
	for _, d := range before.Domains {
		if !slices.Contains(w.domains, d.Name) {
			w.domains = append(w.domains, d.Name)
		}
	}
	return w
}

// aroundReading reads what is around a function.
type aroundReading struct {
	remote  AroundReader
	name    string // of the function
	wanted  wanted
	around  Around
	domains []*fc.CustomDomain
}

func newAroundReading(remote AroundReader, desired Desired) *aroundReading {
	r := &aroundReading{remote: remote, name: desired.Function.FunctionName, wanted: wantedOf(desired.Around, desired.Before)}
	r.domains = make([]*fc.CustomDomain, len(r.wanted.domains))
	return r
}

// steps are the reads, which may run at the same time.
func (r *aroundReading) steps(ctx context.Context) []func() error {
	var steps []func() error
	add := func(wanted bool, what, of string, read func() error) {
		if wanted {
			steps = append(steps, func() error { return wrap(what, of, read()) })
		}
	}
	a, w := &r.around, r.wanted
	add(w.async != "", "async invoke config of function", r.name, func() (err error) {
		a.Async, err = found(r.remote.GetAsyncInvokeConfig(ctx, r.name, w.async))
		return err
	})
	add(w.concurrency, "concurrency config of function", r.name, func() (err error) {
		a.Concurrency, err = found(r.remote.GetConcurrencyConfig(ctx, r.name))
		return err
	})
	add(w.provision != "", "provision config of function", r.name, func() (err error) {
		a.Provision, err = found(r.remote.GetProvisionConfig(ctx, r.name, w.provision))
		return err
	})
	add(w.scaling != "", "scaling config of function", r.name, func() (err error) {
		a.Scaling, err = found(r.remote.GetScalingConfig(ctx, r.name, w.scaling))
		return err
	})
	add(w.vpc, "VPC bindings of function", r.name, func() (err error) {
		if a.VPCBinding, err = r.remote.ListVPCBindings(ctx, r.name); fc.IsNotFound(err) {
			return nil
		}
		return err
	})
	for i, domain := range w.domains {
		add(true, "custom domain", domain, func() (err error) {
			r.domains[i], err = found(r.remote.GetCustomDomain(ctx, domain))
			return err
		})
	}
	return steps
}

// read gives what the steps found.
func (r *aroundReading) read() Around {
	for _, d := range r.domains {
		if d != nil {
			r.around.Domains = append(r.around.Domains, *d)
		}
	}
	return r.around
}
