// Package toolchain finds the interpreters and compilers of this machine that
// can stand in for those of a Function Compute runtime: on PATH, in pyenv-,
// nvm- and asdf-style folders and in the system's own places. It imports
// nothing of ours.
package toolchain

import "fmt"

// Interpreter is a program that runs a language.
type Interpreter struct {
	Language string // python
	Version  string // as it says itself: 3.10.13
	Path     string // absolute, symbolic links resolved: .../bin/python3.10
	Prefix   string // its installation's root: the folder above bin
	// Exact is false if a newer version stands in for the one asked for.
	Exact bool
	// Wanted is the version asked for: 3.10.
	Wanted string
}

// NotFoundError says what was looked for and where.
type NotFoundError struct {
	Language string
	Wanted   string
	Looked   []string // folders and patterns, in order
	Found    []string // versions that were there but don't do
}

// Error names the version and what is there instead.
func (e *NotFoundError) Error() string {
	return fmt.Sprintf("no %s %s or newer on this machine", e.Language, e.Wanted)
}
