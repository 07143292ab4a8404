// Package golang compiles Go code to a static program for Linux with the go
// command of this machine; modules and compiled packages are kept where the user
// has them.
package golang

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"

	"s/pkg/build"
	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/toolchain"
)

// builderVersion changes when the same source would come out different.
const builderVersion = "1"

// askTimeout is how long go may take to tell its version.
const askTimeout = 30 * time.Second

// Builder compiles modules.
type Builder struct {
	Finder *toolchain.Finder
	// Environ is the environment of the go command, as os.Environ gives it: the
	// user's proxies, flags and folders are in it.
	Environ []string
}

var _ build.InContainer = (*Builder)(nil)

// Name is that of this folder.
func (*Builder) Name() string { return "golang" }

// Plan finds a main package for go1, or for a custom runtime whose command is a
// program of the code. It returns a *build.UnknownRuntimeError for a runtime
// that isn't known, and a *NoMainError in a *build.HelpError for a function that
// has a module and no program.
func (b *Builder) Plan(req build.Request) (*build.Plan, error) {
	m, t, err := b.find(&req)
	if err != nil || t == nil {
		return nil, err
	}
	inputs, err := b.inputs(req, m, t)
	if err != nil {
		return nil, err
	}
	program := filepath.Join(req.SourceDir, filepath.FromSlash(t.out)) // of a build of the user's
	return &build.Plan{
		Inputs: inputs, Compiles: true, Root: m.root, Into: ".",
		Skip: func(path string) bool {
			return skip(path) || !m.counts(path) || req.NotSource(m.root, path) || filepath.Join(m.root, filepath.FromSlash(path)) == program
		},
		Leave: func(path string) bool { return path == t.out },
		Keep:  keep(req),
	}, nil
}

// find gives the module and what to compile, nil if nothing. It makes the
// folders of the request those that the system knows them by.
func (b *Builder) find(req *build.Request) (*module, *target, error) {
	rt, known := fc.LookupRuntime(req.Runtime)
	if !known {
		return nil, nil, &build.UnknownRuntimeError{Runtime: req.Runtime}
	}
	if rt.Container || rt.Language != "go" && !rt.Custom {
		return nil, nil, nil
	}
	if _, err := os.Stat(req.SourceDir); err == nil && !req.Folder() {
		return nil, nil, nil // an archive
	}
	out, ok := program(*req)
	if !ok {
		return nil, nil, nil
	}
	req.SourceDir, req.ProjectDir = resolve(req.SourceDir), resolve(req.ProjectDir)
	// A module above the folder of s.yaml has code of its own folder alone.
	dir, ok := above(req.SourceDir, modFile)
	if !ok || rt.Custom && !inside(req.ProjectDir, dir) && !hasGo(req.SourceDir) {
		return nil, nil, nil
	}
	m, err := readModule(dir, b.setting("GOWORK"))
	if err != nil {
		return nil, nil, err
	}
	t, err := m.find(*req, out)
	return m, t, err
}

// resolve follows the symbolic links of a path as far as it is there.
func resolve(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	parent := filepath.Dir(path)
	if parent == path {
		return path
	}
	return filepath.Join(resolve(parent), filepath.Base(path))
}

// skip tells what of a module's folder no Go build reads.
func skip(p string) bool {
	for part := range strings.SplitSeq(p, "/") {
		if part == "node_modules" {
			return true
		}
	}
	return false
}

// keep tells which files of the code a program may want to read when it runs.
func keep(req build.Request) func(string) bool {
	_, err := os.Stat(filepath.Join(req.SourceDir, "vendor", "modules.txt"))
	vendored := err == nil
	return func(p string) bool {
		switch path.Base(p) {
		case modFile, "go.sum", workFile, workFile + ".sum":
			return false
		}
		if vendored && strings.HasPrefix(p, "vendor/") || path.Ext(p) == ".go" {
			return false
		}
		return !strings.HasPrefix(p, "testdata/") && !strings.Contains(p, "/testdata/")
	}
}

// inputs sums up what decides the program besides the source and the compiler.
func (b *Builder) inputs(req build.Request, m *module, t *target) (string, error) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s %s %q %q %q\n", builderVersion, req.Target(), shorten(m.root, m.dir), shorten(m.root, t.pkg), t.out)
	for _, name := range []string{
		"GOFLAGS", "GOEXPERIMENT", "GOAMD64", "GOARM64", "GOTOOLCHAIN", "GOFIPS140", "GODEBUG", "GOWORK",
	} {
		fmt.Fprintf(sum, "%s=%q\n", name, b.setting(name))
	}
	err := m.sumOutside(sum)
	return hex.EncodeToString(sum.Sum(nil)), err
}

// Tools finds the go command and makes sure that it is new enough.
func (b *Builder) Tools(ctx context.Context, req build.Request) ([]build.Tool, error) {
	m, t, err := b.find(&req)
	if err != nil || t == nil {
		return nil, err
	}
	wanted := m.version
	if wanted == "" {
		wanted = "1.16"
	}
	install := diag.Say("install Go %s or newer: https://go.dev/dl/", wanted)
	folders := b.Finder.GoFolders()
	program := b.Finder.Program("go", folders...)
	if program == "" {
		return nil, &build.HelpError{
			Err:  diag.Errorf("no Go on this machine; looked on PATH and in %s", strings.Join(folders, ", ")),
			Help: install,
		}
	}
	version, toolchain, err := b.ask(ctx, program)
	if err != nil {
		return nil, err
	}
	if compareVersions(version, wanted) < 0 && (toolchain == "local" || compareVersions(version, "1.21") < 0) {
		e := &build.HelpError{
			Err:  diag.Errorf("%s is Go %s, and %s asks for %s", program, version, shorten(req.ProjectDir, filepath.Join(m.dir, modFile)), wanted),
			Help: install,
		}
		if toolchain == "local" {
			e.Help = diag.Say("install Go %s or newer: https://go.dev/dl/; or let go fetch it: GOTOOLCHAIN=auto s build", wanted)
		}
		return nil, e
	}
	return []build.Tool{{Name: "Go", Version: version, Path: program, Exact: true}}, nil
}

// ContainerTools names the image's go command.
func (*Builder) ContainerTools(build.Request) []build.Tool {
	return []build.Tool{{Name: "Go", Path: "go"}}
}

// ask gives the version of a go command and its GOTOOLCHAIN.
func (b *Builder) ask(ctx context.Context, program string) (version, toolchain string, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "env", "GOVERSION", "GOTOOLCHAIN")
	// Its own folder has no go.mod that could choose another version.
	cmd.Dir, cmd.Env = filepath.Dir(program), append(b.Environ, "GOWORK=off")
	ended := b.Finder.Log().Tool(cmd.Args)
	out, err := cmd.Output()
	ended(err)
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return "", "", diag.Errorf("%s env: %w: %s", program, err, strings.TrimSpace(string(exit.Stderr)))
	}
	if err != nil {
		return "", "", diag.Errorf("%s env: %w", program, err)
	}
	lines := strings.Split(strings.ReplaceAll(string(out), "\r\n", "\n"), "\n")
	version, ok := strings.CutPrefix(lines[0], "go")
	if !ok || len(lines) < 2 {
		return "", "", diag.Errorf("%s env: unexpected answer %.80q", program, out)
	}
	version, _, _ = strings.Cut(version, " ") // an experiment may follow
	return version, lines[1], nil
}
