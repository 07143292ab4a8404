package diag

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"
)

// RenderOptions says where source lines come from and how to paint. Every field
// may be left out.
type RenderOptions struct {
	// Source reads a file that a Range names, to show the line. Without it, or
	// if it fails, only the place is shown.
	Source func(file string) ([]byte, error)
	// Error, Warning, Place and Strong paint the words "error" and "warning",
	// the gutter with the place, and the summary.
	Error, Warning, Place, Strong func(string) string
	// Label translates the words error, warning, note and hint.
	Label func(word string) string
	// Translate gives the format of a summary in the user's language; the text
	// itself where there is none.
	Translate func(format string) string
}

// Layout of the source excerpt.
const (
	gutter   = 5   // columns of the line number
	tabStop  = 4   // a tab in a source line fills up to a multiple of it
	maxShown = 160 // columns of a source line; longer ones are cut around the mark
)

// Render shows the findings to a person, in the order given, a blank line
// between them:
//
//	error[FC-SPEC-012]: unknown key "memorysize" in function props
//	  --> s.yaml:14:7
//	   14 |       memorysize: 512
//	      |       ^~~~~~~~~~
//	hint: did you mean "memorySize"?
func Render(w io.Writer, ds Diagnostics, opts RenderOptions) error {
	r := renderer{opts: opts, sources: map[string][]string{}}
	for i, d := range ds {
		if i > 0 {
			r.out.WriteByte('\n')
		}
		r.one(d)
	}
	_, err := w.Write(r.out.Bytes())
	return err
}

// Report is the data form of findings, for JSON.
type Report struct {
	Diagnostics Diagnostics `json:"diagnostics"`
	Errors      int         `json:"errors"`
	Warnings    int         `json:"warnings"`
}

// NewReport counts the findings. The list is empty, not null, without any.
func NewReport(ds Diagnostics) Report {
	if ds == nil {
		ds = Diagnostics{}
	}
	return Report{Diagnostics: ds, Errors: ds.Count(Error), Warnings: ds.Count(Warning)}
}

// Count says how many findings are of a severity.
func (ds Diagnostics) Count(s Severity) int {
	n := 0
	for _, d := range ds {
		if d.Severity == s {
			n++
		}
	}
	return n
}

// MarshalText makes a severity "error" or "warning" in JSON.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (s *Severity) UnmarshalText(text []byte) error {
	switch string(text) {
	case "error":
		*s = Error
	case "warning":
		*s = Warning
	default:
		return fmt.Errorf("unknown severity %q", text)
	}
	return nil
}

type renderer struct {
	opts    RenderOptions
	out     bytes.Buffer
	sources map[string][]string
}

func paint(f func(string) string, text string) string {
	if f == nil {
		return text
	}
	return f(text)
}

func (r *renderer) one(d Diagnostic) {
	color := r.opts.Error
	if d.Severity == Warning {
		color = r.opts.Warning
	}
	head := paint(r.opts.Label, d.Severity.String())
	if d.Code != "" {
		head += "[" + d.Code + "]"
	}
	fmt.Fprintf(&r.out, "%s: %s\n", paint(color, head), paint(r.opts.Strong, clean(d.summary(r.opts.Translate))))
	if place := d.Range.String(); place != "" {
		fmt.Fprintf(&r.out, "%s%s\n", paint(r.opts.Place, "  --> "), clean(place))
	}
	if line, ok := r.line(d.Range); ok {
		r.excerpt(line, d.Range, color)
	}
	r.labelled("note", d.Detail)
	r.labelled("hint", d.Hint)
}

// labelled writes a note or hint; further lines of it are indented.
func (r *renderer) labelled(label, text string) {
	if text == "" {
		return
	}
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, line := range lines {
		lines[i] = clean(line)
	}
	indent := "\n" + strings.Repeat(" ", len(label)+2)
	fmt.Fprintf(&r.out, "%s: %s\n", paint(r.opts.Strong, paint(r.opts.Label, label)), strings.Join(lines, indent))
}

func (r *renderer) excerpt(line string, rng Range, color func(string) string) {
	text, from, to := layout(line, rng)
	number := fmt.Sprintf("%*d", gutter, rng.Start.Line)
	blank := strings.Repeat(" ", len(number))
	fmt.Fprintf(&r.out, "%s %s\n", paint(r.opts.Place, number+" |"), strings.TrimRight(text, " "))
	mark := "^" + strings.Repeat("~", max(0, to-from-1))
	fmt.Fprintf(&r.out, "%s %s%s\n", paint(r.opts.Place, blank+" |"), strings.Repeat(" ", from), paint(color, mark))
}

// layout expands a source line for the terminal and gives the columns that the
// range covers in it.
func layout(line string, rng Range) (text string, from, to int) {
	runes := []rune(line)
	end := rng.End.Column
	if rng.End.Line > rng.Start.Line {
		end = len(runes) + 1
	}
	var b strings.Builder
	width := 0
	from, to = -1, -1
	for i, c := range runes {
		if i == rng.Start.Column-1 {
			from = width
		}
		if i == end-1 {
			to = width
		}
		cell := string(c)
		switch {
		case c == '\t':
			cell = strings.Repeat(" ", tabStop-width%tabStop)
		case !unicode.IsPrint(c):
			cell = "?"
		}
		b.WriteString(cell)
		width += runewidth.StringWidth(cell)
	}
	if from < 0 {
		from = width
	}
	if to < 0 {
		to = width
	}
	return crop(b.String(), from, max(from+1, to))
}

// crop cuts a long line so that the mark can be seen.
func crop(text string, from, to int) (string, int, int) {
	if runewidth.StringWidth(text) <= maxShown {
		return text, from, to
	}
	start := max(0, from-maxShown/3)
	if start > 0 {
		cut := runewidth.TruncateLeft(text, start+3, "...")
		text, from, to = cut, from-start, to-start
	}
	text = runewidth.Truncate(text, maxShown, "...")
	return text, from, min(to, maxShown)
}

func (r *renderer) line(rng Range) (string, bool) {
	if r.opts.Source == nil || rng.Start.Line == 0 {
		return "", false
	}
	lines, ok := r.sources[rng.File]
	if !ok {
		if data, err := r.opts.Source(rng.File); err == nil {
			lines = Lines(strings.ToValidUTF8(string(data), "?"))
		}
		r.sources[rng.File] = lines
	}
	if rng.Start.Line > len(lines) {
		return "", false
	}
	return lines[rng.Start.Line-1], true
}

// Lines splits a text as positions count: at every line break that YAML knows.
// A byte order mark doesn't count.
func Lines(text string) []string {
	breaks := strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")
	return strings.Split(breaks.Replace(strings.TrimPrefix(text, "\ufeff")), "\n")
}

// clean keeps control characters of a user's file away from the terminal.
func clean(text string) string {
	return strings.Map(func(c rune) rune {
		if c == '\t' || unicode.IsPrint(c) {
			return c
		}
		return '?'
	}, text)
}
