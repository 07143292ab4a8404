package bundle

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"s/pkg/bundle/bundletest"
)

func packed(t *testing.T, dir string, opts Options) *Bundle {
	t.Helper()
	if opts.Out == "" {
		opts.Out = filepath.Join(t.TempDir(), "code.zip")
	}
	b, err := Pack(context.Background(), dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// listed is a tree as it was listed before.
type listed struct {
	*Listing
	each func(Entry) // is told of every entry, before it is packed
}

func (l listed) top() string            { return l.Root }
func (l listed) file(rel string) string { return filepath.Join(l.Root, filepath.FromSlash(rel)) }
func (l listed) left() []string         { return l.LeftOut }

func (l listed) walk(visit func(Entry) error) error {
	for _, e := range l.Entries {
		if l.each != nil {
			l.each(e)
		}
		if err := visit(e); err != nil {
			return err
		}
	}
	return nil
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// noise is data that doesn't compress.
func noise(n int) string {
	rnd := rand.NewChaCha8([32]byte{1})
	b := make([]byte, n)
	_, _ = rnd.Read(b)
	return string(b)
}

// varied is a tree with one of everything.
func varied(t *testing.T) string {
	t.Helper()
	root := plant(t, map[string]string{
		"bootstrap":       "#!/bin/sh\n",
		"b/bootstrap":     "",
		"empty":           "",
		"noise.bin":       noise(5000),
		"zeros":           strings.Repeat("\x00", 3*chunkSize/2),
		"large.txt":       strings.Repeat("the quick brown fox ", 2*chunkSize/20) + noise(chunkSize) + strings.Repeat("jumps\n", chunkSize/6),
		"exact":           strings.Repeat("0123456789abcdef", chunkSize/16),
		"文/件.txt":         "名",
		"link":            "->b/bootstrap",
		"b/up":            "->../empty",
		"dangling":        "->not/there",
		"nothing/here/":   "",
		"a-b":             "1",
		"a/b":             "2",
		"a.b":             "3",
		"with space/x y":  "4",
		"run.sh":          "#!/bin/sh\n",
		".fcignore":       "*.tmp",
		"x.tmp":           "",
		"a/__pycache__/z": "",
	})
	if err := os.Chmod(filepath.Join(root, "run.sh"), 0o750); err != nil {
		t.Fatal(err)
	}
	return root
}

func TestListingOfAnArchive(t *testing.T) {
	t.Parallel()
	b := packed(t, varied(t), Options{})
	z, err := zip.OpenReader(b.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var got []string
	fixed := time.Date(2023, 11, 1, 0, 0, 0, 0, time.UTC)
	for _, f := range z.File {
		line := fmt.Sprintf("%v %7d %s", f.Mode(), f.UncompressedSize64, f.Name)
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r) // checks the CRC-32
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
		if f.Mode()&fs.ModeSymlink != 0 {
			line += " -> " + string(data)
		}
		if !f.Modified.Equal(fixed) {
			t.Errorf("%s: time %v", f.Name, f.Modified)
		}
		if f.Flags&flagUTF8 == 0 || f.CreatorVersion>>8 != 3 {
			t.Errorf("%s: flags %x, creator %x", f.Name, f.Flags, f.CreatorVersion)
		}
		got = append(got, line)
	}
	want := strings.Split(strings.TrimSpace(`
-rw-r--r--       5 .fcignore
-rw-r--r--       1 a-b
-rw-r--r--       1 a.b
-rw-r--r--       1 a/b
-rw-r--r--       0 b/bootstrap
Lrwxrwxrwx       8 b/up -> ../empty
-rwxr-xr-x      10 bootstrap
Lrwxrwxrwx       9 dangling -> not/there
-rw-r--r--       0 empty
-rw-r--r--  524288 exact
-rw-r--r-- 2097134 large.txt
Lrwxrwxrwx      11 link -> b/bootstrap
-rw-r--r--    5000 noise.bin
drwxr-xr-x       0 nothing/here/
-rwxr-x---      10 run.sh
-rw-r--r--       1 with space/x y
-rw-r--r--  786432 zeros
-rw-r--r--       3 文/件.txt`), "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if b.Files != 17 || !cmp.Equal(b.LeftOut, []string{"__pycache__"}) {
		t.Errorf("got %+v", b)
	}
}

func TestSameTreeSameBytes(t *testing.T) {
	t.Parallel()
	dir := varied(t)
	tree := bundletest.Tree{Files: 150, Bytes: 1 << 20, Seed: 3}
	if err := tree.Write(dir); err != nil {
		t.Fatal(err)
	}
	var first []byte
	for _, workers := range []int{1, 2, 3, 8, 1} {
		b := packed(t, dir, Options{Workers: workers})
		data := read(t, b.Path)
		if first == nil {
			first = data
		}
		if !bytes.Equal(first, data) {
			t.Fatalf("%d workers gave other bytes", workers)
		}
		if sum := crc64.Checksum(data, crc64.MakeTable(crc64.ECMA)); b.Checksum != strconv.FormatUint(sum, 10) || b.Size != int64(len(data)) {
			t.Errorf("checksum %s and size %d, want %d and %d", b.Checksum, b.Size, sum, len(data))
		}
	}
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "a/b"), later, later); err != nil {
		t.Fatal(err)
	}
	if b := packed(t, dir, Options{}); !bytes.Equal(first, read(t, b.Path)) {
		t.Error("a file's time changed the archive")
	}
}

func TestLinksThatLeadOut(t *testing.T) {
	t.Parallel()
	for _, files := range []map[string]string{
		{"bad": "->../secret"},
		{"bad": "->/etc/passwd"},
		{"bad": "->d/../../x", "d/": ""},
		{"bad": "->a/b/s/../x", "a/b/s": "->../..", "x": ""},
		{"bad": "->.."},
	} {
		dir := plant(t, files)
		// What the fourth one leads to if the links are followed.
		if err := os.WriteFile(filepath.Join(filepath.Dir(dir), "x"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(t.TempDir(), "code.zip")
		_, err := Pack(context.Background(), dir, Options{Out: out})
		var fe *FileError
		if !errors.As(err, &fe) || fe.Path != "bad" || !strings.Contains(err.Error(), "leads out") {
			t.Errorf("%v: got %v, want a FileError about bad", files, err)
		} else if fe.Rule != "/bad" {
			t.Errorf("%v: left out by %q", files, fe.Rule)
		}
		noPartial(t, out)
		for _, e := range list(t, dir, ListOptions{NoOdd: true}).Entries {
			if e.Path == "bad" {
				t.Errorf("%v: listed as %+v", files, e)
			}
		}
		i := slices.IndexFunc(list(t, dir, ListOptions{AnyLink: true}).Entries, func(e Entry) bool { return "->"+e.Target == files["bad"] })
		if i < 0 {
			t.Errorf("%v: not listed as it is", files)
		}
	}
}

// TestLinkOfAVirtualEnvironment: all of it is what isn't code.
func TestLinkOfAVirtualEnvironment(t *testing.T) {
	t.Parallel()
	dir := plant(t, map[string]string{"a": "", "my/env/pyvenv.cfg": "", "my/env/bin/python": "->/usr/bin/python3"})
	var fe *FileError
	if _, err := List(context.Background(), dir, ListOptions{}); !errors.As(err, &fe) || fe.Rule != "/my/env" {
		t.Fatalf("%+v, %v", fe, err)
	}
	if err := os.WriteFile(filepath.Join(dir, IgnoreFile), []byte(fe.Rule+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := list(t, dir, ListOptions{}).Entries; len(got) != 2 {
		t.Errorf("%+v", got)
	}
}

// noPartial checks that nothing is left in the folder of out.
func noPartial(t *testing.T, out string) {
	t.Helper()
	left, err := os.ReadDir(filepath.Dir(out))
	if err != nil {
		t.Fatal(err)
	}
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestLoopOfLinks(t *testing.T) {
	t.Parallel()
	_, err := Pack(context.Background(), plant(t, map[string]string{"a": "->b", "b": "->a"}), Options{})
	var fe *FileError
	if !errors.As(err, &fe) || fe.Path != "a" {
		t.Errorf("got %v, want a FileError about a", err)
	}
}

func TestSpecialFilesAreRefused(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "s") // short: a socket's path is limited
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	ln, err := net.Listen("unix", filepath.Join(dir, "sock"))
	if err != nil {
		t.Skipf("no unix sockets here: %v", err)
	}
	defer ln.Close()
	out := filepath.Join(t.TempDir(), "code.zip")
	_, err = Pack(context.Background(), dir, Options{Out: out})
	if err == nil || err.Error() != "sock: is a socket, which code can't hold" {
		t.Errorf("got %v", err)
	}
	noPartial(t, out)
}

func TestUnreadableFile(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		t.Skip("this user may read everything")
	}
	dir := plant(t, map[string]string{"a": "1", "secret": "2"})
	if err := os.Chmod(filepath.Join(dir, "secret"), 0); err != nil {
		t.Fatal(err)
	}
	_, err := Pack(context.Background(), dir, Options{Out: filepath.Join(t.TempDir(), "code.zip")})
	if !errors.Is(err, fs.ErrPermission) || !strings.HasPrefix(err.Error(), "secret: cannot be read") {
		t.Errorf("got %v", err)
	}
}

// TestChangeWhilePacking changes the tree between listing and reading.
func TestChangeWhilePacking(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(path string) error{
		"vanished": os.Remove,
		"grown":    func(p string) error { return os.WriteFile(p, []byte("longer than before"), 0o644) },
		"replaced by a folder": func(p string) error {
			return errors.Join(os.Remove(p), os.Mkdir(p, 0o755))
		},
		"replaced by a link": func(p string) error {
			return errors.Join(os.Rename(p, p+".old"), os.Symlink(p+".old", p))
		},
		"touched": func(p string) error {
			later := time.Now().Add(time.Hour)
			return os.Chtimes(p, later, later)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := plant(t, map[string]string{"a": "1", "b/file": "2", "c": "3"})
			l, err := List(context.Background(), dir, ListOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if err := change(filepath.Join(dir, "b/file")); err != nil {
				t.Fatal(err)
			}
			out := filepath.Join(t.TempDir(), "code.zip")
			_, err = pack(context.Background(), listed{l, nil}, Options{Out: out}.withDefaults())
			var fe *FileError
			if !errors.As(err, &fe) || fe.Path != "b/file" || !strings.Contains(err.Error(), "changed while") {
				t.Errorf("got %v, want a FileError about b/file", err)
			}
			noPartial(t, out)
		})
	}
}

func TestTooLarge(t *testing.T) {
	t.Parallel()
	dir := plant(t, map[string]string{"small": "x", "big/one": noise(3 << 20), "big/two": noise(2 << 20)})
	out := filepath.Join(t.TempDir(), "code.zip")
	_, err := Pack(context.Background(), dir, Options{Out: out, Limit: 4 << 20})
	var tl *TooLargeError
	if !errors.As(err, &tl) {
		t.Fatalf("got %v, want a TooLargeError", err)
	}
	want := "the code is larger than 4.00 MB when packed; its largest files are big/one (3.00 MB), big/two (2.00 MB), small (0.00 MB)"
	if err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	noPartial(t, out)
}

func TestCancelLeavesTheOldArchive(t *testing.T) {
	t.Parallel()
	dir := plant(t, map[string]string{"a": noise(4 * chunkSize)})
	out := filepath.Join(t.TempDir(), "code.zip")
	if err := os.WriteFile(out, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := List(context.Background(), dir, ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := pack(ctx, listed{l, nil}, Options{Out: out}.withDefaults()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if string(read(t, out)) != "old" {
		t.Error("the old archive is gone")
	}
	if left, _ := os.ReadDir(filepath.Dir(out)); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

// failing is a disk that is full after some bytes.
type failing struct{ left int }

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errors.New("no space left on device")
	}
	return len(p), nil
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	l, err := List(context.Background(), plant(t, map[string]string{"a": noise(4 << 20), "b": noise(1 << 20)}), ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, left := range []int{0, 1 << 20, 5 << 20} {
		p := &packer{z: newZipWriter(&failing{left: left}, 0, place{})}
		err := compress(context.Background(), listed{l, nil}, Options{Workers: 2}, p)
		if err == nil {
			err = p.z.close()
		}
		if err == nil || err.Error() != "no space left on device" {
			t.Errorf("after %d bytes: %v", left, err)
		}
	}
}

func TestArchivesAreTakenAsTheyAre(t *testing.T) {
	t.Parallel()
	made := packed(t, varied(t), Options{})
	jar := filepath.Join(t.TempDir(), "code.JAR")
	if err := os.Rename(made.Path, jar); err != nil {
		t.Fatal(err)
	}
	b, err := Pack(context.Background(), jar, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if b.Path != jar || b.Checksum != made.Checksum || b.Size != made.Size || b.Files != made.Files {
		t.Errorf("got %+v, want what was made: %+v", b, made)
	}
	if _, err := Pack(context.Background(), jar, Options{Limit: 100}); !errors.As(err, new(*TooLargeError)) {
		t.Errorf("over the limit: %v", err)
	}
	dir := plant(t, map[string]string{"x.py": "pass", "x.zip": "not a zip"})
	for _, name := range []string{"x.py", "x.zip", "missing"} {
		if _, err := Pack(context.Background(), filepath.Join(dir, name), Options{}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheArchiveIsNotPackedItself(t *testing.T) {
	t.Parallel()
	dir := plant(t, map[string]string{"a": "1"})
	out := filepath.Join(dir, "code.zip")
	first := packed(t, dir, Options{Out: out})
	second := packed(t, dir, Options{Out: out})
	if first.Checksum != second.Checksum || second.Files != 1 {
		t.Errorf("%+v, then %+v", first, second)
	}
}

func TestChecksumOfKnownBytes(t *testing.T) {
	t.Parallel()
	dir := plant(t, map[string]string{"x": "123456789"})
	n, sum, err := Checksum(filepath.Join(dir, "x"))
	if err != nil || n != 9 || sum != "11051210869376104954" {
		t.Errorf("got %d, %s, %v", n, sum, err)
	}
	if _, _, err := Checksum(filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
