package diag

import (
	"fmt"
	"slices"
	"strings"
)

// Nearest gives the candidates that word is likeliest a misspelling of: those at
// the smallest distance, if that is small enough, at most three. Case doesn't
// count as a difference.
func Nearest(word string, candidates []string) []string {
	type hit struct {
		name     string
		distance int
	}
	folded := []rune(strings.ToLower(word))
	if len(folded) == 0 || len(folded) > maxWord {
		return nil
	}
	limit := min(max(1, (len(folded)+1)/3), len(folded)-1)
	var hits []hit
	for _, c := range candidates {
		other := []rune(strings.ToLower(c))
		if c == "" || c == word || len(other)-len(folded) > limit || len(folded)-len(other) > limit {
			continue
		}
		if d := distance(folded, other); d <= limit {
			hits = append(hits, hit{c, d})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int {
		if a.distance != b.distance {
			return a.distance - b.distance
		}
		return strings.Compare(a.name, b.name)
	})
	var names []string
	for _, h := range hits {
		if h.distance == hits[0].distance && !slices.Contains(names, h.name) && len(names) < 3 {
			names = append(names, h.name)
		}
	}
	return names
}

// maxWord keeps the comparison of absurdly long words from costing anything.
const maxWord = 200

// distance counts insertions, deletions, replacements and swaps of neighbours
// between a and b (optimal string alignment).
func distance(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(row[j-1]+1, last[j]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// fewEnough is how many candidates a hint may list when none is near.
const fewEnough = 12

// DidYouMean words a hint from the nearest candidates; without any near one it
// lists them all if they are few, and is empty otherwise.
func DidYouMean(word string, candidates []string) string {
	near := Nearest(word, candidates)
	switch {
	case len(near) > 0:
		quoted := make([]string, len(near))
		for i, n := range near {
			quoted[i] = fmt.Sprintf("%q", n)
		}
		return "did you mean " + strings.Join(quoted, " or ") + "?"
	case len(candidates) > 0 && len(candidates) <= fewEnough:
		return "known here: " + strings.Join(candidates, ", ")
	}
	return ""
}
