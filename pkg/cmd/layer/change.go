package layercmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
)

func (b builder) acl() *cobra.Command {
	opts := &Options{}
	cmd := b.command(opts, "acl", "Let everybody use a layer, or this account alone", ACL)
	cmd.Flags().BoolVar(&opts.Public, "public", false, "everybody may use it (default: this account alone)")
	return cmd
}

func (b builder) remove() *cobra.Command {
	opts := &Options{}
	cmd := b.command(opts, "remove", "Remove a version of a layer, or all of them", Remove)
	cmd.Long = "Remove deletes a version of a layer, or without --version-id all of them. Functions that have one keep it.\n" +
		"The number of a version that was removed doesn't come back. Without a terminal it needs -y."
	cmd.Flags().IntVar(&opts.Version, "version-id", 0, "its number (default: all)")
	cmd.Flags().BoolVarP(&opts.Yes, "assume-yes", "y", false, "don't ask")
	return cmd
}

// ACL says who may use a layer.
func ACL(ctx context.Context, o *Options) error {
	remote, target, _, err := o.place(ctx)
	if err != nil {
		return err
	}
	if err := remote.PutLayerACL(ctx, o.LayerName, o.Public); err != nil {
		return cmdutil.CloudError(err, target)
	}
	if o.Public {
		o.IO.Errf("everybody may use layer %s now", o.LayerName)
	} else {
		o.IO.Errf("only this account may use layer %s now", o.LayerName)
	}
	return nil
}

// Remove deletes versions of a layer.
func Remove(ctx context.Context, o *Options) error {
	remote, target, _, err := o.place(ctx)
	if err != nil {
		return err
	}
	numbers := []int{o.Version}
	if o.Version == 0 {
		versions, err := remote.ListLayerVersions(ctx, o.LayerName)
		if err != nil {
			return cmdutil.CloudError(err, target)
		}
		numbers = nil
		for _, v := range versions {
			numbers = append(numbers, v.Version)
		}
	}
	if len(numbers) == 0 {
		o.IO.Errf("nothing to remove: layer %s has no versions", o.LayerName)
		return nil
	}
	if err := o.confirm(numbers); err != nil {
		return err
	}
	for _, n := range numbers {
		if err := remote.DeleteLayerVersion(ctx, o.LayerName, n); err != nil {
			return cmdutil.CloudError(err, target)
		}
		o.IO.Errf("removed version %d of layer %s", n, o.LayerName)
	}
	return nil
}

func (o *Options) confirm(numbers []int) error {
	question := o.IO.T("Remove version %d of layer %s?", numbers[0], o.LayerName)
	if len(numbers) > 1 {
		question = o.IO.T("Remove all %d versions of layer %s?", len(numbers), o.LayerName)
	}
	return cmdutil.Confirm(o.IO, question, o.Yes, o.again())
}

// again is the command line that asks nothing.
func (o *Options) again() string {
	line := "s layer remove"
	if o.Resource != "" {
		line += " " + o.Resource
	}
	if o.Region != "" {
		line += " --region " + o.Region
	}
	line += " --layer-name " + o.LayerName
	if o.Version > 0 {
		line += fmt.Sprintf(" --version-id %d", o.Version)
	}
	return line + " -y"
}
