// Package build turns a function's source into what FC can run. A builder per
// language makes its part of it (installed dependencies, a compiled program);
// the rest is the same for all and is here: what is up to date stays, what was
// made before comes from the cache, the source tree is never written to, and an
// artifact appears complete or not at all.
package build

import (
	"context"
	"io"
	"maps"
	"os"
	"path"
	"slices"

	"s/pkg/bundle"
	"s/pkg/debug"
	"s/pkg/diag"
)

// Request is one function to build.
type Request struct {
	Name    string // for messages: the resource's name
	Runtime string // fc runtime name
	// Handler is the function's handler, of managed runtimes.
	Handler string
	// Command is how a custom runtime is started, program and arguments.
	Command []string
	// SourceDir is the absolute path of the code as s.yaml names it. It may be
	// an archive or program that only the build makes: see Folder.
	SourceDir string
	// Image is the name of a custom container's image.
	Image string
	// ProjectDir is the absolute folder of s.yaml.
	ProjectDir  string
	ArtifactDir string // absolute folder to make: .s/build/artifacts/<name>
	// Legacy chooses the layout of edition 1.0.0: dependencies under
	// .s/python; else under python.
	Legacy bool
	// Platform is what the function will run on; empty is linux/amd64.
	Platform Platform
	// Log gets the output of the tools; nil drops it.
	Log io.Writer
	// CacheDir keeps what was made for the next builds, of all projects. Empty
	// keeps nothing.
	CacheDir string
	// Fresh makes everything anew even if the cache has it.
	Fresh bool
	// Debug gives the log that is told of tools that are started; nil, or one
	// that gives nil, tells nobody.
	Debug func() *debug.Log
	// Step is told what is being done, for a person who waits; nil tells nobody.
	Step func(diag.Message)
	// AsBefore takes the options of the build that made the artifact there is:
	// deploy wants it as the user had it built.
	AsBefore bool
	Options
}

// Options are what the user asks of a build beyond what s.yaml says; they are
// the flags of the build command.
type Options struct {
	// Args are added to the command line of the tool that installs
	// dependencies (--custom-args).
	Args []string
	// Env are variables for the tools (--custom-env).
	Env map[string]string
	// Shell is a line for the shell that builds instead of the builders that
	// the source would choose (--command); Script is the absolute path of a
	// file with such lines (--script-file).
	Shell, Script string
	// Dockerfile is the absolute path of the file that an image is built from,
	// Context that of the folder it may copy from; empty are Dockerfile in the
	// code's folder, and that folder.
	Dockerfile, Context string
	// Buildkit has images built by buildctl.
	Buildkit bool
	// NoDefaultIgnore takes what is left out of the code by default, too
	// (--no-default-ignore); not what s itself keeps in .s.
	NoDefaultIgnore bool
	// Container is where the tools run; nil is this machine.
	Container *Container
}

// Tool tells of a program that is started outside of a Job, see debug.Log.Tool.
func (r *Request) Tool(argv []string) (ended func(error)) {
	if r.Debug == nil {
		return func(error) {}
	}
	return r.Debug().Tool(argv)
}

// doing tells what is being done.
func (r *Request) doing(step diag.Message) {
	if r.Step != nil {
		r.Step(step)
	}
}

// Folder reports whether the code is a folder; an archive is taken as it is.
func (r *Request) Folder() bool {
	info, err := os.Stat(r.SourceDir)
	return err == nil && info.IsDir()
}

// Platform is an operating system and processor as Go names them: linux/amd64.
type Platform string

// DefaultPlatform is what Function Compute runs.
const DefaultPlatform Platform = "linux/amd64"

// Target is the platform asked for.
func (r *Request) Target() Platform {
	if r.Platform == "" {
		return DefaultPlatform
	}
	return r.Platform
}

