// Package sessioncmd holds the commands about the sessions of a function: list,
// show, create, change, pause, resume and end them.
package sessioncmd

import (
	"context"
	"encoding/json"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"s/pkg/cmd/cmdutil"
	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/fcclient"
)

// Options is what the commands were asked for, and what they work with.
type Options struct {
	*cmdutil.Factory

	Resource  string // may be empty if there is one only
	Qualifier string // version or alias
	SessionID string

	// Of list alone.
	Status    string
	Limit     int
	NextToken string

	FileSystemOnly bool // of resume alone
	Yes            bool // of remove alone

	Input fc.SessionInput // of create and update
}

// verb is a subcommand.
type verb struct {
	name, short, example string
	flags                func(*pflag.FlagSet, *Options)
	needsID              bool
	read                 func(*pflag.FlagSet, *Options) error // what flags say together; nil is nothing
	run                  func(context.Context, *Options, *cmdutil.OneFunction) error
}

// NewCmd makes the session command with its subcommands. runF replaces their run,
// for tests.
func NewCmd(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "session",
		Short: "Show, create, change or end the sessions of a function",
		Long: "Sessions bring the requests of one caller to one instance, by the function's sessionAffinity. They begin by\n" +
			"themselves with the first request; these commands are about what else can be done with them.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, v := range verbs() {
		cmd.AddCommand(v.command(f, runF))
	}
	return cmd
}

func verbs() []verb {
	return []verb{
		{name: "list", short: "List the sessions of a function", example: "s session list --session-status Active", flags: listFlags, run: list},
		{name: "get", short: "Show a session", example: "s session get --session-id user-7", needsID: true, run: get},
		{
			name: "create", short: "Begin a session, on an instance that is started for it", flags: settingFlags, read: settings, run: create,
			example: "s session create\ns session create --session-id user-7 --session-ttl-in-seconds 3600",
		},
		{
			name: "update", short: "Change the settings of a session", flags: settingFlags, read: settings, needsID: true, run: update,
			example: "s session update --session-id user-7 --session-idle-timeout-in-seconds 60",
		},
		{name: "pause", short: "Save the state of a session until it is resumed", example: "s session pause --session-id user-7", needsID: true, run: pause},
		{name: "resume", short: "Go on with a paused session", example: "s session resume --session-id user-7", flags: resumeFlags, needsID: true, run: resume},
		{name: "remove", short: "End a session", example: "s session remove --session-id user-7 -y", flags: removeFlags, needsID: true, run: remove},
	}
}

func (v verb) command(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{Factory: f}
	cmd := &cobra.Command{Use: v.name + " [resource]", Short: v.short, Example: v.example, Args: cmdutil.OneArg}
	flags := cmd.Flags()
	flags.StringVar(&opts.Qualifier, "qualifier", "", "version or alias (default LATEST)")
	flags.StringVar(&opts.SessionID, "session-id", "", "the session")
	cmdutil.BindFunction(flags, f.Settings)
	if v.flags != nil {
		v.flags(flags, opts)
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			opts.Resource = args[0]
		}
		if v.needsID && opts.SessionID == "" {
			return cmdutil.UsageError(diag.Errorf("which session? give --session-id"))
		}
		if v.read != nil {
			if err := v.read(flags, opts); err != nil {
				return err
			}
		}
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		one, err := cmdutil.FindOne(cmd.Context(), f, opts.Resource, "session "+v.name)
		if err != nil {
			return err
		}
		err = v.run(cmd.Context(), opts, one)
		if fc.IsCode(err, "SessionNotFound") {
			err = cmdutil.WithHint(cmdutil.ExitCloud, err, "s session list "+one.Args())
		}
		return cmdutil.CloudError(err, one.Target)
	}
	return cmd
}

func listFlags(flags *pflag.FlagSet, o *Options) {
	flags.Lookup("session-id").Usage = "this session only"
	flags.StringVar(&o.Status, "session-status", "", "those with this status only: Active, Expired, Paused")
	flags.IntVar(&o.Limit, "limit", 0, "most sessions to list, up to 100 (default 20)")
	flags.StringVar(&o.NextToken, "next-token", "", "where the list before ended")
}

func resumeFlags(flags *pflag.FlagSet, o *Options) {
	flags.BoolVar(&o.FileSystemOnly, "file-system-only", false, "with the files of the session, but without what was in its memory")
	flags.BoolVar(&o.FileSystemOnly, "fso", false, "the same as --file-system-only")
	flags.Lookup("fso").Hidden = true
}

func removeFlags(flags *pflag.FlagSet, o *Options) {
	flags.BoolVarP(&o.Yes, "assume-yes", "y", false, "don't ask")
}

