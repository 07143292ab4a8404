// Package route finds which route of a custom domain a path takes, and which
// path its function sees. It knows nothing of HTTP.
package route

import (
	"fmt"
	"slices"
	"strings"

	"s/pkg/fc"
)

// Table is the routes of a domain. It is safe for concurrent use.
type Table struct{ routes []*Route }

// Route is a way from paths to a function.
type Route struct {
	fc.PathConfig
	rewrites []rewrite
}

// New checks routes and makes a table of them. An error names the route and
// what is wrong with it.
func New(routes []fc.PathConfig) (*Table, error) {
	t := &Table{}
	for i, given := range routes {
		r := &Route{PathConfig: given}
		err := checkPath(given.Path)
		if err == nil && slices.ContainsFunc(routes[:i], func(other fc.PathConfig) bool { return other.Path == given.Path }) {
			err = fmt.Errorf("path '%s' is there twice", given.Path)
		}
		if err == nil {
			r.rewrites, err = compile(given.RewriteConfig)
		}
		if err != nil {
			return nil, fmt.Errorf("routes[%d]: %w", i, err)
		}
		t.routes = append(t.routes, r)
	}
	return t, nil
}

// checkPath accepts a path, and one that ends with * for all that begin with
// what is before it.
func checkPath(path string) error {
	switch star := strings.IndexByte(path, '*'); {
	case !strings.HasPrefix(path, "/"):
		return fmt.Errorf("path '%s' must begin with /", path)
	case star >= 0 && star != len(path)-1:
		return fmt.Errorf("path '%s' can have * at its end only", path)
	}
	return nil
}

// Match finds the route of an unescaped path: the one with that very path, else
// of those that end with * the longest (documentation "Configure a custom domain
// name", routing rules).
func (t *Table) Match(path string) (*Route, bool) {
	var best *Route
	for _, r := range t.routes {
		if r.Path == path && !strings.HasSuffix(path, "*") {
			return r, true
		}
		if Matches(r.Path, path) && (best == nil || len(r.Path) > len(best.Path)) {
			best = r
		}
	}
	return best, best != nil
}

// Matches reports whether a path is the pattern or, if that ends with *, begins
// with what is before it.
func Matches(pattern, path string) bool {
	if prefix, wild := strings.CutSuffix(pattern, "*"); wild {
		return strings.HasPrefix(path, prefix)
	}
	return path == pattern
}

// Allows reports whether the route takes requests of a method; without a list it
// takes all.
func (r *Route) Allows(method string) bool {
	return len(r.Methods) == 0 || slices.Contains(r.Methods, method)
}
