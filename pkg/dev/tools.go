package dev

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"s/pkg/fc"
	"s/pkg/runtime/debugger"
	"s/pkg/runtime/sandbox"
	"s/pkg/spec"
	"s/pkg/toolchain"
)

// Tools finds what debuggers need on this machine.
type Tools struct {
	Finder *toolchain.Finder
	// CacheDir keeps what is installed.
	CacheDir string
	// Environ is the environment of pip.
	Environ []string
	// Installing is told what is going to be installed; nil is told nothing.
	Installing func(what string)
}

// LanguageOf is the language that a resource is debugged as.
func LanguageOf(r *spec.Resource) string {
	rt, _ := fc.LookupRuntime(r.Function.Runtime)
	if !rt.Custom {
		return rt.Language
	}
	var command []string
	if c := r.Function.CustomRuntimeConfig; c != nil {
		command = slices.Concat(c.Command, c.Args)
	}
	return debugger.LanguageOf(command)
}

// CodeRoot is where the debugger of a resource sees its code: where the function
// has it, or for Go, whose paths are trimmed by the build, below the module.
func CodeRoot(r *spec.Resource, isolation sandbox.Isolation) string {
	if LanguageOf(r) != debugger.Go {
		if isolation.Mode == sandbox.ModeProcess {
			return r.Code.Path
		}
		return "/code"
	}
	text, err := os.ReadFile(filepath.Join(r.Code.Path, "go.mod"))
	if err != nil {
		return "/code"
	}
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); len(words) > 1 && words[0] == "module" {
			return strings.Trim(words[1], `"`)
		}
	}
	return "/code"
}

// Options says how a resource is debugged on a port.
func (t Tools) Options(ctx context.Context, r *spec.Resource, port int, wait bool) (*debugger.Options, error) {
	o := &debugger.Options{Port: port, Wait: wait}
	switch LanguageOf(r) {
	case debugger.Python:
		dir, err := t.debugpy(ctx, r)
		if err != nil {
			return nil, fmt.Errorf("debugger of %s: %w", r.Name, err)
		}
		o.PythonTools = dir
	case debugger.Go:
		path, err := exec.LookPath("dlv")
		if err != nil {
			return nil, &debugger.UnsupportedError{Why: "dlv isn't on this machine: go install github.com/go-delve/delve/cmd/dlv@latest"}
		}
		o.Delve = path
	}
	return o, nil
}

// debugpy gives a folder with debugpy for the resource's Python, which pip fills
// the first time; empty if the interpreter has it.
func (t Tools) debugpy(ctx context.Context, r *spec.Resource) (string, error) {
	rt, _ := fc.LookupRuntime(r.Function.Runtime)
	wanted := rt.Version
	if rt.Custom {
		wanted = rt.Interpreter
	}
	python, err := t.Finder.FindPython(ctx, wanted)
	if err != nil {
		return "", err
	}
	probe := exec.CommandContext(ctx, python.Path, "-c", "import debugpy")
	probe.Dir = os.TempDir()
	if probe.Run() == nil {
		return "", nil
	}
	dir := filepath.Join(t.CacheDir, "debugpy", python.Minor())
	if _, err := os.Stat(filepath.Join(dir, "debugpy")); err == nil {
		return dir, nil
	}
	if t.Installing != nil {
		t.Installing("debugpy for Python " + python.Version)
	}
	return dir, t.install(ctx, python.Path, dir)
}

// install lets pip fill a folder, all or nothing.
func (t Tools) install(ctx context.Context, python, dir string) error {
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(parent, ".new-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	pip := exec.CommandContext(ctx, python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
		"--no-input", "--target", temp, "debugpy")
	pip.Env = t.Environ
	if out, err := pip.CombinedOutput(); err != nil {
		return fmt.Errorf("pip install debugpy: %w\n%s", err, out)
	}
	if err := os.Chmod(temp, 0o755); err != nil {
		return err
	}
	if err := os.Rename(temp, dir); err != nil && !errors.Is(err, os.ErrExist) {
		if _, there := os.Stat(filepath.Join(dir, "debugpy")); there != nil {
			return err
		}
	}
	return nil
}
