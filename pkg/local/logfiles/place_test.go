package logfiles

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// after gives at most so many lines behind a place, of those that match.
func (l *Logs) after(t *testing.T, q Query, at Place, most int, match func(*Line) bool) ([]string, Place, error) {
	t.Helper()
	var out []string
	last, err := l.EachAfter(t.Context(), q, at, func(line *Line) bool {
		if match(line) {
			out = append(out, line.Message)
		}
		return len(out) < most
	})
	return out, last, err
}

// randomPage is a query of which pages are read.
type randomPage struct {
	q     Query
	match func(*Line) bool
	at    Place
	read  int // lines before the place
}

func newRandomPage(dice *rand.Rand, seconds int64) *randomPage {
	from, to := dice.Int64N(seconds), dice.Int64N(seconds)
	p := &randomPage{q: wide(nil), match: func(*Line) bool { return true }}
	if p.q.Reverse = dice.IntN(2) == 0; dice.IntN(2) == 0 {
		p.q.From, p.q.To = time.Unix(1000+min(from, to), 0), time.Unix(1001+max(from, to), 0)
	}
	if dice.IntN(3) == 0 {
		p.q.Topic = fmt.Sprint("t", dice.IntN(3))
	}
	if dice.IntN(2) == 0 {
		word := fmt.Sprint("w", dice.IntN(40))
		p.q.Filter = HasText(word)
		p.match = func(line *Line) bool { return HasWord(line.Message, word) }
	}
	return p
}

// step reads the next page both ways. It is false if the place was lost.
func (p *randomPage) step(t *testing.T, l *Logs, most int) bool {
	t.Helper()
	all, _, err := l.after(t, p.q, Place{}, 1<<30, p.match)
	must(t, err)
	want := all[min(p.read, len(all)):min(p.read+most, len(all))]
	got, last, err := l.after(t, p.q, p.at, most, p.match)
	kept := !errors.Is(err, ErrPlaceLost)
	if !kept {
		_, p.at, err = l.after(t, p.q, Place{}, max(p.read, 1), p.match)
		must(t, err)
		if p.read == 0 || p.read > len(all) {
			p.at, p.read = Place{}, 0
		}
		return false
	}
	if must(t, err); !slices.Equal(got, want) {
		t.Fatalf("%d lines behind %d of %d of %+v at %+v: %q, want %q", most, p.read, len(all), p.q, p.at, got, want)
	}
	if p.read += len(got); len(got) < most {
		p.at, p.read = Place{}, 0 // from the beginning again
	} else {
		p.at = last
	}
	return true
}

// change does something with the lines that a query may be between two pages of.
func (m *model) change(t *testing.T, l *Logs, dice *rand.Rand, grain time.Duration) string {
	t.Helper()
	b := l.book("p", "l", true)
	switch dice.IntN(150) {
	case 0:
		must(t, l.Remove("p", "l"))
		return "removed"
	case 1, 2:
		must(t, l.within(b, b.drop))
		return "dropped"
	case 3:
		b.mu.Lock()
		b.loaded, b.blocks, b.tail = false, nil, nil
		b.forget()
		b.mu.Unlock()
		return "unloaded"
	}
	if dice.IntN(3) > 0 {
		return "nothing"
	}
	var lines []Line
	late := time.Duration(0)
	if dice.IntN(8) == 0 {
		late = time.Duration(dice.IntN(20)) * time.Second
	}
	most := 40
	if dice.IntN(6) == 0 {
		most = 1500
	}
	for range 1 + dice.IntN(most) {
		n := len(m.lines)
		at := time.Unix(1000, int64(n)*1e6).Truncate(grain).Add(-late)
		line := lineAt(0, fmt.Sprint("t", dice.IntN(3)), fmt.Sprintf("%d w%d", n, dice.IntN(40)))
		line.Time = at
		lines, m.lines = append(lines, line), append(m.lines, line)
	}
	must(t, l.Append("p", "l", lines))
	return "added"
}

// TestPlaces: pages that go on from where the one before ended are those that are counted
// from the beginning, whatever is added, removed and merged between them.
func TestPlaces(t *testing.T) {
	for i, grain := range []time.Duration{1, 50 * time.Millisecond, 3 * time.Second, time.Hour} {
		t.Run(grain.String(), func(t *testing.T) {
			t.Parallel()
			dice := rand.New(rand.NewPCG(uint64(i), 7))
			l, err := open(t.TempDir(), 2)
			must(t, err)
			m := &model{}
			pages := []*randomPage{newRandomPage(dice, 60), newRandomPage(dice, 60), newRandomPage(dice, 60)}
			kept, after := map[bool]int{}, map[string]int{}
			for range 300 {
				what := m.change(t, l, dice, grain)
				p := dice.IntN(len(pages))
				if dice.IntN(30) == 0 {
					pages[p] = newRandomPage(dice, int64(len(m.lines))/1000+1)
				}
				began := pages[p].at != Place{}
				if k := pages[p].step(t, l, 1+dice.IntN(120)); began {
					kept[k]++
					if k {
						after[what]++
					}
				}
			}
			if kept[true] < kept[false] || after["added"] == 0 || after["removed"]+after["dropped"] > 50 {
				t.Errorf("%d places were kept and %d lost; kept after %v", kept[true], kept[false], after)
			}
		})
	}
}

