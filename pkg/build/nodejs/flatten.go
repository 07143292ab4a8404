package nodejs

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"s/pkg/build"
	"s/pkg/bundle"
	"s/pkg/diag"
)

// deepest is how deep packages may lie in each other: versions that need each
// other in a circle would never end.
const deepest = 20

// placed is a package with its place in an artifact.
type placed struct {
	name string
	real string // where it is installed, links resolved
	// modules is the artifact's folder for the packages that this one alone sees.
	modules string
	manifest
	above *placed
	has   map[string]*placed
}

// flatten puts the packages that the code in dir needs to run into the folder
// modules, as files: links of pnpm's and of workspaces' are followed, and a
// package lies where its users find it, by Node's way of looking. What is
// installed in work for development alone stays behind.
func (m *maker) flatten(ctx context.Context, work, dir, modules string) error {
	f := &flattener{work: work, top: &placed{real: dir, modules: modules, has: map[string]*placed{}}, target: m.target, strict: m.foreign && m.tool.Name == npm}
	if work, err := filepath.EvalSymlinks(work); err == nil {
		f.work = work
	}
	code, err := readManifest(dir)
	if err != nil {
		return err
	}
	f.top.manifest = *code
	for todo := []*placed{f.top}; len(todo) > 0; todo = todo[1:] {
		next, err := f.place(todo[0])
		if err != nil {
			return err
		}
		todo = append(todo, next...)
	}
	if err := f.copy(ctx, f.top); err != nil {
		return err
	}
	return f.programs()
}

type flattener struct {
	work   string
	top    *placed
	target target
	// strict refuses packages for other platforms; else they are left behind.
	strict bool
}

// place finds places for what a package needs, and gives those that are new.
func (f *flattener) place(p *placed) ([]*placed, error) {
	var found []*placed
	for _, name := range p.production() {
		real := resolve(f.work, p.real, name)
		if real == "" || real == f.top.real {
			continue // it is optional, or the code itself
		}
		at, there := f.where(p, name, real)
		if there {
			continue
		}
		m, err := readManifest(real)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if !m.runsOn(f.target.system, f.target.cpu, f.target.libc) {
			if f.strict && name != "fsevents" {
				return nil, otherPlatform(name, f.target)
			}
			continue
		}
		child := &placed{
			name: name, real: real, manifest: *m, above: at, has: map[string]*placed{},
			modules: filepath.Join(at.modules, filepath.FromSlash(name), modulesDir),
		}
		if child.depth() > deepest {
			return nil, diag.Errorf("package %s: its dependencies need different versions of each other in a circle", name)
		}
		at.has[name] = child
		found = append(found, child)
	}
	return found, nil
}

func (p *placed) depth() int {
	n := 0
	for ; p.above != nil; p = p.above {
		n++
	}
	return n
}

// where tells in whose folder a package that p needs goes; there is true if p
// sees it already.
func (f *flattener) where(p *placed, name, real string) (at *placed, there bool) {
	for q := p; q != nil; q = q.above {
		if other := q.has[name]; other != nil {
			return p, other.real == real
		}
	}
	// Whatever the code itself would get has the place on top.
	if top := resolve(f.work, f.top.real, name); top != "" && top != real {
		return p, false
	}
	return f.top, false
}

// resolve looks for a package as Node.js does for code in a folder. It gives the
// folder that links lead to; empty if there is none in work.
func resolve(work, from, name string) string {
	stop := within(work, from)
	for dir := from; ; dir = filepath.Dir(dir) {
		if filepath.Base(dir) != modulesDir {
			real, err := filepath.EvalSymlinks(filepath.Join(dir, modulesDir, filepath.FromSlash(name)))
			if err == nil {
				return real
			}
		}
		if stop && dir == work || dir == filepath.Dir(dir) {
			return ""
		}
	}
}

