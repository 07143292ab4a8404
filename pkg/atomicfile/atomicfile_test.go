package atomicfile

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// only checks that a folder has these entries and no more.
func only(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(names, " ") {
		t.Errorf("in the folder are %v, want %v", got, names)
	}
}

// holds checks a file.
func holds(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil || string(data) != text {
		t.Errorf("%s: %q, %v, want %q", path, data, err, text)
	}
	info, err := os.Stat(path)
	if err == nil && runtime.GOOS != "windows" && info.Mode().Perm() != mode {
		t.Errorf("%s: mode %v, want %v", path, info.Mode().Perm(), mode)
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		old  fs.FileMode // of the file that is there; 0 is none
		o    Options
		mode fs.FileMode
		err  error
	}{
		{name: "new", mode: 0o600},
		{name: "new with a mode", o: Options{Mode: 0o644}, mode: 0o644},
		{name: "new, wider than the umask", o: Options{Mode: 0o666}, mode: 0o666},
		{name: "new, to be kept", o: Options{Mode: 0o640, KeepMode: true}, mode: 0o640},
		{name: "replaced", old: 0o644, mode: 0o600},
		{name: "replaced with a mode", old: 0o600, o: Options{Mode: 0o755}, mode: 0o755},
		{name: "kept mode", old: 0o640, o: Options{Mode: 0o600, KeepMode: true}, mode: 0o640},
		{name: "read-only", old: 0o400, o: Options{KeepMode: true}, mode: 0o400},
		{name: "synced", old: 0o644, o: Options{Sync: true}, mode: 0o600},
		{name: "fresh", o: Options{New: true, Mode: 0o644}, mode: 0o644},
		{name: "not fresh", old: 0o644, o: Options{New: true}, mode: 0o644, err: fs.ErrExist},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path, want := filepath.Join(dir, "file.txt"), "new"
			if tt.old != 0 {
				if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
					t.Fatal(err)
				}
				if err := os.Chmod(path, tt.old); err != nil {
					t.Fatal(err)
				}
			}
			if err := Write(path, []byte("new"), tt.o); !errors.Is(err, tt.err) || tt.err == nil && err != nil {
				t.Fatalf("got %v, want %v", err, tt.err)
			}
			if tt.err != nil {
				want = "old"
			}
			holds(t, path, want, tt.mode)
			only(t, dir, "file.txt")
		})
	}
}

func TestSymlinks(t *testing.T) {
	t.Parallel()
	for _, follow := range []bool{true, false} {
		dir, away := t.TempDir(), t.TempDir()
		target, link := filepath.Join(away, "target"), filepath.Join(dir, "link")
		if err := os.WriteFile(target, []byte("old"), 0o640); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, link); err != nil {
			t.Skipf("no symbolic links: %v", err)
		}
		if err := Write(link, []byte("new"), Options{Follow: follow, KeepMode: true, Mode: 0o600}); err != nil {
			t.Fatal(err)
		}
		info, err := os.Lstat(link)
		if err != nil || (info.Mode()&fs.ModeSymlink != 0) != follow {
			t.Errorf("follow %v: the link is %v, %v", follow, info.Mode(), err)
		}
		holds(t, target, map[bool]string{true: "new", false: "old"}[follow], 0o640)
		holds(t, link, "new", 0o640)
		only(t, dir, "link")
		only(t, away, "target")
	}
	// A link to nothing is replaced: there is nothing to follow.
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join(dir, "gone", "gone"), link); err != nil {
		t.Fatal(err)
	}
	if err := Write(link, []byte("new"), Options{Follow: true}); err != nil {
		t.Fatal(err)
	}
	holds(t, link, "new", 0o600)
}

// TestNothingIsLeft after an error: neither a change nor a file.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := Write(filepath.Join(dir, "gone", "file"), nil, Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	full := filepath.Join(dir, "folder")
	if err := os.MkdirAll(filepath.Join(full, "in"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, o := range []Options{{}, {New: true}, {Sync: true, KeepMode: true}} {
		if err := Write(full, []byte("x"), o); err == nil {
			t.Errorf("%+v: a folder was replaced", o)
		}
	}
	only(t, dir, "folder")
	only(t, full, "in")
}

// TestReadersSeeOneOrTheOther while writers take turns.
func TestReadersSeeOneOrTheOther(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	texts := [][]byte{bytes.Repeat([]byte("a"), 1<<16), bytes.Repeat([]byte("b"), 1<<16)}
	if err := Write(path, texts[0], Options{}); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for _, text := range texts {
		wg.Go(func() {
			for range 50 {
				if err := Write(path, text, Options{}); err != nil && runtime.GOOS != "windows" {
					t.Error(err)
				}
			}
		})
	}
	for range 200 {
		if data, err := os.ReadFile(path); err == nil && !bytes.Equal(data, texts[0]) && !bytes.Equal(data, texts[1]) {
			t.Errorf("half a file: %d bytes", len(data))
		}
	}
	wg.Wait()
	only(t, dir, "file")
}

// TestOneIsFirst: of those who want a new file, one makes it.
func TestOneIsFirst(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	errs := make([]error, 20)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = Write(path, []byte{byte('a' + i)}, Options{New: true}) })
	}
	wg.Wait()
	first := -1
	for i, err := range errs {
		switch {
		case err == nil && first < 0:
			first = i
		case err == nil:
			t.Errorf("%d and %d made it", first, i)
		case !errors.Is(err, fs.ErrExist):
			t.Error(err)
		}
	}
	if first < 0 {
		t.Fatal("nobody made it")
	}
	holds(t, path, string(byte('a'+first)), 0o600)
}

func TestTempPattern(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, err := os.CreateTemp(dir, TempPattern("x.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	found, err := filepath.Glob(filepath.Join(dir, TempPattern("x.json")))
	if err != nil || len(found) != 1 || found[0] != f.Name() {
		t.Errorf("%v %v", found, err)
	}
}
