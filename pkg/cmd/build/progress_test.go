package buildcmd

import (
	"context"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"s/pkg/build"
	"s/pkg/iostreams/screentest"
)

// terminal is what is written to a terminal of 80 columns.
type terminal struct {
	t  *testing.T
	mu sync.Mutex
	b  strings.Builder
}

func (s *terminal) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

// shows is what is on the screen.
func (s *terminal) shows() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, err := screentest.Show(80, s.b.String())
	if err != nil {
		s.t.Error(err)
	}
	return text
}

// watched is a builder whose build of a ends once the terminal shows what became
// of b.
type watched struct {
	*gated
	show   func()
	screen *terminal
	seen   string
}

func (b *watched) Make(ctx context.Context, job *build.Job) error {
	if job.Name != "a" {
		return b.gated.Make(ctx, job)
	}
	for ctx.Err() == nil && !strings.ContainsAny(b.seen, "✔✖") {
		runtime.Gosched()
		b.show()
		b.seen = b.screen.shows()
	}
	return b.gated.Make(ctx, job)
}

// TestProgress: while a is built, b's line tells what became of it; in the end
// there is what is shown without such lines, but the announcements.
func TestProgress(t *testing.T) {
	t.Parallel()
	afterSeconds := regexp.MustCompile("T +") // they take more or less room
	for _, tc := range []struct{ failing, during, end string }{
		{"", "| a  looking into the cache  0.0s\n✔ b  built  0.0s", `==> a
a: built with Python 3.10.4, T
==> b
b: built with Python 3.10.4, T

✔ a  built  T
✔ b  built  T`},
		{"b", "| a  looking into the cache  0.0s\n✖ b  failed  0.0s", `==> a
a: built with Python 3.10.4, T
==> b
  | no
error: build b: make it: exit status 1
hint: cat .s/logs/build-b.log

✔ a  built   T
✖ b  failed  T build b: make it: exit status 1`},
	} {
		g := &gated{script: script{tool: py("3.10.4", true)}, failing: tc.failing}
		w := sameCode(t, g, "a", "b")
		w.Parallel = 2
		screen := &terminal{t: t}
		w.IO.ErrOut = screen
		b := &watched{gated: g, screen: screen, show: w.IO.SetProgress(func() time.Time { return time.Unix(1e9, 0) })}
		w.Builders = build.Builders{b}
		if err := RunBuild(t.Context(), w.Options); (err != nil) != (tc.failing != "") {
			t.Error(err)
		}
		// Which of them began first is chance.
		lines := strings.Split(strings.TrimPrefix(b.seen, "==> a\n"), "\n")
		slices.Sort(lines)
		if got := strings.Join(lines, "\n"); got != tc.during {
			t.Errorf("while it built:\n%s\nwant\n%s", got, tc.during)
		}
		if got := afterSeconds.ReplaceAllString(seconds.ReplaceAllString(screen.shows(), "T"), "T "); got != tc.end {
			t.Errorf("in the end:\n%s\nwant\n%s", got, tc.end)
		}
	}
}