// settingFlags are the flags of create and update; the peer has short names, too.
func settingFlags(flags *pflag.FlagSet, _ *Options) {
	for _, f := range []struct {
		name, short, usage string
		standard           int
	}{
		{"session-ttl-in-seconds", "st", "seconds that the session lives at most, up to 21600 (default the function's)", fc.DefaultSessionTTL},
		{"session-idle-timeout-in-seconds", "si", "seconds without a request after which it ends (default the function's)", fc.DefaultSessionIdle},
	} {
		flags.Int(f.name, 0, f.usage)
		flags.Int(f.short, 0, "the same as --"+f.name)
		flags.Lookup(f.short).Hidden = true
	}
	flags.Bool("disable-session-id-reuse", false, "refuse the id when the session has ended")
	flags.Bool("dsr", false, "the same as --disable-session-id-reuse")
	flags.Lookup("dsr").Hidden = true
	flags.String("nas-config", "", "NAS mounts of the session's instance, as JSON")
	flags.String("oss-mount-config", "", "OSS mounts of the session's instance, as JSON")
	flags.String("polar-fs-config", "", "PolarFS mounts of the session's instance, as JSON")
}

// settings reads what settingFlags define.
func settings(flags *pflag.FlagSet, o *Options) error {
	for _, f := range []struct {
		names []string
		to    **int
	}{
		{[]string{"session-ttl-in-seconds", "st"}, &o.Input.TTLSeconds},
		{[]string{"session-idle-timeout-in-seconds", "si"}, &o.Input.IdleSeconds},
	} {
		for _, name := range f.names {
			n, err := flags.GetInt(name)
			switch {
			case err != nil:
				return err
			case n < 0 || n > fc.MaxSessionSeconds:
				return cmdutil.UsageError(diag.Errorf("--%s must be between 0 and %d, it is %d", f.names[0], fc.MaxSessionSeconds, n))
			case flags.Changed(name):
				*f.to = &n
			}
		}
	}
	for _, name := range []string{"disable-session-id-reuse", "dsr"} {
		if on, err := flags.GetBool(name); err == nil && flags.Changed(name) {
			o.Input.DisableSessionReuse = &on
		}
	}
	for name, to := range map[string]any{"nas-config": &o.Input.NASConfig, "oss-mount-config": &o.Input.OSSMountConfig, "polar-fs-config": &o.Input.PolarFSConfig} {
		text, err := flags.GetString(name)
		if err == nil && text != "" {
			err = json.Unmarshal([]byte(text), to)
		}
		if err != nil {
			return cmdutil.UsageError(diag.Errorf("--%s is not the JSON that it must be: %w", name, err))
		}
	}
	return nil
}

func (o *Options) print(doc any, err error) error {
	if err != nil {
		return err
	}
	return cmdutil.Print(o.IO.Out, o.Settings.Output, doc)
}

func list(ctx context.Context, o *Options, one *cmdutil.OneFunction) error {
	page, err := one.Client.ListSessions(ctx, one.Name(), fcclient.SessionQuery{
		Qualifier: o.Qualifier, SessionID: o.SessionID, Status: o.Status, Limit: o.Limit, NextToken: o.NextToken,
	})
	if err != nil {
		return err
	}
	if page.Sessions == nil {
		page.Sessions = []fc.Session{}
	}
	return cmdutil.PrintList(o.IO, o.Settings.Output, page, len(page.Sessions), o.IO.T("%s has no such session", one.Name()),
		"sessionId", "sessionStatus", "qualifier", "containerId", "lastModifiedTime")
}

func get(ctx context.Context, o *Options, one *cmdutil.OneFunction) error {
	s, err := one.Client.GetSession(ctx, one.Name(), o.Qualifier, o.SessionID)
	return o.print(s, err)
}

func create(ctx context.Context, o *Options, one *cmdutil.OneFunction) error {
	in := o.Input
	in.SessionID = o.SessionID
	s, err := one.Client.CreateSession(ctx, one.Name(), o.Qualifier, in)
	return o.print(s, cmdutil.UnsureHint(err, one.Target, o.IO.T("there may be a session all the same: `s session list %s` tells", one.Resource.Name)))
}

func update(ctx context.Context, o *Options, one *cmdutil.OneFunction) error {
	s, err := one.Client.UpdateSession(ctx, one.Name(), o.Qualifier, o.SessionID, o.Input)
	return o.print(s, err)
}

func pause(ctx context.Context, o *Options, one *cmdutil.OneFunction) error {
	s, err := one.Client.PauseSession(ctx, one.Name(), o.Qualifier, o.SessionID)
	return o.print(s, err)
}

func resume(ctx context.Context, o *Options, one *cmdutil.OneFunction) error {
	s, err := one.Client.ResumeSession(ctx, one.Name(), o.Qualifier, o.SessionID, o.FileSystemOnly)
	return o.print(s, err)
}

// remove asks first. A session that isn't there has ended already.
func remove(ctx context.Context, o *Options, one *cmdutil.OneFunction) error {
	question := o.IO.T("End session %s of %s?", o.SessionID, one.Name())
	if err := cmdutil.Confirm(o.IO, question, o.Yes, "s session remove "+one.Args()+" --session-id "+o.SessionID+" -y"); err != nil {
		return err
	}
	switch err := one.Client.DeleteSession(ctx, one.Name(), o.Qualifier, o.SessionID); {
	case fc.IsCode(err, fc.CodeFunctionNotFound):
		return err
	case fc.IsNotFound(err):
		o.IO.Errf("%s has no session %s", one.Name(), o.SessionID)
		return nil
	case err != nil:
		return err
	}
	o.IO.Errf("%s session %s of %s has ended", o.IO.Green("✔"), o.SessionID, one.Name())
	return nil
}
