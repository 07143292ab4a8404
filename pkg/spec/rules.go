package spec

import (
	"fmt"
	"strings"

	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/spec/expr"
)

// This file holds the rules that the tables can't say: those about several keys
// at once.

// conflict reports two keys that exclude each other, at the second.
func (l *loader) conflict(v *expr.Value, first, second string) {
	a, b := v.Entry(first), v.Entry(second)
	if a == nil || b == nil || isAbsent(a.Value) || isAbsent(b.Value) {
		return
	}
	if b.KeyRange.Start.Line < a.KeyRange.Start.Line {
		a, b = b, a
	}
	d := problem(CodeConflict, b.KeyRange, "%q and %q exclude each other", a.Key, b.Key)
	d.Detail = fmt.Sprintf("%q stands at %s", a.Key, a.KeyRange)
	d.Hint = "keep one of them"
	l.add(d)
}

// needs reports a required key that another value makes required.
func (l *loader) needs(p props, key, title, why string, where diag.Range) {
	if p.has(key) {
		return
	}
	d := problem(CodeMissing, where, "missing %q in %s", key, title)
	d.Detail = why
	l.add(d)
}

// rulesV3 are the rules for the props of component fc3.
func (l *loader) rulesV3(p props, key diag.Range) {
	l.functionName(p.v)
	l.conflict(p.v, "provisionConfig", "scalingConfig")
	l.size(p, "cpu", "memorySize")
	l.hooks(p.sub("instanceLifecycleConfig"))
	runtime, known := fc.LookupRuntime(p.text("runtime"))
	switch {
	case !known:
	case runtime.Container:
		l.needs(p, "customContainerConfig", "function props", "runtime "+runtime.Name+" runs an image", key)
	case !runtime.Custom:
		l.needs(p, "handler", "function props", "runtime "+runtime.Name+" calls it", key)
		fallthrough
	default:
		l.needs(p, "code", "function props", "it says where the function's code is", key)
	}
	if e := p.v.Entry("code"); e != nil && isURL(asText(e.Value)) {
		l.add(problem(CodeUnsupported, at(e.Value, e.KeyRange), "code at a URL is not supported yet"))
	}
}

// functionName allows service$function, as functions that came from FC 2.0
// have it.
func (l *loader) functionName(v *expr.Value) {
	e := v.Entry("functionName")
	if e == nil || e.Value.Kind != expr.String {
		return
	}
	service, function, both := strings.Cut(e.Value.Text, fc.ServiceSeparator)
	if both && validName(service) && len(service) <= 128 && validName(function) && len(function) <= 64 {
		return
	}
	l.checker.name(e.Value, str("functionName").named(64))
}

// size holds CPU against memory: FC wants 1 to 4 GB for each vCPU.
func (l *loader) size(p props, cpuKey, memoryKey string) {
	cpu, memory := p.float(cpuKey), p.int(memoryKey)
	if cpu < 0.05 || cpu > 16 || memory < fc.MinMemoryMB || memory > fc.MaxMemoryMB {
		return // absent, or reported already
	}
	ratio := float64(memory) / 1024 / cpu
	if ratio >= 0.99 && ratio <= 4.01 {
		return
	}
	e := p.v.Entry(cpuKey)
	d := problem(CodeRange, at(e.Value, e.KeyRange), "cpu %s doesn't go with memorySize %d", plain(cpu), memory)
	d.Detail = "the memory in GB must be 1 to 4 times the cpu in vCPU"
	l.add(d)
}

// hooks allows a handler or a command, not both.
func (l *loader) hooks(lifecycle props) {
	for _, name := range []string{"initializer", "preStop"} {
		if h := lifecycle.sub(name); h.isMap() {
			l.conflict(h.v, "handler", "command")
		}
	}
}

