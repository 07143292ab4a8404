package logfiles

import (
	"container/heap"
	"context"
	"math"
	"slices"
	"time"
)

// Query says which lines are wanted.
type Query struct {
	Project, Logstore string
	From, To          time.Time // from the first, before the second
	Topic             string    // empty is any
	Reverse           bool      // the newest first
	// Filter rules lines out that aren't wanted; those that come may still not be.
	Filter *Filter
	// Skip is how many lines are left out at the start. Where there is neither a
	// topic nor a filter, it costs next to nothing.
	Skip int
}

// Each gives the lines of a query in the order of their time until each says no. Errors
// are *DamagedError, the system's or ctx's.
func (l *Logs) Each(ctx context.Context, q Query, each func(*Line) bool) error {
	_, err := l.EachAfter(ctx, q, Place{}, each)
	return err
}

// EachAfter gives the lines behind a place that the same query has given before, as
// Each does, and says where the last one stands that it gave. Its error is also
// ErrPlaceLost.
func (l *Logs) EachAfter(ctx context.Context, q Query, after Place, each func(*Line) bool) (Place, error) {
	v, err := l.view(q, after)
	if v == nil || err != nil {
		return Place{}, err
	}
	defer v.close()
	if q.Topic != "" {
		q.Filter = All(q.Filter, HasTopic(q.Topic))
	}
	m := &merge{Query: q, from: q.From.UnixNano(), to: q.To.UnixNano() - 1}
	m.resume(after)
	m.start(v)
	err = m.run(ctx, each)
	return m.place(v.version), err
}

// item is something that a merge has still to give: lines, or a place where some are.
type item struct {
	first, last int64 // the times of its lines, nanoseconds
	order       int64 // between lines of the same time: which was added first
	lastOrder   int64 // of a place, that of the last in it
	count       int
	// expand gives what is in a place; nil if lines are here.
	expand func() ([]*item, error)
	lines  []Line // of a block
	from   int    // the first of them that is still to be given
}

// orderShift is for the number of a segment's block, below that of the segment.
const orderShift = 20

// merge gives the lines of many places in the order of their time. It looks into a
// place when it is its turn, so what isn't asked for isn't read.
type merge struct {
	Query
	from, to int64 // both included
	after    Place // what is before it is left out
	items    []*item
	given    *item // that of the line that was given last
	givenAt  int   // the line's index in it
}

// Len, Less, Swap, Push and Pop are of heap.Interface: the next item is the first.
func (m *merge) Len() int { return len(m.items) }

// Less reports whether an item is before another.
func (m *merge) Less(i, j int) bool { return m.before(m.items[i], m.items[j]) }

// Swap swaps two items.
func (m *merge) Swap(i, j int) { m.items[i], m.items[j] = m.items[j], m.items[i] }

// Push adds an item.
func (m *merge) Push(x any) { m.items = append(m.items, x.(*item)) } //nolint:forcetypeassert // only items are

// Pop removes the last item.
func (m *merge) Pop() any {
	last := m.items[len(m.items)-1]
	m.items = m.items[:len(m.items)-1]
	return last
}

// key orders items: the time that comes first.
func (m *merge) key(i *item) int64 {
	if m.Reverse {
		return -i.last
	}
	return i.first
}

// end is the key of an item's last line.
func (m *merge) end(i *item) int64 {
	if m.Reverse {
		return -i.first
	}
	return i.last
}

func (m *merge) add(i *item) {
	if i.count > 0 && i.first <= m.to && i.last >= m.from && !m.passed(i) {
		heap.Push(m, i)
	}
}

// start adds what a logstore has.
func (m *merge) start(v *view) {
	for _, s := range v.segments {
		m.add(&item{first: s.min, last: s.max, order: s.first << orderShift, lastOrder: (s.last+1)<<orderShift - 1, count: s.count, expand: func() ([]*item, error) {
			items, err := m.segment(s)
			return items, damaged(s.path, err)
		}})
	}
	if len(v.blocks) > 0 {
		whole := &item{first: math.MaxInt64, last: math.MinInt64, order: v.seq << orderShift, lastOrder: v.order() - 1}
		for _, b := range v.blocks {
			whole.first, whole.last, whole.count = min(whole.first, b.min), max(whole.last, b.max), whole.count+b.count
		}
		whole.expand = func() ([]*item, error) { return m.growing(v), nil }
		m.add(whole)
	}
	if len(v.tail) > 0 {
		lines := slices.SortedStableFunc(slices.Values(v.tail), func(x, y Line) int { return x.Time.Compare(y.Time) })
		m.add(m.cursor(lines, v.order()))
	}
}

