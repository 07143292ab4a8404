// Package logscmd is the command that shows what a function printed.
package logscmd

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
	"s/pkg/diag"
	"s/pkg/fcclient"
	"s/pkg/logs"
	"s/pkg/spec"
)

// Types of requests that --type chooses.
const (
	typeSuccess = "success"
	typeFail    = "fail"
)

const (
	// window is how far back one looks without --start-time, and tailWindow with
	// --tail.
	window     = time.Hour
	tailWindow = 10 * time.Second
	// before is how much earlier than its id says a request may have begun.
	before = time.Minute
	// endWait is how long after its timeout a request has no end any more: lines may
	// come that late. leastTimeout takes the place of shorter timeouts, in seconds.
	endWait      = 30 * time.Second
	leastTimeout = 60
	// interval is the time between looks of --tail, at Function Compute and at the
	// local cloud.
	interval      = 1500 * time.Millisecond
	localInterval = 300 * time.Millisecond
)

// Options is what the command was asked for, and what it works with.
type Options struct {
	*cmdutil.Factory
	// Source gives where the lines are; nil takes the services beside the target.
	Source func(target *cmdutil.Target, r *spec.Resource) logs.Source
	// Now is the clock, Sleep waits; its error is ctx's.
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error

	Resource   string // may be empty if there is one only
	RequestID  string
	InstanceID string
	Qualifier  string
	Search     string
	Query      string
	Match      string
	Type       string // typeSuccess, typeFail or all
	Start, End string // as logs.ParseTime reads them; empty is the default
	Tail       bool

	template string // a file after -t
	timeout  int    // of the function, in seconds; 0 isn't known
}

// NewCmd makes the logs command. runF replaces the run, for tests.
func NewCmd(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{Factory: f, Now: time.Now, Sleep: fcclient.Sleep}
	cmd := &cobra.Command{
		Use:   "logs [resource]",
		Short: "Show what a function printed",
		Long: "Logs shows the lines of a function that has a logConfig: those of the last hour, of a span of time, of one\n" +
			"request, or with --tail those that come. With -o json each line is an object on a line of its own.\n" +
			"A time is 2006-01-02T15:04:05, with a zone or in this machine's, a timestamp in milliseconds, or how long\n" +
			"ago: 15m, 2h, 1d. In --search all words must be in a line; a word that ends in * is the beginning of one.",
		Example: "s logs\ns logs --tail\ns logs -s 15m --search timeout\ns logs -r 1-6b094645-38c73ad8-3137b692461b\ns logs --type fail -s 1d -o json",
		Args:    func(cmd *cobra.Command, args []string) error { return cmdutil.OneArg(cmd, opts.withoutTemplate(args)) },
		RunE: func(cmd *cobra.Command, args []string) error {
			if args = opts.withoutTemplate(args); len(args) > 0 {
				opts.Resource = args[0]
			}
			if err := opts.check(); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return Run(cmd.Context(), opts)
		},
	}
	flags := cmd.Flags()
	cmdutil.BindFunction(flags, f.Settings)
	flags.StringVarP(&opts.RequestID, "request-id", "r", "", "only the lines of this request")
	flags.StringVar(&opts.InstanceID, "instance-id", "", "only the lines of this instance, with its events")
	flags.StringVar(&opts.Qualifier, "qualifier", "", "only the lines of this version or alias")
	flags.StringVarP(&opts.Start, "start-time", "s", "", "from this time on (default: an hour ago, or when the request of -r began)")
	flags.StringVarP(&opts.End, "end-time", "e", "", "before this time (default: now)")
	flags.BoolVarP(&opts.Tail, "tail", "t", false, "go on with the lines that come, until ctrl-c")
	flags.StringVar(&opts.Type, "type", "", "only requests that went like this: success, or fail (an error, or no end)")
	flags.StringVar(&opts.Search, "search", "", "only lines with these words")
	flags.StringVar(&opts.Query, "query", "", "only lines that fit a condition in the search syntax of SLS")
	flags.StringVar(&opts.Match, "match", "", "show this text in colour where it is in a line")
	// Without its letter, which is --tail's here.
	flags.String("template", "", "path of the s.yaml (default: s.yaml in this folder)")
	_ = cmd.RegisterFlagCompletionFunc("type", cobra.FixedCompletions([]string{typeSuccess, typeFail}, cobra.ShellCompDirectiveNoFileComp)) // the flag is above
	return cmd
}

// withoutTemplate takes a file out of the arguments: after -t it is the template, as it
// is with all other commands.
func (o *Options) withoutTemplate(args []string) []string {
	for i, arg := range args {
		if ext := filepath.Ext(arg); o.Tail && (ext == ".yaml" || ext == ".yml") {
			o.template, o.Tail = arg, false
			return slices.Concat(args[:i], args[i+1:])
		}
	}
	return slices.DeleteFunc(slices.Clone(args), func(arg string) bool { return arg == o.template })
}

