package golang

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"s/pkg/build"
	"s/pkg/build/buildtest"
	"s/pkg/build/projecttest"
	"s/pkg/toolchain"
)

func touch(t *testing.T, path string) {
	t.Helper()
	now := time.Now()
	if err := os.Chtimes(path, now, now); err != nil {
		t.Fatal(err)
	}
}

// fake is a go command that is a shell script: it tells a version, notes each
// build, and does what the lines in build say.
type fake struct {
	t   *testing.T
	dir string
}

const fakeBuild = `printf '\177ELF made of ' >"$out"; cat main.go >>"$out"; echo compiled`

func newFake(t *testing.T, version, goToolchain, build string) *fake {
	t.Helper()
	f := &fake{t: t, dir: buildtest.TempDir(t)}
	buildtest.Script(t, filepath.Join(f.dir, "bin", "go"), fmt.Sprintf(`#!/bin/sh
if [ "$1" = env ]; then echo %[1]s; echo %[2]s; exit; fi
echo "$*|$GOOS/$GOARCH/$CGO_ENABLED|GOWORK=$GOWORK GO111MODULE=$GO111MODULE GOFLAGS=$GOFLAGS EXTRA=$EXTRA" >>%[3]q/runs
while [ $# -gt 1 ]; do
	if [ "$1" = -o ]; then out=$2; fi
	shift
done
%[4]s
`, version, goToolchain, f.dir, build))
	return f
}

func (f *fake) builder(environ ...string) *Builder {
	finder := toolchain.New(func(k string) (string, bool) { return filepath.Join(f.dir, "bin"), k == "PATH" })
	finder.System = []string{"/nowhere/go/bin"}
	return &Builder{Finder: finder, Environ: append([]string{"PATH=" + os.Getenv("PATH")}, environ...)}
}

func (f *fake) runs() []string { return buildtest.Lines(f.t, filepath.Join(f.dir, "runs")) }

func hello() map[string]string {
	return map[string]string{
		"go.mod": "module x\n\ngo 1.24.1\n", "go.sum": "", "main.go": mainFile, "main_test.go": "package main\n", "lib/lib.go": libFile,
		"static/page.html": "page", "config.yaml": "a: 1\n", "testdata/x": "", "lib/testdata/y": "", "vendor/modules.txt": "# y v1\n", "vendor/y/y.txt": "",
		"lib/vendor/jquery.js": "", "main": "old", "node_modules/x/i.js": "", ".fcignore": "node_modules\n",
	}
}

func TestArtifact(t *testing.T) {
	t.Parallel()
	f := newFake(t, "go1.26.8", "auto", fakeBuild)
	p := projecttest.New(t, "custom.debian12", hello())
	p.Req.Command = []string{"./app"}
	p.Req.Args, p.Req.Options.Env = []string{"-tags", "prod"}, map[string]string{"EXTRA": "1"}
	a := p.Build(f.builder("GOOS=plan9", "GOFLAGS=-mod=vendor", "CGO_ENABLED=1", "GO111MODULE=off"))
	want := map[string]string{
		"app": "\x7fELF made of " + mainFile, "static/": "", "static/page.html": "page", "config.yaml": "a: 1\n", "main": "old",
		"lib/": "", "lib/vendor/": "", "lib/vendor/jquery.js": "",
	}
	if diff := cmp.Diff(want, buildtest.Names(t, p.Req.ArtifactDir)); diff != "" {
		t.Error(diff)
	}
	if info, err := os.Stat(filepath.Join(p.Req.ArtifactDir, "app")); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("the program: %v, %v", info, err)
	}
	runs := f.runs()
	if len(runs) != 1 {
		t.Fatalf("runs: %q", runs)
	}
	args, env, _ := strings.Cut(runs[0], "|")
	if !strings.HasPrefix(args, "build -trimpath -buildvcs=false -ldflags -s -w -o ") || !strings.HasSuffix(args, "/app -tags prod ./.") {
		t.Errorf("arguments: %s", args)
	}
	if env != "linux/amd64/0|GOWORK=off GO111MODULE=on GOFLAGS=-mod=vendor EXTRA=1" {
		t.Errorf("environment: %s", env)
	}
	if len(a.Env) != 0 || a.Archive != "" || a.Tools[0] != (build.Tool{Name: "Go", Version: "1.26.8", Path: filepath.Join(f.dir, "bin/go"), Exact: true}) {
		t.Errorf("%+v", a)
	}
	if !strings.Contains(p.Log.String(), "go build -trimpath -buildvcs=false -ldflags -s -w -o app -tags prod ./.\ncompiled\n") {
		t.Errorf("log: %s", p.Log.String())
	}
}

