package spec

import (
	"slices"

	"s/pkg/diag"
	"s/pkg/spec/expr"
)

// Props gives the resolved props of a resource, as encoding/json takes them: the
// file's, or those of WithProps. Keys and passwords stand in them as they are,
// what isn't known yet as the ${...} that it was written as. Nil if there are
// none.
func (p *Project) Props(name string) map[string]any {
	if given, ok := p.given[name]; ok {
		return given
	}
	list := "resources"
	if p.Edition == Edition1 {
		list = "services"
	}
	m, _ := p.tree.Get(list).Get(name).Get("props").Native().(map[string]any)
	return m
}

// TakeGiven gives the project, which was loaded again, with the props that
// WithProps gave an earlier load of it, and its secrets.
func (p *Project) TakeGiven(from *Project) *Project {
	for name, props := range from.given {
		// They have been checked.
		if changed, _ := p.WithProps(name, props, diag.Range{}); changed != nil {
			p = changed
		}
	}
	return p.WithSecrets(from.Secrets...)
}

// WithSecrets gives the project with further texts that must not be shown.
func (p *Project) WithSecrets(texts ...string) *Project {
	secrets := slices.Clone(p.Secrets)
	for _, text := range texts {
		if text != "" && !slices.Contains(secrets, text) {
			secrets = append(secrets, text)
		}
	}
	if len(secrets) == len(p.Secrets) {
		return p
	}
	secrets.longestFirst()
	with := *p
	with.Secrets = secrets
	return &with
}

// WithProps gives the project as it is if the props of a resource are others than
// those of the file, and what is wrong with them: they are checked as the file's
// are, all findings at from, where the file names who made them. Only
// this resource changes: expressions that took something from its props keep what
// they took. The project itself stays as it is.
func (p *Project) WithProps(name string, values map[string]any, from diag.Range) (*Project, diag.Diagnostics) {
	old := p.Find(name)
	if old == nil || p.loader == nil {
		return nil, diag.Diagnostics{problem(CodeMissing, from, "there is no resource %q", name)}
	}
	m := &maker{left: maxValues}
	v := m.native(values, 0)
	if m.err != nil {
		return nil, diag.Diagnostics{problem(CodeType, from, "the props of %s can't be used: %v", name, m.err)}
	}
	p.place(v, from)
	r := &Resource{
		Name: old.Name, Component: old.Component, Range: old.Range, Block: old.Block, ContinueOnError: old.ContinueOnError,
		Actions: old.Actions, DependsOn: old.DependsOn, Open: old.Open,
	}
	changed := *p
	changed.Resources = slices.Clone(p.Resources)
	changed.Resources[slices.Index(p.Resources, old)] = r
	changed.given = map[string]map[string]any{name: values}
	for other, props := range p.given {
		if other != name {
			changed.given[other] = props
		}
	}
	return &changed, p.loader.again(func(l *loader) {
		l.fill(r, props{v}, from)
		l.sameFunctions(&changed)
	})
}

// again collects the findings of one more check.
func (l *loader) again(check func(*loader)) diag.Diagnostics {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.diags
	l.diags = nil
	check(l)
	found := l.diags.Sort()
	l.diags = before
	for i := range found {
		if found[i].Detail == "" {
			found[i].Detail = "what the plugin gave as props is wrong, not the file"
		}
	}
	return found
}

// place puts a value that is used nowhere else, and all that is in it, at a place
// of the file. Texts with a secret of the project in them are never quoted.
func (p *Project) place(v *expr.Value, at diag.Range) {
	v.Range = at
	if v.Kind == expr.String && p.Redact(v.Text) != v.Text {
		v.Secret, v.Sensitive = true, true
	}
	for _, item := range v.Items {
		p.place(item, at)
	}
	for i := range v.Entries {
		v.Entries[i].KeyRange = at
		p.place(v.Entries[i].Value, at)
	}
}
