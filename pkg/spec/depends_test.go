package spec

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/diag"
)

// app gives an s.yaml with a resource per description, called a, b, c and so
// on; lines go before resources.
func app(lines string, descriptions ...string) string {
	var b strings.Builder
	b.WriteString("edition: 3.0.0\n" + lines + "resources:\n")
	for i, text := range descriptions {
		name := string(rune('a' + i))
		fmt.Fprintf(&b, "  %s:\n    component: fc3\n    props:\n      {region: cn-hangzhou, functionName: %s, runtime: custom, code: ./,\n", name, name)
		fmt.Fprintf(&b, "      description: %q}\n", text)
	}
	return b.String()
}

func loaded(t *testing.T, opts Options, text string) *Project {
	t.Helper()
	p, ds := parse(opts, "s.yaml", "/project", []byte(text))
	if len(ds) > 0 {
		t.Fatal(ds)
	}
	return p
}

// edges shows who depends on whom, and where it says so.
func edges(p *Project) []string {
	var list []string
	for _, r := range p.Resources {
		for _, ref := range r.DependsOn {
			list = append(list, fmt.Sprintf("%s %s.%s %s", r.Name, ref.Resource, ref.What, ref.Range))
		}
	}
	return list
}

func TestDependsOn(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", app("", "x", "${resources.a.props.region}"), nil},
		{"output", app("", "${resources.b.output.x}", "y"), []string{"a b.output s.yaml:7:23"}},
		{"once each", app("", "${resources.b.output.x} ${resources.b.output.y}", "y"), []string{"a b.output s.yaml:7:23"}},
		{"output and info", app("", "${resources.b.info.x}${resources.b.output.y}", "y"), []string{"a b.info s.yaml:7:23", "a b.output s.yaml:7:44"}},
		{"components", app("", "${components.b.output.x}", "y"), []string{"a b.info s.yaml:7:23"}},
		{"by vars", app("vars: {v: '${resources.c.output.x}'}\n", "${vars.v}", "${vars.v}", "z"), []string{"a c.output s.yaml:2:14", "b c.output s.yaml:2:14"}},
		{"by another's props", app("", "${resources.b.props.description}", "${resources.c.output.x}", "z"), []string{"a c.output s.yaml:12:23", "b c.output s.yaml:12:23"}},
		{"in a function", app("", "${lower(resources.b.output.x)}", "y"), []string{"a b.output s.yaml:7:29"}},
		{"a default that isn't needed", app("", "${cwd ?? resources.b.output.x}", "y"), nil},
		{"a default that is", app("", "${vars.x ?? resources.b.output.x}", "y"), []string{"a b.output s.yaml:7:33"}},
		{"only the part that is used", app("vars: {m: {x: '${resources.b.output.x}', y: 1}}\n", "${vars.m.y}", "y"), nil},
		{"info both ways is no circle", app("", "${resources.b.info.x}", "${resources.a.info.x}"), []string{"a b.info s.yaml:7:23", "b a.info s.yaml:12:23"}},
		{"its own info", app("", "${this.info.x}"), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			known := Options{
				Output: func(string) (map[string]any, bool) { return map[string]any{"x": "X", "y": "Y"}, true },
				Info:   func(string) (map[string]any, bool) { return map[string]any{"x": "I"}, true },
			}
			// What is known changes values, but not who needs whom.
			for _, opts := range []Options{{}, known} {
				if d := cmp.Diff(tt.want, edges(loaded(t, opts, tt.text))); d != "" {
					t.Error(d)
				}
			}
		})
	}
}

// TestLoadAgainFinishes: what is pending at first is known when Load gets the
// outputs.
func TestLoadAgainFinishes(t *testing.T) {
	text := app("", "${resources.b.output.url}/x", "plain", "${resources.a.output.n}")
	first := loaded(t, Options{}, text)
	for _, r := range first.Resources {
		if want := r.Name != "b"; r.Pending() != want {
			t.Errorf("%s: pending %v, want %v", r.Name, r.Pending(), want)
		}
	}
	if got := first.Find("a").Function.Description; got != "${resources.b.output.url}/x" {
		t.Errorf("pending: %q", got)
	}
	outputs := map[string]map[string]any{"b": {"url": "https://b"}}
	opts := Options{Output: func(name string) (map[string]any, bool) { o, ok := outputs[name]; return o, ok }}
	second := loaded(t, opts, text)
	if a, c := second.Find("a"), second.Find("c"); a.Pending() || a.Function.Description != "https://b/x" || !c.Pending() {
		t.Errorf("with the output of b: %q, %v; c pending %v", a.Function.Description, a.Pending(), c.Pending())
	}
	outputs["a"] = map[string]any{"n": 5}
	if c := loaded(t, opts, text).Find("c"); c.Pending() || c.Function.Description != "5" {
		t.Errorf("with the output of a: %q, %v", c.Function.Description, c.Pending())
	}
}

