// Package plancmd is the command that shows what deploy would change.
package plancmd

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/spf13/cobra"

	"s/pkg/alicloud"
	"s/pkg/cmd/cmdutil"
	deploycmd "s/pkg/cmd/deploy"
	"s/pkg/deploy"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

// Options is what the command was asked for, and what it works with.
type Options struct {
	IO        *iostreams.IOStreams
	Settings  *cmdutil.Settings
	Project   func(ctx context.Context, command string) (*spec.Project, error)
	Target    func(ctx context.Context, project *spec.Project) (*cmdutil.Target, error)
	Reload    cmdutil.Reload // nil leaves values open that only a deployment gives
	Artifacts deploy.Artifacts

	Resources []string // names; none is all
	// NoDefaultIgnore packs .git, .env* and the like, too, as deploy would.
	NoDefaultIgnore bool
	// Images finds the images of containers.
	Images deploycmd.Images
	// Scope and Prune are deploy's.
	Scope deploy.Scope
	Prune bool
	// Out is the file that the plan is written to; empty is none.
	Out string

	ledger *deploy.Ledger // what earlier deployments made
}

// NewCmd makes the plan command. runF replaces the run, for tests.
func NewCmd(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Settings: f.Settings, Project: f.Project, Target: f.Target, Reload: f.Reload}
	opts.Images.IO = f.IO
	opts.Artifacts = deploycmd.Artifacts(f, &opts.NoDefaultIgnore)
	cmd := &cobra.Command{
		Use:     "plan [resource...]",
		Short:   "Show what deploy would change",
		Long:    "Plan compares s.yaml with what is deployed. It changes nothing there; code that isn't built is built.",
		Example: "s plan\ns plan hello\ns plan --out plan.json && s deploy --plan plan.json",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Resources = args
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return Run(cmd.Context(), opts)
		},
	}
	deploycmd.BindScope(cmd.Flags(), &opts.Scope)
	cmd.Flags().BoolVar(&opts.Prune, "prune", false, "plan to delete what earlier deployments made and s.yaml no longer has, too")
	cmd.Flags().BoolVar(&opts.Images.Skip, "skip-push", false, "plan to push no images of containers")
	cmd.Flags().StringVar(&opts.Out, "out", "", "write the plan to this `file`, for s deploy --plan")
	cmd.Flags().BoolVar(&opts.NoDefaultIgnore, "no-default-ignore", false, "compare the code as deploy with this flag packs it")
	return cmd
}

// Run plans.
func Run(ctx context.Context, opts *Options) error {
	project, err := opts.Project(ctx, "plan")
	if err != nil {
		return err
	}
	opts.Resources = deploycmd.BareFlags(project, opts.Resources, &opts.Scope)
	if err := opts.Scope.Check(); err != nil {
		return cmdutil.UsageError(err)
	}
	resources, err := cmdutil.Resources(project, opts.Resources)
	if err != nil {
		return err
	}
	target, err := opts.Target(ctx, project)
	if err != nil {
		return err
	}
	asked := len(resources)
	if project, resources, err = opts.settle(ctx, project, target, resources); err != nil {
		return cmdutil.CloudError(err, target)
	}
	opts.ledger = cmdutil.OpenLedger(opts.IO, project, target)
	plans, err := opts.plans(ctx, project, target, resources)
	if err != nil {
		return cmdutil.CloudError(err, target)
	}
	dropped, err := opts.dropped(ctx, project, target, plans)
	if err != nil {
		return cmdutil.CloudError(err, target)
	}
	if err := opts.save(project, target, plans, dropped); err != nil {
		return err
	}
	plans = append(plans, slices.DeleteFunc(dropped, (*deploy.Changes).Empty)...)
	// The plan is this command's data.
	if opts.Settings.Output == cmdutil.OutputTable {
		return cmdutil.PrintTable(opts.IO.Out, rows(plans))
	}
	if opts.Settings.Output != cmdutil.OutputDefault {
		results := make([]cmdutil.Named, len(plans))
		for i, plan := range plans {
			results[i] = cmdutil.Named{Name: plan.Resource, Value: plan}
		}
		return cmdutil.PrintNamed(opts.IO.Out, opts.Settings.Output, project, asked, results)
	}
	_, err = fmt.Fprint(opts.IO.Out, deploy.Render(plans, opts.IO))
	return err
}

// settle fills in what other resources give that are deployed, and leaves out
// the resources for which that isn't known.
func (o *Options) settle(ctx context.Context, project *spec.Project, target *cmdutil.Target, resources []*spec.Resource) (*spec.Project, []*spec.Resource, error) {
	var names []string
	for _, r := range resources {
		names = append(names, r.Name)
	}
	deployed := cmdutil.NewDeployed(ctx, project, func(r *spec.Resource) (deploy.Reader, error) { return target.Client(r) })
	project, err := cmdutil.Settle(ctx, "plan", project, names, o.Reload, deployed.Known)
	if err = cmp.Or(err, deployed.Err()); err != nil {
		return nil, nil, err
	}
	var settled []*spec.Resource
	for _, name := range names {
		r := project.Find(name)
		if r.Pending() {
			o.IO.Errf("%s can be planned only once %s is deployed", name, cmdutil.WaitsFor(r))
			continue
		}
		settled = append(settled, r)
	}
	return project, settled, nil
}

