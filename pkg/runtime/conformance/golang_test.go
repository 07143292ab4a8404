package conformance

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// goDir is what goCode made, for the end of all tests.
var goDir string

// goCode is a folder with the program that has all handlers, as main and sub/main.
// Its runtime behaves as that of Function Compute's SDK for Go.
var goCode = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "conformance-go")
	if err != nil {
		return "", err
	}
	goDir = dir
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", err
	}
	for _, program := range []string{"main", filepath.Join("sub", "main")} {
		build := exec.Command("go", "build", "-trimpath", "-o", filepath.Join(dir, program), "../instance/testdata/go")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return dir, fmt.Errorf("%w: %s", err, out)
		}
	}
	return dir, nil
})

// golang is a program that asks the Runtime API itself.
func golang() *language {
	const program = "the handler is a program: whether it can be started is said before"
	return &language{
		name: "go1", runtimes: []string{"go1"}, short: []string{"go1"},
		// The variables CLAUSE, INITIALIZER and PRE_STOP tell it what to do.
		handler:  func(string) string { return "main" },
		handlers: map[string]string{"<in a folder>": "sub/main"},
		code: func(s *subject) string {
			s.Helper()
			dir, err := goCode()
			s.ok(err)
			return dir
		},
		words: map[string]string{
			"<none>": "null", "<error>": "errorString", "<own error>": "Mine", "<file>": "clauses.go", "<deep function>": "deeper",
			"<no json>": "UnsupportedTypeError",
		},
		cannot: map[string]string{
			"load-module": program, "load-handler": program, "load-name": program, "load-syntax": program, "load-import": program,
			"load-fails": program, "load-exits": program,
			"error-recursion":    "a stack overflow ends a Go program",
			"environment-hidden": "a program's environment is left whole, since it finds the Runtime API by it",
			"layer-library":      "a program has its libraries in it",
			"log-logger":         "a program has the logger that it brings",
		},
	}
}