// Tool is a program that a build works with.
type Tool struct {
	Name    string `json:"name"`    // as messages show it: Python, npm, Maven
	Version string `json:"version"` // 3.10.13
	Path    string `json:"path"`    // absolute; a name for one in a container
	// Exact is false for one that stands in for Wanted, a version that isn't
	// on this machine.
	Exact  bool   `json:"exact"`
	Wanted string `json:"wanted,omitempty"`
	// Crosses is set for one that makes what Wanted would have made, whatever
	// its own version: nothing to warn of.
	Crosses bool `json:"crosses,omitempty"`
}

// List says which file tells a part's dependencies.
type List struct {
	Used string
	// Unread are others that are there, too, which it goes before.
	Unread []string
}

// Artifact is what a build made.
type Artifact struct {
	Dir string
	// Archive is the path of the one file in Dir that is the code as it is: a
	// jar that the build made. Empty if the code is what Dir holds.
	Archive string
	// Env is what the function needs to find its dependencies, in terms of
	// /code: PATH, PYTHONPATH, NODE_PATH, ... deploy and local apply it under
	// the user's own variables.
	Env map[string]string
	// Reused is true if no tool had to be run: all was in the cache.
	Reused bool
	// Unchanged is true if the artifact of the last build was still right, so
	// that nothing was copied either.
	Unchanged bool
	// Dependencies are the folders in Dir, relative with slashes, that have what
	// was installed beside the code.
	Dependencies []string
	// Tools are what it was made with.
	Tools []Tool
	// LeftOut is what the default rules kept out of the copy of the source, for
	// the user to hear; empty if nothing was copied.
	LeftOut []string
	// Lists are those of dependencies that have others beside them.
	Lists []List
	// TooNew are files that don't load in the function's image, for the user to
	// hear; empty if nothing was copied.
	TooNew []TooNew
}

// Builder knows one language or tool.
type Builder interface {
	// Name is that of the builder's folder: python.
	Name() string
	// Plan looks at the source and gives what there is to do, nil if nothing.
	// It starts no program.
	Plan(req Request) (*Plan, error)
	// Tools finds what Make will need, the one that names the result first. Its
	// errors tell what is missing: *toolchain.NotFoundError.
	Tools(ctx context.Context, req Request) ([]Tool, error)
	// Make fills the empty folder job.Out with what goes into the artifact's
	// folder plan.Into. A tool that fails is a *BuildError, as job.Run gives it.
	Make(ctx context.Context, job *Job) error
}

// Plan is what a builder would do for a function.
type Plan struct {
	// Inputs sums up all that decides the result besides the tools and the
	// source: lists of dependencies, settings of the tools, runtime, layout, the
	// builder's own version.
	Inputs string
	// Alone is set if this is all there is to do, whatever others would plan.
	Alone bool
	// Compiles is set if the whole source decides the result, too. Then Make
	// works in job.Work, a copy of the folder Root.
	Compiles bool
	// Root is the absolute folder to copy for a builder that compiles; empty is
	// the code's own.
	Root string
	// NoEnvFiles keeps .env* from the copy, too, for a builder whose result may
	// have them where they can't be found: in an image, in a jar.
	NoEnvFiles bool
	// Skip tells what of Root isn't read, by its path relative to Root with
	// slashes: outputs of former builds. A folder is skipped with all it has. Nil
	// skips nothing.
	Skip func(path string) bool
	// Leave tells what of the code isn't part of it, by its path relative to the
	// code with slashes: what the user's own tools put there and this build makes
	// anew. It isn't even read; a folder with all it has. Nil leaves nothing.
	Leave func(path string) bool
	// Into is where in the artifact the result goes, relative with slashes; "."
	// is the artifact itself.
	Into string
	// Archive is set if Make fills its folder with one file, an archive that is
	// the whole code as it is.
	Archive bool
	// Keep tells which files of the source go into the artifact, by their path
	// relative to the code with slashes; nil takes all.
	Keep func(path string) bool
	// Env is what the function needs to find the result.
	Env Env
	// List is where the dependencies are read from, for the user to hear if
	// there are several.
	List List
}

