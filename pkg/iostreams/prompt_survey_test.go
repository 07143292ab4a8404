//go:build unix

package iostreams

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
)

// screen is a person's terminal: it collects what is shown, answers queries for
// the cursor's position unless it is dumb, and types.
type screen struct {
	t      *testing.T
	master *os.File
	dumb   bool

	mu    sync.Mutex
	shown bytes.Buffer
	asked int // queries answered so far
	news  chan struct{}
}

// newScreen gives streams on a terminal and the other side of it.
func newScreen(t *testing.T, lang string, dumb bool) (*IOStreams, *screen) {
	t.Helper()
	master, terminal, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { terminal.Close(); master.Close() })
	sc := &screen{t: t, master: master, dumb: dumb, news: make(chan struct{}, 1)}
	go sc.watch()
	s, _, _, _ := Test()
	s.In, s.ErrOut = terminal, terminal
	s.SetTTY(true, true, true)
	s.SetLang(lang)
	return s, sc
}

func (sc *screen) watch() {
	buf := make([]byte, 4096)
	for {
		n, err := sc.master.Read(buf)
		if err != nil {
			return
		}
		sc.mu.Lock()
		sc.shown.Write(buf[:n])
		queries := strings.Count(sc.shown.String(), positionQuery)
		for ; sc.asked < queries && !sc.dumb; sc.asked++ {
			sc.master.WriteString("\x1b[5;10R")
		}
		sc.mu.Unlock()
		select {
		case sc.news <- struct{}{}:
		default:
		}
	}
}

func (sc *screen) text() string {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	return sc.shown.String()
}

// await blocks until text is shown.
func (sc *screen) await(text string) {
	timeout := time.After(30 * time.Second)
	for !strings.Contains(sc.text(), text) {
		select {
		case <-sc.news:
		case <-timeout:
			sc.t.Errorf("%q isn't shown; shown is %q", text, sc.text())
			return
		}
	}
}

func (sc *screen) keys(keys string) {
	if _, err := sc.master.WriteString(keys); err != nil {
		sc.t.Error(err)
	}
}

// The tests of this file share survey's package variables (language, colour):
// they don't run in parallel.

func TestInput(t *testing.T) {
	cases := []struct{ name, def, keys, want string }{
		{"typed", "", "hello\r", "hello"},
		{"default", "local", "\r", "local"},
		{"corrected", "", "helx\x7flo\r", "hello"},
		{"chinese", "", "你好\r", "你好"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, sc := newScreen(t, "en", false)
			go func() { sc.await("Name"); sc.keys(c.keys) }()
			got, err := s.Prompter().Input("Name", "", c.def, nil)
			if err != nil || got != c.want {
				t.Errorf("got %q, %v, want %q; shown %q", got, err, c.want, sc.text())
			}
		})
	}
}

func TestInputAsksAgainUntilValid(t *testing.T) {
	s, sc := newScreen(t, "en", false)
	go func() {
		sc.await("Name")
		sc.keys("a b\r")
		sc.await("no spaces please")
		sc.keys("ab\r")
	}()
	got, err := s.Prompter().Input("Name", "", "", func(v string) error {
		if strings.Contains(v, " ") {
			return errors.New("no spaces please")
		}
		return nil
	})
	if err != nil || got != "ab" {
		t.Errorf("got %q, %v; shown %q", got, err, sc.text())
	}
}

func TestSelect(t *testing.T) {
	options := []string{"cn-hangzhou", "cn-shanghai", "us-west-1"}
	cases := []struct {
		name, keys string
		def, want  int
	}{
		{"default", "\r", 1, 1},
		{"arrow", "\x1b[B\r", 0, 1},
		{"filter", "west\r", 0, 2},
		{"no default", "\r", -1, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, sc := newScreen(t, "en", false)
			go func() { sc.await("type to filter"); sc.keys(c.keys) }()
			got, err := s.Prompter().Select("Region", "", options, c.def)
			if err != nil || got != c.want {
				t.Errorf("got %d, %v, want %d; shown %q", got, err, c.want, sc.text())
			}
		})
	}
}

func TestConfirm(t *testing.T) {
	cases := []struct {
		keys      string
		def, want bool
	}{{"y\r", false, true}, {"n\r", true, false}, {"\r", true, true}, {"\r", false, false}}
	for _, c := range cases {
		s, sc := newScreen(t, "en", false)
		go func() { sc.await("Deploy?"); sc.keys(c.keys) }()
		got, err := s.Prompter().Confirm("Deploy?", c.def)
		if err != nil || got != c.want {
			t.Errorf("%q with default %v: got %v, %v", c.keys, c.def, got, err)
		}
	}
}

