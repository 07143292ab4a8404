package store

import (
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// atOnce makes changes that wait for a commit of somebody else, in this order: so they
// share the next one. A change that comes to its end before isn't waited for.
func atOnce(c *committer, changes ...func()) {
	c.write.Lock()
	var all sync.WaitGroup
	for i, change := range changes {
		ended := make(chan struct{})
		all.Go(func() {
			defer close(ended)
			change()
		})
		until(func() bool {
			select {
			case <-ended:
				return true
			default:
				return waiting(c) > i
			}
		})
	}
	c.write.Unlock()
	all.Wait()
}

// waiting is how many changes wait to be committed.
func waiting(c *committer) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next == nil {
		return 0
	}
	return len(c.next.changes)
}

// until waits for something that other goroutines bring about.
func until(is func() bool) {
	for !is() {
		time.Sleep(time.Millisecond)
	}
}

// commits counts the transactions in the write-ahead log of a database, by the frames
// that end one (sqlite.org/fileformat2.html, "The Write-Ahead Log").
func commits(t *testing.T, database string) int {
	t.Helper()
	wal, err := os.ReadFile(database + "-wal")
	must(t, err)
	const header, frameHeader = 32, 24
	salts, page := wal[16:24], int(binary.BigEndian.Uint32(wal[8:]))
	n := 0
	for frame := wal[header:]; len(frame) >= frameHeader+page; frame = frame[frameHeader+page:] {
		if binary.BigEndian.Uint32(frame[4:]) > 0 && slices.Equal(frame[8:16], salts) {
			n++
		}
	}
	return n
}

func TestChangesAtOnceShareACommit(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	must(t, s.CreateFunction(function("before")))
	for _, n := range []int{1, 2, 50} {
		before := commits(t, s.database())
		var changes []func()
		for i := range n {
			changes = append(changes, func() {
				if err := s.CreateFunction(function(fmt.Sprintf("f%d-%d", n, i))); err != nil {
					t.Error(err)
				}
			})
		}
		atOnce(&s.commits, changes...)
		if made := commits(t, s.database()) - before; made != 1 {
			t.Errorf("%d changes took %d commits, want one", n, made)
		}
	}
	if n := len(reopen(t, s).Functions("r")); n != 54 {
		t.Errorf("%d functions, want 54", n)
	}
}

// insert is a change of the table of domains.
func insert(name, doc string) func(tx *sql.Tx) error {
	return func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT INTO domains (name, doc) VALUES (?, ?)", name, doc)
		return err
	}
}

// A change that fails has an error, and what it did is undone; those that were to be
// committed with it are made, once.
func TestOneOfManyFails(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	tests := map[string]struct {
		do   func(tx *sql.Tx) error
		want func(error) bool
	}{
		"before it does something": {func(*sql.Tx) error { return refused }, is(refused)},
		"after it did something": {func(tx *sql.Tx) error {
			return errors.Join(insert("bad", "{}")(tx), refused)
		}, is(refused)},
		"name that is taken": {insert("there", "{}"), says("UNIQUE constraint")},
		"reference to nothing": {func(tx *sql.Tx) error {
			_, err := tx.Exec("INSERT INTO triggers (region, function, name, doc) VALUES ('r', 'none', 'bad', '{}')")
			return errors.Join(insert("bad", "{}")(tx), err)
		}, says("FOREIGN KEY constraint")},
		"more than the disk has": {insert("bad", strings.Repeat("x", 4<<20)), as[*DiskFullError]},
		"no SQL":                 {func(tx *sql.Tx) error { _, err := tx.Exec("SOMETHING"); return err }, says("syntax error")},
		"ends the transaction": {func(tx *sql.Tx) error {
			return errors.Join(insert("bad", "{}")(tx), tx.Rollback(), insert("worse", "{}")(tx))
		}, is(sql.ErrTxDone)},
	}
	for name, tt := range tests {
		for _, place := range []int{0, 2, 4} {
			t.Run(fmt.Sprint(name, ", at ", place), func(t *testing.T) {
				t.Parallel()
				s := open(t, t.TempDir())
				_, err := s.db.Exec("PRAGMA max_page_count = 200")
				must(t, err, s.commit(insert("there", "{}")))
				var changes []func()
				errs := make([]error, 5)
				want := []string{"there"}
				for i := range errs {
					do := insert(fmt.Sprint("ok", i), "{}")
					if i == place {
						do = tt.do
					} else {
						want = append(want, fmt.Sprint("ok", i))
					}
					changes = append(changes, func() { errs[i] = s.commit(do) })
				}
				atOnce(&s.commits, changes...)
				for i, err := range errs {
					if i == place && !tt.want(err) || i != place && err != nil {
						t.Errorf("change %d: %v", i, err)
					}
				}
				must(t, s.commit(insert("zz after", "{}")))
				want = append(want, "zz after")
				slices.Sort(want)
				if got := domainNames(t, reopen(t, s)); !slices.Equal(got, want) {
					t.Errorf("there are %v, want %v", got, want)
				}
			})
		}
	}
}

