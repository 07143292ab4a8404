package spec

import (
	"s/pkg/diag"
	"s/pkg/spec/expr"
)

// flow reads the groups in which the resources run for the command at hand, nil
// if the file says nothing of it. Groups for other commands are checked all the
// same.
func (l *loader) flow(e *nodeEntry) [][]string {
	if e == nil || e.value.isNull() {
		return nil
	}
	if !e.value.isMap() {
		d := problem(CodeType, e.rng, "\"flow\" must be a map of commands, not %s", scalarKind(e.value))
		d.Hint = "write flow: {deploy: [[a, b], [c]]}"
		l.add(d)
		return nil
	}
	var chosen [][]string
	for _, k := range e.value.entries {
		groups := l.flowGroups(k)
		if chosen == nil && l.flowApplies(k) {
			chosen = groups
		}
	}
	return chosen
}

// flowApplies tells whether a key of flow means the command that runs.
func (l *loader) flowApplies(k nodeEntry) bool {
	if !expr.Contains(k.key) {
		return k.key == l.opts.Command
	}
	v := l.resolve.expressionAt(k.yaml, k.key, 0)
	if v.Kind == expr.Bool {
		return v.Bool
	}
	return !v.Invalid && v.Text == l.opts.Command
}

func (l *loader) flowGroups(k nodeEntry) [][]string {
	if !k.value.isList() {
		d := problem(CodeType, k.rng, "the flow of %s must be a list of groups, not %s", k.key, scalarKind(k.value))
		d.Hint = "write [[a, b], [c]]: a and b at the same time, then c"
		l.add(d)
		return nil
	}
	groups := [][]string{}
	seen := map[string]diag.Range{}
	for _, g := range k.value.items {
		if !g.isList() {
			d := problem(CodeType, g.rng, "a group of the flow must be a list of resources, not %s", scalarKind(g))
			d.Hint = "write [" + g.text() + "]"
			l.add(d)
			continue
		}
		var group []string
		for _, item := range g.items {
			if name, ok := l.flowMember(item, seen); ok {
				group = append(group, name)
			}
		}
		if len(group) > 0 {
			groups = append(groups, group)
		}
	}
	return groups
}

// flowMember reads the name of a resource in a flow.
func (l *loader) flowMember(item *node, seen map[string]diag.Range) (string, bool) {
	v := l.resolve.value(item, "")
	if v.Invalid {
		return "", false
	}
	if v.Kind == expr.Map || v.Kind == expr.List {
		l.add(problem(CodeType, item.rng, "a group of the flow holds names of resources, not %s", v.Kind))
		return "", false
	}
	name := asText(v)
	if v.Kind != expr.String || l.entries[name] == nil {
		d := problem(CodeFlow, item.rng, "the flow names %s, which is no resource", shown(v))
		d.Hint = diag.DidYouMean(name, l.names)
		l.add(d)
		return "", false
	}
	if first, ok := seen[name]; ok {
		d := problem(CodeFlow, item.rng, "the flow names %q for the second time", name)
		d.Detail = "first at " + first.String()
		l.add(d)
		return "", false
	}
	seen[name] = item.rng
	return name, true
}
