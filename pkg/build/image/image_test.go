package image

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/build"
	"s/pkg/build/buildtest"
	"s/pkg/build/projecttest"
)

// fake is an engine that notes how it was run, a line for each argument, and
// writes what it is asked to.
func fake(t *testing.T, name string) (b *Builder, notes string) {
	t.Helper()
	dir := buildtest.TempDir(t)
	notes = filepath.Join(dir, "notes")
	engine := filepath.Join(dir, name)
	buildtest.Script(t, engine, `#!/bin/sh
for a; do echo "$a"; done >`+notes+`
ls >`+dir+`/seen
while [ $# -gt 0 ]; do
	case $1 in
	--iidfile) echo sha256:1 >"$2" ;;
	-f) cp "$2" `+dir+`/dockerfile ;;
	type=docker,*) echo tar >"${1##*dest=}" ;;
	esac
	shift
done
`)
	return &Builder{
		Environ: []string{"PATH=" + os.Getenv("PATH")},
		Engine:  func(context.Context, bool) string { return engine },
	}, notes
}

func container(t *testing.T, files map[string]string) *projecttest.Project {
	t.Helper()
	p := projecttest.New(t, "custom-container", files)
	p.Req.Image = "registry.example.com/ns/app:1"
	return p
}

// argv is what the engine was given, with the names of our own folders.
func argv(t *testing.T, notes string) string {
	t.Helper()
	lines := buildtest.Lines(t, notes)
	for i, line := range lines {
		for _, part := range []string{"/scratch/work", "/out/", "/scratch/"} {
			if at := strings.Index(line, part); at >= 0 {
				from := max(strings.LastIndexByte(line[:at], '=')+1, 0)
				lines[i] = line[:from] + "…" + line[at:]
				break
			}
		}
	}
	return strings.Join(lines, " ")
}

func TestImages(t *testing.T) {
	t.Parallel()
	b, notes := fake(t, "docker")
	p := container(t, map[string]string{"Dockerfile": "FROM scratch\n", "app": "1"})
	p.Req.Args = []string{"--build-arg", "A=1"}
	a := p.Build(b)
	want := "build --platform linux/amd64 -t registry.example.com/ns/app:1 -f …/scratch/work/Dockerfile --iidfile …/out/image-id --build-arg A=1 …/scratch/work"
	if got := argv(t, notes); got != want {
		t.Errorf("ran  %s\nwant %s", got, want)
	}
	if diff := cmp.Diff(map[string]string{"image-id": "sha256:1\n"}, buildtest.Names(t, p.Req.ArtifactDir)); diff != "" {
		t.Error(diff)
	}
	if len(a.Tools) != 1 || a.Tools[0].Name != "docker" {
		t.Errorf("%+v", a)
	}
	if a := p.Build(b); !a.Unchanged {
		t.Errorf("%+v", a)
	}
	p.Write("app", "2")
	if a := p.Build(b); a.Reused {
		t.Errorf("%+v", a)
	}
	p.Req.Fresh = true
	if p.Build(b); !strings.Contains(argv(t, notes), " --no-cache ") {
		t.Errorf("ran %s", argv(t, notes))
	}
}

// TestLinksOfImages: in an image they lead where they should.
func TestLinksOfImages(t *testing.T) {
	t.Parallel()
	b, notes := fake(t, "docker")
	p := container(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY . /"})
	if err := os.Symlink("/usr/share/zoneinfo/UTC", filepath.Join(p.Req.SourceDir, "localtime")); err != nil {
		t.Skip(err)
	}
	p.Build(b)
	if seen := buildtest.Lines(t, filepath.Join(filepath.Dir(notes), "seen")); !slices.Contains(seen, "localtime") {
		t.Errorf("it saw %q", seen)
	}
}

func TestOtherPlaces(t *testing.T) {
	t.Parallel()
	b, notes := fake(t, "podman")
	p := container(t, map[string]string{"app": "1"})
	buildtest.Plant(t, p.Root, map[string]string{"docker/prod": "FROM prod\n", "more/x": ""})
	p.Req.Dockerfile, p.Req.Context = filepath.Join(p.Root, "docker/prod"), filepath.Join(p.Root, "more")
	p.Build(b)
	if got := argv(t, notes); !strings.Contains(got, " -f …/scratch/Dockerfile ") {
		t.Errorf("ran %s", got)
	}
	dir := filepath.Dir(notes)
	if seen, file := buildtest.Lines(t, filepath.Join(dir, "seen")), buildtest.Lines(t, filepath.Join(dir, "dockerfile")); seen[0] != "x" || file[0] != "FROM prod" {
		t.Errorf("it saw %q and %q", seen, file)
	}
	b, notes = fake(t, "buildctl")
	p.Req.Buildkit = true
	p.Build(b)
	want := "build --frontend dockerfile.v0 --local context=…/scratch/work --local dockerfile="
	if got := argv(t, notes); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "dest=…/out/image.tar") || p.Artifact("image.tar") != "tar\n" {
		t.Errorf("ran %s", got)
	}
}

