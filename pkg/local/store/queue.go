package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// queueName is the queue's database. It is one of its own: a deploy doesn't wait
// for events.
const queueName = "queue.db"

// Bounds of what is kept of events that are over.
const (
	keepOver = 7 * 24 * time.Hour
	maxOver  = 100_000
)

// Queue keeps asynchronous invocations on disk. What a method acknowledged
// survives kill -9 and a power cut. Methods may be called by any number of
// goroutines; those at the same time share one commit.
type Queue struct {
	db      *sql.DB
	path    string
	commits committer
}

// queueMigrations brings the queue's database from version i to i+1.
func queueMigrations() []string {
	return []string{`
CREATE TABLE events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  region TEXT NOT NULL, function TEXT NOT NULL, task TEXT NOT NULL, qualifier TEXT NOT NULL,
  status TEXT NOT NULL, waits INTEGER NOT NULL, due INTEGER NOT NULL, started INTEGER NOT NULL, ended INTEGER NOT NULL,
  stateful INTEGER NOT NULL, dead INTEGER NOT NULL,
  doc TEXT NOT NULL, payload BLOB, result BLOB);
CREATE UNIQUE INDEX event_tasks ON events (region, function, task);
CREATE INDEX event_due ON events (due, seq) WHERE waits = 1;
CREATE INDEX event_over ON events (ended) WHERE ended > 0;
CREATE INDEX event_dead ON events (seq) WHERE dead = 1;
CREATE TABLE deliveries (seq INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, doc TEXT NOT NULL);
CREATE TABLE timers (
  region TEXT NOT NULL, function TEXT NOT NULL, trigger_name TEXT NOT NULL, doc TEXT NOT NULL,
  PRIMARY KEY (region, function, trigger_name)) WITHOUT ROWID;
`}
}

// OpenQueue opens the queue in a folder that the caller has locked, making it if
// needed. Events that ran when it was last used are due again: whether they ended
// isn't known. Errors are *CorruptError, *NewerError or the system's.
func OpenQueue(ctx context.Context, dir string, now time.Time) (*Queue, error) {
	path := filepath.Join(dir, queueName)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := private(path); err != nil {
		return nil, full(path, err)
	}
	db, err := sql.Open("sqlite", dataSource(path))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	q := &Queue{db: db, path: path, commits: committer{db: db, path: path}}
	if err := upgrade(ctx, db, path, queueMigrations()); err != nil {
		return nil, errors.Join(classify(path, err), db.Close())
	}
	if err := q.check(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := errors.Join(q.recover(now), q.Prune(now)); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return q, nil
}

// Close closes the database.
func (q *Queue) Close() error { return q.db.Close() }

// do runs op in a transaction, perhaps more than once, and returns when it is on disk.
func (q *Queue) do(op func(*sql.Tx) error) error { return q.commits.commit(op) }

// check refuses a queue in which an event that isn't over can't be read: the others
// would wait behind it for good.
func (q *Queue) check(ctx context.Context) error {
	var seq int64
	err := q.db.QueryRowContext(ctx, "SELECT seq FROM events WHERE ended = 0 AND NOT json_valid(doc) LIMIT 1").Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		err = &unreadableError{fmt.Errorf("event %d is no JSON", seq)}
	}
	return classify(q.path, err)
}

