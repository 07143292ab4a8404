package main

import (
	"os/exec"
	"runtime"
	"testing"
)

// TestMaxRSS: a Go program has some megabytes, and not some gigabytes: the unit is
// that of the system.
func TestMaxRSS(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "go", "version")
	if err := cmd.Run(); err != nil {
		t.Skipf("no go: %v", err)
	}
	got := maxRSS(cmd.ProcessState)
	if runtime.GOOS == "windows" {
		if got != 0 {
			t.Errorf("got %d", got)
		}
		return
	}
	if got < 1<<20 || got > 1<<30 {
		t.Errorf("%d bytes", got)
	}
}
