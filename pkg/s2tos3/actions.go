package s2tos3

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"s/pkg/spec"
)

// actions converts a map of hooks.
func (c *converter) actions(n *yaml.Node) *yaml.Node {
	source := deref(n)
	if source.Kind != yaml.MappingNode {
		return n
	}
	out := c.output(source)
	for _, p := range c.pairs(source) {
		name := p.key.Value
		if command, ok := strings.CutPrefix(name, "post-"); ok {
			name = spec.WhenComplete + "-" + command
		}
		if when, command, ok := strings.Cut(name, "-"); ok && strings.Contains(command, "${") {
			key := clone(p.key)
			key.Value = command
			name = when + "-" + c.translate(key, "")
		}
		list := deref(p.value)
		if list.Kind == yaml.SequenceNode {
			for _, item := range list.Content {
				c.action(deref(item))
			}
		}
		out.add(p.key, name, p.value)
		c.done[out.node.Content[len(out.node.Content)-2]] = true
	}
	out.end()
	return out.node
}

// action converts one hook where it stands.
func (c *converter) action(item *yaml.Node) {
	for _, p := range c.pairs(item) {
		switch p.key.Value {
		case "component":
			c.componentAction(p)
		case "plugin":
			c.warnAt(CodeChanged, c.place(p.key), "a plugin gets the props of component fc3 now", "check that it works with them")
		}
	}
}

// componentAction renames component fc in an action such as fc build
// --use-docker, and drops flags that mean nothing to fc3.
func (c *converter) componentAction(p pair) {
	value := deref(p.value)
	words := strings.Fields(value.Value)
	if len(words) == 0 || c.done[value] {
		return
	}
	base, _, _ := strings.Cut(strings.TrimPrefix(words[0], "devsapp/"), "@")
	if base != "fc" {
		return
	}
	words[0] = "fc3"
	if len(words) > 1 && words[1] == "build" {
		words = append(words[:2:2], c.buildFlags(p, words[2:])...)
	} else {
		c.warnAt(CodeChanged, c.place(p.value), fmt.Sprintf("%q runs component fc3 now", value.Value), "check that the command and its flags are those of fc3")
	}
	value.Value = strings.Join(words, " ")
}

// buildFlags keeps the flags of build that fc3 has. --use-docker is what it does
// anyway.
func (c *converter) buildFlags(p pair, flags []string) []string {
	known := []string{"--use-sandbox", "--custom-env", "--custom-args", "--command", "--script-file", "-f", "--dockerfile", "--context"}
	var kept []string
	for _, f := range flags {
		name, _, _ := strings.Cut(f, "=")
		switch {
		case f == "--use-docker" || f == "-d":
		case strings.HasPrefix(f, "-") && !slices.Contains(known, name):
			c.warnAt(CodeDropped, c.place(p.value), fmt.Sprintf("%s is left out: fc3 build has no such flag", f), "")
		default:
			kept = append(kept, f)
		}
	}
	return kept
}
