package toolchain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// php makes a PHP that answers as one of that version and counts its starts.
func (w *world) php(rel, version string) string {
	path := w.path(rel)
	return w.script(rel, fmt.Sprintf("echo x >>%q\necho %s\necho %q\necho %q\n",
		w.path("started"), version, filepath.Dir(filepath.Dir(path)), path))
}

func findPHP(t *testing.T, f *Finder, version string) Interpreter {
	t.Helper()
	i, err := f.FindPHP(context.Background(), version)
	if err != nil {
		t.Fatalf("FindPHP(%s): %v", version, err)
	}
	return i
}

func TestPHPExactBeforeNewer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env["PATH"], w.env["HOME"] = w.path("bin"), w.root
	w.php("bin/php", "8.3.1")
	w.php("bin/php8.2", "8.2.7")
	w.php("bin/php74", "7.4.33")
	old := w.php(".phpenv/versions/7.2.34/bin/php", "7.2.34")
	want := Interpreter{Language: PHP, Version: "7.2.34", Path: old, Prefix: w.path(".phpenv/versions/7.2.34"), Exact: true, Wanted: "7.2"}
	if diff := cmp.Diff(want, findPHP(t, w.finder(), "")); diff != "" {
		t.Error(diff)
	}
	if n := w.starts(); n != 1 {
		t.Errorf("%d starts, want that of the folder named 7.2.34 alone", n)
	}
	if err := os.Remove(old); err != nil {
		t.Fatal(err)
	}
	for wanted, version := range map[string]string{"7.2": "7.4.33", "7.4.1": "7.4.33", "8.0": "8.2.7", "8.2": "8.2.7", "8.3": "8.3.1"} {
		got := findPHP(t, w.finder(), wanted)
		if got.Version != version || got.Exact != strings.HasPrefix(version, wanted[:3]) || got.Wanted != wanted[:3] {
			t.Errorf("%s: got %+v, want %s", wanted, got, version)
		}
	}
	_, err := w.finder().FindPHP(context.Background(), "8.4")
	var missing *NotFoundError
	if !errors.As(err, &missing) || !strings.Contains(err.Error(), "no php 8.4 or newer on this machine; found only 8.3") {
		t.Errorf("%v", err)
	}
}

func TestPHPVersionManagers(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, env, value, dir string }{
		{"phpenv", "HOME", "", ".phpenv/versions/7.2.34"},
		{"PHPENV_ROOT", "PHPENV_ROOT", "pe", "pe/versions/7.2.34"},
		{"phpbrew", "HOME", "", ".phpbrew/php/php-7.2.34"},
		{"PHPBREW_ROOT", "PHPBREW_ROOT", "pb", "pb/php/php-7.2.34"},
		{"asdf", "HOME", "", ".asdf/installs/php/7.2.34"},
		{"ASDF_DATA_DIR", "ASDF_DATA_DIR", "as", "as/installs/php/7.2.34"},
		{"mise", "HOME", "", ".local/share/mise/installs/php/7.2.34"},
		{"MISE_DATA_DIR", "MISE_DATA_DIR", "mi", "mi/installs/php/7.2.34"},
		{"asdf shims on PATH", "PATH", "as/shims", "as/installs/php/7.2.34"},
		{"phpenv shims on PATH", "PATH", "pe/shims", "pe/versions/7.2.34"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.env[tc.env] = w.path(tc.value)
			want := w.php(tc.dir+"/bin/php", "7.2.34")
			if tc.env == "PATH" {
				w.script(tc.value+"/php", "exit 127") // a shim
			}
			got := findPHP(t, w.finder(), "7.2")
			if got.Path != want || got.Prefix != w.path(tc.dir) || !got.Exact {
				t.Errorf("got %+v, want %s", got, want)
			}
		})
	}
}

func TestPHPNamesThatAreNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env["PATH"] = w.path("bin")
	for _, name := range []string{"php-cgi", "php-fpm7.2", "php7.1", "phpize", "php-cgi7.2"} {
		w.php("bin/"+name, "7.2.34")
	}
	if got, err := w.finder().FindPHP(context.Background(), "7.2"); err == nil {
		t.Errorf("%+v", got)
	}
	for _, version := range []string{"x", "7", "eight"} {
		if got, err := w.finder().FindPHP(context.Background(), version); err == nil || !strings.Contains(err.Error(), "not a version of PHP") {
			t.Errorf("%s: %+v, %v", version, got, err)
		}
	}
	for path, want := range map[string]string{"/usr/bin/php8.2": "8.2", "/usr/bin/php82": "", "/usr/bin/php": "", "/usr/bin/phpize8.2": "", "/x/ruby8.2": ""} {
		if v, ok := phpVersionOfName(path); ok != (want != "") || ok && v.minorString() != want {
			t.Errorf("%s: %v, %v", path, v, ok)
		}
	}
}

func TestFindRealPHP(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("php"); err != nil {
		t.Skip("no php on PATH")
	}
	i, err := New(os.LookupEnv).Find(context.Background(), PHP, "7.2")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(i.Path, "-n", "-r", "echo PHP_VERSION;").Output()
	if err != nil || !strings.HasPrefix(string(out), i.Version) || i.Language != PHP {
		t.Errorf("%+v says %q, %v", i, out, err)
	}
	if _, err := os.Stat(filepath.Join(i.Prefix, "bin")); err != nil {
		t.Error(err)
	}
}
