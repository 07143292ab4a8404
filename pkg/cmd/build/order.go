package buildcmd

import (
	"cmp"
	"context"
	"runtime"

	"s/pkg/cmd/cmdutil"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

// each gives what builds resources, as many at the same time as there are cores
// unless --parallel says it.
func (o *Options) each(p *spec.Project) *cmdutil.Run {
	return &cmdutil.Run{
		IO: o.IO, Project: p, Parallel: cmp.Or(o.Parallel, runtime.NumCPU()), Done: o.summed,
		Step: func(ctx context.Context, io *iostreams.IOStreams, r *spec.Resource) (any, error) {
			own := *o
			own.IO = io
			return own.around(ctx, p, r)
		},
	}
}

// summed is what the summary says of a resource.
func (o *Options) summed(value any) string {
	switch v, ok := value.(view); {
	case ok && !v.Built:
		return o.IO.T("nothing to build")
	case ok && v.Unchanged:
		return o.IO.T("up to date")
	case ok && v.Reused:
		return o.IO.T("from the cache")
	}
	return o.IO.T("built")
}

// around builds a resource between its own actions.
func (o *Options) around(ctx context.Context, p *spec.Project, r *spec.Resource) (any, error) {
	actions, s := o.actions(), &cmdutil.Subject{Project: p, Resource: r}
	err := actions.Before(ctx, s)
	if err == nil {
		result, failed := o.one(ctx, s.Project, s.Resource)
		if err = failed; err == nil {
			s.Output = newView(p, result)
		}
	}
	err = actions.After(ctx, s, err)
	return s.Output, err
}

func (o *Options) actions() cmdutil.Actions {
	return cmdutil.NewActions(o.IO, "build", o.SkipActions, o.Outside)
}

// print writes the results, if they are wanted as data.
func (o *Options) print(p *spec.Project, asked int, results []cmdutil.Named) error {
	if o.Settings == nil || o.Settings.Output == "" || o.Settings.Output == cmdutil.OutputDefault {
		return nil
	}
	return cmdutil.PrintNamed(o.IO.Out, o.Settings.Output, p, asked, results)
}
