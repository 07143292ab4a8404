package s2tos3

import (
	"encoding/json"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"s/pkg/diag"
)

// convertFunction writes the function's keys to the props.
func (r *resource) convertFunction() {
	for _, p := range r.function.pairs {
		if !isNull(p.value) {
			r.functionKey(p)
		}
	}
	r.defaults()
}

// functionKey writes one key. Keys that became one block are written together,
// where the first of them stands.
func (r *resource) functionKey(p pair) {
	switch p.key.Value {
	case "name":
		r.functionName(p.key)
	case "codeUri":
		if r.known && r.runtime.Container {
			r.drop(r.out, p, "the code of a container is its image", "")
			return
		}
		r.out.add(p.key, "code", r.value(r.function, &p))
	case "ossBucket", "ossKey":
		r.once("oss", r.ossCode)
	case "instanceSoftConcurrency":
		r.drop(r.out, p, "edition 3.0.0 has no soft limit", "instanceConcurrency is the limit that remains")
	case "customRuntimeConfig", "customContainerConfig", "caPort", "customHealthCheckConfig":
		r.custom(p)
	case "initializer", "initializationTimeout", "instanceLifecycleConfig":
		r.once("lifecycle", r.lifecycle)
	case "instanceType", "gpuMemorySize":
		r.once("gpu", r.gpu)
	case "asyncConfiguration":
		r.async(&p)
	default:
		r.out.add(p.key, p.key.Value, r.value(r.function, &p))
	}
}

func (r *resource) once(group string, write func()) {
	if !r.written[group] {
		r.written[group] = true
		write()
	}
}

// defaults writes what component fc takes where nothing is said and component
// fc3 takes something else.
func (r *resource) defaults() {
	f := r.function
	if !r.known {
		r.errorAt(CodeDecide, r.valueOf(f, "runtime"), "the runtime can't be known, and what else is needed depends on it", "set what its expression needs, and convert again")
		return
	}
	handler := defaultHandler
	if r.runtime.Container {
		handler = defaultContainerHandler
	}
	if f.find("handler") == nil {
		r.out.addDefault("handler", text(handler))
	}
	if f.find("memorySize") == nil {
		r.out.addDefault("memorySize", number(defaultMemoryMB))
	}
	if !r.runtime.Container && f.find("codeUri") == nil && f.find("ossBucket") == nil {
		r.out.addDefault("code", text(defaultCode))
	}
	if r.runtime.Custom {
		r.once("custom", r.customBlock)
	}
}

// ossCode joins bucket and key.
func (r *resource) ossCode() {
	code := r.output(nil)
	bucket := r.function.find("ossBucket")
	for _, p := range r.function.pairs {
		switch p.key.Value {
		case "ossBucket":
			code.add(p.key, "ossBucketName", r.value(r.function, &p))
		case "ossKey":
			code.add(p.key, "ossObjectName", r.value(r.function, &p))
		}
	}
	code.end()
	if bucket != nil {
		r.out.add(nil, "code", code.node)
	}
}

// custom writes the block of a custom runtime, or leaves out what means nothing
// to the others.
func (r *resource) custom(p pair) {
	if !r.known {
		return // reported in defaults
	}
	mine := "customRuntimeConfig"
	if r.runtime.Container {
		mine = "customContainerConfig"
	}
	other := strings.HasSuffix(p.key.Value, "Config") && p.key.Value != "customHealthCheckConfig" && p.key.Value != mine
	if !r.runtime.Custom || other {
		r.drop(r.out, p, fmt.Sprintf("it means nothing to runtime %s", r.runtime.Name), "")
		return
	}
	r.once("custom", r.customBlock)
}

