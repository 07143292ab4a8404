package scaffold

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// snapshot gives all files below dir with their text; folders end in a slash.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || name == dir {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			files[filepath.ToSlash(rel)+"/"] = ""
			return nil
		}
		data, err := os.ReadFile(name)
		files[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func plant(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		full := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func small(t *testing.T) Template {
	t.Helper()
	return demo(t, "", map[string]string{"code/index.py": "new\n", "readme.md": "new\n", "s.yaml": "new: 1\n"})
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	project := map[string]string{"code/": "", "code/index.py": "new\n", "readme.md": "new\n", "s.yaml": "new: 1\n"}
	with := func(more map[string]string) map[string]string {
		all := map[string]string{}
		for _, m := range []map[string]string{project, more} {
			maps.Copy(all, m)
		}
		return all
	}
	cases := []struct {
		name   string
		before map[string]string // in the target folder; nil: there is none
		force  bool
		want   map[string]string
		fails  bool
	}{
		{name: "new folder", want: project},
		{name: "empty folder", before: map[string]string{}, want: project},
		{name: "not empty", before: map[string]string{"mine": "x"}, want: map[string]string{"mine": "x"}, fails: true},
		{name: "hidden file", before: map[string]string{".git/config": "x"}, want: map[string]string{".git/": "", ".git/config": "x"}, fails: true},
		{
			name: "force", before: map[string]string{"mine": "x", "code/mine.py": "y", "s.yaml": "old"}, force: true,
			want: with(map[string]string{"mine": "x", "code/mine.py": "y"}),
		},
		{name: "force on nothing", force: true, want: project},
		{
			name: "a folder where a file goes", before: map[string]string{"code/index.py/deep": "x", "s.yaml": "old"}, force: true, fails: true,
			want: map[string]string{"code/": "", "code/index.py/": "", "code/index.py/deep": "x", "s.yaml": "old"},
		},
		{
			name: "a folder in the way of the last file", before: map[string]string{"s.yaml/deep": "x", "readme.md": "old"}, force: true, fails: true,
			want: map[string]string{"s.yaml/": "", "s.yaml/deep": "x", "readme.md": "old"},
		},
		{name: "a file where a folder goes", before: map[string]string{"code": "x"}, force: true, fails: true, want: map[string]string{"code": "x"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			parent := t.TempDir()
			dir := filepath.Join(parent, "made")
			if c.before != nil {
				if err := os.Mkdir(dir, 0o755); err != nil {
					t.Fatal(err)
				}
				plant(t, dir, c.before)
			}
			_, err := Render(t.Context(), small(t), nil, dir, Options{Force: c.force})
			if (err != nil) != c.fails {
				t.Errorf("got error %v", err)
			}
			if diff := cmp.Diff(c.want, snapshot(t, dir)); diff != "" {
				t.Errorf("folder (-want +got):\n%s", diff)
			}
			if entries, err := os.ReadDir(parent); err != nil || len(entries) != 1 {
				t.Errorf("beside the folder: %v, %v", entries, err)
			}
		})
	}
}

func TestNotEmptyIsTyped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plant(t, dir, map[string]string{"mine": "x"})
	var notEmpty *NotEmptyError
	if err := CheckTarget(dir, false); !errors.As(err, &notEmpty) || notEmpty.Dir != dir {
		t.Errorf("got %v", err)
	}
	if err := CheckTarget(dir, true); err != nil {
		t.Errorf("with force: got %v", err)
	}
	if err := CheckTarget(filepath.Join(dir, "none"), false); err != nil {
		t.Errorf("a folder that isn't there: got %v", err)
	}
	if err := CheckTarget(filepath.Join(dir, "mine"), true); err == nil {
		t.Error("a file as the target is accepted")
	}
}

func TestParentsAreMadeAndTakenBack(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if _, err := Render(t.Context(), small(t), nil, filepath.Join(root, "a", "b", "made"), Options{}); err != nil {
		t.Fatal(err)
	}
	if got := snapshot(t, filepath.Join(root, "a", "b", "made")); got["s.yaml"] != "new: 1\n" {
		t.Errorf("got %v", got)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Render(canceled, small(t), nil, filepath.Join(root, "c", "d", "made"), Options{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want canceled", err)
	}
	if _, err := os.Stat(filepath.Join(root, "c")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the parents are still there: %v", err)
	}
	plant(t, root, map[string]string{"file": "x"})
	if _, err := Render(t.Context(), small(t), nil, filepath.Join(root, "file", "made"), Options{}); err == nil {
		t.Error("a file as parent is accepted")
	}
}

// countdown is a context that ends at the n-th look at it.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// Ctrl-C at any moment leaves the folder as it was.
func TestInterruptAtAnyMoment(t *testing.T) {
	t.Parallel()
	before := map[string]string{"mine": "x", "s.yaml": "old", "readme.md": "old"}
	for _, exists := range []bool{false, true} {
		interrupted := 0
		for left := 0; ; left++ {
			parent := t.TempDir()
			dir := filepath.Join(parent, "made")
			if exists {
				plant(t, dir, before)
			}
			_, err := Render(&countdown{t.Context(), left}, small(t), nil, dir, Options{Force: true})
			if err == nil {
				break
			}
			interrupted++
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("got %v", err)
			}
			want := map[string]string{}
			if exists {
				want = map[string]string{"made/": "", "made/mine": "x", "made/s.yaml": "old", "made/readme.md": "old"}
			}
			if diff := cmp.Diff(want, snapshot(t, parent)); diff != "" {
				t.Fatalf("exists %v, interrupted at look %d (-want +got):\n%s", exists, left, diff)
			}
		}
		if interrupted < 4 {
			t.Errorf("exists %v: interrupted only %d times", exists, interrupted)
		}
	}
}

func TestReplacedSymlinkLeavesItsTarget(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	plant(t, root, map[string]string{"elsewhere.yaml": "theirs", "made/mine": "x"})
	if err := os.Symlink(filepath.Join(root, "elsewhere.yaml"), filepath.Join(root, "made", "s.yaml")); err != nil {
		t.Fatal(err)
	}
	if _, err := Render(t.Context(), small(t), nil, filepath.Join(root, "made"), Options{Force: true}); err != nil {
		t.Fatal(err)
	}
	if got := snapshot(t, root); got["elsewhere.yaml"] != "theirs" || got["made/s.yaml"] != "new: 1\n" {
		t.Errorf("got %v", got)
	}
}

// Values are checked before anything is written.
func TestBadValuesWriteNothing(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	_, err := Render(t.Context(), small(t), map[string]any{"nobody": 1}, filepath.Join(parent, "made"), Options{})
	var problems ParameterErrors
	if !errors.As(err, &problems) {
		t.Errorf("got %v", err)
	}
	if got := snapshot(t, parent); len(got) > 0 {
		t.Errorf("written: %v", got)
	}
}
