package spec

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"s/pkg/diag"
)

// maxDepth bounds the nesting of an s.yaml.
const maxDepth = 100

// node is a YAML node with its place, anchors and merge keys undone. Nodes
// behind an anchor are shared, not copied.
type node struct {
	yaml    *yaml.Node // for the places inside a scalar
	path    string     // e.g. vars.service.name
	rng     diag.Range
	entries []nodeEntry
	index   map[string]int // of entries
	items   []*node
	// as is whose this the expressions inside mean, if it isn't the resource that
	// the node is used in.
	as string
}

// nodeEntry is a key of a map.
type nodeEntry struct {
	key   string
	rng   diag.Range
	yaml  *yaml.Node
	value *node
}

func (n *node) isMap() bool    { return n != nil && n.yaml.Kind == yaml.MappingNode }
func (n *node) isList() bool   { return n != nil && n.yaml.Kind == yaml.SequenceNode }
func (n *node) isScalar() bool { return n != nil && n.yaml.Kind == yaml.ScalarNode }

func (n *node) isNull() bool {
	return n == nil || (n.isScalar() && n.yaml.ShortTag() == "!!null")
}

// text gives the text of a scalar.
func (n *node) text() string {
	if !n.isScalar() {
		return ""
	}
	return n.yaml.Value
}

func (n *node) entry(key string) *nodeEntry {
	if n == nil {
		return nil
	}
	if i, ok := n.index[key]; ok {
		return &n.entries[i]
	}
	return nil
}

func (n *node) add(e nodeEntry) {
	if n.index == nil {
		n.index = map[string]int{}
	}
	n.index[e.key] = len(n.entries)
	n.entries = append(n.entries, e)
}

func (n *node) get(key string) *node {
	if e := n.entry(key); e != nil {
		return e.value
	}
	return nil
}

// all are the entries of a map, none for everything else.
func (n *node) all() []nodeEntry {
	if n == nil {
		return nil
	}
	return n.entries
}

func (n *node) keys() []string {
	keys := make([]string, 0, len(n.entries))
	for _, e := range n.entries {
		keys = append(keys, e.key)
	}
	return keys
}

// converter turns YAML nodes into nodes.
type converter struct {
	*source
	report  func(diag.Diagnostic)
	done    map[*yaml.Node]*node
	keyOf   map[*node]diag.Range
	keys    []*yaml.Node // of all maps
	pending map[*yaml.Node]bool
	depth   int
}

// nullNode stands for what could not be converted.
func nullNode(y *yaml.Node, path string, rng diag.Range) *node {
	return &node{yaml: &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: y.Line, Column: y.Column}, path: path, rng: rng}
}

func (c *converter) convert(y *yaml.Node, path string) *node {
	if y.Kind == yaml.AliasNode {
		if c.pending[y.Alias] {
			rng := c.scalarRange(y)
			c.report(problem(CodeYAMLFeature, rng, "*%s contains itself", y.Value))
			return nullNode(y, path, rng)
		}
		return c.convert(y.Alias, path)
	}
	if n, ok := c.done[y]; ok {
		return n
	}
	rng := c.scalarRange(y)
	if c.depth++; c.depth > maxDepth {
		c.depth--
		c.report(problem(CodeYAMLFeature, rng, "nested more than %d levels deep", maxDepth))
		return nullNode(y, path, rng)
	}
	c.pending[y] = true
	n := c.fresh(y, path, rng)
	delete(c.pending, y)
	c.depth--
	c.done[y] = n
	return n
}

func (c *converter) fresh(y *yaml.Node, path string, rng diag.Range) *node {
	n := &node{yaml: y, path: path, rng: rng}
	switch y.Kind {
	case yaml.MappingNode:
		c.mapping(n)
	case yaml.SequenceNode:
		for i, item := range y.Content {
			n.items = append(n.items, c.convert(item, path+"["+strconv.Itoa(i)+"]"))
		}
	case yaml.ScalarNode:
		switch tag := y.ShortTag(); tag {
		case "!!str", "!!int", "!!float", "!!bool", "!!null", "!!timestamp":
		default:
			c.report(problem(CodeYAMLFeature, rng, "the tag %s means nothing here", tag))
			return nullNode(y, path, rng)
		}
	}
	return n
}

