package bundle

import (
	"archive/zip"
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// sparse writes a file with holes for long writes, which are zeros here.
type sparse struct{ f *os.File }

func (s *sparse) Write(p []byte) (int, error) {
	if len(p) >= 1<<20 {
		_, err := s.f.Seek(int64(len(p)), io.SeekCurrent)
		return len(p), err
	}
	return s.f.Write(p)
}

// TestZip64 makes an archive of more than 4 GB with a streamed and a plain
// entry of that size, and a small entry behind them.
func TestZip64(t *testing.T) {
	t.Parallel()
	const size = 4<<30 + 12345
	path := filepath.Join(t.TempDir(), "large.zip")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := newZipWriter(io.Discard, 0, place{})
	z.buf.Reset(&sparse{f})
	zeros := make([]byte, 16<<20)
	for _, streamed := range []bool{true, false} {
		h := entryHeader{name: fmt.Sprintf("streamed-%v", streamed), mode: 0o644, size: size, streamed: streamed, compressed: size}
		start := z.offset
		steps := []func() error{func() error { return z.local(&h) }}
		for left := int64(size); left > 0; left -= int64(len(zeros)) {
			part := zeros[:min(left, int64(len(zeros)))]
			steps = append(steps, func() error { _, err := z.Write(part); return err })
		}
		if streamed {
			steps = append(steps, func() error { return z.descriptor(&h) })
		}
		for _, step := range steps {
			if err := step(); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.finish(&h, start); err != nil {
			t.Fatal(err)
		}
	}
	small := entryHeader{name: "small", mode: 0o600, size: 5, compressed: 5, crc: crc32.ChecksumIEEE([]byte("hello"))}
	start := z.offset
	if err := z.local(&small); err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if err := z.finish(&small, start); err != nil {
		t.Fatal(err)
	}
	if err := z.close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	checkZip64(t, path, size)
}

func checkZip64(t *testing.T, path string, size uint64) {
	t.Helper()
	r, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if len(r.File) != 3 || r.File[0].UncompressedSize64 != size || r.File[1].CompressedSize64 != size {
		t.Fatalf("got %d entries, %+v", len(r.File), r.File[0].FileHeader)
	}
	in, err := r.File[2].Open()
	if err != nil {
		t.Fatal(err)
	}
	if data, err := io.ReadAll(in); err != nil || string(data) != "hello" {
		t.Errorf("the entry beyond 4 GB: %q, %v", data, err)
	}
	if python, err := exec.LookPath("python3"); err == nil {
		script := "import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); print([i.file_size for i in z.infolist()], z.read('small')); z.open('streamed-false').read(10)"
		out, err := exec.Command(python, "-c", script, path).CombinedOutput()
		want := fmt.Sprintf("[%d, %d, 5] b'hello'\n", size, size)
		if err != nil || string(out) != want {
			t.Errorf("Python: %v: %swant %s", err, out, want)
		}
	}
}

// TestManyEntries makes more entries than the old format counts.
func TestManyEntries(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, max16 - 1, max16, max16 + 1} {
		var buf bytes.Buffer
		z := newZipWriter(&buf, 0, place{dir: t.TempDir()})
		for i := range n {
			h := entryHeader{name: fmt.Sprintf("f%06d", i), mode: 0o644}
			start := z.offset
			if err := z.local(&h); err != nil {
				t.Fatal(err)
			}
			if err := z.finish(&h, start); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.close(); err != nil {
			t.Fatal(err)
		}
		r, err := zip.NewReader(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
		if err != nil || len(r.File) != n {
			t.Fatalf("%d entries: read %v, %v", n, len(r.File), err)
		}
		if int64(buf.Len()) != z.size() {
			t.Errorf("%d entries: %d bytes, counted %d", n, buf.Len(), z.size())
		}
	}
}
