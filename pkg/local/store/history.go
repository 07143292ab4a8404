package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"s/pkg/fc"
)

// history is what was published of its owner: a function of FC 3.0, by its name,
// or a service of FC 2.0 with all its functions, by its name and the separator
// ("service$").
type history struct {
	last     int        // number of the version published last, also if it is gone
	versions []*Version // oldest first; replaced or appended to, never changed
	aliases  map[string]*Alias
}

// versionTables is a migration. version_uses has the code and the images that the
// functions in a version need, so that the copies needn't be read to know them.
const versionTables = `
CREATE TABLE histories (
  region TEXT NOT NULL, owner TEXT NOT NULL, last INTEGER NOT NULL,
  PRIMARY KEY (region, owner)) WITHOUT ROWID;
CREATE TABLE versions (
  region TEXT NOT NULL, owner TEXT NOT NULL, id INTEGER NOT NULL,
  description TEXT NOT NULL, created TEXT NOT NULL, doc TEXT NOT NULL,
  PRIMARY KEY (region, owner, id),
  FOREIGN KEY (region, owner) REFERENCES histories (region, owner)) WITHOUT ROWID;
CREATE TABLE version_uses (
  region TEXT NOT NULL, owner TEXT NOT NULL, id INTEGER NOT NULL, kind TEXT NOT NULL, what TEXT NOT NULL, uses INTEGER NOT NULL,
  PRIMARY KEY (region, owner, id, kind, what),
  FOREIGN KEY (region, owner, id) REFERENCES versions (region, owner, id) ON DELETE CASCADE) WITHOUT ROWID;
CREATE TABLE aliases (
  region TEXT NOT NULL, owner TEXT NOT NULL, name TEXT NOT NULL, doc TEXT NOT NULL,
  PRIMARY KEY (region, owner, name)) WITHOUT ROWID;
CREATE TABLE scaling_at (
  region TEXT NOT NULL, function TEXT NOT NULL, qualifier TEXT NOT NULL, doc TEXT NOT NULL,
  PRIMARY KEY (region, function, qualifier),
  FOREIGN KEY (region, function) REFERENCES functions (region, name) ON DELETE CASCADE) WITHOUT ROWID;
INSERT INTO scaling_at SELECT region, function, 'LATEST', doc FROM scaling;
DROP TABLE scaling;
ALTER TABLE scaling_at RENAME TO scaling;
`

// Owner is who has the versions of a function: the function itself, or its
// service, of which no function has versions of its own. It stays as it is.
func Owner(function string) string {
	if service, _ := fc.SplitName(function); service != "" {
		return fc.JoinName(service, "")
	}
	return function
}

// ownerName names an owner in errors.
func ownerName(owner string) string {
	if service, ok := strings.CutSuffix(owner, fc.ServiceSeparator); ok {
		return KindService + " '" + service + "'"
	}
	return KindFunction + " '" + owner + "'"
}

// ownerExists gives the error of an owner that isn't there.
func (s *Store) ownerExists(region, owner string) error {
	if service, ok := strings.CutSuffix(owner, fc.ServiceSeparator); ok {
		_, err := s.Service(region, service)
		return err
	}
	_, err := s.Function(region, owner)
	return err
}

// hasHistory refuses to delete an owner that has versions or aliases.
func (s *Store) hasHistory(region, owner string) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	h := s.histories[key{region, owner}]
	if h == nil {
		return nil
	}
	kind, name := KindFunction, owner
	if service, ok := strings.CutSuffix(owner, fc.ServiceSeparator); ok {
		kind, name = KindService, service
	}
	switch {
	case len(h.aliases) > 0:
		return &NotEmptyError{Kind: kind, Name: name, Has: "aliases"}
	case len(h.versions) > 0:
		return &NotEmptyError{Kind: kind, Name: name, Has: "versions"}
	}
	return nil
}

// history gives the history of an owner, making an empty one. The store is locked.
func (s *Store) history(region, owner string) *history {
	k := key{region, owner}
	if s.histories[k] == nil {
		s.histories[k] = &history{aliases: map[string]*Alias{}}
	}
	return s.histories[k]
}

// loadHistories reads what was published, but not the copies of functions in it:
// those are read when they are first needed.
func (s *Store) loadHistories(ctx context.Context) error {
	var region, owner string
	var last int
	err := eachRow(ctx, s.db, "SELECT region, owner, last FROM histories", []any{&region, &owner, &last}, func() {
		s.history(region, owner).last = last
	})
	if err != nil {
		return err
	}
	var id int
	var description, created string
	err = eachRow(ctx, s.db, "SELECT region, owner, id, description, created FROM versions ORDER BY region, owner, id",
		[]any{&region, &owner, &id, &description, &created}, func() {
			h := s.history(region, owner)
			h.versions = append(h.versions, newVersion(region, owner, id, description, created))
		})
	if err != nil {
		return err
	}
	var use use
	var uses int
	err = eachRow(ctx, s.db, "SELECT kind, what, sum(uses) FROM version_uses GROUP BY kind, what", []any{&use.kind, &use.what, &uses}, func() {
		s.uses[use] += uses
	})
	if err != nil {
		return err
	}
	return eachDoc(ctx, s.db, "SELECT doc FROM aliases", func(a *Alias) {
		s.history(a.Region, a.Owner).aliases[a.Alias.AliasName] = a
	})
}

// eachRow reads rows into the same places and calls keep after each.
func eachRow(ctx context.Context, db *sql.DB, query string, into []any, keep func()) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return &unreadableError{fmt.Errorf("%s: %w", query, err)}
		}
		keep()
	}
	return rows.Err()
}
