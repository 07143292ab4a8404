package build

import (
	"errors"
	"slices"
	"strings"

	"s/pkg/diag"
	"s/pkg/toolchain"
)

// BuildError is a tool that failed.
type BuildError struct {
	Name string   // of the resource
	Tool string   // what was run: pip install
	Tail []string // the last lines of its output
	// Said is the line of the output that tells the reason, if the builder knows
	// which it is.
	Said string
	Log  string // path of the file with all of it; empty if there is none
	Err  error
}

// Error names the resource and the tool, and quotes the line that tells the
// reason, else the tool's last error line.
func (e *BuildError) Error() string {
	return e.Wording().Error()
}

// Wording is the same in words that can be translated.
func (e *BuildError) Wording() error {
	text := diag.Errorf("build %s: %s: %w", e.Name, e.Tool, e.Err)
	if e.Said != "" {
		return diag.Errorf("%w: %s", text, e.Said)
	}
	for _, line := range slices.Backward(e.Tail) {
		for _, mark := range []string{"ERROR:", "error:", "[ERROR]", "npm error"} {
			if said, ok := strings.CutPrefix(line, mark); ok && strings.TrimSpace(said) != "" {
				return diag.Errorf("%w: %s", text, strings.TrimSpace(said))
			}
		}
	}
	return text
}

// Unwrap gives what the tool ended with.
func (e *BuildError) Unwrap() error { return e.Err }

// UnknownRuntimeError is a runtime that isn't in the table.
type UnknownRuntimeError struct{ Runtime string }

// Error names the runtime.
func (e *UnknownRuntimeError) Error() string { return e.Wording().Error() }

// Wording is the same in words that can be translated.
func (e *UnknownRuntimeError) Wording() error { return diag.Errorf("unknown runtime %q", e.Runtime) }

// HelpError is a build that can't be done, with what the user can do.
type HelpError struct {
	Err error
	// Help is a command, or a sentence.
	Help diag.Message
}

// Error is that of the cause.
func (e *HelpError) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *HelpError) Unwrap() error { return e.Err }

// NotFound is the error of looking for an interpreter, in words that can be
// translated. Any other error stays what it is.
func NotFound(err error) error {
	var missing *toolchain.NotFoundError
	if errors.As(err, &missing) {
		return &notFound{missing}
	}
	return err
}

type notFound struct{ *toolchain.NotFoundError }

// Unwrap gives the error as it was.
func (e *notFound) Unwrap() error { return e.NotFoundError }

// Wording is the same in words that can be translated.
func (e *notFound) Wording() error {
	text := diag.Errorf("no %s on this machine", e.Language)
	if e.Wanted != "" {
		text = diag.Errorf("no %s %s or newer on this machine", e.Language, e.Wanted)
	}
	if len(e.Found) > 0 {
		text = diag.Errorf("%w; found only %s", text, strings.Join(e.Found, ", "))
	}
	if len(e.Broken) > 0 {
		text = diag.Errorf("%w; unusable: %s", text, strings.Join(e.Broken, ", "))
	}
	if len(e.Looked) > 0 {
		text = diag.Errorf("%w; looked in %s", text, strings.Join(e.Looked, ", "))
	}
	return text
}
