package store

import (
	"crypto/md5"
	"fmt"
	"hash/crc64"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func newBucket(t *testing.T, s *Store, name string) {
	t.Helper()
	if made, err := s.CreateBucket(Bucket{Name: name, Region: "r", Created: time.Unix(1, 0).UTC()}); !made || err != nil {
		t.Fatal(made, err)
	}
}

func blob(t *testing.T, s *Store, content string) *Blob {
	t.Helper()
	b, err := s.NewBlob()
	must(t, err)
	_, err = io.WriteString(b, content)
	must(t, err)
	return b
}

func put(t *testing.T, s *Store, bucket, name, content string) {
	t.Helper()
	b := blob(t, s, content)
	must(t, s.PutObject(&Object{Bucket: bucket, Name: name, Size: b.Size(), CRC64: b.CRC64(), MD5: b.MD5()}, b))
}

func content(t *testing.T, s *Store, bucket, name string) string {
	t.Helper()
	o, file, err := s.OpenObject(bucket, name)
	must(t, err)
	defer file.Close()
	data, err := io.ReadAll(file)
	must(t, err)
	if o.Size != int64(len(data)) {
		t.Errorf("%s is %d bytes, its content %d", name, o.Size, len(data))
	}
	return string(data)
}

// blobs lists the files of contents.
func blobs(t *testing.T, s *Store) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(filepath.Join(s.Dir(), objectsName), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			out = append(out, path)
		}
		return err
	})
	must(t, err)
	return out
}

func TestObjectsSurviveAndReplaceEachOther(t *testing.T) {
	s := open(t, t.TempDir())
	wantError[*NotFoundError](t, s.PutObject(&Object{Bucket: "none", Name: "a"}, blob(t, s, "x")))
	newBucket(t, s, "b1")
	if made, err := s.CreateBucket(Bucket{Name: "b1", Region: "other"}); made || err != nil {
		t.Errorf("the same bucket again: %v, %v", made, err)
	}
	if b, err := s.Bucket("b1"); err != nil || b.Region != "r" {
		t.Errorf("%+v, %v", b, err)
	}
	put(t, s, "b1", "../../a", "first")
	_, before, err := s.OpenObject("b1", "../../a")
	must(t, err)
	defer before.Close()
	put(t, s, "b1", "../../a", "second content")
	if data, err := io.ReadAll(before); string(data) != "first" {
		t.Errorf("what was open became %q, %v", data, err)
	}
	s = reopen(t, s)
	if got := content(t, s, "b1", "../../a"); got != "second content" {
		t.Error(got)
	}
	if files := blobs(t, s); len(files) != 1 {
		t.Errorf("contents: %v", files)
	}
	if e := wantError[*NotEmptyError](t, s.DeleteBucket("b1")); e.Has != "objects" {
		t.Error(e)
	}
	if o, err := s.DeleteObject("b1", "../../a"); err != nil || o.Name != "../../a" {
		t.Error(o, err)
	}
	if o, err := s.DeleteObject("b1", "../../a"); err != nil || o != nil {
		t.Error(o, err)
	}
	_, err = s.DeleteObject("b2", "a")
	wantError[*NotFoundError](t, err)
	if files := blobs(t, s); len(files) != 0 {
		t.Errorf("left: %v", files)
	}
	must(t, s.DeleteBucket("b1"))
	wantError[*NotFoundError](t, s.DeleteBucket("b1"))
}

func TestBlobSums(t *testing.T) {
	s := open(t, t.TempDir())
	b := blob(t, s, "123456789")
	defer b.Discard()
	sum := md5.Sum([]byte("123456789"))
	if b.CRC64() != crc64.Checksum([]byte("123456789"), crc64.MakeTable(crc64.ECMA)) || string(b.MD5()) != string(sum[:]) || b.Size() != 9 {
		t.Errorf("%d %x %d", b.CRC64(), b.MD5(), b.Size())
	}
}

// TestUnfinishedContentsAreSwept: what a killed process was writing, and what a row
// no longer names, goes at the next start; nothing else does.
func TestUnfinishedContentsAreSwept(t *testing.T) {
	s := open(t, t.TempDir())
	newBucket(t, s, "b1")
	put(t, s, "b1", "kept", "kept")
	u := &Upload{ID: "U", Bucket: "b1", Name: "big"}
	must(t, s.CreateUpload(u), s.PutPart(u, &Part{Number: 1, Size: 4}, blob(t, s, "part")))
	unfinished := blob(t, s, "broken off")
	must(t, unfinished.file.Close())
	if files := blobs(t, s); len(files) != 3 {
		t.Fatalf("%v", files)
	}
	s = reopen(t, s)
	if files := blobs(t, s); len(files) != 2 {
		t.Errorf("%v", files)
	}
	if got := content(t, s, "b1", "kept"); got != "kept" {
		t.Error(got)
	}
	parts, err := s.Parts(t.Context(), u)
	if err != nil || len(parts) != 1 {
		t.Errorf("%v, %v", parts, err)
	}
}

