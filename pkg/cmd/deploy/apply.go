package deploycmd

import (
	"context"
	"errors"
	"sync"
	"time"

	"s/pkg/cmd/cmdutil"
	"s/pkg/deploy"
	"s/pkg/fcclient"
	"s/pkg/iostreams"
)

// apply carries out all plans at the same time and tells each step as it ends, of
// several resources those of one together.
func (d *deployment) apply(ctx context.Context) {
	d.makeAuto(ctx)
	sections := cmdutil.NewSections(d.IO, make([]string, len(d.items))...)
	cmdutil.Parallel(d.Parallel, len(d.items), func(i int) {
		defer sections.Done(i)
		it := d.items[i]
		if it.err != nil || it.plan.Empty() {
			return
		}
		began := time.Now()
		it.report, it.err = deploy.Apply(ctx, it.remote, it.plan, d.hooks(it, sections.IO(i)))
		it.err = pushHint(it.err)
		it.took = time.Since(began)
	})
	for _, it := range d.items {
		if it.err != nil && !it.resource.ContinueOnError {
			d.failed[it.resource.Name] = true
		}
	}
}

// hooks tell the steps of one resource, each with the time that it took, and how
// far the instances are that are waited for.
func (d *deployment) hooks(it *item, io *iostreams.IOStreams) deploy.Hooks {
	began := time.Now()
	var mu sync.Mutex // keeps the lines of parallel steps whole
	told := map[string]deploy.Waiting{}
	return deploy.Hooks{
		Locks: &d.locks,
		Done: func(c deploy.Change, err error) {
			took := time.Since(began).Round(10 * time.Millisecond)
			mu.Lock()
			defer mu.Unlock()
			if deploy.Kept(err) {
				io.Errf("- %s %s %s stays: others use it", it.resource.Name, c.Kind, c.Name)
				return
			}
			switch {
			case fcclient.Unsure(err):
				io.Errf("%s %s %s %s failed; perhaps it is %s all the same", io.Red("✖"), it.resource.Name, c.Kind, c.Name, d.done(c.Action))
				return
			case err != nil:
				io.Errf("%s %s %s %s failed", io.Red("✖"), it.resource.Name, c.Kind, c.Name)
				return
			}
			io.Errf("%s %s %s %s %s (%s)", io.Green("✔"), it.resource.Name, c.Kind, c.Name, d.done(c.Action), took)
		},
		Waiting: func(c deploy.Change, now deploy.Waiting) {
			mu.Lock()
			defer mu.Unlock()
			if before, known := told[c.Name]; known && before == now {
				return
			}
			told[c.Name] = now
			io.Errf("  %s %s %s: %d of %d instances", it.resource.Name, c.Kind, c.Name, now.Current, now.Target)
			if now.Problem != "" {
				io.Errf("    %s", d.project.Redact(now.Problem))
			}
		},
	}
}

func (d *deployment) done(action deploy.Action) string {
	switch action {
	case deploy.Create:
		return d.IO.T("created")
	case deploy.Delete:
		return d.IO.T("deleted")
	}
	return d.IO.T("updated")
}

// tellLeft says what of the plans was not done. What was done is told already.
func (d *deployment) tellLeft() {
	for _, it := range d.all {
		if it.report == nil {
			continue
		}
		for _, change := range it.report.Skipped {
			d.IO.Errf("- %s %s %s was not tried", it.resource.Name, change.Kind, change.Name)
		}
	}
}

// advise keeps the cause's exit code and says how to go on.
func (d *deployment) advise(err error) error {
	err = cmdutil.CloudError(err, d.target)
	var known *cmdutil.Error
	again := d.IO.T("then run `s deploy` again: what is done is not done twice")
	if !errors.As(err, &known) {
		return cmdutil.WithHint(cmdutil.ExitFailed, err, d.IO.T("mend it, %s", again))
	}
	if known.Hint == "" {
		return cmdutil.WithHint(known.Code, err, d.IO.T("mend it, %s", again))
	}
	return cmdutil.WithHint(known.Code, err, cmdutil.Hints(known.Hint, again))
}

// print writes the result: that of the only resource, or all by name.
func (d *deployment) print() error {
	results := make([]cmdutil.Named, 0, len(d.all))
	for _, it := range d.all {
		if it.waits {
			continue
		}
		results = append(results, cmdutil.Named{
			Name:  it.resource.Name,
			Value: deploy.Redacted(d.output(it), d.project.Redact),
		})
	}
	return cmdutil.PrintNamed(d.IO.Out, d.Settings.Output, d.project, cmdutil.Count(d.groups), results)
}
