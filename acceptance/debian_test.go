package acceptance

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"s/pkg/runtime/image/imagetest"
)

// debianDir has the function and the projects of these tests; debianRoot is what
// hack/containers makes.
const (
	debianDir  = "testdata/debian"
	debianRoot = "../.tools/debian/rootfs.tar.gz"
)

// debianWorld is a project with the functions of debianDir.
func debianWorld(t *testing.T) *world {
	t.Helper()
	if _, err := os.Stat(debianRoot); err != nil {
		t.Skipf("make setup makes it, as root on Debian: %v", err)
	}
	isolated(t)
	t.Parallel()
	w := newWorld(t, nil)
	copyTree(t, debianDir, w.work, func(string) bool { return false })
	return w
}

// debianImage is what debootstrap made, and a layer over it that adds a server
// and takes some of it away.
func (w *world) debianImage() v1.Image {
	w.t.Helper()
	root, err := tarball.LayerFromFile(debianRoot)
	if err != nil {
		w.t.Fatal(err)
	}
	server, err := os.ReadFile(filepath.Join(debianDir, "server.py"))
	if err != nil {
		w.t.Fatal(err)
	}
	layer := imagetest.Tar(w.t,
		imagetest.Entry{Name: "srv/app/server.py", Text: string(server)}, imagetest.Entry{Name: "srv/app/here", Link: "../../usr/bin/python3"},
		imagetest.Entry{Name: "srv/app/key", Text: "x", Mode: 0o600}, imagetest.Entry{Name: "srv/app/mine", Text: "x", Mode: 0o600, UID: 5},
		imagetest.Entry{Name: "etc/.wh.issue"}, imagetest.Entry{Name: "etc/skel/.wh..wh..opq"}, imagetest.Entry{Name: "etc/skel/new", Text: "x"})
	return imagetest.Image(w.t, v1.Config{
		Entrypoint: []string{"python3", "server.py"}, Cmd: []string{"--port", "9000"}, WorkingDir: "/srv/app", User: "games",
		Env: []string{"FROM=image", "MINE=image", "PATH=/usr/local/bin:/usr/bin:/bin"},
	}, root, imagetest.Layer(layer))
}

// debianFact is what the function in a Debian answers to a line of sh.
type debianFact struct {
	event, root string
	user        string // where the user namespace has one user, if that differs; "-" is nothing
}

func debianFacts(resolv string) []debianFact {
	return []debianFact{
		{"id -un; id -u; id -gn; echo $HOME", "games\n5\ngames\n/usr/games", "root\n0\nroot\n/root"},
		{"pwd; readlink here; readlink -f /bin/sh", "/srv/app\n../../usr/bin/python3\n/usr/bin/dash", ""},
		{"echo $FROM $MINE $FC_FUNCTION_NAME $PATH", "image function web /usr/local/bin:/usr/bin:/bin", ""},
		{
			"stat -c '%U:%G %a' /etc/shadow /var/mail /usr/bin/passwd /tmp mine", "root:shadow 640\nroot:mail 2775\nroot:root 4755\nroot:root 1777\ngames:tty 600",
			"root:root 640\nroot:root 2775\nroot:root 4755\nroot:root 1777\nroot:root 600",
		},
		{"cat key 2>&1 || cat mine", "cat: key: Permission denied\nx", "x"},
		{"touch /usr/bin/new 2>&1", "touch: cannot touch '/usr/bin/new': Permission denied", "-"},
		{"ls -A /etc/skel; ls /etc/issue 2>&1", "new\nls: cannot access '/etc/issue': No such file or directory", ""},
		{"[ /usr/bin/perl -ef /usr/bin/perl5.*.* ] && echo one file", "one file", ""},
		{"dpkg-query -W -f '${Status}' python3", "install ok installed", ""},
		{"python3 -c 'import ssl, sqlite3, ctypes, tempfile; print(tempfile.gettempdir())'", "/tmp", ""},
		{"cat /etc/resolv.conf", resolv, ""},
		{"getent hosts localhost | tr -s ' ' | cut -d' ' -f2; [ -c /dev/null ] && [ -w /dev/shm ] && ls /proc/1/comm", "localhost\n/proc/1/comm", ""},
		{"ls -d /code; ls /opt", "ls: cannot access '/code': No such file or directory", ""},
	}
}

// TestDebian runs an image made of what debootstrap makes, without an engine: its
// owners, links and rights, what a layer takes away, the user and the command,
// and what the container has of the machine's.
func TestDebian(t *testing.T) {
	w := debianWorld(t)
	imagetest.Layout(t, filepath.Join(w.work, "image"), "", w.debianImage())
	w.s("deploy", "-y")
	resolv, err := os.ReadFile("/etc/resolv.conf")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range debianFacts(strings.TrimSpace(string(resolv))) {
		want := tt.root
		if os.Getuid() != 0 && tt.user != "" {
			want = strings.TrimPrefix(tt.user, "-")
		}
		if got := w.s("invoke", "web", "-e", tt.event); strings.TrimSpace(got) != want {
			t.Errorf("%s:\n%s\nwant:\n%s", tt.event, got, want)
		}
	}
	if got := w.s("invoke", "own", "-e", "tr '\\0' ' ' </proc/1/cmdline"); strings.TrimSpace(got) != "/usr/bin/python3 /srv/app/server.py --from-s.yaml 8123" {
		t.Errorf("its command line is %s", got)
	}
	if code, out, log := w.fails("invoke", "own", "-e", "hold 600"); code != 6 || !strings.Contains(out, "Process exited unexpectedly") || !strings.Contains(log, "runs hold 600") || !strings.Contains(log, "FunctionOOMError") {
		t.Errorf("out of memory: %d\n%s\n%s", code, out, log)
	}
	if got := w.s("invoke", "own", "-e", "echo again"); strings.TrimSpace(got) != "again" {
		t.Errorf("after that: %s", got)
	}
}

// fails runs a command that may fail.
func (w *world) fails(args ...string) (code int, stdout, stderr string) {
	w.t.Helper()
	cmd := s(w.vars, args...)
	cmd.Dir = w.work
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); cmd.ProcessState == nil {
		w.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errOut.String()
}

// TestDebianPodman builds an image over what debootstrap makes with podman, which
// lists the files that it sees; the local cloud's container has the same, taken
// from the engine's store and from a file.
func TestDebianPodman(t *testing.T) {
	w := debianWorld(t)
	podman := w.podman()
	server, err := os.ReadFile(filepath.Join(debianDir, "server.py"))
	if err == nil {
		err = os.WriteFile(filepath.Join(w.work, "built", "server.py"), server, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	podman("import", debianRoot, "localhost/debian:1")
	w.s("build", "-t", "podman.yaml", "built")
	podman("save", "--format", "oci-archive", "--uncompressed", "-o", filepath.Join(w.work, "saved.tar"), "localhost/built:1")
	w.s("deploy", "-y", "-t", "podman.yaml")
	for _, name := range []string{"built", "saved"} {
		for event, want := range map[string]string{
			"sh /srv/app/files.sh | diff /home/worker/files -":                   "",
			"grep -c . ../files | grep -q .... && id -un; pwd; echo $FROM $HOME": "worker\n/home/worker/work\nimage /home/worker",
			"env id -u": "1234",
		} {
			if got := w.s("invoke", name, "-t", "podman.yaml", "-e", event); strings.TrimSpace(got) != want {
				t.Errorf("%s: %s:\n%.2000s\nwant:\n%s", name, event, got, want)
			}
		}
	}
}
