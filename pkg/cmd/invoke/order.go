package invokecmd

import (
	"context"
	"sync"

	"s/pkg/cmd/cmdutil"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

// oneTarget gives the same options, with which all functions share a target.
func (o *Options) oneTarget() *Options {
	shared := *o
	var once sync.Once
	var target *cmdutil.Target
	var failed error
	shared.Target = func(ctx context.Context, project *spec.Project) (*cmdutil.Target, error) {
		once.Do(func() { target, failed = o.Target(ctx, project) })
		return target, failed
	}
	return &shared
}

// each gives what calls the functions.
func (o *Options) each(project *spec.Project, event []byte, several bool) *cmdutil.Run {
	return &cmdutil.Run{
		IO: o.IO, Project: project, Parallel: o.Parallel, Silent: o.Silent, Done: func(any) string { return o.IO.T("called") },
		Step: func(ctx context.Context, io *iostreams.IOStreams, r *spec.Resource) (any, error) {
			own := *o
			own.IO, own.several = io, several
			return own.one(ctx, project, r, event)
		},
	}
}

// one calls a function and runs its resource's actions around that.
func (o *Options) one(ctx context.Context, project *spec.Project, r *spec.Resource, event []byte) (any, error) {
	actions := cmdutil.Actions{IO: o.IO, Command: "invoke", Env: project.DotEnv, Redact: project.Redact, Skip: o.SkipActions}
	var value any
	err := actions.Run(ctx, r.Actions, cmdutil.WhenPre)
	if err == nil {
		value, err = o.call(ctx, project, r, event)
	}
	return value, actions.After(ctx, r.Actions, err)
}

// print writes what was asked for as data; results as they are have been shown.
func (o *Options) print(project *spec.Project, asked int, values []cmdutil.Named) error {
	if !o.asData() {
		return nil
	}
	return cmdutil.PrintNamed(o.IO.Out, o.Settings.Output, project, asked, values)
}

// asData tells whether results are documents, not the bytes of the function.
func (o *Options) asData() bool {
	return o.async() || o.Settings.Output != cmdutil.OutputDefault
}