// count counts the blocks that are read.
func count(items []*item, blocks *int) {
	for _, i := range items {
		if expand := i.expand; expand != nil {
			i.expand = func() ([]*item, error) {
				inner, err := expand()
				for _, i := range inner {
					if i.expand == nil {
						*blocks++
					}
				}
				count(inner, blocks)
				return inner, err
			}
		}
	}
}

// TestCostOfPages: who reads all pages of a query has each block read as often as a page
// ends in it, and each line looked at once; also where all have the same time.
func TestCostOfPages(t *testing.T) {
	const lines, most = 5 * modelSegment, 100
	for _, same := range []bool{false, true} {
		l := openLogs(t, t.TempDir())
		var all []Line
		for n := range lines {
			line := lineAt(1000, "a", fmt.Sprint(n))
			if !same {
				line.Time = line.Time.Add(time.Duration(n))
			}
			all = append(all, line)
		}
		for some := range slices.Chunk(all, 1000) {
			must(t, l.Append("p", "l", some))
		}
		for _, reverse := range []bool{false, true} {
			q := wide(nil)
			q.Reverse = reverse
			blocks, seen, pages := 0, 0, 0
			var at Place
			for {
				v, err := l.view(q, at)
				must(t, err)
				m := &merge{Query: q, from: 0, to: 1 << 62}
				m.resume(at)
				m.start(v)
				count(m.items, &blocks)
				n := 0
				must(t, m.run(t.Context(), func(line *Line) bool {
					want := seen
					if reverse {
						want = lines - 1 - seen
					}
					if line.Message != fmt.Sprint(want) {
						t.Fatalf("%s, want %d", line.Message, want)
					}
					seen++
					n++
					return n < most
				}))
				at = m.place(v.version)
				v.close()
				if n < most {
					break
				}
				pages++
			}
			if seen != lines || blocks > lines/blockLines+2*pages {
				t.Errorf("same %v, reverse %v: %d lines, %d blocks were read for %d pages", same, reverse, seen, blocks, pages)
			}
		}
	}
}

// TestPlaceLost: what may have changed what is behind a place is said, all else isn't.
func TestPlaceLost(t *testing.T) {
	fill := func(n int, second int64) []Line {
		return slices.Repeat([]Line{lineAt(second, "a", "x")}, n)
	}
	for _, test := range []struct {
		name          string
		forward, back bool // whether the place is lost
		do            func(t *testing.T, l *Logs, b *book)
	}{
		{"nothing", false, false, func(*testing.T, *Logs, *book) {}},
		{"before", true, false, func(t *testing.T, l *Logs, _ *book) { must(t, l.Append("p", "l", fill(1, 20))) }},
		{"at the same time", false, true, func(t *testing.T, l *Logs, _ *book) { must(t, l.Append("p", "l", fill(1, 50))) }},
		{"behind", false, true, func(t *testing.T, l *Logs, _ *book) { must(t, l.Append("p", "l", fill(1, 60))) }},
		{"elsewhere in time", false, false, func(t *testing.T, l *Logs, _ *book) {
			must(t, l.Append("p", "l", fill(1, 5)), l.Append("p", "l", fill(1, 100)))
		}},
		{"another logstore", false, false, func(t *testing.T, l *Logs, _ *book) { must(t, l.Append("p", "other", fill(9, 20))) }},
		{"a block", true, true, func(t *testing.T, l *Logs, _ *book) { must(t, l.Append("p", "l", fill(blockLines, 100))) }},
		{"dropped", true, true, func(t *testing.T, l *Logs, b *book) { must(t, l.within(b, b.drop)) }},
		{"removed", true, true, func(t *testing.T, l *Logs, _ *book) { must(t, l.Remove("p", "l")) }},
		{"many behind", false, true, func(t *testing.T, l *Logs, _ *book) {
			for range maxChanges - 1 {
				must(t, l.Append("p", "l", fill(1, 60)))
			}
		}},
		{"more than is kept", true, true, func(t *testing.T, l *Logs, _ *book) {
			for range 2 * maxChanges {
				must(t, l.Append("p", "far", fill(1, 60)))
				must(t, l.Append("p", "l", fill(1, 200)))
			}
		}},
	} {
		for _, reverse := range []bool{false, true} {
			l := openLogs(t, t.TempDir())
			must(t, l.Append("p", "l", append(fill(3, 50), fill(3, 55)...)))
			q := wide(nil)
			q.From, q.To, q.Reverse = time.Unix(10, 0), time.Unix(99, 0), reverse
			most := 2
			if reverse {
				most = 5
			}
			_, at, err := l.after(t, q, Place{}, most, func(*Line) bool { return true })
			must(t, err)
			test.do(t, l, l.book("p", "l", false))
			_, _, err = l.after(t, q, at, 9, func(*Line) bool { return true })
			if want := reverse && test.back || !reverse && test.forward; errors.Is(err, ErrPlaceLost) != want {
				t.Errorf("%s, reverse %v: %v", test.name, reverse, err)
			}
		}
	}
	l := openLogs(t, t.TempDir())
	if _, at, err := l.after(t, wide(nil), Place{}, 9, func(*Line) bool { return true }); at != (Place{}) || err != nil {
		t.Errorf("of no lines: %v %v", at, err)
	}
}
