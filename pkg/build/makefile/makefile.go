// Package makefile builds with make: a function's Makefile has a target
// build-<resource> that puts what the function needs into $(ARTIFACTS_DIR).
package makefile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"

	"s/pkg/build"
	"s/pkg/diag"
	"s/pkg/fc"
)

// builderVersion changes when the same Makefile would come out different.
const builderVersion = "1"

// Builder runs the target of a function.
type Builder struct {
	// Environ is the environment of make, as os.Environ gives it.
	Environ []string
}

var _ build.InContainer = (*Builder)(nil)

// Name is that of this folder.
func (*Builder) Name() string { return "makefile" }

// target is what make is asked for: a Makefile without it is the user's own
// affair.
func target(req build.Request) string { return "build-" + req.Name }

// Plan looks for the target in the code's Makefile.
func (*Builder) Plan(req build.Request) (*build.Plan, error) {
	if rt, ok := fc.LookupRuntime(req.Runtime); !ok || rt.Container || !req.Folder() {
		return nil, nil
	}
	for _, name := range []string{"GNUmakefile", "makefile", "Makefile"} { // in make's own order
		text, err := os.ReadFile(filepath.Join(req.SourceDir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if !has(text, target(req)) {
			return nil, nil
		}
		sum := sha256.Sum256(append([]byte(builderVersion+" "+target(req)+"\n"), text...))
		return &build.Plan{
			Inputs: hex.EncodeToString(sum[:]), Alone: true, Compiles: true, Into: ".", Keep: func(string) bool { return false },
		}, nil
	}
	return nil, nil
}

// has reports whether a Makefile has a rule for a target.
func has(text []byte, target string) bool {
	rule := regexp.MustCompile(`(?m)^(?:[^\s:#=]+ +)*` + regexp.QuoteMeta(target) + `(?: +[^\s:#=]+)* *::?(?:[^=]|$)`)
	return rule.Match(text)
}

// Tools finds make.
func (*Builder) Tools(context.Context, build.Request) ([]build.Tool, error) {
	path, err := exec.LookPath("make")
	if err != nil {
		return nil, &build.HelpError{Err: diag.Errorf("the code has a Makefile, and there is no make on the PATH"), Help: "s build --use-docker"}
	}
	return []build.Tool{{Name: "make", Path: path, Exact: true}}, nil
}

// ContainerTools names the image's make.
func (*Builder) ContainerTools(build.Request) []build.Tool {
	return []build.Tool{{Name: "make", Path: "make"}}
}

// Make runs make in a copy of the code.
func (b *Builder) Make(ctx context.Context, job *build.Job) error {
	args := append([]string{job.Tools[0].Path, target(job.Request)}, job.Args...)
	err := job.Run(ctx, build.Command{
		Argv: append(args, "ARTIFACTS_DIR="+job.Out), What: "make " + target(job.Request), Dir: job.Work, Env: job.Environ(b.Environ, nil),
	})
	if err != nil {
		return err
	}
	made, err := os.ReadDir(job.Out)
	if err == nil && len(made) == 0 {
		return &build.HelpError{
			Err:  diag.Errorf("build %s: make %s put nothing into $(ARTIFACTS_DIR)", job.Name, target(job.Request)),
			Help: "cp -r what the function needs to $(ARTIFACTS_DIR) in the target",
		}
	}
	return err
}
