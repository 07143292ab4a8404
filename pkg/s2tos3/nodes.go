package s2tos3

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v3"

	"s/pkg/spec/expr"
)

// pair is a key of a map and its value.
type pair struct{ key, value *yaml.Node }

// block is a map of the source: written out, behind an alias, or named by an
// expression.
type block struct {
	pairs []pair
	// ref is the path that names the map, such as vars.service; empty if its
	// values are to be written where it stands.
	ref string
}

// find gives the pair of a key that has a value, or nil.
func (b *block) find(key string) *pair {
	if b == nil {
		return nil
	}
	for i, p := range b.pairs {
		if p.key.Value == key && !isNull(p.value) {
			return &b.pairs[i]
		}
	}
	return nil
}

func isNull(n *yaml.Node) bool {
	n = deref(n)
	return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

func deref(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// pairs gives the keys of a map. What << brings along comes as copies, behind
// the map's own keys if those are the same.
func (c *converter) pairs(n *yaml.Node) []pair {
	var list []pair
	own := map[string]bool{}
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		own[n.Content[i].Value] = true
	}
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.ShortTag() != "!!merge" {
			list = append(list, pair{key, value})
			continue
		}
		sources := []*yaml.Node{deref(value)}
		if sources[0].Kind == yaml.SequenceNode {
			sources = sources[0].Content
		}
		for _, s := range sources {
			for _, p := range c.pairs(deref(s)) {
				if !own[p.key.Value] {
					own[p.key.Value] = true
					list = append(list, pair{clone(p.key), clone(p.value)})
				}
			}
		}
	}
	return list
}

// clone copies a node without its anchors.
func clone(n *yaml.Node) *yaml.Node {
	copied := *n
	if n.Kind == yaml.AliasNode {
		return &copied
	}
	copied.Anchor = ""
	copied.Content = nil
	for _, child := range n.Content {
		copied.Content = append(copied.Content, clone(child))
	}
	return &copied
}

// block gives the map behind a value, or nil if that isn't one. A map in vars
// that an expression names stays there, and its values are named in turn.
func (c *converter) block(n *yaml.Node) *block { return c.blockDepth(n, 0) }

func (c *converter) blockDepth(n *yaml.Node, depth int) *block {
	if n.Kind == yaml.AliasNode {
		n = clone(deref(n))
	}
	if n.Kind == yaml.MappingNode {
		return &block{pairs: c.pairs(n)}
	}
	path := single(n)
	if path == nil || depth > maxHops {
		return nil
	}
	found := c.lookup(path, "", 0)
	if found == nil {
		return nil
	}
	b := c.blockDepth(found, depth+1)
	switch {
	case b == nil || b.ref != "":
	case path.Segments[0].Name == "vars":
		c.named(b, pathText(path.Segments))
	default:
		for i, p := range b.pairs {
			b.pairs[i] = pair{clone(p.key), clone(p.value)}
		}
	}
	return b
}

// named says that a block's values are named by a path from now on. Its comments
// stay where it is.
func (c *converter) named(b *block, ref string) {
	b.ref = ref
	for i, p := range b.pairs {
		key, value := *p.key, *p.value
		for _, n := range []*yaml.Node{&key, &value} {
			n.HeadComment, n.LineComment, n.FootComment = "", "", ""
		}
		c.foreign[&key] = true
		b.pairs[i] = pair{&key, &value}
	}
}

// sub gives the map under a key of a block.
func (c *converter) sub(b *block, p *pair) *block {
	inner := c.block(p.value)
	if inner != nil && inner.ref == "" && b.ref != "" {
		c.named(inner, b.ref+"."+p.key.Value)
	}
	return inner
}

// items gives the elements of a list under a key of a block as maps, or nil if
// it is none.
func (c *converter) items(b *block, p *pair) []*block {
	list, ref := deref(p.value), ""
	if b.ref != "" {
		ref = b.ref + "." + p.key.Value
	}
	if path := single(list); path != nil {
		found := c.lookup(path, "", 0)
		if found == nil || path.Segments[0].Name != "vars" {
			return nil
		}
		list, ref = found, pathText(path.Segments)
	}
	if list.Kind != yaml.SequenceNode {
		return nil
	}
	items := []*block{}
	for i, n := range list.Content {
		item := c.block(n)
		if item == nil {
			return nil
		}
		if ref != "" && item.ref == "" {
			c.named(item, ref+"."+decimal(i))
		}
		items = append(items, item)
	}
	return items
}

// value gives what is to be written for a pair of a block: itself, or the
// expression that names it.
func (c *converter) value(b *block, p *pair) *yaml.Node {
	if b.ref == "" {
		return p.value
	}
	return c.ready("${" + b.ref + "." + p.key.Value + "}")
}

// ready makes a text whose expressions are those of edition 3.0.0.
func (c *converter) ready(s string) *yaml.Node {
	n := text(s)
	c.done[n] = true
	return n
}

func text(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }

func number(n int) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: decimal(n)}
}

