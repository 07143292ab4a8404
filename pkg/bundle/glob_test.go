package bundle

import (
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExpandBraces(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{
		"a":               "a",
		"a{b,c}d":         "abd acd",
		"{a,b}{c,d}":      "ac ad bc bd",
		"{a,{b,c}d}":      "a bd cd",
		"{,x}y":           "y xy",
		"x{1..3}":         "x1 x2 x3",
		"x{3..1}":         "x3 x2 x1",
		"x{-1..1}":        "x-1 x0 x1",
		"x{2..2}":         "x2",
		"x{a}":            "x{a}",
		"x{}":             "x{}",
		"x{a..c}":         "x{a..c}",
		"x{a,b":           "x{a,b",
		"x}a,b{":          "x}a,b{",
		`x\{a,b}`:         `x\{a,b}`,
		`x{a\,b,c}`:       `xa\,b xc`,
		"{{a,b}":          "{a {b",
		"{a}{b,c}":        "{a}b {a}c",
		"{1..2}{a,b}":     "1a 1b 2a 2b",
		"{1..99999}":      "{1..99999}",
		"{1..9999999999}": "{1..9999999999}",
	} {
		got, err := expandBraces(pattern)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %q, %v, want %s", pattern, got, err, want)
		}
	}
}

func TestMatchAndBelow(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		pattern, rel string
		full, below  bool
	}{
		{"/a/b", "a/b", true, false},
		{"/a/b", "a", false, true},
		{"/a/b", "a/b/c", false, false},
		{"/a/b", "x", false, false},
		{"/a/*/c", "a/x", false, true},
		{"/a/**", "a", false, true},
		{"/a/**", "a/b", true, true},
		{"/a/**", "a/b/c", true, true},
		{"**/a", "a", true, true},
		{"**/a", "x/y/a", true, true},
		{"**/a", "x/y", false, true},
		{"/a/**/z", "a/z", true, true},
		{"/a/**/z", "a/b/c/z", true, true},
		{"/a/**/z", "b", false, false},
		{"a/**/**/z", "a/z", true, true},
		{"**/*.py", "x/y.py", true, true},
		{"**/a/**/b/**", "a/x/b/y", true, true},
		{"/*", "a", true, false},
		{"/?", "é", true, false},
		{"/é*", "ÉCOLE", true, false},
	} {
		g, err := compileGlob(tc.pattern)
		if err != nil {
			t.Errorf("%s: %v", tc.pattern, err)
			continue
		}
		if full, below := g.match(tc.rel); full != tc.full || below != tc.below {
			t.Errorf("%s on %s: %v, %v, want %v, %v", tc.pattern, tc.rel, full, below, tc.full, tc.below)
		}
	}
}

func TestSegmentKinds(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{
		"name": "literal", "*.txt": "suffix", "*": "suffix", "a*": "re", "*.é": "re", "**x": "re", "[ab]": "re", `\*`: "re", "?": "re",
	} {
		s, err := compileSegment(pattern)
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
			continue
		}
		got := "suffix"
		if s.re != nil {
			got = "re"
		} else if s.literal != "" {
			got = "literal"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", pattern, got, want)
		}
	}
}

// slow matches as the patterns are explained to users: name by name, trying all
// that ** may stand for. It knows stars, question marks and letters.
func slow(pattern, rel []string) bool {
	switch {
	case len(pattern) == 0:
		return len(rel) == 0
	case pattern[0] == "**":
		last := len(pattern) == 1
		for skip := 0; skip <= len(rel); skip++ {
			if last && skip > 0 && skip == len(rel) || !last && slow(pattern[1:], rel[skip:]) {
				return true
			}
		}
		return false
	case len(rel) == 0:
		return false
	}
	// path.Match knows no case and its stars match dots, as ours do.
	ok, err := path.Match(strings.ToLower(pattern[0]), strings.ToLower(rel[0]))
	return err == nil && ok && slow(pattern[1:], rel[1:])
}

// FuzzGlob compares the matcher with the slow one.
func FuzzGlob(f *testing.F) {
	for _, s := range [][2]string{{"a/**/b", "a/x/b"}, {"**/*.py", "x/y.py"}, {"a*b?c/**", "aXbYc/d"}, {"**/**/a", "a"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, pattern, rel string) {
		simple := func(s, more string) bool {
			return len(s) < 60 && strings.Trim(s, "abXY./"+more) == "" && s == path.Clean(s) && s != "." && !strings.HasPrefix(s, "/") && !strings.Contains(s, "..")
		}
		if !simple(pattern, "*?") || !simple(rel, "") || strings.Count(pattern, "*") > 10 {
			t.Skip()
		}
		g, err := compileGlob(pattern)
		if err != nil {
			t.Skip()
		}
		want := slow(strings.Split(pattern, "/"), strings.Split(rel, "/"))
		if got, _ := g.match(rel); got != want {
			t.Errorf("%s on %s: %v, want %v", pattern, rel, got, want)
		}
	})
}

// FuzzExpandBraces looks for patterns that hang or lose their literal parts.
func FuzzExpandBraces(f *testing.F) {
	for _, s := range []string{"{a,b}", "{{{,}", "{1..3}", `\{{a,b\}}`, "{,{,{,{,}}}}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		out, err := expandBraces(pattern)
		if err != nil {
			return
		}
		if len(out) == 0 || len(out) > maxAlternatives {
			t.Fatalf("%q: %d patterns", pattern, len(out))
		}
		if !strings.Contains(pattern, "{") && !cmp.Equal(out, []string{pattern}) {
			t.Fatalf("%q: %q", pattern, out)
		}
	})
}
