package store

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// unpackOf stores an archive and gives the folder that it unpacks to.
func unpackOf(t *testing.T, s *Store, archive []byte) (string, error) {
	t.Helper()
	code, release, err := s.PutCode(archive)
	if err != nil {
		return "", err
	}
	t.Cleanup(release)
	dir, running, err := s.OpenCode(code.SHA256)
	if err == nil {
		t.Cleanup(running)
	}
	return dir, err
}

// TestModesOfFiles: what runs in an instance may read everything; nothing gets
// the rights of another user from an archive.
func TestModesOfFiles(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	for mode, want := range map[fs.FileMode]fs.FileMode{
		0: 0o644, 0o400: 0o444, 0o600: 0o644, 0o644: 0o644, 0o700: 0o744, 0o755: 0o755, 0o777: 0o777, 0o111: 0o555,
		0o755 | fs.ModeSetuid: 0o755, 0o755 | fs.ModeSetgid: 0o755, 0o644 | fs.ModeSticky: 0o644,
	} {
		dir, err := unpackOf(t, s, archive(t, entry{"f", mode.String(), mode}))
		must(t, err)
		info, err := os.Stat(filepath.Join(dir, "f"))
		must(t, err)
		if info.Mode() != want {
			t.Errorf("%v is unpacked as %v, want %v", mode, info.Mode(), want)
		}
	}
	dir, err := unpackOf(t, s, archive(t, entry{"closed/", "", fs.ModeDir}, entry{"closed/f", "x", 0o600}))
	must(t, err)
	if info, err := os.Stat(filepath.Join(dir, "closed")); err != nil || info.Mode() != fs.ModeDir|0o755 {
		t.Errorf("a folder: %v, %v", info, err)
	}
}

// fromWindows is an archive whose maker has no Unix modes.
func fromWindows(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		f, err := w.CreateHeader(&zip.FileHeader{Name: e.name, Method: zip.Deflate})
		if err == nil && e.content != "" {
			_, err = f.Write([]byte(e.content))
		}
		must(t, err)
	}
	must(t, w.Close())
	return b.Bytes()
}

// TestArchivesFromWindows have backslashes, also at the end of a folder's name.
func TestArchivesFromWindows(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	dir, err := unpackOf(t, s, fromWindows(t, entry{name: `lib\`}, entry{name: `lib\a\b.py`, content: "x"}, entry{name: "lib/c.py", content: "y"}, entry{name: `empty\`}))
	must(t, err)
	for name, isDir := range map[string]bool{"lib": true, "lib/a": true, "lib/a/b.py": false, "lib/c.py": false, "empty": true} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.IsDir() != isDir {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	for _, name := range []string{`..\evil`, `a\..\..\evil`, `\evil`} {
		_, err := unpackOf(t, s, fromWindows(t, entry{name: name, content: "x"}))
		if e := wantError[*CodeError](t, err); !strings.Contains(e.Why, "out of the code folder") {
			t.Errorf("%s: %v", name, e)
		}
	}
	// On Unix a backslash is a letter like others.
	dir, err = unpackOf(t, s, archive(t, entry{`a\b`, "x", 0o644}))
	must(t, err)
	if _, err := os.Stat(filepath.Join(dir, `a\b`)); err != nil && os.PathSeparator == '/' {
		t.Error(err)
	}
}

// TestNamesThatLeadOut are refused before anything is stored, whatever their
// kind; those that only look so are not.
func TestNamesThatLeadOut(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	for _, name := range []string{"..", "../", "../a", "a/../..", "a/../../b", "/", "/a", "/../a", "./../a", "a/b/../../../c", "//a"} {
		for _, mode := range []fs.FileMode{0o644, fs.ModeDir | 0o755, fs.ModeSymlink | 0o777} {
			_, _, err := s.PutCode(archive(t, entry{strings.TrimSuffix(name, "/"), "", mode}))
			if name != "/" {
				wantError[*CodeError](t, err)
			}
		}
	}
	if names := codeFiles(t, s); len(names) > 0 {
		t.Errorf("stored: %v", names)
	}
	for _, name := range []string{"...", "..a", "a..", "a/..b", "a/./b", "./a", ".hidden", "a//b", "~", "C:"} {
		dir, err := unpackOf(t, s, archive(t, entry{name, name, 0o644}))
		must(t, err)
		if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(text) != name {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
}

// TestLinks stay in the code folder or begin at the instance's root; no file
// goes through one.
func TestLinks(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	const link = fs.ModeSymlink | 0o777
	for _, good := range []struct{ name, target string }{
		{"l", "f"}, {"l", "./f"}, {"d/l", "../f"}, {"d/e/l", "../../f"}, {"l", "/etc/passwd"}, {"l", "missing"}, {"l", "d/../f"}, {"l", "l"},
	} {
		dir, err := unpackOf(t, s, archive(t, entry{"f", "x", 0o644}, entry{good.name, good.target, link}))
		must(t, err)
		if target, err := os.Readlink(filepath.Join(dir, good.name)); err != nil || target != good.target {
			t.Errorf("%+v: %q, %v", good, target, err)
		}
	}
	for _, bad := range []struct{ name, target string }{
		{"l", ".."}, {"l", "../f"}, {"d/l", "../../f"}, {"l", "d/../../f"}, {"l", ""}, {"l", "a\x00b"}, {"l", strings.Repeat("x", maxLinkTarget+1)},
	} {
		_, err := unpackOf(t, s, archive(t, entry{"f", "x", 0o644}, entry{bad.name, bad.target, link}))
		if wantError[*CodeError](t, err); !strings.Contains(err.Error(), `"`+bad.name+`"`) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	for _, through := range []string{"l/f", "l/d/f"} {
		for _, entries := range [][]entry{
			{{"l", "d", link}, {through, "x", 0o644}}, {{through, "x", 0o644}, {"l", "d", link}}, {{"l", "/tmp", link}, {through, "x", 0o644}},
		} {
			_, err := unpackOf(t, s, archive(t, entries...))
			wantError[*CodeError](t, err)
		}
	}
}

// TestNamesThatDifferInCase are two files where the file system has two.
func TestNamesThatDifferInCase(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	dir, err := unpackOf(t, s, archive(t, entry{"Readme", "1", 0o644}, entry{"README", "2", 0o644}, entry{"readme", "3", 0o644}))
	must(t, err)
	entries, err := os.ReadDir(dir)
	must(t, err)
	if text, err := os.ReadFile(filepath.Join(dir, "readme")); err != nil || string(text) != "3" {
		t.Errorf("the last one is %q, %v", text, err)
	}
	if len(entries) != 3 && len(entries) != 1 {
		t.Errorf("entries %v", entries)
	}
}

// TestDocumentsThatCannotBeRead say in which file they are, and what to do.
func TestDocumentsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for table, insert := range map[string]string{
		"services":  "INSERT INTO services (region, name, doc) VALUES ('r', 's', ?)",
		"functions": "INSERT INTO functions (region, name, code, doc) VALUES ('r', 'f', '', ?)",
	} {
		for _, doc := range []string{"", "{", "[]", `{"region":5}`} {
			s := open(t, t.TempDir())
			_, err := s.db.Exec(insert, doc)
			must(t, err, s.Close())
			_, err = Open(t.Context(), s.Dir())
			if e := wantError[*CorruptError](t, err); e.Path != filepath.Join(s.Dir(), databaseName) {
				t.Errorf("%s %q: path %s", table, doc, e.Path)
			}
		}
	}
}