// rulesV1 are the rules for the props of component fc.
func (l *loader) rulesV1(p, function props, key diag.Range) {
	l.conflict(function.v, "codeUri", "ossBucket")
	l.size(function, "cpu", "memorySize")
	if function.has("ossBucket") != function.has("ossKey") {
		l.needs(function, "ossBucket", "function", "ossBucket and ossKey go together", key)
		l.needs(function, "ossKey", "function", "ossBucket and ossKey go together", key)
	}
	if runtime, ok := fc.LookupRuntime(function.text("runtime")); ok && runtime.Container {
		l.needs(function, "customContainerConfig", "function", "runtime "+runtime.Name+" runs an image", key)
	}
	c := function.sub("customContainerConfig")
	for _, name := range []string{"command", "args"} {
		e := c.v.Entry(name)
		if e == nil {
			continue
		}
		if _, ok := jsonStrings(asText(e.Value)); !ok {
			d := problem(CodeType, at(e.Value, e.KeyRange), "%q must be a list written as JSON in a string", name)
			d.Hint = `for example '["/bin/sh", "-c"]'`
			l.add(d)
		}
	}
	l.rolesV1(p)
}

// rolesV1 says that roles described in the file aren't made yet.
func (l *loader) rolesV1(p props) {
	holders := append([]props{p.sub("service")}, p.list("triggers")...)
	for _, h := range holders {
		if e := h.v.Entry("role"); e != nil && e.Value.Kind == expr.Map {
			d := diag.Diagnostic{
				Severity: diag.Warning, Code: CodeNotApplied, Range: e.KeyRange,
				Summary: "a role described here is not created yet: role is left unset", Hint: "give the ARN of a role that exists",
			}
			l.add(d)
		}
	}
}

// triggerConfigs checks the config of every trigger by its type, and that no
// name stands twice.
func (l *loader) triggerConfigs(p props, typeKey, configKey, nameKey string, table func(string) *object) {
	seen := map[string]diag.Range{}
	for _, t := range p.list("triggers") {
		kind := t.text(typeKey)
		e := t.v.Entry(configKey)
		if o := table(kind); o != nil && e != nil && e.Value.Kind == expr.Map {
			l.object(e.Value, o, e.KeyRange)
			l.conflict(e.Value, "whitelist", "blacklist")
		}
		if l.edition == Edition1 && !t.has("sourceArn") {
			l.sourceless(t.v.Entry(typeKey), kind)
		}
		n := t.v.Entry(nameKey)
		if n == nil || asText(n.Value) == "" {
			continue
		}
		if first, ok := seen[n.Value.Text]; ok {
			d := problem(CodeDuplicate, at(n.Value, n.KeyRange), "there are two triggers named %s", shown(n.Value))
			d.Detail = "first at " + first.String()
			l.add(d)
			continue
		}
		seen[n.Value.Text] = at(n.Value, n.KeyRange)
	}
}

// sourceless says that the ARN of an edition 1.0.0 trigger's source, which the
// service wants, isn't made up from the config yet.
func (l *loader) sourceless(e *expr.Entry, kind string) {
	switch kind {
	case fc.TriggerOSS, fc.TriggerLog, fc.TriggerMNSTopic, fc.TriggerCDNEvents, fc.TriggerTablestore:
		l.add(diag.Diagnostic{
			Severity: diag.Warning, Code: CodeNotApplied, Range: at(e.Value, e.KeyRange),
			Summary: fmt.Sprintf("the source of %s triggers is not worked out yet", kind), Hint: "add the trigger's sourceArn",
		})
	}
}

// sameFunctions reports resources that would overwrite each other.
func (l *loader) sameFunctions(p *Project) {
	seen := map[string]*Resource{}
	for _, r := range p.Resources {
		key := r.Region + "/" + r.Function.FunctionName
		if r.Function.FunctionName == "" || strings.HasSuffix(key, fc.ServiceSeparator) {
			continue
		}
		if first, ok := seen[key]; ok {
			d := problem(CodeDuplicate, r.Range, "%s and %s are the same function, %s in %s", first.Name, r.Name, r.Function.FunctionName, r.Region)
			d.Detail = fmt.Sprintf("%s stands at %s", first.Name, first.Range)
			l.add(d)
			continue
		}
		seen[key] = r
	}
}
