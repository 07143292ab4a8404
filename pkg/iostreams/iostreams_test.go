package iostreams

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
)

func env(values map[string]string) func(string) string {
	return func(key string) string { return values[key] }
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	cases := []struct {
		env  map[string]string
		want string
	}{
		{nil, "en"},
		{map[string]string{"LANG": "zh_CN.UTF-8"}, "zh"},
		{map[string]string{"LANG": "C.UTF-8"}, "en"},
		{map[string]string{"LC_ALL": "en_US.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"},
		{map[string]string{"LC_ALL": "ZH_TW", "LANG": "C"}, "zh"},
		{map[string]string{"LC_MESSAGES": "zh_CN", "LANG": "de_DE"}, "zh"},
	}
	for _, c := range cases {
		if got := System(env(c.env)).Lang(); got != c.want {
			t.Errorf("%v: got %s, want %s", c.env, got, c.want)
		}
	}
}

func TestColour(t *testing.T) {
	t.Parallel()
	s, _, _, _ := Test()
	paints := []func(string) string{s.Bold, s.Dim, s.Red, s.Green, s.Yellow, s.Cyan, s.Magenta}
	for i, paint := range paints {
		s.SetColorEnabled(false)
		if got := paint("x"); got != "x" {
			t.Errorf("%d, off: got %q", i, got)
		}
		s.SetColorEnabled(true)
		got := paint("x")
		if len(got) <= len("x"+reset) || got[len(got)-len("x"+reset):] != "x"+reset {
			t.Errorf("%d, on: got %q", i, got)
		}
		if got := paint(""); got != "" {
			t.Errorf("%d, nothing: got %q", i, got)
		}
	}
	if !s.ColorEnabled() {
		t.Error("colour is said to be off")
	}
}

// A stream that isn't a terminal gets no colour, whatever the environment says.
func TestSystemWithoutTerminal(t *testing.T) {
	t.Parallel()
	s := System(env(nil))
	if s.IsStderrTTY() != isTerminal(os.Stderr) || (s.ColorEnabled() && !s.IsStderrTTY()) {
		t.Errorf("stderr TTY %v, colour %v", s.IsStderrTTY(), s.ColorEnabled())
	}
	for _, values := range []map[string]string{{"NO_COLOR": "1"}, {"TERM": "dumb"}} {
		if System(env(values)).ColorEnabled() {
			t.Errorf("%v: colour is on", values)
		}
	}
}

func TestCanPrompt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, out, errOut, want bool }{
		{true, true, true, true}, {true, false, true, true}, {false, true, true, false}, {true, true, false, false},
	} {
		s, _, _, _ := Test()
		s.SetTTY(c.in, c.out, c.errOut)
		if got := s.CanPrompt(); got != c.want {
			t.Errorf("%+v: got %v", c, got)
		}
		if s.IsStdinTTY() != c.in || s.IsStdoutTTY() != c.out || s.IsStderrTTY() != c.errOut {
			t.Errorf("%+v isn't told", c)
		}
	}
}

func TestWidth(t *testing.T) {
	t.Parallel()
	s, _, _, _ := Test()
	if got := s.Width(); got != DefaultWidth {
		t.Errorf("of a buffer: got %d", got)
	}
	if got := (&IOStreams{ErrOut: &bytes.Buffer{}}).Width(); got != DefaultWidth {
		t.Errorf("unknown: got %d", got)
	}
}

func TestSetPrompter(t *testing.T) {
	t.Parallel()
	s, _, _, _ := Test()
	mine := &surveyPrompter{}
	s.SetPrompter(mine)
	if s.Prompter() != Prompter(mine) {
		t.Error("another prompter than the one that was set")
	}
}

func TestMessages(t *testing.T) {
	t.Parallel()
	s, _, out, errOut := Test()
	s.Errf("%d files, 100%%", 3)
	if errOut.String() != "3 files, 100%\n" || out.Len() > 0 {
		t.Errorf("stderr %q, stdout %q", errOut, out)
	}
	if got := s.T("100%"); got != "100%" {
		t.Errorf("without arguments: got %q", got)
	}
	s.SetLang("zh")
	if got := s.T("interrupted"); got != "已中断" {
		t.Errorf("in Chinese: got %q", got)
	}
	if got := s.T("no entry for %s", "this"); got != "no entry for this" {
		t.Errorf("without an entry: got %q", got)
	}
}

func TestWith(t *testing.T) {
	t.Parallel()
	s, in, out, errOut := Test()
	s.SetTTY(true, true, true)
	s.SetLang("zh")
	s.SetColorEnabled(true)
	in.WriteString("typed")
	var own, ownErr bytes.Buffer
	with := s.With(&own, &ownErr)
	fmt.Fprint(with.Out, "data")
	with.Errf("failed")
	if own.String() != "data" || ownErr.String() != "失败\n" || out.Len()+errOut.Len() > 0 {
		t.Errorf("%q %q, and elsewhere %q %q", &own, &ownErr, out, errOut)
	}
	if read, err := io.ReadAll(with.In); err != nil || len(read) > 0 || in.Len() == 0 {
		t.Errorf("it reads what was typed: %q %v", read, err)
	}
	if with.CanPrompt() || !s.CanPrompt() || !with.IsStdoutTTY() || !with.ColorEnabled() || with.Width() != s.Width() {
		t.Errorf("%+v", with)
	}
}

// TestSilence: data and errors are all that is left.
func TestSilence(t *testing.T) {
	t.Parallel()
	io, _, out, errOut := Test()
	io.SetTTY(true, true, true)
	io.Silence()
	io.Silence()
	io.Errf("what goes on")
	own := io.With(io.Out, io.ErrOut)
	own.Errf("and there")
	for _, s := range []*IOStreams{io, own} {
		if _, err := s.Loud().Write([]byte("wrong\n")); err != nil {
			t.Fatal(err)
		}
	}
	if errOut.String() != "wrong\nwrong\n" || io.CanPrompt() {
		t.Errorf("%q, asks: %v", errOut, io.CanPrompt())
	}
	var file strings.Builder
	io.Redirect(&file)
	if _, err := io.Out.Write([]byte("data")); err != nil || file.String() != "data" || out.Len() > 0 || io.IsStdoutTTY() {
		t.Errorf("%v, %q, %q", err, file.String(), out)
	}
	loud, _, _, errOut := Test()
	if loud.Loud() != loud.ErrOut || errOut.Len() > 0 {
		t.Error("without silence they go elsewhere")
	}
}
