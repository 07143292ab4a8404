//go:build linux

package instance

import (
	"bytes"
	"context"
	"errors"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"s/pkg/fc"
	"s/pkg/runtime/image"
	"s/pkg/runtime/image/imagetest"
	"s/pkg/runtime/sandbox"
)

// servers compiles what the images of this package run.
var servers imagetest.Builder

// images is the store of the images of this package's tests.
var images = sync.OnceValues(func() (*image.Store, error) {
	return image.Open(image.Options{Dir: imagesDir, Wanted: func(string) bool { return true }})
})

// layers are those of an image with the test server and the entries.
func layers(t testing.TB, more ...imagetest.Entry) []v1.Layer {
	t.Helper()
	return []v1.Layer{servers.Layer(t), imagetest.Layer(imagetest.Tar(t, more...))}
}

// changed are layers of which the last takes something away.
func changed(t testing.TB) []v1.Layer {
	t.Helper()
	last := imagetest.Tar(t, imagetest.Entry{Name: ".wh.old"}, imagetest.Entry{Name: "dir/.wh..wh..opq"}, imagetest.Entry{Name: "dir/b", Text: "b"})
	return append(layers(t, imagetest.Entry{Name: "old", Text: "x"}, imagetest.Entry{Name: "dir/a", Text: "a"}), imagetest.Layer(last))
}

