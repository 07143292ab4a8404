package spec

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/diag"
)

const givenFile = `edition: 3.0.0
name: app
access: default
resources:
  one:
    component: fc3
    actions:
      pre-deploy:
        - plugin: ./p
    props: &props
      region: cn-hangzhou
      functionName: one
      runtime: python3.10
      handler: index.handler
      code: ./code
      environmentVariables: {KEY: "${config('AccessKeySecret')}", N: 5}
  two:
    component: fc3
    props:
      <<: *props
      functionName: two
`

// givenProject loads a file with a folder of code.
func givenProject(t *testing.T, text string) *Project {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "code"), 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "s.yaml")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	p, diags := Load(t.Context(), Options{File: file, Credential: func(string) (string, error) { return "hush-key", nil }})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return p
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestProps(t *testing.T) {
	t.Parallel()
	p := givenProject(t, givenFile)
	want := `{"code":"./code","environmentVariables":{"KEY":"hush-key","N":5},"functionName":"one","handler":"index.handler","region":"cn-hangzhou","runtime":"python3.10"}`
	if got := jsonOf(t, p.Props("one")); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if p.Props("three") != nil || (&Project{}).Props("one") != nil {
		t.Error("props of nothing")
	}
}

func TestWithProps(t *testing.T) {
	t.Parallel()
	p := givenProject(t, givenFile)
	before := jsonOf(t, p)
	props := p.Props("one")
	props["memorySize"] = json.Number("512")
	props["cpu"], props["diskSize"] = 0.5, 512
	delete(props, "environmentVariables")
	changed, diags := p.WithProps("one", props, p.Resources[0].Actions[0].Range)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	one := changed.Find("one")
	if one.Function.MemorySize != 512 || one.Function.CPU != 0.5 || one.Function.EnvironmentVariables != nil {
		t.Errorf("function %+v", one.Function)
	}
	if one.Code.Path != filepath.Join(p.Dir, "code") || len(one.Actions) != 1 || one.Range != p.Resources[0].Range {
		t.Errorf("resource %+v", one)
	}
	if changed.Find("two") != p.Find("two") || jsonOf(t, p) != before {
		t.Error("more than the one resource changed")
	}
	if again := givenProject(t, givenFile).TakeGiven(changed); again.Find("one").Function.EnvironmentVariables != nil || again.Find("two").Function.EnvironmentVariables == nil {
		t.Errorf("loaded again: %+v", again.Resources)
	}
	if fresh := givenProject(t, givenFile); fresh.TakeGiven(p) != fresh {
		t.Error("nothing was given")
	}
	if d := cmp.Diff(props, changed.Props("one")); d != "" {
		t.Error(d)
	}
	// Once more, and another one: both stay.
	other := p.Props("two")
	other["timeout"] = 9
	both, diags := changed.WithProps("two", other, diag.Range{})
	if len(diags) > 0 || both.Find("one").Function.MemorySize != 512 || both.Find("two").Function.Timeout != 9 {
		t.Errorf("%v, %+v", diags, both.Resources)
	}
}

func TestWithSecrets(t *testing.T) {
	t.Parallel()
	p := &Project{Secrets: Secrets{"abc"}}
	with := p.WithSecrets("abcde", "", "abc")
	if got := with.Redact("abcde abc"); got != "*** ***" || len(with.Secrets) != 2 || len(p.Secrets) != 1 {
		t.Errorf("redacted: %s, of %d and %d", got, len(with.Secrets), len(p.Secrets))
	}
	if p.WithSecrets("abc") != p {
		t.Error("a copy without need")
	}
	if fresh := (&Project{}).TakeGiven(with); fresh.Redact("abcde") != "***" {
		t.Error("a load that follows shows what was hidden")
	}
}

func TestWithPropsOfEdition1(t *testing.T) {
	t.Parallel()
	p := givenProject(t, `edition: 1.0.0
name: app
access: default
services:
  one:
    component: fc
    props:
      region: cn-hangzhou
      service: {name: svc}
      function: {name: one, runtime: python3, handler: index.handler, codeUri: ./code}
`)
	props := p.Props("one")
	props["function"].(map[string]any)["timeout"] = 7
	changed, diags := p.WithProps("one", props, diag.Range{})
	if len(diags) > 0 || changed.Find("one").Function.Timeout != 7 || changed.Find("one").Service.ServiceName != "svc" {
		t.Errorf("%v, %+v", diags, changed)
	}
}

func TestWithWrongProps(t *testing.T) {
	t.Parallel()
	at := func(p *Project) diag.Range { return p.Resources[0].Actions[0].Range }
	const place = "s.yaml:9:11"
	for _, tt := range []struct {
		name   string
		change func(map[string]any)
		want   string // the summaries
	}{
		{"unknown key", func(m map[string]any) { m["memorysize"] = 512 }, `unknown key "memorysize" in function props`},
		{"type", func(m map[string]any) { m["timeout"] = "3" }, `"timeout" must be a whole number, not a string`},
		{"deep", func(m map[string]any) { m["vpcConfig"] = map[string]any{"vpcId": []any{1}} }, `"vpcId" must be a string, not a list`},
		{"secret", func(m map[string]any) { m["runtime"] = "hush-key" }, `"runtime"`},
		{"same function", func(m map[string]any) { m["functionName"] = "two" }, `one and two are the same function, two in cn-hangzhou`},
		{"missing", func(m map[string]any) { delete(m, "region") }, `missing "region"`},
		{"deeply nested", func(m map[string]any) {
			for x, i := m, 0; i < 200; i++ {
				next := map[string]any{}
				x["x"], x = next, next
			}
		}, "nested more than 100 levels deep"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := givenProject(t, givenFile)
			props := p.Props("one")
			tt.change(props)
			_, diags := p.WithProps("one", props, at(p))
			if !diags.HasErrors() {
				t.Fatal("nothing is wrong")
			}
			text := diags.Error()
			if !strings.Contains(text, tt.want) || strings.Contains(text, "hush-") {
				t.Errorf("%s\nwant %s", text, tt.want)
			}
			if tt.name != "same function" && !strings.Contains(diags[0].Range.String(), place) {
				t.Errorf("at %s, want %s", diags[0].Range, place)
			}
		})
	}
	p := givenProject(t, givenFile)
	if _, diags := p.WithProps("three", nil, at(p)); !diags.HasErrors() {
		t.Error("props of a resource that isn't there")
	}
	if _, diags := (&Project{Resources: p.Resources}).WithProps("one", p.Props("one"), at(p)); !diags.HasErrors() {
		t.Error("a project that wasn't loaded")
	}
	// What was found once is not found again.
	props := p.Props("one")
	if _, diags := p.WithProps("one", map[string]any{}, at(p)); !diags.HasErrors() {
		t.Error("empty props are right")
	}
	if _, diags := p.WithProps("one", props, at(p)); diags.HasErrors() {
		t.Error(diags)
	}
}
