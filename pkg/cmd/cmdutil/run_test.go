package cmdutil

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"s/pkg/iostreams"
	"s/pkg/spec"
)

// TestSectionsDoNotInterleave: three take turns at printing, a line each, on both
// streams; each one's lines are shown together.
func TestSectionsDoNotInterleave(t *testing.T) {
	t.Parallel()
	const lines = 20
	streams, _, out, errOut := iostreams.Test()
	s := NewSections(streams, "==> 0", "", "==> 2")
	turns := []chan bool{make(chan bool, 1), make(chan bool, 1), make(chan bool, 1)}
	turns[0] <- true
	Parallel(0, 3, func(i int) {
		own := s.IO(i)
		for n := range lines {
			<-turns[i]
			own.Errf("%d-%d", i, n)
			fmt.Fprintf(own.Out, "%d-%d\n", i, n)
			turns[(i+1)%3] <- true
		}
		s.Done(i)
	})
	var want, wantErr strings.Builder
	for i := range 3 {
		if i != 1 {
			fmt.Fprintf(&wantErr, "==> %d\n", i)
		}
		for n := range lines {
			fmt.Fprintf(&want, "%d-%d\n", i, n)
			fmt.Fprintf(&wantErr, "%d-%d\n", i, n)
		}
	}
	if out.String() != want.String() || errOut.String() != wantErr.String() || s.Err() != nil {
		t.Errorf("stdout\n%s\nstderr\n%s\n%v", out, errOut, s.Err())
	}
}

