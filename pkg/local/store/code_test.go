package store

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

type entry struct {
	name, content string
	mode          fs.FileMode
}

func archive(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		h.SetMode(e.mode)
		f, err := w.CreateHeader(h)
		if err == nil {
			_, err = f.Write([]byte(e.content))
		}
		must(t, err)
	}
	must(t, w.Close())
	return b.Bytes()
}

// deploy stores a function with this code.
func deploy(t *testing.T, s *Store, name string, zip []byte) Code {
	t.Helper()
	code, release, err := s.PutCode(zip)
	must(t, err)
	defer release()
	f := function(name)
	f.Code = code
	must(t, s.CreateFunction(f))
	return code
}

func codeFiles(t *testing.T, s *Store) []string {
	t.Helper()
	s.code.removals.Wait()
	entries, err := os.ReadDir(filepath.Join(s.Dir(), codeName))
	must(t, err)
	var names []string
	for _, e := range entries {
		if e.Name() != bootName {
			names = append(names, e.Name())
		}
	}
	return names
}

func TestCodeIsStoredAndUnpackedOnce(t *testing.T) {
	s := open(t, t.TempDir())
	zip := archive(t, entry{"index.py", "print(1)", 0o600}, entry{"bin/run", "#!", 0o755}, entry{"empty/", "", fs.ModeDir | 0o755},
		entry{"link", "bin/run", fs.ModeSymlink | 0o777}, entry{"py", "/var/fc/lang/bin/python3", fs.ModeSymlink | 0o777},
		entry{"index.py", "print(2)", 0o444})
	code := deploy(t, s, "f", zip)
	if code.Size != int64(len(zip)) || code.Checksum != Checksum(zip) {
		t.Errorf("%+v", code)
	}
	if Checksum([]byte("123456789")) != "11051210869376104954" {
		t.Error("the checksum is not CRC-64/XZ")
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			dir, release, err := s.OpenCode(code.SHA256)
			if err != nil {
				t.Error(err)
				return
			}
			defer release()
			if text, err := os.ReadFile(filepath.Join(dir, "index.py")); err != nil || string(text) != "print(2)" {
				t.Errorf("index.py = %q, %v", text, err)
			}
		})
	}
	wg.Wait()
	dir, release, err := s.OpenCode(code.SHA256)
	must(t, err)
	defer release()
	for name, mode := range map[string]fs.FileMode{"index.py": 0o444, "bin/run": 0o755, "link": 0o755, "empty": 0o755 | fs.ModeDir, ".": 0o755 | fs.ModeDir} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v; want %v", name, info, err, mode)
		}
	}
	if target, err := os.Readlink(filepath.Join(dir, "py")); err != nil || target != "/var/fc/lang/bin/python3" {
		t.Errorf("py -> %q, %v", target, err)
	}
	stored, err := os.ReadFile(s.CodeArchive(code.SHA256))
	if err != nil || !bytes.Equal(stored, zip) {
		t.Errorf("the archive differs: %v", err)
	}
}

func TestUnusableArchives(t *testing.T) {
	bomb := bombOf(t, freeUnpacked+1)
	truncated := archive(t, entry{"a", strings.Repeat("abc", 1000), 0o644})
	for name, tt := range map[string]struct {
		zip  []byte
		want string
	}{
		"no zip":        {[]byte("plain text"), "not a valid zip file"},
		"empty":         {nil, "not a valid zip file"},
		"cut off":       {truncated[:len(truncated)-10], "not a valid zip file"},
		"parent":        {archive(t, entry{"../evil", "x", 0o644}), "out of the code folder"},
		"inner parent":  {archive(t, entry{"a/../../evil", "x", 0o644}), "out of the code folder"},
		"absolute":      {archive(t, entry{"/etc/evil", "x", 0o644}), "out of the code folder"},
		"link out":      {archive(t, entry{"l", "../../evil", fs.ModeSymlink}), "out of the code folder"},
		"through link":  {archive(t, entry{"l", "/etc", fs.ModeSymlink}, entry{"l/evil", "x", 0o644}), `entry "l"`},
		"empty link":    {archive(t, entry{"l", "", fs.ModeSymlink}), "without a usable target"},
		"device":        {archive(t, entry{"d", "", fs.ModeDevice}), "neither a file"},
		"bomb":          {bomb, "unpacks to more than 256 MB"},
		"file and dir":  {archive(t, entry{"a", "x", 0o644}, entry{"a/b", "x", 0o644}), `entry "a/b"`},
		"wrong content": {corrupt(archive(t, entry{"a", strings.Repeat("abc", 1000), 0o644})), `entry "a"`},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, t.TempDir())
			code, release, err := s.PutCode(tt.zip)
			if err == nil { // only unpacking can tell
				defer release()
				_, _, err = s.OpenCode(code.SHA256)
			}
			if e := wantError[*CodeError](t, err); !strings.Contains(e.Error(), tt.want) {
				t.Errorf("error %q, want one with %q", e, tt.want)
			}
			for _, name := range codeFiles(t, s) {
				if name != code.SHA256+archiveSuffix {
					t.Errorf("%s is left over", name)
				}
			}
			if _, err := os.Lstat(filepath.Join(s.Dir(), codeName, "evil")); err == nil {
				t.Error("the archive got out")
			}
		})
	}
}

