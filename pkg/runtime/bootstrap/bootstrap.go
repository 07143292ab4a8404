// Package bootstrap holds the language bootstraps: the programs that run inside
// an instance of a managed runtime, ask the Runtime API for invocations and call
// the user's handler. Each is written in its own language, has a folder of its
// own here and is embedded. A language is one row: its file here, named after
// it, says what is installed and how it is started.
package bootstrap

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"s/pkg/atomicfile"
)

// Start is what a bootstrap needs to know of the instance that it is to run in.
// All paths are those that the inside sees.
type Start struct {
	Program  string  // the interpreter; empty if the language needs none
	Version  string  // of the interpreter, as it says itself; empty without
	Dir      string  // where the bootstrap's files are
	Code     string  // the function's code: /code
	Layers   string  // the merged layers: /opt
	Handler  string  // of the function
	MemoryMB int     // the limit of the instance
	CPU      float64 // vCPUs of the function; 0 if it doesn't say
}

// Bootstrap is the program of one language.
type Bootstrap struct {
	// Language is how toolchain.Finder knows the interpreter to run it; empty if
	// the function's code is a program of its own.
	Language string
	// Dir is its folder's name below /var/fc/runtime: python3.
	Dir string
	// Files are what the folder holds, rooted there.
	Files fs.FS
	// Command is the command line that starts it.
	Command func(Start) []string
	// Wrapped says that a function may have its variable BOOTSTRAP_WRAPPER put
	// before the command line, as FC's start scripts of the language do.
	Wrapped bool
	// Env are variables that the language has in all functions, which the
	// function's own may replace; may be nil.
	Env func(Start) map[string]string
	// Early says that the bootstrap can be started without a function and be given
	// one later (SpareVariable), unless the function sets variables that the
	// interpreter reads when it starts: those that begin with one of these. Nil
	// is a bootstrap that can't wait.
	Early []string
	// Check says why the function's code, in that folder of the host, can't be
	// started at all; may be nil.
	Check func(code string, s Start) error
}

// SpareVariable in the environment of a bootstrap makes it a spare: before anything
// that depends on the function, it asks the Runtime API (GET function/<value>) for
// the whole environment, NAME=value separated by zero bytes, takes that instead of
// its own, and goes to the folder of the code.
const SpareVariable = "_FC_SPARE"

// UnsupportedError is a language without a bootstrap.
type UnsupportedError struct{ Language string }

// Error names the language.
func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("managed runtimes of %s can't run locally yet", e.Language)
}

// For gives the bootstrap of a runtime's language and version (fc.Runtime), or
// an *UnsupportedError.
func For(language, version string) (Bootstrap, error) {
	switch language {
	case "nodejs":
		return node(version), nil
	case "python":
		if version == "2.7" {
			return python2(), nil
		}
		return python3(), nil
	case "go":
		return golang(), nil
	case "php":
		return php(), nil
	case "java":
		return java(), nil
	case "dotnet":
		return dotnet(), nil
	}
	return Bootstrap{}, &UnsupportedError{Language: language}
}

// below is the part of an embedded file system in a folder.
func below(files fs.FS, dir string) fs.FS {
	sub, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // only of a path that isn't one
	}
	return sub
}

// Install writes the bootstrap below root, if it isn't there as it should be,
// and returns its folder, which is what instances mount. Several processes may
// do that at once.
func (b Bootstrap) Install(root string) (string, error) {
	dir := filepath.Join(root, b.Dir)
	return dir, fs.WalkDir(b.Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(dir, filepath.FromSlash(name))
		if d.IsDir() {
			// Instances run as any user: folders and files are readable for all.
			return os.MkdirAll(target, 0o755)
		}
		source, err := fs.ReadFile(b.Files, name)
		if err != nil {
			return err
		}
		if there, err := os.ReadFile(target); err == nil && bytes.Equal(there, source) {
			return nil
		}
		return atomicfile.Write(target, source, atomicfile.Options{Mode: 0o644})
	})
}

// in gives the path of a bootstrap's file inside the instance.
func (s Start) in(name string) string { return path.Join(s.Dir, name) }
