package bundle

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// unpacker is a program that unpacks an archive into the current folder.
type unpacker struct {
	command []string
	// links and modes are set if it keeps them.
	links, modes bool
}

const pythonUnpack = `import sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
z.extractall()`

// TestUnpackedByOthers lets other programs unpack what we pack, first and with
// an index, and compares with the source.
func TestUnpackedByOthers(t *testing.T) {
	t.Parallel()
	dir, out := varied(t), filepath.Join(t.TempDir(), "code.zip")
	indexed(t, dir, out)
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "a/b"), []byte("changed"), 0o644), os.Remove(filepath.Join(dir, "zeros"))); err != nil {
		t.Fatal(err)
	}
	indexed(t, dir, out)
	for name, u := range map[string]unpacker{
		"unzip":   {[]string{"-q", out}, true, true},
		"python3": {[]string{"-c", pythonUnpack, out}, false, false},
		"jar":     {[]string{"xf", out}, false, false},
		"bsdtar":  {[]string{"-xpf", out}, true, true},
		"7z":      {[]string{"x", "-bd", "-y", out}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tool, err := exec.LookPath(name)
			if err != nil {
				t.Skipf("%s isn't installed", name)
			}
			to := t.TempDir()
			cmd := exec.Command(tool, u.command...)
			cmd.Dir, cmd.Env = to, append(os.Environ(), "LC_ALL=C.UTF-8")
			if text, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, text)
			}
			if diff := cmp.Diff(describe(t, dir, ListOptions{}, u), describe(t, to, ListOptions{NoDefaultIgnore: true}, u)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// describe lists a tree as far as the program keeps it.
func describe(t *testing.T, dir string, opts ListOptions, u unpacker) []string {
	t.Helper()
	var out []string
	for _, e := range list(t, dir, opts).Entries {
		line := e.Path
		if u.modes {
			line += " " + e.packed().String()
		}
		switch {
		case e.Mode.IsRegular():
			line += fmt.Sprintf(" %d bytes, CRC %x", e.Size, crc32.ChecksumIEEE(read(t, filepath.Join(dir, e.Path))))
		case !e.Mode.IsDir() && u.links:
			line += " -> " + e.Target
		case !e.Mode.IsDir(): // a link, which becomes a file with its target
			line += fmt.Sprintf(" %d bytes, CRC %x", e.Size, crc32.ChecksumIEEE([]byte(e.Target)))
		}
		out = append(out, line)
	}
	return out
}

// TestFileOver4GB packs a file with a hole of 4 GB, and packs again with what is
// behind it changed.
func TestFileOver4GB(t *testing.T) {
	t.Parallel()
	if raceEnabled {
		t.Skip("4 GB take minutes with the race detector; TestZip64 goes there without them")
	}
	if testing.Short() {
		t.Skip("4 GB")
	}
	const size = 4<<30 + 12345
	dir, out := plant(t, map[string]string{"a": "before", "hole": "x", "z": "behind"}), filepath.Join(t.TempDir(), "code.zip")
	if err := os.Truncate(filepath.Join(dir, "hole"), size); err != nil {
		t.Skipf("no holes here: %v", err)
	}
	opts := Options{Out: out, Index: true, now: later}
	if b, err := Pack(context.Background(), dir, opts); err != nil || b.Source != size+12 || b.Size > 64<<20 {
		t.Fatalf("%+v, %v", b, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "z"), []byte("changed"), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := Pack(context.Background(), dir, opts)
	if err != nil || b.Reused {
		t.Fatalf("%+v, %v", b, err)
	}
	z, err := zip.OpenReader(out)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	sum := crc32.ChecksumIEEE([]byte("x"))
	for zeros, left := make([]byte, 1<<20), int64(size-1); left > 0; left -= int64(len(zeros)) {
		sum = crc32.Update(sum, crc32.IEEETable, zeros[:min(left, int64(len(zeros)))])
	}
	if f := z.File[1]; f.Name != "hole" || f.UncompressedSize64 != size || f.CRC32 != sum {
		t.Errorf("%s has %d bytes, CRC %x, want %x", f.Name, f.UncompressedSize64, f.CRC32, sum)
	}
	in, err := z.File[2].Open()
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(in); err != nil || string(text) != "changed" {
		t.Errorf("behind it: %q, %v", text, err)
	}
	if unzip, err := exec.LookPath("unzip"); err == nil {
		text, err := exec.Command(unzip, "-l", out).CombinedOutput()
		if err != nil || !strings.Contains(string(text), fmt.Sprint(int64(size))) {
			t.Errorf("unzip: %v: %s", err, text)
		}
	}
}

// many is a tree of links that is never in memory, nor on disk.
type many struct{ entries int }

func (m many) top() string        { return "/many" }
func (m many) left() []string     { return nil }
func (m many) file(string) string { return "/none" }

func (m many) walk(visit func(Entry) error) error {
	for i := range m.entries {
		e := Entry{Path: fmt.Sprintf("folder%04d/entry%09d", i/100, i), Mode: os.ModeSymlink, Target: "there", Size: 5}
		if err := visit(e); err != nil {
			return err
		}
	}
	return nil
}

// Test200000Entries packs them twice, once new and once from the index, with
// memory for a small part of them.
func Test200000Entries(t *testing.T) {
	t.Parallel()
	n := 200_000
	if raceEnabled {
		n = 70_000 // more than the old format counts
	}
	out := filepath.Join(t.TempDir(), "code.zip")
	opts := Options{Out: out, Index: true, now: later}.withDefaults()
	first, err := pack(context.Background(), many{n}, opts)
	if err != nil {
		t.Fatal(err)
	}
	second, err := pack(context.Background(), many{n}, opts)
	if err != nil {
		t.Fatal(err)
	}
	if first.Files != n || second.Files != n || !second.Reused {
		t.Errorf("%+v, then %+v", first, second)
	}
	if _, err := pack(context.Background(), many{n + 1}, opts); err != nil {
		t.Fatal(err)
	}
	z, err := zip.OpenReader(out)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if len(z.File) != n+1 || z.File[n].Name != fmt.Sprintf("folder%04d/entry%09d", n/100, n) {
		t.Errorf("%d entries, the last is %s", len(z.File), z.File[len(z.File)-1].Name)
	}
	if unzip, err := exec.LookPath("unzip"); err == nil {
		if text, err := exec.Command(unzip, "-tqq", out).CombinedOutput(); err != nil {
			t.Errorf("unzip: %v: %s", err, text)
		}
	}
}
