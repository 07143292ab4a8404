package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"time"
)

// objectTables is the step of the database's schema for the local OSS.
const objectTables = `
CREATE TABLE buckets (name TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE objects (
  bucket TEXT NOT NULL, name TEXT NOT NULL, blob TEXT NOT NULL, doc TEXT NOT NULL,
  PRIMARY KEY (bucket, name)) WITHOUT ROWID;
CREATE TABLE uploads (id TEXT PRIMARY KEY, bucket TEXT NOT NULL, name TEXT NOT NULL, doc TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE parts (
  upload TEXT NOT NULL, number INTEGER NOT NULL, blob TEXT NOT NULL, doc TEXT NOT NULL,
  PRIMARY KEY (upload, number)) WITHOUT ROWID;
`

// Bucket is a bucket of the local OSS.
type Bucket struct {
	Name    string    `json:"name"`
	Region  string    `json:"region"`
	Created time.Time `json:"created"`
}

// Object is an object of a bucket without its content.
type Object struct {
	Bucket   string    `json:"bucket"`
	Name     string    `json:"name"`
	Size     int64     `json:"size"`
	ETag     string    `json:"etag"` // upper case, without quotes
	CRC64    uint64    `json:"crc64"`
	MD5      []byte    `json:"md5,omitempty"` // not of one made of parts
	Modified time.Time `json:"modified"`
	// Appendable objects were made by appending to them.
	Appendable bool `json:"appendable,omitempty"`
	// Header holds what the object was put with and is given with: its type,
	// x-oss-meta-* and the like, by canonical name.
	Header map[string]string `json:"header,omitempty"`

	blob string
}

// openBlobs gets the folder of contents ready.
func (s *Store) openBlobs(ctx context.Context) error {
	s.blobs = blobDir{filepath.Join(s.dir, objectsName)}
	if _, err := os.Stat(s.blobs.dir); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	known := map[string]bool{}
	rows, err := s.db.QueryContext(ctx, "SELECT blob FROM objects UNION ALL SELECT blob FROM parts")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		known[name] = true
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return s.blobs.sweep(known)
}

// CreateBucket makes a bucket; one that is there stays as it is, and the result
// is false.
func (s *Store) CreateBucket(b Bucket) (made bool, err error) {
	defer s.lockBucket(b.Name)()
	if _, err := s.Bucket(b.Name); err == nil {
		return false, nil
	}
	return true, s.commit(func(tx *sql.Tx) error {
		return putDoc(tx, "INSERT INTO buckets (name, doc) VALUES (?, ?)", b, b.Name)
	})
}

// Bucket finds a bucket.
func (s *Store) Bucket(name string) (*Bucket, error) {
	return one[Bucket](s, &NotFoundError{Kind: KindBucket, Name: name}, "SELECT doc FROM buckets WHERE name = ?", name)
}

// Buckets lists the buckets by name.
func (s *Store) Buckets(ctx context.Context) ([]*Bucket, error) {
	var out []*Bucket
	err := eachDoc(ctx, s.db, "SELECT doc FROM buckets ORDER BY name", func(b *Bucket) { out = append(out, b) })
	return out, s.classified(err)
}

// DeleteBucket removes a bucket, which must be empty.
func (s *Store) DeleteBucket(name string) error {
	defer s.lockBucket(name)()
	if _, err := s.Bucket(name); err != nil {
		return err
	}
	has := ""
	err := s.db.QueryRow(`SELECT CASE WHEN EXISTS (SELECT 1 FROM objects WHERE bucket = ?1) THEN 'objects'
  WHEN EXISTS (SELECT 1 FROM uploads WHERE bucket = ?1) THEN 'uploads' ELSE '' END`, name).Scan(&has)
	if err != nil {
		return s.classified(err)
	}
	if has != "" {
		return &NotEmptyError{Kind: KindBucket, Name: name, Has: has}
	}
	return s.commit(func(tx *sql.Tx) error {
		_, err := tx.Exec("DELETE FROM buckets WHERE name = ?", name)
		return err
	})
}

// PutObject stores an object with its content, in place of one of the same
// name. The bucket must be there. The blob is the store's afterwards, whatever
// the result.
func (s *Store) PutObject(o *Object, content *Blob) error {
	if err := content.keep(); err != nil {
		content.Discard()
		return err
	}
	return s.put(o, content, func() error { return nil })
}

// ReplaceObject is the same if the object is still old, which is nil for one that isn't
// there; else the error is a *ChangedObjectError.
func (s *Store) ReplaceObject(old, o *Object, content *Blob) error {
	if err := content.keep(); err != nil {
		content.Discard()
		return err
	}
	return s.put(o, content, func() error {
		now, err := s.Object(o.Bucket, o.Name)
		var missing *NotFoundError
		switch {
		case errors.As(err, &missing) && old == nil:
			return nil
		case errors.As(err, &missing):
			return &ChangedObjectError{Name: o.Name}
		case err != nil:
			return err
		case old == nil || now.blob != old.blob:
			return &ChangedObjectError{Name: o.Name, Size: now.Size}
		}
		return nil
	})
}