func TestContentsAreTheUsersAlone(t *testing.T) {
	s := open(t, t.TempDir())
	newBucket(t, s, "b1")
	put(t, s, "b1", "a", "x")
	for _, path := range blobs(t, s) {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

func TestObjectsAfter(t *testing.T) {
	s := open(t, t.TempDir())
	for _, bucket := range []string{"b1", "b2"} {
		newBucket(t, s, bucket)
	}
	for _, name := range []string{"a", "a/1", "a/2", "b", "ä", "~"} {
		put(t, s, "b1", name, name)
	}
	put(t, s, "b2", "c", "c")
	tests := []struct {
		prefix, after string
		inclusive     bool
		limit         int
		want          string
	}{
		{"", "", false, 10, "a a/1 a/2 b ~ ä"},
		{"", "a/1", false, 10, "a/2 b ~ ä"},
		{"", "a/1", true, 2, "a/1 a/2"},
		{"a/", "", false, 10, "a/1 a/2"},
		{"a/", "a/\xff", false, 10, ""},
		{"a", "", false, 2, "a a/1"},
		{"", "~", false, 10, "ä"},
	}
	for _, test := range tests {
		objects, err := s.ObjectsAfter(t.Context(), "b1", test.prefix, test.after, test.inclusive, test.limit)
		must(t, err)
		var names []string
		for _, o := range objects {
			names = append(names, o.Name)
		}
		if got := strings.Join(names, " "); got != test.want {
			t.Errorf("%q after %q: %s, want %s", test.prefix, test.after, got, test.want)
		}
	}
	all, err := s.Buckets(t.Context())
	if err != nil || len(all) != 2 || all[1].Name != "b2" {
		t.Errorf("%v, %v", all, err)
	}
}

func TestUploads(t *testing.T) {
	s := open(t, t.TempDir())
	newBucket(t, s, "b1")
	wantError[*NotFoundError](t, s.CreateUpload(&Upload{ID: "X", Bucket: "none", Name: "n"}))
	u := &Upload{ID: "U", Bucket: "b1", Name: "big", Header: map[string]string{"Content-Type": "a/b"}}
	must(t, s.CreateUpload(u))
	if e := wantError[*NotEmptyError](t, s.DeleteBucket("b1")); e.Has != "uploads" {
		t.Error(e)
	}
	for number, text := range map[int]string{2: "two", 1: "replaced", 3: "unused"} {
		must(t, s.PutPart(u, &Part{Number: number, Size: int64(len(text))}, blob(t, s, text)))
	}
	must(t, s.PutPart(u, &Part{Number: 1, Size: 3}, blob(t, s, "one")))
	s = reopen(t, s)
	found, err := s.Upload("b1", "big", "U")
	if err != nil || found.Header["Content-Type"] != "a/b" {
		t.Fatal(found, err)
	}
	_, err = s.Upload("b1", "other", "U")
	wantError[*NotFoundError](t, err)
	parts, err := s.Parts(t.Context(), found)
	if err != nil || len(parts) != 3 || !slices.IsSortedFunc(parts, func(a, b *Part) int { return a.Number - b.Number }) {
		t.Fatalf("%v, %v", parts, err)
	}
	put(t, s, "b1", "big", "the former one")
	o := &Object{Bucket: "b1", Name: "big"}
	must(t, s.CompleteUpload(found, o, parts[:2], func(b *Blob) { o.Size = b.Size() }))
	if got := content(t, s, "b1", "big"); got != "onetwo" {
		t.Error(got)
	}
	if files := blobs(t, s); len(files) != 1 {
		t.Errorf("contents: %v", files)
	}
	wantError[*NotFoundError](t, s.PutPart(found, &Part{Number: 4}, blob(t, s, "late")))
	wantError[*NotFoundError](t, s.AbortUpload(found))
	second := &Upload{ID: "V", Bucket: "b1", Name: "other"}
	must(t, s.CreateUpload(second), s.PutPart(second, &Part{Number: 1}, blob(t, s, "x")))
	if all, err := s.Uploads(t.Context(), "b1"); err != nil || len(all) != 1 || all[0].ID != "V" {
		t.Errorf("%v, %v", all, err)
	}
	must(t, s.AbortUpload(second))
	if files := blobs(t, s); len(files) != 1 {
		t.Errorf("left: %v", files)
	}
}

// TestPutsOfOneName: of many at once one wins, whole, and the others leave nothing.
func TestPutsOfOneName(t *testing.T) {
	s := open(t, t.TempDir())
	newBucket(t, s, "b1")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			text := strings.Repeat(fmt.Sprint(i), 1000+i)
			b, err := s.NewBlob()
			if err == nil {
				_, err = io.WriteString(b, text)
			}
			if err == nil {
				err = s.PutObject(&Object{Bucket: "b1", Name: "a", Size: b.Size()}, b)
			}
			if err != nil {
				t.Error(err)
			}
			if _, file, err := s.OpenObject("b1", "a"); err != nil {
				t.Error(err)
			} else {
				file.Close()
			}
		})
	}
	wg.Wait()
	got := content(t, s, "b1", "a")
	if strings.Trim(got, got[:1]) != "" || len(got) != 1000+int(got[0]-'0') {
		t.Errorf("%d bytes, %.20s", len(got), got)
	}
	if files := blobs(t, s); len(files) != 1 {
		t.Errorf("contents: %v", files)
	}
}

func TestPutCodeFile(t *testing.T) {
	s := open(t, t.TempDir())
	archive := archiveOf("f")
	fromMemory, release, err := s.PutCode(archive)
	must(t, err)
	defer release()
	fromFile, release2, err := s.PutCodeFile(strings.NewReader(string(archive)), int64(len(archive)))
	must(t, err)
	defer release2()
	if fromFile != fromMemory {
		t.Errorf("%+v, want %+v", fromFile, fromMemory)
	}
	if data, err := os.ReadFile(s.CodeArchive(fromFile.SHA256)); err != nil || string(data) != string(archive) {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	_, _, err = s.PutCodeFile(strings.NewReader("no zip"), 6)
	wantError[*CodeError](t, err)
}
