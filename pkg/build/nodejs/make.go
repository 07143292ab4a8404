package nodejs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"s/pkg/build"
	"s/pkg/bundle"
	"s/pkg/diag"
)

// Make installs, builds if there is something to build, and leaves what runs.
func (b *Builder) Make(ctx context.Context, job *build.Job) error {
	err := b.make(ctx, job)
	var failed *build.BuildError
	if err == nil || ctx.Err() != nil || errors.As(err, &failed) {
		return err
	}
	return diag.Errorf("build %s: %w", job.Name, err)
}

func (b *Builder) make(ctx context.Context, job *build.Job) error {
	p, err := readProject(job.Request)
	if err != nil {
		return err
	}
	m := &maker{p: p, installer: installer{
		job: job, p: p, node: job.Tools[0], tool: job.Tools[1], environ: b.Environ,
		foreign: b.foreign(&job.Request), target: targetOf(job.Target()),
		develops: p.develops(),
	}}
	if v := m.tool.Version; p.manager.name == yarn && v != "" {
		p.manager.berry = !strings.HasPrefix(v, "1.")
	}
	if job.Plan.Compiles {
		return m.compile(ctx)
	}
	return m.list(ctx)
}

// maker makes one part of an artifact.
type maker struct {
	installer
	p *project
}

