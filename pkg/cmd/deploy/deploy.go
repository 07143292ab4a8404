// Package deploycmd is the command that brings the resources of s.yaml to
// their target: actions, code, plan, question, apply, result.
package deploycmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"s/pkg/alicloud"
	buildcmd "s/pkg/cmd/build"
	"s/pkg/cmd/cmdutil"
	"s/pkg/deploy"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

// Options is what the command was asked for, and what it works with.
type Options struct {
	IO       *iostreams.IOStreams
	Settings *cmdutil.Settings
	Project  func(ctx context.Context, command string) (*spec.Project, error)
	Target   func(ctx context.Context, project *spec.Project) (*cmdutil.Target, error)
	// Reload loads the project again once values are known that only a
	// deployment gives; nil can't.
	Reload cmdutil.Reload
	// Artifacts finds and makes what the code of resources is built to.
	Artifacts deploy.Artifacts
	// Build runs the builder for a pre-deploy action "fc build <flags>" of a
	// resource; nil takes Artifacts.Build and ignores the flags.
	Build func(ctx context.Context, project *spec.Project, r *spec.Resource, flags []string) error
	// Outside gives what actions need; nil gives them nothing.
	Outside func() cmdutil.Outside

	Resources   []string // names; none is all
	Parallel    int      // how many resources at the same time; 0 is all
	Yes         bool
	DryRun      bool
	NoBuild     bool
	SkipActions bool
	// NoDefaultIgnore packs .git, .env* and the like, too.
	NoDefaultIgnore bool
	// Scope is the part of each resource that is deployed.
	Scope deploy.Scope
	// Prune deletes what earlier deployments made and s.yaml no longer has.
	Prune bool
	// Images finds the images of containers.
	Images Images
	// Plan is the file of a saved plan; empty plans anew.
	Plan string
}

// NewCmd makes the deploy command. runF replaces the run, for tests.
func NewCmd(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{
		IO: f.IO, Settings: f.Settings, Project: f.Project, Target: f.Target, Reload: f.Reload, Outside: f.Outside,
	}
	opts.Images.IO = f.IO
	opts.Artifacts, opts.Build = Artifacts(f, &opts.NoDefaultIgnore), buildcmd.Action(f, &opts.NoDefaultIgnore)
	var named []string
	cmd := &cobra.Command{
		Use:   "deploy [resource...]",
		Short: "Deploy the resources of s.yaml",
		Long: "Deploy compares s.yaml with what is deployed, shows what changes, asks (on a terminal) and applies it.\n" +
			"Code that is deployed already is not sent again; with nothing to change nothing is written.",
		Example: "s deploy\ns deploy hello -y\ns deploy api web\ns deploy --dry-run\ns deploy -a local\n" +
			"s deploy --function code\ns deploy --trigger http,timer\ns plan --out plan.json && s deploy --plan plan.json",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Resources = append(args, named...)
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return Run(cmd.Context(), opts)
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&opts.Yes, "assume-yes", "y", false, "don't ask")
	cmdutil.BindParallel(flags, &opts.Parallel, "how many resources to deploy at the same time (default: all that don't wait for others)")
	flags.BoolVar(&opts.DryRun, "dry-run", false, "show what would change and change nothing")
	flags.BoolVar(&opts.NoBuild, "no-build", false, "fail instead of building code whose artifact is out of date")
	flags.BoolVar(&opts.NoDefaultIgnore, "no-default-ignore", false, "pack .git, .env*, __pycache__, .DS_Store and .s too, unless .fcignore names them")
	flags.BoolVar(&opts.Images.Skip, "skip-push", false, "push no images of containers: the registry has them")
	flags.BoolVar(&opts.SkipActions, "skip-actions", false, "run no actions of s.yaml")
	flags.StringSliceVar(&named, "resource", nil, "resources to deploy, as they are named without a flag")
	BindScope(flags, &opts.Scope)
	flags.BoolVar(&opts.Prune, "prune", false, "delete what earlier deployments made and s.yaml no longer has, too")
	flags.StringVar(&opts.Plan, "plan", "", "carry out the plan in this `file`, made by s plan --out; nothing is done if anything changed since")
	return cmd
}

// BindScope adds the flags that hold a deployment to parts of a resource. As with
// the peer's, a bare one is all of its kind.
func BindScope(flags *pflag.FlagSet, scope *deploy.Scope) {
	flags.StringVar(&scope.Function, "function", "", "deploy the functions alone, or of them only the code or the config")
	flags.Lookup("function").NoOptDefVal = deploy.FunctionAll
	flags.StringSliceVar(&scope.Triggers, "trigger", nil, "deploy the triggers alone, or some of them by name")
	flags.Lookup("trigger").NoOptDefVal = deploy.AllTriggers
	flags.BoolVar(&scope.Async, "async-invoke-config", false, "deploy the configuration of asynchronous invocations alone")
}

