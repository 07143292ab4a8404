package bundle

import (
	"bufio"
	"encoding/binary"
	"hash"
	"hash/crc64"
	"io"
	"io/fs"
	"unicode/utf8"
)

// Values of the zip format (APPNOTE.TXT 6.3).
const (
	sigLocal      = 0x04034b50
	sigDescriptor = 0x08074b50
	sigCentral    = 0x02014b50
	sigEnd        = 0x06054b50
	sigEnd64      = 0x06064b50
	sigLocator64  = 0x07064b50

	methodStore   = 0
	methodDeflate = 8

	flagEncrypted  = 1
	flagDescriptor = 1 << 3
	flagUTF8       = 1 << 11

	version20   = 20 // deflate, folders
	version45   = 45 // zip64
	creatorUnix = 3 << 8
	// creatorDarwin is what archives from macOS say, in the high byte.
	creatorDarwin = 19

	max16 = 1<<16 - 1
	max32 = 1<<32 - 1

	// 2023-11-01 00:00:00, in MS-DOS form: every entry's time, so that it
	// doesn't make a difference when a file was checked out.
	fixedDate = (2023-1980)<<9 | 11<<5 | 1
	fixedTime = 0

	// zip64From is the size from which an entry is written in the zip64 way
	// before its compressed size is known: deflate may add a little.
	zip64From = max32 - 16<<20
)

// zipWriter writes an archive in one pass and sums it up on the way. Its
// entries must not be larger than announced.
type zipWriter struct {
	buf     *bufio.Writer
	sum     hash.Hash64
	offset  int64
	limit   int64 // of offset; 0 is none
	central spool
	entries int
	scratch []byte
}

// entryHeader is an entry as the two headers have it.
type entryHeader struct {
	name       string
	mode       fs.FileMode // type and permissions
	method     uint16
	crc        uint32
	compressed int64
	size       int64
	// streamed is set if crc and compressed aren't known before the data; size
	// is.
	streamed bool
}

// newZipWriter writes to w at most limit bytes (0: any number). What it has to
// remember goes into a temporary file if it is much.
func newZipWriter(w io.Writer, limit int64, p place) *zipWriter {
	z := &zipWriter{sum: crc64.New(crc64.MakeTable(crc64.ECMA)), limit: limit, central: spool{place: p}}
	z.buf = bufio.NewWriterSize(io.MultiWriter(w, z.sum), 256<<10)
	return z
}

// Write adds bytes to the archive. It returns a *TooLargeError past the limit.
func (z *zipWriter) Write(p []byte) (int, error) {
	if z.limit > 0 && z.offset+int64(len(p)) > z.limit {
		return 0, &TooLargeError{Limit: z.limit}
	}
	n, err := z.buf.Write(p)
	z.offset += int64(n)
	return n, err
}

func (z *zipWriter) size() int64 { return z.offset }

func (h *entryHeader) zip64() bool { return h.size >= zip64From || h.compressed >= max32 }

// localSize is the length of the local header in bytes.
func (h *entryHeader) localSize() int64 {
	n := int64(30 + len(h.name))
	if h.zip64() {
		n += 20
	}
	return n
}

func (h *entryHeader) flags() uint16 {
	var f uint16
	if utf8.ValidString(h.name) {
		f |= flagUTF8
	}
	if h.streamed {
		f |= flagDescriptor
	}
	return f
}

// local starts an entry; its data follows by Write and, if it is streamed, a
// call of descriptor. The entry's central header is made by finish.
func (z *zipWriter) local(h *entryHeader) error {
	le := binary.LittleEndian
	crc, compressed, size := h.crc, h.compressed, h.size
	if h.streamed {
		crc, compressed, size = 0, 0, 0
	}
	b := le.AppendUint32(z.scratch[:0], sigLocal)
	var extra []byte
	version := uint16(version20)
	if h.zip64() {
		version = version45
		extra = le.AppendUint16(extra, 1)
		extra = le.AppendUint16(extra, 16)
		extra = le.AppendUint64(extra, uint64(size))
		extra = le.AppendUint64(extra, uint64(compressed))
		size, compressed = max32, max32
	}
	b = le.AppendUint16(b, version)
	b = le.AppendUint16(b, h.flags())
	b = le.AppendUint16(b, h.method)
	b = le.AppendUint16(b, fixedTime)
	b = le.AppendUint16(b, fixedDate)
	b = le.AppendUint32(b, crc)
	b = le.AppendUint32(b, uint32(compressed))
	b = le.AppendUint32(b, uint32(size))
	b = le.AppendUint16(b, uint16(len(h.name)))
	b = le.AppendUint16(b, uint16(len(extra)))
	b = append(b, h.name...)
	z.scratch = append(b, extra...)
	_, err := z.Write(z.scratch)
	return err
}

