package cmdutil

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"s/pkg/spec"
)

func project(names ...string) *spec.Project {
	p := &spec.Project{File: "s.yaml"}
	for _, n := range names {
		p.Resources = append(p.Resources, &spec.Resource{Name: n})
	}
	return p
}

func TestResources(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		have, names, want string
		code              int
		err, hint         string
	}{
		{"a b", "", "a b", ExitOK, "", ""},
		{"a b", "b", "b", ExitOK, "", ""},
		{"a b c", "c a", "a c", ExitOK, "", ""},
		{"a b c", "c c a c", "a c", ExitOK, "", ""},
		{"", "", "", ExitSpec, "s.yaml has no resources", ""},
		{"a", "x", "", ExitUsage, `s.yaml has no resource "x"`, "known here: a"},
		{"hello", "helo", "", ExitUsage, `s.yaml has no resource "helo"`, `did you mean "hello"?`},
		{"hello world", "helo hello word helo", "", ExitUsage, `s.yaml has none of the resources "helo", "word"`, `did you mean hello for "helo", world for "word"?`},
		{"hello a", "helo zzzzz", "", ExitUsage, `s.yaml has none of the resources "helo", "zzzzz"`, `did you mean hello for "helo"?`},
		{"a b", "xxx zzzzz", "", ExitUsage, `s.yaml has none of the resources "xxx", "zzzzz"`, "known here: a, b"},
	} {
		list, err := Resources(project(strings.Fields(tt.have)...), strings.Fields(tt.names))
		if got := strings.Join(names(list), " "); got != tt.want {
			t.Errorf("%s of %s: %s", tt.names, tt.have, got)
		}
		known := &Error{}
		if errors.As(err, &known) != (tt.code != ExitOK) || known.Code != tt.code || err != nil && err.Error() != tt.err || known.Hint != tt.hint {
			t.Errorf("%s of %s: %v, hint %q", tt.names, tt.have, err, known.Hint)
		}
	}
}

func TestOneResource(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ have, name, want, err string }{
		{"a b", "b", "b", ""},
		{"a", "", "a", ""},
		{"b a", "", "", "s.yaml has several resources: a, b"},
		{"a", "x", "", `s.yaml has no resource "x"`},
	} {
		r, err := OneResource(project(strings.Fields(tt.have)...), tt.name, "instance list")
		if tt.err != "" {
			if err == nil || err.Error() != tt.err {
				t.Errorf("%q: %v", tt.name, err)
			}
			continue
		}
		if err != nil || r.Name != tt.want {
			t.Errorf("%q: %v %v", tt.name, r, err)
		}
	}
	var known *Error
	if _, err := OneResource(project("a", "b"), "", "instance list"); !errors.As(err, &known) || known.Hint != "s instance list a" {
		t.Errorf("%v", err)
	}
}

func TestOneArg(t *testing.T) {
	t.Parallel()
	root, cmd := &cobra.Command{Use: "s"}, &cobra.Command{Use: "exec [resource]"}
	root.AddCommand(cmd)
	for _, args := range [][]string{nil, {"a"}} {
		if err := OneArg(cmd, args); err != nil {
			t.Errorf("%v: %v", args, err)
		}
	}
	var known *Error
	err := OneArg(cmd, []string{"a", "b"})
	if !errors.As(err, &known) || known.Code != ExitUsage || err.Error() != "s exec is about one resource, not about 2: a, b" || known.Hint != "s exec a" {
		t.Errorf("%v", err)
	}
}

func TestPrintNamed(t *testing.T) {
	t.Parallel()
	one := Named{"b", map[string]string{"x": "<1>"}}
	two := Named{"a", []int{2}}
	p := project("b", "c", "a")
	for _, tt := range []struct {
		asked   int
		results []Named
		format  string
		want    string
	}{
		{0, nil, OutputJSON, ""},
		{1, nil, OutputJSON, ""},
		{2, nil, OutputJSON, "{}\n"},
		{2, nil, OutputDefault, ""},
		{1, []Named{one}, OutputRaw, `{"x":"<1>"}` + "\n"},
		{2, []Named{one}, OutputRaw, `{"b":{"x":"<1>"}}` + "\n"}, // the other failed
		{2, []Named{two, one}, OutputRaw, `{"b":{"x":"<1>"},"a":[2]}` + "\n"},
		{2, []Named{one, two}, OutputYAML, "b:\n  x: <1>\na:\n  - 2\n"},
		{2, []Named{one, two}, OutputDefault, "b:\n  x: <1>\na:\n  - 2\n"},
	} {
		var out bytes.Buffer
		if err := PrintNamed(&out, tt.format, p, tt.asked, tt.results); err != nil || out.String() != tt.want {
			t.Errorf("%d of %d results as %s: %q, %v", len(tt.results), tt.asked, tt.format, out.String(), err)
		}
	}
	if err := PrintNamed(&bytes.Buffer{}, OutputJSON, p, 2, []Named{one, {"c", make(chan int)}}); err == nil {
		t.Error("a channel was printed")
	}
}