// Run deploys.
func Run(ctx context.Context, opts *Options) error {
	project, err := opts.Project(ctx, "deploy")
	if err != nil {
		return err
	}
	saved, err := opts.prepareScope(project)
	if err != nil {
		return err
	}
	resources, err := cmdutil.Resources(project, opts.Resources)
	if err != nil {
		return err
	}
	target, err := opts.Target(ctx, project)
	if err != nil {
		return err
	}
	if saved != nil && saved.Place != cmdutil.PlaceOf(project, target) {
		return cmdutil.WithHint(cmdutil.ExitUsage, fmt.Errorf("the plan %s was made for another place: %s of account %s", opts.Plan, saved.Place.File, saved.Place.Account), "s plan --out "+opts.Plan)
	}
	groups, err := cmdutil.Order(project, resources, len(opts.Resources) > 0)
	if err != nil {
		return err
	}
	if err := cmdutil.CheckParallel(opts.Parallel); err != nil {
		return err
	}
	d := &deployment{Options: opts, project: project, target: target, groups: groups, failed: map[string]bool{}, saved: saved}
	d.ledger = cmdutil.OpenLedger(opts.IO, project, target)
	d.deployed = cmdutil.NewDeployed(ctx, project, func(r *spec.Resource) (deploy.Reader, error) { return target.Client(r) })
	err = d.deploy(ctx)
	return cmdutil.CloudError(d.end(ctx, err), target)
}

// deployment is one run.
type deployment struct {
	*Options
	project  *spec.Project
	target   *cmdutil.Target
	deployed *cmdutil.Deployed // what was there before
	groups   [][]string        // names of resources, in the order in which they run
	items    []*item           // of the group that runs
	all      []*item           // of this group and those before it
	failed   map[string]bool   // resources that others can't build on
	ledger   *deploy.Ledger    // what earlier deployments made
	saved    *deploy.Saved     // the plan to carry out; nil makes one
	gone     []cmdutil.Gone    // what s.yaml no longer has and is to go
	locks    deploy.Locks      // of what several resources change
	hookErr  error             // the first of the actions that follow a resource
}

// item is one resource on its way.
type item struct {
	resource *spec.Resource
	subject  *cmdutil.Subject // of its actions; nil until they run
	remote   deploy.Remote
	prepared *deploy.Prepared
	plan     *deploy.Changes
	auto     *alicloud.Plan // what "auto" stands for; nil is nothing
	report   *deploy.Report
	blocked  string        // the resource for whose failure it wasn't tried
	waits    bool          // a dry run can't know what it will be
	took     time.Duration // applying its plan
	err      error
}

// deploy runs the groups. A resource that fails keeps those that depend on it
// from being tried, and nothing else.
func (d *deployment) deploy(ctx context.Context) error {
	if err := d.savedDropped(ctx); err != nil {
		return err
	}
	if err := d.settleActions(ctx); err != nil {
		return err
	}
	if err := d.actions().Before(ctx, &cmdutil.Subject{Project: d.project}); err != nil {
		return err
	}
	changes := false
	for _, names := range d.groups {
		if err := d.take(ctx, names); err != nil {
			return d.worst(err)
		}
		changed, err := d.group(ctx)
		d.after(ctx, err)
		if err != nil {
			return d.worst(err)
		}
		changes = changes || changed
	}
	changed, err := d.dropped(ctx)
	if err != nil {
		return d.worst(err)
	}
	changes = changes || changed
	if err := d.worst(nil); err != nil {
		if d.hookErr != nil {
			d.actions().Tell(&cmdutil.Subject{Project: d.project}, d.hookErr)
		}
		d.tellLeft()
		d.summary()
		return d.advise(err)
	}
	if !changes {
		d.IO.Errf("no changes: what is deployed is what s.yaml says")
	}
	if d.DryRun && changes {
		return nil
	}
	if changes {
		d.summary()
	}
	return cmp.Or(d.print(), d.hookErr)
}

// group takes the resources at hand through all steps and tells whether there
// was anything to change.
func (d *deployment) group(ctx context.Context) (bool, error) {
	if err := d.before(ctx); err != nil {
		return false, err
	}
	if err := d.plan(ctx); err != nil {
		return false, err
	}
	if err := d.leftovers(); err != nil {
		return false, err
	}
	defer d.record()
	var plans []*deploy.Changes
	pending := false
	for _, it := range d.items {
		if it.err == nil {
			plans = append(plans, it.plan)
			pending = pending || !it.plan.Empty()
		}
	}
	if !pending {
		return false, nil
	}
	fmt.Fprint(d.IO.ErrOut, deploy.Render(plans, d.IO))
	if d.DryRun {
		return true, nil
	}
	if err := d.confirm(plans); err != nil {
		return true, err
	}
	d.apply(ctx)
	return true, ctx.Err()
}

