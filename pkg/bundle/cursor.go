package bundle

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math"
	"os"
	"strings"
)

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// former is an archive that was made before, with its index.
type former struct {
	summary
	archive *os.File
	index   *os.File
	length  int64 // of the records, bytes
	moved   bool  // the archive is the same by its contents only
	ahead   ahead
}

// openFormer opens the archive at path and its index, and makes sure that they
// belong together and to the tree at root. Whatever is wrong is errIndex or the
// system's error: there is nothing to build on, then.
func openFormer(path, root string) (*former, error) {
	f := &former{}
	if err := f.open(path, root); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

func (f *former) open(path, root string) (err error) {
	if f.index, err = os.Open(path + indexSuffix); err != nil {
		return err
	}
	if err := f.readIndex(); err != nil {
		return err
	}
	if f.root != root {
		return errIndex
	}
	if f.archive, err = os.Open(path); err != nil {
		return err
	}
	f.ahead.r = f.archive
	return f.checkArchive()
}

// readIndex checks the index and reads its summary.
func (f *former) readIndex() error {
	info, err := f.index.Stat()
	if err != nil {
		return err
	}
	size := info.Size() - int64(trailerSize)
	if size < 0 {
		return errIndex
	}
	var t [trailerSize]byte
	if _, err := f.index.ReadAt(t[:], size); err != nil {
		return err
	}
	le := binary.LittleEndian
	records, rest := le.Uint64(t[len(indexMagic):]), t[len(indexMagic)+8:]
	body, sum := le.Uint32(rest), le.Uint32(rest[4:])
	if string(t[:len(indexMagic)]) != indexMagic || records > math.MaxInt64/2 || int64(records)+int64(body) != size {
		return errIndex
	}
	crc := crc32.New(castagnoli())
	if _, err := io.CopyBuffer(struct{ io.Writer }{crc}, io.NewSectionReader(f.index, 0, size), make([]byte, 64<<10)); err != nil {
		return err
	}
	if crc.Sum32() != sum {
		return errIndex
	}
	text := make([]byte, body)
	if _, err := f.index.ReadAt(text, int64(records)); err != nil {
		return err
	}
	s, err := decodeSummary(text)
	if err != nil {
		return err
	}
	f.summary, f.length = *s, int64(records)
	return nil
}

// checkArchive makes sure that the archive is the one of the index: by what the
// system knows of it, else (it was copied, or restored) by its checksum.
func (f *former) checkArchive() error {
	info, err := f.archive.Stat()
	if err != nil {
		return err
	}
	if info.Size() != f.size {
		return errIndex
	}
	if info.ModTime().UnixNano() == f.modTime && identity(info) == f.id && f.id != (fileID{}) {
		return nil
	}
	f.moved = true
	_, sum, err := checksum(f.archive)
	if err == nil && sum != f.sum {
		err = errIndex
	}
	return err
}

func (f *former) close() {
	for _, file := range []*os.File{f.archive, f.index} {
		if file != nil {
			_ = file.Close()
		}
	}
}

// cursor reads the records of an index in order.
type cursor struct {
	r    *bufio.Reader
	buf  []byte
	next *record // read and not yet asked for
	read int     // how many records were read
}

func (f *former) cursor() *cursor {
	return &cursor{r: bufio.NewReaderSize(io.NewSectionReader(f.index, 0, f.length), 64<<10)}
}

// record gives the next record, nil after the last one.
func (c *cursor) record() (*record, error) {
	if r := c.next; r != nil {
		c.next = nil
		return r, nil
	}
	n, err := binary.ReadUvarint(c.r)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil || n > maxRecord {
		return nil, errIndex
	}
	if uint64(cap(c.buf)) < n {
		c.buf = make([]byte, n)
	}
	c.buf = c.buf[:n]
	if _, err := io.ReadFull(c.r, c.buf); err != nil {
		return nil, errIndex
	}
	r, err := decodeRecord(c.buf)
	if err != nil {
		return nil, err
	}
	r.ordinal = c.read
	c.read++
	return r, nil
}

// find gives the record of an entry, nil if there is none. Entries must be
// asked for in their order.
func (c *cursor) find(e *Entry) (*record, error) {
	name := entryName(e.Path, e.Mode)
	for {
		r, err := c.record()
		if r == nil || err != nil {
			return nil, err
		}
		switch cmp := strings.Compare(entryName(r.path, r.mode), name); {
		case cmp == 0:
			return r, nil
		case cmp > 0:
			c.next = r
			return nil, nil
		}
	}
}

// aheadSize is how much is read at once of blocks that lie one after another.
const aheadSize = 256 << 10

// ahead reads pieces of a file, most of which follow each other.
type ahead struct {
	r     io.ReaderAt
	buf   []byte
	start int64
}

// at gives n bytes at the offset, valid until the next call.
func (a *ahead) at(offset, n int64) ([]byte, error) {
	if from := offset - a.start; from >= 0 && from+n <= int64(len(a.buf)) {
		return a.buf[from : from+n], nil
	}
	want := max(n, aheadSize)
	if int64(cap(a.buf)) < want {
		a.buf = make([]byte, want)
	}
	a.buf, a.start = a.buf[:want], offset
	got, err := a.r.ReadAt(a.buf, offset)
	a.buf = a.buf[:got]
	if int64(got) < n {
		if err == nil || errors.Is(err, io.EOF) {
			err = errIndex
		}
		return nil, err
	}
	return a.buf[:n], nil
}
