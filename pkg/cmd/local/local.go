// Package localcmd is the command that starts, stops and shows the local cloud.
package localcmd

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
	"s/pkg/iostreams"
	"s/pkg/local"
	"s/pkg/local/store"
)

// Options is what the subcommands were asked for, and what they work with.
type Options struct {
	IO        *iostreams.IOStreams
	Settings  *cmdutil.Settings
	Version   string
	Home      func() (string, error)
	Exe       func() (string, error)
	LookupEnv func(string) (string, bool)
	Roles     func(ctx context.Context, alias string) (local.AssumeRole, error)

	Action string // up, down, status or env

	// Of up:
	Port       int
	PortGiven  bool
	Foreground bool
	AssumeRole string // an access alias
	Detached   bool   // this process is the daemon
}

// NewCmd makes the local command with its subcommands. runF replaces the run,
// for tests.
func NewCmd(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Settings: f.Settings, Version: f.Version, Home: f.Home, Exe: os.Executable, LookupEnv: os.LookupEnv, Roles: f.Roles}
	cmd := &cobra.Command{
		Use:   "local",
		Short: "The local cloud: start, stop, show",
		Long: "The local cloud serves the Function Compute API on this machine and really runs functions.\n" +
			"It is started when a command needs it; \"access: local\" deploys to it. It listens on the\n" +
			"loopback address only, and its state is in the data directory that \"s local status\" shows.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	up := subcommand(opts, runF, run, "up", "Start the local cloud, or find the one that runs",
		"s local up\ns local up --port 0\ns local up --foreground")
	up.Flags().IntVar(&opts.Port, "port", local.DefaultPort, "port to listen on; 0 is any free one (default also from "+local.PortVariable+")")
	up.Flags().BoolVar(&opts.Foreground, "foreground", false, "serve in this process until it is interrupted")
	bindAssumeRole(up.Flags(), &opts.AssumeRole)
	up.Flags().BoolVar(&opts.Detached, "detached", false, "be the daemon")
	up.Flags().Lookup("detached").Hidden = true
	up.MarkFlagsMutuallyExclusive("foreground", "detached")
	cmd.AddCommand(newInvokeCmd(f, nil), newStartCmd(f, nil), up, newTriggerCmd(opts, nil), newQueueCmd(opts, nil),
		subcommand(opts, runF, run, "down", "Stop the local cloud and every instance in it", "s local down"),
		subcommand(opts, runF, run, "status", "Show the local cloud that runs", "s local status\ns local status -o json"),
		subcommand(opts, runF, run, "env", "Print what another client needs, for eval in a shell", `eval "$(s local env)"`))
	return cmd
}

func subcommand(opts *Options, runF, run func(context.Context, *Options) error, name, short, example string) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: short, Example: example, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			opts.Action = name
			opts.PortGiven = cmd.Flags().Changed("port")
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return run(cmd.Context(), opts)
		},
	}
}

func run(ctx context.Context, o *Options) error {
	switch o.Action {
	case "up":
		return up(ctx, o)
	case "down":
		return down(ctx, o)
	case "status":
		return status(ctx, o)
	}
	return env(ctx, o)
}

// Ensure gives the running local cloud, starting it if there is none, and tells
// the user what helps if that can't be.
func Ensure(ctx context.Context, o *Options) (*local.Info, error) {
	home, err := o.Home()
	if err != nil {
		return nil, err
	}
	exe, err := o.Exe()
	if err != nil {
		return nil, err
	}
	port, err := o.port()
	if err != nil {
		return nil, err
	}
	info, err := local.Ensure(ctx, local.EnsureOptions{
		Home: home, Exe: exe, Port: port, KeepPort: !o.portAsked(), Version: o.Version, Debug: o.IO.Debug(), Env: o.daemonEnv(),
		Restarted: func(version string) {
			o.IO.Errf("the local cloud of s %s was replaced by one of this s, %s", version, o.Version)
		},
	})
	return info, hint(err)
}

// daemonEnv is the environment of a daemon that is started; nil is this one's.
func (o *Options) daemonEnv() []string {
	if o.AssumeRole == "" {
		return nil
	}
	return append(os.Environ(), local.AssumeRoleVariable+"="+o.AssumeRole)
}

// portAsked reports whether somebody said which port it is to be.
func (o *Options) portAsked() bool {
	text, _ := o.LookupEnv(local.PortVariable)
	return o.PortGiven || text != ""
}

func (o *Options) port() (int, error) {
	if o.PortGiven {
		if o.Port < 0 || o.Port > 65535 {
			return 0, cmdutil.UsageError(errors.New("--port must be between 0 and 65535"))
		}
		return o.Port, nil
	}
	port, err := local.Port(o.LookupEnv)
	if err != nil {
		return 0, cmdutil.UsageError(err)
	}
	return port, nil
}

// hint adds the command that helps.
func hint(err error) error {
	var taken *local.PortTakenError
	var locked *store.LockedError
	switch {
	case errors.As(err, &taken):
		return cmdutil.WithHint(cmdutil.ExitFailed, err, "s local up --port 0")
	case errors.As(err, &locked):
		return cmdutil.WithHint(cmdutil.ExitFailed, err, "s local down")
	}
	return err
}
