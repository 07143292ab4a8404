package deploycmd

import (
	"context"
	"errors"
	"path/filepath"

	"s/pkg/cmd/cmdutil"
	"s/pkg/deploy"
	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/fc/fcsign"
	"s/pkg/iostreams"
	"s/pkg/registry"
	"s/pkg/spec"
)

// Images finds the images of containers on this machine, for deployments and plans.
type Images struct {
	IO *iostreams.IOStreams
	// Pusher brings images to their registries; nil makes the usual one.
	Pusher func(project *spec.Project, target *cmdutil.Target) *registry.Pusher
	// Skip leaves the registry as it is.
	Skip bool
}

// pusher signs in with the keys of the target and remembers beside s.yaml.
func pusher(project *spec.Project, target *cmdutil.Target) *registry.Pusher {
	c := target.Credentials
	return &registry.Pusher{
		Dir:     filepath.Join(project.Dir, ".s", "cache", "images"),
		Keys:    fcsign.Keys{AccessKeyID: c.AccessKeyID, AccessKeySecret: c.AccessKeySecret, SecurityToken: c.SecurityToken},
		Engines: registry.Engines(),
	}
}

// Place says where a function takes its image from. The local cloud reads files;
// for Function Compute an image that is on this machine has to be pushed.
func (i Images) Place(ctx context.Context, project *spec.Project, target *cmdutil.Target, r *spec.Resource, prepared *deploy.Prepared) error {
	container := prepared.Desired.Function.CustomContainerConfig
	if runtime, _ := fc.LookupRuntime(prepared.Desired.Function.Runtime); container == nil || !runtime.Container {
		return nil
	}
	if target.Local {
		prepared.UseImage()
		if err := registry.Check(prepared.Desired.Function.CustomContainerConfig.Image); err != nil {
			return diag.Errorf("image of %s: %w", r.Name, err)
		}
		return nil
	}
	want := registry.Wanted{Reference: container.Image, Instance: container.ACRInstanceID, Config: container.RegistryConfig}
	if _, _, _, inFiles := fc.LocalImage(container.Image); inFiles {
		reference, ok := fc.PushedImage(container.Image)
		if !ok {
			return cmdutil.WithHint(cmdutil.ExitSpec, diag.Errorf("%s: the image %s is on this machine, and Function Compute pulls images from a registry", r.Name, container.Image),
				i.IO.T("add the name that it is to have in the registry (%s:REGISTRY/NAME:TAG) and s pushes it, or deploy with -a local", container.Image))
		}
		prepared.SetImage(reference)
		want.Reference, want.Files = reference, container.Image
	} else if prepared.Image != "" {
		want.Files = fc.JoinLocalImage(fc.TransportDockerArchive, prepared.Image, "")
	}
	if i.Skip {
		return nil
	}
	make := pusher
	if i.Pusher != nil {
		make = i.Pusher
	}
	return i.find(ctx, make(project, target), want, r, &prepared.Desired)
}

func (i Images) find(ctx context.Context, p *registry.Pusher, want registry.Wanted, r *spec.Resource, desired *deploy.Desired) error {
	found, err := p.Find(ctx, want)
	if err != nil {
		return diag.Errorf("image of %s: %w", r.Name, err)
	}
	if found == nil {
		i.IO.Debug().Linef("image", "%s is not on this machine: nothing is pushed", want.Reference)
		return nil
	}
	desired.Image = &deploy.Image{
		From: found.From, Digest: found.Digest, Pushed: found.Pushed,
		Push: func(ctx context.Context) (string, error) {
			i.IO.Errf("  %s: pushing the image %s from %s", r.Name, found.Reference, found.From)
			return p.Push(ctx, found)
		},
	}
	return nil
}

// pushHint says what helps against an image that couldn't be pushed.
func pushHint(err error) error {
	var push *registry.PushError
	if !errors.As(err, &push) {
		return err
	}
	return cmdutil.WithHint(cmdutil.ExitFailed, err, "sign in to the registry (docker login), or leave the image as the registry has it: s deploy --skip-push")
}
