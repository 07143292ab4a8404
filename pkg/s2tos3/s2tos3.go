// Package s2tos3 turns an s.yaml of edition 1.0.0 (component fc) into one of
// edition 3.0.0 (component fc3) that describes the same functions. It works on
// the nodes of the file, so comments, order, anchors and expressions stay. What
// edition 3.0.0 has no place for is never dropped without a finding.
package s2tos3

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"s/pkg/diag"
	"s/pkg/spec"
)

// Codes of findings. They are stable: a code is never given another meaning.
const (
	CodeEdition   = "FC-S3-001" // the file isn't of edition 1.0.0
	CodeDropped   = "FC-S3-002" // no place in edition 3.0.0; left out (warning)
	CodeDecide    = "FC-S3-003" // the user must say what edition 3.0.0 wants to know
	CodeReference = "FC-S3-004" // ${...} names what edition 3.0.0 hasn't got
	CodeChanged   = "FC-S3-005" // kept, but means something else now (warning)
	CodeResult    = "FC-S3-006" // the result would not be valid
	CodeOne       = "FC-S3-007" // edition 3.0.0 takes one of these only
)

// Convert reads the s.yaml that opts names and gives the text of the converted
// one, or nil if there are errors among the findings. The text is held against
// spec.Load as if it stood at target, a path in the folder of the source: the
// paths in it count from there. Values that can't be known here (environment,
// credentials, files) stop nothing.
func Convert(ctx context.Context, opts spec.Options, target string) ([]byte, diag.Diagnostics) {
	project, found := spec.Load(ctx, opts)
	found = serious(found)
	if found.HasErrors() || project == nil {
		return nil, found
	}
	data, err := os.ReadFile(project.File)
	if err != nil {
		return nil, diag.Diagnostics{{Code: spec.CodeRead, Range: diag.Range{File: project.File}, Summary: fmt.Sprintf("the file can't be read: %v", err)}}
	}
	out, found := convert(project, data)
	if found.HasErrors() {
		return nil, found
	}
	wrong := check(ctx, opts, project.Dir, target, out)
	if wrong.HasErrors() {
		return nil, append(found, wrong...)
	}
	return out, found
}

