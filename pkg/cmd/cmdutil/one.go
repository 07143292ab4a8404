package cmdutil

import (
	"context"
	"strings"

	"s/pkg/deploy"
	"s/pkg/fcclient"
	"s/pkg/spec"
)

// OneFunction is the function that a command about one function acts on.
type OneFunction struct {
	Resource *spec.Resource
	Target   *Target
	Client   *fcclient.Client // of the resource's region, speaking the API of its edition

	settings *Settings
}

// FindOne loads the project for a command, "version list", and gives the resource
// that is named, or the only one, and where it is deployed. What of it only other
// resources' deployments give is looked up.
func FindOne(ctx context.Context, f *Factory, name, command string) (*OneFunction, error) {
	found, err := Find(ctx, f, command, func(project *spec.Project) ([]*spec.Resource, error) {
		r, err := OneResource(project, name, command)
		return []*spec.Resource{r}, err
	})
	if err != nil {
		return nil, err
	}
	client, err := found.Target.Client(found.Resources[0])
	return &OneFunction{found.Resources[0], found.Target, client, f.Settings}, err
}

// Name is what the function is called at the service.
func (o *OneFunction) Name() string { return o.Resource.Function.FunctionName }

// Functions are those that a command about several functions acts on.
type Functions struct {
	Project   *spec.Project
	Resources []*spec.Resource
	Target    *Target
}

// FindAll is FindOne for the resources that are named, without names all.
func FindAll(ctx context.Context, f *Factory, names []string, command string) (*Functions, error) {
	return Find(ctx, f, command, func(project *spec.Project) ([]*spec.Resource, error) { return Resources(project, names) })
}

// Find loads the project for a command, chooses resources of it, and says where
// they are deployed. What of them only other resources' deployments give is looked
// up. With the flags of BindFunction it is about what they name.
func Find(ctx context.Context, f *Factory, command string, choose func(*spec.Project) ([]*spec.Resource, error)) (*Functions, error) {
	verb, _, _ := strings.Cut(command, " ")
	if f.Settings.Function != "" {
		return findByName(ctx, f, verb, choose)
	}
	project, err := f.Project(ctx, verb)
	if err != nil {
		return nil, err
	}
	resources, err := choose(project)
	if err != nil {
		return nil, err
	}
	found, err := settled(ctx, f, verb, project, resources)
	if err == nil && f.Settings.Region != "" {
		found.Resources = moved(found.Resources, f.Settings.Region)
	}
	return found, err
}

// settled says where resources are deployed, and looks up what isn't known of them.
func settled(ctx context.Context, f *Factory, verb string, project *spec.Project, resources []*spec.Resource) (*Functions, error) {
	target, err := f.Target(ctx, project)
	if err != nil {
		return nil, err
	}
	project, resources, err = SettleNames(ctx, verb, project, resources, SettleOptions{
		Reload: f.Reload, Flags: AccessFlags(f.Settings),
		Remote: func(r *spec.Resource) (deploy.Reader, error) { return target.Client(r) },
	})
	if err != nil {
		return nil, CloudError(err, target)
	}
	return &Functions{project, resources, target}, nil
}
