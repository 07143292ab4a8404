package logfiles

import "os"

// view is what a logstore had at a moment.
type view struct {
	path     string // of the growing file
	segments []*segment
	growing  *os.File // nil if there is none
	blocks   []blockInfo
	tail     []Line
	seq      int64
	version  int64
}

// view is what there is now for a query that goes on from a place.
func (l *Logs) view(q Query, after Place) (*view, error) {
	b := l.book(q.Project, q.Logstore, false)
	if b == nil {
		return nil, nil
	}
	var v *view
	err := l.within(b, func() error {
		if err := b.load(); err != nil {
			return err
		}
		if after != (Place{}) && !b.keeps(after, &q) {
			return ErrPlaceLost
		}
		v = &view{path: b.growingPath(), segments: b.segments, blocks: b.blocks, tail: b.tail, seq: b.seq, version: b.version()}
		if len(b.blocks) == 0 {
			return nil
		}
		var err error
		v.growing, err = os.Open(v.path) // it stays readable when it has become a segment
		return err
	})
	return v, err
}

// order is that of the tail.
func (v *view) order() int64 { return v.seq<<orderShift + int64(len(v.blocks)) }

func (v *view) close() {
	if v.growing != nil {
		v.growing.Close()
	}
}
