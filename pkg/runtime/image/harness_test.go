package image

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"s/pkg/runtime/image/imagetest"
)

// wants are the names of images that functions have.
type wants struct {
	mu    sync.Mutex
	names map[string]bool
}

func (w *wants) set(name string, wanted bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.names[name] = wanted
}

func (w *wants) has(name string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.names[name]
}

// newStore opens a store in dir in which nothing is wanted yet.
func newStore(t *testing.T, dir string, engines ...Engine) (*Store, *wants) {
	t.Helper()
	w := &wants{names: map[string]bool{}}
	s, err := Open(Options{Dir: dir, Wanted: w.has, Engines: engines})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, w
}

// opened opens an image that stays until the end of the test.
func opened(t *testing.T, s *Store, name string) *Image {
	t.Helper()
	img, release, err := s.Image(t.Context(), name, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return img
}

// tree lists a folder: every path, with the text of files and the target of
// links.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		switch {
		case err != nil:
			return err
		case d.IsDir():
			rel += "/"
		case d.Type()&fs.ModeSymlink != 0:
			target, _ := os.Readlink(path)
			rel += " -> " + target
		case d.Type().IsRegular():
			text, _ := os.ReadFile(path)
			rel += " = " + string(text)
		default:
			rel += " " + d.Type().String()
		}
		list = append(list, rel)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return list
}

// merged is the file system of an image.
func merged(t *testing.T, img *Image) []string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tree")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := img.CopyTo(dir); err != nil {
		t.Fatal(err)
	}
	return tree(t, dir)
}

// stored are the names in the store's folder of layers, without what is being
// removed.
func stored(t *testing.T, s *Store) []string {
	t.Helper()
	s.removals.Wait()
	entries, err := os.ReadDir(filepath.Join(s.dir, layersName))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// plain is an image of one layer.
func plain(t *testing.T, entries ...imagetest.Entry) v1.Image {
	t.Helper()
	return imagetest.Image(t, v1.Config{}, imagetest.Layer(imagetest.Tar(t, entries...)))
}

func isError[T error](err error, says string) bool {
	var want T
	return errors.As(err, &want) && strings.Contains(err.Error(), says)
}
