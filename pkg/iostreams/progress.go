package iostreams

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-runewidth"
)

// progressTick is how often the lines of what goes on are shown anew, and how
// long something must go on to be shown at all.
const progressTick = 100 * time.Millisecond

// Control sequences of ECMA-48 that every terminal since the VT100 knows.
const (
	lineUp      = "\x1b[%dA" // the cursor goes up
	clearToEdge = "\x1b[K"
	clearBelow  = "\x1b[J"
)

// progressArea is the last lines of a terminal: one for each thing that goes on,
// below all that is written meanwhile. Its cursor is at the beginning of the line
// below them.
type progressArea struct {
	out    io.Writer
	size   func() (width, height int)
	now    func() time.Time
	manual bool // nothing is shown but by show; for tests

	mu     sync.Mutex
	lines  []*Progress
	shown  []int // columns of the lines on the screen
	last   string
	paused int
	held   map[io.Writer][]byte // beginnings of lines that haven't ended
	stop   chan struct{}        // of what shows the lines as time passes
}

// Progress is one thing that goes on, a line on the terminal. All methods may be
// called on nil, for what is shown nowhere.
type Progress struct {
	area *progressArea
	io   *IOStreams
	name string
	text string
	// began is when it did; took is how long it took, once mark is set.
	began time.Time
	took  time.Duration
	mark  string
}

// ShowsProgress reports whether there are lines that change: stderr is a terminal
// that can, and a person looks at it.
func (s *IOStreams) ShowsProgress() bool { return s.area != nil }

// Progress begins a line about a thing of this name, which is shown with the time
// that passes until it ends. It gives nil if nothing can be shown.
func (s *IOStreams) Progress(name string) *Progress {
	if s.area == nil {
		return nil
	}
	p := &Progress{area: s.area, io: s, name: name, began: s.area.now()}
	p.area.begin(p)
	return p
}

// Above gives streams whose lines go above those that change. Nobody can be asked
// there.
func (s *IOStreams) Above() *IOStreams {
	if s.area == nil || s.above {
		return s
	}
	out := s.Out
	if s.stdoutTTY {
		out = &aboveWriter{s.area, s.Out}
	}
	with := s.With(out, &aboveWriter{s.area, s.ErrOut})
	with.above = true
	return with
}

// KeepProgress makes lines that end stay until DropProgress: what is printed about
// them comes later.
func (s *IOStreams) KeepProgress() { s.kept = &[]*Progress{} }

// DropProgress takes away the lines that were kept.
func (s *IOStreams) DropProgress() {
	if s.kept == nil || s.area == nil {
		return
	}
	s.area.remove(*s.kept...)
	*s.kept = nil
}

// Say tells what is being done, in the user's language.
func (p *Progress) Say(text string) {
	if p == nil {
		return
	}
	p.area.mu.Lock()
	defer p.area.mu.Unlock()
	p.text = text
}

// End ends the line: it goes, or stays for KeepProgress with what became of it.
func (p *Progress) End(ok bool, text string) {
	if p == nil {
		return
	}
	if p.io.kept == nil {
		p.area.remove(p)
		return
	}
	p.area.mu.Lock()
	defer p.area.mu.Unlock()
	p.text, p.took, p.mark = text, p.area.now().Sub(p.began), p.io.Green("✔")
	if !ok {
		p.mark = p.io.Red("✖")
	}
	*p.io.kept = append(*p.io.kept, p)
}

func (a *progressArea) begin(p *Progress) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lines = append(a.lines, p)
	if a.stop == nil && !a.manual {
		a.stop = make(chan struct{})
		go a.run(a.stop)
	}
}

// run shows the lines until stop closes.
func (a *progressArea) run(stop chan struct{}) {
	tick := time.NewTicker(progressTick)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			a.show()
		}
	}
}

// remove takes lines away; with the last one the area is as if it never was.
func (a *progressArea) remove(gone ...*Progress) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lines = slices.DeleteFunc(a.lines, func(p *Progress) bool { return slices.Contains(gone, p) })
	if len(a.lines) > 0 {
		return // the next tick shows it
	}
	if a.stop != nil {
		close(a.stop)
		a.stop = nil
	}
	a.send(a.erase())
	for to, text := range a.held {
		_, _ = to.Write(append(text, '\n')) // as below
	}
	a.held = nil
}

// pause keeps the lines away while somebody else has the terminal.
func (a *progressArea) pause() (resume func()) {
	if a == nil {
		return func() {}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.send(a.erase())
	a.paused++
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.paused--
	}
}

