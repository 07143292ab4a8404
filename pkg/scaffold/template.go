// Package scaffold makes a project from a template: it lists and finds the
// embedded templates, checks the values of their parameters and renders them
// into a folder. It asks nothing and prints nothing.
package scaffold

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"

	"s/templates"
)

// Kind says how the functions of a template are called.
type Kind string

// The kinds of templates.
const (
	KindEvent  Kind = "event"  // a handler of a managed runtime, called with an event
	KindHTTP   Kind = "http"   // a handler behind an HTTP trigger
	KindCustom Kind = "custom" // an HTTP server of a custom runtime
)

// Text is a text for people in the languages of s.
type Text struct {
	EN string `yaml:"en"`
	ZH string `yaml:"zh"`
}

// In gives the text in lang, "zh" or "en".
func (t Text) In(lang string) string {
	if lang == "zh" && t.ZH != "" {
		return t.ZH
	}
	return t.EN
}

// Template is one project template, as its manifest template.yaml says.
type Template struct {
	Name        string      `yaml:"name"` // that of its folder
	Title       Text        `yaml:"title"`
	Description Text        `yaml:"description"`
	Language    string      `yaml:"language"`
	Kind        Kind        `yaml:"kind"`
	Parameters  []Parameter `yaml:"parameters"`
	// Executable lists the files, relative to src, to make with mode 0755: an
	// embedded file has lost its own.
	Executable []string `yaml:"executable"`
	// Verbatim lists patterns (path.Match, relative to src) of text files that
	// are copied as they are. Binary files always are.
	Verbatim []string `yaml:"verbatim"`

	src fs.FS
}

// Type is the type of a parameter's value.
type Type string

// The types of parameters.
const (
	TypeString  Type = "string"
	TypeEnum    Type = "enum"    // one of Parameter.Enum
	TypeBoolean Type = "boolean" // true or false
)

// Parameter is what a template wants to know.
type Parameter struct {
	Name        string   `yaml:"name"`
	Type        Type     `yaml:"type"`
	Default     any      `yaml:"default"` // nil if there is none
	Enum        []string `yaml:"enum"`
	Pattern     string   `yaml:"pattern"` // regular expression that a string must match
	Required    bool     `yaml:"required"`
	Title       Text     `yaml:"title"`
	Description Text     `yaml:"description"`

	pattern *regexp.Regexp
}

const (
	manifestName = "template.yaml"
	sourceFolder = "src"
	commonName   = "common.yaml"
)

// List gives all templates in alphabetical order.
func List() ([]Template, error) { return list(templates.FS) }

// Find gives the template of that name. For a name that no template has, the
// error is an *UnknownTemplateError.
func Find(name string) (Template, error) {
	all, err := List()
	if err != nil {
		return Template{}, err
	}
	names := make([]string, 0, len(all))
	for _, t := range all {
		if t.Name == name {
			return t, nil
		}
		names = append(names, t.Name)
	}
	return Template{}, &UnknownTemplateError{Name: name, Nearest: nearestTemplates(name, names), Known: names}
}

// Languages gives the languages of ts, each once, in order of appearance.
func Languages(ts []Template) []string {
	var languages []string
	for _, t := range ts {
		if !slices.Contains(languages, t.Language) {
			languages = append(languages, t.Language)
		}
	}
	return languages
}

// Kinds gives the kinds that occur in ts, in the order event, http, custom.
func Kinds(ts []Template) []Kind {
	var kinds []Kind
	for _, kind := range []Kind{KindEvent, KindHTTP, KindCustom} {
		if slices.ContainsFunc(ts, func(t Template) bool { return t.Kind == kind }) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

func list(fsys fs.FS) ([]Template, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, fmt.Errorf("list templates: %w", err)
	}
	shared, err := common(fsys)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", commonName, err)
	}
	var all []Template
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		t, err := load(fsys, entry.Name(), shared)
		if err != nil {
			return nil, fmt.Errorf("template %s: %w", entry.Name(), err)
		}
		all = append(all, t)
	}
	return all, nil
}

// common reads the parameters that templates share; a tree without any has none.
func common(fsys fs.FS) (map[string]Parameter, error) {
	data, err := fs.ReadFile(fsys, commonName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Parameter
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&all); err != nil {
		return nil, err
	}
	byName := map[string]Parameter{}
	for _, p := range all {
		byName[p.Name] = p
	}
	return byName, nil
}

// inherit takes from a parameter that templates share what this one doesn't say.
func (p *Parameter) inherit(shared Parameter) {
	p.Type, p.Pattern = cmp.Or(p.Type, shared.Type), cmp.Or(p.Pattern, shared.Pattern)
	p.Title, p.Description = cmp.Or(p.Title, shared.Title), cmp.Or(p.Description, shared.Description)
	p.Required = p.Required || shared.Required
	if p.Default == nil {
		p.Default = shared.Default
	}
	if p.Enum == nil {
		p.Enum = shared.Enum
	}
}

// load reads and checks the manifest of one folder.
func load(fsys fs.FS, folder string, shared map[string]Parameter) (Template, error) {
	var t Template
	data, err := fs.ReadFile(fsys, folder+"/"+manifestName)
	if err != nil {
		return t, err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&t); err != nil {
		return t, fmt.Errorf("%s: %w", manifestName, err)
	}
	if t.Name != folder {
		return t, fmt.Errorf("%s: name is %q, not that of its folder", manifestName, t.Name)
	}
	if len(Kinds([]Template{t})) == 0 {
		return t, fmt.Errorf("%s: unknown kind %q", manifestName, t.Kind)
	}
	for i := range t.Parameters {
		t.Parameters[i].inherit(shared[t.Parameters[i].Name])
		if err := t.Parameters[i].prepare(); err != nil {
			return t, fmt.Errorf("%s: parameter %s: %w", manifestName, t.Parameters[i].Name, err)
		}
	}
	t.src, err = fs.Sub(fsys, folder+"/"+sourceFolder)
	return t, err
}

// prepare compiles the pattern and checks that the parameter makes sense.
func (p *Parameter) prepare() error {
	switch p.Type {
	case TypeString, TypeBoolean:
	case TypeEnum:
		if len(p.Enum) == 0 {
			return fmt.Errorf("an enum without values")
		}
	default:
		return fmt.Errorf("unknown type %q", p.Type)
	}
	if p.Pattern != "" {
		compiled, err := regexp.Compile(p.Pattern)
		if err != nil {
			return err
		}
		p.pattern = compiled
	}
	if p.Default != nil {
		if problem := p.Check(p.Default); problem != nil {
			return fmt.Errorf("default: %w", problem)
		}
	}
	return nil
}
