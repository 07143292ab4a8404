package deploy

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// diff lists where have differs from want, sorted by path. A nil have gives all
// of want, less what is empty.
func diff(want, have tree) []Field {
	var fields []Field
	if have == nil {
		collect(&fields, "", map[string]any(want), nil, true)
	} else {
		collect(&fields, "", map[string]any(want), map[string]any(have), false)
	}
	return fields
}

func collect(fields *[]Field, path string, want, have any, fresh bool) {
	if object, ok := want.(map[string]any); ok {
		other, _ := have.(map[string]any)
		for _, key := range keysToCompare(path, object, other) {
			collect(fields, join(path, key), object[key], other[key], fresh)
		}
		return
	}
	if w, h, ok := bothJSON(want, have); ok {
		collect(fields, path, w, h, fresh)
		return
	}
	if fresh && empty(want) || same(path, want, have) {
		return
	}
	*fields = append(*fields, Field{Path: path, Old: shown(path, have), New: shown(path, want)})
}

// keysToCompare lists the keys of want; of variables and tags, those of both sides.
func keysToCompare(path string, want, have map[string]any) []string {
	keys := slices.Collect(maps.Keys(want))
	if path == "environmentVariables" || path == pathTags {
		for key := range have {
			if _, known := want[key]; !known {
				keys = append(keys, key)
			}
		}
	}
	slices.Sort(keys)
	return keys
}

// bothJSON unpacks values that carry JSON in a string, as sessionAffinityConfig
// does.
func bothJSON(want, have any) (w, h map[string]any, ok bool) {
	a, isText := want.(string)
	b, alsoText := have.(string)
	if !isText || !alsoText || !strings.HasPrefix(a, "{") {
		return nil, nil, false
	}
	return w, h, json.Unmarshal([]byte(a), &w) == nil && json.Unmarshal([]byte(b), &h) == nil
}

// same compares two leaves as the service does: roles without regard to case,
// methods and events without regard to order, no list as an empty list.
func same(path string, want, have any) bool {
	if empty(want) && empty(have) {
		return true
	}
	switch last(path) {
	case "role", "invocationRole":
		return strings.EqualFold(fmt.Sprint(want), fmt.Sprint(have))
	case "password": // an answer that hides it can't be compared
		text, _ := have.(string)
		return strings.Trim(text, "*") == "" && text != "" || reflect.DeepEqual(want, have)
	case "methods", "events":
		return reflect.DeepEqual(sorted(want), sorted(have))
	}
	return reflect.DeepEqual(want, have)
}

func empty(v any) bool {
	if v == nil {
		return true
	}
	list, ok := v.([]any)
	return ok && len(list) == 0
}

func sorted(v any) []string {
	list, _ := v.([]any)
	out := make([]string, len(list))
	for i, item := range list {
		out[i] = fmt.Sprint(item)
	}
	slices.Sort(out)
	return out
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func last(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }
