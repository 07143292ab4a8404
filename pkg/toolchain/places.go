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
	kind   kind
	names  []string
	cands  []candidate
	looked []string
	files  map[string]bool
	dirs   map[string]bool
}

// candidates lists the files that may be the interpreter in order of preference
// and the places searched. It starts no program.
func (f *Finder) candidates(k kind, wanted version) ([]candidate, []string) {
	c := &collector{kind: k, names: k.names(wanted), files: map[string]bool{}, dirs: map[string]bool{}}
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
	for _, root := range k.managers(f) {
		c.installs(root)
	}
	system := f.System
	if system == nil {
		system = k.system()
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

// roots gathers folders below others, of which the empty ones don't count.
type roots []string

func (r *roots) add(root string, rest ...string) {
	if root != "" {
		*r = append(*r, filepath.Join(append([]string{root}, rest...)...))
	}
}

// home is a path below the user's home folder; empty if that isn't known.
func (f *Finder) home(rest string) string {
	if f.Home == "" {
		return ""
	}
	return filepath.Join(f.Home, rest)
}

// data is where programs keep their data.
func (f *Finder) data() string {
	if dir := f.env("XDG_DATA_HOME"); dir != "" {
		return dir
	}
	return f.home(".local/share")
}

// pythonManagers are the folders of version managers, each with one folder per
// installed version.
func pythonManagers(f *Finder) []string {
	var r roots
	r.add(f.env("PYENV_ROOT"), "versions")
	r.add(f.home(".pyenv"), "versions")
	r.add(f.env("ASDF_DATA_DIR"), "installs", Python)
	r.add(f.home(".asdf"), "installs", Python)
	r.add(f.env("MISE_DATA_DIR"), "installs", Python)
	r.add(f.data(), "mise", "installs", Python)
	r.add(f.data(), "rtx", "installs", Python)
	r.add(f.data(), "uv", Python)
	return r
}

// pythonPlaces are searched last.
func pythonPlaces() []string {
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
	for _, name := range c.kind.plugins {
		c.installs(filepath.Join(root, "installs", name))
	}
}

// installs looks into a folder with one folder per version, newest first.
func (c *collector) installs(root string) {
	if c.dirs[root] {
		return
	}
	c.dirs[root] = true
	c.looked = append(c.looked, filepath.Join(root, "*", c.kind.bins[0]))
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
		v, ok := c.kind.folder(e.Name())
		found = append(found, install{filepath.Join(root, e.Name()), v, ok})
	}
	slices.SortStableFunc(found, func(a, b install) int { return b.version.compare(a.version) })
	for _, i := range found {
		for _, bin := range c.kind.bins {
			c.folder(filepath.Join(i.dir, bin), i.version, i.known)
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
	if named, ok := c.kind.named(real); ok && !known {
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

// pythonFolder reads 3.10.13 or cpython-3.10.13-linux-x86_64-gnu.
func pythonFolder(name string) (version, bool) {
	v, ok := parseVersion(strings.TrimPrefix(name, "cpython-"))
	return v, ok && v.minor >= 0
}

func pythonBins() []string {
	if runtime.GOOS == "windows" {
		return []string{"bin", "."}
	}
	return []string{"bin"}
}
