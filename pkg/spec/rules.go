package spec

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/spec/expr"
)

// This file holds the rules that the tables can't say.

// rulesV3 are the rules for the props of component fc3.
func (l *loader) rulesV3(p props) {
	l.functionName(p.v)
	l.size(p, "cpu", "memorySize")
	l.environmentSize(p)
	l.environmentNames(p)
	if e := p.v.Entry("code"); e != nil && isURL(asText(e.Value)) {
		if u, err := url.Parse(asText(e.Value)); err != nil || u.Host == "" {
			l.add(problem(CodeFormat, at(e.Value, e.KeyRange), "code isn't a URL that can be fetched"))
		}
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
	if cpu < fc.MinCPU || cpu > fc.MaxCPU || memory < fc.MinMemoryMB || memory > fc.MaxMemoryMB {
		return // absent, or reported already
	}
	if fc.SizeFits(cpu, memory) {
		return
	}
	e := p.v.Entry(cpuKey)
	d := problem(CodeRange, at(e.Value, e.KeyRange), "cpu %s doesn't go with memorySize %d", plain(cpu), memory)
	d.Detail = "the memory in GB must be 1 to 4 times the cpu in vCPU"
	l.add(d)
}

// environmentSize holds the variables against what all of them may have together. One
// that isn't known yet counts by its name.
func (l *loader) environmentSize(p props) {
	e := p.v.Entry("environmentVariables")
	if e == nil || e.Value.Kind != expr.Map {
		return
	}
	size := 0
	for _, v := range e.Value.Entries {
		if size += len(v.Key); v.Value.Kind != expr.Pending {
			size += len(asText(v.Value))
		}
	}
	if size > fc.MaxEnvironment {
		d := problem(CodeRange, at(e.Value, e.KeyRange), "environmentVariables has %d bytes", size)
		d.Detail = fmt.Sprintf("names and values may have %d bytes together", fc.MaxEnvironment)
		d.Hint = "put long values into a file of the code"
		l.add(d)
	}
}

// environmentNames warns of variables that are the platform's, and of names that
// it refuses (documentation of environment variables, of FC 2.0 and 3.0). Those of
// its extensions are set by users.
func (l *loader) environmentNames(p props, reserved ...string) {
	e := p.v.Entry("environmentVariables")
	if e == nil || e.Value.Kind != expr.Map {
		return
	}
	for _, v := range e.Value.Entries {
		d := diag.Diagnostic{Severity: diag.Warning, Range: v.KeyRange}
		switch {
		case strings.HasPrefix(v.Key, "FC_EXTENSION"):
			continue
		case strings.HasPrefix(v.Key, "FC_") || slices.Contains(reserved, v.Key):
			d.Code, d.Summary = CodeNotApplied, fmt.Sprintf("the variable %s is set by Function Compute: functions don't see this value", v.Key)
			d.Hint = "choose another name"
		case !fc.ValidVariable(v.Key):
			d.Code, d.Summary = CodeNotApplied, fmt.Sprintf("Function Compute takes no variable with the name %q", v.Key)
			d.Hint = "begin with a letter, go on with letters, digits and _"
		default:
			continue
		}
		l.add(d)
	}
}

// rulesV1 are the rules for the props of component fc.
func (l *loader) rulesV1(p, function props) {
	l.size(function, "cpu", "memorySize")
	l.environmentSize(function)
	l.environmentNames(function, "accessKeyID", "accessKeySecret", "securityToken", "topic")
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
	l.sources(p)
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

// sources says of each trigger of edition 1.0.0 whether its source is known.
func (l *loader) sources(p props) {
	for _, t := range p.list("triggers") {
		if e := t.v.Entry("type"); e != nil && !t.has("sourceArn") {
			l.sourceless(e, asText(e.Value))
		}
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
