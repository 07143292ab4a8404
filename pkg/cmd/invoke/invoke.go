// Package invokecmd is the command that calls a function: its log on stderr
// while it runs, its result alone on stdout.
package invokecmd

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"s/pkg/access"
	"s/pkg/cmd/cmdutil"
	"s/pkg/deploy"
	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/fcclient"
	"s/pkg/invoke"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

// Options is what the command was asked for, and what it works with.
type Options struct {
	IO       *iostreams.IOStreams
	Settings *cmdutil.Settings
	Project  func(ctx context.Context, command string) (*spec.Project, error)
	Target   func(ctx context.Context, project *spec.Project) (*cmdutil.Target, error)
	Reload   cmdutil.Reload // nil leaves values open that only a deployment gives
	// Remote gives where a resource is called; nil takes the target's client.
	Remote func(target *cmdutil.Target, r *spec.Resource) (invoke.Target, error)
	// Reader gives where a resource is looked up at a target, or in the local
	// cloud without one.
	Reader func(ctx context.Context, target *cmdutil.Target, r *spec.Resource) (deploy.Reader, error)
	// Outside gives what actions need; nil gives them nothing.
	Outside func() cmdutil.Outside
	// LocalFallback runs a resource in the local cloud and tells io about it;
	// cleanup is called after the invocation.
	LocalFallback func(ctx context.Context, io *iostreams.IOStreams, project *spec.Project, r *spec.Resource) (target invoke.Target, cleanup func(), err error)

	Resources   []string // names; none is all
	Event       string
	EventFile   string // "-" is stdin
	EventStdin  bool
	HasEvent    bool     // --event was given
	Template    string   // type of a sample event
	Sets        []string // values of the sample
	Type        string
	Qualifier   string
	TaskID      string
	Timeout     int // seconds; 0 is the function's own and some more
	RemoteOnly  bool
	Silent      bool
	SkipActions bool
	Parallel    int // how many resources at the same time; 0 is all

	// Tree runs functions from the working tree, whatever is deployed:
	// LocalFallback is the only way.
	Tree bool

	several bool // this call is one of several
	// done takes what came of a call; nil shows it.
	done func(*view, *invoke.Outcome) (any, error)
}

// NewCmd makes the invoke command. runF replaces the run, for tests.
func NewCmd(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Settings: f.Settings, Project: f.Project, Target: f.Target, Reload: f.Reload, Outside: f.Outside}
	opts.LocalFallback, opts.Reader = localFallback(f), reader(f)
	cmd := &cobra.Command{
		Use:   "invoke [resource...]",
		Short: "Call functions",
		Long: "Invoke calls the function with an event and shows its log on stderr and its result on stdout.\n" +
			"A function that isn't deployed, or can't be reached without credentials, is run locally (not with --remote).\n" +
			"Several functions get the same event, at the same time unless they wait for others.\n" +
			"A function of edition 1.0.0 that has an HTTP trigger is called by it: the event describes the request,\n" +
			"as JSON with method, path, queries, headers and body, all of which may be missing.",
		Example: "s invoke -e '{\"key\":\"value\"}'\ns invoke -f event.json\ns invoke api web -o json\necho hello | s invoke --event-stdin\ns invoke --invocation-type async -e x",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Resources = args
			opts.HasEvent = cmd.Flags().Changed("event")
			if err := opts.check(); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return Run(cmd.Context(), opts)
		},
	}
	opts.bindEvent(cmd.Flags())
	opts.bindCall(cmd.Flags())
	flags := cmd.Flags()
	cmdutil.BindFunction(flags, f.Settings)
	flags.StringVar(&opts.Type, "invocation-type", "sync", "sync or async")
	flags.StringVar(&opts.Qualifier, "qualifier", "", "version or alias (default LATEST)")
	flags.StringVar(&opts.TaskID, "async-task-id", "", "name of the asynchronous task")
	flags.BoolVar(&opts.RemoteOnly, "remote", false, "never run the function locally instead")
	return cmd
}

// bindEvent defines the flags that say what the event is.
func (o *Options) bindEvent(flags *pflag.FlagSet) {
	flags.StringVarP(&o.Event, "event", "e", "", "the event")
	flags.StringVarP(&o.EventFile, "event-file", "f", "", "a file with the event; - is stdin")
	flags.BoolVarP(&o.EventStdin, "event-stdin", "s", false, "read the event from stdin")
	flags.StringVar(&o.Template, "event-template", "", "call with the sample event of a trigger type, see s event")
	flags.StringArrayVar(&o.Sets, "set", nil, "PATH=VALUE, a value of the sample event; may be given several times")
}

