package acceptance

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// TestInterruptedPlugin ends s with an interrupt while a plugin runs that has
// started programs of its own: s says so, and nothing of them stays.
func TestInterruptedPlugin(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("looks at processes by /proc")
	}
	t.Parallel()
	w := newWorld(t, map[string]string{
		"s.yaml": `edition: 3.0.0
name: app
access: local
resources:
  hello:
    component: fc3
    actions: {pre-build: [{plugin: ./slow.sh, allow_failure: true}]}
    props: {region: cn-hangzhou, functionName: hello, runtime: custom, code: ./code}
`,
		"code/bootstrap": "#!/bin/sh\n",
		"slow.sh":        "#!/bin/sh\n(sleep 600 & sleep 600) &\nsleep 600 &\ntouch ready\nwait\n",
	})
	if err := os.Chmod(filepath.Join(w.work, "slow.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := s(w.vars, "build")
	cmd.Dir = w.work
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(settle); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(w.work, "ready")); err == nil {
			break
		}
		if time.Now().After(deadline) {
			_ = cmd.Process.Kill()
			t.Fatalf("the plugin never ran: %s", &stderr)
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 130 {
		t.Errorf("%v: %s", err, &stderr)
	}
	if got, want := stderr.String(), "> plugin ./slow.sh\ninterrupted\n"; got != want {
		t.Errorf("stderr %q, want %q", got, want)
	}
	if err := awaitNone(w.work); err != nil {
		t.Error(err)
	}
}
