package build

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"s/pkg/bundle"
)

// hide removes from what a part made the .env* files that its builder was given to
// read, and that aren't part of the code: a script that copies all it has mustn't
// have them packed.
func (r *run) hide(p part, out string) error {
	given, err := r.envFiles(p)
	if err != nil || len(given) == 0 {
		return err
	}
	return filepath.WalkDir(out, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !bundle.IsEnvFile(d.Name()) {
			return err
		}
		made, err := os.ReadFile(path)
		if err != nil || !slices.ContainsFunc(given, func(data []byte) bool { return bytes.Equal(data, made) }) {
			return err
		}
		return os.Remove(path)
	})
}

// envFiles gives the contents of the .env* files in the copy that a builder works
// on, less those that .fcignore takes into the code.
func (r *run) envFiles(p part) ([][]byte, error) {
	if !p.plan.Compiles || p.plan.NoEnvFiles {
		return nil, nil
	}
	packed := map[string]bool{}
	if code := r.trees.code.Listing; code != nil {
		for _, e := range code.Entries {
			packed[filepath.Join(code.Root, filepath.FromSlash(e.Path))] = true
		}
	}
	tree := r.trees.root(p)
	var given [][]byte
	for _, e := range tree.Entries {
		path := filepath.Join(tree.Root, filepath.FromSlash(e.Path))
		if !e.Mode.IsRegular() || !bundle.IsEnvFile(filepath.Base(path)) || packed[path] {
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		given = append(given, data)
	}
	return given, nil
}
