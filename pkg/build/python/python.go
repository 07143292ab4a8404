// Package python installs the dependencies of Python code with the interpreter of
// the function's runtime and its pip.
package python

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strings"

	"s/pkg/build"
	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/toolchain"
)

// builderVersion changes when the same requirements would come out different.
const builderVersion = "3"

// Builder installs what a requirements.txt, a lock file or a pyproject.toml
// lists.
type Builder struct {
	Finder *toolchain.Finder
	// Environ is the environment of pip, as os.Environ gives it: the user's
	// index and proxy settings are in it.
	Environ []string
	// Host is the platform of this machine; empty is what it is.
	Host build.Platform
}

var _ build.InContainer = (*Builder)(nil)

// Name is that of this folder.
func (*Builder) Name() string { return "python" }

// Plan finds something to install for a Python or custom runtime. It returns a
// *build.UnknownRuntimeError for a runtime that isn't known.
func (p *Builder) Plan(req build.Request) (*build.Plan, error) {
	rt, known := fc.LookupRuntime(req.Runtime)
	if !known {
		return nil, &build.UnknownRuntimeError{Runtime: req.Runtime}
	}
	if rt.Container || rt.Language != toolchain.Python && !rt.Custom || !req.Folder() {
		return nil, nil
	}
	l, err := readList(req.SourceDir, targetOf(req))
	if err != nil || l == nil {
		return nil, err
	}
	return &build.Plan{
		Inputs: p.inputs(req, l), Into: dependencyDir(req), Env: pythonEnv(req),
		List: build.List{Used: l.file, Unread: l.over},
	}, nil
}

// inputs sums up what is listed with all files that are referred to, the
// settings of pip in the environment, the target and the layout.
func (p *Builder) inputs(req build.Request, l *list) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%s\n%+v %v\n", builderVersion, l.digest, targetOf(req), req.Legacy)
	for _, kv := range choosingSettings(p.Environ) {
		fmt.Fprintf(sum, "%q\n", kv)
	}
	return hex.EncodeToString(sum.Sum(nil))
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
func wantedPython(req build.Request) string {
	rt, _ := fc.LookupRuntime(req.Runtime)
	if rt.Custom {
		return rt.Interpreter
	}
	return rt.Version
}

// Tools finds the interpreter.
func (p *Builder) Tools(ctx context.Context, req build.Request) ([]build.Tool, error) {
	python, err := p.Finder.FindPython(ctx, wantedPython(req))
	if err != nil {
		return nil, &build.HelpError{Err: build.NotFound(err), Help: diag.Say("pyenv install %s", wantedPython(req))}
	}
	return []build.Tool{{
		Name: "Python", Version: python.Version, Path: python.Path, Exact: python.Exact, Wanted: python.Wanted, Crosses: true,
	}}, nil
}

// ContainerTools names the interpreter of the runtime's image.
func (p *Builder) ContainerTools(req build.Request) []build.Tool {
	return []build.Tool{{Name: "Python", Version: wantedPython(req), Path: "python3"}}
}

// Make installs what is listed. Packages that neither come ready for the
// runtime's Python and platform nor can be made for it here are a
// *build.HelpError of a *NoWheelError.
func (p *Builder) Make(ctx context.Context, job *build.Job) error {
	host := p.Host
	if host == "" {
		host = hostPlatform()
	}
	if job.Container != nil {
		host = job.Target() // the image is that of the runtime
	}
	pip := &pip{
		python: job.Tools[0], environ: p.Environ, job: job, target: targetOf(job.Request), host: host,
		cross: !job.Tools[0].Exact || host != job.Target(),
	}
	return pip.install(ctx)
}

// NoPipError is an interpreter without pip that can't make one either.
type NoPipError struct {
	Python build.Tool
	Err    error // of the attempt to make one
}

// Error names the interpreter.
func (e *NoPipError) Error() string {
	return e.Wording().Error()
}

// Wording is the same in words that can be translated.
func (e *NoPipError) Wording() error {
	return diag.Errorf("python %s at %s has no pip and no ensurepip to make one: %w", e.Python.Version, e.Python.Path, e.Err)
}

// Unwrap gives the error of the attempt.
func (e *NoPipError) Unwrap() error { return e.Err }

// minor is the version without its last number: 3.10.
func minor(version string) string {
	parts := strings.SplitN(version, ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}

// dependencyDir is where in the artifact the dependencies are.
func dependencyDir(req build.Request) string {
	if req.Legacy {
		return ".s/python"
	}
	return "python"
}

// pythonEnv is what lets Python and the shell find the dependencies.
func pythonEnv(req build.Request) build.Env {
	dir := path.Join(build.CodeDir, dependencyDir(req))
	env := build.Env{Path: []string{dir + "/bin"}}
	if rt, _ := fc.LookupRuntime(req.Runtime); rt.Custom {
		// The images of custom runtimes keep their interpreters there, off the
		// PATH.
		env.Path = append(env.Path, "/var/fc/lang/python"+rt.Interpreter+"/bin")
	}
	if req.Legacy {
		env.Vars = map[string]string{"PYTHONUSERBASE": dir}
		// A newer Python that stands in for the runtime's, on a developer's
		// machine, looks for its own version below the user's base.
		env.Lists = map[string][]string{"PYTHONPATH": {dir + "/lib/python" + minor(wantedPython(req)) + "/site-packages"}}
	} else {
		env.Lists = map[string][]string{"PYTHONPATH": {dir}}
	}
	return env
}
