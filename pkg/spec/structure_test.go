package spec

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"s/pkg/diag"
)

// write puts files into a folder; names may have slashes.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

const helloProps = "region: cn-hangzhou, functionName: hello, runtime: python3.10, handler: index.handler, code: ./code"

func helloYAML(more string) string {
	return "edition: 3.0.0\nname: app\n" + more + "resources:\n  hello:\n    component: fc3\n    props: {" + helloProps + "}\n"
}

// loadDir loads the s.yaml of a folder and fails the test on errors.
func loadDir(t *testing.T, dir string, change func(*Options)) *Project {
	t.Helper()
	opts := Options{File: filepath.Join(dir, "s.yaml"), Dir: dir, Command: "deploy"}
	if change != nil {
		change(&opts)
	}
	p, ds := Load(context.Background(), opts)
	if ds.HasErrors() {
		t.Fatal(ds.Error())
	}
	return p
}

func TestOverlay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, base, over, want string }{
		{"new key", "a: 1", "b: 2", "a: 1, b: 2"},
		{"replaced", "a: 1", "a: 2", "a: 2"},
		{"nested", "a: {b: 1, c: 2}", "a: {c: 3, d: 4}", "a: {b: 1, c: 3, d: 4}"},
		{"list is replaced", "a: [1, 2, 3]", "a: [4]", "a: [4]"},
		{"empty list replaces", "a: [1]", "a: []", "a: []"},
		{"null leaves", "a: 1", "a: null", "a: 1"},
		{"null leaves a map", "a: {b: 1}", "a: ~", "a: {b: 1}"},
		{"empty map leaves", "a: {b: 1}", "a: {}", "a: {b: 1}"},
		{"map over text", "a: x", "a: {b: 1}", "a: {b: 1}"},
		{"text over map", "a: {b: 1}", "a: x", "a: x"},
		{"list over map", "a: {b: 1}", "a: [b]", "a: [b]"},
		{"empty text replaces", "a: x", "a: \"\"", "a: \"\""},
		{"false replaces", "a: true", "a: false", "a: false"},
		{"deep null", "a: {b: {c: 1}}", "a: {b: {c: null, d: 2}}", "a: {b: {c: 1, d: 2}}"},
		{"new null", "a: 1", "b: null", "a: 1, b: null"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, map[string]string{
				"base.yaml": "vars: {" + c.base + "}\n",
				"s.yaml":    helloYAML("extend: base.yaml\nvars: {" + c.over + "}\n"),
				"want.yaml": helloYAML("vars: {" + c.want + "}\n"),
			})
			got := loadDir(t, dir, nil).Vars
			want := loadDir(t, dir, func(o *Options) { o.File = filepath.Join(dir, "want.yaml") }).Vars
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}

func TestExtendChain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := map[string]string{"s.yaml": helloYAML("extend: f1.yaml\nvars: {own: s}\n")}
	for i := 1; i < maxExtends; i++ {
		text := fmt.Sprintf("vars: {v%d: %d, own: no}\n", i, i)
		if i < maxExtends-1 {
			text += fmt.Sprintf("extend: f%d.yaml\n", i+1)
		}
		files[fmt.Sprintf("f%d.yaml", i)] = text
	}
	write(t, dir, files)
	p := loadDir(t, dir, nil)
	if len(p.Vars) != maxExtends || p.Vars["own"] != "s" {
		t.Errorf("vars %v", p.Vars)
	}
	write(t, dir, map[string]string{fmt.Sprintf("f%d.yaml", maxExtends-1): "extend: more.yaml\n", "more.yaml": "vars: {}\n"})
	_, ds := Load(context.Background(), Options{File: filepath.Join(dir, "s.yaml")})
	if !ds.HasErrors() || !strings.Contains(ds.Error(), "extend each other") {
		t.Errorf("a chain that is too long gives %v", ds)
	}
}

