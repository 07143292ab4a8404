package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"s/pkg/fc"
)

// around carries out a change of what is around the function.
func (a *applier) around(ctx context.Context, change Change) error {
	if change.Action == Delete {
		if err := a.deleteAround(ctx, a.remote, change); !Kept(err) {
			return err
		}
		return nil // the routes are gone
	}
	name, want := a.plan.desired.Function.FunctionName, a.plan.desired.Around
	switch change.Kind {
	case KindAsync:
		made, err := a.remote.PutAsyncInvokeConfig(ctx, name, qualifierOf(want.AsyncQualifier), *want.Async)
		return a.keep(err, func(s *Around) { s.Async = made })
	case KindConcurrency:
		made, err := a.remote.PutConcurrencyConfig(ctx, name, *want.Concurrency)
		return a.keep(err, func(s *Around) { s.Concurrency = made })
	case KindProvision:
		return a.provision(ctx, change)
	case KindScaling:
		return a.scaling(ctx, change)
	case KindVPCBinding:
		return a.bind(ctx)
	case KindDomain:
		return a.domain(ctx, change.Name)
	}
	return fmt.Errorf("%s can't be changed", change.Kind)
}

// keep puts what a call gave into the state, unless it failed.
func (a *applier) keep(err error, set func(*Around)) error {
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	set(&a.report.State.Around)
	return nil
}

// deleteAround removes a configuration, all VPC bindings or a domain's routes.
// What is gone already is no error.
func (a *applier) deleteAround(ctx context.Context, remote aroundRemover, change Change) error {
	function := a.plan.desired.Function.FunctionName
	_, qualifier, _ := strings.Cut(change.Name, "@")
	qualifier = qualifierOf(qualifier)
	var err error
	var gone func(*Around)
	switch change.Kind {
	case KindAsync:
		err, gone = remote.DeleteAsyncInvokeConfig(ctx, function, qualifier), func(s *Around) { s.Async = nil }
	case KindConcurrency:
		err, gone = remote.DeleteConcurrencyConfig(ctx, function), func(s *Around) { s.Concurrency = nil }
	case KindProvision:
		err, gone = remote.DeleteProvisionConfig(ctx, function, qualifier), func(s *Around) { s.Provision = nil }
	case KindScaling:
		err, gone = remote.DeleteScalingConfig(ctx, function, qualifier), func(s *Around) { s.Scaling = nil }
	case KindVPCBinding:
		return a.unbind(ctx, remote, a.report.State.Around.VPCBinding)
	case KindDomain:
		return a.unroute(ctx, remote, change)
	default:
		return fmt.Errorf("%s can't be deleted", change.Kind)
	}
	if fc.IsNotFound(err) {
		err = nil
	}
	return a.keep(err, gone)
}

// aroundRemover is what a removal needs.
type aroundRemover interface {
	GetCustomDomain(ctx context.Context, name string) (*fc.CustomDomain, error)
	GetProvisionConfig(ctx context.Context, function, qualifier string) (*fc.ProvisionStatus, error)
	GetScalingConfig(ctx context.Context, function, qualifier string) (*fc.ScalingStatus, error)
	DeleteAsyncInvokeConfig(ctx context.Context, function, qualifier string) error
	DeleteConcurrencyConfig(ctx context.Context, function string) error
	DeleteProvisionConfig(ctx context.Context, function, qualifier string) error
	DeleteScalingConfig(ctx context.Context, function, qualifier string) error
	DeleteVPCBinding(ctx context.Context, function, vpc string) error
	UpdateCustomDomain(ctx context.Context, d fc.CustomDomain) (*fc.CustomDomain, error)
	DeleteCustomDomain(ctx context.Context, name string) error
}

// bind lets the VPCs of s.yaml call and no others: first the new ones, so that
// there is no moment in which none may, or all.
func (a *applier) bind(ctx context.Context) error {
	name, want := a.plan.desired.Function.FunctionName, a.plan.desired.Around.VPCBinding
	for _, id := range want {
		if slices.Contains(a.report.State.Around.VPCBinding, id) {
			continue
		}
		err := a.remote.CreateVPCBinding(ctx, name, id)
		if api := (*fc.APIError)(nil); errors.As(err, &api) && api.Status == 409 {
			err = nil // another resource of the same service made it
		}
		if err = a.keep(err, func(s *Around) { s.VPCBinding = append(slices.Clone(s.VPCBinding), id) }); err != nil {
			return err
		}
	}
	var extra []string
	for _, id := range a.report.State.Around.VPCBinding {
		if !slices.Contains(want, id) {
			extra = append(extra, id)
		}
	}
	return a.unbind(ctx, a.remote, extra)
}

func (a *applier) unbind(ctx context.Context, remote aroundRemover, ids []string) error {
	for _, id := range slices.Clone(ids) {
		err := remote.DeleteVPCBinding(ctx, a.plan.desired.Function.FunctionName, id)
		if fc.IsNotFound(err) {
			err = nil
		}
		err = a.keep(err, func(s *Around) {
			s.VPCBinding = slices.DeleteFunc(slices.Clone(s.VPCBinding), func(other string) bool { return other == id })
		})
		if err != nil {
			return err
		}
	}
	return nil
}
