package iostreams

import "errors"

// ErrInterrupted is returned by a Prompter when the user pressed Ctrl-C.
var ErrInterrupted = errors.New("interrupted")

// Prompter asks the user. survey stands behind it, and nowhere else.
type Prompter interface {
	// Input asks for a line; validate may refuse it.
	Input(message, help, def string, validate func(string) error) (string, error)
	// Select asks for one of options and returns its index; it can be filtered
	// by typing.
	Select(message, help string, options []string, def int) (int, error)
	// Confirm asks yes or no.
	Confirm(message string, def bool) (bool, error)
	// Password asks for a line without echo.
	Password(message string) (string, error)
}

// SetPrompter replaces the prompter; for tests.
func (s *IOStreams) SetPrompter(p Prompter) { s.prompter = p }