func TestPasswordIsNotShown(t *testing.T) {
	s, sc := newScreen(t, "en", false)
	go func() { sc.await("Secret"); sc.keys("hunter2\r") }()
	got, err := s.Prompter().Password("Secret")
	if err != nil || got != "hunter2" {
		t.Errorf("got %q, %v", got, err)
	}
	if strings.Contains(sc.text(), "hunter2") {
		t.Errorf("the password is shown: %q", sc.text())
	}
}

func TestInterrupt(t *testing.T) {
	questions := map[string]func(Prompter) error{
		"input":    func(p Prompter) error { _, err := p.Input("Q", "", "", nil); return err },
		"select":   func(p Prompter) error { _, err := p.Select("Q", "", []string{"a", "b"}, 0); return err },
		"confirm":  func(p Prompter) error { _, err := p.Confirm("Q", true); return err },
		"password": func(p Prompter) error { _, err := p.Password("Q"); return err },
	}
	for name, ask := range questions {
		t.Run(name+" by Ctrl-C", func(t *testing.T) {
			s, sc := newScreen(t, "en", false)
			go func() { sc.await("Q"); sc.keys("\x03") }()
			if err := ask(s.Prompter()); !errors.Is(err, ErrInterrupted) {
				t.Errorf("got %v, want ErrInterrupted", err)
			}
		})
		t.Run(name+" by a signal", func(t *testing.T) {
			s, sc := newScreen(t, "en", false)
			done := make(chan struct{})
			s.StopPromptsOn(done)
			go func() { sc.await("Q"); close(done) }()
			if err := ask(s.Prompter()); !errors.Is(err, ErrInterrupted) {
				t.Errorf("got %v, want ErrInterrupted", err)
			}
		})
	}
}

// A terminal that never says where its cursor is must not block the questions,
// and what is typed ahead of them must not be lost.
func TestDumbTerminalAndTypingAhead(t *testing.T) {
	for _, dumb := range []bool{false, true} {
		s, sc := newScreen(t, "en", dumb)
		sc.keys("first\rsecond\rus\r")
		p := s.Prompter()
		for _, want := range []string{"first", "second"} {
			if got, err := p.Input("Name", "", "", nil); err != nil || got != want {
				t.Fatalf("dumb %v: got %q, %v, want %q", dumb, got, err, want)
			}
		}
		if got, err := p.Select("Region", "", []string{"cn", "eu", "us"}, 0); err != nil || got != 2 {
			t.Errorf("dumb %v: got %d, %v, want 2", dumb, got, err)
		}
	}
}

func TestLateReportIsNotTyped(t *testing.T) {
	s, sc := newScreen(t, "en", true)
	p := s.Prompter()
	go func() { sc.await("One"); sc.keys("a\r") }()
	if _, err := p.Input("One", "", "", nil); err != nil {
		t.Fatal(err)
	}
	go func() { sc.await("Two"); sc.keys("\x1b[5;10Rb\r") }()
	if got, err := p.Input("Two", "", "", nil); err != nil || got != "b" {
		t.Errorf("got %q, %v, want b", got, err)
	}
}

func TestChineseQuestion(t *testing.T) {
	s, sc := newScreen(t, "zh", false)
	go func() { sc.await("输入文字筛选"); sc.keys("\r") }()
	if _, err := s.Prompter().Select("地域", "函数运行的地域", []string{"cn-hangzhou"}, 0); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(sc.text(), "arrows") {
		t.Errorf("English words in %q", sc.text())
	}
	s, sc = newScreen(t, "en", false)
	go func() { sc.await("type to filter"); sc.keys("\r") }()
	if _, err := s.Prompter().Select("Region", "", []string{"cn-hangzhou"}, 0); err != nil {
		t.Error(err)
	}
}

func TestQuestionsGoToStderr(t *testing.T) {
	s, sc := newScreen(t, "en", false)
	out, ok := s.Out.(*bytes.Buffer)
	if !ok {
		t.Fatal("stdout isn't a buffer")
	}
	go func() { sc.await("Deploy?"); sc.keys("y\r") }()
	if _, err := s.Prompter().Confirm("Deploy?", true); err != nil {
		t.Fatal(err)
	}
	if out.Len() > 0 {
		t.Errorf("stdout got %q", out)
	}
	if strings.Contains(sc.text(), "\x1b[1;") || strings.Contains(sc.text(), "\x1b[0;") {
		t.Errorf("colour although it is off: %q", sc.text())
	}
}

func TestPrompterWithoutTerminal(t *testing.T) {
	s, _, _, _ := Test()
	if _, err := s.Prompter().Confirm("Deploy?", true); !errors.Is(err, errNoTerminal) {
		t.Errorf("got %v, want %v", err, errNoTerminal)
	}
}
