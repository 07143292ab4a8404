//go:build linux

package sandbox

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"s/pkg/proc/proctest"
	"s/pkg/runtime/rloader"
)

// TestDaemonAttr starts a process as the daemon is started.
func TestDaemonAttr(t *testing.T) {
	t.Parallel()
	attr, err := DaemonAttr()
	if os.Geteuid() == 0 {
		if attr != nil || err != nil {
			t.Errorf("root gets %+v, %v", attr, err)
		}
		return
	}
	if err != nil {
		if attr != nil || !strings.Contains(err.Error(), "user namespace") {
			t.Errorf("a refusal gives %+v, %v", attr, err)
		}
		return
	}
	cmd := exec.Command("/bin/sh", "-c", "id -u; cat /proc/self/uid_map")
	cmd.SysProcAttr = attr
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "0\n") || strings.Contains(string(out), "4294967295") {
		t.Errorf("%q, %v", out, err)
	}
}

// TestOrdinaryUser runs the tests once more as an ordinary user without a user
// namespace, as where the system forbids them.
func TestOrdinaryUser(t *testing.T) {
	if os.Geteuid() != 0 || os.Getenv(onlyWorld) != "" {
		t.Skip("the test binary is run by an ordinary user already")
	}
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 4*patience)
	defer cancel()
	cmd := restart(ctx, false, nil, "-test.v", "-test.run=^Test", "-test.skip=^TestUserNamespaces$", "-test.parallel=2")
	cmd.Dir = "/"
	cmd.Env = append(cmd.Env, "TMPDIR=/tmp", "HOME=/tmp")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if passed := strings.Count(string(out), "--- PASS: "); passed < 30 {
		t.Errorf("only %d tests passed\n%s", passed, out)
	}
}

// TestUserNamespaceIsRefused: without the right to mount, DaemonAttr's trial
// fails rather than the daemon.
func TestUserNamespaceIsRefused(t *testing.T) {
	t.Parallel()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	// In namespaces of this user alone, but no longer its root: as where a
	// security module takes the rights away.
	attr := &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 1, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 1, HostID: os.Getegid(), Size: 1}},
	}
	p, err := os.StartProcess("/proc/self/exe", []string{rloader.Path, rloader.Try}, &os.ProcAttr{Files: []*os.File{null, null, null}, Sys: attr})
	if err != nil {
		t.Skipf("no user namespaces here: %v", err)
	}
	state, err := p.Wait()
	if err != nil || state.Success() {
		t.Errorf("the trial succeeds without rights: %v, %v", state, err)
	}
}

// TestRloaderWithoutOrders ends at once: somebody may start it by hand.
func TestRloaderWithoutOrders(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{rloader.Path}
	if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != 125 {
		t.Errorf("it ended with %v", cmd.ProcessState)
	}
}

// TestDeletedBinary: the program was rebuilt while its launcher ran.
func TestDeletedBinary(t *testing.T) {
	t.Parallel()
	path, err := programCopy()
	if err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(t.TempDir(), "own")
	if err := os.Link(path, own); err != nil {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		proctest.Program(t, own, string(text))
	}
	f, err := os.Open(own)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	o := worlds()[0].options
	o.SelfExe = own
	h := newHouse(t, o)
	if out, _ := h.run(h.spec("echo before")); out != "before\n" {
		t.Errorf("got %q", out)
	}
	if err := os.Remove(own); err != nil {
		t.Fatal(err)
	}
	h.l.(*launcher).exe = "/proc/self/exe" // what a launcher has by default
	if out, exit := h.run(h.spec("echo after; ls /var/fc/runtime 2>/dev/null || true")); !strings.HasPrefix(out, "after\n") || exit.Code != 0 {
		t.Errorf("got %q %+v", out, exit)
	}
}
