package bootstrap

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"s/pkg/fc"
	"s/pkg/toolchain"
)

// TestEveryManagedRuntime has a bootstrap or says that it has none.
func TestEveryManagedRuntime(t *testing.T) {
	t.Parallel()
	for _, r := range fc.Runtimes() {
		if r.Custom {
			continue
		}
		b, err := For(r.Language, r.Version)
		var unsupported *UnsupportedError
		switch {
		case r.Language == "python":
			if want := map[bool]string{true: "python2.7", false: "python3"}[r.Version == "2.7"]; err != nil || b.Dir != want {
				t.Errorf("%s: %+v, %v", r.Name, b, err)
			}
		case r.Language == "nodejs":
			if err != nil || b.Dir != "nodejs" || !b.Wrapped {
				t.Errorf("%s: %+v, %v", r.Name, b, err)
			}
		case r.Language == "php":
			if err != nil || b.Dir != "php7.2" || b.Language != toolchain.PHP {
				t.Errorf("%s: %+v, %v", r.Name, b, err)
			}
		case r.Language == "java":
			if err != nil || b.Dir != "java" || b.Language != "java" {
				t.Errorf("%s: %+v, %v", r.Name, b, err)
			}
		case r.Language == "go":
			if err != nil || b.Language != "" || b.Check == nil {
				t.Errorf("%s: %+v, %v", r.Name, b, err)
			}
		case r.Language == "dotnet":
			if err != nil || b.Dir != "dotnet" || b.Language != toolchain.Dotnet {
				t.Errorf("%s: %+v, %v", r.Name, b, err)
			}
		case !errors.As(err, &unsupported) || unsupported.Language == "":
			t.Errorf("%s: %+v, %v", r.Name, b, err)
		}
	}
	if _, err := For("cobol", "85"); err == nil || err.Error() != "managed runtimes of cobol can't run locally yet" {
		t.Errorf("%v", err)
	}
}

// source is the text of a bootstrap's file.
func source(t *testing.T, b Bootstrap, name string) []byte {
	t.Helper()
	text, err := fs.ReadFile(b.Files, name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestSourceIsWhatIsOnDisk: what is embedded are the files that persons read.
func TestSourceIsWhatIsOnDisk(t *testing.T) {
	t.Parallel()
	for dir, b := range map[string]Bootstrap{"python3": python3(), "python2": python2()} {
		disk, err := os.ReadFile(filepath.Join(dir, "bootstrap.py"))
		if err != nil || !bytes.Equal(source(t, b, "bootstrap.py"), disk) {
			t.Errorf("%s: on disk %d bytes; %v", dir, len(disk), err)
		}
	}
	if _, err := (Bootstrap{Dir: "cobol", Files: below(python3Files, "cobol")}).Install(t.TempDir()); err == nil {
		t.Error("a bootstrap that isn't there was installed")
	}
}

func TestPHPSettings(t *testing.T) {
	t.Parallel()
	env := php().Env(Start{Dir: "/var/fc/runtime/php7.2", Code: "/code", Layers: "/opt"})
	if got := env["PHP_INI_SCAN_DIR"]; got != ":/var/fc/runtime/php7.2:/code/extension:/opt/php" {
		t.Error(got)
	}
	entries, err := fs.ReadDir(php().Files, ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		disk, err := os.ReadFile(filepath.Join("php", e.Name()))
		if err != nil || !bytes.Equal(disk, source(t, php(), e.Name())) {
			t.Errorf("%s: %v", e.Name(), err)
		}
	}
}

func installed(t *testing.T, root string) string {
	t.Helper()
	dir, err := python3().Install(root)
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "bootstrap.py")
}

func TestInstall(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "deep", "er")
	path := installed(t, root)
	want := source(t, python3(), "bootstrap.py")
	check := func(when string) os.FileInfo {
		t.Helper()
		got, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, want %d; %v", when, len(got), len(want), err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS != "windows" && info.Mode().Perm() != 0o644 {
			t.Errorf("%s: mode %v; instances run as any user", when, info.Mode())
		}
		return info
	}
	first := check("new")
	installed(t, root)
	if again := check("again"); !os.SameFile(first, again) {
		t.Error("a file that is as it should be was replaced: running instances have it mounted")
	}
	if err := os.WriteFile(path, want[:len(want)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	installed(t, root)
	check("after it was cut")
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// TestInstallAtOnce: whoever reads meanwhile gets a whole file.
func TestInstallAtOnce(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	want := source(t, python3(), "bootstrap.py")
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			dir, err := python3().Install(root)
			if err != nil {
				t.Error(err)
				return
			}
			got, err := os.ReadFile(filepath.Join(dir, "bootstrap.py"))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
	wg.Wait()
}

// TestInstallWhereItCant: the error names the place.
func TestInstallWhereItCant(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(root, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := python3().Install(root)
	var path *os.PathError
	if !errors.As(err, &path) {
		t.Errorf("%v", err)
	}
}

// TestEveryPythonReadsIt: the one file is in the language of all versions from
// 3.6 on.
func TestEveryPythonReadsIt(t *testing.T) {
	t.Parallel()
	path := installed(t, t.TempDir())
	finder := toolchain.New(os.LookupEnv)
	tried := 0
	for _, r := range fc.Runtimes() {
		if r.Language != "python" || r.Version == "2.7" {
			continue
		}
		python, err := finder.FindPython(t.Context(), r.Version)
		if err != nil || !python.Exact {
			continue
		}
		tried++
		compile := "import sys; compile(open(sys.argv[1], encoding='utf-8').read(), sys.argv[1], 'exec')"
		cmd := exec.CommandContext(context.WithoutCancel(t.Context()), python.Path, "-W", "error", "-c", compile, path)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("Python %s: %v\n%s", python.Version, err, out)
		}
	}
	if tried == 0 {
		t.Skip("no Python on this machine")
	}
}
