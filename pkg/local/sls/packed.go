package sls

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"s/pkg/local/logfiles"
)

// A line that was put has fields of its own. They are kept as its message: first the
// lengths of all names and values, in bytes, then these, each on a line, so that their
// words are found. It is known by having no function, which every other line has.

func isPut(l *logfiles.Line) bool { return l.Function == "" }

// packFields makes a message of fields.
func packFields(fields map[string]string) string {
	var lengths, texts strings.Builder
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		for _, text := range []string{name, fields[name]} {
			if lengths.Len() > 0 {
				lengths.WriteByte(',')
			}
			lengths.WriteString(strconv.Itoa(len(text)))
			texts.WriteByte('\n')
			texts.WriteString(text)
		}
	}
	return lengths.String() + texts.String()
}

// appendPacked adds the fields of a message to others. What isn't packed as it should
// be ends them.
func appendPacked(to []field, message string) []field {
	lengths, texts, _ := strings.Cut(message, "\n")
	var name string
	isName := true
	for text := range strings.SplitSeq(lengths, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > len(texts) {
			return to
		}
		piece := texts[:n]
		texts = strings.TrimPrefix(texts[n:], "\n")
		if isName {
			name = piece
		} else {
			to = append(to, field{name, piece})
		}
		isName = !isName
	}
	return to
}
