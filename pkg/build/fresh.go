package build

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// MadeFrom reports whether what is at path, a file or folder, was made after
// the last change of the files below root: the user's own build has made it and
// nothing changed since. skip tells by paths relative to root, with slashes,
// what doesn't count; what is at path doesn't either. What isn't there wasn't
// made.
func MadeFrom(path, root string, skip func(path string) bool) (bool, error) {
	made, err := newest(path, func(string) bool { return false })
	if err != nil || made.IsZero() {
		return false, err
	}
	changed, err := newest(root, func(p string) bool {
		rel, err := filepath.Rel(root, p)
		return p == path || err == nil && skip != nil && skip(filepath.ToSlash(rel))
	})
	return !changed.After(made), err
}

// newest is the time of the newest file at or below a path; zero if there is
// none. Folders that no build reads don't count.
func newest(root string, skip func(path string) bool) (time.Time, error) {
	var last time.Time
	if _, err := os.Stat(root); err != nil {
		return last, nil //nolint:nilerr // what can't be seen isn't there
	}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if path != root && skip(path) || d.IsDir() && NotPackage(d.Name()) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return nil
		}
		info, err := d.Info()
		if err == nil && info.ModTime().After(last) {
			last = info.ModTime()
		}
		return err
	})
	return last, err
}

// NotSource tells what of a folder that is compiled is no source, by its path
// relative to root with slashes: the s.yaml of the project, a change of which is
// no reason to compile again, and symbolic links that lead out of the folder,
// which a copy can't have.
func (r *Request) NotSource(root, rel string) bool {
	path := filepath.Join(root, filepath.FromSlash(rel))
	switch filepath.Base(path) {
	case "s.yaml", "s.yml", "s.YAML", "s.YML", "env.yaml", "env.yml":
		return filepath.Dir(path) == filepath.Clean(r.ProjectDir)
	}
	target, err := os.Readlink(path)
	if err != nil {
		return false // no link
	}
	if filepath.IsAbs(target) {
		return true
	}
	to, err := filepath.Rel(root, filepath.Join(filepath.Dir(path), target))
	return err != nil || to == ".." || strings.HasPrefix(to, ".."+string(filepath.Separator))
}
