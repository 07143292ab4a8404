package dev

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"s/pkg/build"
	"s/pkg/bundle"
	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/local"
	"s/pkg/spec"
)

// patience is how long a test waits for what must happen.
const patience = 2 * time.Minute

// world is a project on disk with a session over a server that runs nothing.
type world struct {
	t       *testing.T
	dir     string
	session *Session
	builds  *builds
	events  chan string

	mu        sync.Mutex
	functions map[string]local.DevFunction
	warmed    []string
	refuse    error // of Set
	names     []string
	loadErr   error
}

func newWorld(t *testing.T, names ...string) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), events: make(chan string, 100), names: names}
	w.builds = &builds{world: w}
	for _, name := range names {
		w.write(name+"/index.py", "1")
	}
	w.write("s.yaml", "one")
	w.session = &Session{
		Load: w.load, File: filepath.Join(w.dir, "s.yaml"), Server: w, Tell: w, Builders: build.Builders{planner{}}, Preparer: deploy.Preparer{Artifacts: w.builds},
	}
	return w
}

// write puts a file into its place in one step, with the folders that aren't there:
// who watches sees no half of it.
func (w *world) write(name, text string) {
	w.t.Helper()
	made, place, rest := w.t.TempDir(), w.dir, name
	for folder, below, deep := strings.Cut(rest, "/"); deep; folder, below, deep = strings.Cut(rest, "/") {
		if _, err := os.Stat(filepath.Join(place, folder)); err != nil {
			break
		}
		place, rest = filepath.Join(place, folder), below
	}
	path := filepath.Join(made, rest)
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path, []byte(text), 0o644)
	}
	if err == nil {
		top, _, _ := strings.Cut(rest, "/")
		err = os.Rename(filepath.Join(made, top), filepath.Join(place, top))
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) load(context.Context) (*spec.Project, []*spec.Resource, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.loadErr != nil {
		return nil, nil, w.loadErr
	}
	p := &spec.Project{File: filepath.Join(w.dir, "s.yaml"), Dir: w.dir, Edition: spec.Edition3}
	text, err := os.ReadFile(p.File)
	if err != nil {
		return nil, nil, err
	}
	for _, name := range w.names {
		p.Resources = append(p.Resources, &spec.Resource{
			Name: name, Region: "r", Code: spec.CodeSource{Path: filepath.Join(w.dir, name)},
			Function: fc.Function{FunctionName: name, Runtime: "python3.10", Description: string(text)},
		})
	}
	return p, p.Resources, nil
}

func (w *world) change(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

// Set, Warm are the server's.
func (w *world) Set(_ context.Context, functions []local.DevFunction) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.functions = map[string]local.DevFunction{}
	for _, f := range functions {
		w.functions[f.Name] = f
	}
	return w.refuse
}

func (w *world) Warm(_ context.Context, name string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.warmed = append(w.warmed, name)
	return nil
}

// Serving, Reloaded and Failed are the teller's.
func (w *world) Serving(_ *spec.Project, resources []*spec.Resource) {
	var names []string
	for _, r := range resources {
		names = append(names, r.Name)
	}
	w.events <- fmt.Sprint("serving ", names)
}
func (w *world) Reloaded(name string)          { w.events <- "reloaded " + name }
func (w *world) Failed(name string, err error) { w.events <- "failed " + name + ": " + err.Error() }

// run starts the session and watches until the test ends.
func (w *world) run() {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	if err := w.session.Start(ctx); err != nil {
		w.t.Fatal(err)
	}
	go func() { done <- w.session.Watch(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			w.t.Error(err)
		}
	})
}

// want waits for these events, in any order.
func (w *world) want(events ...string) {
	w.t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for left := slices.Clone(events); len(left) > 0; {
		select {
		case got := <-w.events:
			i := slices.Index(left, got)
			if i < 0 {
				w.t.Fatalf("%s; still expected: %v", got, left)
			}
			left = slices.Delete(left, i, i+1)
		case <-timer.C:
			w.t.Fatalf("not heard: %v", left)
		}
	}
}

func (w *world) function(name string) local.DevFunction {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.functions[name]
}

// builds are artifacts of the resources that have a requirements.txt.
type builds struct {
	world *world
	err   error
	n     int
}

func (b *builds) Dir(p *spec.Project, r *spec.Resource) string { return build.ArtifactDir(p, r) }

func (b *builds) Code(p *spec.Project, r *spec.Resource) string { return build.ArtifactDir(p, r) }

func (b *builds) Needed(_ *spec.Project, r *spec.Resource) (bool, error) {
	_, err := os.Stat(filepath.Join(r.Code.Path, "requirements.txt"))
	return err == nil, nil
}

func (b *builds) UpToDate(context.Context, *spec.Project, *spec.Resource) (bool, error) {
	return false, nil
}

func (b *builds) Environment(string) (map[string]string, error) {
	return map[string]string{"A": "1"}, nil
}

func (b *builds) MergeEnv(artifact, _ map[string]string) map[string]string { return artifact }

func (b *builds) Built(*spec.Project, *spec.Resource) bool { return false }

func (*builds) Looker(string) bundle.Looker { return nil }

func (b *builds) Image(p *spec.Project, r *spec.Resource) string { return build.ImageArchive(p, r) }

func (b *builds) Build(_ context.Context, p *spec.Project, r *spec.Resource) error {
	b.world.mu.Lock()
	defer b.world.mu.Unlock()
	b.n++
	if b.err != nil {
		return b.err
	}
	return os.MkdirAll(build.ArtifactDir(p, r), 0o755)
}

// planner plans a build for them.
type planner struct{ build.Builder }

func (planner) Name() string { return "list" }

func (planner) Plan(req build.Request) (*build.Plan, error) {
	list, err := os.ReadFile(filepath.Join(req.SourceDir, "requirements.txt"))
	if err != nil {
		return nil, nil //nolint:nilerr // without a list there is nothing to do
	}
	return &build.Plan{Inputs: string(list), Into: "list"}, nil
}
