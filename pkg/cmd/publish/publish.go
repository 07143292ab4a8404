// Package publishcmd holds the commands about the versions and the aliases of a
// function; of edition 1.0.0, of its service.
package publishcmd

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
	"s/pkg/diag"
	"s/pkg/fc"
)

// newest is how a command calls the version that was published last.
const newest = "latest"

// Options is what the commands were asked for, and what they work with.
type Options struct {
	*cmdutil.Factory

	Resource    string // may be empty if there is one only
	VersionID   string // a number, or newest
	AliasName   string
	Description string
	Weights     string // JSON: shares of other versions
	Table       bool
	Yes         bool // don't ask
}

// NewVersionCmds makes the subcommands of version.
func NewVersionCmds(f *cmdutil.Factory) []*cobra.Command {
	opts := &Options{Factory: f}
	list := opts.verb("version", "list", "List the published versions, the newest first", runVersions)
	list.Flags().BoolVar(&opts.Table, "table", false, "as a table")
	publish := opts.verb("version", "publish", "Publish what is deployed as a version that doesn't change", runPublish)
	publish.Flags().StringVar(&opts.Description, "description", "", "what is new in it")
	remove := opts.verb("version", "remove", "Remove a version", runRemoveVersion)
	remove.Flags().StringVar(&opts.VersionID, "version-id", "", "the version: a number, or latest")
	remove.Flags().BoolVarP(&opts.Yes, "assume-yes", "y", false, "don't ask")
	return []*cobra.Command{list, publish, remove}
}

// NewAliasCmd makes the alias command with its subcommands.
func NewAliasCmd(f *cmdutil.Factory) *cobra.Command {
	opts := &Options{Factory: f}
	cmd := &cobra.Command{
		Use: "alias", Short: "Name versions, and share requests among them",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	list := opts.verb("alias", "list", "List the aliases", runAliases)
	list.Flags().BoolVar(&opts.Table, "table", false, "as a table")
	get := opts.verb("alias", "get", "Show an alias", runAlias)
	publish := opts.verb("alias", "publish", "Make an alias, or point it at another version", runPublishAlias)
	publish.Example = "s alias publish --alias-name prod --version-id latest\n" +
		`s alias publish --alias-name prod --version-id 1 --additionalVersionWeight '{"2":0.2}'`
	publish.Flags().StringVar(&opts.VersionID, "version-id", "", "the version: a number, or latest")
	publish.Flags().StringVar(&opts.Description, "description", "", "what it is for")
	publish.Flags().StringVar(&opts.Weights, "additionalVersionWeight", "", "shares of other versions, as JSON")
	publish.Flags().StringVar(&opts.Weights, "vw", "", "the same")
	remove := opts.verb("alias", "remove", "Remove an alias", runRemoveAlias)
	remove.Flags().BoolVarP(&opts.Yes, "assume-yes", "y", false, "don't ask")
	for _, c := range []*cobra.Command{get, publish, remove} {
		c.Flags().StringVar(&opts.AliasName, "alias-name", "", "the alias")
	}
	cmd.AddCommand(list, get, publish, remove)
	return cmd
}

// verb makes a subcommand about the function of one resource.
func (o *Options) verb(group, name, short string, run func(context.Context, *Options, *cmdutil.OneFunction) error) *cobra.Command {
	cmd := &cobra.Command{
		Use: name + " [resource]", Short: short, Args: cmdutil.OneArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.Resource = args[0]
			}
			for flag, value := range map[string]string{"alias-name": o.AliasName, "version-id": o.VersionID} {
				if cmd.Flags().Lookup(flag) != nil && value == "" {
					return cmdutil.UsageError(diag.Errorf("which one? give --%s", flag))
				}
			}
			one, err := cmdutil.FindOne(cmd.Context(), o.Factory, o.Resource, group+" "+name)
			if err != nil {
				return err
			}
			return cmdutil.CloudError(run(cmd.Context(), o, one), one.Target)
		},
	}
	cmdutil.BindFunction(cmd.Flags(), o.Settings)
	return cmd
}

// format is that of -o, or what --table says.
func (o *Options) format() string {
	if o.Table {
		return cmdutil.OutputTable
	}
	return o.Settings.Output
}

func (o *Options) print(doc any) error { return cmdutil.Print(o.IO.Out, o.Settings.Output, doc) }

