package iostreams

// The colours in use: the eight basic ones, readable on light and dark.
const (
	reset   = "\x1b[0m"
	bold    = "\x1b[1m"
	dim     = "\x1b[2m"
	red     = "\x1b[31m"
	green   = "\x1b[32m"
	yellow  = "\x1b[33m"
	magenta = "\x1b[35m"
	cyan    = "\x1b[36m"
)

func (s *IOStreams) paint(code, text string) string {
	if !s.color || text == "" {
		return text
	}
	return code + text + reset
}

// Bold renders text in bold where colour is on; so do the others in theirs.
func (s *IOStreams) Bold(text string) string { return s.paint(bold, text) }

// Dim renders text faint.
func (s *IOStreams) Dim(text string) string { return s.paint(dim, text) }

// Red renders text in red: errors and removals.
func (s *IOStreams) Red(text string) string { return s.paint(red, text) }

// Green renders text in green: success and additions.
func (s *IOStreams) Green(text string) string { return s.paint(green, text) }

// Yellow renders text in yellow: warnings and changes.
func (s *IOStreams) Yellow(text string) string { return s.paint(yellow, text) }

// Cyan renders text in cyan: names and addresses.
func (s *IOStreams) Cyan(text string) string { return s.paint(cyan, text) }

// Magenta renders text in magenta: frames around a function's output.
func (s *IOStreams) Magenta(text string) string { return s.paint(magenta, text) }
