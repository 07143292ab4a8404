package logfiles

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
)

// A segment is a file that doesn't change any more: blocks, the filters of all, and where
// each block is. Of the filters, the bits that all have in one place stand side by side,
// a row: so one read says of a bit which blocks have it. A row is a number of 64 bits
// long; blocks without lines fill up what isn't needed.
const (
	segmentMagic = "s-lines1"
	indexEntry   = 8 + 4 + 4 + 8 + 8
	footerSize   = 8 + 4 + 4 + 8
)

// Segments are made of growBlocks blocks; mergeSegments of them, with as much in them,
// become one, and so on until there are mostMerged in it: so there are few.
const (
	growBlocks    = 256
	mergeSegments = 4
	mostMerged    = 16
)

// segment is what is known of a segment by its name.
type segment struct {
	path string
	// first and last are the numbers of what is in it: each segment has one when it
	// is made, in their order within a logstore.
	first, last int64
	count       int
	min, max    int64
	size        int64 // bytes of the file

	moved atomic.Pointer[move] // set before the file is removed because of it
}

// move says where the blocks of a segment are after it was merged.
type move struct {
	to *segment
	at int // the number of the first
}

func (s *segment) name() string {
	return fmt.Sprintf("%08d-%08d_%d_%d_%d.lines", s.first, s.last, s.min, s.max, s.count)
}

// parseSegment reads the name of a segment.
func parseSegment(name string) *segment {
	s := &segment{}
	n, err := fmt.Sscanf(name, "%d-%d_%d_%d_%d.lines", &s.first, &s.last, &s.min, &s.max, &s.count)
	if n != 5 || err != nil || s.name() != name {
		return nil
	}
	return s
}

// part is what a segment is made of.
type part struct {
	data   io.ReaderAt
	blocks []blockInfo
	rows   io.ReaderAt
	rowsAt int64
}

// width is the bytes of a row of so many blocks.
func width(blocks int) int { return (blocks + 63) / 64 * 8 }

// writeSegment makes a segment of parts.
func writeSegment(dir string, first, last int64, parts []part) (*segment, error) {
	temp, err := os.CreateTemp(dir, ".segment-*")
	if err != nil {
		return nil, err
	}
	s := &segment{first: first, last: last}
	err = s.write(temp, parts)
	if err = errors.Join(err, temp.Close()); err == nil {
		s.path = filepath.Join(dir, s.name())
		err = os.Rename(temp.Name(), s.path)
	}
	if err != nil {
		return nil, errors.Join(err, os.Remove(temp.Name()))
	}
	return s, nil
}

func (s *segment) write(f *os.File, parts []part) error {
	w := bufio.NewWriterSize(f, 1<<16)
	var index []byte
	at, blocks := int64(0), 0
	for _, p := range parts {
		for _, b := range p.blocks {
			if _, err := io.Copy(w, io.NewSectionReader(p.data, b.off, b.size)); err != nil {
				return err
			}
			b.off = at
			index, at = b.append(index), at+b.size
			s.add(b)
		}
		for range 8*width(len(p.blocks)) - len(p.blocks) {
			index = (&blockInfo{}).append(index)
		}
		blocks += 8 * width(len(p.blocks))
	}
	if err := writeRows(w, parts); err != nil {
		return err
	}
	end := append(index, segmentMagic...)
	end = binary.LittleEndian.AppendUint32(end, uint32(blocks))
	end = binary.LittleEndian.AppendUint32(end, sum(index))
	end = binary.LittleEndian.AppendUint64(end, uint64(at))
	if _, err := w.Write(end); err != nil {
		return err
	}
	s.size = at + int64(width(blocks))*signatureBits + int64(len(end))
	return errors.Join(w.Flush(), f.Sync())
}

// add counts a block in.
func (s *segment) add(b blockInfo) {
	if b.count == 0 {
		return
	}
	if s.count == 0 {
		s.min, s.max = b.min, b.max
	}
	s.count += b.count
	s.min, s.max = min(s.min, b.min), max(s.max, b.max)
}

