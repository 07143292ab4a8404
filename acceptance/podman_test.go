package acceptance

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"s/pkg/proc/proctest"
	"s/pkg/runtime/image/imagetest"
	"s/pkg/toolchain/toolchaintest"
)

// ofPodman is a project whose image is in podman's store.
const ofPodman = `edition: 3.0.0
name: app
access: local
resources:
  web:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: web
      runtime: custom-container
      memorySize: 128
      customContainerConfig: {image: "localhost/me/app:1"}
`

// podman is an engine with a store of its own, on the PATH of the world before
// all others. It gives a function that runs it.
func (w *world) podman() func(args ...string) {
	w.t.Helper()
	program, err := toolchaintest.Podman()
	if err != nil {
		w.t.Skipf("make setup installs it, as root on Debian: %v", err)
	}
	if os.Getuid() != 0 {
		w.t.Skip("the local cloud of an ordinary user is in a user namespace, from where a rootless podman's store can't be read")
	}
	bin := w.t.TempDir()
	store, err := os.MkdirTemp("", "podman") // its name may have 50 characters
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := os.RemoveAll(store); err != nil {
			w.t.Error(err)
		}
	})
	for name, text := range map[string]string{
		"docker": "exit 1\n",
		"podman": "exec '" + program + "' --root '" + store + "/root' --runroot '" + store + "/run' --cgroup-manager cgroupfs \"$@\"\n",
	} {
		proctest.Program(w.t, filepath.Join(bin, name), "#!/bin/sh\n"+text)
	}
	w.vars["PATH"] = bin + string(os.PathListSeparator) + w.vars["PATH"]
	w.vars["BUILDAH_ISOLATION"] = "chroot"
	return func(args ...string) {
		w.t.Helper()
		cmd := exec.Command(filepath.Join(bin, "podman"), args...)
		cmd.Env = environ(w.vars)
		if out, err := cmd.CombinedOutput(); err != nil {
			w.t.Fatalf("podman %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// TestContainerOfPodman: an image of podman's store is the function's, and so is
// the one that has its name later.
func TestContainerOfPodman(t *testing.T) {
	isolated(t)
	t.Parallel()
	w := newWorld(t, map[string]string{"s.yaml": ofPodman})
	podman := w.podman()
	for _, text := range []string{"first", "second"} {
		archive := filepath.Join(w.work, text+".tar")
		imagetest.DockerArchive(t, archive, "localhost/me/app:1", serverImage(t, text))
		podman("load", "-i", archive)
		w.s("deploy", "-y")
		if got := w.s("invoke", "web", "-e", "get /text"); strings.TrimSpace(got) != text {
			t.Errorf("the image has %q, want %s", got, text)
		}
	}
}

// TestRootlessPodman: the store of a podman without root is out of reach of the
// local cloud, which says how its images get there.
func TestRootlessPodman(t *testing.T) {
	isolated(t)
	if os.Getuid() == 0 {
		t.Skip("the local cloud of root is in no user namespace")
	}
	t.Parallel()
	w := newWorld(t, map[string]string{"s.yaml": ofPodman})
	bin := t.TempDir()
	for _, name := range []string{"docker", "podman"} {
		proctest.Program(t, filepath.Join(bin, name), "#!/bin/sh\necho 'permission denied' >&2\nexit 125\n")
	}
	w.vars["PATH"] = bin + string(os.PathListSeparator) + w.vars["PATH"]
	w.s("deploy", "-y")
	code, _, said := w.fails("invoke", "web", "-e", "x")
	if want := "podman: permission denied (the store of a podman without root can't be read from here: `podman save -o image.tar localhost/me/app:1`, and image docker-archive:./image.tar)"; code != 6 || !strings.Contains(said, want) || strings.Contains(said, "docker: permission denied (") {
		t.Errorf("%d %s", code, said)
	}
}
