package store

import (
	"database/sql"
	"encoding/json"
)

// What is read of an event beside its documents, which can be 128 KB and 1 MB.
const (
	eventColumns = "seq, status, due, started, ended, dead, doc, "
	withBoth     = eventColumns + "payload, result"
	withPayload  = eventColumns + "payload, NULL"
	withNeither  = eventColumns + "NULL, NULL"
)

func selectEvents(tx *sql.Tx, where string, args ...any) ([]*Event, error) {
	return selectColumns(tx, withBoth, where, args...)
}

func selectColumns(tx *sql.Tx, columns, where string, args ...any) ([]*Event, error) {
	rows, err := tx.Query("SELECT "+columns+" FROM events "+where, args...) //nolint:gosec // conditions are written in this package, values are arguments
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []*Event
	for rows.Next() {
		e, doc := &Event{}, ""
		if err := rows.Scan(&e.Seq, &e.Status, &e.Due, &e.Started, &e.Ended, &e.Dead, &doc, &e.Payload, &e.Result); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(doc), e); err != nil {
			return nil, &unreadableError{err}
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

// waits reports whether an event is to be run.
func (e *Event) waits() bool { return e.Status == EventEnqueued || e.Status == EventRetrying }

func insertEvent(tx *sql.Tx, e *Event) (added bool, err error) {
	doc, err := json.Marshal(e)
	if err != nil {
		return false, err
	}
	result, err := tx.Exec(`INSERT INTO events
		(region, function, task, qualifier, status, waits, due, started, ended, stateful, dead, doc, payload)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		e.Region, e.Function, e.TaskID, e.Qualifier, e.Status, e.waits(), e.Due, e.Started, e.Ended, e.Stateful, e.Dead, string(doc), e.Payload)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	if err == nil && n > 0 {
		e.Seq, err = result.LastInsertId()
	}
	return n > 0, err
}

func updateEvent(tx *sql.Tx, e *Event) error {
	doc, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = tx.Exec("UPDATE events SET status = ?, waits = ?, due = ?, started = ?, ended = ?, dead = ?, doc = ?, result = ? WHERE seq = ?",
		e.Status, e.waits(), e.Due, e.Started, e.Ended, e.Dead, string(doc), e.Result, e.Seq)
	return err
}
