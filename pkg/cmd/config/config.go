// Package configcmd is the command that keeps credentials under aliases: what -a
// and the access of s.yaml name.
package configcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"s/pkg/access"
	"s/pkg/cmd/cmdutil"
	"s/pkg/iostreams"
)

// fromStdin as the value of --AccessKeySecret reads it from standard input.
const fromStdin = "-"

var errNoAlias = errors.New("which one? name it with -a")

// Options is what the subcommands were asked for, and what they work with.
type Options struct {
	IO       *iostreams.IOStreams
	Settings *cmdutil.Settings
	Home     func() (string, error)

	Action string // add, get, list, delete, rename or default

	Keys   access.Credentials // of add; empty fields are asked for
	Force  bool               // of add
	Source string             // of rename
	Target string             // of rename
}

// NewCmd makes the config command with its subcommands. runF replaces the run,
// for tests.
func NewCmd(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Settings: f.Settings, Home: f.Home}
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Keep credentials under aliases",
		Long: "Config keeps credentials under aliases, which -a and the access of s.yaml name. They are in\n" +
			"credentials.yaml in the folder of s, readable for you alone. The access.yaml of Serverless\n" +
			"Devs is read and never written to.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	add := subcommand(opts, runF, "add", "Keep credentials; what isn't given is asked for, secrets without echo",
		"s config add\ns config add -a prod --AccessKeyID LTAI... --AccessKeySecret - < secret.txt")
	flags := add.Flags()
	flags.StringVar(&opts.Keys.AccountID, "AccountID", "", "id of the account")
	flags.StringVar(&opts.Keys.AccessKeyID, "AccessKeyID", "", "id of the key")
	flags.StringVar(&opts.Keys.AccessKeySecret, "AccessKeySecret", "", "secret of the key; - reads it from standard input, where no list of processes shows it")
	flags.StringVar(&opts.Keys.SecurityToken, "SecurityToken", "", "token, of temporary credentials")
	flags.BoolVarP(&opts.Force, "force", "f", false, "replace what is kept under the alias")
	rename := subcommand(opts, runF, "rename", "Give an alias another name", "s config rename --source default --target prod")
	rename.Flags().StringVar(&opts.Source, "source", "", "the alias as it is")
	rename.Flags().StringVar(&opts.Target, "target", "", "the alias as it shall be")
	cobra.CheckErr(rename.MarkFlagRequired("source"))
	cobra.CheckErr(rename.MarkFlagRequired("target"))
	cmd.AddCommand(add,
		subcommand(opts, runF, "get", "Show the credentials of an alias, secrets masked", "s config get -a prod"),
		subcommand(opts, runF, "list", "List the aliases", "s config list -o json"),
		subcommand(opts, runF, "delete", "Forget the credentials of an alias", "s config delete -a prod"),
		rename,
		subcommand(opts, runF, "default", "Show or (with -a) choose the alias that is taken where none is named", "s config default -a prod"))
	return cmd
}

func subcommand(opts *Options, runF func(context.Context, *Options) error, name, short, example string) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: short, Example: example, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			opts.Action = name
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return Run(cmd.Context(), opts)
		},
	}
}

// Run does what opts.Action says.
func Run(_ context.Context, opts *Options) error {
	home, err := opts.Home()
	if err != nil {
		return err
	}
	kept, err := access.ReadKept(home)
	if err != nil {
		return cmdutil.WithCode(cmdutil.ExitCredentials, err)
	}
	switch opts.Action {
	case "add":
		err = opts.add(kept)
	case "get":
		err = opts.get(kept)
	case "list":
		err = opts.list(kept)
	case "delete":
		err = opts.remove(kept)
	case "rename":
		err = opts.rename(kept)
	default:
		err = opts.chooseDefault(kept)
	}
	return explain(err)
}

// explain adds what helps.
func explain(err error) error {
	var known *cmdutil.Error
	var exists *access.ExistsError
	var missing *access.NotFoundError
	var foreign *access.ForeignError
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case errors.As(err, &exists):
		return cmdutil.WithHint(cmdutil.ExitFailed, err, "s config add -a "+exists.Alias+" --force")
	case errors.As(err, &missing):
		return cmdutil.WithHint(cmdutil.ExitCredentials, err, "s config list")
	case errors.As(err, &foreign):
		return cmdutil.WithHint(cmdutil.ExitFailed, err, "s config add -a "+foreign.Alias+" --force keeps it here, too")
	}
	return err
}

// alias is the one that -a names, else the default one.
func (o *Options) alias(kept *access.Kept) string {
	if o.Settings.Access != "" {
		return o.Settings.Access
	}
	return kept.Default()
}

func (o *Options) add(kept *access.Kept) error {
	keys := o.Keys
	keys.Alias = o.alias(kept)
	if _, there := kept.Get(keys.Alias); there && !o.Force {
		return &access.ExistsError{Alias: keys.Alias} // before anything is asked
	}
	if keys.AccessKeySecret == fromStdin {
		text, err := io.ReadAll(io.LimitReader(o.IO.In, 4<<10))
		if err != nil {
			return fmt.Errorf("secret from standard input: %w", err)
		}
		keys.AccessKeySecret = strings.TrimSpace(string(text))
	}
	if err := o.ask(&keys); err != nil {
		return err
	}
	if err := kept.Add(keys, o.Force); err != nil {
		return err
	}
	if err := kept.Save(); err != nil {
		return err
	}
	o.IO.Errf("kept: %s", keys.String())
	return nil
}

// ask asks for what isn't given, on a terminal.
func (o *Options) ask(keys *access.Credentials) error {
	if keys.AccessKeyID != "" && keys.AccessKeySecret != "" {
		return nil
	}
	if !o.IO.CanPrompt() {
		return cmdutil.UsageError(errors.New("--AccessKeyID and --AccessKeySecret are needed where there is no terminal to ask on"))
	}
	some := func(text string) error {
		if strings.TrimSpace(text) == "" {
			return errors.New(o.IO.T("this is needed"))
		}
		return nil
	}
	prompter := o.IO.Prompter()
	var err error
	if keys.AccountID == "" {
		if keys.AccountID, err = prompter.Input("AccountID", o.IO.T("may stay empty"), "", nil); err != nil {
			return err
		}
	}
	if keys.AccessKeyID == "" {
		if keys.AccessKeyID, err = prompter.Input("AccessKeyID", "", "", some); err != nil {
			return err
		}
	}
	if keys.AccessKeySecret == "" {
		keys.AccessKeySecret, err = prompter.Password("AccessKeySecret")
	}
	keys.AccountID, keys.AccessKeyID = strings.TrimSpace(keys.AccountID), strings.TrimSpace(keys.AccessKeyID)
	keys.AccessKeySecret = strings.TrimSpace(keys.AccessKeySecret)
	return err
}
