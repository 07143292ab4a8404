// Package lists reads the lists of dependencies that Python's package managers
// keep (poetry, pipenv, uv, pdm) and pyproject.toml, without these programs: what
// a function needs, for the Python and machine that will run it. Groups for
// development are left out, and so are extras of the project.
package lists

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"s/pkg/build/python/pep508"
	"s/pkg/diag"
)

// Names of the files, in the order in which they are asked.
const (
	UV        = "uv.lock"
	Poetry    = "poetry.lock"
	PDM       = "pdm.lock"
	PipfileJS = "Pipfile.lock"
	PyProject = "pyproject.toml"

	pipfile = "Pipfile"
)

// List is what a file asks for.
type List struct {
	File string
	// Pins are all packages, each exactly. Nothing else is needed.
	Pins []Pin
	// Requirements are dependencies as PEP 508 writes them, whose own
	// dependencies aren't listed. A list has these or pins.
	Requirements []string
	// Indexes are URLs of the package indexes, and Folders paths relative to the
	// list, that packages come from. None are those that pip knows itself.
	Indexes []string
	Folders []string
}

// Pin is one package exactly.
type Pin struct {
	Name    string
	Version string // of one from an index
	// Hashes are those of all its files: sha256:….
	Hashes []string
	// URL is where it is instead of in an index: https://… or git+….
	URL string
	// Path is the folder or file with it, relative to the list with slashes,
	// instead of an index.
	Path string
}

// Error is a list that can't be used.
type Error struct {
	File   string
	Where  string // the package; empty for the whole file
	Reason diag.Message
	// Help is what to do, a command or a sentence.
	Help diag.Message
}

// Error names file, place and reason.
func (e *Error) Error() string {
	return e.Wording().Error()
}

// Wording is the same in words that can be translated.
func (e *Error) Wording() error {
	if e.Where == "" {
		return diag.Errorf("%s: %s", e.File, e.Reason)
	}
	return diag.Errorf("%s: %s: %s", e.File, e.Where, e.Reason)
}

// reader reads one kind of file.
type reader struct {
	file string
	read func(dir string, data []byte, env pep508.Environment) (*List, error)
}

// readers are all of them in order.
func readers() []reader {
	return []reader{{UV, readUV}, {Poetry, readPoetry}, {PDM, readPDM}, {PipfileJS, readPipfile}, {PyProject, readPyProject}}
}

// Find gives the names of the lists in a folder, in order. A pyproject.toml
// that lists no dependencies is none.
func Find(dir string) ([]string, error) {
	var names []string
	for _, r := range readers() {
		data, err := os.ReadFile(filepath.Join(dir, r.file))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if r.file != PyProject || listsDependencies(data) {
			names = append(names, r.file)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, pipfile)); err == nil && len(names) == 0 {
		return []string{pipfile}, nil
	}
	return names, nil
}

// Read reads one of the lists that Find names, for a Python and machine. Its
// errors about the contents are *Error.
func Read(dir, name string, env pep508.Environment) (*List, error) {
	if name == pipfile {
		return nil, &Error{File: pipfile, Reason: "no Pipfile.lock beside it tells the versions", Help: "pipenv lock"}
	}
	i := slices.IndexFunc(readers(), func(r reader) bool { return r.file == name })
	if i < 0 {
		return nil, diag.Errorf("%s: not a list of dependencies", name)
	}
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	l, err := readers()[i].read(dir, data, env)
	if err != nil {
		return nil, err
	}
	l.File = name
	slices.SortFunc(l.Pins, func(a, b Pin) int { return strings.Compare(a.Name+a.Version, b.Name+b.Version) })
	return l, l.check()
}

var (
	hashPattern = regexp.MustCompile(`^sha(256|384|512):[0-9a-f]{64,128}$`)
	urlPattern  = regexp.MustCompile(`^(git\+(https?|ssh|git|file)|https?)://[^\s"'\\` + "`" + `]+$`)
)

