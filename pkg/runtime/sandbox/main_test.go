//go:build linux

package sandbox

import (
	"os"
	"testing"

	"s/pkg/runtime/rloader"
)

func TestMain(m *testing.M) {
	if rloader.Is(os.Args) {
		os.Exit(rloader.Main())
	}
	if name := os.Getenv(programVariable); name != "" {
		os.Exit(runProgram(name, os.Args[1:]))
	}
	code := m.Run()
	removeProgramCopy()
	os.Exit(code)
}
