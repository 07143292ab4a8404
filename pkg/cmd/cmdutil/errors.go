package cmdutil

import "errors"

// Exit codes of s.
const (
	ExitOK          = 0
	ExitFailed      = 1
	ExitUsage       = 2
	ExitSpec        = 3 // s.yaml is invalid
	ExitCredentials = 4
	ExitCloud       = 5 // the cloud refused
	ExitFunction    = 6 // the function failed
	ExitInterrupted = 130
)

// Error is an error that knows its exit code and what the user can do.
type Error struct {
	Err   error
	Code  int    // one of the Exit constants
	Hint  string // a command that helps, or empty
	Quiet bool   // already shown: exit only
}

// Error gives the text of the wrapped error.
func (e *Error) Error() string {
	if e.Err == nil {
		return "failed"
	}
	return e.Err.Error()
}

// Unwrap gives the wrapped error.
func (e *Error) Unwrap() error { return e.Err }

// WithCode attaches an exit code.
func WithCode(code int, err error) error { return &Error{Err: err, Code: code} }

// WithHint attaches an exit code and a command that helps.
func WithHint(code int, err error, hint string) error {
	return &Error{Err: err, Code: code, Hint: hint}
}

// Quiet is an error whose text the user has seen already.
func Quiet(code int) error { return &Error{Err: errors.New("failed"), Code: code, Quiet: true} }

// UsageError is a wrong flag or argument.
func UsageError(err error) error { return &Error{Err: err, Code: ExitUsage} }
