// Package listcmd is the command that lists the functions of a region.
package listcmd

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
	"s/pkg/deploy"
	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/fcclient"
	"s/pkg/spec"
)

// maxPage is the most that the service gives at a time.
const maxPage = 100

// Options is what the command was asked for, and what it works with.
type Options struct {
	*cmdutil.Factory

	Region    string // empty takes the regions of s.yaml
	Service   string // of edition 1.0.0
	Prefix    string
	Limit     int // 0 lists all
	NextToken string
	Table     bool
}

// NewCmd makes the list command. runF replaces the run, for tests.
func NewCmd(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{Factory: f}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the functions of a region",
		Long: "List shows what is deployed in the regions of s.yaml, whoever deployed it. With --region and -a it needs no\n" +
			"s.yaml. Without --limit it lists all; with it, the token of the next page comes with the list.",
		Example: "s list --prefix web-\ns list --region cn-hangzhou -a prod -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return Run(cmd.Context(), opts)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&opts.Region, "region", "", "the region (default: those of s.yaml)")
	flags.StringVar(&opts.Service, "service-name", "", "only the functions of this service of FC 2.0")
	flags.StringVar(&opts.Prefix, "prefix", "", "only functions whose name begins like this")
	flags.IntVar(&opts.Limit, "limit", 0, "list this many, 1 to 100 (default: all)")
	flags.StringVar(&opts.NextToken, "next-token", "", "go on after the page that gave this token")
	flags.BoolVar(&opts.Table, "table", false, "as a table; so it is without -o anyway")
	return cmd
}

// List is what the command prints.
type List struct {
	Functions []Function `json:"functions"`
	NextToken string     `json:"nextToken,omitempty"` // of the next page
}

// Function is a function and where it is.
type Function struct {
	Region string `json:"region"`
	fc.Function
}

// Run lists the functions, sorted by region and name.
func Run(ctx context.Context, opts *Options) error {
	if opts.Limit < 0 || opts.Limit > maxPage {
		return cmdutil.UsageError(diag.Errorf("--limit must be 1 to 100; without it all are listed"))
	}
	regions, target, err := opts.where(ctx)
	if err != nil {
		return err
	}
	if len(regions) > 1 && (opts.NextToken != "" || opts.Limit > 0) {
		return cmdutil.WithHint(cmdutil.ExitUsage, diag.Errorf("pages are of one region, and s.yaml has several"), "s list --region "+regions[0])
	}
	out := List{Functions: []Function{}}
	for _, region := range regions {
		if err := opts.list(ctx, target, region, &out); err != nil {
			return cmdutil.CloudError(err, target)
		}
	}
	return opts.print(out)
}

// where gives the regions to look into, and with whose credentials.
func (o *Options) where(ctx context.Context) ([]string, *cmdutil.Target, error) {
	var project *spec.Project
	if o.Region == "" || o.Settings.Access == "" {
		var err error
		if project, err = o.Project(ctx, "list"); err != nil {
			return nil, nil, cmdutil.WithHint(cmdutil.CodeOf(err), err, "s list --region cn-hangzhou -a ALIAS needs no s.yaml")
		}
	}
	regions := []string{o.Region}
	if o.Region == "" {
		regions = regionsOf(project)
	}
	if len(regions) == 0 {
		return nil, nil, cmdutil.WithHint(cmdutil.ExitUsage, diag.Errorf("s.yaml names no region"), "s list --region cn-hangzhou")
	}
	target, err := o.Target(ctx, project)
	return regions, target, err
}

func regionsOf(project *spec.Project) []string {
	var regions []string
	for _, r := range project.Resources {
		if r.Region != "" && !slices.Contains(regions, r.Region) {
			regions = append(regions, r.Region)
		}
	}
	slices.Sort(regions)
	return regions
}

// list adds the functions of a region: a page, or all of them.
func (o *Options) list(ctx context.Context, target *cmdutil.Target, region string, out *List) error {
	r := &spec.Resource{Region: region}
	if o.Service != "" {
		r.Service = &fc.Service{ServiceName: o.Service}
	}
	client, err := target.Client(r)
	if err != nil {
		return err
	}
	query := fcclient.FunctionQuery{Service: o.Service, Prefix: o.Prefix, Limit: o.Limit, NextToken: o.NextToken}
	if query.Limit == 0 {
		query.Limit = maxPage
	}
	for {
		page, err := client.ListFunctionsPage(ctx, query)
		if err != nil {
			return err
		}
		for _, f := range page.Functions {
			out.Functions = append(out.Functions, Function{region, deploy.MaskFunction(f)})
		}
		if o.Limit > 0 {
			out.NextToken = page.NextToken
		}
		if page.NextToken == "" || page.NextToken == query.NextToken || o.Limit > 0 {
			return nil
		}
		query.NextToken = page.NextToken
	}
}

func (o *Options) print(out List) error {
	format := o.Settings.Output
	if format != cmdutil.OutputDefault && format != cmdutil.OutputTable && !o.Table {
		return cmdutil.Print(o.IO.Out, format, out)
	}
	if len(out.Functions) == 0 {
		o.IO.Errf("no functions")
		return nil
	}
	return cmdutil.PrintTable(o.IO.Out, out, "region", "functionName", "runtime", "memorySize", "timeout", "lastModifiedTime")
}
