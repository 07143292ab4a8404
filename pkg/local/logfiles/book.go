package logfiles

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// growingBytes is when a growing file becomes a segment though it has few blocks.
const growingBytes = 16 << 20

// book is one logstore, in a folder of its own: segments; a file that grows by a block at
// a time until it is one; and the tail, a journal of the lines that don't fill a block
// yet. The tail's name says which block it will be: one that stayed there though its
// block has been written is known by it.
type book struct {
	dir  string
	most int // blocks of a segment

	mu       sync.Mutex
	segments []*segment // in the order in which they were made
	merging  bool
	size     int64 // bytes of all files

	changes   []change // the last that was done to it
	forgotten int64    // how much was done before

	// What follows is read when it is needed, and forgotten when others are.
	loaded   bool
	used     int64       // when, in uses of books
	seq      int64       // of the segment that grows
	blocks   []blockInfo // each is followed by its filter
	grown    int64       // bytes of the growing file
	tail     []Line      // never changed in place: queries have it
	tailSize int64       // bytes of its file
}

func growingName(seq int64) string         { return fmt.Sprintf("%08d.growing", seq) }
func tailName(seq int64, block int) string { return fmt.Sprintf("%08d_%03d.tail", seq, block) }
func (b *book) growingPath() string        { return filepath.Join(b.dir, growingName(b.seq)) }
func (b *book) tailPath() string           { return filepath.Join(b.dir, tailName(b.seq, len(b.blocks))) }

// list finds the segments and the sizes of a logstore that is on disk.
func (b *book) list() error {
	entries, err := os.ReadDir(b.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			return err
		}
		b.size += info.Size()
		if s := parseSegment(entry.Name()); s != nil {
			s.path, s.size = filepath.Join(b.dir, entry.Name()), info.Size()
			b.segments = append(b.segments, s)
		}
	}
	slices.SortFunc(b.segments, func(x, y *segment) int { return cmp.Or(cmp.Compare(x.first, y.first), cmp.Compare(y.last, x.last)) })
	return b.dropMerged()
}

// dropMerged removes segments that are in another, when a killed program hasn't.
func (b *book) dropMerged() error {
	var kept []*segment
	for _, s := range b.segments {
		if n := len(kept); n == 0 || s.first > kept[n-1].last {
			kept = append(kept, s)
			continue
		}
		if err := os.Remove(s.path); err != nil {
			return err
		}
		b.size -= s.size
	}
	b.segments = kept
	return nil
}

