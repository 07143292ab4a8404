// Package root is the command tree and the composition root: the only package
// that imports every command, fills the Factory and turns an error into an exit
// code.
package root

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	buildcmd "s/pkg/cmd/build"
	cleancmd "s/pkg/cmd/clean"
	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/completion"
	configcmd "s/pkg/cmd/config"
	deploycmd "s/pkg/cmd/deploy"
	envcmd "s/pkg/cmd/env"
	eventcmd "s/pkg/cmd/event"
	infocmd "s/pkg/cmd/info"
	initcmd "s/pkg/cmd/init"
	instancecmd "s/pkg/cmd/instance"
	invokecmd "s/pkg/cmd/invoke"
	layercmd "s/pkg/cmd/layer"
	listcmd "s/pkg/cmd/list"
	localcmd "s/pkg/cmd/local"
	logscmd "s/pkg/cmd/logs"
	plancmd "s/pkg/cmd/plan"
	"s/pkg/cmd/preview"
	publishcmd "s/pkg/cmd/publish"
	removecmd "s/pkg/cmd/remove"
	s2tos3cmd "s/pkg/cmd/s2tos3"
	scalecmd "s/pkg/cmd/scale"
	"s/pkg/cmd/schema"
	secretcmd "s/pkg/cmd/secret"
	sessioncmd "s/pkg/cmd/session"
	synccmd "s/pkg/cmd/sync"
	"s/pkg/cmd/verify"
	"s/pkg/cmd/version"
	"s/pkg/diag"
)

// newCommand builds the command tree over f.
func newCommand(f *cmdutil.Factory) *cobra.Command {
	start := time.Now()
	cmd := &cobra.Command{
		Use:   "s",
		Short: "Take a serverless function from template to production",
		Long: "s takes a serverless function from template to production: init, build, deploy, invoke.\n" +
			"It speaks s.yaml and the Function Compute API; with \"access: local\" it needs no account.",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          unknownCommand,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.Settings.Read(cmd.Flags()); err != nil {
				return err
			}
			if f.Settings.Silent {
				f.IO.Silence()
			}
			if err := redirect(f); err != nil {
				return err
			}
			tellIgnored(f.IO, cmd)
			if f.Settings.NoColor {
				f.IO.SetColorEnabled(false)
			}
			if f.Settings.Debug {
				f.IO.StartDebug(start)
				tellStart(f, cmd)
			}
			return nil
		},
	}
	cmd.SetOut(f.IO.Out)
	cmd.SetErr(f.IO.ErrOut)
	cmd.SetIn(f.IO.In)
	cmdutil.BindFlags(cmd.PersistentFlags())
	cmd.SetFlagErrorFunc(flagError)
	cmd.CompletionOptions.DisableDefaultCmd = true
	showVersion := cmd.Flags().BoolP("version", "v", false, "print the version of s")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *showVersion {
			return version.Print(f)
		}
		return cmd.Help()
	}
	cmd.AddCommand(commands(f)...)
	cmd.AddCommand(newCLI(f))
	attachPeer(cmd)
	guardArgs(cmd)
	if err := completion.Attach(cmd, func() []string { return aliases(f) }); err != nil {
		panic(err) // the flag is defined above
	}
	return cmd
}

// commands lists every verb; each lives in its own package pkg/cmd/<verb>.
func commands(f *cmdutil.Factory) []*cobra.Command {
	return slices.Concat([]*cobra.Command{
		initcmd.NewCmd(f, nil),
		verify.NewCmd(f, nil),
		preview.NewCmd(f, nil),
		schema.NewCmd(f, nil),
		buildcmd.NewCmd(f, nil),
		cleancmd.NewCmd(f, nil),
		deploycmd.NewCmd(f, nil),
		plancmd.NewCmd(f, nil),
		invokecmd.NewCmd(f, nil),
		logscmd.NewCmd(f, nil),
		eventcmd.NewCmd(f, nil),
		infocmd.NewCmd(f, nil),
		listcmd.NewCmd(f, nil),
		removecmd.NewCmd(f, nil),
		synccmd.NewCmd(f, nil),
		instancecmd.NewCmd(f, nil),
		sessioncmd.NewCmd(f, nil),
		layercmd.NewCmd(f, nil),
		localcmd.NewCmd(f, nil),
		envcmd.NewCmd(f),
		configcmd.NewCmd(f, nil),
		secretcmd.NewCmd(f, nil),
		s2tos3cmd.NewCmd(f, nil),
		completion.NewCmd(f, nil),
		withSubcommands(version.NewCmd(f, nil), publishcmd.NewVersionCmds(f)...),
		publishcmd.NewAliasCmd(f),
	}, scalecmd.NewCmds(f, nil))
}