// container is the configuration of a function that runs an image.
func container(t testing.TB, img v1.Image, k fc.CustomContainerConfig) (Config, *collected) {
	t.Helper()
	cfg, logs := config(t, "", t.TempDir(), fc.Function{Runtime: "custom-container", CustomContainerConfig: &k, MemorySize: 128})
	if cfg.Launcher.Isolation().Mode == sandbox.ModeProcess {
		t.Skip("images need namespaces")
	}
	cfg.CodeDir = ""
	store, err := images()
	if err != nil {
		t.Fatal(err)
	}
	opened, release, err := store.Image(t.Context(), imagetest.Layout(t, t.TempDir(), "", img), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	cfg.Image = opened
	return cfg, logs
}

// ask sends an event, whose answer must be a success.
func ask(t testing.TB, i *Instance, event string) string {
	t.Helper()
	res := call(t, i, &Invocation{RequestID: "r-" + event, Event: []byte(event)})
	if res.ErrorType != "" {
		t.Fatalf("%s: %s: %s", event, res.ErrorType, res.Body)
	}
	return string(res.Body)
}

// refused sends an event that must fail.
func refused(t testing.TB, i *Instance, event string) {
	t.Helper()
	if res := call(t, i, &Invocation{RequestID: "r", Event: []byte(event)}); res.ErrorType == "" {
		t.Errorf("%s: %s", event, res.Body)
	}
}

func TestContainer(t *testing.T) {
	t.Parallel()
	img := imagetest.Image(t, v1.Config{
		Entrypoint: []string{"server"}, Cmd: []string{"one", "two"}, WorkingDir: "/srv/deep",
		Env: []string{"PATH=/app", "FROM=image", "MINE=image", "FC_REGION=image"},
	}, changed(t)...)
	cfg, logs := container(t, img, fc.CustomContainerConfig{})
	i := start(t, cfg)
	for event, want := range map[string]string{
		"hello":               "hello",
		"who":                 "pid 1 uid 0 gid 0 in /srv/deep home /root",
		"args":                "one two",
		"env FROM":            "image",
		"env MINE":            "yes",         // the function's own come over the image's
		"env FC_REGION":       "cn-hangzhou", // and the platform's over both
		"env PATH":            "/app",
		"env LD_LIBRARY_PATH": "",
		"list /dir":           "b",
		"list /":              "app dev dir etc proc srv sys tmp",
		"stat /tmp":           "dtrwxrwxrwx 40 ",
	} {
		got := ask(t, i, event)
		if event == "stat /tmp" { // sizes of folders are the disk's affair
			got, want = strings.Fields(got)[0], strings.Fields(want)[0]
		}
		if got != want {
			t.Errorf("%s: %q, want %q", event, got, want)
		}
	}
	for _, gone := range []string{"get /old", "get /code/x", "get /usr/bin/env"} {
		refused(t, i, gone)
	}
	ask(t, i, "say from the container")
	if lines := logs.of("r-say from the container"); len(lines) != 1 || lines[0] != "from the container" {
		t.Errorf("log %q", logs.lines)
	}
	ask(t, i, "get /etc/hosts")
	w := httptest.NewRecorder()
	call(t, i, &Invocation{RequestID: "r", W: w, R: httptest.NewRequestWithContext(t.Context(), "PATCH", "/some/path?q=1", nil)})
	if got := w.Body.String(); got != "PATCH /some/path?q=1 asked 0" {
		t.Errorf("over HTTP: %q", got)
	}
	if current := i.Info().MemoryMB; current <= 0 {
		t.Errorf("it uses %g MB", current)
	}
}

// TestContainerWrites looks for what instances of one image leave each other.
func TestContainerWrites(t *testing.T) {
	t.Parallel()
	img := imagetest.Image(t, v1.Config{Entrypoint: []string{"/app/server"}}, layers(t)...)
	cfg, _ := container(t, img, fc.CustomContainerConfig{})
	one, two := start(t, cfg), start(t, cfg)
	before := ask(t, one, "get /etc/passwd")
	ask(t, one, "put /etc/passwd mine")
	ask(t, one, "put /app/new mine")
	ask(t, one, "remove /etc/group")
	if got := ask(t, one, "get /etc/passwd"); got != "mine" {
		t.Errorf("what was written is %q", got)
	}
	if got := ask(t, two, "get /etc/passwd"); got != before {
		t.Errorf("another instance sees %q", got)
	}
	ask(t, two, "get /etc/group")
	one.Kill()
	three := start(t, cfg)
	if got := ask(t, three, "list /app"); got != "server" {
		t.Errorf("a later instance sees %q", got)
	}
	two.Kill()
	three.Kill()
	if left, err := os.ReadDir(cfg.WorkDir); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil || bytes.Contains(mounts, []byte(cfg.WorkDir)) || bytes.Contains(mounts, []byte(cfg.Image.Dir)) {
		t.Errorf("mounts are left: %v\n%s", err, mounts)
	}
}

// TestContainerCopied runs an image whose layers can't be mounted.
func TestContainerCopied(t *testing.T) {
	t.Parallel()
	img := imagetest.Image(t, v1.Config{Entrypoint: []string{"/app/server"}}, changed(t)...)
	cfg, _ := container(t, img, fc.CustomContainerConfig{})
	cfg.Launcher = noLayers{cfg.Launcher}
	one := start(t, cfg)
	if got := ask(t, one, "list /") + ", " + ask(t, one, "list /dir"); got != "app dev dir etc proc sys tmp, b" {
		t.Errorf("the root has %q", got)
	}
	ask(t, one, "put /dir/b mine")
	if got := ask(t, start(t, cfg), "get /dir/b"); got != "b" {
		t.Errorf("another instance sees %q", got)
	}
}

// noLayers is a launcher whose kernel has no overlayfs.
type noLayers struct{ sandbox.Launcher }

func (l noLayers) Launch(ctx context.Context, spec sandbox.Spec) (sandbox.Process, error) {
	if spec.Image.Tree == "" {
		return nil, &sandbox.LayersError{Why: "told so"}
	}
	return l.Launcher.Launch(ctx, spec)
}

func TestContainerUser(t *testing.T) {
	t.Parallel()
	for user, want := range map[string]string{
		"ann": "pid 1 uid 1234 gid 1235 in / home /home/ann", "1234": "pid 1 uid 1234 gid 1235 in / home /home/ann",
		"ann:staff": "pid 1 uid 1234 gid 77 in / home /home/ann", "5000:6000": "pid 1 uid 5000 gid 6000 in / home /",
		"root": "pid 1 uid 0 gid 0 in / home /root",
	} {
		t.Run(user, func(t *testing.T) {
			t.Parallel()
			img := imagetest.Image(t, v1.Config{Entrypoint: []string{"/app/server"}, User: user},
				layers(t, imagetest.Entry{Name: "secret", Text: "x", Mode: 0o600})...)
			cfg, logs := container(t, img, fc.CustomContainerConfig{})
			i := start(t, cfg)
			if os.Geteuid() != 0 {
				want = "pid 1 uid 0 gid 0 in / home /root"
				if warned := strings.Contains(strings.Join(logs.of(""), "\n"), "the image's user "+user); warned != (user != "root") {
					t.Errorf("warned: %v", warned)
				}
			}
			if got := ask(t, i, "who"); got != want {
				t.Errorf("%q, want %q", got, want)
			}
			if user != "root" && os.Geteuid() == 0 {
				refused(t, i, "get /secret")
				refused(t, i, "put /etc/passwd x")
			}
			var out bytes.Buffer
			if code, err := i.proc.Exec(t.Context(), sandbox.ExecSpec{Args: []string{"/app/server", "-end"}, Stdout: &out, Stderr: &out}); err != nil || code != 7 || out.String() != "ending at once\n" {
				t.Errorf("exec: %d, %v, %s", code, err, &out)
			}
		})
	}
}

// TestContainerShell runs a shell in an image that has one.
func TestContainerShell(t *testing.T) {
	t.Parallel()
	path, err := exec.LookPath("busybox")
	if err != nil {
		t.Skip("no busybox")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	img := imagetest.Image(t, v1.Config{Entrypoint: []string{"/app/server"}, WorkingDir: "/app", Env: []string{"COLOUR=blue"}},
		layers(t, imagetest.Entry{Name: "bin/busybox", Text: string(text), Mode: 0o755}, imagetest.Entry{Name: "bin/sh", Link: "busybox"})...)
	cfg, _ := container(t, img, fc.CustomContainerConfig{})
	i := start(t, cfg)
	ask(t, i, "put /tmp/shared seen")
	var out bytes.Buffer
	code, err := i.proc.Exec(t.Context(), sandbox.ExecSpec{
		Args: []string{"sh", "-c", "pwd; echo $COLOUR $HOME; busybox cat /tmp/shared; exit 3"}, Stdout: &out, Stderr: &out,
	})
	if err != nil || code != 3 || out.String() != "/app\nblue /root\nseen" {
		t.Errorf("%d, %v, %q", code, err, &out)
	}
}

func TestContainerStartFails(t *testing.T) {
	t.Parallel()
	server := []string{"/app/server"}
	for _, tt := range []struct {
		name   string
		config v1.Config
		k      fc.CustomContainerConfig
		code   string
		says   string
	}{
		{"no command", v1.Config{}, fc.CustomContainerConfig{}, fc.CodeFunctionNotStarted, "has neither ENTRYPOINT nor CMD: set customContainerConfig.command"},
		{"no such program", v1.Config{Entrypoint: []string{"serve"}, Env: []string{"PATH=/a:/b"}}, fc.CustomContainerConfig{}, fc.CodeCAFileNotFound, "not found: serve (PATH is /a:/b)"},
		{"no such file", v1.Config{}, fc.CustomContainerConfig{Entrypoint: []string{"/app/none"}}, fc.CodeCAFileNotFound, "not found: /app/none"},
		{"no program", v1.Config{}, fc.CustomContainerConfig{Command: []string{"/etc/passwd"}}, fc.CodeCAExited, "permission denied: /etc/passwd"},
		{"no interpreter", v1.Config{}, fc.CustomContainerConfig{Command: []string{"/app/script"}}, fc.CodeCAFileNotFound, "not found: /bin/none, the interpreter of /app/script"},
		{"ends at once", v1.Config{Entrypoint: server, Cmd: []string{"-end"}}, fc.CustomContainerConfig{}, fc.CodeCAExited, "exited unexpectedly(code 7"},
		{"says why", v1.Config{Entrypoint: server, Cmd: []string{"-end"}}, fc.CustomContainerConfig{}, fc.CodeCAExited, "ending at once"},
		{"no such user", v1.Config{Entrypoint: server, User: "nobody-here"}, fc.CustomContainerConfig{}, fc.CodeFunctionNotStarted, "user nobody-here of the image: not found: nobody-here in /etc/passwd"},
		{"no such group", v1.Config{Entrypoint: server, User: "ann:none"}, fc.CustomContainerConfig{}, fc.CodeFunctionNotStarted, "not found: none in /etc/group"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg, _ := container(t, imagetest.Image(t, tt.config, layers(t, imagetest.Entry{Name: "app/script", Text: "#!/bin/none\n", Mode: 0o755})...), tt.k)
			if tt.config.User != "" && os.Geteuid() != 0 {
				t.Skip("a user namespace has one user")
			}
			_, err := Start(t.Context(), cfg)
			var api *fc.APIError
			if !errors.As(err, &api) || api.Code != tt.code || !strings.Contains(api.Message, tt.says) {
				t.Errorf("%v, want %s: …%s…", err, tt.code, tt.says)
			}
			if left, err := os.ReadDir(cfg.WorkDir); err != nil || len(left) > 0 {
				t.Errorf("left: %v, %v", left, err)
			}
		})
	}
}

func TestContainerConfig(t *testing.T) {
	t.Parallel()
	img := imagetest.Image(t, v1.Config{Entrypoint: []string{"/app/none"}, Cmd: []string{"lost"}}, layers(t)...)
	cfg, _ := container(t, img, fc.CustomContainerConfig{
		Entrypoint: []string{"/app/server", "-port"}, Command: []string{"8123"}, Port: 8123,
		HealthCheckConfig: &fc.HealthCheckConfig{HTTPGetURL: "/health", PeriodSeconds: 1, SuccessThreshold: 1, TimeoutSeconds: 60},
	})
	i := start(t, cfg)
	if got := ask(t, i, "args") + ", " + ask(t, i, "env FC_SERVER_PORT"); got != "-port 8123, 8123" {
		t.Error(got)
	}
	w := httptest.NewRecorder()
	call(t, i, &Invocation{RequestID: "r", W: w, R: httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)})
	if got := w.Body.String(); got != "GET / asked 2" {
		t.Errorf("the health check came: %q", got)
	}
}

