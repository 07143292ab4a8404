package route

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"s/pkg/fc"
)

// rewrite is a rule: a path that the pattern finds something in becomes the
// replacement, as a whole.
type rewrite struct {
	pattern     *regexp.Regexp
	replacement string
}

// compile puts the rules into the order in which they are tried: whole paths,
// then those with *, then regular expressions, as the documentation has them
// ("Configure a rewrite policy"); which comes first isn't said there.
func compile(c *fc.RewriteConfig) ([]rewrite, error) {
	if c == nil {
		return nil, nil
	}
	var out []rewrite
	for _, kind := range []struct {
		name    string
		rules   []fc.RewriteRule
		pattern func(string) string
	}{
		{"equalRules", c.EqualRules, func(match string) string { return "^" + regexp.QuoteMeta(match) + "$" }},
		{"wildcardRules", c.WildcardRules, wildcard},
		{"regexRules", c.RegexRules, func(match string) string { return match }},
	} {
		for i, rule := range kind.rules {
			place := fmt.Sprintf("rewriteConfig.%s[%d]", kind.name, i)
			if rule.Match == "" {
				return nil, fmt.Errorf("%s.match is required", place)
			}
			pattern, err := regexp.Compile(kind.pattern(rule.Match))
			if err != nil {
				return nil, fmt.Errorf("%s.match '%s': %w", place, rule.Match, err)
			}
			out = append(out, rewrite{pattern, rule.Replacement})
		}
	}
	return out, nil
}

// wildcard is the regular expression of a pattern in which * stands for any text
// and ^ at the beginning for that of the path.
func wildcard(match string) string {
	match, anchored := strings.CutPrefix(match, "^")
	out := strings.ReplaceAll(regexp.QuoteMeta(match), `\*`, "(.*)")
	if anchored {
		return "^" + out
	}
	return out
}

// Rewrite gives the path that the function sees instead of an unescaped one, and
// the query that comes before the request's. The first rule that fits counts;
// false says that none does.
func (r *Route) Rewrite(path string) (to, query string, ok bool) {
	for _, rule := range r.rewrites {
		found := rule.pattern.FindStringSubmatch(path)
		if found == nil {
			continue
		}
		to, query, _ = strings.Cut(expand(rule.replacement, found), "?")
		if !strings.HasPrefix(to, "/") {
			to = "/" + to
		}
		return to, query, true
	}
	return "", "", false
}

// expand puts what was found in place of $1, $2, and so on. A number that
// nothing belongs to stands for nothing.
func expand(template string, found []string) string {
	var out strings.Builder
	for {
		text, rest, more := strings.Cut(template, "$")
		out.WriteString(text)
		if !more {
			return out.String()
		}
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		if digits == 0 {
			out.WriteByte('$')
		} else if n, err := strconv.Atoi(rest[:digits]); err == nil && n < len(found) {
			out.WriteString(found[n])
		}
		template = rest[digits:]
	}
}
