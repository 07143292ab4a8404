// Package envcmd is the command for the environments of env.yaml: it makes,
// lists, shows, chooses and removes them.
package envcmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
	"s/pkg/diag"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

// Options is what the commands were asked for, and what they work with.
type Options struct {
	IO       *iostreams.IOStreams
	Settings *cmdutil.Settings
	Home     func() (string, error)
	Load     func(ctx context.Context, command string) (*spec.Project, diag.Diagnostics)

	File        string // the env.yaml; empty is the one beside s.yaml
	Name        string
	Project     string
	Description string
	Type        string
	Access      string
	Region      string
	Infra       string // region of the infrastructure
	Overlays    string // JSON
	Yes         bool
}

// NewCmd makes the env command with its subcommands.
func NewCmd(f *cmdutil.Factory) *cobra.Command {
	opts := &Options{IO: f.IO, Settings: f.Settings, Home: f.Home, Load: f.Load}
	cmd := &cobra.Command{
		Use:   "env",
		Short: "Manage the environments of env.yaml",
		Long: "An environment is a layer over s.yaml: other credentials, another region, other props for a component or a\n" +
			"resource. --env NAME takes one for a command; `s env default` chooses one for the project.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVar(&opts.File, "file", "", "path of the env.yaml (default: env.yaml beside s.yaml)")
	cmd.AddCommand(
		opts.command("init", "Add an environment", "s env init -n staging --type staging --overlays '{\"components\":{\"fc3\":{\"memorySize\":1024}}}'", opts.create, true),
		opts.command("list", "List the environments", "s env list -o json", opts.list, false),
		opts.command("describe", "Show an environment", "s env describe -n staging", opts.describe, false),
		opts.command("default", "Choose the environment that commands take without --env", "s env default -n staging\ns env default -n ''", opts.choose, false),
		opts.command("destroy", "Take an environment out of env.yaml", "s env destroy -n staging -y", opts.destroy, false),
	)
	return cmd
}

func (o *Options) command(name, short, example string, run func(*cobra.Command) error, describes bool) *cobra.Command {
	cmd := &cobra.Command{
		Use: name, Short: short, Example: example, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd) },
	}
	flags := cmd.Flags()
	if name != "list" {
		flags.StringVarP(&o.Name, "name", "n", "", "name of the environment")
	}
	if name == "destroy" {
		flags.BoolVarP(&o.Yes, "assume-yes", "y", false, "don't ask")
	}
	if describes {
		flags.StringVar(&o.Project, "project", "", "name of the project, for a new env.yaml (default: that of s.yaml)")
		flags.StringVar(&o.Description, "description", "", "what the environment is for")
		flags.StringVar(&o.Type, "type", "testing", "testing, staging or production")
		flags.StringVar(&o.Region, "region", "", "region of the environment, for ${this.region} in its overlays")
		flags.StringVar(&o.Access, "env-access", "", "alias of the credentials of the environment")
		flags.StringVar(&o.Infra, "infra-region", "", "region to deploy to, whatever s.yaml says")
		flags.StringVar(&o.Overlays, "overlays", "", "props to lay over components and resources, as JSON")
	}
	return cmd
}

// file is the path of the env.yaml.
func (o *Options) file() string {
	if o.File != "" {
		return o.File
	}
	return filepath.Join(filepath.Dir(o.Settings.Template), spec.EnvironmentFile)
}

// read gives the environments, or an error that shows all that is wrong with the
// file.
func (o *Options) read() ([]spec.Environment, error) {
	list, found := spec.Environments(o.file())
	if found.HasErrors() {
		return nil, cmdutil.WithCode(cmdutil.ExitSpec, found.Err())
	}
	return list, nil
}

// named checks that there is the environment that -n names.
func (o *Options) named() error {
	list, err := o.read()
	if err != nil {
		return err
	}
	var names []string
	for _, e := range list {
		if e.Name == o.Name {
			return nil
		}
		names = append(names, e.Name)
	}
	if o.Name == "" {
		return cmdutil.WithHint(cmdutil.ExitUsage, errors.New(o.IO.T("which environment? -n names it")), diag.DidYouMean("", names))
	}
	return cmdutil.WithHint(cmdutil.ExitUsage, errors.New(o.IO.T("%s has no environment %q", o.file(), o.Name)), diag.DidYouMean(o.Name, names))
}

