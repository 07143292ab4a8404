package nodejs

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"s/pkg/build"
	"s/pkg/diag"
)

// project is the code with what decides how its dependencies are installed.
type project struct {
	// dir is the code's folder; root has the lock file and is where packages are
	// installed: dir, or the workspace's folder above it; base has all of it and
	// the packages that are named by a path. All are absolute.
	dir, root, base string
	code            *manifest
	// top is how far up base may be.
	top string
	// workspace is set if dir is a part of root's workspace, or its root.
	workspace bool
	// locals are the user's own packages in base, besides dir, by folder.
	locals map[string]*manifest
	// paths are the files and folders in base that are dependencies, absolute.
	paths   []string
	manager manager
}

// readProject looks at the code of a function. It returns nil if it has no
// package.json.
func readProject(req build.Request) (*project, error) {
	code, err := readManifest(req.SourceDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p := &project{dir: req.SourceDir, root: req.SourceDir, code: code, top: topOf(req), locals: map[string]*manifest{}}
	if err := p.findRoot(); err != nil {
		return nil, err
	}
	p.base = p.root
	if err := p.findPaths(); err != nil {
		return nil, err
	}
	p.manager, err = p.findManager()
	return p, err
}

// topOf is the highest folder that a project may reach up to: that of s.yaml, or
// of the git repository around it.
func topOf(req build.Request) string {
	top := req.SourceDir
	if within(req.ProjectDir, req.SourceDir) {
		top = req.ProjectDir
	}
	for dir := top; ; dir = filepath.Dir(dir) {
		if exists(filepath.Join(dir, ".git")) {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return top
		}
	}
}

// within reports whether path is dir or below it.
func within(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return dir != "" && err == nil && filepath.IsLocal(rel)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// findRoot looks for the workspace that the code is a part of.
func (p *project) findRoot() error {
	for dir := p.dir; ; dir = filepath.Dir(dir) {
		patterns, err := workspacePatterns(dir)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, p.dir)
		if len(patterns) > 0 && (dir == p.dir || patterns.match(filepath.ToSlash(rel))) {
			p.root, p.workspace = dir, true
			return p.findMembers(patterns)
		}
		if dir == p.top || dir == p.dir && p.standsAlone() {
			return nil
		}
	}
}

// standsAlone reports whether the code has a lock file of its own and needs no
// workspace.
func (p *project) standsAlone() bool {
	for _, group := range []map[string]string{p.code.dependencies, p.code.dev, p.code.optional} {
		for _, value := range group {
			if strings.HasPrefix(value, "workspace:") {
				return false
			}
		}
	}
	_, _, locked := lockOf(p.dir)
	return locked
}

// findMembers reads the packages of the workspace.
func (p *project) findMembers(patterns patterns) error {
	return filepath.WalkDir(p.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if name := d.Name(); path != p.root && (name == modulesDir || strings.HasPrefix(name, ".")) {
			return fs.SkipDir
		}
		rel, _ := filepath.Rel(p.root, path)
		if path == p.root || path != p.dir && patterns.match(filepath.ToSlash(rel)) {
			return p.addLocal(path)
		}
		return nil
	})
}

// addLocal notes a package of the user's, if there is one in the folder.
func (p *project) addLocal(dir string) error {
	if dir == p.dir || p.locals[dir] != nil {
		return nil
	}
	m, err := readManifest(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		p.locals[dir] = m
	}
	return err
}

// findPaths follows the dependencies that are paths, and widens base to hold
// them.
func (p *project) findPaths() error {
	seen := map[string]bool{}
	todo := append([]string{p.dir}, slices.Sorted(maps.Keys(p.locals))...)
	for len(todo) > 0 {
		dir := todo[0]
		todo = todo[1:]
		m := p.manifestOf(dir)
		if m == nil || seen[dir] {
			continue
		}
		seen[dir] = true
		paths := m.localPaths()
		for _, name := range slices.Sorted(maps.Keys(paths)) {
			to := filepath.Join(dir, filepath.FromSlash(paths[name]))
			if filepath.IsAbs(paths[name]) || strings.HasPrefix(paths[name], "~") || !within(p.top, to) {
				return &build.HelpError{
					Err:  diag.Errorf("%s: %s is at %s, outside of the project", filepath.Join(dir, manifestFile), name, paths[name]),
					Help: diag.Say("move it below %s", p.top),
				}
			}
			for !within(p.base, to) {
				p.base = filepath.Dir(p.base)
			}
			p.paths = append(p.paths, to)
			if info, err := os.Stat(to); err != nil || !info.IsDir() {
				continue
			}
			if err := p.addLocal(to); err != nil {
				return err
			}
			todo = append(todo, to)
		}
	}
	return nil
}

