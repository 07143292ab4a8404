package python

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s/pkg/build"
	"s/pkg/build/buildtest"
	"s/pkg/build/projecttest"
	"s/pkg/toolchain"
)

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
	f := &fake{t: t, dir: buildtest.TempDir(t)}
	f.program(version, install)
	return f
}

// program writes the script.
func (f *fake) program(version, install string) {
	f.t.Helper()
	path := filepath.Join(f.dir, "bin", "python"+minor(version))
	buildtest.Script(f.t, path, fmt.Sprintf(`#!/bin/sh
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
`, version, f.dir, path, install))
}

func (f *fake) builder(environ ...string) *Builder {
	finder := toolchain.New(func(k string) (string, bool) { return filepath.Join(f.dir, "bin"), k == "PATH" })
	finder.System = []string{}
	return &Builder{Finder: finder, Host: build.DefaultPlatform, Environ: append([]string{"PATH=" + os.Getenv("PATH")}, environ...)}
}

// runs are the notes of what was started, other than by the toolchain.
func (f *fake) runs() []string {
	f.t.Helper()
	path := filepath.Join(f.dir, "runs")
	if data, err := os.ReadFile(path); err == nil {
		// The program given to -c spans lines.
		text := strings.ReplaceAll(string(data), runPip, "PIP")
		buildtest.Plant(f.t, f.dir, map[string]string{"runs": text})
	}
	return buildtest.Lines(f.t, path)
}

// wheel makes an installable package of one module and one command.
func wheel(t *testing.T, path, name, version, module string) {
	t.Helper()
	writeWheel(t, path, name, version, module, "py3-none-any", "")
}

// writeWheel makes one with a tag and more lines of metadata.
func writeWheel(t *testing.T, path, name, version, module, tag, more string) {
	t.Helper()
	info := fmt.Sprintf("%s-%s.dist-info/", name, version)
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for _, f := range [][2]string{
		{name + ".py", module},
		{info + "METADATA", fmt.Sprintf("Metadata-Version: 2.1\nName: %s\nVersion: %s\n%s", name, version, more)},
		{info + "WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: " + tag + "\n"},
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
	buildtest.Plant(t, filepath.Dir(path), map[string]string{filepath.Base(path): buf.String()})
}

func newProject(t *testing.T, runtimeName string, legacy bool, files map[string]string) *projecttest.Project {
	t.Helper()
	p := projecttest.New(t, runtimeName, files)
	p.Req.Legacy = legacy
	return p
}
