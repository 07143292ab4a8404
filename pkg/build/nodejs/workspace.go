package nodejs

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"s/pkg/diag"
)

// pnpmWorkspace lists the packages of a workspace, and has pnpm's settings.
const pnpmWorkspace = "pnpm-workspace.yaml"

// patterns name the packages of a workspace, relative to its root; those with !
// take some out again.
type patterns []string

// workspacePatterns reads them from the package.json or pnpm-workspace.yaml of a
// folder; none if it is no workspace.
func workspacePatterns(dir string) (patterns, error) {
	var file struct{ Packages []string }
	data, err := os.ReadFile(filepath.Join(dir, pnpmWorkspace))
	switch {
	case err == nil:
		if err := yaml.Unmarshal(data, &file); err != nil {
			return nil, diag.Errorf("%s: %w", filepath.Join(dir, pnpmWorkspace), err)
		}
		if len(file.Packages) > 0 {
			return file.Packages, nil
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	m, err := readManifest(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return m.workspaces, nil
}

// match reports whether a folder, relative with slashes, is in the workspace.
func (p patterns) match(rel string) bool {
	in := false
	for _, pattern := range p {
		pattern, not := strings.CutPrefix(pattern, "!")
		if globs(splitPath(pattern), splitPath(rel)) {
			in = !not
		}
	}
	return in
}

func splitPath(p string) []string { return strings.Split(strings.TrimPrefix(path.Clean(p), "/"), "/") }

// globs matches a pattern with ** for any number of folders.
func globs(pattern, parts []string) bool {
	switch {
	case len(pattern) == 0:
		return len(parts) == 0
	case pattern[0] == "**":
		return globs(pattern[1:], parts) || len(parts) > 0 && globs(pattern, parts[1:])
	case len(parts) == 0:
		return false
	}
	ok, err := path.Match(pattern[0], parts[0])
	return err == nil && ok && globs(pattern[1:], parts[1:])
}
