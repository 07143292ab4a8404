package deploy

import (
	"context"
	"strings"

	"s/pkg/fc"
)

// history is what a function was published as; in edition 1.0.0, its service.
type history struct {
	aliases  []fc.Alias
	versions []fc.Version
}

// changes are the deletions, aliases before the versions that they lead to.
func (h history) changes(owner string) []Change {
	var out []Change
	for _, a := range h.aliases {
		out = append(out, Change{Action: Delete, Kind: KindAlias, Name: owner + "@" + a.AliasName})
	}
	for _, v := range h.versions {
		out = append(out, Change{Action: Delete, Kind: KindVersion, Name: owner + "@" + v.VersionID})
	}
	return out
}

// deletePublished deletes an alias or a version. Those of a service are all of its
// functions', and stay while there is one.
func (a *applier) deletePublished(ctx context.Context, remote Remover, change Change) error {
	owner, name, _ := strings.Cut(change.Name, "@")
	if a.plan.desired.Service != nil {
		if err := a.unused(ctx, remote, owner); err != nil {
			return err
		}
	}
	function := a.plan.desired.Function.FunctionName
	if change.Kind == KindAlias {
		return remote.DeleteAlias(ctx, function, name)
	}
	return remote.DeleteVersion(ctx, function, name)
}

// unused gives errKept for a service that has functions. It asks once.
func (a *applier) unused(ctx context.Context, remote Remover, service string) error {
	if a.inUse == nil {
		left, err := remote.ListFunctions(ctx, service, 1)
		if err != nil {
			return err
		}
		used := len(left) > 0
		a.inUse = &used
	}
	if *a.inUse {
		return errKept
	}
	return nil
}

// drained waits until the instances are gone that a configuration kept: the function
// can't be deleted before.
func (a *applier) drained(ctx context.Context, remote Remover, change Change) error {
	function := a.plan.desired.Function.FunctionName
	_, qualifier, _ := strings.Cut(change.Name, "@")
	qualifier = qualifierOf(qualifier)
	var look func() (Waiting, error)
	switch change.Kind {
	case KindProvision:
		look = func() (Waiting, error) {
			now, err := found(remote.GetProvisionConfig(ctx, function, qualifier))
			if err != nil || now == nil {
				return Waiting{}, err
			}
			return Waiting{Current: now.Current, Problem: now.CurrentError}, nil
		}
	case KindScaling:
		look = func() (Waiting, error) {
			now, err := found(remote.GetScalingConfig(ctx, function, qualifier))
			if err != nil || now == nil {
				return Waiting{}, err
			}
			return Waiting{Current: now.CurrentInstances, Problem: now.CurrentError}, nil
		}
	default:
		return nil
	}
	now, err := look()
	if err != nil {
		return err
	}
	return a.wait(ctx, change, now, look)
}
