package build

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"s/pkg/toolchain"
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
	python  toolchain.Interpreter
	environ []string
	scratch string // everything it writes is below
	req     Request
}

// install installs the requirements into a folder and returns it: bin, and the
// packages beside it (or in lib/pythonX.Y/site-packages, for edition 1.0.0).
func (p *pip) install(ctx context.Context) (string, error) {
	out := filepath.Join(p.scratch, "out")
	target := out
	if p.req.Legacy {
		target = filepath.Join(out, "lib", "python"+p.python.Minor(), "site-packages")
	}
	dir, err := p.workDir(ctx)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(target, 0o755); err != nil {
		return "", err
	}
	args := []string{
		"install", "--disable-pip-version-check", "--no-input", "--no-warn-script-location", "--no-compile",
		"--progress-bar", "off",
		"--target", target, "-r", filepath.Join(p.req.SourceDir, requirementsFile),
	}
	if err := p.run(ctx, p.python.Path, dir, args); err != nil {
		return "", err
	}
	if err := dropOrigins(target); err != nil {
		return "", err
	}
	if p.req.Legacy {
		err := os.Rename(filepath.Join(target, "bin"), filepath.Join(out, "bin"))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
	}
	return out, mendScripts(filepath.Join(out, "bin"), p.python)
}

// workDir makes the folder that pip runs in: paths in the requirements are
// relative to it. It has copies of the packages named so, because building a
// package writes into its folder.
func (p *pip) workDir(ctx context.Context) (string, error) {
	r, err := readRequirements(p.req.SourceDir)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(p.scratch, "work")
	for range outside {
		dir = filepath.Join(dir, "x")
	}
	for _, sub := range []string{dir, p.temp()} {
		if err := os.MkdirAll(sub, 0o755); err != nil {
			return "", err
		}
	}
	for _, rel := range r.local {
		if clean := filepath.ToSlash(filepath.Clean(rel)); strings.HasPrefix(clean, strings.Repeat("../", outside)) {
			return "", fmt.Errorf("build %s: requirement %s is too far outside the code", p.req.Name, rel)
		}
		from := filepath.Join(p.req.SourceDir, rel)
		if real, err := filepath.EvalSymlinks(from); err == nil {
			from = real
		}
		if err := copyAny(ctx, from, filepath.Join(dir, rel)); err != nil {
			return "", err
		}
	}
	return dir, nil
}

func (p *pip) temp() string { return filepath.Join(p.scratch, "tmp") }

// run runs pip; if the interpreter has none, with one that ensurepip makes in a
// virtual environment.
func (p *pip) run(ctx context.Context, python, dir string, args []string) error {
	tail, err := p.start(ctx, python, dir, append([]string{"-c", runPip}, args...))
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	missing := slices.ContainsFunc(tail, func(s string) bool { return strings.Contains(s, pipMissing) })
	if missing && python == p.python.Path {
		venv := filepath.Join(p.scratch, "venv")
		if tail, err := p.start(ctx, python, dir, []string{"-m", "venv", venv}); err != nil {
			return &NoPipError{Interpreter: p.python, Err: errors.Join(err, errors.New(strings.Join(tail, "\n")))}
		}
		bin := filepath.Join(venv, "bin", "python")
		if runtime.GOOS == "windows" {
			bin = filepath.Join(venv, "Scripts", "python.exe")
		}
		return p.run(ctx, bin, dir, args)
	}
	return &BuildError{Name: p.req.Name, Tool: "pip install", Tail: tail, Err: err}
}

// start runs a program of the interpreter's and returns the last lines of its
// output.
func (p *pip) start(ctx context.Context, python, dir string, args []string) ([]string, error) {
	log := p.req.Log
	if log == nil {
		log = io.Discard
	}
	shown := slices.Clone(args)
	if len(shown) > 1 && shown[1] == runPip {
		shown = append([]string{"-m", "pip"}, shown[2:]...)
	}
	fmt.Fprintf(log, "$ %s %s\n", python, strings.Join(shown, " "))
	tail := &tailWriter{to: log}
	cmd := exec.CommandContext(ctx, python, args...)
	cmd.Dir = dir
	cmd.Env = pipEnviron(p.environ, p.temp())
	cmd.Stdout, cmd.Stderr = tail, tail
	// Whatever a build of a package left running must not hold us up.
	cmd.WaitDelay = 3 * time.Second
	group(cmd)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := cmd.Run()
	end(cmd)
	return tail.lines(), err
}

// pipEnviron is the user's environment, less what would lead pip to other
// places than the one it is given.
func pipEnviron(environ []string, temp string) []string {
	out := slices.DeleteFunc(slices.Clone(environ), func(kv string) bool {
		key, _, _ := strings.Cut(kv, "=")
		switch strings.ToUpper(key) {
		case "PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "PYTHONSTARTUP", "PYTHONSAFEPATH", "__PYVENV_LAUNCHER__",
			"PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_REQUIRE_VIRTUALENV", "PIP_LOG", "PIP_REQUIREMENT",
			"PIP_DRY_RUN", "PIP_REPORT", "PIP_QUIET", "TMPDIR", "TEMP", "TMP":
			return true
		}
		return false
	})
	return append(out, "PIP_USER=0", "PIP_ROOT_USER_ACTION=ignore", "PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1",
		"TMPDIR="+temp, "TEMP="+temp, "TMP="+temp)
}

// tailLines is how many lines of a failed tool's output are kept.
const tailLines = 20

// maxLine bounds the length of a line kept, in bytes.
const maxLine = 2000

// tailWriter passes output on and keeps its last lines.
type tailWriter struct {
	to   io.Writer
	kept []string
	part []byte // the line that hasn't ended
}

// Write never fails for the sake of the log: the tool goes on without.
func (w *tailWriter) Write(p []byte) (int, error) {
	_, _ = w.to.Write(p)
	for _, c := range p {
		switch {
		case c == '\n':
			w.flush()
		case len(w.part) < maxLine:
			w.part = append(w.part, c)
		}
	}
	return len(p), nil
}

func (w *tailWriter) flush() {
	line := strings.TrimRight(string(w.part), "\r ")
	w.part = w.part[:0]
	if line == "" {
		return
	}
	if w.kept = append(w.kept, line); len(w.kept) > tailLines {
		w.kept = w.kept[1:]
	}
}

func (w *tailWriter) lines() []string {
	w.flush()
	return w.kept
}
