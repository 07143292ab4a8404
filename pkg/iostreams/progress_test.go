package iostreams

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"

	"s/pkg/iostreams/screentest"
)

// progress is streams on a terminal whose clock and redraws are the test's.
type progress struct {
	*IOStreams
	t    *testing.T
	err  *bytes.Buffer
	now  time.Time
	show func()
}

func newProgress(t *testing.T) *progress {
	t.Helper()
	s, _, _, errOut := Test()
	s.SetTTY(true, false, true)
	p := &progress{IOStreams: s, t: t, err: errOut, now: time.Unix(1e9, 0)}
	p.show = s.SetProgress(func() time.Time { return p.now })
	return p
}

// sees fails unless the terminal, some time later, shows these lines.
func (p *progress) sees(after time.Duration, want ...string) {
	p.t.Helper()
	p.now = p.now.Add(after)
	p.show()
	got, err := screentest.Show(p.Width(), p.err.String())
	if err != nil || got != strings.Join(want, "\n") {
		p.t.Errorf("%v; the terminal shows\n%s\nwant\n%s", err, got, strings.Join(want, "\n"))
	}
}

func TestProgressLines(t *testing.T) {
	t.Parallel()
	p := newProgress(t)
	above := p.Above()
	fmt.Fprintln(above.ErrOut, "before")
	p.sees(0, "before")
	api := p.Progress("api")
	api.Say("installing dependencies (pip)")
	p.sees(1200*time.Millisecond, "before", "| api  installing dependencies (pip)  1.2s")
	web := p.Progress("worker")
	p.sees(62*time.Second, "before", `| api     installing dependencies (pip)  1m03s`, `| worker  1m02s`)
	fmt.Fprint(above.ErrOut, "said\nand half ")
	p.sees(0, "before", "said", `| api     installing dependencies (pip)  1m03s`, `| worker  1m02s`)
	fmt.Fprint(above.ErrOut, "a line\n")
	api.Say("copying\nthe code")
	p.sees(100*time.Millisecond, "before", "said", "and half a line", `/ api     copying the code  1m03s`, `/ worker  1m02s`)
	fmt.Fprint(above.ErrOut, "never ended")
	api.End(true, "built")
	p.sees(0, "before", "said", "and half a line", `/ worker  1m02s`)
	web.End(false, "failed")
	p.sees(0, "before", "said", "and half a line", "never ended")
}

// TestProgressIsKept: what ended stays until it is told above.
func TestProgressIsKept(t *testing.T) {
	t.Parallel()
	p := newProgress(t)
	own := p.Above().With(p.Out, &bytes.Buffer{})
	own.KeepProgress()
	line := own.Progress("api")
	other := own.Progress("web")
	p.now = p.now.Add(3 * time.Second)
	line.End(true, "from the cache")
	other.End(false, "failed")
	p.sees(time.Hour, "✔ api  from the cache  3.0s", "✖ web  failed  3.0s")
	own.DropProgress()
	p.sees(0)
	own.DropProgress()
	if p.err.String() == "" {
		t.Error("nothing was ever shown")
	}
}

func TestProgressIsCutToTheTerminal(t *testing.T) {
	t.Parallel()
	names := []string{"api", strings.Repeat("name", 10), "中文名字的函数"}
	for _, lang := range []string{"en", "zh"} {
		for width := 1; width < 120; width += 1 + width/8 {
			for _, color := range []bool{false, true} {
				p := newProgress(t)
				p.width = width
				p.SetLang(lang)
				p.SetColorEnabled(color)
				for _, name := range names {
					p.Progress(name).Say(strings.Repeat("正在安装依赖 installing ", 6))
				}
				p.show()
				got, err := screentest.Show(1000, p.err.String())
				if err != nil || strings.Count(got, "\n") > 2 {
					t.Errorf("%d columns: %v, %q", width, err, got)
				}
				for line := range strings.Lines(got) {
					if n := runewidth.StringWidth(strings.TrimRight(line, "\n")); n > max(width-1, 3) {
						t.Errorf("%d columns: a line of %d: %q", width, n, line)
					}
				}
			}
		}
	}
}

