package bundle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// later is a clock by which all that was written in a test is old.
func later() time.Time { return time.Now().Add(time.Hour) }

// indexed packs with an index at out.
func indexed(t *testing.T, dir, out string) *Bundle {
	t.Helper()
	b := packed(t, dir, Options{Out: out, Index: true, now: later})
	if got := read(t, out); b.Checksum != decimal(sumOf(t, out)) || b.Size != int64(len(got)) {
		t.Errorf("%+v of %d bytes", b, len(got))
	}
	return b
}

func sumOf(t *testing.T, path string) uint64 {
	t.Helper()
	_, sum, err := checksum(bytes.NewReader(read(t, path)))
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// plain gives the bytes of a tree's archive, packed without an index.
func plain(t *testing.T, dir string) []byte {
	t.Helper()
	return read(t, packed(t, dir, Options{}).Path)
}

func TestUnchangedTree(t *testing.T) {
	t.Parallel()
	dir, out := varied(t), filepath.Join(t.TempDir(), "code.zip")
	first := indexed(t, dir, out)
	before, err := os.Stat(out)
	if err != nil {
		t.Fatal(err)
	}
	second := indexed(t, dir, out)
	after, err := os.Stat(out)
	if err != nil {
		t.Fatal(err)
	}
	if first.Reused || !second.Reused || !os.SameFile(before, after) || !before.ModTime().Equal(after.ModTime()) {
		t.Errorf("first %+v\nsecond %+v", first, second)
	}
	if first.Files != second.Files || first.Source != second.Source || first.Size != second.Size || first.Checksum != second.Checksum {
		t.Errorf("first %+v\nsecond %+v", first, second)
	}
	if !slices.Equal(first.LeftOut, []string{"__pycache__"}) || len(second.LeftOut) != 0 {
		t.Errorf("left out: first %v, second %v", first.LeftOut, second.LeftOut)
	}
}

func TestWhatIsLeftOutIsToldOnce(t *testing.T) {
	t.Parallel()
	dir, out := plant(t, map[string]string{"a": "1", ".env": "x"}), filepath.Join(t.TempDir(), "code.zip")
	put := func(name string) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755), os.WriteFile(filepath.Join(dir, name), nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		add  string
		want []string
	}{{"b", []string{".env"}}, {"c", nil}, {".git/x", []string{".git"}}, {"d", nil}, {".git/y", nil}} {
		put(step.add)
		if b := indexed(t, dir, out); !slices.Equal(b.LeftOut, step.want) {
			t.Errorf("with %s: %v, want %v", step.add, b.LeftOut, step.want)
		}
	}
}

// TestSameBytesWithAndWithoutAnIndex changes a tree in random ways and compares
// after each one.
func TestSameBytesWithAndWithoutAnIndex(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(seed, 5))
			dir, out := plant(t, map[string]string{
				"bootstrap": "x", "empty": "", "noise": noise(5000), "a/b": "2", "a-b": "1", "a.b": "3", "nothing/here/": "", "l": "->a/b",
				"chunks": strings.Repeat("text ", chunkSize/4), IgnoreFile: "n7.*", "文/件": "名",
			}), filepath.Join(t.TempDir(), "code.zip")
			for step := range 20 {
				what := ""
				for range rnd.IntN(3) {
					what += change(t, rnd, dir) + "; "
				}
				now := later
				if rnd.IntN(4) == 0 {
					now = time.Now // nothing is settled
				}
				packed(t, dir, Options{Out: out, Index: true, now: now, Workers: 1 + rnd.IntN(3)})
				if !bytes.Equal(read(t, out), plain(t, dir)) {
					t.Fatalf("step %d (%s): other bytes with the index", step, what)
				}
				if left, err := os.ReadDir(filepath.Dir(out)); err != nil || len(left) != 2 {
					t.Fatalf("step %d: %v, %v", step, left, err)
				}
			}
		})
	}
}

