package s2tos3

import (
	"go.yaml.in/yaml/v3"

	"s/pkg/fc"
)

// triggers converts the list of triggers.
func (r *resource) triggers(p *pair) {
	items := r.items(r.props, p)
	if items == nil {
		r.unknowable(p)
		return
	}
	source := deref(p.value)
	list := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	if source.Kind == yaml.SequenceNode {
		list.Style, list.Anchor = source.Style, source.Anchor
	}
	for i, item := range items {
		list.Content = append(list.Content, r.trigger(item, r.element(source, i)))
	}
	r.out.add(p.key, "triggers", list)
}

// trigger converts one trigger.
func (r *resource) trigger(b *block, like *yaml.Node) *yaml.Node {
	out := r.output(like)
	kind := ""
	if p := b.find("type"); p != nil {
		kind = r.literal(p.value)
	}
	names := map[string]string{"name": "triggerName", "type": "triggerType"}
	for _, p := range b.pairs {
		if isNull(p.value) {
			continue
		}
		name := p.key.Value
		if other, ok := names[name]; ok {
			name = other
		}
		switch p.key.Value {
		case "role":
			r.role(out, b, &p, "invocationRole")
		case "config":
			r.triggerConfig(out, b, &p, kind)
		default:
			out.add(p.key, name, r.value(b, &p))
		}
	}
	out.end()
	return out.node
}

// sourceKeys are the keys of a trigger's config that name its source, which is
// in sourceArn in FC 3.0.
func sourceKeys(kind string) []string {
	switch kind {
	case fc.TriggerOSS:
		return []string{"bucketName"}
	case fc.TriggerMNSTopic:
		return []string{"topicName", "region"}
	case fc.TriggerTablestore:
		return []string{"instanceName", "tableName"}
	}
	return nil
}

// triggerConfig converts a trigger's config; what names its source moves into
// sourceArn.
func (r *resource) triggerConfig(out *output, b *block, p *pair, kind string) {
	config := r.sub(b, p)
	if config == nil {
		r.unknowable(p)
		return
	}
	inner := r.output(deref(p.value))
	sources := map[string]*pair{}
	for _, key := range sourceKeys(kind) {
		sources[key] = nil
	}
	changed := len(sources) > 0
	for _, f := range config.pairs {
		if isNull(f.value) {
			continue
		}
		if _, ok := sources[f.key.Value]; ok {
			sources[f.key.Value] = &f
			inner.keep(f)
			continue
		}
		if kind == fc.TriggerOSS && f.key.Value == "filter" {
			inner.add(f.key, "filter", r.filter(config, &f))
			continue
		}
		inner.add(f.key, f.key.Value, r.value(config, &f))
	}
	changed = r.required(inner, config, p, kind) || changed
	inner.end()
	value := inner.node
	if !changed {
		value = r.value(b, p)
	}
	out.add(p.key, "triggerConfig", value)
	if b.find("sourceArn") == nil {
		if arn := r.sourceARN(config, sources, kind); arn != "" {
			out.add(nil, "sourceArn", r.ready(arn))
		}
	}
}

// required writes what a config must have in edition 3.0.0 and may lack in
// 1.0.0. It reports whether it wrote anything.
func (r *resource) required(inner *output, config *block, p *pair, kind string) bool {
	switch {
	case kind == fc.TriggerHTTP && config.find("authType") == nil:
		r.errorAt(CodeDecide, r.place(p.key), "edition 3.0.0 wants to know who may call an HTTP trigger", "add authType: function, or anonymous for everybody")
	case kind == fc.TriggerTimer && config.find("enable") == nil:
		r.errorAt(CodeDecide, r.place(p.key), "edition 3.0.0 wants to know whether a timer is on", "add enable: true, or false")
	case kind == fc.TriggerOSS && config.find("filter") == nil:
		key := r.output(nil)
		key.add(nil, "prefix", text(""))
		key.add(nil, "suffix", text(""))
		filter := r.output(nil)
		filter.add(nil, "key", key.node)
		inner.addDefault("filter", filter.node)
		return true
	}
	return false
}

