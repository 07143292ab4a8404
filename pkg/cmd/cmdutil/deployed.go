package cmdutil

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"s/pkg/deploy"
	"s/pkg/spec"
)

// Known tells what there is of other resources, for values that only a
// deployment can give: their output, or (info) all that the service says.
type Known func(resource string, info bool) (map[string]any, bool)

// Deployed is what is deployed at a target; a resource is read when it is first
// asked for.
type Deployed struct {
	ctx     context.Context //nolint:containedctx // of the one command that it lives for
	project *spec.Project
	remote  func(*spec.Resource) (deploy.Reader, error)
	states  map[string]*state
	err     error
}

// state is a resource as it is deployed.
type state struct {
	desired deploy.Desired
	actual  deploy.Actual
}

// NewDeployed makes a Deployed that reads with the clients that remote gives.
func NewDeployed(ctx context.Context, project *spec.Project, remote func(*spec.Resource) (deploy.Reader, error)) *Deployed {
	return &Deployed{ctx: ctx, project: project, remote: remote, states: map[string]*state{}}
}

// Err is the first error of reading; a resource that isn't deployed is none.
func (d *Deployed) Err() error { return d.err }

// Known is a Known. What can't be read isn't known; Err says why.
func (d *Deployed) Known(name string, info bool) (map[string]any, bool) {
	s, asked := d.states[name]
	if !asked {
		var err error
		if s, err = d.read(name); err != nil && d.err == nil {
			d.err = err
		}
		d.states[name] = s
	}
	if s == nil {
		return nil, false
	}
	return AsMap(deploy.Result(s.desired, s.actual, info))
}

// read gives nil for what isn't deployed.
func (d *Deployed) read(name string) (*state, error) {
	r := d.project.Find(name)
	if r == nil || r.OpenName() != nil {
		return nil, nil
	}
	client, err := d.remote(r)
	if err != nil {
		return nil, err
	}
	desired := deploy.Want(r, nil, nil, nil)
	actual, err := deploy.Read(d.ctx, client, desired)
	if err != nil || actual.Function == nil {
		return nil, err
	}
	return &state{desired, actual}, nil
}

// AsMap gives a result as the map that expressions look into.
func AsMap(result any) (map[string]any, bool) {
	data, err := json.Marshal(result)
	if err != nil {
		return nil, false
	}
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil || m == nil {
		return nil, false
	}
	return m, true
}

// WaitsFor names the resources that a resource takes values from.
func WaitsFor(r *spec.Resource) string {
	var names []string
	for _, ref := range r.DependsOn {
		if !slices.Contains(names, ref.Resource) {
			names = append(names, ref.Resource)
		}
	}
	return strings.Join(names, ", ")
}
