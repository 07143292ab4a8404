package instance

import (
	"cmp"
	"context"
	"sync"
	"time"
)

const (
	// MaxSpares is how many spares there are at once, each of another runtime.
	MaxSpares = 3
	// DefaultSparePause is how long nothing must have started until a spare is
	// made, so that it takes no time from what somebody waits for.
	DefaultSparePause = 50 * time.Millisecond
)

// Spares keeps, for the runtimes that were used last, one process each that waits
// for a function. Its methods may be called by any number of goroutines; those of
// nil do nothing.
type Spares struct {
	idle  time.Duration
	pause time.Duration
	now   func() time.Time
	after func(d time.Duration, f func()) (stop func() bool)
	make  func(ctx context.Context, k *kind) (*spare, error)

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	wg     sync.WaitGroup // spares that are being made, watched or ended

	mu       sync.Mutex
	closed   bool
	starting int              // instances that are starting
	seats    map[string]*seat // by runtime
	unplan   func() bool      // stops the next look, if one is planned
}

// seat is the place of the one spare of a runtime.
type seat struct {
	kind   *kind // of the last start
	spare  *spare
	making bool
	failed bool // one couldn't be made; the next start tries again
	used   time.Time
}

// SparesOptions rules a keeper of spares.
type SparesOptions struct {
	// Idle ends the spare of a runtime that no instance was started of for so
	// long; 0 is DefaultIdleTimeout.
	Idle time.Duration
	// Pause is how long nothing must have started until a spare is made; 0 is
	// DefaultSparePause.
	Pause time.Duration
}

// NewSpares makes a keeper of spares without any.
func NewSpares(o SparesOptions) *Spares {
	s := &Spares{
		idle: cmp.Or(o.Idle, DefaultIdleTimeout), pause: cmp.Or(o.Pause, DefaultSparePause), now: time.Now, make: newSpare, seats: map[string]*seat{},
		after: func(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop },
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// Close ends all spares and returns when nothing of them is left. No more are
// made.
func (s *Spares) Close() {
	if s == nil {
		return
	}
	s.cancel()
	s.mu.Lock()
	s.closed = true
	if s.unplan != nil {
		s.unplan()
	}
	for _, seat := range s.seats {
		s.leave(seat)
	}
	s.mu.Unlock()
	s.wg.Wait()
}

// Waiting is how many spares wait for a function.
func (s *Spares) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, seat := range s.seats {
		if seat.spare != nil {
			n++
		}
	}
	return n
}

// Prepare makes a spare for instances of a configuration, unless one waits, and
// returns when it does. ok is false for a function that can't have one.
func (s *Spares) Prepare(ctx context.Context, cfg Config) (ok bool, err error) {
	cfg.Spares = s
	rt, err := supported(&cfg)
	if err != nil {
		return false, err
	}
	l, err := lay(ctx, &cfg, rt)
	if err != nil {
		return false, err
	}
	k := kindOf(&cfg, rt, l)
	if k == nil {
		return false, nil
	}
	made, err := s.make(ctx, k)
	if err != nil {
		return true, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seatOf(k).used = s.now()
	s.put(k, made)
	return true, nil
}

// begin notes that an instance starts.
func (s *Spares) begin() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.starting++
}

// end notes that an instance has started or hasn't come to be. If it could have
// been made of a spare, the next one can, too.
func (s *Spares) end(k *kind) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.starting--
	if k != nil && !s.closed {
		seat := s.seatOf(k)
		seat.used, seat.failed = s.now(), false
		if seat.spare != nil && seat.spare.kind.key != k.key {
			s.leave(seat)
		}
	}
	s.plan(s.pause)
}

// take gives the spare of a kind, if one waits.
func (s *Spares) take(k *kind) *spare {
	if s == nil || k == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	seat := s.seats[k.runtime]
	if seat == nil || seat.spare == nil || seat.spare.kind.key != k.key || !seat.spare.alive() {
		return nil
	}
	taken := seat.spare
	seat.spare = nil
	return taken
}

// seatOf gives the seat of a runtime, now for spares of that kind. If all seats
// are others', it is that of the runtime that wasn't used for the longest time.
// The keeper is locked.
func (s *Spares) seatOf(k *kind) *seat {
	if own := s.seats[k.runtime]; own != nil {
		own.kind = k
		return own
	}
	for len(s.seats) >= MaxSpares {
		oldest := ""
		for name, seat := range s.seats {
			if oldest == "" || seat.used.Before(s.seats[oldest].used) {
				oldest = name
			}
		}
		s.leave(s.seats[oldest])
		delete(s.seats, oldest)
	}
	own := &seat{kind: k}
	s.seats[k.runtime] = own
	return own
}

// leave ends the spare of a seat. The keeper is locked.
func (s *Spares) leave(seat *seat) {
	if left := seat.spare; left != nil {
		seat.spare = nil
		s.wg.Go(left.close)
	}
}

// plan has the seats looked at after d. The keeper is locked.
func (s *Spares) plan(d time.Duration) {
	if s.closed {
		return
	}
	if s.unplan != nil {
		s.unplan()
	}
	s.unplan = s.after(d, s.look)
}

// look empties the seats of runtimes that nobody uses, and fills the others if
// nothing else starts.
func (s *Spares) look() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	next, now := s.idle, s.now()
	for name, seat := range s.seats {
		left := s.idle - now.Sub(seat.used)
		switch {
		case left <= 0:
			s.leave(seat)
			delete(s.seats, name)
			continue
		case s.starting == 0 && seat.spare == nil && !seat.making && !seat.failed:
			seat.making = true
			k := seat.kind
			s.wg.Go(func() { s.fill(seat, k) })
		}
		next = min(next, left)
	}
	if len(s.seats) > 0 {
		s.plan(next)
	}
}

// fill makes the spare of a seat.
func (s *Spares) fill(seat *seat, k *kind) {
	made, err := s.make(s.ctx, k)
	s.mu.Lock()
	defer s.mu.Unlock()
	seat.making, seat.failed = false, err != nil
	if err != nil {
		return
	}
	s.put(k, made)
	if seat.spare == nil {
		s.plan(s.pause) // another kind is wanted by now
	}
}

// put gives a spare its seat, unless that has another kind by now. The keeper is
// locked.
func (s *Spares) put(k *kind, made *spare) {
	own := s.seats[k.runtime]
	if s.closed || own == nil || own.spare != nil || own.kind.key != k.key {
		s.wg.Go(made.close)
		return
	}
	own.spare = made
	done := made.proc.Done()
	s.wg.Go(func() {
		select {
		case <-done:
			s.ended(own, made)
		case <-s.ctx.Done():
		}
	})
}

// ended forgets a spare that ended while it waited.
func (s *Spares) ended(own *seat, gone *spare) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if own.spare == gone {
		s.leave(own)
	}
}
