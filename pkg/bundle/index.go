package bundle

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"
	"os"

	"s/pkg/diag"
)

// The index lies beside an archive and says what every entry was made of and
// where it is, so that the next archive takes over what didn't change. It is
// never believed without need: its checksum and the archive that it was
// written for must fit, every block that is taken over is checked, and a file
// is only taken for unchanged if all that the system knows of it is the same.
//
// It is a list of records, ordered as the entries are, a summary, and a trailer.

const (
	indexSuffix = ".index"
	// indexMagic changes with the format of the index, and whenever the same file
	// would be packed to other bytes (TestPackedBytesAreKnown notices).
	indexMagic  = "s-idx-01"
	trailerSize = len(indexMagic) + 8 + 4 + 4
	maxRecord   = 1 << 30 // bytes; what is longer is no record
)

// errIndex is an index, or an archive, that isn't what it says.
var errIndex = diag.Errorf("the index is not usable")

// block is a compressed chunk of a file in the archive.
type block struct {
	sum    [sha256.Size]byte // of the bytes that it was made from, with their dictionary
	length int64
	check  uint32 // CRC-32C of the compressed bytes
}

// record is an entry of the archive and the file that it was made from.
type record struct {
	path   string
	mode   fs.FileMode // as packed
	size   int64
	target string // of a symbolic link

	modTime int64 // of the file, ns
	id      fileID
	// settled is set if a later change of the file shows in what is above.
	settled bool

	method uint16
	crc    uint32
	offset int64 // of the local header
	blocks []block

	ordinal int // place among the records
}

func (r *record) header() entryHeader {
	h := entryHeader{
		name: entryName(r.path, r.mode), mode: r.mode, method: r.method, crc: r.crc, size: r.size,
		streamed: r.mode.IsRegular() && r.size > chunkSize,
	}
	for i := range r.blocks {
		h.compressed += r.blocks[i].length
	}
	return h
}

// same reports whether e is the file that the record was made from, unchanged.
func (r *record) same(e *Entry) bool {
	if r.mode != e.packed() {
		return false
	}
	switch {
	case e.Mode.IsDir():
		return true
	case e.Mode&fs.ModeSymlink != 0:
		return r.target == e.Target
	}
	return r.settled && r.size == e.Size && r.modTime == e.ModTime.UnixNano() && r.id == e.id
}

// entryName is an entry's name in the archive, by which entries are ordered.
func entryName(path string, mode fs.FileMode) string {
	if mode.IsDir() {
		return path + "/"
	}
	return path
}

func (r *record) encode(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(r.path)))
	b = append(b, r.path...)
	b = binary.AppendUvarint(b, uint64(len(r.target)))
	b = append(b, r.target...)
	settled := uint64(0)
	if r.settled {
		settled = 1
	}
	for _, v := range []uint64{uint64(r.mode), uint64(r.size), uint64(r.modTime), r.id.inode, uint64(r.id.change), settled, uint64(r.method), uint64(r.crc), uint64(r.offset), uint64(len(r.blocks))} {
		b = binary.AppendUvarint(b, v)
	}
	for i := range r.blocks {
		b = append(b, r.blocks[i].sum[:]...)
		b = binary.AppendUvarint(b, uint64(r.blocks[i].length))
		b = binary.LittleEndian.AppendUint32(b, r.blocks[i].check)
	}
	return b
}

// decoder reads values from bytes that may hold anything.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) take(n uint64) []byte {
	if n > uint64(len(d.b)) {
		d.bad, d.b = true, nil
		return nil
	}
	out := d.b[:n]
	d.b = d.b[n:]
	return out
}

func (d *decoder) text() string { return string(d.take(d.uint())) }

