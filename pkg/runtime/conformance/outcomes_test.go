package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// cell is what came out for one clause in one language.
type cell struct {
	runs   int
	failed bool
	reason string // why it can't apply
}

// report collects the cells of the table.
type report struct {
	mu    sync.Mutex
	cells map[[2]string]*cell
}

var outcomes = &report{cells: map[[2]string]*cell{}}

func (r *report) at(language, clause string) *cell {
	key := [2]string{language, clause}
	if r.cells[key] == nil {
		r.cells[key] = &cell{}
	}
	return r.cells[key]
}

func (r *report) ran(language, clause string, ok, skipped bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if skipped {
		return
	}
	c := r.at(language, clause)
	c.runs++
	c.failed = c.failed || !ok
}

func (r *report) cannot(language, clause, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at(language, clause).reason = reason
}

// The part of the page that is written by the run.
const (
	pageBegin = "<!-- make conformance: begin -->"
	pageEnd   = "<!-- make conformance: end -->"
)

// page writes the table into path, or compares it with what docs/runtimes.md has.
// A cell that wasn't run here, for want of an interpreter or a right, is taken
// over.
func (r *report) page(path string) error {
	write := path != ""
	if !write {
		path = filepath.Join("..", "..", "..", "docs", "runtimes.md")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(text), pageBegin+"\n")
	was, after, ok2 := strings.Cut(rest, pageEnd)
	if !ok || !ok2 {
		return fmt.Errorf("%s: no %s", path, pageBegin)
	}
	now := r.table(cellsOf(was))
	if now == was {
		return nil
	}
	if !write {
		return fmt.Errorf("%s isn't what came out: run `make conformance` and commit the result\n%s", path, difference(was, now))
	}
	return os.WriteFile(path, []byte(before+pageBegin+"\n"+now+pageEnd+after), 0o644)
}

// cellsOf reads the cells of a table: clause and column -> text.
func cellsOf(text string) map[[2]string]string {
	cells := map[[2]string]string{}
	var columns []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "|") {
			continue
		}
		parts := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range parts {
			parts[i] = strings.TrimSpace(parts[i])
		}
		switch {
		case parts[0] == "clause":
			columns = parts
		case strings.HasPrefix(parts[0], "`"):
			for i := 2; i < len(parts) && i < len(columns); i++ {
				cells[[2]string{columns[i], strings.Trim(parts[0], "`")}] = parts[i]
			}
		}
	}
	return cells
}

// table draws all clauses and languages.
func (r *report) table(was map[[2]string]string) string {
	var b strings.Builder
	var notes []string
	columns := languages()
	part := ""
	for _, c := range clauses() {
		if c.part != part {
			part = c.part
			fmt.Fprintf(&b, "\n### %s\n\n| clause | what is promised |", part)
			for _, l := range columns {
				fmt.Fprintf(&b, " %s |", l.name)
			}
			b.WriteString("\n|---|---|" + strings.Repeat(":-:|", len(columns)) + "\n")
		}
		fmt.Fprintf(&b, "| `%s` | %s |", c.id, c.text)
		for _, l := range columns {
			text := was[[2]string{l.name, c.id}]
			if got := r.cells[[2]string{l.name, c.id}]; got != nil {
				text = got.text(&notes)
			} else if strings.HasPrefix(text, "no (") {
				text = ""
			}
			fmt.Fprintf(&b, " %s |", text)
		}
		b.WriteString("\n")
	}
	if len(notes) > 0 {
		b.WriteString("\nWhere a clause can't apply:\n\n")
	}
	for i, note := range notes {
		fmt.Fprintf(&b, "%d. %s\n", i+1, note)
	}
	return b.String()
}

// text is a cell's text; the reasons are numbered.
func (c *cell) text(notes *[]string) string {
	switch {
	case c.reason != "":
		n := slices.Index(*notes, c.reason)
		if n < 0 {
			n = len(*notes)
			*notes = append(*notes, c.reason)
		}
		return fmt.Sprintf("no (%d)", n+1)
	case c.failed:
		return "fails"
	default:
		return "yes"
	}
}

// difference shows the lines that two tables don't share.
func difference(was, now string) string {
	old, found := strings.Split(was, "\n"), strings.Split(now, "\n")
	var b strings.Builder
	for _, line := range old {
		if !slices.Contains(found, line) {
			fmt.Fprintf(&b, "- %s\n", line)
		}
	}
	for _, line := range found {
		if !slices.Contains(old, line) {
			fmt.Fprintf(&b, "+ %s\n", line)
		}
	}
	return b.String()
}
