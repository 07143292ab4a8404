package spec

import (
	"fmt"

	"s/pkg/diag"
	"s/pkg/spec/expr"
)

// Components that s brings along, by edition.
const (
	componentV1 = "fc"
	componentV3 = "fc3"
)

// resource reads one entry of resources or services, or gives nil if nothing
// can be made of it.
func (l *loader) resource(e nodeEntry) *Resource {
	if !e.value.isMap() {
		l.add(problem(CodeType, e.rng, "%q must be a map with component and props, not %s", e.key, scalarKind(e.value)))
		return nil
	}
	l.resourceKeys(e)
	r := &Resource{Name: e.key, Component: l.component(e), Range: e.rng, Block: l.block(e)}
	if vars := e.value.get("vars"); vars != nil {
		l.resolve.value(vars, e.key)
	}
	if c := e.value.entry("continue-on-error"); c != nil {
		v := l.resolve.value(c.value, e.key)
		l.checker.value(v, boolean("continue-on-error"), c.rng)
		r.ContinueOnError = v.Kind == expr.Bool && v.Bool
	}
	r.Actions = l.actions(e.value.get("actions"), e.key, e.value.get("allow_failure"))
	l.dependsOn(r, l.resolve.value(e.value.get("actions"), e.key), false)
	pe := e.value.entry("props")
	if pe == nil || pe.value.isNull() {
		l.add(problem(CodeMissing, e.rng, "missing \"props\" in %s", e.key))
		return r
	}
	v := l.resolve.value(pe.value, e.key)
	l.dependsOn(r, v, true)
	switch {
	case v.Invalid:
		return r
	case v.Kind != expr.Map:
		l.checker.wrongType(v, anyMap("props"), pe.rng)
		return r
	}
	l.fill(r, props{v}, pe.rng)
	return r
}

// fill checks the props of a resource and maps them onto it.
func (l *loader) fill(r *Resource, p props, key diag.Range) {
	switch r.Component {
	case componentV1:
		l.fillV1(r, p, key)
	case componentV3:
		l.fillV3(r, p, key)
	}
}

// resourceKeys checks the keys of an entry itself.
func (l *loader) resourceKeys(e nodeEntry) {
	known := []string{"component", "props", "actions"}
	if l.edition == Edition3 {
		known = append(known, "extend", "access", "id", "continue-on-error", "allow_failure", "vars")
	}
	for _, k := range e.value.entries {
		switch {
		case !contains(known, k.key):
			d := problem(CodeUnknownKey, k.rng, "unknown key %q in %s", k.key, e.key)
			d.Hint = diag.DidYouMean(k.key, known)
			l.add(d)
		}
	}
}

// block is the stretch of the file that an entry takes.
func (l *loader) block(e nodeEntry) diag.Range {
	rng := e.rng
	lines := l.sourceOf(e.yaml).lines
	last := max(rng.Start.Line, endLine(e.value.yaml))
	rng.End = diag.Pos{Line: last, Column: 1}
	if last <= len(lines) {
		rng.End.Column = len([]rune(lines[last-1])) + 1
	}
	return rng
}

// component gives componentV1, componentV3, or nothing after reporting why.
func (l *loader) component(e nodeEntry) string {
	want := componentV3
	if l.edition == Edition1 {
		want = componentV1
	}
	ce := e.value.entry("component")
	if ce == nil || ce.value.isNull() {
		d := problem(CodeMissing, e.rng, "missing \"component\" in %s", e.key)
		d.Hint = "add component: " + want
		l.add(d)
		return want
	}
	v := l.resolve.value(ce.value, e.key)
	if v.Invalid {
		return ""
	}
	if v.Kind != expr.String {
		l.checker.wrongType(v, str("component"), ce.rng)
		return ""
	}
	base := ComponentName(v.Text)
	if base == want {
		return want
	}
	d := problem(CodeComponent, at(v, ce.rng), "component %s is not one that s has", shown(v))
	switch base {
	case componentV1, componentV3:
		d.Summary = fmt.Sprintf("component %s doesn't go with edition %s", shown(v), l.edition)
		d.Hint = fmt.Sprintf("write component: %s, or change the edition", want)
	default:
		d.Hint = diag.DidYouMean(base, []string{want})
	}
	l.add(d)
	return ""
}

// fillV3 reads the props of component fc3.
func (l *loader) fillV3(r *Resource, p props, key diag.Range) {
	l.object(p.v, l.tableV3(), key)
	r.Region = p.text("region")
	r.Function = functionV3(p)
	l.placeImage(r.Function.CustomContainerConfig)
	r.Code = l.codeV3(p, r.Function.Runtime)
	r.Triggers = triggersV3(p)
	r.Around = aroundOfV3(p)
	r.Auto = autoOfV3(p)
	l.rulesV3(p)
}

// fillV1 reads the props of component fc.
func (l *loader) fillV1(r *Resource, p props, key diag.Range) {
	l.object(p.v, l.tableV1(), key)
	service, function := p.sub("service"), p.sub("function")
	r.Region = p.text("region")
	r.Service = serviceOfV1(service)
	r.Function = functionOfV1(service, function)
	l.placeImage(r.Function.CustomContainerConfig)
	r.Triggers = triggersOfV1(p)
	r.Around = aroundOfV1(p)
	r.Auto = autoOfV1(p)
	if function.isMap() {
		functionKey := p.v.Entry("function").KeyRange
		r.Code = l.codeV1(function, functionKey)
		l.rulesV1(p, function)
	}
}