func TestContainerMemory(t *testing.T) {
	t.Parallel()
	cfg, _ := container(t, imagetest.Image(t, v1.Config{Entrypoint: []string{"/app/server"}}, layers(t)...), fc.CustomContainerConfig{})
	cfg.Launcher = lateEnds{cfg.Launcher}
	i := start(t, cfg)
	res, err := i.Invoke(t.Context(), &Invocation{RequestID: "r", Event: []byte("hold 400")})
	if err != nil {
		t.Fatal(err)
	}
	if res.ErrorType != fc.ErrorTypeOOM || !strings.Contains(string(res.Body), "Process exited unexpectedly before completing request (duration: ") {
		t.Errorf("%s %s", res.ErrorType, res.Body)
	}
	ended(t, i)
	if !i.exit.OOM {
		t.Errorf("the end was %+v", i.exit)
	}
}

// lateEnds is a launcher of instances that are over only once somebody has asked
// why, as where much memory is given back slowly.
type lateEnds struct{ sandbox.Launcher }

func (l lateEnds) Launch(ctx context.Context, spec sandbox.Spec) (sandbox.Process, error) {
	p, err := l.Launcher.Launch(ctx, spec)
	if err != nil {
		return nil, err
	}
	late := &lateEnd{Process: p, asked: make(chan struct{}), done: make(chan struct{})}
	go func() {
		<-p.Done()
		<-late.asked
		close(late.done)
	}()
	return late, nil
}

