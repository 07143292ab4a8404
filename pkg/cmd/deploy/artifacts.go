package deploycmd

import (
	"context"
	"errors"

	"s/pkg/build"
	"s/pkg/bundle"
	buildcmd "s/pkg/cmd/build"
	"s/pkg/cmd/cmdutil"
	"s/pkg/deploy"
	"s/pkg/diag"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

// Artifacts gives deploy the builds of a project; what they do, and why they
// fail, is told as the build command tells it. noDefaultIgnore is the flag of that
// name, which is read later; nil is false.
func Artifacts(f *cmdutil.Factory, noDefaultIgnore *bool) deploy.Artifacts {
	return artifacts{buildcmd.Artifacts(f, noDefaultIgnore), buildcmd.Action(f, noDefaultIgnore), f.IO}
}

type artifacts struct {
	build.Artifacts
	build func(ctx context.Context, p *spec.Project, r *spec.Resource, flags []string) error
	io    *iostreams.IOStreams
}

// Needed reports whether the code can't run without a build; what keeps a build
// from being made is told with what can be done.
func (a artifacts) Needed(p *spec.Project, r *spec.Resource) (bool, error) {
	needed, err := a.Artifacts.Needed(p, r)
	var help *build.HelpError
	if errors.As(err, &help) {
		err = cmdutil.WithHint(cmdutil.ExitFailed, diag.Errorf("build %s: %w", r.Name, err), help.Help.In(a.io.Text))
	}
	return needed, err
}

// Build makes the artifact of one resource.
func (a artifacts) Build(ctx context.Context, p *spec.Project, r *spec.Resource) error {
	return a.build(ctx, p, r, nil)
}

// Looker says what can be done about files for other machines, too.
func (a artifacts) Looker(dir string) bundle.Looker { return looker{a.Artifacts.Looker(dir), a.io} }

type looker struct {
	bundle.Looker
	io *iostreams.IOStreams
}

// Verdict is that of the looker, with what can be done.
func (l looker) Verdict() error {
	err := l.Looker.Verdict()
	var help *build.HelpError
	if errors.As(err, &help) {
		return cmdutil.WithHint(cmdutil.ExitFailed, err, help.Help.In(l.io.Text))
	}
	return err
}
