package python

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"s/pkg/build"
	"s/pkg/diag"
)

// runPip is `python -m pip` without the working directory in the search path (a
// logging.py of the user's must not be pip's), for the target that its first
// argument tells: pip has options for the tags of wheels, but takes the markers
// of dependencies from the Python that it runs in, and the C library from this
// machine (pip 20.3 to 26); it forbids packages without wheels where it is given
// tags, which we look at afterwards; and on Windows it would make commands .exe
// files.
const runPip = `import json, os, runpy, sys
sys.path = [p for p in sys.path if p]
orders = json.loads(sys.argv[1])
sys.argv[:] = ["pip"] + sys.argv[2:]
try:
    import pip
except ImportError:
    orders = {}
if orders.get("markers"):
    from pip._internal.cli import cmdoptions
    from pip._vendor.packaging import markers
    known = dict(markers.default_environment(), **orders["markers"])
    markers.default_environment = lambda: dict(known)
    cmdoptions.check_dist_restriction = lambda *args, **kwargs: None
    try:
        from pip._vendor.distlib.scripts import ScriptMaker
    except ImportError:
        ScriptMaker = None
    if ScriptMaker:
        make = ScriptMaker.__init__
        def make_scripts(self, *args, **kwargs):
            make(self, *args, **kwargs)
            self._is_nt = False
        ScriptMaker.__init__ = make_scripts
if orders.get("glibc"):
    try:
        from pip._vendor.packaging import _manylinux
    except ImportError:
        _manylinux = None
    if hasattr(_manylinux, "_get_glibc_version"):
        oldest = min(tuple(_manylinux._get_glibc_version()), (2, orders["glibc"]))
        _manylinux._get_glibc_version = lambda: oldest
if orders.get("indexes"):
    from pip._internal.models.index import PyPI
    for url in orders["indexes"]:
        if url != PyPI.simple_url:
            sys.argv += ["--extra-index-url", os.path.expandvars(url)]
runpy.run_module("pip", run_name="__main__", alter_sys=True)`

// pipMissing is in the output of a Python without pip.
const pipMissing = "No module named pip"

// outside is how many folders up from the source a local requirement may be.
const outside = 6

// pip is one installation.
type pip struct {
	python  build.Tool
	environ []string
	job     *build.Job
	target  target
	// cross is set if what this machine makes doesn't run on the target.
	cross bool
	// host is this machine; see hostPlatform.
	host build.Platform
	// indexes are those that the list names.
	indexes []string
}