// check refuses flags that contradict each other.
func (o *Options) check() error {
	if o.template != "" {
		o.Settings.Template = o.template
	}
	switch {
	case o.Type != "" && !strings.EqualFold(o.Type, typeSuccess) && !strings.EqualFold(o.Type, typeFail):
		return cmdutil.UsageError(diag.Errorf("unknown --type %q: choose success or fail", o.Type))
	case o.Tail && o.End != "":
		return cmdutil.UsageError(diag.Errorf("choose one of --tail and --end-time"))
	}
	if o.Query != "" {
		if err := logs.CheckQuery(o.Query); err != nil {
			return cmdutil.UsageError(diag.Errorf("--query can't be read: %w", err))
		}
	}
	return nil
}

// span gives the time from and to which lines are shown.
func (o *Options) span() (from, to time.Time, err error) {
	now := o.Now()
	from, to = now.Add(-window), now
	if o.Tail {
		from = now.Add(-tailWindow)
	}
	if began := logs.RequestTime(o.RequestID); !began.IsZero() && began.Before(now.Add(before)) {
		from = began.Add(-before)
	}
	for _, flag := range []struct {
		name, text string
		into       *time.Time
	}{{"--start-time", o.Start, &from}, {"--end-time", o.End, &to}} {
		if flag.text == "" {
			continue
		}
		if *flag.into, err = logs.ParseTime(flag.text, now); err != nil {
			return from, to, cmdutil.UsageError(diag.Errorf("%s is %q: %w", flag.name, flag.text, err))
		}
	}
	if o.End != "" && o.Start == "" && o.RequestID == "" {
		from = to.Add(-window)
	}
	if !from.Before(to) && !o.Tail {
		return from, to, cmdutil.UsageError(diag.Errorf("there is no time between %s and %s", from.Format(time.RFC3339), to.Format(time.RFC3339)))
	}
	return from, to, nil
}

// Run shows the lines.
func Run(ctx context.Context, opts *Options) error {
	from, to, err := opts.span()
	if err != nil {
		return err
	}
	one, err := cmdutil.FindOne(ctx, opts.Factory, opts.Resource, "logs")
	if err != nil {
		return err
	}
	reader, err := opts.reader(ctx, one)
	if err != nil {
		return cmdutil.CloudError(err, one.Target)
	}
	v := &view{Options: opts}
	if opts.Tail {
		return opts.slsError(opts.tail(ctx, one, reader, v, from), one, reader)
	}
	if err := opts.show(ctx, reader, v, from, to); err != nil {
		return opts.slsError(err, one, reader)
	}
	if v.count == 0 {
		opts.tellNone(one, from, to)
	}
	return nil
}

// show shows the lines of a span of time. With --type all lines of it are read first: a
// request's end says how it went.
func (o *Options) show(ctx context.Context, reader *logs.Reader, v *view, from, to time.Time) error {
	wanted := func(logs.Line) bool { return true }
	if o.Type != "" {
		var outcomes logs.Outcomes
		whole := *reader
		whole.Scope.Search, whole.Scope.Query = "", ""
		if err := whole.Read(ctx, from, to, func(l logs.Line) error { outcomes.Add(l); return nil }); err != nil {
			return err
		}
		wanted = func(l logs.Line) bool {
			failed, known := outcomes.Failed(l.RequestID)
			return known && failed == strings.EqualFold(o.Type, typeFail)
		}
	}
	return reader.Read(ctx, from, to, func(l logs.Line) error {
		if !wanted(l) {
			return nil
		}
		return v.line(l)
	})
}

// tail shows lines as they come.
func (o *Options) tail(ctx context.Context, one *cmdutil.OneFunction, reader *logs.Reader, v *view, from time.Time) error {
	each := v.line
	tail := &logs.Tail{Reader: reader, Interval: interval, Now: o.Now, Trouble: func(err error) {
		if err == nil {
			o.IO.Errf("the log service answers again")
			return
		}
		o.IO.Errf("%v: trying again", err)
	}}
	if one.Target.Local {
		tail.Interval = localInterval
	}
	if o.Type != "" {
		seconds := max(o.timeout, leastTimeout)
		hold := &logs.Hold{Failed: strings.EqualFold(o.Type, typeFail), Patience: time.Duration(seconds)*time.Second + endWait, Each: v.line}
		each, tail.Looked = hold.Line, hold.Passed
	}
	if o.IO.IsStderrTTY() {
		o.IO.Errf("waiting for lines of %s; ctrl-c ends", one.Resource.Name)
	}
	return tail.Run(ctx, from, each)
}

// tellNone says that there was nothing.
func (o *Options) tellNone(one *cmdutil.OneFunction, from, to time.Time) {
	o.IO.Errf("no lines of %s between %s and %s", one.Resource.Name, from.Format(timeShown), to.Format(timeShown))
	if !one.Target.Local {
		o.IO.Errf("new lines take some seconds to get to the log service")
	}
}
