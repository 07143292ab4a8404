// Package removecmd is the command that takes away what s.yaml deployed.
package removecmd

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
	"s/pkg/deploy"
	"s/pkg/diag"
	"s/pkg/spec"
)

// Options is what the command was asked for, and what it works with.
type Options struct {
	*cmdutil.Factory

	Resources   []string // names; none is all
	Yes         bool
	SkipActions bool
	// Prune removes what earlier deployments made of resources that s.yaml no
	// longer has, too.
	Prune bool
	// Scope is the part of each resource that is removed.
	Scope deploy.Scope
	// Auto deletes what deployments made for "auto", too.
	Auto bool

	function bool           // --function
	ledger   *deploy.Ledger // what earlier deployments made
}

// NewCmd makes the remove command. runF replaces the run, for tests.
func NewCmd(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{Factory: f}
	cmd := &cobra.Command{
		Use:   "remove [resource...]",
		Short: "Remove the resources of s.yaml from where they are deployed",
		Long: "Remove deletes the triggers of the functions in s.yaml, what is configured around them, their routes of custom\n" +
			"domains, their aliases and versions, the functions and, in edition 1.0.0, their services if no other function is left\n" +
			"in them. A custom domain that leads to other functions, too, stays. Without a terminal it needs -y.\n" +
			"What deployments made because s.yaml says auto is listed, and deleted if you say so, or with --auto.",
		Example: "s remove\ns remove hello -y\ns remove --trigger timer\ns remove --function\ns remove --async-invoke-config",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Resources = args
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return Run(cmd.Context(), opts)
		},
	}
	cmd.Flags().BoolVarP(&opts.Yes, "assume-yes", "y", false, "don't ask")
	cmd.Flags().BoolVar(&opts.SkipActions, "skip-actions", false, "run no actions of s.yaml")
	cmd.Flags().BoolVar(&opts.Prune, "prune", false, "remove what was deployed of resources that s.yaml no longer has, too")
	bindScope(cmd.Flags(), opts)
	cmdutil.BindFunction(cmd.Flags(), f.Settings)
	cmd.Flags().BoolVar(&opts.Auto, "auto", false, "delete what was made because s.yaml says auto, too, once no function is left")
	return cmd
}

// Run removes, a resource at a time and the last of the file first.
func Run(ctx context.Context, opts *Options) error {
	found, err := cmdutil.Find(ctx, opts.Factory, "remove", func(project *spec.Project) ([]*spec.Resource, error) {
		if err := opts.prepareScope(project); err != nil {
			return nil, err
		}
		return cmdutil.Resources(project, opts.Resources)
	})
	if err != nil {
		return err
	}
	project, resources, target := found.Project, found.Resources, found.Target
	opts.ledger = cmdutil.OpenLedger(opts.IO, project, target)
	jobs, err := opts.plan(ctx, target, append(opts.ordered(found), opts.dropped(project)...))
	if err != nil {
		return cmdutil.CloudError(err, target)
	}
	if err := opts.checkTriggers(resources, jobs); err != nil {
		return err
	}
	if len(jobs) == 0 {
		opts.IO.Errf("nothing to remove: none of it is deployed")
		return opts.auto(ctx, target)
	}
	if err := opts.confirm(jobs); err != nil {
		return err
	}
	actions := cmdutil.NewActions(opts.IO, "remove", opts.SkipActions, opts.Outside)
	whole := &cmdutil.Subject{Project: project}
	err = actions.Before(ctx, whole)
	if err == nil {
		err = opts.each(ctx, project, jobs, func(j job) error {
			s := &cmdutil.Subject{Project: project, Resource: j.resource}
			return opts.advise(opts.around(ctx, actions, s, target, j), target)
		})
	}
	if err = actions.After(ctx, whole, err); err == nil {
		err = opts.auto(ctx, target)
	}
	return cmdutil.CloudError(err, target)
}

