package deploy

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"s/pkg/bundle"
	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/spec"
)

// Artifacts knows what builds made of the resources of a project.
type Artifacts interface {
	// Dir is the artifact folder of a resource, whether it exists or not.
	Dir(p *spec.Project, r *spec.Resource) string
	// Code is what of the artifact is the code to deploy: its folder, or an
	// archive in it.
	Code(p *spec.Project, r *spec.Resource) string
	// Needed reports whether the code can't run without a build.
	Needed(p *spec.Project, r *spec.Resource) (bool, error)
	// UpToDate reports whether the artifact is there and no older than source.
	UpToDate(ctx context.Context, p *spec.Project, r *spec.Resource) (bool, error)
	// Environment gives the variables that the artifact needs.
	Environment(dir string) (map[string]string, error)
	// MergeEnv puts the user's variables over the artifact's.
	MergeEnv(artifact, user map[string]string) map[string]string
	// Built reports whether there was a build of the resource, up to date or not.
	Built(p *spec.Project, r *spec.Resource) bool
	// Looker looks at code that is packed as it is, from a folder; nil if nobody
	// does.
	Looker(dir string) bundle.Looker
	// Image is the file of the image that the last build wrote, as `docker save`
	// writes it; empty if there is none.
	Image(p *spec.Project, r *spec.Resource) string
	// Build makes the artifact.
	Build(ctx context.Context, p *spec.Project, r *spec.Resource) error
}

// StaleError is code that needs a build where none may run.
type StaleError struct {
	Resource string
}

// Error names the resource.
func (e *StaleError) Error() string { return e.Wording().Error() }

// Wording is the same in words that can be translated.
func (e *StaleError) Wording() error {
	return diag.Errorf("the code of %s needs a build and its artifact is missing or out of date", e.Resource)
}

// Preparer finds and packs the code of resources.
type Preparer struct {
	Artifacts Artifacts
	// NoBuild refuses to build what isn't up to date.
	NoBuild bool
	// NoDefaultIgnore packs what is left out of the code by default, too.
	NoDefaultIgnore bool
	// KeepImages takes the images of containers as they are.
	KeepImages bool
	// AnyMachine takes programs for other machines than FC's, too.
	AnyMachine bool
}

// Prepared is a desired state and where its code came from.
type Prepared struct {
	Desired Desired
	// Artifact is the artifact folder if the code is from there.
	Artifact string
	// Built reports that it was built just now.
	Built bool
	// Image is the file that a build wrote the image to; empty if an engine or a
	// registry has it.
	Image string
}

// Prepare gives the desired state of a resource with its code packed. Code that
// needs dependencies is taken from the artifact of its build, which is made if
// it is missing or stale; other code is taken from the source.
func (p Preparer) Prepare(ctx context.Context, project *spec.Project, r *spec.Resource) (*Prepared, error) {
	out := &Prepared{}
	source, env, err := p.source(ctx, project, r, out)
	if err != nil {
		return nil, err
	}
	var archive *Archive
	switch {
	case r.Code.OSSObject != "":
		archive = &Archive{OSSBucket: r.Code.OSSBucket, OSSObject: r.Code.OSSObject}
	case source != "" || r.Code.URL != "":
		archive, err = Pack(ctx, PackInput{
			Source: source, URL: r.Code.URL, Name: archiveName(r), CacheDir: filepath.Join(project.Dir, ".s", "cache", "code"),
			Whole: runsJar(r), NoDefaultIgnore: p.NoDefaultIgnore, Looker: p.looker(source, out),
		})
		if err != nil {
			return nil, diag.Errorf("pack %s: %w", r.Name, err)
		}
	case needsCode(r):
		return nil, diag.Errorf("%s has no code: set codeUri (edition 1.0.0) or code (edition 3.0.0)", r.Name)
	}
	out.Desired = Want(r, archive, env, p.merge())
	return out, p.image(ctx, project, r, out)
}

