package bundle

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func list(t *testing.T, dir string, opts ListOptions) *Listing {
	t.Helper()
	l, err := List(context.Background(), dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestOrderIsBytewise(t *testing.T) {
	t.Parallel()
	files := map[string]string{"a/b": "", "a-b": "", "a.b": "", "a0": "", "A": "", "_": "", "a/b-c": "", "a/c/d": "", "é": "", "z": ""}
	got := paths(list(t, plant(t, files), ListOptions{}))
	if !slices.IsSorted(got) || len(got) != len(files) {
		t.Errorf("got %q", got)
	}
	if diff := cmp.Diff([]string{"A", "_", "a-b", "a.b", "a/b", "a/b-c", "a/c/d", "a0", "z", "é"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestEmptyFolders(t *testing.T) {
	t.Parallel()
	dir := plant(t, map[string]string{
		"empty/": "", "deep/er/": "", "full/x": "", "ignored/": "", "only/ignored.tmp": "", IgnoreFile: "ignored\n*.tmp",
	})
	got := paths(list(t, dir, ListOptions{}))
	if diff := cmp.Diff([]string{IgnoreFile, "deep/er", "empty", "full/x"}, got); diff != "" {
		t.Error(diff)
	}
	if got := paths(list(t, t.TempDir(), ListOptions{})); len(got) != 0 {
		t.Errorf("an empty root: %q", got)
	}
}

func TestRootBehindALink(t *testing.T) {
	t.Parallel()
	real := plant(t, map[string]string{"a/b": "", "up": "->a/b"})
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	l := list(t, link, ListOptions{})
	resolved, err := filepath.EvalSymlinks(real)
	if err != nil || l.Root != resolved || len(l.Entries) != 2 {
		t.Errorf("%s, %q, %v", l.Root, paths(l), err)
	}
	if got := list(t, link, ListOptions{Skip: filepath.Join(link, "a")}); len(got.Entries) != 1 {
		t.Errorf("what is skipped is named through the link: %q", paths(got))
	}
}

func TestLinksThatStay(t *testing.T) {
	t.Parallel()
	l := list(t, plant(t, map[string]string{
		"a/b/file": "", "here": "->a/b/file", "a/self": "->.", "a/b/up": "->../..", "a/b/side": "->../c", "folder": "->a/b", "a/c": "",
	}), ListOptions{})
	got := map[string]string{}
	for _, e := range l.Entries {
		if e.Mode&fs.ModeSymlink != 0 {
			got[e.Path] = e.Target
		}
	}
	want := map[string]string{"here": "a/b/file", "a/self": ".", "a/b/up": "../..", "a/b/side": "../c", "folder": "a/b"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestOddNames(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("other systems refuse these names")
	}
	files := map[string]string{
		"line\nbreak": "1", `back\slash`: "2", "bad\xff": "3", " lead": "4", "trail ": "5", "-dash": "6", "tab\t": "7",
		strings.Repeat("n", 255): "8", "q\"'": "9", "*": "10", "~": "11",
	}
	b := packed(t, plant(t, files), Options{})
	if b.Files != len(files) {
		t.Errorf("%d files, want %d", b.Files, len(files))
	}
	for name, content := range unpack(t, b.Path) {
		if files[name] != content {
			t.Errorf("%q: %q, want %q", name, content, files[name])
		}
	}
}

func TestDeepTree(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("d/", 150) + "file"
	got := paths(list(t, plant(t, map[string]string{deep: "x", IgnoreFile: "**/nothing/**/here\nx\n"}), ListOptions{}))
	if diff := cmp.Diff([]string{IgnoreFile, deep}, got); diff != "" {
		t.Error(diff)
	}
}

func TestManyRules(t *testing.T) {
	t.Parallel()
	var rules strings.Builder
	files := map[string]string{}
	for i := range 300 {
		fmt.Fprintf(&rules, "x%d\n", i)
		files[fmt.Sprintf("x%d", i)] = ""
		files[fmt.Sprintf("y%d", i)] = ""
	}
	rules.WriteString("!x7\n")
	files[IgnoreFile] = rules.String()
	if got := list(t, plant(t, files), ListOptions{}); len(got.Entries) != 302 {
		t.Errorf("%d entries, want 300 with y, x7 and the rules", len(got.Entries))
	}
}

func TestIgnoreFileThatIsNone(t *testing.T) {
	t.Parallel()
	dir := plant(t, map[string]string{IgnoreFile + "/x": "*", "a": ""})
	if got := paths(list(t, dir, ListOptions{})); !slices.Equal(got, []string{IgnoreFile + "/x", "a"}) {
		t.Errorf("a folder of that name: %q", got)
	}
	_, err := List(context.Background(), plant(t, map[string]string{"d/" + IgnoreFile: "->nowhere"}), ListOptions{})
	var fe *FileError
	if !errors.As(err, &fe) || fe.Path != "d/"+IgnoreFile || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a dangling link of that name: %v", err)
	}
	dir = plant(t, map[string]string{"rules": "a", "d/" + IgnoreFile: "->../rules", "d/a": "", "d/b": ""})
	if got := paths(list(t, dir, ListOptions{})); !slices.Equal(got, []string{"d/" + IgnoreFile, "d/b", "rules"}) {
		t.Errorf("a link to rules: %q", got)
	}
}

func TestRootsThatAreNone(t *testing.T) {
	t.Parallel()
	dir := plant(t, map[string]string{"file": ""})
	for _, name := range []string{"missing", "file"} {
		if l, err := List(context.Background(), filepath.Join(dir, name), ListOptions{}); err == nil {
			t.Errorf("%s: %q", name, paths(l))
		}
	}
}

func TestUnreadableFolder(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		t.Skip("this user may read everything")
	}
	dir := plant(t, map[string]string{"a/b/c": ""})
	locked := filepath.Join(dir, "a/b")
	if err := os.Chmod(locked, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(locked, 0o755) })
	_, err := List(context.Background(), dir, ListOptions{})
	if !errors.Is(err, fs.ErrPermission) || !strings.HasPrefix(err.Error(), "a/b: cannot be read") {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, IgnoreFile), []byte("b"), 0o644); err != nil {
		t.Fatal(err)
	}
	list(t, dir, ListOptions{}) // what is left out needn't be readable
}

func TestListIsCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := List(ctx, t.TempDir(), ListOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestEnvFiles: files with variables can be asked for; folders of such names, and
// what else is left out by default, stay out.
func TestEnvFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{".env", ".ENV.local", "sub/.env.production", ".env3/bin/python", "sub/.envs/x", ".git/HEAD", "app.js"} {
		file := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		opts ListOptions
		want string
	}{
		{ListOptions{}, "app.js"},
		{ListOptions{EnvFiles: true}, ".ENV.local .env app.js sub/.env.production"},
		{ListOptions{NoDefaultIgnore: true}, ".ENV.local .env .env3/bin/python .git/HEAD app.js sub/.env.production sub/.envs/x"},
	} {
		l, err := List(t.Context(), dir, tc.opts)
		if err != nil {
			t.Fatal(err)
		}
		var files []string
		for _, e := range l.Entries {
			if e.Mode.IsRegular() {
				files = append(files, e.Path)
			}
		}
		if got := strings.Join(files, " "); got != tc.want {
			t.Errorf("%+v: %s, want %s", tc.opts, got, tc.want)
		}
	}
	for name, want := range map[string]bool{".env": true, ".Env.x": true, "env": false, "x.env": false} {
		if IsEnvFile(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}
