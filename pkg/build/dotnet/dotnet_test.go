package dotnet

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/build"
	"s/pkg/build/buildtest"
	"s/pkg/build/projecttest"
)

// fake puts a dotnet on a PATH of its own that notes how it was run and then
// does what it is told; $out is where it shall publish to.
func fake(t *testing.T, publish string) (b *Builder, notes string) {
	t.Helper()
	dir := buildtest.TempDir(t)
	notes = filepath.Join(dir, "notes")
	buildtest.Script(t, filepath.Join(dir, "dotnet"), `#!/bin/sh
if [ "$1" = --version ]; then echo 3.1.426; exit; fi
echo "$*|$MSBUILDDISABLENODEREUSE$UseSharedCompilation" >>`+notes+`
while [ "$1" != -o ]; do shift; done; out=$2
`+publish+"\n")
	path := dir + string(filepath.ListSeparator) + os.Getenv("PATH")
	t.Setenv("PATH", path)
	return &Builder{Environ: []string{"PATH=" + path}}, notes
}

func code() map[string]string {
	return map[string]string{"App.csproj": "<Project/>", "Main.cs": "class A {}", "bin/old.dll": "", "obj/x": "", "data/bin/keep": "1"}
}

func TestPublish(t *testing.T) {
	b, notes := fake(t, `ls -R >"$out/seen"; echo dll >"$out/App.dll"`)
	p := projecttest.New(t, "dotnetcore3.1", code())
	p.Req.Handler = "App::My.Class::Run"
	a := p.Build(b)
	made := buildtest.Names(t, p.Req.ArtifactDir)
	seen := made["seen"]
	delete(made, "seen")
	if diff := cmp.Diff(map[string]string{"App.dll": "dll\n"}, made); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(seen, "old.dll") || strings.Contains(seen, "obj") || !strings.Contains(seen, "keep") {
		t.Errorf("dotnet saw %s", seen)
	}
	want := "publish App.csproj -c Release -r linux-x64 --self-contained false -o "
	runs := buildtest.Lines(t, notes)
	if len(runs) != 1 || !strings.HasPrefix(runs[0], want) || !strings.HasSuffix(runs[0], " --nologo|1false") {
		t.Errorf("ran %q", runs)
	}
	if diff := cmp.Diff([]build.Tool{{Name: ".NET SDK", Version: "3.1.426", Path: a.Tools[0].Path, Exact: true}}, a.Tools); diff != "" {
		t.Error(diff)
	}
	if a := p.Build(b); !a.Unchanged {
		t.Errorf("%+v", a)
	}
	p.Req.Platform = "linux/arm64"
	p.Write("Main.cs", "class B {}")
	p.Build(b)
	if runs := buildtest.Lines(t, notes); !strings.Contains(runs[1], " -r linux-arm64 ") {
		t.Errorf("ran %q", runs)
	}
}

func TestWhatGoesWrong(t *testing.T) {
	b, _ := fake(t, `echo dll >"$out/Other.dll"`)
	p := projecttest.New(t, "dotnetcore3.1", code())
	p.Req.Handler = "App::My.Class::Run"
	want := "build hello: the handler App::My.Class::Run is in the assembly App, which the project doesn't make; it makes Other"
	if err := p.Fail(b); err.Error() != want {
		t.Errorf("got %v", err)
	}
	p.Req.Runtime = "custom" // whose handler means nothing
	p.Build(b)
	p.Req.Platform = "plan9/mips"
	p.Write("Main.cs", "class C {}")
	if err := p.Fail(b); !strings.Contains(err.Error(), "no .NET runtime identifier is known for plan9/mips") {
		t.Errorf("got %v", err)
	}
	b, _ = fake(t, `echo "Main.cs(1,1): error CS0103"; exit 1`)
	p = projecttest.New(t, "dotnetcore3.1", code())
	var failed *build.BuildError
	if err := p.Fail(b); !errors.As(err, &failed) || failed.Tool != "dotnet publish" || len(failed.Tail) != 1 {
		t.Errorf("got %v", err)
	}
	p.Write("Lib.csproj", "")
	if err := p.Fail(b); !errors.As(err, new(*build.HelpError)) || !strings.Contains(err.Error(), "several projects: App.csproj, Lib.csproj") {
		t.Errorf("got %v", err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := b.Tools(t.Context(), p.Req); !errors.As(err, new(*build.HelpError)) || !strings.Contains(err.Error(), "no dotnet on the PATH") {
		t.Errorf("got %v", err)
	}
	if tools := b.ContainerTools(p.Req); len(tools) != 1 || tools[0].Path != "dotnet" {
		t.Errorf("%+v", tools)
	}
}

func TestWhoseProjects(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		runtime, file string
		want          bool
	}{
		"C#":               {"dotnetcore3.1", "a.csproj", true},
		"F#, custom":       {"custom", "a.fsproj", true},
		"no project":       {"dotnetcore3.1", "a.dll", false},
		"another language": {"java8", "a.csproj", false},
		"an image":         {"custom-container", "a.csproj", false},
	} {
		p := projecttest.New(t, tc.runtime, map[string]string{tc.file: ""})
		if needed, err := (build.Builders{&Builder{}}).Needed(p.Req); needed != tc.want || err != nil {
			t.Errorf("%s: %v, %v", name, needed, err)
		}
	}
}