func (o *Options) create(cmd *cobra.Command) error {
	if o.Name == "" {
		return cmdutil.UsageError(errors.New(o.IO.T("which environment? -n names it")))
	}
	if !slices.Contains(spec.EnvironmentTypes(), o.Type) {
		return cmdutil.WithHint(cmdutil.ExitUsage, errors.New(o.IO.T("the type of an environment can't be %q", o.Type)), diag.DidYouMean(o.Type, spec.EnvironmentTypes()))
	}
	var overlays any
	if o.Overlays != "" {
		var parts map[string]map[string]map[string]any
		if err := json.Unmarshal([]byte(o.Overlays), &parts); err != nil {
			return cmdutil.WithHint(cmdutil.ExitUsage, fmt.Errorf("--overlays: %w", err), `--overlays '{"components":{"fc3":{"memorySize":1024}}}'`)
		}
		overlays = parts
	}
	if _, err := os.Stat(o.file()); err == nil {
		list, err := o.read()
		if err != nil {
			return err
		}
		if slices.ContainsFunc(list, func(e spec.Environment) bool { return e.Name == o.Name }) {
			return cmdutil.UsageError(errors.New(o.IO.T("%s has an environment %q already", o.file(), o.Name)))
		}
	}
	f, err := openFile(o.file())
	if err != nil {
		return err
	}
	if project := o.project(cmd.Context()); project != "" && child(f.root(), "project") == nil {
		if err := put(f.root(), "project", project); err != nil {
			return err
		}
	}
	e := spec.Environment{Name: o.Name, Description: o.Description, Type: o.Type, Access: o.Access, Region: o.Region}
	if err := f.append(e, overlays, o.Infra); err != nil {
		return err
	}
	if err := f.save(); err != nil {
		return err
	}
	o.IO.Errf("environment %s is in %s", o.Name, o.file())
	return nil
}

// project is the name of the project, if it can be known.
func (o *Options) project(ctx context.Context) string {
	if o.Project != "" || o.Load == nil {
		return o.Project
	}
	if p, _ := o.Load(ctx, "env"); p != nil {
		return p.Name
	}
	return ""
}

// row is an environment as it is listed.
type row struct {
	spec.Environment
	Default bool `json:"default"`
}

func (o *Options) list(cmd *cobra.Command) error {
	list, err := o.read()
	if err != nil {
		return err
	}
	chosen, err := o.chosen(cmd.Context())
	if err != nil {
		return err
	}
	rows := make([]row, 0, len(list))
	for _, e := range list {
		rows = append(rows, row{e, e.Name == chosen})
	}
	if len(rows) == 0 {
		o.IO.Errf("%s has no environments", o.file())
	}
	return cmdutil.Print(o.IO.Out, o.Settings.Output, rows)
}

func (o *Options) chosen(ctx context.Context) (string, error) {
	home, err := o.Home()
	if err != nil {
		return "", err
	}
	return Default(home, o.project(ctx), o.file()), nil
}

func (o *Options) describe(*cobra.Command) error {
	if err := o.named(); err != nil {
		return err
	}
	f, err := openFile(o.file())
	if err != nil {
		return err
	}
	var v any
	if err := f.find(o.Name).Decode(&v); err != nil {
		return err
	}
	return cmdutil.Print(o.IO.Out, o.Settings.Output, v)
}

func (o *Options) choose(cmd *cobra.Command) error {
	abs, err := filepath.Abs(o.file())
	if err != nil {
		return err
	}
	home, err := o.Home()
	if err != nil {
		return err
	}
	if o.Name == "" && cmd.Flags().Changed("name") {
		if err := setDefault(cmd.Context(), home, choice{Path: abs}); err != nil {
			return err
		}
		o.IO.Errf("no environment is the default any more")
		return nil
	}
	if err := o.named(); err != nil {
		return err
	}
	if err := setDefault(cmd.Context(), home, choice{Project: o.project(cmd.Context()), Default: o.Name, Path: abs}); err != nil {
		return err
	}
	o.IO.Errf("environment %s is the default now", o.Name)
	return nil
}

func (o *Options) destroy(cmd *cobra.Command) error {
	if err := o.named(); err != nil {
		return err
	}
	if !o.Yes {
		if !o.IO.CanPrompt() {
			return cmdutil.WithHint(cmdutil.ExitUsage, errors.New(o.IO.T("removing needs a yes and there is no terminal to ask on")), "s env destroy -y -n "+o.Name)
		}
		yes, err := o.IO.Prompter().Confirm(o.IO.T("Take environment %s out of %s?", o.Name, o.file()), false)
		if err != nil {
			return err
		}
		if !yes {
			o.IO.Errf("nothing was removed")
			return cmdutil.Quiet(cmdutil.ExitFailed)
		}
	}
	f, err := openFile(o.file())
	if err != nil {
		return err
	}
	f.remove(o.Name)
	if err := f.save(); err != nil {
		return err
	}
	chosen, err := o.chosen(cmd.Context())
	if err == nil && chosen == o.Name {
		home, _ := o.Home() // chosen has asked for it
		abs, _ := filepath.Abs(o.file())
		err = setDefault(cmd.Context(), home, choice{Path: abs})
	}
	o.IO.Errf("environment %s is out of %s; what is deployed stays", o.Name, o.file())
	return err
}
