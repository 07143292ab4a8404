// Package toolchaintest finds interpreters and programs for tests: those of the
// machine, and those that hack/setup has installed below .tools.
package toolchaintest

import (
	"os"
	"os/exec"
	"path/filepath"

	"s/pkg/toolchain"
)

// New makes a Finder for tests.
func New(lookupEnv func(string) (string, bool)) *toolchain.Finder {
	return toolchain.New(with(installed(), lookupEnv))
}

// Podman gives the path of the podman that is on PATH, or of the one that
// hack/containers has installed; the error says that there is none.
func Podman() (string, error) {
	path, err := exec.LookPath("podman")
	if err == nil {
		return path, nil
	}
	own := filepath.Join(installed(), "podman", "usr", "bin", "podman")
	if _, missing := os.Stat(own); missing == nil && filepath.IsAbs(own) {
		return own, nil
	}
	return "", err
}

// Folders of what is installed.
const (
	nodejsDir = "nodejs" // versions of Node.js, as nodenv has them
	dotnetDir = "dotnet" // a .NET SDK
	javaDir   = "jre"    // versions of Java, as jenv has them
)

// with adds to an environment where the installed ones are.
func with(tools string, lookupEnv func(string) (string, bool)) func(string) (string, bool) {
	dirs := map[string]string{"NODENV_ROOT": nodejsDir, "DOTNET_ROOT": dotnetDir, "JENV_ROOT": javaDir}
	return func(name string) (string, bool) {
		if dir := dirs[name]; dir != "" && tools != "" {
			return filepath.Join(tools, dir), true
		}
		return lookupEnv(name)
	}
}

// installed is the folder .tools below the one with go.mod, in which or below
// which the test runs; empty if there is none.
func installed() string {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, ".tools")
		}
		if filepath.Dir(dir) == dir {
			break
		}
		dir = filepath.Dir(dir)
	}
	return ""
}
