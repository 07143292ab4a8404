package registry

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s/pkg/fc/fcsign"
	"s/pkg/proc/proctest"
	"s/pkg/runtime/image/imagetest"
	"s/pkg/toolchain/toolchaintest"
)

// docker is a program that has one image and writes down how it is called; what
// comes on its standard input, too.
func docker(t *testing.T, reference, digests string) (e Engine, calls func() []string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "calls")
	script := `#!/bin/sh
printf '%s' "$*" | sed 's#--config [^ ]*#--config DIR#' >>` + file + `
case "$*" in
"image inspect ` + reference + `") echo '[{"Id":"sha256:1234","RepoDigests":[` + digests + `]}]';;
"image inspect "*) echo "no such image" >&2; exit 1;;
"context inspect"*) echo "unix:///run/the-users.sock";;
*" login "*) printf ' <%s> at %s' "$(cat)" "$DOCKER_HOST" >>` + file + `;;
*"push "*denied*) echo "denied: not yours" >&2; exit 1;;
esac
echo >>` + file + "\n"
	path := filepath.Join(dir, "docker")
	proctest.Program(t, path, script)
	return Engine{Name: "docker", Path: path}, func() []string {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSpace(string(data)), "\n")
	}
}

// stocked has the registry hold what the script only says that it pushes.
func stocked(t *testing.T, w *world) string {
	t.Helper()
	files := imagetest.Layout(t, filepath.Join(t.TempDir(), "img"), "", w.image("x"))
	return pushed(t, &Pusher{Dir: t.TempDir()}, Wanted{Reference: w.host() + "/me/app:1", Files: files, Config: w.config()})
}

func equal(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// The password goes by standard input into a configuration of its own.
func TestDockerPushes(t *testing.T) {
	w := newWorld(t)
	digest := stocked(t, w)
	reference := w.host() + "/me/app:1"
	e, calls := docker(t, reference, "")
	p := &Pusher{Dir: t.TempDir(), Engines: []Engine{e}}
	want := Wanted{Reference: "docker://" + reference, Config: w.config()}
	if got := pushed(t, p, want); got != digest {
		t.Errorf("pushed %s", got)
	}
	equal(t, calls(),
		"image inspect "+reference,
		"context inspect --format {{.Endpoints.docker.Host}}",
		"--config DIR login --username me --password-stdin "+w.host()+" <hush> at unix:///run/the-users.sock",
		"--config DIR push "+reference)
	if got := find(t, p, want); !got.Pushed || got.Digest != digest || got.From != "docker" {
		t.Errorf("again: %+v", got)
	}
}

// A host within the cloud's network is reached by its public name.
func TestDockerPushesToThePublicHost(t *testing.T) {
	w := newWorld(t)
	digest := stocked(t, w)
	keys := fcsign.Keys{AccessKeyID: "id", AccessKeySecret: "secret"}
	api := acr(t, keys, fixedPassword)
	const inside, public = "registry-vpc.cn-hangzhou.aliyuncs.com/me/app:1", "registry.cn-hangzhou.aliyuncs.com"
	e, calls := docker(t, inside, "")
	p := &Pusher{Dir: t.TempDir(), Keys: keys, Engines: []Engine{e}, Transport: rewrite{
		"cr.cn-hangzhou.aliyuncs.com": strings.TrimPrefix(api.URL, "http://"), public: w.host(),
	}}
	if got := pushed(t, p, Wanted{Reference: inside}); got != digest {
		t.Errorf("pushed %s", got)
	}
	equal(t, calls(),
		"image inspect "+inside,
		"context inspect --format {{.Endpoints.docker.Host}}",
		"--config DIR login --username me --password-stdin "+public+" <hush> at unix:///run/the-users.sock",
		"tag "+inside+" "+public+"/me/app:1",
		"--config DIR push "+public+"/me/app:1",
		"rmi --no-prune "+public+"/me/app:1")
}

// What the engine knows to be in the registry isn't pushed; what it can't push is
// told in its words.
func TestDockerKnowsWhatIsPushed(t *testing.T) {
	w := newWorld(t)
	digest := stocked(t, w)
	reference := w.host() + "/me/app:1"
	e, _ := docker(t, reference, `"`+w.host()+"/me/app@"+digest+`","elsewhere/me/app@sha256:0"`)
	p := &Pusher{Dir: t.TempDir(), Engines: []Engine{{Name: "podman", Path: "/none/podman"}, e}}
	if got := find(t, p, Wanted{Reference: reference, Config: w.config()}); !got.Pushed || got.Digest != digest {
		t.Errorf("%+v", got)
	}
	denied := w.host() + "/denied/app:1"
	e, _ = docker(t, denied, "")
	p.Engines = []Engine{e}
	_, err := p.Push(t.Context(), find(t, p, Wanted{Reference: denied, Config: w.config()}))
	if want := "push " + denied + " from docker: denied: not yours"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestPodmanPushes(t *testing.T) {
	path, err := toolchaintest.Podman()
	if err != nil || os.Getuid() != 0 {
		t.Skipf("it needs podman, and a store of root's: %v", err)
	}
	w := newWorld(t)
	store := t.TempDir()
	// A store of its own, and no layers of the user's.
	wrapper := filepath.Join(t.TempDir(), "podman")
	script := "#!/bin/sh\nexec '" + path + "' --root '" + store + "/root' --runroot '" + store + "/run' --storage-driver vfs \"$@\"\n"
	proctest.Program(t, wrapper, script)
	e := Engine{Name: "podman", Path: wrapper}
	load := func(text string) {
		reference := w.host() + "/me/app:1"
		archive := filepath.Join(t.TempDir(), "image.tar")
		imagetest.DockerArchive(t, archive, reference, w.image(text))
		if _, err := e.run(t.Context(), command{args: []string{"load", "-i", archive}}); err != nil {
			t.Fatal(err)
		}
	}
	load("first")
	p := &Pusher{Dir: t.TempDir(), Engines: []Engine{e}}
	want := Wanted{Reference: w.host() + "/me/app:1", Config: w.config()}
	first := pushed(t, p, want)
	if first == "" || first != w.digest("me/app:1") {
		t.Errorf("pushed %s, the registry has %s", first, w.digest("me/app:1"))
	}
	if got := find(t, p, want); !got.Pushed || got.Digest != first || got.From != "podman" {
		t.Errorf("again: %+v", got)
	}
	load("second")
	if second := pushed(t, p, want); second == first || second != w.digest("me/app:1") {
		t.Errorf("pushed %s after %s", second, first)
	}
	w.password = "other"
	if _, err := p.Push(t.Context(), find(t, p, Wanted{Reference: want.Reference})); err == nil {
		t.Error("pushed with no password")
	}
}
