// Package java makes jars with Maven or Gradle, those of the project's wrapper
// first; what they download is kept where the user has it.
package java

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"s/pkg/build"
	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/toolchain"
)

// builderVersion changes when the same source would come out different.
const builderVersion = "1"

// askTimeout is how long Maven or Gradle may take to tell its version.
const askTimeout = 30 * time.Second

// Builder runs Maven or Gradle.
type Builder struct {
	Finder *toolchain.Finder
	// Environ is the environment of the tools, as os.Environ gives it.
	Environ []string
}

var _ build.InContainer = (*Builder)(nil)

// Name is that of this folder.
func (*Builder) Name() string { return "java" }

// Plan finds a project that makes the code of a Java or custom runtime: in the
// folder that the code is, or above one that only a build makes. It returns a
// *build.UnknownRuntimeError for a runtime that isn't known.
func (b *Builder) Plan(req build.Request) (*build.Plan, error) {
	rt, known := fc.LookupRuntime(req.Runtime)
	if !known {
		return nil, &build.UnknownRuntimeError{Runtime: req.Runtime}
	}
	if rt.Container || rt.Language != toolchain.Java && !rt.Custom {
		return nil, nil
	}
	p := findProject(req)
	if p == nil || !p.makes(req.SourceDir, rt.Custom) {
		return nil, nil
	}
	skip := func(path string) bool { return p.isOutput(path) || req.NotSource(p.root, path) }
	if p.dir != req.SourceDir {
		made, err := build.MadeFrom(req.SourceDir, p.root, skip)
		if made || err != nil {
			return nil, err // the user's own build made it, and nothing changed since
		}
	}
	plan := &build.Plan{
		Inputs: b.inputs(p, req, rt), Compiles: true, NoEnvFiles: true, Root: p.root, Skip: skip, Into: ".",
		Archive: p.dir == req.SourceDir && !rt.Custom || p.dir != req.SourceDir && isArchive(req.SourceDir),
		// The copy that the tool worked on has all.
		Keep:  func(string) bool { return false },
		Leave: func(string) bool { return true },
	}
	if p.dir == req.SourceDir {
		plan.Leave = p.isOutputOf(req.SourceDir)
	}
	return plan, nil
}

// isArchive tells by its name what FC takes as code without unpacking it first.
func isArchive(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".jar", ".war", ".zip":
		return true
	}
	return false
}

