package deploycmd

import (
	"cmp"
	"context"

	"s/pkg/cmd/cmdutil"
	"s/pkg/deploy"
	"s/pkg/diag"
)

// take makes the named resources those at hand, with what is known by now of the
// ones before them. Those that depend on a failure are left out.
func (d *deployment) take(ctx context.Context, names []string) error {
	project, err := cmdutil.Settle(ctx, "deploy", d.project, names, d.Reload, d.known)
	if err = cmp.Or(err, d.deployed.Err()); err != nil {
		return err
	}
	d.project, d.items = project, nil
	for _, name := range names {
		it := &item{resource: d.project.Find(name)}
		d.all = append(d.all, it)
		switch it.blocked = cmdutil.Blocked(it.resource, d.failed); {
		case it.blocked != "":
			d.failed[name] = true
			continue
		case it.resource.Pending() && d.DryRun:
			it.waits = true
			d.IO.Errf("%s can be planned only once %s is deployed", name, cmdutil.WaitsFor(it.resource))
			continue
		case it.resource.Pending():
			if d.worst(nil) == nil {
				return cmdutil.Unsettled(it.resource, cmdutil.FirstOpen(it.resource), cmdutil.AccessFlags(d.Settings)...)
			}
			// It was let go on although what it needs has failed.
			it.err = cmdutil.Unsettled(it.resource, cmdutil.FirstOpen(it.resource), cmdutil.AccessFlags(d.Settings)...)
			d.failed[name] = true
			continue
		}
		d.items = append(d.items, it)
	}
	return nil
}

// settleActions fills in what the actions that are still to run take from what
// this run, or one before it, has deployed.
func (d *deployment) settleActions(ctx context.Context) error {
	open := cmdutil.OpenAction("deploy", d.project.Actions)
	for _, it := range d.all {
		open = cmp.Or(open, cmdutil.OpenAction("deploy", it.resource.Actions))
	}
	if open == nil || d.Reload == nil || d.SkipActions || d.DryRun {
		return nil
	}
	project, err := d.Reload(ctx, "deploy", d.known)
	if err = cmp.Or(err, d.deployed.Err()); err != nil {
		return err
	}
	d.project = project.TakeGiven(d.project)
	for _, it := range d.all {
		it.resource = d.project.Find(it.resource.Name)
	}
	return nil
}

// known tells what this run, or one before it, has deployed.
func (d *deployment) known(name string, info bool) (map[string]any, bool) {
	for _, it := range d.all {
		if it.resource.Name == name && it.report != nil && it.err == nil && !d.DryRun {
			if !info {
				return cmdutil.AsMap(d.output(it))
			}
			return cmdutil.AsMap(deploy.Result(it.prepared.Desired, it.report.State, true))
		}
	}
	return d.deployed.Known(name, info)
}

// worst gives, of an error and those of the resources, the one with the highest
// exit code; the first of several.
func (d *deployment) worst(err error) error {
	errs := []error{err}
	for _, it := range d.all {
		errs = append(errs, it.err)
	}
	return cmdutil.Worst(errs...)
}

// summary says in a line each what became of several resources.
func (d *deployment) summary() {
	var rows []cmdutil.Row
	for _, it := range d.all {
		name := it.resource.Name
		switch {
		case it.blocked != "":
			rows = append(rows, cmdutil.NotTried(d.IO, name, it.blocked))
		case it.err != nil:
			rows = append(rows, cmdutil.Failed(d.IO, name, d.project.Redact(diag.In(it.err, d.IO.Text)), it.took))
		case it.plan.Empty():
			rows = append(rows, cmdutil.Row{Name: name, Text: d.IO.T("unchanged")})
		default:
			rows = append(rows, cmdutil.Row{Name: name, Text: d.IO.T("deployed"), Took: it.took})
		}
	}
	cmdutil.Summary(d.IO, rows)
}