func TestWhatIsReused(t *testing.T) {
	t.Parallel()
	f := newFake(t, "go1.26.8", "auto", fakeBuild)
	p := projecttest.New(t, "go1", hello())
	p.Req.Handler = "fn"
	step := func(what string, reused, unchanged bool, runs int) {
		t.Helper()
		a := p.Build(f.builder())
		if a.Reused != reused || a.Unchanged != unchanged || len(f.runs()) != runs {
			t.Errorf("%s: %+v, %d runs", what, a, len(f.runs()))
		}
		if !p.Ready(f.builder()) {
			t.Errorf("%s: not up to date", what)
		}
	}
	step("first", false, false, 1)
	step("unchanged", true, true, 1)
	p.Write("main.go", "// new\n"+mainFile)
	step("source", false, false, 2)
	p.Write("main.go", mainFile)
	step("and back", true, false, 2)
	p.Write("node_modules/x/i.js", "changed")
	step("what Go doesn't read", true, true, 2)
	p.Req.Platform = "linux/arm64"
	step("another processor", false, false, 3)
	if runs := f.runs(); !strings.Contains(runs[2], "|linux/arm64/0|") {
		t.Errorf("runs: %q", runs)
	}
	// The program that the user made where the artifact's will be.
	p.Write("fn", elfFile)
	step("a program of the user's", true, true, 3)
	if p.Artifact("fn") == elfFile {
		t.Error("the user's own program is in the artifact")
	}
}

// TestModuleAboveTheCode has what the code needn't mind: links that lead out, and
// the function's own settings.
func TestModuleAboveTheCode(t *testing.T) {
	t.Parallel()
	f := newFake(t, "go1.26.8", "auto", `ls >"$out"`)
	p := projecttest.New(t, "go1", map[string]string{"main.go": mainFile})
	p.Req.Handler, p.Req.CacheDir = "main", buildtest.TempDir(t)
	buildtest.Plant(t, p.Root, map[string]string{"go.mod": "module x\n", "lib/lib.go": libFile, "s.yaml": "a"})
	if err := os.Symlink(f.dir, filepath.Join(p.Root, "bazel-out")); err != nil {
		t.Fatal(err)
	}
	p.Build(f.builder())
	if got := p.Artifact("main"); got != "code\ngo.mod\nlib\n" {
		t.Errorf("compiled %q", got)
	}
	buildtest.Plant(t, p.Root, map[string]string{"s.yaml": "b"})
	if a := p.Build(f.builder()); !a.Unchanged {
		t.Errorf("%+v", a)
	}
}

func TestUsersLinkerFlagsStay(t *testing.T) {
	t.Parallel()
	f := newFake(t, "go1.26.8", "auto", fakeBuild)
	p := projecttest.New(t, "go1", hello())
	p.Req.Handler = "main"
	p.Write("main", elfFile)
	p.Build(f.builder("GOFLAGS=-ldflags=-X=main.version=1"))
	if runs := f.runs(); len(runs) != 1 || strings.Contains(runs[0], "-ldflags -s") || !strings.Contains(runs[0], "GOFLAGS=-ldflags=-X=main.version=1") {
		t.Errorf("runs: %q", runs)
	}
}

