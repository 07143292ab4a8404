package s2tos3

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"s/pkg/fc"
	"s/pkg/spec/expr"
)

// Defaults of component fc that component fc3 hasn't got.
const (
	defaultHandler          = "index.handler"
	defaultContainerHandler = "not-used"
	defaultMemoryMB         = 128
	defaultCode             = "./"
	defaultNASUser          = 10003
	defaultHookSeconds      = 3
)

// separator stands between the names of service and function in FC 3.0. Before
// an expression it would be read as an escape; a variable holds it then.
const (
	separator     = fc.ServiceSeparator
	separatorName = "serviceSeparator"
)

// maxHops bounds how many expressions lead to a map.
const maxHops = 20

// resource is one entry of services while its props are converted.
type resource struct {
	*converter
	name              string
	props             *block
	service, function *block
	runtime           fc.Runtime
	known             bool // runtime is
	out               *output
	written           map[string]bool // groups of keys that became one block
}

// props converts the props of an entry of services.
func (c *converter) props(name string, p pair, props *block) *yaml.Node {
	r := &resource{converter: c, name: name, props: props, written: map[string]bool{}}
	for key, b := range map[string]**block{"service": &r.service, "function": &r.function} {
		found := props.find(key)
		if found == nil {
			continue // reported by spec
		}
		if *b = c.sub(props, found); *b == nil {
			c.errorAt(CodeDecide, c.place(found.key), "this "+key+" can't be converted: what the expression gives can't be known",
				"write the "+key+" here, or as a map in vars")
			return p.value
		}
	}
	if f := c.project.Find(name); f != nil {
		r.runtime, r.known = fc.LookupRuntime(f.Function.Runtime)
	}
	like := deref(p.value)
	r.out = c.output(like)
	for _, p := range props.pairs {
		if isNull(p.value) {
			continue
		}
		switch p.key.Value {
		case "service":
			r.keepOuter(p)
			r.convertService()
		case "function":
			r.keepOuter(p)
			r.convertFunction()
		case "triggers":
			r.triggers(&p)
		case "customDomains":
			r.domains(&p)
		default:
			r.out.add(p.key, p.key.Value, c.value(props, &p))
		}
	}
	r.out.end()
	return r.out.node
}

// keepOuter keeps the comments of a block whose keys move up.
func (r *resource) keepOuter(p pair) {
	outer := pair{p.key, text("")}
	if p.value.Kind != yaml.MappingNode {
		outer.value = p.value
	}
	r.out.keep(outer)
}

// convertService writes the service's settings to the function.
func (r *resource) convertService() {
	for _, p := range r.service.pairs {
		if isNull(p.value) {
			continue
		}
		switch p.key.Value {
		case "name":
			r.out.keep(p) // part of functionName
		case "description":
			r.drop(r.out, p, "there are no services in edition 3.0.0, and so nothing that it describes", "")
		case "role":
			r.role(r.out, r.service, &p, "role")
		case "vpcConfig":
			r.autoOr(&p, func(b *block) *yaml.Node { return r.renamed(b, map[string]string{"vswitchIds": "vSwitchIds"}) })
		case "nasConfig":
			r.autoOr(&p, r.nas)
		case "logConfig", "ossMountConfig":
			r.autoOr(&p, nil)
		case "tracingConfig":
			r.tracing(&p)
		case "vpcBinding":
			inner := r.output(nil)
			inner.add(nil, "vpcIds", r.value(r.service, &p))
			r.out.add(p.key, "vpcBinding", inner.node)
		default:
			r.out.add(p.key, p.key.Value, r.value(r.service, &p))
		}
	}
}

// role takes the ARN or name of a role; one that is described has no
// counterpart.
func (r *resource) role(out *output, b *block, p *pair, name string) {
	if r.sub(b, p) != nil {
		r.errorAt(CodeDecide, r.place(p.key), "component fc3 makes no roles out of a description",
			"make the role once (RAM console), and write its ARN or name here")
		return
	}
	out.add(p.key, name, r.value(b, p))
}

// autoOr writes "auto", or a block of the service as convert makes it; without
// convert as it is.
func (r *resource) autoOr(p *pair, convert func(*block) *yaml.Node) {
	b := r.sub(r.service, p)
	if b == nil {
		if strings.HasPrefix(strings.ToLower(r.literal(p.value)), "auto") {
			r.warnAt(CodeChanged, r.place(p.key), "auto of component fc3 makes resources of other names than component fc did",
				"a function that is deployed keeps those it has; else name them here")
		}
		r.out.add(p.key, p.key.Value, r.value(r.service, p))
		return
	}
	if convert == nil {
		r.out.add(p.key, p.key.Value, r.value(r.service, p))
		return
	}
	r.out.add(p.key, p.key.Value, convert(b))
}

