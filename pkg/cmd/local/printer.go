package localcmd

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/mattn/go-runewidth"

	"s/pkg/fc"
	"s/pkg/iostreams"
	"s/pkg/local"
	"s/pkg/runtime/instance"
	"s/pkg/spec"
)

// printer shows what `s local start` serves and what the functions print.
type printer struct {
	o      *StartOptions
	io     *iostreams.IOStreams
	server *local.Dev
	routes []local.DevRoute // as printed

	mu    sync.Mutex
	names []string // in the order of colours
	width int      // of the longest name
}

// maxPrefix is how wide the names before log lines are at most.
const maxPrefix = 20

func newPrinter(o *StartOptions) *printer { return &printer{o: o, io: o.f.IO} }

// widen makes room for names.
func (p *printer) widen(names []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, n := range names {
		if !slices.Contains(p.names, n) {
			p.names = append(p.names, n)
		}
		p.width = max(p.width, min(runewidth.StringWidth(n), maxPrefix))
	}
}

// prefix is the name of a function in its colour. The printer is locked.
func (p *printer) prefix(function string) string {
	paints := []func(string) string{p.io.Cyan, p.io.Green, p.io.Magenta, p.io.Yellow}
	i := max(slices.Index(p.names, function), 0)
	return paints[i%len(paints)](runewidth.FillRight(function, p.width) + " |")
}

// line shows a line of a function's log; those that the platform writes around an
// invocation are faint.
func (p *printer) line(function string, line instance.LogLine) {
	text := line.Message
	if strings.HasPrefix(text, "FC ") && strings.Contains(text, "RequestId: ") {
		text = p.io.Dim(text)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.io.ErrOut, "%s %s\n", p.prefix(function), text)
}

// answered shows how a request was answered.
func (p *printer) answered(a local.DevAnswer) {
	status := fmt.Sprint(a.Status)
	switch {
	case a.ErrorType != "":
		status = p.io.Red(status + " " + a.ErrorType)
	case a.Status >= http.StatusBadRequest:
		status = p.io.Red(status)
	default:
		status = p.io.Green(status)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.io.ErrOut, "%s %s %s %s %s\n", p.prefix(a.Function), p.io.Bold(a.Method), a.Path, status,
		p.io.Dim(fmt.Sprintf("%.1f ms", float64(a.Took.Microseconds())/1000)))
}

// quiet tells of triggers that nothing makes fire here. The printer is locked.
func (p *printer) quiet(r *spec.Resource) {
	var types []string
	for _, t := range r.Triggers {
		if t.TriggerType != fc.TriggerHTTP && !slices.Contains(types, t.TriggerType) {
			types = append(types, t.TriggerType)
		}
	}
	if len(types) > 0 {
		p.io.Errf("%s: its triggers of type %s don't fire here; s local invoke %s --event-template %s calls it as one does",
			r.Name, strings.Join(types, ", "), r.Name, types[0])
	}
}

// table draws the routes, within the width of the terminal: a URL that doesn't
// fit beside the name of its function is below it.
func (p *printer) table(routes []local.DevRoute) string {
	heads := [3]string{p.io.T("FUNCTION"), p.io.T("METHODS"), "URL"}
	rows := make([][3]string, len(routes))
	width := [2]int{runewidth.StringWidth(heads[0]), runewidth.StringWidth(heads[1])}
	for i, r := range routes {
		rows[i] = [3]string{r.Function, methods(r.Methods), r.URL}
		for c := range width {
			width[c] = max(width[c], runewidth.StringWidth(rows[i][c]))
		}
	}
	var b strings.Builder
	pad := func(text string, c int) string { return runewidth.FillRight(text, width[c]) + "  " }
	fmt.Fprintln(&b, p.io.Bold(pad(heads[0], 0)+pad(heads[1], 1)+heads[2]))
	for _, row := range rows {
		left := pad(row[0], 0) + pad(row[1], 1)
		if runewidth.StringWidth(left+row[2]) > p.io.Width() {
			fmt.Fprintf(&b, "%s\n  %s\n", strings.TrimRight(left, " "), p.io.Cyan(row[2]))
			continue
		}
		fmt.Fprintf(&b, "%s%s\n", left, p.io.Cyan(row[2]))
	}
	return b.String()
}

// methods is a short list: of three and more the first and how many follow.
func methods(list []string) string {
	const all = 7
	switch {
	case len(list) == all:
		return "ANY"
	case len(list) > 2:
		return fmt.Sprintf("%s,%s,+%d", list[0], list[1], len(list)-2)
	}
	return strings.Join(list, ",")
}