// show brings the screen up to date.
func (a *progressArea) show() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.draw()
}

func (a *progressArea) draw() {
	if a.paused > 0 || len(a.lines) == 0 {
		return
	}
	width, height := a.size()
	text, columns := a.render(width-1, height-1)
	if text == a.last {
		return
	}
	back := a.back()
	a.last, a.shown = text, columns
	a.send(back + text + clearBelow)
}

// back moves the cursor to the beginning of what is on the screen. A terminal that
// became narrower has broken long lines.
func (a *progressArea) back() string {
	width, _ := a.size()
	rows := 0
	for _, columns := range a.shown {
		rows += max(1, (columns+width-1)/width)
	}
	if rows == 0 {
		return ""
	}
	return "\r" + fmt.Sprintf(lineUp, rows)
}

// erase takes the lines off the screen.
func (a *progressArea) erase() string {
	back := a.back()
	if back != "" {
		back += clearBelow
	}
	a.shown, a.last = nil, ""
	return back
}

// send writes to the terminal. There is nobody to tell of an error.
func (a *progressArea) send(text string) {
	if text != "" {
		_, _ = io.WriteString(a.out, text)
	}
}

// render gives the lines, each at most width columns, and how many columns each
// has. Of more than height lines the last are counted only.
func (a *progressArea) render(width, height int) (string, []int) {
	lines, more := a.lines, 0
	if height > 1 && len(lines) > height {
		lines, more = lines[:height-1], len(lines)-height+1
	}
	names := 0
	for _, p := range lines {
		names = max(names, runewidth.StringWidth(p.name))
	}
	var b strings.Builder
	var columns []int
	for _, p := range lines {
		line, wide := p.render(min(names, width/2), width, a.now())
		b.WriteString(line + clearToEdge + "\n")
		columns = append(columns, wide)
	}
	if more > 0 {
		line := runewidth.Truncate(lines[0].io.T("  and %d more", more), width, "")
		b.WriteString(line + clearToEdge + "\n")
		columns = append(columns, runewidth.StringWidth(line))
	}
	return b.String(), columns
}

// render gives the line, at most width columns, with a name of names columns, and
// how many it has. The time is cut last.
func (p *Progress) render(names, width int, now time.Time) (string, int) {
	mark, took := p.mark, p.took
	if mark == "" {
		took = now.Sub(p.began)
		mark = string(`|/-\`[took/progressTick%4])
	}
	const markWidth = 2 // as wide as a terminal may show the sign
	elapsed := "  " + Elapsed(took)
	name := runewidth.FillRight(runewidth.Truncate(p.name, names, "…"), names)
	text := ""
	if room := width - markWidth - 1 - names - 2 - len(elapsed); room > 0 && p.text != "" {
		text = "  " + runewidth.Truncate(oneLine(p.text), room, "…")
	}
	plain := runewidth.Truncate(name+text+elapsed, max(0, width-markWidth-1), "")
	columns := markWidth + 1 + runewidth.StringWidth(plain)
	if plain != name+text+elapsed {
		return mark + " " + plain, columns
	}
	return mark + " " + p.io.Cyan(name) + text + p.io.Dim(elapsed), columns
}

// oneLine shows a text without what moves the cursor.
func oneLine(text string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return ' '
		}
		return c
	}, text)
}

// Elapsed shows how long something goes on: 3.2s, 1m05s.
func Elapsed(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
}

// aboveWriter writes above the lines that change.
type aboveWriter struct {
	area *progressArea
	to   io.Writer
}

// Write writes whole lines; of one that hasn't ended the rest waits for its end,
// if lines are being shown.
func (w *aboveWriter) Write(data []byte) (int, error) {
	a := w.area
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.lines) == 0 {
		return w.to.Write(data)
	}
	text := append(a.held[w.to], data...)
	end := strings.LastIndexByte(string(text), '\n') + 1
	if a.held == nil {
		a.held = map[io.Writer][]byte{}
	}
	a.held[w.to] = append([]byte(nil), text[end:]...)
	if len(a.held[w.to]) == 0 {
		delete(a.held, w.to)
	}
	if end == 0 {
		return len(data), nil
	}
	shown := len(a.shown) > 0
	a.send(a.erase())
	_, err := w.to.Write(text[:end])
	if shown {
		a.draw()
	}
	return len(data), err
}
