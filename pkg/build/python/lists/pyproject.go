package lists

import (
	"maps"
	"slices"

	"github.com/pelletier/go-toml/v2"

	"s/pkg/build/python/pep508"
	"s/pkg/diag"
)

// project is what a pyproject.toml says of dependencies (PEP 621; poetry's and
// uv's own tables).
type project struct {
	Project struct {
		Dependencies   []string `toml:"dependencies"`
		Dynamic        []string `toml:"dynamic"`
		RequiresPython string   `toml:"requires-python"`
	} `toml:"project"`
	Tool struct {
		Poetry struct {
			Dependencies map[string]any `toml:"dependencies"`
			Group        map[string]struct {
				Dependencies map[string]any `toml:"dependencies"`
			} `toml:"group"`
		} `toml:"poetry"`
		UV struct {
			Sources map[string]any `toml:"sources"`
		} `toml:"uv"`
	} `toml:"tool"`
}

func parseProject(data []byte) (*project, error) {
	var p project
	if err := toml.Unmarshal(data, &p); err != nil {
		return nil, damaged(PyProject, err)
	}
	return &p, nil
}

// listsDependencies reports whether a pyproject.toml lists any. One that is
// damaged is taken to: reading it says what is wrong.
func listsDependencies(data []byte) bool {
	p, err := parseProject(data)
	if err != nil {
		return true
	}
	return len(p.Project.Dependencies) > 0 || len(p.poetryDependencies()) > 0 || slices.Contains(p.Project.Dynamic, "dependencies")
}

// poetryDependencies are those of poetry's tables that aren't for development.
func (p *project) poetryDependencies() map[string]any {
	all := map[string]any{}
	maps.Copy(all, p.Tool.Poetry.Dependencies)
	maps.Copy(all, p.Tool.Poetry.Group[mainGroup].Dependencies)
	delete(all, "python")
	return all
}

// poetryRoots are the project's own dependencies where poetry made the lock
// file.
func (p *project) poetryRoots(env pep508.Environment) ([]edge, error) {
	var roots []edge
	for _, text := range p.Project.Dependencies {
		r, err := pep508.ParseRequirement(text)
		if err != nil {
			return nil, &Error{File: PyProject, Reason: diag.MessageOf(err), Help: remake(PyProject)}
		}
		roots = append(roots, edge{name: r.Name, extras: r.Extras, marker: r.Marker})
	}
	if len(roots) > 0 {
		return roots, nil // poetry's table only adds where they come from
	}
	dependencies := p.poetryDependencies()
	for _, name := range slices.Sorted(maps.Keys(dependencies)) {
		edges, err := poetryEdges(name, dependencies[name], env)
		if err != nil {
			return nil, &Error{File: PyProject, Where: name, Reason: diag.MessageOf(err), Help: remake(PyProject)}
		}
		for _, e := range edges {
			if !e.optional {
				roots = append(roots, e)
			}
		}
	}
	return roots, nil
}

func readPyProject(_ string, data []byte, env pep508.Environment) (*List, error) {
	p, err := parseProject(data)
	if err != nil {
		return nil, err
	}
	if err := fits(PyProject, p.Project.RequiresPython, env, pep508.Version.Matches); err != nil {
		return nil, err
	}
	poetry := p.poetryDependencies()
	switch {
	case slices.Contains(p.Project.Dynamic, "dependencies"):
		return nil, &Error{
			File: PyProject, Reason: "its dependencies are dynamic: only a build of the project tells them",
			Help: "list them in requirements.txt, or under project.dependencies",
		}
	case len(p.Project.Dependencies) == 0 && len(poetry) > 0:
		return nil, &Error{File: PyProject, Reason: "no poetry.lock beside it tells the versions of poetry's dependencies", Help: "poetry lock"}
	}
	l := &List{}
	for _, text := range p.Project.Dependencies {
		r, err := pep508.ParseRequirement(text)
		if err != nil {
			return nil, &Error{File: PyProject, Reason: diag.MessageOf(err), Help: remake(PyProject)}
		}
		if err := p.elsewhere(r.Name); err != nil {
			return nil, err
		}
		l.Requirements = append(l.Requirements, text)
	}
	return l, nil
}

// elsewhere refuses a dependency that a package manager's own table takes from
// somewhere else: a package of the same name in the index needn't be it.
func (p *project) elsewhere(name string) error {
	for _, tool := range []struct {
		sources map[string]any
		lock    string
	}{{p.Tool.UV.Sources, "uv"}, {p.poetryDependencies(), "poetry"}} {
		for other, source := range tool.sources {
			if pep508.NormalName(other) != pep508.NormalName(name) {
				continue
			}
			table, ok := source.(map[string]any)
			if !ok && tool.lock == "poetry" {
				continue // a version alone
			}
			if tool.lock == "poetry" && !slices.ContainsFunc([]string{"git", "path", "url", "source"}, func(k string) bool { return table[k] != nil }) {
				continue
			}
			return &Error{File: PyProject, Where: name, Reason: diag.Say("only %s knows where it comes from", tool.lock), Help: diag.Say("%s lock", tool.lock)}
		}
	}
	return nil
}