// inputs sums up what decides the result besides the source and the tools.
func (b *Builder) inputs(p *project, req build.Request, rt fc.Runtime) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s %s %q %q %q %s %v\n", builderVersion, p.tool, p.rel(p.dir), p.rel(p.run), p.rel(req.SourceDir), rt.Version, rt.Custom)
	for _, kv := range b.Environ {
		switch name, _, _ := strings.Cut(kv, "="); name {
		case "MAVEN_ARGS", "MAVEN_CONFIG", "GRADLE_OPTS", "JAVA_TOOL_OPTIONS":
			fmt.Fprintf(sum, "%q\n", kv)
		}
		if strings.HasPrefix(kv, "ORG_GRADLE_PROJECT_") {
			fmt.Fprintf(sum, "%q\n", kv)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// Tools finds the JDK of the runtime (for a custom one, the user's own choice)
// and Maven or Gradle.
func (b *Builder) Tools(ctx context.Context, req build.Request) ([]build.Tool, error) {
	p := findProject(req)
	if p == nil {
		return nil, nil
	}
	rt, _ := fc.LookupRuntime(req.Runtime)
	jdk, err := b.Finder.FindJDK(ctx, rt.Version)
	if err != nil {
		help := diag.Say("install a JDK and set JAVA_HOME to its folder")
		if rt.Version != "" {
			help = diag.Say("install JDK %s or newer and set JAVA_HOME to its folder", rt.Version)
		}
		return nil, &build.HelpError{Err: build.NotFound(err), Help: help}
	}
	tool, err := b.buildTool(ctx, p, req, filepath.Dir(filepath.Dir(jdk.Path)))
	if err != nil {
		return nil, err
	}
	return []build.Tool{
		tool,
		{Name: "Java", Version: jdk.Version, Path: jdk.Path, Exact: jdk.Exact, Wanted: jdk.Wanted},
	}, nil
}

// buildTool is Maven or Gradle: that of the wrapper, else the one on PATH.
func (b *Builder) buildTool(ctx context.Context, p *project, req build.Request, javaHome string) (build.Tool, error) {
	if p.wrapper != "" {
		return build.Tool{Name: p.tool, Version: wrapperVersion(filepath.Dir(p.wrapper), p.tool), Exact: true}, nil
	}
	home := b.Finder.Home
	folders := []string{"/usr/share/maven/bin", "/opt/maven/bin", "/opt/apache-maven*/bin", filepath.Join(home, ".sdkman/candidates/maven/current/bin")}
	name, wrapper, install := "mvn", "mvn wrapper:wrapper", "https://maven.apache.org/install.html"
	if p.tool == gradle {
		folders = []string{"/opt/gradle/bin", "/opt/gradle/gradle-*/bin", "/opt/gradle-*/bin", filepath.Join(home, ".sdkman/candidates/gradle/current/bin")}
		name, wrapper, install = "gradle", "gradle wrapper", "https://gradle.org/install/"
	}
	if b.Finder.System != nil {
		folders = b.Finder.System
	}
	path := b.Finder.Program(name, folders...)
	if path == "" {
		return build.Tool{}, &build.HelpError{
			Err:  diag.Errorf("no %s: %s has no wrapper (%s), and there is no %s on PATH or in %s", p.tool, shorten(req.ProjectDir, p.run), p.wrapperName(), name, strings.Join(folders, ", ")),
			Help: diag.Say("install %s (%s), or give the project a wrapper where it is: %s", p.tool, install, wrapper),
		}
	}
	version := installedVersion(path)
	if version == "" {
		version = b.ask(ctx, path, javaHome)
	}
	return build.Tool{Name: p.tool, Version: version, Path: path, Exact: true}, ctx.Err()
}

// ContainerTools names the image's tools.
func (*Builder) ContainerTools(req build.Request) []build.Tool {
	tool := build.Tool{Name: maven, Path: "mvn"}
	if p := findProject(req); p != nil && p.tool == gradle {
		tool = build.Tool{Name: gradle, Path: "gradle"}
	}
	return []build.Tool{tool, {Name: "Java", Path: "java"}}
}

// Make runs the tool in the copy of the project and takes from there what the
// code names.
func (b *Builder) Make(ctx context.Context, job *build.Job) error {
	p := findProject(job.Request)
	if p == nil {
		return diag.Errorf("the project changed while it was built: build again")
	}
	argv := p.argv(job)
	err := job.Run(ctx, build.Command{
		Argv: argv, Shown: shown(argv, job.Work), What: p.tool, Does: diag.Say("compiling (%s)", p.tool), Dir: filepath.Join(job.Work, p.rel(p.run)), Env: b.environ(job),
	})
	if failed := (*build.BuildError)(nil); errors.As(err, &failed) {
		failed.Said = said(failed.Tail)
	}
	if err != nil {
		return err
	}
	if err := p.collect(ctx, job); err != nil {
		return diag.Errorf("build %s: %w", job.Name, err)
	}
	return nil
}

// shown leaves the copy's folder out of a command line.
func shown(argv []string, work string) []string {
	out := slices.Clone(argv)
	for i := range out {
		out[i] = strings.TrimPrefix(out[i], work+string(filepath.Separator))
	}
	return out
}

// environ is the environment of the tools: the JDK is the one that was found.
func (b *Builder) environ(job *build.Job) []string {
	environ := slices.Clone(b.Environ)
	if jdk := job.Tools[1]; filepath.IsAbs(jdk.Path) {
		bin := filepath.Dir(jdk.Path)
		search := ""
		environ = slices.DeleteFunc(environ, func(kv string) bool {
			name, value, _ := strings.Cut(kv, "=")
			if name == "PATH" {
				search = string(os.PathListSeparator) + value
			}
			return name == "PATH" || name == "JAVA_HOME"
		})
		environ = append(environ, "JAVA_HOME="+filepath.Dir(bin), "PATH="+bin+search)
	}
	return job.Environ(environ, func(name string) bool {
		return name == "MAVEN_BASEDIR" || name == "MAVEN_PROJECTBASEDIR" || name == "PWD"
	})
}
