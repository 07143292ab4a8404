package spec

import (
	"strings"

	"s/pkg/diag"
)

// composed gives a resource with its template under its props and the chosen
// environment over them.
func (l *loader) composed(e nodeEntry) *node {
	if l.edition != Edition3 || !e.value.isMap() {
		return e.value
	}
	key, props := e.rng, e.value.get("props")
	if pe := e.value.entry("props"); pe != nil {
		key = pe.rng
		if !pe.value.isNull() && !pe.value.isMap() {
			return e.value // an expression, or wrong; nothing can be merged
		}
	}
	whole := props
	if te := e.value.entry("extend"); te != nil && !te.value.isNull() {
		if template := l.template(*te); template != nil {
			whole = l.overlay(l.without(template, nulls(props)), whole)
		}
	}
	whole = l.environment.over(l, ComponentName(e.value.get("component").text()), e.key, whole)
	if whole == props || whole == nil {
		return e.value
	}
	return l.with(e.value, "props", key, whole)
}

// nulls are the keys of a map that are null: a resource has no use for what its
// template says there.
func nulls(n *node) []string {
	var keys []string
	for _, e := range n.all() {
		if e.value.isNull() {
			keys = append(keys, e.key)
		}
	}
	return keys
}

// ComponentName is the name of a component without its publisher and version.
func ComponentName(text string) string {
	base, _, _ := strings.Cut(strings.TrimPrefix(text, "devsapp/"), "@")
	return base
}

// template reads extend: {name: ..., ignore: [...]} of a resource and gives the
// template without what is ignored, or nil after reporting why there is none.
func (l *loader) template(extend nodeEntry) *node {
	if !extend.value.isMap() {
		d := problem(CodeType, extend.rng, "\"extend\" of a resource must be a map with name, not %s", scalarKind(extend.value))
		d.Hint = "write extend: {name: TEMPLATE}"
		l.add(d)
		return nil
	}
	for _, k := range extend.value.entries {
		if k.key != "name" && k.key != "ignore" {
			d := problem(CodeUnknownKey, k.rng, "unknown key %q in extend", k.key)
			d.Hint = diag.DidYouMean(k.key, []string{"name", "ignore"})
			l.add(d)
		}
	}
	name := extend.value.entry("name")
	if name == nil || !name.value.isScalar() || name.value.text() == "" {
		l.add(problem(CodeMissing, extend.rng, "\"extend\" names no template"))
		return nil
	}
	templates := l.root.get("template")
	found := templates.entry(name.value.text())
	if found == nil {
		d := problem(CodeVariable, name.value.rng, "there is no template %q", name.value.text())
		if templates.isMap() {
			d.Hint = diag.DidYouMean(name.value.text(), templates.keys())
		}
		l.add(d)
		return nil
	}
	if !found.value.isMap() {
		return nil // reported where it is defined
	}
	return l.without(found.value, l.ignored(extend.value.entry("ignore")))
}

// ignored reads the list of keys that a resource doesn't want of its template.
func (l *loader) ignored(e *nodeEntry) []string {
	if e == nil || e.value.isNull() {
		return nil
	}
	if !e.value.isList() {
		l.add(problem(CodeType, e.rng, "\"ignore\" must be a list of keys, not %s", scalarKind(e.value)))
		return nil
	}
	var keys []string
	for _, item := range e.value.items {
		if !item.isScalar() || item.text() == "" {
			l.add(problem(CodeType, item.rng, "\"ignore\" takes names of keys, not %s", scalarKind(item)))
			continue
		}
		keys = append(keys, item.text())
	}
	return keys
}

// templates checks what all templates must be.
func (l *loader) templates() {
	e := l.root.entry("template")
	if e == nil || e.value.isNull() {
		return
	}
	if !e.value.isMap() {
		l.add(problem(CodeType, e.rng, "\"template\" must be a map of names, not %s", scalarKind(e.value)))
		return
	}
	for _, t := range e.value.entries {
		if !t.value.isMap() {
			l.add(problem(CodeType, t.rng, "the template %q must be a map of props, not %s", t.key, scalarKind(t.value)))
		}
	}
}
