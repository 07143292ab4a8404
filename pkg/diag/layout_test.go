package diag

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// excerpt gives the source line and the mark as shown, behind the gutter.
func excerpt(t *testing.T, source string, rng Range) (shown, mark string) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(render(t, source, RenderOptions{}, Diagnostic{Summary: "x", Range: rng}), "\n"), "\n")
	if len(lines) != 4 {
		t.Fatalf("%d lines: %q", len(lines), lines)
	}
	return lines[2][8:], lines[3][8:]
}

// marked is the part of shown that stands above the mark, by columns.
func marked(shown, mark string) string {
	from := strings.IndexByte(mark, '^')
	var b strings.Builder
	column := 0
	for _, c := range shown {
		width := runewidth.RuneWidth(c)
		if width > 0 && column >= from && column < len(mark) {
			b.WriteRune(c) // what has no width belongs to the cell before it
		}
		column += width
	}
	return b.String()
}

// TestMarkIsBelowItsText puts a word behind every kind of text, short and so
// long that the line is cropped on either side or both.
func TestMarkIsBelowItsText(t *testing.T) {
	t.Parallel()
	for name, unit := range map[string]string{
		"ascii": "x", "wide": "宽", "mixed": "a宽", "odd": "宽宽b", "tab": "\t", "tabs and words": "ab\t", "combining": "e\u0301",
		"control": "\x01", "emoji": "😀", "half width": "ｱ", "full width": "Ａ", "narrow accents": "é",
	} {
		for _, before := range []int{0, 1, 2, 3, 20, 51, 52, 53, 54, 55, 100, 159, 160, 161, 400} {
			for _, after := range []int{0, 1, 50, 300} {
				line := strings.Repeat(unit, before) + "HERE" + strings.Repeat(unit, after)
				start := before*utf8.RuneCountInString(unit) + 1
				shown, mark := excerpt(t, line, at(1, start, start+4))
				if got := marked(shown, mark); got != "HERE" || !strings.HasSuffix(mark, "^~~~") {
					t.Errorf("%s, %d before and %d after: %q is marked\n%s\n%s", name, before, after, got, shown, mark)
				}
				if width := runewidth.StringWidth(shown); width > maxShown {
					t.Errorf("%s, %d before and %d after: %d columns", name, before, after, width)
				}
			}
		}
	}
}

// TestLongMarksStayInTheLine: a mark is as long as its text, but no longer than
// what is shown.
func TestLongMarksStayInTheLine(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{"x", "宽"} {
		for _, length := range []int{1, 2, 79, 80, 81, 150, 160, 161, 1000} {
			for _, before := range []int{0, 10, 100, 500} {
				line := strings.Repeat("-", before) + strings.Repeat(unit, length)
				shown, mark := excerpt(t, line, at(1, before+1, before+1+length))
				if len(mark) > maxShown || runewidth.StringWidth(shown) > maxShown {
					t.Errorf("%d of %q after %d: mark %d, line %d", length, unit, before, len(mark), runewidth.StringWidth(shown))
				}
				want := length * runewidth.StringWidth(unit)
				if got := strings.Count(mark, "~") + 1; got != want && before+want <= maxShown {
					t.Errorf("%d of %q after %d: mark %d, want %d", length, unit, before, got, want)
				}
			}
		}
	}
}

func TestTabsFillUpToTheirStop(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"\tx": "    x", "a\tx": "a   x", "ab\tx": "ab  x", "abc\tx": "abc x", "abcd\tx": "abcd    x", "宽\tx": "宽  x", "宽a\tx": "宽a x", "\t\tx": "        x",
	} {
		shown, mark := excerpt(t, line, at(1, utf8.RuneCountInString(line), utf8.RuneCountInString(line)+1))
		if shown != want || marked(shown, mark) != "x" {
			t.Errorf("%q: %q, %q", line, shown, mark)
		}
	}
}

// TestRangesAtTheEnds of lines and files, and such as make no sense.
func TestRangesAtTheEnds(t *testing.T) {
	t.Parallel()
	source := "first\n\nlast"
	place := func(a, b, c, d int) Range { return Range{File: "s.yaml", Start: Pos{a, b}, End: Pos{c, d}} }
	for _, tt := range []struct {
		name, shown, mark string
		rng               Range
	}{
		{"all of a line", "first", "^~~~~", place(1, 1, 1, 6)},
		{"the end of a line", "first", "     ^", place(1, 6, 1, 6)},
		{"into the next line", "first", "  ^~~", place(1, 3, 2, 1)},
		{"all of the file", "first", "^~~~~", place(1, 1, 3, 5)},
		{"an empty line", "", "^", place(2, 1, 2, 1)},
		{"beyond an empty line", "", "^", place(2, 9, 2, 12)},
		{"from an empty line on", "", "^", place(2, 1, 3, 3)},
		{"the last character", "last", "   ^", place(3, 4, 3, 5)},
		{"the end of the file", "last", "    ^", place(3, 5, 3, 5)},
		{"beyond the end of the file", "last", "^~~~", place(3, 1, 9, 1)},
		{"backwards", "last", "  ^", place(3, 3, 3, 1)},
		{"no end", "last", " ^~~", place(3, 2, 0, 0)},
		{"no column", "last", "    ^", place(3, 0, 3, 0)},
	} {
		shown, mark := excerpt(t, source, tt.rng)
		if shown != tt.shown || mark != tt.mark {
			t.Errorf("%s: %q, %q, want %q, %q", tt.name, shown, mark, tt.shown, tt.mark)
		}
	}
	for _, line := range []int{4, 5, 1 << 30} {
		if out := render(t, source, RenderOptions{}, Diagnostic{Summary: "x", Range: at(line, 1, 2)}); strings.Count(out, "\n") != 2 {
			t.Errorf("line %d: %q", line, out)
		}
	}
}