// image finds the file that a build wrote the image of a container to. An image
// that was built here is built anew if what it was made from has changed; one
// that wasn't comes from elsewhere, though there is a Dockerfile.
func (p Preparer) image(ctx context.Context, project *spec.Project, r *spec.Resource, out *Prepared) error {
	if p.Artifacts == nil || needsCode(r) {
		return nil
	}
	if !p.KeepImages && p.Artifacts.Built(project, r) {
		needed, err := p.Artifacts.Needed(project, r)
		if err != nil {
			return err
		}
		if needed {
			if err := p.build(ctx, project, r, out); err != nil {
				return err
			}
		}
	}
	out.Image = p.Artifacts.Image(project, r)
	return nil
}

// Unpacked is a desired state whose code lies on this machine as it is.
type Unpacked struct {
	Prepared
	// Code is a folder, or a zip archive where there is none. It is empty where
	// the code is an image.
	Code string
}

// Unpacked is Prepare for who runs the code where it is: nothing is packed but
// what isn't in a folder.
func (p Preparer) Unpacked(ctx context.Context, project *spec.Project, r *spec.Resource) (*Unpacked, error) {
	out := &Unpacked{}
	if !needsCode(r) {
		out.Desired = Want(r, nil, nil, p.merge())
		if err := p.image(ctx, project, r, &out.Prepared); err != nil {
			return nil, err
		}
		out.UseImage()
		return out, nil
	}
	source, env, err := p.source(ctx, project, r, &out.Prepared)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(source)
	if source == "" || err == nil && !info.IsDir() {
		packed, err := p.Prepare(ctx, project, r)
		if err != nil {
			return nil, err
		}
		code := packed.Desired.Code
		if code == nil || code.Path == "" {
			return nil, diag.Errorf("%s has no code on this machine", r.Name)
		}
		return &Unpacked{Prepared: *packed, Code: code.Path}, nil
	}
	if err != nil {
		return nil, diag.Errorf("code of %s: %w", r.Name, err)
	}
	out.Desired, out.Code = Want(r, nil, env, p.merge()), source
	return out, nil
}

// merge is how the user's variables go over those of an artifact.
func (p Preparer) merge() func(artifact, user map[string]string) map[string]string {
	if p.Artifacts == nil {
		return nil
	}
	return p.Artifacts.MergeEnv
}

// source chooses between the artifact and the source, and builds what has to be
// built.
func (p Preparer) source(ctx context.Context, project *spec.Project, r *spec.Resource, out *Prepared) (string, map[string]string, error) {
	if r.Code.Path == "" || p.Artifacts == nil {
		return r.Code.Path, nil, nil
	}
	needed, err := p.Artifacts.Needed(project, r)
	if err != nil || !needed {
		return r.Code.Path, nil, err
	}
	if err := p.build(ctx, project, r, out); err != nil {
		return "", nil, err
	}
	out.Artifact = p.Artifacts.Dir(project, r)
	env, err := p.Artifacts.Environment(out.Artifact)
	return p.Artifacts.Code(project, r), env, err
}

// looker looks at code that no build has looked at.
func (p Preparer) looker(source string, out *Prepared) bundle.Looker {
	if p.Artifacts == nil || p.AnyMachine || out.Artifact != "" {
		return nil
	}
	return p.Artifacts.Looker(source)
}

// build makes the artifact anew unless it is up to date.
func (p Preparer) build(ctx context.Context, project *spec.Project, r *spec.Resource, out *Prepared) error {
	ready, err := p.Artifacts.UpToDate(ctx, project, r)
	if err != nil || ready {
		return err
	}
	if p.NoBuild {
		return &StaleError{Resource: r.Name}
	}
	if err := p.Artifacts.Build(ctx, project, r); err != nil {
		return err
	}
	out.Built = true
	return nil
}

// runsJar reports whether a custom runtime is started with `java -jar`.
func runsJar(r *spec.Resource) bool {
	runtime, known := fc.LookupRuntime(r.Function.Runtime)
	custom := r.Function.CustomRuntimeConfig
	if !known || !runtime.Custom || custom == nil {
		return false
	}
	return fc.RunsJar(slices.Concat(custom.Command, custom.Args))
}

func needsCode(r *spec.Resource) bool {
	runtime, known := fc.LookupRuntime(r.Function.Runtime)
	return !known || !runtime.Container
}

// archiveName is a file name that no other resource or region shares.
func archiveName(r *spec.Resource) string {
	clean := func(c rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, c) {
			return '_'
		}
		return c
	}
	return strings.Map(clean, r.Region+"-"+r.Name)
}
