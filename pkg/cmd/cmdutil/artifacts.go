package cmdutil

import (
	"context"
	"errors"
	"time"

	"s/pkg/build"
	"s/pkg/deploy"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

// Artifacts gives deploy the builds of a project. What it builds it tells on
// stderr.
func Artifacts(f *Factory) deploy.Artifacts { return &artifacts{f: f} }

// artifacts asks the factory for builders when the first are needed.
type artifacts struct {
	f *Factory
	build.Artifacts
}

func (a *artifacts) load() error {
	if a.Builders != nil {
		return nil
	}
	if a.f.Builders == nil {
		return errors.New("there is no builder")
	}
	var err error
	a.Builders, err = a.f.Builders()
	a.Begin, a.Done = a.begin, a.done
	return err
}

// Needed reports whether the code can't run without a build.
func (a *artifacts) Needed(p *spec.Project, r *spec.Resource) (bool, error) {
	if err := a.load(); err != nil {
		return false, err
	}
	return a.Artifacts.Needed(p, r)
}

// UpToDate reports whether the artifact is what a build would make now.
func (a *artifacts) UpToDate(p *spec.Project, r *spec.Resource) (bool, error) {
	if err := a.load(); err != nil {
		return false, err
	}
	return a.Artifacts.UpToDate(p, r)
}

// Build makes the artifact of one resource, unless it is up to date. Of a tool
// that failed it shows the last lines.
func (a *artifacts) Build(ctx context.Context, p *spec.Project, r *spec.Resource) error {
	if err := a.load(); err != nil {
		return err
	}
	if ready, err := a.Artifacts.UpToDate(p, r); err == nil && ready {
		return nil
	}
	err := a.Artifacts.Build(ctx, p, r)
	var failed *build.BuildError
	if !errors.As(err, &failed) {
		return err
	}
	for _, line := range failed.Tail {
		a.f.IO.Errf("  %s", line)
	}
	hint := ""
	if failed.Log != "" {
		hint = a.f.IO.T("the whole output is in %s", Shorten(p.Dir, failed.Log))
	}
	return WithHint(ExitFailed, err, hint)
}

func (a *artifacts) begin(r *spec.Resource) { a.f.IO.Errf("%s: building", r.Name) }

func (a *artifacts) done(r build.Result) {
	if r.Artifact == nil {
		return
	}
	for _, note := range r.Artifact.Notes {
		a.f.IO.Errf("%s: %s", r.Resource, note)
	}
	if !r.Artifact.Unchanged {
		a.f.IO.Errf("%s: built in %s", r.Resource, r.Elapsed.Round(10*time.Millisecond))
	}
}

// TellCode says where the code of a resource is taken from, if it was packed
// anew.
func TellCode(io *iostreams.IOStreams, project *spec.Project, r *spec.Resource, prepared *deploy.Prepared) {
	code := prepared.Desired.Code
	if code == nil || code.Path == "" || code.Reused {
		return
	}
	if prepared.Artifact != "" {
		io.Errf("%s: using the built code in %s", r.Name, Shorten(project.Dir, prepared.Artifact))
	}
	if len(code.LeftOut) > 0 {
		io.Errf("%s: left out of the code: %s", r.Name, joinFew(code.LeftOut))
	}
}