// number gives the number of the version that is meant.
func (o *Options) number(ctx context.Context, one *cmdutil.OneFunction) (string, error) {
	if !strings.EqualFold(o.VersionID, newest) {
		return o.VersionID, nil
	}
	last, err := one.Client.ListVersions(ctx, one.Name(), 1)
	if err == nil && len(last) == 0 {
		err = cmdutil.WithHint(cmdutil.ExitFailed, diag.Errorf("%s has no version", one.Name()), "s version publish "+one.Args())
	}
	if err != nil {
		return "", err
	}
	return last[0].VersionID, nil
}

func runVersions(ctx context.Context, o *Options, one *cmdutil.OneFunction) error {
	all, err := one.Client.ListVersions(ctx, one.Name(), 0)
	if err != nil {
		return err
	}
	none := o.IO.T("%s has no version", one.Name())
	return cmdutil.PrintList(o.IO, o.format(), append([]fc.Version{}, all...), len(all), none, "versionId", "createdTime", "description")
}

func runPublish(ctx context.Context, o *Options, one *cmdutil.OneFunction) error {
	v, err := one.Client.PublishVersion(ctx, one.Name(), o.Description)
	if err != nil {
		return cmdutil.UnsureHint(err, one.Target, o.IO.T("it may be published all the same: `s version list %s` tells", one.Resource.Name))
	}
	return o.print(v)
}

func runRemoveVersion(ctx context.Context, o *Options, one *cmdutil.OneFunction) error {
	id, err := o.number(ctx, one)
	if err != nil {
		return err
	}
	question := o.IO.T("Remove version %s of %s?", id, one.Name())
	if err := cmdutil.Confirm(o.IO, question, o.Yes, "s version remove "+one.Args()+" --version-id "+id+" -y"); err != nil {
		return err
	}
	if err := one.Client.DeleteVersion(ctx, one.Name(), id); err != nil {
		return lookedFor(err, one)
	}
	o.IO.Errf("%s version %s of %s is removed", o.IO.Green("✔"), id, one.Name())
	return nil
}

func runAliases(ctx context.Context, o *Options, one *cmdutil.OneFunction) error {
	all, err := one.Client.ListAliases(ctx, one.Name())
	if err != nil {
		return err
	}
	none := o.IO.T("%s has no alias", one.Name())
	return cmdutil.PrintList(o.IO, o.format(), append([]fc.Alias{}, all...), len(all), none, "aliasName", "versionId", "additionalVersionWeight", "description")
}

func runAlias(ctx context.Context, o *Options, one *cmdutil.OneFunction) error {
	a, err := one.Client.GetAlias(ctx, one.Name(), o.AliasName)
	if err != nil {
		return lookedFor(err, one)
	}
	return o.print(a)
}

// runPublishAlias makes an alias, or changes the one that there is.
func runPublishAlias(ctx context.Context, o *Options, one *cmdutil.OneFunction) error {
	a := fc.Alias{AliasName: o.AliasName, Description: o.Description}
	if o.Weights != "" {
		if err := json.Unmarshal([]byte(o.Weights), &a.AdditionalVersionWeight); err != nil {
			return cmdutil.UsageError(diag.Errorf("--additionalVersionWeight is not JSON as {\"1\":0.2}: %w", err))
		}
	}
	var err error
	if a.VersionID, err = o.number(ctx, one); err != nil {
		return err
	}
	out, err := one.Client.UpdateAlias(ctx, one.Name(), a)
	if fc.IsCode(err, fc.CodeAliasNotFound) {
		out, err = one.Client.CreateAlias(ctx, one.Name(), a)
	}
	if err != nil {
		return err
	}
	return o.print(out)
}

// lookedFor says how to see the versions and aliases that there are.
func lookedFor(err error, one *cmdutil.OneFunction) error {
	switch {
	case fc.IsCode(err, fc.CodeVersionNotFound):
		return cmdutil.WithHint(cmdutil.ExitCloud, err, "s version list "+one.Args())
	case fc.IsCode(err, fc.CodeAliasNotFound):
		return cmdutil.WithHint(cmdutil.ExitCloud, err, "s alias list "+one.Args())
	}
	return err
}

// runRemoveAlias asks first. The service says if it isn't there.
func runRemoveAlias(ctx context.Context, o *Options, one *cmdutil.OneFunction) error {
	question := o.IO.T("Remove alias %s of %s?", o.AliasName, one.Name())
	if err := cmdutil.Confirm(o.IO, question, o.Yes, "s alias remove "+one.Args()+" --alias-name "+o.AliasName+" -y"); err != nil {
		return err
	}
	if err := one.Client.DeleteAlias(ctx, one.Name(), o.AliasName); err != nil {
		return lookedFor(err, one)
	}
	o.IO.Errf("%s alias %s of %s is removed", o.IO.Green("✔"), o.AliasName, one.Name())
	return nil
}
