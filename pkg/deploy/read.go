package deploy

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"s/pkg/fc"
)

// Read gets what is deployed of a desired state: two calls, three in edition
// 1.0.0, and one for each thing around the function that s.yaml has or an earlier
// deployment made; all at the same time.
func Read(ctx context.Context, remote Reader, desired Desired) (Actual, error) {
	var actual Actual
	name := desired.Function.FunctionName
	around := newAroundReading(remote, desired)
	err := inParallel(append([]func() error{
		func() (err error) {
			if desired.Service == nil {
				return nil
			}
			actual.Service, err = found(remote.GetService(ctx, desired.Service.ServiceName))
			return wrap("service", desired.Service.ServiceName, err)
		},
		func() (err error) {
			actual.Function, err = found(remote.GetFunction(ctx, name, ""))
			return wrap("function", name, err)
		},
		func() error {
			triggers, err := remote.ListTriggers(ctx, name)
			if fc.IsNotFound(err) {
				return nil
			}
			actual.Triggers = triggers
			return wrap("triggers of function", name, err)
		},
	}, around.steps(ctx)...)...)
	actual.Around = around.read()
	return actual, err
}

// ReadVersion is Read for a version, or what an alias leads to; an empty qualifier
// is Read. Of triggers, routes and configurations it gives those of the qualifier,
// whether s.yaml has any or not. A version or an alias that there isn't is an error,
// a function that isn't deployed is none.
func ReadVersion(ctx context.Context, remote Reader, desired Desired, qualifier string) (Actual, error) {
	if qualifier == "" {
		return Read(ctx, remote, desired)
	}
	var function *fc.Function
	var actual Actual
	err := inParallel(func() (err error) {
		function, err = remote.GetFunction(ctx, desired.Function.FunctionName, qualifier)
		if fc.IsCode(err, fc.CodeFunctionNotFound, fc.CodeServiceNotFound) {
			return nil
		}
		return wrap("function", desired.Function.FunctionName+"@"+qualifier, err)
	}, func() (err error) {
		actual, err = Read(ctx, remote, desired.at(qualifier))
		return err
	})
	if err != nil {
		return Actual{}, err
	}
	actual.Function, actual.Qualifier = function, qualifier
	actual.Triggers = slices.DeleteFunc(actual.Triggers, func(t fc.Trigger) bool { return qualifierOf(t.Qualifier) != qualifier })
	actual.Around.Domains = slices.DeleteFunc(actual.Around.Domains, func(d fc.CustomDomain) bool {
		return d.RouteConfig == nil || !slices.ContainsFunc(d.RouteConfig.Routes, func(r fc.PathConfig) bool {
			return desired.hasRoute(d.DomainName, r) && qualifierOf(r.Qualifier) == qualifier
		})
	})
	return actual, nil
}

// at asks for what is configured for a qualifier. FC 2.0 has no scaling configs.
func (d Desired) at(qualifier string) Desired {
	a := &d.Around
	a.Async, a.AsyncQualifier = &fc.AsyncConfig{}, qualifier
	a.Provision, a.ProvisionQualifier = &fc.ProvisionConfig{}, qualifier
	if d.Service == nil {
		a.Scaling, a.ScalingQualifier = &fc.ScalingConfig{}, qualifier
	}
	return d
}

// found turns "not there" into nil.
func found[T any](v *T, err error) (*T, error) {
	if fc.IsNotFound(err) {
		return nil, nil
	}
	return v, err
}

func wrap(kind, name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("read %s %s: %w", kind, name, err)
}

// inParallel runs steps at the same time and gives the first error in their
// order.
func inParallel(steps ...func() error) error {
	errs := make([]error, len(steps))
	var wg sync.WaitGroup
	for i, step := range steps {
		wg.Go(func() { errs[i] = step() })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
