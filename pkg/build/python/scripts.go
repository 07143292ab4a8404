package python

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// mendScripts makes the scripts in a folder run with the interpreter of the
// machine they are on: pip writes the path of the one it ran with. A folder
// that isn't there has no scripts.
func mendScripts(dir, python string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	program := "python3"
	if strings.HasPrefix(python, "2.") {
		program = "python2.7"
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		path := filepath.Join(dir, e.Name())
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		body, ok := afterShebang(data)
		if !ok {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		mended := append([]byte("#!/usr/bin/env "+program+"\n"), body...)
		if err := os.WriteFile(path, mended, info.Mode().Perm()); err != nil {
			return err
		}
	}
	return nil
}

// afterShebang gives what follows the line that starts Python, in either of the
// forms that pip writes: directly, or by /bin/sh where the path is long or has
// spaces. ok is false for anything else.
func afterShebang(script []byte) (body []byte, ok bool) {
	first, rest, found := bytes.Cut(script, []byte("\n"))
	if !found || !bytes.HasPrefix(first, []byte("#!")) {
		return nil, false
	}
	if bytes.HasPrefix(rest, []byte("'''exec' ")) {
		if _, after, found := bytes.Cut(rest, []byte("\n' '''\n")); found {
			return after, true
		}
		return nil, false
	}
	words := bytes.Fields(first[2:])
	return rest, len(words) > 0 && strings.Contains(filepath.Base(string(words[0])), "python")
}

// dropOrigins removes the notes of where local packages were installed from:
// paths of this machine, and of folders that are gone by now.
func dropOrigins(packages string) error {
	notes, err := filepath.Glob(filepath.Join(packages, "*.dist-info", "direct_url.json"))
	if err != nil {
		return err
	}
	for _, path := range notes {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !bytes.Contains(data, []byte(`"file:`)) {
			continue
		}
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}
