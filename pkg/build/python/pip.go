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
)

// runPip is `python -m pip` without the working directory in the search path: a
// logging.py of the user's must not be pip's.
const runPip = `import sys
sys.path = [p for p in sys.path if p]
import runpy
sys.argv[0] = "pip"
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
}

// install installs the requirements into the job's folder: bin, and the packages
// beside it (or in lib/pythonX.Y/site-packages, for edition 1.0.0).
func (p *pip) install(ctx context.Context) error {
	out := p.job.Out
	target := out
	if p.job.Legacy {
		target = filepath.Join(out, "lib", "python"+minor(p.python.Version), "site-packages")
	}
	dir, err := p.workDir(ctx)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(target, 0o755); err != nil {
		return err
	}
	args := []string{
		"install", "--disable-pip-version-check", "--no-input", "--no-warn-script-location", "--no-compile",
		"--progress-bar", "off",
		"--target", target, "-r", filepath.Join(p.job.SourceDir, requirementsFile),
	}
	args = append(args, p.job.Args...)
	if err := p.run(ctx, p.python.Path, dir, args); err != nil {
		return err
	}
	if err := dropOrigins(target); err != nil {
		return err
	}
	if p.job.Legacy {
		err := os.Rename(filepath.Join(target, "bin"), filepath.Join(out, "bin"))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return mendScripts(filepath.Join(out, "bin"), p.python)
}

// workDir makes the folder that pip runs in: paths in the requirements are
// relative to it. It has copies of the packages named so, because building a
// package writes into its folder.
func (p *pip) workDir(ctx context.Context) (string, error) {
	r, err := readRequirements(p.job.SourceDir)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(p.job.Scratch, "pip")
	for range outside {
		dir = filepath.Join(dir, "x")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	for _, rel := range r.local {
		if clean := filepath.ToSlash(filepath.Clean(rel)); strings.HasPrefix(clean, strings.Repeat("../", outside)) {
			return "", fmt.Errorf("build %s: requirement %s is too far outside the code", p.job.Name, rel)
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

// run runs pip; if the interpreter has none, with one that ensurepip makes in a
// virtual environment.
func (p *pip) run(ctx context.Context, python, dir string, args []string) error {
	err := p.job.Run(ctx, build.Command{
		Argv: append([]string{python, "-c", runPip}, args...), Shown: append([]string{python, "-m", "pip"}, args...),
		What: "pip install", Dir: dir, Env: p.pipEnviron(),
	})
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
				Help: p.python.Path + " -m ensurepip",
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
