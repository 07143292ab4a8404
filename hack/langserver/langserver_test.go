package langserver

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"s/pkg/spec"
)

// editor is a language server with the schema beside the documents.
type editor struct {
	*client
	schema string
	opened int
}

func newEditor(t *testing.T) *editor {
	t.Helper()
	c := start(t)
	data, err := json.Marshal(spec.Schema(spec.LangEnglish))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "s.schema.json")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return &editor{client: c, schema: file}
}

// place is where a § stood in a text.
type place struct {
	uri          string
	line, column int
}

func (p place) params() map[string]any {
	return map[string]any{
		"textDocument": map[string]any{"uri": p.uri},
		"position":     map[string]any{"line": p.line, "character": p.column},
	}
}

// open opens a document that names the schema, as people do; § is a place in it.
func (e *editor) open(text string) place {
	e.t.Helper()
	e.opened++
	text = "# yaml-language-server: $schema=" + e.schema + "\n" + text
	before, _, _ := strings.Cut(text, "§")
	p := place{
		uri:  fmt.Sprintf("file://%s/%d/s.yaml", filepath.Dir(e.schema), e.opened),
		line: strings.Count(before, "\n"), column: len(before) - strings.LastIndexByte(before, '\n') - 1,
	}
	e.send(message{Method: "textDocument/didOpen", Params: map[string]any{"textDocument": map[string]any{
		"uri": p.uri, "languageId": "yaml", "version": 1, "text": strings.Replace(text, "§", "", 1),
	}}})
	return p
}

// problems are the messages about a document, "line: text", lines from 1 without
// that of the schema.
func (e *editor) problems(text string) []string {
	e.t.Helper()
	p := e.open(text)
	var published struct {
		Diagnostics []struct {
			Message string
			Range   struct{ Start struct{ Line int } }
		}
	}
	e.notified("textDocument/publishDiagnostics", p.uri, &published)
	var out []string
	for _, d := range published.Diagnostics {
		out = append(out, fmt.Sprintf("%d: %s", d.Range.Start.Line, d.Message))
	}
	return out
}

// completions are the labels that are offered.
func (e *editor) completions(text string) []string {
	e.t.Helper()
	var list struct{ Items []struct{ Label string } }
	e.request("textDocument/completion", e.open(text).params(), &list)
	var labels []string
	for _, item := range list.Items {
		labels = append(labels, strings.Trim(item.Label, `"`))
	}
	return labels
}

// hover is the explanation that is shown.
func (e *editor) hover(text string) string {
	e.t.Helper()
	var shown struct{ Contents json.RawMessage }
	e.request("textDocument/hover", e.open(text).params(), &shown)
	var markup struct{ Value string }
	if json.Unmarshal(shown.Contents, &markup) == nil {
		return markup.Value
	}
	return string(shown.Contents)
}

const (
	head3 = "edition: 3.0.0\nresources:\n  hello:\n    component: fc3\n    props:\n      region: cn-hangzhou\n      functionName: f\n" +
		"      runtime: python3.10\n      handler: index.handler\n      code: ./\n"
	head1 = "edition: 1.0.0\nservices:\n  hello:\n    component: fc\n    props:\n      region: cn-hangzhou\n      service: {name: s}\n" +
		"      function:\n        name: f\n        runtime: python3.10\n"
)

func TestEditor(t *testing.T) {
	t.Parallel()
	e := newEditor(t)
	t.Run("problems", e.testProblems)
	t.Run("completion", e.testCompletion)
	t.Run("hover", e.testHover)
}

func (e *editor) testProblems(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       string // part of the only problem; empty if there must be none
	}{
		{"nothing wrong", head3, ""},
		{"nothing wrong in edition 1.0.0", head1, ""},
		{"expressions", head3 + "      timeout: ${env('T')}\n      internetAccess: ${vars.x}\n      logConfig: ${vars.log}\n", ""},
		{"auto", head3 + "      logConfig: auto\n      nasConfig: auto|mountDir=/mnt/x\n", ""},
		{"unknown key", head3 + "      memory: 512\n", "11: Property memory is not allowed."},
		{"unknown key in edition 1.0.0", head1 + "        code: ./\n", "11: Property code is not allowed."},
		{"wrong type", head3 + "      timeout: [1]\n", "11: Incorrect type."},
		{"out of range", head3 + "      timeout: 0\n", "11: Value is below the minimum of 1."},
		{"config of another trigger", head3 + "      triggers:\n        - triggerName: t\n          triggerType: timer\n          triggerConfig: {methods: [GET]}\n", "14: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e.t = t
			got := e.problems(tt.text)
			if tt.want == "" {
				if len(got) > 0 {
					t.Errorf("problems: %q", got)
				}
				return
			}
			if !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, tt.want) }) {
				t.Errorf("problems %q, want %q", got, tt.want)
			}
		})
	}
}

func (e *editor) testCompletion(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want, not  []string
	}{
		{"props", head3 + "      mem§\n", []string{"memorySize"}, []string{"codeUri"}},
		{"props of edition 1.0.0", head1 + "        c§\n", []string{"codeUri", "caPort"}, []string{"functionName"}},
		{"runtimes", strings.Replace(head3, "python3.10", "§", 1), []string{"python3.12", "nodejs20", "custom"}, nil},
		{"regions", strings.Replace(head3, "cn-hangzhou", "§", 1), []string{"cn-shanghai", "ap-southeast-1"}, nil},
		{"true or false", head3 + "      internetAccess: §\n", []string{"true", "false"}, nil},
		{"trigger types", head3 + "      triggers:\n        - triggerName: t\n          triggerType: §\n", []string{"http", "timer", "eventbridge"}, nil},
		{
			"config of a timer", head3 + "      triggers:\n        - triggerName: t\n          triggerType: timer\n          triggerConfig:\n            c§\n",
			[]string{"cronExpression"},
			[]string{"authType", "methods"},
		},
		{"keys of the file", "edition: 3.0.0\nfl§\n", []string{"flow", "resources"}, []string{"services"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e.t = t
			got := e.completions(tt.text)
			for _, label := range tt.want {
				if !slices.Contains(got, label) {
					t.Errorf("%s isn't offered, but %q", label, got)
				}
			}
			for _, label := range tt.not {
				if slices.Contains(got, label) {
					t.Errorf("%s is offered", label)
				}
			}
		})
	}
}

func (e *editor) testHover(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"memorySize", head3 + "      memory§Size: 512\n", "Memory of an instance in MB."},
		{"in Chinese, too", head3 + "      memory§Size: 512\n", "实例的内存，单位 MB。"},
		{"edition 1.0.0", head1 + "        code§Uri: ./\n", "Default: ./."},
		{"config of a trigger", head3 + "      triggers:\n        - triggerName: t\n          triggerType: timer\n          triggerConfig: {cron§Expression: '@every 5m', enable: true}\n", "When it calls, in UTC"},
		{"action", "edition: 3.0.0\nactions:\n  pre-deploy:\n    - ru§n: make\nresources: {}\n", "A shell command line."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e.t = t
			// Markdown marks some characters.
			if got := strings.NewReplacer(`\`, "", "&nbsp;", " ").Replace(e.hover(tt.text)); !strings.Contains(got, tt.want) {
				t.Errorf("shown: %q, want %q in it", got, tt.want)
			}
		})
	}
}
