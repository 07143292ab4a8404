package deploycmd

import (
	"cmp"
	"context"
	"errors"

	"s/pkg/cmd/cmdutil"
	"s/pkg/deploy"
)

// actions runs the hooks of a deployment. A dry run has none.
func (d *deployment) actions() cmdutil.Actions {
	a := cmdutil.NewActions(d.IO, "deploy", d.SkipActions || d.DryRun, d.Outside)
	a.Build = func(ctx context.Context, s *cmdutil.Subject, flags []string) error {
		switch {
		case d.NoBuild:
			return nil // what there is must do; Prepare says if it doesn't
		case d.Build != nil:
			return d.Build(ctx, s.Project, s.Resource, flags)
		case d.Artifacts != nil:
			return d.Artifacts.Build(ctx, s.Project, s.Resource)
		}
		return errors.New("there is no builder")
	}
	return a
}

// hooked tells whether actions follow what ended with err: not if nothing was
// tried, or nothing may follow.
func (d *deployment) hooked(ctx context.Context, err error) bool {
	var known *cmdutil.Error
	return !d.DryRun && ctx.Err() == nil && (!errors.As(err, &known) || !known.Quiet)
}

// after runs the success, fail and complete actions of the resources at hand
// that were begun, before others see their output. What fails in them is told at
// the end: the resource is deployed.
func (d *deployment) after(ctx context.Context, failed error) {
	if !d.hooked(ctx, failed) {
		return
	}
	d.hookErr = cmp.Or(d.hookErr, d.settleActions(ctx))
	for _, it := range d.items {
		if it.subject == nil {
			continue
		}
		it.subject.Project, it.subject.Resource = d.project, it.resource
		own := it.err
		if own == nil {
			own = failed
		}
		if own == nil {
			it.subject.Output = deploy.Result(it.prepared.Desired, it.report.State, false)
		}
		err := d.actions().After(ctx, it.subject, own)
		switch {
		case own != nil || err == nil:
		case d.hookErr == nil:
			d.hookErr = err
		default:
			d.actions().Tell(it.subject, err)
		}
	}
}

// end runs the global actions that follow, if any may.
func (d *deployment) end(ctx context.Context, err error) error {
	if !d.hooked(ctx, err) {
		return err
	}
	err = cmp.Or(err, d.settleActions(ctx))
	return d.actions().After(ctx, &cmdutil.Subject{Project: d.project}, err)
}

// output is what a resource gave, or what a plugin made of it.
func (d *deployment) output(it *item) any {
	if it.subject != nil && it.subject.Replaced {
		return it.subject.Output
	}
	return deploy.Result(it.prepared.Desired, it.report.State, false)
}