// filter writes Key, Prefix and Suffix in small letters.
func (r *resource) filter(config *block, p *pair) *yaml.Node {
	b := r.sub(config, p)
	if b == nil {
		r.unknowable(p)
		return p.value
	}
	out := r.output(deref(p.value))
	for _, f := range b.pairs {
		key := r.sub(b, &f)
		if key == nil {
			r.unknowable(&f)
			continue
		}
		inner := r.renamed(key, map[string]string{"Prefix": "prefix", "Suffix": "suffix"})
		inner.Style = deref(f.value).Style
		out.add(f.key, "key", inner)
	}
	out.end()
	return out.node
}

// sourceARN names a trigger's source the way FC 3.0 does; empty if the trigger
// has none, or its config doesn't tell.
func (r *resource) sourceARN(config *block, sources map[string]*pair, kind string) string {
	region := ""
	if p := r.props.find("region"); p != nil {
		region = r.textOf(r.props, p)
	}
	account := "${config('AccountID')}"
	part := func(key string) string {
		if sources[key] == nil {
			return ""
		}
		return r.textOf(config, sources[key])
	}
	switch kind {
	case fc.TriggerOSS:
		return "acs:oss:" + region + ":" + account + ":" + part("bucketName")
	case fc.TriggerMNSTopic:
		if own := part("region"); own != "" {
			region = own
		}
		return "acs:mns:" + region + ":" + account + ":/topics/" + part("topicName")
	case fc.TriggerTablestore:
		return "acs:ots:" + region + ":" + account + ":instance/" + part("instanceName") + "/table/" + part("tableName")
	case fc.TriggerCDNEvents:
		return "acs:cdn:*:" + account
	case fc.TriggerLog:
		if p := config.find("logConfig"); p != nil {
			if logs := r.sub(config, p); logs.find("project") != nil {
				return "acs:log:" + region + ":" + account + ":project/" + r.textOf(logs, logs.find("project"))
			}
		}
	}
	return ""
}

// domains converts the custom domains: component fc3 has one, with one route,
// which leads to the function itself.
func (r *resource) domains(p *pair) {
	items := r.items(r.props, p)
	switch {
	case items == nil:
		r.unknowable(p)
		return
	case len(items) == 0:
		r.out.keep(pair{p.key, text("")})
		return
	case len(items) > 1:
		r.errorAt(CodeOne, r.place(p.key), "component fc3 has one custom domain", "keep one here, and look after the others apart from this file")
		return
	}
	out := r.output(nil)
	for _, f := range items[0].pairs {
		switch {
		case isNull(f.value):
		case f.key.Value == "routeConfigs":
			r.route(out, items[0], &f)
		default:
			if f.key.Value == "domainName" && r.literal(f.value) == "auto" {
				r.warnAt(CodeChanged, r.place(f.key), "auto of component fc3 makes another domain name than component fc did", "")
			}
			out.add(f.key, f.key.Value, r.value(items[0], &f))
		}
	}
	out.end()
	r.out.add(p.key, "customDomain", out.node)
}

func (r *resource) route(out *output, domain *block, p *pair) {
	routes := r.items(domain, p)
	if routes == nil {
		r.unknowable(p)
		return
	}
	if len(routes) != 1 {
		r.errorAt(CodeOne, r.place(p.key), "the custom domain of component fc3 has one route", "keep the route that leads to this function")
		return
	}
	inner := r.output(nil)
	own := map[string]*block{"serviceName": r.service, "functionName": r.function}
	for _, f := range routes[0].pairs {
		holder, named := own[f.key.Value]
		switch {
		case isNull(f.value):
		case !named:
			inner.add(f.key, f.key.Value, r.value(routes[0], &f))
		case r.sameText(f.value, holder.find("name")):
			inner.keep(f)
		default:
			r.errorAt(CodeOne, r.place(f.key), "the custom domain of component fc3 leads to the function that has it", "move the domain to the function that the route names")
		}
	}
	inner.end()
	out.add(p.key, "route", inner.node)
}

// sameText reports whether a value is, or leads to, the text of another.
func (r *resource) sameText(n *yaml.Node, other *pair) bool {
	if other == nil {
		return false
	}
	a, b := r.literal(n), r.literal(other.value)
	return a != "" && a == b || deref(n).Value == deref(other.value).Value
}
