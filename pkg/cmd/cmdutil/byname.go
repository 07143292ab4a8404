package cmdutil

import (
	"context"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/spec"
)

// BindFunction defines the flags by which a command is about a function that is
// named on the command line, whether s.yaml has it or there is an s.yaml at all.
func BindFunction(flags *pflag.FlagSet, s *Settings) {
	flags.StringVar(&s.Function, "function-name", "", "a function by its own name, with or without an s.yaml; of FC 2.0: service$function")
	flags.StringVar(&s.Region, "region", "", "its region (default: that of s.yaml)")
}

// findByName is Find for the function of --function-name: the resource that has it,
// or one that is made up for it.
func findByName(ctx context.Context, f *Factory, verb string, choose func(*spec.Project) ([]*spec.Resource, error)) (*Functions, error) {
	project, err := besideFile(ctx, f, verb)
	if err != nil {
		return nil, err
	}
	name, region := f.Settings.Function, f.Settings.Region
	fits := functionsCalled(project, name, region)
	if len(fits) == 0 && region == "" {
		region = onlyRegion(project)
	}
	if len(fits) > 1 || len(fits) == 0 && region == "" {
		return nil, UsageError(diag.Errorf("in which region is %s? give --region", name))
	}
	known := len(fits) == 1
	if !known {
		r := &spec.Resource{Name: name, Region: region, Function: fc.Function{FunctionName: name}}
		if service, _ := fc.SplitName(name); service != "" && project.Edition == spec.Edition1 {
			r.Service = &fc.Service{ServiceName: service}
		}
		fits = append(fits, r)
	}
	// Names of resources beside it have to be those of the same.
	alone := *project
	alone.File, alone.Resources = "--function-name", fits
	if _, err := choose(&alone); err != nil {
		return nil, err
	}
	if known {
		return settled(ctx, f, verb, project, fits)
	}
	target, err := f.Target(ctx, project)
	return &Functions{project, fits, target}, err
}

// functionsCalled gives the resources with a function of a name, in a region if one
// is given.
func functionsCalled(project *spec.Project, name, region string) []*spec.Resource {
	var fits []*spec.Resource
	for _, r := range project.Resources {
		if r.OpenName() == nil && called(r, name) && (region == "" || r.Region == region) {
			fits = append(fits, r)
		}
	}
	return fits
}

// onlyRegion is the region that all resources are in, if they are in one.
func onlyRegion(project *spec.Project) string {
	region := ""
	for _, r := range project.Resources {
		if region != "" && r.Region != region {
			return ""
		}
		region = r.Region
	}
	return region
}

// called tells whether a resource's function has a name; in edition 1.0.0 it needs no
// service before it.
func called(r *spec.Resource, name string) bool {
	_, short := fc.SplitName(r.Function.FunctionName)
	return r.Function.FunctionName == name || r.Service != nil && short == name
}

// besideFile is the project of s.yaml, if there is one, and else an empty one. One
// with mistakes is no hindrance when it isn't needed.
func besideFile(ctx context.Context, f *Factory, verb string) (*spec.Project, error) {
	s := f.Settings
	if s.Template != "" || s.Text != "" || spec.HasFile("") {
		project, err := f.Project(ctx, verb)
		if err == nil || s.Region == "" || s.Access == "" {
			return project, err
		}
	}
	dir, err := os.Getwd()
	return &spec.Project{Dir: dir, Edition: spec.Edition3}, err
}

// moved are resources as they are in another region.
func moved(resources []*spec.Resource, region string) []*spec.Resource {
	list := make([]*spec.Resource, len(resources))
	for i, r := range resources {
		there := *r
		there.Region = region
		list[i] = &there
	}
	return list
}

// Args are what names the function on a command line, for a hint.
func (o *OneFunction) Args() string {
	args := []string{o.Resource.Name}
	if o.settings.Function != "" {
		args = []string{"--function-name", "'" + o.settings.Function + "'"}
		if !strings.Contains(o.settings.Function, fc.ServiceSeparator) {
			args[1] = o.settings.Function
		}
	}
	if o.settings.Region != "" {
		args = append(args, "--region", o.settings.Region)
	}
	return strings.Join(args, " ")
}
