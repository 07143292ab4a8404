// Package bootstrap holds the language bootstraps: the programs that run inside
// an instance of a managed runtime, ask the Runtime API for invocations and call
// the user's handler. Each is written in its own language and is embedded.
package bootstrap

import (
	"bytes"
	"embed"
	"fmt"
	"os"
	"path/filepath"

	"s/pkg/atomicfile"
)

//go:embed python3/bootstrap.py
var files embed.FS

// Bootstrap is the program of one language.
type Bootstrap struct {
	// Dir is its folder's name below /var/fc/runtime: python3.
	Dir string
	// File is the program's name in it: bootstrap.py.
	File string
}

// UnsupportedError is a language without a bootstrap.
type UnsupportedError struct{ Language string }

// Error names the language.
func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("managed runtimes of %s can't run locally yet", e.Language)
}

// For gives the bootstrap of a runtime's language and version (fc.Runtime), or
// an *UnsupportedError.
func For(language, version string) (Bootstrap, error) {
	if language == "python" && version != "2.7" {
		return Bootstrap{Dir: "python3", File: "bootstrap.py"}, nil
	}
	if language == "python" {
		language += " " + version
	}
	return Bootstrap{}, &UnsupportedError{Language: language}
}

// Source is the program's text.
func (b Bootstrap) Source() ([]byte, error) {
	return files.ReadFile(b.Dir + "/" + b.File)
}

// Install writes the bootstrap below root, if it isn't there as it should be,
// and returns its folder, which is what instances mount. Several processes may
// do that at once.
func (b Bootstrap) Install(root string) (string, error) {
	source, err := b.Source()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, b.Dir)
	path := filepath.Join(dir, b.File)
	if there, err := os.ReadFile(path); err == nil && bytes.Equal(there, source) {
		return dir, nil
	}
	// Instances run as any user: the folder and the file are readable for all.
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	return dir, atomicfile.Write(path, source, atomicfile.Options{Mode: 0o644})
}
