package bundle

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// handmade writes an archive with entries of the given names.
func handmade(t *testing.T, edit func(*zip.FileHeader), names ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "code.zip")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for _, name := range names {
		h := &zip.FileHeader{Name: name}
		if edit != nil {
			edit(h)
		}
		if _, err := z.CreateRaw(h); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestArchivesThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"../x", "/etc/passwd", "a/../../x", `..\x`, "a/../.."} {
		_, err := Pack(context.Background(), handmade(t, nil, "ok", name), Options{})
		var fe *FileError
		if !errors.As(err, &fe) || fe.Path != name || !strings.Contains(err.Error(), "leads out") {
			t.Errorf("%s: %v", name, err)
		}
	}
	locked := handmade(t, func(h *zip.FileHeader) { h.Flags |= 1 }, "secret")
	if _, err := Pack(context.Background(), locked, Options{}); err == nil || !strings.Contains(err.Error(), "secret: is encrypted") {
		t.Errorf("encrypted: %v", err)
	}
	if b, err := Pack(context.Background(), handmade(t, nil, "a", "b/", "b/c", "d/../e"), Options{}); err != nil || b.Files != 3 {
		t.Errorf("%+v, %v", b, err)
	}
}

// TestPackFile keeps a .jar whole.
func TestPackFile(t *testing.T) {
	t.Parallel()
	dir := plant(t, map[string]string{"app.jar": noise(3000), "link.jar": "->app.jar", "folder/": ""})
	opts := Options{Out: filepath.Join(t.TempDir(), "code.zip"), Index: true, now: later}
	b, err := PackFile(context.Background(), filepath.Join(dir, "app.jar"), "", opts)
	if err != nil || b.Reused || b.Files != 1 {
		t.Fatalf("%+v, %v", b, err)
	}
	if diff := cmp.Diff(map[string]string{"app.jar": noise(3000)}, unpack(t, b.Path)); diff != "" {
		t.Error(diff)
	}
	if b, err = PackFile(context.Background(), filepath.Join(dir, "app.jar"), "", opts); err != nil || !b.Reused {
		t.Errorf("again: %+v, %v", b, err)
	}
	if b, err = PackFile(context.Background(), filepath.Join(dir, "link.jar"), "server.jar", opts); err != nil || unpack(t, b.Path)["server.jar"] != noise(3000) {
		t.Errorf("by a link: %+v, %v", b, err)
	}
	var fe *FileError
	if _, err := PackFile(context.Background(), filepath.Join(dir, "folder"), "", opts); !errors.As(err, &fe) {
		t.Errorf("a folder: %v", err)
	}
	if _, err := PackFile(context.Background(), filepath.Join(dir, "none"), "", opts); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing: %v", err)
	}
}

type german struct{}

func (german) T(format string, args ...any) string {
	return fmt.Sprintf(strings.ReplaceAll(format, "largest", "die größten"), args...)
}

func TestReport(t *testing.T) {
	t.Parallel()
	dir := plant(t, map[string]string{
		"index.py":                                  "x",
		"assets/film":                               noise(9000),
		"python/numpy/core.so":                      noise(5000),
		"python/numpy.libs/blas.so":                 noise(4000),
		"python/numpy-2.0.dist-info/RECORD":         "numpy/core.so,sha256=x,1\nnumpy.libs/blas.so,,\nnumpy-2.0.dist-info/RECORD,,\n../../bin/f2py,,\n",
		"python/PIL/image.so":                       noise(3000),
		"python/pillow-11.dist-info/RECORD":         "PIL/image.so,,\npillow-11.dist-info/RECORD,,\n",
		"python/google/a.py":                        "a",
		"python/google/b.py":                        "b",
		"python/one-1.dist-info/RECORD":             "google/a.py,,\n",
		"python/two-1.dist-info/RECORD":             "google/b.py,,\n",
		"python/lonely/x.py":                        noise(100),
		"node_modules/@s/core/i.js":                 noise(2000),
		"node_modules/@s/core/node_modules/ms/i.js": noise(700),
		"node_modules/ms/i.js":                      noise(800),
		"node_modules/.bin/x":                       "",
		".git/x":                                    noise(20_000),
	})
	folder, err := ReportFolder(context.Background(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	archive, err := ReportArchive(packed(t, dir, Options{}).Path)
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*Report{"folder": folder, "archive": archive} {
		if r.Total.Files != 16 || r.Files[0].Path != "assets/film" || r.Files[0].Size != 9000 || r.Folders[0].Path != "python" {
			t.Errorf("%s: %+v", name, r)
		}
		sizes := map[string]int64{}
		for _, p := range r.Packages {
			sizes[p.Path] = p.Size
		}
		for p, want := range map[string]int64{"pillow": 3000 + 44, "@s/core": 2000, "ms": 1500, "google": 2, "lonely": 100} {
			if got := sizes[p]; got != want {
				t.Errorf("%s: package %s has %d bytes, want %d of %v", name, p, got, want, sizes)
			}
		}
		if r.Packages[0].Path != "numpy" || r.Packages[0].Size < 9000 || r.Packages[0].Files != 3 {
			t.Errorf("%s: %+v", name, r.Packages[0])
		}
		if packed := r.Total.Packed > 0; packed != (name == "archive") {
			t.Errorf("%s: packed %d", name, r.Total.Packed)
		}
	}
	var b strings.Builder
	if err := archive.Write(&b, german{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"all: 16 files", "die größten packages:", "0.01 MB      0.01 MB  numpy\n", "assets/film"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	if _, err := ReportArchive(filepath.Join(dir, "index.py")); err == nil {
		t.Error("a text was taken for an archive")
	}
}

// TestReportHoldsFewFiles adds many and keeps the largest.
func TestReportHoldsFewFiles(t *testing.T) {
	t.Parallel()
	g := newGauge()
	for i := range 100_000 {
		g.add(strings.Repeat("x", i%7+1), int64(i*7919%100_003), 0)
	}
	if len(g.files) > 100*topItems {
		t.Errorf("%d files held", len(g.files))
	}
	r := g.report()
	for i, f := range r.Files {
		if i > 0 && f.Size > r.Files[i-1].Size || f.Size < 99_000 {
			t.Errorf("file %d has %d bytes", i, f.Size)
		}
	}
	if len(r.Files) != topItems || r.Total.Files != 100_000 {
		t.Errorf("%+v", r)
	}
}