// put stores an object whose content is on disk, unless check refuses.
func (s *Store) put(o *Object, content *Blob, check func() error) error {
	defer s.lockBucket(o.Bucket)()
	var replaced []string
	err := check()
	if err == nil {
		replaced, err = s.putObject(o, content, nil)
	}
	if err != nil {
		content.Discard()
		return err
	}
	s.blobs.remove(replaced...)
	return nil
}

// putObject stores the row, and runs more in the same transaction. It gives the
// contents that nothing names any more.
func (s *Store) putObject(o *Object, content *Blob, more func(tx *sql.Tx) error) (replaced []string, err error) {
	if _, err := s.Bucket(o.Bucket); err != nil {
		return nil, err
	}
	old, err := s.Object(o.Bucket, o.Name)
	var missing *NotFoundError
	if err != nil && !errors.As(err, &missing) {
		return nil, err
	}
	if old != nil {
		replaced = append(replaced, old.blob)
	}
	o.blob = content.name
	return replaced, s.commit(func(tx *sql.Tx) error {
		if more != nil {
			if err := more(tx); err != nil {
				return err
			}
		}
		return putDoc(tx, "INSERT OR REPLACE INTO objects (bucket, name, blob, doc) VALUES (?, ?, ?, ?)", o, o.Bucket, o.Name, o.blob)
	})
}

// Object finds an object.
func (s *Store) Object(bucket, name string) (*Object, error) {
	missing := &NotFoundError{Kind: KindObject, Name: bucket + "/" + name}
	return scanObject(s.db.QueryRow("SELECT blob, doc FROM objects WHERE bucket = ? AND name = ?", bucket, name), missing, s)
}

func scanObject(row *sql.Row, missing error, s *Store) (*Object, error) {
	var o Object
	var doc []byte
	var blob string
	if err := row.Scan(&blob, &doc); errors.Is(err, sql.ErrNoRows) {
		return nil, missing
	} else if err != nil {
		return nil, s.classified(err)
	}
	if err := unmarshalDoc(doc, &o); err != nil {
		return nil, s.classified(err)
	}
	o.blob = blob
	return &o, nil
}

// OpenObject finds an object and opens its content. What is open stays as it is,
// whatever becomes of the object.
func (s *Store) OpenObject(bucket, name string) (*Object, *os.File, error) {
	for {
		o, err := s.Object(bucket, name)
		if err != nil {
			return nil, nil, err
		}
		file, err := os.Open(s.blobs.path(o.blob))
		if err == nil {
			return o, file, nil
		}
		if now, lost := s.Object(bucket, name); lost != nil || now.blob == o.blob {
			return nil, nil, err // it wasn't replaced meanwhile
		}
	}
}

// DeleteObject removes an object; false if there was none. The bucket must be
// there.
func (s *Store) DeleteObject(bucket, name string) (*Object, error) {
	defer s.lockBucket(bucket)()
	if _, err := s.Bucket(bucket); err != nil {
		return nil, err
	}
	o, err := s.Object(bucket, name)
	var missing *NotFoundError
	if errors.As(err, &missing) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	err = s.commit(func(tx *sql.Tx) error {
		_, err := tx.Exec("DELETE FROM objects WHERE bucket = ? AND name = ?", bucket, name)
		return err
	})
	if err == nil {
		s.blobs.remove(o.blob)
	}
	return o, err
}

// ObjectsAfter lists objects of a bucket whose names are greater than after (or
// equal, if inclusive) and begin with prefix, by name, at most limit.
func (s *Store) ObjectsAfter(ctx context.Context, bucket, prefix, after string, inclusive bool, limit int) ([]*Object, error) {
	query := "SELECT blob, doc FROM objects WHERE bucket = ? AND name >= ? AND name > ? ORDER BY name LIMIT ?"
	if inclusive {
		query = "SELECT blob, doc FROM objects WHERE bucket = ? AND name >= ? AND name >= ? ORDER BY name LIMIT ?"
	}
	rows, err := s.db.QueryContext(ctx, query, bucket, prefix, after, limit)
	if err != nil {
		return nil, s.classified(err)
	}
	defer rows.Close()
	var out []*Object
	for rows.Next() {
		var o Object
		var doc []byte
		if err := rows.Scan(&o.blob, &doc); err != nil {
			return nil, s.classified(err)
		}
		if err := unmarshalDoc(doc, &o); err != nil {
			return nil, s.classified(err)
		}
		if len(o.Name) < len(prefix) || o.Name[:len(prefix)] != prefix {
			break
		}
		out = append(out, &o)
	}
	return out, s.classified(rows.Err())
}

// one reads a document that a query finds.
func one[T any](s *Store, missing error, query string, args ...any) (*T, error) {
	var doc []byte
	if err := s.db.QueryRow(query, args...).Scan(&doc); errors.Is(err, sql.ErrNoRows) {
		return nil, missing
	} else if err != nil {
		return nil, s.classified(err)
	}
	v := new(T)
	if err := unmarshalDoc(doc, v); err != nil {
		return nil, s.classified(err)
	}
	return v, nil
}

func (s *Store) classified(err error) error {
	return classify(filepath.Join(s.dir, databaseName), err)
}
