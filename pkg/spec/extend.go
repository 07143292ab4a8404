package spec

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"s/pkg/diag"
	"s/pkg/spec/expr"
)

// maxExtends bounds how many files a chain of extend may have.
const maxExtends = 20

// document reads a YAML file that s.yaml names, beside the main one. Its nodes
// remember where they come from. Paths in its expressions count from dir.
func (l *loader) document(file, dir string) (*node, *diag.Diagnostic) {
	data, d := readText(file)
	if d != nil {
		return nil, d
	}
	src := &source{file: file, dir: dir, lines: diag.Lines(strings.TrimPrefix(string(data), "\ufeff"))}
	y, d := parseYAML(file, []byte(strings.Join(src.lines, "\n")+"\n"), src.lines)
	if d != nil {
		return nil, d
	}
	if countNodes(y, maxValues) > maxValues {
		tooLarge := problem(CodeYAMLFeature, diag.Range{File: file}, "the file has more than %d values", maxValues)
		return nil, &tooLarge
	}
	n := l.convert(src, y)
	if !n.isMap() {
		shape := problem(CodeShape, n.rng, "the file must be a map of keys and values, not %s", scalarKind(n))
		return nil, &shape
	}
	return n, nil
}

// convert turns the YAML of a source into nodes.
func (l *loader) convert(src *source, y *yaml.Node) *node {
	c := &converter{source: src, report: l.add, done: map[*yaml.Node]*node{}, keyOf: l.keyOf, pending: map[*yaml.Node]bool{}}
	n := c.convert(y, "")
	if src != l.source {
		for from := range c.done {
			l.origin[from] = src
		}
		for _, key := range c.keys {
			l.origin[key] = src
		}
	}
	return n
}

// sourceOf is the text that a YAML node stands in.
func (l *loader) sourceOf(y *yaml.Node) *source {
	if src, ok := l.origin[y]; ok {
		return src
	}
	return l.source
}

// spanRange is the place of a part of a scalar's text.
func (l *loader) spanRange(y *yaml.Node, span expr.Span) diag.Range {
	return l.sourceOf(y).spanRange(y, span)
}

// link is one file of a chain of extend.
type link struct {
	abs   string     // to recognise it
	shown string     // as messages name it
	at    diag.Range // of the extend that led here
}

// extended puts the values of a file over those of the file that it extends,
// which may extend a third.
func (l *loader) extended(root *node, chain []link) *node {
	e := root.entry("extend")
	if e == nil || e.value.isNull() {
		return root
	}
	self := chain[len(chain)-1]
	path, ok := l.extendPath(e)
	if !ok {
		return root
	}
	next := link{abs: filepath.Join(filepath.Dir(self.abs), path), shown: filepath.Join(filepath.Dir(self.shown), path), at: e.value.rng}
	if filepath.IsAbs(path) {
		next.abs, next.shown = filepath.Clean(path), filepath.Clean(path)
	}
	if i := slices.IndexFunc(chain, func(k link) bool { return k.abs == next.abs }); i >= 0 {
		d := problem(CodeCycle, e.value.rng, "%s extends itself", chain[i].shown)
		var way []string
		for _, k := range chain[i:] {
			way = append(way, k.shown)
		}
		d.Detail = strings.Join(append(way, next.shown), "\n-> ")
		l.add(d)
		return root
	}
	if len(chain) >= maxExtends {
		l.add(problem(CodeYAMLFeature, e.value.rng, "more than %d files extend each other", maxExtends))
		return root
	}
	base, d := l.document(next.shown, filepath.Dir(next.abs))
	if d != nil {
		if d.Range.Start.Line == 0 { // about the file as a whole: say it where it is named
			d.Summary = fmt.Sprintf("%s: %s", next.shown, d.Summary)
			d.Range = e.value.rng
		}
		l.add(*d)
		return root
	}
	return l.overlay(l.extended(base, append(slices.Clip(chain), next)), root)
}