// TestSectionsShowTheFirstAtOnce: what it prints isn't kept until the end, and the
// next one goes on where what was kept ends.
func TestSectionsShowTheFirstAtOnce(t *testing.T) {
	t.Parallel()
	streams, _, out, errOut := iostreams.Test()
	streams.ErrOut = out // to see the order of both
	s := NewSections(streams, "a", "b", "c", "d")
	first, second, third := s.IO(0), s.IO(1), s.IO(2)
	steps := []struct {
		do   func()
		want string
	}{
		{func() { first.Errf("1") }, "a\n1\n"},
		{func() { second.Errf("2"); fmt.Fprint(second.Out, "data\n"); second.Errf("3") }, "a\n1\n"},
		{func() { first.Errf("4") }, "a\n1\n4\n"},
		{func() { s.Done(2) }, "a\n1\n4\n"},
		{func() { s.Done(0) }, "a\n1\n4\nb\n2\ndata\n3\n"},
		{func() { second.Errf("5") }, "a\n1\n4\nb\n2\ndata\n3\n5\n"},
		{func() { s.Done(1); s.Done(3) }, "a\n1\n4\nb\n2\ndata\n3\n5\n"}, // neither c nor d said anything
	}
	for i, step := range steps {
		step.do()
		if out.String() != step.want {
			t.Fatalf("after step %d: %q, want %q", i, out, step.want)
		}
	}
	if third.CanPrompt() || errOut.Len() > 0 {
		t.Error("a section can ask")
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestSectionsTellWhatWasNotWritten(t *testing.T) {
	t.Parallel()
	streams, _, _, _ := iostreams.Test()
	streams.Out = brokenWriter{}
	s := NewSections(streams, "", "")
	if _, err := fmt.Fprint(s.IO(1).Out, "x"); err != nil || s.Err() != nil {
		t.Errorf("%v %v", err, s.Err())
	}
	if _, err := fmt.Fprint(s.IO(0).Out, "x"); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("%v", err)
	}
	s.Done(0)
	if !errors.Is(s.Err(), io.ErrClosedPipe) {
		t.Errorf("%v", s.Err())
	}
}

// TestParallel: as many steps as are allowed run at the same time, and no more.
func TestParallel(t *testing.T) {
	t.Parallel()
	Parallel(3, 0, func(int) { t.Error("a step of none") })
	for _, allowed := range []int{1, 2, 5, 9, 0} {
		const n = 5
		together := allowed
		if allowed == 0 || allowed > n {
			together = n
		}
		places, arrived := make(chan struct{}, together), make(chan struct{}, n)
		full := make(chan struct{})
		go func() {
			for range together {
				<-arrived
			}
			close(full) // all that may run do, at once
		}()
		var sum atomic.Int64
		Parallel(allowed, n, func(i int) {
			select {
			case places <- struct{}{}:
			default:
				t.Errorf("more than %d at a time", together)
				return
			}
			arrived <- struct{}{}
			<-full
			sum.Add(int64(i))
			<-places
		})
		if sum.Load() != 0+1+2+3+4 {
			t.Errorf("%d allowed: sum %d", allowed, sum.Load())
		}
	}
}

func done(any) string { return "done" }

// step fails for names that begin with bad; continue makes that no obstacle.
func step(_ context.Context, io *iostreams.IOStreams, r *spec.Resource) (any, error) {
	io.Errf("doing %s", r.Name)
	switch {
	case strings.HasPrefix(r.Name, "badcloud"):
		return nil, WithHint(ExitCloud, errors.New("refused, hush\nand more"), "wait, hush")
	case strings.HasPrefix(r.Name, "badfn"):
		return "answer", &Error{Err: errors.New("Unhandled"), Code: ExitFunction, Quiet: true}
	case strings.HasPrefix(r.Name, "bad"):
		return nil, errors.New("broken")
	}
	return r.Name + "!", nil
}

var took = regexp.MustCompile(` (\d+(\.\d+)?m?s|T)\b`)

func TestRun(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, graph, proceed string
		code                 int
		values, want         string
	}{
		{
			"all well", "a b", "", ExitOK, "[{a a!} {b b!}]",
			"==> a\ndoing a\n==> b\ndoing b\n\n✔ a  done  T\n✔ b  done  T\n",
		},
		{
			"dependents of a failure", "x y:x,bad z:y bad ok:x", "", ExitFailed, "[{x x!} {ok ok!}]",
			"==> x\ndoing x\n==> bad\ndoing bad\nerror: broken\n==> ok\ndoing ok\n\n" +
				"✔ x    done       T\n✖ bad  failed     T  broken\n- y    not tried     bad failed\n✔ ok   done       T\n- z    not tried     y failed\n",
		},
		{
			"it may fail", "bad y:bad", "bad", ExitFailed, "[{y y!}]",
			"==> bad\ndoing bad\nerror: broken\n==> y\ndoing y\n\n✖ bad  failed  T  broken\n✔ y    done    T\n",
		},
		{
			"the worst counts", "bad badcloud badfn a", "", ExitFunction, "[{badfn answer} {a a!}]",
			"==> bad\ndoing bad\nerror: broken\n==> badcloud\ndoing badcloud\nerror: refused, ***\nand more\nhint: wait, ***\n" +
				"==> badfn\ndoing badfn\n==> a\ndoing a\n\n" +
				"✖ bad       failed  T  broken\n✖ badcloud  failed  T  refused, ***\n✖ badfn     failed  T  Unhandled\n✔ a         done    T\n",
		},
	} {
		streams, _, _, errOut := iostreams.Test()
		p := graph(c.graph)
		p.Secrets = []string{"hush"}
		if c.proceed != "" {
			p.Find(c.proceed).ContinueOnError = true
		}
		groups, err := Order(p, p.Resources, false)
		if err != nil {
			t.Fatal(err)
		}
		run := &Run{IO: streams, Project: p, Done: done, Step: func(ctx context.Context, io *iostreams.IOStreams, r *spec.Resource) (any, error) {
			return step(ctx, io, r)
		}}
		values, err := run.Groups(context.Background(), groups)
		if CodeOf(err) != c.code || fmt.Sprint(values) != c.values {
			t.Errorf("%s: code %d, %v", c.name, CodeOf(err), values)
		}
		if got := columns(errOut.String()); got != columns(c.want) {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, columns(c.want))
		}
		var known *Error
		if err != nil && (!errors.As(err, &known) || !known.Quiet) {
			t.Errorf("%s: %v would be shown twice", c.name, err)
		}
	}
}

// columns leaves out times and the width of columns.
func columns(text string) string {
	text = took.ReplaceAllString(text, "")
	text = regexp.MustCompile(` +`).ReplaceAllString(text, " ")
	return strings.ReplaceAll(text, " \n", "\n")
}

