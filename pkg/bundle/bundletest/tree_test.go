package bundletest

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// contents reads a tree.
func contents(t *testing.T, dir string) (map[string]string, int64) {
	t.Helper()
	files, total := map[string]string{}, int64(0)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		files[strings.TrimPrefix(path, dir)] = string(data)
		total += int64(len(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files, total
}

func TestTreeIsAsDescribed(t *testing.T) {
	t.Parallel()
	text := t.TempDir()
	if err := os.WriteFile(filepath.Join(text, "a.go"), bytes.Repeat([]byte("package a\n"), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tree := range []Tree{
		{Files: 100, Bytes: 1 << 20, Seed: 1},
		{Files: 1, Bytes: 5, Seed: 1},
		{Files: 100, Bytes: 1 << 20, Seed: 1, Text: text},
		{Files: 50, Bytes: 0, Seed: 2},
	} {
		first, second := t.TempDir(), t.TempDir()
		for _, dir := range []string{first, second} {
			if err := tree.Write(dir); err != nil {
				t.Fatal(err)
			}
		}
		files, total := contents(t, first)
		if len(files) != tree.Files || total != tree.Bytes {
			t.Errorf("%+v: %d files, %d bytes", tree, len(files), total)
		}
		again, _ := contents(t, second)
		for name, content := range files {
			if again[name] != content {
				t.Fatalf("%+v: %s differs the second time", tree, name)
			}
		}
	}
}

func TestSizesVary(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := (Tree{Files: 400, Bytes: 4 << 20, Seed: 1}).Write(dir); err != nil {
		t.Fatal(err)
	}
	files, _ := contents(t, dir)
	mean, small, large := (4<<20)/400, 0, 0
	for _, content := range files {
		if len(content) < mean/3 {
			small++
		}
		if len(content) > 3*mean {
			large++
		}
	}
	if small < 40 || large < 8 {
		t.Errorf("%d small and %d large files of 400", small, large)
	}
}

func TestAnotherSeedAnotherTree(t *testing.T) {
	t.Parallel()
	if bytes.Equal(words(1, 1000), words(2, 1000)) {
		t.Error("the same words")
	}
	if !bytes.Equal(words(1, 1000), words(1, 1000)) {
		t.Error("not the same words")
	}
}

func TestNoText(t *testing.T) {
	t.Parallel()
	if err := (Tree{Files: 1, Bytes: 1, Text: t.TempDir()}).Write(t.TempDir()); err == nil {
		t.Error("made from nothing")
	}
	if err := (Tree{Files: 1, Bytes: 1, Text: "missing"}).Write(t.TempDir()); err == nil {
		t.Error("made from a folder that isn't there")
	}
}

func TestLarge(t *testing.T) {
	t.Parallel()
	if l := Large(); l.Files != 20_000 || l.Bytes != 190<<20 {
		t.Errorf("%+v", l)
	}
}
