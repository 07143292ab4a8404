package nodejs

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"s/pkg/diag"
)

// Package managers.
const (
	npm  = "npm"
	pnpm = "pnpm"
	yarn = "yarn"
)

// manager is the package manager that a project is for.
type manager struct {
	name string
	// version is the one that the project names; empty if it names none.
	version string
	// lock is the lock file's name; empty if there is none.
	lock string
	// berry is yarn 2 or newer.
	berry bool
	// program is the one that the project brings, absolute; empty if it brings
	// none.
	program string
	// why is the file that says so, for messages.
	why string
}

// lockNames are the lock files in the order they are asked. A shrinkwrap stands
// before a lock file for npm, too.
func lockNames() []string {
	return []string{"npm-shrinkwrap.json", "package-lock.json", "pnpm-lock.yaml", "yarn.lock"}
}

// lockOf finds the lock file of a folder and whose it is.
func lockOf(dir string) (file, name string, ok bool) {
	owners := []string{npm, npm, pnpm, yarn}
	for i, file := range lockNames() {
		if exists(filepath.Join(dir, file)) {
			return file, owners[i], true
		}
	}
	return "", "", false
}

// findManager reads the field packageManager, then looks for lock files. Without
// either it is npm.
func (p *project) findManager() (manager, error) {
	root := p.manifestOf(p.root)
	m := manager{name: npm}
	var locked bool
	if m.lock, m.name, locked = lockOf(p.root); !locked {
		m.name = npm
	}
	m.why = m.lock
	if root != nil && root.packageManager != "" {
		name, version, _ := strings.Cut(root.packageManager, "@")
		version, _, _ = strings.Cut(version, "+") // a checksum
		if !slices.Contains([]string{npm, pnpm, yarn}, name) {
			return m, diag.Errorf("%s: packageManager %q: not npm, pnpm or yarn", filepath.Join(p.root, manifestFile), root.packageManager)
		}
		m.name, m.version, m.why = name, version, "packageManager in "+manifestFile
		m.lock = ""
		for _, file := range lockNames() {
			if owner := ownerOf(file); owner == name && exists(filepath.Join(p.root, file)) {
				m.lock = file
				break
			}
		}
	}
	if m.name == yarn {
		if err := p.readYarn(&m); err != nil {
			return m, err
		}
	}
	return m, nil
}

func ownerOf(lock string) string {
	switch lock {
	case "pnpm-lock.yaml":
		return pnpm
	case "yarn.lock":
		return yarn
	}
	return npm
}

// readYarn tells yarn 1 from newer ones, and finds the one that the project
// brings.
func (p *project) readYarn(m *manager) error {
	lock, err := os.ReadFile(filepath.Join(p.root, "yarn.lock"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	settings, err := os.ReadFile(filepath.Join(p.root, ".yarnrc.yml"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	m.berry = bytes.Contains(lock, []byte("__metadata:")) || m.version != "" && !strings.HasPrefix(m.version, "1.")
	var file struct {
		YarnPath string `yaml:"yarnPath"`
	}
	if err := yaml.Unmarshal(settings, &file); err != nil {
		return diag.Errorf("%s: %w", filepath.Join(p.root, ".yarnrc.yml"), err)
	}
	if file.YarnPath != "" {
		m.program = filepath.Join(p.root, filepath.FromSlash(file.YarnPath))
	}
	return nil
}
