package store

import (
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"hash"
	"hash/crc64"
	"io"
	"os"
	"path/filepath"
)

// objectsName is the folder of the contents of objects.
const objectsName = "objects"

// blobDir keeps the contents of objects and of parts of uploads under random
// names: what an object is called never becomes a path. A file that no row of the
// database names is left over, and swept at the next start.
type blobDir struct{ dir string }

// Blob is the content of an object that is being written. It must be given to
// the store or discarded.
type Blob struct {
	file *os.File
	name string
	md5  hash.Hash
	crc  hash.Hash64
	size int64
}

// NewBlob makes an empty file for the content of an object or a part.
func (s *Store) NewBlob() (*Blob, error) { return s.blobs.create() }

func (d blobDir) create() (*Blob, error) {
	var raw [16]byte
	rand.Read(raw[:]) // never fails (crypto/rand)
	name := hex.EncodeToString(raw[:])
	path := d.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, full(path, err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, full(path, err)
	}
	return &Blob{file: file, name: name, md5: md5.New(), crc: crc64.New(crc64.MakeTable(crc64.ECMA))}, nil
}

func (d blobDir) path(name string) string { return filepath.Join(d.dir, name[:2], name) }

// Write appends to the content.
func (b *Blob) Write(p []byte) (int, error) {
	n, err := b.file.Write(p)
	b.md5.Write(p[:n])
	b.crc.Write(p[:n])
	b.size += int64(n)
	return n, full(b.file.Name(), err)
}

// Size is how many bytes were written.
func (b *Blob) Size() int64 { return b.size }

// MD5 is that of what was written.
func (b *Blob) MD5() []byte { return b.md5.Sum(nil) }

// CRC64 is the CRC-64/ECMA of what was written.
func (b *Blob) CRC64() uint64 { return b.crc.Sum64() }

// Reader reads what was written, from its beginning. Nothing can be written after it.
func (b *Blob) Reader() (io.Reader, error) {
	_, err := b.file.Seek(0, io.SeekStart)
	return b.file, full(b.file.Name(), err)
}

// Discard removes a blob that won't be stored.
func (b *Blob) Discard() {
	b.file.Close()           // nothing of it is needed
	os.Remove(b.file.Name()) // else swept at the next start
}

// keep puts the content on disk for good; a row that names it may follow.
func (b *Blob) keep() error {
	path := b.file.Name()
	err := errors.Join(b.file.Sync(), b.file.Close())
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	return full(path, err)
}

// remove removes contents that no row names any more.
func (d blobDir) remove(names ...string) {
	for _, name := range names {
		os.Remove(d.path(name)) // else swept at the next start
	}
}

// sweep removes what no row names: contents whose writing broke off, or whose
// removal did.
func (d blobDir) sweep(known map[string]bool) error {
	folders, err := os.ReadDir(d.dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, folder := range folders {
		files, err := os.ReadDir(filepath.Join(d.dir, folder.Name()))
		if err != nil {
			return err
		}
		for _, file := range files {
			if !known[file.Name()] {
				os.Remove(filepath.Join(d.dir, folder.Name(), file.Name())) // tried again next time
			}
		}
	}
	return nil
}
