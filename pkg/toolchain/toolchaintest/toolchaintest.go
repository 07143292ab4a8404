// Package toolchaintest finds interpreters for tests: those of the machine, and
// those that hack/setup has installed below .tools.
package toolchaintest

import (
	"os"
	"path/filepath"

	"s/pkg/toolchain"
)

// New makes a Finder for tests.
func New(lookupEnv func(string) (string, bool)) *toolchain.Finder {
	return toolchain.New(with(installed(), lookupEnv))
}

// with adds to an environment where versions of Node.js are.
func with(nodejs string, lookupEnv func(string) (string, bool)) func(string) (string, bool) {
	return func(name string) (string, bool) {
		if name == "NODENV_ROOT" && nodejs != "" {
			return nodejs, true
		}
		return lookupEnv(name)
	}
}

// installed is the folder with versions of Node.js below the one with go.mod, in
// which or below which the test runs; empty if there is none.
func installed() string {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, ".tools", "nodejs")
		}
		if filepath.Dir(dir) == dir {
			break
		}
		dir = filepath.Dir(dir)
	}
	return ""
}
