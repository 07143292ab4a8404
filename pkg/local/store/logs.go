package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// logsName is the database of logs. It is one of its own: a deploy doesn't wait for
// what functions print.
const logsName = "logs.db"

// keptLines is how many lines a logstore keeps; the oldest go first.
const keptLines = 2_000_000

// pruneEvery is after how many new lines a logstore is looked at.
const pruneEvery = 50_000

// LogLine is a line of a function's log, with the fields that FC gives it.
type LogLine struct {
	Time       time.Time
	Topic      string // FCLogs:<function>, or the service of FC 2.0
	Service    string // of FC 2.0
	Function   string
	Qualifier  string
	VersionID  string
	InstanceID string
	RequestID  string
	Message    string
}

// Logs keeps the lines of functions that have a logConfig, by project and logstore.
// A line is on disk for good within the second in which it was printed; unlike all
// other state, the last ones can be lost in a power cut.
type Logs struct {
	db   *sql.DB
	path string
	kept int

	mu     sync.Mutex // held while lines are written
	stores map[[2]string]int64
	fresh  map[int64]int // lines since a logstore was looked at
	seq    int64
}

func logMigrations() []string {
	return []string{`
CREATE TABLE logstores (
  id INTEGER PRIMARY KEY, project TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (project, name));
CREATE TABLE lines (
  store INTEGER NOT NULL, time INTEGER NOT NULL, seq INTEGER NOT NULL,
  topic TEXT NOT NULL, service TEXT NOT NULL, function TEXT NOT NULL, qualifier TEXT NOT NULL, version TEXT NOT NULL,
  instance TEXT NOT NULL, request TEXT NOT NULL, message TEXT NOT NULL,
  PRIMARY KEY (store, time, seq)) WITHOUT ROWID;
CREATE TABLE log_docs (kind TEXT NOT NULL, name TEXT NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID;
`}
}

// OpenLogs opens the logs in a folder that the caller has locked, making them if
// needed. Errors are *CorruptError, *NewerError or the system's.
func OpenLogs(ctx context.Context, dir string) (*Logs, error) {
	path := filepath.Join(dir, logsName)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := private(path); err != nil {
		return nil, full(path, err)
	}
	db, err := sql.Open("sqlite", dataSource(path)+"&_pragma=synchronous(NORMAL)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(4) // queries don't hold up what is printed
	l := &Logs{db: db, path: path, kept: keptLines, stores: map[[2]string]int64{}, fresh: map[int64]int{}}
	if err := upgrade(ctx, db, path, logMigrations()); err != nil {
		return nil, errors.Join(classify(path, err), db.Close())
	}
	if err := db.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) FROM lines").Scan(&l.seq); err != nil {
		return nil, errors.Join(classify(path, err), db.Close())
	}
	return l, nil
}

// Close closes the database.
func (l *Logs) Close() error { return l.db.Close() }

// Append adds lines to a logstore.
func (l *Logs) Append(project, logstore string, lines []LogLine) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	tx, err := l.db.Begin()
	if err != nil {
		return classify(l.path, err)
	}
	defer tx.Rollback()
	id, err := l.storeID(tx, project, logstore)
	if err != nil {
		return classify(l.path, err)
	}
	insert, err := tx.Prepare("INSERT INTO lines VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
	if err != nil {
		return classify(l.path, err)
	}
	defer insert.Close()
	for _, line := range lines {
		l.seq++
		if _, err := insert.Exec(id, line.Time.UnixNano(), l.seq, line.Topic, line.Service, line.Function, line.Qualifier,
			line.VersionID, line.InstanceID, line.RequestID, line.Message); err != nil {
			return classify(l.path, err)
		}
	}
	if l.fresh[id] += len(lines); l.fresh[id] > min(pruneEvery, l.kept/10) {
		if err := l.prune(tx, id); err != nil {
			return classify(l.path, err)
		}
		l.fresh[id] = 0
	}
	if err := tx.Commit(); err != nil {
		return classify(l.path, err)
	}
	l.stores[[2]string{project, logstore}] = id
	return nil
}

