package bundle

import (
	"bufio"
	"errors"
	"io"
	"os"
)

// spoolMemory is how much of a spool is kept in memory, in bytes.
const spoolMemory = 1 << 20

// place is where temporary files of an archive are made: beside it, so that
// they can take its place. The zero place is the system's.
type place struct {
	dir     string
	pattern string // of os.CreateTemp
}

func (p place) create() (*os.File, error) { return os.CreateTemp(p.dir, p.pattern) }

// spool keeps what is written until it is wanted: in memory, and from some size
// on in a temporary file.
type spool struct {
	place
	mem  []byte
	file *os.File
	buf  *bufio.Writer
	size int64
}

func (s *spool) append(b []byte) error {
	s.size += int64(len(b))
	if s.file == nil && len(s.mem)+len(b) <= spoolMemory {
		s.mem = append(s.mem, b...)
		return nil
	}
	if s.file == nil {
		f, err := s.create()
		if err != nil {
			return err
		}
		s.file, s.buf = f, bufio.NewWriterSize(f, 64<<10)
		if _, err := s.buf.Write(s.mem); err != nil {
			return err
		}
		s.mem = nil
	}
	_, err := s.buf.Write(b)
	return err
}

// writeTo copies all of it to w.
func (s *spool) writeTo(w io.Writer) error {
	if s.file == nil {
		_, err := w.Write(s.mem)
		return err
	}
	if err := s.buf.Flush(); err != nil {
		return err
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{s.file}, make([]byte, 64<<10))
	return err
}

// close drops it.
func (s *spool) close() error {
	if s.file == nil {
		return nil
	}
	err := errors.Join(s.file.Close(), os.Remove(s.file.Name()))
	s.file = nil
	return err
}
