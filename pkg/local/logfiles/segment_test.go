package logfiles

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// unmerged are logs with lines, in so many segments that weren't merged.
func unmerged(t *testing.T, segments int) (*Logs, *book) {
	t.Helper()
	l := openLogs(t, t.TempDir())
	b := l.book("p", "l", true)
	b.merging = true
	for n := 0; len(b.segments) < segments; n++ {
		var batch []Line
		for i := range blockLines {
			line := lineAt(int64(n), "a", fmt.Sprint(n*blockLines+i))
			line.Time = line.Time.Add(time.Duration(i))
			batch = append(batch, line)
		}
		must(t, l.Append("p", "l", batch))
	}
	b.merging = false
	return l, b
}

// TestMerged: many segments become few, and queries that began before go on.
func TestMerged(t *testing.T) {
	l, b := unmerged(t, 18)
	q := wide(nil)
	v, err := l.view(q, Place{})
	must(t, err)
	defer v.close()
	began := &merge{Query: q, from: q.From.UnixNano(), to: q.To.UnixNano()}
	began.start(v)
	n, lines := 0, 18*testBlocks*blockLines
	must(t, began.run(t.Context(), func(line *Line) bool {
		if line.Message != fmt.Sprint(n) {
			t.Fatalf("%s, want %d", line.Message, n)
		}
		if n++; n == lines/5 { // it is in the middle of a segment
			l.mergeSegments(b)
		}
		return true
	}))
	if n != lines {
		t.Errorf("%d lines, want %d", n, lines)
	}
	if len(b.segments) != 3 || b.segments[2].last-b.segments[2].first != mostMerged-1 {
		t.Errorf("%d segments, the last until %d", len(b.segments), b.segments[2].last)
	}
	if entries, err := os.ReadDir(b.dir); err != nil || len(entries) != 3 {
		t.Errorf("%v %v", entries, err)
	}
	size := l.Size()
	l = openLogs(t, l.dir)
	if got := l.messages(t, q, 1<<30); len(got) != lines || got[lines-1] != fmt.Sprint(lines-1) || l.Size() != size {
		t.Errorf("%d lines, %d and %d bytes", len(got), size, l.Size())
	}
	// A view of the segments from before counts them by where they are now.
	for i, s := range v.segments {
		c := &counter{from: s.min + 1, to: s.max, piece: 1 << 40, pieces: make([]int64, 1<<10)}
		must(t, c.segment(s))
		total := int64(0)
		for _, count := range c.pieces {
			total += count
		}
		if total != testBlocks*blockLines-1 {
			t.Errorf("segment %d: %d lines", i, total)
		}
	}
}

// TestKilledWhileMerging: parts that are in a merged segment aren't there twice.
func TestKilledWhileMerging(t *testing.T) {
	l, b := unmerged(t, 6)
	_, err := mergeAll(b.dir, b.segments[1:5])
	must(t, err, os.WriteFile(filepath.Join(b.dir, ".segment-123"), []byte("half of the next"), 0o600))
	l = openLogs(t, l.dir)
	b = l.book("p", "l", false)
	if lines := len(l.messages(t, wide(nil), 1<<30)); lines != 6*testBlocks*blockLines || len(b.segments) != 3 {
		t.Errorf("%d lines in %d segments", lines, len(b.segments))
	}
	if entries, err := os.ReadDir(b.dir); err != nil || len(entries) != 3 {
		t.Errorf("%v %v", entries, err)
	}
}

// TestDroppedWhileMerging: what was dropped doesn't come back.
func TestDroppedWhileMerging(t *testing.T) {
	for name, drop := range map[string]func(l *Logs, b *book) error{
		"the oldest": func(l *Logs, b *book) error { return l.within(b, b.drop) },
		"all":        func(l *Logs, _ *book) error { return l.Remove("p", "l") },
	} {
		t.Run(name, func(t *testing.T) {
			l, b := unmerged(t, 4)
			parts := b.due()
			merged, err := mergeAll(b.dir, parts)
			must(t, err, drop(l, b))
			left := len(l.messages(t, wide(nil), 1<<30))
			must(t, l.within(b, func() error { return b.replace(parts, merged) }))
			if lines := len(l.messages(t, wide(nil), 1<<30)); lines != left || left == 4*testBlocks*blockLines {
				t.Errorf("%d lines, want %d", lines, left)
			}
			if again := len(openLogs(t, l.dir).messages(t, wide(nil), 1<<30)); again != left {
				t.Errorf("%d lines after a restart, want %d", again, left)
			}
		})
	}
}

// TestFilters: what a filter lets pass has what is wanted, or could have.
func TestFilters(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 1))
	var lines []Line
	for i := range blockLines {
		lines = append(lines, lineAt(1, "FCLogs:f", fmt.Sprintf("request %x of /path/%d", dice.Uint64(), i)))
	}
	s := signatureOf(lines)
	with := func(hash uint64) (blockSet, error) {
		if s.has(hash) {
			return blockSet{1}, nil
		}
		return blockSet{0}, nil
	}
	for name, test := range map[string]struct {
		filter *Filter
		want   bool
	}{
		"a word":             {HasText("request"), true},
		"no word":            {HasText("requests"), false},
		"a beginning":        {HasText("reque*"), true},
		"no beginning":       {HasText("requx*"), true}, // only 2, 4 and 8 bytes are known
		"no beginning of 4":  {HasText("reqx*"), false},
		"one byte":           {HasText("z*"), true},
		"a topic":            {HasTopic("FCLogs:f"), true},
		"a topic isn't text": {HasText("fclogs:f"), false},
		"all":                {All(HasText("path"), nil, HasText("17")), true},
		"not all":            {All(HasText("path"), HasText("absent")), false},
		"any":                {Any(HasText("absent"), HasText("path")), true},
		"none of any":        {Any(HasText("absent"), HasText("away")), false},
		"any of all":         {Any(HasText("absent"), nil), true},
		"nothing":            {nil, true},
	} {
		set, err := test.filter.blocks(1, with)
		if must(t, err); set.has(0) != test.want {
			t.Errorf("%s: %v", name, set.has(0))
		}
	}
	seem := 0
	for i := range 10_000 {
		if s.has(hashOf(seedWord, fmt.Sprint("other-", i))) {
			seem++
		}
	}
	if seem > 20 {
		t.Errorf("%d of 10,000 words seem to be there", seem)
	}
}
