package spec

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"s/pkg/diag"
	"s/pkg/spec/expr"
)

// Load reads the s.yaml that opts names and gives the project in it with all
// that is wrong with it, sorted and without repetitions. The project is nil if
// the file could not be read as one map of a known edition; with other errors
// it holds what could be understood, which is good for listing names and
// nothing else. Codes lists the codes of the findings.
func Load(ctx context.Context, opts Options) (*Project, diag.Diagnostics) {
	file, d := findFile(opts)
	if d != nil {
		return nil, diag.Diagnostics{*d}
	}
	data, d := readFile(ctx, file)
	if d != nil {
		return nil, diag.Diagnostics{*d}
	}
	abs, err := filepath.Abs(file)
	if err != nil {
		return nil, diag.Diagnostics{problem(CodeRead, diag.Range{File: file}, "the working directory is gone: %v", err)}
	}
	return parse(opts, file, filepath.Dir(abs), data)
}

// parse is Load without the reading of s.yaml itself.
func parse(opts Options, file, dir string, data []byte) (*Project, diag.Diagnostics) {
	text := strings.TrimPrefix(string(data), "\ufeff")
	l := &loader{opts: opts, dir: dir, hidden: map[string]bool{}, source: &source{file: file, lines: diag.Lines(text)}}
	root, d := parseYAML(file, []byte(text), l.lines)
	if d == nil && countNodes(root, maxValues) > maxValues {
		tooLarge := problem(CodeYAMLFeature, diag.Range{File: file}, "the file has more than %d values", maxValues)
		d = &tooLarge
	}
	if d != nil {
		return nil, diag.Diagnostics{*d}
	}
	p := l.project(root)
	return p, l.diags.Sort()
}

// loader holds what is known of one s.yaml while it is read.
type loader struct {
	*source
	opts    Options
	dir     string // absolute folder of s.yaml
	diags   diag.Diagnostics
	secrets Secrets
	hidden  map[string]bool // the same

	root    *node
	keyOf   map[*node]diag.Range
	edition string
	access  string
	vars    *node            // nil if there are none
	entries map[string]*node // resources, or services, by name
	names   []string         // of entries, in the file's order
	*checker
	resolve *resolver
}

// maxFindings bounds how many findings are reported: a file with so many is not
// one that somebody wrote.
const maxFindings = 1000

func (l *loader) add(d diag.Diagnostic) {
	if len(l.diags) < maxFindings {
		l.diags = append(l.diags, d)
	}
}

// project reads the whole file.
func (l *loader) project(root *yaml.Node) *Project {
	l.checker = &checker{report: l.add}
	c := &converter{source: l.source, report: l.add, done: map[*yaml.Node]*node{}, keyOf: map[*node]diag.Range{}, pending: map[*yaml.Node]bool{}}
	l.keyOf = c.keyOf
	l.root = c.convert(root, "")
	if !l.root.isMap() {
		l.add(problem(CodeShape, l.root.rng, "the file must be a map of keys and values, not %s", scalarKind(l.root)))
		return nil
	}
	l.resolve = newResolver(l)
	l.edition = l.readEdition()
	if l.edition == "" {
		return nil
	}
	l.topKeys()
	if v := l.root.get("vars"); v != nil && !v.isNull() {
		l.vars = v
	}
	resources := l.collect()
	p := &Project{File: l.file, Dir: l.dir, Edition: l.edition}
	// The alias first: ${config()} elsewhere needs it.
	p.Access = l.topString("access")
	l.access = p.Access
	p.Name = l.topString("name")
	if l.vars != nil {
		v := l.resolve.value(l.vars, "")
		l.checker.value(v, anyMap("vars"), l.definition(l.vars))
		p.Vars, _ = v.Native().(map[string]any)
	}
	for _, e := range resources {
		if r := l.resource(e); r != nil {
			p.Resources = append(p.Resources, r)
		}
	}
	l.sameFunctions(p)
	p.Actions = l.actions(l.root.get("actions"), "", nil)
	p.Secrets = l.secrets
	l.deployCycles(p)
	p.tree = l.tree()
	return p
}