// customBlock writes customRuntimeConfig or customContainerConfig with port
// and health check in it.
func (r *resource) customBlock() {
	name := "customRuntimeConfig"
	if r.runtime.Container {
		name = "customContainerConfig"
	}
	var key *yaml.Node
	var like *yaml.Node
	own := r.function.find(name)
	var b *block
	if own != nil {
		key, like = own.key, deref(own.value)
		if b = r.sub(r.function, own); b == nil {
			r.unknowable(own)
			return
		}
	}
	inner := r.output(like)
	if b != nil {
		for _, p := range b.pairs {
			switch {
			case isNull(p.value):
			case r.runtime.Container:
				r.containerKey(inner, b, p)
			default:
				inner.add(p.key, p.key.Value, r.value(b, &p))
			}
		}
	}
	if p := r.function.find("caPort"); p != nil {
		inner.add(p.key, "port", r.value(r.function, p))
	} else {
		inner.addDefault("port", number(9000))
	}
	if p := r.function.find("customHealthCheckConfig"); p != nil {
		inner.add(p.key, "healthCheckConfig", r.value(r.function, p))
	}
	inner.end()
	r.out.add(key, name, inner.node)
}

// containerKey writes one key of a container's block.
func (r *resource) containerKey(out *output, b *block, p pair) {
	switch p.key.Value {
	case "command":
		r.jsonList(out, p, "entrypoint")
	case "args":
		r.jsonList(out, p, "command")
	case "instanceID":
		out.add(p.key, "acrInstanceId", r.value(b, &p))
	case "accelerationType":
		r.drop(out, p, "FC 3.0 accelerates every image", "")
	case "webServerMode":
		if r.literal(p.value) != "true" {
			r.errorAt(CodeDecide, r.place(p.key), "a container without a web server has no counterpart in edition 3.0.0", "remove webServerMode if the container listens on its port")
			return
		}
		out.keep(p)
	default:
		out.add(p.key, p.key.Value, r.value(b, &p))
	}
}

// jsonList writes a list that stands in the source as JSON in a string.
func (r *resource) jsonList(out *output, p pair, name string) {
	var words []string
	if err := json.Unmarshal([]byte(r.literal(p.value)), &words); err != nil {
		if expressions := deref(p.value).Value; strings.Contains(expressions, "${") {
			err = json.Unmarshal([]byte(expressions), &words)
		}
		if err != nil {
			r.errorAt(CodeDecide, r.place(p.key), fmt.Sprintf("%q becomes the list %q, but what its expression gives can't be known", p.key.Value, name),
				`write it here, such as '["/bin/sh", "-c"]'`)
			return
		}
	}
	list := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Style: yaml.FlowStyle}
	for _, w := range words {
		item := text(w)
		item.Style = yaml.DoubleQuotedStyle
		item.Line, item.Column = p.value.Line, p.value.Column
		list.Content = append(list.Content, item)
	}
	list.LineComment = deref(p.value).LineComment
	out.add(p.key, name, list)
}

// lifecycle joins the hooks of an instance.
func (r *resource) lifecycle() {
	inner := r.output(nil)
	var key *yaml.Node
	if p := r.function.find("initializer"); p != nil {
		hook := r.output(nil)
		hook.add(p.key, "handler", r.value(r.function, p))
		if t := r.function.find("initializationTimeout"); t != nil {
			hook.add(t.key, "timeout", r.value(r.function, t))
		} else {
			hook.addDefault("timeout", number(defaultHookSeconds))
		}
		inner.add(nil, "initializer", hook.node)
	} else if t := r.function.find("initializationTimeout"); t != nil {
		r.drop(inner, *t, "there is no initializer", "")
	}
	if p := r.function.find("instanceLifecycleConfig"); p != nil {
		key = p.key
		b := r.sub(r.function, p)
		if b == nil {
			r.unknowable(p)
			return
		}
		for _, hook := range b.pairs {
			switch {
			case isNull(hook.value):
			case hook.key.Value == "preFreeze":
				r.drop(inner, hook, "FC 3.0 calls no hook before it freezes an instance", "do that work in preStop or at the end of each invocation")
			default:
				inner.add(hook.key, hook.key.Value, r.value(b, &hook))
			}
		}
	}
	if len(inner.node.Content) == 0 {
		r.out.pending = append(r.out.pending, inner.pending...)
		return
	}
	inner.end()
	r.out.add(key, "instanceLifecycleConfig", inner.node)
}

