package spec

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestHostileExpressions: expressions made to cost time or memory end with a few
// findings, or with none. A quadratic step would run into the test's timeout.
func TestHostileExpressions(t *testing.T) {
	lines := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i, i+1)
		}
		return b.String()
	}
	many := Options{Output: func(string) (map[string]any, bool) {
		list := make([]any, 50_000)
		for i := range list {
			list[i] = i
		}
		return map[string]any{"list": list, "text": strings.Repeat("x", 1<<20)}, true
	}}
	for name, tt := range map[string]struct {
		vars  string
		codes string // of all findings
	}{
		"doubling":         {"  v0: 0123456789\n" + lines(60, "  v%[2]d: ${vars.v%[1]d}${vars.v%[1]d}\n"), CodeLimit},
		"doubling lists":   {"  v0: [0, 1]\n" + lines(60, "  v%[2]d: ['${vars.v%[1]d}', '${vars.v%[1]d}']\n"), CodeYAMLFeature},
		"joining lists":    {"  v0: [0, 1]\n" + lines(60, "  v%[2]d: ${concat(vars.v%[1]d, vars.v%[1]d)}\n"), CodeYAMLFeature},
		"base64 of base64": {"  v0: '0123456789'\n" + lines(100, "  v%[2]d: ${base64(vars.v%[1]d)}\n"), CodeLimit},
		"a long chain":     {lines(20_000, "  v%d: ${vars.v%d}\n") + "  v20000: end\n", CodeLimit},
		"a chain upwards":  {"  v0: x\n" + lines(20_000, "  v%[2]d: ${vars.v%[1]d}\n"), ""},
		"many in a text":   {"  x: y\n  t: \"" + strings.Repeat("ü${vars.x}", 50_000) + "\"\n", ""},
		"pending, many":    {"  t: \"" + strings.Repeat("ü${resources.b.info.x}", 30_000) + "\"\n", ""},
		"large outputs":    {lines(5_000, "  v%[1]d: ${resources.b.output.list}\n"), CodeYAMLFeature + " " + CodeLimit},
		"large texts":      {lines(5_000, "  v%[1]d: \"a ${resources.b.output.text}\"\n"), CodeLimit},
		"joining much":     {"  t: ${concat(resources.b.output.text" + strings.Repeat(", resources.b.output.text", 5_000) + ")}\n", CodeLimit},
		"choices":          {"  t: ${vars.x" + strings.Repeat(" ?? vars.x", 50_000) + " ?? 'y'}\n", ""},
		"nested calls":     {"  t: ${" + strings.Repeat("lower(", 5_000) + "x" + strings.Repeat(")", 5_000) + "}\n", CodeExpression},
		"brackets":         {"  t: ${vars" + strings.Repeat("[", 50_000) + "}\n", CodeExpression},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, ds := parse(many, "s.yaml", "/project", []byte(app("vars:\n"+tt.vars, "x", "y")))
			var codes []string
			for _, d := range ds {
				if !slices.Contains(codes, d.Code) {
					codes = append(codes, d.Code)
				}
			}
			slices.Sort(codes)
			if strings.Join(codes, " ") != tt.codes || len(ds) > 50 {
				t.Errorf("%d findings: %v", len(ds), ds[:min(len(ds), 3)])
			}
		})
	}
}

// TestRedactTakesTheLongestFirst: one secret may be a part of another.
func TestRedactTakesTheLongestFirst(t *testing.T) {
	opts := Options{SecretFor: func(name string) (string, error) {
		return map[string]string{"short": "abcdef", "long": "abcdefghij"}[name], nil
	}}
	p := loaded(t, opts, app("", "${secret(short)} ${secret(long)} ${secret(short)}"))
	if got := p.Redact("abcdefghij, abcdef"); got != "***, ***" {
		t.Errorf("got %q", got)
	}
	if len(p.Secrets) != 2 {
		t.Errorf("%d secrets", len(p.Secrets))
	}
}

// TestPlacesInNestedValues: a finding in a value that another one led to keeps
// its own place, and so does one that comes after it.
func TestPlacesInNestedValues(t *testing.T) {
	text := app("vars:\n  a: \"ü ${vars.b} ${vars.nope1}\"\n  b: 'ä ${vars.c} ${vars.nope2}'\n  c: |\n    line\n    ö ${vars.nope3}\n", "${vars.a} ${vars.nope4}")
	_, ds := parse(Options{}, "s.yaml", "/project", []byte(text))
	var got []string
	for _, d := range ds {
		got = append(got, fmt.Sprintf("%s %d:%d-%d", d.Summary[len(d.Summary)-6:], d.Range.Start.Line, d.Range.Start.Column, d.Range.End.Column))
	}
	want := `nope1" 3:26-31, nope2" 4:26-31, nope3" 7:14-19, nope4" 13:38-43`
	if strings.Join(got, ", ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, ", "), want)
	}
}