// load reads what isn't in segments, and removes what a killed program has left.
func (b *book) load() error {
	if b.loaded {
		return nil
	}
	b.seq, b.blocks, b.grown, b.tail, b.tailSize = 1, nil, 0, nil, 0
	entries, err := os.ReadDir(b.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, entry := range entries {
		b.seq = max(b.seq, growingSeq(entry.Name()))
	}
	if err := errors.Join(b.loadGrowing(), b.loadTail()); err != nil {
		return err
	}
	for _, entry := range entries { // a killed program has left what isn't known now
		path := filepath.Join(b.dir, entry.Name())
		if parseSegment(entry.Name()) != nil || path == b.growingPath() || path == b.tailPath() {
			continue
		}
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	b.size = b.grown + b.tailSize
	for _, s := range b.segments {
		b.size += s.size
	}
	b.loaded = true
	return nil
}

// growingSeq is which segment grows, as far as one file's name says it.
func growingSeq(name string) (seq int64) {
	var block int
	if s := parseSegment(name); s != nil {
		return s.last + 1
	}
	if n, _ := fmt.Sscanf(name, "%d_%d.tail", &seq, &block); n == 2 && name == tailName(seq, block) {
		return seq
	}
	if n, _ := fmt.Sscanf(name, "%d.growing", &seq); n == 1 && name == growingName(seq) {
		return seq
	}
	return 0
}

// loadGrowing finds the blocks of the growing file. What follows the last whole one is
// written over.
func (b *book) loadGrowing() error {
	f, err := os.Open(b.growingPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	var data [blockHead]byte
	for b.grown+blockHead+signatureBytes < info.Size() {
		if _, err := f.ReadAt(data[:], b.grown); err != nil {
			return err
		}
		h := decodeHead(data[:])
		h.off = b.grown
		end := b.grown + h.size + signatureBytes
		if h.count == 0 || end > info.Size() {
			break
		}
		b.blocks, b.grown = append(b.blocks, h.blockInfo), end
	}
	if n := len(b.blocks); n > 0 { // it may be the one that was being written
		if _, err := readBlock(f, b.blocks[n-1]); errors.Is(err, errDamaged) {
			b.grown = b.blocks[n-1].off
			b.blocks = b.blocks[:n-1]
		}
	}
	return nil
}

// loadTail reads the journal up to the first record that isn't whole.
func (b *book) loadTail() error {
	data, err := os.ReadFile(b.tailPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for {
		rest := data[b.tailSize:]
		if len(rest) < 8 {
			return nil
		}
		size := int64(binary.LittleEndian.Uint32(rest))
		if size > int64(len(rest)-8) || sum(rest[8:8+size]) != binary.LittleEndian.Uint32(rest[4:]) {
			return nil
		}
		lines, err := decodeRecord(string(rest[8 : 8+size]))
		if err != nil {
			return nil //nolint:nilerr // it ends here
		}
		b.tail = append(b.tail, lines...)
		b.tailSize += 8 + size
	}
}

// encodeRecord writes lines for the journal.
func encodeRecord(lines []Line) []byte {
	data := make([]byte, 8, 1024)
	for i := range lines {
		data = binary.AppendUvarint(data, uint64(lines[i].Time.UnixNano()))
		data = lines[i].appendFields(data)
	}
	binary.LittleEndian.PutUint32(data, uint32(len(data)-8))
	binary.LittleEndian.PutUint32(data[4:], sum(data[8:]))
	return data
}

func decodeRecord(text string) (lines []Line, err error) {
	for text != "" {
		nanos, n := uvarint(text)
		if n == 0 {
			return nil, errDamaged
		}
		var line Line
		if text, err = line.takeFields(text[n:]); err != nil {
			return nil, err
		}
		line.Time = time.Unix(0, int64(nanos))
		lines = append(lines, line)
	}
	return lines, nil
}

// add writes lines. After an error the last of them aren't there.
func (b *book) add(lines []Line) error {
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		return err
	}
	if err := b.load(); err != nil {
		return err
	}
	b.noteLines(lines)
	all := slices.Concat(b.tail, lines)
	for len(all) >= blockLines || weight(all) >= blockBytes {
		slices.SortStableFunc(all, func(x, y Line) int { return x.Time.Compare(y.Time) })
		full := wholeBlocks(all, b.most-len(b.blocks))
		if err := b.grow(all[:full]); err != nil {
			return err
		}
		lines = slices.Clone(all[full:])
		all = lines
	}
	if len(lines) == 0 {
		return nil
	}
	err := b.addTail(lines)
	if err == nil {
		b.tail = all
	}
	return err
}

// grow appends lines, which fill blocks, to the growing file, instead of the tail.
func (b *book) grow(lines []Line) error {
	old := b.tailPath()
	b.noteMoved(b.seq<<orderShift + int64(len(b.blocks)))
	if err := b.addBlocks(lines); err != nil {
		return err
	}
	b.size -= b.tailSize
	b.tail, b.tailSize = nil, 0
	if err := remove(old); err != nil {
		return err
	}
	if len(b.blocks) < b.most && b.grown < growingBytes {
		return nil
	}
	return b.seal()
}

// seal makes a segment of the growing file.
func (b *book) seal() error {
	f, err := os.Open(b.growingPath())
	if err != nil {
		return err
	}
	s, err := seal(b.dir, b.seq, f, b.blocks)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	old := b.growingPath()
	b.segments = append(slices.Clip(b.segments), s)
	b.size += s.size - b.grown
	b.seq, b.blocks, b.grown = b.seq+1, nil, 0
	return remove(old)
}

// remove removes a file that may not be there.
func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func weight(lines []Line) (n int) {
	for i := range lines {
		n += lines[i].weight()
	}
	return n
}

// nextBlock is how many of the lines fill a block; 0 if they don't.
func nextBlock(lines []Line) int {
	bytes := 0
	for i := range lines {
		if bytes += lines[i].weight(); bytes >= blockBytes || i+1 == blockLines {
			return i + 1
		}
	}
	return 0
}

// wholeBlocks is how many of the lines fill blocks, so many at most.
func wholeBlocks(lines []Line, most int) (full int) {
	for range most {
		n := nextBlock(lines[full:])
		if n == 0 {
			break
		}
		full += n
	}
	return full
}

// addTail appends to the journal.
func (b *book) addTail(lines []Line) error {
	data := encodeRecord(lines)
	if err := writeAt(b.tailPath(), data, b.tailSize); err != nil {
		return err
	}
	b.tailSize += int64(len(data))
	b.size += int64(len(data))
	return nil
}

// addBlocks appends lines, which fill blocks, to the growing file.
func (b *book) addBlocks(lines []Line) error {
	var data []byte
	blocks := slices.Clip(b.blocks)
	for len(lines) > 0 {
		n := nextBlock(lines)
		block, info := encodeBlock(lines[:n])
		info.off = b.grown + int64(len(data))
		data = append(append(data, block...), signatureOf(lines[:n])[:]...)
		blocks, lines = append(blocks, info), lines[n:]
	}
	if err := writeAt(b.growingPath(), data, b.grown); err != nil {
		return err
	}
	b.blocks = blocks
	b.grown += int64(len(data))
	b.size += int64(len(data))
	return nil
}

// writeAt writes the end of a file, over what may be there of a write that failed.
func writeAt(path string, data []byte, at int64) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err = f.WriteAt(data, at); err == nil {
		err = f.Truncate(at + int64(len(data)))
	}
	return errors.Join(err, f.Close())
}
