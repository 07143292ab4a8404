package conformance

import (
	"os"
	"path/filepath"

	"s/pkg/fc"
)

// custom is a custom runtime, with a server in Python.
func custom() *language {
	first := "the server is the first process, which the kernel keeps from killing itself"
	own := "what the server loads, and what it says of that, is its own affair"
	return &language{
		name:     "custom",
		runtimes: []string{"custom.debian12", "custom", "custom.debian10", "custom.debian11"},
		short:    []string{"custom.debian12"},
		handler:  func(name string) string { return name },
		code: func(s *subject) string {
			dir := s.TempDir()
			for _, file := range []string{"python3/clauses.py", "custom/server.py"} {
				text, err := os.ReadFile(filepath.Join("testdata", file))
				s.ok(err)
				s.ok(os.WriteFile(filepath.Join(dir, filepath.Base(file)), text, 0o644))
			}
			return dir
		},
		env: map[string]string{"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"},
		words: map[string]string{
			"<none>": "", "<error>": "ValueError", "<own error>": "Mine", "<file>": "clauses.py", "<deep function>": "in deeper",
			"<recursion>": "RecursionError", "<no json>": "TypeError",
		},
		change: func(fn *fc.Function) {
			fn.CustomRuntimeConfig = &fc.CustomRuntimeConfig{Command: []string{"python3"}, Args: []string{"server.py"}}
		},
		cannot: map[string]string{
			"load-module": own, "load-handler": own, "load-name": own, "load-syntax": own, "load-import": own,
			"load-fails": own, "load-exits": own, "load-folder": own, "initializer-missing": own,
			"exit-abort": first, "exit-segfault": first, "exit-kill": first,
			"error-frames":   "the trace is the server's own",
			"log-logger":     "a server has the logger that it likes",
			"concurrent-log": "a server has the logger that it likes",
			"http-error":     "a server answers with the status that it likes",
		},
	}
}