// TestLineNumbersKeepTheGutter: six digits make it wider, for both of its lines.
func TestLineNumbersKeepTheGutter(t *testing.T) {
	t.Parallel()
	source := strings.Repeat("a\n", 123456)
	for line, want := range map[int]string{1: "    1 | a\n      | ^", 99999: "99999 | a\n      | ^", 123456: "123456 | a\n       | ^"} {
		if out := render(t, source, RenderOptions{}, Diagnostic{Summary: "x", Range: at(line, 1, 2)}); !strings.Contains(out, "\n"+want+"\n") {
			t.Errorf("line %d: %q", line, out)
		}
	}
}

// TestNothingReachesTheTerminalRaw: no part of a finding can move the cursor,
// change colours or begin a line.
func TestNothingReachesTheTerminalRaw(t *testing.T) {
	t.Parallel()
	evil := "a\x1b[2J\x07\x9b31m\u009b31m\u202e\u200b\r\x00z"
	out := render(t, "k: "+evil+"\n", RenderOptions{}, Diagnostic{
		Summary: evil + "\nerror: forged", Detail: evil + "\n" + evil, Hint: evil,
		Range: Range{File: "s" + evil + "\n.yaml", Start: Pos{1, 1}, End: Pos{1, 2}},
	})
	for i, c := range out {
		if c < ' ' && c != '\n' || c == 0x7f || c == 0x9b || c == '\u202e' {
			t.Errorf("%q at %d in %q", c, i, out)
		}
	}
	if strings.Contains(out, "\nerror: forged") {
		t.Errorf("a summary begins a line: %q", out)
	}
}

// TestSourceIsReadOncePerFile: however many findings, and also if it fails.
func TestSourceIsReadOncePerFile(t *testing.T) {
	t.Parallel()
	reads := map[string]int{}
	var ds Diagnostics
	for i := range 10 {
		ds = append(ds, Diagnostic{Range: Range{File: fmt.Sprintf("%d.yaml", i%2), Start: Pos{1, 1}, End: Pos{1, 2}}})
	}
	err := Render(&bytes.Buffer{}, ds, RenderOptions{Source: func(file string) ([]byte, error) {
		reads[file]++
		if file == "1.yaml" {
			return nil, fmt.Errorf("no")
		}
		return []byte("a"), nil
	}})
	if err != nil || reads["0.yaml"] != 1 || reads["1.yaml"] != 1 {
		t.Errorf("%v, %v", reads, err)
	}
}

// FuzzRender: any text and any place give whole lines of bounded width, and
// the mark stands within or just behind the line.
func FuzzRender(f *testing.F) {
	f.Add("a: b\n", 1, 1, 1, 2)
	f.Add("\t宽e\u0301\x1b\xff\r\n\u2028x", 1, 2, 2, 1)
	f.Add(strings.Repeat("宽", 200), 1, 90, 1, 95)
	f.Add(strings.Repeat("x", 159)+"宽", 1, 160, 9, 9)
	f.Add("", -1, -5, 0, 0)
	f.Fuzz(func(t *testing.T, source string, line, column, endLine, endColumn int) {
		var out bytes.Buffer
		rng := Range{File: "f", Start: Pos{line, column}, End: Pos{endLine, endColumn}}
		if line < 0 {
			t.Skip("lines count from 1")
		}
		err := Render(&out, Diagnostics{{Summary: "s", Range: rng}}, RenderOptions{Source: func(string) ([]byte, error) { return []byte(source), nil }})
		if err != nil {
			t.Fatal(err)
		}
		if !utf8.Valid(out.Bytes()) {
			t.Fatalf("%q is no UTF-8", out.Bytes())
		}
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if len(lines) != 2 && len(lines) != 4 {
			t.Fatalf("%d lines: %q", len(lines), lines)
		}
		for _, l := range lines[2:] {
			if width := runewidth.StringWidth(l); width > maxShown+30 {
				t.Fatalf("%d columns: %q", width, l)
			}
		}
	})
}
