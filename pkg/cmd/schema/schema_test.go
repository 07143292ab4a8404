package schema

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"s/pkg/cmd/cmdutil"
	"s/pkg/iostreams"
)

func TestSchema(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, lang string
		args       []string
		want       string // in the first description of memorySize
	}{
		{"English", "en", nil, "Memory of an instance"},
		{"Chinese", "zh", nil, "实例的内存"},
		{"Chinese on demand", "en", []string{"--lang", "zh"}, "实例的内存"},
		{"English on demand", "zh", []string{"--lang", "en"}, "Memory of an instance"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			io, _, out, errOut := iostreams.Test()
			io.SetLang(tt.lang)
			cmd := NewCmd(&cmdutil.Factory{IO: io}, nil)
			cmd.SetArgs(tt.args)
			if err := cmd.ExecuteContext(context.Background()); err != nil {
				t.Fatal(err)
			}
			var schema struct {
				Schema      string `json:"$schema"`
				Definitions map[string]struct {
					Properties map[string]struct{ Description, MarkdownDescription string }
				}
			}
			if err := json.Unmarshal(out.Bytes(), &schema); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(schema.Schema, "draft-07") {
				t.Errorf("$schema is %q", schema.Schema)
			}
			memory := schema.Definitions["props3"].Properties["memorySize"]
			if !strings.HasPrefix(memory.Description, tt.want) {
				t.Errorf("description %q", memory.Description)
			}
			for _, part := range []string{"Memory of an instance", "实例的内存"} {
				if !strings.Contains(memory.MarkdownDescription, part) {
					t.Errorf("%q isn't in %q", part, memory.MarkdownDescription)
				}
			}
			if errOut.Len() > 0 {
				t.Errorf("stderr: %s", errOut)
			}
		})
	}
}

// TestSameBytes: the schema of a version is one text.
func TestSameBytes(t *testing.T) {
	t.Parallel()
	var texts []string
	for range 2 {
		io, _, out, _ := iostreams.Test()
		cmd := NewCmd(&cmdutil.Factory{IO: io}, nil)
		cmd.SetArgs(nil)
		if err := cmd.Execute(); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, out.String())
	}
	if texts[0] != texts[1] {
		t.Error("two runs print two schemas")
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		lang string
		err  string
	}{
		{nil, "en", ""},
		{[]string{"--lang=zh"}, "zh", ""},
		{[]string{"--lang=de"}, "", "--lang is en or zh"},
		{[]string{"hello"}, "", "unknown command"},
	} {
		io, _, _, _ := iostreams.Test()
		got := ""
		cmd := NewCmd(&cmdutil.Factory{IO: io}, func(_ context.Context, opts *Options) error {
			got = opts.Lang
			return nil
		})
		cmd.SetArgs(tt.args)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err := cmd.Execute()
		if got != tt.lang || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%v: lang %q, err %v", tt.args, got, err)
		}
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for lang, want := range map[string]string{"en": "Print a JSON schema", "zh": "输出 s.yaml 的 JSON Schema"} {
		io, _, _, _ := iostreams.Test()
		io.SetLang(lang)
		if cmd := NewCmd(&cmdutil.Factory{IO: io}, nil); !strings.HasPrefix(cmd.Short, want) || cmd.Long == "" {
			t.Errorf("%s: %q", lang, cmd.Short)
		}
	}
}

type broken struct{}

var errFull = errors.New("disk full")

func (broken) Write([]byte) (int, error) { return 0, errFull }

func TestFullDisk(t *testing.T) {
	t.Parallel()
	io, _, _, _ := iostreams.Test()
	io.Out = broken{}
	if err := run(&Options{IO: io, Lang: "en"}); !errors.Is(err, errFull) {
		t.Errorf("err %v", err)
	}
}