// bindCall defines the flags of every call.
func (o *Options) bindCall(flags *pflag.FlagSet) {
	flags.IntVar(&o.Timeout, "timeout", 0, "seconds to wait for the answer (default: the function's timeout and 120)")
	flags.BoolVar(&o.Silent, "silent", false, "show the result only")
	cmdutil.BindParallel(flags, &o.Parallel, "how many functions to call at the same time (default: all that don't wait for others)")
	flags.BoolVar(&o.SkipActions, "skip-actions", false, "run no actions of s.yaml")
}

// check refuses flags that contradict each other.
func (o *Options) check() error {
	sources := 0
	for _, given := range []bool{o.HasEvent, o.EventFile != "", o.EventStdin, o.Template != ""} {
		if given {
			sources++
		}
	}
	switch {
	case sources > 1:
		return cmdutil.UsageError(diag.Errorf("choose one of --event, --event-file, --event-stdin and --event-template"))
	case len(o.Sets) > 0 && o.Template == "":
		return cmdutil.UsageError(diag.Errorf("--set needs --event-template"))
	case !strings.EqualFold(o.Type, fc.InvocationSync) && !strings.EqualFold(o.Type, fc.InvocationAsync):
		return cmdutil.UsageError(diag.Errorf("unknown invocation type %q: choose sync or async", o.Type))
	case o.Timeout < 0:
		return cmdutil.UsageError(diag.Errorf("timeout %d is negative", o.Timeout))
	case o.TaskID != "" && !o.async():
		return cmdutil.UsageError(diag.Errorf("--async-task-id needs --invocation-type async"))
	}
	return cmdutil.CheckParallel(o.Parallel)
}

func (o *Options) async() bool { return strings.EqualFold(o.Type, fc.InvocationAsync) }

// command is what actions are written for.
func (o *Options) command() string {
	if o.Tree {
		return "local"
	}
	return "invoke"
}

// Run invokes.
func Run(ctx context.Context, opts *Options) error {
	opts = opts.oneTarget()
	project, err := opts.project(ctx)
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
	event, err := opts.event()
	if err != nil {
		return err
	}
	project, _, err = cmdutil.SettleNames(ctx, opts.command(), project, cmdutil.In(groups, project), opts.settle(ctx, project, false))
	if err != nil {
		return cmdutil.CloudError(err, nil)
	}
	actions := cmdutil.NewActions(opts.IO, opts.command(), opts.SkipActions, opts.Outside)
	whole := &cmdutil.Subject{Project: project}
	if err := actions.Before(ctx, whole); err != nil {
		return err
	}
	asked := cmdutil.Count(groups)
	values, err := opts.each(project, event, asked > 1).Groups(ctx, groups)
	if printed := opts.print(project, asked, values); err == nil {
		err = printed
	}
	return actions.After(ctx, whole, err)
}

// call invokes at the target or, where that can't be, locally. It gives the result
// as data, if it is wanted as that.
func (o *Options) call(ctx context.Context, project *spec.Project, r *spec.Resource, event []byte) (any, error) {
	if _, err := o.httpCall(r, event); err != nil { // before anything is built for it
		return nil, err
	}
	if o.Tree {
		return o.callLocal(ctx, project, r, event, o.Settings.Access == access.LocalAlias)
	}
	target, err := o.Target(ctx, project)
	if o.withoutTarget(err) {
		o.tellWhy(err)
		o.IO.Errf("no credentials: running %s locally", r.Name)
		return o.callLocal(ctx, project, r, event, true)
	}
	if err != nil {
		return nil, err
	}
	remote, err := o.remote(target, r)
	if err != nil {
		return nil, cmdutil.CloudError(err, target)
	}
	value, err := o.invoke(ctx, remote, r, event, target.Local)
	if fc.IsCode(err, fc.CodeFunctionNotFound, fc.CodeServiceNotFound) && !o.RemoteOnly && o.Qualifier == "" {
		o.IO.Errf("%s is not deployed (access %s, %s): running it locally", r.Name, target.Credentials.Alias, r.Region)
		return o.callLocal(ctx, project, r, event, target.Local)
	}
	return value, cmdutil.CloudError(cmdutil.UnsureHint(err, target, o.mayHaveRun()), target)
}

