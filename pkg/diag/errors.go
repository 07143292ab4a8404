package diag

import (
	"errors"
	"fmt"
	"strings"
)

// Errorf makes an error like fmt.Errorf does. What it says can be told in another
// language, see In.
func Errorf(format string, args ...any) error {
	return &worded{fmt.Errorf(format, args...), format, args}
}

// worded is an error that knows how it was made.
type worded struct {
	error
	format string
	args   []any
}

// Unwrap gives what the format's %w stood for.
func (e *worded) Unwrap() error { return e.error }

// MessageOf is what an error says, as a message.
func MessageOf(err error) Message {
	//nolint:errorlint // its own words, not those of what it wraps
	switch e := err.(type) {
	case *worded:
		return Say(strings.ReplaceAll(e.format, "%w", "%v"), e.args...)
	case Worder:
		return MessageOf(e.Wording())
	}
	return Say("%s", err.Error())
}

// Worder is an error of a type of its own that says what another one, made by
// Errorf, says.
type Worder interface{ Wording() error }

// In gives the text of an error in another language; of one that doesn't know how
// it was made, what it wraps. translate is given formats and, of their arguments,
// what is several words.
func In(err error, translate func(string) string) string {
	//nolint:errorlint // each is asked for its own words, not for those of what it wraps
	switch e := err.(type) {
	case *worded:
		return e.in(translate)
	case Worder:
		return In(e.Wording(), translate)
	}
	text := err.Error()
	if inner := errors.Unwrap(err); inner != nil {
		if before, ok := strings.CutSuffix(text, inner.Error()); ok {
			return before + In(inner, translate)
		}
	}
	return text
}

func (e *worded) in(translate func(string) string) string {
	args := make([]any, len(e.args))
	for i, arg := range e.args {
		switch arg := arg.(type) {
		case error:
			args[i] = In(arg, translate)
		case Message:
			args[i] = arg.In(translate)
		case string:
			args[i] = arg
			if strings.Contains(arg, " ") {
				args[i] = translate(arg)
			}
		default:
			args[i] = arg
		}
	}
	return fmt.Sprintf(strings.ReplaceAll(translate(e.format), "%w", "%v"), args...)
}
