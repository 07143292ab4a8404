// Package buildcmd is the command that builds functions.
package buildcmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"s/pkg/build"
	"s/pkg/build/languages"
	"s/pkg/cmd/cmdutil"
	"s/pkg/deploy"
	"s/pkg/diag"
	"s/pkg/iostreams"
	"s/pkg/spec"
	"s/pkg/toolchain"
)

// Options is what the command was asked for, and what it works with.
type Options struct {
	IO       *iostreams.IOStreams
	Settings *cmdutil.Settings
	Project  func(ctx context.Context, command string) (*spec.Project, error)
	// Target and Reload are for where the code is, or its runtime, if only a
	// deployment tells; nil leaves that open.
	Target func(ctx context.Context, project *spec.Project) (*cmdutil.Target, error)
	Reload cmdutil.Reload
	// Builders are asked in order.
	Builders build.Builders
	// CacheDir keeps what was built for the next time.
	CacheDir string
	// Outside gives what actions need; nil gives them nothing.
	Outside func() cmdutil.Outside
	// Engine gives the program of a container engine that answers, empty for
	// none; nil asks docker and podman, or with buildkit, buildctl.
	Engine func(ctx context.Context, buildkit bool) string

	Resources []string // names; none is all
	UseDocker bool
	NoCache   bool
	// NoDefaultIgnore takes .git, .env* and the like, too.
	NoDefaultIgnore bool
	SkipActions     bool
	Parallel        int // how many resources at the same time; 0 is one per core
	// CustomEnv is a JSON object of variables for the tools, CustomArgs what is
	// added to their command line.
	CustomEnv, CustomArgs string
	// Command is a line for the shell to build with, ScriptFile the path of a
	// file with such lines.
	Command, ScriptFile string
	// Dockerfile is what an image is built from, Context the folder that it may
	// copy from; empty are those of the code.
	Dockerfile, Context string
	Buildkit            bool

	// Report shows what of the code is large; PublishLayer makes a layer of the
	// dependencies.
	Report, PublishLayer bool
	// Watch builds again whenever what was built changes, until it is
	// interrupted.
	Watch bool
	// every is how often Watch looks; 0 is half a second.
	every time.Duration

	known *known // nil asks and tells each time
	// asBefore is deploy asking: it wants the artifact as it was built.
	asBefore bool
	// LookupEnv reads the environment; nil is that of the process.
	LookupEnv func(name string) (string, bool)
}

// NewCmd makes the build command. runF replaces the run, for tests.
func NewCmd(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := newOptions(f)
	cmd := &cobra.Command{
		Use:   "build [resource...]",
		Short: "Install dependencies and make the code ready to deploy",
		Long: "Install the dependencies of functions with the tools of their runtime and make\n" +
			"the code ready to deploy, in .s/build/artifacts beside s.yaml. The source stays as it is.\n" +
			"Nothing is installed again while the list of dependencies is the same.",
		Example: "s build\ns build api web --parallel 1\ns api build --use-docker",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Resources = args
			if err := cmdutil.CheckParallel(opts.Parallel); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			if opts.Watch {
				return opts.watch(cmd.Context())
			}
			return RunBuild(cmd.Context(), opts)
		},
	}
	opts.bind(cmd.Flags())
	cmdutil.BindParallel(cmd.Flags(), &opts.Parallel, "how many functions to build at the same time (default: one per core)")
	cmd.Flags().BoolVar(&opts.Watch, "watch", false, "build again whenever the source changes")
	cmd.Flags().BoolVar(&opts.Report, "report", false, "show what of the code is large")
	cmd.Flags().BoolVar(&opts.SkipActions, "skip-actions", false, "run no actions of s.yaml")
	return cmd
}

func newOptions(f *cmdutil.Factory) *Options {
	cache, made := "", ""
	if f.Home != nil {
		if home, err := f.Home(); err == nil {
			cache, made = filepath.Join(home, "cache"), build.CacheFolder(home)
		}
	}
	finder := toolchain.New(os.LookupEnv)
	finder.CacheDir, finder.Debug = cache, f.IO.Debug
	opts := &Options{
		IO: f.IO, Settings: f.Settings, Project: f.Project, Target: f.Target, Reload: f.Reload, Outside: f.Outside,
		CacheDir: made,
		known:    &known{},
	}
	opts.Builders = languages.All(finder, os.Environ(), opts.engine)
	return opts
}

// Artifacts gives deploy what it needs to know of builds; what they do is told
// on stderr. noDefaultIgnore is the flag of that name, which is read later; nil is
// false.
func Artifacts(f *cmdutil.Factory, noDefaultIgnore *bool) build.Artifacts {
	opts := newOptions(f)
	a := build.Artifacts{Builders: opts.Builders, CacheDir: opts.CacheDir, Debug: f.IO.Debug, NoDefaultIgnore: noDefaultIgnore}
	a.Begin = opts.begin
	a.Done = opts.done
	return a
}