func TestExtendAbsoluteAndElsewhere(t *testing.T) {
	t.Parallel()
	dir, other := t.TempDir(), t.TempDir()
	write(t, other, map[string]string{"base.yaml": "extend: sub/second.yaml\nvars: {a: 1}\n", "sub/second.yaml": "vars: {b: 2}\n"})
	write(t, dir, map[string]string{"s.yaml": helloYAML("extend: " + filepath.ToSlash(filepath.Join(other, "base.yaml")) + "\n")})
	p := loadDir(t, dir, nil)
	if want := map[string]any{"a": int64(1), "b": int64(2)}; !reflect.DeepEqual(p.Vars, want) {
		t.Errorf("vars %#v, want %#v", p.Vars, want)
	}
	if got := p.Resources[0].Code.Path; got != filepath.Join(dir, "code") {
		t.Errorf("code at %s", got)
	}
}

// TestExtendFolder: paths and cwd in an expression count from the file that it
// stands in, wherever its value is used; paths in props and actions from s.yaml.
func TestExtendFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"note.txt": "child", "sub/note.txt": "base", "sub/deep/note.txt": "deep", "code/x": "", "sub/code/x": "",
		"s.yaml": "extend: sub/base.yaml\nvars: {child: \"${file(note.txt)} ${vars.base} ${vars.deep}\", cwd: \"${cwd}\"}\n",
		"sub/base.yaml": "extend: deep/base.yaml\nvars: {base: \"${file('./note.txt')}\", baseCwd: \"${cwd}\", path: \"${path(note.txt)}\"}\n" +
			"resources: {hello: {actions: {pre-deploy: [{run: ls, path: ./code}]}}}\n",
		"sub/deep/base.yaml": helloYAML("vars: {deep: \"${file(note.txt)}\", md5: \"${md5file('note.txt')}\"}\n"),
	})
	p := loadDir(t, dir, nil)
	want := map[string]any{
		"child": "child base deep", "cwd": dir, "base": "base", "baseCwd": filepath.Join(dir, "sub"),
		"path": filepath.Join(dir, "sub", "note.txt"), "deep": "deep", "md5": "6627415e807ee33c7302917216e7da68",
	}
	if !reflect.DeepEqual(p.Vars, want) {
		t.Errorf("vars %#v, want %#v", p.Vars, want)
	}
	r := p.Resources[0]
	if r.Code.Path != filepath.Join(dir, "code") || r.Actions[0].Path != filepath.Join(dir, "code") {
		t.Errorf("code at %s, actions in %s", r.Code.Path, r.Actions[0].Path)
	}
}

// TestThisInOverlays: this is the environment in what comes from env.yaml and the
// resource in everything else, however deep the two are mixed.
func TestThisInOverlays(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"env.yaml": `environments:
- name: staging
  description: d
  overlays:
    components: {fc3: {environmentVariables: {ENV: "${this.name}", BOTH: "${this.description}"}}}
    resources: {hello: {description: "${this.name} of ${this.description}"}}
`,
		"s.yaml": "edition: 3.0.0\nname: app\ntemplate: {t: {environmentVariables: {TPL: \"${this.name}\", BOTH: \"${this.name}\"}}}\nresources:\n  hello:\n" +
			"    component: fc3\n    extend: {name: t}\n    props: {" + helloProps + ", environmentVariables: {OWN: \"${this.name}\", BOTH: \"${this.name}\"}}\n",
	})
	for env, want := range map[string]map[string]string{
		"":        {"TPL": "hello", "OWN": "hello", "BOTH": "hello"},
		"staging": {"TPL": "hello", "OWN": "hello", "BOTH": "d", "ENV": "staging"},
	} {
		p := loadDir(t, dir, func(o *Options) { o.Env = env })
		if got := p.Resources[0].Function.EnvironmentVariables; !reflect.DeepEqual(got, want) {
			t.Errorf("environment %q: %v, want %v", env, got, want)
		}
		if env != "" && p.Resources[0].Function.Description != "staging of d" {
			t.Errorf("description %q", p.Resources[0].Function.Description)
		}
	}
}

