package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"s/pkg/runtime/image/imagetest"
)

func TestSources(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := v1.Config{Entrypoint: []string{"/e"}, Cmd: []string{"c"}, Env: []string{"A=1", "B=x=y", "odd"}, WorkingDir: "/w", User: "ann"}
	img := imagetest.Image(t, config, imagetest.Compressed(t, imagetest.Tar(t, imagetest.Entry{Name: "f", Text: "1"})), imagetest.Layer(imagetest.Tar(t, imagetest.Entry{Name: "g", Text: "2"})))
	other := plain(t, imagetest.Entry{Name: "other", Text: "3"})
	imagetest.Layout(t, filepath.Join(dir, "many"), "one", img)
	imagetest.Layout(t, filepath.Join(dir, "many"), "two", other)
	server := httptest.NewServer(newRegistry())
	t.Cleanup(server.Close)
	pushed := strings.TrimPrefix(server.URL, "http://") + "/me/app:1"
	push(t, pushed, img)
	for _, reference := range []string{
		imagetest.Layout(t, filepath.Join(dir, "layout"), "", img),
		imagetest.OCIArchive(t, filepath.Join(dir, "oci.tar"), img),
		imagetest.DockerArchive(t, filepath.Join(dir, "docker.tar"), "me/app:1", img),
		"docker-archive:" + filepath.Join(dir, "docker.tar") + ":me/app:1",
		"oci:" + filepath.Join(dir, "many") + ":one",
		pushed, "docker://" + pushed,
	} {
		t.Run(strings.NewReplacer(dir, "", pushed, "registry").Replace(reference), func(t *testing.T) {
			t.Parallel()
			s, _ := newStore(t, t.TempDir())
			got := opened(t, s, reference)
			want := Config{Entrypoint: config.Entrypoint, Cmd: config.Cmd, Env: config.Env, WorkingDir: "/w", User: "ann"}
			if d := cmp.Diff(want, got.Config); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff([]string{"f = 1", "g = 2"}, merged(t, got)); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(map[string]string{"A": "1", "B": "x=y"}, got.Config.Vars()); d != "" {
				t.Error(d)
			}
		})
	}
}

// newRegistry is a registry in memory that prints nothing.
func newRegistry() http.Handler { return registry.New(registry.Logger(log.New(io.Discard, "", 0))) }

func push(t *testing.T, reference string, img v1.Image) {
	t.Helper()
	ref, err := name.ParseReference(reference)
	if err == nil {
		err = remote.Write(ref, img, remote.WithContext(t.Context()))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestCommand(t *testing.T) {
	t.Parallel()
	both := Config{Entrypoint: []string{"e"}, Cmd: []string{"c"}}
	for _, tt := range []struct {
		config              Config
		entrypoint, command []string
		want                string
	}{
		{both, nil, nil, "[e c]"},
		{both, nil, []string{"x", "y"}, "[e x y]"},
		{both, []string{"n"}, nil, "[n]"},
		{both, []string{"n"}, []string{"x"}, "[n x]"},
		{Config{Cmd: []string{"c"}}, nil, nil, "[c]"},
		{Config{}, nil, nil, "[]"},
	} {
		if got := fmt.Sprint(tt.config.Command(tt.entrypoint, tt.command)); got != tt.want {
			t.Errorf("%+v with %v %v: %s, want %s", tt.config, tt.entrypoint, tt.command, got, tt.want)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	other := "arm64"
	if runtime.GOARCH == other {
		other = "amd64"
	}
	foreign := imagetest.ImageFor(t, other, v1.Config{})
	imagetest.Layout(t, filepath.Join(dir, "several"), "one", plain(t), foreign)
	file := filepath.Join(dir, "text.tar")
	if err := os.WriteFile(file, []byte("no archive"), 0o600); err != nil {
		t.Fatal(err)
	}
	index := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: foreign, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: other}}})
	if _, err := layout.Write(filepath.Join(dir, "index"), mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: index})); err != nil {
		t.Fatal(err)
	}
	damaged := imagetest.Layout(t, filepath.Join(dir, "damaged"), "", plain(t, imagetest.Entry{Name: "f", Text: "right"}))
	spoil(t, filepath.Join(dir, "damaged", "blobs", "sha256"), "right", "wrong")
	hostile := imagetest.Layout(t, filepath.Join(dir, "hostile"), "", plain(t, imagetest.Entry{Name: "../../../x", Text: "1"}))
	server := httptest.NewServer(newRegistry())
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	s, _ := newStore(t, filepath.Join(dir, "store"))
	for _, tt := range []struct {
		reference string
		is        func(error, string) bool
		says      string
	}{
		{"oci:" + dir + "/none", isError[*NotFoundError], "none"},
		{"docker-archive:" + dir + "/none.tar", isError[*NotFoundError], "no such file"},
		{"docker-archive:" + file, isError[error], "is no archive of `docker save`"},
		{"oci-archive:" + file, isError[error], "text.tar"},
		{"oci:" + dir + "/several", isError[*NotFoundError], "several images: choose one of"},
		{"oci:" + dir + "/several:two", isError[*NotFoundError], `has ["one" "one"]`},
		{imagetest.Layout(t, dir+"/foreign", "", foreign), isError[*PlatformError], "is for linux/" + other + ", and this machine runs linux/" + runtime.GOARCH},
		{"oci:" + dir + "/index", isError[*PlatformError], "is for linux/" + other},
		{damaged, isError[*LayerError], "another hash"},
		{hostile, isError[*LayerError], "leads out of the image"},
		{host + "/me/none:1", isError[*NotFoundError], host + ": there is no such image"},
		{"UPPER CASE", isError[error], "could not parse reference"},
	} {
		_, release, err := s.Image(t.Context(), tt.reference, nil)
		if err == nil {
			release()
		}
		if !tt.is(err, tt.says) {
			t.Errorf("%s: %v, want …%s…", strings.ReplaceAll(tt.reference, dir, ""), err, tt.says)
		}
	}
	if left := stored(t, s); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// spoil replaces text in the files of a folder.