// Action gives what runs a component action "fc build <flags>" of a resource
// for another command, with the flag noDefaultIgnore of that one, see Artifacts.
func Action(f *cmdutil.Factory, noDefaultIgnore *bool) func(ctx context.Context, p *spec.Project, r *spec.Resource, flags []string) error {
	opts := newOptions(f)
	return func(ctx context.Context, p *spec.Project, r *spec.Resource, flags []string) error {
		own := *opts
		own.NoDefaultIgnore = noDefaultIgnore != nil && *noDefaultIgnore
		return own.action(ctx, p, r, flags)
	}
}

func (o *Options) action(ctx context.Context, p *spec.Project, r *spec.Resource, words []string) error {
	flags := pflag.NewFlagSet("build", pflag.ContinueOnError)
	flags.Usage = func() {}
	own := *o // several resources may be at it at the same time
	own.bind(flags)
	if err := flags.Parse(words); err != nil {
		return cmdutil.UsageError(diag.Errorf("build: %w", err))
	}
	own.asBefore = words == nil
	_, err := own.one(ctx, p, r)
	return err
}

// RunBuild builds the resources asked for.
func RunBuild(ctx context.Context, opts *Options) error {
	project, err := opts.Project(ctx, "build")
	if err != nil {
		return err
	}
	resources, err := cmdutil.Resources(project, opts.Resources)
	if err != nil {
		return err
	}
	groups, err := cmdutil.Order(project, resources, len(opts.Resources) > 0)
	if err != nil {
		return err
	}
	if project, _, err = opts.settle(ctx, project, cmdutil.In(groups, project)); err != nil {
		return err
	}
	actions, whole := opts.actions(), &cmdutil.Subject{Project: project}
	if err := actions.Before(ctx, whole); err != nil {
		return err
	}
	results, err := opts.each(project).Groups(ctx, groups)
	err = actions.After(ctx, whole, err)
	return cmp.Or(err, opts.print(project, cmdutil.Count(groups), results))
}

// settle fills in what only a deployment gives, if a build needs it: the code, its
// runtime, values of the actions. Anything else may stay open.
func (o *Options) settle(ctx context.Context, project *spec.Project, resources []*spec.Resource) (*spec.Project, []*spec.Resource, error) {
	open := !o.SkipActions && cmdutil.OpenAction("build", project.Actions) != nil
	for _, r := range resources {
		open = open || r.OpenSource() != nil || !o.SkipActions && cmdutil.OpenAction("build", r.Actions) != nil
	}
	if !open || o.Target == nil {
		return project, resources, nil
	}
	target, err := o.Target(ctx, project)
	if err != nil {
		return nil, nil, err
	}
	project, resources, err = cmdutil.SettleAll(ctx, "build", project, resources, cmdutil.SettleOptions{
		Reload: o.Reload, Remote: func(r *spec.Resource) (deploy.Reader, error) { return target.Client(r) },
	})
	return project, resources, cmdutil.CloudError(err, target)
}

// one builds a resource and tells what it did; on a terminal, what it is doing,
// too.
func (o *Options) one(ctx context.Context, p *spec.Project, r *spec.Resource) (build.Result, error) {
	own := *o
	own.IO = o.IO.Above()
	line := own.IO.Progress(r.Name)
	result, err := own.build(ctx, p, r, line)
	if err == nil {
		err = own.more(ctx, p, r, result)
	}
	line.End(err == nil, own.became(result, err))
	return result, err
}

func (o *Options) build(ctx context.Context, p *spec.Project, r *spec.Resource, line *iostreams.Progress) (build.Result, error) {
	if err := cmdutil.Unsettled(r, r.OpenSource(), cmdutil.AccessFlags(o.Settings)...); err != nil {
		return build.Result{}, err
	}
	options, err := o.options()
	if err != nil {
		return build.Result{}, err
	}
	if o.UseDocker {
		line.Say(o.IO.T("looking for the image"))
		if options.Container, err = o.container(ctx, p, r, options); err != nil {
			return build.Result{}, err
		}
	}
	results, err := build.Project(ctx, p, r.Name, build.ProjectOptions{
		Builders: o.Builders, CacheDir: o.CacheDir, Fresh: o.NoCache, AsBefore: o.asBefore, Options: options, Debug: o.IO.Debug, Begin: o.begin, Done: o.done,
		Step: func(step diag.Message) { line.Say(step.In(o.IO.Text)) },
	})
	if err != nil {
		return build.Result{}, o.explain(ctx, p, err)
	}
	return results[0], nil
}

// explain shows what a failed tool said and adds what can be done.
func (o *Options) explain(ctx context.Context, p *spec.Project, err error) error {
	var failed *build.BuildError
	var help *build.HelpError
	switch {
	case err == nil || ctx.Err() != nil:
		return err
	case errors.As(err, &failed):
		for _, line := range failed.Tail {
			fmt.Fprintln(o.IO.ErrOut, o.IO.Dim("  | "+line))
		}
		hint := ""
		if failed.Log != "" {
			hint = "cat " + cmdutil.Shorten(p.Dir, failed.Log)
		}
		return cmdutil.WithHint(cmdutil.ExitFailed, err, hint)
	case errors.As(err, &help):
		return cmdutil.WithHint(cmdutil.ExitFailed, err, help.Help.In(o.IO.Text))
	}
	return cmdutil.HelpWithFile(o.IO, cmdutil.WithCode(cmdutil.ExitFailed, err))
}
