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
	"s/pkg/iostreams"
	"s/pkg/spec"
)

// Options is what the command was asked for, and what it works with.
type Options struct {
	IO       *iostreams.IOStreams
	Settings *cmdutil.Settings
	Project  func(ctx context.Context, command string) (*spec.Project, error)
	Target   func(ctx context.Context, project *spec.Project) (*cmdutil.Target, error)
	Reload   cmdutil.Reload // nil leaves values open that only a deployment gives
	// Remote gives where a resource is looked up; nil takes the target's
	// client.
	Remote func(target *cmdutil.Target, r *spec.Resource) (deploy.Reader, error)

	Resources []string // names; none is all
}

// NewCmd makes the info command. runF replaces the run, for tests.
func NewCmd(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Settings: f.Settings, Project: f.Project, Target: f.Target, Reload: f.Reload}
	return &cobra.Command{
		Use:   "info [resource...]",
		Short: "Show what is deployed",
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Resources = args
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return Run(cmd.Context(), opts)
		},
	}
}

// Run shows what is deployed. A function that isn't is an error.
func Run(ctx context.Context, opts *Options) error {
	project, err := opts.Project(ctx, "info")
	if err != nil {
		return err
	}
	resources, err := cmdutil.Resources(project, opts.Resources)
	if err != nil {
		return err
	}
	target, err := opts.Target(ctx, project)
	if err != nil {
		return err
	}
	project, resources, err = cmdutil.SettleNames(ctx, "info", project, resources, cmdutil.SettleOptions{
		Reload: opts.Reload, Flags: cmdutil.AccessFlags(opts.Settings),
		Remote: func(r *spec.Resource) (deploy.Reader, error) { return opts.remote(target, r) },
	})
	if err != nil {
		return cmdutil.CloudError(err, target)
	}
	results, err := opts.all(ctx, project, target, resources)
	if printed := cmdutil.PrintNamed(opts.IO.Out, opts.Settings.Output, project, len(resources), results); err == nil {
		err = printed
	}
	return err
}

// atOnce is how many resources are read at the same time.
const atOnce = 16

// all reads the resources. Of several, the errors are shown, and what could be
// read is given all the same.
func (o *Options) all(ctx context.Context, project *spec.Project, target *cmdutil.Target, resources []*spec.Resource) ([]cmdutil.Named, error) {
	values, errs := make([]any, len(resources)), make([]error, len(resources))
	cmdutil.Parallel(atOnce, len(resources), func(i int) {
		value, err := o.read(ctx, target, resources[i])
		values[i], errs[i] = value, cmdutil.CloudError(err, target)
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(errs) == 1 && errs[0] != nil {
		return nil, errs[0]
	}
	var results []cmdutil.Named
	for i, r := range resources {
		if errs[i] != nil {
			cmdutil.ShowError(o.IO, errs[i], project.Redact)
			continue
		}
		results = append(results, cmdutil.Named{Name: r.Name, Value: deploy.Redacted(values[i], project.Redact)})
	}
	if worst := cmdutil.Worst(errs...); worst != nil {
		return results, cmdutil.Quiet(cmdutil.CodeOf(worst))
	}
	return results, nil
}

func (o *Options) read(ctx context.Context, target *cmdutil.Target, r *spec.Resource) (any, error) {
	remote, err := o.remote(target, r)
	if err != nil {
		return nil, err
	}
	desired := deploy.Want(r, nil, nil, nil)
	cmdutil.NameDomain(target, r, &desired)
	actual, err := deploy.Read(ctx, remote, desired)
	if err != nil {
		return nil, err
	}
	if actual.Function == nil {
		return nil, &fc.APIError{
			Status: http.StatusNotFound, Code: fc.CodeFunctionNotFound,
			Message: fmt.Sprintf("function %s is not deployed in %s", desired.Function.FunctionName, r.Region),
		}
	}
	return deploy.Result(desired, actual, true), nil
}

func (o *Options) remote(target *cmdutil.Target, r *spec.Resource) (deploy.Reader, error) {
	if o.Remote != nil {
		return o.Remote(target, r)
	}
	return target.Client(r)
}
