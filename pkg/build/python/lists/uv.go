package lists

import (
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"s/pkg/build/python/pep508"
	"s/pkg/diag"
)

// uvLock is the format of uv.lock, version 1 (its documentation has none: what
// uv 0.4 to 0.9 write).
type uvLock struct {
	Version        int         `toml:"version"`
	RequiresPython string      `toml:"requires-python"`
	Packages       []uvPackage `toml:"package"`
}

type uvPackage struct {
	Name         string                    `toml:"name"`
	Version      string                    `toml:"version"`
	Source       uvSource                  `toml:"source"`
	Dependencies []uvDependency            `toml:"dependencies"`
	Optional     map[string][]uvDependency `toml:"optional-dependencies"`
	Markers      []string                  `toml:"resolution-markers"`
	Sdist        uvFile                    `toml:"sdist"`
	Wheels       []uvFile                  `toml:"wheels"`
}

type uvSource struct {
	Registry     string `toml:"registry"`
	Git          string `toml:"git"`
	URL          string `toml:"url"`
	Path         string `toml:"path"`
	Directory    string `toml:"directory"`
	Editable     string `toml:"editable"`
	Virtual      string `toml:"virtual"`
	Subdirectory string `toml:"subdirectory"`
}

type uvDependency struct {
	Name    string   `toml:"name"`
	Version string   `toml:"version"`
	Source  uvSource `toml:"source"`
	Marker  string   `toml:"marker"`
	Extra   []string `toml:"extra"`
}

type uvFile struct {
	Hash string `toml:"hash"`
}

// here is the path of the folder with the list.
const here = "."

func (s uvSource) local() string {
	for _, p := range []string{s.Directory, s.Editable, s.Virtual} {
		if p != "" {
			return p
		}
	}
	return ""
}

func readUV(_ string, data []byte, env pep508.Environment) (*List, error) {
	var lock uvLock
	if err := toml.Unmarshal(data, &lock); err != nil {
		return nil, damaged(UV, err)
	}
	if lock.Version != 1 {
		return nil, &Error{File: UV, Reason: "its format isn't version 1, the only one known", Help: "uv export --no-dev -o requirements.txt"}
	}
	if err := fits(UV, lock.RequiresPython, env, pep508.Version.Matches); err != nil {
		return nil, err
	}
	g := &graph{file: UV, env: env}
	l := &List{}
	var roots []edge
	found := false
	for _, p := range lock.Packages {
		n, err := p.node(env)
		if err != nil {
			return nil, &Error{File: UV, Where: p.Name, Reason: diag.MessageOf(err), Help: remake(UV)}
		}
		g.add(n)
		l.from(p.Source.Registry)
		if p.Source.local() == here {
			found = true
			for _, d := range p.Dependencies {
				roots = append(roots, d.edge())
			}
		}
	}
	if !found {
		return nil, &Error{File: UV, Reason: "none of its packages is the project in this folder", Help: "uv lock, in the folder of the code"}
	}
	pins, err := g.walk(roots)
	l.Pins = pins
	return l, err
}

// from notes where packages come from.
func (l *List) from(registry string) {
	registry = strings.TrimSuffix(registry, "/")
	switch {
	case registry == "":
	case !strings.Contains(registry, "://"):
		if !slices.Contains(l.Folders, registry) {
			l.Folders = append(l.Folders, registry)
		}
	case !slices.Contains(l.Indexes, registry):
		l.Indexes = append(l.Indexes, registry)
	}
}

func (p *uvPackage) node(env pep508.Environment) (*node, error) {
	n := &node{Pin: p.pin(), fits: true, skip: p.Source.Virtual != "" || p.Source.local() == here, extras: map[string][]string{}}
	if len(p.Markers) > 0 {
		n.fits = false
	}
	for _, m := range p.Markers {
		holds, err := env.Evaluate(m)
		if err != nil {
			return nil, err
		}
		n.fits = n.fits || holds
	}
	for _, d := range p.Dependencies {
		n.edges = append(n.edges, d.edge())
	}
	for extra, dependencies := range p.Optional {
		extra = pep508.NormalName(extra)
		for _, d := range dependencies {
			e := d.edge()
			e.optional = true
			n.edges = append(n.edges, e)
			n.extras[extra] = append(n.extras[extra], pep508.NormalName(d.Name))
		}
	}
	return n, nil
}

func (p *uvPackage) pin() Pin {
	pin := Pin{Name: p.Name, Version: p.Version}
	for _, f := range append(p.Wheels, p.Sdist) {
		if f.Hash != "" {
			pin.Hashes = append(pin.Hashes, f.Hash)
		}
	}
	switch s := p.Source; {
	case s.Git != "":
		pin.URL = uvGit(s.Git)
	case s.URL != "":
		pin.URL = s.URL
		if s.Subdirectory != "" {
			pin.URL += "#subdirectory=" + s.Subdirectory
		}
	case s.Path != "":
		pin.Path = s.Path
	case s.local() != "":
		pin.Path = s.local()
	}
	return pin
}

// uvGit turns https://host/repo?subdirectory=x&rev=y#commit into what pip takes.
func uvGit(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return text // refused later
	}
	commit, sub := u.Fragment, u.Query().Get("subdirectory")
	u.Fragment, u.RawQuery = "", ""
	return gitURL(u.String(), commit, sub)
}

func (d uvDependency) edge() edge {
	e := edge{name: d.Name, extras: d.Extra, marker: d.Marker}
	if d.Version == "" && d.Source == (uvSource{}) {
		return e
	}
	want := (&uvPackage{Name: d.Name, Version: d.Version, Source: d.Source}).pin()
	e.matches = func(n *node) (bool, error) {
		if d.Source.Registry == "" && d.Source != (uvSource{}) {
			return n.URL == want.URL && path.Clean(n.Path) == path.Clean(want.Path), nil
		}
		return d.Version == "" || n.Version == d.Version, nil
	}
	return e
}
