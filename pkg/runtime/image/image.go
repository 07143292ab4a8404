// Package image keeps the images of containers ready to run: found in files, in
// the store of an engine or in a registry, and unpacked, each layer once, by the
// hash of its content. It knows nothing of functions and starts nothing.
package image

import (
	"fmt"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Image is an image that is unpacked.
type Image struct {
	// Reference is the name that it was opened by.
	Reference string `json:"reference"`
	// ID changes with the content: the digest of a manifest, the id in an
	// engine's store, or size and time of an archive.
	ID string `json:"id"`
	// Layers names the folders of Dir that, one over the other, are the file
	// system; the lowest is first.
	Layers []string `json:"layers"`
	// Dir is the folder of all layers.
	Dir string `json:"-"`
	// Config is the part of the image's configuration that a start needs.
	Config Config `json:"config"`
	// Warning is what the user should know: another state of the image is used
	// than the one asked for. It is empty otherwise.
	Warning string `json:"-"`
}

// Config is how the image wants to be started (OCI image-spec, config.md).
type Config struct {
	Entrypoint []string `json:"entrypoint,omitempty"`
	Cmd        []string `json:"cmd,omitempty"`
	Env        []string `json:"env,omitempty"` // KEY=value
	WorkingDir string   `json:"workingDir,omitempty"`
	User       string   `json:"user,omitempty"` // name or number, also with :group
}

func configOf(file *v1.ConfigFile) Config {
	c := file.Config
	return Config{Entrypoint: c.Entrypoint, Cmd: c.Cmd, Env: c.Env, WorkingDir: c.WorkingDir, User: c.User}
}

// Command is the command line of a container, the way `docker run` makes it:
// entrypoint replaces the image's and then its Cmd doesn't apply; command
// replaces the image's Cmd.
func (c Config) Command(entrypoint, command []string) []string {
	args := c.Cmd
	if len(entrypoint) > 0 {
		args = nil
	} else {
		entrypoint = c.Entrypoint
	}
	if len(command) > 0 {
		args = command
	}
	return append(append([]string(nil), entrypoint...), args...)
}

// Vars gives Env by name.
func (c Config) Vars() map[string]string {
	vars := make(map[string]string, len(c.Env))
	for _, pair := range c.Env {
		if key, value, ok := strings.Cut(pair, "="); ok && key != "" {
			vars[key] = value
		}
	}
	return vars
}

// NotFoundError says that there is no such image, and where it was looked for.
type NotFoundError struct {
	Reference string
	Looked    []string // places, each with what it said
}

// Error lists the places.
func (e *NotFoundError) Error() string {
	return fmt.Sprintf("no image %s: %s", e.Reference, strings.Join(e.Looked, "; "))
}

// PlatformError says that an image is for other machines.
type PlatformError struct {
	Reference string
	Has       []string // linux/arm64, ...
	Wants     string
}

// Error names both platforms.
func (e *PlatformError) Error() string {
	return fmt.Sprintf("the image %s is for %s, and this machine runs %s", e.Reference, strings.Join(e.Has, ", "), e.Wants)
}

// LayerError says what is wrong with a layer.
type LayerError struct {
	Layer string // its content's hash
	Why   string
}

// Error names the layer.
func (e *LayerError) Error() string { return fmt.Sprintf("layer %s: %s", e.Layer, e.Why) }