// gpu takes the GPU out of instanceType; the types without one are gone.
func (r *resource) gpu() {
	kind, size := r.function.find("instanceType"), r.function.find("gpuMemorySize")
	name := ""
	if kind != nil {
		name = r.literal(kind.value)
	}
	switch {
	case size == nil && strings.HasPrefix(name, "fc.gpu."):
		r.errorAt(CodeDecide, r.place(kind.key), "a GPU needs gpuMemorySize", "add gpuMemorySize, in MB")
	case size == nil && name == "e1":
		r.out.keep(*kind) // what every function is
	case size == nil:
		r.drop(r.out, *kind, "FC 3.0 has no types of instances", "cpu and memorySize say how large they are")
	case kind == nil:
		r.errorAt(CodeDecide, r.place(size.key), "gpuMemorySize needs the type of the GPU", "add instanceType: fc.gpu.tesla.1")
	default:
		inner := r.output(nil)
		inner.add(kind.key, "gpuType", r.value(r.function, kind))
		inner.add(size.key, "gpuMemorySize", r.value(r.function, size))
		r.out.add(nil, "gpuConfig", inner.node)
	}
}

// async renames the keys of asynchronous invocations.
func (r *resource) async(p *pair) {
	b := r.sub(r.function, p)
	if b == nil {
		r.unknowable(p)
		return
	}
	out := r.output(deref(p.value))
	for _, inner := range b.pairs {
		switch inner.key.Value {
		case "statefulInvocation":
			out.add(inner.key, "asyncTask", r.value(b, &inner))
		case "destination":
			to := r.sub(b, &inner)
			if to == nil {
				r.unknowable(&inner)
				continue
			}
			destinations := r.output(deref(inner.value))
			for _, d := range to.pairs {
				if !isNull(d.value) {
					destinations.add(d.key, d.key.Value, r.destination(to, d))
				}
			}
			out.add(inner.key, "destinationConfig", destinations.node)
		default:
			out.add(inner.key, inner.key.Value, r.value(b, &inner))
		}
	}
	out.end()
	r.out.add(p.key, "asyncInvokeConfig", out.node)
}

// destination writes where results go. A function is named without its service
// there: services/NAME/functions/NAME becomes functions/NAME$NAME.
func (r *resource) destination(b *block, p pair) *yaml.Node {
	if r.sub(b, &p) != nil {
		return r.value(b, &p)
	}
	value := r.value(b, &p)
	arn := deref(p.value).Value
	if known := r.literal(p.value); known != "" {
		arn = known
	}
	if head, rest, ok := strings.Cut(arn, ":services/"); ok && strings.HasPrefix(arn, "acs:fc:") {
		service, function, ok := strings.Cut(rest, "/functions/")
		if !ok || strings.Contains(arn, "${") {
			r.errorAt(CodeDecide, r.place(p.key), "the ARN of a function is another in FC 3.0, and this one can't be taken apart",
				"write acs:fc:REGION:ACCOUNT:functions/SERVICE$FUNCTION")
			return value
		}
		service, _, _ = strings.Cut(service, ".")
		value = r.ready(head + ":functions/" + service + separator + function)
		r.warnAt(CodeChanged, r.place(p.key), "the ARN of the function is that of FC 3.0 now", "check it: "+value.Value)
	}
	inner := r.output(nil)
	inner.add(nil, "destination", value)
	return inner.node
}

// valueOf is the place of the value of a key of a block.
func (r *resource) valueOf(b *block, key string) diag.Range {
	if p := b.find(key); p != nil {
		return r.place(p.value)
	}
	return diag.Range{File: r.file}
}
