//go:build linux

package sandbox

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestInstancesAreApart: what one writes, another doesn't see.
func TestInstancesAreApart(t *testing.T) {
	each(t, func(h *house) {
		h.needNamespaces()
		script := `echo mine >/tmp/f; echo mine >/dev/shm/f; echo mine >/var/tmp/f; echo mine >/root/f; ipcmk -M 100 >/dev/null 2>&1; echo up; exec sleep 1000`
		h.launch(h.spec(script)).waitFor("up")
		out, _ := h.run(h.spec(`ls /tmp /dev/shm /var/tmp /root | grep -c f$; ls -d /proc/[0-9]*/ | wc -l; tail -n +2 /proc/sysvipc/shm | wc -l`))
		fields := strings.Fields(out)
		if len(fields) != 3 || fields[0] != "0" || fields[2] != "0" {
			h.t.Errorf("the second sees files, processes, shared memory: %q", fields)
		}
	})
}

// TestThreadsComeAndGo: Go ends the threads of goroutines that end locked. A
// child of such a thread would be killed.
func TestThreadsComeAndGo(t *testing.T) {
	each(t, func(h *house) {
		launched := make(chan *instance)
		go func() {
			runtime.LockOSThread() // and the thread ends with this goroutine
			spec := h.spec(`echo up; read line; echo "still here"`)
			launched <- h.launch(spec)
		}()
		i := <-launched
		i.waitFor("up")
		ended := make(chan struct{})
		for range 8 {
			go func() {
				defer func() { ended <- struct{}{} }()
				runtime.LockOSThread()
				time.Sleep(time.Millisecond)
			}()
		}
		for range 8 {
			<-ended
		}
		if out, exit := i.end(); out != "up\nstill here\n" || exit.Signal != "" { // input is /dev/null
			h.t.Errorf("%q %+v", out, exit)
		}
	})
}

// TestNothingIsInherited: descriptors that the daemon has got from its own
// parent, its ignored signals and its umask.
func TestNothingIsInherited(t *testing.T) {
	if os.Getenv(inheritAlone) == "" {
		t.Parallel()
		ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
		defer cancel()
		cmd := restart(ctx, false, []string{inheritAlone + "=1"}, "-test.run=^TestNothingIsInherited$", "-test.v")
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestNothingIsInherited") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	signal.Ignore(unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGPIPE, unix.SIGUSR1)
	stray, err := unix.Open("/dev/null", unix.O_RDONLY, 0) // without O_CLOEXEC
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Dup3(stray, 77, 0); err != nil {
		t.Fatal(err)
	}
	old := unix.Umask(0o077)
	defer unix.Umask(old)
	for _, w := range worlds() {
		t.Run(w.name, func(t *testing.T) {
			h := newHouse(t, w.options)
			for _, init := range []bool{false, true} {
				spec := h.spec(`ls /proc/$$/fd; grep -E '^Sig(Ign|Blk)' /proc/self/status; [ -t 0 ] || read x || echo "no input"`)
				spec.Init = init
				out, _ := h.run(spec)
				want := "0\n1\n2\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nno input\n"
				if out != want {
					t.Errorf("init %t: got %q, want %q", init, out, want)
				}
			}
			if out, _ := h.run(h.spec(`umask; true`)); h.namespaces() && out != "0022\n" {
				t.Errorf("umask is %q", out)
			}
		})
	}
}

const inheritAlone = "SANDBOX_TEST_INHERIT"

// TestLargeEnvironment: more than a pipe or a socket's default holds.
func TestLargeEnvironment(t *testing.T) {
	each(t, func(h *house) {
		for _, init := range []bool{false, true} {
			spec := h.spec(`printf '%s' "$LARGE" | wc -c; printf '%s' "$1" | wc -c`, strings.Repeat("y", 50_000))
			spec.Env = append(spec.Env, "LARGE="+strings.Repeat("x", 100_000))
			spec.Init = init
			out, _ := h.run(spec)
			if fields := strings.Fields(out); len(fields) != 2 || fields[0] != "100000" || fields[1] != "50000" {
				h.t.Errorf("init %t: got %q", init, out)
			}
		}
	})
}

// TestSpecialNames: spaces, quotes and other alphabets in paths.
func TestSpecialNames(t *testing.T) {
	each(t, func(h *house) {
		dir := filepath.Join(h.t.TempDir(), "my 项目 'quoted\" $HOME")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			h.t.Fatal(err)
		}
		writeFile(h.t, filepath.Join(dir, "函数.txt"), "read")
		spec := h.spec("")
		spec.Args = []string{"/bin/cat", "/code/函数.txt"}
		spec.Mounts = []Mount{{Source: dir, Target: "/code", ReadOnly: true}}
		spec.Dir = "/code"
		if out, exit := h.run(spec); out != "read" || exit.Code != 0 {
			h.t.Errorf("%q %+v", out, exit)
		}
	})
}

// TestTmpfsIsBounded: what a function writes outside of /tmp is in memory, and
// must not be the host's undoing.
func TestTmpfsIsBounded(t *testing.T) {
	each(t, func(h *house) {
		h.needNamespaces()
		for _, dir := range []string{"/var/tmp", "/dev/shm", "/root"} {
			out, _ := h.run(h.spec(`head -c 200000000 /dev/zero 2>&1 >` + dir + `/big; stat -c %s ` + dir + `/big`))
			fields := strings.Fields(out)
			var size int
			if _, err := fmt.Sscan(fields[len(fields)-1], &size); err != nil || size > 70_000_000 || !strings.Contains(out, "No space left") {
				h.t.Errorf("%s took %d bytes: %s", dir, size, out)
			}
		}
	})
}

