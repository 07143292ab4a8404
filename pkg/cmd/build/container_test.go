package buildcmd

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"s/pkg/build"
	"s/pkg/build/buildtest"
	"s/pkg/iostreams"
	"s/pkg/proc/proctest"
)

// podman is an engine that knows one image, can't pull another, and runs what it
// is told on this machine.
func podman(t *testing.T, image string) string {
	t.Helper()
	path := filepath.Join(buildtest.TempDir(t), "podman")
	buildtest.Script(t, path, `#!/bin/sh
case "$1" in
image) [ "$3" = `+image+` ] ;;
pull) echo "trying"; echo "no route to the registry" >&2; exit 125 ;;
run)
	while [ "$1" != --entrypoint ]; do shift; done
	program=$2; shift 3
	exec "$program" "$@" ;;
esac
`)
	return path
}

// inContainers is a script that works in containers, too.
type inContainers struct{ script }

func (inContainers) ContainerTools(build.Request) []build.Tool {
	return []build.Tool{{Name: "Python", Version: "3.7", Path: "/bin/true"}}
}

func (s inContainers) Make(ctx context.Context, job *build.Job) error {
	return job.Run(ctx, build.Command{Argv: []string{job.Tools[0].Path}, Dir: job.Scratch, Env: os.Environ()})
}

func TestInContainers(t *testing.T) {
	t.Parallel()
	image := "registry.example.com/aliyunfc/runtime-custom:build-1"
	w := newBench(t, inContainers{script{tool: build.Tool{Name: "Python", Version: "3.10.4", Path: "/bin/true", Exact: true}}}, "custom")
	w.UseDocker = true
	w.Engine = func(context.Context, bool) string { return podman(t, image) }
	w.LookupEnv = func(name string) (string, bool) {
		return map[string]string{"FC_DOCKER_REGISTRY": "registry.example.com", "FC_DOCKER_VERSION": "1"}[name], true
	}
	if err := RunBuild(context.Background(), w.Options); err != nil {
		t.Fatal(err)
	}
	if want := "fn-custom: building …\nfn-custom: built with Python 3.7, image " + image + ", T\n"; w.said() != want {
		t.Errorf("said %s", w.said())
	}
	w.err.Reset()
	w.NoCache = true
	w.LookupEnv = func(string) (string, bool) { return "other:2", true }
	if err := RunBuild(context.Background(), w.Options); err != nil {
		t.Fatal(err)
	}
	want := "pulling other:2 …\nwarning: fn-custom: the image other:2 can't be had (exit status 125: no route to the registry): building on this machine\n" +
		"fn-custom: building …\nfn-custom: built with Python 3.10.4, T\n"
	if diff := cmp.Diff(want, w.said()); diff != "" {
		t.Error(diff)
	}
	if got := user("docker"); got != fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid()) && runtime.GOOS == "linux" || user("podman") != "" {
		t.Errorf("user %q", got)
	}
}

// TestEngine puts programs named docker and podman in the way of the real ones.
func TestEngine(t *testing.T) {
	for _, tc := range []struct{ docker, podman, want string }{
		{"exit 1", "exit 0", "podman"}, {"exit 0", "exit 1", "docker"}, {"exit 1", "exit 1", ""}, {"", "", ""},
	} {
		dir := t.TempDir()
		for name, body := range map[string]string{"docker": tc.docker, "podman": tc.podman} {
			if body == "" {
				continue
			}
			proctest.Program(t, filepath.Join(dir, name), "#!/bin/sh\n"+body+"\n")
		}
		t.Setenv("PATH", dir)
		io, _, _, told := iostreams.Test()
		io.StartDebug(time.Now())
		o := &Options{IO: io, known: &known{}}
		for range 2 {
			if got := o.engine(context.Background(), false); got != tc.want && got != filepath.Join(dir, tc.want) {
				t.Errorf("%+v: %q", tc, got)
			}
		}
		if n := strings.Count(told.String(), "docker info"); tc.docker != "" && n != 1 {
			t.Errorf("%+v: asked %d times", tc, n)
		}
		if o.engine(context.Background(), true) != "" {
			t.Errorf("%+v: a buildctl was found", tc)
		}
		if tc.docker != "" && !strings.Contains(told.String(), "docker exited with "+strings.TrimPrefix(tc.docker, "exit ")) {
			t.Errorf("%+v: the debug log has %s", tc, told)
		}
	}
}