func (o *Options) plans(ctx context.Context, project *spec.Project, target *cmdutil.Target, resources []*spec.Resource) ([]*deploy.Changes, error) {
	preparer := deploy.Preparer{Artifacts: o.Artifacts, NoDefaultIgnore: o.NoDefaultIgnore, KeepImages: o.Images.Skip, AnyMachine: target.AnyMachine()}
	plans, errs := make([]*deploy.Changes, len(resources)), make([]error, len(resources))
	autos := make([]*alicloud.Plan, len(resources))
	var wg sync.WaitGroup
	for i, r := range resources {
		prepared, err := preparer.Prepare(ctx, project, r)
		if err != nil {
			return nil, cmdutil.HelpWithFile(o.IO, err)
		}
		if err := o.Images.Place(ctx, project, target, r, prepared); err != nil {
			return nil, err
		}
		cmdutil.TellCode(o.IO, project, r, prepared)
		remote, err := target.Client(r)
		if err != nil {
			return nil, err
		}
		cmdutil.TellDomain(o.IO, target, r, &prepared.Desired)
		prepared.Desired.Before = o.ledger.Before(r.Region, r.Function.FunctionName)
		wg.Go(func() { plans[i], autos[i], errs[i] = o.plan(ctx, project, target, r, remote, prepared.Desired) })
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			return nil, err
		}
		cmdutil.TellTwice(o.IO, resources[i].Name, autos[i])
	}
	return plans, nil
}

// plan compares one resource.
func (o *Options) plan(ctx context.Context, project *spec.Project, target *cmdutil.Target, r *spec.Resource, remote deploy.Reader, desired deploy.Desired,
) (*deploy.Changes, *alicloud.Plan, error) {
	actual, err := deploy.Read(ctx, remote, desired)
	if err != nil {
		return nil, nil, err
	}
	plan, auto, err := cmdutil.PlanAuto(ctx, target, r, desired, actual, o.Scope, project.Redact)
	if err != nil {
		return nil, nil, err
	}
	if o.Prune {
		plan.Prune()
	}
	return plan, auto, nil
}

// dropped lists what earlier deployments made and s.yaml no longer has. With --prune
// it plans the removal of resources that are gone as a whole.
func (o *Options) dropped(ctx context.Context, project *spec.Project, target *cmdutil.Target, plans []*deploy.Changes) ([]*deploy.Changes, error) {
	if !o.Scope.All() {
		return nil, nil
	}
	stays := false
	for _, plan := range plans {
		for _, left := range plan.Leftovers() {
			if !o.Prune {
				o.IO.Errf("%s no longer has the %s %s, which an earlier deployment made", plan.Resource, left.Kind, left.Name)
				stays = true
			}
		}
	}
	var gone []deploy.Footprint
	if o.whole() {
		gone = cmdutil.Dropped(project, o.ledger)
	}
	for _, f := range gone {
		o.IO.Errf("s.yaml no longer has %s: its function %s in %s is deployed still", f.Resource, f.Function, f.Region)
	}
	if !o.Prune {
		if stays || len(gone) > 0 {
			o.IO.Errf("it stays; `s plan --prune` plans to delete it")
		}
		return nil, nil
	}
	planned, err := cmdutil.PlanGone(ctx, target, gone)
	return cmdutil.PlansOf(planned), err
}

// whole tells whether the plan is about all of s.yaml.
func (o *Options) whole() bool { return len(o.Resources) == 0 && o.Scope.All() }

// save writes the plan to a file, if one is asked for.
func (o *Options) save(project *spec.Project, target *cmdutil.Target, plans, dropped []*deploy.Changes) error {
	if o.Out == "" {
		return nil
	}
	about := deploy.Saved{Place: cmdutil.PlaceOf(project, target), Scope: o.Scope, Prune: o.Prune, Whole: o.Prune && o.whole()}
	if err := deploy.Save(o.Out, about, plans, dropped); err != nil {
		return err
	}
	o.IO.Errf("the plan is in %s: s deploy --plan %s", o.Out, o.Out)
	return nil
}

// row is a step of a plan as a table has it.
type row struct {
	Resource string        `json:"resource"`
	Action   deploy.Action `json:"action"`
	Kind     deploy.Kind   `json:"kind"`
	Name     string        `json:"name"`
}

func rows(plans []*deploy.Changes) []row {
	out := []row{}
	for _, plan := range plans {
		for _, c := range slices.Concat(plan.Auto, plan.Items) {
			out = append(out, row{plan.Resource, c.Action, c.Kind, c.Name})
		}
	}
	return out
}
