package cmdutil

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/mattn/go-runewidth"
	"go.yaml.in/yaml/v3"
)

// Print writes v as data in one of the Output formats. The order of fields is
// that of v's JSON form, whatever the format.
func Print(w io.Writer, format string, v any) error {
	if format == OutputTable {
		return PrintTable(w, v)
	}
	data, err := marshal(v)
	if err != nil {
		return err
	}
	switch format {
	case OutputRaw:
		_, err := w.Write(data)
		return err
	case OutputJSON:
		var indented bytes.Buffer
		if err := json.Indent(&indented, data, "", "  "); err != nil {
			return err
		}
		_, err := w.Write(indented.Bytes())
		return err
	}
	// JSON is YAML, and a YAML node keeps the order of keys.
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		return err
	}
	if format == OutputYAML {
		return printYAML(w, &document)
	}
	var b strings.Builder
	for _, node := range document.Content {
		list(&b, node, 0)
	}
	_, err = io.WriteString(w, b.String())
	return err
}

// marshal is v as JSON in one line, with its end, and without escapes for HTML.
func marshal(v any) ([]byte, error) {
	var data bytes.Buffer
	encoder := json.NewEncoder(&data)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return data.Bytes(), err
}

func printYAML(w io.Writer, document *yaml.Node) error {
	blockStyle(document)
	encoder := yaml.NewEncoder(w)
	encoder.SetIndent(2)
	if err := encoder.Encode(document); err != nil {
		return err
	}
	return encoder.Close()
}

// blockStyle turns the flow style of JSON into the indented one. Strings keep
// quotes only where the encoder finds that they need them.
func blockStyle(node *yaml.Node) {
	switch {
	case node.Kind != yaml.ScalarNode:
		if len(node.Content) > 0 {
			node.Style = 0
		}
	case node.Tag == "!!str":
		node.Style = 0
		node.SetString(node.Value) // block style for text of several lines
	}
	for _, child := range node.Content {
		blockStyle(child)
	}
}

// list draws the indented list that is the default format: keys of a level
// aligned, a level further in for what they hold.
func list(b *strings.Builder, node *yaml.Node, indent int) {
	pad := strings.Repeat(" ", indent)
	switch {
	case node.Kind == yaml.ScalarNode:
		fmt.Fprintf(b, "%s%s\n", pad, indentLines(scalar(node), pad))
	case len(node.Content) == 0 && node.Kind == yaml.SequenceNode:
		fmt.Fprintf(b, "%s[]\n", pad)
	case len(node.Content) == 0:
		fmt.Fprintf(b, "%s{}\n", pad)
	case node.Kind == yaml.SequenceNode:
		for _, item := range node.Content {
			if item.Kind == yaml.ScalarNode {
				fmt.Fprintf(b, "%s- %s\n", pad, indentLines(scalar(item), pad+"  "))
				continue
			}
			fmt.Fprintf(b, "%s-\n", pad)
			list(b, item, indent+2)
		}
	default:
		listMap(b, node, pad, indent)
	}
}

func listMap(b *strings.Builder, node *yaml.Node, pad string, indent int) {
	width := 0
	for i := 0; i < len(node.Content); i += 2 {
		width = max(width, runewidth.StringWidth(node.Content[i].Value))
	}
	for i := 0; i < len(node.Content); i += 2 {
		key, value := node.Content[i].Value, node.Content[i+1]
		if !isLine(value) {
			fmt.Fprintf(b, "%s%s:\n", pad, key)
			list(b, value, indent+2)
			continue
		}
		gap := strings.Repeat(" ", width-runewidth.StringWidth(key)+1)
		text := scalar(value)
		if value.Kind != yaml.ScalarNode {
			text = map[yaml.Kind]string{yaml.SequenceNode: "[]", yaml.MappingNode: "{}"}[value.Kind]
		}
		line := pad + key + ":" + gap + indentLines(text, pad+"  ")
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// isLine tells what stands behind its key: a value, or nothing in brackets.
func isLine(node *yaml.Node) bool { return node.Kind == yaml.ScalarNode || len(node.Content) == 0 }

func scalar(node *yaml.Node) string {
	if node.Tag == "!!null" {
		return ""
	}
	return node.Value
}

// indentLines keeps a text of several lines inside its level.
func indentLines(text, pad string) string {
	return strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n"+pad)
}