func spoil(t *testing.T, dir, old, replacement string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		text, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(path, []byte(strings.ReplaceAll(string(text), old, replacement)), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestLayersAreShared unpacks a layer that two images have, in both at once.
func TestLayersAreShared(t *testing.T) {
	t.Parallel()
	var reads atomic.Int32
	base := counted{imagetest.Layer(imagetest.Tar(t, imagetest.Entry{Name: "base", Text: "1"})), &reads}
	engine := Engine{Name: "fake", Inspect: func(_ context.Context, reference string) (string, error) { return reference, nil }}
	s, _ := newStore(t, t.TempDir(), engine)
	images := make([]*Image, 8)
	var all sync.WaitGroup
	for i := range images {
		all.Go(func() {
			own := imagetest.Layer(imagetest.Tar(t, imagetest.Entry{Name: fmt.Sprint("own", i%2), Text: "2"}))
			f := found{id: "1", load: func(context.Context, string) (v1.Image, error) {
				return imagetest.Image(t, v1.Config{}, base, own), nil
			}}
			var err error
			if images[i], err = s.take(t.Context(), fmt.Sprint("image", i), f); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := reads.Load(); n != 1 {
		t.Errorf("the shared layer was unpacked %d times", n)
	}
	if names := stored(t, s); len(names) != 3 {
		t.Errorf("layers %v", names)
	}
	if d := cmp.Diff([]string{"base = 1", "own1 = 2"}, merged(t, images[3])); d != "" {
		t.Error(d)
	}
}

// counted counts how often a layer is unpacked.
type counted struct {
	v1.Layer
	reads *atomic.Int32
}

func (c counted) Uncompressed() (io.ReadCloser, error) {
	c.reads.Add(1)
	return c.Layer.Uncompressed()
}

func TestCollect(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, w := newStore(t, dir)
	base := imagetest.Layer(imagetest.Tar(t, imagetest.Entry{Name: "base", Text: "1"}))
	make := func(i string) string {
		return imagetest.Layout(t, filepath.Join(t.TempDir(), i), "", imagetest.Image(t, v1.Config{}, base, imagetest.Layer(imagetest.Tar(t, imagetest.Entry{Name: i, Text: i}))))
	}
	a, b := make("a"), make("b")
	w.set(a, true)
	w.set(b, true)
	_, releaseA, err := s.Image(t.Context(), a, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, releaseB, err := s.Image(t.Context(), b, nil)
	if err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		what string
		do   func()
		left int
	}{
		{"both are there", func() { s.Collect() }, 3},
		{"one isn't wanted, and runs", func() { w.set(a, false); s.Collect() }, 3},
		{"it runs no more", releaseA, 2},
		{"nor does the other, which is wanted", releaseB, 2},
		{"nobody wants any", func() { w.set(b, false); s.Collect() }, 0},
	}
	for _, step := range steps {
		step.do()
		if names := stored(t, s); len(names) != step.left {
			t.Errorf("%s: %d layers, want %d", step.what, len(names), step.left)
		}
	}
	if records, _ := filepath.Glob(filepath.Join(dir, refsName, "*")); len(records) > 0 {
		t.Errorf("records %v", records)
	}
}

// TestReopened finds what an earlier process had, without reading the image
// again, and clears up after one that was killed.
func TestReopened(t *testing.T) {
	t.Parallel()
	dir, layout := t.TempDir(), filepath.Join(t.TempDir(), "layout")
	reference := imagetest.Layout(t, layout, "", plain(t, imagetest.Entry{Name: "f", Text: "1"}))
	w := &wants{names: map[string]bool{reference: true}}
	open := func() *Store {
		s, err := Open(Options{Dir: dir, Wanted: w.has})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	opened(t, s, reference)
	s.Close()
	for _, name := range []string{layersName + "/" + tempPrefix + "1/fs", layersName + "/stray/fs", refsName + "/" + tempPrefix + "2"} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(path, 0o755), os.Chmod(path, 0o555)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(filepath.Join(layout, "blobs")); err != nil {
		t.Fatal(err)
	}
	s = open()
	defer s.Close()
	img := opened(t, s, reference)
	if d := cmp.Diff([]string{"f = 1"}, merged(t, img)); d != "" {
		t.Error(d)
	}
	if names := stored(t, s); len(names) != 1 {
		t.Errorf("layers %v", names)
	}
	// The image's files may go, too: what is here is used, and said.
	if err := os.RemoveAll(layout); err != nil {
		t.Fatal(err)
	}
	if img := opened(t, s, reference); !strings.Contains(img.Warning, "as it was last found") {
		t.Errorf("warning %q", img.Warning)
	}
}

// TestMovedReference opens a name that stands for another image than before.
func TestMovedReference(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(newRegistry())
	t.Cleanup(server.Close)
	reference := strings.TrimPrefix(server.URL, "http://") + "/app:1"
	push(t, reference, plain(t, imagetest.Entry{Name: "old", Text: "1"}))
	s, w := newStore(t, t.TempDir())
	w.set(reference, true)
	old, release, err := s.Image(t.Context(), reference, nil)
	if err != nil {
		t.Fatal(err)
	}
	if id, err := s.ID(t.Context(), reference, nil); id != old.ID || err != nil {
		t.Errorf("%s is %q, %v", old.ID, id, err)
	}
	push(t, reference, plain(t, imagetest.Entry{Name: "new", Text: "2"}))
	moved, err := s.ID(t.Context(), reference, nil)
	if names := stored(t, s); err != nil || len(names) != 1 {
		t.Errorf("asking fetched %v, %v", names, err)
	}
	young := opened(t, s, reference)
	if moved != young.ID {
		t.Errorf("%s was %q", young.ID, moved)
	}
	if young.ID == old.ID || fmt.Sprint(merged(t, young), merged(t, old)) != "[new = 2] [old = 1]" {
		t.Errorf("%v and %v", merged(t, young), merged(t, old))
	}
	release()
	if names := stored(t, s); len(names) != 1 {
		t.Errorf("layers %v", names)
	}
	server.Close()
	if img := opened(t, s, reference); img.ID != young.ID || img.Warning == "" {
		t.Errorf("without its registry: %+v", img)
	}
	if id, err := s.ID(t.Context(), reference, nil); err == nil {
		t.Errorf("without its registry: %q", id)
	}
}

// TestEngines asks the engines' stores before the registry.
func TestEngines(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	saved := 0
	has := Engine{
		Name:    "has",
		Inspect: func(context.Context, string) (string, error) { return "1234", nil },
		Save: func(_ context.Context, reference, file string) error {
			saved++
			imagetest.DockerArchive(t, file, reference, plain(t, imagetest.Entry{Name: "from-engine", Text: "1"}))
			return nil
		},
	}
	lacks := Engine{Name: "lacks", Inspect: func(context.Context, string) (string, error) { return "", errors.New("No such image") }}
	s, w := newStore(t, dir, lacks, has)
	w.set("me/app:1", true)
	if d := cmp.Diff([]string{"from-engine = 1"}, merged(t, opened(t, s, "me/app:1"))); d != "" {
		t.Error(d)
	}
	opened(t, s, "me/app:1")
	if saved != 1 {
		t.Errorf("saved %d times", saved)
	}
	alone, _ := newStore(t, t.TempDir(), lacks)
	_, _, err := alone.Image(t.Context(), "127.0.0.1:1/me/app:1", nil)
	if !isError[*NotFoundError](err, "no image 127.0.0.1:1/me/app:1: lacks: No such image; 127.0.0.1:1: ") {
		t.Error(err)
	}
}

// TestCancelled gives up in the middle and leaves nothing.
func TestCancelled(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t, t.TempDir())
	reference := imagetest.Layout(t, t.TempDir(), "", plain(t, imagetest.Entry{Name: "f", Text: "1"}))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.Image(ctx, reference, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if left := stored(t, s); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	opened(t, s, reference)
}
