package deploy

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"s/pkg/bundle"
	"s/pkg/fc"
)

// source makes a folder whose files are old enough for their times to count.
func source(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		put(t, filepath.Join(dir, name), text, time.Hour)
	}
	return dir
}

func put(t *testing.T, path, text string, age time.Duration) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	when := time.Now().Add(-age)
	if err := os.Chtimes(path, when, when); err != nil {
		t.Fatal(err)
	}
}

func pack(t *testing.T, in PackInput) *Archive {
	t.Helper()
	a, err := Pack(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(a.Path); err != nil || info.Size() != a.Size || a.Checksum == "" {
		t.Fatalf("archive %+v: %v", a, err)
	}
	return a
}

func TestUnchangedCodeIsPackedOnce(t *testing.T) {
	t.Parallel()
	dir := source(t, map[string]string{"index.py": "x", "lib/a.py": "y"})
	in := PackInput{Source: dir, CacheDir: filepath.Join(t.TempDir(), "cache"), Name: "hello"}
	first, second := pack(t, in), pack(t, in)
	if first.Reused || !second.Reused || first.Checksum != second.Checksum || second.Size != first.Size || second.Source != dir {
		t.Errorf("first %+v\nsecond %+v", first, second)
	}
}

func TestEveryChangePacksAnew(t *testing.T) {
	t.Parallel()
	changes := map[string]func(dir string) error{
		"text": func(dir string) error { put(t, filepath.Join(dir, "index.py"), "z", time.Minute); return nil },
		"mode": func(dir string) error { return os.Chmod(filepath.Join(dir, "index.py"), 0o755) },
		"new":  func(dir string) error { put(t, filepath.Join(dir, "more.py"), "", time.Minute); return nil },
		"gone": func(dir string) error { return os.Remove(filepath.Join(dir, "lib/a.py")) },
		"rename": func(dir string) error {
			return os.Rename(filepath.Join(dir, "lib/a.py"), filepath.Join(dir, "lib/b.py"))
		},
		"ignore": func(dir string) error {
			put(t, filepath.Join(dir, ".fcignore"), "lib\n", time.Minute)
			return nil
		},
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := source(t, map[string]string{"index.py": "x", "lib/a.py": "y"})
			in := PackInput{Source: dir, CacheDir: t.TempDir(), Name: "hello"}
			first := pack(t, in)
			if err := change(dir); err != nil {
				t.Fatal(err)
			}
			second := pack(t, in)
			if second.Reused || second.Checksum == first.Checksum {
				t.Errorf("first %+v\nsecond %+v", first, second)
			}
		})
	}
}

func TestBrokenCacheIsReplaced(t *testing.T) {
	t.Parallel()
	breakages := map[string]func(zip string) error{
		"no archive":    os.Remove,
		"short archive": func(zip string) error { return os.Truncate(zip, 3) },
		"no index":      func(zip string) error { return os.Remove(zip + ".index") },
		"bad index":     func(zip string) error { return os.WriteFile(zip+".index", []byte("{"), 0o600) },
	}
	for name, breakIt := range breakages {
		dir := source(t, map[string]string{"index.py": "x"})
		in := PackInput{Source: dir, CacheDir: t.TempDir(), Name: "hello"}
		first := pack(t, in)
		if err := breakIt(first.Path); err != nil {
			t.Fatal(err)
		}
		if second := pack(t, in); second.Reused || second.Checksum != first.Checksum {
			t.Errorf("%s: %+v", name, second)
		}
	}
}

// With the code beside s.yaml the cache lies inside the code.
func TestCacheInsideTheCode(t *testing.T) {
	t.Parallel()
	dir := source(t, map[string]string{"index.py": "x", "s.yaml": "edition: 3.0.0"})
	in := PackInput{Source: dir, CacheDir: filepath.Join(dir, ".s", "cache", "code"), Name: "hello"}
	first := pack(t, in)
	if second := pack(t, in); !second.Reused || second.Checksum != first.Checksum {
		t.Errorf("first %+v\nsecond %+v", first, second)
	}
}

func TestPackedFilesAreTakenAsTheyAre(t *testing.T) {
	t.Parallel()
	dir := source(t, map[string]string{"index.py": "x", "code.txt": "no archive"})
	made, err := bundle.Pack(context.Background(), dir, bundle.Options{Out: filepath.Join(dir, "code.zip")})
	if err != nil {
		t.Fatal(err)
	}
	got := pack(t, PackInput{Source: made.Path, CacheDir: filepath.Join(dir, "cache"), Name: "x"})
	if got.Path != made.Path || got.Checksum != made.Checksum || got.Reused {
		t.Errorf("%+v", got)
	}
	if _, err := os.Stat(filepath.Join(dir, "cache")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a cache was made")
	}
	if _, err := Pack(context.Background(), PackInput{Source: filepath.Join(dir, "code.txt")}); err == nil {
		t.Error("a text file was taken for an archive")
	}
	if _, err := Pack(context.Background(), PackInput{Source: filepath.Join(dir, "none")}); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("err = %v", err)
	}
}

func TestTooLargeCode(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	// Holes cost no disk, but a stored (not deflated) entry would be too large;
	// a zip file of that size is refused before it is read.
	path := filepath.Join(dir, "code.zip")
	made, err := bundle.Pack(context.Background(), source(t, map[string]string{"a": "b"}), bundle.Options{Out: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(made.Path, fc.MaxOSSCode+1); err != nil {
		t.Fatal(err)
	}
	var over *bundle.TooLargeError
	if _, err := Pack(context.Background(), PackInput{Source: path}); !errors.As(err, &over) {
		t.Errorf("got %v", err)
	}
}
