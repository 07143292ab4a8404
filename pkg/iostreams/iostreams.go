// Package iostreams is the only way commands reach the terminal: stdin, stdout
// for data, stderr for everything else, and what is known about them (TTY,
// width, colour, language). Of ours it imports the debug log alone.
package iostreams

import (
	"bytes"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"s/pkg/debug"
)

// IOStreams bundles the three streams and the facts about them.
type IOStreams struct {
	In     io.Reader
	Out    io.Writer // data only
	ErrOut io.Writer // everything else

	stdinTTY, stdoutTTY, stderrTTY bool
	color                          bool
	width                          int
	lang                           string

	loud io.Writer // see Silence; nil is ErrOut

	debug       *debug.Log
	prompter    Prompter
	promptsDone <-chan struct{} // see StopPromptsOn

	area  *progressArea // nil shows no progress
	above bool          // what is written goes above it
	kept  *[]*Progress  // see KeepProgress
}

// DefaultWidth is the width in columns where the terminal doesn't tell its own.
const DefaultWidth = 80

// defaultHeight is the height in lines of such a terminal.
const defaultHeight = 24

// System gives the process's own streams. getenv reads NO_COLOR, TERM, CI, LC_ALL,
// LC_MESSAGES and LANG.
func System(getenv func(string) string) *IOStreams {
	s := &IOStreams{
		In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr,
		stdinTTY:  isTerminal(os.Stdin),
		stdoutTTY: isTerminal(os.Stdout),
		stderrTTY: isTerminal(os.Stderr),
		lang:      language(getenv),
	}
	s.color = s.stderrTTY && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"
	if s.stderrTTY && getenv("TERM") != "dumb" && getenv("CI") == "" {
		s.area = &progressArea{out: os.Stderr, size: s.size, now: time.Now}
	}
	return s
}

// Test gives streams over buffers, no TTY, no colour, 80 columns, English.
func Test() (s *IOStreams, in, out, errOut *bytes.Buffer) {
	in, out, errOut = &bytes.Buffer{}, &bytes.Buffer{}, &bytes.Buffer{}
	return &IOStreams{In: in, Out: out, ErrOut: errOut, width: DefaultWidth, lang: "en"}, in, out, errOut
}

// With gives streams like s that write elsewhere and have nobody to ask.
func (s *IOStreams) With(out, errOut io.Writer) *IOStreams {
	with := *s
	with.In, with.Out, with.ErrOut = strings.NewReader(""), out, errOut
	with.width = s.Width()
	with.stdinTTY, with.prompter = false, nil
	return &with
}

func isTerminal(f *os.File) bool {
	return term.IsTerminal(int(f.Fd()))
}

func language(getenv func(string) string) string {
	for _, key := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := getenv(key); v != "" {
			if strings.HasPrefix(strings.ToLower(v), "zh") {
				return "zh"
			}
			return "en"
		}
	}
	return "en"
}

// StartDebug makes Debug give a log that is on, on stderr, faint where colour
// is on. start is when the elapsed time of its lines begins.
func (s *IOStreams) StartDebug(start time.Time) {
	s.debug = debug.New(debug.Options{Out: s.Above().ErrOut, Paint: s.Dim, Start: start})
}

// Debug is the log of --debug; nil, which is off, without it.
func (s *IOStreams) Debug() *debug.Log {
	if s == nil {
		return nil
	}
	return s.debug
}

// IsStdinTTY reports whether a person can answer questions.
func (s *IOStreams) IsStdinTTY() bool { return s.stdinTTY }

// IsStdoutTTY reports whether data is read by a person.
func (s *IOStreams) IsStdoutTTY() bool { return s.stdoutTTY }

// IsStderrTTY reports whether progress is seen by a person.
func (s *IOStreams) IsStderrTTY() bool { return s.stderrTTY }

// SetTTY overrides what is known about the three streams; for tests.
func (s *IOStreams) SetTTY(in, out, errOut bool) {
	s.stdinTTY, s.stdoutTTY, s.stderrTTY = in, out, errOut
}

// ColumnsOf is how wide a terminal is that is written to; 0 if w is none.
func ColumnsOf(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !isTerminal(f) {
		return 0
	}
	if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
		return columns
	}
	return DefaultWidth
}

// Silence drops all that isn't data, but for what is written to Loud. Nobody can be
// asked any more: they wouldn't see what for.
func (s *IOStreams) Silence() {
	if s.loud == nil {
		s.loud, s.ErrOut = s.ErrOut, io.Discard
	}
	s.area, s.stdinTTY, s.prompter = nil, false, nil
}

// Redirect makes data go to a file, which is no terminal.
func (s *IOStreams) Redirect(to io.Writer) { s.Out, s.stdoutTTY = to, false }

// Loud is where errors go: ErrOut, silenced or not.
func (s *IOStreams) Loud() io.Writer {
	if s.loud != nil {
		return s.loud
	}
	return s.ErrOut
}

// CanPrompt reports whether a question may be asked: stdin and stderr are TTYs.
func (s *IOStreams) CanPrompt() bool { return s.stdinTTY && s.stderrTTY }

// ColorEnabled reports whether escape sequences may be written.
func (s *IOStreams) ColorEnabled() bool { return s.color }

// SetColorEnabled switches colour, as --no-color does.
func (s *IOStreams) SetColorEnabled(on bool) { s.color = on }

// Lang is "zh" or "en".
func (s *IOStreams) Lang() string { return s.lang }

// SetLang overrides the language; for tests.
func (s *IOStreams) SetLang(lang string) { s.lang = lang }

// SetProgress makes streams show progress on a terminal of 80 columns, drawn when
// show is called; for tests.
func (s *IOStreams) SetProgress(now func() time.Time) (show func()) {
	s.area = &progressArea{out: s.ErrOut, size: s.size, now: now, manual: true}
	return s.area.show
}

// Width is the terminal's width in columns.
func (s *IOStreams) Width() int {
	width, _ := s.size()
	return width
}

// size is the terminal's, in columns and lines.
func (s *IOStreams) size() (width, height int) {
	if s.width > 0 {
		return s.width, defaultHeight
	}
	if f, ok := s.ErrOut.(*os.File); ok {
		if w, h, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			return w, h
		}
	}
	return DefaultWidth, defaultHeight
}
