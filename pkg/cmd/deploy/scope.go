package deploycmd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"s/pkg/cmd/cmdutil"
	"s/pkg/deploy"
	"s/pkg/spec"
)

// prepareScope reads the saved plan, if one is to be carried out, and works out
// what the words behind bare flags mean.
func (o *Options) prepareScope(project *spec.Project) (*deploy.Saved, error) {
	if o.Plan != "" {
		return o.readPlan(project)
	}
	o.Resources = BareFlags(project, o.Resources, &o.Scope)
	if err := o.Scope.Check(); err != nil {
		return nil, cmdutil.UsageError(err)
	}
	if o.Prune && !o.Scope.All() {
		return nil, cmdutil.UsageError(errors.New("--prune is about whole resources: leave out " + o.Scope.String()))
	}
	return nil, nil
}

func (o *Options) readPlan(project *spec.Project) (*deploy.Saved, error) {
	if len(o.Resources) > 0 || !o.Scope.All() || o.Prune {
		return nil, cmdutil.UsageError(errors.New("--plan says itself what is deployed: leave out the names and --function, --trigger, --async-invoke-config, --prune"))
	}
	saved, err := deploy.ReadSaved(o.Plan)
	if err != nil {
		return nil, cmdutil.WithHint(cmdutil.ExitUsage, err, "s plan --out "+o.Plan)
	}
	for _, name := range saved.Names() {
		if project.Find(name) == nil {
			return nil, cmdutil.WithHint(cmdutil.ExitFailed, &deploy.StalePlanError{Resource: name, What: []string{"s.yaml"}}, "s plan --out "+o.Plan)
		}
	}
	o.Resources, o.Scope, o.Prune = saved.Names(), saved.Scope, saved.Prune
	return saved, nil
}

// BareFlags takes the words that the peer would take as the values of its flags,
// `--function code` and `--trigger a,b`, out of the names of resources; in edition
// 1.0.0 the words for parts of a resource, too, as in `deploy function`.
func BareFlags(project *spec.Project, names []string, scope *deploy.Scope) []string {
	take := func(fits func(word string) bool) string {
		i := slices.IndexFunc(names, func(word string) bool { return project.Find(word) == nil && fits(word) })
		if i < 0 {
			return ""
		}
		word := names[i]
		names = slices.Delete(slices.Clone(names), i, i+1)
		return word
	}
	if project.Edition == spec.Edition1 && scope.All() {
		switch take(func(word string) bool { return word == "all" || word == "function" || word == "trigger" }) {
		case "function":
			scope.Function = deploy.FunctionAll
		case "trigger":
			scope.Triggers = []string{deploy.AllTriggers}
		}
	}
	if scope.Function == deploy.FunctionAll {
		if part := take(func(word string) bool { return word == deploy.FunctionCode || word == deploy.FunctionConfig }); part != "" {
			scope.Function = part
		}
	}
	if slices.Equal(scope.Triggers, []string{deploy.AllTriggers}) {
		if listed := take(func(string) bool { return true }); listed != "" {
			scope.Triggers = strings.Split(listed, ",")
		}
	}
	return names
}

// checkTriggers says which triggers of the flag no resource has.
func (d *deployment) checkTriggers() error {
	unknown := slices.Clone(d.Scope.Triggers)
	for _, it := range d.items {
		if it.prepared != nil {
			missing := d.Scope.Unknown(it.prepared.Desired)
			unknown = slices.DeleteFunc(unknown, func(name string) bool { return !slices.Contains(missing, name) })
		}
	}
	if len(unknown) > 0 && len(d.groups) == 1 {
		return cmdutil.UsageError(fmt.Errorf("no resource has a trigger %s", strings.Join(unknown, ", ")))
	}
	return nil
}