// list installs what a package.json lists, in a folder that has nothing but what
// decides that.
func (m *maker) list(ctx context.Context) error {
	m.root = filepath.Join(m.job.Scratch, "project")
	names := append(settingFiles(), ".yarn/releases", ".yarn/plugins", ".yarn/cache")
	if m.p.manager.lock != "" {
		names = append(names, m.p.manager.lock)
	}
	for _, name := range names {
		err := build.CopyTree(ctx, filepath.Join(m.p.root, name), filepath.Join(m.root, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := m.install(ctx); err != nil {
		return err
	}
	installed := filepath.Join(m.root, modulesDir)
	if m.plain() {
		if err := m.take(installed); err != nil {
			return err
		}
	} else if err := m.flatten(ctx, m.root, m.root, m.job.Out); err != nil {
		return err
	}
	return m.check(m.job.Out)
}

// plain reports whether the manager's own folder is what the artifact needs: no
// links, nothing that isn't for running the code.
func (m *maker) plain() bool {
	return m.tool.Name == npm || m.tool.Name == yarn && !m.p.manager.berry && !m.foreign
}

// take makes the installed packages the result.
func (m *maker) take(installed string) error {
	if !exists(installed) {
		return nil // what is optional couldn't be installed
	}
	for _, note := range []string{".package-lock.json", ".yarn-integrity", ".cache"} {
		if err := os.RemoveAll(filepath.Join(installed, note)); err != nil {
			return err
		}
	}
	if err := os.Remove(m.job.Out); err != nil {
		return err
	}
	return os.Rename(installed, m.job.Out)
}

// compile works on a copy of the project: it installs, runs the build scripts,
// and takes the code's folder as it is then, with the packages it needs to run.
func (m *maker) compile(ctx context.Context) error {
	work, err := filepath.EvalSymlinks(m.job.Work)
	if err != nil {
		return err
	}
	at := func(dir string) string {
		rel, _ := filepath.Rel(m.p.base, dir)
		return filepath.Join(work, rel)
	}
	m.root = at(m.p.root)
	own := map[string]*manifest{at(m.p.dir): m.p.code}
	for local, manifest := range m.p.locals {
		own[at(local)] = manifest
	}
	dir, direct := at(m.p.dir), m.p.unrepeatable()
	if direct {
		err = m.install(ctx)
	} else {
		err = m.installed(ctx, work, own)
	}
	if err != nil {
		return err
	}
	if err := m.build(ctx, order(work, dir, own), own, !direct); err != nil {
		return err
	}
	opts := bundle.ListOptions{Leave: func(path string) bool { return path == modulesDir }, NoDefaultIgnore: m.job.NoDefaultIgnore}
	if err := bring(ctx, dir, m.job.Out, opts); err != nil {
		return err
	}
	modules := filepath.Join(m.job.Out, modulesDir)
	if err := m.flatten(ctx, work, dir, modules); err != nil {
		return err
	}
	if err := m.handler(); err != nil {
		return err
	}
	return m.check(modules)
}

// installed fills the copy with packages that are kept for the next builds: the
// source changes more often than the lists.
func (m *maker) installed(ctx context.Context, work string, own map[string]*manifest) error {
	key, err := m.key()
	if err != nil {
		return err
	}
	folders := m.p.folders()
	entry, _, err := build.NewCache(m.job.CacheDir).Get(ctx, key, m.job.Fresh, func(ctx context.Context, out, _ string) error {
		if err := m.installWithoutHooks(ctx, own); err != nil {
			return err
		}
		for _, rel := range folders {
			for _, what := range []string{modulesDir, yarnState} {
				if err := moveIfThere(filepath.Join(work, rel, what), filepath.Join(out, rel, what)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	defer entry.Release()
	return build.CopyTree(ctx, entry.Dir, work)
}

// yarnState is where yarn 2 and newer note what is installed: they run no script
// without it.
const yarnState = ".yarn/install-state.gz"

func moveIfThere(from, to string) error {
	if !exists(from) {
		return nil
	}
	return errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.Rename(from, to))
}

// key is what installed packages are kept by.
func (m *maker) key() (string, error) {
	lists, err := m.p.digest()
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "nodejs packages %s\n%s\n%v %s %q\n", builderVersion, lists, m.develops, m.job.Target(), m.job.Args)
	for _, t := range m.job.Tools {
		fmt.Fprintf(sum, "%q %q %q\n", t.Name, t.Version, t.Path)
	}
	for _, kv := range choosing(m.environ) {
		fmt.Fprintf(sum, "%q\n", kv)
	}
	for _, name := range slices.Sorted(maps.Keys(m.job.Env)) {
		fmt.Fprintf(sum, "%q=%q\n", name, m.job.Env[name])
	}
	return hex.EncodeToString(sum.Sum(nil)[:16]), nil
}

// installWithoutHooks installs without the scripts of the user's own packages
// that can run later.
func (m *maker) installWithoutHooks(ctx context.Context, own map[string]*manifest) (err error) {
	for dir, manifest := range own {
		if len(manifest.laterHooks()) == 0 {
			continue
		}
		restore, eerr := edit(filepath.Join(dir, manifestFile), withoutHooks)
		if eerr != nil {
			return eerr
		}
		defer func() { err = errors.Join(err, restore()) }()
	}
	return m.install(ctx)
}

// order are the user's own packages that the code in dir needs, each after what
// it needs itself, and the code last.
func order(work, dir string, own map[string]*manifest) []string {
	var out []string
	seen := map[string]bool{}
	var visit func(dir string)
	visit = func(dir string) {
		seen[dir] = true
		for _, name := range own[dir].everything() {
			if to := resolve(work, dir, name); own[to] != nil && !seen[to] {
				visit(to)
			}
		}
		out = append(out, dir)
	}
	visit(dir)
	return out
}

// build runs the scripts that an installation left out, and the build scripts.
func (m *maker) build(ctx context.Context, order []string, own map[string]*manifest, hooks bool) error {
	if hooks {
		with := order
		if root := own[m.root]; root != nil && !slices.Contains(order, m.root) {
			with = append([]string{m.root}, order...)
		}
		for _, dir := range with {
			for _, hook := range own[dir].laterHooks() {
				if err := m.script(ctx, dir, hook); err != nil {
					return err
				}
			}
		}
	}
	for _, dir := range order {
		if !own[dir].builds() {
			continue
		}
		if err := m.script(ctx, dir, "build"); err != nil {
			return err
		}
	}
	return nil
}
