package store

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"io"
	"os"
	"time"
)

// Upload is a multipart upload that has begun.
type Upload struct {
	ID      string            `json:"id"`
	Bucket  string            `json:"bucket"`
	Name    string            `json:"name"` // of the object
	Begun   time.Time         `json:"begun"`
	Header  map[string]string `json:"header,omitempty"`  // of the object to be
	Blocked bool              `json:"blocked,omitempty"` // no object of that name may be there
}

// Part is a part of an upload without its content.
type Part struct {
	Number   int       `json:"number"` // from 1
	Size     int64     `json:"size"`
	ETag     string    `json:"etag"`
	CRC64    uint64    `json:"crc64"`
	MD5      []byte    `json:"md5"`
	Modified time.Time `json:"modified"`

	blob string
}

// CreateUpload begins an upload. The bucket must be there.
func (s *Store) CreateUpload(u *Upload) error {
	defer s.lockBucket(u.Bucket)()
	if _, err := s.Bucket(u.Bucket); err != nil {
		return err
	}
	return s.commit(func(tx *sql.Tx) error {
		return putDoc(tx, "INSERT INTO uploads (id, bucket, name, doc) VALUES (?, ?, ?, ?)", u, u.ID, u.Bucket, u.Name)
	})
}

// Upload finds an upload of an object.
func (s *Store) Upload(bucket, name, id string) (*Upload, error) {
	return one[Upload](s, &NotFoundError{Kind: KindUpload, Name: id},
		"SELECT doc FROM uploads WHERE id = ? AND bucket = ? AND name = ?", id, bucket, name)
}

// Uploads lists the uploads of a bucket that are under way, by the name of the
// object.
func (s *Store) Uploads(ctx context.Context, bucket string) ([]*Upload, error) {
	var out []*Upload
	err := eachDoc(ctx, s.db, "SELECT doc FROM uploads ORDER BY name, id", func(u *Upload) {
		if u.Bucket == bucket {
			out = append(out, u)
		}
	})
	return out, s.classified(err)
}

// PutPart stores a part, in place of one of the same number. The blob is the
// store's afterwards, whatever the result.
func (s *Store) PutPart(u *Upload, p *Part, content *Blob) error {
	if err := content.keep(); err != nil {
		content.Discard()
		return err
	}
	defer s.lockBucket(u.Bucket)()
	replaced := ""
	_, err := s.Upload(u.Bucket, u.Name, u.ID)
	if err == nil {
		p.blob = content.name
		err = s.commit(func(tx *sql.Tx) error {
			replaced = ""
			row := tx.QueryRow("SELECT blob FROM parts WHERE upload = ? AND number = ?", u.ID, p.Number)
			if err := row.Scan(&replaced); err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			return putDoc(tx, "INSERT OR REPLACE INTO parts (upload, number, blob, doc) VALUES (?, ?, ?, ?)", p, u.ID, p.Number, p.blob)
		})
	}
	if err != nil {
		content.Discard()
		return err
	}
	if replaced != "" {
		s.blobs.remove(replaced)
	}
	return nil
}

// Parts lists the parts of an upload by number.
func (s *Store) Parts(ctx context.Context, u *Upload) ([]*Part, error) {
	return s.parts(ctx, u.ID)
}

func (s *Store) parts(ctx context.Context, id string) ([]*Part, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT blob, doc FROM parts WHERE upload = ? ORDER BY number", id)
	if err != nil {
		return nil, s.classified(err)
	}
	defer rows.Close()
	var out []*Part
	for rows.Next() {
		var p Part
		var doc []byte
		if err := rows.Scan(&p.blob, &doc); err != nil {
			return nil, s.classified(err)
		}
		if err := unmarshalDoc(doc, &p); err != nil {
			return nil, s.classified(err)
		}
		out = append(out, &p)
	}
	return out, s.classified(rows.Err())
}

// CompleteUpload makes the object of the given parts, in their order, and ends
// the upload. fill is told the content before the object is stored.
func (s *Store) CompleteUpload(u *Upload, o *Object, parts []*Part, fill func(*Blob)) error {
	content, err := s.join(parts)
	if err != nil {
		return err
	}
	fill(content)
	if err := content.keep(); err != nil {
		content.Discard()
		return err
	}
	defer s.lockBucket(u.Bucket)()
	var removed []string
	_, err = s.Upload(u.Bucket, u.Name, u.ID)
	if err == nil {
		var all []*Part
		if all, err = s.parts(context.Background(), u.ID); err == nil {
			for _, p := range all {
				removed = append(removed, p.blob)
			}
			var replaced []string
			replaced, err = s.putObject(o, content, func(tx *sql.Tx) error { return endUpload(tx, u.ID) })
			removed = append(removed, replaced...)
		}
	}
	if err != nil {
		content.Discard()
		return err
	}
	s.blobs.remove(removed...)
	return nil
}

// join writes the contents of parts into one.
func (s *Store) join(parts []*Part) (*Blob, error) {
	content, err := s.NewBlob()
	if err != nil {
		return nil, err
	}
	out := bufio.NewWriterSize(content, 1<<20)
	for _, p := range parts {
		if err = s.copyBlob(out, p.blob); err != nil {
			break
		}
	}
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		content.Discard()
		return nil, err
	}
	return content, nil
}

func (s *Store) copyBlob(out io.Writer, name string) error {
	in, err := os.Open(s.blobs.path(name))
	if err != nil {
		return err
	}
	defer in.Close()
	_, err = io.Copy(out, in)
	return err
}

// AbortUpload removes an upload and its parts.
func (s *Store) AbortUpload(u *Upload) error {
	defer s.lockBucket(u.Bucket)()
	if _, err := s.Upload(u.Bucket, u.Name, u.ID); err != nil {
		return err
	}
	parts, err := s.parts(context.Background(), u.ID)
	if err != nil {
		return err
	}
	if err := s.commit(func(tx *sql.Tx) error { return endUpload(tx, u.ID) }); err != nil {
		return err
	}
	for _, p := range parts {
		s.blobs.remove(p.blob)
	}
	return nil
}

func endUpload(tx *sql.Tx, id string) error {
	if _, err := tx.Exec("DELETE FROM parts WHERE upload = ?", id); err != nil {
		return err
	}
	_, err := tx.Exec("DELETE FROM uploads WHERE id = ?", id)
	return err
}
