package build

import (
	"fmt"
	"slices"
	"strings"
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
	text := fmt.Sprintf("build %s: %s: %v", e.Name, e.Tool, e.Err)
	if e.Said != "" {
		return text + ": " + e.Said
	}
	for _, line := range slices.Backward(e.Tail) {
		for _, mark := range []string{"ERROR:", "error:", "[ERROR]", "npm error"} {
			if said, ok := strings.CutPrefix(line, mark); ok && strings.TrimSpace(said) != "" {
				return text + ": " + strings.TrimSpace(said)
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
func (e *UnknownRuntimeError) Error() string { return fmt.Sprintf("unknown runtime %q", e.Runtime) }

// HelpError is a build that can't be done, with what the user can do.
type HelpError struct {
	Err error
	// Help is a command, or a sentence.
	Help string
}

// Error is that of the cause.
func (e *HelpError) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *HelpError) Unwrap() error { return e.Err }