func TestProgressOfMany(t *testing.T) {
	t.Parallel()
	p := newProgress(t)
	var lines []*Progress
	for i := range 40 {
		lines = append(lines, p.Progress(fmt.Sprintf("f%02d", i)))
	}
	p.show()
	got, err := screentest.Show(80, p.err.String())
	if err != nil || strings.Count(got, "\n") != defaultHeight-2 || !strings.HasSuffix(got, "\n  and 18 more") {
		t.Errorf("%v, %s", err, got)
	}
	for _, line := range lines {
		line.End(true, "")
	}
	p.sees(0)
}

// TestProgressOnASmallerTerminal: lines that were broken by making the terminal
// narrower are erased whole.
func TestProgressOnASmallerTerminal(t *testing.T) {
	t.Parallel()
	p := newProgress(t)
	p.Progress("api").Say(strings.Repeat("x", 100))
	p.show()
	p.width = 30
	p.err.Reset()
	p.sees(time.Second, "- api  xxxxxxxxxxxxxx…  1.0s")
	if !strings.HasPrefix(p.err.String(), "\r\x1b[3A") { // 79 columns in rows of 30
		t.Errorf("%q", p.err)
	}
}

// TestProgressMakesRoom: while a question is asked nothing moves.
func TestProgressMakesRoom(t *testing.T) {
	t.Parallel()
	p := newProgress(t)
	line := p.Progress("api")
	p.sees(0, "| api  0.0s")
	resume := p.area.pause()
	fmt.Fprint(p.ErrOut, "Really? ")
	p.sees(time.Second, "Really?")
	fmt.Fprintln(p.ErrOut, "yes")
	resume()
	p.sees(time.Second, "Really? yes", "| api  2.0s")
	line.End(true, "")
	p.sees(0, "Really? yes")
	(*progressArea)(nil).pause()() // where there is no progress
}

// TestDebugAboveProgress: lines of --debug, and data on the same terminal, go above.
func TestDebugAboveProgress(t *testing.T) {
	t.Parallel()
	p := newProgress(t)
	p.Out = p.err
	p.SetTTY(true, true, true)
	p.StartDebug(time.Now())
	defer p.Progress("api").End(true, "")
	p.show()
	p.Debug().Linef("x", "a line")
	fmt.Fprintln(p.Above().Out, "data")
	got, err := screentest.Show(80, p.err.String())
	lines := strings.Split(got, "\n")
	if err != nil || len(lines) != 3 || !strings.HasSuffix(lines[0], "x: a line") || lines[1] != "data" || lines[2] != "| api  0.0s" {
		t.Errorf("%v, %q", err, lines)
	}
}

func TestNoProgressWithoutTerminal(t *testing.T) {
	t.Parallel()
	s, _, _, errOut := Test()
	line := s.Progress("api")
	line.Say("x")
	line.End(true, "y")
	s.DropProgress()
	s.KeepProgress()
	s.DropProgress()
	if s.Above() != s || s.ShowsProgress() || line != nil || errOut.Len() > 0 {
		t.Errorf("%v %q", line, errOut)
	}
	for _, values := range []map[string]string{nil, {"CI": "true"}, {"TERM": "dumb"}} {
		if s := System(env(values)); s.ShowsProgress() && (values != nil || !s.IsStderrTTY()) {
			t.Errorf("%v: progress is shown", values)
		}
	}
}

// TestProgressOfManyAtOnce is for the race detector: lines come, change and go
// while others write and the clock draws.
func TestProgressOfManyAtOnce(t *testing.T) {
	t.Parallel()
	s, _, _, errOut := Test()
	s.SetProgress(time.Now)
	s.area.manual = false
	above := s.Above()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for k := range 50 {
				line := above.Progress(fmt.Sprint(i))
				line.Say("works")
				s.area.show()
				fmt.Fprintf(above.ErrOut, "%d %d\n", i, k)
				line.End(true, "")
			}
		})
	}
	wg.Wait()
	got, err := screentest.Show(80, errOut.String())
	if err != nil || strings.Count(got, "\n") != 8*50-1 || strings.Contains(got, "works") {
		t.Errorf("%v; %d lines", err, strings.Count(got, "\n"))
	}
}
