package deploy

import (
	"context"
	"fmt"
	"sync"
	"time"

	"s/pkg/fc"
)

// Hooks follow an apply. All may be nil and may be called at the same time from
// several goroutines.
type Hooks struct {
	Start func(Change)
	Done  func(Change, error)
	// Waiting is told of instances that are being started or ended.
	Waiting func(Change, Waiting)
	// Sleep waits between looks at them, or returns the context's error; nil is
	// the clock.
	Sleep func(context.Context, time.Duration) error
	// Locks are shared by the applies that run at the same time; nil is one
	// apply alone.
	Locks *Locks
}

// Report says what an apply did, and the state that it left.
type Report struct {
	Done    []Change
	Failed  []Change
	Skipped []Change // not tried, because something before them failed
	State   Actual
}

// ApplyError is a plan that was carried out in part, or not at all.
type ApplyError struct {
	Report *Report
	Change Change // the first that failed
	Err    error
}

// Error names the step that failed and why.
func (e *ApplyError) Error() string {
	return fmt.Sprintf("%s %s %s: %v", e.Change.Action, e.Change.Kind, e.Change.Name, e.Err)
}

// Unwrap gives the cause.
func (e *ApplyError) Unwrap() error { return e.Err }

// Apply carries out a plan: the service, then the function, then the triggers and
// what else is around it at the same time. After a failure nothing that depends on
// it is tried. The error is an *ApplyError.
func Apply(ctx context.Context, remote Remote, plan *Changes, hooks Hooks) (*Report, error) {
	a := &applier{remote: remote, plan: plan, hooks: hooks, report: &Report{State: plan.actual}}
	if a.hooks.Locks == nil {
		a.hooks.Locks = &Locks{}
	}
	for _, kind := range []Kind{KindService, KindFunction} {
		for _, change := range plan.Items {
			if change.Kind == kind {
				a.step(ctx, change)
			}
		}
	}
	var wg sync.WaitGroup
	for _, steps := range a.lanes() {
		wg.Go(func() {
			for _, change := range steps {
				a.step(ctx, change)
			}
		})
	}
	wg.Wait()
	if a.first != nil {
		return a.report, a.first
	}
	return a.report, nil
}

type applier struct {
	remote Remote
	plan   *Changes
	hooks  Hooks

	mu     sync.Mutex // guards report and first
	report *Report
	first  *ApplyError

	inUse *bool // whether the service has functions still; nil isn't known yet
}

// step does one change, unless one that it depends on failed.
func (a *applier) step(ctx context.Context, change Change) {
	if change.Action == None {
		return
	}
	if ctx.Err() != nil && a.fail(change, ctx.Err(), false) || a.blocked(change) {
		return
	}
	if a.hooks.Start != nil {
		a.hooks.Start(change)
	}
	err := a.run(ctx, change)
	if a.hooks.Done != nil {
		a.hooks.Done(change, err)
	}
	if err != nil {
		a.fail(change, err, true)
		return
	}
	a.mu.Lock()
	a.report.Done = append(a.report.Done, change)
	a.mu.Unlock()
}

// fail records an error; a step that wasn't tried counts as skipped.
func (a *applier) fail(change Change, err error, tried bool) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if tried {
		a.report.Failed = append(a.report.Failed, change)
	} else {
		a.report.Skipped = append(a.report.Skipped, change)
	}
	if a.first == nil {
		a.first = &ApplyError{Report: a.report, Change: change, Err: err}
	}
	return true
}

// blocked skips a change if what it depends on failed: the service, the function,
// or something of its own lane.
func (a *applier) blocked(change Change) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, failed := range a.report.Failed {
		if lane := a.lane(failed); lane == "" || lane == a.lane(change) {
			a.report.Skipped = append(a.report.Skipped, change)
			return true
		}
	}
	return false
}

func (a *applier) run(ctx context.Context, change Change) error {
	switch change.Kind {
	case KindService:
		return a.service(ctx, change)
	case KindFunction:
		return a.function(ctx, change)
	case KindTrigger:
		return a.trigger(ctx, change)
	}
	return a.around(ctx, change)
}

