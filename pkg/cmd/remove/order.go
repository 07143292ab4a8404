package removecmd

import (
	"context"
	"errors"
	"slices"
	"time"

	"s/pkg/cmd/cmdutil"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

// each removes what jobs are about, one after another, because some may ask. What
// a resource takes output from stays if that one couldn't be removed; all others
// go. A summary follows if there are several.
func (o *Options) each(ctx context.Context, project *spec.Project, jobs []job, remove func(job) error) error {
	if len(jobs) == 1 {
		return remove(jobs[0])
	}
	var stay []*spec.Resource
	var rows []cmdutil.Row
	var errs []error
	for _, j := range jobs {
		if blocked := neededBy(j.resource, stay); blocked != "" {
			stay = append(stay, j.resource)
			rows = append(rows, cmdutil.NotTried(o.IO, j.resource.Name, blocked))
			continue
		}
		began := time.Now()
		err := remove(j)
		took := time.Since(began)
		if ctx.Err() != nil || errors.Is(err, iostreams.ErrInterrupted) {
			return err
		}
		if err == nil {
			rows = append(rows, cmdutil.Row{Name: j.resource.Name, Text: o.IO.T("removed"), Took: took})
			continue
		}
		var known *cmdutil.Error
		if !errors.As(err, &known) || !known.Quiet {
			cmdutil.ShowError(o.IO, err, project.Redact)
		}
		errs = append(errs, err)
		rows = append(rows, cmdutil.Failed(o.IO, j.resource.Name, project.Redact(err.Error()), took))
		if !j.resource.ContinueOnError {
			stay = append(stay, j.resource)
		}
	}
	cmdutil.Summary(o.IO, rows)
	if worst := cmdutil.Worst(errs...); worst != nil {
		return cmdutil.Quiet(cmdutil.CodeOf(worst))
	}
	return nil
}

// neededBy gives the first of the resources that are still there and take the
// output of r.
func neededBy(r *spec.Resource, there []*spec.Resource) string {
	for _, other := range there {
		needs := slices.ContainsFunc(other.DependsOn, func(ref spec.Reference) bool {
			return ref.Resource == r.Name && ref.What == "output"
		})
		if needs && other != r {
			return other.Name
		}
	}
	return ""
}
