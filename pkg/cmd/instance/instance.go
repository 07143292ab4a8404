// Package instancecmd holds the commands about the running instances of a
// function: list them, run a command or a shell inside one.
package instancecmd

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/fcclient"
	"s/pkg/spec"
)

// Remote is where instances are found; *fcclient.Client is one.
type Remote interface {
	ListInstances(ctx context.Context, function, qualifier string) ([]fcclient.Instance, error)
	Exec(ctx context.Context, in fcclient.ExecInput) (int, error)
}

// Options is what the commands were asked for, and what they work with.
type Options struct {
	*cmdutil.Factory
	// Remote is where the instances are; nil takes the resource's client.
	Remote Remote

	Resource  string // may be empty if there is one only
	Qualifier string

	// Of exec alone.
	InstanceID string // empty is the first that runs
	Command    string
	Shell      string
	Workdir    string // empty is /code, or / where that isn't
	NoWorkdir  bool   // stay where the instance's processes begin
	TTY        bool
	Stdin      bool
}

// NewCmd makes the instance command with its subcommands. runF replaces their
// run, for tests.
func NewCmd(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "instance",
		Short: "List running instances, or run a command in one",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newList(f, runF), newExec(f, runF))
	return cmd
}

func newList(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{Factory: f}
	cmd := &cobra.Command{
		Use:   "list [resource]",
		Short: "List the running instances of a function",
		Args:  cmdutil.OneArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				opts.Resource = args[0]
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return List(cmd.Context(), opts)
		},
	}
	cmdutil.BindFunction(cmd.Flags(), f.Settings)
	cmd.Flags().StringVar(&opts.Qualifier, "qualifier", "", "version or alias (default LATEST)")
	return cmd
}

// List prints the running instances.
func List(ctx context.Context, opts *Options) error {
	r, remote, target, err := opts.find(ctx, "instance list")
	if err != nil {
		return err
	}
	instances, err := opts.instances(ctx, remote, r)
	if err != nil {
		return cmdutil.CloudError(err, target)
	}
	if instances == nil {
		instances = []fcclient.Instance{}
	}
	doc := struct {
		Instances any `json:"instances"`
	}{instances}
	if cmdutil.ForPeople(opts.Settings.Output) {
		doc.Instances = forPeople(instances)
	}
	return cmdutil.PrintList(opts.IO, opts.Settings.Output, doc, len(instances), opts.IO.T("no instance of %s is running", r.Name))
}

// shown is an instance as people read it.
type shown struct {
	InstanceID  string `json:"instanceId"`
	VersionID   string `json:"versionId,omitempty"`
	Qualifier   string `json:"qualifier,omitempty"`
	Status      string `json:"status,omitempty"`
	CreatedTime string `json:"createdTime,omitempty"`
}

func forPeople(instances []fcclient.Instance) []shown {
	out := make([]shown, len(instances))
	for i, in := range instances {
		out[i] = shown{InstanceID: in.InstanceID, VersionID: in.VersionID, Qualifier: in.Qualifier, Status: in.Status}
		if in.CreatedTimeMS > 0 {
			out[i].CreatedTime = time.UnixMilli(in.CreatedTimeMS).UTC().Format(time.RFC3339)
		}
	}
	return out
}

// find gives the resource that the command is about and where it is deployed.
func (o *Options) find(ctx context.Context, command string) (*spec.Resource, Remote, *cmdutil.Target, error) {
	one, err := cmdutil.FindOne(ctx, o.Factory, o.Resource, command)
	if err != nil {
		return nil, nil, nil, err
	}
	if o.Remote != nil {
		return one.Resource, o.Remote, one.Target, nil
	}
	return one.Resource, one.Client, one.Target, nil
}

func (o *Options) instances(ctx context.Context, remote Remote, r *spec.Resource) ([]fcclient.Instance, error) {
	return remote.ListInstances(ctx, r.Function.FunctionName, o.Qualifier)
}

// choose gives the instance that was named, or the first that runs.
func (o *Options) choose(ctx context.Context, remote Remote, r *spec.Resource) (string, error) {
	if o.InstanceID != "" {
		return o.InstanceID, nil
	}
	instances, err := o.instances(ctx, remote, r)
	if err != nil && !fc.IsNotFound(err) {
		return "", err
	}
	for _, i := range instances {
		switch i.Status {
		case "Stopping", "Destroying", "Destroyed":
		default:
			return i.InstanceID, nil
		}
	}
	if fc.IsNotFound(err) {
		return "", cmdutil.WithHint(cmdutil.ExitCloud, err, "s deploy "+r.Name)
	}
	return "", cmdutil.WithHint(cmdutil.ExitFailed, diag.Errorf("no instance of %s is running", r.Name), "s invoke "+r.Name)
}

var errNoTerminal = diag.Errorf("an interactive shell needs a terminal on stdin and stdout")