// recover makes the events due that ran when the process ended; those that were
// to be stopped are.
func (q *Queue) recover(now time.Time) error {
	return q.do(func(tx *sql.Tx) error {
		cut, err := selectEvents(tx, "WHERE status IN (?, ?)", EventRunning, EventStopping)
		if err != nil {
			return err
		}
		for _, e := range cut {
			if e.Status == EventStopping {
				e.Ended = now.UnixMilli()
				e.Set(EventStopped, now, "")
			} else {
				e.Due = now.UnixMilli()
				e.Set(EventRetrying, now, "the local cloud ended while it ran")
			}
			if err := updateEvent(tx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

// Prune forgets what is over for long.
func (q *Queue) Prune(now time.Time) error {
	limit := now.Add(-keepOver).UnixMilli()
	return q.do(func(tx *sql.Tx) error {
		for _, step := range []struct {
			query string
			args  []any
		}{
			{"DELETE FROM events WHERE ended > 0 AND ended < ?", []any{limit}},
			{"DELETE FROM events WHERE ended > 0 AND seq <= (SELECT seq FROM events WHERE ended > 0 ORDER BY seq DESC LIMIT 1 OFFSET ?)", []any{maxOver}},
			{"DELETE FROM deliveries WHERE time < ? OR seq <= (SELECT seq FROM deliveries ORDER BY seq DESC LIMIT 1 OFFSET ?)", []any{limit, maxOver}},
		} {
			if _, err := tx.Exec(step.query, step.args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// Add puts an event in the queue. A task id that its function has already is an
// *ExistsError.
func (q *Queue) Add(e *Event) error {
	var added bool
	err := q.do(func(tx *sql.Tx) (err error) {
		added, err = insertEvent(tx, e)
		return err
	})
	if err == nil && !added {
		return &ExistsError{Kind: KindTask, Name: e.TaskID}
	}
	return err
}

// FunctionKey names a function of a region.
type FunctionKey struct{ Region, Function string }

// notOf is the condition that leaves out functions.
func notOf(skip []FunctionKey) (string, []any) {
	var where strings.Builder
	var args []any
	for _, k := range skip {
		where.WriteString(" AND NOT (region = ? AND function = ?)")
		args = append(args, k.Region, k.Function)
	}
	return where.String(), args
}

// Claim takes up to limit events that are due, the one that waits longest first,
// and marks them as running. Functions in skip get none.
func (q *Queue) Claim(now time.Time, limit int, skip []FunctionKey) ([]*Event, error) {
	var claimed []*Event
	where, args := notOf(skip)
	err := q.do(func(tx *sql.Tx) (err error) {
		claimed, err = selectEvents(tx, "WHERE waits = 1 AND due <= ?"+where+" ORDER BY due, seq LIMIT ?",
			append(append([]any{now.UnixMilli()}, args...), limit)...)
		for _, e := range claimed {
			e.Set(EventRunning, now, "")
			if e.Started == 0 {
				e.Started = now.UnixMilli()
			}
			if err == nil {
				err = updateEvent(tx, e)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

// NextDue is when the next event is due whose function isn't in skip; ok is false
// if none waits.
func (q *Queue) NextDue(skip []FunctionKey) (due time.Time, ok bool, err error) {
	where, args := notOf(skip)
	var at sql.NullInt64
	err = q.do(func(tx *sql.Tx) error {
		return tx.QueryRow("SELECT MIN(due) FROM events WHERE waits = 1"+where, args...).Scan(&at)
	})
	return time.UnixMilli(at.Int64), at.Valid, err
}

// Follow is what comes of the end of an event.
type Follow struct {
	Next     *Event    // another invocation
	Delivery *Delivery // what nobody was there to get
}

// Update stores what became of a claimed event, and what follows from it, in
// one step. One that succeeded and is no task is forgotten.
func (q *Queue) Update(e *Event, follow Follow) error {
	return q.do(func(tx *sql.Tx) error {
		if follow.Next != nil {
			if _, err := insertEvent(tx, follow.Next); err != nil {
				return err
			}
		}
		if d := follow.Delivery; d != nil {
			if err := putDoc(tx, "INSERT INTO deliveries (time, doc) VALUES (?, ?)", d, d.Time); err != nil {
				return err
			}
		}
		if e.Over() && !e.Dead && !e.Stateful {
			_, err := tx.Exec("DELETE FROM events WHERE seq = ?", e.Seq)
			return err
		}
		return updateEvent(tx, e)
	})
}
