package cmdutil

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/mattn/go-runewidth"

	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/iostreams"
)

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
	Hint  string // a command that helps, or lines that say what does, or empty
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

// CodeOf is the exit code that an error stands for.
func CodeOf(err error) int {
	var known *Error
	var diags diag.Diagnostics
	var api *fc.APIError
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &known):
		return known.Code
	case errors.As(err, &diags):
		return ExitSpec
	case errors.As(err, &api):
		return ExitCloud
	}
	return ExitFailed
}

// Worst gives the error with the highest exit code, the first of several; nil if
// there is none.
func Worst(errs ...error) error {
	var worst error
	for _, err := range errs {
		if CodeOf(err) > CodeOf(worst) {
			worst = err
		}
	}
	return worst
}

// ShowError shows an error on stderr: findings with the lines they are about, and
// the hint. The text goes through redact, which may be nil.
func ShowError(io *iostreams.IOStreams, err error, redact func(string) string) {
	if redact == nil {
		redact = func(text string) string { return text }
	}
	var diags diag.Diagnostics
	if errors.As(err, &diags) {
		_ = diag.Render(io.Loud(), diags, RenderOptions(io)) // nowhere left to complain
	} else {
		fmt.Fprintln(io.Loud(), io.Red(io.T("error:"))+" "+redact(diag.In(err, io.Text)))
	}
	var known *Error
	if errors.As(err, &known) && known.Hint != "" {
		label := io.T("hint:")
		indent, hint := runewidth.StringWidth(label)+1, redact(diag.Message(known.Hint).In(io.Text))
		if io.IsStderrTTY() {
			hint = wrapped(hint, io.Width()-indent-1)
		}
		fmt.Fprintln(io.Loud(), io.Cyan(label)+" "+strings.ReplaceAll(hint, "\n", "\n"+strings.Repeat(" ", indent)))
	}
}

// wrapped breaks lines that are wider than so many columns between words.
func wrapped(text string, width int) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		used := 0
		for i, word := range strings.Split(line, " ") {
			n := runewidth.StringWidth(strings.TrimSuffix(word, "\n"))
			switch {
			case i == 0:
			case used+1+n > width:
				out.WriteByte('\n')
				used = 0
			default:
				out.WriteByte(' ')
				used++
			}
			out.WriteString(word)
			used += n
		}
	}
	return out.String()
}

// RenderOptions paints findings as the terminal can.
func RenderOptions(io *iostreams.IOStreams) diag.RenderOptions {
	return diag.RenderOptions{
		Source: os.ReadFile, Error: io.Red, Warning: io.Yellow, Place: io.Cyan, Strong: io.Bold,
		Label: func(word string) string { return io.T(word) }, Translate: io.Text,
	}
}
