// Package shell builds by a line or script of the user's: what is in the copy of
// the code when it has run is the artifact.
package shell

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"

	"s/pkg/build"
	"s/pkg/diag"
	"s/pkg/fc"
)

// builderVersion changes when the same script would come out different.
const builderVersion = "1"

// Builder runs what the options Shell and Script say.
type Builder struct {
	// Environ is the environment of the script, as os.Environ gives it.
	Environ []string
}

var _ build.InContainer = (*Builder)(nil)

// Name is that of this folder.
func (*Builder) Name() string { return "shell" }

// Plan runs the script, if there is one, and nothing else. The environment lets
// the function find what a script installs where the peer's builds put it.
func (b *Builder) Plan(req build.Request) (*build.Plan, error) {
	if req.Shell == "" && req.Script == "" {
		return nil, nil
	}
	if req.Shell != "" && req.Script != "" {
		return nil, diag.Errorf("--command and --script-file can't be used together")
	}
	if rt, ok := fc.LookupRuntime(req.Runtime); !ok {
		return nil, &build.UnknownRuntimeError{Runtime: req.Runtime}
	} else if rt.Container {
		return nil, nil
	}
	if !req.Folder() {
		return nil, diag.Errorf("code %s is no folder to run a script in", req.SourceDir)
	}
	text, err := script(req)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(builderVersion + "\n" + text))
	return &build.Plan{
		Inputs: hex.EncodeToString(sum[:]), Alone: true, Compiles: true, Into: ".",
		Keep: func(string) bool { return false }, // the copy that the script worked on has all
		Env: build.Env{
			Path: []string{build.CodeDir + "/python/bin", build.CodeDir + "/node_modules/.bin"},
			Lists: map[string][]string{
				"PYTHONPATH": {build.CodeDir + "/python"}, "NODE_PATH": {build.CodeDir + "/node_modules"},
			},
		},
	}, nil
}

// script is what to run.
func script(req build.Request) (string, error) {
	if req.Shell != "" {
		return req.Shell, nil
	}
	data, err := os.ReadFile(req.Script)
	if err != nil {
		return "", diag.Errorf("--script-file: %w", err)
	}
	return string(data), nil
}

// Tools finds the shell.
func (*Builder) Tools(context.Context, build.Request) ([]build.Tool, error) {
	path, err := exec.LookPath("sh")
	if err != nil {
		return nil, &build.HelpError{Err: diag.Errorf("no sh on the PATH to run the script with"), Help: "s build --use-docker"}
	}
	return []build.Tool{{Name: "sh", Path: path, Exact: true}}, nil
}

// ContainerTools names the image's shell.
func (*Builder) ContainerTools(build.Request) []build.Tool {
	return []build.Tool{{Name: "sh", Path: "/bin/sh"}}
}

// Make runs the script in the copy of the code.
func (b *Builder) Make(ctx context.Context, job *build.Job) error {
	text, err := script(job.Request)
	if err != nil {
		return err
	}
	file := filepath.Join(job.Scratch, "script.sh")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	what := "--command"
	if job.Script != "" {
		what = filepath.Base(job.Script)
	}
	err = job.Run(ctx, build.Command{
		Argv: append([]string{job.Tools[0].Path, "-e", file}, job.Args...), What: what, Dir: job.Work, Env: job.Environ(b.Environ, nil),
	})
	if err != nil {
		return err
	}
	return build.Move(job.Work, job.Out)
}
