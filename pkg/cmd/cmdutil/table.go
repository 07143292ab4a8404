package cmdutil

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"
	"go.yaml.in/yaml/v3"

	"s/pkg/iostreams"
)

// maxCell bounds a cell of a table, in columns of a terminal. What is cut ends
// with an ellipsis: who wants all of it asks for another format.
const maxCell = 48

// PrintTable draws a list of objects as a table, or an object as one of names
// and values. An object that holds nothing but one list besides single values is
// that list, and the values are written below. columns chooses what is shown
// and in which order; without it every field is that has a value in some row.
func PrintTable(w io.Writer, v any, columns ...string) error {
	data, err := marshal(v)
	if err != nil {
		return err
	}
	var document yaml.Node // keeps the order of keys
	if err := yaml.Unmarshal(data, &document); err != nil {
		return err
	}
	var b strings.Builder
	for _, node := range document.Content {
		table(&b, node, columns, iostreams.ColumnsOf(w))
	}
	_, err = io.WriteString(w, b.String())
	return err
}

// table draws a document; on a terminal no line is wider than it is.
func table(b *strings.Builder, node *yaml.Node, columns []string, width int) {
	rows, rest := tableRows(node)
	if rows == nil && allNamed(rest) {
		drawTable(b, namedRows(rest), columns, width)
		return
	}
	if rows == nil {
		for _, field := range rest {
			text, first := oneLine(field.value), widest(rest)
			if width > first+minColumn {
				text = runewidth.Truncate(text, width-first-gap, "…")
			}
			drawRow(b, []string{field.name, text}, []int{first, 0})
		}
		return
	}
	drawTable(b, rows, columns, width)
	for _, field := range rest {
		if text := oneLine(field.value); text != "" {
			fmt.Fprintf(b, "%s: %s\n", field.name, text)
		}
	}
}

// allNamed tells results of several resources, each under its name.
func allNamed(fields []field) bool {
	return len(fields) > 0 && !slices.ContainsFunc(fields, func(f field) bool { return f.value.Kind != yaml.MappingNode || len(f.value.Content) == 0 })
}

// namedRows makes rows of such results: the names, and the single values.
func namedRows(fields []field) []*yaml.Node {
	rows := make([]*yaml.Node, len(fields))
	for i, f := range fields {
		row := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{text("resource"), text(f.name)}}
		for _, own := range fieldsOf(f.value) {
			if own.value.Kind == yaml.ScalarNode && own.name != "resource" {
				row.Content = append(row.Content, text(own.name), own.value)
			}
		}
		rows[i] = row
	}
	return rows
}

func text(value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
}

// field is one entry of an object.
type field struct {
	name  string
	value *yaml.Node
}

func fieldsOf(node *yaml.Node) []field {
	var out []field
	for i := 0; i+1 < len(node.Content); i += 2 {
		out = append(out, field{node.Content[i].Value, node.Content[i+1]})
	}
	return out
}

// tableRows gives what the rows of a table are of, and what stands beside them.
// rows is nil for a single object.
func tableRows(node *yaml.Node) (rows []*yaml.Node, rest []field) {
	if node.Kind == yaml.SequenceNode {
		return slices.Clip(append([]*yaml.Node{}, node.Content...)), nil
	}
	if node.Kind != yaml.MappingNode {
		return []*yaml.Node{node}, nil
	}
	for _, f := range fieldsOf(node) {
		if f.value.Kind != yaml.SequenceNode {
			rest = append(rest, f)
			continue
		}
		if rows != nil {
			return nil, fieldsOf(node) // two lists are no table
		}
		rows = append([]*yaml.Node{}, f.value.Content...)
	}
	if slices.ContainsFunc(rest, func(f field) bool { return f.value.Kind != yaml.ScalarNode }) {
		return nil, fieldsOf(node)
	}
	return rows, rest
}

func widest(fields []field) int {
	width := 0
	for _, f := range fields {
		width = max(width, runewidth.StringWidth(f.name))
	}
	return width
}

