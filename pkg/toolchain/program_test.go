package toolchain

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

func TestProgram(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env["PATH"] = "bin:" + w.path("empty") + ":" + w.path("bin")
	tool := w.script("bin/tool", "true")
	second := w.script("opt/tool-1/second", "true")
	newer := w.script("opt/tool-2/second", "true")
	w.script("opt/tool-1/tool", "true")
	plain := w.script("bin/plain", "true")
	if err := os.Chmod(plain, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(w.path("bin/folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	f := w.finder()
	more := []string{"", "opt/tool-1", "[", w.path("opt/tool-*")}
	for name, want := range map[string]string{"tool": tool, "second": newer, "third": "", "folder": ""} {
		if got := f.Program(name, more...); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := f.Program("second", filepath.Dir(second), w.path("opt/tool-*")); got != second {
		t.Errorf("the order of folders: %q", got)
	}
	if got := f.Program("plain"); got != "" && os.Getuid() != 0 {
		t.Errorf("not executable: %q", got)
	}
	if got := (&Finder{}).Program("sh"); got != "" {
		t.Errorf("without PATH: %q", got)
	}
}

func TestGoFolders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env["GOROOT"], w.env["HOME"] = "/go", "/home"
	f := New(func(k string) (string, bool) { v, ok := w.env[k]; return v, ok })
	folders := f.GoFolders()
	if folders[0] != filepath.Join("/go", "bin") || !slices.Contains(folders, filepath.Join("/home", "sdk", "go*", "bin")) {
		t.Errorf("%v", folders)
	}
	if runtime.GOOS == "linux" && !slices.Contains(folders, "/usr/local/go/bin") {
		t.Errorf("%v", folders)
	}
	f.System = []string{"/only"}
	if got := f.GoFolders(); !slices.Equal(got, f.System) {
		t.Errorf("%v", got)
	}
}
