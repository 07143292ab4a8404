package spec

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/diag"
	"s/pkg/fc"
)

const small = `edition: 3.0.0
name: small
access: prod
resources:
  hello:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: hello
      runtime: python3.10
      handler: index.handler
      code: ./code
`

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoadFindsTheFile(t *testing.T) {
	for _, name := range []string{"s.yaml", "s.YAML", "s.YML", "s.yml"} {
		t.Run(name, func(t *testing.T) {
			path := writeFile(t, name, small)
			p, ds := Load(context.Background(), Options{Dir: filepath.Dir(path)})
			if len(ds) > 0 {
				t.Fatal(ds)
			}
			if got := p.Find("hello"); got == nil || got.Code.Path != filepath.Join(filepath.Dir(path), "code") {
				t.Errorf("resource: %+v", got)
			}
			if p.Find("nobody") != nil {
				t.Error("found a resource that isn't there")
			}
		})
	}
}

func TestLoadRefuses(t *testing.T) {
	dir := t.TempDir()
	big := writeFile(t, "big.yaml", "edition: 3.0.0\n# "+strings.Repeat("x", MaxFileSize))
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for _, tt := range []struct {
		name string
		ctx  context.Context
		opts Options
		want string
	}{
		{"nothing there", context.Background(), Options{Dir: dir}, "no s.yaml in " + dir},
		{"no such file", context.Background(), Options{File: filepath.Join(dir, "x.yaml")}, "the file doesn't exist"},
		{"a folder", context.Background(), Options{File: dir}, "this is a folder, not a file"},
		{"too large", context.Background(), Options{File: big}, "the file is larger than 10 MB"},
		{"cancelled", cancelled, Options{File: big}, "reading was interrupted"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, ds := Load(tt.ctx, tt.opts)
			if p != nil || len(ds) != 1 || ds[0].Summary != tt.want || ds[0].Code != CodeRead {
				t.Errorf("got %v, %+v", p, ds)
			}
		})
	}
}

func TestLoadReadsOddText(t *testing.T) {
	for name, text := range map[string]string{
		"CRLF":        strings.ReplaceAll(small, "\n", "\r\n"),
		"BOM":         "\ufeff" + small,
		"quoted keys": strings.ReplaceAll(small, "component:", `"component":`),
		"no newline":  strings.TrimSuffix(small, "\n"),
		"dashes":      "---\n" + small,
	} {
		t.Run(name, func(t *testing.T) {
			p, ds := parse(Options{}, "s.yaml", "/project", []byte(text))
			if len(ds) > 0 {
				t.Fatal(ds)
			}
			if p.Resources[0].Function.Handler != "index.handler" {
				t.Errorf("function: %+v", p.Resources[0].Function)
			}
		})
	}
}

// TestRanges checks the places that other packages use.
func TestRanges(t *testing.T) {
	p, ds := parse(Options{}, "s.yaml", "/project", []byte(small+"  other:\n    component: fc3\n"))
	if !ds.HasErrors() {
		t.Fatal("a resource without props passed")
	}
	at := func(l1, c1, l2, c2 int) diag.Range {
		return diag.Range{File: "s.yaml", Start: diag.Pos{Line: l1, Column: c1}, End: diag.Pos{Line: l2, Column: c2}}
	}
	hello, other := p.Find("hello"), p.Find("other")
	for _, tt := range []struct {
		name      string
		got, want diag.Range
	}{
		{"key", hello.Range, at(5, 3, 5, 8)},
		{"block", hello.Block, at(5, 3, 12, 19)},
		{"code", hello.Code.Range, at(12, 13, 12, 19)},
		{"last block", other.Block, at(13, 3, 14, 19)},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.name, tt.got, tt.want)
		}
	}
}

