// Package shape knows the documented shapes of requests and answers of API
// 2023-03-30, field by field. Tests hold both sides of the contract to it: what our
// client sends, and what the local cloud gives.
package shape

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"strings"
	"sync"
)

//go:embed v3.txt
var table string

// operation is one row of the API.
type operation struct {
	name, method string
	path         []string // segments; {name} stands for any
	query        []string
	body, answer string // models; empty is none
}

type shapes struct {
	operations []operation
	models     map[string]map[string]string // field → type
}

// None and bytes in the table.
const (
	noModel  = "-"
	anyBytes = "bytes"
)

// Prefix begins the paths.
const Prefix = "/2023-03-30"

// parsed is the table, read once.
var parsed = sync.OnceValue(func() *shapes {
	s := &shapes{models: map[string]map[string]string{}}
	for line := range strings.Lines(table) {
		words := strings.Fields(line)
		switch {
		case len(words) == 7 && words[0] == "op":
			o := operation{name: words[1], method: words[2], path: strings.Split(words[3], "/")[1:], body: words[5], answer: words[6]}
			if words[4] != noModel {
				o.query = strings.Split(words[4], ",")
			}
			s.operations = append(s.operations, o)
		case len(words) >= 2 && words[0] == "model":
			fields := map[string]string{}
			for _, field := range words[2:] {
				name, kind, _ := strings.Cut(field, ":")
				fields[name] = kind
			}
			s.models[words[1]] = fields
		}
	}
	return s
})

// Operations lists the names of all operations, in the order of the documentation.
func Operations() []string {
	var names []string
	for _, o := range parsed().operations {
		names = append(names, o.name)
	}
	return names
}

// Operation finds what a request asks for by its method and escaped path, version
// included; empty is none that is documented.
func Operation(method, escapedPath string) string {
	if o := find(method, escapedPath); o != nil {
		return o.name
	}
	return ""
}

func find(method, escapedPath string) *operation {
	rest, ok := strings.CutPrefix(escapedPath, Prefix+"/")
	if !ok {
		return nil
	}
	segments := strings.Split(rest, "/")
	all := parsed().operations
	for i, o := range all {
		if o.method == method && len(o.path) == len(segments) && fits(o.path, segments) {
			return &all[i]
		}
	}
	return nil
}

func fits(pattern, segments []string) bool {
	for i, p := range pattern {
		if !strings.HasPrefix(p, "{") && p != segments[i] || segments[i] == "" {
			return false
		}
	}
	return true
}

// Request tells what of a request isn't documented: the operation, parameters of
// its query, fields of its body and their types. Nothing is a valid one.
func Request(method, escapedPath string, query url.Values, body []byte) []string {
	o := find(method, escapedPath)
	if o == nil {
		return []string{fmt.Sprintf("%s %s is no operation", method, escapedPath)}
	}
	var problems []string
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if !slices.Contains(o.query, name) {
			problems = append(problems, fmt.Sprintf("%s has no parameter %s", o.name, name))
		}
	}
	return append(problems, document(o.name, o.body, body)...)
}

// Answer tells what of a success's body isn't documented.
func Answer(method, escapedPath string, body []byte) []string {
	o := find(method, escapedPath)
	if o == nil {
		return []string{fmt.Sprintf("%s %s is no operation", method, escapedPath)}
	}
	return document(o.name+"'s answer", o.answer, body)
}

// document checks a body against its model.
func document(what, model string, body []byte) []string {
	body = bytes.TrimSpace(body)
	switch {
	case model == anyBytes:
		return nil
	case len(body) == 0 && model == noModel:
		return nil
	case len(body) == 0:
		return []string{what + " has no body"}
	case model == noModel && string(body) == "{}":
		return nil
	case model == noModel:
		return []string{what + " has a body"}
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return []string{what + " is no JSON: " + err.Error()}
	}
	c := &checker{shapes: parsed()}
	c.value(what, model, value)
	return c.problems
}

type checker struct {
	*shapes
	problems []string
}

func (c *checker) fail(where, format string, args ...any) {
	c.problems = append(c.problems, where+" "+fmt.Sprintf(format, args...))
}

// value checks a value against a type of the table. Null is nothing, whatever the
// type.
func (c *checker) value(where, kind string, v any) {
	if v == nil {
		return
	}
	if item, ok := strings.CutPrefix(kind, "[]"); ok {
		list, ok := v.([]any)
		if !ok {
			c.fail(where, "is no list")
			return
		}
		for i, v := range list {
			c.value(fmt.Sprintf("%s[%d]", where, i), item, v)
		}
		return
	}
	if item, ok := strings.CutPrefix(kind, "map[s]"); ok {
		object, ok := v.(map[string]any)
		if !ok {
			c.fail(where, "is no object")
			return
		}
		for _, name := range slices.Sorted(maps.Keys(object)) {
			c.value(where+"."+name, item, object[name])
		}
		return
	}
	c.single(where, kind, v)
}

func (c *checker) single(where, kind string, v any) {
	switch kind {
	case "s":
		if _, ok := v.(string); !ok {
			c.fail(where, "is no text")
		}
	case "b":
		if _, ok := v.(bool); !ok {
			c.fail(where, "is no boolean")
		}
	case "i", "l", "f":
		c.number(where, kind, v)
	default:
		c.object(where, kind, v)
	}
}

func (c *checker) number(where, kind string, v any) {
	n, ok := v.(json.Number)
	if !ok {
		c.fail(where, "is no number")
		return
	}
	if kind == "f" {
		return
	}
	if whole, err := n.Int64(); err != nil {
		c.fail(where, "is no whole number")
	} else if kind == "i" && (whole > math.MaxInt32 || whole < math.MinInt32) {
		c.fail(where, "doesn't fit 32 bits")
	}
}

func (c *checker) object(where, model string, v any) {
	fields, known := c.models[model]
	object, ok := v.(map[string]any)
	switch {
	case !known:
		return // the documentation stops here
	case !ok:
		c.fail(where, "is no object")
		return
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		kind, known := fields[name]
		if !known {
			c.fail(where, "has a field %s, which %s doesn't have", name, model)
			continue
		}
		c.value(where+"."+name, kind, object[name])
	}
}
