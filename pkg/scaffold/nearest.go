package scaffold

import (
	"fmt"
	"sort"
	"strings"
)

// UnknownTemplateError says that no template has this name.
type UnknownTemplateError struct {
	Name    string
	Nearest []string // names that may have been meant, best first; may be empty
	Known   []string // all names
}

// Error names the template that isn't there.
func (e *UnknownTemplateError) Error() string { return fmt.Sprintf("unknown template %q", e.Name) }

// mostNearest is how many names are suggested at most.
const mostNearest = 3

// nearest gives the names most like name, best first: those that contain it or
// that a few edits turn into it.
func nearest(name string, names []string) []string {
	type candidate struct {
		name  string
		edits int
	}
	wanted := strings.ToLower(name)
	if wanted == "" {
		return nil
	}
	var close []candidate
	for _, n := range names {
		known := strings.ToLower(n)
		edits := distance(wanted, known)
		if edits <= 1+len(wanted)/3 || (len(wanted) > 2 && strings.Contains(known, wanted)) {
			close = append(close, candidate{n, edits})
		}
	}
	sort.SliceStable(close, func(i, j int) bool { return close[i].edits < close[j].edits })
	var best []string
	for _, c := range close[:min(len(close), mostNearest)] {
		best = append(best, c.name)
	}
	return best
}

// distance is the number of insertions, deletions and replacements that turn a
// into b (Levenshtein), with one row of the table at a time.
func distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i, r := range from {
		diagonal := row[0]
		row[0] = i + 1
		for j, q := range to {
			replaced := diagonal
			if r != q {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(to)]
}
