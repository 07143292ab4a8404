package build

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/build/buildtest"
)

func TestLeftovers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if found, err := Leftovers(dir); len(found) > 0 || err != nil {
		t.Errorf("nothing was built: %v, %v", found, err)
	}
	buildtest.Plant(t, dir, map[string]string{
		".s/build/artifacts/hello/app.py": "12345", ".s/build/artifacts/hello.build.json": "{}", ".s/logs/build-hello.log": "123",
		".s/cache/code/x.zip": "1", ".s/hello.json": "state", "code/app.py": "",
	})
	if err := os.Chmod(filepath.Join(dir, ".s/build/artifacts/hello"), 0o500); err != nil {
		t.Fatal(err)
	}
	found, err := Leftovers(dir)
	if diff := cmp.Diff([]Leftover{{".s/build", 7}, {".s/logs", 3}, {".s/cache", 1}}, found); diff != "" || err != nil {
		t.Error(err, diff)
	}
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	if err := RemoveLeftovers(stopped, dir, found); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := RemoveLeftovers(context.Background(), dir, found); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{".s/": "", ".s/hello.json": "state", "code/": "", "code/app.py": ""}
	if diff := cmp.Diff(want, buildtest.Names(t, dir)); diff != "" {
		t.Error(diff)
	}
	buildtest.Plant(t, dir, map[string]string{".s/logs/x": ""})
	if err := errors.Join(os.Remove(filepath.Join(dir, ".s/hello.json")), RemoveLeftovers(context.Background(), dir, []Leftover{{".s/logs", 0}})); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, ".s")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an empty folder is left: %v", err)
	}
}

func TestCleanOfKilledBuilds(t *testing.T) {
	t.Parallel()
	c := NewCache(t.TempDir())
	entry, _, err := c.Get(context.Background(), "whole", false, func(_ context.Context, out, _ string) error {
		return os.WriteFile(filepath.Join(out, "x"), make([]byte, 10), 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	entry.Release()
	buildtest.Plant(t, c.dir, map[string]string{"entries/whole" + TempMark + "1/out/x": "123", "entries/half" + TempMark + "2/out/x": "12345", "entries/bare/x": "1"})
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, _, err := c.Clean(stopped); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	removed, size, left, err := c.Clean(context.Background())
	if removed != 3 || size != 19 || left != 0 || err != nil {
		t.Errorf("removed %d, %d bytes, %d left, %v", removed, size, left, err)
	}
	if files := buildtest.Names(t, filepath.Join(c.dir, entriesDir)); len(files) > 0 {
		t.Errorf("left: %v", files)
	}
}