// mayHaveRun is what helps if no answer came.
func (o *Options) mayHaveRun() string {
	if o.async() {
		return o.IO.T("the event may be queued all the same, so it isn't sent again by itself")
	}
	return o.IO.T("it may have run all the same, so it isn't called again by itself")
}

// callLocal runs the function in the local cloud. Values that only a deployment
// gives come from the target, or from the local cloud if there is none.
func (o *Options) callLocal(ctx context.Context, project *spec.Project, r *spec.Resource, event []byte, isLocal bool) (any, error) {
	settle := o.settle(ctx, project, isLocal)
	project, settled, err := cmdutil.SettleAll(ctx, o.command(), project, []*spec.Resource{r}, settle)
	if err == nil && settled[0].Pending() {
		err = cmdutil.Unsettled(r, cmdutil.FirstOpen(settled[0]), settle.Flags...)
	}
	if err != nil {
		return nil, cmdutil.CloudError(err, nil)
	}
	r = latest(settled[0])
	target, cleanup, err := o.LocalFallback(ctx, o.IO, project, r)
	if err != nil {
		return nil, err
	}
	defer cleanup()
	return o.invoke(ctx, target, r, event, true)
}

func (o *Options) remote(target *cmdutil.Target, r *spec.Resource) (invoke.Target, error) {
	if o.Remote != nil {
		return o.Remote(target, r)
	}
	return target.Client(r)
}

// invoke makes the call and shows it.
func (o *Options) invoke(ctx context.Context, target invoke.Target, r *spec.Resource, event []byte, live bool) (any, error) {
	wait := o.wait(r)
	limited, cancel := context.WithTimeoutCause(ctx, wait, diag.Errorf("no answer within %s", wait))
	defer cancel()
	view := newView(o)
	request, err := o.httpCall(r, event)
	if err == nil {
		err = view.asked(target, request)
	}
	if err != nil {
		return nil, err
	}
	outcome, err := invoke.Call(limited, target, invoke.Request{
		InvokeInput: fcclient.InvokeInput{
			Function: r.Function.FunctionName, Qualifier: o.Qualifier, Event: event,
			Async: o.async(), AsyncTaskID: o.TaskID,
		},
		HTTP: request, Live: live, Log: view.line, MemoryMB: memory(r),
	})
	if err != nil {
		shown := view.open
		view.end("")
		if errors.Is(err, context.DeadlineExceeded) || ctx.Err() == nil && errors.Is(err, context.Cause(limited)) {
			err = cmdutil.WithHint(cmdutil.ExitFailed, context.Cause(limited), o.mayHaveRun())
		}
		return nil, notStarted(err, shown)
	}
	if o.async() && !view.quiet && keepsLogs(r) {
		o.IO.Errf("its log: %s", strings.Join(append([]string{"s", "logs", r.Name, "-r", outcome.RequestID}, cmdutil.AccessFlags(o.Settings)...), " "))
	}
	if o.done != nil {
		return o.done(view, outcome)
	}
	return view.show(outcome)
}

// notStarted turns an instance that didn't start into a failure of the
// function. Its message carries the function's output, which is dropped if it
// was shown already.
func notStarted(err error, shown bool) error {
	if !fc.IsCode(err, fc.CodeCAExited, fc.CodeCAFileNotFound, fc.CodeFunctionNotStarted) {
		return err
	}
	var api *fc.APIError
	if shown && errors.As(err, &api) {
		short := *api
		short.Message, _, _ = strings.Cut(api.Message, "\nLogs:")
		err = &short
	}
	return cmdutil.WithCode(cmdutil.ExitFunction, err)
}

// startup is how long a first call may take over the function's own timeout.
const startup = 120

func (o *Options) wait(r *spec.Resource) time.Duration {
	seconds := o.Timeout
	if seconds == 0 {
		seconds = max(r.Function.Timeout, fc.DefaultTimeoutSeconds) + startup
	}
	return time.Duration(seconds) * time.Second
}

// memory is what a function of s.yaml is deployed with, in MB.
func memory(r *spec.Resource) int {
	switch {
	case r.Function.MemorySize > 0:
		return r.Function.MemorySize
	case r.Service != nil:
		return fc.MinMemoryMB
	}
	return fc.DefaultMemoryMB
}