// ordered gives the resources that others don't need first.
func (o *Options) ordered(found *cmdutil.Functions) []*spec.Resource {
	if o.Settings.Function != "" {
		return found.Resources
	}
	var list []*spec.Resource
	for _, group := range cmdutil.OrderBack(found.Project, found.Resources, len(o.Resources) > 0) {
		for _, name := range group {
			if i := slices.IndexFunc(found.Resources, func(r *spec.Resource) bool { return r.Name == name }); i >= 0 {
				list = append(list, found.Resources[i]) // the project has them in their own region
			}
		}
	}
	return list
}

// job is one resource with something to remove.
type job struct {
	resource *spec.Resource
	remote   deploy.Remover
	plan     *deploy.Changes
}

func (o *Options) plan(ctx context.Context, target *cmdutil.Target, resources []*spec.Resource) ([]job, error) {
	var jobs []job
	for _, r := range resources {
		remote, err := target.Client(r)
		if err != nil {
			return nil, err
		}
		desired := deploy.Want(r, nil, nil, nil)
		cmdutil.NameDomain(target, r, &desired)
		desired.Before = o.ledger.Before(r.Region, r.Function.FunctionName)
		plan, err := deploy.PlanRemoval(ctx, remote, desired)
		if err != nil {
			return nil, err
		}
		if !o.Scope.All() {
			plan.LimitRemoval(o.Scope)
			if plan.Empty() {
				continue
			}
		}
		if plan.Empty() {
			o.ledger.Forget(r.Region, r.Function.FunctionName)
			continue
		}
		jobs = append(jobs, job{r, remote, plan})
	}
	return jobs, o.ledger.Save()
}

// dropped gives what was deployed of resources that s.yaml no longer has. Without
// --prune it is listed, and stays.
func (o *Options) dropped(project *spec.Project) []*spec.Resource {
	if len(o.Resources) > 0 || o.Settings.Function != "" || !o.Scope.All() {
		return nil
	}
	var gone []*spec.Resource
	for _, f := range cmdutil.Dropped(project, o.ledger) {
		if !o.Prune {
			o.IO.Errf("s.yaml no longer has %s: its function %s in %s is deployed still", f.Resource, f.Function, f.Region)
			o.IO.Errf("it stays; `s remove --prune` removes it, too")
			continue
		}
		desired := f.Desired()
		gone = append(gone, &spec.Resource{Name: f.Resource, Region: f.Region, Service: desired.Service, Function: desired.Function})
	}
	return gone
}

func (o *Options) confirm(jobs []job) error {
	plans := make([]*deploy.Changes, len(jobs))
	for i, j := range jobs {
		plans[i] = j.plan
	}
	fmt.Fprint(o.IO.ErrOut, deploy.Render(plans, o.IO))
	if o.Yes {
		return nil
	}
	if !o.IO.CanPrompt() {
		return cmdutil.WithHint(cmdutil.ExitUsage, diag.Errorf("removing needs a yes and there is no terminal to ask on"), "s remove -y")
	}
	yes, err := o.IO.Prompter().Confirm(o.IO.T("Remove all of this?"), false)
	if err != nil {
		return err
	}
	if !yes {
		o.IO.Errf("nothing was removed")
		return cmdutil.Quiet(cmdutil.ExitFailed)
	}
	return nil
}

// around removes a resource between its actions. Other props that a plugin gives
// may mean another function: that is shown and asked for first.
func (o *Options) around(ctx context.Context, actions cmdutil.Actions, s *cmdutil.Subject, target *cmdutil.Target, j job) error {
	err := actions.Before(ctx, s)
	jobs := []job{j}
	if err == nil && s.Resource != j.resource {
		if jobs, err = o.plan(ctx, target, []*spec.Resource{s.Resource}); err == nil && len(jobs) > 0 {
			err = o.confirm(jobs)
		}
	}
	if err == nil && len(jobs) > 0 {
		err = o.remove(ctx, jobs[0])
	}
	return actions.After(ctx, s, err)
}

func (o *Options) remove(ctx context.Context, j job) error {
	report, err := deploy.Remove(ctx, j.remote, j.plan, o.hooks(j))
	o.record(j, report)
	if saved := o.ledger.Save(); err == nil {
		err = saved
	}
	return err
}
