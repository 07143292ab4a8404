// Package debug tells, a line at a time, what s does: for --debug. A nil *Log
// is one that is off; it tells nothing and costs a comparison. Lines have names,
// places, numbers and no secrets: those that the log knows are hidden in every
// line, and so is what looks like one. They are in English, for a report that
// somebody else reads. The package imports nothing of ours.
package debug

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

// Log writes lines like
//
//	[    12 ms] api: GET fcv3.cn-hangzhou.aliyuncs.com/… → 200, …
//
// It is safe for concurrent use; a line is one write.
type Log struct {
	out   io.Writer
	paint func(string) string
	now   func() time.Time
	start time.Time

	mu      sync.Mutex
	secrets []string // the longest first
}

// Options says where lines go.
type Options struct {
	Out io.Writer
	// Paint colours a line; nil leaves it as it is.
	Paint func(string) string
	// Now is the clock; nil is the system's. Start is when the elapsed time
	// begins; the zero time is now.
	Now   func() time.Time
	Start time.Time
}

// New makes a log that is on.
func New(o Options) *Log {
	l := &Log{out: o.Out, paint: o.Paint, now: o.Now, start: o.Start}
	if l.now == nil {
		l.now = time.Now
	}
	if l.paint == nil {
		l.paint = func(line string) string { return line }
	}
	if l.start.IsZero() {
		l.start = l.now()
	}
	return l
}

// On reports whether lines are wanted, for what is worth computing only then.
func (l *Log) On() bool { return l != nil }

// Hide makes texts show as *** in every line from now on.
func (l *Log) Hide(secrets ...string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range secrets {
		if s != "" && !slices.Contains(l.secrets, s) {
			l.secrets = append(l.secrets, s)
		}
	}
	slices.SortFunc(l.secrets, func(a, b string) int { return len(b) - len(a) })
}

// Linef writes a line about a topic.
func (l *Log) Linef(topic, format string, args ...any) {
	if l == nil {
		return
	}
	text := maskAddresses(l.without(topic + ": " + fmt.Sprintf(format, args...)))
	l.mu.Lock()
	defer l.mu.Unlock()
	line := fmt.Sprintf("[%6d ms] %s", l.now().Sub(l.start).Milliseconds(), oneLine(text))
	_, _ = io.WriteString(l.out, l.paint(line)+"\n") // nowhere else to complain
}

// without is text without the secrets that are known.
func (l *Log) without(text string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.secrets {
		text = strings.ReplaceAll(text, s, Masked)
	}
	return text
}

// oneLine shows what would end a line, or move a terminal's cursor, escaped.
func oneLine(text string) string {
	if !strings.ContainsFunc(text, isControl) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case isControl(r):
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isControl(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }

// Tool tells that a program is started, with what it is given; the function it
// gives tells how the program ended, with the error of running it.
func (l *Log) Tool(argv []string) (ended func(error)) {
	if l == nil {
		return func(error) {}
	}
	start := l.now()
	shown := make([]string, len(argv)) // quoting may hide a secret from Linef
	for i, arg := range argv {
		shown[i] = l.without(arg)
	}
	l.Linef("tool", "started: %s", CommandLine(shown))
	return func(err error) {
		l.Linef("tool", "%s %s after %d ms", program(shown), ending(err), l.now().Sub(start).Milliseconds())
	}
}

// ending says how a program ended.
func ending(err error) string {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return "exited with 0"
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		return fmt.Sprintf("exited with %d", exit.ExitCode())
	case errors.As(err, &exit):
		return "was ended by a " + exit.String()
	}
	return fmt.Sprintf("failed: %v", err)
}

func program(argv []string) string {
	if len(argv) == 0 {
		return "nothing"
	}
	return argv[0]
}
