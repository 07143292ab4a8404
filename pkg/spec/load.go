package spec

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

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
	if opts.Text != "" {
		dir, err := filepath.Abs(opts.Dir)
		if err != nil {
			return nil, diag.Diagnostics{problem(CodeRead, diag.Range{File: opts.File}, "the working directory is gone: %v", err)}
		}
		return parse(opts, opts.File, dir, []byte(opts.Text))
	}
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

// maxFileValues bounds a file as it is written: some 200,000 lines. What its
// aliases and expressions make of one value is bounded by maxValues.
const maxFileValues = 500_000

// parse is Load without the reading of s.yaml itself.
func parse(opts Options, file, dir string, data []byte) (*Project, diag.Diagnostics) {
	text := strings.TrimPrefix(string(data), "\ufeff")
	l := newLoader(opts, &source{file: file, dir: dir, lines: diag.Lines(text)}, dir)
	root, d := parseYAML(file, []byte(text), l.lines)
	if d == nil && countNodes(root, maxFileValues) > maxFileValues {
		tooLarge := problem(CodeYAMLFeature, diag.Range{File: file}, "the file has more than %d values", maxFileValues)
		d = &tooLarge
	}
	if d != nil {
		return nil, diag.Diagnostics{*d}
	}
	p := l.project(root)
	return p, l.diags.Sort()
}

// newLoader makes a loader that has read nothing yet.
func newLoader(opts Options, src *source, dir string) *loader {
	l := &loader{
		opts: opts, dir: dir, source: src, hidden: map[string]bool{},
		keyOf: map[*node]diag.Range{}, origin: map[*yaml.Node]*source{}, entries: map[string]*node{},
	}
	l.checker = &checker{report: l.add}
	l.resolve = newResolver(l)
	return l
}

// loader holds what is known of one s.yaml while it is read.
type loader struct {
	*source
	mu      sync.Mutex // of what is checked once the file is loaded
	opts    Options
	dir     string // absolute folder of s.yaml
	diags   diag.Diagnostics
	secrets Secrets
	hidden  map[string]bool // the same

	root    *node
	keyOf   map[*node]diag.Range
	origin  map[*yaml.Node]*source // of nodes that aren't of the file itself
	edition string
	access  string
	vars    *node            // nil if there are none
	entries map[string]*node // resources, or services, by name
	names   []string         // of entries, in the file's order
	// environment is the one that was chosen, nil without.
	environment *chosenEnv
	variables   map[string]string // of .env files
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
	l.root = l.convert(l.source, root)
	if !l.root.isMap() {
		l.add(problem(CodeShape, l.root.rng, "the file must be a map of keys and values, not %s", scalarKind(l.root)))
		return nil
	}
	l.root = l.extended(l.root, []link{{abs: filepath.Join(l.dir, filepath.Base(l.file)), shown: l.file}})
	l.edition = l.readEdition()
	if l.edition == "" {
		return nil
	}
	l.topKeys()
	if v := l.root.get("vars"); v != nil && !v.isNull() {
		l.vars = v
	}
	l.dotEnv()
	if l.edition == Edition3 {
		l.environment = l.chooseEnvironment()
		l.templates()
	}
	resources := l.collect()
	p := &Project{File: l.file, Dir: l.dir, Edition: l.edition}
	// The alias first: ${config()} elsewhere needs it.
	p.Access = l.topString("access")
	if l.environment != nil {
		p.Environment = l.environment.Name
		if l.environment.Access != "" {
			p.Access = l.environment.Access
		}
	}
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
	if l.edition == Edition3 {
		p.Flow = l.flow(l.root.entry("flow"))
	}
	p.DotEnv = l.variables
	l.secrets.longestFirst()
	p.Secrets = l.secrets
	l.deployCycles(p)
	p.tree, p.loader = l.tree(), l
	return p
}

func scalarKind(n *node) string {
	switch {
	case n.isList():
		return expr.List.String()
	case n.isMap():
		return expr.Map.String()
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
		l.names = append(l.names, r.key)
	}
	resources := make([]nodeEntry, 0, len(e.value.entries))
	for _, r := range e.value.entries {
		r.value = l.composed(r)
		l.entries[r.key] = r.value
		resources = append(resources, r)
	}
	return resources
}