// extendPath reads the path of a base file.
func (l *loader) extendPath(e *nodeEntry) (string, bool) {
	path := e.value.text()
	switch {
	case !e.value.isScalar():
		l.add(problem(CodeType, e.rng, "\"extend\" must be the path of a YAML file, not %s", scalarKind(e.value)))
		return "", false
	case expr.Contains(path):
		d := problem(CodeExpression, e.value.rng, "\"extend\" is read before any expression; it must be a plain path")
		l.add(d)
		return "", false
	}
	if ext := filepath.Ext(path); ext != ".yaml" && ext != ".yml" {
		d := problem(CodeFile, e.value.rng, "\"extend\" must name a .yaml or .yml file, not %q", path)
		l.add(d)
		return "", false
	}
	return path, true
}

// overlay puts one tree over another: maps are merged key by key, everything
// else is replaced whole, and a null in the upper one leaves what is below.
func (l *loader) overlay(base, over *node) *node {
	return l.merged(base, over, "", "")
}

// merged is overlay for nodes inside of maps whose this is another one.
func (l *loader) merged(base, over *node, baseAs, overAs string) *node {
	if base != nil && base.as != "" {
		baseAs = base.as
	}
	if over != nil && over.as != "" {
		overAs = over.as
	}
	switch {
	case base == nil && over == nil:
		return nil
	case over.isNull() && base != nil:
		return l.inherit(base, baseAs)
	case !base.isMap() || !over.isMap():
		return l.inherit(over, overAs)
	}
	m := &node{yaml: over.yaml, path: over.path, rng: over.rng}
	for _, e := range base.entries {
		o := over.entry(e.key)
		if o != nil && !o.value.isNull() {
			m.add(nodeEntry{key: e.key, rng: o.rng, yaml: o.yaml, value: l.merged(e.value, o.value, baseAs, overAs)})
			continue
		}
		e.value = l.inherit(e.value, baseAs)
		m.add(e)
	}
	for _, e := range over.entries {
		if base.entry(e.key) == nil {
			e.value = l.inherit(e.value, overAs)
			m.add(e)
		}
	}
	if rng, ok := l.keyOf[over]; ok {
		l.keyOf[m] = rng
	}
	return m
}

// inherit marks a node with the owner that the map around it had.
func (l *loader) inherit(n *node, as string) *node {
	if as == "" || n.as != "" {
		return n
	}
	marked := *n
	marked.as = as
	if rng, ok := l.keyOf[n]; ok {
		l.keyOf[&marked] = rng
	}
	return &marked
}

// with gives a map with one entry set to another value.
func (l *loader) with(n *node, key string, rng diag.Range, value *node) *node {
	changed := &node{yaml: n.yaml, path: n.path, rng: n.rng, as: n.as}
	for _, e := range n.entries {
		if e.key == key {
			e.value = value
		}
		changed.add(e)
	}
	if n.entry(key) == nil {
		changed.add(nodeEntry{key: key, rng: rng, yaml: n.yaml, value: value})
	}
	if at, ok := l.keyOf[n]; ok {
		l.keyOf[changed] = at
	}
	return changed
}

// without gives a map less the keys of dotted paths.
func (l *loader) without(n *node, paths []string) *node {
	left := n
	for _, path := range paths {
		left = l.drop(left, strings.Split(path, "."))
	}
	return left
}

func (l *loader) drop(n *node, path []string) *node {
	e := n.entry(path[0])
	if !n.isMap() || e == nil {
		return n
	}
	if len(path) > 1 {
		return l.with(n, path[0], e.rng, l.drop(e.value, path[1:]))
	}
	left := &node{yaml: n.yaml, path: n.path, rng: n.rng, as: n.as}
	for _, other := range n.entries {
		if other.key != path[0] {
			left.add(other)
		}
	}
	if at, ok := l.keyOf[n]; ok {
		l.keyOf[left] = at
	}
	return left
}
