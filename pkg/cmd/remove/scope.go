package removecmd

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"s/pkg/cmd/cmdutil"
	deploycmd "s/pkg/cmd/deploy"
	"s/pkg/deploy"
	"s/pkg/diag"
	"s/pkg/spec"
)

// bindScope adds the flags that hold a removal to parts of a resource. As with the
// peer's, a bare --trigger is all of them.
func bindScope(flags *pflag.FlagSet, opts *Options) {
	flags.StringSliceVar(&opts.Scope.Triggers, "trigger", nil, "remove the triggers alone, or some of them by name")
	flags.Lookup("trigger").NoOptDefVal = deploy.AllTriggers
	flags.BoolVar(&opts.function, "function", false, "remove the functions with all that hangs on them, and leave services and custom domains")
	flags.BoolVar(&opts.Scope.Async, "async-invoke-config", false, "remove the configuration of asynchronous invocations alone")
}

// prepareScope works out what the words behind bare flags mean.
func (o *Options) prepareScope(project *spec.Project) error {
	if project.Edition == spec.Edition1 && o.Scope.All() && !o.function {
		o.Resources = deploycmd.BareFlags(project, o.Resources, &o.Scope)
	}
	if o.function {
		o.Scope.Function = deploy.FunctionAll
	}
	if slices.Equal(o.Scope.Triggers, []string{deploy.AllTriggers}) {
		triggers := deploy.Scope{Triggers: o.Scope.Triggers}
		o.Resources = deploycmd.BareFlags(project, o.Resources, &triggers)
		o.Scope.Triggers = triggers.Triggers
	}
	if o.Prune && !o.Scope.All() {
		return cmdutil.UsageError(diag.Errorf("--prune is about whole resources: leave out %s", o.Scope.String()))
	}
	return nil
}

// checkTriggers says which triggers of the flag there are nowhere, neither in s.yaml
// nor deployed.
func (o *Options) checkTriggers(resources []*spec.Resource, jobs []job) error {
	unknown := slices.DeleteFunc(slices.Clone(o.Scope.Triggers), func(name string) bool {
		if name == deploy.AllTriggers {
			return true
		}
		for _, r := range resources {
			for _, t := range r.Triggers {
				if t.TriggerName == name {
					return true
				}
			}
		}
		return slices.ContainsFunc(jobs, func(j job) bool {
			return slices.ContainsFunc(j.plan.Items, func(c deploy.Change) bool { return c.Kind == deploy.KindTrigger && c.Name == name })
		})
	})
	if len(unknown) > 0 {
		return cmdutil.WithHint(cmdutil.ExitUsage, diag.Errorf("no resource has a trigger %s", strings.Join(unknown, ", ")),
			diag.DidYouMean(unknown[0], triggersOf(resources)))
	}
	return nil
}

// triggersOf gives the names of triggers in s.yaml.
func triggersOf(resources []*spec.Resource) []string {
	var names []string
	for _, r := range resources {
		for _, t := range r.Triggers {
			if !slices.Contains(names, t.TriggerName) {
				names = append(names, t.TriggerName)
			}
		}
	}
	return names
}
