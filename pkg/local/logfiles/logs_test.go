package logfiles

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func openLogs(t *testing.T, dir string) *Logs {
	t.Helper()
	l, err := open(dir, testBlocks)
	must(t, err)
	return l
}

func lineAt(second int64, topic, message string) Line {
	return Line{Time: time.Unix(second, 5), Topic: topic, Function: "f", Qualifier: "LATEST", InstanceID: "c-1", RequestID: "1-2", Message: message}
}

// messages are those that a query finds, at most so many.
func (l *Logs) messages(t *testing.T, q Query, most int) []string {
	t.Helper()
	var out []string
	must(t, l.Each(t.Context(), q, func(line *Line) bool {
		out = append(out, line.Message)
		return len(out) < most
	}))
	return out
}

func TestOrderAndRange(t *testing.T) {
	dir := t.TempDir()
	l := openLogs(t, dir)
	must(t,
		l.Append("p", "l", []Line{lineAt(3, "a", "third"), lineAt(1, "a", "first"), lineAt(2, "b", "second"), lineAt(3, "a", "fourth")}),
		l.Append("p", "other", []Line{lineAt(1, "a", "elsewhere")}))
	l = openLogs(t, dir)
	must(t, l.Append("p", "l", []Line{lineAt(4, "a", "fifth")}), l.Append("p", "l", nil))
	for _, test := range []struct {
		from, to int64
		topic    string
		reverse  bool
		skip     int
		most     int
		want     string
	}{
		{0, 10, "", false, 0, 9, "first second third fourth fifth"},
		{0, 10, "", true, 0, 9, "fifth fourth third second first"},
		{0, 10, "", true, 2, 2, "third second"},
		{1, 3, "", false, 0, 9, "first second"},
		{3, 4, "", false, 0, 9, "third fourth"},
		{0, 10, "a", false, 0, 2, "first third"},
		{0, 10, "a", false, 1, 2, "third fourth"},
		{0, 10, "none", false, 0, 9, ""},
		{0, 10, "", false, 5, 9, ""},
		{20, 30, "", false, 0, 9, ""},
	} {
		q := Query{Project: "p", Logstore: "l", From: time.Unix(test.from, 0), To: time.Unix(test.to, 0), Topic: test.topic, Reverse: test.reverse, Skip: test.skip}
		if got := strings.Join(l.messages(t, q, test.most), " "); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
	q := Query{Project: "p", Logstore: "l", From: time.Unix(1, 0), To: time.Unix(2, 0)}
	must(t, l.Each(t.Context(), q, func(line *Line) bool {
		if want := lineAt(1, "a", "first"); *line != want {
			t.Errorf("%+v, want %+v", *line, want)
		}
		return true
	}))
	must(t, l.Remove("p", "l"), l.Remove("p", "none"))
	q.To = time.Unix(10, 0)
	if got := l.messages(t, q, 9); got != nil {
		t.Error(got)
	}
	q.Logstore = "other"
	if got := l.messages(t, q, 9); fmt.Sprint(got) != "[elsewhere]" {
		t.Error(got)
	}
	must(t, l.Append("p", "l", []Line{lineAt(4, "a", "again")}))
	q.Logstore = "l"
	if got := l.messages(t, q, 9); fmt.Sprint(got) != "[again]" {
		t.Error(got)
	}
	filepath.WalkDir(dir, func(path string, entry os.DirEntry, _ error) error {
		if info, err := entry.Info(); err != nil || info.Mode().Perm()&0o077 != 0 && path != dir {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
		return nil
	})
}

// Logs of tests have small segments; modelSegment is about how many of a model's lines
// fill one.
const (
	testBlocks   = 12
	modelSegment = testBlocks * blockLines
)

// model has what Logs should have, and finds it the slow way.
type model struct {
	lines   []Line
	inOrder bool
}

func (m *model) find(q Query, words ...string) (out []string) {
	for _, line := range m.lines {
		if line.Time.Before(q.From) || !line.Time.Before(q.To) || q.Topic != "" && line.Topic != q.Topic {
			continue
		}
		if slices.ContainsFunc(words, func(w string) bool { return !HasWord(line.Message, w) && !HasWord(line.RequestID, w) }) {
			continue
		}
		out = append(out, line.Message)
	}
	if q.Reverse {
		slices.Reverse(out)
	}
	return out[min(q.Skip, len(out)):]
}

// fill adds so many lines in batches, some of them late, and sometimes begins anew.
func (m *model) fill(t *testing.T, l *Logs, dice *rand.Rand, lines int) *Logs {
	t.Helper()
	for len(m.lines) < lines {
		var batch []Line
		for range 1 + dice.IntN(600) {
			n := len(m.lines) + len(batch)
			at := time.Unix(1000, int64(n)*1e6+dice.Int64N(2e6))
			if m.inOrder {
				at = time.Unix(1000, int64(n)*1e6)
			} else if dice.IntN(500) == 0 {
				at = at.Add(-time.Duration(dice.IntN(2000)) * time.Millisecond)
			}
			batch = append(batch, Line{
				Time: at, Topic: fmt.Sprint("FCLogs:f", n%3), Function: fmt.Sprint("f", n%3), InstanceID: "c-1", RequestID: fmt.Sprintf("1-%08x-req", n/3),
				Message: fmt.Sprintf("line %d: took=%d Größe %s", n, n%7, strings.Repeat("x", dice.IntN(3)*dice.IntN(300))),
			})
		}
		must(t, l.Append("p", "l", batch))
		m.lines = append(m.lines, batch...)
		if dice.IntN(10) == 0 {
			l = openLogs(t, l.dir)
		}
	}
	slices.SortStableFunc(m.lines, func(x, y Line) int { return x.Time.Compare(y.Time) })
	return l
}

// TestAgainstModel: segments, the growing file and the tail together give what was
// added, in order, for all kinds of queries.
func TestAgainstModel(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	m := &model{}
	l := m.fill(t, openLogs(t, t.TempDir()), dice, modelSegment*9/2)
	b := l.book("p", "l", false)
	must(t, l.within(b, b.load))
	if len(b.segments) == 0 || len(b.blocks) == 0 || len(b.tail) == 0 {
		t.Errorf("%d segments, %d blocks, %d bytes", len(b.segments), len(b.blocks), l.Size())
	}
	n := len(m.lines)
	for _, words := range [][]string{
		nil, nil, nil, nil, {fmt.Sprint(n / 2)}, {"1-00000400-req"}, {"1-0000040*"}, {"größe", fmt.Sprint(n - 5)}, {"took=3"}, {"nowhere"}, {"lin*", "77"},
	} {
		for range 3 {
			from, to := dice.Int64N(int64(n)*1e6), dice.Int64N(int64(n)*1e6)
			q := Query{
				Project: "p", Logstore: "l", From: time.Unix(1000, min(from, to)), To: time.Unix(1000, max(from, to)), Reverse: dice.IntN(2) == 0,
			}
			if words == nil {
				q.Skip = dice.IntN(n / 2)
			}
			if dice.IntN(2) == 0 {
				q.Topic = fmt.Sprint("FCLogs:f", dice.IntN(3))
			}
			check(t, l, m, q, words)
		}
	}
	from, to := time.Unix(998, 0), time.Unix(1000+int64(n)/1000+2, 0)
	for _, piece := range []time.Duration{time.Second, 7 * time.Second, time.Hour} {
		checkCounts(t, l, m, from, to, piece)
		checkCounts(t, l, m, from.Add(3*time.Second), to.Add(-3*time.Second), piece)
	}
}

// check compares what a query gives. What has the words is chosen as a service would.
func check(t *testing.T, l *Logs, m *model, q Query, words []string) {
	t.Helper()
	var filters []*Filter
	for _, w := range words {
		if q.Filter = HasText(w); len(Words(w)) > 1 {
			q.Filter = All(HasText(Words(w)[0]), HasText(Words(w)[1]))
		}
		filters = append(filters, q.Filter)
	}
	q.Filter = All(filters...)
	var got []string
	must(t, l.Each(t.Context(), q, func(line *Line) bool {
		if !slices.ContainsFunc(words, func(w string) bool { return !HasWord(line.Message, w) && !HasWord(line.RequestID, w) }) {
			got = append(got, line.Message)
		}
		return true
	}))
	if want := m.find(q, words...); !slices.Equal(got, want) {
		t.Errorf("%v %v..%v reverse %v topic %s skip %d: %d lines, want %d", words, q.From.UnixNano(), q.To.UnixNano(), q.Reverse, q.Topic, q.Skip, len(got), len(want))
	}
}

func checkCounts(t *testing.T, l *Logs, m *model, from, to time.Time, piece time.Duration) {
	t.Helper()
	got, err := l.Count(t.Context(), "p", "l", from, to, piece)
	must(t, err)
	want := make([]int64, (to.Sub(from)+piece-1)/piece)
	for _, line := range m.lines {
		if !line.Time.Before(from) && line.Time.Before(to) {
			want[line.Time.Sub(from)/piece]++
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("pieces of %v: %v, want %v", piece, got, want)
	}
}

// TestCostOfQueries: what a query reads depends on what it finds, not on what is kept.
func TestCostOfQueries(t *testing.T) {
	l := openLogs(t, t.TempDir())
	m := &model{inOrder: true}
	l = m.fill(t, l, rand.New(rand.NewPCG(3, 4)), 9*modelSegment/2)
	q := Query{Project: "p", Logstore: "l", From: time.Unix(0, 0), To: time.Unix(1<<32, 0)}
	look := func(q Query, most int) (seen int) {
		must(t, l.Each(t.Context(), q, func(*Line) bool { seen++; return seen < most }))
		return seen
	}
	q.Filter = HasText("1-00000500-req")
	if seen := look(q, len(m.lines)); seen == 0 || seen > 5*blockLines {
		t.Errorf("%d lines were looked at to find 3", seen)
	}
	q.Filter = All(HasText("1-00000500-req"), HasText("no-such-word"))
	if seen := look(q, len(m.lines)); seen > 2*blockLines {
		t.Errorf("%d lines were looked at to find none", seen)
	}
	v, err := l.view(q, Place{})
	must(t, err)
	defer v.close()
	q.Filter, q.Skip = nil, len(m.lines)/2
	merging := &merge{Query: q, from: 0, to: 1 << 62}
	merging.start(v)
	expanded := 0
	for _, i := range merging.items {
		if expand := i.expand; expand != nil {
			i.expand = func() ([]*item, error) { expanded++; return expand() }
		}
	}
	must(t, merging.run(t.Context(), func(*Line) bool { return false }))
	if expanded > 2 {
		t.Errorf("%d of %d segments were opened to leave out half of the lines", expanded, len(v.segments))
	}
}

// TestBounded: when all take too much, the oldest lines go, of whatever logstore.
func TestBounded(t *testing.T) {
	dir := t.TempDir()
	l := openLogs(t, dir)
	must(t, l.Append("p", "old", []Line{lineAt(1, "a", "the oldest")}))
	l.max = 4 << 20
	noise := make([]byte, 400) // that compresses badly
	dice := rand.NewChaCha8([32]byte{5, 6})
	n := 0
	for range 15 {
		var batch []Line
		for range 1000 {
			dice.Read(noise)
			n++
			batch = append(batch, lineAt(int64(1000+n), "a", fmt.Sprintf("%d %x", n, noise)))
		}
		must(t, l.Append("p", "l", batch))
		if l.Size() > l.max {
			t.Fatalf("%d bytes are kept", l.Size())
		}
	}
	if again := openLogs(t, dir); again.Size() != l.Size() {
		t.Errorf("%d bytes, and %d when it is opened again", l.Size(), again.Size())
	}
	q := Query{Project: "p", Logstore: "l", From: time.Unix(0, 0), To: time.Unix(1<<32, 0), Reverse: true}
	if got := l.messages(t, q, 1); len(got) != 1 || !strings.HasPrefix(got[0], fmt.Sprint(n, " ")) {
		t.Errorf("the newest is gone: %.20q", got)
	}
	q.Logstore = "old"
	if got := l.messages(t, q, 1); got != nil {
		t.Errorf("there is still %q", got)
	}
}

func TestManyAtOnce(t *testing.T) {
	l := openLogs(t, t.TempDir())
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			for j := range 40 {
				name := fmt.Sprint("l", i%2)
				if i%4 == 3 {
					name = fmt.Sprint("s", j*2) // more than are kept in memory, with those below
				}
				if err := l.Append("p", name, slices.Repeat([]Line{lineAt(int64(j), "a", "x")}, 100)); err != nil {
					t.Error(err)
				}
				q := Query{Project: "p", Logstore: fmt.Sprint("s", j), From: time.Unix(0, 0), To: time.Unix(99, 0)}
				if err := l.Each(t.Context(), q, func(*Line) bool { return true }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	for name, want := range map[string]int{"l0": 16_000, "l1": 8_000, "s0": 200, "s78": 200, "s79": 0} {
		q := Query{Project: "p", Logstore: name, From: time.Unix(0, 0), To: time.Unix(99, 0)}
		if n := len(l.messages(t, q, 1<<20)); n != want {
			t.Errorf("%s: %d lines, want %d", name, n, want)
		}
	}
	loaded := 0
	for _, b := range l.all() {
		if b.loaded {
			loaded++
		}
	}
	if loaded > maxLoaded+8 {
		t.Errorf("%d logstores are in memory", loaded)
	}
}

func TestEndsWithItsContext(t *testing.T) {
	l := openLogs(t, t.TempDir())
	must(t, l.Append("p", "l", slices.Repeat([]Line{lineAt(1, "a", "x")}, 1000)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	q := Query{Project: "p", Logstore: "l", From: time.Unix(0, 0), To: time.Unix(9, 0)}
	if err := l.Each(ctx, q, func(*Line) bool { return true }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