// install installs what is listed into the job's folder: bin, and the packages
// beside it (or in lib/pythonX.Y/site-packages, for edition 1.0.0).
func (p *pip) install(ctx context.Context) error {
	out := p.job.Out
	packages := out
	if p.job.Legacy {
		packages = filepath.Join(out, "lib", "python"+minor(p.target.python), "site-packages")
	}
	l, err := readList(p.job.SourceDir, p.target)
	if err != nil || l == nil {
		return err
	}
	p.indexes = l.indexes
	dir, err := p.workDir(ctx, l.local)
	if err != nil {
		return err
	}
	for i, b := range l.batches {
		if err := p.batch(ctx, b, i, dir, packages); err != nil {
			return err
		}
	}
	if err := p.checkWheels(packages); err != nil {
		return err
	}
	if err := dropOrigins(packages); err != nil {
		return err
	}
	if p.job.Legacy {
		err := os.Rename(filepath.Join(packages, "bin"), filepath.Join(out, "bin"))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return mendScripts(filepath.Join(out, "bin"), p.target.python)
}

// batch installs a part of the list. The second comes into a folder of its own
// first: pip doesn't add to folders that are there.
func (p *pip) batch(ctx context.Context, b batch, i int, dir, packages string) error {
	to := packages
	if i > 0 {
		to = filepath.Join(p.job.Scratch, fmt.Sprintf("batch%d", i))
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	file := b.file
	if file == "" {
		file = filepath.Join(p.job.Scratch, fmt.Sprintf("requirements%d.txt", i))
		if err := os.WriteFile(file, []byte(b.text), 0o600); err != nil {
			return err
		}
	}
	args := []string{
		"install", "--disable-pip-version-check", "--no-input", "--no-warn-script-location", "--no-compile",
		"--progress-bar", "off",
		"--target", to, "-r", file,
	}
	if b.complete {
		args = append(args, "--no-deps")
	}
	if p.cross {
		args = append(args, p.target.pipArgs()...)
	}
	args = append(args, p.job.Args...)
	if err := p.run(ctx, p.python.Path, dir, args); err != nil || i == 0 {
		return err
	}
	return build.CopyTree(ctx, to, packages)
}

// workDir makes the folder that pip runs in: paths in the requirements are
// relative to it. It has copies of the packages named so, because building a
// package writes into its folder.
func (p *pip) workDir(ctx context.Context, local []string) (string, error) {
	dir := filepath.Join(p.job.Scratch, "pip")
	for range outside {
		dir = filepath.Join(dir, "x")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	for _, rel := range local {
		if clean := filepath.ToSlash(filepath.Clean(rel)); strings.HasPrefix(clean, strings.Repeat("../", outside)) {
			return "", diag.Errorf("build %s: requirement %s is too far outside the code", p.job.Name, rel)
		}
		from := filepath.Join(p.job.SourceDir, rel)
		if real, err := filepath.EvalSymlinks(from); err == nil {
			from = real
		}
		if err := build.CopyTree(ctx, from, filepath.Join(dir, rel)); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// orders tell runPip of the target. What this machine makes itself is for the
// Python it has.
func (p *pip) orders() orders {
	o := orders{Glibc: p.target.glibc, Indexes: p.indexes}
	if p.cross {
		o.Markers = p.target.environment()
	}
	return o
}

// run runs pip; if the interpreter has none, with one that ensurepip makes in a
// virtual environment.
func (p *pip) run(ctx context.Context, python, dir string, args []string) error {
	wheels := &wheelLog{to: p.job.Log}
	job := *p.job
	job.Log = wheels
	err := job.Run(ctx, build.Command{
		Argv: append([]string{python, "-c", runPip, p.orders().String()}, args...), Shown: append([]string{python, "-m", "pip"}, args...),
		What: "pip install", Does: diag.Say("installing dependencies (%s)", "pip"), Dir: dir, Env: p.pipEnviron(),
	})
	if err != nil && p.cross && ctx.Err() == nil && len(wheels.failed) > 0 {
		return p.noWheel(append(wheels.failed, p.foreign(wheels.made)...))
	}
	var failed *build.BuildError
	if !errors.As(err, &failed) {
		return err
	}
	missing := slices.ContainsFunc(failed.Tail, func(s string) bool { return strings.Contains(s, pipMissing) })
	if missing && python == p.python.Path {
		venv := filepath.Join(p.job.Scratch, "venv")
		err := p.job.Run(ctx, build.Command{Argv: []string{python, "-m", "venv", venv}, What: "venv", Dir: dir, Env: p.pipEnviron()})
		if errors.As(err, &failed) {
			return &build.HelpError{
				Err:  &NoPipError{Python: p.python, Err: errors.Join(failed.Err, errors.New(strings.Join(failed.Tail, "\n")))},
				Help: diag.Say("%s -m ensurepip", p.python.Path),
			}
		}
		if err != nil {
			return err
		}
		bin := filepath.Join(venv, "bin", "python")
		if runtime.GOOS == "windows" {
			bin = filepath.Join(venv, "Scripts", "python.exe")
		}
		return p.run(ctx, bin, dir, args)
	}
	return err
}

// ours tells the variables of the user's that would lead pip to other places
// than the one it is given.
func ours(name string) bool {
	switch name {
	case "PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "PYTHONSTARTUP", "PYTHONSAFEPATH", "__PYVENV_LAUNCHER__",
		"PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_REQUIRE_VIRTUALENV", "PIP_LOG", "PIP_REQUIREMENT",
		"PIP_DRY_RUN", "PIP_REPORT", "PIP_QUIET":
		return true
	}
	return false
}

// pipEnviron is the environment of pip.
func (p *pip) pipEnviron() []string {
	return append(p.job.Environ(p.environ, ours),
		"PIP_USER=0", "PIP_ROOT_USER_ACTION=ignore", "PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1")
}
