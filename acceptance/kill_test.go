package acceptance

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// busyCode starts a program that leaves its parent's session, as daemons do,
// tells that it has, and then takes its time.
const busyCode = `import os
import subprocess
import time


def handler(event, context):
    if event == b"quick":
        return event
    if os.fork() == 0:
        os.setsid()
        subprocess.Popen(["sleep", "300"])
        os._exit(0)
    os.wait()
    time.sleep(120)
`

// TestKilledDaemonLeavesNothing ends the daemon with SIGKILL during 8
// invocations: no process of any instance remains, what was deployed is there,
// and the next command works.
func TestKilledDaemonLeavesNothing(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("looks at processes by /proc")
	}
	t.Parallel()
	const invocations = 8
	project := strings.ReplaceAll(echoProject, "timeout: 60", "timeout: 300")
	w := newWorld(t, map[string]string{"s.yaml": project, "code/index.py": busyCode})
	w.s("deploy", "-y")
	daemon := localStatus(w.vars)
	if daemon == nil {
		t.Fatal("no local cloud after s deploy")
	}

	client := w.api(invocations)
	ctx := t.Context()
	var calls sync.WaitGroup
	for range invocations {
		calls.Go(func() {
			if _, err := client.invoke(ctx, "echo", []byte("busy")); err == nil {
				t.Error("an invocation succeeded whose daemon was killed")
			}
		})
	}
	family := awaitSleepers(t, daemon.PID, invocations)

	victim, err := os.FindProcess(daemon.PID)
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Kill(); err != nil {
		t.Fatal(err)
	}
	calls.Wait()
	awaitGone(t, family)
	if err := awaitNone(w.work); err != nil {
		t.Error(err)
	}

	if got := w.s("invoke", "--remote", "-e", "quick"); strings.TrimSpace(got) != "quick" {
		t.Errorf("after the kill: %q", got)
	}
	if after := localStatus(w.vars); after == nil || after.PID == daemon.PID || after.AccountID != daemon.AccountID {
		t.Errorf("before %+v, after %+v", daemon, after)
	}
}

// awaitSleepers waits until n detached programs run below the daemon and gives
// everything that runs below it.
func awaitSleepers(t *testing.T, daemon, n int) map[int]string {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		family := descendants(daemon)
		sleepers := 0
		for pid := range family {
			line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
			if strings.HasPrefix(string(line), "sleep\x00") {
				sleepers++
			}
		}
		if sleepers >= n {
			return family
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d functions run", sleepers, n)
		}
	}
}

// awaitGone waits until none of these processes is alive.
func awaitGone(t *testing.T, family map[int]string) {
	t.Helper()
	for deadline := time.Now().Add(settle); ; time.Sleep(20 * time.Millisecond) {
		var left []string
		for pid, started := range family {
			if now, _, ok := identity(pid); ok && now == started {
				line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
				left = append(left, fmt.Sprintf("%d %s", pid, strings.ReplaceAll(string(line), "\x00", " ")))
			}
		}
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still there after the daemon was killed: %q", left)
		}
	}
}

// descendants gives the processes below root, by number, with the time they
// were started at.
func descendants(root int) map[int]string {
	entries, _ := filepath.Glob("/proc/[0-9]*")
	parents, started := map[int]int{}, map[int]string{}
	for _, entry := range entries {
		pid, _ := strconv.Atoi(filepath.Base(entry))
		if start, parent, ok := identity(pid); ok {
			parents[pid], started[pid] = parent, start
		}
	}
	family := map[int]string{}
	for pid := range parents {
		for up := parents[pid]; up > 1; up = parents[up] {
			if up == root {
				family[pid] = started[pid]
				break
			}
		}
	}
	return family
}

// identity gives when a process was started and its parent; ok is false if it
// is dead.
func identity(pid int) (started string, parent int, ok bool) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", 0, false
	}
	// After the name, in parentheses: state, parent, ...; the start is the 22nd
	// field of all.
	_, rest, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')'):]), " ")
	fields := strings.Fields(rest)
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return "", 0, false
	}
	parent, err = strconv.Atoi(fields[1])
	return fields[19], parent, err == nil
}
