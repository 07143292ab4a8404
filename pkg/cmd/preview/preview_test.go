package preview

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"s/pkg/cmd/cmdutil"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

const file = `edition: 3.0.0
name: app
access: default
vars: {region: cn-hangzhou, mem: 512}
template:
  py: {runtime: python3.10, handler: index.handler, memorySize: "${vars.mem}", cpu: 0.5, diskSize: 512}
resources:
  hello:
    component: fc3
    extend: {name: py}
    props:
      region: ${vars.region}
      functionName: hello
      code: ./code
      environmentVariables: {KEY: "${config('AccessKeySecret')}", T: "pre-${secret('y')}", N: null, Z: "07", L: "a: b # c"}
      layers: []
  two:
    component: fc3
    extend: {name: py}
    props: {region: cn-beijing, functionName: two, code: ./code, description: "${resources.hello.output.url}"}
`

// show runs preview on a text with real secrets at hand.
func show(t *testing.T, text string, args ...string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "s.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	io, _, out, _ := iostreams.Test()
	settings := &cmdutil.Settings{Output: cmdutil.OutputDefault}
	if i := len(args) - 2; i >= 0 && args[i] == "-o" {
		settings.Output, args = args[i+1], args[:i]
	}
	cmd := NewCmd(&cmdutil.Factory{
		IO: io, Settings: settings,
		Project: func(ctx context.Context, command string) (*spec.Project, error) {
			p, ds := spec.Load(ctx, spec.Options{
				File: path, Command: command,
				Credential: func(string) (string, error) { return "topsecretkey", nil },
				SecretFor:  func(string) (string, error) { return "topsecretvalue", nil },
			})
			return p, ds.Err()
		},
	}, nil)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(context.Background())
	if strings.Contains(out.String(), "topsecret") {
		t.Errorf("a secret shows:\n%s", out)
	}
	return out.String(), err
}

func TestPreview(t *testing.T) {
	t.Parallel()
	got, err := show(t, file)
	if err != nil {
		t.Fatal(err)
	}
	want := `edition: 3.0.0
name: app
access: default
vars:
  region: cn-hangzhou
  mem: 512
resources:
  hello:
    component: fc3
    props:
      runtime: python3.10
      handler: index.handler
      memorySize: 512
      cpu: 0.5
      diskSize: 512
      region: cn-hangzhou
      functionName: hello
      code: ./code
      environmentVariables:
        KEY: ${config('AccessKeySecret')}
        T: pre-${secret('y')}
        Z: "07"
        L: 'a: b # c'
      layers: []
  two:
    component: fc3
    props:
      runtime: python3.10
      handler: index.handler
      memorySize: 512
      cpu: 0.5
      diskSize: 512
      region: cn-beijing
      functionName: two
      code: ./code
      description: ${resources.hello.output.url}
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestFormats: every format says the same.
func TestFormats(t *testing.T) {
	t.Parallel()
	parse := func(format, text string) any {
		var v any
		err := json.Unmarshal([]byte(text), &v)
		if format != cmdutil.OutputJSON && format != cmdutil.OutputRaw {
			err = yaml.Unmarshal([]byte(text), &v)
		}
		if err != nil {
			t.Fatalf("%s: %v\n%s", format, err, text)
		}
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var same any
		if err := json.Unmarshal(data, &same); err != nil {
			t.Fatal(err)
		}
		return same
	}
	first, err := show(t, file)
	if err != nil {
		t.Fatal(err)
	}
	want := parse(cmdutil.OutputDefault, first)
	for _, format := range cmdutil.OutputFormats() {
		text, err := show(t, file, "-o", format)
		if err != nil {
			t.Fatal(err)
		}
		if got := parse(format, text); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", format, got, want)
		}
	}
	raw, err := show(t, file, "-o", cmdutil.OutputRaw)
	if err != nil || strings.Index(raw, `"edition"`) > strings.Index(raw, `"vars"`) || strings.Index(raw, `"hello"`) > strings.Index(raw, `"two"`) {
		t.Errorf("the order is lost: %s %v", raw, err)
	}
}

func TestOneResource(t *testing.T) {
	t.Parallel()
	got, err := show(t, file, "two")
	if err != nil || strings.Contains(got, "hello:") || !strings.Contains(got, "two:") || !strings.Contains(got, "vars:") {
		t.Errorf("%v\n%s", err, got)
	}
	got, err = show(t, file, "two", "hello", "--explain", "-o", "raw")
	if err != nil || !strings.Contains(got, `"resources.hello.`) || !strings.Contains(got, `"resources.two.`) {
		t.Errorf("%v\n%s", err, got)
	}
	if got, err = show(t, file, "hello", "--explain", "-o", "raw"); err != nil || strings.Contains(got, `"resources.two.`) {
		t.Errorf("%v\n%s", err, got)
	}
	if _, err := show(t, file, "three"); err == nil || !strings.Contains(err.Error(), "no resource") {
		t.Errorf("got %v", err)
	}
	v1 := "edition: 1.0.0\nname: a\nservices:\n  x: &x\n    component: fc\n    props: {region: cn-hangzhou, service: {name: s}, function: {name: f, runtime: python3.9, codeUri: ./}}\n" +
		"  y:\n    component: fc\n    props: {region: cn-beijing, service: {name: s2}, function: {name: f, runtime: python3.9, codeUri: ./}}\n"
	got, err = show(t, v1, "y")
	if err != nil || strings.Contains(got, "x:") || !strings.Contains(got, "cn-beijing") || !strings.HasPrefix(got, "edition: 1.0.0\n") {
		t.Errorf("%v\n%s", err, got)
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	got, err := show(t, file, "--explain")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"name: app # s.yaml:2:7\n",
		"runtime: python3.10 # s.yaml:6:17\n",
		"memorySize: 512 # s.yaml:6:65  ${vars.mem}  <- s.yaml:4:34\n",
		"region: cn-hangzhou # s.yaml:12:15  ${vars.region}  <- s.yaml:4:16\n",
		"KEY: ${config('AccessKeySecret')} # s.yaml:15:35  ${config('AccessKeySecret')}\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q isn't in\n%s", want, got)
		}
	}
	var plain, explained any
	text, err := show(t, file)
	if err != nil {
		t.Fatal(err)
	}
	if yaml.Unmarshal([]byte(text), &plain) != nil || yaml.Unmarshal([]byte(got), &explained) != nil || !reflect.DeepEqual(plain, explained) {
		t.Error("what is explained is another document")
	}
}

