package scaffold

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"s/templates"
)

// catalog gives an in-memory tree with one template named demo.
func catalog(manifest string, files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{"demo/template.yaml": {Data: []byte(manifest)}}
	for name, text := range files {
		fsys["demo/src/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

const head = "name: demo\nlanguage: python\nkind: event\n"

// demo loads the template of catalog(head+rest, files).
func demo(t *testing.T, rest string, files map[string]string) Template {
	t.Helper()
	template, err := load(catalog(head+rest, files), "demo", nil)
	if err != nil {
		t.Fatal(err)
	}
	return template
}

func TestListIsEveryFolder(t *testing.T) {
	t.Parallel()
	all, err := List()
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, template := range all {
		got = append(got, template.Name)
	}
	entries, err := fs.ReadDir(templates.FS, ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.IsDir() {
			want = append(want, entry.Name())
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("templates (-folders +listed):\n%s", diff)
	}
}

func TestManifestsAreBilingual(t *testing.T) {
	t.Parallel()
	all, err := List()
	if err != nil {
		t.Fatal(err)
	}
	for _, template := range all {
		texts := map[string]Text{"title": template.Title, "description": template.Description}
		for _, p := range template.Parameters {
			texts[p.Name+" title"], texts[p.Name+" description"] = p.Title, p.Description
		}
		for what, text := range texts {
			if text.EN == "" || text.ZH == "" || text.In("zh") == text.In("en") {
				t.Errorf("%s: %s isn't in both languages: %+v", template.Name, what, text)
			}
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	template, err := Find("fc-custom-python37-event")
	if err != nil || template.Kind != KindCustom || template.Language != "python" {
		t.Errorf("got %+v, %v", template, err)
	}
	cases := []struct {
		name string
		want string // the nearest; empty if none is near
	}{
		{"fc-custom-pyhton37-event", "fc-custom-python37-event"},
		{"start-fc-htp-python", "start-fc-http-python"},
		{"http", "start-fc-http-go"},
		{"custom-event", "fc-custom-python37-event"},
		{"ruby", ""},
	}
	for _, c := range cases {
		_, err := Find(c.name)
		var unknown *UnknownTemplateError
		if !errors.As(err, &unknown) {
			t.Errorf("%s: got %v, want an UnknownTemplateError", c.name, err)
			continue
		}
		if got := append(unknown.Nearest, "")[0]; got != c.want || len(unknown.Nearest) > mostNearest {
			t.Errorf("%s: nearest %v, want %q first", c.name, unknown.Nearest, c.want)
		}
		if len(unknown.Known) < 3 || !strings.Contains(unknown.Error(), c.name) {
			t.Errorf("%s: %v, known %v", c.name, unknown, unknown.Known)
		}
	}
}

func TestLanguagesAndKinds(t *testing.T) {
	t.Parallel()
	ts := []Template{{Language: "python", Kind: KindHTTP}, {Language: "go", Kind: KindEvent}, {Language: "python", Kind: KindHTTP}}
	if diff := cmp.Diff([]string{"python", "go"}, Languages(ts)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Kind{KindEvent, KindHTTP}, Kinds(ts)); diff != "" {
		t.Error(diff)
	}
}

func TestBadManifests(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, manifest, want string }{
		{"unknown key", head + "colour: red\n", "colour"},
		{"another name", "name: other\nkind: event\n", "not that of its folder"},
		{"unknown kind", "name: demo\nkind: job\n", `unknown kind "job"`},
		{"unknown type", head + "parameters: [{name: p, type: number}]\n", `parameter p: unknown type "number"`},
		{"empty enum", head + "parameters: [{name: p, type: enum}]\n", "enum without values"},
		{"bad pattern", head + "parameters: [{name: p, type: string, pattern: '('}]\n", "parameter p: error parsing regexp"},
		{"bad default", head + "parameters: [{name: p, type: enum, enum: [a], default: b}]\n", "default: "},
		{"default of another type", head + "parameters: [{name: p, type: boolean, default: 'no'}]\n", "must be a boolean"},
		{"no YAML", "\t", "template.yaml"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := list(catalog(c.manifest, nil))
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "template demo") {
				t.Errorf("got %v, want one with %q", err, c.want)
			}
		})
	}
	if _, err := list(fstest.MapFS{"demo/src/x": {}}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a manifest: got %v", err)
	}
}

func TestTextIn(t *testing.T) {
	t.Parallel()
	if got := (Text{EN: "hello"}).In("zh"); got != "hello" {
		t.Errorf("without Chinese: got %q", got)
	}
	if got := (Text{EN: "hello", ZH: "你好"}).In("zh"); got != "你好" {
		t.Errorf("got %q", got)
	}
}

// A manifest takes from the parameters in common what it doesn't say itself.
func TestParametersInCommon(t *testing.T) {
	t.Parallel()
	fsys := catalog(head+"parameters:\n  - name: region\n    default: b\n  - name: own\n    type: string\n", map[string]string{"f.txt": "x"})
	fsys[commonName] = &fstest.MapFile{Data: []byte("- name: region\n  type: enum\n  enum: [a, b]\n  default: a\n  required: true\n  title: { en: Region, zh: 地域 }\n")}
	all, err := list(fsys)
	if err != nil || len(all) != 1 {
		t.Fatalf("%v, %v", all, err)
	}
	region, own := all[0].Parameters[0], all[0].Parameters[1]
	if region.Type != TypeEnum || region.Default != "b" || !region.Required || region.Title.ZH != "地域" || len(region.Enum) != 2 {
		t.Errorf("region is %+v", region)
	}
	if own.Type != TypeString || own.Required || own.Enum != nil {
		t.Errorf("own is %+v", own)
	}
	for text, want := range map[string]string{"- nome: x\n": "common.yaml: ", "{": "common.yaml: "} {
		fsys[commonName] = &fstest.MapFile{Data: []byte(text)}
		if _, err := list(fsys); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// Files that can't have their own name here get it in the project.
func TestSuffixOfNames(t *testing.T) {
	t.Parallel()
	template := demo(t, "parameters: []\n", map[string]string{"code/go.mod.tmpl": "module x\n", "a.tmpl/b": "x"})
	dir := filepath.Join(t.TempDir(), "made")
	names, err := Render(t.Context(), template, nil, dir, Options{})
	if diff := cmp.Diff([]string{"a.tmpl/b", "code/go.mod"}, names); diff != "" || err != nil {
		t.Error(diff, err)
	}
}