type lateEnd struct {
	sandbox.Process
	once        sync.Once
	asked, done chan struct{}
}

func (l *lateEnd) Done() <-chan struct{} { return l.done }

func (l *lateEnd) OutOfMemory() bool {
	over := l.Process.OutOfMemory()
	if over {
		l.once.Do(func() { close(l.asked) })
	}
	return over
}

// TestContainerLinks runs an image whose own names lead to folders of the host's.
func TestContainerLinks(t *testing.T) {
	t.Parallel()
	host := t.TempDir()
	var entries []imagetest.Entry
	for _, name := range []string{"dev", "proc", "sys", "var", "opt"} {
		entries = append(entries, imagetest.Entry{Name: name, Link: host})
	}
	all := layers(t, append(entries,
		imagetest.Entry{Name: "srv/resolv.conf", Link: filepath.Join(host, "resolv")}, imagetest.Entry{Name: "srv/hosts", Link: "../../../../.." + host + "/hosts"},
		imagetest.Entry{Name: "etc", Link: "/srv"})...)
	cfg, _ := container(t, imagetest.Image(t, v1.Config{Entrypoint: []string{"/app/server"}, WorkingDir: "/opt/made"}, all...), fc.CustomContainerConfig{})
	i := start(t, cfg)
	if got := ask(t, i, "list /dev"); !strings.Contains(got, "null") {
		t.Errorf("/dev has %s", got)
	}
	if left, err := os.ReadDir(host); err != nil || len(left) > 0 {
		t.Errorf("made on the host: %v, %v", left, err)
	}
}

func TestContainerNeedsNamespaces(t *testing.T) {
	t.Parallel()
	cfg, _ := config(t, sandbox.ModeProcess, t.TempDir(), fc.Function{Runtime: "custom-container", CustomContainerConfig: &fc.CustomContainerConfig{Image: "a/b"}})
	_, err := Start(t.Context(), cfg)
	var api *fc.APIError
	if !errors.As(err, &api) || api.Status != 412 || !strings.Contains(api.Message, "images need namespaces") {
		t.Errorf("%v", err)
	}
}
