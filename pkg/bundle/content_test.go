package bundle

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"s/pkg/bundle/bundletest"
)

// unpack reads all files of an archive.
func unpack(t *testing.T, path string) map[string]string {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		out[f.Name] = string(data)
	}
	return out
}

// TestSizesAroundTheChunks packs and unpacks files whose size is near a
// boundary, of three kinds of data.
func TestSizesAroundTheChunks(t *testing.T) {
	t.Parallel()
	files := map[string]string{}
	for _, n := range []int{
		0, 1, 2, windowSize - 1, windowSize, windowSize + 1, chunkSize - 1, chunkSize, chunkSize + 1,
		chunkSize + windowSize, 2*chunkSize - 1, 2 * chunkSize, 2*chunkSize + 1,
	} {
		files[fmt.Sprintf("zeros%d", n)] = strings.Repeat("\x00", n)
		files[fmt.Sprintf("text%d", n)] = strings.Repeat("some text that comes again, ", n/28+1)[:n]
		files[fmt.Sprintf("noise%d", n)] = noise(n)
	}
	b := packed(t, plant(t, files), Options{Workers: 3})
	if diff := cmp.Diff(files, unpack(t, b.Path)); diff != "" {
		t.Error("the contents differ")
	}
	if unzip, err := exec.LookPath("unzip"); err == nil {
		if out, err := exec.Command(unzip, "-tqq", b.Path).CombinedOutput(); err != nil {
			t.Errorf("unzip: %v: %s", err, out)
		}
	}
}

func TestNoiseIsStored(t *testing.T) {
	t.Parallel()
	b := packed(t, plant(t, map[string]string{"noise": noise(100_000), "text": strings.Repeat("text ", 1000), "empty": ""}), Options{})
	z, err := zip.OpenReader(b.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for _, f := range z.File {
		want := zip.Store
		if f.Name == "text" {
			want = zip.Deflate
		}
		if f.Method != want || f.CompressedSize64 > f.UncompressedSize64 {
			t.Errorf("%s: method %d, %d of %d bytes", f.Name, f.Method, f.CompressedSize64, f.UncompressedSize64)
		}
	}
}

// TestChunksKnowWhatCameBefore compresses text that repeats at a distance: cut
// into chunks it must not come out notably longer than in one piece.
func TestChunksKnowWhatCameBefore(t *testing.T) {
	t.Parallel()
	unit := noise(20_000) // repeats within the window, and across chunks
	large := strings.Repeat(unit, 6*chunkSize/len(unit))
	b := packed(t, plant(t, map[string]string{"large": large}), Options{})
	if limit := int64(len(large) / 30); b.Size > limit {
		t.Errorf("%d bytes became %d, want at most %d", len(large), b.Size, limit)
	}
}

// TestMemoryIsBounded packs much more than may be held.
func TestMemoryIsBounded(t *testing.T) {
	const workers = 2
	dir := plant(t, map[string]string{"text": strings.Repeat("all work and no play ", 64<<20/21), "noise": noise(16 << 20)})
	for i := range 200 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint("f", i)), []byte(strings.Repeat("x", 10_000)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(t.TempDir(), "code.zip")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := Pack(context.Background(), dir, Options{Out: out, Workers: workers}); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	// All that was ever allocated, freed or not: buffers are used again.
	if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 12*workers {
		t.Errorf("%d MB allocated for 80 MB with %d workers", mb, workers)
	}
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("no permissions here")
	}
	for _, tc := range []struct {
		path string
		mode fs.FileMode
		want fs.FileMode
	}{
		{"bootstrap", 0o644, 0o755},
		{"bootstrap", 0o600, 0o711},
		{"x/bootstrap", 0o644, 0o644},
		{"bootstrap", fs.ModeDir | 0o700, 0o700},
		{"x", 0o640, 0o640},
		{"x", fs.ModeSymlink | 0o755, 0o777},
		{"x", 0o755 | fs.ModeSetuid, 0o755},
	} {
		if got := (Entry{Path: tc.path, Mode: tc.mode}).packed().Perm(); got != tc.want {
			t.Errorf("%s %v: %v, want %v", tc.path, tc.mode, got, tc.want)
		}
	}
}

func TestWhereTheArchiveGoes(t *testing.T) {
	t.Parallel()
	dir := plant(t, map[string]string{"a": "1"})
	made := packed(t, dir, Options{Out: filepath.Join(t.TempDir(), "new/folders/code.zip")})
	if len(unpack(t, made.Path)) != 1 {
		t.Error("not there")
	}
	b, err := Pack(context.Background(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(b.Path) })
	if b.Checksum != made.Checksum || filepath.Ext(b.Path) != ".zip" {
		t.Errorf("a temporary one: %+v, want the same as %+v", b, made)
	}
	if _, err := Pack(context.Background(), dir, Options{Out: filepath.Join(dir, "a/code.zip")}); err == nil {
		t.Error("packed into a file")
	}
	taken := t.TempDir()
	if _, err := Pack(context.Background(), dir, Options{Out: taken}); err == nil {
		t.Error("replaced a folder")
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(taken), ".*")); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestCancelInTheMiddle stops while much is left to do, and checks that nothing
// goes on.
func TestCancelInTheMiddle(t *testing.T) {
	dir := t.TempDir()
	if err := (bundletest.Tree{Files: 400, Bytes: 16 << 20, Seed: 1}).Write(dir); err != nil {
		t.Fatal(err)
	}
	l := list(t, dir, ListOptions{})
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(context.Background())
	seen := 0
	z := newZipWriter(writerFunc(func(p []byte) (int, error) {
		if seen += len(p); seen > 1<<20 {
			cancel()
		}
		return len(p), nil
	}), 0, place{})
	if err := compress(ctx, listed{l, nil}, Options{Workers: 2}, &packer{z: z}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if z.size() > 6<<20 {
		t.Errorf("%d bytes were written before it stopped", z.size())
	}
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestMessages(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"a/b: changed while it was packed":           &FileError{Path: "a/b", Reason: changed},
		"a/b: cannot be read: permission denied":     &FileError{Path: "a/b", Reason: "cannot be read", Err: &fs.PathError{Op: "open", Path: "/x/a/b", Err: errors.New("permission denied")}},
		`d/.fcignore:3: rule "x[": odd`:              &PatternError{File: "d/.fcignore", Line: 3, Pattern: "x[", Reason: "odd"},
		"the code is larger than 500 MB when packed": &TooLargeError{Limit: 500 << 20},
	} {
		if err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

// TestKnownArchive pins the bytes of an archive. If a new version of the
// compressor changes them, all code counts as changed once and is uploaded
// again: that should be known when it happens.
func TestKnownArchive(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("every file is executable there")
	}
	b := packed(t, plant(t, map[string]string{
		"app.py": strings.Repeat("def handler(event, context):\n    return event\n", 40), "noise": noise(3000), "empty/": "", "link": "->app.py",
		"large": strings.Repeat("0123456789 the same again\n", 60_000),
	}), Options{})
	if b.Size != 7495 || b.Checksum != "8072386505130757521" {
		t.Errorf("%d bytes, checksum %s", b.Size, b.Checksum)
	}
}