// bombOf is an archive with a file of that many zeros, made of one compressed
// block over and over: compressing all of them would take half a minute.
func bombOf(t *testing.T, size int) []byte {
	t.Helper()
	const block = 1 << 20
	deflated := func(zeros int) []byte {
		var b bytes.Buffer
		w, err := flate.NewWriter(&b, flate.BestCompression)
		must(t, err)
		_, err = w.Write(make([]byte, zeros))
		must(t, err, w.Flush())
		return b.Bytes()
	}
	data := bytes.Repeat(deflated(block), size/block)
	data = append(data, deflated(size%block)...)
	data = append(data, 1, 0, 0, 0xff, 0xff) // the last block, empty
	sum := crc32.NewIEEE()
	for left := size; left > 0; left -= block {
		sum.Write(make([]byte, min(left, block)))
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	f, err := w.CreateRaw(&zip.FileHeader{
		Name: "zeros", Method: zip.Deflate, CRC32: sum.Sum32(), CompressedSize64: uint64(len(data)), UncompressedSize64: uint64(size),
	})
	must(t, err)
	_, err = f.Write(data)
	must(t, err, w.Close())
	return out.Bytes()
}

// corrupt changes a byte of the first entry's content.
func corrupt(zip []byte) []byte {
	zip[45] ^= 0xff
	return zip
}

func TestHeadersThatLieAboutSizes(t *testing.T) {
	zip := bombOf(t, freeUnpacked+1)
	// Say 10 bytes in the directory at the end, whose sizes are at offset 24.
	dir := bytes.LastIndex(zip, []byte("PK\x01\x02"))
	copy(zip[dir+24:], []byte{10, 0, 0, 0})
	s := open(t, t.TempDir())
	code, release, err := s.PutCode(zip)
	must(t, err)
	defer release()
	_, _, err = s.OpenCode(code.SHA256)
	wantError[*CodeError](t, err)
	if names := codeFiles(t, s); len(names) != 1 {
		t.Errorf("left over: %v", names)
	}
}

func TestUnusedCodeIsCollected(t *testing.T) {
	s := open(t, t.TempDir())
	one, two := archive(t, entry{"a", "1", 0o644}), archive(t, entry{"a", "2", 0o644})
	code := deploy(t, s, "f", one)
	deploy(t, s, "g", one)
	dir, running, err := s.OpenCode(code.SHA256)
	must(t, err, s.DeleteFunction("r", "g", accept))
	if _, err := os.Stat(s.CodeArchive(code.SHA256)); err != nil {
		t.Fatal("code that a function has is gone")
	}
	next, release, err := s.PutCode(two)
	must(t, err)
	_, err = s.UpdateFunction("r", "f", func(f *Function) error { f.Code = next; return nil })
	must(t, err)
	release()
	if _, err := os.Stat(dir); err != nil {
		t.Fatal("code that an instance runs is gone")
	}
	running()
	running() // once only
	want := []string{next.SHA256 + archiveSuffix}
	if names := codeFiles(t, s); fmt.Sprint(names) != fmt.Sprint(want) {
		t.Errorf("code folder has %v, want %v", names, want)
	}
	must(t, s.DeleteFunction("r", "f", accept))
	if names := codeFiles(t, s); len(names) != 0 {
		t.Errorf("left over: %v", names)
	}
	_, release, err = s.PutCode(one) // an upload that no function came to have
	must(t, err)
	release()
	if names := codeFiles(t, s); len(names) != 0 {
		t.Errorf("left over: %v", names)
	}
}

func TestLeftoversAreSweptAtStart(t *testing.T) {
	s := open(t, t.TempDir())
	code := deploy(t, s, "f", archive(t, entry{"a", "1", 0o644}))
	_, release, err := s.OpenCode(code.SHA256)
	must(t, err)
	release()
	dir := filepath.Join(s.Dir(), codeName)
	must(t, os.MkdirAll(filepath.Join(dir, tempPrefix+"1", "sub"), 0o700), os.WriteFile(filepath.Join(dir, "abc.zip"), nil, 0o600))
	s = reopen(t, s)
	if names := codeFiles(t, s); len(names) > 2 || names[len(names)-1] != code.SHA256+archiveSuffix {
		t.Errorf("code folder has %v", names)
	}
	// After a restart of the machine unpacked folders are not trusted.
	must(t, os.WriteFile(filepath.Join(dir, bootName), []byte("another boot"), 0o600))
	s = reopen(t, s)
	if names := codeFiles(t, s); fmt.Sprint(names) != fmt.Sprint([]string{code.SHA256 + archiveSuffix}) {
		t.Errorf("code folder has %v", names)
	}
	unpacked, release, err := s.OpenCode(code.SHA256)
	must(t, err)
	defer release()
	if text, err := os.ReadFile(filepath.Join(unpacked, "a")); err != nil || string(text) != "1" {
		t.Errorf("%q, %v", text, err)
	}
}

func FuzzArchive(f *testing.F) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	x, _ := w.Create("a/b")
	x.Write([]byte("content"))
	w.Close()
	f.Add(b.Bytes())
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := checkArchive(data); err != nil {
			if e := (*CodeError)(nil); !errors.As(err, &e) {
				t.Fatalf("error %v", err)
			}
			return
		}
		base := t.TempDir()
		path, dir := filepath.Join(base, "x.zip"), filepath.Join(base, "out")
		must(t, os.WriteFile(path, data, 0o600), os.Mkdir(dir, 0o700))
		unpackFile(path, dir) // may refuse, must stay inside
		entries, err := os.ReadDir(base)
		if err != nil || len(entries) != 2 {
			t.Fatalf("beside the folder: %v, %v", entries, err)
		}
	})
}
