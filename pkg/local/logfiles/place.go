package logfiles

import (
	"errors"
	"math"
	"slices"
)

// Place is where a line stands among those of its logstore, which are ordered by their
// time and, where that is the same, by which was added first. What is behind it in a
// query is found without looking at what is before. The zero Place is before all lines.
type Place struct {
	nanos   int64 // the line's time
	order   int64 // of the block that it is in
	nth     int   // among the block's lines of that time, from 0 on
	version int64 // what had been done to the logstore when that was so
}

// ErrPlaceLost says that it isn't known any more what is behind a place: lines came or
// went before it, or are in other files now.
var ErrPlaceLost = errors.New("lines were added or removed before that place, or written anew")

// maxChanges is how many changes of a logstore are known.
const maxChanges = 128

// change is what was done to a logstore: lines of these times were added, and what has
// at least this order has another one now.
type change struct{ min, max, moved int64 }

// version counts what was done to a logstore.
func (b *book) version() int64 { return b.forgotten + int64(len(b.changes)) }

// note keeps a change.
func (b *book) note(c change) {
	if len(b.changes) == maxChanges {
		b.forgotten += maxChanges / 2
		b.changes = append(b.changes[:0], b.changes[maxChanges/2:]...)
	}
	b.changes = append(b.changes, c)
}

// noteLines keeps that lines are added.
func (b *book) noteLines(lines []Line) {
	c := change{min: math.MaxInt64, max: math.MinInt64, moved: math.MaxInt64}
	for i := range lines {
		nanos := lines[i].Time.UnixNano()
		c.min, c.max = min(c.min, nanos), max(c.max, nanos)
	}
	b.note(c)
}

// noteMoved keeps that lines stay, and get another order from one on.
func (b *book) noteMoved(order int64) {
	b.note(change{min: math.MaxInt64, max: math.MinInt64, moved: order})
}

// forget makes all places lost that are known so far.
func (b *book) forget() { b.forgotten, b.changes = b.version()+1, nil }

// keeps reports whether nothing that was done to a logstore has changed what is behind a
// place.
func (b *book) keeps(p Place, q *Query) bool {
	if p.version < b.forgotten {
		return false
	}
	return !slices.ContainsFunc(b.changes[p.version-b.forgotten:], func(c change) bool {
		if q.Reverse { // of lines of the same time, those added last come first
			return c.moved <= p.order || c.max >= p.nanos && c.min < q.To.UnixNano()
		}
		return c.moved <= p.order || c.min < p.nanos && c.max >= q.From.UnixNano()
	})
}

// resume leaves out what is before a place.
func (m *merge) resume(p Place) {
	m.after = p
	switch {
	case p == Place{}:
	case m.Reverse:
		m.to = min(m.to, p.nanos)
	default:
		m.from = max(m.from, p.nanos)
	}
}

// passed reports whether an item is before the place that a query goes on from.
func (m *merge) passed(i *item) bool {
	switch {
	case m.after == Place{}:
		return false
	case m.Reverse:
		return i.first >= m.after.nanos && i.order > m.after.order
	}
	return i.last <= m.after.nanos && i.lastOrder < m.after.order
}

// bounds are the indexes of the lines of a block that are in the range of a query and
// behind the place that it goes on from.
func (m *merge) bounds(lines []Line, order int64) (from, to int) {
	from, to = firstAt(lines, m.from), firstAt(lines, m.to+1)
	p := m.after
	switch {
	case p == Place{}:
	case order == p.order && m.Reverse:
		to = firstAt(lines, p.nanos) + p.nth
	case order == p.order:
		from = firstAt(lines, p.nanos) + p.nth + 1
	case order > p.order && m.Reverse:
		to = firstAt(lines, p.nanos)
	case order < p.order && !m.Reverse:
		from = firstAt(lines, p.nanos+1)
	}
	return from, to
}

// place is where the line is that was given last.
func (m *merge) place(version int64) Place {
	if m.given == nil {
		return Place{}
	}
	nanos := m.given.lines[m.givenAt].Time.UnixNano()
	return Place{nanos: nanos, order: m.given.order, nth: m.givenAt - firstAt(m.given.lines, nanos), version: version}
}

// firstAt is the index of the first of lines, which are in the order of their time, that
// isn't before a time.
func firstAt(lines []Line, nanos int64) int {
	at, _ := slices.BinarySearchFunc(lines, nanos, func(l Line, nanos int64) int { return compare(l.Time.UnixNano(), nanos) })
	return at
}
