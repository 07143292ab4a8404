package cmdutil

import (
	"strings"
	"time"

	"github.com/mattn/go-runewidth"

	"s/pkg/iostreams"
)

// Row is a line of a summary: what became of one resource.
type Row struct {
	Name string
	Text string        // in a word or two, in the user's language
	Took time.Duration // 0 isn't shown
	Why  string        // more of it; only its first line is shown

	mark string
}

// Failed is the row of a resource that failed.
func Failed(io *iostreams.IOStreams, name, why string, took time.Duration) Row {
	return Row{Name: name, Text: io.T("failed"), Took: took, Why: why, mark: io.Red("✖")}
}

// NotTried is the row of a resource that depends on one that failed.
func NotTried(io *iostreams.IOStreams, name, failed string) Row {
	return Row{Name: name, Text: io.T("not tried"), Why: io.T("%s failed", failed), mark: "-"}
}

// Summary shows what became of several resources, as a table on stderr below an
// empty line. It shows nothing for one.
func Summary(io *iostreams.IOStreams, rows []Row) {
	if len(rows) < 2 {
		return
	}
	cells := make([][]string, len(rows))
	var width [3]int
	for i, row := range rows {
		took := ""
		if row.Took > 0 {
			took = row.Took.Round(10 * time.Millisecond).String()
		}
		cells[i] = []string{row.Name, row.Text, took}
		for k, cell := range cells[i] {
			width[k] = max(width[k], runewidth.StringWidth(cell))
		}
	}
	io.Errf("")
	for i, row := range rows {
		var line strings.Builder
		for k, cell := range cells[i] {
			if width[k] > 0 {
				line.WriteString(" " + runewidth.FillRight(cell, width[k]) + " ")
			}
		}
		why, _, _ := strings.Cut(strings.TrimSpace(row.Why), "\n")
		text := strings.TrimRight(line.String()+" "+why, " ")
		if io.IsStderrTTY() {
			text = runewidth.Truncate(text, io.Width()-1, "…")
		}
		io.Errf("%s%s", row.sign(io), text)
	}
}

func (r Row) sign(io *iostreams.IOStreams) string {
	if r.mark == "" {
		return io.Green("✔")
	}
	return r.mark
}
