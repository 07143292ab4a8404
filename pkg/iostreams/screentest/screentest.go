// Package screentest shows what a terminal would show: for tests of what moves
// its cursor. It knows the few control sequences that we send.
package screentest

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/mattn/go-runewidth"
)

// sequence is a control sequence of ECMA-48 at the beginning of a text.
var sequence = regexp.MustCompile(`^\x1b\[([0-9;]*)([A-Za-z])`)

// Show gives the lines that a terminal of this many columns, and as many lines as
// it takes, has after output; without spaces and empty lines at the end. A
// sequence that it doesn't know is an error.
func Show(columns int, output string) (string, error) {
	s := &screen{columns: columns, lines: []string{""}}
	for output != "" {
		if m := sequence.FindStringSubmatch(output); m != nil {
			if err := s.control(m[1], m[2]); err != nil {
				return "", err
			}
			output = output[len(m[0]):]
			continue
		}
		r := []rune(output)[0]
		s.put(r)
		output = output[len(string(r)):]
	}
	for i, line := range s.lines {
		s.lines[i] = strings.TrimRight(line, " ")
	}
	return strings.TrimRight(strings.Join(s.lines, "\n"), "\n"), nil
}

// screen has a line for each row; the cursor is before the column x of row y.
type screen struct {
	columns int
	lines   []string
	x, y    int
}

func (s *screen) control(parameter, kind string) error {
	n, err := strconv.Atoi(parameter)
	if err != nil {
		n = 0
	}
	switch kind {
	case "A":
		s.y = max(0, s.y-max(1, n))
	case "K":
		s.lines[s.y] = s.left()
	case "J":
		s.lines = append(s.lines[:s.y:s.y], s.left())
	case "m": // colour
	default:
		return fmt.Errorf("unknown control sequence %q", parameter+kind)
	}
	return nil
}

// left is what the cursor's row has before the cursor.
func (s *screen) left() string { return cut(s.lines[s.y], s.x) }

func (s *screen) put(r rune) {
	switch r {
	case '\r':
		s.x = 0
		return
	case '\n': // the terminal's driver makes it a line feed and a return
		s.x = 0
		s.down()
		return
	}
	wide := runewidth.RuneWidth(r)
	if s.x+wide > s.columns {
		s.x = 0
		s.down()
	}
	line := runewidth.FillRight(s.lines[s.y], s.x)
	rest := runewidth.TruncateLeft(line, s.x+wide, "")
	s.lines[s.y] = cut(line, s.x) + string(r) + rest
	s.x += wide
}

func (s *screen) down() {
	if s.y++; s.y == len(s.lines) {
		s.lines = append(s.lines, "")
	}
}

// cut gives the first columns of a line.
func cut(line string, columns int) string { return runewidth.Truncate(line, columns, "") }