func TestDefaultEnvironment(t *testing.T) {
	t.Parallel()
	env := "environments:\n- {name: one, access: a1}\n- {name: two, access: a2}\n"
	for _, c := range []struct {
		name, file, asked, def, want string
		failure                      string
	}{
		{name: "none"},
		{name: "the default", file: env, def: "two", want: "two"},
		{name: "asked for wins", file: env, asked: "one", def: "two", want: "one"},
		{name: "a default without a file is nothing", def: "two"},
		{name: "a default that is gone", file: env, def: "three", failure: "no environment"},
		{name: "asked for without a file", asked: "one", failure: "doesn't exist"},
		{name: "an empty file", file: "environments:\n", asked: "one", failure: "no environment"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, map[string]string{"s.yaml": helloYAML("access: own\n")})
			if c.file != "" {
				write(t, dir, map[string]string{"env.yaml": c.file})
			}
			p, ds := Load(context.Background(), Options{
				File: filepath.Join(dir, "s.yaml"), Env: c.asked,
				DefaultEnv: func(project, file string) string {
					if project != "app" || filepath.Base(file) != EnvironmentFile {
						t.Errorf("asked for the default of %q, %q", project, file)
					}
					return c.def
				},
			})
			if c.failure != "" {
				if !ds.HasErrors() || !strings.Contains(ds.Error(), c.failure) {
					t.Errorf("got %v", ds)
				}
				return
			}
			if ds.HasErrors() || p.Environment != c.want {
				t.Fatalf("environment %q, %v", p.Environment, ds)
			}
			access := map[string]string{"": "own", "one": "a1", "two": "a2"}[c.want]
			if p.Access != access {
				t.Errorf("access %q, want %q", p.Access, access)
			}
		})
	}
}

func TestEnvironments(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "env.yaml")
	write(t, filepath.Dir(file), map[string]string{"env.yaml": "project: app\nenvironments:\n- {name: b, type: testing, region: cn-hangzhou}\n- {name: a, access: x, description: y}\n"})
	got, ds := Environments(file)
	if len(ds) > 0 {
		t.Fatal(ds.Error())
	}
	for i := range got {
		if got[i].Range.File != file || got[i].Range.Start.Line != 3+i {
			t.Errorf("%s is at %s", got[i].Name, got[i].Range)
		}
		got[i].Range = diag.Range{}
	}
	want := []Environment{{Name: "b", Type: "testing", Region: "cn-hangzhou"}, {Name: "a", Access: "x", Description: "y"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if _, ds := Environments(file + ".not"); !ds.HasErrors() || ds[0].Range.File != file+".not" {
		t.Errorf("a missing file gives %v", ds)
	}
}

func TestDotEnv(t *testing.T) {
	t.Parallel()
	ask := "vars: {a: \"${env('A', 'none')}\", b: \"${env('B', 'none')}\"}\n"
	for _, c := range []struct {
		name  string
		files map[string]string // .env files by folder
		env   map[string]string
		a, b  string
		warns string
	}{
		{name: "none", a: "none", b: "none"},
		{name: "beside s.yaml", files: map[string]string{"proj": "A=1\nB=two words\n"}, a: "1", b: "two words"},
		{name: "set already", files: map[string]string{"proj": "A=1\nB=2\n"}, env: map[string]string{"A": "mine"}, a: "mine", b: "2"},
		{name: "working directory first", files: map[string]string{"work": "A=w\n", "proj": "A=p\nB=p\n"}, a: "w", b: "p"},
		{name: "code before s.yaml", files: map[string]string{"proj/code": "A=c\n", "proj": "A=p\nB=p\n"}, a: "c", b: "p"},
		{name: "quotes and comments", files: map[string]string{"proj": "# hi\nexport A='x # y' # z\nB=\"l1\\nl2\"\n"}, a: "x # y", b: "l1\nl2"},
		{name: "expands", files: map[string]string{"proj": "A=one\nB=${A}/two\n"}, a: "one", b: "one/two"},
		{name: "a bad line", files: map[string]string{"proj": "A=1\nsome s3cret text\nB=2\n"}, a: "1", b: "2", warns: "sets no variable"},
		{name: "a bad line after a value of several", files: map[string]string{"proj": "A=\"x\nsome s3cret text\nB=2\n"}, a: "none", b: "none", warns: "doesn't end"},
		{name: "windows lines", files: map[string]string{"proj": "A=1\r\nB=2\r\n"}, a: "1", b: "2"},
		{name: "empty counts as unset", files: map[string]string{"proj": "A=\nB=2\n"}, a: "none", b: "2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, map[string]string{"proj/s.yaml": helloYAML(ask), "work/x": "", "proj/code/index.py": ""})
			for folder, text := range c.files {
				write(t, dir, map[string]string{folder + "/.env": text})
			}
			p, ds := Load(context.Background(), Options{
				File: filepath.Join(dir, "proj", "s.yaml"), Dir: filepath.Join(dir, "work"),
				LookupEnv: func(name string) (string, bool) { v, ok := c.env[name]; return v, ok },
			})
			if ds.HasErrors() {
				t.Fatal(ds.Error())
			}
			if p.Vars["a"] != c.a || p.Vars["b"] != c.b {
				t.Errorf("a %q, b %q", p.Vars["a"], p.Vars["b"])
			}
			if c.warns != "" && len(ds) == 0 {
				t.Fatal("no warning")
			}
			if c.warns == "" {
				if len(ds) > 0 {
					t.Errorf("warnings: %v", ds)
				}
				return
			}
			if line := ds[0].Range.Start.Line; len(ds) != 1 || !strings.Contains(ds[0].Summary, c.warns) || line != 2 && c.name == "a bad line" || strings.Contains(ds[0].Summary+ds[0].Detail, "s3cret") {
				t.Errorf("warnings: %v", ds)
			}
		})
	}
}

