// Package image builds the image of a custom container from its Dockerfile.
package image

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"s/pkg/build"
	"s/pkg/diag"
	"s/pkg/fc"
)

// builderVersion changes when the same Dockerfile would be built in another way.
const builderVersion = "1"

// idFile of an artifact has the image's id in the engine that built it. Of
// buildctl, which has no store of its own, build.ImageFile is there instead.
const idFile = "image-id"

// Builder builds with the engine that is there.
type Builder struct {
	// Environ is the environment of the engine's program, as os.Environ gives it.
	Environ []string
	// Engine finds the path of the program of an engine that answers, empty if
	// there is none; buildkit asks for buildctl.
	Engine func(ctx context.Context, buildkit bool) string
}

var _ build.Builder = (*Builder)(nil)

// Name is that of this folder.
func (*Builder) Name() string { return "image" }

// Plan finds the Dockerfile of a custom container. An image without one is the
// user's own to build.
func (b *Builder) Plan(req build.Request) (*build.Plan, error) {
	rt, known := fc.LookupRuntime(req.Runtime)
	if !known || !rt.Container {
		return nil, nil
	}
	folder, file, err := places(req)
	if err != nil || file == "" {
		return nil, err
	}
	if req.Image == "" {
		return nil, &build.HelpError{
			Err:  diag.Errorf("build %s: no name for the image of %s", req.Name, file),
			Help: "set customContainerConfig.image",
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%s\n%s\n%v\n%s", builderVersion, req.Image, folder, req.Buildkit, text)
	return &build.Plan{
		Inputs: hex.EncodeToString(sum.Sum(nil)), Alone: true, Compiles: true, NoEnvFiles: true, Root: folder, Into: ".",
		Keep: func(string) bool { return false },
	}, nil
}

// places gives the folder that is sent to the engine and the Dockerfile, empty
// if there is none. Those that the user names must be there.
func places(req build.Request) (folder, file string, err error) {
	folder = cmp.Or(req.Context, req.SourceDir)
	if folder == "" {
		folder = req.ProjectDir
	}
	if req.Context != "" {
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			return "", "", diag.Errorf("--context: %s is no folder", folder)
		}
	}
	if req.Dockerfile != "" {
		if _, err := os.Stat(req.Dockerfile); err != nil {
			return "", "", diag.Errorf("--dockerfile: %w", err)
		}
		return folder, req.Dockerfile, nil
	}
	if req.SourceDir == "" {
		return "", "", nil
	}
	file = filepath.Join(req.SourceDir, "Dockerfile")
	if _, err := os.Stat(file); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return "", "", nil
		}
		return "", "", err
	}
	return folder, file, nil
}

// Tools finds the engine.
func (b *Builder) Tools(ctx context.Context, req build.Request) ([]build.Tool, error) {
	engine := b.Engine(ctx, req.Buildkit)
	if engine == "" {
		err := diag.Errorf("no Docker or Podman engine answers, and the image of %s needs one to be built", req.Name)
		if req.Buildkit {
			err = diag.Errorf("no BuildKit answers (buildctl), and the image of %s needs one to be built", req.Name)
		}
		return nil, &build.HelpError{
			Err:  err,
			Help: "start one, or build the image elsewhere and push it",
		}
	}
	return []build.Tool{{Name: strings.TrimSuffix(filepath.Base(engine), ".exe"), Path: engine, Exact: true}}, nil
}

// Make builds the image from a copy of the folder.
func (b *Builder) Make(ctx context.Context, job *build.Job) error {
	_, file, err := places(job.Request)
	if err != nil {
		return err
	}
	dockerfile, err := copied(job, file)
	if err != nil {
		return err
	}
	engine := job.Tools[0].Path
	argv := engineArgs(job, engine, dockerfile)
	if job.Fresh {
		argv = append(argv, "--no-cache")
	}
	argv = append(argv, job.Args...)
	if job.Tools[0].Name != "buildctl" {
		argv = append(argv, job.Work)
	}
	return job.Run(ctx, build.Command{
		Argv: argv, What: job.Tools[0].Name + " build", Does: diag.Say("building the image (%s)", job.Tools[0].Name), Dir: job.Work, Env: job.Environ(b.Environ, nil),
	})
}

// copied is the Dockerfile in the copy of the folder, or a copy of one that
// isn't in the folder.
func copied(job *build.Job, file string) (string, error) {
	if rel, err := filepath.Rel(job.Plan.Root, file); err == nil && filepath.IsLocal(rel) {
		return filepath.Join(job.Work, rel), nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	to := filepath.Join(job.Scratch, "Dockerfile")
	return to, os.WriteFile(to, text, 0o600)
}

// engineArgs is the command line, less the folder.
func engineArgs(job *build.Job, engine, dockerfile string) []string {
	if job.Tools[0].Name == "buildctl" {
		return []string{
			engine, "build", "--frontend", "dockerfile.v0", "--local", "context=" + job.Work,
			"--local", "dockerfile=" + filepath.Dir(dockerfile), "--opt", "filename=" + filepath.Base(dockerfile),
			"--opt", "platform=" + string(job.Target()),
			"--output", "type=docker,name=" + job.Image + ",dest=" + filepath.Join(job.Out, build.ImageFile),
		}
	}
	return []string{
		engine, "build", "--platform", string(job.Target()), "-t", job.Image, "-f", dockerfile, "--iidfile", filepath.Join(job.Out, idFile),
	}
}

// Engine finds the first of docker and podman that answers within the context's
// time, or with buildkit, buildctl. run runs a program and tells whether it went
// well.
func Engine(ctx context.Context, buildkit bool, run func(ctx context.Context, argv []string) error) string {
	asks := [][]string{{"docker", "info"}, {"podman", "info"}}
	if buildkit {
		asks = [][]string{{"buildctl", "debug", "info"}}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make([]chan string, len(asks))
	for i, ask := range asks {
		answers[i] = make(chan string, 1)
		go func() {
			path, err := exec.LookPath(ask[0])
			if err == nil {
				err = run(ctx, append([]string{path}, ask[1:]...))
			}
			if err != nil {
				path = ""
			}
			answers[i] <- path
		}()
	}
	found := ""
	for _, answer := range answers {
		if path := <-answer; path != "" && found == "" {
			found = path
			cancel() // the others needn't answer any more
		}
	}
	return found
}
