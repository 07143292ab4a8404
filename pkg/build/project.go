package build

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"s/pkg/bundle"
	"s/pkg/debug"
	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/spec"
)

// artifactsDir is below the folder of s.yaml.
const artifactsDir = ".s/build/artifacts"

// LogsFolder is where builds leave the output of tools, below the folder of s.yaml.
const LogsFolder = ".s/logs"

// ArtifactDir is where the build of a resource goes, whether it is there or
// not: .s/build/artifacts/<resource> beside s.yaml, and <service>/<function>
// instead of the resource's name in edition 1.0.0.
func ArtifactDir(p *spec.Project, r *spec.Resource) string {
	dir := filepath.Join(p.Dir, filepath.FromSlash(artifactsDir))
	if !legacy(p) {
		return filepath.Join(dir, fileName(r.Name))
	}
	service, function := fc.SplitName(r.Function.FunctionName)
	if r.Service != nil {
		service = r.Service.ServiceName
	}
	return filepath.Join(dir, fileName(service), fileName(function))
}

// ImageFile is the file of an artifact that has the image, as `docker save` writes
// it, where the engine that built it has no store of its own.
const ImageFile = "image.tar"

// ImageArchive is the file of the image that the last build of a container wrote;
// empty if it wrote none, because an engine's store has the image.
func ImageArchive(p *spec.Project, r *spec.Resource) string {
	file := filepath.Join(ArtifactDir(p, r), ImageFile)
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() || r.Function.CustomContainerConfig == nil {
		return ""
	}
	return file
}

// LogFile is where the output of the tools goes.
func LogFile(p *spec.Project, r *spec.Resource) string {
	return filepath.Join(p.Dir, filepath.FromSlash(LogsFolder), "build-"+fileName(r.Name)+".log")
}

func legacy(p *spec.Project) bool { return p.Edition == spec.Edition1 }

// fileName keeps a name from leading to another folder.
func fileName(name string) string {
	name = strings.Map(func(c rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, c) || c < ' ' {
			return '_'
		}
		return c
	}, name)
	if name == "" || strings.Trim(name, ".") == "" {
		return "_" + name
	}
	return name
}

// NewRequest is what a build of a resource is asked for.
func NewRequest(p *spec.Project, r *spec.Resource) Request {
	return Request{
		Name:        r.Name,
		Runtime:     r.Function.Runtime,
		SourceDir:   cmp.Or(r.Code.Path, r.Code.Context),
		Image:       image(r),
		ArtifactDir: ArtifactDir(p, r),
		ProjectDir:  p.Dir,
		Handler:     r.Function.Handler,
		Command:     command(r),
		Legacy:      legacy(p),
	}
}

// buildable is false for code that is in OSS.
func buildable(r *spec.Resource) bool {
	return r.Code.Path != "" || r.Function.CustomContainerConfig != nil
}

// image is the name of a custom container's image.
func image(r *spec.Resource) string {
	if c := r.Function.CustomContainerConfig; c != nil {
		return c.Image
	}
	return ""
}

// command is how a custom runtime is started.
func command(r *spec.Resource) []string {
	c := r.Function.CustomRuntimeConfig
	if c == nil {
		return nil
	}
	return slices.Concat(c.Command, c.Args)
}

// ProjectOptions says how to build the resources of a project.
type ProjectOptions struct {
	Builders Builders
	// CacheDir keeps what was made for the next builds, see Request.
	CacheDir string
	// Fresh makes everything anew.
	Fresh bool
	// AsBefore builds with the options of the last build, see Request.
	AsBefore bool
	// Debug is told of tools, see Request.
	Debug func() *debug.Log
	// Step is told what is being done, see Request.
	Step func(diag.Message)
	Options
	// Begin is told when tools start to run, and where their output goes; nil
	// is told nothing.
	Begin func(r *spec.Resource, log string)
	// Done is told of each resource as it is finished; nil is told nothing.
	Done func(Result)
}

// Result is what became of one resource.
type Result struct {
	Resource string
	Runtime  string
	// Artifact is nil if the code runs as it is.
	Artifact *Artifact
	Elapsed  time.Duration
}

// UnknownResourceError is a resource that s.yaml doesn't have.
type UnknownResourceError struct {
	Name string
	Have []string
}

// Error names the resource and those that there are.
func (e *UnknownResourceError) Error() string {
	return e.Wording().Error()
}

// Wording is the same in words that can be translated.
func (e *UnknownResourceError) Wording() error {
	return diag.Errorf("no resource %q in s.yaml, which has %s", e.Name, strings.Join(e.Have, ", "))
}

// Project builds one resource of a project, or with an empty name all of them,
// in order, until one fails. It returns what was built before an error, too.
// Code that needs no build gets no artifact; one of a former build is removed.
func Project(ctx context.Context, p *spec.Project, resource string, opts ProjectOptions) ([]Result, error) {
	todo := p.Resources
	if resource != "" {
		r := p.Find(resource)
		if r == nil {
			e := &UnknownResourceError{Name: resource}
			for _, r := range p.Resources {
				e.Have = append(e.Have, r.Name)
			}
			return nil, e
		}
		todo = []*spec.Resource{r}
	}
	var results []Result
	for _, r := range todo {
		start := time.Now()
		a, err := opts.one(ctx, p, r)
		if err != nil {
			return results, err
		}
		result := Result{Resource: r.Name, Runtime: r.Function.Runtime, Artifact: a, Elapsed: time.Since(start)}
		results = append(results, result)
		if opts.Done != nil {
			opts.Done(result)
		}
	}
	return results, nil
}

