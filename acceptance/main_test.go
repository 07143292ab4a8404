package acceptance

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// binaryEnv names a built s to test; without it one is built.
const binaryEnv = "S_ACCEPTANCE_BINARY"

// binDir holds the s under test, alone.
var binDir string

func TestMain(m *testing.M) {
	os.Exit(runMain(m))
}

func runMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "s-acceptance-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	// An ordinary user's functions must be able to run it too.
	if err := os.Chmod(dir, 0o755); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := provide(dir); err != nil {
		fmt.Fprintln(os.Stderr, "no s to test:", err)
		return 1
	}
	binDir = dir
	return m.Run()
}

// provide puts s into dir: the one that binaryEnv names, or a fresh one.
func provide(dir string) error {
	target := filepath.Join(dir, "s")
	if runtime.GOOS == "windows" {
		target += ".exe"
	}
	if given := os.Getenv(binaryEnv); given != "" {
		data, err := os.ReadFile(given)
		if err != nil {
			return err
		}
		return os.WriteFile(target, data, 0o755)
	}
	cmd := exec.Command("go", "build", "-ldflags", "-s -w -X main.version=acceptance", "-o", target, "../cmd/s")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	return cmd.Run()
}
