package cmdutil

import "s/pkg/iostreams"

// ForPeople tells whether nobody but people reads what is printed in a format.
func ForPeople(format string) bool { return format == OutputDefault || format == OutputTable }

// PrintList prints a list, or what is around one. People are told in words that there
// is nothing in it. columns are those of a table.
func PrintList(io *iostreams.IOStreams, format string, doc any, n int, none string, columns ...string) error {
	if n == 0 && ForPeople(format) {
		io.Errf("%s", none)
		return nil
	}
	if format == OutputTable {
		return PrintTable(io.Out, doc, columns...)
	}
	return Print(io.Out, format, doc)
}
