package deploy

import (
	"context"
	"fmt"
	"slices"

	"s/pkg/fc"
)

// domain makes or changes a custom domain. Functions of other resources may have
// routes there: those stay, and two of them don't change it at the same time.
func (a *applier) domain(ctx context.Context, name string) error {
	want := a.wantedDomain(name)
	if want.CertConfig != nil && want.CertConfig.CertID != "" {
		return fmt.Errorf("certId %s: certificates of Certificate Management can't be fetched yet; give certificate and privateKey", want.CertConfig.CertID)
	}
	defer a.hooks.Locks.lock(string(KindDomain) + "/" + name)()
	have, err := found(a.remote.GetCustomDomain(ctx, name))
	if err != nil {
		return err
	}
	var made *fc.CustomDomain
	if have == nil {
		made, err = a.remote.CreateCustomDomain(ctx, creatableDomain(want))
	} else {
		if err := a.mayRoute(have, want); err != nil {
			return err
		}
		stale := a.plan.desired.stalePaths(want, have)
		want.RouteConfig = mergeRoutes(have.RouteConfig, want.RouteConfig)
		want.RouteConfig.Routes = slices.DeleteFunc(want.RouteConfig.Routes, func(r fc.PathConfig) bool { return slices.Contains(stale, r.Path) })
		made, err = a.remote.UpdateCustomDomain(ctx, want)
	}
	return a.keep(err, func(s *Around) { s.keepDomain(name, made) })
}

func (a *applier) wantedDomain(name string) fc.CustomDomain {
	for _, d := range a.plan.desired.Around.Domains {
		if d.DomainName == name {
			return d
		}
	}
	return fc.CustomDomain{DomainName: name}
}

// PathTakenError is a path of a custom domain that leads to another function.
type PathTakenError struct {
	Domain, Path, Function string
}

// Error names the function.
func (e *PathTakenError) Error() string {
	return fmt.Sprintf("the path %s of %s leads to the function %s: remove its route, or choose another path", e.Path, e.Domain, e.Function)
}

// mayRoute refuses to take a path from another function, unless an earlier
// deployment of this resource made its route.
func (a *applier) mayRoute(have *fc.CustomDomain, want fc.CustomDomain) error {
	if have.RouteConfig == nil {
		return nil
	}
	own := a.plan.desired.pathsBefore(want.DomainName)
	for _, old := range have.RouteConfig.Routes {
		function := fc.JoinName(old.ServiceName, old.FunctionName)
		if function == a.plan.desired.Function.FunctionName || slices.Contains(own, old.Path) {
			continue
		}
		for _, r := range want.RouteConfig.Routes {
			if r.Path == old.Path && fc.JoinName(r.ServiceName, r.FunctionName) != function {
				return &PathTakenError{want.DomainName, old.Path, function}
			}
		}
	}
	return nil
}

// mergeRoutes puts routes over those that there are, by their paths, and new ones
// at the end.
func mergeRoutes(have, want *fc.RouteConfig) *fc.RouteConfig {
	out := &fc.RouteConfig{}
	if have != nil {
		out.Routes = slices.Clone(have.Routes)
	}
	for _, r := range want.Routes {
		i := slices.IndexFunc(out.Routes, func(o fc.PathConfig) bool { return o.Path == r.Path })
		if i < 0 {
			out.Routes = append(out.Routes, r)
			continue
		}
		out.Routes[i] = r
	}
	return out
}

// unroute takes this resource's routes out of a custom domain, and deletes a
// domain that is left without any.
func (a *applier) unroute(ctx context.Context, remote aroundRemover, change Change) error {
	defer a.hooks.Locks.lock(string(KindDomain) + "/" + change.Name)()
	have, err := found(remote.GetCustomDomain(ctx, change.Name))
	if err != nil || have == nil {
		return err
	}
	rest := &fc.RouteConfig{}
	if have.RouteConfig != nil {
		for _, r := range have.RouteConfig.Routes {
			if !a.plan.desired.hasRoute(change.Name, r) {
				rest.Routes = append(rest.Routes, r)
			}
		}
	}
	if len(rest.Routes) > 0 {
		made, err := remote.UpdateCustomDomain(ctx, fc.CustomDomain{DomainName: change.Name, Protocol: have.Protocol, RouteConfig: rest})
		if err := a.keep(err, func(s *Around) { s.keepDomain(change.Name, made) }); err != nil {
			return err
		}
		return errRouted
	}
	return a.keep(remote.DeleteCustomDomain(ctx, change.Name), func(s *Around) { s.keepDomain(change.Name, nil) })
}
