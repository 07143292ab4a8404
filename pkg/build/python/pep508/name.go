package pep508

import (
	"regexp"
	"strings"

	"s/pkg/diag"
)

var (
	separators         = regexp.MustCompile(`[-_.]+`)
	requirementPattern = regexp.MustCompile(`^\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[([^\]]*)\])?\s*(.*)$`)
)

// NormalName is the one form of a name of which there are several: Flask_SQL.X
// is flask-sql-x.
func NormalName(name string) string {
	return separators.ReplaceAllString(strings.ToLower(name), "-")
}

// ValidName reports whether it is the name of a package, and not an option or
// path in its place.
func ValidName(name string) bool {
	m := requirementPattern.FindStringSubmatch(name)
	return m != nil && m[1] == name
}

// Requirement is a dependency as package metadata writes it.
type Requirement struct {
	Name       string
	Extras     []string
	Specifiers string // >=1.0,<2
	URL        string // instead of specifiers
	Marker     string
}

// ParseRequirement reads one: name[extra] >=1.0 ; marker.
func ParseRequirement(text string) (Requirement, error) {
	m := requirementPattern.FindStringSubmatch(text)
	if m == nil || strings.ContainsAny(text, "\n\r") {
		return Requirement{}, diag.Errorf("not a requirement: %.200q", text)
	}
	r := Requirement{Name: m[1]}
	for extra := range strings.SplitSeq(m[2], ",") {
		if extra = strings.TrimSpace(extra); extra != "" {
			r.Extras = append(r.Extras, extra)
		}
	}
	rest := strings.TrimSpace(m[3])
	if at, ok := strings.CutPrefix(rest, "@"); ok {
		// A URL may have semicolons; the marker's has a space before it.
		url, marker, _ := strings.Cut(strings.TrimSpace(at), " ;")
		r.URL, r.Marker = strings.TrimSpace(url), strings.TrimSpace(marker)
		return r, nil
	}
	spec, marker, _ := strings.Cut(rest, ";")
	spec = strings.TrimSpace(spec)
	if strings.HasPrefix(spec, "(") && strings.HasSuffix(spec, ")") {
		spec = strings.TrimSpace(spec[1 : len(spec)-1])
	}
	r.Specifiers, r.Marker = spec, strings.TrimSpace(marker)
	if _, err := (Version{}).Matches(spec); err != nil {
		return Requirement{}, diag.Errorf("not a requirement: %.200q: %w", text, err)
	}
	return r, nil
}
