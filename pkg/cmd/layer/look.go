package layercmd

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"s/pkg/atomicfile"
	"s/pkg/cmd/cmdutil"
	"s/pkg/deploy"
	"s/pkg/diag"
	"s/pkg/fc"
)

func (b builder) list() *cobra.Command {
	opts := &Options{}
	cmd := b.command(opts, "list", "List layers with their newest versions", List)
	flags := cmd.Flags()
	flags.StringVar(&opts.Filter.Prefix, "prefix", "", "those whose names begin so")
	flags.BoolVar(&opts.Filter.Public, "public", false, "those that everybody may use")
	flags.BoolVar(&opts.Filter.Official, "official", false, "those of Function Compute itself")
	flags.BoolVar(&opts.Table, "table", false, "as a table")
	return cmd
}

func (b builder) versions() *cobra.Command {
	opts := &Options{}
	cmd := b.command(opts, "versions", "List the versions of a layer", Versions)
	cmd.Flags().BoolVar(&opts.Table, "table", false, "as a table")
	return cmd
}

func (b builder) info() *cobra.Command {
	opts := &Options{}
	cmd := b.command(opts, "info", "Show a version of a layer", Info)
	cmd.Flags().IntVar(&opts.Version, "version-id", 0, "its number (default: the newest)")
	return cmd
}

func (b builder) download() *cobra.Command {
	opts := &Options{}
	cmd := b.command(opts, "download", "Download the archive of a version of a layer", Download)
	cmd.Flags().IntVar(&opts.Version, "version-id", 0, "its number (default: the newest)")
	cmd.Flags().StringVar(&opts.Dest, "dest", "", "the file to write (default: in the folder of s, cache/layers)")
	return cmd
}

// List prints the newest version of each layer.
func List(ctx context.Context, o *Options) error {
	remote, target, _, err := o.place(ctx)
	if err != nil {
		return err
	}
	list, err := remote.ListLayers(ctx, o.Filter)
	if err != nil {
		return cmdutil.CloudError(err, target)
	}
	if len(list) == 0 && o.forPeople() {
		o.IO.Errf("there are no such layers")
		return nil
	}
	return o.printList(list)
}

// Versions prints the versions of a layer, the oldest first.
func Versions(ctx context.Context, o *Options) error {
	remote, target, _, err := o.place(ctx)
	if err != nil {
		return err
	}
	list, err := remote.ListLayerVersions(ctx, o.LayerName)
	if err != nil {
		return cmdutil.CloudError(err, target)
	}
	if len(list) == 0 && o.forPeople() {
		o.IO.Errf("layer %s has no versions", o.LayerName)
		return nil
	}
	return o.printList(list)
}

// forPeople tells whether nobody reads what is printed but people.
func (o *Options) forPeople() bool {
	return o.Table || o.Settings.Output == cmdutil.OutputDefault || o.Settings.Output == cmdutil.OutputTable
}

func (o *Options) printList(list []fc.LayerVersion) error {
	for i := range list {
		list[i].Code = nil // good for an hour, and long
	}
	if list == nil {
		list = []fc.LayerVersion{}
	}
	return o.print(list)
}

// Info prints a version of a layer, and where its archive can be fetched.
func Info(ctx context.Context, o *Options) error {
	_, v, err := o.version(ctx)
	if err != nil {
		return err
	}
	return o.print(v)
}

// version reads the version that is meant.
func (o *Options) version(ctx context.Context) (Remote, *fc.LayerVersion, error) {
	remote, target, _, err := o.place(ctx)
	if err != nil {
		return nil, nil, err
	}
	number := o.Version
	if number == 0 {
		versions, err := remote.ListLayerVersions(ctx, o.LayerName)
		if err != nil {
			return nil, nil, cmdutil.CloudError(err, target)
		}
		newest := deploy.NewestLayer(versions)
		if newest == nil {
			return nil, nil, cmdutil.WithHint(cmdutil.ExitCloud, diag.Errorf("layer %s has no versions", o.LayerName), "s layer list")
		}
		number = newest.Version
	}
	v, err := remote.GetLayerVersion(ctx, o.LayerName, number)
	if err != nil {
		return nil, nil, cmdutil.CloudError(err, target)
	}
	return remote, v, nil
}

// Download writes the archive of a version to a file and prints its path.
func Download(ctx context.Context, o *Options) error {
	remote, v, err := o.version(ctx)
	if err != nil {
		return err
	}
	path, err := o.dest(v)
	if err != nil {
		return err
	}
	if v.Code == nil || v.Code.Location == "" {
		return cmdutil.WithCode(cmdutil.ExitCloud, diag.Errorf("the service doesn't say where version %d of layer %s can be fetched", v.Version, v.LayerName))
	}
	if err := fetch(ctx, remote, v, path); err != nil {
		return cmdutil.WithCode(cmdutil.ExitFailed, err)
	}
	return cmdutil.Print(o.IO.Out, o.Settings.Output, struct {
		LayerVersionARN string `json:"layerVersionArn"`
		Path            string `json:"path"`
		Size            int64  `json:"size"`
	}{v.LayerVersionARN, path, v.CodeSize})
}

// dest is where the archive goes.
func (o *Options) dest(v *fc.LayerVersion) (string, error) {
	if o.Dest != "" {
		return filepath.Abs(o.Dest)
	}
	home, err := o.Home()
	if err != nil {
		return "", err
	}
	owner := "layers"
	if arn, err := fc.ParseLayerARN(v.LayerVersionARN); err == nil {
		owner = arn.Account + "-" + arn.Region
	}
	return filepath.Join(home, "cache", "layers", filepath.Base(owner+"-"+v.LayerName), fmt.Sprintf("%d.zip", v.Version)), nil
}

// fetch writes the archive whole or not at all.
func fetch(ctx context.Context, remote Remote, v *fc.LayerVersion, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), atomicfile.TempPattern(filepath.Base(path)))
	if err != nil {
		return err
	}
	err = remote.DownloadCode(ctx, v.Code.Location, v.CodeChecksum, temp)
	if closing := temp.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(temp.Name())
	}
	return err
}