// unknownCommand refuses arguments of s itself: they would be commands.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if note := peerCommandNote(args); note != "" {
		return cmdutil.WithHint(cmdutil.ExitUsage, diag.Errorf("unknown command %q", args[0]), note)
	}
	names := commandNames(cmd)
	// The first may be a resource, with the command behind it.
	for i, arg := range args {
		if near := diag.Nearest(arg, names); len(near) > 0 {
			words := slices.Clone(args)
			words[i] = near[0]
			return cmdutil.WithHint(cmdutil.ExitUsage, diag.Errorf("unknown command %q", arg), "s "+strings.Join(words, " "))
		}
	}
	return cmdutil.WithHint(cmdutil.ExitUsage, diag.Errorf("unknown command %q", args[0]), "s --help")
}

// resourceFirst turns `s hello other deploy` into `s deploy hello other`, the
// peer's way to name resources. Global flags may be among the names.
func resourceFirst(cmd *cobra.Command, args []string) []string {
	if len(args) > 1 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd) {
		last := len(args) - 1 // the word that is being typed
		moved := resourceFirst(cmd, args[1:last])
		return slices.Concat(args[:1], moved, args[last:])
	}
	at := commandAt(cmd, args)
	if at <= 0 {
		return args
	}
	end := at
	for found := cmd; end < len(args); end++ {
		if found = child(found, args[end]); found == nil {
			break
		}
	}
	return slices.Concat(args[at:end], args[:at], args[end:])
}

// commandAt is where, behind at least one name, the command is; else -1.
func commandAt(cmd *cobra.Command, args []string) int {
	named := false
	for i := 0; i < len(args); i++ {
		switch word := args[i]; {
		case word == "" || word == "--":
			return -1
		case word[0] == '-':
			if takesNext(cmd.PersistentFlags(), word) {
				i++
			}
		case isCommand(cmd, word):
			if named {
				return i
			}
			return -1
		default:
			named = true
		}
	}
	return -1
}

// takesNext tells whether the word after a flag is its value.
func takesNext(flags *pflag.FlagSet, word string) bool {
	var flag *pflag.Flag
	switch name := strings.TrimLeft(word, "-"); {
	case strings.HasPrefix(word, "--"):
		flag = flags.Lookup(name)
	case len(name) == 1:
		flag = flags.ShorthandLookup(name)
	}
	return flag != nil && flag.NoOptDefVal == ""
}

func child(cmd *cobra.Command, name string) *cobra.Command {
	for _, c := range cmd.Commands() {
		if c.Name() == name || c.HasAlias(name) {
			return c
		}
	}
	return nil
}

func isCommand(cmd *cobra.Command, name string) bool {
	return child(cmd, name) != nil || name == "help" || name == cobra.ShellCompRequestCmd || name == cobra.ShellCompNoDescRequestCmd
}

// run executes one command line. Whatever is wrong before the command's own
// code begins is wrong usage.
func run(ctx context.Context, f *cmdutil.Factory, args []string) error {
	return runTree(ctx, newCommand(f), args)
}

func runTree(ctx context.Context, cmd *cobra.Command, args []string) error {
	moved := resourceFirst(cmd, args)
	if note := peerCommandNote(args); note != "" && !takesResources(cmd, moved) {
		return cmdutil.WithHint(cmdutil.ExitUsage, diag.Errorf("unknown command %q", args[0]), note)
	}
	return execute(ctx, cmd, moved)
}

// takesResources tells whether a command line is one of a command of ours that the
// first word may be a resource, or a command, of.
func takesResources(root *cobra.Command, args []string) bool {
	found, _, err := root.Find(args)
	return err == nil && found != root && (found.HasSubCommands() || strings.Contains(found.Use, takesResource))
}

// redirect makes the file of --output-file what data goes to.
func redirect(f *cmdutil.Factory) error {
	if f.Settings.OutputFile == "" {
		return nil
	}
	file, err := os.Create(f.Settings.OutputFile)
	if err != nil {
		return cmdutil.UsageError(diag.Errorf("--output-file can't be written: %w", err))
	}
	f.IO.Redirect(file)
	return nil
}

func execute(ctx context.Context, cmd *cobra.Command, args []string) error {
	cmd.SetArgs(append([]string{}, args...)) // without any cobra would take those of the process
	began := false
	tellBegin(cmd, &began)
	err := cmd.ExecuteContext(ctx)
	var known *cmdutil.Error
	if err != nil && !began && !errors.As(err, &known) {
		return cmdutil.UsageError(err)
	}
	return err
}

// tellBegin makes the commands below cmd, and cmd, set began before they run.
func tellBegin(cmd *cobra.Command, began *bool) {
	if runE := cmd.RunE; runE != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			*began = true
			return runE(cmd, args)
		}
	}
	for _, c := range cmd.Commands() {
		tellBegin(c, began)
	}
}

// withSubcommands puts commands under another one.
func withSubcommands(cmd *cobra.Command, subs ...*cobra.Command) *cobra.Command {
	cmd.AddCommand(subs...)
	return cmd
}