// TestLargeDotEnv: many lines and a wrong one at the end take no more than a few
// readings, and a value of several lines before it stays whole.
func TestLargeDotEnv(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := "KEY=\"first\nsecond\"\n" + strings.Repeat("A=1\n", maxDotEnv/8) + "this is wrong\nLAST=2\n"
	write(t, dir, map[string]string{"s.yaml": helloYAML(""), ".env": text})
	p, ds := Load(context.Background(), Options{File: filepath.Join(dir, "s.yaml")})
	if p.DotEnv["KEY"] != "first\nsecond" || p.DotEnv["LAST"] != "2" {
		t.Errorf("KEY %q, LAST %q", p.DotEnv["KEY"], p.DotEnv["LAST"])
	}
	if want := maxDotEnv/8 + 3; len(ds) != 1 || ds[0].Range.Start.Line != want {
		t.Errorf("%v, want one finding in line %d", ds, want)
	}
}

// TestDotEnvOfZip: the code may be a file, and its .env none.
func TestDotEnvOfZip(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{"code": "this is a file", "s.yaml": helloYAML("")})
	if p := loadDir(t, dir, nil); len(p.DotEnv) != 0 {
		t.Errorf("variables %v", p.DotEnv)
	}
	if err := os.MkdirAll(filepath.Join(dir, ".env"), 0o755); err != nil {
		t.Fatal(err)
	}
	loadDir(t, dir, nil)
}

func TestAllowFailure(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		allow   AllowFailure
		command string
		code    int
		want    bool
	}{
		{AllowFailure{}, "deploy", 1, false},
		{AllowFailure{Any: true}, "deploy", 77, true},
		{AllowFailure{ExitCodes: []int{1, 2}}, "deploy", 2, true},
		{AllowFailure{ExitCodes: []int{1, 2}}, "deploy", 3, false},
		{AllowFailure{Commands: []string{"build"}}, "deploy", 1, false},
		{AllowFailure{Commands: []string{"build", "deploy"}}, "deploy", 1, true},
		{AllowFailure{ExitCodes: []int{1}, Commands: []string{"deploy"}}, "deploy", 1, true},
		{AllowFailure{ExitCodes: []int{1}, Commands: []string{"deploy"}}, "build", 1, false},
		{AllowFailure{ExitCodes: []int{1}, Commands: []string{"deploy"}}, "deploy", 2, false},
		{AllowFailure{Any: true, ExitCodes: []int{1}}, "deploy", 2, false},
	} {
		if got := c.allow.Allows(c.command, c.code); got != c.want {
			t.Errorf("%+v allows %s with %d: %v", c.allow, c.command, c.code, got)
		}
	}
}