// change does something to a file of the tree and says what.
func change(t *testing.T, rnd *rand.Rand, dir string) string {
	t.Helper()
	l := list(t, dir, ListOptions{})
	if len(l.Entries) == 0 {
		return "nothing"
	}
	e := l.Entries[rnd.IntN(len(l.Entries))]
	full := filepath.Join(dir, filepath.FromSlash(e.Path))
	fresh := filepath.Join(dir, fmt.Sprintf("n%d.txt", rnd.IntN(50)))
	write := func(path string, data []byte) error {
		return errors.Join(os.RemoveAll(path), os.WriteFile(path, data, 0o644))
	}
	size := rnd.IntN(2 * chunkSize)
	if rnd.IntN(8) > 0 {
		size = rnd.IntN(500)
	}
	regular := e.Mode.IsRegular()
	var what string
	var err error
	switch n := rnd.IntN(9); {
	case n == 0:
		what, err = "remove", os.RemoveAll(full)
	case n == 1:
		what, err = "new", write(fresh, []byte(noise(size)))
	case n == 2:
		what, err = "new text", write(fresh, bytes.Repeat([]byte("text "), size/5))
	case n == 3 && regular:
		what, err = "touch", os.Chtimes(full, time.Time{}, time.Unix(1e9, int64(rnd.IntN(1e9))))
	case n == 4 && regular:
		what, err = "mode", os.Chmod(full, 0o600|os.FileMode(rnd.IntN(2)*0o111))
	case n == 5 && regular && e.Size > 0: // one byte, in the middle
		data := read(t, full)
		data[rnd.IntN(len(data))]++
		what, err = "edit", os.WriteFile(full, data, 0o644)
	case n == 6 && regular:
		what, err = "append", os.WriteFile(full, append(read(t, full), noise(rnd.IntN(chunkSize)/(1+9*rnd.IntN(2)))...), 0o644)
	case n == 7:
		what, err = "link", errors.Join(os.RemoveAll(fresh), os.Symlink("empty", fresh))
	default:
		what, err = "folder", errors.Join(os.RemoveAll(fresh), os.Mkdir(fresh, 0o755))
	}
	if err != nil {
		t.Fatalf("%s %s: %v", what, e.Path, err)
	}
	return what + " " + e.Path
}

// TestSameSizeAndTime changes a file's contents and gives it its old size and
// time of writing: the time of the change tells.
func TestSameSizeAndTime(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		t.Skip("this system's time of change isn't known to us; docs say so")
	}
	dir, out := plant(t, map[string]string{"a": "first", "b": "other"}), filepath.Join(t.TempDir(), "code.zip")
	path := filepath.Join(dir, "a")
	old, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	first := indexed(t, dir, out)
	for {
		if err := errors.Join(os.WriteFile(path, []byte("again"), 0o644), os.Chtimes(path, old.ModTime(), old.ModTime())); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() != old.Size() || !info.ModTime().Equal(old.ModTime()) || !os.SameFile(info, old) {
			t.Fatalf("the file is %v, was %v", info, old)
		}
		if identity(info) != identity(old) {
			break // the system's clock has ticked
		}
	}
	second := indexed(t, dir, out)
	if second.Reused || second.Checksum == first.Checksum || unpack(t, out)["a"] != "again" {
		t.Errorf("the change went unnoticed: %+v, then %+v", first, second)
	}
}

