package scaffold

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"s/pkg/diag"
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

// nearestTemplates gives the names that may be meant: those that name
// misspells, else those that share words with it, the most words first.
func nearestTemplates(name string, names []string) []string {
	if near := diag.Nearest(name, names); len(near) > 0 {
		return near
	}
	words := strings.FieldsFunc(strings.ToLower(name), isSeparator)
	shared := map[string]int{}
	var related []string
	for _, n := range names {
		own := strings.FieldsFunc(strings.ToLower(n), isSeparator)
		for _, word := range words {
			if slices.Contains(own, word) {
				shared[n]++
			}
		}
		if shared[n] > 0 {
			related = append(related, n)
		}
	}
	sort.SliceStable(related, func(i, j int) bool { return shared[related[i]] > shared[related[j]] })
	return related[:min(len(related), mostNearest)]
}

func isSeparator(r rune) bool { return r == '-' || r == '_' || r == ' ' || r == '/' }