// drawTable draws rows under their columns, within a width, which may be 0. Rows that
// are no objects have one.
func drawTable(b *strings.Builder, rows []*yaml.Node, columns []string, width int) {
	if len(columns) == 0 {
		columns = filled(rows)
	}
	cells := make([][]string, 0, len(rows)+1)
	if len(columns) > 0 {
		cells = append(cells, columns)
	}
	for _, row := range rows {
		if row.Kind != yaml.MappingNode {
			cells = append(cells, []string{cell(row)})
			continue
		}
		line := make([]string, len(columns))
		for _, f := range fieldsOf(row) {
			if i := slices.Index(columns, f.name); i >= 0 {
				line[i] = cell(f.value)
			}
		}
		cells = append(cells, line)
	}
	widths := make([]int, len(columns)+1)
	for _, line := range cells {
		for i, text := range line {
			widths[i] = max(widths[i], runewidth.StringWidth(text))
		}
	}
	shown := fit(widths[:max(len(columns), 1)], width)
	for _, line := range cells {
		line = line[:min(len(line), shown)]
		for i, text := range line {
			line[i] = runewidth.Truncate(text, widths[i], "…")
		}
		drawRow(b, line, widths)
	}
}

// minColumn is how narrow a column may become, so that ids stay whole, and gap what
// is between two.
const (
	minColumn = 36
	gap       = 2
)

// fit makes the widest columns narrower until all of them fit, and tells how many do
// if that isn't enough. The first is never left out.
func fit(widths []int, width int) int {
	shown := len(widths)
	total := func() int {
		sum := -gap
		for _, w := range widths[:shown] {
			sum += w + gap
		}
		return sum
	}
	for width > 0 && total() > width {
		widest := 0
		for i, w := range widths[:shown] {
			if w > widths[widest] {
				widest = i
			}
		}
		switch {
		case widths[widest] > minColumn:
			widths[widest]--
		case shown > 1:
			shown--
		default:
			return shown
		}
	}
	return shown
}

// filled lists the fields that say something in some row, in the order in which
// they come.
func filled(rows []*yaml.Node) []string {
	var columns []string
	for _, row := range rows {
		if row.Kind != yaml.MappingNode {
			continue
		}
		for _, f := range fieldsOf(row) {
			if cell(f.value) != "" && !slices.Contains(columns, f.name) {
				columns = append(columns, f.name)
			}
		}
	}
	return columns
}

func drawRow(b *strings.Builder, line []string, widths []int) {
	var out strings.Builder
	for i, text := range line {
		out.WriteString(text)
		if i < len(line)-1 {
			out.WriteString(strings.Repeat(" ", max(widths[i]-runewidth.StringWidth(text), 0)+gap))
		}
	}
	b.WriteString(strings.TrimRight(out.String(), " ") + "\n")
}

// cell is a value as a table has it.
func cell(node *yaml.Node) string { return runewidth.Truncate(oneLine(node), maxCell, "…") }

// oneLine is a value in one line. Empty lists and objects are nothing.
func oneLine(node *yaml.Node) string {
	text := strings.ReplaceAll(strings.TrimRight(scalar(node), "\n"), "\n", " ")
	switch {
	case node.Kind == yaml.ScalarNode:
	case len(node.Content) == 0:
		return ""
	case node.Kind == yaml.SequenceNode && !slices.ContainsFunc(node.Content, func(n *yaml.Node) bool { return n.Kind != yaml.ScalarNode }):
		words := make([]string, len(node.Content))
		for i, n := range node.Content {
			words[i] = scalar(n)
		}
		text = strings.Join(words, ",")
	default:
		text = compact(node)
	}
	return text
}

// compact is a value as JSON in one line.
func compact(node *yaml.Node) string {
	var v any
	if err := node.Decode(&v); err != nil {
		return ""
	}
	data, err := marshal(v)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}
