package cmdutil

import (
	"context"

	"s/pkg/deploy"
	"s/pkg/fcclient"
	"s/pkg/spec"
)

// OneFunction is the function that a command about one function acts on.
type OneFunction struct {
	Resource *spec.Resource
	Target   *Target
	Client   *fcclient.Client // of the resource's region, speaking the API of its edition
}

// FindOne loads the project for a command, "version list", and gives the resource
// that is named, or the only one, and where it is deployed. What of it only other
// resources' deployments give is looked up.
func FindOne(ctx context.Context, f *Factory, name, command string) (*OneFunction, error) {
	project, err := f.Project(ctx, command)
	if err != nil {
		return nil, err
	}
	r, err := OneResource(project, name, command)
	if err != nil {
		return nil, err
	}
	target, err := f.Target(ctx, project)
	if err != nil {
		return nil, err
	}
	_, named, err := SettleNames(ctx, command, project, []*spec.Resource{r}, SettleOptions{
		Reload: f.Reload, Flags: AccessFlags(f.Settings),
		Remote: func(r *spec.Resource) (deploy.Reader, error) { return target.Client(r) },
	})
	if err != nil {
		return nil, CloudError(err, target)
	}
	client, err := target.Client(named[0])
	return &OneFunction{named[0], target, client}, err
}

// Name is what the function is called at the service.
func (o *OneFunction) Name() string { return o.Resource.Function.FunctionName }
