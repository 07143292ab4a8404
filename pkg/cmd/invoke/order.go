package invokecmd

import (
	"cmp"
	"context"
	"sync"

	"s/pkg/cmd/cmdutil"
	"s/pkg/invoke"
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

// one calls a function and runs its resource's actions around that. The result is
// shown before those that follow, unless one of them may replace it.
func (o *Options) one(ctx context.Context, project *spec.Project, r *spec.Resource, event []byte) (any, error) {
	actions := cmdutil.NewActions(o.IO, o.command(), o.SkipActions, o.Outside)
	s := &cmdutil.Subject{Project: project, Resource: r}
	if err := actions.Before(ctx, s); err != nil {
		return nil, actions.After(ctx, s, err)
	}
	var show func() (any, error) // what is held back
	own := *o
	own.done = func(v *view, outcome *invoke.Outcome) (any, error) {
		s.Output = document(outcome)
		if !actions.Replaces(s) {
			return v.show(outcome)
		}
		show = func() (any, error) { return v.show(outcome) }
		return nil, failed(outcome)
	}
	value, err := own.call(ctx, s.Project, s.Resource, event)
	err = actions.After(ctx, s, err)
	switch {
	case show == nil:
		return value, err
	case !s.Replaced:
		value, shown := show()
		return value, cmp.Or(err, shown)
	case o.asData():
		return s.Output, err
	}
	return nil, cmp.Or(cmdutil.Print(o.IO.Out, o.Settings.Output, s.Output), err)
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
