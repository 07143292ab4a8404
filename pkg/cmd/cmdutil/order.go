package cmdutil

import (
	"fmt"
	"slices"

	"s/pkg/spec"
)

// What a resource takes from another one, see spec.Reference.
const output = "output"

// Order gives the groups in which a command runs resources: those of a group at
// the same time, the groups one after another. Without names it is the flow of
// the file, which leaves out what it doesn't name. Of resources that are named
// the flow still says which of them comes first; what it doesn't name, and all if
// there is no flow, comes after the resources whose output it takes and together
// with all others. A single one needs no order. It fails with ExitSpec if the
// flow puts a resource before one that it depends on.
func Order(project *spec.Project, resources []*spec.Resource, named bool) ([][]string, error) {
	if project.Flow != nil && !named {
		return project.Flow, checkFlow(project)
	}
	o := newOrdering(project, resources, dependencies)
	groups := o.groups(resources)
	return groups, o.check(resources)
}

// OrderBack is Order for a command that takes away: a resource comes before those
// whose output it takes. What a flow names comes in the flow's own order.
func OrderBack(project *spec.Project, resources []*spec.Resource, named bool) [][]string {
	if project.Flow != nil && !named {
		return project.Flow
	}
	dependents := map[string][]string{}
	for _, r := range slices.Backward(resources) {
		for _, name := range dependencies(r) {
			dependents[name] = append(dependents[name], r.Name)
		}
	}
	back := slices.Clone(resources)
	slices.Reverse(back)
	o := newOrdering(project, back, func(r *spec.Resource) []string { return dependents[r.Name] })
	return o.groups(back)
}

// ordering finds how many groups come before each of the chosen resources.
type ordering struct {
	chosen map[string]*spec.Resource
	before func(*spec.Resource) []string // the resources that must come before
	flow   [][]string                    // groups of the flow, only with what is chosen
	group  map[string]int                // where in flow a resource is
	level  map[string]int
	levels []int // the highest of a group of the flow, -1 if it isn't known yet
}

func newOrdering(project *spec.Project, resources []*spec.Resource, before func(*spec.Resource) []string) *ordering {
	o := &ordering{chosen: map[string]*spec.Resource{}, before: before, group: map[string]int{}, level: map[string]int{}}
	for _, r := range resources {
		o.chosen[r.Name] = r
	}
	for _, group := range project.Flow {
		var kept []string
		for _, name := range group {
			if o.chosen[name] != nil {
				kept = append(kept, name)
				o.group[name] = len(o.flow)
			}
		}
		if len(kept) > 0 {
			o.flow, o.levels = append(o.flow, kept), append(o.levels, -1)
		}
	}
	return o
}

// of gives the level of a resource. A circle ends where it began: Load has
// reported it, or check does.
func (o *ordering) of(r *spec.Resource) int {
	if n, ok := o.level[r.Name]; ok {
		return n
	}
	o.level[r.Name] = 0
	n := 0
	for _, name := range o.before(r) {
		if other := o.chosen[name]; other != nil {
			n = max(n, o.of(other)+1)
		}
	}
	if at, listed := o.group[r.Name]; listed && at > 0 {
		n = max(n, o.end(at-1)+1)
	}
	o.level[r.Name] = n
	return n
}

// end gives the highest level in a group of the flow.
func (o *ordering) end(at int) int {
	if o.levels[at] < 0 {
		highest := 0
		for _, name := range o.flow[at] {
			highest = max(highest, o.of(o.chosen[name]))
		}
		o.levels[at] = highest
	}
	return o.levels[at]
}

func (o *ordering) groups(resources []*spec.Resource) [][]string {
	var groups [][]string
	for _, r := range resources {
		n := o.of(r)
		for len(groups) <= n {
			groups = append(groups, nil)
		}
		groups[n] = append(groups[n], r.Name)
	}
	return slices.DeleteFunc(groups, func(group []string) bool { return len(group) == 0 })
}

// check finds a resource that comes before one that it depends on, because the
// flow wants it.
func (o *ordering) check(resources []*spec.Resource) error {
	if len(o.flow) < 2 {
		return nil
	}
	for _, r := range resources {
		for _, ref := range r.DependsOn {
			other := o.chosen[ref.Resource]
			if other != nil && other != r && ref.What == output && o.of(other) >= o.of(r) {
				return flowError(r, ref)
			}
		}
	}
	return o.checkBetween()
}

// checkBetween finds a resource of the flow that waits for a later one by way of
// some that aren't in it.
func (o *ordering) checkBetween() error {
	latest := ""
	for _, group := range o.flow {
		for _, name := range group {
			if latest != "" && o.level[name] <= o.level[latest] {
				return WithHint(ExitSpec, fmt.Errorf("%s depends, by way of resources that the flow doesn't name, on one that the flow runs later", latest),
					fmt.Sprintf("put %s into a later group of the flow", latest))
			}
		}
		for _, name := range group {
			if latest == "" || o.level[name] > o.level[latest] {
				latest = name
			}
		}
	}
	return nil
}

// dependencies are the resources whose output a resource takes.
func dependencies(r *spec.Resource) []string {
	var names []string
	for _, ref := range r.DependsOn {
		if ref.What == output && ref.Resource != r.Name {
			names = append(names, ref.Resource)
		}
	}
	return names
}

// Blocked gives the first of a resource's dependencies that is in failed.
func Blocked(r *spec.Resource, failed map[string]bool) string {
	for _, name := range dependencies(r) {
		if failed[name] {
			return name
		}
	}
	return ""
}

func checkFlow(project *spec.Project) error {
	at := map[string]int{}
	for i, group := range project.Flow {
		for _, name := range group {
			at[name] = i
		}
	}
	for _, r := range project.Resources {
		own, runs := at[r.Name]
		if !runs {
			continue
		}
		for _, ref := range r.DependsOn {
			if other, too := at[ref.Resource]; too && ref.What == output && ref.Resource != r.Name && other >= own {
				return flowError(r, ref)
			}
		}
	}
	return nil
}

func flowError(r *spec.Resource, ref spec.Reference) error {
	return WithHint(ExitSpec, fmt.Errorf("%s: %s needs the output of %s, but the flow doesn't run that one before", ref.Range, r.Name, ref.Resource),
		fmt.Sprintf("put %s into an earlier group of the flow", ref.Resource))
}

// Count is how many resources are in groups.
func Count(groups [][]string) int {
	n := 0
	for _, group := range groups {
		n += len(group)
	}
	return n
}

// In gives the resources that are in groups.
func In(groups [][]string, project *spec.Project) []*spec.Resource {
	var list []*spec.Resource
	for _, group := range groups {
		for _, name := range group {
			list = append(list, project.Find(name))
		}
	}
	return list
}
