package build

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"s/pkg/diag"
	"s/pkg/spec"
)

// layersDir is the folder of layers below that of s.yaml.
const layersDir = ".s/build/layers"

// ErrNoDependencies is an artifact without anything for a layer.
var ErrNoDependencies = diag.Errorf("the build installs no dependencies for a layer")

// LayerName is the layer with a resource's dependencies, named as the peer names
// it: <function>-layer.
func LayerName(r *spec.Resource) string {
	return strings.ReplaceAll(r.Function.FunctionName, "$", "-") + "-layer"
}

// LayerDir is the folder of the layer with a resource's dependencies.
func LayerDir(p *spec.Project, r *spec.Resource) string { return NamedLayerDir(p, LayerName(r)) }

// NamedLayerDir is the folder of the layer of that name, if the project builds it.
func NamedLayerDir(p *spec.Project, name string) string {
	return filepath.Join(p.Dir, filepath.FromSlash(layersDir), fileName(name))
}

// Layer copies the dependencies of an artifact to where they belong in a layer,
// which FC puts into /opt. The former layer is replaced once the new one is
// complete. The error is ErrNoDependencies if there are none.
func Layer(ctx context.Context, a *Artifact, dir string) (err error) {
	if len(a.Dependencies) == 0 {
		return ErrNoDependencies
	}
	made, err := stage(dir)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(made)
		}
	}()
	for _, folder := range a.Dependencies {
		from := filepath.Join(a.Dir, filepath.FromSlash(folder))
		if err := copyAny(ctx, from, filepath.Join(made, filepath.FromSlash(inLayer(folder)))); err != nil {
			return err
		}
	}
	return swap(made, dir)
}

// inLayer is where a folder of dependencies is searched for below /opt
// (documentation of layers: python, nodejs/node_modules; other languages look
// where the user says).
func inLayer(folder string) string {
	switch folder {
	case "node_modules":
		return "nodejs/node_modules"
	case ".s/python":
		return "python"
	}
	return folder
}

// dependencies are the folders of an artifact that builders made beside the code.
func dependencies(parts []part) []string {
	var folders []string
	for _, p := range parts {
		if !p.plan.Alone && !p.plan.Archive && p.plan.Into != "." {
			folders = append(folders, p.plan.Into)
		}
	}
	return folders
}
