package build

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/build/buildtest"
)

// compiled is a library that asks for a version of the C library: the one of
// this machine must have a symbol of it.
func compiled(t testing.TB, version string) string {
	t.Helper()
	gcc, err := exec.LookPath("gcc")
	if err != nil || runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("needs gcc on linux/amd64")
	}
	dir := t.TempDir()
	buildtest.Plant(t, dir, map[string]string{"x.c": "__asm__(\".symver dlopen_, dlopen@GLIBC_" + version + "\");\nextern void *dlopen_(const char *, int);\nvoid *f(void) { return dlopen_(0, 0); }\n"})
	lib := filepath.Join(dir, "x.so")
	if out, err := exec.Command(gcc, "-shared", "-fPIC", "-o", lib, filepath.Join(dir, "x.c")).CombinedOutput(); err != nil {
		t.Skipf("no symbol of %s here: %s", version, out)
	}
	data, err := os.ReadFile(lib)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestLibrariesOfNewerSystems(t *testing.T) {
	t.Parallel()
	p := newProject(t, listed())
	m := &maker{name: "a", version: "1", plan: Plan{Into: "deps"}}
	buildtest.Plant(t, p.req.SourceDir, map[string]string{"lib/x.so": compiled(t, "2.34"), "lib/static.so": library(emAMD64), "lib/text.so": "INPUT(x)"})
	for _, tc := range []struct {
		runtime string
		want    []TooNew
	}{
		{"python3.10", []TooNew{{"lib/x.so", "2.34", "2.28"}}},
		{"custom.debian12", nil},
		{"custom-container", nil},
	} {
		p.req.Runtime, p.req.Fresh = tc.runtime, true
		if diff := cmp.Diff(tc.want, p.build(m).TooNew); diff != "" {
			t.Errorf("%s: %s", tc.runtime, diff)
		}
	}
}

// FuzzGlibc looks for files that crash the reader.
func FuzzGlibc(f *testing.F) {
	f.Add(library(emAMD64))
	f.Add("\x7fELF")
	if _, err := exec.LookPath("gcc"); err == nil {
		f.Add(compiled(f, "2.34"))
	}
	f.Fuzz(func(t *testing.T, data string) {
		if n := glibcOf(strings.NewReader(data)); n < 0 {
			t.Errorf("%d", n)
		}
	})
}
