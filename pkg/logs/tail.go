package logs

import (
	"context"
	"time"
)

const (
	// near and far are how far behind the last look one looks again: lines come to the
	// log service some seconds after they were printed, a few of them later still.
	near = 10 * time.Second
	far  = 90 * time.Second
	// farEvery is how many looks come to one that looks far.
	farEvery = 10
	// ahead is how far the clocks of instances may be ahead of this machine's.
	ahead = time.Minute
	// longestWait bounds the wait between looks while none succeeds, and longestOutage
	// how long none may.
	longestWait   = 30 * time.Second
	longestOutage = 5 * time.Minute
)

// Tail gives lines as they come.
type Tail struct {
	Reader *Reader
	// Interval is the time between looks.
	Interval time.Duration
	// Now is the clock.
	Now func() time.Time
	// Trouble is told when looks begin to fail, and with nil when one succeeds again.
	Trouble func(error)
	// Looked is called after each look that succeeds; nil is nothing. Its error ends
	// the tail.
	Looked func(now time.Time) error

	shown map[Line]int // how often each of the latest lines was given
	taken error        // of whoever is given them
}

// Run gives each line printed from a time on, once, until ctx ends, which is no error.
// An outage that is over within some minutes loses nothing; one at the beginning is an
// error at once.
func (t *Tail) Run(ctx context.Context, from time.Time, each func(Line) error) error {
	t.shown = map[Line]int{}
	looked, wait, answered := from, t.Interval, false
	var troubleSince time.Time
	for look := 0; ; look++ {
		now := t.Now()
		err := t.look(ctx, later(from, looked.Add(-back(look))), now.Add(ahead), each)
		switch {
		case ctx.Err() != nil:
			return nil
		case t.taken != nil:
			return t.taken
		case err == nil:
			if !troubleSince.IsZero() {
				t.Trouble(nil)
			}
			looked, wait, troubleSince, answered = now, t.Interval, time.Time{}, true
			t.forget(looked.Add(-far - ahead))
			if t.Looked != nil {
				if err := t.Looked(now); err != nil {
					return err
				}
			}
		case !answered, !Passing(ctx, err):
			return err
		case troubleSince.IsZero():
			troubleSince = now
			t.Trouble(err)
		case now.Sub(troubleSince) >= longestOutage:
			return err
		default:
			wait = min(2*wait, longestWait)
			look = -1 // the next one looks far
		}
		if t.Reader.Sleep(ctx, wait) != nil {
			return nil
		}
	}
}

// back is how far a look goes back behind the one before.
func back(look int) time.Duration {
	if look%farEvery == 0 {
		return far
	}
	return near
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// look gives what has come. Lines that are alike in all are told apart by how many there
// are.
func (t *Tail) look(ctx context.Context, from, to time.Time, each func(Line) error) error {
	found := map[Line]int{}
	return t.Reader.Read(ctx, from, to, func(l Line) error {
		if found[l]++; found[l] <= t.shown[l] {
			return nil
		}
		t.shown[l] = found[l]
		t.taken = each(l)
		return t.taken
	})
}

// forget drops the lines that no look will find again.
func (t *Tail) forget(before time.Time) {
	for l := range t.shown {
		if l.Time.Before(before) {
			delete(t.shown, l)
		}
	}
}
