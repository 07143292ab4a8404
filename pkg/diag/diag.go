// Package diag carries what is wrong with a user's input: where it is, what it
// is and how to mend it. Packages collect Diagnostics and return all of them;
// one renderer shows them. It imports nothing of ours.
package diag

import (
	"fmt"
	"sort"
	"strings"
)

// Severity says whether a diagnostic stops the command.
type Severity int

// The severities, gravest first.
const (
	Error Severity = iota
	Warning
)

// String gives the word shown to the user.
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// Pos is a place in a file; lines and columns count from 1, columns in runes.
type Pos struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// Range is a stretch of a file, end exclusive. The zero Range means nowhere.
type Range struct {
	File  string `json:"file"`
	Start Pos    `json:"start"`
	End   Pos    `json:"end"`
}

// String gives file:line:column.
func (r Range) String() string {
	if r.Start.Line == 0 {
		return r.File
	}
	return fmt.Sprintf("%s:%d:%d", r.File, r.Start.Line, r.Start.Column)
}

// Diagnostic is one finding.
type Diagnostic struct {
	Severity Severity `json:"severity"`
	Code     string   `json:"code"`    // stable, e.g. FC-SPEC-012
	Summary  string   `json:"summary"` // lower case, no full stop
	Detail   string   `json:"detail,omitempty"`
	Hint     string   `json:"hint,omitempty"` // what to do
	Range    Range    `json:"range"`
	// Message is what Summary was made of, for other languages; it may be missing.
	Message Message `json:"-"`
}

// Diagnostics is a list of findings. It is an error if it holds one of
// severity Error; see Err.
type Diagnostics []Diagnostic

// HasErrors reports whether any finding is of severity Error.
func (ds Diagnostics) HasErrors() bool {
	for _, d := range ds {
		if d.Severity == Error {
			return true
		}
	}
	return false
}

// Err gives the diagnostics as an error, or nil if none is of severity Error.
func (ds Diagnostics) Err() error {
	if !ds.HasErrors() {
		return nil
	}
	return ds
}

// Error makes Diagnostics an error: the summaries with their places, a line
// each.
func (ds Diagnostics) Error() string {
	lines := make([]string, 0, len(ds))
	for _, d := range ds {
		lines = append(lines, fmt.Sprintf("%s: %s: %s", d.Range, d.Severity, d.Summary))
	}
	return strings.Join(lines, "\n")
}

// Sort orders by file, place, severity and code, and drops exact repetitions.
func (ds Diagnostics) Sort() Diagnostics {
	sort.SliceStable(ds, func(i, j int) bool {
		a, b := ds[i], ds[j]
		switch {
		case a.Range.File != b.Range.File:
			return a.Range.File < b.Range.File
		case a.Range.Start.Line != b.Range.Start.Line:
			return a.Range.Start.Line < b.Range.Start.Line
		case a.Range.Start.Column != b.Range.Start.Column:
			return a.Range.Start.Column < b.Range.Start.Column
		case a.Severity != b.Severity:
			return a.Severity < b.Severity
		}
		return a.Code < b.Code
	})
	kept := ds[:0]
	for i, d := range ds {
		if i == 0 || d != ds[i-1] {
			kept = append(kept, d)
		}
	}
	return kept
}
