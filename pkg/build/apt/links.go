package apt

import (
	"io/fs"
	"os"
	"path/filepath"
)

// mendLinks makes symbolic links to absolute paths lead to the same place below
// the folder, and removes those that lead to nothing in it.
func mendLinks(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Type()&fs.ModeSymlink == 0 {
			return err
		}
		target, err := os.Readlink(path)
		if err != nil {
			return err
		}
		full := filepath.Join(filepath.Dir(path), target)
		if filepath.IsAbs(target) {
			full = filepath.Join(root, target)
		}
		rel, err := filepath.Rel(root, full)
		if err != nil {
			return err
		}
		_, missing := os.Lstat(full)
		if !filepath.IsLocal(rel) || missing != nil {
			return os.Remove(path)
		}
		if !filepath.IsAbs(target) {
			return nil
		}
		short, err := filepath.Rel(filepath.Dir(path), full)
		if err != nil {
			return err
		}
		if err := os.Remove(path); err != nil {
			return err
		}
		return os.Symlink(short, path)
	})
}
