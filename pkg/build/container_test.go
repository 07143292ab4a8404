package build

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/build/buildtest"
)

func TestBuildImage(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		runtime string
		near    bool
		env     map[string]string
		want    string
	}{
		{"python3.10", false, nil, "registry.hub.docker.com/aliyunfc/runtime-python3.10:build-3.1.0"},
		{"python3.10", true, nil, "registry.cn-beijing.aliyuncs.com/aliyunfc/runtime-python3.10:build-3.1.0"},
		{"python3", false, nil, "registry.hub.docker.com/aliyunfc/runtime-python3.6:build-3.1.0"},
		{"custom.debian12", false, nil, "registry.hub.docker.com/aliyunfc/runtime:custom.debian12-build-3.1.0"},
		{"python3.12", true, nil, "registry.cn-beijing.aliyuncs.com/aliyunfc/runtime:python3.12-build-3.1.0"},
		{"custom", true, map[string]string{"FC_DOCKER_REGISTRY": "my.example.com", "FC_DOCKER_VERSION": "9"}, "my.example.com/aliyunfc/runtime-custom:build-9"},
		{"custom", true, map[string]string{"FC_DOCKER_IMAGE_URL": "my.example.com/x:1", "FC_DOCKER_VERSION": "9"}, "my.example.com/x:1"},
	} {
		got := BuildImage(tc.runtime, tc.near, func(name string) (string, bool) { v, ok := tc.env[name]; return v, ok })
		if got != tc.want {
			t.Errorf("%s, near %v, %v: %s, want %s", tc.runtime, tc.near, tc.env, got, tc.want)
		}
	}
}

// engine is a container engine that only notes how it was run, and the
// environment that it would hand on.
func engine(t *testing.T) (path, notes string) {
	t.Helper()
	dir := buildtest.TempDir(t)
	path, notes = filepath.Join(dir, "docker"), filepath.Join(dir, "notes")
	buildtest.Script(t, path, "#!/bin/sh\nfor a; do echo \"$a\" >>"+notes+"; done\necho \"INDEX is $INDEX\" >>"+notes+"\n")
	return path, notes
}

func TestToolsInAContainer(t *testing.T) {
	t.Parallel()
	docker, notes := engine(t)
	root := buildtest.TempDir(t)
	buildtest.Plant(t, root, map[string]string{"project/code/app.py": ""})
	var log strings.Builder
	job := &Job{
		Request: Request{Name: "f", Log: &log, ProjectDir: filepath.Join(root, "project"), SourceDir: filepath.Join(root, "project/code")},
		Out:     filepath.Join(root, "out"), Scratch: filepath.Join(root, "scratch"),
	}
	job.Container = &Container{Engine: docker, Image: "img:1", User: "7:8"}
	err := job.Run(context.Background(), Command{
		Argv: []string{"python3", "-m", "pip"}, Dir: job.Scratch, Env: []string{"INDEX=secret", "PATH=" + os.Getenv("PATH"), "HOME=/root", "LC_ALL=C"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"run", "--rm", "--platform", "linux/amd64", "--user", "7:8",
		"-v", root + "/out:" + root + "/out", "-v", root + "/scratch:" + root + "/scratch",
		"-v", root + "/project:" + root + "/project:ro",
		"-e", "INDEX", "-e", "HOME=" + root + "/scratch/tmp", "-w", root + "/scratch", "--entrypoint", "python3", "img:1", "-m", "pip",
		"INDEX is secret",
	}
	if diff := cmp.Diff(want, buildtest.Lines(t, notes)); diff != "" {
		t.Error(diff)
	}
	if log.String() != "$ (img:1) python3 -m pip\n" {
		t.Errorf("log %q", log.String())
	}
}

// inContainer is a maker that works in containers.
type inContainer struct{ *maker }

func (inContainer) ContainerTools(Request) []Tool { return []Tool{{Name: "Maker", Version: "img"}} }

func TestWhoWorksInContainers(t *testing.T) {
	t.Parallel()
	p := newProject(t, listed())
	m := &maker{name: "m", missing: errors.New("not on this machine")}
	p.req.Container = &Container{Engine: "docker", Image: "img:1"}
	_, err := (Builders{m}).Build(context.Background(), p.req)
	var help *HelpError
	if !errors.As(err, &help) || !strings.Contains(err.Error(), "the m builder doesn't work in containers") {
		t.Errorf("got %v", err)
	}
	a := p.build(inContainer{m})
	want := []Tool{{Name: "Maker", Version: "img", Exact: true}, {Name: "image", Version: "img:1", Exact: true}}
	if diff := cmp.Diff(want, a.Tools); diff != "" {
		t.Error(diff)
	}
	if a := p.build(inContainer{m}); !a.Unchanged {
		t.Errorf("%+v", a)
	}
	p.req.Container = &Container{Engine: "docker", Image: "img:2"}
	if a := p.build(inContainer{m}); a.Unchanged || a.Reused {
		t.Errorf("another image: %+v", a)
	}
}
