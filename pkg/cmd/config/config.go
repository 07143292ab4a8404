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
	"s/pkg/vault"
)

// fromStdin as the value of --AccessKeySecret reads it from standard input.
const fromStdin = "-"

var errNoAlias = errors.New("which one? name it with -a")

// Options is what the subcommands were asked for, and what they work with.
type Options struct {
	IO       *iostreams.IOStreams
	Settings *cmdutil.Settings
	Home     func() (string, error)
	Vault    func() *vault.Vault
	// Identity asks STS for the account of a key.
	Identity func(context.Context, access.Credentials) (string, error)

	Action string // add, get, list, delete, rename or default

	Keys    access.Credentials // of add; empty fields are asked for
	Force   bool               // of add
	NoCheck bool               // of add
	Process string             // of add: a command line in place of keys
	Source  string             // of rename
	Target  string             // of rename
}

// NewCmd makes the config command with its subcommands. runF replaces the run,
// for tests.
func NewCmd(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Settings: f.Settings, Home: f.Home, Vault: f.Vault, Identity: f.Identity}
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Keep credentials under aliases",
		Long: "Config keeps credentials under aliases, which -a and the access of s.yaml name. They are in\n" +
			"credentials.yaml in the folder of s, readable for you alone; their secrets are in the keyring\n" +
			"of the system where one answers (S_KEYRING=off: never). The access.yaml of Serverless Devs is\n" +
			"read and never written to.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	add := subcommand(opts, runF, "add", "Keep credentials; what isn't given is asked for, secrets without echo",
		"s config add\ns config add -a prod --AccessKeyID \"$KEY_ID\" --AccessKeySecret - < secret.txt")
	flags := add.Flags()
	flags.StringVar(&opts.Keys.AccountID, "AccountID", "", "id of the account")
	flags.StringVar(&opts.Keys.AccessKeyID, "AccessKeyID", "", "id of the key")
	flags.StringVar(&opts.Keys.AccessKeySecret, "AccessKeySecret", "", "secret of the key; - reads it from standard input, where no list of processes shows it")
	flags.StringVar(&opts.Keys.SecurityToken, "SecurityToken", "", "token, of temporary credentials")
	flags.StringVar(&opts.Process, "process", "", "command line of a program that prints credentials as JSON, in place of a key")
	flags.BoolVar(&opts.NoCheck, "no-check", false, "don't ask STS whether the key is right and whose it is")
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
func Run(ctx context.Context, opts *Options) error {
	home, err := opts.Home()
	if err != nil {
		return err
	}
	kept, err := access.ReadKept(home, opts.vault())
	if err != nil {
		return cmdutil.WithCode(cmdutil.ExitCredentials, err)
	}
	switch opts.Action {
	case "add":
		err = opts.add(ctx, home, kept)
	case "get":
		err = opts.get(ctx, kept)
	case "list":
		err = opts.list(kept)
	case "delete":
		err = opts.remove(ctx, home)
	case "rename":
		err = opts.rename(ctx, home)
	default:
		err = opts.chooseDefault(ctx, home, kept)
	}
	return explain(err)
}

// explain adds what helps.
func explain(err error) error {
	var known *cmdutil.Error
	var exists *access.ExistsError
	var missing *access.NotFoundError
	var foreign *access.ForeignError
	var sealed *access.SealedError
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case errors.As(err, &exists):
		return cmdutil.WithHint(cmdutil.ExitFailed, err, "s config add -a "+exists.Alias+" --force")
	case errors.As(err, &missing):
		return cmdutil.WithHint(cmdutil.ExitCredentials, err, "s config list")
	case errors.As(err, &foreign):
		return cmdutil.WithHint(cmdutil.ExitFailed, err, "s config add -a "+foreign.Alias+" --force keeps it here, too")
	case errors.As(err, &sealed):
		return cmdutil.WithHint(cmdutil.ExitCredentials, err, cmdutil.SealedHint(sealed))
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

func (o *Options) vault() *vault.Vault {
	if o.Vault == nil {
		return nil
	}
	return o.Vault()
}

func (o *Options) add(ctx context.Context, home string, kept *access.Kept) error {
	keys := o.Keys
	keys.Alias = o.alias(kept)
	if kept.Has(keys.Alias) && !o.Force {
		return &access.ExistsError{Alias: keys.Alias} // before anything is asked
	}
	if o.Process != "" {
		if keys.AccessKeyID != "" || keys.AccessKeySecret != "" {
			return cmdutil.UsageError(errors.New("--process stands in place of a key"))
		}
		return o.keep(ctx, home, keys, func(k *access.Kept) error {
			return k.AddProcess(keys.Alias, keys.AccountID, o.Process, o.Force)
		})
	}
	if keys.AccessKeySecret == fromStdin {
		text, err := io.ReadAll(io.LimitReader(o.IO.In, 4<<10))
		if err != nil {
			return fmt.Errorf("secret from standard input: %w", err)
		}
		keys.AccessKeySecret = strings.TrimSpace(string(text))
	} else if keys.AccessKeySecret != "" {
		o.IO.Errf("the history of your shell and the list of processes have this value now; give it on standard input")
	}
	if err := o.ask(&keys); err != nil {
		return err
	}
	if err := o.check(ctx, &keys); err != nil {
		return err
	}
	return o.keep(ctx, home, keys, func(k *access.Kept) error { return k.Add(keys, o.Force) })
}

func (o *Options) keep(ctx context.Context, home string, keys access.Credentials, change func(*access.Kept) error) error {
	if err := access.UpdateKept(ctx, home, o.vault(), change); err != nil {
		return err
	}
	o.IO.Errf("kept: %s", keys.String())
	return nil
}

// check asks STS whether the key is right, and whose it is. A key that STS
// refuses isn't kept; one that STS can't be asked about is.
func (o *Options) check(ctx context.Context, keys *access.Credentials) error {
	if o.NoCheck {
		return o.askAccount(keys)
	}
	account, err := o.Identity(ctx, *keys)
	var refused *access.STSError
	switch {
	case err == nil && keys.AccountID != "" && account != keys.AccountID:
		return cmdutil.WithCode(cmdutil.ExitCredentials, fmt.Errorf("the key is of account %s, not of %s", account, keys.AccountID))
	case err == nil:
		keys.AccountID = account
		return nil
	case errors.As(err, &refused):
		return cmdutil.WithHint(cmdutil.ExitCredentials, err, o.IO.T("check the key, or keep it all the same with --no-check"))
	case ctx.Err() != nil:
		return ctx.Err()
	}
	o.IO.Errf("the key isn't checked: %v", err)
	return o.askAccount(keys)
}

// askAccount asks for the account, on a terminal, where STS hasn't told it.
func (o *Options) askAccount(keys *access.Credentials) error {
	if keys.AccountID != "" || !o.IO.CanPrompt() {
		return nil
	}
	account, err := o.IO.Prompter().Input("AccountID", o.IO.T("may stay empty"), "", nil)
	keys.AccountID = strings.TrimSpace(account)
	return err
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
	if keys.AccessKeyID == "" {
		if keys.AccessKeyID, err = prompter.Input("AccessKeyID", "", "", some); err != nil {
			return err
		}
	}
	if keys.AccessKeySecret == "" {
		keys.AccessKeySecret, err = prompter.Password("AccessKeySecret")
	}
	keys.AccessKeyID = strings.TrimSpace(keys.AccessKeyID)
	keys.AccessKeySecret = strings.TrimSpace(keys.AccessKeySecret)
	return err
}
