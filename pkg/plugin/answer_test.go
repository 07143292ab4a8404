package plugin

import (
	"errors"
	"strings"
	"testing"
)

func hush(text string) string { return strings.ReplaceAll(text, "hush", "***") }

func TestParseAnswer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, when, text string
		props            string // of the answer, as cmp shows them
		output           string
		err              string
	}{
		{name: "nothing", when: "pre", text: ""},
		{name: "space", when: "pre", text: " \n\t"},
		{name: "empty object", when: "pre", text: "{}\n"},
		{name: "props", when: "pre", text: `{"props":{"timeout":3}}`, props: "timeout=3"},
		{name: "no props", when: "pre", text: `{"props":null}`},
		{name: "output", when: "success", text: `{"output":[1, 2]}`, output: "[1, 2]"},
		{name: "output of nothing", when: "complete", text: `{"output":null}`, output: "null"},
		{name: "text", when: "pre", text: "done hush\n", err: "it must be one JSON object (invalid character 'd' looking for beginning of value at byte 1): done ***"},
		{name: "cut off", when: "pre", text: `{"props":`, err: `it must be one JSON object (it ends too early): {"props":`},
		{name: "list", when: "pre", text: "[1]", err: "it must be one JSON object (it is a JSON array): [1]"},
		{name: "two", when: "pre", text: "{}\n{}", err: "there is more after the JSON object: {} {}"},
		{name: "text behind", when: "pre", text: "{}\nbye", err: "there is more after the JSON object: {} bye"},
		{name: "unknown key", when: "pre", text: `{"prop":{}}`, err: `it may have props and output, not "prop"; did you mean "props"?: {"prop":{}}`},
		{name: "props as text", when: "pre", text: `{"props":"x"}`, err: `props must be a JSON object: {"props":"x"}`},
		{name: "output too early", when: "pre", text: `{"output":1}`, err: `there is no output to replace before the command: {"output":1}`},
		{name: "props too late", when: "success", text: `{"props":{}}`, err: `props can be replaced only before the command, by a pre- action: {"props":{}}`},
		{name: "long", when: "pre", text: strings.Repeat("x", 100), err: "at byte 1): " + strings.Repeat("x", 60) + "…"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			answer, err := parseAnswer([]byte(tt.text), tt.when, hush)
			var wrong *AnswerError
			if (tt.err == "") != (err == nil) || err != nil && (!errors.As(err, &wrong) || !strings.HasSuffix(err.Error(), tt.err)) {
				t.Fatalf("error %v\nwant %s", err, tt.err)
			}
			if string(answer.Output) != tt.output {
				t.Errorf("output %s, want %s", answer.Output, tt.output)
			}
			var props []string
			for key, value := range answer.Props {
				props = append(props, key+"="+text(value))
			}
			if got := strings.Join(props, " "); got != tt.props {
				t.Errorf("props %s, want %s", got, tt.props)
			}
		})
	}
}

func text(v any) string {
	if s, ok := v.(interface{ String() string }); ok {
		return s.String()
	}
	return "?"
}

func FuzzParseAnswer(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"props":{"a":[1,2.5,"x"]}}`, `{"output":null}`, `{"props":`, "[]", "hush"} {
		f.Add([]byte(seed), "pre")
		f.Add([]byte(seed), "success")
	}
	f.Fuzz(func(t *testing.T, data []byte, when string) {
		answer, err := parseAnswer(data, when, hush)
		if err != nil && strings.Contains(err.Error(), "hush") {
			t.Errorf("%q shows a secret: %v", data, err)
		}
		if err != nil && (answer.Props != nil || answer.Output != nil) {
			t.Errorf("%q: an answer and an error", data)
		}
		if when != "pre" && answer.Props != nil {
			t.Errorf("%q: props at %s", data, when)
		}
	})
}
