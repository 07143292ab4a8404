package spec

import (
	"iter"
	"strconv"

	"go.yaml.in/yaml/v3"

	"s/pkg/diag"
	"s/pkg/spec/expr"
)

// Value is a single value of the resolved file, and where it comes from.
type Value struct {
	Path string // such as resources.hello.props.memorySize, or vars.list[0]
	// Value is nil, a bool, an int64, a float64 or a string; an empty map or list
	// for one that has nothing in it; *** if Secret; and the ${...} as it was
	// written if Pending.
	Value any
	Range diag.Range // where the value stands in the file
	// Expression is the text with ${...} that made it, as it was written; empty
	// if there is none.
	Expression string
	// Origin is where the expression took the value from, if that is a place in
	// the file.
	Origin  diag.Range
	Secret  bool // a key, a password or made of one
	Pending bool // known only once another resource is deployed
}

// Values walks over the values of the resolved file in its order: name, access,
// vars, actions, and component, vars, props and actions of each resource. It
// holds for what Load understood, whether or not there were errors; a value with
// an error is left out.
func (p *Project) Values() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if p.tree != nil && !p.tree.IsEmpty() {
			walkValues(p.tree, Value{}, false, yield)
		}
	}
}

// walkValues gives what is in v. Inside of what one expression made, all values
// stand where that expression does.
func walkValues(v *expr.Value, at Value, inside bool, yield func(Value) bool) bool {
	if v.Invalid {
		return true
	}
	if inside {
		at.Origin = v.Range
	} else {
		at.Range, at.Expression, at.Origin = v.Range, v.Source, v.Origin
		inside = v.Source != ""
	}
	if v.Kind != expr.List && v.Kind != expr.Map || v.IsEmpty() {
		at.Secret, at.Pending = v.Sensitive, v.Kind == expr.Pending
		if at.Value = v.Native(); at.Secret {
			at.Value = "***"
		}
		return yield(at)
	}
	path := at.Path
	for i, item := range v.Items {
		at.Path = path + "[" + strconv.Itoa(i) + "]"
		if !walkValues(item, at, inside, yield) {
			return false
		}
	}
	for _, e := range v.Entries {
		at.Path = expr.JoinKey(path, e.Key)
		if !walkValues(e.Value, at, inside, yield) {
			return false
		}
	}
	return true
}

// tree gives what has been resolved of the file as one value.
func (l *loader) tree() *expr.Value {
	list := "resources"
	if l.edition == Edition1 {
		list = "services"
	}
	var entries []expr.Entry
	for _, e := range l.root.entries {
		switch e.key {
		case "access":
			if l.environment != nil && l.environment.Access != "" {
				e.value = l.environment.node.get("access")
			}
			entries = l.whole(entries, e, "")
		case "name", "vars", "actions", "flow":
			entries = l.whole(entries, e, "")
		case list:
			var resources []expr.Entry
			for _, r := range e.value.entries {
				var parts []expr.Entry
				for _, part := range l.entries[r.key].all() {
					parts = l.whole(parts, part, r.key)
				}
				resources = append(resources, expr.Entry{Key: r.key, KeyRange: r.rng, Value: mapAt(r.rng, parts)})
			}
			entries = append(entries, expr.Entry{Key: e.key, KeyRange: e.rng, Value: mapAt(e.rng, resources)})
		}
	}
	return expr.NewMap(entries)
}

// mapAt makes a map with a place.
func mapAt(rng diag.Range, entries []expr.Entry) *expr.Value {
	v := expr.NewMap(entries)
	v.Range = rng
	return v
}

// whole adds an entry with all that is in it, whatever of it Load had use for. A
// template that is merged already is no part of a resource any more.
func (l *loader) whole(entries []expr.Entry, e nodeEntry, owner string) []expr.Entry {
	if e.key == "extend" {
		return entries
	}
	return append(entries, expr.Entry{Key: e.key, KeyRange: e.rng, Value: l.resolve.value(e.value, owner)})
}

// YAML gives the resolved file as a YAML map in its order. Keys, passwords and
// what is made of them, and values that aren't known yet, stand there as the
// ${...} that they were written as. comment gives what is said beside a single
// value; nil says nothing.
func (p *Project) YAML(comment func(Value) string) *yaml.Node {
	root := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	add(root, "edition", text(p.Edition))
	if p.tree != nil {
		w := yamlWriter{comment: comment}
		root.Content = append(root.Content, w.node(p.tree, Value{}, false).Content...)
	}
	return root
}

func add(n *yaml.Node, key string, value *yaml.Node) { n.Content = append(n.Content, text(key), value) }

func text(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }

type yamlWriter struct{ comment func(Value) string }

// node writes a value; nothing of a map whose value is null is written, as the
// functions get none of it.
func (w yamlWriter) node(v *expr.Value, at Value, inside bool) *yaml.Node {
	if inside {
		at.Origin = v.Range
	} else {
		at.Range, at.Expression, at.Origin = v.Range, v.Source, v.Origin
		inside = v.Source != ""
	}
	path := at.Path
	switch {
	case v.Kind == expr.Map:
		n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		for _, e := range v.Entries {
			if e.Value.Invalid || e.Value.Kind == expr.Null {
				continue
			}
			at.Path = expr.JoinKey(path, e.Key)
			add(n, e.Key, w.node(e.Value, at, inside))
		}
		return n
	case v.Kind == expr.List:
		n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		for i, item := range v.Items {
			at.Path = path + "[" + strconv.Itoa(i) + "]"
			n.Content = append(n.Content, w.node(item, at, inside))
		}
		return n
	}
	n := &yaml.Node{}
	at.Secret, at.Pending = v.Sensitive, v.Kind == expr.Pending
	switch {
	case at.Secret && at.Expression != "":
		n = text(at.Expression)
	case at.Secret:
		n = text("***")
	case n.Encode(v.Native()) != nil:
		n = text(v.Text)
	}
	at.Value = n.Value
	if w.comment != nil {
		n.LineComment = w.comment(at)
	}
	return n
}
