package deploy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"

	"s/pkg/iostreams"
)

// Style is what a plan is shown with: colours and the user's language. An
// *iostreams.IOStreams is one.
type Style interface {
	Bold(string) string
	Dim(string) string
	Red(string) string
	Green(string) string
	Yellow(string) string
	T(format string, args ...any) string
	Width() int
}

// Render draws plans as text, no line wider than the style's width. What
// doesn't change is one line each.
func Render(plans []*Changes, style Style) string {
	var b strings.Builder
	created, updated, deleted := 0, 0, 0
	for _, plan := range plans {
		fmt.Fprintf(&b, "%s %s\n", style.Bold(plan.Resource), style.Dim("("+plan.Region+")"))
		for _, change := range slices.Concat(plan.Auto, plan.Items) {
			renderChange(&b, change, style)
		}
		for _, name := range plan.Unmanaged {
			line := style.T("trigger %s is not in s.yaml and stays as it is", name)
			fmt.Fprintf(&b, "    %s\n", style.Dim(cut(line, style.Width()-4)))
		}
		created, updated, deleted = created+plan.Count(Create), updated+plan.Count(Update), deleted+plan.Count(Delete)
	}
	b.WriteString(style.T("Plan: %d to create, %d to update, %d to delete.", created, updated, deleted))
	b.WriteByte('\n')
	return b.String()
}

func renderChange(b *strings.Builder, change Change, style Style) {
	head := fmt.Sprintf("%s %s %s", change.Action.Glyph(), change.Kind, change.Name)
	if change.Action == None {
		head += " " + style.T("(no changes)")
	}
	paint := painter(change.Action, style)
	fmt.Fprintf(b, "  %s\n", paint(cut(head, style.Width()-2)))
	if change.Action == None {
		return
	}
	for _, field := range change.Fields {
		renderField(b, change.Action, field, style)
	}
	if change.Image != nil {
		fmt.Fprintf(b, "      %s\n", cut(imageText(*change.Image, style), style.Width()-6))
	}
	if change.Code != nil {
		fmt.Fprintf(b, "      %s\n", cut(codeText(*change.Code, style), style.Width()-6))
	}
}

// renderField shows a value; an old and a new one that don't fit in a line are
// put below each other, so that what differs is seen.
func renderField(b *strings.Builder, action Action, f Field, style Style) {
	text, width := fieldText(action, f), style.Width()-6
	if action == Update && runewidth.StringWidth(text) > width {
		fmt.Fprintf(b, "      %s\n", cut(f.Path+":", width))
		fmt.Fprintf(b, "        - %s\n", cut(valueText(f.Old), width-4))
		fmt.Fprintf(b, "        + %s\n", cut(valueText(f.New), width-4))
		return
	}
	fmt.Fprintf(b, "      %s\n", cut(text, width))
}

func painter(action Action, style Style) func(string) string {
	switch action {
	case Create:
		return style.Green
	case Update:
		return style.Yellow
	case Delete:
		return style.Red
	}
	return style.Dim
}

func fieldText(action Action, f Field) string {
	switch {
	case action == Create:
		return fmt.Sprintf("%s: %s", f.Path, valueText(f.New))
	case action == Delete:
		return fmt.Sprintf("%s: %s", f.Path, valueText(f.Old))
	}
	return fmt.Sprintf("%s: %s -> %s", f.Path, valueText(f.Old), valueText(f.New))
}

func valueText(v any) string {
	if v == nil {
		return "(none)"
	}
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(data)
}

func codeText(c CodeChange, style Style) string {
	switch {
	case c.New == "":
		return style.T("code: from OSS, which can't be compared")
	case c.Old == "":
		return style.T("code: %s", iostreams.Size(c.Size))
	}
	return style.T("code: changed, %s", iostreams.Size(c.Size))
}

// cut shortens a line to a width in terminal columns.
func cut(line string, width int) string { return runewidth.Truncate(line, width, "…") }