func decodeRecord(b []byte) (*record, error) {
	d := decoder{b: b}
	r := &record{path: d.text(), target: d.text()}
	r.mode, r.size, r.modTime = fs.FileMode(d.uint()), int64(d.uint()), int64(d.uint())
	r.id = fileID{inode: d.uint(), change: int64(d.uint())}
	r.settled, r.method, r.crc, r.offset = d.uint() == 1, uint16(d.uint()), uint32(d.uint()), int64(d.uint())
	n := d.uint()
	if n > uint64(len(d.b)) {
		return nil, errIndex
	}
	r.blocks = make([]block, n)
	for i := range r.blocks {
		k := &r.blocks[i]
		copy(k.sum[:], d.take(sha256.Size))
		k.length = int64(d.uint())
		if check := d.take(4); len(check) == 4 {
			k.check = binary.LittleEndian.Uint32(check)
		}
		if k.length < 0 || k.length > maxBlock {
			d.bad = true
		}
	}
	if d.bad || len(d.b) > 0 || r.size < 0 || r.offset < 0 {
		return nil, errIndex
	}
	return r, nil
}

// summary is what an index says about all of the archive.
type summary struct {
	records uint64
	root    string // of the tree
	size    int64  // of the archive
	sum     uint64 // its CRC-64/ECMA
	modTime int64  // its own, ns
	id      fileID
	files   uint64
	source  int64 // bytes before compression
	leftOut []string
}

func (s *summary) encode(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(s.root)))
	b = append(b, s.root...)
	for _, v := range []uint64{s.records, uint64(s.size), s.sum, uint64(s.modTime), s.id.inode, uint64(s.id.change), s.files, uint64(s.source), uint64(len(s.leftOut))} {
		b = binary.AppendUvarint(b, v)
	}
	for _, name := range s.leftOut {
		b = binary.AppendUvarint(b, uint64(len(name)))
		b = append(b, name...)
	}
	return b
}

func decodeSummary(b []byte) (*summary, error) {
	d := decoder{b: b}
	s := &summary{root: d.text(), records: d.uint(), size: int64(d.uint()), sum: d.uint(), modTime: int64(d.uint())}
	s.id = fileID{inode: d.uint(), change: int64(d.uint())}
	s.files, s.source = d.uint(), int64(d.uint())
	n := d.uint()
	for i := uint64(0); i < n && !d.bad; i++ {
		s.leftOut = append(s.leftOut, d.text())
	}
	if d.bad || len(d.b) > 0 {
		return nil, errIndex
	}
	return s, nil
}

// indexWriter writes an index to a temporary file.
type indexWriter struct {
	file    *os.File
	buf     *bufio.Writer
	sum     hash.Hash32
	scratch []byte
	size    int64
	records uint64
}

func newIndexWriter(p place) (*indexWriter, error) {
	f, err := p.create()
	if err != nil {
		return nil, err
	}
	w := &indexWriter{file: f, sum: crc32.New(castagnoli())}
	w.buf = bufio.NewWriterSize(io.MultiWriter(f, w.sum), 64<<10)
	return w, nil
}

func (w *indexWriter) add(r *record) error {
	b := r.encode(append(w.scratch[:0], make([]byte, binary.MaxVarintLen64)...))
	// The length stands before the record, right-aligned in the space for it.
	var length [binary.MaxVarintLen64]byte
	n := binary.PutUvarint(length[:], uint64(len(b)-len(length)))
	start := len(length) - n
	copy(b[start:], length[:n])
	w.scratch = b
	w.size += int64(len(b) - start)
	w.records++
	_, err := w.buf.Write(b[start:])
	return err
}

// finish completes the index and gives it its name.
func (w *indexWriter) finish(s *summary, path string) error {
	s.records = w.records
	body := s.encode(nil)
	if _, err := w.buf.Write(body); err != nil {
		return err
	}
	if err := w.buf.Flush(); err != nil {
		return err
	}
	le := binary.LittleEndian
	t := le.AppendUint64([]byte(indexMagic), uint64(w.size))
	t = le.AppendUint32(t, uint32(len(body)))
	t = le.AppendUint32(t, w.sum.Sum32())
	if _, err := w.file.Write(t); err != nil {
		return err
	}
	if err := w.file.Close(); err != nil {
		return err
	}
	if err := os.Rename(w.file.Name(), path); err != nil {
		return err
	}
	w.file = nil
	return nil
}

// discard removes what was not finished.
func (w *indexWriter) discard() {
	if w.file == nil {
		return
	}
	_ = w.file.Close()
	_ = os.Remove(w.file.Name())
}
