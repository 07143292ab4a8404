package logfiles

import (
	"context"
	"io"
	"slices"
	"time"
)

// Count counts the lines of a logstore in each of the pieces, of one length, of the time
// from..to. It reads of lines only their times, and these only where two pieces meet.
// Errors are those of Each.
func (l *Logs) Count(ctx context.Context, project, logstore string, from, to time.Time, piece time.Duration) ([]int64, error) {
	if !from.Before(to) || piece <= 0 {
		return nil, nil
	}
	c := &counter{from: from.UnixNano(), to: to.UnixNano() - 1, piece: int64(piece)}
	c.pieces = make([]int64, (c.to-c.from)/c.piece+1)
	v, err := l.view(Query{Project: project, Logstore: logstore}, Place{})
	if v == nil || err != nil {
		return c.pieces, err
	}
	defer v.close()
	for _, s := range v.segments {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if c.whole(s.min, s.max, s.count) {
			continue
		}
		if err := c.segment(s); err != nil {
			return nil, damaged(s.path, err)
		}
	}
	for _, b := range v.blocks {
		if err := c.block(v.growing, b); err != nil {
			return nil, damaged(v.path, err)
		}
	}
	for i := range v.tail {
		c.add(v.tail[i].Time.UnixNano(), 1)
	}
	return c.pieces, nil
}

type counter struct {
	from, to, piece int64 // from and to included
	pieces          []int64
}

func (c *counter) add(nanos int64, n int) {
	if nanos >= c.from && nanos <= c.to {
		c.pieces[(nanos-c.from)/c.piece] += int64(n)
	}
}

// whole counts lines of which only the first and the last time are known. It is false if
// that isn't enough.
func (c *counter) whole(first, last int64, n int) bool {
	switch {
	case n == 0 || last < c.from || first > c.to:
		return true
	case first < c.from || last > c.to || (first-c.from)/c.piece != (last-c.from)/c.piece:
		return false
	}
	c.add(first, n)
	return true
}

func (c *counter) segment(s *segment) error {
	o, err := s.open()
	if o == nil || err != nil {
		return err
	}
	defer o.Close()
	if err := o.readIndex(); err != nil {
		return err
	}
	lines := 0
	for _, b := range o.blocks {
		if lines == s.count { // what follows is of others, with which it was merged
			break
		}
		lines += b.count
		if err := c.block(o, b); err != nil {
			return err
		}
	}
	return nil
}

func (c *counter) block(r io.ReaderAt, b blockInfo) error {
	if c.whole(b.min, b.max, b.count) {
		return nil
	}
	times, err := readTimes(r, b)
	if err != nil {
		return err
	}
	from, _ := slices.BinarySearch(times, c.from)
	for _, nanos := range times[from:] {
		c.add(nanos, 1)
	}
	return nil
}
