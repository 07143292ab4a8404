// Package build turns a function's source into the folder that FC can run: its
// dependencies installed beside a copy of the code, the source tree untouched.
package build

import (
	"context"
	"io"
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
	// Log gets the output of the tools.
	Log io.Writer
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
	// Notes are things the user should hear once, e.g. that a newer
	// interpreter stood in.
	Notes []string
}

// Builder builds functions of one language.
type Builder interface {
	// Detect reports whether the source needs this builder.
	Detect(req Request) (bool, error)
	Build(ctx context.Context, req Request) (*Artifact, error)
}
