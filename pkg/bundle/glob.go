package bundle

import (
	"regexp"
	"strconv"
	"strings"

	"s/pkg/diag"
)

// maxSegments is what the states of a match fit in; maxAlternatives bounds what
// braces may become, maxPattern the length of a rule in bytes.
const (
	maxPattern      = 4096
	maxSegments     = 62
	maxAlternatives = 1000
	maxDepth        = 10 // of @(…) in each other
)

// glob is a compiled pattern, one segment per name of the path.
type glob struct {
	segments []segment
	// anchored patterns match the path from the ignore file's folder on, others
	// the last name of the path.
	anchored bool
}

// segment matches one name; exactly one of the fields is set.
type segment struct {
	any     bool // **: any number of names
	literal string
	suffix  string // *.ext, lower case
	re      *regexp.Regexp
}

// compileGlob compiles a pattern without braces.
func compileGlob(pattern string) (glob, error) {
	g := glob{anchored: strings.Contains(pattern, "/")}
	for part := range strings.SplitSeq(pattern, "/") {
		switch {
		case part == "" || part == ".":
		case part == "**":
			if n := len(g.segments); n == 0 || !g.segments[n-1].any {
				g.segments = append(g.segments, segment{any: true})
			}
		default:
			s, err := compileSegment(part)
			if err != nil {
				return g, err
			}
			g.segments = append(g.segments, s)
		}
	}
	if len(g.segments) > maxSegments {
		return g, diag.Errorf("deeper than %d folders", maxSegments)
	}
	return g, nil
}

func compileSegment(part string) (segment, error) {
	if !strings.ContainsAny(part, `*?[\(`) {
		return segment{literal: part}, nil
	}
	if rest := part[1:]; part[0] == '*' && !strings.ContainsAny(rest, `*?[\(`) && isASCII(rest) {
		return segment{suffix: strings.ToLower(rest)}, nil
	}
	var b strings.Builder
	b.WriteString("(?is)^")
	if err := translateAll(&b, part, 0); err != nil {
		return segment{}, err
	}
	b.WriteString("$")
	re, err := regexp.Compile(b.String())
	if err != nil {
		return segment{}, diag.Errorf("cannot be understood: %w", err)
	}
	return segment{re: re}, nil
}

// translateAll writes a pattern as a regular expression.
func translateAll(b *strings.Builder, p string, depth int) error {
	for i := 0; i < len(p); {
		if parts, n := extended(p[i:]); n > 0 {
			if p[i] == '!' || depth == maxDepth {
				return diag.Errorf("patterns such as !(a|b), or deep in others, aren't supported; write a rule with ! instead")
			}
			b.WriteString("(?:")
			for j, part := range parts {
				if j > 0 {
					b.WriteByte('|')
				}
				if err := translateAll(b, part, depth+1); err != nil {
					return err
				}
			}
			b.WriteByte(')')
			if p[i] != '@' {
				b.WriteByte(p[i])
			}
			i += n
			continue
		}
		i += translate(b, p[i:])
	}
	return nil
}

// extended finds a pattern such as @(a|b) at the start of p: its alternatives
// and its length, 0 if there is none.
func extended(p string) (parts []string, n int) {
	if len(p) < 2 || p[1] != '(' || strings.IndexByte("@+?*!", p[0]) < 0 {
		return nil, 0
	}
	depth, start := 0, 2
	for i := 1; i < len(p); i++ {
		switch p[i] {
		case '\\':
			i++
		case '(':
			depth++
		case '|':
			if depth == 1 {
				parts = append(parts, p[start:i])
				start = i + 1
			}
		case ')':
			if depth--; depth == 0 {
				return append(parts, p[start:i]), i + 1
			}
		}
	}
	return nil, 0
}

// translate writes the first element of a pattern as a regular expression and
// returns its length.
func translate(b *strings.Builder, p string) int {
	switch p[0] {
	case '*':
		b.WriteString(".*")
	case '?':
		b.WriteString(".")
	case '\\':
		if len(p) == 1 {
			b.WriteString(`\\`)
			return 1
		}
		n := runeLen(p[1:])
		b.WriteString(regexp.QuoteMeta(p[1 : 1+n]))
		return 1 + n
	case '[':
		if n := class(b, p); n > 0 {
			return n
		}
		b.WriteString(`\[`)
	default:
		n := runeLen(p)
		b.WriteString(regexp.QuoteMeta(p[:n]))
		return n
	}
	return 1
}

// class translates a character class and returns its length, 0 if it has no
// end.
func class(b *strings.Builder, p string) int {
	i := 1
	not := i < len(p) && (p[i] == '!' || p[i] == '^')
	if not {
		i++
	}
	var set strings.Builder
	for first := true; ; first = false {
		if i >= len(p) {
			return 0
		}
		switch c := p[i]; {
		case c == ']' && !first:
			b.WriteString("[")
			if not {
				b.WriteString("^")
			}
			b.WriteString(set.String() + "]")
			return i + 1
		case c == '[' && strings.HasPrefix(p[i:], "[:") && strings.Contains(p[i:], ":]"):
			n := strings.Index(p[i:], ":]") + 2
			set.WriteString(p[i : i+n])
			i += n
			continue
		case c == '\\' && i+1 < len(p):
			i++
			fallthrough
		default:
			if strings.IndexByte(`[]\^&~`, p[i]) >= 0 {
				set.WriteByte('\\')
			}
			set.WriteByte(p[i])
			i++
		}
	}
}