// writeRows writes the rows of all parts side by side.
func writeRows(w io.Writer, parts []part) error {
	const at = 1024 // rows at a time
	for row := int64(0); row < signatureBits; row += at {
		var read [][]byte
		for _, p := range parts {
			wide := int64(width(len(p.blocks)))
			rows := make([]byte, at*wide)
			if _, err := p.rows.ReadAt(rows, p.rowsAt+row*wide); err != nil {
				return cutOff(err)
			}
			read = append(read, rows)
		}
		for i := range at {
			for n, p := range parts {
				wide := width(len(p.blocks))
				if _, err := w.Write(read[n][i*wide : (i+1)*wide]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// seal makes a segment of what has been written to a growing file.
func seal(dir string, seq int64, from io.ReaderAt, blocks []blockInfo) (*segment, error) {
	wide := width(len(blocks))
	rows := make([]byte, wide*signatureBits)
	var mark signature
	for i, b := range blocks {
		if _, err := from.ReadAt(mark[:], b.off+b.size); err != nil {
			return nil, cutOff(err)
		}
		transpose(rows, wide, &mark, i)
	}
	return writeSegment(dir, seq, seq, []part{{data: from, blocks: blocks, rows: bytes.NewReader(rows)}})
}

// transpose puts the bits of a block's filter where those of its segment have them.
func transpose(rows []byte, wide int, mark *signature, block int) {
	at, bit := block/8, byte(1)<<(block%8)
	for i, eight := range mark {
		for b := 0; eight != 0; b, eight = b+1, eight>>1 {
			if eight&1 != 0 {
				rows[(8*i+b)*wide+at] |= bit
			}
		}
	}
}

// mergeAll makes one segment of several that follow each other, and says in each where
// its blocks are then. Their files stay.
func mergeAll(dir string, from []*segment) (*segment, error) {
	var parts []part
	for _, s := range from {
		o, err := s.open()
		if err == nil && o == nil {
			err = fs.ErrNotExist
		}
		if err != nil {
			return nil, damaged(s.path, err)
		}
		defer o.Close()
		if err := o.readIndex(); err != nil {
			return nil, damaged(s.path, err)
		}
		parts = append(parts, part{data: o, blocks: o.blocks, rows: o, rowsAt: o.rows})
	}
	merged, err := writeSegment(dir, from[0].first, from[len(from)-1].last, parts)
	if err != nil {
		return nil, err
	}
	at := 0
	for i, s := range from {
		s.moved.Store(&move{to: merged, at: at})
		at += len(parts[i].blocks)
	}
	return merged, nil
}

// openSegment is a segment that is being read.
type openSegment struct {
	*os.File
	rows   int64 // where the filters begin
	all    int   // blocks in the file
	sum    uint32
	from   int         // the first block that is meant
	blocks []blockInfo // those that are meant, after readIndex
}

// open opens a segment, also where it was merged into another meanwhile; it is nil if it
// was dropped.
func (s *segment) open() (*openSegment, error) {
	f, err := os.Open(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		m := s.moved.Load()
		if m == nil {
			return nil, nil
		}
		o, err := m.to.open()
		if o != nil {
			o.from += m.at
		}
		return o, err
	}
	if err != nil {
		return nil, err
	}
	o := &openSegment{File: f}
	if err := o.readFooter(s.size); err != nil {
		return nil, errors.Join(damaged(s.path, err), f.Close())
	}
	return o, nil
}

func (o *openSegment) readFooter(size int64) error {
	var footer [footerSize]byte
	if size < footerSize {
		return errDamaged
	}
	if _, err := o.ReadAt(footer[:], size-footerSize); err != nil {
		return cutOff(err)
	}
	o.all, o.sum = int(binary.LittleEndian.Uint32(footer[8:])), binary.LittleEndian.Uint32(footer[12:])
	o.rows = int64(binary.LittleEndian.Uint64(footer[16:]))
	if string(footer[:8]) != segmentMagic || o.all > 64*growBlocks || o.index()+int64(o.all)*indexEntry+footerSize != size {
		return errDamaged
	}
	return nil
}

// index is where the index begins.
func (o *openSegment) index() int64 { return o.rows + int64(width(o.all))*signatureBits }

// readIndex reads where the blocks are.
func (o *openSegment) readIndex() error {
	index := make([]byte, o.all*indexEntry)
	if _, err := o.ReadAt(index, o.index()); err != nil {
		return cutOff(err)
	}
	if sum(index) != o.sum {
		return errDamaged
	}
	for at := o.from * indexEntry; at < len(index); at += indexEntry {
		o.blocks = append(o.blocks, takeBlockInfo(index[at:]))
	}
	return nil
}

// append writes an entry of an index.
func (b *blockInfo) append(to []byte) []byte {
	to = binary.LittleEndian.AppendUint64(to, uint64(b.off))
	to = binary.LittleEndian.AppendUint32(to, uint32(b.size))
	to = binary.LittleEndian.AppendUint32(to, uint32(b.count))
	to = binary.LittleEndian.AppendUint64(to, uint64(b.min))
	return binary.LittleEndian.AppendUint64(to, uint64(b.max))
}

func takeBlockInfo(from []byte) blockInfo {
	return blockInfo{
		off: int64(binary.LittleEndian.Uint64(from)), size: int64(binary.LittleEndian.Uint32(from[8:])),
		count: int(binary.LittleEndian.Uint32(from[12:])),
		min:   int64(binary.LittleEndian.Uint64(from[16:])), max: int64(binary.LittleEndian.Uint64(from[24:])),
	}
}

// with are the blocks of the file that may have what has a hash.
func (o *openSegment) with(hash uint64) (blockSet, error) {
	found := everyBlock(o.all)
	row := make([]byte, width(o.all))
	for _, at := range marks(hash) {
		if _, err := o.ReadAt(row, o.rows+int64(at)*int64(len(row))); err != nil {
			return found, cutOff(err)
		}
		for i := range found {
			found[i] &= binary.LittleEndian.Uint64(row[8*i:])
		}
		if found.empty() {
			break
		}
	}
	return found, nil
}

// numbered is a block with its number in a segment.
type numbered struct {
	blockInfo
	n int
}

// wanted gives the blocks that may have lines that pass a filter.
func (s *segment) wanted(f *Filter) ([]numbered, error) {
	o, err := s.open()
	if o == nil || err != nil {
		return nil, err
	}
	defer o.Close()
	set, err := f.blocks(o.all, o.with)
	if err != nil || set.empty() {
		return nil, err
	}
	if err := o.readIndex(); err != nil {
		return nil, err
	}
	var found []numbered
	lines := 0
	for i, b := range o.blocks {
		if lines == s.count { // what follows is of others, with which it was merged
			break
		}
		if lines += b.count; set.has(o.from + i) {
			found = append(found, numbered{b, i})
		}
	}
	return found, nil
}

// read reads the lines of a block; none if the segment was dropped.
func (s *segment) read(b numbered) ([]Line, error) {
	// Files that wait for their turn aren't kept open: there may be many.
	f, err := os.Open(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		m := s.moved.Load()
		if m == nil {
			return nil, nil
		}
		o, err := s.open()
		if o == nil || err != nil {
			return nil, err
		}
		defer o.Close()
		if err := o.readIndex(); err != nil {
			return nil, err
		}
		return readBlock(o, o.blocks[b.n])
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readBlock(f, b.blockInfo)
}