func (l *Logs) storeID(tx *sql.Tx, project, logstore string) (id int64, err error) {
	if id, ok := l.stores[[2]string{project, logstore}]; ok {
		return id, nil
	}
	err = tx.QueryRow("SELECT id FROM logstores WHERE project = ? AND name = ?", project, logstore).Scan(&id)
	if !errors.Is(err, sql.ErrNoRows) {
		return id, err
	}
	made, err := tx.Exec("INSERT INTO logstores (project, name) VALUES (?, ?)", project, logstore)
	if err != nil {
		return 0, err
	}
	return made.LastInsertId()
}

// prune removes the oldest lines above those that are kept.
func (l *Logs) prune(tx *sql.Tx, id int64) error {
	var oldest int64
	err := tx.QueryRow("SELECT time FROM lines WHERE store = ? ORDER BY time DESC, seq DESC LIMIT 1 OFFSET ?", id, l.kept).Scan(&oldest)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		_, err = tx.Exec("DELETE FROM lines WHERE store = ? AND time <= ?", id, oldest)
	}
	return err
}

// LogQuery says which lines are wanted.
type LogQuery struct {
	Project, Logstore string
	From, To          time.Time // from the first, before the second
	Topic             string    // empty is any
	Reverse           bool      // the newest first
}

// Each gives the lines of a query in the order of their time until each says no.
func (l *Logs) Each(ctx context.Context, q LogQuery, each func(*LogLine) bool) error {
	order := "ASC"
	if q.Reverse {
		order = "DESC"
	}
	rows, err := l.db.QueryContext(ctx, `
SELECT time, topic, service, function, qualifier, version, instance, request, message FROM lines
WHERE store = (SELECT id FROM logstores WHERE project = ? AND name = ?) AND time >= ? AND time < ? AND (? = '' OR topic = ?)
ORDER BY time `+order+", seq "+order, q.Project, q.Logstore, q.From.UnixNano(), q.To.UnixNano(), q.Topic, q.Topic)
	if err != nil {
		return classify(l.path, err)
	}
	defer rows.Close()
	for rows.Next() {
		var line LogLine
		var nanos int64
		if err := rows.Scan(&nanos, &line.Topic, &line.Service, &line.Function, &line.Qualifier, &line.VersionID,
			&line.InstanceID, &line.RequestID, &line.Message); err != nil {
			return classify(l.path, err)
		}
		line.Time = time.Unix(0, nanos)
		if !each(&line) {
			return nil
		}
	}
	return classify(l.path, rows.Err())
}

// RemoveLines removes all lines of a logstore.
func (l *Logs) RemoveLines(project, logstore string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := l.db.Exec("DELETE FROM lines WHERE store = (SELECT id FROM logstores WHERE project = ? AND name = ?)", project, logstore)
	return classify(l.path, err)
}

// PutDoc keeps a document of a kind under a name.
func (l *Logs) PutDoc(kind, name string, doc []byte) error {
	_, err := l.db.Exec("INSERT OR REPLACE INTO log_docs (kind, name, doc) VALUES (?, ?, ?)", kind, name, string(doc))
	return classify(l.path, err)
}

// Doc finds a document; nil if there is none.
func (l *Logs) Doc(kind, name string) (doc []byte, err error) {
	var text string
	err = l.db.QueryRow("SELECT doc FROM log_docs WHERE kind = ? AND name = ?", kind, name).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return []byte(text), classify(l.path, err)
}

// DeleteDoc removes a document.
func (l *Logs) DeleteDoc(kind, name string) error {
	_, err := l.db.Exec("DELETE FROM log_docs WHERE kind = ? AND name = ?", kind, name)
	return classify(l.path, err)
}

// DocNames lists the names of a kind's documents that begin with prefix.
func (l *Logs) DocNames(kind, prefix string) (names []string, err error) {
	rows, err := l.db.Query("SELECT name FROM log_docs WHERE kind = ? AND substr(name, 1, length(?)) = ? ORDER BY name", kind, prefix, prefix)
	if err != nil {
		return nil, classify(l.path, err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, classify(l.path, err)
		}
		names = append(names, name)
	}
	return names, classify(l.path, rows.Err())
}

// HasLogstore reports whether a function's logs go to a project, and to this
// logstore of it if that isn't empty.
func (s *Store) HasLogstore(project, logstore string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, f := range s.functions {
		if c := f.Function.LogConfig; c != nil && c.Project == project && (logstore == "" || c.Logstore == logstore) {
			return true
		}
	}
	return false
}
