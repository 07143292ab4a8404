package store

import (
	"database/sql"
	"encoding/json"
	"strconv"
)

// Timers lists what is remembered of timer triggers.
func (q *Queue) Timers() ([]*Timer, error) {
	var out []*Timer
	err := q.do(func(tx *sql.Tx) error {
		rows, err := tx.Query("SELECT doc FROM timers ORDER BY region, function, trigger_name")
		if err != nil {
			return err
		}
		out = nil
		defer rows.Close()
		for rows.Next() {
			var doc string
			if err := rows.Scan(&doc); err != nil {
				return err
			}
			t := &Timer{}
			if err := json.Unmarshal([]byte(doc), t); err != nil {
				return &unreadableError{err}
			}
			out = append(out, t)
		}
		return rows.Err()
	})
	return out, err
}

// PutTimer remembers a timer and, in the same step, puts the event of its run in
// the queue, if there is one. A run that the queue has already isn't made again.
func (q *Queue) PutTimer(t *Timer, run *Event) error {
	return q.do(func(tx *sql.Tx) error {
		if run != nil {
			if _, err := insertEvent(tx, run); err != nil {
				return err
			}
		}
		return putDoc(tx, "INSERT OR REPLACE INTO timers (region, function, trigger_name, doc) VALUES (?, ?, ?, ?)",
			t, t.Region, t.Function, t.Trigger)
	})
}

// DropTimer forgets a timer.
func (q *Queue) DropTimer(region, function, trigger string) error {
	return q.do(func(tx *sql.Tx) error {
		_, err := tx.Exec("DELETE FROM timers WHERE region = ? AND function = ? AND trigger_name = ?", region, function, trigger)
		return err
	})
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