func TestExplainAsData(t *testing.T) {
	t.Parallel()
	got, err := show(t, file, "hello", "--explain", "-o", cmdutil.OutputJSON)
	if err != nil {
		t.Fatal(err)
	}
	var list []explanation
	if err := json.Unmarshal([]byte(got), &list); err != nil {
		t.Fatal(err)
	}
	byPath := map[string]explanation{}
	for _, e := range list {
		byPath[e.Path] = e
	}
	memory := byPath["resources.hello.props.memorySize"]
	if memory.Value != 512.0 || memory.Place != "s.yaml:6:65" || memory.Expression != "${vars.mem}" || memory.Origin != "s.yaml:4:34" {
		t.Errorf("%+v", memory)
	}
	key := byPath["resources.hello.props.environmentVariables.KEY"]
	if !key.Secret || key.Value != "***" {
		t.Errorf("%+v", key)
	}
	for path := range byPath {
		if strings.HasPrefix(path, "resources.two") {
			t.Errorf("%s is of another resource", path)
		}
	}
	all, err := show(t, file, "--explain", "-o", cmdutil.OutputRaw)
	if err != nil || !strings.Contains(all, `"pending":true`) {
		t.Errorf("%v: %s", err, all)
	}
}

func TestPreviewOfABrokenFile(t *testing.T) {
	t.Parallel()
	got, err := show(t, strings.Replace(file, "${vars.mem}", "${vars.men}", 1))
	if err == nil || !strings.Contains(err.Error(), "men") || got != "" {
		t.Errorf("%v\n%s", err, got)
	}
}

func TestOrderedJSON(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{}":                              `{}`,
		"[]":                              `[]`,
		"{b: 1, a: [x, {d: null, c: 2}]}": `{"b":1,"a":["x",{"d":null,"c":2}]}`,
		"\"<&>\"":                         `"<&>"`,
		"1.5":                             `1.5`,
		"true":                            `true`,
		"\"true\"":                        `"true"`,
	} {
		var n yaml.Node
		if err := yaml.Unmarshal([]byte(text), &n); err != nil {
			t.Fatal(err)
		}
		got, err := ordered{n.Content[0]}.MarshalJSON()
		if err != nil || string(got) != want {
			t.Errorf("%s: %s, want %s (%v)", text, got, want, err)
		}
	}
}