func is(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }

func as[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

func says(text string) func(error) bool {
	return func(err error) bool { return err != nil && strings.Contains(err.Error(), text) }
}

func domainNames(t *testing.T, s *Store) (names []string) {
	t.Helper()
	var name string
	must(t, eachRow(t.Context(), s.db, "SELECT name FROM domains ORDER BY name", []any{&name}, func() { names = append(names, name) }))
	return names
}

// A change that panics takes down who made it, or who commits for it, and nobody waits
// for them.
func TestOneOfManyPanics(t *testing.T) {
	t.Parallel()
	for _, place := range []int{0, 1, 2} {
		s := open(t, t.TempDir())
		var changes []func()
		errs, panics := make([]error, 3), make([]any, 3)
		for i := range errs {
			do := insert(fmt.Sprint("ok", i), "{}")
			if i == place {
				do = func(*sql.Tx) error { panic("broken") }
			}
			changes = append(changes, func() {
				defer func() { panics[i] = recover() }()
				errs[i] = s.commit(do)
			})
		}
		atOnce(&s.commits, changes...)
		if panics[0] != "broken" || !errors.Is(errs[1], errNotCommitted) || !errors.Is(errs[2], errNotCommitted) {
			t.Errorf("at %d: %v, panics %v", place, errs, panics)
		}
		must(t, s.commit(insert("after", "{}")))
		if got := domainNames(t, s); !slices.Equal(got, []string{"after"}) {
			t.Errorf("at %d: there are %v", place, got)
		}
	}
}

// Reading for lists begins anew when a change that it shared a transaction with failed.
func TestReadTwiceIsGivenOnce(t *testing.T) {
	t.Parallel()
	q := openQueue(t, t.TempDir())
	must(t, q.Update(event("f", "e", 0), Follow{Delivery: &Delivery{Time: 1, Receiver: "x"}}),
		q.PutTimer(&Timer{Region: "r", Function: "f", Trigger: "t"}, nil), q.Add(event("f", "a", 0)))
	refused := errors.New("refused")
	var deliveries []*Delivery
	var timers []*Timer
	var task *Event
	errs := make([]error, 5)
	atOnce(&q.commits,
		func() { deliveries, errs[0] = q.Deliveries(9) },
		func() { timers, errs[1] = q.Timers() },
		func() { task, errs[2] = q.StopWaiting("r", "f", "a", at(1)) },
		func() { errs[3] = q.Add(event("f", "b", 0)) },
		func() { errs[4] = q.do(func(*sql.Tx) error { return refused }) })
	if !errors.Is(errs[4], refused) {
		t.Errorf("err = %v", errs[4])
	}
	must(t, errs[:4]...)
	if len(deliveries) != 1 || len(timers) != 1 || task.Status != EventStopped {
		t.Errorf("%d deliveries, %d timers, %+v", len(deliveries), len(timers), task)
	}
	if b, err := q.Task("r", "f", "b"); err != nil || b.Status != EventEnqueued {
		t.Errorf("what was added with them: %+v, %v", b, err)
	}
}
