package spec

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"s/pkg/spec/expr"
)

// parseJSON gives the value of a JSON text; maps come sorted by key.
func parseJSON(args []*expr.Value) (*expr.Value, error) {
	dec := json.NewDecoder(strings.NewReader(args[0].Text))
	dec.UseNumber()
	var doc any
	err := dec.Decode(&doc)
	if err == nil {
		if _, more := dec.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("something follows its end")
		}
	}
	if err != nil {
		return nil, notA("JSON", args[0], err)
	}
	return bounded("JSON", args[0], func(m *maker) *expr.Value { return m.native(doc, 0) })
}

// parseYAMLText gives the value of a YAML text.
func parseYAMLText(args []*expr.Value) (*expr.Value, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(args[0].Text), &doc); err != nil {
		return nil, notA("YAML", args[0], errors.New(strings.TrimPrefix(err.Error(), "yaml: ")))
	}
	if len(doc.Content) == 0 {
		return &expr.Value{Size: 1}, nil
	}
	return bounded("YAML", args[0], func(m *maker) *expr.Value { return m.yaml(doc.Content[0], 0) })
}

func bounded(what string, arg *expr.Value, do func(*maker) *expr.Value) (*expr.Value, error) {
	m := &maker{left: maxValues}
	v := do(m)
	if m.err != nil {
		return nil, notA(what, arg, m.err)
	}
	return v, nil
}

// notA is the error of a text in a format that it isn't in. The reason may quote
// the text.
func notA(format string, arg *expr.Value, reason error) error {
	e := &expr.Error{Kind: expr.BadArgument, Arg: 1, Message: "the text is no valid " + format}
	if !arg.Sensitive {
		e.Detail = reason.Error()
	}
	return e
}

// maker makes values of what other libraries read, within bounds.
type maker struct {
	left int // how many values more
	err  error
}

// enough reports that a bound is reached.
func (m *maker) enough(depth int) bool {
	m.left--
	switch {
	case m.err != nil:
	case m.left < 0:
		m.err = fmt.Errorf("it has more than %d values", maxValues)
	case depth > maxDepth:
		m.err = fmt.Errorf("it is nested more than %d levels deep", maxDepth)
	}
	return m.err != nil
}

// native makes a value of what encoding/json gives, and of the numbers that Go
// programs have besides.
func (m *maker) native(x any, depth int) *expr.Value {
	if m.enough(depth) {
		return &expr.Value{Size: 1}
	}
	switch x := x.(type) {
	case nil:
		return &expr.Value{Size: 1}
	case bool:
		return expr.NewBool(x)
	case string:
		return expr.NewString(x)
	case int:
		return expr.NewInt(int64(x))
	case int64:
		return expr.NewInt(x)
	case float64:
		if x == float64(int64(x)) && x > -1<<53 && x < 1<<53 {
			return expr.NewInt(int64(x))
		}
		return expr.NewFloat(x, plain(x))
	case json.Number:
		if n, err := x.Int64(); err == nil {
			return expr.NewInt(n)
		}
		f, err := x.Float64()
		if err != nil {
			m.err = fmt.Errorf("the number %s is out of range", x)
		}
		return expr.NewFloat(f, x.String())
	case []any:
		items := make([]*expr.Value, 0, len(x))
		for _, item := range x {
			items = append(items, m.native(item, depth+1))
		}
		return expr.NewList(items)
	case map[string]any:
		keys := make([]string, 0, len(x))
		for k := range x {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		entries := make([]expr.Entry, 0, len(x))
		for _, k := range keys {
			entries = append(entries, expr.Entry{Key: k, Value: m.native(x[k], depth+1)})
		}
		return expr.NewMap(entries)
	}
	return m.other(x, depth)
}

// other makes a value of what encoding/json can write: structs and their like.
func (m *maker) other(x any, depth int) *expr.Value {
	data, err := json.Marshal(x)
	var doc any
	if err == nil {
		dec := json.NewDecoder(strings.NewReader(string(data)))
		dec.UseNumber()
		err = dec.Decode(&doc)
	}
	if err != nil {
		m.err = fmt.Errorf("a %T is no value", x)
		return &expr.Value{Size: 1}
	}
	return m.native(doc, depth)
}

// yaml makes a value of a node; aliases are written out.
func (m *maker) yaml(y *yaml.Node, depth int) *expr.Value {
	if m.enough(depth) {
		return &expr.Value{Size: 1}
	}
	switch y.Kind {
	case yaml.AliasNode:
		return m.yaml(y.Alias, depth+1)
	case yaml.SequenceNode:
		items := make([]*expr.Value, 0, len(y.Content))
		for _, item := range y.Content {
			items = append(items, m.yaml(item, depth+1))
		}
		return expr.NewList(items)
	case yaml.MappingNode:
		return m.yamlMap(y, depth)
	}
	return scalar(&node{yaml: y})
}

func (m *maker) yamlMap(y *yaml.Node, depth int) *expr.Value {
	var entries, merged []expr.Entry
	index := map[string]bool{}
	for i := 0; i+1 < len(y.Content); i += 2 {
		key, value := y.Content[i], m.yaml(y.Content[i+1], depth+1)
		if key.ShortTag() == "!!merge" {
			merged = append(merged, value.Entries...)
			for _, item := range value.Items {
				merged = append(merged, item.Entries...)
			}
			continue
		}
		if key.Kind != yaml.ScalarNode {
			m.err = fmt.Errorf("line %d has a key that is no text", key.Line)
			continue
		}
		if index[key.Value] {
			m.err = fmt.Errorf("line %d has the key %q for the second time", key.Line, key.Value)
		}
		index[key.Value] = true
		entries = append(entries, expr.Entry{Key: key.Value, Value: value})
	}
	for _, e := range merged {
		if !index[e.Key] {
			index[e.Key] = true
			entries = append(entries, e)
		}
	}
	return expr.NewMap(entries)
}
