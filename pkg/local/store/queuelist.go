package store

import (
	"database/sql"
	"encoding/json"
	"time"
)

// EventFilter says which tasks of a function are listed; what is zero doesn't
// matter.
type EventFilter struct {
	Region, Function string
	Qualifier        string
	Status           string
	Prefix           string // of the task id
	From, Until      int64  // of the start, milliseconds since the epoch; both belong to it
	Ascending        bool   // by time; else the newest comes first
	After            int64  // the Seq of the last one of the page before
	Limit            int
	Payload          bool // with payloads and results, which can be large
}

// Task finds a task of a function; *NotFoundError if there is none.
func (q *Queue) Task(region, function, id string) (*Event, error) {
	found, err := q.events(withBoth, "WHERE region = ? AND function = ? AND task = ? AND stateful = 1", region, function, id)
	if err == nil && len(found) == 0 {
		return nil, &NotFoundError{Kind: KindTask, Name: id}
	}
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

func (q *Queue) events(columns, where string, args ...any) (out []*Event, err error) {
	err = q.do(func(tx *sql.Tx) (err error) {
		out, err = selectColumns(tx, columns, where, args...)
		return err
	})
	return out, err
}

// Tasks lists tasks of a function.
func (q *Queue) Tasks(f EventFilter) ([]*Event, error) {
	where, args := "WHERE stateful = 1 AND region = ? AND function = ?", []any{f.Region, f.Function}
	add := func(use bool, text string, arg any) {
		if use {
			where += " AND " + text
			args = append(args, arg)
		}
	}
	add(f.Qualifier != "", "qualifier = ?", f.Qualifier)
	add(f.Status != "", "status = ?", f.Status)
	add(f.Prefix != "", "instr(task, ?) = 1", f.Prefix)
	add(f.From > 0, "started >= ?", f.From)
	add(f.Until > 0, "started > 0 AND started <= ?", f.Until)
	add(f.After > 0 && f.Ascending, "seq > ?", f.After)
	add(f.After > 0 && !f.Ascending, "seq < ?", f.After)
	order := " ORDER BY seq DESC LIMIT ?"
	if f.Ascending {
		order = " ORDER BY seq LIMIT ?"
	}
	columns := withNeither
	if f.Payload {
		columns = withBoth
	}
	return q.events(columns, where+order, append(args, f.Limit)...)
}

// Dead lists the events that have failed for good, the oldest first, without
// their results.
func (q *Queue) Dead(limit int) ([]*Event, error) {
	return q.events(withPayload, "WHERE dead = 1 ORDER BY seq LIMIT ?", limit)
}

// DeadSeqs gives the numbers of all of them.
func (q *Queue) DeadSeqs() ([]int64, error) {
	dead, err := q.events(withNeither, "WHERE dead = 1 ORDER BY seq")
	seqs := make([]int64, len(dead))
	for i, e := range dead {
		seqs[i] = e.Seq
	}
	return seqs, err
}

// StopWaiting ends a task that waits, or marks one that runs as to be stopped;
// it gives the task as it is now.
func (q *Queue) StopWaiting(region, function, id string, now time.Time) (*Event, error) {
	var task *Event
	err := q.do(func(tx *sql.Tx) error {
		task = nil
		found, err := selectEvents(tx, "WHERE region = ? AND function = ? AND task = ? AND stateful = 1", region, function, id)
		if err != nil || len(found) == 0 {
			return err
		}
		task = found[0]
		switch task.Status {
		case EventEnqueued, EventRetrying:
			task.Ended = now.UnixMilli()
			task.Set(EventStopped, now, "")
		case EventRunning:
			task.Set(EventStopping, now, "")
		default:
			return nil
		}
		return updateEvent(tx, task)
	})
	if err == nil && task == nil {
		return nil, &NotFoundError{Kind: KindTask, Name: id}
	}
	return task, err
}

// Replay puts a dead event in the queue again, as new. *NotFoundError if none has
// this number.
func (q *Queue) Replay(seq int64, now time.Time) error {
	return q.dead(seq, func(tx *sql.Tx, e *Event) error {
		e.Dead, e.Ended, e.Started, e.Failures, e.Refusals, e.Refused = false, 0, 0, 0, 0, 0
		e.Created, e.Due, e.Error, e.ErrorType, e.Result = now.UnixMilli(), now.UnixMilli(), "", "", nil
		e.Set(EventEnqueued, now, "replayed")
		return updateEvent(tx, e)
	})
}

// Discard forgets a dead event. *NotFoundError if none has this number.
func (q *Queue) Discard(seq int64) error {
	return q.dead(seq, func(tx *sql.Tx, e *Event) error {
		_, err := tx.Exec("DELETE FROM events WHERE seq = ?", e.Seq)
		return err
	})
}

func (q *Queue) dead(seq int64, change func(*sql.Tx, *Event) error) error {
	there := false
	err := q.do(func(tx *sql.Tx) error {
		found, err := selectEvents(tx, "WHERE dead = 1 AND seq = ?", seq)
		if there = len(found) > 0; err != nil || !there {
			return err
		}
		return change(tx, found[0])
	})
	if err == nil && !there {
		return &NotFoundError{Kind: KindTask, Name: "#" + itoa(seq)}
	}
	return err
}

// QueueCounts are the numbers of events in a queue.
type QueueCounts struct {
	Waiting int `json:"waiting"`
	Running int `json:"running"`
	Dead    int `json:"dead"`
}

// Counts counts events.
func (q *Queue) Counts() (c QueueCounts, err error) {
	err = q.do(func(tx *sql.Tx) error {
		return tx.QueryRow(`SELECT (SELECT COUNT(*) FROM events WHERE waits = 1),
			(SELECT COUNT(*) FROM events WHERE status IN (?, ?)), (SELECT COUNT(*) FROM events WHERE dead = 1)`,
			EventRunning, EventStopping).Scan(&c.Waiting, &c.Running, &c.Dead)
	})
	return c, err
}

// Deliveries lists what nobody was there to get, the newest first.
func (q *Queue) Deliveries(limit int) ([]*Delivery, error) {
	var out []*Delivery
	err := q.do(func(tx *sql.Tx) error {
		rows, err := tx.Query("SELECT seq, doc FROM deliveries ORDER BY seq DESC LIMIT ?", limit)
		if err != nil {
			return err
		}
		out = nil
		defer rows.Close()
		for rows.Next() {
			var seq int64
			var doc string
			if err := rows.Scan(&seq, &doc); err != nil {
				return err
			}
			d := &Delivery{}
			if err := json.Unmarshal([]byte(doc), d); err != nil {
				return &unreadableError{err}
			}
			d.Seq = seq
			out = append(out, d)
		}
		return rows.Err()
	})
	return out, err
}
