package nodejs

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"s/pkg/build/buildtest"
	"s/pkg/build/projecttest"
	"s/pkg/toolchain"
)

// fake is a machine with a Node.js that is a shell script: it answers the
// toolchain, notes each run of a package manager, and then does what it is told
// by the lines in install.
type fake struct {
	t   *testing.T
	dir string
}

// fakeInstall makes one package of each dependency that a package.json names in
// a line "fake": "name".
const fakeInstall = `for name in $(sed -n 's/.*"fake-\([a-z]*\)".*/\1/p' package.json); do
	mkdir -p "node_modules/fake-$name/bin"
	echo "{\"name\":\"fake-$name\",\"bin\":\"bin/x.js\"}" >"node_modules/fake-$name/package.json"
	echo 1 >"node_modules/fake-$name/bin/x.js"
done
echo notes >node_modules/.package-lock.json
if [ "$verb" = run ]; then mkdir -p dist && echo built >dist/index.js; fi`

func newFake(t *testing.T, version, install string) *fake {
	t.Helper()
	f := &fake{t: t, dir: buildtest.TempDir(t)}
	f.node(version, install)
	f.plant("lib/node_modules/npm/package.json", `{"version": "11.2.3"}`)
	f.plant("lib/node_modules/npm/bin/npm-cli.js", "")
	return f
}

func (f *fake) plant(name, content string) {
	f.t.Helper()
	buildtest.Plant(f.t, f.dir, map[string]string{name: content})
}

// node writes the interpreter.
func (f *fake) node(version, install string) {
	f.t.Helper()
	path := filepath.Join(f.dir, "bin", "node")
	buildtest.Script(f.t, path, fmt.Sprintf(`#!/bin/sh
if [ "$1" = -e ]; then echo %[1]s; echo %[2]q; echo %[3]q; exit; fi
`+toolScript, version, f.dir, path, install))
}

// program writes a package manager, which is no JavaScript.
func (f *fake) program(name, version, install string) {
	f.t.Helper()
	buildtest.Script(f.t, filepath.Join(f.dir, "bin", name), fmt.Sprintf(`#!/bin/sh
if [ "$1" = --version ]; then echo %[1]s; exit; fi
: %[3]q
set -- %[3]q "$@"
`+toolScript, version, f.dir, name, install))
}

// toolScript notes its run and does what it is told.
const toolScript = `tool=$(basename "$1"); shift
verb=$1
echo "$tool $*|$(env | grep -iE '^(npm_config_(platform|arch|prefix|registry)|node_env|ci|yarn_node_linker|mine)=' | sort | tr '\n' ' ')" >>%[2]q/runs
echo "$PWD" >>%[2]q/dirs
%[4]s
`

func (f *fake) builder(environ ...string) *Builder {
	bin := filepath.Join(f.dir, "bin")
	finder := toolchain.New(func(k string) (string, bool) { return bin, k == "PATH" })
	finder.System = []string{}
	return &Builder{
		Finder: finder, Environ: append([]string{"PATH=" + bin + ":/usr/bin:/bin"}, environ...), Host: "linux/amd64",
	}
}

// runs are the notes of what was started.
func (f *fake) runs() []string {
	f.t.Helper()
	var out []string
	for _, line := range buildtest.Lines(f.t, filepath.Join(f.dir, "runs")) {
		out = append(out, strings.TrimRight(line, "| "))
	}
	return out
}

// forget drops the notes.
func (f *fake) forget() {
	f.t.Helper()
	for _, name := range []string{"runs", "dirs"} {
		if err := os.RemoveAll(filepath.Join(f.dir, name)); err != nil {
			f.t.Fatal(err)
		}
	}
}

func newProject(t *testing.T, runtimeName string, files map[string]string) *projecttest.Project {
	t.Helper()
	return projecttest.New(t, runtimeName, files)
}

// workspaceOf makes the code a part of the project's folder, at code.
func workspaceOf(t *testing.T, runtimeName string, files map[string]string) *projecttest.Project {
	t.Helper()
	p := projecttest.New(t, runtimeName, nil)
	buildtest.Plant(t, p.Root, files)
	return p
}

// tarball makes a package as npm pack does.
func tarball(t *testing.T, path string, files map[string]string) {
	t.Helper()
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	w := tar.NewWriter(z)
	for _, name := range sorted(files) {
		mode := int64(0o644)
		if strings.HasPrefix(files[name], "#!") {
			mode = 0o755
		}
		if err := w.WriteHeader(&tar.Header{Name: "package/" + name, Mode: mode, Size: int64(len(files[name]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	buildtest.Plant(t, filepath.Dir(path), map[string]string{filepath.Base(path): buf.String()})
}

func sorted(files map[string]string) []string {
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
