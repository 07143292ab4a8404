package plugin

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Program is a plugin that was found.
type Program struct {
	Name string // as s.yaml has it
	Path string // absolute: a program, or a file or folder of JavaScript
	// Script is set for a JavaScript plugin of Serverless Devs.
	Script bool
}

// Finder says where plugins are looked for.
type Finder struct {
	Dir      string                       // absolute folder of s.yaml
	Peer     string                       // folder with the packages that Serverless Devs fetched; may be empty
	LookPath func(string) (string, error) // finds programs on PATH; exec.LookPath
}

// NotFoundError is a plugin that isn't on this machine.
type NotFoundError struct {
	Name   string
	Looked []string // where it was looked for, in that order
}

// Error names the places.
func (e *NotFoundError) Error() string {
	return fmt.Sprintf("it isn't on this machine; looked for %s", strings.Join(e.Looked, ", "))
}

// NotExecutableError is a file that can't be run.
type NotExecutableError struct{ Path string }

// Error names the file.
func (e *NotExecutableError) Error() string { return e.Path + " is not executable" }

// Find looks for a plugin: a path from the folder of s.yaml; for a name also an
// npm package in node_modules there, a package that Serverless Devs fetched, and
// a program on PATH. It fails with NotFoundError, NotExecutableError, or for a
// folder that is no JavaScript plugin.
func (f Finder) Find(name string) (Program, error) {
	var looked []string
	for _, path := range f.places(name) {
		looked = append(looked, path)
		switch info, err := os.Stat(path); {
		case err == nil && info.IsDir():
			return folder(name, path)
		case err == nil:
			return file(name, path, info)
		case !missing(err):
			return Program{}, err
		}
	}
	if isName(name) && !strings.Contains(name, "/") {
		looked = append(looked, name+" on PATH")
		if path, err := f.LookPath(name); err == nil {
			if path, err = filepath.Abs(path); err == nil {
				return Program{Name: name, Path: path}, nil
			}
		}
	}
	return Program{}, &NotFoundError{Name: name, Looked: looked}
}

// missing reports whether there is nothing at a path.
func missing(err error) bool {
	return os.IsNotExist(err) || strings.Contains(err.Error(), "not a directory")
}

// isName reports whether a plugin may be meant by its name, not its path.
func isName(name string) bool {
	return !filepath.IsAbs(name) && !strings.HasPrefix(name, ".")
}

// places are the paths where a plugin may be.
func (f Finder) places(name string) []string {
	if filepath.IsAbs(name) {
		return []string{filepath.Clean(name)}
	}
	local := filepath.FromSlash(name)
	places := []string{filepath.Join(f.Dir, local)}
	if !isName(name) {
		return places
	}
	bare := local
	if i := strings.LastIndex(bare, "@"); i > 0 {
		bare = bare[:i] // the version: npm's folders have none
	}
	places = append(places, filepath.Join(f.Dir, "node_modules", bare))
	if f.Peer != "" {
		places = append(places, filepath.Join(f.Peer, local))
	}
	return places
}

// folder checks that a folder is a package of JavaScript.
func folder(name, path string) (Program, error) {
	for _, file := range []string{"package.json", "index.js"} {
		if info, err := os.Stat(filepath.Join(path, file)); err == nil && !info.IsDir() {
			return Program{Name: name, Path: path, Script: true}, nil
		}
	}
	return Program{}, fmt.Errorf("the folder %s is no plugin: it has neither package.json nor index.js", path)
}

// file tells a program from a file of JavaScript, which is one for node unless
// it says itself, in its first line, what runs it.
func file(name, path string, info fs.FileInfo) (Program, error) {
	if !info.Mode().IsRegular() {
		return Program{}, fmt.Errorf("%s is neither a file nor a folder", path)
	}
	executable := runtime.GOOS == "windows" || info.Mode().Perm()&0o111 != 0
	if slices.Contains([]string{".js", ".cjs", ".mjs"}, filepath.Ext(path)) && (!executable || !hasInterpreter(path)) {
		return Program{Name: name, Path: path, Script: true}, nil
	}
	if !executable {
		return Program{}, &NotExecutableError{path}
	}
	return Program{Name: name, Path: path}, nil
}

// hasInterpreter reports whether a file begins with #!.
func hasInterpreter(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	begin := make([]byte, 2)
	_, err = io.ReadFull(f, begin)
	return err == nil && bytes.Equal(begin, []byte("#!"))
}
