package cmdutil

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