func TestOutputsOfEveryKind(t *testing.T) {
	type named struct {
		Name string `json:"name"`
	}
	outputs := map[string]any{
		"text": "t", "int": 5, "long": int64(6), "float": 1.5, "whole": 7.0, "bool": true, "nothing": nil, "number": json.Number("1e3"),
		"list": []any{"x", map[string]any{"k": "v"}}, "struct": named{"n"}, "texts": []string{"p", "q"},
	}
	opts := Options{Output: func(string) (map[string]any, bool) { return outputs, true }}
	for path, want := range map[string]string{
		"text": "t", "int": "5", "long": "6", "float": "1.5", "whole": "7", "bool": "true", "nothing": "none", "number": "1e3",
		"list[0]": "x", "list[1].k": "v", "list.1.k": "v", "struct.name": "n", "texts[1]": "q", "absent": "none",
	} {
		p := loaded(t, opts, app("", "${resources.b.output."+path+" ?? 'none'}", "y"))
		if got := p.Find("a").Function.Description; got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	outputs["channel"] = make(chan int)
	_, ds := parse(opts, "s.yaml", "/project", []byte(app("", "${resources.b.output.text}", "y")))
	if len(ds) != 1 || ds[0].Code != CodeArgument || !strings.Contains(ds[0].Summary, "the output of b can't be used") {
		t.Errorf("a channel: %v", ds)
	}
}

// TestHooksAreAskedOnce, however often a file refers to a resource.
func TestHooksAreAskedOnce(t *testing.T) {
	var asked []string
	opts := Options{
		Output: func(name string) (map[string]any, bool) {
			asked = append(asked, "output "+name)
			return nil, name == "b"
		},
		Info: func(name string) (map[string]any, bool) { asked = append(asked, "info "+name); return nil, false },
	}
	refs := "${resources.c.output.x}${resources.c.info.x}${components.c.output.x}${resources.b.output.x ?? 'y'}"
	loaded(t, opts, app("", refs+refs, "y", "z"))
	slices.Sort(asked)
	if d := cmp.Diff([]string{"info c", "output b", "output c"}, asked); d != "" {
		t.Error(d)
	}
}

func TestDeployCycles(t *testing.T) {
	ref := func(name string) string { return "${resources." + name + ".output.x}" }
	for _, tt := range []struct {
		name string
		text string
		want string // the way round
	}{
		{"two", app("", ref("b"), ref("a")), "a (s.yaml:7:23) -> b (s.yaml:12:23) -> a"},
		{"entered from outside", app("", ref("b"), ref("c"), ref("b")), "b (s.yaml:12:23) -> c (s.yaml:17:23) -> b"},
		{"three", app("", ref("b"), ref("c"), ref("a")), "a (s.yaml:7:23) -> b (s.yaml:12:23) -> c (s.yaml:17:23) -> a"},
		{"by vars", app("vars: {v: '"+ref("a")+"'}\n", ref("b"), "${vars.v}"), "a (s.yaml:8:23) -> b (s.yaml:2:14) -> a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, ds := parse(Options{}, "s.yaml", "/project", []byte(tt.text))
			if p == nil || len(ds) != 1 || ds[0].Code != CodeCycle {
				t.Fatalf("got %v", ds)
			}
			if got := strings.ReplaceAll(ds[0].Detail, "\n", " "); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
	diamond := app("", ref("b")+ref("c"), ref("d"), ref("d"), "x")
	if _, ds := parse(Options{}, "s.yaml", "/project", []byte(diamond)); len(ds) > 0 {
		t.Errorf("two ways to d are no circle: %v", ds)
	}
	var long []string
	for i := range 25 {
		long = append(long, ref(string(rune('a'+(i+1)%25))))
	}
	_, ds := parse(Options{}, "s.yaml", "/project", []byte(app("", long...)))
	if len(ds) != 1 || !strings.Contains(ds[0].Detail, "(5 more)") {
		t.Errorf("a long way: %v", ds)
	}
}

// TestEvaluationsGrowLinearly: each value is evaluated once, whoever uses it,
// however many there are.
func TestEvaluationsGrowLinearly(t *testing.T) {
	count := func(n int) int {
		var b strings.Builder
		b.WriteString("edition: 3.0.0\nvars:\n  base: ${env('X', 'y')}\n  name: ${vars.base}-${vars.base}\nresources:\n")
		for i := range n {
			fmt.Fprintf(&b, `  r%[1]d:
    component: fc3
    props:
      region: ${vars.region ?? 'cn-hangzhou'}
      functionName: ${vars.name}-%[1]d
      runtime: custom
      code: ./
      description: ${resources.r%[2]d.props.description}/${resources.last.output.x}
`, i, i+1)
		}
		fmt.Fprintf(&b, "  r%d: &last\n    component: fc3\n    props: {region: cn-hangzhou, functionName: l, runtime: custom, code: ./, description: end}\n  last:\n    component: fc3\n    props: {region: cn-hangzhou, functionName: last, runtime: custom, code: ./}\n", n)
		text := b.String()
		l := newLoader(Options{}, &source{file: "s.yaml", lines: diag.Lines(text)}, "/project")
		root, d := parseYAML("s.yaml", []byte(text), l.lines)
		if d != nil {
			t.Fatal(d)
		}
		if p := l.project(root); len(p.Resources) != n+2 {
			t.Fatalf("%d resources: %v", len(p.Resources), l.diags)
		}
		return l.resolve.evaluated
	}
	for _, n := range []int{10, 20, 40, 80} {
		if got, want := count(n), 2+3*n; got != want {
			t.Errorf("%d resources: %d evaluations, want %d", n, got, want)
		}
	}
}
