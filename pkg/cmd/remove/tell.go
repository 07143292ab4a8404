package removecmd

import (
	"errors"
	"sync"

	"s/pkg/cmd/cmdutil"
	"s/pkg/deploy"
	"s/pkg/fcclient"
)

// hooks tell the steps of one resource as they end, and what is waited for.
func (o *Options) hooks(j job) deploy.Hooks {
	var mu sync.Mutex // keeps the lines of parallel steps whole
	told := map[string]int{}
	return deploy.Hooks{
		Done: func(c deploy.Change, err error) {
			mu.Lock()
			defer mu.Unlock()
			o.done(j.resource.Name, c, err)
		},
		Waiting: func(c deploy.Change, now deploy.Waiting) {
			mu.Lock()
			defer mu.Unlock()
			if before, known := told[c.Name]; now.Current == 0 || known && before == now.Current {
				return
			}
			told[c.Name] = now.Current
			o.IO.Errf("  %s %s %s: %d instances are ending", j.resource.Name, c.Kind, c.Name, now.Current)
		},
	}
}

func (o *Options) done(resource string, c deploy.Change, err error) {
	switch {
	case deploy.Kept(err) && c.Kind == deploy.KindDomain:
		o.IO.Errf("- %s %s %s stays: it has routes to other functions", resource, c.Kind, c.Name)
	case deploy.Kept(err) && c.Kind != deploy.KindService:
		o.IO.Errf("- %s %s %s stays: its service has other functions", resource, c.Kind, c.Name)
	case deploy.Kept(err):
		o.IO.Errf("- %s %s %s stays: it has other functions", resource, c.Kind, c.Name)
	case fcclient.Unsure(err):
		o.IO.Errf("%s %s %s %s failed; perhaps it is removed all the same", o.IO.Red("✖"), resource, c.Kind, c.Name)
	case err != nil:
		o.IO.Errf("%s %s %s %s failed", o.IO.Red("✖"), resource, c.Kind, c.Name)
	default:
		o.IO.Errf("%s %s %s %s removed", o.IO.Green("✔"), resource, c.Kind, c.Name)
	}
}

// record notes what is left of a resource, and tells what wasn't tried.
func (o *Options) record(j job, report *deploy.Report) {
	failed := len(report.Failed) > 0
	for _, c := range report.Skipped {
		if failed {
			o.IO.Errf("- %s %s %s was not tried", j.resource.Name, c.Kind, c.Name)
		}
	}
	region, function := j.resource.Region, j.resource.Function.FunctionName
	switch before := o.ledger.Before(region, function); {
	case !failed && report.State.Function == nil && o.Scope.All():
		o.ledger.Forget(region, function)
	case before.Function != "":
		desired := deploy.Want(j.resource, nil, nil, nil)
		desired.Before = before
		o.ledger.Record(deploy.NewFootprint(desired, report.State))
	}
}

// advise keeps the exit code of what failed and says how to go on.
func (o *Options) advise(err error, target *cmdutil.Target) error {
	var failed *deploy.ApplyError
	if !errors.As(err, &failed) {
		return cmdutil.CloudError(err, target)
	}
	err = cmdutil.CloudError(err, target)
	again := o.IO.T("then run `s remove` again: it removes what is left")
	var known *cmdutil.Error
	if !errors.As(err, &known) {
		return cmdutil.WithHint(cmdutil.ExitFailed, err, o.IO.T("mend it, %s", again))
	}
	if known.Hint == "" {
		return cmdutil.WithHint(known.Code, err, o.IO.T("mend it, %s", again))
	}
	return cmdutil.WithHint(known.Code, err, cmdutil.Hints(known.Hint, again))
}
