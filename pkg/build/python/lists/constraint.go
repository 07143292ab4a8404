package lists

import (
	"strconv"
	"strings"

	"s/pkg/build/python/pep508"
	"s/pkg/diag"
)

// poetryMatches reports whether a version is one of those that a constraint of
// poetry names (its documentation, "Dependency specification"): ^1.2, ~1.2, 1.*,
// >=1,<2, alternatives with ||. An empty one names all.
func poetryMatches(v pep508.Version, constraint string) (bool, error) {
	constraint = strings.ReplaceAll(constraint, "||", "|")
	any := false
	for alternative := range strings.SplitSeq(constraint, "|") {
		all := true
		for _, part := range poetryParts(alternative) {
			spec, err := specifier(part)
			if err != nil {
				return false, err
			}
			ok, err := v.Matches(spec)
			if err != nil {
				return false, err
			}
			all = all && ok
		}
		any = any || all
	}
	return any, nil
}

// poetryParts splits what must hold together: by commas or spaces, except for
// the space after an operator.
func poetryParts(text string) []string {
	var parts []string
	operator := ""
	for _, word := range strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ' ' }) {
		if strings.Trim(word, "<>=!~^") == "" {
			operator += word
			continue
		}
		parts = append(parts, operator+word)
		operator = ""
	}
	if operator != "" {
		parts = append(parts, operator) // no version: refused later
	}
	return parts
}

// specifier turns one constraint into specifiers of PEP 440.
func specifier(part string) (string, error) {
	switch {
	case part == "*":
		return "", nil
	case strings.HasPrefix(part, "^"):
		return upTo(part[1:], func(n []int) int {
			for i, x := range n {
				if x != 0 {
					return i
				}
			}
			return len(n) - 1
		})
	case strings.HasPrefix(part, "~") && !strings.HasPrefix(part, "~="):
		return upTo(part[1:], func(n []int) int { return min(1, len(n)-1) })
	case strings.ContainsAny(part[:1], "<>=!~"):
		if strings.HasPrefix(part, "=") && !strings.HasPrefix(part, "==") {
			return "=" + part, nil
		}
		return part, nil
	}
	return "==" + part, nil
}

// upTo gives from a version to before the next one at the place that rises.
func upTo(text string, rises func(numbers []int) int) (string, error) {
	if _, err := pep508.ParseVersion(text); err != nil {
		return "", err
	}
	release := text
	if end := strings.IndexFunc(text, func(c rune) bool { return c != '.' && (c < '0' || c > '9') }); end >= 0 {
		release = text[:end]
	}
	var numbers []int
	for n := range strings.SplitSeq(strings.Trim(release, "."), ".") {
		x, err := strconv.Atoi(n)
		if err != nil {
			return "", diag.Errorf("not a version: %.60q", text)
		}
		numbers = append(numbers, x)
	}
	at := rises(numbers)
	numbers[at]++
	var next []string
	for _, n := range numbers[:at+1] {
		next = append(next, strconv.Itoa(n))
	}
	return ">=" + text + ",<" + strings.Join(next, ".") + ".dev0", nil
}
