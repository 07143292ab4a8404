// Package infocmd is the command that shows what is deployed.
package infocmd

import (
	"context"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/spec"
)

// Options is what the command was asked for, and what it works with.
type Options struct {
	*cmdutil.Factory

	Resources []string // names; none is all
	Qualifier string   // version or alias; empty is what was deployed last
}

// NewCmd makes the info command. runF replaces the run, for tests.
func NewCmd(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{Factory: f}
	cmd := &cobra.Command{
		Use:   "info [resource...]",
		Short: "Show what is deployed",
		Long: "Info shows the functions as they are deployed, with their triggers, what is configured around them, and where\n" +
			"they can be called. With --qualifier it shows a version, or the one that an alias leads to, with what is\n" +
			"configured for that name.",
		Example: "s info\ns info hello -o json\ns info hello --qualifier prod",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Resources = args
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return Run(cmd.Context(), opts)
		},
	}
	cmdutil.BindFunction(cmd.Flags(), f.Settings)
	cmd.Flags().StringVar(&opts.Qualifier, "qualifier", "", "version or alias (default LATEST)")
	return cmd
}

// Run shows what is deployed. A function that isn't is an error.
func Run(ctx context.Context, opts *Options) error {
	found, err := cmdutil.FindAll(ctx, opts.Factory, opts.Resources, "info")
	if err != nil {
		return err
	}
	results, err := opts.all(ctx, found)
	if printed := cmdutil.PrintNamed(opts.IO.Out, opts.Settings.Output, found.Project, len(found.Resources), results,
		"resource", "region", "functionName", "runtime", "memorySize", "timeout", "lastModifiedTime"); err == nil {
		err = printed
	}
	return err
}

// atOnce is how many resources are read at the same time.
const atOnce = 16

// all reads the resources. Of several, the errors are shown, and what could be
// read is given all the same.
func (o *Options) all(ctx context.Context, found *cmdutil.Functions) ([]cmdutil.Named, error) {
	n, redact := len(found.Resources), found.Project.Redact
	values, errs := make([]any, n), make([]error, n)
	cmdutil.Parallel(atOnce, n, func(i int) {
		value, err := o.read(ctx, found.Target, found.Resources[i])
		values[i], errs[i] = value, cmdutil.CloudError(err, found.Target)
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if n == 1 && errs[0] != nil {
		return nil, errs[0]
	}
	var results []cmdutil.Named
	for i, r := range found.Resources {
		if errs[i] != nil {
			cmdutil.ShowError(o.IO, errs[i], redact)
			continue
		}
		results = append(results, cmdutil.Named{Name: r.Name, Value: deploy.Redacted(values[i], redact)})
	}
	if worst := cmdutil.Worst(errs...); worst != nil {
		return results, cmdutil.Quiet(cmdutil.CodeOf(worst))
	}
	return results, nil
}

func (o *Options) read(ctx context.Context, target *cmdutil.Target, r *spec.Resource) (any, error) {
	remote, err := target.Client(r)
	if err != nil {
		return nil, err
	}
	desired := deploy.Want(r, nil, nil, nil)
	cmdutil.NameDomain(target, r, &desired)
	actual, err := deploy.ReadVersion(ctx, remote, desired, o.Qualifier)
	if err != nil {
		return nil, o.advise(err, r)
	}
	if actual.Function == nil {
		return nil, &fc.APIError{
			Status: http.StatusNotFound, Code: fc.CodeFunctionNotFound,
			Message: fmt.Sprintf("function %s is not deployed in %s", desired.Function.FunctionName, r.Region),
		}
	}
	return deploy.Result(desired, actual, true), nil
}

// advise says where the versions and aliases are that there are.
func (o *Options) advise(err error, r *spec.Resource) error {
	switch {
	case fc.IsCode(err, fc.CodeVersionNotFound):
		return cmdutil.WithHint(cmdutil.ExitCloud, err, "s version list "+r.Name)
	case fc.IsCode(err, fc.CodeAliasNotFound):
		return cmdutil.WithHint(cmdutil.ExitCloud, err, "s alias list "+r.Name)
	}
	return err
}
