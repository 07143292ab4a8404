package shell

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

func builder() *Builder { return &Builder{Environ: os.Environ()} }

func TestScripts(t *testing.T) {
	t.Parallel()
	p := projecttest.New(t, "custom", map[string]string{"app.txt": "hello", "old": ""})
	p.Req.Shell = "mkdir gen; tr a-z A-Z <app.txt >gen/$NAME; rm old"
	p.Req.Options.Env = map[string]string{"NAME": "loud"}
	a := p.Build(builder())
	want := map[string]string{"app.txt": "hello", "gen/": "", "gen/loud": "HELLO"}
	if diff := cmp.Diff(want, buildtest.Names(t, p.Req.ArtifactDir)); diff != "" {
		t.Error(diff)
	}
	if a.Env["PYTHONPATH"] != "/code/python" || !strings.HasPrefix(a.Env["PATH"], "/code/python/bin:/code/node_modules/.bin:") {
		t.Errorf("%v", a.Env)
	}
	if a := p.Build(builder()); !a.Unchanged {
		t.Errorf("%+v", a)
	}
	file := filepath.Join(p.Root, "build.sh")
	buildtest.Plant(t, p.Root, map[string]string{"build.sh": "echo $1 >made\n"})
	p.Req.Shell, p.Req.Script, p.Req.Args = "", file, []string{"arg"}
	p.Build(builder())
	if got := p.Artifact("made"); got != "arg\n" {
		t.Errorf("made %q", got)
	}
	buildtest.Plant(t, p.Root, map[string]string{"build.sh": "echo other >made\n"})
	if a := p.Build(builder()); a.Unchanged || p.Artifact("made") != "other\n" {
		t.Errorf("another script: %+v", a)
	}
}

// TestScriptOfNoFiles: a script may make all of the code.
func TestScriptOfNoFiles(t *testing.T) {
	t.Parallel()
	p := projecttest.New(t, "custom", nil)
	if err := os.MkdirAll(p.Req.SourceDir, 0o755); err != nil {
		t.Fatal(err)
	}
	p.Req.Shell = "echo all >made"
	p.Build(builder())
	if got := p.Artifact("made"); got != "all\n" {
		t.Errorf("made %q", got)
	}
}

func TestWhatScriptsNeed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*projecttest.Project)
		want   string
	}{
		"fails":          {func(p *projecttest.Project) { p.Req.Shell = "echo 'ERROR: no luck'; false; echo on" }, "build hello: --command: exit status 1: no luck"},
		"both":           {func(p *projecttest.Project) { p.Req.Shell, p.Req.Script = "a", "b" }, "--command and --script-file can't be used together"},
		"no such script": {func(p *projecttest.Project) { p.Req.Script = filepath.Join(p.Root, "none.sh") }, "--script-file: open "},
		"an archive":     {func(p *projecttest.Project) { p.Req.Shell = "true"; p.Req.SourceDir += "/app.txt" }, "is no folder to run a script in"},
		"runtime":        {func(p *projecttest.Project) { p.Req.Shell, p.Req.Runtime = "true", "cobol" }, `unknown runtime "cobol"`},
	} {
		p := projecttest.New(t, "custom", map[string]string{"app.txt": "hello"})
		tc.change(p)
		if err := p.Fail(builder()); !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %s", name, err, tc.want)
		}
	}
	p := projecttest.New(t, "custom-container", map[string]string{"Dockerfile": ""})
	p.Req.Shell = "true"
	if needed, err := (build.Builders{builder()}).Needed(p.Req); needed || err != nil {
		t.Errorf("an image: %v, %v", needed, err)
	}
	p.Req.Shell, p.Req.Runtime = "", "custom"
	if needed, err := (build.Builders{builder()}).Needed(p.Req); needed || err != nil {
		t.Errorf("no script: %v, %v", needed, err)
	}
}

func TestNoShell(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := builder().Tools(t.Context(), build.Request{})
	if !errors.As(err, new(*build.HelpError)) {
		t.Errorf("got %v", err)
	}
	if tools := builder().ContainerTools(build.Request{}); len(tools) != 1 || tools[0].Path != "/bin/sh" {
		t.Errorf("%+v", tools)
	}
}
