// Package scalecmd holds the commands about how many instances a function has:
// provision, scaling, concurrency and, for FC 2.0, ondemand. Each gets, sets and
// removes one configuration of the function of a resource.
package scalecmd

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"s/pkg/cmd/cmdutil"
	"s/pkg/diag"
	"s/pkg/fc"
)

// Options is what the commands were asked for, and what they work with.
type Options struct {
	*cmdutil.Factory

	Resource  string // may be empty if there is one only
	Qualifier string // version or alias
	Yes       bool
}

// setting is a configuration that the commands of a group are about.
type setting struct {
	name, what string // of the group; of the configuration, in a sentence
	qualified  bool   // it is of a version or alias
	list       func(context.Context, *cmdutil.OneFunction) (list any, n int, err error)
	columns    []string // of a table of them
	get        func(context.Context, *cmdutil.OneFunction, string) (any, error)
	remove     func(context.Context, *cmdutil.OneFunction, string) error
	// put gives the flags of the put command, and what it does with them.
	put func(*pflag.FlagSet) func(context.Context, *cmdutil.OneFunction, string) (any, error)
	// example of put, without the command.
	example string
}

// NewCmds makes the commands. runF replaces their runs, for tests.
func NewCmds(f *cmdutil.Factory, runF func(context.Context, *Options) error) []*cobra.Command {
	var out []*cobra.Command
	for _, s := range []setting{provision(), scaling(), concurrency(), onDemand()} {
		out = append(out, s.group(f, runF))
	}
	return out
}

func (s setting) group(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	cmd := &cobra.Command{
		Use: s.name, Short: "Show, set or remove " + s.what,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	opts := &Options{Factory: f}
	verbs := []*cobra.Command{s.verb(opts, runF, "list", "List "+s.what+", of every version and alias", s.runList)}
	if s.list == nil {
		verbs = nil
	}
	var put func(context.Context, *cmdutil.OneFunction, string) (any, error)
	set := s.verb(opts, runF, "put", "Set "+s.what, func(ctx context.Context, o *Options, one *cmdutil.OneFunction) error {
		doc, err := put(ctx, one, o.Qualifier)
		return o.print(doc, err)
	})
	put = s.put(set.Flags())
	set.Example = "s " + s.name + " put " + s.example
	remove := s.verb(opts, runF, "remove", "Remove "+s.what, s.runRemove)
	remove.Flags().BoolVarP(&opts.Yes, "assume-yes", "y", false, "don't ask")
	cmd.AddCommand(append(verbs, s.verb(opts, runF, "get", "Show "+s.what, s.runGet), set, remove)...)
	return cmd
}

// verb makes a subcommand about the function of one resource.
func (s setting) verb(
	opts *Options, runF func(context.Context, *Options) error, name, short string,
	run func(context.Context, *Options, *cmdutil.OneFunction) error,
) *cobra.Command {
	cmd := &cobra.Command{
		Use: name + " [resource]", Short: short, Args: cmdutil.OneArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				opts.Resource = args[0]
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			one, err := cmdutil.FindOne(cmd.Context(), opts.Factory, opts.Resource, s.name+" "+name)
			if err != nil {
				return err
			}
			return cmdutil.CloudError(run(cmd.Context(), opts, one), one.Target)
		},
	}
	cmdutil.BindFunction(cmd.Flags(), opts.Settings)
	if s.qualified && name != "list" {
		cmd.Flags().StringVar(&opts.Qualifier, "qualifier", fc.LatestQualifier, "version or alias")
	}
	return cmd
}

func (s setting) runList(ctx context.Context, opts *Options, one *cmdutil.OneFunction) error {
	list, n, err := s.list(ctx, one)
	if err != nil {
		return err
	}
	return cmdutil.PrintList(opts.IO, opts.Settings.Output, list, n, opts.IO.T("%s has no %s configuration", one.Name(), s.name), s.columns...)
}

func (s setting) runGet(ctx context.Context, opts *Options, one *cmdutil.OneFunction) error {
	doc, err := s.get(ctx, one, opts.Qualifier)
	return opts.print(doc, err)
}

// runRemove asks first. What isn't there is removed already.
func (s setting) runRemove(ctx context.Context, opts *Options, one *cmdutil.OneFunction) error {
	of := one.Name()
	if s.qualified {
		of += "/" + opts.Qualifier
	}
	question := opts.IO.T("Remove the %s configuration of %s?", s.name, of)
	if err := cmdutil.Confirm(opts.IO, question, opts.Yes, "s "+s.name+" remove "+one.Args()+" -y"); err != nil {
		return err
	}
	switch err := s.remove(ctx, one, opts.Qualifier); {
	case fc.IsNotFound(err):
		opts.IO.Errf("%s has no %s configuration", of, s.name)
		return nil
	case err != nil:
		return err
	}
	opts.IO.Errf("%s the %s configuration of %s is removed", opts.IO.Green("✔"), s.name, of)
	return nil
}

func (o *Options) print(doc any, err error) error {
	if err != nil {
		return err
	}
	return cmdutil.Print(o.IO.Out, o.Settings.Output, doc)
}

// jsonFlag reads a flag that holds JSON.
func jsonFlag(flags *pflag.FlagSet, name string, out any) error {
	text, err := flags.GetString(name)
	if err != nil || text == "" {
		return err
	}
	if err := json.Unmarshal([]byte(text), out); err != nil {
		return cmdutil.UsageError(diag.Errorf("--%s is not the JSON that it must be: %w", name, err))
	}
	return nil
}

// required refuses a put that doesn't say how many.
func required(flags *pflag.FlagSet, names ...string) error {
	if slices.ContainsFunc(names, flags.Changed) {
		return nil
	}
	return cmdutil.UsageError(diag.Errorf("how many instances? give --%s", names[0]))
}
