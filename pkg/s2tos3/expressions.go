package s2tos3

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"s/pkg/fc"
	"s/pkg/spec/expr"
)

// pathText writes a path with dots, which both programs read.
func pathText(segments []expr.Segment) string {
	names := make([]string, 0, len(segments))
	for _, s := range segments {
		names = append(names, s.Name)
	}
	return strings.Join(names, ".")
}

// owner gives the name of the service that the first segment of a path means,
// where names of the file's top don't shadow it.
func (c *converter) owner(path *expr.Path, here string) (string, bool) {
	switch root := path.Segments[0].Name; root {
	case "this", "that":
		return here, here != ""
	case "vars", "cwd", "aliyun-cli", "resources", "components", "self", "shared", "credential":
		return "", false
	default:
		return root, c.services[root] != nil
	}
}

// lookup finds the node that a path of edition 1.0.0 leads to, or nil.
func (c *converter) lookup(path *expr.Path, here string, depth int) *yaml.Node {
	start, segments := c.root, path.Segments
	if name, ok := c.owner(path, here); ok {
		start, segments, here = c.services[name], segments[1:], name
	}
	return c.descend(start, segments, here, depth)
}

func (c *converter) descend(n *yaml.Node, segments []expr.Segment, here string, depth int) *yaml.Node {
	if depth > maxHops {
		return nil
	}
	for i, s := range segments {
		n = deref(n)
		if path := single(n); path != nil {
			found := c.lookup(path, here, depth+1)
			if found == nil {
				return nil
			}
			return c.descend(found, segments[i:], here, depth+1)
		}
		if n = c.child(n, s.Name); n == nil {
			return nil
		}
	}
	return deref(n)
}

func (c *converter) child(n *yaml.Node, name string) *yaml.Node {
	if n.Kind == yaml.SequenceNode {
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i]
		}
		return nil
	}
	for _, p := range c.pairs(n) {
		if p.key.Value == name {
			return p.value
		}
	}
	return nil
}

// translateAll translates the expressions in the result, each scalar once, and
// in the actions' keys.
func (c *converter) translateAll(out *yaml.Node) {
	for i := 0; i+1 < len(out.Content); i += 2 {
		if out.Content[i].Value != "resources" {
			c.translateIn(out.Content[i+1], "")
			continue
		}
		entries := out.Content[i+1]
		for k := 0; k+1 < len(entries.Content); k += 2 {
			c.translateIn(entries.Content[k+1], entries.Content[k].Value)
		}
	}
}

func (c *converter) translateIn(n *yaml.Node, owner string) {
	if n.Kind == yaml.ScalarNode && !c.done[n] && expr.Contains(n.Value) {
		c.done[n] = true
		value := c.translate(n, owner)
		if value != n.Value && n.Style&yaml.SingleQuotedStyle != 0 && !strings.ContainsAny(value, "\\\"") {
			n.Style = n.Style&^yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle
		}
		n.Value = value
	}
	for _, child := range n.Content {
		c.translateIn(child, owner)
	}
}

// translate gives the text of a scalar with the expressions of edition 3.0.0.
// Those that have no counterpart are reported.
func (c *converter) translate(n *yaml.Node, owner string) string {
	t, errs := expr.Parse(n.Value)
	if len(errs) > 0 {
		return n.Value // in what spec doesn't evaluate
	}
	var b strings.Builder
	from := 0
	for _, part := range t.Parts {
		if part.Expr == nil {
			continue
		}
		b.WriteString(n.Value[from:part.Span.Start])
		from = part.Span.End
		b.WriteString(c.expression(n, part, owner))
	}
	return b.String() + n.Value[from:]
}

// expression translates one ${...}.
func (c *converter) expression(n *yaml.Node, part expr.Part, owner string) string {
	switch e := part.Expr.(type) {
	case *expr.Call:
		return "${" + call(n.Value, e) + "}"
	case *expr.Path:
		name, ok := c.owner(e, owner)
		if !ok {
			return n.Value[part.Span.Start:part.Span.End]
		}
		return c.ofService(n, part, e, name, name == owner && e.Segments[0].Name == "this")
	}
	return n.Value[part.Span.Start:part.Span.End]
}

// call quotes the arguments of a function, as edition 3.0.0 is written.
func call(source string, e *expr.Call) string {
	var args []string
	for _, a := range e.Args {
		span := expr.SpanOf(a)
		written := source[span.Start:span.End]
		switch a := a.(type) {
		case *expr.Call:
			written = call(source, a)
		case *expr.Literal:
			if written[0] != '\'' && written[0] != '"' {
				quote := "'"
				if strings.Contains(written, quote) {
					quote = `"`
				}
				written = quote + written + quote
			}
		}
		args = append(args, written)
	}
	return e.Name + "(" + strings.Join(args, ", ") + ")"
}

// ofService translates a path into a service: the same value under its new
// name, or the value itself where edition 3.0.0 has no such name.
func (c *converter) ofService(n *yaml.Node, part expr.Part, path *expr.Path, name string, this bool) string {
	base := "resources." + name
	if this {
		base = "this"
	}
	rest := path.Segments[1:]
	if len(rest) == 0 {
		return "${" + base + "}" // spec reports it
	}
	switch rest[0].Name {
	case "props":
		if to, ok := c.propPath(name, rest[1:]); ok {
			return "${" + base + ".props." + to + "}"
		}
		return c.inline(n, part, path, name)
	case "output":
		if to, ok := outputPath(pathText(rest[1:])); ok {
			return "${" + base + ".output." + to + "}"
		}
		switch pathText(rest[1:]) {
		case "service.name", "function.name":
			props := append([]expr.Segment{path.Segments[0], {Name: "props"}}, rest[1:]...)
			return c.inline(n, part, &expr.Path{Span: path.Span, Segments: props}, name)
		}
		c.errorAt(CodeReference, c.spanPlace(n, part.Span), "what deploy gives in edition 3.0.0 has no "+pathText(rest[1:]),
			"it has region, functionName, url.system_url and what s info shows")
		return n.Value[part.Span.Start:part.Span.End]
	}
	return "${" + base + "." + pathText(rest) + "}"
}

