//go:build linux

package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// waiting is a script that does what it is to do when its /tmp/go is there.
const waiting = "ls /code /opt; echo waiting; while ! [ -e /tmp/go ]; do sleep 0.005; done; "

// assignable launches a spare in which script is run once it is assigned.
func (h *house) assignable(script string) (i *instance, goOn func()) {
	h.t.Helper()
	spec := h.spec(waiting + script)
	spec.Init, spec.Folders = true, []string{"/code/lib", "/opt/lib"}
	if h.namespaces() {
		spec.Dir = "/code"
	} else {
		spec.Args[2] = strings.ReplaceAll(spec.Args[2], "/tmp", spec.TmpDir)
	}
	i = h.launch(spec)
	i.waitFor("waiting")
	return i, func() {
		h.t.Helper()
		if err := os.WriteFile(filepath.Join(spec.TmpDir, "go"), nil, 0o644); err != nil {
			h.t.Fatal(err)
		}
	}
}

func (i *instance) assign(a Assignment) error {
	i.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return i.Process.(Assignable).Assign(ctx, a)
}

// folder makes a folder with files.
func folder(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("text of "+name+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestAssign: what is mounted later is as what is mounted at the launch.
func TestAssign(t *testing.T) {
	each(t, func(h *house) {
		h.needNamespaces()
		mounts := []Mount{
			{Source: folder(h.t, "nested/file"), Target: "/code/data/inner"},
			{Source: folder(h.t, "index.py", "data/inner/hidden"), Target: "/code", ReadOnly: true},
			{Source: folder(h.t, "lib.so"), Target: "/mnt/new/place"},
			{Source: filepath.Join(folder(h.t, "single"), "single"), Target: "/mnt/file", ReadOnly: true},
		}
		look := `cd /code; cat index.py data/inner/nested/file /mnt/file; ls -d /opt/lib
			echo x >index.py; echo x >/mnt/new/place/written && cat /mnt/new/place/written; pwd
			grep -E ' /(code|mnt)' /proc/self/mountinfo | cut -d' ' -f5- | sort | sed 's/ - .*//'`
		plain := h.spec(look)
		plain.Init, plain.Dir, plain.Mounts = true, "/code", mounts
		want, _ := h.run(plain)
		if !strings.Contains(want, "text of nested/file") || !strings.Contains(want, "Read-only") {
			h.t.Fatalf("without a spare: %s", want)
		}
		i, goOn := h.assignable(look)
		if err := i.assign(Assignment{Mounts: mounts, MemoryMB: 128, Env: []string{"PATH=/usr/bin:/bin", "A=later"}}); err != nil {
			h.t.Fatal(err)
		}
		out := &output{}
		if _, err := i.Exec(context.Background(), ExecSpec{Args: []string{"/bin/sh", "-c", "echo $A; cat /code/index.py"}, Stdout: out, Stderr: out}); err != nil ||
			out.String() != "later\ntext of index.py\n" {
			h.t.Errorf("exec: %q, %v", out, err)
		}
		goOn()
		got, exit := i.end()
		_, got, _ = strings.Cut(got, "waiting\n")
		if got != want {
			h.t.Errorf("assigned: %s\nlaunched: %s (%+v)", got, want, exit)
		}
	})
}

// TestAssignedFolders: those that nothing was mounted over are gone.
func TestAssignedFolders(t *testing.T) {
	each(t, func(h *house) {
		h.needNamespaces()
		i, goOn := h.assignable("cd /code; ls -a /code /opt")
		if err := i.assign(Assignment{MemoryMB: 128, Mounts: []Mount{{Source: folder(h.t), Target: "/code", ReadOnly: true}}}); err != nil {
			h.t.Fatal(err)
		}
		goOn()
		got, _ := i.end()
		before, after, _ := strings.Cut(got, "waiting\n")
		if before != "/code:\nlib\n\n/opt:\nlib\n" || after != "/code:\n.\n..\n\n/opt:\n.\n..\n" {
			h.t.Errorf("%q, %q", before, after)
		}
	})
}

// TestAssignedMemory: the limit is that of the assignment, whether it is more or
// less than before.
func TestAssignedMemory(t *testing.T) {
	each(t, func(h *house) {
		h.needNamespaces()
		for _, limit := range []int{64, 512} {
			// 200 MB of zeros in one variable.
			i, goOn := h.assignable(`x=$(head -c 200000000 /dev/zero | tr '\0' x); echo ${#x}`)
			if err := i.assign(Assignment{MemoryMB: limit}); err != nil {
				h.t.Fatal(err)
			}
			goOn()
			out, exit := i.end()
			if fits := strings.Contains(out, "200000000"); fits != (limit == 512) || exit.OOM == fits {
				h.t.Errorf("%d MB: %+v %q", limit, exit, out)
			}
		}
	})
}

// TestAssignFails: where it can't be done nothing is mounted, and the instance
// can still be ended.
func TestAssignFails(t *testing.T) {
	each(t, func(h *house) {
		i, _ := h.assignable("")
		var many []Mount
		for n := range 9 {
			many = append(many, Mount{Source: "/usr", Target: fmt.Sprintf("/mnt/%d", n)})
		}
		for name, mounts := range map[string][]Mount{
			"too many": many, "a source that isn't there": {{Source: "/nowhere", Target: "/code"}},
		} {
			if err := i.assign(Assignment{Mounts: mounts, MemoryMB: 64}); !errors.Is(err, ErrCantAssign) {
				h.t.Errorf("%s: %v", name, err)
			}
		}
		if h.namespaces() {
			err := i.assign(Assignment{MemoryMB: 64, Mounts: []Mount{{Source: "/usr", Target: "/"}}})
			if err == nil || !strings.Contains(err.Error(), "busy") {
				h.t.Errorf("the root itself: %v", err)
			}
		} else if err := i.assign(Assignment{}); !errors.Is(err, ErrCantAssign) {
			h.t.Errorf("without namespaces: %v", err)
		}
		i.Kill()
		if h.namespaces() {
			if err := i.assign(Assignment{MemoryMB: 64}); err == nil {
				h.t.Error("the dead are assigned")
			}
		}
	})
}

// TestAssignNoSpare: PID 1 that isn't rloader takes no orders.
func TestAssignNoSpare(t *testing.T) {
	each(t, func(h *house) {
		i := h.launch(h.spec("echo up; sleep 1000"))
		i.waitFor("up")
		if err := i.assign(Assignment{MemoryMB: 64}); !errors.Is(err, ErrCantAssign) {
			h.t.Error(err)
		}
	})
}
