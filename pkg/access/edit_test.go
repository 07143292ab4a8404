package access

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSetFields(t *testing.T) {
	t.Parallel()
	fields := []fieldValue{{"a", "new"}, {"b", 7}}
	for _, tt := range []struct {
		name, in, want string
		at             int
	}{
		{"there", `{"profiles": [{"a": "old", "x": {"a": 1}, "b":null}], "current": "a"}`, `{"profiles": [{"a": "new", "x": {"a": 1}, "b":7}], "current": "a"}`, 0},
		{"the second", `{"profiles":[{"a":"]}"},{"a":[1,{"b":2}],"b":{}}]}`, `{"profiles":[{"a":"]}"},{"a":"new","b":7}]}`, 1},
		{
			"added", "{\n\t\"profiles\": [\n\t\t{\n\t\t\t\"name\": \"p\"\n\t\t}\n\t]\n}",
			"{\n\t\"profiles\": [\n\t\t{\n\t\t\t\"name\": \"p\",\n\t\t\t\"a\": \"new\",\n\t\t\t\"b\": 7\n\t\t}\n\t]\n}", 0,
		},
		{"empty", `{"profiles":[{}]}`, "{\"profiles\":[{\n\t\t\t\"a\": \"new\",\n\t\t\t\"b\": 7}]}", 0},
		{"twice", `{"profiles":[],"profiles":[{"a":1,"a":2,"b":3}]}`, `{"profiles":[],"profiles":[{"a":1,"a":"new","b":7}]}`, 0},
	} {
		got, err := setFields([]byte(tt.in), tt.at, fields)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if diff := cmp.Diff(tt.want, string(got)); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
	for _, bad := range []string{"", "[]", `{"profiles": 1}`, `{"profiles": []}`, `{"other": []}`, `{"profiles": [{"a"`, `{"profiles": [1]}`} {
		if got, err := setFields([]byte(bad), 0, fields); err == nil {
			t.Errorf("%q gives %s", bad, got)
		}
	}
}

// FuzzSetFields: what encoding/json reads of the result is what it read before,
// with the fields changed.
func FuzzSetFields(f *testing.F) {
	f.Add(`{"profiles": [{"a": "old", "x": [1, {"a": "}"}]}], "current": "a"}`, "new\"\u2028")
	f.Add(`{"x":1,"profiles":[{}]}`, "")
	f.Fuzz(func(t *testing.T, text, value string) {
		var before struct {
			Profiles []map[string]json.RawMessage `json:"profiles"`
			Current  any                          `json:"current"`
		}
		if json.Unmarshal([]byte(text), &before) != nil || len(before.Profiles) == 0 || before.Profiles[0] == nil {
			t.Skip()
		}
		out, err := setFields([]byte(text), 0, []fieldValue{{"a", value}})
		if err != nil {
			t.Skip() // a key in other capitals
		}
		after := before
		after.Profiles, after.Current = nil, nil
		if err := json.Unmarshal(out, &after); err != nil {
			t.Fatalf("%q gives %q: %v", text, out, err)
		}
		var got string
		if json.Unmarshal(after.Profiles[0]["a"], &got) != nil || got != string([]rune(value)) {
			t.Errorf("%q: a is %q, not %q", text, got, value)
		}
		delete(before.Profiles[0], "a")
		delete(after.Profiles[0], "a")
		if fmt.Sprint(before) != fmt.Sprint(after) || !slices.Equal([]byte(text)[:1], out[:1]) {
			t.Errorf("%q became %q", text, out)
		}
	})
}
