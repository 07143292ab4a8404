package logscmd

import (
	"fmt"
	"regexp"
	"strings"

	"s/pkg/cmd/cmdutil"
	"s/pkg/logs"
)

// timeShown is how people see a time.
const timeShown = "2006-01-02 15:04:05"

// view shows lines. On a terminal instance and request stand above their lines, so that
// these have room; otherwise each line has all, for grep and its like.
type view struct {
	*Options
	count             int
	instance, request string         // of the line before
	paint, control    *regexp.Regexp // made when they are needed
}

// line shows a line.
func (v *view) line(l logs.Line) error {
	v.count++
	switch v.Settings.Output {
	case cmdutil.OutputJSON, cmdutil.OutputRaw: // both in one line, since lines have no end
		return cmdutil.Print(v.IO.Out, cmdutil.OutputRaw, l)
	case cmdutil.OutputYAML:
		return cmdutil.Print(v.IO.Out, cmdutil.OutputYAML, []logs.Line{l})
	}
	var b strings.Builder
	if v.request != "" && l.RequestID != v.request {
		b.WriteByte('\n')
	}
	if v.IO.IsStdoutTTY() {
		v.heads(&b, l)
		fmt.Fprintf(&b, "%s %s\n", v.IO.Dim(l.Time.Local().Format(timeShown)), v.painted(v.printable(l.Message)))
	} else {
		fmt.Fprintf(&b, "%s %s %s\n", v.IO.Cyan(l.InstanceID), v.IO.Dim(l.Time.Local().Format(timeShown)), v.painted(l.Message))
	}
	v.instance, v.request = l.InstanceID, l.RequestID
	_, err := v.IO.Out.Write([]byte(b.String()))
	return err
}

// heads writes what of instance and request is another than that of the line before.
func (v *view) heads(b *strings.Builder, l logs.Line) {
	if l.InstanceID != "" && l.InstanceID != v.instance {
		fmt.Fprintln(b, v.IO.Dim(v.IO.T("instance"))+" "+v.IO.Cyan(l.InstanceID))
	}
	if l.RequestID != "" && l.RequestID != v.request {
		fmt.Fprintln(b, v.IO.Dim(v.IO.T("request"))+" "+v.IO.Cyan(l.RequestID))
	}
}

// painted is a message in which what --match says stands out; without it, words of
// errors do.
func (v *view) painted(message string) string {
	if !v.IO.ColorEnabled() {
		return message
	}
	if v.paint == nil {
		pattern := `\b(?:\w*error|\w*exception|fatal|panic|traceback|failed)\b`
		if v.Match != "" {
			pattern = regexp.QuoteMeta(v.Match)
		}
		v.paint = regexp.MustCompile("(?i)" + pattern)
	}
	colour := v.IO.Red
	if v.Match != "" {
		colour = func(text string) string { return v.IO.Yellow(v.IO.Bold(text)) }
	}
	return v.paint.ReplaceAllStringFunc(message, colour)
}

// controls are the sequences and characters that a terminal doesn't just show. The
// first group is those that only change colours.
const controls = `(\x1b\[[0-9;]*m)|\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|[\x00-\x08\x0b-\x1f\x7f\x{80}-\x{9f}]`

// printable is a message without what would move the cursor of a terminal or change
// more of it than colours: anybody may have sent the function what it prints.
func (v *view) printable(message string) string {
	if v.control == nil {
		v.control = regexp.MustCompile(controls)
	}
	return v.control.ReplaceAllString(message, "$1")
}