func (a *applier) service(ctx context.Context, change Change) (err error) {
	want := *a.plan.desired.Service
	if change.Action == Create {
		a.report.State.Service, err = a.remote.CreateService(ctx, want)
		// Another resource of the same s.yaml may share the service and have
		// made it in the meantime.
		if !fc.IsCode(err, fc.CodeServiceAlreadyExists) {
			return err
		}
	}
	a.report.State.Service, err = a.remote.UpdateService(ctx, want)
	return err
}

func (a *applier) function(ctx context.Context, change Change) (err error) {
	code, err := a.code(ctx, change)
	if err != nil {
		return err
	}
	digest, err := a.image(ctx, change)
	if err != nil {
		return err
	}
	if change.Action == Create {
		if a.report.State.Function, err = a.remote.CreateFunction(ctx, a.plan.desired.creatable(), code); err == nil {
			a.report.State.Image = digest
		}
		return err
	}
	want := a.plan.desired.Function
	if a.plan.scope.Function == FunctionCode {
		want = withoutResolved(*a.plan.actual.Function) // an update has the configuration, too
	}
	tags := newTagging(change.Fields)
	if tags.others || change.Code != nil || change.Image != nil {
		if a.report.State.Function, err = a.remote.UpdateFunction(ctx, want, code); err != nil {
			return err
		}
		a.report.State.Image = digest
	}
	have := *a.report.State.Function
	a.report.State.Function = &have
	if tags.moved {
		if err := a.remote.MoveFunction(ctx, want.FunctionName, want.ResourceGroupID); err != nil {
			return err
		}
		have.ResourceGroupID = want.ResourceGroupID
	}
	if tags.empty() {
		return nil
	}
	if err := tags.apply(ctx, a.remote, have.FunctionARN, want.Tags); err != nil {
		return err
	}
	have.Tags = want.Tags
	return nil
}

// code reads the archive, or uploads it if it is large, only if it has to be sent.
func (a *applier) code(ctx context.Context, change Change) (*fc.Code, error) {
	archive := a.plan.desired.Code
	if change.Code == nil || archive == nil {
		return nil, nil
	}
	if archive.OSSObject != "" {
		return &fc.Code{OSSBucketName: archive.OSSBucket, OSSObjectName: archive.OSSObject}, nil
	}
	return a.remote.PutCode(ctx, archive.Path, archive.Checksum)
}

func (a *applier) trigger(ctx context.Context, change Change) (err error) {
	function := a.plan.desired.Function.FunctionName
	if change.Action == Delete {
		if err = a.remote.DeleteTrigger(ctx, function, change.Name); err == nil || fc.IsNotFound(err) {
			a.keepTrigger(change.Name, nil)
			return nil
		}
		return err
	}
	var want fc.Trigger
	for _, t := range a.plan.desired.Triggers {
		if t.TriggerName == change.Name {
			want = t
		}
	}
	var made *fc.Trigger
	if change.Action == Create {
		made, err = a.remote.CreateTrigger(ctx, function, want)
	} else {
		made, err = a.remote.UpdateTrigger(ctx, function, want)
	}
	if err == nil {
		a.keepTrigger(change.Name, made)
	}
	return err
}

// keepTrigger replaces, adds or (made nil) removes a trigger in the state.
func (a *applier) keepTrigger(name string, made *fc.Trigger) {
	a.mu.Lock()
	defer a.mu.Unlock()
	kept := make([]fc.Trigger, 0, len(a.report.State.Triggers)+1)
	replaced := made == nil
	for _, t := range a.report.State.Triggers {
		switch {
		case t.TriggerName != name:
			kept = append(kept, t)
		case made != nil:
			kept, replaced = append(kept, *made), true
		}
	}
	if !replaced {
		kept = append(kept, *made)
	}
	a.report.State.Triggers = kept
}
