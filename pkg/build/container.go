package build

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Container is an engine and the image that tools run in instead of on this
// machine.
type Container struct {
	// Engine is docker or podman, as a name or path.
	Engine string
	// Image is the image of the function's runtime, with the tools to build.
	Image string
	// User is uid:gid that files are written as; empty is the image's user.
	User string
}

// tool is the image as a tool that an artifact was made with.
func (k *Container) tool() Tool { return Tool{Name: "image", Version: k.Image, Exact: true} }

// InContainer is a builder that can work in a container.
type InContainer interface {
	Builder
	// ContainerTools names the tools as they are in the image of the runtime:
	// Path is the name of the program there.
	ContainerTools(req Request) []Tool
}

// buildVersion is the version of the images with tools to build, as the peer
// takes it (fc3 0.1.22).
const buildVersion = "3.1.0"

// Registries of the images with tools to build.
const (
	chinaRegistry = "registry.cn-beijing.aliyuncs.com"
	otherRegistry = "registry.hub.docker.com"
)

// BuildImage is the image that builds for a runtime. The variables
// FC_DOCKER_IMAGE_URL (all of it), FC_DOCKER_REGISTRY and FC_DOCKER_VERSION
// overrule its parts, as at the peer; near says that this machine is in the
// China time zone, where the other registry is far.
func BuildImage(runtimeName string, near bool, lookupEnv func(string) (string, bool)) string {
	get := func(name string) string { value, _ := lookupEnv(name); return value }
	if image := get("FC_DOCKER_IMAGE_URL"); image != "" {
		return image
	}
	registry := otherRegistry
	if near {
		registry = chinaRegistry
	}
	registry = cmp.Or(get("FC_DOCKER_REGISTRY"), registry)
	version := cmp.Or(get("FC_DOCKER_VERSION"), buildVersion)
	switch runtimeName {
	case "python3":
		runtimeName = "python3.6"
	case "python3.12", "custom.debian11", "custom.debian12":
		return fmt.Sprintf("%s/aliyunfc/runtime:%s-build-%s", registry, runtimeName, version)
	}
	return fmt.Sprintf("%s/aliyunfc/runtime-%s:build-%s", registry, runtimeName, version)
}

// ownVariables are those of this machine that mean nothing in an image.
func ownVariables(name string) bool {
	switch name {
	case "PATH", "HOME", "USER", "LOGNAME", "SHELL", "PWD", "OLDPWD", "HOSTNAME", "TERM", "LANG", "DISPLAY", "SSH_AUTH_SOCK", "JAVA_HOME", "GOROOT", "GOPATH":
		return true
	}
	return strings.HasPrefix(name, "LC_") || strings.HasPrefix(name, "XDG_") || strings.HasPrefix(name, "PYENV") || strings.HasPrefix(name, "NVM_")
}

// wrap gives the command that runs c in the container. The job's own folders
// are there under the same paths, the source so that it can't be written to.
// Variables go by name: their values are in no process list.
func (k *Container) wrap(j *Job, c Command) Command {
	argv := []string{k.Engine, "run", "--rm", "--platform", string(j.Target())}
	if k.User != "" {
		argv = append(argv, "--user", k.User)
	}
	for _, dir := range k.folders(j) {
		argv = append(argv, "-v", dir)
	}
	for _, kv := range c.Env {
		if name, _, ok := strings.Cut(kv, "="); ok && name != "" && !ownVariables(name) {
			argv = append(argv, "-e", name)
		}
	}
	argv = append(argv, "-e", "HOME="+filepath.Join(j.Scratch, "tmp"), "-w", c.Dir, "--entrypoint", c.Argv[0], k.Image)
	shown := c.Shown
	if shown == nil {
		shown = c.Argv
	}
	c.Shown = append([]string{"(" + k.Image + ")"}, shown...)
	c.Argv = append(argv, c.Argv[1:]...)
	return c
}

// folders are what the container sees, as arguments of -v.
func (k *Container) folders(j *Job) []string {
	var out []string
	for _, dir := range []string{j.Out, j.Scratch} {
		if dir != "" {
			out = append(out, dir+":"+dir)
		}
	}
	for _, dir := range []string{j.ProjectDir, j.SourceDir} {
		if _, err := os.Stat(dir); err == nil && !slices.ContainsFunc(out, func(v string) bool { return within(dir, v) }) {
			out = append(out, dir+":"+dir+":ro")
		}
	}
	return out
}

// within reports whether a folder is in the one that an argument of -v names.
func within(dir, volume string) bool {
	outer, _, _ := strings.Cut(volume, ":")
	return dir == outer || strings.HasPrefix(dir, outer+string(filepath.Separator))
}