// TestFreshFilesAreReadAgain changes a file within one tick of the clock: its
// times, which are too fresh to tell, aren't asked.
func TestFreshFilesAreReadAgain(t *testing.T) {
	t.Parallel()
	dir, out := plant(t, map[string]string{"a": "first", "b": "other"}), filepath.Join(t.TempDir(), "code.zip")
	path := filepath.Join(dir, "a")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	when := info.ModTime()
	if at := identity(info).change; at != 0 {
		when = time.Unix(0, at)
	}
	opts := Options{Out: out, Index: true, now: func() time.Time { return when.Add(racyWindow - 1) }}
	packed(t, dir, opts)
	f, err := openFormer(out, list(t, dir, ListOptions{}).Root)
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	r, err := f.cursor().record()
	if err != nil || r.path != "a" || r.settled {
		t.Fatalf("%+v, %v", r, err)
	}
	if e := list(t, dir, ListOptions{}).Entries[0]; r.same(&e) {
		t.Error("a fresh file was trusted")
	}
	// Read again it is the same, and old enough now.
	if b := indexed(t, dir, out); !b.Reused {
		t.Errorf("%+v", b)
	}
	g, err := openFormer(out, list(t, dir, ListOptions{}).Root)
	if err != nil {
		t.Fatal(err)
	}
	defer g.close()
	if r, err := g.cursor().record(); err != nil || !r.settled {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestSettled(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 500)
	for _, tc := range []struct {
		name    string
		mod     time.Time
		change  int64
		settled bool
	}{
		{"old", now.Add(-time.Second), now.Add(-time.Second).UnixNano(), true},
		{"fresh", now.Add(-time.Millisecond), now.Add(-time.Millisecond).UnixNano(), false},
		{"at the window", now.Add(-racyWindow), now.Add(-racyWindow).UnixNano(), true},
		{"an old time given to a fresh file", now.Add(-time.Hour), now.Add(-time.Millisecond).UnixNano(), false},
		{"a future time given to an old file", now.Add(time.Hour), now.Add(-time.Hour).UnixNano(), true},
		{"whole seconds, fresh", time.Unix(999, 0), time.Unix(999, 0).UnixNano(), false},
		{"whole seconds, old", time.Unix(997, 0), time.Unix(997, 0).UnixNano(), true},
		{"no time of change, old", now.Add(-time.Second), 0, true},
		{"no time of change, future", now.Add(time.Second), 0, false},
	} {
		if got := settled(&Entry{ModTime: tc.mod, id: fileID{change: tc.change}}, now); got != tc.settled {
			t.Errorf("%s: %v", tc.name, got)
		}
	}
}

// TestDamagedIndex cuts, flips and exchanges bytes of the index and the archive:
// the next archive is right in any case.
func TestDamagedIndex(t *testing.T) {
	t.Parallel()
	dir, out := plant(t, map[string]string{"a": "one", "b/c": noise(2000), "d": strings.Repeat("x", 900), "e": "->a", "f/": ""}), filepath.Join(t.TempDir(), "code.zip")
	want := plain(t, dir)
	indexed(t, dir, out)
	index, archive := read(t, out+indexSuffix), read(t, out)
	try := func(name string, index, archive []byte) {
		t.Helper()
		if err := errors.Join(os.WriteFile(out, archive, 0o600), os.WriteFile(out+indexSuffix, index, 0o600)); err != nil {
			t.Fatal(err)
		}
		indexed(t, dir, out)
		if !bytes.Equal(read(t, out), want) {
			t.Errorf("%s: wrong bytes", name)
		}
		if b := indexed(t, dir, out); !b.Reused {
			t.Errorf("%s: it wasn't rebuilt", name)
		}
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	for n := 0; n < len(index); n += 1 + rnd.IntN(80) {
		try(fmt.Sprint("index cut at ", n), index[:n], archive)
		flipped := slices.Clone(index)
		flipped[n] ^= 1 << rnd.IntN(8)
		try(fmt.Sprint("index flipped at ", n), flipped, archive)
	}
	for n := 0; n < len(archive); n += 1 + rnd.IntN(400) {
		try(fmt.Sprint("archive cut at ", n), index, archive[:n])
		flipped := slices.Clone(archive)
		flipped[n] ^= 1 << rnd.IntN(8)
		try(fmt.Sprint("archive flipped at ", n), index, flipped)
	}
	try("both empty", nil, nil)
	try("a long index", append(slices.Clone(index), index...), archive)
}

// TestDamagedBlock damages the archive in a way that its times and size don't
// show, and changes the tree so that its blocks are copied.
func TestDamagedBlock(t *testing.T) {
	t.Parallel()
	dir, out := plant(t, map[string]string{"a": noise(3000), "b": noise(2000), "z": "1"}), filepath.Join(t.TempDir(), "code.zip")
	indexed(t, dir, out)
	data := read(t, out)
	data[1500] ^= 1
	if err := os.WriteFile(out, data, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := newLister(context.Background(), dir, ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	// The index is made to vouch for the damaged archive.
	old, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	f := &former{archive: old}
	if f.index, err = os.Open(out + indexSuffix); err != nil {
		t.Fatal(err)
	}
	defer f.index.Close()
	if err := f.readIndex(); err != nil {
		t.Fatal(err)
	}
	f.ahead.r = old
	if err := os.WriteFile(filepath.Join(dir, "z"), []byte("2"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &packer{place: place{dir: filepath.Dir(out)}, index: true, old: f}
	if _, err := p.run(context.Background(), l, Options{Out: out}.withDefaults()); !errors.Is(err, errIndex) {
		t.Errorf("the damage went unnoticed: %v", err)
	}
	if left, err := os.ReadDir(filepath.Dir(out)); err != nil || len(left) != 2 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestForeignIndex(t *testing.T) {
	t.Parallel()
	one, two := plant(t, map[string]string{"a": "first"}), plant(t, map[string]string{"a": "other"})
	out := filepath.Join(t.TempDir(), "code.zip")
	indexed(t, one, out)
	indexed(t, two, out)
	if !bytes.Equal(read(t, out), plain(t, two)) {
		t.Error("the index of another folder was believed")
	}
}

// TestCopiedArchive restores archive and index as a cache of a CI service does:
// everything has other inodes and times, and the contents are the same.
func TestCopiedArchive(t *testing.T) {
	t.Parallel()
	dir, out := varied(t), filepath.Join(t.TempDir(), "code.zip")
	indexed(t, dir, out)
	for _, name := range []string{out, out + indexSuffix, filepath.Join(dir, "large.txt"), filepath.Join(dir, "a/b")} {
		data := read(t, name)
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.WriteFile(name+".copy", data, info.Mode()), os.Rename(name+".copy", name)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 2 {
		if b := indexed(t, dir, out); !b.Reused {
			t.Errorf("turn %d: %+v", i, b)
		}
	}
	if !bytes.Equal(read(t, out), plain(t, dir)) {
		t.Error("other bytes")
	}
}

// TestIndexedFailureLeavesTheOldArchive fails late, at a file that changes.
func TestIndexedFailureLeavesTheOldArchive(t *testing.T) {
	t.Parallel()
	dir, out := plant(t, map[string]string{"a": "1", "b": "2", "c": "3"}), filepath.Join(t.TempDir(), "code.zip")
	indexed(t, dir, out)
	zip, index := read(t, out), read(t, out+indexSuffix)
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "c"), []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := listed{list(t, dir, ListOptions{}), func(e Entry) {
		if e.Path == "c" {
			if err := os.Remove(filepath.Join(dir, "c")); err != nil {
				t.Error(err)
			}
		}
	}}
	var fe *FileError
	if _, err := pack(context.Background(), l, Options{Out: out, Index: true, now: later}.withDefaults()); !errors.As(err, &fe) || fe.Path != "c" {
		t.Errorf("got %v", err)
	}
	if !bytes.Equal(read(t, out), zip) || !bytes.Equal(read(t, out+indexSuffix), index) {
		t.Error("the former archive was touched")
	}
	if left, err := os.ReadDir(filepath.Dir(out)); err != nil || len(left) != 2 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// FuzzIndex reads any bytes as an index.
func FuzzIndex(f *testing.F) {
	r := record{path: "a", mode: 0o644, size: 3, settled: true, blocks: []block{{length: 3}}}
	f.Add(r.encode(nil))
	f.Add((&summary{root: "/x", records: 1, leftOut: []string{".git"}}).encode(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, err := decodeRecord(data); err == nil {
			again, err := decodeRecord(r.encode(nil))
			if err != nil || !cmp.Equal(r, again, cmp.AllowUnexported(record{}, block{}, fileID{})) {
				t.Errorf("%+v became %+v, %v", r, again, err)
			}
		}
		if s, err := decodeSummary(data); err == nil {
			again, err := decodeSummary(s.encode(nil))
			if err != nil || !cmp.Equal(s, again, cmp.AllowUnexported(summary{}, fileID{})) {
				t.Errorf("%+v became %+v, %v", s, again, err)
			}
		}
	})
}
