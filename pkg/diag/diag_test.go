package diag

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func at(line, from, to int) Range {
	return Range{File: "s.yaml", Start: Pos{line, from}, End: Pos{line, to}}
}

func render(t *testing.T, source string, opts RenderOptions, ds ...Diagnostic) string {
	t.Helper()
	opts.Source = func(string) ([]byte, error) { return []byte(source), nil }
	var out bytes.Buffer
	if err := Render(&out, ds, opts); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestRenderShape(t *testing.T) {
	source := strings.Repeat("a: b\n", 13) + "      memorysize: 512\n"
	got := render(t, source, RenderOptions{},
		Diagnostic{Code: "FC-SPEC-012", Summary: `unknown key "memorysize" in function props`, Hint: `did you mean "memorySize"?`, Range: at(14, 7, 17)},
		Diagnostic{Severity: Warning, Summary: "two lines", Detail: "first\nsecond", Range: Range{File: "s.yaml"}})
	want := `error[FC-SPEC-012]: unknown key "memorysize" in function props
  --> s.yaml:14:7
   14 |       memorysize: 512
      |       ^~~~~~~~~~
hint: did you mean "memorySize"?

warning: two lines
  --> s.yaml
note: first
      second
`
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestRenderAlignsTheMark(t *testing.T) {
	for _, tt := range []struct {
		name, line string
		rng        Range
		want       string // the last two lines, behind the gutter
	}{
		{"tab", "\tkey:\tvalue", at(1, 7, 12), "    key:    value\n            ^~~~~"},
		{"wide runes before", "名称: x", at(1, 5, 6), "名称: x\n      ^"},
		{"wide runes in it", "k: 名称", at(1, 4, 6), "k: 名称\n   ^~~~"},
		{"zero width range", "abc", at(1, 2, 2), "abc\n ^"},
		{"past the end", "abc", at(1, 9, 12), "abc\n   ^"},
		{"several lines", "abc def", Range{File: "s.yaml", Start: Pos{1, 5}, End: Pos{3, 2}}, "abc def\n    ^~~"},
		{"control characters", "a\x1b[31mb", at(1, 7, 8), "a?[31mb\n      ^"},
		{"combining mark", "e\u0301x: 1", at(1, 3, 4), "e\u0301x: 1\n ^"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lines := strings.Split(strings.TrimSuffix(render(t, tt.line, RenderOptions{}, Diagnostic{Summary: "x", Range: tt.rng}), "\n"), "\n")
			var got []string
			for _, l := range lines[len(lines)-2:] {
				got = append(got, l[8:])
			}
			if d := cmp.Diff(tt.want, strings.Join(got, "\n")); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestRenderCropsLongLines(t *testing.T) {
	line := strings.Repeat("x", 500) + "HERE" + strings.Repeat("y", 500)
	out := strings.Split(render(t, line, RenderOptions{}, Diagnostic{Summary: "x", Range: at(1, 501, 505)}), "\n")
	shown, mark := out[2][8:], out[3][8:]
	if len(shown) > maxShown || !strings.HasPrefix(shown, "...") || !strings.HasSuffix(shown, "...") {
		t.Errorf("line of %d: %s", len(shown), shown)
	}
	from := strings.Index(mark, "^")
	if mark[from:] != "^~~~" || shown[from:from+4] != "HERE" {
		t.Errorf("the mark isn't below the text:\n%s\n%s", shown, mark)
	}
}

func TestRenderWithoutSource(t *testing.T) {
	d := Diagnostics{{Summary: "x", Range: at(3, 1, 2)}}
	for name, opts := range map[string]RenderOptions{
		"none":       {},
		"unreadable": {Source: func(string) ([]byte, error) { return nil, errors.New("gone") }},
		"too short":  {Source: func(string) ([]byte, error) { return []byte("a\nb"), nil }},
	} {
		var out bytes.Buffer
		if err := Render(&out, d, opts); err != nil || out.String() != "error: x\n  --> s.yaml:3:1\n" {
			t.Errorf("%s: %v %q", name, err, out.String())
		}
	}
}

func TestRenderPaints(t *testing.T) {
	mark := func(name string) func(string) string {
		return func(s string) string { return "<" + name + ":" + s + ">" }
	}
	got := render(t, "key: 1\n", RenderOptions{
		Error: mark("e"), Warning: mark("w"), Place: mark("p"), Strong: mark("s"),
		Label: func(w string) string { return strings.ToUpper(w) },
	},
		Diagnostic{Severity: Warning, Code: "X-1", Summary: "sum", Hint: "do", Range: at(1, 1, 4)})
	want := "<w:WARNING[X-1]>: <s:sum>\n<p:  --> >s.yaml:1:1\n<p:    1 |> key: 1\n<p:      |> <w:^~~>\n<s:HINT>: do\n"
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("broken") }

func TestRenderReportsWriteErrors(t *testing.T) {
	if err := Render(brokenWriter{}, Diagnostics{{Summary: "x"}}, RenderOptions{}); err == nil {
		t.Error("a broken writer went unnoticed")
	}
}

func TestReportJSON(t *testing.T) {
	ds := Diagnostics{{Code: "A", Summary: "s", Range: at(1, 2, 3)}, {Severity: Warning, Code: "B"}}
	data, err := json.Marshal(NewReport(ds))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"diagnostics":[{"severity":"error","code":"A","summary":"s","range":{"file":"s.yaml","start":{"line":1,"column":2},"end":{"line":1,"column":3}}},` +
		`{"severity":"warning","code":"B","summary":"","range":{"file":"","start":{"line":0,"column":0},"end":{"line":0,"column":0}}}],"errors":1,"warnings":1}`
	if d := cmp.Diff(want, string(data)); d != "" {
		t.Error(d)
	}
	var back Report
	if err := json.Unmarshal(data, &back); err != nil || cmp.Diff(NewReport(ds), back) != "" {
		t.Errorf("doesn't read back: %v %+v", err, back)
	}
	if err := json.Unmarshal([]byte(`{"diagnostics":[{"severity":"fatal"}]}`), &back); err == nil {
		t.Error("an unknown severity was read")
	}
	if data, _ := json.Marshal(NewReport(nil)); string(data) != `{"diagnostics":[],"errors":0,"warnings":0}` {
		t.Errorf("empty: %s", data)
	}
}

func TestSort(t *testing.T) {
	d := func(file string, line, column int, s Severity, code string) Diagnostic {
		return Diagnostic{Severity: s, Code: code, Range: Range{File: file, Start: Pos{line, column}}}
	}
	sorted := Diagnostics{d("a", 1, 1, Error, "1"), d("a", 1, 1, Error, "2"), d("a", 1, 1, Warning, "1"), d("a", 1, 2, Error, "1"), d("a", 2, 1, Error, "1"), d("b", 1, 1, Error, "1")}
	mixed := Diagnostics{sorted[5], sorted[3], sorted[1], sorted[0], sorted[3], sorted[4], sorted[2], sorted[0]}
	if diff := cmp.Diff(sorted, mixed.Sort()); diff != "" {
		t.Error(diff)
	}
}

func TestErr(t *testing.T) {
	warnings := Diagnostics{{Severity: Warning, Summary: "w"}}
	if warnings.Err() != nil || warnings.HasErrors() {
		t.Error("a warning is no error")
	}
	both := append(warnings, Diagnostic{Summary: "bad", Range: at(3, 4, 5)})
	var got Diagnostics
	if !errors.As(both.Err(), &got) || len(got) != 2 || !strings.Contains(got.Error(), "s.yaml:3:4: error: bad") {
		t.Errorf("got %v", both.Err())
	}
}

func TestNearest(t *testing.T) {
	keys := []string{"memorySize", "timeout", "handler", "region", "runtime", "role", "code", "cpu", "codeUri"}
	for _, tt := range []struct {
		word string
		want []string
	}{
		{"memorysize", []string{"memorySize"}},
		{"MemorySize", []string{"memorySize"}},
		{"memroySize", []string{"memorySize"}},
		{"tiemout", []string{"timeout"}},
		{"timeouts", []string{"timeout"}},
		{"hander", []string{"handler"}},
		{"rol", []string{"role"}},
		{"CPU", []string{"cpu"}},
		{"codeuri", []string{"codeUri"}},
		{"cod", []string{"code"}},
		{"handler", nil},
		{"x", nil},
		{"", nil},
		{"completely-different", nil},
		{strings.Repeat("r", 1000), nil},
	} {
		if d := cmp.Diff(tt.want, Nearest(tt.word, keys)); d != "" {
			t.Errorf("%q: %s", tt.word, d)
		}
	}
	if got := Nearest("aa", []string{"ab", "ac", "ad", "ae", "ab"}); len(got) != 3 || got[0] != "ab" || got[1] != "ac" {
		t.Errorf("ties: %v", got)
	}
}

func TestDidYouMean(t *testing.T) {
	many := strings.Fields("a1 b2 c3 d4 e5 f6 g7 h8 i9 j10 k11 l12 m13")
	for _, tt := range []struct {
		word       string
		candidates []string
		want       string
	}{
		{"nam", []string{"name", "region"}, `did you mean "name"?`},
		{"nabe", []string{"name", "nape"}, `did you mean "name" or "nape"?`},
		{"zzz", []string{"name", "region"}, "known here: name, region"},
		{"zzzz", many, ""},
		{"x", nil, ""},
	} {
		if got := DidYouMean(tt.word, tt.candidates); got != tt.want {
			t.Errorf("%q: got %q", tt.word, got)
		}
	}
}

func TestLines(t *testing.T) {
	if d := cmp.Diff([]string{"a", "b", "c", "d", "e", ""}, Lines("\ufeffa\r\nb\rc\nd\u2028e\n")); d != "" {
		t.Error(d)
	}
}
