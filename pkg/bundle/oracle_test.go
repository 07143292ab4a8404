package bundle

import (
	"math/rand/v2"
	"path"
	"strings"
	"testing"
)

// The peer's walker, as slow and plain as it can be written: every rule is asked
// in every form that the walker asks in, and patterns are tried character by
// character.

// oracle says whether a file is packed, given the rules of each folder.
func oracle(rules map[string][]string, rel string) bool {
	parts := strings.Split(rel, "/")
	for n := 1; n <= len(parts); n++ {
		included := true
		for above := range n {
			dir := strings.Join(parts[:above], "/")
			entry := strings.Join(parts[above:n], "/")
			for _, line := range rules[dir] {
				included = oracleRule(line, entry, n < len(parts), included)
			}
		}
		if !included {
			return false
		}
	}
	return true
}

func oracleRule(line, entry string, folder, included bool) bool {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' {
		return included
	}
	if strings.HasPrefix(line, "./") {
		line = line[1:]
	} else if strings.HasPrefix(line, "!./") {
		line = "!" + line[2:]
	}
	negate := false
	for strings.HasPrefix(line, "!") {
		negate, line = !negate, line[1:]
	}
	if negate == included || line == "" {
		return included
	}
	for _, p := range oracleBraces(line) {
		forms := []string{"/" + entry, entry}
		if folder {
			forms = append(forms, "/"+entry+"/", entry+"/")
		}
		for i, form := range forms {
			if oracleMatch(p, form, false) || folder && negate && i < 2 && oracleMatch(p, form, true) {
				return negate
			}
		}
	}
	return included
}

// oracleBraces expands braces that hold a comma, without others inside.
func oracleBraces(p string) []string {
	open := strings.IndexByte(p, '{')
	if open < 0 {
		return []string{p}
	}
	end := open + strings.IndexByte(p[open:], '}')
	var out []string
	for part := range strings.SplitSeq(p[open+1:end], ",") {
		out = append(out, oracleBraces(p[:open]+part+p[end+1:])...)
	}
	return out
}

func oracleMatch(pattern, file string, partial bool) bool {
	p, f := strings.Split(pattern, "/"), strings.Split(file, "/")
	if len(p) == 1 {
		return oracleParts(p, []string{path.Base(file)}, partial)
	}
	return oracleParts(p, f, partial)
}

func oracleParts(p, f []string, partial bool) bool {
	switch {
	case len(p) == 0 && len(f) == 0:
		return true
	case len(f) == 0:
		return partial
	case len(p) == 0:
		return len(f) == 1 && f[0] == "" // the slash at the end of a folder
	case p[0] == "**":
		if len(p) == 1 {
			return true
		}
		for skip := range f {
			if oracleParts(p[1:], f[skip:], partial) {
				return true
			}
		}
		return partial
	case p[0] == "" || f[0] == "":
		return p[0] == f[0] && oracleParts(p[1:], f[1:], partial)
	}
	return oracleName(strings.ToLower(p[0]), strings.ToLower(f[0])) && oracleParts(p[1:], f[1:], partial)
}

func oracleName(p, name string) bool {
	switch {
	case p == "":
		return name == ""
	case p[0] == '*':
		return oracleName(p[1:], name) || name != "" && oracleName(p, name[1:])
	case name == "":
		return false
	case p[0] == '?':
		return oracleName(p[1:], name[1:])
	case p[0] == '[':
		set, rest, _ := strings.Cut(p[1:], "]")
		return strings.IndexByte(set, name[0]) >= 0 && oracleName(rest, name[1:])
	}
	return p[0] == name[0] && oracleName(p[1:], name[1:])
}

// ours says the same by the rules that the package parses.
func ours(t *testing.T, rules map[string][]string, rel string) bool {
	t.Helper()
	var set *ruleSet
	parts := strings.Split(rel, "/")
	for n := 1; n <= len(parts); n++ {
		dir := strings.Join(parts[:n-1], "/")
		var err error
		if set, err = parseRules("f", strings.Join(rules[dir], "\n"), dir, set); err != nil {
			t.Skip(err)
		}
		if set.decide(strings.Join(parts[:n], "/"), n < len(parts)).ignored {
			return false
		}
	}
	return true
}

// choices makes rules and paths of bytes.
type choices []byte

func (c *choices) pick(of ...string) string {
	if len(*c) == 0 {
		return of[0]
	}
	n := int((*c)[0]) % len(of)
	*c = (*c)[1:]
	return of[n]
}

func (c *choices) name() string {
	return c.pick("a", "b", "*", "?", "c", "A", "a*", "*b", "[ab]", "[bc]?", "{a,b}", "{ab,c*}", "?b*", "ab", "*a*b", ".a", ".*")
}

func (c *choices) rules() []string {
	var out []string
	for range len(c.pick("1", "22", "333", "4444")) {
		line := c.pick("", "!", "!!", "# ", "") + c.pick("", "/", "./", "**/", "") + c.name()
		for range len(c.pick("", "1", "22")) {
			line += "/" + c.pick(c.name(), "**", c.name())
		}
		out = append(out, line+c.pick("", "/", "", "/**"))
	}
	return out
}

// FuzzPeerRules compares the matcher with the slow one: rules of the top, of
// the folder a and of the folder a/b.
func FuzzPeerRules(f *testing.F) {
	rnd := rand.NewChaCha8([32]byte{9})
	for range 800 {
		seed := make([]byte, 64)
		_, _ = rnd.Read(seed) // never fails
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c := choices(data)
		rules := map[string][]string{"": c.rules(), "a": c.rules(), "a/b": c.rules()}
		for range 6 {
			rel := c.pick("a", "b", "c", "ab", ".a")
			for range len(c.pick("", "1", "22", "333")) {
				rel += "/" + c.pick("b", "a", "c", "cb", "xab", "A")
			}
			if want, got := oracle(rules, rel), ours(t, rules, rel); got != want {
				t.Errorf("rules %q: %s packed: %v, want %v", rules, rel, got, want)
			}
		}
	})
}