// convert is Convert for a project that was loaded from data.
func convert(project *spec.Project, data []byte) ([]byte, diag.Diagnostics) {
	text := strings.TrimPrefix(string(data), "\ufeff")
	c := &converter{
		source:  source{file: project.File, lines: diag.Lines(text)},
		project: project, services: map[string]*yaml.Node{}, done: map[*yaml.Node]bool{}, blank: map[*yaml.Node]bool{}, notes: map[*yaml.Node]string{}, foreign: map[*yaml.Node]bool{},
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil || len(doc.Content) == 0 {
		return nil, diag.Diagnostics{{Code: spec.CodeSyntax, Range: diag.Range{File: project.File}, Summary: fmt.Sprintf("not valid YAML: %v", err)}}
	}
	if project.Edition != spec.Edition1 {
		c.errorAt(CodeEdition, c.valuePlace(doc.Content[0], "edition"), "only edition 1.0.0 can be converted", "this is edition "+project.Edition+" already")
		return nil, c.diags
	}
	c.root = doc.Content[0]
	out := c.top()
	c.settleAliases(out, map[*yaml.Node]*yaml.Node{})
	c.translateAll(out)
	if found := c.diags.Sort(); found.HasErrors() {
		return nil, found
	}
	doc.Content[0] = out
	result, err := c.encode(&doc, out)
	if err != nil {
		c.errorAt(CodeResult, diag.Range{File: project.File}, fmt.Sprintf("the result can't be written: %v", err), "")
	}
	return result, c.diags.Sort()
}

// serious keeps the errors that a conversion can't go on with.
func serious(found diag.Diagnostics) diag.Diagnostics {
	pass := []string{spec.CodeEnvironment, spec.CodeFile, spec.CodeCredential}
	var kept diag.Diagnostics
	for _, d := range found {
		if d.Severity == diag.Error && !slices.Contains(pass, d.Code) {
			kept = append(kept, d)
		}
	}
	return kept
}

// check loads the result from a file beside the source.
func check(ctx context.Context, opts spec.Options, dir, target string, data []byte) diag.Diagnostics {
	fail := func(err error) diag.Diagnostics {
		return diag.Diagnostics{{Code: CodeResult, Range: diag.Range{File: target}, Summary: fmt.Sprintf("the result can't be checked: %v", err)}}
	}
	temp, err := os.CreateTemp(dir, ".s2tos3-*.yaml")
	if err != nil {
		return fail(err)
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(data)
	if closed := temp.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fail(err)
	}
	opts.File = temp.Name()
	_, found := spec.Load(ctx, opts)
	found = serious(found)
	for i, d := range found {
		found[i].Code, found[i].Summary = CodeResult, "the result would not be valid: "+d.Summary
		if d.Range.File == temp.Name() {
			found[i].Range.File = target
		}
	}
	return found
}

// SameFolder reports whether both paths lie in one folder.
func SameFolder(a, b string) bool {
	first, err := filepath.Abs(filepath.Dir(a))
	second, err2 := filepath.Abs(filepath.Dir(b))
	return err == nil && err2 == nil && first == second
}

// converter holds what is known while one file is converted.
type converter struct {
	source
	project  *spec.Project
	root     *yaml.Node
	services map[string]*yaml.Node // entries by name
	diags    diag.Diagnostics
	done     map[*yaml.Node]bool // scalars that need no translation any more
	blank    map[*yaml.Node]bool // keys with a blank line before them
	notes    map[*yaml.Node]string
	foreign  map[*yaml.Node]bool // keys that stand elsewhere
	// separator is set if a function's name needs a variable for the $ in it.
	separator bool
}

// top converts the top of the file.
func (c *converter) top() *yaml.Node {
	for _, p := range c.pairs(c.root) {
		if p.key.Value == "services" {
			for _, s := range c.pairs(deref(p.value)) {
				c.services[s.key.Value] = deref(s.value)
			}
		}
	}
	out := c.output(c.root)
	for _, p := range c.pairs(c.root) {
		switch p.key.Value {
		case "edition":
			edition := *p.value
			edition.Value = spec.Edition3
			out.add(p.key, "edition", &edition)
		case "services":
			out.add(p.key, "resources", c.resources(p.value))
		case "actions":
			out.add(p.key, "actions", c.actions(p.value))
		case "extend":
			c.errorAt(CodeDecide, c.place(p.key), "a file that extends another can't be converted alone", "put both files together, then convert the one file")
		default:
			out.add(p.key, p.key.Value, p.value)
		}
	}
	if c.separator {
		c.addSeparator(out)
	}
	out.end()
	return out.node
}

// addSeparator defines the variable for the $ between service and function.
func (c *converter) addSeparator(out *output) {
	value := text(separator)
	c.notes[value] = "# between the names of service and function; before ${ it can't be written"
	for i := 0; i+1 < len(out.node.Content); i += 2 {
		vars := deref(out.node.Content[i+1])
		if out.node.Content[i].Value != "vars" || vars.Kind != yaml.MappingNode {
			continue
		}
		vars.Content = append(vars.Content, text(separatorName), value)
		return
	}
	vars := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{text(separatorName), value}}
	at := len(out.node.Content)
	for i := 0; i+1 < len(out.node.Content); i += 2 {
		if out.node.Content[i].Value == "resources" {
			at = i
		}
	}
	out.node.Content = slices.Insert(out.node.Content, at, text("vars"), vars)
}

// resources converts the entries of services.
func (c *converter) resources(services *yaml.Node) *yaml.Node {
	out := c.output(deref(services))
	for _, s := range c.pairs(deref(services)) {
		entry := c.output(deref(s.value))
		for _, p := range c.pairs(deref(s.value)) {
			switch p.key.Value {
			case "component":
				entry.add(p.key, "component", c.component(p))
			case "props":
				props := c.block(p.value)
				if props == nil {
					c.errorAt(CodeDecide, c.place(p.key), "the props must be written here", "an expression that makes all of them can't be converted")
					continue
				}
				entry.add(p.key, "props", c.props(s.key.Value, p, props))
			case "actions":
				entry.add(p.key, "actions", c.actions(p.value))
			default:
				entry.add(p.key, p.key.Value, p.value)
			}
		}
		entry.end()
		out.add(s.key, s.key.Value, entry.node)
	}
	out.end()
	return out.node
}

// component gives fc3 for fc; a version belongs to fc and goes.
func (c *converter) component(p pair) *yaml.Node {
	n := *deref(p.value)
	if _, version, ok := strings.Cut(n.Value, "@"); ok {
		c.warnAt(CodeDropped, c.place(p.value), fmt.Sprintf("version %s is one of component fc and is left out", version), "")
	}
	n.Value, n.Anchor = "fc3", ""
	c.done[&n] = true
	return &n
}

// encode writes the document, blank lines where the source has them.
func (c *converter) encode(doc, out *yaml.Node) ([]byte, error) {
	c.markBlanks(out, true)
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(c.indentation())
	if compact(c.root) {
		enc.CompactSeqIndent()
	}
	if err := enc.Encode(doc); err != nil {
		return nil, err
	}
	if err := enc.Close(); err != nil {
		return nil, err
	}
	return unmark(b.Bytes()), nil
}