// TestFlowPerCommand: of several keys the first that means the command counts.
func TestFlowPerCommand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	two := strings.ReplaceAll(strings.SplitAfter(helloYAML(""), "resources:\n")[1], "hello", "world")
	write(t, dir, map[string]string{"s.yaml": helloYAML("flow:\n  \"${regex('remove|info')}\": [[world], [hello]]\n  deploy: [[hello, world]]\n  \"${regex('.')}\": [[world]]\n") + two})
	for command, want := range map[string][][]string{
		"deploy": {{"hello", "world"}},
		"remove": {{"world"}, {"hello"}},
		"build":  {{"world"}},
		"":       nil,
	} {
		p := loadDir(t, dir, func(o *Options) { o.Command = command })
		if !slices.EqualFunc(p.Flow, want, slices.Equal) {
			t.Errorf("%q: %v, want %v", command, p.Flow, want)
		}
	}
}

// TestTemplateIgnore removes by dotted paths and leaves the template whole for
// others.
func TestTemplateIgnore(t *testing.T) {
	t.Parallel()
	for ignore, want := range map[string]map[string]string{
		"[]":                                   {"A": "1", "B": "2"},
		"[environmentVariables]":               nil,
		"[environmentVariables.A]":             {"B": "2"},
		"[environmentVariables.A.x, nothing]":  {"A": "1", "B": "2"},
		"[environmentVariables.A, nothing.at]": {"B": "2"},
	} {
		dir := t.TempDir()
		resource := func(name, ignore string) string {
			return "  " + name + ":\n    component: fc3\n    extend: {name: t, ignore: " + ignore + "}\n    props: {" +
				strings.Replace(helloProps, "hello", name, 1) + "}\n"
		}
		write(t, dir, map[string]string{
			"s.yaml": "edition: 3.0.0\nname: app\ntemplate: {t: {environmentVariables: {A: 1, B: 2}}}\nresources:\n" + resource("one", ignore) + resource("all", "[]"),
		})
		p := loadDir(t, dir, nil)
		if got := p.Find("one").Function.EnvironmentVariables; !reflect.DeepEqual(got, want) && len(got)+len(want) > 0 {
			t.Errorf("ignore %s: %v, want %v", ignore, got, want)
		}
		if got := p.Find("all").Function.EnvironmentVariables; len(got) != 2 {
			t.Errorf("ignore %s takes from the template itself: %v", ignore, got)
		}
	}
}

// TestNullOverATemplate: a null in props means that the template's value isn't
// wanted.
func TestNullOverATemplate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"s.yaml": "edition: 3.0.0\nname: app\ntemplate: {t: {timeout: 9, description: d}}\nresources:\n  hello:\n    component: fc3\n" +
			"    extend: {name: t}\n    props: {" + helloProps + ", timeout: null}\n",
	})
	f := loadDir(t, dir, nil).Resources[0].Function
	if f.Timeout != 3 || f.Description != "d" {
		t.Errorf("timeout %d, description %q", f.Timeout, f.Description)
	}
}

// FuzzStructure: whatever a base file and an env.yaml hold, loading ends with
// findings that stand in a file that there is.
func FuzzStructure(f *testing.F) {
	f.Add("vars: {a: 1}\n", "environments: [{name: e, overlays: {resources: {hello: {timeout: 3}}}}]\n")
	f.Add("extend: s.yaml\n", "environments: [{name: e}]\n")
	f.Add("resources: {hello: {extend: {name: t}}}\ntemplate: {t: {a: &x {b: *x}}}\n", "environments: {}\n")
	f.Fuzz(func(t *testing.T, base, env string) {
		dir := t.TempDir()
		write(t, dir, map[string]string{"base.yaml": base, "env.yaml": env, "s.yaml": helloYAML("extend: base.yaml\n")})
		_, ds := Load(context.Background(), Options{File: filepath.Join(dir, "s.yaml"), Env: "e", Command: "deploy"})
		for _, d := range ds {
			data, err := os.ReadFile(d.Range.File)
			if err != nil {
				t.Fatalf("%v: %v", d, err)
			}
			if lines := len(diag.Lines(string(data))); d.Range.Start.Line > lines+1 {
				t.Errorf("%v: the file has %d lines", d, lines)
			}
		}
	})
}
