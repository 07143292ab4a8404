package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"s/pkg/local/logfiles"
)

// logsName is the database of logs. It is one of its own: a deploy doesn't wait for
// what functions print.
const logsName = "logs.db"

// Logs keeps what there is to know of the projects and logstores to which functions
// log. Their lines are in pkg/local/logfiles.
type Logs struct {
	db   *sql.DB
	path string
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
	db.SetMaxOpenConns(4)
	if err := upgrade(ctx, db, path, logMigrations()); err != nil {
		return nil, errors.Join(classify(path, err), db.Close())
	}
	return &Logs{db: db, path: path}, nil
}

// Close closes the database.
func (l *Logs) Close() error { return l.db.Close() }

// movedLines is how many lines are moved at a time.
const movedLines = 10_000

// MoveLines hands over the lines that a former s kept here, and removes them.
func (l *Logs) MoveLines(ctx context.Context, keep func(project, logstore string, lines []logfiles.Line) error) error {
	var some bool
	if err := l.db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM lines)").Scan(&some); err != nil || !some {
		return classify(l.path, err)
	}
	if err := l.eachLines(ctx, keep); err != nil {
		return classify(l.path, err)
	}
	_, err := l.db.ExecContext(ctx, "DELETE FROM lines; DELETE FROM logstores; VACUUM")
	return classify(l.path, err)
}

// eachLines gives all lines, in the order of their time.
func (l *Logs) eachLines(ctx context.Context, each func(project, logstore string, lines []logfiles.Line) error) error {
	rows, err := l.db.QueryContext(ctx, `
SELECT project, name, time, topic, service, function, qualifier, version, instance, request, message
FROM lines JOIN logstores ON logstores.id = lines.store ORDER BY store, time, seq`)
	if err != nil {
		return err
	}
	defer rows.Close()
	var last [2]string
	var lines []logfiles.Line
	for rows.Next() {
		var to [2]string
		var line logfiles.Line
		var nanos int64
		if err := rows.Scan(&to[0], &to[1], &nanos, &line.Topic, &line.Service, &line.Function, &line.Qualifier, &line.VersionID,
			&line.InstanceID, &line.RequestID, &line.Message); err != nil {
			return err
		}
		if len(lines) > 0 && (to != last || len(lines) == movedLines) {
			if err := each(last[0], last[1], lines); err != nil {
				return err
			}
			lines = nil
		}
		line.Time = time.Unix(0, nanos)
		last, lines = to, append(lines, line)
	}
	if err := rows.Err(); err != nil || len(lines) == 0 {
		return err
	}
	return each(last[0], last[1], lines)
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
	return s.logstores[[2]string{project, logstore}] > 0
}

// countLogs counts how many functions log to a project, and to a logstore of it. The
// store is locked.
func (s *Store) countLogs(f *Function, by int) {
	c := f.Function.LogConfig
	if c == nil {
		return
	}
	for _, logstore := range slices.Compact([]string{"", c.Logstore}) {
		if s.logstores[[2]string{c.Project, logstore}] += by; s.logstores[[2]string{c.Project, logstore}] <= 0 {
			delete(s.logstores, [2]string{c.Project, logstore})
		}
	}
}
