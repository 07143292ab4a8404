package spec

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

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
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, errFolder), errors.Is(err, syscall.ENOTDIR): // code may be a .zip
		return
	case err != nil:
		d := problem(CodeRead, diag.Range{File: path}, "the file can't be read: %v", err)
		d.Severity = diag.Warning
		l.add(d)
		return
	}
	lines := diag.Lines(string(data))
	shown := slices.Clone(lines)
	var values gotenv.Env
	for range maxBadLines {
		values, err = gotenv.StrictParse(strings.NewReader(strings.Join(lines, "\n")))
		if err == nil {
			break
		}
		// The library's message quotes the line, which may hold a secret.
		bad := badDotEnvLine(lines, err)
		d := problem(CodeSyntax, wholeLine(path, shown, bad), "this line sets no variable")
		d.Severity = diag.Warning
		d.Hint = "write NAME=value"
		if bad == 0 {
			d.Summary, d.Hint = "the file is read up to a value that doesn't end", "close the quotes"
		}
		l.add(d)
		if bad == 0 {
			break
		}
		lines[bad-1] = ""
	}
	for name, value := range values {
		if _, set := l.variables[name]; !set {
			l.variables[name] = value
		}
	}
}

// badDotEnvLine finds the line that the library's error quotes, from 1; 0 if it
// quotes none.
func badDotEnvLine(lines []string, err error) int {
	_, quoted, found := strings.Cut(err.Error(), "line `")
	if !found {
		return 0
	}
	for i, line := range lines {
		line = strings.TrimSpace(line)
		if line != "" && (strings.HasPrefix(quoted, line+"` ") || strings.HasPrefix(quoted, line+"\n")) {
			return i + 1
		}
	}
	return 0
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
