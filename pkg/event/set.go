package event

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// PathError is a path that leads nowhere in an event, or to several places.
type PathError struct {
	Path   string
	Places []string // where it leads; none is nowhere
}

// Error tells which.
func (e *PathError) Error() string {
	if len(e.Places) == 0 {
		return fmt.Sprintf("the event has no %s", e.Path)
	}
	return fmt.Sprintf("%s is at several places of the event: %s", e.Path, strings.Join(e.Places, ", "))
}

// set changes the value at a path: keys and positions in lists, joined by dots.
// The path may begin anywhere if it leads to one place only: bucket.name is
// events.0.oss.bucket.name. Its last key may be new; then what is before it must
// lead to an object. A value takes the place of a text as it is; of anything
// else, and where nothing was, as JSON if it is that.
func set(doc *any, path, value string) error {
	keys := strings.Split(path, ".")
	full, err := locate(*doc, keys, path)
	if err != nil {
		return err
	}
	parent := at(*doc, full[:len(full)-1])
	last := full[len(full)-1]
	switch p := parent.(type) {
	case map[string]any:
		p[last] = typed(p[last], value)
	case []any:
		i, _ := strconv.Atoi(last) // it was found by that
		p[i] = typed(p[i], value)
	}
	return nil
}

// locate finds the whole path.
func locate(doc any, keys []string, path string) ([]string, error) {
	if at(doc, keys) != nil {
		return keys, nil
	}
	found := ending(doc, nil, keys)
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return nil, &PathError{Path: path, Places: joined(found)}
	}
	// A new key of an object that is there.
	last := keys[len(keys)-1]
	if _, isObject := doc.(map[string]any); isObject && len(keys) == 1 {
		return keys, nil
	}
	if len(keys) == 1 {
		return nil, &PathError{Path: path}
	}
	parent, err := locateOld(doc, keys[:len(keys)-1], path)
	if err != nil {
		return nil, err
	}
	if _, isObject := at(doc, parent).(map[string]any); !isObject {
		return nil, &PathError{Path: path}
	}
	return append(slices.Clip(parent), last), nil
}

// locateOld is locate of what must be there.
func locateOld(doc any, keys []string, path string) ([]string, error) {
	if at(doc, keys) != nil {
		return keys, nil
	}
	found := ending(doc, nil, keys)
	if len(found) == 1 {
		return found[0], nil
	}
	return nil, &PathError{Path: path, Places: joined(found)}
}

func joined(paths [][]string) []string {
	var out []string
	for _, p := range paths {
		out = append(out, strings.Join(p, "."))
	}
	return out
}

// at gives what a path leads to; nil if nothing is there.
func at(doc any, keys []string) any {
	for _, key := range keys {
		switch d := doc.(type) {
		case map[string]any:
			doc = d[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(d) {
				return nil
			}
			doc = d[i]
		default:
			return nil
		}
	}
	return doc
}

// ending lists the paths below doc that end with keys.
func ending(doc any, above, keys []string) [][]string {
	var found [][]string
	visit := func(key string, child any) {
		path := append(slices.Clone(above), key)
		if len(path) >= len(keys) && slices.Equal(path[len(path)-len(keys):], keys) {
			found = append(found, path)
		}
		found = append(found, ending(child, path, keys)...)
	}
	switch d := doc.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(d)) {
			visit(key, d[key])
		}
	case []any:
		for i, child := range d {
			visit(strconv.Itoa(i), child)
		}
	}
	return found
}

// typed gives a value as what it replaces is.
func typed(old any, value string) any {
	if _, isText := old.(string); isText {
		return value
	}
	decoder := json.NewDecoder(strings.NewReader(value))
	decoder.UseNumber()
	var v any
	if decoder.Decode(&v) != nil || decoder.More() {
		return value
	}
	return v
}
