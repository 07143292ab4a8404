package lists

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"s/pkg/build/python/pep508"
	"s/pkg/diag"
)

// poetryLock is the format of poetry.lock, 1.1 to 2.1 (what poetry 1.1 to 2.2
// write).
type poetryLock struct {
	Packages []poetryPackage     `toml:"package"`
	Extras   map[string][]string `toml:"extras"`
	Metadata struct {
		LockVersion    string                  `toml:"lock-version"`
		PythonVersions string                  `toml:"python-versions"`
		Files          map[string][]lockedFile `toml:"files"` // of 1.1
	} `toml:"metadata"`
}

type poetryPackage struct {
	Name           string              `toml:"name"`
	Version        string              `toml:"version"`
	Optional       bool                `toml:"optional"`
	PythonVersions string              `toml:"python-versions"`
	Groups         []string            `toml:"groups"`  // since 2.1
	Markers        any                 `toml:"markers"` // a marker, or one per group
	Files          []lockedFile        `toml:"files"`   // since 2.0
	Dependencies   map[string]any      `toml:"dependencies"`
	Extras         map[string][]string `toml:"extras"`
	Source         struct {
		Type         string `toml:"type"`
		URL          string `toml:"url"`
		Resolved     string `toml:"resolved_reference"`
		Subdirectory string `toml:"subdirectory"`
	} `toml:"source"`
}

// mainGroup is what poetry calls the dependencies that aren't for development.
const mainGroup = "main"

func readPoetry(dir string, data []byte, env pep508.Environment) (*List, error) {
	var lock poetryLock
	if err := toml.Unmarshal(data, &lock); err != nil {
		return nil, damaged(Poetry, err)
	}
	if err := fits(Poetry, lock.Metadata.PythonVersions, env, poetryMatches); err != nil {
		return nil, err
	}
	l := &List{}
	for i := range lock.Packages {
		p := &lock.Packages[i]
		if p.Source.Type == "legacy" {
			l.from(p.Source.URL)
		}
		if len(p.Files) == 0 {
			p.Files = lock.Metadata.Files[p.Name]
		}
	}
	var err error
	if grouped := func(p poetryPackage) bool { return p.Groups != nil }; slices.ContainsFunc(lock.Packages, grouped) {
		l.Pins, err = lock.main(env)
	} else {
		l.Pins, err = lock.needed(dir, env)
	}
	return l, err
}

// main gives the packages of the main group, where the list tells the groups.
func (lock *poetryLock) main(env pep508.Environment) ([]Pin, error) {
	var pins []Pin
	env = env.With("extra", "")
	for i := range lock.Packages {
		p := &lock.Packages[i]
		if p.Optional || !slices.Contains(p.Groups, mainGroup) {
			continue
		}
		marker, _ := p.Markers.(string)
		if of, ok := p.Markers.(map[string]any); ok {
			marker, _ = of[mainGroup].(string)
		}
		holds, err := env.Evaluate(marker)
		if err != nil {
			return nil, &Error{File: Poetry, Where: p.Name, Reason: diag.MessageOf(err), Help: remake(Poetry)}
		}
		if holds {
			pins = append(pins, p.pin())
		}
	}
	return pins, nil
}

func (p *poetryPackage) pin() Pin {
	pin := Pin{Name: p.Name, Version: p.Version, Hashes: hashesOf(p.Files)}
	switch p.Source.Type {
	case "git":
		pin.URL = gitURL(p.Source.URL, p.Source.Resolved, p.Source.Subdirectory)
	case "url":
		pin.URL = p.Source.URL
	case "file", "directory":
		pin.Path = p.Source.URL
	}
	return pin
}