// copy brings a package's dependencies into their folder, and theirs.
func (f *flattener) copy(ctx context.Context, p *placed) error {
	for _, name := range slices.Sorted(maps.Keys(p.has)) {
		child := p.has[name]
		opts := bundle.ListOptions{Leave: func(path string) bool { return path == modulesDir }}
		// The user's own are packed by his rules, the others as they are.
		installed := strings.Contains(filepath.ToSlash(strings.TrimPrefix(child.real, f.work)), "/"+modulesDir+"/") || !within(f.work, child.real)
		opts.NoDefaultIgnore, opts.NoIgnoreFiles = installed, installed
		if err := bring(ctx, child.real, filepath.Dir(child.modules), opts); err != nil {
			return diag.Errorf("package %s: %w", name, err)
		}
		if err := f.copyGenerated(ctx, child); err != nil {
			return err
		}
		if err := f.copy(ctx, child); err != nil {
			return err
		}
	}
	return nil
}

// copyGenerated brings what the scripts of a package wrote beside it: .prisma.
func (f *flattener) copyGenerated(ctx context.Context, p *placed) error {
	modules := p.real
	for range strings.Count(p.name, "/") + 1 {
		modules = filepath.Dir(modules)
	}
	if filepath.Base(modules) != modulesDir {
		return nil
	}
	entries, err := os.ReadDir(modules)
	if err != nil {
		return err
	}
	for _, e := range entries {
		to := filepath.Join(p.above.modules, e.Name())
		if !e.IsDir() || !strings.HasPrefix(e.Name(), ".") || ofTools(e.Name()) || exists(to) {
			continue
		}
		opts := bundle.ListOptions{NoDefaultIgnore: true, NoIgnoreFiles: true}
		if err := bring(ctx, filepath.Join(modules, e.Name()), to, opts); err != nil {
			return err
		}
	}
	return nil
}

// ofTools tells folders of package managers and of tools for development.
func ofTools(name string) bool {
	switch name {
	case ".bin", ".cache", ".pnpm", ".store", ".ignored", ".vite", ".vite-temp", ".yarn":
		return true
	}
	return false
}

// programs makes the folder .bin of the packages on top.
func (f *flattener) programs() error {
	if runtime.GOOS == "windows" {
		return nil
	}
	dir := filepath.Join(f.top.modules, ".bin")
	for _, name := range slices.Sorted(maps.Keys(f.top.has)) {
		child := f.top.has[name]
		for _, program := range slices.Sorted(maps.Keys(child.bin)) {
			file := path.Join(name, path.Clean("/"+child.bin[program]))
			full := filepath.Join(f.top.modules, filepath.FromSlash(file))
			info, err := os.Stat(full)
			if err != nil || strings.ContainsAny(program, "/\\") || exists(filepath.Join(dir, program)) {
				continue // a program that isn't there, or another's
			}
			if err := errors.Join(
				os.MkdirAll(dir, 0o755), os.Chmod(full, info.Mode().Perm()|0o111),
				os.Symlink(filepath.FromSlash("../"+file), filepath.Join(dir, program)),
			); err != nil {
				return err
			}
		}
	}
	return nil
}

// bring copies what is listed of a folder.
func bring(ctx context.Context, from, to string, opts bundle.ListOptions) error {
	l, err := bundle.List(ctx, from, opts)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, e := range l.Entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		if path.Base(e.Path) == bundle.IgnoreFile && !opts.NoIgnoreFiles {
			continue
		}
		if err := bringEntry(l.Root, to, e); err != nil {
			return err
		}
	}
	return nil
}

func bringEntry(from, to string, e bundle.Entry) error {
	target := filepath.Join(to, filepath.FromSlash(e.Path))
	if e.Mode.IsDir() {
		return os.MkdirAll(target, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	if e.Mode&fs.ModeSymlink != 0 {
		return os.Symlink(filepath.FromSlash(e.Target), target)
	}
	return copyFile(filepath.Join(from, filepath.FromSlash(e.Path)), target, e)
}

// copyFile copies, because a package manager may share the file with others.
func copyFile(from, to string, e bundle.Entry) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, e.Mode.Perm()|0o200)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Close()); err != nil {
		return err
	}
	return errors.Join(os.Chmod(to, e.Mode.Perm()), os.Chtimes(to, e.ModTime, e.ModTime))
}

// otherPlatform is a package that the function can't use.
func otherPlatform(name string, t target) error {
	return &build.HelpError{
		Err:  diag.Errorf("package %s isn't for %s/%s, where the function runs", name, t.system, t.cpu),
		Help: "install npm 10 or newer, or run: s build --use-docker",
	}
}
