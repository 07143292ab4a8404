package spec

import (
	"strconv"
	"strings"

	"s/pkg/spec/expr"
)

// Open is a value that isn't known before another resource is deployed.
type Open struct {
	Path string // below the resource, such as props.environmentVariables.URL
	Reference
}

// maxOpen is how many open values of a resource are listed before no further list
// or map is searched.
const maxOpen = 1000

// Pending tells that Function, Triggers and so on hold values that are not known
// yet. Such a text is the ${...} as it was written, a number 0. Load again, with
// Options.Output and Options.Info filled, knows them. Actions have their own, see
// Action.Open.
func (r *Resource) Pending() bool { return len(r.Open) > 0 }

// OpenName gives the first open value in what a function is found by in the
// cloud: its region, its service and its name. Nil if all of it is known.
func (r *Resource) OpenName() *Open {
	return r.openIn("region", "functionName", "service.name", "function.name")
}

// OpenSource gives the first open value in what a build is made of: where the code
// is, its runtime, its name. Nil if all of it is known.
func (r *Resource) OpenSource() *Open {
	if open := r.OpenName(); open != nil {
		return open
	}
	return r.openIn("code", "runtime", "function.codeUri", "function.ossBucket", "function.ossKey", "function.runtime")
}

// openIn gives the first open value that is in one of some props, or that one of
// them is in.
func (r *Resource) openIn(props ...string) *Open {
	for i, open := range r.Open {
		for _, key := range props {
			path := "props." + key
			if within(open.Path, path) || within(path, open.Path) {
				return &r.Open[i]
			}
		}
	}
	return nil
}

// within tells that a path is another one, or inside of it.
func within(path, outer string) bool {
	rest, ok := strings.CutPrefix(path, outer)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// openSearch collects the open values of a tree.
type openSearch struct {
	*resolver
	clean map[*expr.Value]bool // lists and maps without any
	found []Open
}

// openValues lists what isn't known in v, which stands at a path.
func (r *resolver) openValues(v *expr.Value, path string) []Open {
	s := &openSearch{resolver: r, clean: map[*expr.Value]bool{}}
	s.visit(v, path)
	return s.found
}

func (s *openSearch) visit(v *expr.Value, path string) {
	switch {
	case v.Kind == expr.Pending:
		s.found = append(s.found, Open{Path: path, Reference: s.unknown(v)})
		return
	case v.Kind != expr.List && v.Kind != expr.Map || s.clean[v] || len(s.found) >= maxOpen:
		return
	}
	before := len(s.found)
	for i, item := range v.Items {
		s.visit(item, path+"["+strconv.Itoa(i)+"]")
	}
	for _, e := range v.Entries {
		s.visit(e.Value, expr.JoinKey(path, e.Key))
	}
	s.clean[v] = len(s.found) == before
}

// unknown is the first of the needs of a pending value that isn't known.
func (r *resolver) unknown(v *expr.Value) Reference {
	var first Reference
	for _, need := range v.Needs.List() {
		ref := Reference{Resource: need.Resource, What: need.What, Range: need.Range}
		if r.given[given{ref.Resource, ref.What}] == nil {
			return ref
		}
		if first.Resource == "" {
			first = ref
		}
	}
	return first
}
