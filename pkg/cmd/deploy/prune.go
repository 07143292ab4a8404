package deploycmd

import (
	"context"
	"fmt"
	"slices"

	"s/pkg/cmd/cmdutil"
	"s/pkg/deploy"
	"s/pkg/fcclient"
	"s/pkg/spec"
)

// leftovers deals with triggers and custom domains that earlier deployments of the
// resources at hand made and s.yaml no longer has: they go if --prune says so, or
// somebody who is asked; else they are listed.
func (d *deployment) leftovers() error {
	if !d.Scope.All() {
		return d.fits()
	}
	var with []*item
	for _, it := range d.items {
		if it.err == nil && (d.Prune || len(it.plan.Leftovers()) > 0) {
			with = append(with, it)
		}
	}
	if len(with) > 0 {
		prune, err := d.wantsPrune(func() {
			for _, it := range with {
				for _, left := range it.plan.Leftovers() {
					d.IO.Errf("%s no longer has the %s %s, which an earlier deployment made", it.resource.Name, left.Kind, left.Name)
				}
			}
		})
		if err != nil {
			return err
		}
		if prune {
			for _, it := range with {
				it.plan.Prune()
			}
		}
	}
	return d.fits()
}

// wantsPrune tells what there is, unless --prune was given, and asks on a
// terminal.
func (d *deployment) wantsPrune(tell func()) (bool, error) {
	if d.Prune || d.saved != nil {
		return d.Prune, nil
	}
	tell()
	if d.Yes || d.DryRun || !d.IO.CanPrompt() {
		d.IO.Errf("it stays; `s deploy --prune -y` deletes it")
		return false, nil
	}
	return d.IO.Prompter().Confirm(d.IO.T("Delete that, too?"), false)
}

// fits holds the plans against the saved one.
func (d *deployment) fits() error {
	if err := d.checkTriggers(); err != nil || d.saved == nil {
		return err
	}
	for _, it := range d.items {
		if it.err != nil {
			continue
		}
		if err := d.saved.Fits(it.plan); err != nil {
			return cmdutil.WithHint(cmdutil.ExitFailed, err, "s plan --out "+d.Plan)
		}
	}
	return nil
}

// record notes what there is of the resources at hand after they were deployed, or
// in part.
func (d *deployment) record() {
	if d.DryRun {
		return
	}
	for _, it := range d.items {
		if it.report != nil && (it.report.State.Function != nil || it.perhapsThere()) {
			d.ledger.Record(deploy.NewFootprint(it.prepared.Desired, it.report.State))
		}
	}
	if err := d.ledger.Save(); err != nil {
		d.IO.Errf("warning: what was deployed couldn't be noted: %v", err)
	}
}

// savedDropped plans the removals of a saved plan anew and holds them against it,
// before anything is done.
func (d *deployment) savedDropped(ctx context.Context) error {
	if d.saved == nil || !d.saved.Whole {
		return nil
	}
	var err error
	if d.gone, err = cmdutil.PlanGone(ctx, d.target, cmdutil.Dropped(d.project, d.ledger)); err != nil {
		return err
	}
	if err := d.saved.FitsDropped(cmdutil.PlansOf(d.gone)); err != nil {
		return cmdutil.WithHint(cmdutil.ExitFailed, err, "s plan --prune --out "+d.Plan)
	}
	return nil
}

// perhapsThere reports whether the function may have been made though its create
// failed.
func (it *item) perhapsThere() bool {
	return fcclient.Unsure(it.err) && slices.ContainsFunc(it.report.Failed, func(c deploy.Change) bool { return c.Kind == deploy.KindFunction })
}

// dropped deals with functions of resources that s.yaml no longer has, as
// leftovers does. A run that is about some resources leaves them alone; one of a saved
// plan does what is in it.
func (d *deployment) dropped(ctx context.Context) (bool, error) {
	if d.worst(nil) != nil {
		return false, nil
	}
	if d.saved == nil {
		if err := d.planDropped(ctx); err != nil {
			return false, err
		}
	}
	changed := false
	for _, g := range d.gone {
		removed, err := d.removeDropped(ctx, g)
		if err != nil {
			return changed, err
		}
		changed = changed || removed
	}
	return changed, nil
}

func (d *deployment) planDropped(ctx context.Context) error {
	gone := cmdutil.Dropped(d.project, d.ledger)
	if len(gone) == 0 || len(d.Resources) > 0 || !d.Scope.All() {
		return nil
	}
	prune, err := d.wantsPrune(func() {
		for _, f := range gone {
			d.IO.Errf("s.yaml no longer has %s: its function %s in %s is deployed still", f.Resource, f.Function, f.Region)
		}
	})
	if err != nil || !prune {
		return err
	}
	d.gone, err = cmdutil.PlanGone(ctx, d.target, gone)
	return err
}

// removeDropped shows what is left of a resource and removes it.
func (d *deployment) removeDropped(ctx context.Context, g cmdutil.Gone) (bool, error) {
	if !g.Plan.Empty() {
		fmt.Fprint(d.IO.ErrOut, deploy.Render([]*deploy.Changes{g.Plan}, d.IO))
		if d.DryRun {
			return true, nil
		}
		if d.Prune { // else it was asked for already
			if err := d.confirm([]*deploy.Changes{g.Plan}); err != nil {
				return false, err
			}
		}
		it := &item{resource: &spec.Resource{Name: g.Footprint.Resource}}
		if _, err := deploy.Remove(ctx, g.Remote, g.Plan, d.hooks(it, d.IO)); err != nil {
			return true, err
		}
	}
	if !d.DryRun {
		d.ledger.Forget(g.Footprint.Region, g.Footprint.Function)
		if err := d.ledger.Save(); err != nil {
			d.IO.Errf("warning: what was deployed couldn't be noted: %v", err)
		}
	}
	return !g.Plan.Empty(), nil
}
