package cmdutil

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"s/pkg/diag"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

// Run runs a command for each of its resources.
type Run struct {
	IO       *iostreams.IOStreams
	Project  *spec.Project
	Parallel int  // how many of a group at the same time; 0 is all
	Silent   bool // neither headings nor a summary
	// Done is what the summary says of a success with this value, in the user's
	// language: "built".
	Done func(value any) string
	// Step runs it for one; what it prints, it prints to io. Its value, which may
	// be nil, counts even if it fails.
	Step func(ctx context.Context, io *iostreams.IOStreams, r *spec.Resource) (any, error)
}

// Groups runs the groups one after another, and the resources of a group at the
// same time, each with its output kept together and its error shown there. A
// resource that takes the output of one that failed isn't tried; all others are.
// At the end a summary is shown. It gives the values there are, and an error with
// the code of the worst one, which the user has seen.
//
// A single resource is run as it is, and its error is given back.
func (r *Run) Groups(ctx context.Context, groups [][]string) ([]Named, error) {
	if len(groups) == 1 && len(groups[0]) == 1 {
		value, err := r.Step(ctx, r.IO, r.Project.Find(groups[0][0]))
		return named(&outcome{name: groups[0][0], value: value}), err
	}
	failed := map[string]bool{}
	var all []*outcome
	for _, names := range groups {
		group, err := r.group(ctx, names, failed)
		if err != nil {
			return nil, err
		}
		all = append(all, group...)
	}
	var rows []Row
	var errs []error
	for _, o := range all {
		errs = append(errs, o.err)
	}
	if !r.Silent {
		for _, o := range all {
			rows = append(rows, o.row(r))
		}
		Summary(r.IO, rows)
	}
	results := named(all...)
	if worst := Worst(errs...); worst != nil {
		return results, Quiet(CodeOf(worst))
	}
	return results, nil
}

// outcome is what became of one resource.
type outcome struct {
	name    string
	blocked string // the resource for whose failure it wasn't tried
	value   any
	err     error
	took    time.Duration
}

func named(all ...*outcome) []Named {
	var list []Named
	for _, o := range all {
		if o.value != nil {
			list = append(list, Named{o.name, o.value})
		}
	}
	return list
}

func (o *outcome) row(r *Run) Row {
	switch {
	case o.blocked != "":
		return NotTried(r.IO, o.name, o.blocked)
	case o.err != nil:
		return Failed(r.IO, o.name, r.Project.Redact(diag.In(o.err, r.IO.Text)), o.took)
	}
	return Row{Name: o.name, Text: r.Done(o.value), Took: o.took}
}

// group runs resources at the same time and adds those to failed that others
// can't build on. Its only error is an interruption, or that of a stream.
func (r *Run) group(ctx context.Context, names []string, failed map[string]bool) ([]*outcome, error) {
	outcomes := make([]*outcome, len(names))
	var todo []*outcome
	var headings []string
	for i, name := range names {
		outcomes[i] = &outcome{name: name, blocked: Blocked(r.Project.Find(name), failed)}
		if outcomes[i].blocked != "" {
			failed[name] = true
			continue
		}
		todo = append(todo, outcomes[i])
		headings = append(headings, r.heading(name))
	}
	sections := NewSections(r.IO, headings...)
	Parallel(r.Parallel, len(todo), func(i int) {
		defer sections.Done(i)
		if ctx.Err() == nil {
			r.one(ctx, sections.IO(i), todo[i])
		}
	})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	for _, o := range todo {
		if o.err != nil && !r.Project.Find(o.name).ContinueOnError {
			failed[o.name] = true
		}
	}
	return outcomes, sections.Err()
}

func (r *Run) heading(name string) string {
	if r.Silent {
		return ""
	}
	return r.IO.Bold("==> " + name)
}

func (r *Run) one(ctx context.Context, io *iostreams.IOStreams, o *outcome) {
	began := time.Now()
	o.value, o.err = r.Step(ctx, io, r.Project.Find(o.name))
	o.took = time.Since(began)
	var known *Error
	if o.err != nil && ctx.Err() == nil && !(errors.As(o.err, &known) && known.Quiet) {
		ShowError(io, o.err, r.Project.Redact)
	}
}

// Parallel calls step for 0 to n-1, at most limit of them at the same time; a
// limit of 0 is none. They begin in their order.
func Parallel(limit, n int, step func(i int)) {
	if limit < 1 || limit > n {
		limit = max(n, 1)
	}
	var wg sync.WaitGroup
	places := make(chan struct{}, limit)
	for i := range n {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			step(i)
		})
	}
	wg.Wait()
}

// BindParallel defines the flag --parallel.
func BindParallel(flags *pflag.FlagSet, n *int, usage string) {
	flags.IntVar(n, "parallel", 0, usage)
}

// CheckParallel refuses a --parallel that is negative.
func CheckParallel(n int) error {
	if n < 0 {
		return UsageError(diag.Errorf("--parallel is at least 1, not %d", n))
	}
	return nil
}
