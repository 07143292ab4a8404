// Package dotnet publishes .NET projects.
package dotnet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"s/pkg/build"
	"s/pkg/diag"
	"s/pkg/fc"
)

// builderVersion changes when the same project would come out different.
const builderVersion = "1"

// Builder publishes the project in the code's folder.
type Builder struct {
	// Environ is the environment of dotnet, as os.Environ gives it.
	Environ []string
}

var _ build.InContainer = (*Builder)(nil)

// Name is that of this folder.
func (*Builder) Name() string { return "dotnet" }

// Plan finds one project file in the code's folder, for .NET and custom
// runtimes.
func (*Builder) Plan(req build.Request) (*build.Plan, error) {
	rt, known := fc.LookupRuntime(req.Runtime)
	if !known || rt.Container || rt.Language != "dotnet" && !rt.Custom || !req.Folder() {
		return nil, nil
	}
	project, err := projectFile(req)
	if err != nil || project == "" {
		return nil, err
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{builderVersion, req.Runtime, project}, "\n")))
	return &build.Plan{
		Inputs: hex.EncodeToString(sum[:]), Compiles: true, Skip: output, Into: ".",
		// What of the code belongs to the program is published with it.
		Keep: func(string) bool { return false },
	}, nil
}

// projectFile is the one project of the code's folder, empty if there is none.
func projectFile(req build.Request) (string, error) {
	entries, err := os.ReadDir(req.SourceDir)
	if err != nil {
		return "", err
	}
	var found []string
	for _, e := range entries {
		if slices.Contains([]string{".csproj", ".fsproj", ".vbproj"}, filepath.Ext(e.Name())) && !e.IsDir() {
			found = append(found, e.Name())
		}
	}
	if len(found) > 1 {
		return "", &build.HelpError{
			Err:  diag.Errorf("the code of %s has several projects: %s", req.Name, strings.Join(found, ", ")),
			Help: "set code to a folder with one of them",
		}
	}
	return strings.Join(found, ""), nil
}

// output tells what former builds made.
func output(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return first == "bin" || first == "obj"
}

// Tools finds dotnet.
func (*Builder) Tools(ctx context.Context, req build.Request) ([]build.Tool, error) {
	dotnet, err := exec.LookPath("dotnet")
	if err != nil {
		return nil, &build.HelpError{
			Err:  diag.Errorf("the code is a .NET project, and there is no dotnet on the PATH"),
			Help: "https://dotnet.microsoft.com/download, or s build --use-docker",
		}
	}
	// In the code's folder, where a global.json chooses the version.
	cmd := exec.CommandContext(ctx, dotnet, "--version")
	cmd.Dir = req.SourceDir
	ended := req.Tool(cmd.Args)
	out, err := cmd.Output()
	ended(err)
	if err != nil {
		return nil, diag.Errorf("%s --version: %w", dotnet, err)
	}
	return []build.Tool{{Name: ".NET SDK", Version: strings.TrimSpace(string(out)), Path: dotnet, Exact: true}}, nil
}

// ContainerTools names the image's dotnet.
func (*Builder) ContainerTools(build.Request) []build.Tool {
	return []build.Tool{{Name: ".NET SDK", Path: "dotnet"}}
}

// Make publishes a copy of the project for the platform of the function; the
// runtime's image has the framework.
func (b *Builder) Make(ctx context.Context, job *build.Job) error {
	project, err := projectFile(job.Request)
	if err != nil {
		return err
	}
	id, err := runtimeID(job.Target())
	if err != nil {
		return err
	}
	args := []string{
		job.Tools[0].Path, "publish", project, "-c", "Release", "-r", id, "--self-contained", "false", "-o", job.Out, "--nologo",
	}
	err = job.Run(ctx, build.Command{
		Argv: append(args, job.Args...), What: "dotnet publish", Does: diag.Say("compiling (%s)", "dotnet"), Dir: job.Work, Env: b.environ(job),
	})
	if err != nil {
		return err
	}
	return handler(job)
}

// environ is the user's environment; dotnet prints no greetings and tells
// nobody what it does.
func (b *Builder) environ(job *build.Job) []string {
	return append(job.Environ(b.Environ, nil), "DOTNET_NOLOGO=1", "DOTNET_CLI_TELEMETRY_OPTOUT=1", "DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1",
		"MSBUILDDISABLENODEREUSE=1", "UseSharedCompilation=false") // else its servers stay
}

// runtimeID is a platform as .NET names it.
func runtimeID(p build.Platform) (string, error) {
	switch p {
	case "linux/amd64":
		return "linux-x64", nil
	case "linux/arm64":
		return "linux-arm64", nil
	}
	return "", diag.Errorf("no .NET runtime identifier is known for %s", p)
}

// handler checks that the assembly that a managed function's handler names
// (assembly::namespace.class::method) was made.
func handler(job *build.Job) error {
	rt, _ := fc.LookupRuntime(job.Runtime)
	assembly, _, named := strings.Cut(job.Handler, "::")
	if rt.Custom || !named {
		return nil
	}
	if _, err := os.Stat(filepath.Join(job.Out, assembly+".dll")); err == nil {
		return nil
	}
	made, err := filepath.Glob(filepath.Join(job.Out, "*.dll"))
	if err != nil {
		return err
	}
	for i, file := range made {
		made[i] = strings.TrimSuffix(path.Base(filepath.ToSlash(file)), ".dll")
	}
	return &build.HelpError{
		Err:  diag.Errorf("build %s: the handler %s is in the assembly %s, which the project doesn't make; it makes %s", job.Name, job.Handler, assembly, strings.Join(made, ", ")),
		Help: "set the handler, or AssemblyName in the project",
	}
}