// inline writes the value that a path leads to in place of the path.
func (c *converter) inline(n *yaml.Node, part expr.Part, path *expr.Path, name string) string {
	found := c.lookup(path, name, 0)
	if found == nil || found.Kind != yaml.ScalarNode || part.Span.End-part.Span.Start == len(n.Value) && found.ShortTag() != "!!str" && !expr.Contains(found.Value) {
		c.errorAt(CodeReference, c.spanPlace(n, part.Span), "edition 3.0.0 has nothing that "+pathText(path.Segments)+" could be",
			"put the value into vars, and use it from there in both places")
		return n.Value[part.Span.Start:part.Span.End]
	}
	if !expr.Contains(found.Value) {
		return found.Value
	}
	return c.translate(found, name)
}

// outputPath gives the name of what deploy gives.
func outputPath(path string) (string, bool) {
	switch path {
	case "region", "url.system_url", "url.system_intranet_url":
		return path, true
	case "function.runtime", "function.handler", "function.memorySize", "function.timeout":
		return strings.TrimPrefix(path, "function."), true
	}
	return "", false
}

// move is where a part of the props went; to is empty if nothing of edition
// 3.0.0 has the same value.
type move struct {
	from, to string
	whole    bool // from alone, not what is in it
}

// moves says where the props went; of several the longest counts. CUSTOM is the
// block of the runtime.
func moves() []move {
	return []move{
		{from: "region", to: "region"},
		{from: "service", to: ""},
		{from: "service.role", to: "role"},
		{from: "service.internetAccess", to: "internetAccess"},
		{from: "service.logConfig", to: "logConfig"},
		{from: "service.ossMountConfig", to: "ossMountConfig"},
		{from: "service.tracingConfig", to: "tracingConfig"},
		{from: "service.vpcBinding", to: "vpcBinding.vpcIds"},
		{from: "service.vpcConfig", to: "vpcConfig"},
		{from: "service.vpcConfig", to: "", whole: true},
		{from: "service.vpcConfig.vswitchIds", to: "vpcConfig.vSwitchIds"},
		{from: "service.nasConfig.userId", to: "nasConfig.userId"},
		{from: "service.nasConfig.groupId", to: "nasConfig.groupId"},
		{from: "function", to: "", whole: true},
		{from: "function", to: "."},
		{from: "function.name", to: ""},
		{from: "function.codeUri", to: "code"},
		{from: "function.ossBucket", to: "code.ossBucketName"},
		{from: "function.ossKey", to: "code.ossObjectName"},
		{from: "function.caPort", to: "CUSTOM.port"},
		{from: "function.customHealthCheckConfig", to: "CUSTOM.healthCheckConfig"},
		{from: "function.customRuntimeConfig", to: "", whole: true},
		{from: "function.customContainerConfig", to: ""},
		{from: "function.customContainerConfig.image", to: "customContainerConfig.image"},
		{from: "function.initializer", to: "instanceLifecycleConfig.initializer.handler"},
		{from: "function.initializationTimeout", to: "instanceLifecycleConfig.initializer.timeout"},
		{from: "function.instanceLifecycleConfig", to: "", whole: true},
		{from: "function.instanceLifecycleConfig.preFreeze", to: ""},
		{from: "function.instanceType", to: ""},
		{from: "function.gpuMemorySize", to: "gpuConfig.gpuMemorySize"},
		{from: "function.instanceSoftConcurrency", to: ""},
		{from: "function.asyncConfiguration", to: "asyncInvokeConfig"},
		{from: "function.asyncConfiguration", to: "", whole: true},
		{from: "function.asyncConfiguration.statefulInvocation", to: "asyncInvokeConfig.asyncTask"},
		{from: "function.asyncConfiguration.destination", to: ""},
	}
}

// propPath gives the name of a value of the props in edition 3.0.0; ok is false
// if there is none for the same value.
func (c *converter) propPath(service string, segments []expr.Segment) (string, bool) {
	if len(segments) > 0 && segments[0].Name == "triggers" {
		return triggerPath(segments)
	}
	path := pathText(segments)
	best, rest := move{}, ""
	for _, m := range moves() {
		after, ok := strings.CutPrefix(path, m.from)
		if ok && (after == "" || after[0] == '.' && !m.whole) && (len(m.from) > len(best.from) || m.whole) {
			best, rest = m, after
		}
	}
	custom := "customRuntimeConfig"
	if f := c.project.Find(service); f != nil {
		if r, _ := fc.LookupRuntime(f.Function.Runtime); r.Container {
			custom = "customContainerConfig"
		}
	}
	to := strings.TrimLeft(strings.Replace(best.to, "CUSTOM", custom, 1)+rest, ".")
	return to, best.to != ""
}

// triggerPath renames the key of one trigger.
func triggerPath(segments []expr.Segment) (string, bool) {
	names := map[string]string{
		"name": "triggerName", "type": "triggerType", "role": "invocationRole", "qualifier": "qualifier",
		"sourceArn": "sourceArn", "description": "description",
	}
	if len(segments) == 3 {
		to, ok := names[segments[2].Name]
		return "triggers." + segments[1].Name + "." + to, ok
	}
	return "", false
}