func TestWhatIsNoImageToBuild(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*projecttest.Project)
		want   bool
		err    string
	}{
		"a Dockerfile":       {func(*projecttest.Project) {}, true, ""},
		"another runtime":    {func(p *projecttest.Project) { p.Req.Runtime = "custom" }, false, ""},
		"no Dockerfile":      {func(p *projecttest.Project) { p.Req.SourceDir = p.Root }, false, ""},
		"no code":            {func(p *projecttest.Project) { p.Req.SourceDir = "" }, false, ""},
		"no name":            {func(p *projecttest.Project) { p.Req.Image = "" }, false, "no name for the image of "},
		"no such Dockerfile": {func(p *projecttest.Project) { p.Req.Dockerfile = "/none/Dockerfile" }, false, "--dockerfile: stat /none/Dockerfile"},
		"no such context":    {func(p *projecttest.Project) { p.Req.Context = "/none" }, false, "--context: /none is no folder"},
		"a named one alone": {func(p *projecttest.Project) {
			p.Req.SourceDir, p.Req.Dockerfile = "", filepath.Join(p.Root, "code/Dockerfile")
		}, true, ""},
	} {
		p := container(t, map[string]string{"Dockerfile": "FROM scratch\n"})
		tc.change(p)
		needed, err := (build.Builders{&Builder{}}).Needed(p.Req)
		if needed != tc.want || (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
			t.Errorf("%s: %v, %v", name, needed, err)
		}
	}
}

func TestNoEngine(t *testing.T) {
	t.Parallel()
	p := container(t, map[string]string{"Dockerfile": "FROM scratch\n"})
	b := &Builder{Engine: func(context.Context, bool) string { return "" }}
	for buildkit, want := range map[bool]string{
		false: "build hello: no Docker or Podman engine answers, and the image of hello needs one to be built",
		true:  "build hello: no BuildKit answers (buildctl), and the image of hello needs one to be built",
	} {
		p.Req.Buildkit = buildkit
		if err := p.Fail(b); err.Error() != want || !errors.As(err, new(*build.HelpError)) {
			t.Errorf("got %v", err)
		}
	}
}

func TestEngineThatAnswers(t *testing.T) {
	dir := buildtest.TempDir(t)
	t.Setenv("PATH", dir)
	for _, name := range []string{"docker", "podman", "buildctl"} {
		buildtest.Script(t, filepath.Join(dir, name), "#!/bin/sh\n")
	}
	down := map[string]bool{}
	run := func(_ context.Context, argv []string) error {
		if down[filepath.Base(argv[0])] {
			return errors.New("not running")
		}
		return nil
	}
	for _, tc := range []struct {
		off      string
		buildkit bool
		want     string
	}{{"", false, "docker"}, {"docker", false, "podman"}, {"podman", false, ""}, {"", true, "buildctl"}, {"buildctl", true, ""}} {
		down[tc.off] = true
		got := Engine(context.Background(), tc.buildkit, run)
		if got != "" {
			got = filepath.Base(got)
		}
		if got != tc.want {
			t.Errorf("%+v: %q", tc, got)
		}
	}
	t.Setenv("PATH", t.TempDir())
	if got := Engine(context.Background(), false, run); got != "" {
		t.Errorf("nothing is there: %q", got)
	}
}
