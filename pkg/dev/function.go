// Package dev runs the functions of a project from its working tree: it makes of
// each resource what pkg/local serves, and keeps that up with the files. It
// prints nothing.
package dev

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"s/pkg/alicloud"
	"s/pkg/build"
	"s/pkg/bundle"
	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/local"
	"s/pkg/runtime/debugger"
	"s/pkg/spec"
)

// Function makes of a resource what pkg/local serves. Code that needs a build is
// built, if its artifact isn't up to date.
func Function(ctx context.Context, p deploy.Preparer, project *spec.Project, r *spec.Resource, debug *debugger.Options) (local.DevFunction, error) {
	ready, err := p.Unpacked(ctx, project, r)
	if err != nil {
		return local.DevFunction{}, err
	}
	want := ready.Desired
	mountAuto(r, &want)
	found, err := layersOf(project, want.Function.Layers)
	if err != nil {
		return local.DevFunction{}, fmt.Errorf("%s: %w", r.Name, err)
	}
	f := local.DevFunction{
		Layers: found, SharedDir: filepath.Join(project.Dir, ".s"),
		Name: r.Name, Region: r.Region, Service: want.Service, Function: want.Function, Triggers: want.Triggers,
		Code: ready.Code, Fleeting: ready.Artifact != "", Debug: debug,
	}
	if f.Function.Handler == "" && !fc.IsCustom(f.Function.Runtime) {
		f.Function.Handler = "index.handler" // as deploy has it
	}
	return f, nil
}

// mountAuto gives a function the folders that stand in for the file systems and
// buckets that s.yaml leaves to the deployment.
func mountAuto(r *spec.Resource, want *deploy.Desired) {
	if r.Auto.NAS == nil && r.Auto.OSSMount == nil {
		return
	}
	q := alicloud.Request{Function: r.Function.FunctionName, Auto: spec.Auto{NAS: r.Auto.NAS, OSSMount: r.Auto.OSSMount}}
	if r.Service != nil {
		q.Service = r.Service.ServiceName
	}
	auto := alicloud.New(alicloud.Config{Region: r.Region, Local: true}).Assume(q)
	if want.Service == nil {
		auto.Fill(&want.Function)
		return
	}
	service := *want.Service
	auto.FillService(&service)
	want.Service = &service
}

// look is what was seen of a resource's files.
type look struct {
	print   string   // changes with whatever counts
	folders []string // where changes are to be watched for
	err     error    // why the files can't be read
}

// same reports whether nothing has changed since.
func (l look) same(now look) bool {
	if l.err != nil && now.err != nil {
		return l.err.Error() == now.err.Error()
	}
	return l.print == now.print && (l.err == nil) == (now.err == nil)
}

// see looks at the files of a resource. What .fcignore and the default rules
// leave out doesn't count, unless it is built from.
func see(ctx context.Context, builders build.Builders, project *spec.Project, r *spec.Resource) look {
	if c := r.Function.CustomContainerConfig; c != nil && c.Image != "" {
		if file := build.ImageArchive(project, r); file != "" {
			return image(fc.JoinLocalImage(fc.TransportDockerArchive, file, ""))
		}
		return image(c.Image)
	}
	req := build.NewRequest(project, r)
	req.AsBefore = true
	info, err := os.Stat(req.SourceDir)
	if err != nil {
		return look{folders: []string{filepath.Dir(req.SourceDir)}, err: err}
	}
	if !info.IsDir() {
		print := fmt.Sprint(info.Size(), info.ModTime().UnixNano())
		return look{print: print, folders: []string{filepath.Dir(req.SourceDir)}}
	}
	built, err := builders.Fingerprint(ctx, req)
	if built != "" || err != nil {
		return look{print: built, folders: sourceFolders(req.SourceDir), err: err}
	}
	return list(ctx, req.SourceDir)
}

// image looks at an image in files; that of an engine or a registry is looked for
// when an instance starts. A layout that has no image yet is one that is still
// being written.
func image(name string) look {
	_, path, _, ok := fc.LocalImage(name)
	if !ok {
		return look{print: name}
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return layout(name, path)
	}
	info, err := os.Stat(path)
	if err != nil {
		return look{folders: []string{filepath.Dir(path)}, err: err}
	}
	return look{print: fmt.Sprint(name, info.Size(), info.ModTime().UnixNano()), folders: []string{filepath.Dir(path)}}
}

// layout looks at an image in a folder: its index is written last, and names its
// images by their contents (OCI image layout).
func layout(name, dir string) look {
	text, err := os.ReadFile(filepath.Join(dir, "index.json"))
	if err != nil {
		// Once it is there, the folder changes; once the folder is gone, its parent does.
		return look{folders: []string{dir, filepath.Dir(dir)}, err: err}
	}
	var index struct {
		Manifests []json.RawMessage `json:"manifests"`
	}
	if err := json.Unmarshal(text, &index); err != nil || len(index.Manifests) == 0 {
		return look{folders: []string{dir}, err: fmt.Errorf("%s: index.json names no image (yet)", dir)}
	}
	return look{print: name + string(text), folders: []string{dir}}
}

// list looks at code that runs as it is.
func list(ctx context.Context, dir string) look {
	listing, err := bundle.List(ctx, dir, bundle.ListOptions{})
	if err != nil {
		return look{folders: sourceFolders(dir), err: err}
	}
	sum := sha256.New()
	folders := map[string]bool{listing.Root: true}
	for _, e := range listing.Entries {
		fmt.Fprintf(sum, "%q %o %d %d %q\n", e.Path, e.Mode, e.Size, e.ModTime.UnixNano(), e.Target)
		path := filepath.Join(listing.Root, filepath.FromSlash(e.Path))
		if e.Mode.IsDir() {
			folders[path] = true
		}
		for at := filepath.Dir(path); !folders[at]; at = filepath.Dir(at) {
			folders[at] = true
		}
	}
	return look{print: hex.EncodeToString(sum.Sum(nil)), folders: slices.Sorted(maps.Keys(folders))}
}

// sourceFolders lists the folders that a build may read, but not those that hold
// what package managers installed.
func sourceFolders(root string) []string {
	var folders []string
	_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil //nolint:nilerr // a folder that has just gone isn't watched
		}
		if path != root && (build.NotPackage(d.Name()) || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		folders = append(folders, path)
		return nil
	})
	return folders
}
