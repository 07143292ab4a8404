package cmdutil

import (
	"bytes"
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
)

// Named is the result of one resource.
type Named struct {
	Name  string
	Value any
}

// PrintNamed prints the results of several resources in their order, each under
// its name; a single one is printed as it is.
func PrintNamed(w io.Writer, format string, results []Named) error {
	switch len(results) {
	case 0:
		return nil
	case 1:
		return Print(w, format, results[0].Value)
	}
	return Print(w, format, namedList(results))
}

// namedList is a JSON object that keeps its order.
type namedList []Named

// MarshalJSON writes the object.
func (l namedList) MarshalJSON() ([]byte, error) {
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