func scalarKind(n *node) string {
	if n.isList() {
		return expr.List.String()
	}
	return scalar(n).Kind.String()
}

// readEdition gives the edition, or the one that the rest of the file looks
// like after reporting that it isn't said.
func (l *loader) readEdition() string {
	guess := Edition3
	if l.root.get("services") != nil && l.root.get("resources") == nil {
		guess = Edition1
	}
	e := l.root.entry("edition")
	if e == nil || e.value.isNull() {
		if l.root.get("services") == nil && l.root.get("resources") == nil {
			l.add(problem(CodeEdition, wholeLine(l.file, l.lines, l.root.yaml.Line), "this isn't an s.yaml: it has neither edition nor resources"))
			return ""
		}
		d := problem(CodeEdition, wholeLine(l.file, l.lines, l.root.yaml.Line), "missing \"edition\"")
		d.Hint = "add a first line: edition: " + guess
		l.add(d)
		return guess
	}
	switch text := e.value.text(); text {
	case Edition1, Edition3:
		return text
	}
	rng := e.value.rng
	if !e.value.isScalar() {
		rng = e.rng
	}
	d := problem(CodeEdition, rng, "edition must be %s or %s", Edition3, Edition1)
	d.Hint = "write edition: " + guess
	l.add(d)
	return guess
}

// topKeys reports keys of the file that mean nothing or aren't supported yet.
func (l *loader) topKeys() {
	known := []string{"edition", "name", "access", "extend", "vars", "actions", "resources", "env", "template", "flow", "validation"}
	wrong, right := "services", "resources"
	if l.edition == Edition1 {
		known = []string{"edition", "name", "access", "extend", "vars", "actions", "services"}
		wrong, right = right, wrong
	}
	for _, e := range l.root.entries {
		switch e.key {
		case wrong:
			d := problem(CodeEdition, e.rng, "edition %s has no %q", l.edition, wrong)
			d.Hint = fmt.Sprintf("rename %s to %s, or set the edition that the file is written for", wrong, right)
			l.add(d)
			continue
		case "extend", "env", "template", "flow":
			if contains(known, e.key) {
				l.add(problem(CodeUnsupported, e.rng, "%q is not supported yet", e.key))
				continue
			}
		}
		if !contains(known, e.key) {
			d := problem(CodeUnknownKey, e.rng, "unknown key %q in the file", e.key)
			d.Hint = diag.DidYouMean(e.key, known)
			l.add(d)
		}
	}
}

func contains(list []string, s string) bool {
	return slices.Contains(list, s)
}

// topString reads a text at the top of the file.
func (l *loader) topString(key string) string {
	e := l.root.entry(key)
	if e == nil {
		return ""
	}
	v := l.resolve.value(e.value, "")
	l.checker.value(v, str(key), e.rng)
	return asText(v)
}

// collect finds the resources, or services, of the file.
func (l *loader) collect() []nodeEntry {
	key := "resources"
	if l.edition == Edition1 {
		key = "services"
	}
	l.entries = map[string]*node{}
	e := l.root.entry(key)
	switch {
	case e == nil || e.value.isNull():
		if l.root.get("resources") == nil && l.root.get("services") == nil {
			d := problem(CodeMissing, wholeLine(l.file, l.lines, l.root.yaml.Line), "missing %q in the file", key)
			l.add(d)
		}
		return nil
	case !e.value.isMap():
		l.add(problem(CodeType, e.rng, "%q must be a map of names, not %s", key, scalarKind(e.value)))
		return nil
	}
	for _, r := range e.value.entries {
		l.entries[r.key] = r.value
		l.names = append(l.names, r.key)
	}
	return e.value.entries
}
