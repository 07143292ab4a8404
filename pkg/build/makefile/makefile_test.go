package makefile

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/build"
	"s/pkg/build/buildtest"
	"s/pkg/build/projecttest"
)

func TestHas(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"build-web:\n\ttrue\n":              true,
		"all: x\n\nbuild-web: deps\n":       true,
		"build-api build-web: deps\n":       true,
		"build-web build-api : deps\n":      true,
		"build-web::\n":                     true,
		"build-web:":                        true,
		"build-web := x\n":                  false,
		"build-web = x\n":                   false,
		"build-webs:\n":                     false,
		"x: build-web\n":                    false,
		"# build-web:\n":                    false,
		"\tbuild-web:\n":                    false,
		"":                                  false,
		".PHONY: build-web\nbuild-web:\n\n": true,
	} {
		if got := has([]byte(text), "build-web"); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestMake(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("no make")
	}
	// As if s had been started by a make of its own.
	b := &Builder{Environ: append(os.Environ(), "MAKELEVEL=2", "MAKEFLAGS=-n")}
	p := projecttest.New(t, "custom", map[string]string{
		"Makefile": "build-hello:\n\ttr a-z A-Z <app.txt >$(ARTIFACTS_DIR)/out\n\ttouch dirt\n",
		"app.txt":  "hello", "unused": "",
	})
	a := p.Build(b)
	if diff := cmp.Diff(map[string]string{"out": "HELLO"}, buildtest.Names(t, p.Req.ArtifactDir)); diff != "" {
		t.Error(diff)
	}
	if len(a.Tools) != 1 || a.Tools[0].Name != "make" {
		t.Errorf("%+v", a)
	}
	if a := p.Build(b); !a.Unchanged {
		t.Errorf("%+v", a)
	}
	p.Write("app.txt", "other")
	if p.Build(b); p.Artifact("out") != "OTHER" {
		t.Errorf("out %q", p.Artifact("out"))
	}
	p.Write("Makefile", "build-hello:\n\t@true\n")
	if err := p.Fail(b); !strings.Contains(err.Error(), "make build-hello put nothing into $(ARTIFACTS_DIR)") {
		t.Errorf("got %v", err)
	}
	p.Write("Makefile", "build-hello:\n\t@echo broken; exit 3\n")
	var failed *build.BuildError
	if err := p.Fail(b); !errors.As(err, &failed) || failed.Tool != "make build-hello" || failed.Tail[0] != "broken" {
		t.Errorf("got %v", err)
	}
}

// TestOneMakefileForSeveral: functions that share a folder each get what their own
// target makes, though all else is the same.
func TestOneMakefileForSeveral(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("no make")
	}
	b := &Builder{Environ: os.Environ()}
	p := projecttest.New(t, "custom", map[string]string{
		"Makefile": "build-hello build-other:\n\techo $@ >$(ARTIFACTS_DIR)/out\n",
	})
	for _, name := range []string{"hello", "other", "hello"} {
		p.Req.Name, p.Req.ArtifactDir = name, filepath.Join(filepath.Dir(p.Req.ArtifactDir), name)
		if p.Build(b); strings.TrimSpace(p.Artifact("out")) != "build-"+name {
			t.Errorf("%s has %q", name, p.Artifact("out"))
		}
	}
}

func TestWhoseMakefile(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		runtime string
		files   map[string]string
		want    bool
	}{
		"with the target":    {"custom", map[string]string{"Makefile": "build-hello:\n"}, true},
		"make's other names": {"go1", map[string]string{"GNUmakefile": "build-hello:\n", "Makefile": ""}, true},
		"the first counts":   {"go1", map[string]string{"GNUmakefile": "", "Makefile": "build-hello:\n"}, false},
		"another function's": {"custom", map[string]string{"Makefile": "build:\n"}, false},
		"none":               {"custom", map[string]string{"x": ""}, false},
		"an image":           {"custom-container", map[string]string{"Makefile": "build-hello:\n"}, false},
	} {
		p := projecttest.New(t, tc.runtime, tc.files)
		if needed, err := (build.Builders{&Builder{}}).Needed(p.Req); needed != tc.want || err != nil {
			t.Errorf("%s: %v, %v", name, needed, err)
		}
	}
}

func TestNoMake(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	b := &Builder{}
	if _, err := b.Tools(t.Context(), build.Request{}); !errors.As(err, new(*build.HelpError)) {
		t.Errorf("got %v", err)
	}
	if tools := b.ContainerTools(build.Request{}); len(tools) != 1 || tools[0].Path != "make" {
		t.Errorf("%+v", tools)
	}
}
