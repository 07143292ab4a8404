package php

import (
	"regexp"
	"strings"
	"unicode"
)

var (
	problemPattern   = regexp.MustCompile(`^\s*Problem 1$`)
	exceptionPattern = regexp.MustCompile(`^In \S+ line \d+:$`)
)

// said finds in the last lines of Composer's output what tells the reason: the
// first of the problems that the chosen packages have, or what an exception
// says, which Composer breaks into lines wherever one is full.
func said(lines []string) string {
	for i, line := range lines[:max(len(lines)-1, 0)] {
		switch {
		case problemPattern.MatchString(line):
			return strings.TrimPrefix(strings.TrimSpace(lines[i+1]), "- ")
		case exceptionPattern.MatchString(line):
			var text strings.Builder
			for _, more := range lines[i+1:] {
				rest, indented := strings.CutPrefix(more, "  ")
				if !indented {
					break
				}
				if rest != "" && unicode.IsUpper(rune(rest[0])) && text.Len() > 0 {
					text.WriteString(" ") // a line of its own
				}
				text.WriteString(rest)
			}
			return text.String()
		}
	}
	return ""
}
