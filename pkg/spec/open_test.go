package spec

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// opens shows the open values of all resources, and of actions.
func opens(p *Project) []string {
	var list []string
	show := func(who string, o Open) {
		list = append(list, fmt.Sprintf("%s %s %s.%s %d:%d", who, o.Path, o.Resource, o.What, o.Range.Start.Line, o.Range.Start.Column))
	}
	for _, r := range p.Resources {
		for _, o := range r.Open {
			show(r.Name, o)
		}
		for _, a := range r.Actions {
			if a.Open != nil {
				show(r.Name, *a.Open)
			}
		}
	}
	for _, a := range p.Actions {
		if a.Open != nil {
			show("-", *a.Open)
		}
	}
	return list
}

func TestOpen(t *testing.T) {
	t.Parallel()
	props := func(more string) string {
		return "edition: 3.0.0\nvars: {v: '${resources.b.output.v}'}\nresources:\n" +
			"  a:\n    component: fc3\n    props: {region: cn-hangzhou, functionName: a, runtime: custom, code: ./, " + more + "}\n" +
			"  b:\n    component: fc3\n    props: {region: cn-hangzhou, functionName: b, runtime: custom, code: ./}\n"
	}
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", props("timeout: 5"), nil},
		{"a text", props("description: 'x ${resources.b.output.y}'"), []string{"a props.description b.output 6:96"}},
		{
			"in lists and maps", props("environmentVariables: {FC_EXTENSION.Y: '${resources.b.info.x}', Z: z}, layers: [l, '${vars.v}']"),
			[]string{"a props.environmentVariables['FC_EXTENSION.Y'] b.info 6:120", "a props.layers[1] b.output 2:14"},
		},
		{
			"the same twice", props("environmentVariables: &e {X: '${resources.b.output.x}'}, customDNS: {searches: &l ['${vars.v}'], nameServers: *l}"),
			[]string{"a props.environmentVariables.X b.output 6:110", "a props.customDNS.searches[0] b.output 2:14", "a props.customDNS.nameServers[0] b.output 2:14"},
		},
		{"two, one of them known", props("description: '${resources.a.info.x} ${resources.b.output.y}'"), []string{"a props.description b.output 6:116"}},
		{
			"actions", "actions: {pre-deploy: [{run: '${resources.a.output.x}'}], success-deploy: [{run: ls}]}\n" + props("timeout: 5") +
				"    actions: {success-deploy: [{run: ls}, {run: '${this.output.url}', path: '${resources.a.output.p}'}]}\n",
			[]string{"b actions.success-deploy[1].run b.output 11:52", "- actions.pre-deploy[0].run a.output 1:33"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			opts := Options{Info: func(name string) (map[string]any, bool) { return map[string]any{"x": "known"}, name == "a" }}
			if d := cmp.Diff(tt.want, opens(loaded(t, opts, tt.text))); d != "" {
				t.Error(d)
			}
			known := Options{Output: func(string) (map[string]any, bool) {
				return map[string]any{"x": "X", "y": "Y", "v": "V", "url": "U", "p": "P"}, true
			}}
			known.Info = known.Output
			if p := loaded(t, known, tt.text); len(opens(p)) > 0 || p.Resources[0].Pending() {
				t.Errorf("with all known: %v", opens(p))
			}
		})
	}
}

// TestOpenParts: which open values a command can't do without.
func TestOpenParts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ path, name, source string }{
		{"props", "props", "props"},
		{"props.functionName", "props.functionName", "props.functionName"},
		{"props.region", "props.region", "props.region"},
		{"props.code", "", "props.code"},
		{"props.code.ossObjectName", "", "props.code.ossObjectName"},
		{"props.runtime", "", "props.runtime"},
		{"props.function", "props.function", "props.function"},
		{"props.function.name", "props.function.name", "props.function.name"},
		{"props.function.codeUri", "", "props.function.codeUri"},
		{"props.service", "props.service", "props.service"},
		{"props.service.role", "", ""},
		{"props.codeX", "", ""},
		{"props.functionNames", "", ""},
		{"props.environmentVariables.code", "", ""},
	} {
		r := &Resource{Open: []Open{{Path: "props.description"}, {Path: tt.path}}}
		path := func(o *Open) string {
			if o == nil {
				return ""
			}
			return o.Path
		}
		if name, source := path(r.OpenName()), path(r.OpenSource()); name != tt.name || source != tt.source {
			t.Errorf("%s: name %q, source %q", tt.path, name, source)
		}
	}
	if r := (&Resource{}); r.OpenName() != nil || r.OpenSource() != nil || r.Pending() {
		t.Error("something is open in nothing")
	}
}

// TestOpenBounds: a file can't make the list of open values long.
func TestOpenBounds(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 4_000 {
		fmt.Fprintf(&b, "V%d: *v, ", i)
	}
	p, _ := parse(Options{}, "s.yaml", "/project", []byte("edition: 3.0.0\nvars: {v: &v '${resources.a.output.v}'}\nresources:\n  a:\n    component: fc3\n"+
		"    props: {region: cn-hangzhou, functionName: a, runtime: custom, code: ./, supplement: ["+strings.Repeat("{x: *v}, ", 5_000)+"], environmentVariables: {"+b.String()+"}}\n"))
	if n := len(p.Resources[0].Open); n < maxOpen || n > maxOpen+4_000 {
		t.Errorf("%d open values", n)
	}
}
