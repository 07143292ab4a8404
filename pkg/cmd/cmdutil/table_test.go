package cmdutil

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/iostreams"
)

func TestPrintTable(t *testing.T) {
	t.Parallel()
	type function struct {
		Name    string            `json:"functionName"`
		Runtime string            `json:"runtime"`
		Memory  int               `json:"memorySize"`
		Layers  []string          `json:"layers"`
		Vars    map[string]string `json:"environmentVariables"`
		Empty   string            `json:"description"`
	}
	functions := []function{
		{"你好", "python3.10", 512, []string{"a", "b"}, map[string]string{"K": "v"}, ""},
		{"hello-world", "nodejs20", 1024, nil, nil, ""},
	}
	tests := []struct {
		name    string
		value   any
		columns []string
		want    string
	}{
		{"a list", functions, nil, `functionName  runtime     memorySize  layers  environmentVariables
你好          python3.10  512         a,b     {"K":"v"}
hello-world   nodejs20    1024
`},
		{"columns", functions, []string{"memorySize", "functionName"}, "memorySize  functionName\n512         你好\n1024        hello-world\n"},
		{"a page", struct {
			Functions []function `json:"functions"`
			Next      string     `json:"nextToken"`
		}{functions[1:], "abc"}, []string{"functionName"}, "functionName\nhello-world\nnextToken: abc\n"},
		{"the last page", struct {
			Functions []function `json:"functions"`
			Next      string     `json:"nextToken"`
		}{functions[1:], ""}, []string{"functionName"}, "functionName\nhello-world\n"},
		{"an object", functions[1], nil, `functionName          hello-world
runtime               nodejs20
memorySize            1024
layers
environmentVariables
description
`},
		{"names", []string{"a", "b"}, nil, "a\nb\n"},
		{"nothing", []string{}, nil, ""},
		{"two lists", map[string][]string{"a": {"1"}, "b": {"2"}}, nil, "a  1\nb  2\n"},
		{"long", []string{strings.Repeat("x", 60), "two\nlines\n"}, nil, strings.Repeat("x", 47) + "…\ntwo lines\n"},
		{"one value", 5, nil, "5\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			if err := PrintTable(&out, tt.value, tt.columns...); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, out.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestPrintTableOfAnything holds -o table to what other formats can print.
func TestPrintTableOfAnything(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := Print(&out, OutputTable, sample()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"region    cn-hangzhou\n", `function  {"memorySize":1536,"name":"a<b>&c"}`, "tags      x,true\n", "note      two lines\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	if err := Print(&out, OutputTable, func() {}); err == nil {
		t.Error("a function was printed")
	}
}

// TestFit: the widest columns give way first, then the last are left out.
func TestFit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		widths []int
		width  int
		want   []int
		shown  int
	}{
		{[]int{10, 40, 20}, 0, []int{10, 40, 20}, 3},
		{[]int{10, 40, 20}, 74, []int{10, 40, 20}, 3},
		{[]int{10, 60, 20}, 74, []int{10, 40, 20}, 3},
		{[]int{10, 60, 48}, 88, []int{10, 37, 37}, 3},
		{[]int{10, 60, 20}, 60, []int{10, 36, 20}, 2},
		{[]int{12, 12, 12, 12}, 40, []int{12, 12, 12, 12}, 3},
		{[]int{60}, 5, []int{36}, 1},
	} {
		got := slices.Clone(tt.widths)
		shown := fit(got, tt.width)
		if diff := cmp.Diff(tt.want, got); diff != "" || shown != tt.shown {
			t.Errorf("%v in %d: %d shown, %s", tt.widths, tt.width, shown, diff)
		}
	}
}

// TestTableOfResults: results of several resources are rows, with their single values.
func TestTableOfResults(t *testing.T) {
	t.Parallel()
	results := namedList{{"api", map[string]any{"region": "cn-hangzhou", "triggers": []string{"a"}}}, {"b", map[string]any{"timeout": 3}}}
	var b bytes.Buffer
	if err := PrintTable(&b, results); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("resource  region       timeout\napi       cn-hangzhou\nb                      3\n", b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestPrintList(t *testing.T) {
	t.Parallel()
	for format, want := range map[string][2]string{
		OutputDefault: {"", "there are none\n"},
		OutputTable:   {"", "there are none\n"},
		OutputJSON:    {"[]\n", ""},
		OutputYAML:    {"[]\n", ""},
		OutputRaw:     {"[]\n", ""},
	} {
		io, _, out, errOut := iostreams.Test()
		if err := PrintList(io, format, []string{}, 0, "there are none"); err != nil || out.String() != want[0] || errOut.String() != want[1] {
			t.Errorf("%s: %v, %q %q", format, err, out, errOut)
		}
	}
	io, _, out, _ := iostreams.Test()
	doc := []map[string]string{{"a": "1", "b": "2"}}
	if err := PrintList(io, OutputTable, doc, 1, "", "b"); err != nil || out.String() != "b\n2\n" {
		t.Errorf("%v, %q", err, out)
	}
}
