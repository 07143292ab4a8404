// Package nodejs installs the dependencies of JavaScript and TypeScript code with
// npm, pnpm or yarn, and runs the project's own build script. An artifact gets
// the packages that the code needs to run, as files.
package nodejs

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"s/pkg/build"
	"s/pkg/fc"
	"s/pkg/toolchain"
)

// builderVersion changes when the same lists would come out different.
const builderVersion = "1"

// customNode is the Node.js in the images of custom runtimes on Debian 10 to 12,
// which keep it in /var/fc/lang, off the PATH (documentation of custom runtimes).
const customNode = "20"

// Builder installs what a package.json lists, and builds.
type Builder struct {
	Finder *toolchain.Finder
	// Environ is the environment of the tools, as os.Environ gives it: the user's
	// registry and proxy settings are in it.
	Environ []string
	// Host is the platform that packages run on here; empty is this machine's.
	Host build.Platform
}

var _ build.InContainer = (*Builder)(nil)

// Name is that of this folder.
func (*Builder) Name() string { return "nodejs" }

// Plan finds something to install or to build for a Node.js or custom runtime.
// It returns a *build.UnknownRuntimeError for a runtime that isn't known, and a
// *build.HelpError for packages that are outside of the project.
func (b *Builder) Plan(req build.Request) (*build.Plan, error) {
	rt, known := fc.LookupRuntime(req.Runtime)
	if !known {
		return nil, &build.UnknownRuntimeError{Runtime: req.Runtime}
	}
	if rt.Container || rt.Language != toolchain.Node && !rt.Custom || !req.Folder() {
		return nil, nil
	}
	p, err := readProject(req)
	if err != nil || p == nil || !p.needed() {
		return nil, err
	}
	lists, err := p.digest()
	if err != nil {
		return nil, err
	}
	plan := &build.Plan{
		Inputs: b.inputs(req, p, lists),
		Into:   modulesDir,
		Leave:  func(path string) bool { return path == modulesDir },
		Env:    nodeEnv(req.Runtime),
	}
	if p.compiles() {
		plan.Compiles, plan.Root, plan.Skip = true, p.base, p.skip
		plan.Into, plan.Keep = ".", func(string) bool { return false }
	}
	return plan, nil
}

// inputs sums up the lists, the settings in the environment and the runtime.
func (b *Builder) inputs(req build.Request, p *project, lists string) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%s\n%s\n%v\n", builderVersion, lists, wantedNode(req.Runtime), b.foreign(&req))
	if p.code.builds() {
		fmt.Fprintln(sum, req.Handler) // it is looked for
	}
	for _, kv := range choosing(b.Environ) {
		fmt.Fprintf(sum, "%q\n", kv)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// wantedNode is the major version that a runtime runs; empty if that isn't known.
func wantedNode(runtimeName string) string {
	rt, _ := fc.LookupRuntime(runtimeName)
	switch {
	case !rt.Custom:
		major, _, _ := strings.Cut(rt.Version, ".")
		return major
	case strings.HasPrefix(runtimeName, "custom.debian"):
		return customNode
	}
	return ""
}

// nodeEnv is what lets Node.js and the shell find the dependencies.
func nodeEnv(runtimeName string) build.Env {
	dir := build.CodeDir + "/" + modulesDir
	env := build.Env{Path: []string{dir + "/.bin"}, Lists: map[string][]string{"NODE_PATH": {dir}}}
	if rt, _ := fc.LookupRuntime(runtimeName); rt.Custom && wantedNode(runtimeName) != "" {
		env.Path = append(env.Path, "/var/fc/lang/nodejs"+customNode+"/bin")
	}
	return env
}
