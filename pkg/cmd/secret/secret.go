// Package secretcmd is the command that keeps the values that
// ${secret('NAME')} in s.yaml stands for.
package secretcmd

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
	"s/pkg/secret"
	"s/pkg/vault"
)

// fromStdin as the value of --value reads it from standard input.
const fromStdin = "-"

var errNoName = errors.New("which one? name it: s secret get NAME")

// Options is what the subcommands were asked for, and what they work with.
type Options struct {
	IO       *iostreams.IOStreams
	Settings *cmdutil.Settings
	Home     func() (string, error)
	Vault    func() *vault.Vault

	Action string // add, get, list or delete

	Name  string
	Value string // of add; empty is asked for, or read from standard input
	Force bool   // of add
	Show  bool   // of get
}

// NewCmd makes the secret command with its subcommands. runF replaces the run,
// for tests.
func NewCmd(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Settings: f.Settings, Home: f.Home, Vault: f.Vault}
	cmd := &cobra.Command{
		Use:   "secret",
		Short: "Keep values that ${secret('NAME')} stands for",
		Long: "Secret keeps values that s.yaml names and doesn't have: ${secret('NAME')} stands for one. They\n" +
			"are in the keyring of the system where one answers, else in a file readable for you alone.\n" +
			"The secrets.yaml of Serverless Devs is read and never written to.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	sub := func(name, use, short, example string) *cobra.Command {
		c := &cobra.Command{
			Use: use, Short: short, Example: example, Args: cobra.MaximumNArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				opts.Action = name
				if len(args) == 1 {
					if opts.Name != "" && opts.Name != args[0] {
						return cmdutil.UsageError(fmt.Errorf("two names: %s and %s", opts.Name, args[0]))
					}
					opts.Name = args[0]
				}
				if runF != nil {
					return runF(cmd.Context(), opts)
				}
				return Run(cmd.Context(), opts)
			},
		}
		cmd.AddCommand(c)
		if name != "list" {
			c.Flags().StringVar(&opts.Name, "key", "", "name of the secret")
		} else {
			c.Args = cobra.NoArgs
		}
		return c
	}
	add := sub("add", "add NAME", "Keep a value; it is asked for without echo, or read from standard input",
		"s secret add dbPassword\ns secret add dbPassword < password.txt")
	add.Flags().StringVar(&opts.Value, "value", "", "the value; better not given, as the history of the shell keeps it. - reads standard input")
	add.Flags().BoolVarP(&opts.Force, "force", "f", false, "replace what is kept under the name")
	get := sub("get", "get [NAME]", "Show a value, masked; without a name, list them", "s secret get dbPassword --show")
	get.Flags().BoolVar(&opts.Show, "show", false, "show the value itself")
	sub("list", "list", "List the names", "s secret list -o json")
	sub("delete", "delete NAME", "Forget a value", "s secret delete dbPassword")
	return cmd
}

// Run does what opts.Action says.
func Run(ctx context.Context, opts *Options) error {
	home, err := opts.Home()
	if err != nil {
		return err
	}
	store := secret.Store{Home: home}
	if opts.Vault != nil {
		store.Vault = opts.Vault()
	}
	if opts.Name == "" && (opts.Action == "add" || opts.Action == "delete") {
		return cmdutil.UsageError(errNoName)
	}
	switch {
	case opts.Action == "add":
		err = opts.add(ctx, store)
	case opts.Action == "delete":
		if err = store.Delete(ctx, opts.Name); err == nil {
			opts.IO.Errf("forgotten: %s", opts.Name)
		}
	case opts.Action == "get" && opts.Name != "":
		err = opts.get(ctx, store)
	default:
		err = opts.list(store)
	}
	return explain(err)
}

// explain adds what helps.
func explain(err error) error {
	var exists *secret.ExistsError
	var missing *secret.NotFoundError
	var theirs *secret.PeerError
	switch {
	case errors.As(err, &exists):
		return cmdutil.WithHint(cmdutil.ExitFailed, err, "s secret add "+exists.Name+" --force")
	case errors.As(err, &missing):
		return cmdutil.WithHint(cmdutil.ExitFailed, err, "s secret list")
	case errors.As(err, &theirs):
		return cmdutil.WithHint(cmdutil.ExitFailed, err, "s secret add "+theirs.Name+" --force keeps it here, too")
	}
	return err
}

func (o *Options) add(ctx context.Context, store secret.Store) error {
	there, err := store.Has(o.Name)
	if err != nil {
		return err
	}
	if there && !o.Force {
		return &secret.ExistsError{Name: o.Name} // before anything is asked
	}
	text, err := o.value()
	if err != nil {
		return err
	}
	if err := store.Add(ctx, o.Name, text, o.Force); err != nil {
		return err
	}
	o.IO.Errf("kept: %s", o.Name)
	return nil
}

// value is what was given, asked for or read from standard input, there without
// the newline at its end.
func (o *Options) value() (string, error) {
	if o.Value != "" && o.Value != fromStdin {
		o.IO.Errf("the history of your shell and the list of processes have this value now; give it on standard input")
		return o.Value, nil
	}
	if o.Value == "" && o.IO.CanPrompt() {
		return o.IO.Prompter().Password(o.Name)
	}
	data, err := io.ReadAll(io.LimitReader(o.IO.In, secret.MaxValue+2))
	if err != nil {
		return "", fmt.Errorf("value from standard input: %w", err)
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r"), nil
}

// view is what is shown of one secret.
type view struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func (o *Options) get(ctx context.Context, store secret.Store) error {
	text, err := store.Get(ctx, o.Name)
	if err != nil {
		return err
	}
	if !o.Show {
		return cmdutil.Print(o.IO.Out, o.Settings.Output, view{o.Name, access.Mask(text)})
	}
	if o.Settings.Output == cmdutil.OutputDefault {
		_, err := fmt.Fprintln(o.IO.Out, text)
		return err
	}
	return cmdutil.Print(o.IO.Out, o.Settings.Output, view{o.Name, text})
}

func (o *Options) list(store secret.Store) error {
	list, err := store.List()
	if err != nil {
		return err
	}
	if len(list) == 0 && o.Settings.Output == cmdutil.OutputDefault {
		o.IO.Errf("no secrets are kept")
		return nil
	}
	return cmdutil.Print(o.IO.Out, o.Settings.Output, list)
}
