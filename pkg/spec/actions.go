package spec

import (
	"fmt"
	"strings"

	"s/pkg/diag"
	"s/pkg/spec/expr"
)

// Moments of an action.
const (
	WhenPre      = "pre"
	WhenSuccess  = "success"
	WhenFail     = "fail"
	WhenComplete = "complete"
	whenPost     = "post"
)

func moments() []string {
	return []string{WhenPre, WhenSuccess, WhenFail, WhenComplete, whenPost}
}

// actionFields are the keys of an action.
func actionFields() *object {
	return &object{title: "an action", fields: []*field{
		str("run"), str("path"), str("component"), str("plugin"), anyMap("args"),
		boolean("replace_output"),
	}}
}

// allowFields are the keys of allow_failure with conditions.
func allowFields() *object {
	return &object{title: "allow_failure", fields: []*field{
		list("exit_code", integer("")), stringList("command"),
	}}
}

// actions reads a map of hooks; owner is the resource they belong to, or empty.
// allow is the resource's allow_failure, which overrides that of its actions.
func (l *loader) actions(n *node, owner string, allow *node) []Action {
	if n.isNull() {
		return nil
	}
	if !n.isMap() {
		l.add(problem(CodeType, l.definition(n), "\"actions\" must be a map, not %s", scalarKind(n)))
		return nil
	}
	override := l.allowFailure(allow, owner)
	var actions []Action
	for _, e := range n.entries {
		when, command, ok := l.actionKey(e)
		items := l.resolve.value(e.value, owner)
		if items.Invalid || isAbsent(items) {
			continue
		}
		if items.Kind != expr.List {
			d := problem(CodeType, e.rng, "%q must be a list of actions, not %s", e.key, items.Kind)
			d.Hint = "put a - before the action"
			l.add(d)
			continue
		}
		for i, item := range items.Items {
			a, valid := l.action(item, e, owner)
			if !ok || !valid {
				continue
			}
			a.When, a.Command = when, command
			if open := l.resolve.openValues(item, fmt.Sprintf("actions.%s[%d]", e.key, i)); len(open) > 0 {
				a.Open = &open[0]
			}
			if override != nil {
				a.AllowFailure = *override
			}
			actions = append(actions, a)
		}
	}
	return actions
}

// allowFailure reads the allow_failure of a resource; nil if there is none.
func (l *loader) allowFailure(n *node, owner string) *AllowFailure {
	if n.isNull() {
		return nil
	}
	v := l.resolve.value(n, owner)
	if v.Invalid {
		return nil
	}
	allowed := l.allowed(v, l.definition(n))
	return &allowed
}

// allowed reads true, false or {exit_code: [...], command: [...]}.
func (l *loader) allowed(v *expr.Value, key diag.Range) AllowFailure {
	if v.Kind != expr.Map {
		l.checker.value(v, boolean("allow_failure"), key)
		return AllowFailure{Any: v.Kind == expr.Bool && v.Bool}
	}
	l.object(v, allowFields(), key)
	p := props{v}
	a := AllowFailure{Any: len(v.Entries) == 0, Commands: p.texts("command")}
	if codes := v.Get("exit_code"); codes != nil {
		for _, item := range codes.Items {
			if item.Kind == expr.Int {
				a.ExitCodes = append(a.ExitCodes, int(item.Int))
			}
		}
	}
	return a
}

// actionKey reads pre-deploy, or pre-${regex('deploy|build')}. ok is false if
// the key is wrong or names another command than the one that runs.
func (l *loader) actionKey(e nodeEntry) (when, command string, ok bool) {
	when, command, found := strings.Cut(e.key, "-")
	if !found || command == "" || !contains(moments(), when) {
		d := problem(CodeAction, e.rng, "%q names no moment and command", e.key)
		d.Hint = "write pre-, success-, fail- or complete- and a command, such as pre-deploy"
		if near := diag.Nearest(when, moments()); found && len(near) > 0 {
			d.Hint = fmt.Sprintf("did you mean %q?", near[0]+"-"+command)
		}
		l.add(d)
		return "", "", false
	}
	if when == whenPost {
		when = WhenComplete
		if l.edition == Edition3 {
			l.add(diag.Diagnostic{
				Severity: diag.Warning, Code: CodeDeprecated, Range: e.rng,
				Summary: fmt.Sprintf("%q is an old name", e.key), Hint: fmt.Sprintf("write %q", WhenComplete+"-"+command),
			})
		}
	}
	if !expr.Contains(command) {
		return when, command, true
	}
	offset := len(e.key) - len(command)
	v := l.resolve.expressionAt(e.yaml, command, offset)
	if v.Invalid {
		return "", "", false
	}
	if v.Kind == expr.Bool {
		return when, l.opts.Command, v.Bool
	}
	return when, v.Text, v.Text != ""
}

// action reads one action.
func (l *loader) action(v *expr.Value, key nodeEntry, owner string) (Action, bool) {
	rng := at(v, key.rng)
	if v.Invalid {
		return Action{}, false
	}
	if v.Kind != expr.Map {
		d := problem(CodeType, rng, "an action must be a map, not %s", v.Kind)
		d.Hint = "write run: and a shell command"
		l.add(d)
		return Action{}, false
	}
	var allow AllowFailure
	rest := make([]expr.Entry, 0, len(v.Entries))
	for _, e := range v.Entries {
		if e.Key == "allow_failure" {
			allow = l.allowed(e.Value, e.KeyRange)
			continue
		}
		rest = append(rest, e)
	}
	v = expr.NewMap(rest)
	v.Range = rng
	l.object(v, actionFields(), key.rng)
	var kinds []expr.Entry
	for _, e := range v.Entries {
		if e.Key == "run" || e.Key == "component" || e.Key == "plugin" {
			kinds = append(kinds, e)
		}
	}
	if len(kinds) != 1 {
		d := problem(CodeAction, key.rng, "an action needs exactly one of run, component and plugin; this has %d", len(kinds))
		if len(kinds) > 1 {
			d.Range = kinds[1].KeyRange
		}
		l.add(d)
		return Action{}, false
	}
	if owner == "" && kinds[0].Key == "component" {
		l.add(problem(CodeAction, kinds[0].KeyRange, "a component action belongs to a resource; it can't be global"))
		return Action{}, false
	}
	a := l.actionOf(props{v}, kinds[0].KeyRange)
	a.AllowFailure = allow
	return a, true
}

func (l *loader) actionOf(p props, rng diag.Range) Action {
	a := Action{Run: p.text("run"), Component: p.text("component"), Plugin: p.text("plugin"), ReplaceOutput: p.bool("replace_output"), Range: rng}
	if a.Run != "" {
		path := p.text("path")
		if path == "" {
			path = "./"
		}
		a.Path = l.resolvePath(path)
	}
	if args := p.sub("args"); args.isMap() {
		a.Args, _ = args.v.Native().(map[string]any)
	}
	return a
}