// TestFindingsAreSortedAndOnce: a value used in many places is wrong once.
func TestFindingsAreSortedAndOnce(t *testing.T) {
	text := `edition: 3.0.0
vars:
  bad: ${env(NOPE)}
  shared: &s {timeout: 0}
resources:
  a:
    component: fc3
    props: {<<: *s, region: "${vars.bad}", functionName: a, runtime: custom, code: ./, description: "${vars.bad}"}
  b:
    component: fc3
    props: {<<: *s, region: "${vars.bad}", functionName: b, runtime: custom, code: ./, zzz: 1, aaa: 2}
`
	_, ds := parse(Options{}, "s.yaml", "/project", []byte(text))
	var got []string
	for _, d := range ds {
		got = append(got, fmt.Sprintf("%d:%s", d.Range.Start.Line, d.Code))
	}
	want := []string{"3:" + CodeEnvironment, "4:" + CodeRange, "11:" + CodeUnknownKey, "11:" + CodeUnknownKey}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestSecretsAreRedacted(t *testing.T) {
	text := strings.Replace(small, "code: ./code", "code: ./code\n      environmentVariables: {KEY: \"k=${config('AccessKeySecret')}\", ID: \"${config(AccountID)}\"}", 1)
	p, ds := parse(testOptions(""), "s.yaml", "/project", []byte(text))
	if len(ds) > 0 {
		t.Fatal(ds)
	}
	if got := p.Resources[0].Function.EnvironmentVariables["KEY"]; got != "k="+testSecretKey {
		t.Errorf("the function got %q", got)
	}
	if got := p.Redact("key " + testSecretKey + " of 123456789"); got != "key *** of 123456789" {
		t.Errorf("redacted: %q", got)
	}
	noSecrets(t, fmt.Sprintf("%v %+v %#v %s", p.Secrets, p.Secrets, p.Secrets, p.Secrets))
}

// TestCredentialForGetsTheAlias: ${config()} follows the file's own access.
func TestCredentialForGetsTheAlias(t *testing.T) {
	text := strings.Replace(small, "code: ./code", "code: ./code\n      role: ${config('AccountID')}", 1)
	p, ds := parse(Options{CredentialFor: func(alias, field string) (string, error) {
		return alias + "/" + field, nil
	}}, "s.yaml", "/project", []byte(text))
	if len(ds) > 0 {
		t.Fatal(ds)
	}
	if got := p.Resources[0].Function.Role; got != "prod/AccountID" {
		t.Errorf("got %q", got)
	}
}

func TestActionKeysFollowTheCommand(t *testing.T) {
	text := strings.Replace(small, "    props:", "    actions:\n      pre-${regex('^(deploy|build)$')}: [{run: make}]\n    props:", 1)
	for command, want := range map[string]int{"deploy": 1, "build": 1, "invoke": 0, "": 0} {
		p, ds := parse(Options{Command: command}, "s.yaml", "/project", []byte(text))
		if len(ds) > 0 {
			t.Fatal(ds)
		}
		actions := p.Resources[0].Actions
		if len(actions) != want || want == 1 && (actions[0].Command != command || actions[0].When != WhenPre || actions[0].Path != "/project") {
			t.Errorf("%s: %+v", command, actions)
		}
	}
}

func TestCodes(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Codes() {
		if seen[c.Code] || !strings.HasPrefix(c.Code, "FC-SPEC-") || c.Title == "" {
			t.Errorf("bad row %+v", c)
		}
		seen[c.Code] = true
	}
	// Every code that a test file gives is in the table, with its severity.
	severity := map[string]diag.Severity{}
	for _, c := range Codes() {
		severity[c.Code] = c.Severity
	}
	used := map[string]bool{}
	for _, file := range yamlFiles(t, "testdata/err") {
		_, ds := Load(context.Background(), testOptions(file))
		for _, d := range ds {
			used[d.Code] = true
			if want, ok := severity[d.Code]; !ok || want != d.Severity {
				t.Errorf("%s: %s is not in the table as %s", file, d.Code, d.Severity)
			}
		}
	}
	for code := range seen {
		if !used[code] {
			t.Errorf("no test file shows %s", code)
		}
	}
}

// TestTables: no key twice in an object, bounds in order, titles everywhere.
func TestTables(t *testing.T) {
	objects := []*object{propsV1(), propsV3(), actionFields()}
	for _, kind := range fc.TriggerTypes() {
		objects = append(objects, triggerConfigV1(kind), triggerConfigV3(kind))
	}
	if triggerConfigV1("nope") != nil || triggerConfigV3("nope") != nil {
		t.Error("an unknown trigger type has a table")
	}
	rows := 0
	var visit func(o *object)
	var row func(f *field)
	row = func(f *field) {
		rows++
		if f.bounded && f.min > f.max {
			t.Errorf("%s: %v > %v", f.key, f.min, f.max)
		}
		if f.obj != nil {
			visit(f.obj)
		}
		if f.elem != nil {
			row(f.elem)
		}
		if f.alt != nil {
			row(f.alt)
		}
	}
	visit = func(o *object) {
		if o.title == "" {
			t.Errorf("an object with %v has no title", o.keys())
		}
		seen := map[string]bool{}
		for _, f := range o.fields {
			if f.key == "" || seen[f.key] {
				t.Errorf("%s: bad or repeated key %q", o.title, f.key)
			}
			seen[f.key] = true
			row(f)
		}
	}
	for _, o := range objects {
		visit(o)
	}
	if rows < 300 {
		t.Errorf("only %d rows", rows)
	}
}

func TestV1TriggerConfig(t *testing.T) {
	text := `edition: 1.0.0
services:
  a:
    component: fc
    props:
      region: cn-hangzhou
      service: {name: s}
      function: {name: f, runtime: python3.9}
      triggers:
        - {name: o, type: oss, sourceArn: arn, config: {bucketName: b, events: [e], filter: {Key: {Prefix: p, Suffix: s}}}}
`
	p, ds := parse(Options{}, "s.yaml", "/project", []byte(text))
	if len(ds) > 0 {
		t.Fatal(ds)
	}
	want := []fc.Trigger{{
		TriggerName: "o", TriggerType: "oss", Qualifier: "LATEST", SourceARN: "arn",
		TriggerConfig: `{"events":["e"],"filter":{"key":{"prefix":"p","suffix":"s"}}}`,
	}}
	if d := cmp.Diff(want, p.Resources[0].Triggers); d != "" {
		t.Error(d)
	}
	if got := p.Resources[0].Code.Path; got != "/project" {
		t.Errorf("code defaults to %q", got)
	}
}

// TestHostileFilesEnd: files made to cost time or memory are answered with few
// findings. A quadratic step in any of them would run into the test's timeout.
func TestHostileFilesEnd(t *testing.T) {
	unique := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for name, body := range map[string]string{
		"many values":       "vars: [" + strings.Repeat("a, ", 1<<17) + "]\nresources: {}\n",
		"one long line":     "vars: {x: [" + strings.Repeat("'a', ", 15_000) + "]}\nresources: {}\n",
		"many errors":       "vars:\n  l:\n" + strings.Repeat("  - ${vars.x}\n", 15_000) + "resources: {}\n",
		"errors in a text":  "vars: {x: \"" + strings.Repeat("${vars.x} ", 15_000) + "\"}\nresources: {}\n",
		"unclosed":          "vars: " + strings.Repeat("${", 1<<18) + "\nresources: {}\n",
		"same keys":         "vars:\n" + strings.Repeat("  k: v\n", 15_000) + "resources: {}\n",
		"unknown keys":      "resources:\n  a:\n    component: fc3\n    props:\n" + unique("      k%d: v\n", 15_000),
		"references":        "vars:\n" + unique("  k%d: v\n", 8_000) + "  l:\n" + unique("  - ${vars.k%d}\n", 8_000) + "resources: {}\n",
		"a chain":           "vars:\n  k0: v\n" + unique("  k1%[1]d: ${vars.k0}\n", 8_000) + "resources: {}\n",
		"merges":            "vars:\n  a: &a {" + unique("k%d: v, ", 5_000) + "}\n  b: {<<: *a, " + unique("j%d: v, ", 5_000) + "}\nresources: {}\n",
		"deep":              "vars: " + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + "\nresources: {}\n",
		"syntax error late": "resources:\n" + unique("  k%d: v\n", 8_000) + "  - x\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, ds := parse(Options{}, "s.yaml", "/project", []byte("edition: 3.0.0\n"+body))
			if len(ds) > maxFindings || p == nil && !ds.HasErrors() {
				t.Errorf("%d findings, project %v", len(ds), p != nil)
			}
		})
	}
}

// TestLoadText: what is no file is in the working directory, or the one that is given.
func TestLoadText(t *testing.T) {
	t.Parallel()
	const text = `{"edition": "3.0.0", "name": "app", "resources": {"fc3": {"component": "fc3",
		"props": {"region": "cn-hangzhou", "functionName": "f", "runtime": "python3.10", "handler": "index.handler", "code": "./code"}}}}`
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "code"), 0o755); err != nil {
		t.Fatal(err)
	}
	p, diags := Load(t.Context(), Options{Text: text, File: "--props", Dir: dir})
	if diags.HasErrors() || p.Dir != dir || p.File != "--props" || p.Resources[0].Function.FunctionName != "f" {
		t.Errorf("%+v, %v", p, diags)
	}
	_, diags = Load(t.Context(), Options{Text: "[]", File: "--props"})
	if !diags.HasErrors() || diags[0].Range.File != "--props" {
		t.Errorf("%v", diags)
	}
}
