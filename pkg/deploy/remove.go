package deploy

import (
	"context"
	"errors"

	"s/pkg/fc"
)

// Remover can take away what is deployed; *fcclient.Client is one.
type Remover interface {
	Reader
	ListFunctions(ctx context.Context, service string, limit int) ([]fc.Function, error)
	DeleteTrigger(ctx context.Context, function, name string) error
	DeleteFunction(ctx context.Context, name string) error
	DeleteService(ctx context.Context, name string) error
}

// PlanRemoval lists what of a desired state is deployed, in the order in which
// it can be deleted: all triggers of the function, the function, the service.
func PlanRemoval(ctx context.Context, remote Reader, desired Desired) (*Changes, error) {
	actual, err := Read(ctx, remote, desired)
	if err != nil {
		return nil, err
	}
	plan := &Changes{Resource: desired.Resource, Region: desired.Region, desired: desired, actual: actual}
	for _, t := range actual.Triggers {
		plan.Items = append(plan.Items, Change{Action: Delete, Kind: KindTrigger, Name: t.TriggerName})
	}
	if actual.Function != nil {
		plan.Items = append(plan.Items, Change{Action: Delete, Kind: KindFunction, Name: desired.Function.FunctionName})
	}
	if actual.Service != nil {
		plan.Items = append(plan.Items, Change{Action: Delete, Kind: KindService, Name: desired.Service.ServiceName})
	}
	return plan, nil
}

// errKept marks a service that still has functions of others.
var errKept = errors.New("it still has functions")

// Remove carries out a removal: triggers at the same time, then the function,
// then the service if no function is left in it (else it counts as skipped).
// The error is an *ApplyError.
func Remove(ctx context.Context, remote Remover, plan *Changes, hooks Hooks) (*Report, error) {
	report := &Report{State: plan.actual}
	a := &applier{plan: plan, hooks: hooks, report: report}
	var triggers []func() error
	for _, change := range plan.Items {
		if change.Kind == KindTrigger {
			triggers = append(triggers, func() error { return a.remove(ctx, remote, change) })
		}
	}
	_ = inParallel(triggers...) // recorded in the report
	for _, kind := range []Kind{KindFunction, KindService} {
		for _, change := range plan.Items {
			if change.Kind == kind {
				_ = a.remove(ctx, remote, change)
			}
		}
	}
	if a.first != nil {
		return report, a.first
	}
	return report, nil
}

// remove deletes one thing, unless something before it failed. What is gone
// already is deleted.
func (a *applier) remove(ctx context.Context, remote Remover, change Change) error {
	if a.blocked(change) {
		return nil
	}
	if a.hooks.Start != nil {
		a.hooks.Start(change)
	}
	err := a.deleteOne(ctx, remote, change)
	if fc.IsNotFound(err) {
		err = nil
	}
	if a.hooks.Done != nil {
		a.hooks.Done(change, err)
	}
	switch {
	case errors.Is(err, errKept):
		a.mu.Lock()
		a.report.Skipped = append(a.report.Skipped, change)
		a.mu.Unlock()
	case err != nil:
		a.fail(change, err, true)
	default:
		a.mu.Lock()
		a.report.Done = append(a.report.Done, change)
		a.mu.Unlock()
	}
	return err
}

func (a *applier) deleteOne(ctx context.Context, remote Remover, change Change) error {
	function := a.plan.desired.Function.FunctionName
	switch change.Kind {
	case KindTrigger:
		return remote.DeleteTrigger(ctx, function, change.Name)
	case KindFunction:
		return remote.DeleteFunction(ctx, function)
	}
	left, err := remote.ListFunctions(ctx, change.Name, 1)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return errKept
	}
	err = remote.DeleteService(ctx, change.Name)
	if fc.IsCode(err, fc.CodeServiceNotEmpty) {
		return errKept
	}
	return err
}

// Kept reports whether err, as given to Hooks.Done, says that a service stays
// because it has other functions.
func Kept(err error) bool { return errors.Is(err, errKept) }
