// Package layercmd holds the commands about layers: publish, look at, share and
// remove versions of what functions share.
package layercmd

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

// Remote is where layers are; *fcclient.Client is one.
type Remote interface {
	PublishLayerVersion(ctx context.Context, in fc.LayerInput) (*fc.LayerVersion, error)
	PutCode(ctx context.Context, path, checksum string) (*fc.Code, error)
	GetLayerVersion(ctx context.Context, name string, version int) (*fc.LayerVersion, error)
	ListLayers(ctx context.Context, filter fc.LayerFilter) ([]fc.LayerVersion, error)
	ListLayerVersions(ctx context.Context, name string) ([]fc.LayerVersion, error)
	DeleteLayerVersion(ctx context.Context, name string, version int) error
	PutLayerACL(ctx context.Context, name string, public bool) error
	DownloadCode(ctx context.Context, location, checksum string, w io.Writer) error
}

// Options is what the commands were asked for, and what they work with.
type Options struct {
	IO       *iostreams.IOStreams
	Settings *cmdutil.Settings
	Project  func(ctx context.Context, command string) (*spec.Project, error)
	Target   func(ctx context.Context, project *spec.Project) (*cmdutil.Target, error)
	// Home is the folder of s, where downloads go.
	Home func() (string, error)
	// HasFile tells whether there is an s.yaml; without one, --region says where.
	HasFile func() bool
	// Remote gives where the layers of a resource's region are; nil takes the
	// target's client.
	Remote func(target *cmdutil.Target, r *spec.Resource) (Remote, error)

	Resource  string // whose region it is; may be empty
	Region    string // instead of a resource's
	LayerName string
	Version   int // 0 is the newest, or of remove all
	Table     bool

	// Of publish alone.
	Code              string // a folder, an archive or the URL of one
	CompatibleRuntime []string
	Description       string
	License           string

	// Of list alone.
	Filter fc.LayerFilter

	verb string // of the subcommand

	Public bool   // of acl alone
	Yes    bool   // of remove alone: don't ask
	Dest   string // of download alone: the file; empty is in Home
}

// NewCmd makes the layer command with its subcommands. runF replaces their run,
// for tests: it gets the name of the subcommand.
func NewCmd(f *cmdutil.Factory, runF func(context.Context, string, *Options) error) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "layer",
		Short: "Publish layers and manage their versions",
		Long: "A layer is an archive that functions share: its files are in /opt of their instances.\n" +
			"Each publish makes a new version; functions name one by its ARN in layers: of s.yaml.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	b := builder{f, runF}
	cmd.AddCommand(b.publish(), b.list(), b.versions(), b.info(), b.download(), b.acl(), b.remove())
	return cmd
}

// builder makes the subcommands.
type builder struct {
	f    *cmdutil.Factory
	runF func(context.Context, string, *Options) error
}

// command makes a subcommand with what all of them have.
func (b builder) command(opts *Options, name, short string, run func(context.Context, *Options) error) *cobra.Command {
	f := b.f
	opts.IO, opts.Settings, opts.Project, opts.Target, opts.Home = f.IO, f.Settings, f.Project, f.Target, f.Home
	opts.HasFile = func() bool { return f.Settings.Template != "" || spec.HasFile("") }
	cmd := &cobra.Command{
		Use:   name + " [resource]",
		Short: short,
		Args:  cmdutil.OneArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				opts.Resource = args[0]
			}
			opts.verb = name
			if name != "list" && opts.LayerName == "" {
				return cmdutil.UsageError(diag.Errorf("which layer? give --layer-name"))
			}
			if opts.Version < 0 {
				return cmdutil.UsageError(diag.Errorf("--version-id is a number from 1 on"))
			}
			if b.runF != nil {
				return b.runF(cmd.Context(), name, opts)
			}
			return run(cmd.Context(), opts)
		},
	}
	cmd.Flags().StringVar(&opts.Region, "region", "", "the region (default: that of the resource in s.yaml)")
	if name != "list" {
		cmd.Flags().StringVar(&opts.LayerName, "layer-name", "", "the layer")
	}
	return cmd
}

// place gives the layers of the region that is meant.
func (o *Options) place(ctx context.Context) (Remote, *cmdutil.Target, *spec.Resource, error) {
	var project *spec.Project
	r := &spec.Resource{Region: o.Region}
	if o.Region == "" || o.Resource != "" || o.HasFile() {
		var err error
		if project, err = o.Project(ctx, "layer"); err != nil {
			return nil, nil, nil, err
		}
		if r, err = o.choose(project); err != nil {
			return nil, nil, nil, err
		}
	}
	target, err := o.Target(ctx, project)
	if err != nil {
		return nil, nil, nil, err
	}
	var remote Remote
	if o.Remote != nil {
		remote, err = o.Remote(target, r)
	} else {
		remote, err = target.Client(r)
	}
	return remote, target, r, err
}

// choose gives the resource whose region and API are meant: the one that is named,
// or any if they are all alike.
func (o *Options) choose(project *spec.Project) (*spec.Resource, error) {
	var given []string
	if o.Resource != "" {
		given = []string{o.Resource}
	}
	list, err := cmdutil.Resources(project, given)
	if err != nil {
		return nil, err
	}
	first := *list[0]
	for _, r := range list {
		if o.Region == "" && (r.Region != first.Region || (r.Service == nil) != (first.Service == nil)) {
			return cmdutil.OneResource(project, o.Resource, "layer "+o.verb)
		}
	}
	if o.Region != "" {
		first.Region = o.Region
	}
	return &first, nil
}

// print writes what a command found.
func (o *Options) print(v any) error {
	if o.Table {
		return cmdutil.PrintTable(o.IO.Out, v, "layerName", "version", "acl", "compatibleRuntime", "codeSize", "createTime", "description")
	}
	return cmdutil.Print(o.IO.Out, o.Settings.Output, v)
}
