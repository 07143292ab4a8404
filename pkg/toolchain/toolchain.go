// Package toolchain finds the interpreters and compilers of this machine that
// can stand in for those of a Function Compute runtime: on PATH, in pyenv-,
// nvm- and asdf-style folders and in the system's own places. It imports
// nothing of ours.
package toolchain

import (
	"fmt"
	"strings"
)

// Python is the language name of Python interpreters.
const Python = "python"

// Node is the language name of Node.js.
const Node = "nodejs"

// Interpreter is a program that runs a language.
type Interpreter struct {
	Language string // python, nodejs
	Version  string // as it says itself: 3.10.13
	Path     string // absolute, symbolic links resolved: .../bin/python3.10
	Prefix   string // its installation's root: the folder above bin
	// Exact is false if a newer version stands in for the one asked for.
	Exact bool
	// Wanted is the version asked for, as far as it counts: 3.10, or 18 for
	// Node.js.
	Wanted string
}

// Minor is the version without its patch level: 3.10 for 3.10.13.
func (i Interpreter) Minor() string {
	v, ok := parseVersion(i.Version)
	if !ok {
		return i.Version
	}
	return v.minorString()
}

// NotFoundError says what was looked for and where.
type NotFoundError struct {
	Language string
	Wanted   string
	Looked   []string // folders and patterns, in order
	Found    []string // versions that were there but don't do
	// Broken are programs that had a fitting name and didn't run, each with the
	// reason.
	Broken []string
}

// Error names the version, the places that were searched and what is there
// instead.
func (e *NotFoundError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "no %s", e.Language)
	if e.Wanted != "" {
		fmt.Fprintf(&b, " %s or newer", e.Wanted)
	}
	b.WriteString(" on this machine")
	if len(e.Found) > 0 {
		fmt.Fprintf(&b, "; found only %s", strings.Join(e.Found, ", "))
	}
	if len(e.Broken) > 0 {
		fmt.Fprintf(&b, "; unusable: %s", strings.Join(e.Broken, ", "))
	}
	if len(e.Looked) > 0 {
		fmt.Fprintf(&b, "; looked in %s", strings.Join(e.Looked, ", "))
	}
	return b.String()
}

// UnknownLanguageError is a language that no search exists for.
type UnknownLanguageError struct{ Language string }

// Error names the language.
func (e *UnknownLanguageError) Error() string {
	return fmt.Sprintf("no way known to find an interpreter for %q", e.Language)
}
