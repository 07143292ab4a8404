// Package store keeps the state of the local cloud in one directory: services,
// functions, triggers and layers in SQLite (state.db), code archives by the hash of
// their content (code/). What a call acknowledged is on disk and survives
// kill -9 and a power cut. Reads come from memory, so the invoke path never
// waits for the disk. It knows nothing of HTTP and of running functions.
package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"s/pkg/local/flock"
)

// LockName is the file in the data directory that is locked while a store is
// open.
const LockName = "lock"

// File names in the data directory.
const (
	databaseName = "state.db"
	codeName     = "code"
)

// Store is an open data directory. One process at a time can have it open. Its
// methods are safe for concurrent use. What they return is shared: it must not
// be changed.
type Store struct {
	dir  string
	db   *sql.DB
	lock *os.File
	code *codeDir
	// blobs are the contents of objects, which are not kept in memory.
	blobs blobDir

	changing keyLocks  // of what is being changed, over the disk and the memory
	commits  committer // of changes, to the disk

	mu        sync.RWMutex
	services  map[key]*Service
	functions map[key]*Function
	sorted    byName                      // the functions
	triggers  map[key]map[string]*Trigger // by function, then by trigger name
	hosts     map[key]*Trigger            // HTTP triggers by region and host label
	scaling   map[place]*Scaling
	histories map[key]*history  // versions and aliases, by their owner
	uses      map[use]int       // by how many functions and copies of them
	logstores map[[2]string]int // to which functions log: how many, by project and logstore
	layers    layers
	// admissions are by function.
	admissions map[key]*Admission
	domains    domains
	async      map[key]map[string]*AsyncConfig // by function, then by qualifier
}

// key names a resource: regions don't share names.
type key struct{ region, name string }

// Open opens the data directory dir, making it if needed, and takes its lock.
// Its errors are *LockedError, *CorruptError, *NewerError or the system's.
func Open(ctx context.Context, dir string) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("data directory of the local cloud: %w", err)
	}
	path := filepath.Join(dir, LockName)
	lock, err := take(ctx, path)
	if err != nil {
		return nil, err
	}
	s := &Store{dir: dir, lock: lock}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// lockGrace is how long a lock may outlive its holder: a program that it was
// about to start has the file open until it runs.
const lockGrace = 500 * time.Millisecond

func take(ctx context.Context, path string) (*os.File, error) {
	brief, cancel := context.WithTimeout(ctx, lockGrace)
	defer cancel()
	lock, err := flock.Wait(brief, path)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return nil, &LockedError{Path: path}
	}
	return lock, err
}

func (s *Store) open(ctx context.Context) error {
	path := s.database()
	if err := private(path); err != nil {
		return full(path, err)
	}
	db, err := sql.Open("sqlite", dataSource(path))
	if err != nil {
		return err
	}
	s.db = db
	db.SetMaxOpenConns(1)
	s.commits.db, s.commits.path = db, path
	if err := upgrade(ctx, db, path, migrations()); err != nil {
		return classify(path, err)
	}
	if err := s.load(ctx); err != nil {
		return classify(path, err)
	}
	if err := s.openBlobs(ctx); err != nil {
		return classify(path, err)
	}
	s.code, err = openCode(filepath.Join(s.dir, codeName), s.refersTo)
	return err
}

// private makes the database file before SQLite does, so that only its user
// may read it; SQLite gives its other files the same mode.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(0o600), f.Close())
}

// dataSource turns on the write-ahead log, and a sync of it at every commit.
func dataSource(path string) string {
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path)}
	return u.String() + "?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)" +
		"&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)"
}

// Close closes the database and gives the lock back.
func (s *Store) Close() error {
	if s.code != nil {
		s.code.removals.Wait()
	}
	var err error
	if s.db != nil {
		err = s.db.Close()
	}
	return errors.Join(err, s.lock.Close())
}

// Dir is the absolute path of the data directory.
func (s *Store) Dir() string { return s.dir }

