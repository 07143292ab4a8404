package java

import (
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// pom is what a pom.xml says of the projects it belongs to.
type pom struct {
	ArtifactID string `xml:"artifactId"`
	Parent     *struct {
		ArtifactID string  `xml:"artifactId"`
		Path       *string `xml:"relativePath"`
	} `xml:"parent"`
	Modules  []string `xml:"modules>module"`
	Profiles []string `xml:"profiles>profile>modules>module"`
}

// readPom reads a pom.xml; one that can't be read says nothing, Maven tells why.
func readPom(file string) pom {
	f, err := os.Open(file)
	if err != nil {
		return pom{}
	}
	defer f.Close()
	return parsePom(f)
}

func parsePom(r io.Reader) pom {
	var p pom
	d := xml.NewDecoder(r)
	// The names are ASCII whatever the encoding of the rest.
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) {
		data, err := io.ReadAll(in)
		runes := make([]rune, len(data))
		for i, c := range data {
			runes[i] = rune(c)
		}
		return strings.NewReader(string(runes)), err
	}
	if d.Decode(&p) != nil {
		return pom{}
	}
	return p
}

// modules are the folders or files that a pom.xml lists.
func (p *pom) modules() []string { return slices.Concat(p.Modules, p.Profiles) }

// mavenProject is the project of a pom.xml with those that it belongs to: it is
// run from the topmost one that lists it, and its parents are part of it.
func mavenProject(dir string) *project {
	p := &project{tool: maven, dir: dir, run: dir, root: dir}
	if top := parentOf(dir); top != "" {
		p.cover(top)
	}
	for at := filepath.Dir(dir); ; at = filepath.Dir(at) {
		if has(at, pomFile) && lists(at, p.run) {
			p.run = at
			p.cover(at)
			if top := parentOf(at); top != "" {
				p.cover(top)
			}
		}
		if filepath.Dir(at) == at {
			break
		}
	}
	for at := p.run; inside(p.root, at); at = filepath.Dir(at) {
		if has(at, p.wrapperName()) {
			p.wrapper = filepath.Join(at, p.wrapperName())
			break
		}
		if filepath.Dir(at) == at {
			break
		}
	}
	return p
}

// cover makes the root a folder that has dir, too.
func (p *project) cover(dir string) {
	for !inside(p.root, dir) {
		p.root = filepath.Dir(p.root)
	}
}

// lists reports whether the pom.xml of a folder has the other as a module.
func lists(dir, module string) bool {
	parent := readPom(filepath.Join(dir, pomFile))
	return slices.ContainsFunc(parent.modules(), func(name string) bool {
		path := filepath.Join(dir, filepath.FromSlash(strings.TrimSpace(name)))
		return path == module || path == filepath.Join(module, pomFile)
	})
}

// maxParents bounds how many parents of a pom.xml are followed.
const maxParents = 20

// parentOf gives the folder that has the parents of a pom.xml that are files,
// empty if none is: a parent that isn't at its path comes from a repository.
func parentOf(dir string) string {
	top := project{root: dir}
	at := dir
	for range maxParents {
		p := readPom(filepath.Join(at, pomFile))
		if p.Parent == nil {
			break
		}
		rel := "../" + pomFile
		if p.Parent.Path != nil {
			rel = strings.TrimSpace(*p.Parent.Path)
		}
		file := filepath.Join(at, filepath.FromSlash(rel))
		if info, err := os.Stat(file); err == nil && info.IsDir() {
			file = filepath.Join(file, pomFile)
		}
		if rel == "" || !has(filepath.Dir(file), filepath.Base(file)) || readPom(file).ArtifactID != p.Parent.ArtifactID {
			break
		}
		at = filepath.Dir(file)
		top.cover(at)
	}
	if top.root == dir {
		return ""
	}
	return top.root
}
