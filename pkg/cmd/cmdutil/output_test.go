package cmdutil

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type shape struct {
	Region   string         `json:"region"`
	Function map[string]any `json:"function"`
	Tags     []string       `json:"tags"`
	Empty    []string       `json:"empty"`
	Triggers []trigger      `json:"triggers"`
	Note     string         `json:"note"`
	Nothing  *int           `json:"nothing"`
}

type trigger struct {
	Type string `json:"type"`
	Name string `json:"name"`
}

func sample() shape {
	return shape{
		Region:   "cn-hangzhou",
		Function: map[string]any{"memorySize": 1536, "name": "a<b>&c"},
		Tags:     []string{"x", "true"},
		Empty:    []string{},
		Triggers: []trigger{{"http", "t1"}, {"timer", "t2"}},
		Note:     "two\nlines",
	}
}

func TestPrint(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		OutputDefault: `region:   cn-hangzhou
function:
  memorySize: 1536
  name:       a<b>&c
tags:
  - x
  - true
empty:    []
triggers:
  -
    type: http
    name: t1
  -
    type: timer
    name: t2
note:     two
  lines
nothing:
`,
		OutputRaw: `{"region":"cn-hangzhou","function":{"memorySize":1536,"name":"a<b>&c"},"tags":["x","true"],"empty":[],` +
			`"triggers":[{"type":"http","name":"t1"},{"type":"timer","name":"t2"}],"note":"two\nlines","nothing":null}
`,
		OutputYAML: `region: cn-hangzhou
function:
  memorySize: 1536
  name: a<b>&c
tags:
  - x
  - "true"
empty: []
triggers:
  - type: http
    name: t1
  - type: timer
    name: t2
note: |-
  two
  lines
nothing: null
`,
	}
	for format, want := range tests {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			if err := Print(&out, format, sample()); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, out.String()); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestPrintJSONRoundTrips(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := Print(&out, OutputJSON, sample()); err != nil {
		t.Fatal(err)
	}
	var back shape
	if err := json.Unmarshal(out.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(sample().Triggers, back.Triggers); d != "" {
		t.Error(d)
	}
	if !bytes.Contains(out.Bytes(), []byte("\n  \"region\"")) {
		t.Errorf("not indented: %s", out.String())
	}
}

func TestPrintScalarsAndLists(t *testing.T) {
	t.Parallel()
	tests := []struct {
		value any
		want  string
	}{
		{"plain", "plain\n"},
		{[]int{1, 2}, "- 1\n- 2\n"},
		{map[string]any{}, "{}\n"},
		{map[string]string{"名": "a", "x": "b"}, "x:  b\n名: a\n"},
		{map[string]string{"checksum": "0123", "n": "1e3"}, "checksum: 0123\nn:        1e3\n"},
	}
	for _, tt := range tests {
		var out bytes.Buffer
		if err := Print(&out, OutputDefault, tt.value); err != nil {
			t.Fatal(err)
		}
		if out.String() != tt.want {
			t.Errorf("Print(%v) = %q, want %q", tt.value, out.String(), tt.want)
		}
	}
}

func TestPrintRefusesWhatIsNoJSON(t *testing.T) {
	t.Parallel()
	if err := Print(&bytes.Buffer{}, OutputJSON, make(chan int)); err == nil {
		t.Error("a channel was printed")
	}
}