// before runs the pre actions and finds and packs the code, a resource at a
// time, so that the output of builds doesn't mix. A dry run has no actions.
func (d *deployment) before(ctx context.Context) error {
	for _, it := range d.items {
		if err := d.prepare(ctx, it); err != nil {
			if err := d.setAside(ctx, it, err); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *deployment) prepare(ctx context.Context, it *item) error {
	it.subject = &cmdutil.Subject{Project: d.project, Resource: it.resource}
	if err := d.actions().Before(ctx, it.subject); err != nil {
		return err
	}
	d.project, it.resource = it.subject.Project, it.subject.Resource
	preparer := deploy.Preparer{
		Artifacts: d.Artifacts, NoBuild: d.NoBuild, NoDefaultIgnore: d.NoDefaultIgnore, KeepImages: d.Images.Skip, AnyMachine: d.target.AnyMachine(),
	}
	prepared, err := preparer.Prepare(ctx, d.project, it.resource)
	if stale := (*deploy.StaleError)(nil); errors.As(err, &stale) {
		return cmdutil.WithHint(cmdutil.ExitFailed, err, "s build "+it.resource.Name)
	}
	if err != nil {
		cmdutil.TellTooLarge(d.IO, it.resource, err)
		return cmdutil.HelpWithFile(d.IO, err)
	}
	if err := d.Images.Place(ctx, d.project, d.target, it.resource, prepared); err != nil {
		return err
	}
	prepared.Desired.Before = d.ledger.Before(it.resource.Region, it.resource.Function.FunctionName)
	it.prepared = prepared
	cmdutil.TellDomain(d.IO, d.target, it.resource, &prepared.Desired)
	cmdutil.TellCode(d.IO, d.project, it.resource, prepared)
	return nil
}

// setAside leaves out a resource that failed before its plan, so that the others
// go on. The error of the only one, and of an interruption, ends the run.
func (d *deployment) setAside(ctx context.Context, it *item, err error) error {
	var known *cmdutil.Error
	if ctx.Err() != nil || cmdutil.Count(d.groups) == 1 || errors.As(err, &known) && known.Quiet {
		return err
	}
	it.err = err
	if !it.resource.ContinueOnError {
		d.failed[it.resource.Name] = true
	}
	return nil
}

// plan reads what is deployed, all resources at the same time, and compares.
func (d *deployment) plan(ctx context.Context) error {
	for _, it := range d.items {
		remote, err := d.target.Client(it.resource)
		if err != nil {
			return err
		}
		it.remote = remote
	}
	cmdutil.Parallel(d.Parallel, len(d.items), func(i int) {
		it := d.items[i]
		if it.err != nil {
			return // set aside
		}
		var actual deploy.Actual
		if actual, it.err = deploy.Read(ctx, it.remote, it.prepared.Desired); it.err == nil {
			it.report = &deploy.Report{State: actual}
			it.plan, it.auto, it.err = cmdutil.PlanAuto(ctx, d.target, it.resource, it.prepared.Desired, actual, d.Scope, d.project.Redact)
		}
	})
	for _, it := range d.items {
		cmdutil.TellTwice(d.IO, it.resource.Name, it.auto)
		if it.err == nil {
			continue
		}
		if err := d.setAside(ctx, it, it.err); err != nil {
			return err
		}
	}
	return nil
}

// confirm asks on a terminal. Without one, what creates or updates goes ahead,
// as scripts expect; what deletes needs -y.
func (d *deployment) confirm(plans []*deploy.Changes) error {
	if d.Yes || d.saved != nil {
		return nil
	}
	if d.IO.CanPrompt() {
		yes, err := d.IO.Prompter().Confirm(d.IO.T("Deploy these changes?"), true)
		if err != nil {
			return err
		}
		if !yes {
			d.IO.Errf("nothing was deployed")
			return cmdutil.Quiet(cmdutil.ExitFailed)
		}
		return nil
	}
	deletes := slices.ContainsFunc(plans, func(p *deploy.Changes) bool { return p.Count(deploy.Delete) > 0 })
	if deletes {
		return cmdutil.WithHint(cmdutil.ExitUsage, errors.New("the plan deletes something and there is no terminal to ask on"), "s deploy -y")
	}
	return nil
}