// match reports whether the path matches the whole pattern, and whether
// something below it could. It takes time in proportion to pattern and path.
func (g *glob) match(rel string) (full, below bool) {
	states := g.skip(1)
	for rel != "" {
		name, rest, _ := strings.Cut(rel, "/")
		rel = rest
		var next uint64
		for i := range g.segments {
			if states&(1<<i) == 0 {
				continue
			}
			if g.segments[i].any {
				next |= 1 << i
				if i == len(g.segments)-1 {
					next |= 1 << len(g.segments)
				}
			} else if g.segments[i].match(name) {
				next |= 1 << (i + 1)
			}
		}
		states = g.skip(next)
		if states == 0 {
			return false, false
		}
	}
	end := uint64(1) << len(g.segments)
	return states&end != 0, states&(end-1) != 0
}

// takesAll reports whether the pattern is a/** and the path its folder a.
func (g *glob) takesAll(rel string) bool {
	n := len(g.segments)
	if !g.anchored || n < 2 || !g.segments[n-1].any {
		return false
	}
	folder := glob{segments: g.segments[:n-1], anchored: true}
	full, _ := folder.match(rel)
	return full
}

// skip adds the states that are reached by ** standing for nothing. At the end
// of a pattern it stands for at least one name: a/** is what is in a.
func (g *glob) skip(states uint64) uint64 {
	for i := range len(g.segments) - 1 {
		if g.segments[i].any && states&(1<<i) != 0 {
			states |= 1 << (i + 1)
		}
	}
	return states
}

func (s *segment) match(name string) bool {
	switch {
	case s.re != nil:
		return s.re.MatchString(name)
	case s.literal != "":
		return strings.EqualFold(name, s.literal)
	default:
		return len(name) >= len(s.suffix) && strings.EqualFold(name[len(name)-len(s.suffix):], s.suffix)
	}
}

// expandBraces writes a{b,c}d as abd and acd, {1..3} as 1, 2, 3.
func expandBraces(p string) ([]string, error) {
	if len(p) > maxPattern {
		return nil, diag.Errorf("longer than %d bytes", maxPattern)
	}
	open, end, parts := findBraces(p)
	if open < 0 {
		return []string{p}, nil
	}
	tails, err := expandBraces(p[end+1:])
	if err != nil {
		return nil, err
	}
	var out []string
	for _, part := range parts {
		heads, err := expandBraces(part)
		if err != nil {
			return nil, err
		}
		for _, h := range heads {
			for _, t := range tails {
				if len(out) == maxAlternatives {
					return nil, diag.Errorf("its braces make more than %d patterns", maxAlternatives)
				}
				out = append(out, p[:open]+h+t)
			}
		}
	}
	return out, nil
}

// findBraces finds the first braces that hold a comma or a range of numbers.
func findBraces(p string) (open, end int, parts []string) {
	for open = 0; open < len(p); open++ {
		switch p[open] {
		case '\\':
			open++
		case '{':
			if end, parts = splitBraces(p, open); len(parts) > 1 {
				return open, end, parts
			} else if len(parts) == 1 {
				if numbers := numberRange(parts[0]); numbers != nil {
					return open, end, numbers
				}
			}
		}
	}
	return -1, 0, nil
}

// splitBraces gives the end of the braces that open at i and what stands
// between their commas; nothing if they don't end.
func splitBraces(p string, open int) (end int, parts []string) {
	depth, start := 0, open+1
	for i := open; i < len(p); i++ {
		switch p[i] {
		case '\\':
			i++
		case '{':
			depth++
		case ',':
			if depth == 1 {
				parts = append(parts, p[start:i])
				start = i + 1
			}
		case '}':
			if depth--; depth == 0 {
				return i, append(parts, p[start:i])
			}
		}
	}
	return 0, nil
}

// numberRange reads 1..3 as 1, 2, 3, and nothing if it isn't one.
func numberRange(s string) []string {
	from, to, ok := strings.Cut(s, "..")
	a, errA := strconv.Atoi(from)
	b, errB := strconv.Atoi(to)
	const far = 1 << 30
	if !ok || errA != nil || errB != nil || max(a, -a, b, -b) > far || max(a-b, b-a) >= maxAlternatives {
		return nil
	}
	out := []string{strconv.Itoa(a)}
	for a != b {
		if a < b {
			a++
		} else {
			a--
		}
		out = append(out, strconv.Itoa(a))
	}
	return out
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// runeLen is the length of the first character.
func runeLen(s string) int {
	for i := range s {
		if i > 0 {
			return i
		}
	}
	return len(s)
}
