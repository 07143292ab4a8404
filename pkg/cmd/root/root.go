// Package root is the command tree and the composition root: the only package
// that imports every command, fills the Factory and turns an error into an exit
// code.
package root

import (
	"context"

	"github.com/spf13/cobra"

	buildcmd "s/pkg/cmd/build"
	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/completion"
	deploycmd "s/pkg/cmd/deploy"
	infocmd "s/pkg/cmd/info"
	initcmd "s/pkg/cmd/init"
	instancecmd "s/pkg/cmd/instance"
	invokecmd "s/pkg/cmd/invoke"
	localcmd "s/pkg/cmd/local"
	plancmd "s/pkg/cmd/plan"
	removecmd "s/pkg/cmd/remove"
	"s/pkg/cmd/verify"
	"s/pkg/cmd/version"
)

// newCommand builds the command tree over f.
func newCommand(f *cmdutil.Factory) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "s",
		Short: "Take a serverless function from template to production",
		Long: "s takes a serverless function from template to production: init, build, deploy, invoke.\n" +
			"It speaks s.yaml and the Function Compute API; with \"access: local\" it needs no account.",
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.Settings.Read(cmd.Flags()); err != nil {
				return err
			}
			if f.Settings.NoColor {
				f.IO.SetColorEnabled(false)
			}
			return nil
		},
	}
	cmd.SetOut(f.IO.Out)
	cmd.SetErr(f.IO.ErrOut)
	cmd.SetIn(f.IO.In)
	cmdutil.BindFlags(cmd.PersistentFlags())
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return cmdutil.UsageError(err) })
	cmd.CompletionOptions.DisableDefaultCmd = true
	cmd.AddCommand(commands(f)...)
	return cmd
}

// commands lists every verb; each lives in its own package pkg/cmd/<verb>.
func commands(f *cmdutil.Factory) []*cobra.Command {
	return []*cobra.Command{
		initcmd.NewCmd(f, nil),
		verify.NewCmd(f, nil),
		buildcmd.NewCmd(f, nil),
		deploycmd.NewCmd(f, nil),
		plancmd.NewCmd(f, nil),
		invokecmd.NewCmd(f, nil),
		infocmd.NewCmd(f, nil),
		removecmd.NewCmd(f, nil),
		instancecmd.NewCmd(f, nil),
		localcmd.NewCmd(f, nil),
		completion.NewCmd(f, nil),
		version.NewCmd(f, nil),
	}
}

// resourceFirst turns `s hello deploy` into `s deploy hello`, the peer's way to
// name one resource.
func resourceFirst(cmd *cobra.Command, args []string) []string {
	if len(args) < 2 || args[0] == "" || args[0][0] == '-' || isCommand(cmd, args[0]) || !isCommand(cmd, args[1]) {
		return args
	}
	return append([]string{args[1], args[0]}, args[2:]...)
}

func isCommand(cmd *cobra.Command, name string) bool {
	for _, c := range cmd.Commands() {
		if c.Name() == name || c.HasAlias(name) {
			return true
		}
	}
	return name == "help" || name == cobra.ShellCompRequestCmd || name == cobra.ShellCompNoDescRequestCmd
}

// run executes one command line.
func run(ctx context.Context, f *cmdutil.Factory, args []string) error {
	cmd := newCommand(f)
	cmd.SetArgs(resourceFirst(cmd, args))
	return cmd.ExecuteContext(ctx)
}
