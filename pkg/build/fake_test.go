package build

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"s/pkg/toolchain"
)

// old is a time that fingerprints trust.
func old() time.Time { return time.Now().Add(-time.Hour) }

// plant writes files below dir with an old time.
func plant(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, old(), old()); err != nil {
			t.Fatal(err)
		}
	}
}

// snapshot lists everything below dir with mode, size and time, folders'
// times included: they tell of files that came and went.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		out[rel] = fmt.Sprintf("%v %d %v", info.Mode(), info.Size(), info.ModTime())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// project is a folder with the code of one function and a request to build it.
type project struct {
	t    *testing.T
	root string
	req  Request
	log  bytes.Buffer
}

func newProject(t *testing.T, runtimeName string, legacy bool, files map[string]string) *project {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	p := &project{t: t, root: root}
	p.req = Request{
		Name: "hello", Runtime: runtimeName, Legacy: legacy, Log: &p.log,
		SourceDir:   filepath.Join(root, "code"),
		ArtifactDir: filepath.Join(root, ".s/build/artifacts/hello"),
		CacheDir:    filepath.Join(root, ".s/build/cache"),
	}
	plant(t, p.req.SourceDir, files)
	return p
}

func (p *project) write(name, content string) {
	p.t.Helper()
	plant(p.t, p.req.SourceDir, map[string]string{name: content})
}

func (p *project) build(b Builder) *Artifact {
	p.t.Helper()
	a, err := b.Build(context.Background(), p.req)
	if err != nil {
		p.t.Fatalf("%v\n%s", err, p.log.String())
	}
	return a
}

// artifact reads a file of the artifact.
func (p *project) artifact(name string) string {
	p.t.Helper()
	data, err := os.ReadFile(filepath.Join(p.req.ArtifactDir, filepath.FromSlash(name)))
	if err != nil {
		p.t.Fatal(err)
	}
	return string(data)
}

// noScratch checks that no unfinished folder is left.
func (p *project) noScratch() {
	p.t.Helper()
	for path := range snapshot(p.t, p.root) {
		if strings.Contains(path, tempMark) {
			p.t.Errorf("left behind: %s", path)
		}
	}
}

// fake is a Python that is a shell script: it answers the toolchain, notes each
// run of pip, and then does what it is told by the lines in install.
type fake struct {
	t   *testing.T
	dir string
}

const fakeInstall = `mkdir -p "$target/bin" "$target/pkg-1.dist-info"
printf '#!%s\nprint(1)\n' "$0" >"$target/bin/tool"
chmod +x "$target/bin/tool"
echo 'x = 1' >"$target/pkg.py"
echo '{"url": "file:///somewhere"}' >"$target/pkg-1.dist-info/direct_url.json"
echo Successfully installed`

func newFake(t *testing.T, version, install string) *fake {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the fake is a shell script")
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{t: t, dir: dir}
	f.program(version, install)
	return f
}

// program writes the script. ForkLock keeps another test's child from
// inheriting the open file, which would make starting it fail with "text file
// busy".
func (f *fake) program(version, install string) {
	f.t.Helper()
	minor := version[:strings.LastIndexByte(version, '.')]
	path := filepath.Join(f.dir, "bin", "python"+minor)
	script := fmt.Sprintf(`#!/bin/sh
case "$1" in
-E) echo %[1]s; echo %[2]q; echo %[3]q; exit ;;
-m) echo "$@" >>%[2]q/runs; mkdir -p "$3/bin"; ln -s %[3]q "$3/bin/python"; touch %[2]q/haspip; exit ;;
esac
echo "$PWD|$*|PYTHONPATH=$PYTHONPATH PIP_TARGET=$PIP_TARGET PIP_INDEX_URL=$PIP_INDEX_URL TMPDIR=$TMPDIR" >>%[2]q/runs
while [ $# -gt 1 ]; do
	case "$1" in --target) target=$2 ;; -r) list=$2 ;; esac
	shift
done
%[4]s
`, version, f.dir, path, install)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		f.t.Fatal(err)
	}
	syscall.ForkLock.RLock()
	err := os.WriteFile(path, []byte(script), 0o755)
	syscall.ForkLock.RUnlock()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fake) builder(environ ...string) *Python {
	finder := toolchain.New(func(k string) (string, bool) { return filepath.Join(f.dir, "bin"), k == "PATH" })
	finder.System = []string{}
	return &Python{Finder: finder, Environ: append([]string{"PATH=" + os.Getenv("PATH")}, environ...)}
}

// runs are the notes of what was started, other than by the toolchain.
func (f *fake) runs() []string {
	f.t.Helper()
	data, err := os.ReadFile(filepath.Join(f.dir, "runs"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		f.t.Fatal(err)
	}
	// The program given to -c spans lines.
	return strings.Split(strings.TrimSpace(strings.ReplaceAll(string(data), runPip, "PIP")), "\n")
}

// wheel makes an installable package of one module and one command.
func wheel(t *testing.T, path, name, version, module string) {
	t.Helper()
	info := fmt.Sprintf("%s-%s.dist-info/", name, version)
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for _, f := range [][2]string{
		{name + ".py", module},
		{info + "METADATA", fmt.Sprintf("Metadata-Version: 2.1\nName: %s\nVersion: %s\n", name, version)},
		{info + "WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"},
		{info + "entry_points.txt", fmt.Sprintf("[console_scripts]\n%s = %s:main\n", name, name)},
		{info + "RECORD", fmt.Sprintf("%s.py,,\n%sMETADATA,,\n%sWHEEL,,\n%sentry_points.txt,,\n%sRECORD,,\n", name, info, info, info, info)},
	} {
		w, err := z.Create(f[0])
		if err == nil {
			_, err = w.Write([]byte(f[1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	plant(t, filepath.Dir(path), map[string]string{filepath.Base(path): buf.String()})
}