// mapping converts a map: its own keys first, then what << brings along.
func (c *converter) mapping(n *node) {
	var merges []*yaml.Node
	seen := map[string]diag.Range{}
	for i := 0; i+1 < len(n.yaml.Content); i += 2 {
		key, value := n.yaml.Content[i], n.yaml.Content[i+1]
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		rng := c.scalarRange(n.yaml.Content[i])
		switch {
		case key.Kind != yaml.ScalarNode:
			d := problem(CodeYAMLFeature, rng, "a key must be a plain text")
			if strings.Contains(c.lines[min(rng.Start.Line, len(c.lines))-1], "{{") {
				d.Hint = templateHint
			}
			c.report(d)
			continue
		case key.ShortTag() == "!!merge":
			merges = append(merges, value)
			continue
		}
		if first, ok := seen[key.Value]; ok {
			d := problem(CodeDuplicateKey, rng, "the key %q stands here for the second time", key.Value)
			d.Detail = "first at " + first.String()
			c.report(d)
			continue
		}
		seen[key.Value] = rng
		child := c.convert(value, join(n.path, key.Value))
		if _, ok := c.keyOf[child]; !ok {
			c.keyOf[child] = rng
		}
		c.keys = append(c.keys, key)
		n.add(nodeEntry{key: key.Value, rng: rng, yaml: key, value: child})
	}
	for _, m := range merges {
		c.merge(n, m)
	}
}

// merge adds the keys of a map, or of a list of maps, that n hasn't got.
func (c *converter) merge(n *node, y *yaml.Node) {
	from := c.convert(y, n.path)
	sources := []*node{from}
	if from.isList() {
		sources = from.items
	}
	for _, s := range sources {
		if !s.isMap() {
			if !s.isNull() {
				c.report(problem(CodeYAMLFeature, s.rng, "<< takes a map"))
			}
			continue
		}
		for _, e := range s.entries {
			if n.entry(e.key) == nil {
				n.add(e)
			}
		}
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// countNodes counts the nodes of a tree, aliases as one, up to a little more than
// limit.
func countNodes(y *yaml.Node, limit int) int {
	n := 1
	for _, child := range y.Content {
		if n > limit {
			break
		}
		n += countNodes(child, limit-n)
	}
	return n
}

// endLine gives the last line that a node reaches.
func endLine(y *yaml.Node) int {
	last := y.Line
	if y.Kind == yaml.ScalarNode {
		for _, c := range y.Value {
			if c == '\n' {
				last++
			}
		}
	}
	for _, child := range y.Content {
		last = max(last, endLine(child))
	}
	return last
}

// source is the text of the file and the way from a YAML node back into it.
type source struct {
	file  string
	dir   string // absolute; paths in its expressions count from here
	lines []string
	// One line as runes: files may have all their values in one long line.
	cachedLine int
	cached     []rune
	// The places of one scalar: it may hold many expressions.
	placesOf     *yaml.Node
	cachedPlaces []diag.Pos
}

// runes gives a line, counted from 0, as runes.
func (s *source) runes(line int) []rune {
	if line < 0 || line >= len(s.lines) {
		return nil
	}
	if s.cached == nil || s.cachedLine != line {
		s.cachedLine, s.cached = line, []rune(s.lines[line])
	}
	return s.cached
}

// scalarRange is the range of a node: the token of a scalar, the start alone
// of everything else.
func (s *source) scalarRange(y *yaml.Node) diag.Range {
	start := diag.Pos{Line: max(1, y.Line), Column: max(1, y.Column)}
	rng := diag.Range{File: s.file, Start: start, End: start}
	switch {
	case y.Kind == yaml.AliasNode:
		rng.End.Column += utf8.RuneCountInString(y.Value) + 1
	case y.Kind != yaml.ScalarNode || y.Value == "" && y.Style == 0:
	case y.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		rng.End.Column++
	default:
		places := s.places(y)
		rng.End = places[len(places)-1]
		if y.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
			rng.End.Column++
		}
	}
	return rng
}
