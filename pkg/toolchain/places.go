package toolchain

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// newestMinor bounds the names python3.N that are looked for in a folder.
const newestMinor = 30

// candidate is a file that may be the interpreter looked for.
type candidate struct {
	path    string // symbolic links resolved
	version version
	known   bool // the version is told by the name of the file or folder
}

// collector gathers candidates in order, each file once.
type collector struct {
	names  []string
	cands  []candidate
	looked []string
	files  map[string]bool
	dirs   map[string]bool
}

// pythons lists the candidates in order of preference and the places searched.
// It starts no program.
func (f *Finder) pythons(wanted version) ([]candidate, []string) {
	c := &collector{names: pythonNames(wanted), files: map[string]bool{}, dirs: map[string]bool{}}
	for _, dir := range filepath.SplitList(f.env("PATH")) {
		if !filepath.IsAbs(dir) {
			continue // a relative entry would let the working directory choose the program
		}
		if filepath.Base(dir) == "shims" {
			c.shims(filepath.Dir(dir))
			continue
		}
		c.looked = append(c.looked, dir)
		c.folder(dir, version{}, false)
	}
	for _, root := range f.managers() {
		c.installs(root)
	}
	system := f.System
	if system == nil {
		system = systemPlaces()
	}
	for _, pattern := range system {
		c.glob(pattern)
	}
	return c.cands, unique(c.looked)
}

// unique keeps the first of equal strings.
func unique(in []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(in, func(s string) bool {
		again := seen[s]
		seen[s] = true
		return again
	})
}

// pythonNames are the file names of interpreters that may do, the telling ones
// first.
func pythonNames(wanted version) []string {
	var names []string
	for minor := wanted.minor; minor <= newestMinor && wanted.major == 3; minor++ {
		names = append(names, fmt.Sprintf("python3.%d", minor))
	}
	if wanted.major != 3 {
		names = append(names, "python"+wanted.minorString())
	}
	names = append(names, fmt.Sprintf("python%d", wanted.major), "python")
	if runtime.GOOS == "windows" {
		for i := range names {
			names[i] += ".exe"
		}
	}
	return names
}

// managers are the folders of version managers, each with one folder per
// installed version.
func (f *Finder) managers() []string {
	var roots []string
	add := func(root string, rest ...string) {
		if root != "" {
			roots = append(roots, filepath.Join(append([]string{root}, rest...)...))
		}
	}
	home := func(rest string) string {
		if f.Home == "" {
			return ""
		}
		return filepath.Join(f.Home, rest)
	}
	data := f.env("XDG_DATA_HOME")
	if data == "" {
		data = home(".local/share")
	}
	add(f.env("PYENV_ROOT"), "versions")
	add(home(".pyenv"), "versions")
	add(f.env("ASDF_DATA_DIR"), "installs", Python)
	add(home(".asdf"), "installs", Python)
	add(f.env("MISE_DATA_DIR"), "installs", Python)
	add(data, "mise", "installs", Python)
	add(data, "rtx", "installs", Python)
	add(data, "uv", Python)
	return roots
}

// systemPlaces are searched last.
func systemPlaces() []string {
	places := []string{
		"/usr/bin", "/usr/local/bin", "/opt/python*/bin", "/opt/python/*/bin",
		"/var/fc/lang/python*/bin",
	}
	if runtime.GOOS == "darwin" {
		places = append(places, "/opt/homebrew/bin", "/Library/Frameworks/Python.framework/Versions/*/bin")
	}
	return places
}

// shims replaces a folder of shims (small scripts of pyenv, asdf or mise that
// start the version chosen) by the versions behind it.
func (c *collector) shims(root string) {
	c.installs(filepath.Join(root, "versions"))
	c.installs(filepath.Join(root, "installs", Python))
}

// installs looks into a folder with one folder per version, newest first.
func (c *collector) installs(root string) {
	if c.dirs[root] {
		return
	}
	c.dirs[root] = true
	c.looked = append(c.looked, filepath.Join(root, "*", "bin"))
	entries, err := os.ReadDir(root)
	if err != nil {
		return
	}
	type install struct {
		dir     string
		version version
		known   bool
	}
	var found []install
	for _, e := range entries {
		name := strings.TrimPrefix(e.Name(), "cpython-")
		v, ok := parseVersion(name)
		found = append(found, install{filepath.Join(root, e.Name()), v, ok && v.minor >= 0})
	}
	slices.SortStableFunc(found, func(a, b install) int { return b.version.compare(a.version) })
	for _, i := range found {
		c.folder(filepath.Join(i.dir, "bin"), i.version, i.known)
		if runtime.GOOS == "windows" {
			c.folder(i.dir, i.version, i.known)
		}
	}
}

func (c *collector) glob(pattern string) {
	c.looked = append(c.looked, pattern)
	dirs, err := filepath.Glob(pattern)
	if err != nil {
		return
	}
	for _, dir := range dirs {
		c.folder(dir, version{}, false)
	}
}

// folder looks for the names in one folder, whose version may be known.
func (c *collector) folder(dir string, v version, known bool) {
	if c.dirs[dir] {
		return
	}
	c.dirs[dir] = true
	for _, name := range c.names {
		c.file(filepath.Join(dir, name), v, known)
	}
}

func (c *collector) file(path string, v version, known bool) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil || c.files[real] {
		return
	}
	info, err := os.Stat(real)
	if err != nil || !info.Mode().IsRegular() || !executable(real, info) {
		return
	}
	c.files[real] = true
	if named, ok := versionOfName(real); ok && !known {
		v, known = named, true
	}
	c.cands = append(c.cands, candidate{path: real, version: v, known: known})
}

// versionOfName reads the version off a name such as python3.10.
func versionOfName(path string) (version, bool) {
	name := strings.TrimSuffix(filepath.Base(path), ".exe")
	rest, ok := strings.CutPrefix(name, Python)
	if !ok {
		return version{}, false
	}
	v, ok := parseVersion(rest)
	return v, ok && v.minor >= 0
}
