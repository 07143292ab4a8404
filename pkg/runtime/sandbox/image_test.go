//go:build linux

package sandbox

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"s/pkg/proc/proctest"
)

// layered makes an image of two layers with a shell: the upper one takes /gone
// away and hides what the lower one has in /dir.
func layered(t *testing.T) *Image {
	t.Helper()
	path, err := exec.LookPath("busybox")
	if err != nil {
		t.Skip("no busybox")
	}
	shell, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"low/bin/busybox": string(shell), "low/gone": "x", "low/dir/low": "x", "low/kept": "low", "up/dir/up": "x", "low/etc/passwd": "ann:x:12:13::/home/ann:\n"} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		proctest.Program(t, file, text)
	}
	for _, name := range []string{"sh", "cat", "ls", "id", "mount", "grep", "env"} {
		if err := os.Symlink("busybox", filepath.Join(dir, "low/bin", name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Mknod(filepath.Join(dir, "up/gone"), unix.S_IFCHR, 0); err != nil {
		t.Fatal(err)
	}
	user := unix.Setxattr(filepath.Join(dir, "up/dir"), "user.overlay.opaque", []byte("y"), 0)
	trusted := unix.Setxattr(filepath.Join(dir, "up/dir"), "trusted.overlay.opaque", []byte("y"), 0)
	if user != nil && trusted != nil {
		t.Skipf("the disk can't be marked: %v", user)
	}
	return &Image{Dir: dir, Layers: []string{"up", "low"}, Scratch: t.TempDir()}
}

// imageSpec is a shell script in an image.
func (h *house) imageSpec(img *Image, script string) Spec {
	return Spec{ID: "test", Args: []string{"sh", "-c", script}, Env: []string{"PATH=/bin"}, Dir: "/", Image: img, MemoryMB: 128}
}

func TestImage(t *testing.T) {
	each(t, func(h *house) {
		h.needNamespaces()
		img := layered(h.t)
		out, exit := h.run(h.imageSpec(img, `
			echo "pid $$ $(id -u) $HOME"; ls -d /*; ls /dir; cat /kept
			echo mine >/kept; echo mine >/dir/mine; echo new >/tmp/new; cat /kept /tmp/new
			echo x >/dev/null; ls /proc/1/exe; cat /etc/hosts >/dev/null && echo names; echo x >/sys/x || echo protected`))
		want := "pid 1 0 /root\n/bin\n/dev\n/dir\n/etc\n/kept\n/proc\n/sys\n/tmp\nup\nlow" + "mine\nnew\n/proc/1/exe\nnames\n"
		if !strings.HasPrefix(out, want) || !strings.HasSuffix(out, "protected\n") || exit != (Exit{}) {
			h.t.Errorf("%+v\n%s\nwant\n%s", exit, out, want)
		}
		if text, err := os.ReadFile(filepath.Join(img.Dir, "low/kept")); err != nil || string(text) != "low" {
			h.t.Errorf("the layer was changed: %s, %v", text, err)
		}
		again := *img
		again.Scratch = h.t.TempDir()
		if out, _ := h.run(h.imageSpec(&again, "cat /kept; ls /dir /tmp")); out != "low/dir:\nup\n\n/tmp:\n" {
			h.t.Errorf("the next instance sees %s", out)
		}
	})
}

// TestImageScratch has a disk that can't carry what an instance changes: then it
// is kept in memory.
func TestImageScratch(t *testing.T) {
	each(t, func(h *house) {
		h.needNamespaces()
		img := layered(h.t)
		img.Scratch = filepath.Join(img.Scratch, "missing")
		if out, exit := h.run(h.imageSpec(img, "echo mine >/kept; cat /kept; ls /dir")); out != "mine\nup\n" || exit != (Exit{}) {
			h.t.Errorf("%+v\n%s", exit, out)
		}
	})
}

// TestImageTree runs a file system that is one folder.
func TestImageTree(t *testing.T) {
	each(t, func(h *house) {
		h.needNamespaces()
		img := layered(h.t)
		spec := h.imageSpec(&Image{Tree: filepath.Join(img.Dir, "low")}, "echo mine >/kept; ls /; exit 3")
		if out, exit := h.run(spec); out != "bin\ndev\ndir\netc\ngone\nkept\nproc\nsys\ntmp\n" || exit.Code != 3 {
			h.t.Errorf("%+v\n%s", exit, out)
		}
	})
}

func TestImageLayersRefused(t *testing.T) {
	each(t, func(h *house) {
		h.needNamespaces()
		img := layered(h.t)
		img.Layers = []string{"none"}
		_, err := h.l.Launch(t.Context(), h.imageSpec(img, "true"))
		var refused *LayersError
		if !errors.As(err, &refused) {
			h.t.Errorf("%v", err)
		}
		img.Layers = strings.Split(strings.Repeat("low ", 4096), " ")
		if _, err := h.l.Launch(t.Context(), h.imageSpec(img, "true")); !errors.As(err, &refused) {
			h.t.Errorf("too many layers: %v", err)
		}
	})
}

func TestImageUser(t *testing.T) {
	each(t, func(h *house) {
		h.needNamespaces()
		spec := h.imageSpec(layered(h.t), "id -u; id -g; echo $HOME; echo named >/dev/stdout; echo x >/kept || echo refused; sleep 60")
		spec.User = "ann"
		if h.l.Isolation().Mode == ModeUserNamespaces {
			_, err := h.l.Launch(t.Context(), spec)
			// Which of the two it is depends on who made the namespace.
			if err == nil || !strings.Contains(err.Error(), "become group 13") && !strings.Contains(err.Error(), "set the groups") {
				h.t.Errorf("%v", err)
			}
			return
		}
		spec.Args[2] = strings.Replace(spec.Args[2], "sleep", "busybox sleep", 1)
		i := h.launch(spec)
		i.waitFor("refused\n")
		if out := i.out.String(); !strings.HasPrefix(out, "12\n13\n/home/ann\nnamed\n") {
			h.t.Errorf("%s", out)
		}
		var out bytes.Buffer
		code, err := i.Exec(t.Context(), ExecSpec{Args: []string{"sh", "-c", "id -u; exit 4"}, Stdout: &out, Stderr: &out})
		if err != nil || code != 4 || out.String() != "12\n" {
			h.t.Errorf("exec: %d, %v, %s", code, err, &out)
		}
	})
}

func TestImageNeedsNamespaces(t *testing.T) {
	each(t, func(h *house) {
		if h.namespaces() {
			h.t.SkipNow()
		}
		if _, err := h.l.Launch(t.Context(), h.imageSpec(&Image{Tree: h.t.TempDir()}, "true")); !errors.Is(err, ErrNoImages) {
			h.t.Errorf("%v", err)
		}
	})
}