func TestRunOfOne(t *testing.T) {
	t.Parallel()
	streams, _, _, errOut := iostreams.Test()
	p := graph("badfn bad")
	run := &Run{IO: streams, Project: p, Done: done, Step: func(ctx context.Context, io *iostreams.IOStreams, r *spec.Resource) (any, error) {
		if io != streams {
			t.Error("it doesn't get the streams themselves")
		}
		return step(ctx, io, r)
	}}
	values, err := run.Groups(context.Background(), [][]string{{"bad"}})
	if err == nil || err.Error() != "broken" || len(values) != 0 || errOut.String() != "doing bad\n" {
		t.Errorf("%v %v %q", values, err, errOut)
	}
	values, err = run.Groups(context.Background(), [][]string{{"badfn"}})
	if CodeOf(err) != ExitFunction || fmt.Sprint(values) != "[{badfn answer}]" {
		t.Errorf("%v %v", values, err)
	}
}

func TestRunSilentAndBounded(t *testing.T) {
	t.Parallel()
	streams, _, _, errOut := iostreams.Test()
	p := graph("a b c")
	var order []string
	run := &Run{IO: streams, Project: p, Silent: true, Parallel: 1, Step: func(_ context.Context, _ *iostreams.IOStreams, r *spec.Resource) (any, error) {
		order = append(order, r.Name) // a race, if two ran at the same time
		return nil, nil
	}}
	values, err := run.Groups(context.Background(), [][]string{{"c"}, {"a", "b"}})
	if err != nil || len(values) != 0 || errOut.Len() > 0 || !slices.Equal(order, []string{"c", "a", "b"}) {
		t.Errorf("%v %v %q %v", values, err, errOut, order)
	}
}

func TestRunInterrupted(t *testing.T) {
	t.Parallel()
	streams, _, _, errOut := iostreams.Test()
	ctx, cancel := context.WithCancel(context.Background())
	n := 0
	run := &Run{IO: streams, Project: graph("a b c"), Parallel: 1, Step: func(context.Context, *iostreams.IOStreams, *spec.Resource) (any, error) {
		n++
		cancel()
		return nil, ctx.Err()
	}}
	if _, err := run.Groups(ctx, [][]string{{"a", "b"}, {"c"}}); !errors.Is(err, context.Canceled) || n != 1 || errOut.Len() > 0 {
		t.Errorf("%v, %d ran, %q", err, n, errOut)
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	streams, _, _, errOut := iostreams.Test()
	Summary(streams, []Row{{Name: "a", Text: "done"}})
	if errOut.Len() > 0 {
		t.Errorf("of one: %q", errOut)
	}
	rows := []Row{
		{Name: "short", Text: "done", Took: 1234 * time.Millisecond},
		NotTried(streams, "名字", "x"),
		Failed(streams, "b", "why\nmore", 10*time.Second),
	}
	Summary(streams, rows)
	if want := "\n✔ short  done       1.23s\n- 名字   not tried         x failed\n✖ b      failed     10s    why\n"; errOut.String() != want {
		t.Errorf("got\n%s\nwant\n%s", errOut, want)
	}
	errOut.Reset()
	Summary(streams, []Row{{Name: "a", Text: "done"}, Failed(streams, "b", "x", 0)})
	if want := "\n✔ a  done\n✖ b  failed  x\n"; errOut.String() != want {
		t.Errorf("without times: %q", errOut)
	}
	errOut.Reset()
	streams.SetTTY(true, true, true)
	Summary(streams, []Row{{Name: "a", Text: "done"}, Failed(streams, "b", strings.Repeat("long ", 50), 0)})
	for line := range strings.SplitSeq(errOut.String(), "\n") {
		if len([]rune(line)) > iostreams.DefaultWidth {
			t.Errorf("too wide: %q", line)
		}
	}
}

func TestCheckParallel(t *testing.T) {
	t.Parallel()
	for n, ok := range map[int]bool{-1: false, 0: true, 7: true} {
		if err := CheckParallel(n); (err == nil) != ok || CodeOf(err) != ExitUsage && !ok {
			t.Errorf("%d: %v", n, err)
		}
	}
}