// check keeps what isn't a name, version, ... from getting into a command or a
// file of requirements, and drops hashes that pip doesn't take.
func (l *List) check() error {
	seen := map[string]string{}
	for i := range l.Pins {
		p := &l.Pins[i]
		if !pep508.ValidName(p.Name) {
			return l.refuse(p.Name, diag.Say("not the name of a package"))
		}
		if other, twice := seen[pep508.NormalName(p.Name)]; twice {
			return l.refuse(p.Name, diag.Say("both %s and %s are for the Python and machine of the function", other, p.what()))
		}
		seen[pep508.NormalName(p.Name)] = p.what()
		if err := p.check(l.File); err != nil {
			return err
		}
		slices.Sort(p.Hashes)
		p.Hashes = slices.DeleteFunc(slices.Compact(p.Hashes), func(h string) bool { return !hashPattern.MatchString(h) })
	}
	for _, u := range l.Indexes {
		if !urlPattern.MatchString(u) {
			return l.refuse("", diag.Say("not the URL of an index: %.200q", u))
		}
	}
	for _, f := range l.Folders {
		if !cleanPath(f) {
			return l.refuse("", diag.Say("not a path: %.200q", f))
		}
	}
	return nil
}

func (l *List) refuse(where string, reason diag.Message) error {
	return &Error{File: l.File, Where: where, Reason: reason, Help: remake(l.File)}
}

func (p *Pin) check(file string) error {
	reason := diag.Message("")
	switch {
	case p.URL != "":
		if !urlPattern.MatchString(p.URL) {
			reason = diag.Say("not a URL to install from: %.200q", p.URL)
		}
	case p.Path != "":
		if !cleanPath(p.Path) {
			reason = diag.Say("not a path: %.200q", p.Path)
		}
	default:
		if _, err := pep508.ParseVersion(p.Version); err != nil {
			reason = diag.MessageOf(err)
		}
	}
	if reason == "" {
		return nil
	}
	return &Error{File: file, Where: p.Name, Reason: reason, Help: remake(file)}
}

func (p *Pin) what() string {
	switch {
	case p.URL != "":
		return p.URL
	case p.Path != "":
		return p.Path
	}
	return p.Version
}

// cleanPath tells a path from what pip would read as something else.
func cleanPath(path string) bool {
	return path != "" && !strings.ContainsAny(path, "\n\r;#\"'`") && !strings.Contains(path, " @ ") && strings.TrimSpace(path) == path
}

// remake is the command that writes a list anew.
func remake(file string) diag.Message {
	switch file {
	case UV:
		return "uv lock"
	case Poetry:
		return "poetry lock"
	case PDM:
		return "pdm lock"
	case PipfileJS, pipfile:
		return "pipenv lock"
	}
	return diag.Say("correct %s", file)
}

// damaged is a file that isn't in its format.
func damaged(file string, err error) error {
	return &Error{File: file, Reason: diag.MessageOf(err), Help: remake(file)}
}

// fits checks that a list is meant for the Python of the function; specifiers
// are those of the list, as matches reads them.
func fits(file, specifiers string, env pep508.Environment, matches func(pep508.Version, string) (bool, error)) error {
	v, err := pep508.ParseVersion(env["python_full_version"])
	if err != nil {
		return err
	}
	ok, err := matches(v, specifiers)
	if err != nil {
		return damaged(file, err)
	}
	if ok {
		return nil
	}
	return &Error{
		File: file, Reason: diag.Say("it is for Python %s, and the function runs Python %s", specifiers, env["python_version"]),
		Help: diag.Say("choose another runtime in s.yaml, or allow Python %s and run: %s", env["python_version"], remake(file)),
	}
}

// gitURL is what pip installs a commit from.
func gitURL(repository, commit, subdirectory string) string {
	url := repository
	if host, path, ok := strings.Cut(strings.TrimPrefix(url, "git@"), ":"); ok && strings.HasPrefix(url, "git@") {
		url = "ssh://git@" + host + "/" + path
	}
	if path, ok := strings.CutPrefix(url, "file:///"); ok {
		url = "file://localhost/" + path // pip wants a host in the URL of a named package
	}
	url = "git+" + strings.TrimPrefix(url, "git+") + "@" + commit
	if subdirectory != "" {
		url += "#subdirectory=" + subdirectory
	}
	return url
}
