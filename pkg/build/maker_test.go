package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"s/pkg/build/buildtest"
)

// maker is a builder of code that has a file list.txt: of each of its lines it
// makes a file, or if it compiles, one of each file of the source.
type maker struct {
	name    string
	plan    Plan
	version string
	missing error // of Tools
	fails   error // of Make
	runs    atomic.Int32
	env     map[string]string // that the last Make was given
}

func (m *maker) Name() string { return m.name }

func (m *maker) Plan(req Request) (*Plan, error) {
	list, err := os.ReadFile(filepath.Join(req.SourceDir, "list.txt"))
	if errors.Is(err, os.ErrNotExist) || !req.Folder() {
		return nil, nil
	}
	plan := m.plan
	plan.Inputs = string(list)
	if plan.Into == "" {
		plan.Into = m.name
	}
	return &plan, err
}

func (m *maker) Tools(context.Context, Request) ([]Tool, error) {
	return []Tool{{Name: "Maker", Version: m.version, Exact: true}}, m.missing
}

func (m *maker) Make(_ context.Context, job *Job) error {
	m.runs.Add(1)
	m.env = job.Env
	if job.Log != nil {
		fmt.Fprintln(job.Log, "made by", m.name)
	}
	if m.fails != nil {
		return errors.Join(os.WriteFile(filepath.Join(job.Out, "half"), nil, 0o644), m.fails)
	}
	if m.plan.Compiles {
		return filepath.WalkDir(job.Work, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			rel, _ := filepath.Rel(job.Work, path)
			data, err := os.ReadFile(path)
			out := filepath.Join(job.Out, strings.ReplaceAll(rel, string(filepath.Separator), "_")+".out")
			// The copy is the builder's to write to.
			return errors.Join(err, os.WriteFile(out, data, 0o644), os.WriteFile(path, nil, 0o644))
		})
	}
	for line := range strings.Lines(job.Plan.Inputs) {
		if err := os.WriteFile(filepath.Join(job.Out, strings.TrimSpace(line)), []byte(m.version), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// project is a folder with the code of one function and a request to build it.
type project struct {
	t    *testing.T
	root string
	req  Request
	log  bytes.Buffer
}

func newProject(t *testing.T, files map[string]string) *project {
	t.Helper()
	p := &project{t: t, root: buildtest.TempDir(t)}
	p.req = Request{
		Name: "hello", Runtime: "custom", Log: &p.log, ProjectDir: p.root,
		SourceDir: filepath.Join(p.root, "code"), ArtifactDir: filepath.Join(p.root, ".s/build/artifacts/hello"),
		CacheDir: filepath.Join(p.root, "cache"),
	}
	buildtest.Plant(t, p.req.SourceDir, files)
	return p
}

func (p *project) write(name, content string) {
	p.t.Helper()
	buildtest.Plant(p.t, p.req.SourceDir, map[string]string{name: content})
}

func (p *project) build(builders ...Builder) *Artifact {
	p.t.Helper()
	a, err := Builders(builders).Build(context.Background(), p.req)
	if err != nil {
		p.t.Fatal(err)
	}
	for path := range buildtest.Snapshot(p.t, p.root) {
		if strings.Contains(path, TempMark) {
			p.t.Errorf("left behind: %s", path)
		}
	}
	return a
}

// made are the files of the artifact.
func (p *project) made() map[string]string { return buildtest.Names(p.t, p.req.ArtifactDir) }

func listed() map[string]string {
	return map[string]string{
		"list.txt": "one\ntwo\n", "app.py": "pass\n", "lib/x.py": "1\n", ".git/config": "x", ".env": "SECRET=1",
		".fcignore": "*.md\n", "readme.md": "text",
	}
}
