package deploy

import (
	"context"
	"fmt"
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