// needed gives what the project's own dependencies lead to, where the list
// tells no groups.
func (lock *poetryLock) needed(dir string, env pep508.Environment) ([]Pin, error) {
	if len(lock.Packages) == 0 {
		return nil, nil
	}
	data, err := os.ReadFile(filepath.Join(dir, PyProject))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Error{
			File: Poetry, Reason: diag.Say("its format %s tells what is for development only with the pyproject.toml, which isn't there", lock.Metadata.LockVersion),
			Help: "put pyproject.toml beside it",
		}
	}
	if err != nil {
		return nil, err
	}
	project, err := parseProject(data)
	if err != nil {
		return nil, err
	}
	roots, err := project.poetryRoots(env)
	if err != nil {
		return nil, err
	}
	g := &graph{file: Poetry, env: env}
	for i := range lock.Packages {
		n, err := lock.Packages[i].node(env)
		if err != nil {
			return nil, &Error{File: Poetry, Where: lock.Packages[i].Name, Reason: diag.MessageOf(err), Help: remake(Poetry)}
		}
		g.add(n)
	}
	return g.walk(roots)
}

func (p *poetryPackage) node(env pep508.Environment) (*node, error) {
	n := &node{Pin: p.pin(), extras: map[string][]string{}}
	v, err := pep508.ParseVersion(env["python_full_version"])
	if err != nil {
		return nil, err
	}
	if n.fits, err = poetryMatches(v, p.PythonVersions); err != nil {
		return nil, err
	}
	for name, value := range p.Dependencies {
		edges, err := poetryEdges(name, value, env)
		if err != nil {
			return nil, err
		}
		n.edges = append(n.edges, edges...)
	}
	slices.SortFunc(n.edges, func(a, b edge) int { return strings.Compare(a.name, b.name) })
	for extra, requirements := range p.Extras {
		extra = pep508.NormalName(extra)
		for _, text := range requirements {
			r, err := pep508.ParseRequirement(text)
			if err != nil {
				continue // poetry's own spelling of a version: only the name counts
			}
			n.extras[extra] = append(n.extras[extra], pep508.NormalName(r.Name))
		}
	}
	return n, nil
}

// poetryEdges reads a dependency: a constraint, a table, or several tables for
// several environments.
func poetryEdges(name string, value any, env pep508.Environment) ([]edge, error) {
	switch v := value.(type) {
	case string:
		return []edge{{name: name, matches: constraint(v)}}, nil
	case []any:
		var edges []edge
		for _, one := range v {
			more, err := poetryEdges(name, one, env)
			if err != nil {
				return nil, err
			}
			edges = append(edges, more...)
		}
		return edges, nil
	case map[string]any:
		e, holds, err := poetryEdge(name, v, env)
		if err != nil || !holds {
			return nil, err
		}
		return []edge{e}, nil
	}
	return nil, diag.Errorf("dependency %s is neither a version nor a table", name)
}

// poetryEdge reads the table of a dependency; holds is false if it isn't for
// this Python or platform.
func poetryEdge(name string, table map[string]any, env pep508.Environment) (e edge, holds bool, err error) {
	text := func(key string) string { s, _ := table[key].(string); return s }
	optional, _ := table["optional"].(bool)
	e = edge{name: name, marker: text("markers"), optional: optional, matches: constraint(text("version"))}
	if extras, ok := table["extras"].([]any); ok {
		for _, x := range extras {
			if s, ok := x.(string); ok {
				e.extras = append(e.extras, s)
			}
		}
	}
	if platform := text("platform"); platform != "" && platform != env["sys_platform"] {
		return e, false, nil
	}
	python := text("python")
	if python == "" {
		return e, true, nil
	}
	v, err := pep508.ParseVersion(env["python_full_version"])
	if err != nil {
		return e, false, err
	}
	holds, err = poetryMatches(v, python)
	return e, holds, err
}

// constraint tells the packages that a version constraint of poetry means.
func constraint(text string) func(*node) (bool, error) {
	return func(n *node) (bool, error) {
		if text == "" || n.URL != "" || n.Path != "" {
			return true, nil
		}
		v, err := pep508.ParseVersion(n.Version)
		if err != nil {
			return false, err
		}
		return poetryMatches(v, text)
	}
}
