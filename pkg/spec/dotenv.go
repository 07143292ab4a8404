package spec

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/subosito/gotenv"

	"s/pkg/diag"
	"s/pkg/spec/expr"
)

// dotEnvName is the file of environment variables that is read beside s.yaml and
// beside the code.
const dotEnvName = ".env"

// maxDotEnv is the largest .env that is read, in bytes.
const maxDotEnv = 1 << 20

// maxBadLines bounds how many lines of a .env are reported.
const maxBadLines = 10

// dotEnv reads the .env files that go with the file: in the working directory,
// in the folders of the code, beside s.yaml. What is set already stays, and the
// first file that sets a variable wins.
func (l *loader) dotEnv() {
	l.variables = map[string]string{}
	dirs := []string{l.opts.Dir}
	if l.edition == Edition3 {
		for _, r := range l.root.get("resources").all() {
			code := r.value.get("props").get("code")
			if text := code.text(); text != "" && !expr.Contains(text) {
				dirs = append(dirs, l.resolvePath(text))
			}
		}
	}
	seen := map[string]bool{}
	for _, dir := range append(dirs, l.dir) {
		path := filepath.Join(dir, dotEnvName)
		abs, err := filepath.Abs(path)
		if err != nil || seen[abs] {
			continue
		}
		seen[abs] = true
		l.readDotEnv(path)
	}
}

func (l *loader) readDotEnv(path string) {
	data, err := readLimited(path, maxDotEnv)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, errFolder), isNotFolder(err):
		return
	case err != nil:
		d := problem(CodeRead, diag.Range{File: path}, "the file can't be read: %v", err)
		d.Severity = diag.Warning
		l.add(d)
		return
	}
	text := string(data)
	values, err := gotenv.StrictParse(strings.NewReader(text))
	for range maxBadLines {
		if err == nil {
			break
		}
		bad := badDotEnvLine(text)
		// The library's message quotes the line, which may hold a secret.
		d := problem(CodeSyntax, wholeLine(path, diag.Lines(string(data)), bad), "this line sets no variable")
		d.Severity = diag.Warning
		d.Hint = "write NAME=value"
		l.add(d)
		lines := diag.Lines(text)
		if bad > len(lines) {
			break
		}
		lines[bad-1] = ""
		text = strings.Join(lines, "\n")
		values, err = gotenv.StrictParse(strings.NewReader(text))
	}
	for name, value := range values {
		if _, set := l.variables[name]; !set {
			l.variables[name] = value
		}
	}
}

// isNotFolder tells that a part of the path is a file: code may be a .zip.
func isNotFolder(err error) bool {
	var pe *os.PathError
	return errors.As(err, &pe) && strings.Contains(pe.Err.Error(), "not a directory")
}

// badDotEnvLine finds the first line that a .env is wrong with.
func badDotEnvLine(text string) int {
	lines := diag.Lines(text)
	for i := range lines {
		if _, err := gotenv.StrictParse(strings.NewReader(strings.Join(lines[:i+1], "\n"))); err != nil {
			return i + 1
		}
	}
	return len(lines)
}

// lookupEnv reads a variable: the process's own come before those of .env.
func (l *loader) lookupEnv(name string) (string, bool) {
	if l.opts.LookupEnv != nil {
		if text, ok := l.opts.LookupEnv(name); ok {
			return text, true
		}
	}
	text, ok := l.variables[name]
	return text, ok
}