// renamed writes a block with some of its keys under other names.
func (r *resource) renamed(b *block, names map[string]string) *yaml.Node {
	out := r.output(nil)
	for _, p := range b.pairs {
		if isNull(p.value) {
			continue
		}
		name := p.key.Value
		if other, ok := names[name]; ok {
			name = other
		}
		out.add(p.key, name, r.value(b, &p))
	}
	out.end()
	return out.node
}

// nas joins the server's address and the folder on it, which are one in FC 3.0.
func (r *resource) nas(b *block) *yaml.Node {
	out := r.output(nil)
	for _, key := range []string{"userId", "groupId"} {
		if b.find(key) == nil {
			out.addDefault(key, number(defaultNASUser))
		}
	}
	for _, p := range b.pairs {
		if p.key.Value != "mountPoints" {
			out.add(p.key, p.key.Value, r.value(b, &p))
			continue
		}
		items := r.items(b, &p)
		if items == nil {
			r.unknowable(&p)
			continue
		}
		list := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		for i, item := range items {
			mount := r.output(r.element(p.value, i))
			for _, p := range item.pairs {
				switch p.key.Value {
				case "serverAddr":
					server := r.value(item, &p)
					if dir := item.find("nasDir"); dir != nil {
						server = r.ready(r.textOf(item, &p) + ":" + r.textOf(item, dir))
						server.LineComment = p.value.LineComment
					}
					mount.add(p.key, "serverAddr", server)
				case "nasDir":
					mount.keep(p)
				case "fcDir":
					mount.add(p.key, "mountDir", r.value(item, &p))
				}
			}
			mount.end()
			list.Content = append(list.Content, mount.node)
		}
		out.add(p.key, "mountPoints", list)
	}
	out.end()
	return out.node
}

// element gives the map that stands at an index of a list written out, or nil.
func (r *resource) element(list *yaml.Node, i int) *yaml.Node {
	if list = deref(list); list.Kind == yaml.SequenceNode && i < len(list.Content) && list.Content[i].Kind == yaml.MappingNode {
		return list.Content[i]
	}
	return nil
}

// unknowable reports a list or map that must be rebuilt but can't be seen.
func (r *resource) unknowable(p *pair) {
	r.errorAt(CodeDecide, r.place(p.key), "what the expression of \""+p.key.Value+"\" gives can't be known", "write it here, or in vars")
}

// tracing passes on what names its collector.
func (r *resource) tracing(p *pair) {
	b := r.sub(r.service, p)
	if b == nil {
		switch strings.ToLower(r.literal(p.value)) {
		case "disable":
			r.out.keep(*p) // as without the key
		default:
			r.errorAt(CodeDecide, r.place(p.key), "component fc3 doesn't find the collector of traces by itself",
				"write tracingConfig: {type: Jaeger, params: {endpoint: ...}}")
		}
		return
	}
	for _, inner := range b.pairs {
		if !slices.Contains([]string{"type", "params", "jaegerConfig"}, inner.key.Value) {
			r.errorAt(CodeDecide, r.place(inner.key), "tracingConfig has no \""+inner.key.Value+"\" in edition 3.0.0", "it has type and params")
		}
	}
	r.out.add(p.key, "tracingConfig", r.value(r.service, p))
}

// functionName joins the names of service and function.
func (r *resource) functionName(key *yaml.Node) {
	function, service := "", ""
	if p := r.service.find("name"); p != nil {
		service = r.textOf(r.service, p)
	}
	if p := r.function.find("name"); p != nil {
		function = r.textOf(r.function, p)
	}
	join := separator
	if strings.HasPrefix(function, "${") {
		join, r.separator = "${vars."+separatorName+"}", true
	}
	name := r.ready(service + join + function)
	if p := r.function.find("name"); p != nil {
		name.LineComment = p.value.LineComment
	}
	r.out.add(key, "functionName", name)
}

// textOf gives the text of a scalar as part of another text, its expressions
// translated.
func (r *resource) textOf(b *block, p *pair) string {
	if b.ref != "" {
		return "${" + b.ref + "." + p.key.Value + "}"
	}
	n := deref(p.value)
	if !expr.Contains(n.Value) {
		return n.Value
	}
	return r.translate(n, r.name)
}

// literal follows paths to the text of a scalar; empty if there is none.
func (c *converter) literal(n *yaml.Node) string {
	for range maxHops {
		n = deref(n)
		path := single(n)
		if path == nil {
			break
		}
		if n = c.lookup(path, "", 0); n == nil {
			return ""
		}
	}
	if n.Kind != yaml.ScalarNode || expr.Contains(n.Value) {
		return ""
	}
	return n.Value
}
