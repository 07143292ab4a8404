// Package projecttest is a function in a folder of its own, for tests of builders.
package projecttest

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/build"
	"s/pkg/build/buildtest"
)

// Project is a folder with the code of one function and a request to build it.
type Project struct {
	T    *testing.T
	Root string
	Req  build.Request
	Log  bytes.Buffer
}

// New makes one.
func New(t *testing.T, runtimeName string, files map[string]string) *Project {
	t.Helper()
	root := buildtest.TempDir(t)
	p := &Project{T: t, Root: root}
	p.Req = build.Request{
		Name: "hello", Runtime: runtimeName, Log: &p.Log, ProjectDir: root,
		SourceDir:   filepath.Join(root, "code"),
		ArtifactDir: filepath.Join(root, ".s/build/artifacts/hello"),
		CacheDir:    filepath.Join(root, "cache"),
	}
	buildtest.Plant(t, p.Req.SourceDir, files)
	return p
}

// Write changes a file of the code.
func (p *Project) Write(name, content string) {
	p.T.Helper()
	buildtest.Plant(p.T, p.Req.SourceDir, map[string]string{name: content})
}

// Build builds; it must go well, and leave the source and no scratch behind.
func (p *Project) Build(builders ...build.Builder) *build.Artifact {
	p.T.Helper()
	before := buildtest.Snapshot(p.T, p.Req.SourceDir)
	a, err := build.Builders(builders).Build(context.Background(), p.Req)
	if err != nil {
		p.T.Fatalf("%v\n%s", err, p.Log.String())
	}
	if diff := cmp.Diff(before, buildtest.Snapshot(p.T, p.Req.SourceDir)); diff != "" {
		p.T.Error("the source was touched: ", diff)
	}
	p.Clean()
	return a
}

// Fail builds what must fail.
func (p *Project) Fail(builders ...build.Builder) error {
	p.T.Helper()
	a, err := build.Builders(builders).Build(context.Background(), p.Req)
	if err == nil {
		p.T.Fatalf("built %+v", a)
	}
	p.Clean()
	return err
}

// Ready tells whether the artifact is up to date.
func (p *Project) Ready(builders ...build.Builder) bool {
	p.T.Helper()
	ready, err := build.Builders(builders).UpToDate(context.Background(), p.Req)
	if err != nil {
		p.T.Fatal(err)
	}
	return ready
}

// Artifact reads a file of the artifact.
func (p *Project) Artifact(name string) string {
	p.T.Helper()
	data, err := os.ReadFile(filepath.Join(p.Req.ArtifactDir, filepath.FromSlash(name)))
	if err != nil {
		p.T.Fatal(err)
	}
	return string(data)
}

// Clean checks that no unfinished folder is left.
func (p *Project) Clean() {
	p.T.Helper()
	for path := range buildtest.Snapshot(p.T, p.Root) {
		if strings.Contains(path, build.TempMark) {
			p.T.Errorf("left behind: %s", path)
		}
	}
}