// Env is what a part of an artifact adds to a function's environment.
type Env struct {
	// Path are folders for PATH, before the system's.
	Path []string
	// Lists are folders for other variables that are lists: PYTHONPATH.
	Lists map[string][]string
	// Vars are set as they are.
	Vars map[string]string
}

// Builders are all that is known to build, in the order they are asked.
type Builders []Builder

// part is a builder with what it plans.
type part struct {
	Builder
	plan *Plan
}

// plans asks all builders. Code that isn't there, and that no builder makes, is
// an error.
func (bs Builders) plans(req Request) ([]part, error) {
	req = req.asBefore()
	var parts []part
	for _, b := range bs {
		plan, err := b.Plan(req)
		if err != nil {
			return nil, err
		}
		if plan == nil {
			continue
		}
		if plan.Alone {
			return []part{{b, plan}}, nil
		}
		parts = append(parts, part{b, plan})
	}
	if len(parts) == 0 && req.Image == "" {
		if _, err := os.Stat(req.SourceDir); err != nil {
			return nil, diag.Errorf("the code of %s isn't there: %w", req.Name, err)
		}
	}
	return parts, nil
}

// Needed reports whether the code needs a build; else it runs as it is.
func (bs Builders) Needed(req Request) (bool, error) {
	parts, err := bs.plans(req)
	return len(parts) > 0, err
}

// UpToDate reports whether the artifact is what a build would make now. It
// reads names, sizes and times of the source, and starts no program.
func (bs Builders) UpToDate(ctx context.Context, req Request) (bool, error) {
	parts, err := bs.plans(req)
	if err != nil || len(parts) == 0 {
		return false, err
	}
	trees, err := readTrees(ctx, req, parts)
	if err != nil {
		return false, err
	}
	return readStamp(req.ArtifactDir).current(req.ArtifactDir, trees.print(), inputsOf(parts)), nil
}

// Fingerprint sums up all that a build of the source as it is now would depend
// on, but the tools: two that are equal are two builds that give the same. It is
// empty for code that needs no build. It starts no program.
func (bs Builders) Fingerprint(ctx context.Context, req Request) (string, error) {
	parts, err := bs.plans(req)
	if err != nil || len(parts) == 0 {
		return "", err
	}
	trees, err := readTrees(ctx, req, parts)
	if err != nil {
		return "", err
	}
	return inputsOf(parts) + trees.print(), nil
}

// environment joins what the parts add.
func environment(parts []part) map[string]string {
	var path []string
	lists := map[string][]string{}
	env := map[string]string{}
	for _, p := range parts {
		path = append(path, p.plan.Env.Path...)
		for name, folders := range p.plan.Env.Lists {
			lists[name] = append(lists[name], folders...)
		}
		maps.Copy(env, p.plan.Env.Vars)
	}
	for name, folders := range lists {
		env[name] = joinList(folders)
	}
	if len(path) > 0 {
		env["PATH"] = joinList(append(path, SystemPath))
	}
	return env
}

// listsOf gives the lists of dependencies that have others beside them.
func listsOf(parts []part) []List {
	var lists []List
	for _, p := range parts {
		if len(p.plan.List.Unread) > 0 {
			lists = append(lists, p.plan.List)
		}
	}
	return lists
}

// leave joins what the parts say isn't part of the code.
func leave(parts []part) func(string) bool {
	return func(path string) bool {
		return slices.ContainsFunc(parts, func(p part) bool { return p.plan.Leave != nil && p.plan.Leave(path) })
	}
}

// keep joins what the parts say of the source's files. The rules of .fcignore
// were applied by the listing and stay out: they are about the source, not about
// what is installed beside its copy.
func keep(parts []part) func(string) bool {
	return func(name string) bool {
		return path.Base(name) != bundle.IgnoreFile && !slices.ContainsFunc(parts, func(p part) bool { return p.plan.Keep != nil && !p.plan.Keep(name) })
	}
}
