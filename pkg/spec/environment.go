package spec

import (
	"fmt"
	"os"
	"path/filepath"

	"s/pkg/diag"
	"s/pkg/spec/expr"
)

// EnvironmentFile is where environments are looked for, beside s.yaml, unless
// its key env names another file.
const EnvironmentFile = "env.yaml"

// EnvironmentTypes are the values that an environment's type may have.
func EnvironmentTypes() []string { return []string{"testing", "staging", "production"} }

// ownerEnvironment stands for a resource's name where this means the chosen
// environment. No key of YAML can be it.
const ownerEnvironment = "\x00environment"

// Environment is one environment of an env.yaml.
type Environment struct {
	Name        string     `json:"name" yaml:"name"`
	Description string     `json:"description,omitempty" yaml:"description,omitempty"`
	Type        string     `json:"type,omitempty" yaml:"type,omitempty"`
	Access      string     `json:"access,omitempty" yaml:"access,omitempty"`
	Region      string     `json:"region,omitempty" yaml:"region,omitempty"`
	Range       diag.Range `json:"-" yaml:"-"` // of the name
}

// chosenEnv is the chosen one; nil if there is none.
type chosenEnv struct {
	Environment
	node *node
}

// Environments reads an env.yaml and gives the environments in it, in the
// file's order, with all that is wrong with the file.
func Environments(file string) ([]Environment, diag.Diagnostics) {
	l := newLoader(Options{}, &source{file: file}, filepath.Dir(file))
	nodes := l.readEnvironments(file, diag.Range{File: file})
	list := make([]Environment, 0, len(nodes))
	for _, e := range nodes {
		list = append(list, e.Environment)
	}
	return list, l.diags.Sort()
}

// chooseEnvironment finds the environment that the options, or the user's
// default for the project, name.
func (l *loader) chooseEnvironment() *chosenEnv {
	name, asked := l.opts.Env, l.opts.Env != ""
	e := l.root.entry("env")
	file, at := filepath.Join(filepath.Dir(l.file), EnvironmentFile), diag.Range{File: l.file}
	if e != nil && !e.value.isNull() {
		if !e.value.isScalar() || expr.Contains(e.value.text()) {
			l.add(problem(CodeType, e.rng, "\"env\" must be the path of an env.yaml"))
			return nil
		}
		at = e.value.rng
		if file = e.value.text(); !filepath.IsAbs(file) {
			file = filepath.Join(filepath.Dir(l.file), file)
		}
	}
	if !asked && l.opts.DefaultEnv != nil {
		name = l.opts.DefaultEnv(l.root.get("name").text(), file)
	}
	if name == "" {
		return nil
	}
	if _, err := os.Stat(file); err != nil && !asked {
		return nil
	}
	found := l.readEnvironments(file, at)
	var names []string
	for _, env := range found {
		if env.Name == name {
			return env
		}
		names = append(names, env.Name)
	}
	if len(found) > 0 || !l.diags.HasErrors() {
		d := problem(CodeVariable, at, "%s has no environment %q", file, name)
		d.Hint = diag.DidYouMean(name, names)
		if !asked {
			d.Hint = "s env default chooses another"
		}
		l.add(d)
	}
	return nil
}

// readEnvironments reads the environments of a file; at is where the file is
// named.
func (l *loader) readEnvironments(file string, at diag.Range) []*chosenEnv {
	root, d := l.document(file, l.dir)
	if d != nil {
		if d.Range.Start.Line == 0 {
			d.Summary = fmt.Sprintf("%s: %s", file, d.Summary)
			d.Range = at
		}
		l.add(*d)
		return nil
	}
	l.onlyKeys(root, "an env.yaml", "project", "environments")
	e := root.entry("environments")
	if e == nil || e.value.isNull() {
		return nil
	}
	if !e.value.isList() {
		l.add(problem(CodeType, e.rng, "\"environments\" must be a list, not %s", scalarKind(e.value)))
		return nil
	}
	var list []*chosenEnv
	seen := map[string]diag.Range{}
	for _, item := range e.value.items {
		env := l.readEnvironment(item)
		if env == nil {
			continue
		}
		if first, ok := seen[env.Name]; ok {
			d := problem(CodeDuplicate, env.Range, "the environment %q stands here for the second time", env.Name)
			d.Detail = "first at " + first.String()
			l.add(d)
			continue
		}
		seen[env.Name] = env.Range
		list = append(list, env)
	}
	return list
}

// readEnvironment reads one environment, or gives nil after reporting what is
// wrong with it.
func (l *loader) readEnvironment(n *node) *chosenEnv {
	if !n.isMap() {
		l.add(problem(CodeType, n.rng, "an environment must be a map with a name, not %s", scalarKind(n)))
		return nil
	}
	l.onlyKeys(n, "an environment", "name", "description", "type", "access", "region", "role", "overlays", "infraStack", "id", "displayName")
	name := n.entry("name")
	if name == nil || name.value.text() == "" {
		l.add(problem(CodeMissing, n.rng, "missing \"name\" in an environment"))
		return nil
	}
	env := &chosenEnv{node: n, Environment: Environment{
		Name: name.value.text(), Range: name.value.rng, Description: n.get("description").text(),
		Type: n.get("type").text(), Access: n.get("access").text(), Region: n.get("region").text(),
	}}
	if t := n.entry("type"); t != nil && env.Type != "" && !contains(EnvironmentTypes(), env.Type) {
		d := problem(CodeEnum, t.value.rng, "the type of an environment can't be %q", env.Type)
		d.Hint = diag.DidYouMean(env.Type, EnvironmentTypes())
		l.add(d)
	}
	overlays := n.get("overlays")
	if overlays.isMap() {
		l.onlyKeys(overlays, "overlays", "components", "resources")
	}
	for _, kind := range []string{"components", "resources"} {
		for _, o := range overlays.get(kind).all() {
			if !o.value.isMap() && !o.value.isNull() {
				l.add(problem(CodeType, o.rng, "the overlay of %q must be a map of props, not %s", o.key, scalarKind(o.value)))
			}
		}
	}
	return env
}

// onlyKeys warns of keys that mean nothing: they are the peer's to define, so
// they are no errors.
func (l *loader) onlyKeys(n *node, what string, known ...string) {
	for _, e := range n.entries {
		if !contains(known, e.key) {
			d := problem(CodeIgnoredKey, e.rng, "unknown key %q in %s", e.key, what)
			d.Severity = diag.Warning
			d.Hint = diag.DidYouMean(e.key, known)
			l.add(d)
		}
	}
}

// over puts the environment's overlays over the props of a resource: those for
// its component, those for the resource itself, and the region of its
// infrastructure.
func (env *chosenEnv) over(l *loader, component, resource string, props *node) *node {
	if env == nil {
		return props
	}
	overlays := env.node.get("overlays")
	for _, o := range []*node{overlays.get("components").get(component), overlays.get("resources").get(resource)} {
		if o.isMap() {
			marked := l.inherit(o, ownerEnvironment)
			if props.isNull() {
				props = marked
				continue
			}
			props = l.overlay(props, marked)
		}
	}
	if region := env.node.get("infraStack").entry("region"); region != nil && region.value.isScalar() && !region.value.isNull() {
		value := l.inherit(region.value, ownerEnvironment)
		if props.isMap() {
			props = l.with(props, "region", region.rng, value)
		}
	}
	return props
}