func (p *project) manifestOf(dir string) *manifest {
	if dir == p.dir {
		return p.code
	}
	return p.locals[dir]
}

// needed reports whether there is anything to do.
func (p *project) needed() bool {
	hooks := p.code.hooks()
	return p.code.installs() || p.code.builds() || len(hooks) > 0 && hooks[0] != "prepare"
}

// compiles reports whether more than the lists of dependencies decides what
// comes out.
func (p *project) compiles() bool {
	return p.code.builds() || len(p.code.hooks()) > 0 || p.workspace || len(p.paths) > 0
}

// develops reports whether packages for development are needed.
func (p *project) develops() bool { return p.code.builds() || p.anyHooks() || p.anyBuilds() }

// anyHooks reports whether a package of the user's has scripts that an
// installation runs.
func (p *project) anyHooks() bool {
	return p.anyPackage(func(m *manifest) bool { return len(m.hooks()) > 0 })
}

// anyBuilds reports whether a package of the user's that this one may use has a
// build script.
func (p *project) anyBuilds() bool { return p.anyPackage((*manifest).builds) }

// unrepeatable reports whether installed packages are right for this source only:
// scripts that run among the installation may write anything, and some managers
// copy the contents of the user's own packages.
func (p *project) unrepeatable() bool {
	early := func(m *manifest) bool { return len(m.hooks()) > len(m.laterHooks()) }
	if len(p.paths) > 0 || p.anyPackage(early) {
		return true
	}
	for _, file := range []string{
		filepath.Join(p.dir, manifestFile), filepath.Join(p.root, manifestFile),
		filepath.Join(p.root, ".npmrc"), filepath.Join(p.root, pnpmWorkspace),
	} {
		// pnpm: dependenciesMeta.injected, injectWorkspacePackages.
		if data, err := os.ReadFile(file); err == nil && bytes.Contains(data, []byte("inject")) {
			return true
		}
	}
	return false
}

func (p *project) anyPackage(is func(*manifest) bool) bool {
	if is(p.code) {
		return true
	}
	for _, m := range p.locals {
		if is(m) {
			return true
		}
	}
	return false
}

// folders are those that packages may be installed in, relative to base.
func (p *project) folders() []string {
	all := []string{p.root, p.dir}
	all = append(all, slices.Collect(maps.Keys(p.locals))...)
	for i, dir := range all {
		all[i], _ = filepath.Rel(p.base, dir)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// skip tells what of base isn't the user's, or isn't a part of the project:
// installed packages, what s wrote, and what lies beside the folders that belong
// to it.
func (p *project) skip(path string) bool {
	full := filepath.Join(p.base, filepath.FromSlash(path))
	name := filepath.Base(full)
	if name == ".s" || name == modulesDir && exists(filepath.Join(filepath.Dir(full), manifestFile)) {
		return true
	}
	return !slices.ContainsFunc(append([]string{p.root}, p.paths...), func(part string) bool {
		return within(part, full) || within(full, part)
	})
}

// settingFiles decide, beside the lock file, what is installed.
func settingFiles() []string {
	return []string{manifestFile, ".npmrc", ".yarnrc", ".yarnrc.yml", ".pnpmfile.cjs", "pnpm-workspace.yaml", "patches", ".yarn/patches"}
}

// digest sums up the lists of dependencies.
func (p *project) digest() (string, error) {
	sum := sha256.New()
	for _, rel := range p.folders() {
		dir := filepath.Join(p.base, rel)
		for _, name := range append(settingFiles(), lockNames()...) {
			if err := sumUp(sum, dir, name); err != nil {
				return "", err
			}
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// sumUp adds the contents of a file or folder, if it is there.
func sumUp(sum io.Writer, dir, name string) error {
	return filepath.WalkDir(filepath.Join(dir, name), func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		fmt.Fprintf(sum, "%q %d\n%s\n", path[len(dir):], len(data), data)
		return err
	})
}