// single gives the path that a scalar consists of, or nil.
func single(n *yaml.Node) *expr.Path {
	if n.Kind != yaml.ScalarNode || !expr.Contains(n.Value) {
		return nil
	}
	t, errs := expr.Parse(n.Value)
	if len(errs) > 0 {
		return nil
	}
	path, _ := t.Single().(*expr.Path)
	return path
}

// output is a map that is being written.
type output struct {
	c    *converter
	node *yaml.Node
	// pending are comments of keys that went, for the next one.
	pending []string
}

// output begins a map in the style of another one.
func (c *converter) output(like *yaml.Node) *output {
	node := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	if like != nil && like.Kind == yaml.MappingNode {
		node.Style, node.HeadComment, node.LineComment, node.FootComment = like.Style, like.HeadComment, like.LineComment, like.FootComment
		node.Anchor = like.Anchor
	}
	return &output{c: c, node: node}
}

// add writes a key under the name it has now, with the comments of the old one.
func (o *output) add(old *yaml.Node, name string, value *yaml.Node) {
	key := text(name)
	if old != nil {
		key.HeadComment, key.LineComment, key.FootComment, key.Style = old.HeadComment, old.LineComment, old.FootComment, old.Style
		if !o.c.foreign[old] && o.c.blankBefore(old) {
			o.c.blank[key] = true
		}
	}
	if len(o.pending) > 0 {
		if key.HeadComment != "" {
			o.pending = append(o.pending, key.HeadComment)
		}
		key.HeadComment = strings.Join(o.pending, "\n")
		o.pending = nil
	}
	o.c.done[key] = name != "" && !expr.Contains(name)
	o.node.Content = append(o.node.Content, key, value)
}

// addDefault writes what edition 1.0.0 takes where nothing is said.
func (o *output) addDefault(name string, value *yaml.Node) {
	o.add(nil, name, value)
	if value.Kind == yaml.ScalarNode {
		o.c.notes[value] = "# the default of edition 1.0.0"
	}
}

// keep has the comments of a key, and of its value, written before the next
// one.
func (o *output) keep(p pair) {
	for _, n := range []*yaml.Node{p.key, p.value} {
		for _, comment := range []string{n.HeadComment, n.LineComment, n.FootComment} {
			if comment != "" {
				o.pending = append(o.pending, comment)
			}
		}
	}
}

// end writes the comments that are left behind the last key.
func (o *output) end() {
	if n := len(o.node.Content); n > 0 && len(o.pending) > 0 {
		key := o.node.Content[n-2]
		if key.FootComment != "" {
			o.pending = append([]string{key.FootComment}, o.pending...)
		}
		key.FootComment = strings.Join(o.pending, "\n")
	}
	o.pending = nil
}

// settleAliases gives every alias a definition before it, in the order of the
// result: an anchor may have stood on what is gone.
func (c *converter) settleAliases(n *yaml.Node, defined map[*yaml.Node]*yaml.Node) {
	for i, child := range n.Content {
		if child.Kind == yaml.AliasNode {
			target, ok := defined[child.Alias]
			if !ok {
				target = clone(child.Alias)
				target.Anchor = child.Alias.Anchor
				c.settleAliases(target, defined)
				defined[child.Alias], defined[target] = target, target
				n.Content[i] = target
				continue
			}
			child.Alias = target
			continue
		}
		c.settleAliases(child, defined)
		if child.Anchor != "" {
			defined[child] = child
		}
	}
}

// blankMark stands for a blank line until the file is written.
const blankMark = "#-blank-line-7d1f5b-"

// markBlanks puts marks before keys that have a blank line before them, and
// notes behind values, where there is a line for them.
func (c *converter) markBlanks(n *yaml.Node, first bool) {
	if n.Style&yaml.FlowStyle != 0 {
		return
	}
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			if c.blank[child] && !(first && i == 0) {
				child.HeadComment = strings.TrimSuffix(blankMark+"\n"+child.HeadComment, "\n")
			}
			continue
		}
		if note := c.notes[child]; note != "" {
			child.LineComment = note
		}
		// The comment of a first key in a list belongs to the dash.
		c.markBlanks(child, n.Kind == yaml.SequenceNode)
	}
}

// unmark turns the marks into blank lines.
func unmark(data []byte) []byte {
	lines := bytes.Split(data, []byte("\n"))
	for i, line := range lines {
		if string(bytes.TrimSpace(line)) == blankMark {
			lines[i] = nil
		}
	}
	return bytes.Join(lines, []byte("\n"))
}

// indentation is that of the source: the column of the first nested key.
func (c *converter) indentation() int {
	for _, n := range c.root.Content {
		if n.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle == 0 && len(n.Content) > 0 && n.Column > 1 {
			return n.Column - 1
		}
	}
	return 2
}

// compact reports whether the source writes the dashes of a list under its key
// rather than further in.
func compact(n *yaml.Node) bool {
	for i, child := range n.Content {
		if child.Kind == yaml.SequenceNode && child.Style&yaml.FlowStyle == 0 && n.Kind == yaml.MappingNode && child.Column == n.Content[i-1].Column {
			return true
		}
		if compact(child) {
			return true
		}
	}
	return false
}
