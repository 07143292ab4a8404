//go:build linux

package sandbox

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestUserNamespaces runs the package's tests again as an ordinary user's
// daemon does: as uid 0 of a new user namespace.
func TestUserNamespaces(t *testing.T) {
	if os.Getenv(onlyWorld) != "" {
		t.Skip("in a restarted test binary")
	}
	t.Parallel()
	if os.Geteuid() != 0 {
		if _, err := DaemonAttr(); err != nil {
			t.Skipf("not allowed here: %v", err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 4*patience)
	defer cancel()
	args := []string{"-test.v", "-test.run=^Test", "-test.parallel=2"}
	cmd := restart(ctx, true, []string{onlyWorld + "=" + ModeUserNamespaces}, args...)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if passed := strings.Count(string(out), "--- PASS: "); passed < 10 {
		t.Errorf("only %d tests were run\n%s", passed, out)
	}
	t.Log(regexp.MustCompile(`(?m)^--- .*$`).FindAllString(string(out), -1))
}
