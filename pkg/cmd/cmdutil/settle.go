package cmdutil

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"s/pkg/deploy"
	"s/pkg/spec"
)

// Settle loads the project again if one of the named resources, or an action of
// the command, has values that weren't known, with what is known now. Without
// reload it is left as it is.
func Settle(ctx context.Context, command string, project *spec.Project, names []string, reload Reload, known Known) (*spec.Project, error) {
	open := OpenAction(command, project.Actions) != nil || slices.ContainsFunc(names, func(name string) bool {
		r := project.Find(name)
		return r != nil && (r.Pending() || OpenAction(command, r.Actions) != nil)
	})
	if !open || reload == nil {
		return project, nil
	}
	fresh, err := reload(ctx, command, known)
	if err != nil {
		return nil, err
	}
	return fresh.TakeGiven(project), nil
}

// SettleNames is Settle for a command that needs no more of resources than what
// they are found by, and their actions. It fails if that isn't known. remote gives
// where a resource is deployed; it isn't asked if all is known.
func SettleNames(ctx context.Context, command string, project *spec.Project, resources []*spec.Resource, o SettleOptions) (*spec.Project, []*spec.Resource, error) {
	open := OpenAction(command, project.Actions) != nil
	for _, r := range resources {
		open = open || r.OpenName() != nil || OpenAction(command, r.Actions) != nil
	}
	if !open {
		return project, resources, nil
	}
	project, resources, err := SettleAll(ctx, command, project, resources, o)
	if err != nil {
		return nil, nil, err
	}
	for _, r := range resources {
		if err := Unsettled(r, r.OpenName(), o.Flags...); err != nil {
			return nil, nil, err
		}
	}
	return project, resources, nil
}

// SettleOptions says where values come from that only a deployment gives.
type SettleOptions struct {
	Reload Reload // nil leaves them open
	// Remote gives where a resource is deployed.
	Remote func(*spec.Resource) (deploy.Reader, error)
	// Flags go with the deploy that a hint tells of.
	Flags []string
}

// SettleAll fills in, for resources with open values, what is deployed of others.
// What isn't stays open.
func SettleAll(ctx context.Context, command string, project *spec.Project, resources []*spec.Resource, o SettleOptions) (*spec.Project, []*spec.Resource, error) {
	names := make([]string, len(resources))
	for i, r := range resources {
		names[i] = r.Name
	}
	deployed := NewDeployed(ctx, project, o.Remote)
	project, err := Settle(ctx, command, project, names, o.Reload, deployed.Known)
	if err = cmp.Or(err, deployed.Err()); err != nil {
		return nil, nil, err
	}
	settled := make([]*spec.Resource, len(names))
	for i, name := range names {
		settled[i] = project.Find(name)
	}
	return project, settled, nil
}

// AccessFlags are those that make another command act where one of these settings
// does.
func AccessFlags(s *Settings) []string {
	if s == nil || s.Access == "" {
		return nil
	}
	return []string{"-a", s.Access}
}

// OpenAction gives the first value of the actions of a command that isn't known.
func OpenAction(command string, actions []spec.Action) *spec.Open {
	for _, a := range actions {
		if a.Command == command && a.Open != nil {
			return a.Open
		}
	}
	return nil
}

// Unsettled is the error of a resource's value that isn't known; nil if open is.
// flags, such as -a local, go with the command that would make it known.
func Unsettled(r *spec.Resource, open *spec.Open, flags ...string) error {
	if open == nil {
		return nil
	}
	return WithHint(ExitFailed, fmt.Errorf("%s: %s of %s needs the %s of %s, which isn't deployed or doesn't give it",
		open.Range, open.Path, r.Name, open.What, open.Resource),
		strings.Join(append([]string{"s deploy", open.Resource}, flags...), " "))
}

// FirstOpen is the first of the values of a resource that aren't known.
func FirstOpen(r *spec.Resource) *spec.Open {
	if !r.Pending() {
		return nil
	}
	return &r.Open[0]
}
