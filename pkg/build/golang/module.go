package golang

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"s/pkg/build"
	"s/pkg/diag"
)

// Names of the files that describe modules.
const (
	modFile  = "go.mod"
	workFile = "go.work"
)

// module is what the code is part of.
type module struct {
	goFile
	dir  string // absolute folder of go.mod
	work string // absolute path of the go.work that counts; empty if none
	// root is the folder that has all that is compiled, and only what of it
	// that is, relative with slashes; nil is all.
	root string
	only []string
	// outside are folders that stand for modules by their absolute path. They
	// aren't copied.
	outside []string
}

// above finds the nearest folder with a file of that name, from dir upwards.
func above(dir, name string) (string, bool) {
	for {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.Mode().IsRegular() {
			return dir, true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
}

// readModule reads the module of a folder with a go.mod, and the workspace that
// it is in. goWork is the variable GOWORK: off, a path, or empty to look for it.
func readModule(dir, goWork string) (*module, error) {
	m := &module{dir: dir}
	data, err := os.ReadFile(filepath.Join(dir, modFile))
	if err != nil {
		return nil, err
	}
	m.goFile = parseGoFile(string(data))
	dirs := []string{dir}
	files := []string{}
	if m.work, err = workspace(dir, goWork); err != nil {
		return nil, err
	}
	mods := map[string]goFile{dir: m.goFile}
	if m.work != "" {
		if mods, err = m.members(mods); err != nil {
			return nil, err
		}
		files = []string{m.work, m.work + ".sum", filepath.Join(filepath.Dir(m.work), "vendor")}
	}
	for of, f := range mods {
		dirs = append(dirs, of)
		for _, to := range f.replace {
			if filepath.IsAbs(to) {
				m.outside = append(m.outside, to)
			} else {
				dirs = append(dirs, filepath.Join(of, filepath.FromSlash(to)))
			}
		}
		if compareVersions(f.version, m.version) > 0 {
			m.version = f.version
		}
	}
	slices.Sort(m.outside)
	return m, m.place(dirs, files)
}

// workspace finds the go.work that counts.
func workspace(dir, goWork string) (string, error) {
	switch {
	case goWork == "off":
		return "", nil
	case goWork != "":
		if !filepath.IsAbs(goWork) {
			return "", diag.Errorf("GOWORK is %q, which is not an absolute path", goWork)
		}
		return goWork, nil
	}
	if at, ok := above(dir, workFile); ok {
		return filepath.Join(at, workFile), nil
	}
	return "", nil
}

// members adds the modules of the workspace; its own replacements come with
// them, under its folder.
func (m *module) members(mods map[string]goFile) (map[string]goFile, error) {
	data, err := os.ReadFile(m.work)
	if err != nil {
		return nil, err
	}
	base := filepath.Dir(m.work)
	ws := parseGoFile(string(data))
	replaced := ws.replace
	for _, use := range ws.use {
		dir := filepath.FromSlash(use)
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(base, dir)
		}
		data, err := os.ReadFile(filepath.Join(dir, modFile))
		if errors.Is(err, fs.ErrNotExist) {
			continue // go says it
		}
		if err != nil {
			return nil, err
		}
		mods[dir] = parseGoFile(string(data))
	}
	// The workspace is no folder to copy, so that it is not a member itself.
	own := mods[m.dir]
	for _, to := range replaced {
		if !filepath.IsAbs(to) {
			rel, err := filepath.Rel(m.dir, filepath.Join(base, filepath.FromSlash(to)))
			if err != nil {
				return nil, err
			}
			to = rel
		}
		own.replace = append(own.replace, to)
	}
	if compareVersions(ws.version, own.version) > 0 {
		own.version = ws.version
	}
	mods[m.dir] = own
	return mods, nil
}

// place finds the folder that has them all.
func (m *module) place(dirs, files []string) error {
	m.root = dirs[0]
	for _, path := range slices.Concat(dirs, parents(files)) {
		for !inside(m.root, path) {
			m.root = filepath.Dir(m.root)
		}
	}
	if slices.Contains(dirs, m.root) {
		return nil // all of it
	}
	for _, path := range slices.Concat(dirs, files) {
		rel, err := filepath.Rel(m.root, path)
		if err != nil {
			return err
		}
		m.only = append(m.only, filepath.ToSlash(rel))
	}
	slices.Sort(m.only)
	m.only = slices.Compact(m.only)
	return nil
}

// counts reports whether what is at a path, relative to the root with slashes,
// is part of the build, or leads to what is.
func (m *module) counts(path string) bool {
	return m.only == nil || slices.ContainsFunc(m.only, func(part string) bool {
		return path == part || strings.HasPrefix(path, part+"/") || strings.HasPrefix(part, path+"/")
	})
}

func parents(files []string) []string {
	var out []string
	for _, f := range files {
		out = append(out, filepath.Dir(f))
	}
	return out
}

// inside reports whether a path is dir or below it. Nothing is outside of a
// file system's root.
func inside(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return filepath.Dir(dir) == dir || err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// sumOutside adds names, sizes and times of the folders that aren't copied.
func (m *module) sumOutside(sum io.Writer) error {
	for _, root := range m.outside {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) && path == root {
				return nil // go says it
			}
			if err != nil {
				return err
			}
			if d.IsDir() && build.NotPackage(d.Name()) {
				return fs.SkipDir
			}
			info, err := d.Info()
			if err == nil && info.Mode().IsRegular() {
				fmt.Fprintf(sum, "%q %d %d\n", path, info.Size(), info.ModTime().UnixNano())
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
