package cmdutil

import (
	"bytes"
	"encoding/json"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"s/pkg/spec"
)

// Named is the result of one resource.
type Named struct {
	Name  string
	Value any
}

// PrintNamed prints the results of the resources that a command was asked for, in
// the order of the file, and then others: each under its name, whether all have one
// or not, columns being those of a table; or, if
// it was asked for one only, its result as it is.
func PrintNamed(w io.Writer, format string, project *spec.Project, asked int, results []Named, columns ...string) error {
	if asked == 1 && len(results) == 1 {
		return Print(w, format, results[0].Value)
	}
	if len(results) == 0 && (asked < 2 || format == OutputDefault) {
		return nil
	}
	at := map[string]int{} // what isn't in the file comes last
	for i, r := range project.Resources {
		at[r.Name] = i - len(project.Resources)
	}
	sorted := slices.Clone(results)
	slices.SortStableFunc(sorted, func(a, b Named) int { return at[a.Name] - at[b.Name] })
	if format == OutputTable {
		return PrintTable(w, namedList(sorted), columns...)
	}
	return Print(w, format, namedList(sorted))
}

// namedList is a JSON object that keeps its order.
type namedList []Named

// MarshalJSON writes the object.
func (l namedList) MarshalJSON() ([]byte, error) {
	if len(l) == 0 {
		return []byte("{}"), nil
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	for i, r := range l {
		b.WriteByte("{,"[min(i, 1)])
		if err := encoder.Encode(r.Name); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := encoder.Encode(r.Value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Shorten gives a path relative to dir if it is inside, for messages.
func Shorten(dir, path string) string {
	if rel, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

// joinFew lists up to five names.
func joinFew(names []string) string {
	const few = 5
	if len(names) > few {
		return strings.Join(names[:few], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}