func TestGoThatWontDo(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		version, toolchain string
		want, help         string // empty: it does
	}{
		"new enough":       {"go1.24.1", "local", "", ""},
		"fetches another":  {"go1.22.0", "auto", "", ""},
		"development":      {"go1.27-devel_abc", "local", "", ""},
		"local":            {"go1.24.0", "local", "BIN/go is Go 1.24.0, and code/go.mod asks for 1.24.1", "install Go 1.24.1 or newer: https://go.dev/dl/; or let go fetch it: GOTOOLCHAIN=auto s build"},
		"can't fetch":      {"go1.20.14", "", "BIN/go is Go 1.20.14, and code/go.mod asks for 1.24.1", "install Go 1.24.1 or newer: https://go.dev/dl/"},
		"no version":       {"devel", "local", "BIN/go env: unexpected answer \"devel\\nlocal\\n\"", ""},
		"an error of go's": {"; echo broken >&2; exit 3", "", "BIN/go env: exit status 3: broken", ""},
	} {
		f := newFake(t, tc.version, tc.toolchain, fakeBuild)
		p := projecttest.New(t, "go1", hello())
		p.Req.Handler = "fn"
		if tc.want == "" {
			p.Build(f.builder())
			continue
		}
		err := p.Fail(f.builder())
		if want := "build hello: " + strings.ReplaceAll(tc.want, "BIN", filepath.Join(f.dir, "bin")); err.Error() != want {
			t.Errorf("%s: %v", name, err)
		}
		var help *build.HelpError
		if errors.As(err, &help) != (tc.help != "") || help != nil && help.Help.String() != tc.help {
			t.Errorf("%s: %+v", name, help)
		}
	}
}

func TestNoGo(t *testing.T) {
	t.Parallel()
	p := projecttest.New(t, "go1", hello())
	p.Req.Handler = "fn"
	finder := &toolchain.Finder{System: []string{"/nowhere/go/bin"}}
	err := p.Fail(&Builder{Finder: finder})
	var help *build.HelpError
	if !errors.As(err, &help) || help.Help.String() != "install Go 1.24.1 or newer: https://go.dev/dl/" {
		t.Errorf("%+v", help)
	}
	if err.Error() != "build hello: no Go on this machine; looked on PATH and in /nowhere/go/bin" {
		t.Errorf("got %v", err)
	}
}

func TestInContainer(t *testing.T) {
	t.Parallel()
	if tools := (&Builder{}).ContainerTools(build.Request{}); len(tools) != 1 || tools[0].Path != "go" {
		t.Errorf("%+v", tools)
	}
}

func TestCompilerErrors(t *testing.T) {
	t.Parallel()
	for output, want := range map[string]string{
		"go: downloading y v1.0.0\n# x\n./main.go:5:2: undefined: y\n./main.go:6:2: undefined: z": "./main.go:5:2: undefined: y",
		"main.go:3:8: no required module provides package y; to add it:\n\tgo get y":              "main.go:3:8: no required module provides package y; to add it: go get y",
		"go: updates to go.mod needed; to update it:\n\tgo mod tidy":                              "go: updates to go.mod needed; to update it: go mod tidy",
		"something else": "",
	} {
		f := newFake(t, "go1.26.8", "auto", fmt.Sprintf("printf '%%s\\n' '%s' >&2; exit 1", output))
		p := projecttest.New(t, "go1", hello())
		p.Req.Handler = "fn"
		err := p.Fail(f.builder())
		text := "build hello: go build: exit status 1"
		if want != "" {
			text += ": " + want
		}
		var failed *build.BuildError
		if !errors.As(err, &failed) || err.Error() != text {
			t.Errorf("got  %v\nwant %s", err, text)
		}
	}
}

// realBuilder is the go command that runs this test, without a network.
func realBuilder(t *testing.T) *Builder {
	t.Helper()
	environ := append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=mod", "GOTOOLCHAIN=local", "GOENV=off")
	b := &Builder{Finder: toolchain.New(os.LookupEnv), Environ: environ}
	if b.Finder.Program("go", b.Finder.GoFolders()...) == "" {
		t.Skip("no go command")
	}
	return b
}