// migrations brings a database from version i to i+1.
func migrations() []string {
	return []string{`
CREATE TABLE services (
  region TEXT NOT NULL, name TEXT NOT NULL, doc TEXT NOT NULL,
  PRIMARY KEY (region, name)) WITHOUT ROWID;
CREATE TABLE functions (
  region TEXT NOT NULL, name TEXT NOT NULL, doc TEXT NOT NULL, code TEXT NOT NULL,
  PRIMARY KEY (region, name)) WITHOUT ROWID;
CREATE TABLE triggers (
  region TEXT NOT NULL, function TEXT NOT NULL, name TEXT NOT NULL, doc TEXT NOT NULL,
  PRIMARY KEY (region, function, name),
  FOREIGN KEY (region, function) REFERENCES functions (region, name)) WITHOUT ROWID;
`, `
CREATE TABLE scaling (
  region TEXT NOT NULL, function TEXT NOT NULL, doc TEXT NOT NULL,
  PRIMARY KEY (region, function),
  FOREIGN KEY (region, function) REFERENCES functions (region, name) ON DELETE CASCADE) WITHOUT ROWID;
`, layerTables, domainTables, asyncTables, objectTables, admissionTables, versionTables}
}

// upgrade checks a database and brings its schema up to date by steps.
func upgrade(ctx context.Context, db *sql.DB, path string, steps []string) error {
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return &CorruptError{Path: path, Err: errors.New(verdict)}
	}
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version > len(steps) {
		return &NewerError{Path: path, Version: version, Known: len(steps)}
	}
	for ; version < len(steps); version++ {
		if err := migrate(ctx, db, steps[version], version+1); err != nil {
			return err
		}
	}
	return nil
}

func migrate(ctx context.Context, db *sql.DB, step string, version int) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, step); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version)); err != nil {
		return err
	}
	return tx.Commit()
}

// load reads everything into memory.
func (s *Store) load(ctx context.Context) error {
	s.services = map[key]*Service{}
	s.functions, s.sorted = map[key]*Function{}, byName{}
	s.triggers = map[key]map[string]*Trigger{}
	s.hosts = map[key]*Trigger{}
	s.scaling = map[place]*Scaling{}
	s.histories, s.uses = map[key]*history{}, map[use]int{}
	s.logstores = map[[2]string]int{}
	s.async = map[key]map[string]*AsyncConfig{}
	if err := eachDoc(ctx, s.db, "SELECT doc FROM services", s.keepService); err != nil {
		return err
	}
	if err := eachDoc(ctx, s.db, "SELECT doc FROM functions", s.keepFunction); err != nil {
		return err
	}
	if err := eachDoc(ctx, s.db, "SELECT doc FROM scaling", func(c *Scaling) { c.keepScaling(s) }); err != nil {
		return err
	}
	if err := s.loadLayers(ctx); err != nil {
		return err
	}
	if err := s.loadAdmissions(ctx); err != nil {
		return err
	}
	if err := s.loadDomains(ctx); err != nil {
		return err
	}
	if err := s.loadHistories(ctx); err != nil {
		return err
	}
	if err := eachDoc(ctx, s.db, "SELECT doc FROM async_configs", func(c *AsyncConfig) { c.keepAsync(s) }); err != nil {
		return err
	}
	return eachDoc(ctx, s.db, "SELECT doc FROM triggers", s.keepTrigger)
}

func eachDoc[T any](ctx context.Context, db *sql.DB, query string, keep func(*T)) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var doc []byte
		if err := rows.Scan(&doc); err != nil {
			return err
		}
		value := new(T)
		if err := unmarshalDoc(doc, value); err != nil {
			return err
		}
		keep(value)
	}
	return rows.Err()
}

// unmarshalDoc reads a stored document.
func unmarshalDoc(doc []byte, into any) error {
	if err := json.Unmarshal(doc, into); err != nil {
		return &unreadableError{err}
	}
	return nil
}

// database is the path of the database file.
func (s *Store) database() string { return filepath.Join(s.dir, databaseName) }

// commit runs do in a transaction on disk, perhaps more than once; the caller holds the
// lock of what is changed (see keyLocks), and changes the memory after it.
func (s *Store) commit(do func(tx *sql.Tx) error) error { return s.commits.commit(do) }

// unreadableError is a row whose document isn't what was stored.
type unreadableError struct{ err error }

func (e *unreadableError) Error() string { return "a stored document can't be read: " + e.err.Error() }

// classify turns what SQLite reports into an error that says what to do.
func classify(path string, err error) error {
	var row *unreadableError
	if errors.As(err, &row) {
		return &CorruptError{Path: path, Err: err}
	}
	var lite *sqlite.Error
	if !errors.As(err, &lite) {
		return err
	}
	switch lite.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return &CorruptError{Path: path, Err: err}
	case sqlite3.SQLITE_FULL:
		return &DiskFullError{Path: path, Err: err}
	}
	return fmt.Errorf("%s: %w", path, err)
}
