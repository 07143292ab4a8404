package deploycmd

import (
	"context"
	"fmt"

	"s/pkg/cmd/cmdutil"
	"s/pkg/deploy"
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
		if it.err == nil && len(it.plan.Leftovers()) > 0 {
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
		if it.report != nil && it.report.State.Function != nil {
			d.ledger.Record(deploy.NewFootprint(it.prepared.Desired, it.report.State))
		}
	}
	if err := d.ledger.Save(); err != nil {
		d.IO.Errf("warning: what was deployed couldn't be noted: %v", err)
	}
}

// dropped deals with functions of resources that s.yaml no longer has, as
// leftovers does. A run that is about some resources leaves them alone.
func (d *deployment) dropped(ctx context.Context) (bool, error) {
	gone := cmdutil.Dropped(d.project, d.ledger)
	if len(gone) == 0 || len(d.Resources) > 0 || !d.Scope.All() || d.worst(nil) != nil {
		return false, nil
	}
	prune, err := d.wantsPrune(func() {
		for _, f := range gone {
			d.IO.Errf("s.yaml no longer has %s: its function %s in %s is deployed still", f.Resource, f.Function, f.Region)
		}
	})
	if err != nil || !prune {
		return false, err
	}
	changed := false
	for _, f := range gone {
		removed, err := d.removeDropped(ctx, f)
		if err != nil {
			return changed, err
		}
		changed = changed || removed
	}
	return changed, nil
}

// removeDropped shows what is left of a resource and removes it.
func (d *deployment) removeDropped(ctx context.Context, f deploy.Footprint) (bool, error) {
	desired := f.Desired()
	remote, err := d.remote(&spec.Resource{Name: f.Resource, Region: f.Region, Service: desired.Service, Function: desired.Function})
	if err != nil {
		return false, err
	}
	remover, ok := remote.(deploy.Remover)
	if !ok {
		return false, fmt.Errorf("%s can't be removed here", f.Resource)
	}
	plan, err := deploy.PlanRemoval(ctx, remover, desired)
	if err != nil {
		return false, err
	}
	if !plan.Empty() {
		fmt.Fprint(d.IO.ErrOut, deploy.Render([]*deploy.Changes{plan}, d.IO))
		if d.DryRun {
			return true, nil
		}
		if d.Prune { // else it was asked for already
			if err := d.confirm([]*deploy.Changes{plan}); err != nil {
				return false, err
			}
		}
		it := &item{resource: &spec.Resource{Name: f.Resource}}
		if _, err := deploy.Remove(ctx, remover, plan, d.hooks(it, d.IO)); err != nil {
			return true, err
		}
	}
	if !d.DryRun {
		d.ledger.Forget(f.Region, f.Function)
		if err := d.ledger.Save(); err != nil {
			d.IO.Errf("warning: what was deployed couldn't be noted: %v", err)
		}
	}
	return !plan.Empty(), nil
}
