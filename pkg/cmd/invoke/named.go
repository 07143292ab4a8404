package invokecmd

import (
	"context"
	"slices"

	"s/pkg/cmd/cmdutil"
	"s/pkg/spec"
)

// project is that of s.yaml. With --function-name or --region it has what they name,
// which is called where it is deployed or not at all.
func (o *Options) project(ctx context.Context) (*spec.Project, error) {
	s := o.Settings
	if s.Function == "" && s.Region == "" {
		return o.Project(ctx, o.command())
	}
	f := &cmdutil.Factory{IO: o.IO, Settings: s, Project: o.Project, Target: o.Target, Reload: o.Reload}
	found, err := cmdutil.Find(ctx, f, o.command(), func(p *spec.Project) ([]*spec.Resource, error) {
		return cmdutil.Resources(p, o.Resources)
	})
	if err != nil {
		return nil, err
	}
	o.RemoteOnly, o.Resources = true, nil
	own := true
	for _, r := range found.Resources {
		o.Resources = append(o.Resources, r.Name)
		own = own && slices.Contains(found.Project.Resources, r)
	}
	if own {
		return found.Project, nil
	}
	named := *found.Project // but for what is of its own resources
	named.Resources, named.Actions, named.Flow = found.Resources, nil, nil
	return &named, nil
}
