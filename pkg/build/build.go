// Package build turns a function's source into the folder that FC can run: its
// dependencies installed beside a copy of the code, the source tree untouched.
// An artifact appears complete or not at all, and nothing is installed again
// that was installed before from the same list of dependencies.
package build

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"s/pkg/toolchain"
)

// Request is one function to build.
type Request struct {
	Name        string // for messages: the resource's name
	Runtime     string // fc runtime name
	SourceDir   string // absolute folder of the code
	ArtifactDir string // absolute folder to make: .s/build/artifacts/<name>
	// Legacy chooses the layout of edition 1.0.0: dependencies under
	// .s/python; else under python.
	Legacy bool
	// Log gets the output of the tools; nil drops it.
	Log io.Writer
	// CacheDir keeps installed dependencies for the next build, one folder per
	// list of dependencies. Empty keeps none.
	CacheDir string
	// Fresh installs the dependencies even if the cache has them.
	Fresh bool
}

// Artifact is what a build made.
type Artifact struct {
	Dir string
	// Env is what the function needs to find its dependencies, in terms of
	// /code: PATH, PYTHONPATH, PYTHONUSERBASE. deploy and local apply it under
	// the user's own variables.
	Env map[string]string
	// Reused is true if nothing had to be installed.
	Reused bool
	// Unchanged is true if the artifact of the last build was still right, so
	// that nothing was copied either.
	Unchanged bool
	// Interpreter is what installed the dependencies and will run them.
	Interpreter toolchain.Interpreter
	// LeftOut is what the default rules kept out of the copy of the source, for
	// the user to hear; empty if nothing was copied.
	LeftOut []string
	// Notes are things the user should hear once, e.g. that a newer
	// interpreter stood in.
	Notes []string
}

// Builder builds functions of one language.
type Builder interface {
	// Detect reports whether the source needs this builder.
	Detect(req Request) (bool, error)
	// Inputs sums up all that decides the artifact besides the source tree:
	// the list of dependencies, the tool's settings, the layout.
	Inputs(req Request) (string, error)
	Build(ctx context.Context, req Request) (*Artifact, error)
}

// Builders are all that is known to build, in the order they are asked.
type Builders []Builder

// Default gives the builders that there are. The environment (as os.Environ
// gives it) is that of the tools they start.
func Default(finder *toolchain.Finder, environ []string) Builders {
	return Builders{&Python{Finder: finder, Environ: environ}}
}

// For gives the builder that the request needs; false if its code runs as it
// is.
func (bs Builders) For(req Request) (Builder, bool, error) {
	if info, err := os.Stat(req.SourceDir); err != nil {
		return nil, false, err
	} else if !info.IsDir() {
		return nil, false, nil // an archive is taken as it is
	}
	for _, b := range bs {
		if ok, err := b.Detect(req); err != nil || ok {
			return b, ok, err
		}
	}
	return nil, false, nil
}

// UpToDate reports whether the artifact is what a build would make now. It
// reads names, sizes and times of the source, and starts no program.
func (bs Builders) UpToDate(ctx context.Context, req Request) (bool, error) {
	b, needed, err := bs.For(req)
	if err != nil || !needed {
		return false, err
	}
	inputs, err := b.Inputs(req)
	if err != nil {
		return false, err
	}
	tree, err := readTree(ctx, req)
	if err != nil {
		return false, err
	}
	return readStamp(req.ArtifactDir).current(req.ArtifactDir, tree.print, inputs), nil
}

// BuildError is a tool that failed.
type BuildError struct {
	Name string   // of the resource
	Tool string   // what was run: pip install
	Tail []string // the last lines of its output
	Log  string   // path of the file with all of it; empty if there is none
	Err  error
}

// Error names the resource and the tool, and quotes the tool's last error line.
func (e *BuildError) Error() string {
	text := fmt.Sprintf("build %s: %s: %v", e.Name, e.Tool, e.Err)
	for _, line := range slices.Backward(e.Tail) {
		if said, ok := strings.CutPrefix(line, "ERROR:"); ok {
			return text + ": " + strings.TrimSpace(said)
		}
	}
	return text
}

// Unwrap gives what the tool ended with.
func (e *BuildError) Unwrap() error { return e.Err }

// UnknownRuntimeError is a runtime that isn't in the table.
type UnknownRuntimeError struct{ Runtime string }

// Error names the runtime.
func (e *UnknownRuntimeError) Error() string { return fmt.Sprintf("unknown runtime %q", e.Runtime) }

// NoPipError is an interpreter without pip that can't make one either.
type NoPipError struct {
	Interpreter toolchain.Interpreter
	Err         error // of the attempt to make one
}

// Error names the interpreter.
func (e *NoPipError) Error() string {
	return fmt.Sprintf("python %s at %s has no pip and no ensurepip to make one: %v",
		e.Interpreter.Version, e.Interpreter.Path, e.Err)
}

// Unwrap gives the error of the attempt.
func (e *NoPipError) Unwrap() error { return e.Err }
