package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"s/pkg/fc"
	"s/pkg/toolchain"
)

// Python installs what a requirements.txt lists, with the interpreter of the
// function's runtime and its pip.
type Python struct {
	Finder *toolchain.Finder
	// Environ is the environment of pip, as os.Environ gives it: the user's
	// index and proxy settings are in it.
	Environ []string
}

var _ Builder = (*Python)(nil)

// Detect reports whether there is something to install for a Python or custom
// runtime. It returns an *UnknownRuntimeError for a runtime that isn't known.
func (p *Python) Detect(req Request) (bool, error) {
	rt, known := fc.LookupRuntime(req.Runtime)
	if !known {
		return false, &UnknownRuntimeError{Runtime: req.Runtime}
	}
	if rt.Container || rt.Language != toolchain.Python && !rt.Custom {
		return false, nil
	}
	r, err := readRequirements(req.SourceDir)
	return r != nil && r.any, err
}

// Inputs sums up the requirements with all files they refer to, the settings of
// pip in the environment, the runtime and the layout.
func (p *Python) Inputs(req Request) (string, error) {
	r, err := readRequirements(req.SourceDir)
	if err != nil {
		return "", err
	}
	if r == nil {
		return "", fmt.Errorf("%s has no %s", req.Name, requirementsFile)
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "python %s\n%s\n%s %v\n", builderVersion, r.digest(), wantedPython(req), req.Legacy)
	for _, kv := range choosingSettings(p.Environ) {
		fmt.Fprintf(sum, "%q\n", kv)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// choosingSettings are the variables that decide what pip installs.
func choosingSettings(environ []string) []string {
	var out []string
	for _, kv := range environ {
		key, _, _ := strings.Cut(kv, "=")
		switch key {
		case "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX", "PIP_FIND_LINKS", "PIP_PRE", "PIP_NO_BINARY",
			"PIP_ONLY_BINARY", "PIP_PREFER_BINARY", "PIP_CONSTRAINT", "PIP_NO_DEPS", "PIP_CONFIG_FILE":
			out = append(out, kv)
		}
	}
	slices.Sort(out)
	return out
}

// wantedPython is the version that the runtime runs.
func wantedPython(req Request) string {
	rt, _ := fc.LookupRuntime(req.Runtime)
	if rt.Custom {
		return rt.Interpreter
	}
	return rt.Version
}

// Build makes the artifact. Its errors are *toolchain.NotFoundError,
// *BuildError if pip failed, *NoPipError, *bundle.FileError for a source that
// can't be copied, or the context's.
func (p *Python) Build(ctx context.Context, req Request) (*Artifact, error) {
	if req.CacheDir == "" {
		dir, err := os.MkdirTemp("", "s-build-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		req.CacheDir = dir
	}
	unlock, err := lock(ctx, req.CacheDir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	inputs, err := p.Inputs(req)
	if err != nil {
		return nil, err
	}
	t, err := readTree(ctx, req)
	if err != nil {
		return nil, err
	}
	s := readStamp(req.ArtifactDir)
	if !req.Fresh && s.current(req.ArtifactDir, t.print, inputs) && p.stillBest(ctx, req, s.Interpreter) {
		env, err := Environment(req.ArtifactDir)
		return &Artifact{Dir: req.ArtifactDir, Env: env, Reused: true, Unchanged: true, Interpreter: s.Interpreter}, err
	}
	return p.make(ctx, req, inputs, t)
}

// stillBest reports whether the interpreter of the last build would be chosen
// again: what a newer version stood in for may have been installed since.
func (p *Python) stillBest(ctx context.Context, req Request, last toolchain.Interpreter) bool {
	if last.Exact {
		return true
	}
	now, err := p.Finder.FindPython(ctx, wantedPython(req))
	return err == nil && now.Path == last.Path && now.Version == last.Version
}

func (p *Python) make(ctx context.Context, req Request, inputs string, t *tree) (*Artifact, error) {
	python, err := p.Finder.FindPython(ctx, wantedPython(req))
	if err != nil {
		return nil, fmt.Errorf("build %s: %w", req.Name, err)
	}
	a := &Artifact{Dir: req.ArtifactDir, Env: pythonEnv(req), Interpreter: python, LeftOut: t.LeftOut}
	if !python.Exact {
		a.Notes = append(a.Notes, fmt.Sprintf("%s runs Python %s, which isn't on this machine: built with Python %s",
			req.Runtime, python.Wanted, python.Version))
	}
	deps, reused, err := p.dependencies(ctx, req, inputs, python)
	if err != nil {
		return nil, err
	}
	a.Reused = reused
	err = assemble(ctx, req, t, func(dir string) error {
		return linkTree(ctx, deps, filepath.Join(dir, filepath.FromSlash(dependencyDir(req))))
	})
	if err != nil {
		return nil, err
	}
	if err := writeEnv(req.ArtifactDir, a.Env); err != nil {
		return nil, err
	}
	s := stamp{Source: t.print, Inputs: inputs, Interpreter: python}
	if !t.settled {
		s.Source = ""
	}
	return a, s.write(req.ArtifactDir)
}

// dependencyDir is where in the artifact the dependencies are.
func dependencyDir(req Request) string {
	if req.Legacy {
		return ".s/python"
	}
	return "python"
}

// pythonEnv is what lets Python and the shell find the dependencies.
func pythonEnv(req Request) map[string]string {
	dir := path.Join(codeDir, dependencyDir(req))
	search := dir + "/bin:"
	if rt, _ := fc.LookupRuntime(req.Runtime); rt.Custom {
		// The images of custom runtimes keep their interpreters there, off the
		// PATH.
		search += "/var/fc/lang/python" + rt.Interpreter + "/bin:"
	}
	env := map[string]string{"PATH": search + systemPath}
	if req.Legacy {
		env["PYTHONUSERBASE"] = dir
	} else {
		env["PYTHONPATH"] = dir
	}
	return env
}

// dependencies gives the folder with the installed dependencies: from the cache
// if the same were installed before.
func (p *Python) dependencies(ctx context.Context, req Request, inputs string, python toolchain.Interpreter) (string, bool, error) {
	sum := sha256.Sum256([]byte(inputs + "\n" + python.Version + "\n" + python.Path))
	dir := filepath.Join(req.CacheDir, hex.EncodeToString(sum[:12]))
	if _, err := os.Stat(dir); err == nil && !req.Fresh {
		return dir, true, nil
	}
	scratch, err := stage(dir)
	if err != nil {
		return "", false, err
	}
	defer os.RemoveAll(scratch)
	pip := &pip{python: python, environ: p.Environ, scratch: scratch, req: req}
	out, err := pip.install(ctx)
	if err != nil {
		return "", false, err
	}
	if err := os.RemoveAll(dir); err != nil { // there only if Fresh
		return "", false, err
	}
	if err := os.Rename(out, dir); err != nil {
		return "", false, err
	}
	return dir, false, prune(req.CacheDir, dir)
}

// cacheEntries is how many sets of dependencies are kept.
const cacheEntries = 10

// prune removes the oldest sets of dependencies.
func prune(cacheDir, keep string) error {
	entries, err := os.ReadDir(cacheDir)
	if err != nil {
		return err
	}
	type set struct {
		path string
		made int64
	}
	var sets []set
	for _, e := range entries {
		info, err := e.Info()
		full := filepath.Join(cacheDir, e.Name())
		if err == nil && e.IsDir() && full != keep {
			sets = append(sets, set{full, info.ModTime().UnixNano()})
		}
	}
	slices.SortFunc(sets, func(a, b set) int { return int(min(1, max(-1, b.made-a.made))) })
	for i := cacheEntries - 1; i < len(sets); i++ {
		err = errors.Join(err, os.RemoveAll(sets[i].path))
	}
	return err
}
