package toolchaintest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestFinds(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "a", "b")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	if got := installed(); got != "" {
		t.Errorf("outside of a module: %q", got)
	}
	if err := os.WriteFile(filepath.Join(root, "go.mod"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	real, err := filepath.EvalSymlinks(root)
	if err != nil {
		t.Fatal(err)
	}
	got, err := filepath.EvalSymlinks(filepath.Dir(installed()))
	if err != nil || got != real || filepath.Base(installed()) != ".tools" {
		t.Errorf("%q, %v", installed(), err)
	}
	t.Setenv("NODENV_ROOT", "/mine")
	t.Setenv("OTHER", "x")
	for name, want := range map[string]string{"NODENV_ROOT": filepath.Join(installed(), "nodejs"), "DOTNET_ROOT": filepath.Join(installed(), "dotnet"), "OTHER": "x"} {
		if got, ok := with(installed(), os.LookupEnv)(name); !ok || got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	if got, _ := with("", os.LookupEnv)("NODENV_ROOT"); got != "/mine" {
		t.Errorf("%q", got)
	}
	if New(os.LookupEnv) == nil {
		t.Error("no finder")
	}
}

func TestPodman(t *testing.T) {
	root := t.TempDir()
	t.Chdir(root)
	bin := filepath.Join(root, "bin")
	t.Setenv("PATH", bin)
	if path, err := Podman(); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("none: %s, %v", path, err)
	}
	program := "podman"
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	own := filepath.Join(".tools", "podman", "usr", "bin", "podman")
	for _, path := range []string{"go.mod", own, filepath.Join("bin", program)} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o755); err != nil {
			t.Fatal(err)
		}
		got, err := Podman()
		if path == "go.mod" && err == nil || path != "go.mod" && !strings.HasSuffix(got, path) {
			t.Errorf("with %s: %s, %v", path, got, err)
		}
	}
}