func (o *ProjectOptions) one(ctx context.Context, p *spec.Project, r *spec.Resource) (*Artifact, error) {
	if !buildable(r) {
		return nil, nil
	}
	req := NewRequest(p, r)
	req.CacheDir, req.Fresh, req.Options, req.Debug = o.CacheDir, o.Fresh, o.Options, o.Debug
	req.AsBefore, req.Step = o.AsBefore, o.Step
	needed, err := o.Builders.Needed(req)
	if err != nil {
		return nil, diag.Errorf("build %s: %w", r.Name, err)
	}
	if !needed {
		return nil, Remove(req.ArtifactDir)
	}
	log := &logFile{path: LogFile(p, r)}
	if o.Begin != nil {
		log.begin = func() { o.Begin(r, log.path) }
	}
	defer log.close()
	req.Log = log
	a, err := o.Builders.Build(ctx, req)
	var failed *BuildError
	if errors.As(err, &failed) {
		failed.Log = log.name()
	}
	return a, err
}

// logFile is made, anew, when the first is written to it. A log that can't be
// written doesn't fail the build.
type logFile struct {
	path  string
	begin func() // told before the first line
	f     *os.File
	err   error
}

// Write adds to the log.
func (l *logFile) Write(p []byte) (int, error) {
	if l.f == nil && l.err == nil {
		if l.begin != nil {
			l.begin()
		}
		if l.err = os.MkdirAll(filepath.Dir(l.path), 0o755); l.err == nil {
			l.f, l.err = os.OpenFile(l.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		}
	}
	if l.err != nil {
		return 0, l.err
	}
	return l.f.Write(p)
}

// name is the path of the log, empty if there is none.
func (l *logFile) name() string {
	if l.f == nil {
		return ""
	}
	return l.path
}

func (l *logFile) close() {
	if l.f != nil {
		_ = l.f.Close()
	}
}

// Artifacts is the builds of a project as deploy wants to know them.
type Artifacts struct {
	Builders Builders
	CacheDir string
	Debug    func() *debug.Log
	// NoDefaultIgnore is the option of that name, once the command line is read;
	// nil is false.
	NoDefaultIgnore *bool
	// Begin, Done and Debug are those of ProjectOptions.
	Begin func(r *spec.Resource, log string)
	Done  func(Result)
}

// Dir is the artifact folder of a resource, whether it exists or not.
func (a Artifacts) Dir(p *spec.Project, r *spec.Resource) string { return ArtifactDir(p, r) }

// Code is what of a resource's artifact is the code to deploy: its folder, or
// the archive that was built.
func (a Artifacts) Code(p *spec.Project, r *spec.Resource) string { return Code(ArtifactDir(p, r)) }

// Needed reports whether the code can't run without a build.
func (a Artifacts) Needed(p *spec.Project, r *spec.Resource) (bool, error) {
	if !buildable(r) {
		return false, nil
	}
	return a.Builders.Needed(a.request(p, r))
}

// UpToDate reports whether the artifact is what a build would make now.
func (a Artifacts) UpToDate(ctx context.Context, p *spec.Project, r *spec.Resource) (bool, error) {
	return a.Builders.UpToDate(ctx, a.request(p, r))
}

func (a Artifacts) request(p *spec.Project, r *spec.Resource) Request {
	req := NewRequest(p, r)
	req.AsBefore, req.NoDefaultIgnore = true, a.all()
	return req
}

func (a Artifacts) all() bool { return a.NoDefaultIgnore != nil && *a.NoDefaultIgnore }

// Environment gives the variables that an artifact needs.
func (a Artifacts) Environment(dir string) (map[string]string, error) { return Environment(dir) }

// Built reports whether there is an artifact of a build, up to date or not.
func (a Artifacts) Built(p *spec.Project, r *spec.Resource) bool {
	return readStamp(ArtifactDir(p, r)).Inputs != ""
}

// Looker finds the files for other machines than FC's in code that is packed as
// it is, from a folder.
func (a Artifacts) Looker(dir string) bundle.Looker {
	return &archLooker{dir: dir, by: map[string]diag.Message{}}
}

// Image is the file of the image that the last build of a container wrote; see
// ImageArchive.
func (a Artifacts) Image(p *spec.Project, r *spec.Resource) string { return ImageArchive(p, r) }

// MergeEnv puts the user's variables over the artifact's.
func (a Artifacts) MergeEnv(artifact, user map[string]string) map[string]string {
	return MergeEnv(artifact, user)
}

// Build makes the artifact of one resource.
func (a Artifacts) Build(ctx context.Context, p *spec.Project, r *spec.Resource) error {
	_, err := Project(ctx, p, r.Name, ProjectOptions{
		Builders: a.Builders, CacheDir: a.CacheDir, AsBefore: true, Options: Options{NoDefaultIgnore: a.all()},
		Debug: a.Debug, Begin: a.Begin, Done: a.Done,
	})
	return err
}