func machine(t *testing.T, p *projecttest.Project, name string) elf.Machine {
	t.Helper()
	f, err := elf.Open(filepath.Join(p.Req.ArtifactDir, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if libraries, err := f.ImportedLibraries(); err != nil || len(libraries) > 0 {
		t.Errorf("it isn't static: %v, %v", libraries, err)
	}
	return f.Machine
}

// TestRealModule compiles two programs of a module that needs another by a
// folder beside it, for two processors.
func TestRealModule(t *testing.T) {
	t.Parallel()
	b := realBuilder(t)
	use := `package main

import "example.com/lib"

func main() { println(lib.Name, "%s") }
`
	p := projecttest.New(t, "custom", map[string]string{
		"go.mod":          "module example.com/app\n\ngo 1.21\n\nrequire example.com/lib v0.0.0\n\nreplace example.com/lib => ../lib\n",
		"cmd/api/main.go": fmt.Sprintf(use, "api"), "cmd/job/main.go": fmt.Sprintf(use, "job"), "page.html": "page",
	})
	buildtest.Plant(t, p.Root, map[string]string{"lib/go.mod": "module example.com/lib\n\ngo 1.21\n", "lib/lib.go": "package lib\n\nconst Name = \"lib of\"\n"})
	for _, name := range []string{"api", "job"} {
		p.Req.Command = []string{"./" + name}
		p.Build(b)
		if machine(t, p, name) != elf.EM_X86_64 || p.Artifact("page.html") != "page" {
			t.Error("a wrong program")
		}
		if runtime.GOOS == "linux" && runtime.GOARCH == "amd64" {
			program := filepath.Join(p.Root, name)
			buildtest.Script(t, program, p.Artifact(name)) // a file that no child of another test has open
			out, err := exec.Command(program).CombinedOutput()
			if err != nil || string(out) != "lib of "+name+"\n" {
				t.Errorf("%s: %q, %v", name, out, err)
			}
		}
	}
	if a := p.Build(b); !a.Unchanged {
		t.Errorf("built again: %+v", a)
	}
	buildtest.Plant(t, p.Root, map[string]string{"lib/lib.go": "package lib\n\nconst Name = \"changed\"\n"})
	if a := p.Build(b); a.Reused {
		t.Error("a change beside the module isn't seen")
	}
	p.Req.Platform = "linux/arm64"
	p.Build(b)
	if machine(t, p, "job") != elf.EM_AARCH64 {
		t.Error("not for arm64")
	}
	p.Write("cmd/job/main.go", "package main\n\nfunc main() { nobody() }\n")
	if err := p.Fail(b); !strings.HasSuffix(err.Error(), "cmd/job/main.go:3:15: undefined: nobody") {
		t.Errorf("got %v", err)
	}
}

// TestRealWorkspace compiles a module that finds another through go.work alone,
// and not one that the workspace of the tests' own machine has.
func TestRealWorkspace(t *testing.T) {
	t.Parallel()
	b := realBuilder(t)
	b.Environ = append(b.Environ, "GOFLAGS=") // workspaces have no -mod=mod
	p := projecttest.New(t, "go1", map[string]string{
		"go.mod":  "module example.com/app\n\ngo 1.21\n\nrequire example.com/lib v0.0.0\n",
		"main.go": "package main\n\nimport \"example.com/lib\"\n\nfunc main() { lib.Run() }\n",
	})
	p.Req.Handler = "main"
	buildtest.Plant(t, p.Root, map[string]string{
		"go.work": "go 1.21\n\nuse (\n\t./code\n\t./lib\n)\n", "lib/go.mod": "module example.com/lib\n\ngo 1.21\n", "lib/lib.go": "package lib\n\nfunc Run() {}\n",
		"unrelated/huge": "not copied",
	})
	p.Build(b)
	if machine(t, p, "main") != elf.EM_X86_64 {
		t.Error("a wrong program")
	}
	if a := p.Build(b); !a.Unchanged {
		t.Errorf("%+v", a)
	}
}