// segment gives the blocks of a segment that may have wanted lines.
func (m *merge) segment(s *segment) ([]*item, error) {
	wanted, err := s.wanted(m.Filter)
	return m.places(wanted, s.first, func(b numbered) ([]Line, error) {
		lines, err := s.read(b)
		return lines, damaged(s.path, err)
	}), err
}

// placesAtOnce is of how many blocks a merge thinks at a time.
const placesAtOnce = 64

// places are those of blocks of a segment, or of groups of them if there are many: the
// most are never looked into.
func (m *merge) places(blocks []numbered, seq int64, read func(numbered) ([]Line, error)) []*item {
	var items []*item
	if len(blocks) <= placesAtOnce {
		for _, b := range blocks {
			order := seq<<orderShift + int64(b.n)
			items = append(items, &item{first: b.min, last: b.max, order: order, lastOrder: order, count: b.count, expand: func() ([]*item, error) {
				lines, err := read(b)
				return []*item{m.cursor(lines, order)}, err
			}})
		}
		return items
	}
	for group := range slices.Chunk(blocks, placesAtOnce) {
		whole := &item{first: math.MaxInt64, last: math.MinInt64, order: seq<<orderShift + int64(group[0].n), lastOrder: seq<<orderShift + int64(group[len(group)-1].n)}
		for _, b := range group {
			if b.count > 0 {
				whole.first, whole.last, whole.count = min(whole.first, b.min), max(whole.last, b.max), whole.count+b.count
			}
		}
		whole.expand = func() ([]*item, error) { return m.places(group, seq, read), nil }
		items = append(items, whole)
	}
	return items
}

// growing gives the blocks of the growing file. Their filters are looked at when it is
// their turn.
func (m *merge) growing(v *view) []*item {
	var blocks []numbered
	for i, b := range v.blocks {
		if b.min <= m.to && b.max >= m.from {
			blocks = append(blocks, numbered{b, i})
		}
	}
	return m.places(blocks, v.seq, func(b numbered) ([]Line, error) {
		if m.Filter != nil {
			var mark signature
			if _, err := v.growing.ReadAt(mark[:], b.off+b.size); err != nil {
				return nil, damaged(v.path, cutOff(err))
			}
			if !m.Filter.passes(&mark) {
				return nil, nil
			}
		}
		lines, err := readBlock(v.growing, b.blockInfo)
		return lines, damaged(v.path, err)
	})
}

// cursor gives lines, which are in the order of their time, that are in the range.
func (m *merge) cursor(lines []Line, order int64) *item {
	from, to := m.bounds(lines, order)
	i := &item{order: order, lastOrder: order, count: max(to-from, 0), lines: lines, from: from}
	if i.count > 0 {
		i.first, i.last = lines[from].Time.UnixNano(), lines[to-1].Time.UnixNano()
	}
	return i
}

func compare(x, y int64) int {
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// run gives the lines.
func (m *merge) run(ctx context.Context, each func(*Line) bool) error {
	for len(m.items) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		next := heap.Pop(m).(*item) //nolint:forcetypeassert // only items are
		switch {
		case m.skips(next):
			m.Skip -= next.count
		case next.expand != nil:
			inner, err := next.expand()
			if err != nil {
				return err
			}
			for _, i := range inner {
				m.add(i)
			}
		case !m.give(next, each):
			return nil
		default:
			m.add(next)
		}
	}
	return nil
}

// skips reports whether all lines of an item are to be left out, unseen.
func (m *merge) skips(i *item) bool {
	whole := m.Skip >= i.count && m.Filter == nil && m.after == Place{} && i.first >= m.from && i.last <= m.to
	return whole && (len(m.items) == 0 || m.key(m.items[0]) > m.end(i))
}

// give gives lines of an item until another is next. It is false if no more are wanted.
func (m *merge) give(i *item, each func(*Line) bool) bool {
	for i.count > 0 {
		at := i.from
		if m.Reverse {
			at += i.count - 1
		}
		line := &i.lines[at]
		if m.Reverse {
			i.last = line.Time.UnixNano()
		} else {
			i.first = line.Time.UnixNano()
		}
		if len(m.items) > 0 && !m.before(i, m.items[0]) {
			return true
		}
		if !m.Reverse {
			i.from++
		}
		i.count--
		switch {
		case m.Topic != "" && line.Topic != m.Topic:
		case m.Skip > 0:
			m.Skip--
		default:
			if m.given, m.givenAt = i, at; !each(line) {
				return false
			}
		}
	}
	return true
}

// before reports whether an item is before another. Where their times are the same, all
// in one was added before all in the other.
func (m *merge) before(x, y *item) bool {
	if a, b := m.key(x), m.key(y); a != b {
		return a < b
	}
	return (x.order < y.order) != m.Reverse
}
