// Package expr is the language of ${...} in s.yaml: a lexer, a parser, a syntax
// tree and an evaluator, all of which know their places in the text. What names
// and functions mean is given by a Scope; this package reads neither files nor
// the environment.
package expr

import (
	"fmt"
	"strconv"

	"s/pkg/diag"
)

// Kind is the type of a Value.
type Kind int

// The kinds of values, those of YAML's JSON schema.
const (
	Null Kind = iota
	Bool
	Int
	Float
	String
	List
	Map
	// Pending is a value that is known only once a resource is deployed; Text is
	// the expression as it was written.
	Pending
)

// String names the kind as a user would.
func (k Kind) String() string {
	switch k {
	case Bool:
		return "true or false"
	case Int:
		return "a whole number"
	case Float:
		return "a number"
	case String:
		return "a string"
	case List:
		return "a list"
	case Map:
		return "a map"
	case Pending:
		return "a value known once deployed"
	}
	return "nothing"
}

// Value is a typed value that knows where it stands. Values are shared and must
// not be changed once made.
type Value struct {
	Kind    Kind
	Text    string // of scalars, as written
	Bool    bool
	Int     int64
	Float   float64
	Items   []*Value // of a List
	Entries []Entry  // of a Map, in the file's order
	// Range is where the value is used, Origin where it is defined if an
	// expression brought it from elsewhere.
	Range  diag.Range
	Origin diag.Range
	// Computed is set if an expression made the value, so that its text may
	// stand for a number or a boolean.
	Computed bool
	// Invalid is set if the value could not be computed; the error has been
	// reported where it arose.
	Invalid bool
	// Secret values are never quoted in a diagnostic.
	Secret bool
	// Sensitive values are Secret ones that nobody may see at all: keys and
	// passwords, but not the text of a file.
	Sensitive bool
	// Source is the text with the expression that made the value, if one did.
	Source string
	// Needs tells which resources a scalar came from.
	Needs *Needs
	// Size counts the values in it, itself included; shared ones count each
	// time. It saturates at MaxSize.
	Size int

	// index finds entries by key if there are many; it holds for the slice that
	// begins with first and has as many entries as the index counts.
	index map[string]int
	first *Entry
}

// manyEntries is from where on a map has an index.
const manyEntries = 16

// MaxSize is where Value.Size stops counting.
const MaxSize = 1 << 20

// Entry is a key of a Map and its value.
type Entry struct {
	Key      string
	KeyRange diag.Range
	Value    *Value
}

// NewString makes a string.
func NewString(text string) *Value { return &Value{Kind: String, Text: text, Size: 1} }

// NewBool makes a boolean.
func NewBool(b bool) *Value {
	return &Value{Kind: Bool, Bool: b, Text: strconv.FormatBool(b), Size: 1}
}

// NewInt makes a whole number.
func NewInt(n int64) *Value {
	return &Value{Kind: Int, Int: n, Float: float64(n), Text: strconv.FormatInt(n, 10), Size: 1}
}

// NewFloat makes a number; text is how it was written.
func NewFloat(f float64, text string) *Value {
	return &Value{Kind: Float, Float: f, Text: text, Size: 1}
}

// NewList makes a list.
func NewList(items []*Value) *Value {
	v := &Value{Kind: List, Items: items, Size: 1}
	for _, item := range items {
		v.add(item)
	}
	return v
}

// NewMap makes a map.
func NewMap(entries []Entry) *Value {
	v := &Value{Kind: Map, Entries: entries, Size: 1}
	for _, e := range entries {
		v.add(e.Value)
	}
	v.makeIndex()
	return v
}

// makeIndex lets Entry find keys without looking through all of them. Maps with
// equal keys, which only programs make, go without.
func (v *Value) makeIndex() {
	v.index, v.first = nil, nil
	if len(v.Entries) < manyEntries {
		return
	}
	index := make(map[string]int, len(v.Entries))
	for i, e := range v.Entries {
		index[e.Key] = i
	}
	if len(index) == len(v.Entries) {
		v.index, v.first = index, &v.Entries[0]
	}
}

func (v *Value) add(part *Value) {
	v.Size = min(v.Size+part.Size, MaxSize)
	v.Secret = v.Secret || part.Secret
	v.Sensitive = v.Sensitive || part.Sensitive
}

// Get gives the value of a key, or nil if v isn't a map or hasn't got it.
func (v *Value) Get(key string) *Value {
	if e := v.Entry(key); e != nil {
		return e.Value
	}
	return nil
}

// Entry gives the entry of a key, or nil.
func (v *Value) Entry(key string) *Entry {
	if v == nil {
		return nil
	}
	if v.index != nil && len(v.Entries) == len(v.index) && v.first == &v.Entries[0] {
		if i, ok := v.index[key]; ok {
			return &v.Entries[i]
		}
		return nil
	}
	for i := range v.Entries {
		if v.Entries[i].Key == key {
			return &v.Entries[i]
		}
	}
	return nil
}

// Keys gives the keys of a map in the file's order.
func (v *Value) Keys() []string {
	if v == nil {
		return nil
	}
	keys := make([]string, 0, len(v.Entries))
	for _, e := range v.Entries {
		keys = append(keys, e.Key)
	}
	return keys
}

// IsScalar reports whether v is neither a list nor a map nor null.
func (v *Value) IsScalar() bool { return v.Kind != Null && v.Kind != List && v.Kind != Map }

// IsEmpty reports whether v is a list or map without anything in it.
func (v *Value) IsEmpty() bool {
	return (v.Kind == List || v.Kind == Map) && len(v.Items)+len(v.Entries) == 0
}

// Child gives what a segment names in a list or map, or nil. Lists take .0 as
// well as [0].
func (v *Value) Child(seg Segment) *Value {
	if v.Kind != List {
		return v.Get(seg.Name)
	}
	if i, ok := seg.Position(); ok && i < len(v.Items) {
		return v.Items[i]
	}
	return nil
}

// Native gives v as what encoding/json takes: nil, bool, int64, float64,
// string, []any or map[string]any. Null entries of maps are left out, as the
// formats have it.
func (v *Value) Native() any {
	if v == nil {
		return nil
	}
	switch v.Kind {
	case Bool:
		return v.Bool
	case Int:
		return v.Int
	case Float:
		return v.Float
	case String, Pending:
		return v.Text
	case List:
		items := make([]any, 0, len(v.Items))
		for _, item := range v.Items {
			items = append(items, item.Native())
		}
		return items
	case Map:
		m := make(map[string]any, len(v.Entries))
		for _, e := range v.Entries {
			if e.Value.Kind != Null {
				m[e.Key] = e.Value.Native()
			}
		}
		return m
	}
	return nil
}

// Format shows the kind only, whatever the verb: a value may be secret.
func (v Value) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "expr.Value(%s)", v.Kind) }
