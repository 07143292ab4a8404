package deploy

import (
	"context"
	"fmt"
	"time"

	"s/pkg/fc"
)

// How long instances may take, and how often they are looked at: the peer looks
// 180 times, 5 s apart.
const (
	maxInstancesWait = 15 * time.Minute
	firstLook        = 200 * time.Millisecond
	slowestLook      = 5 * time.Second
)

// modeAsync is the mode in which a deployment doesn't wait for instances.
const modeAsync = "async"

// Waiting is how far instances have come.
type Waiting struct {
	Current, Target int
	Problem         string // why there are fewer, as the service says
}

// InstancesError is instances that didn't come in time.
type InstancesError struct {
	Waiting
	Waited time.Duration
}

// Error says how many there are and why.
func (e *InstancesError) Error() string {
	text := fmt.Sprintf("%d of %d instances after %s", e.Current, e.Target, e.Waited.Round(time.Second))
	if e.Target == 0 {
		text = fmt.Sprintf("%d instances are still there after %s", e.Current, e.Waited.Round(time.Second))
	}
	if e.Problem != "" {
		text += ": " + e.Problem
	}
	return text
}

// provision asks for provisioned instances and waits for them.
func (a *applier) provision(ctx context.Context, change Change) error {
	d := a.plan.desired
	name, qualifier := d.Function.FunctionName, qualifierOf(d.Around.ProvisionQualifier)
	look := func() (Waiting, error) {
		now, err := a.remote.GetProvisionConfig(ctx, name, qualifier)
		if err = a.keep(err, func(s *Around) { s.Provision = now }); err != nil {
			return Waiting{}, err
		}
		return Waiting{now.Current, now.Target, now.CurrentError}, nil
	}
	if d.Around.ProvisionMode == modeDrain && change.Action == Update {
		if err := a.drain(ctx, change, look); err != nil {
			return err
		}
	}
	made, err := a.remote.PutProvisionConfig(ctx, name, qualifier, *d.Around.Provision)
	if err = a.keep(err, func(s *Around) { s.Provision = made }); err != nil || d.Around.ProvisionMode == modeAsync {
		return err
	}
	return a.wait(ctx, change, Waiting{made.Current, made.Target, made.CurrentError}, look)
}

// scaling sets how instances follow the load and waits for those that are always
// there.
func (a *applier) scaling(ctx context.Context, change Change) error {
	d := a.plan.desired
	name, qualifier := d.Function.FunctionName, qualifierOf(d.Around.ScalingQualifier)
	look := func() (Waiting, error) {
		now, err := a.remote.GetScalingConfig(ctx, name, qualifier)
		if err = a.keep(err, func(s *Around) { s.Scaling = now }); err != nil {
			return Waiting{}, err
		}
		return scalingWait(now), nil
	}
	if d.Around.ScalingMode == modeDrain && change.Action == Update {
		if err := a.drain(ctx, change, look); err != nil {
			return err
		}
	}
	made, err := a.remote.PutScalingConfig(ctx, name, qualifier, *d.Around.Scaling)
	if err = a.keep(err, func(s *Around) { s.Scaling = made }); err != nil || d.Around.ScalingMode == modeAsync {
		return err
	}
	return a.wait(ctx, change, scalingWait(made), look)
}

func scalingWait(s *fc.ScalingStatus) Waiting {
	return Waiting{s.CurrentInstances, s.TargetInstances, s.CurrentError}
}

// wait looks until there are as many instances as are asked for. What is wrong
// with them doesn't end it: the service goes on trying.
func (a *applier) wait(ctx context.Context, change Change, now Waiting, look func() (Waiting, error)) error {
	pause, waited := firstLook, time.Duration(0)
	for told := false; now.Current != now.Target; {
		if a.hooks.Waiting != nil {
			a.hooks.Waiting(change, now)
			told = true
		}
		if waited >= maxInstancesWait {
			return &InstancesError{now, waited}
		}
		if err := a.sleep(ctx, pause); err != nil {
			return err
		}
		waited += pause
		pause = min(pause*3/2, slowestLook)
		var err error
		if now, err = look(); err != nil {
			return err
		}
		if told && now.Current == now.Target {
			a.hooks.Waiting(change, now)
		}
	}
	return nil
}

func sleepFor(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
