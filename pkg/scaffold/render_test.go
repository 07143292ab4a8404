package scaffold

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// defaults gives values that are right for the template.
func defaults(t *testing.T, template *Template) map[string]any {
	t.Helper()
	values, err := template.Complete(nil)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func TestRenderEveryTemplate(t *testing.T) {
	t.Parallel()
	all, err := List()
	if err != nil {
		t.Fatal(err)
	}
	for _, template := range all {
		t.Run(template.Name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "made")
			files, err := Render(t.Context(), template, nil, dir, Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range files {
				data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(string(data), "{{") {
					t.Errorf("%s holds an unrendered part", name)
				}
				if filepath.Ext(name) == ".yaml" {
					checkSpec(t, name, data, defaults(t, &template))
				}
			}
		})
	}
}

// checkSpec checks that an s.yaml is YAML that says the values as they are.
func checkSpec(t *testing.T, name string, data []byte, values map[string]any) {
	t.Helper()
	var doc map[string]any
	if err := yaml.Unmarshal(data, &doc); err != nil {
		t.Errorf("%s: %v\n%s", name, err, data)
		return
	}
	scalars := map[any]bool{}
	collect(doc, scalars)
	for parameter, value := range values {
		if !scalars[value] {
			t.Errorf("%s doesn't say %s = %q:\n%s", name, parameter, value, data)
		}
	}
}

func collect(node any, into map[any]bool) {
	switch n := node.(type) {
	case map[string]any:
		for _, child := range n {
			collect(child, into)
		}
	case []any:
		for _, child := range n {
			collect(child, into)
		}
	default:
		into[n] = true
	}
}

func TestCustomPythonTemplateMakesExactlyItsFiles(t *testing.T) {
	t.Parallel()
	template, err := Find("fc-custom-python37-event")
	if err != nil {
		t.Fatal(err)
	}
	got, err := Render(t.Context(), template, nil, filepath.Join(t.TempDir(), "made"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"code/gunicorn_conf.py", "code/requirements.txt", "code/server.py", "readme.md", "s.yaml", "s_en.yaml"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// The two s.yaml of a template differ in their comments only.
func TestBothLanguagesSayTheSame(t *testing.T) {
	t.Parallel()
	all, err := List()
	if err != nil {
		t.Fatal(err)
	}
	for _, template := range all {
		files, err := template.files(defaults(t, &template))
		if err != nil {
			t.Fatal(err)
		}
		docs := map[string]any{}
		for _, f := range files {
			if filepath.Ext(f.name) == ".yaml" {
				var doc any
				if err := yaml.Unmarshal(f.data, &doc); err != nil {
					t.Fatal(err)
				}
				docs[f.name] = doc
			}
		}
		if diff := cmp.Diff(docs["s.yaml"], docs["s_en.yaml"]); diff != "" || docs["s.yaml"] == nil {
			t.Errorf("%s: s.yaml and s_en.yaml differ:\n%s", template.Name, diff)
		}
	}
}

// Whatever the values are, s.yaml stays YAML and says them unchanged. Enums and
// patterns are out of the way here: they are not what protects the file.
func TestHostileValuesStayValues(t *testing.T) {
	t.Parallel()
	hostile := []string{
		`it's "quoted"`, "a: b", "- a", "# no comment", "a #b", "true", "007", "1e3", "null", "~", "", " lead", "trail ",
		"two\nlines", "tab\there", "back\\slash", "{a: b}", "[a]", "*star", "&and", "!tag", "%x", "@at", "`tick`", "你好：世界",
		"a\u0085b", "a\u2028b", "a\r\nb", "${env(X)}", "{{ .region }}", "yes", "0x1f", "12:30:45", "=", "<<", "---", strings.Repeat("long ", 60),
	}
	all, err := List()
	if err != nil {
		t.Fatal(err)
	}
	for _, template := range all {
		for _, value := range hostile {
			values := defaults(t, &template)
			for _, p := range template.Parameters {
				if p.Type == TypeString {
					values[p.Name] = value
				}
			}
			files, err := template.files(values)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				if filepath.Ext(f.name) == ".yaml" {
					checkSpec(t, template.Name+" "+f.name, f.data, values)
				}
			}
		}
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	values := map[string]any{"name": "a: b", "on": true, "list": "x"}
	cases := []struct{ file, text, want string }{
		{"readme.md", "# {{ .name }}", "# a: b"},
		{"s.yaml", "n: {{ .name }}", "n: 'a: b'"},
		{"s.yml", "n: {{ .on }}", "n: true"},
		{"s.yaml", "{{ if .on }}n: {{ .name }}{{ else }}m: {{ .name }}{{ end }}", "n: 'a: b'"},
		{"s.yaml", "{{ with .name }}n: {{ . }}{{ end }}", "n: 'a: b'"},
		{"s.yaml", `n: {{ print .name "!" }}`, "n: 'a: b!'"},
		{"s.yaml", "# {{ .name | raw }}", "# a: b"},
		{"s.yaml", "n: {{ .name | yaml }}", "n: 'a: b'"},
		{"s.yaml", "{{ $x := .name }}n: {{ $x }}", "n: 'a: b'"},
		{"s.yaml", "n: ${vars.region}", "n: ${vars.region}"},
		{"s.yaml", "", ""},
	}
	for _, c := range cases {
		got, err := expand(c.file, []byte(c.text), values)
		if err != nil || string(got) != c.want {
			t.Errorf("%s %q: got %q, %v, want %q", c.file, c.text, got, err, c.want)
		}
	}
	for _, text := range []string{"{{ .nobody }}", "{{ .name", "{{ exec .name }}"} {
		if got, err := expand("s.yaml", []byte(text), values); err == nil {
			t.Errorf("%q: got %q, want an error", text, got)
		}
	}
}

func TestVerbatimBinaryAndExecutable(t *testing.T) {
	t.Parallel()
	template := demo(t, "executable: [run.sh]\nverbatim: ['page/*.html']\n", map[string]string{
		"run.sh": "#!/bin/sh\n", "page/index.html": "{{ vue }}", "logo.bin": "\x00{{ .x }}", "latin1.txt": "\xff{{ .x }}",
	})
	dir := filepath.Join(t.TempDir(), "made")
	if _, err := Render(t.Context(), template, nil, dir, Options{}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"page/index.html": "{{ vue }}", "logo.bin": "\x00{{ .x }}", "latin1.txt": "\xff{{ .x }}"} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	for name, executable := range map[string]bool{"run.sh": true, "logo.bin": false} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode()&0o100 != 0 != executable {
			t.Errorf("%s: mode %v, %v", name, info.Mode(), err)
		}
	}
}