// TestReadOnlyAllTheWay: a read-only mount includes what is mounted below.
func TestReadOnlyAllTheWay(t *testing.T) {
	each(t, func(h *house) {
		h.needNamespaces()
		outer, inner := h.t.TempDir(), h.t.TempDir()
		if err := os.Mkdir(filepath.Join(outer, "inner"), 0o755); err != nil {
			h.t.Fatal(err)
		}
		spec := h.spec(`for d in /code /code/inner /sys/fs/cgroup/memory /usr/local; do [ -d $d ] && (: >$d/file) 2>/dev/null && echo "wrote $d"; done; true`)
		spec.Mounts = []Mount{{Source: outer, Target: "/code", ReadOnly: true}, {Source: inner, Target: "/code/inner", ReadOnly: true}}
		if out, exit := h.run(spec); out != "" || exit.Code != 0 {
			h.t.Errorf("%q %+v", out, exit)
		}
	})
}

// TestNoDevicesFromMounts: a device node in a mounted folder is dead.
func TestNoDevicesFromMounts(t *testing.T) {
	each(t, func(h *house) {
		h.needNamespaces()
		dir := h.t.TempDir()
		if err := unix.Mknod(filepath.Join(dir, "zero"), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 5))); err != nil {
			h.t.Skipf("can't make device nodes: %v", err)
		}
		spec := h.spec(`head -c 1 /code/zero >/dev/null 2>&1 && echo "mounted node works"; mknod /tmp/x c 1 5 2>/dev/null && echo "made a node"; true`)
		spec.Mounts = []Mount{{Source: dir, Target: "/code"}}
		if out, _ := h.run(spec); out != "" {
			h.t.Errorf("%s", out)
		}
	})
}

// TestStateFolderIsLeftClean: the mount point of roots stays empty on the host.
func TestStateFolderIsLeftClean(t *testing.T) {
	each(t, func(h *house) {
		h.run(h.spec("true"))
		root := h.l.(*launcher).root
		entries, err := os.ReadDir(root)
		if err != nil || len(entries) != 0 {
			h.t.Errorf("%s has %v, %v", root, entries, err)
		}
		if mounts := readFile(h.t, "/proc/self/mounts"); strings.Contains(mounts, root) {
			h.t.Errorf("a root is mounted on the host:\n%s", mounts)
		}
	})
}

// TestFrozenInstanceOfClosedLauncher must not keep Close waiting.
func TestFrozenInstanceOfClosedLauncher(t *testing.T) {
	each(t, func(h *house) {
		marker := newMarker()
		for _, init := range []bool{false, true} {
			spec := h.spec(clan, marker)
			spec.Init = init
			i := h.launch(spec)
			i.waitFor("up")
			if err := i.Freeze(); err != nil {
				h.t.Error(err)
			}
			start := time.Now()
			if err := i.Close(); err != nil {
				h.t.Error(err)
			}
			if took := time.Since(start); took > killGrace {
				h.t.Errorf("init %t: Close took %s", init, took)
			}
		}
		waitDead(h.t, marker)
	})
}

// TestRloaderIsKilledByHand: in process mode rloader is in reach of the user's
// kill; the launcher must notice, and the program must not go on.
func TestRloaderIsKilledByHand(t *testing.T) {
	each(t, func(h *house) {
		if memory := h.l.Isolation().Memory; !h.namespaces() && !strings.HasPrefix(memory, "cgroup") {
			h.t.Skip("only namespaces and cgroups know the processes of an rloader that is gone")
		}
		marker := newMarker()
		spec := h.spec("echo up; sleep 1000; : " + marker)
		spec.Init = true
		i := h.launch(spec)
		i.waitFor("up")
		if err := unix.Kill(i.PID(), unix.SIGKILL); err != nil {
			h.t.Fatal(err)
		}
		if _, exit := i.end(); exit.Signal != "killed" {
			h.t.Errorf("exit %+v", exit)
		}
		eventually(h.t, "the shell is dead", func() bool { return alive(h.t, marker) == 0 }, func() string { return "alive" })
	})
}

// TestTwoLaunchersAtOnce share the machine, not addresses or cgroups.
func TestTwoLaunchersAtOnce(t *testing.T) {
	each(t, func(h *house) {
		other := newHouse(h.t, Options{Mode: map[bool]string{false: ModeProcess}[h.namespaces()]})
		a, b := h.launch(h.program("serve", "a", "0.0.0.0:9000")), other.launch(other.program("serve", "b", "0.0.0.0:9000"))
		a.waitFor("serving\n")
		b.waitFor("serving\n")
		for want, i := range map[string]*instance{"a": a, "b": b} {
			if got, err := fetch("tcp", i.Addr()); got != want || err != nil {
				h.t.Errorf("%s answers %q, %v", i.Addr(), got, err)
			}
		}
		if a.Addr() == b.Addr() {
			h.t.Errorf("both are at %s", a.Addr())
		}
	})
}
