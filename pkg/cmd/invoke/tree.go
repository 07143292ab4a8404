package invokecmd

import (
	"context"

	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
	"s/pkg/invoke"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

// Runner runs a resource for one call and tells io about it; cleanup is called
// after the invocation.
type Runner func(ctx context.Context, io *iostreams.IOStreams, project *spec.Project, r *spec.Resource) (target invoke.Target, cleanup func(), err error)

// NewTreeCmd makes a command that calls functions like invoke, whatever is
// deployed: runner runs them. around is given what the command does.
func NewTreeCmd(f *cmdutil.Factory, runner Runner, around func(ctx context.Context, o *Options, run func(context.Context) error) error) *cobra.Command {
	opts := &Options{
		IO: f.IO, Settings: f.Settings, Project: f.Project, Target: f.Target, Reload: f.Reload, Outside: f.Outside,
		Reader: reader(f), LocalFallback: runner, Tree: true, Type: "sync",
	}
	cmd := &cobra.Command{
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Resources = args
			opts.HasEvent = cmd.Flags().Changed("event")
			if err := opts.check(); err != nil {
				return err
			}
			return around(cmd.Context(), opts, func(ctx context.Context) error { return Run(ctx, opts) })
		},
	}
	opts.bindEvent(cmd.Flags())
	opts.bindCall(cmd.Flags())
	return cmd
}