// descriptor ends a streamed entry.
func (z *zipWriter) descriptor(h *entryHeader) error {
	le := binary.LittleEndian
	b := le.AppendUint32(z.scratch[:0], sigDescriptor)
	b = le.AppendUint32(b, h.crc)
	if h.zip64() {
		b = le.AppendUint64(b, uint64(h.compressed))
		b = le.AppendUint64(b, uint64(h.size))
	} else {
		b = le.AppendUint32(b, uint32(h.compressed))
		b = le.AppendUint32(b, uint32(h.size))
	}
	z.scratch = b
	_, err := z.Write(b)
	return err
}

// finish notes the entry that began at offset for the central directory.
func (z *zipWriter) finish(h *entryHeader, offset int64) error {
	le := binary.LittleEndian
	size, compressed, start := h.size, h.compressed, offset
	version := uint16(version20)
	var extra []byte
	if h.zip64() {
		extra = le.AppendUint64(extra, uint64(size))
		extra = le.AppendUint64(extra, uint64(compressed))
		size, compressed = max32, max32
	}
	if offset >= max32 {
		extra = le.AppendUint64(extra, uint64(offset))
		start = max32
	}
	b := le.AppendUint32(z.scratch[:0], sigCentral)
	if len(extra) > 0 {
		version = version45
		extra = append(le.AppendUint16(le.AppendUint16(nil, 1), uint16(len(extra))), extra...)
	}
	b = le.AppendUint16(b, creatorUnix|version)
	b = le.AppendUint16(b, version)
	b = le.AppendUint16(b, h.flags())
	b = le.AppendUint16(b, h.method)
	b = le.AppendUint16(b, fixedTime)
	b = le.AppendUint16(b, fixedDate)
	b = le.AppendUint32(b, h.crc)
	b = le.AppendUint32(b, uint32(compressed))
	b = le.AppendUint32(b, uint32(size))
	b = le.AppendUint16(b, uint16(len(h.name)))
	b = le.AppendUint16(b, uint16(len(extra)))
	b = append(b, 0, 0, 0, 0, 0, 0) // no comment, disk 0, no internal attributes
	b = le.AppendUint32(b, externalAttributes(h.mode))
	b = le.AppendUint32(b, uint32(start))
	b = append(b, h.name...)
	z.scratch = append(b, extra...)
	z.entries++
	return z.central.append(z.scratch)
}

// externalAttributes is the mode as Unix has it, with MS-DOS's folder bit.
func externalAttributes(m fs.FileMode) uint32 {
	unix := uint32(m.Perm())
	switch {
	case m.IsDir():
		return (unix|0o040000)<<16 | 0x10
	case m&fs.ModeSymlink != 0:
		return (unix | 0o120000) << 16
	default:
		return (unix | 0o100000) << 16
	}
}

// close writes the central directory and what leads to it.
func (z *zipWriter) close() error {
	le := binary.LittleEndian
	start, size := z.offset, z.central.size
	if err := z.central.writeTo(z); err != nil {
		return err
	}
	var b []byte
	if z.entries >= max16 || start >= max32 || size >= max32 {
		end := z.offset
		b = le.AppendUint32(b, sigEnd64)
		b = le.AppendUint64(b, 44) // what follows of this record
		b = le.AppendUint16(b, creatorUnix|version45)
		b = le.AppendUint16(b, version45)
		b = append(b, 0, 0, 0, 0, 0, 0, 0, 0) // disk numbers
		b = le.AppendUint64(b, uint64(z.entries))
		b = le.AppendUint64(b, uint64(z.entries))
		b = le.AppendUint64(b, uint64(size))
		b = le.AppendUint64(b, uint64(start))
		b = le.AppendUint32(b, sigLocator64)
		b = le.AppendUint32(b, 0)
		b = le.AppendUint64(b, uint64(end))
		b = le.AppendUint32(b, 1)
	}
	entries := uint16(min(z.entries, max16))
	b = le.AppendUint32(b, sigEnd)
	b = append(b, 0, 0, 0, 0)
	b = le.AppendUint16(b, entries)
	b = le.AppendUint16(b, entries)
	b = le.AppendUint32(b, uint32(min(size, max32)))
	b = le.AppendUint32(b, uint32(min(start, max32)))
	b = le.AppendUint16(b, 0)
	if _, err := z.Write(b); err != nil {
		return err
	}
	return z.buf.Flush()
}
