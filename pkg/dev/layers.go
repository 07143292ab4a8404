package dev

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"s/pkg/build"
	"s/pkg/fc"
	"s/pkg/spec"
)

// layersDir is where a project keeps the layers of others, below its .s: a folder
// or a zip archive each.
const layersDir = "layers"

// LayerError says that a layer of a function isn't on this machine.
type LayerError struct {
	ARN    string
	Name   string // of the layer
	Places []string
}

// Error says where it may be put.
func (e *LayerError) Error() string {
	return fmt.Sprintf("layer %s isn't on this machine: s build --publish-layer makes a layer of this project; put what is in another one, "+
		"as a folder or a zip archive, at %s", e.ARN, strings.Join(e.Places, " or "))
}

// layersOf finds the layers of a function on this machine, in their order: those
// that the project builds, and those that were put into its .s/layers.
func layersOf(p *spec.Project, wanted []fc.Layer) ([]string, error) {
	var found []string
	for _, layer := range wanted {
		name := layerName(layer.ARN)
		own := filepath.Join(p.Dir, ".s", layersDir, name)
		path, err := firstOf(own, own+".zip", build.NamedLayerDir(p, name))
		if err != nil {
			return nil, err
		}
		if path == "" || name == "" {
			rel := ".s/" + layersDir + "/" + name
			return nil, &LayerError{ARN: layer.ARN, Name: name, Places: []string{rel, rel + ".zip"}}
		}
		found = append(found, path)
	}
	return found, nil
}

// layerName is the name in an ARN, acs:fc:<region>:<account>:layers/<name>/versions/<n>.
func layerName(arn string) string {
	_, rest, _ := strings.Cut(arn, ":layers/")
	name, _, _ := strings.Cut(rest, "/")
	if name == "." || name == ".." || strings.ContainsAny(name, `\:`) {
		return ""
	}
	return name
}

// firstOf gives the first path that is there, or none.
func firstOf(paths ...string) (string, error) {
	for _, path := range paths {
		_, err := os.Stat(path)
		if err == nil {
			return path, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return "", nil
}
