package logfiles

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"s/pkg/atomicfile"
)

// A segment is a file of segmentBlocks blocks that doesn't change any more: the blocks,
// where each is, and the filters of all, with the bits that all have in one place side by
// side: so one read says of a bit which blocks have it.
const (
	segmentMagic = "s-lines1"
	indexEntry   = 8 + 4 + 4 + 8 + 8
	footerSize   = 8 + 4 + 4 + 8
	rowsSize     = signatureBits * (segmentBlocks / 8)
)

// segment is what is known of a segment by its name.
type segment struct {
	path     string
	seq      int64 // their order within a logstore
	count    int
	min, max int64
	size     int64 // bytes of the file
}

func (s *segment) name() string {
	return fmt.Sprintf("%08d_%d_%d_%d.lines", s.seq, s.min, s.max, s.count)
}

// parseSegment reads the name of a segment.
func parseSegment(name string) (s segment, ok bool) {
	n, err := fmt.Sscanf(name, "%d_%d_%d_%d.lines", &s.seq, &s.min, &s.max, &s.count)
	return s, n == 4 && err == nil && s.name() == name
}

// seal makes a segment of what has been written to a growing file.
func seal(dir string, seq int64, from io.ReaderAt, blocks []growing) (*segment, error) {
	s := &segment{seq: seq, min: blocks[0].min, max: blocks[0].max}
	size := rowsSize + footerSize + indexEntry*len(blocks)
	for _, b := range blocks {
		size += int(b.size)
	}
	data := make([]byte, 0, size)
	var index []byte
	rows := make([]byte, rowsSize)
	var mark signature
	for i, b := range blocks {
		at := len(data)
		data = data[:at+int(b.size)]
		if _, err := from.ReadAt(data[at:], b.off); err != nil {
			return nil, err
		}
		if _, err := from.ReadAt(mark[:], b.off+b.size); err != nil {
			return nil, err
		}
		transpose(rows, &mark, i)
		index = binary.LittleEndian.AppendUint64(index, uint64(at))
		index = binary.LittleEndian.AppendUint32(index, uint32(b.size))
		index = binary.LittleEndian.AppendUint32(index, uint32(b.count))
		index = binary.LittleEndian.AppendUint64(index, uint64(b.min))
		index = binary.LittleEndian.AppendUint64(index, uint64(b.max))
		s.count += b.count
		s.min, s.max = min(s.min, b.min), max(s.max, b.max)
	}
	end := uint64(len(data))
	data = append(append(data, rows...), index...)
	data = append(data, segmentMagic...)
	data = binary.LittleEndian.AppendUint32(data, uint32(len(blocks)))
	data = binary.LittleEndian.AppendUint32(data, sum(index))
	data = binary.LittleEndian.AppendUint64(data, end)
	s.path, s.size = filepath.Join(dir, s.name()), int64(len(data))
	return s, atomicfile.Write(s.path, data, atomicfile.Options{Sync: true})
}

// transpose puts the bits of a block's filter where those of its segment have them.
func transpose(rows []byte, mark *signature, block int) {
	const width = segmentBlocks / 8
	at, bit := block/8, byte(1)<<(block%8)
	for i, eight := range mark {
		for b := 0; eight != 0; b, eight = b+1, eight>>1 {
			if eight&1 != 0 {
				rows[(8*i+b)*width+at] |= bit
			}
		}
	}
}

// openSegment is a segment that is being read.
type openSegment struct {
	*os.File
	blocks []blockInfo
	rows   int64 // where the filters begin
}

// open opens a segment; it is nil if that was dropped meanwhile.
func (s *segment) open() (*openSegment, error) {
	f, err := os.Open(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	o := &openSegment{File: f}
	if err := o.readIndex(s.size); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return o, nil
}

func (o *openSegment) readIndex(size int64) error {
	var footer [footerSize]byte
	if size < footerSize {
		return errDamaged
	}
	if _, err := o.ReadAt(footer[:], size-footerSize); err != nil {
		return cutOff(err)
	}
	count := binary.LittleEndian.Uint32(footer[8:])
	o.rows = int64(binary.LittleEndian.Uint64(footer[16:]))
	if string(footer[:8]) != segmentMagic || count > segmentBlocks || o.rows+rowsSize+int64(count)*indexEntry+footerSize != size {
		return errDamaged
	}
	index := make([]byte, count*indexEntry)
	if _, err := o.ReadAt(index, o.rows+rowsSize); err != nil {
		return cutOff(err)
	}
	if sum(index) != binary.LittleEndian.Uint32(footer[12:]) {
		return errDamaged
	}
	o.blocks = make([]blockInfo, count)
	for i := range o.blocks {
		at := index[i*indexEntry:]
		o.blocks[i] = blockInfo{
			off: int64(binary.LittleEndian.Uint64(at)), size: int64(binary.LittleEndian.Uint32(at[8:])),
			count: int(binary.LittleEndian.Uint32(at[12:])),
			min:   int64(binary.LittleEndian.Uint64(at[16:])), max: int64(binary.LittleEndian.Uint64(at[24:])),
		}
	}
	return nil
}

// with are the blocks that may have what has a hash.
func (o *openSegment) with(hash uint64) (blockSet, error) {
	found := everyBlock()
	for _, at := range marks(hash) {
		var r row
		if _, err := o.ReadAt(r[:], o.rows+int64(at)*int64(len(r))); err != nil {
			return found, cutOff(err)
		}
		if found.and(r.set()); found == (blockSet{}) {
			break
		}
	}
	return found, nil
}
