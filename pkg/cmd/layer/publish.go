package layercmd

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"s/pkg/bundle"
	"s/pkg/cmd/cmdutil"
	"s/pkg/deploy"
	"s/pkg/diag"
	"s/pkg/fc"
)

func (b builder) publish() *cobra.Command {
	opts := &Options{}
	cmd := b.command(opts, "publish", "Publish a new version of a layer", Publish)
	cmd.Long = "Publish packs a folder, or takes an archive, as a new version of a layer. What is in it will be in /opt:\n" +
		"Python looks in python/, Node.js in nodejs/node_modules/, every shell in bin/. A version that is the newest\n" +
		"one already isn't published again."
	cmd.Example = "s layer publish --layer-name deps --code ./layer --compatible-runtime python3.10"
	flags := cmd.Flags()
	flags.StringVar(&opts.Code, "code", "", "a folder, a .zip file, or the URL of one")
	flags.StringSliceVar(&opts.CompatibleRuntime, "compatible-runtime", nil, "runtimes that it is made for, with commas (default: that of the resource)")
	flags.StringVar(&opts.Description, "description", "", "what it is")
	flags.StringVar(&opts.License, "license", "", "the license of what is in it")
	return cmd
}

// Publish makes a version of a layer and prints it.
func Publish(ctx context.Context, o *Options) error {
	if o.Code == "" {
		return cmdutil.UsageError(diag.Errorf("what is to be in the layer? give --code, a folder or an archive"))
	}
	remote, target, r, err := o.place(ctx)
	if err != nil {
		return err
	}
	runtimes := o.CompatibleRuntime
	if len(runtimes) == 0 && r.Function.Runtime != "" {
		runtimes = []string{r.Function.Runtime}
	}
	if len(runtimes) == 0 {
		return cmdutil.UsageError(diag.Errorf("which runtimes is it made for? give --compatible-runtime"))
	}
	archive, err := o.pack(ctx)
	if err != nil {
		return cmdutil.WithCode(cmdutil.ExitFailed, diag.Errorf("layer %s: %w", o.LayerName, err))
	}
	defer archive.remove()
	v, same, err := deploy.PublishLayer(ctx, remote, fc.LayerInput{
		LayerName: o.LayerName, Description: o.Description, License: o.License, CompatibleRuntime: runtimes,
	}, archive.Bundle)
	if err != nil {
		err = cmdutil.UnsureHint(err, target, o.IO.T("it may be published all the same; run it again: the same code isn't published twice"))
		return cmdutil.CloudError(err, target)
	}
	if same {
		o.IO.Errf("%s: version %d is the same, nothing was published", o.LayerName, v.Version)
	}
	v.Code = nil
	return o.print(v)
}

// packed is the archive of a layer and the folder to remove, if it was made for
// that.
type packed struct {
	*bundle.Bundle
	dir string
}

func (p packed) remove() {
	if p.dir != "" {
		_ = os.RemoveAll(p.dir) // below the system's temporary folder
	}
}

func (o *Options) pack(ctx context.Context) (packed, error) {
	dir, err := os.MkdirTemp("", "s-layer-*")
	if err != nil {
		return packed{}, err
	}
	path := o.Code
	if strings.HasPrefix(path, "http://") || strings.HasPrefix(path, "https://") {
		path, err = bundle.Fetch(ctx, o.Code, bundle.FetchOptions{Dir: dir, Name: "layer", Limit: fc.MaxOSSCode})
	}
	var made *bundle.Bundle
	if err == nil {
		made, err = bundle.Pack(ctx, path, bundle.Options{Out: filepath.Join(dir, "packed.zip")})
	}
	if err != nil {
		return packed{}, errors.Join(err, os.RemoveAll(dir))
	}
	return packed{made, dir}, nil
}
