package deploy

import (
	"context"
	"errors"
	"time"

	"s/pkg/fc"
)

// Remover can take away what is deployed; *fcclient.Client is one.
type Remover interface {
	Reader
	aroundRemover
	ListFunctions(ctx context.Context, service string, limit int) ([]fc.Function, error)
	ListAsyncInvokeConfigs(ctx context.Context, function string) ([]fc.AsyncStatus, error)
	ListProvisionConfigs(ctx context.Context, function string) ([]fc.ProvisionStatus, error)
	ListScalingConfigs(ctx context.Context, function string) ([]fc.ScalingStatus, error)
	ListAliases(ctx context.Context, function string) ([]fc.Alias, error)
	ListVersions(ctx context.Context, function string, limit int) ([]fc.Version, error)
	DeleteAlias(ctx context.Context, function, name string) error
	DeleteVersion(ctx context.Context, function, version string) error
	DeleteTrigger(ctx context.Context, function, name string) error
	DeleteFunction(ctx context.Context, name string) error
	DeleteService(ctx context.Context, name string) error
}

// PlanRemoval lists what of a desired state is deployed, in the order in which
// it can be deleted: all triggers of the function, whatever is configured of it,
// its routes of custom domains, its aliases, its versions, the function, the
// service. In edition 1.0.0 aliases and versions are the service's, and go with it.
func PlanRemoval(ctx context.Context, remote Remover, desired Desired) (*Changes, error) {
	attached := &attached{remote: remote, desired: desired}
	var actual Actual
	err := inParallel(append(attached.steps(ctx), func() (err error) {
		actual, err = Read(ctx, remote, attached.others())
		return err
	})...)
	if err != nil {
		return nil, err
	}
	attached.complete(&actual.Around)
	plan := &Changes{Resource: desired.Resource, Region: desired.Region, desired: desired, actual: actual}
	for _, t := range actual.Triggers {
		plan.Items = append(plan.Items, Change{Action: Delete, Kind: KindTrigger, Name: t.TriggerName})
	}
	if actual.Function != nil {
		plan.Items = append(plan.Items, attached.changes(actual.Around)...)
	}
	plan.Items = append(plan.Items, routesToRemove(desired, actual.Around)...)
	if actual.Function != nil {
		if desired.Service == nil {
			plan.Items = append(plan.Items, attached.history.changes(desired.Function.FunctionName)...)
		}
		plan.Items = append(plan.Items, Change{Action: Delete, Kind: KindFunction, Name: desired.Function.FunctionName})
	}
	if actual.Service != nil {
		plan.Items = append(plan.Items, attached.history.changes(desired.Service.ServiceName)...)
		plan.Items = append(plan.Items, Change{Action: Delete, Kind: KindService, Name: desired.Service.ServiceName})
	}
	return plan, nil
}

// errKept marks a service that still has functions of others.
var errKept = errors.New("it still has functions")

// errRouted marks a custom domain that still has routes of others.
var errRouted = errors.New("it still has routes to other functions")

// Remove carries out a removal: triggers, configurations and routes at the same
// time, then the rest in the order of the plan. A service in which a function is
// left stays with its versions and aliases, and counts as skipped. The error is an
// *ApplyError.
func Remove(ctx context.Context, remote Remover, plan *Changes, hooks Hooks) (*Report, error) {
	if hooks.Locks == nil {
		hooks.Locks = &Locks{}
	}
	report := &Report{State: plan.actual}
	a := &applier{plan: plan, hooks: hooks, report: report}
	var lanes []func() error
	for _, lane := range a.lanes() {
		lanes = append(lanes, func() error {
			for _, change := range lane {
				_ = a.remove(ctx, remote, change)
			}
			return nil
		})
	}
	_ = inParallel(lanes...) // recorded in the report
	for _, change := range plan.Items {
		if laneOf(change) == "" {
			_ = a.remove(ctx, remote, change)
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
	if a.stuck(change) {
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
	case Kept(err):
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

// stuck skips what can't go because something before it is still there: nothing
// of a lane keeps the others, but all of them keep the function.
func (a *applier) stuck(change Change) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	lane := laneOf(change)
	for _, failed := range a.report.Failed {
		if lane == "" || lane == laneOf(failed) {
			a.report.Skipped = append(a.report.Skipped, change)
			return true
		}
	}
	return false
}

func (a *applier) deleteOne(ctx context.Context, remote Remover, change Change) error {
	function := a.plan.desired.Function.FunctionName
	switch change.Kind {
	case KindTrigger:
		err := remote.DeleteTrigger(ctx, function, change.Name)
		if err == nil || fc.IsNotFound(err) {
			a.keepTrigger(change.Name, nil)
		}
		return err
	case KindAlias, KindVersion:
		return a.deletePublished(ctx, remote, change)
	case KindFunction:
		err := a.deleteFunction(ctx, remote, function)
		if err == nil || fc.IsNotFound(err) {
			a.report.State.Function = nil
		}
		return err
	case KindService:
		return a.deleteService(ctx, remote, change.Name)
	}
	if err := a.deleteAround(ctx, remote, change); err != nil {
		return err
	}
	return a.drained(ctx, remote, change)
}

// How often a function is tried to be deleted while its instances end, and how
// long between: the peer does as much.
const (
	deleteTries = 25
	deletePause = 2 * time.Second
)

// deleteFunction waits for instances that are still ending.
func (a *applier) deleteFunction(ctx context.Context, remote Remover, name string) error {
	for try := 1; ; try++ {
		err := remote.DeleteFunction(ctx, name)
		if try == deleteTries || !fc.IsCode(err, "ProvisionConfigExist", "ResidentScalingConfigExists") {
			return err
		}
		if err := a.sleep(ctx, deletePause); err != nil {
			return err
		}
	}
}

// deleteService deletes a service without functions, and before it the VPC
// bindings that s.yaml has for it.
func (a *applier) deleteService(ctx context.Context, remote Remover, name string) error {
	if err := a.unused(ctx, remote, name); err != nil {
		return err
	}
	if err := a.unbind(ctx, remote, a.report.State.Around.VPCBinding); err != nil {
		return err
	}
	err := remote.DeleteService(ctx, name)
	if fc.IsCode(err, fc.CodeServiceNotEmpty) {
		return errKept
	}
	return err
}

// Kept reports whether err, as given to Hooks.Done, says that a service stays
// because it has other functions, or a custom domain because it has other routes.
func Kept(err error) bool { return errors.Is(err, errKept) || errors.Is(err, errRouted) }
