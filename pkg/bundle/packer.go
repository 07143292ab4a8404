package bundle

import (
	"hash/crc32"
	"math"
	"os"
	"time"
)

const (
	// racyWindow is how fresh a file's times may be and still tell of a later
	// change: file systems keep time by ticks of some milliseconds.
	racyWindow = 50 * time.Millisecond
	// coarseWindow is the same where times are whole seconds, of which some file
	// systems know only the even ones.
	coarseWindow = 2 * time.Second
)

// packer writes an archive from entries in their order, and its index. As long
// as every entry is as it was in the former archive it writes nothing; from the
// first difference on it writes all, and takes what it can from there.
type packer struct {
	place
	old   *former // nil if there is none
	index bool    // an index is wanted
	limit int64
	now   time.Time // before the first file was looked at

	count  int // entries so far
	files  int
	source int64

	file *os.File // the archive and its index; nil until they are begun
	z    *zipWriter
	idx  *indexWriter

	finished string // where the archive is, at the end

	entry   *record // that is being added
	written int     // how many of its blocks are in the archive, -1: not begun
	start   int64   // its place in the archive
}

// keep adds entries that are unchanged.
func (p *packer) keep(records []*record) error {
	for _, r := range records {
		if r.ordinal != p.count {
			if err := p.begin(); err != nil { // some went away before it
				return err
			}
		}
		if p.z != nil {
			if err := p.copy(r); err != nil {
				return err
			}
		}
		if err := p.done(r); err != nil {
			return err
		}
	}
	return nil
}

// done counts and notes an entry.
func (p *packer) done(r *record) error {
	p.count++
	if !r.mode.IsDir() {
		p.files++
		p.source += r.size
	}
	if p.idx == nil {
		return nil
	}
	return p.idx.add(r)
}

// add adds a unit.
func (p *packer) add(u *unit) error {
	if u.n == 0 {
		p.entry, p.written, p.start = p.describe(u), -1, 0
	}
	r := p.entry
	r.blocks = append(r.blocks, u.block)
	if r.header().streamed {
		r.crc = crc32.Update(r.crc, crc32.IEEETable, u.raw[u.dict:])
	} else {
		r.crc = u.crc
	}
	if p.z != nil || !u.reuse {
		if err := p.put(u); err != nil {
			return err
		}
	}
	if !u.last {
		return nil
	}
	if p.z == nil && !p.inPlace(u.old) {
		if err := p.put(u); err != nil {
			return err
		}
	}
	return p.end(u.old)
}

// describe is the record of a unit's entry, without its blocks.
func (p *packer) describe(u *unit) *record {
	e := &u.entry
	r := &record{
		path: e.Path, mode: e.packed(), size: e.Size, target: e.Target, method: u.method,
		modTime: e.ModTime.UnixNano(), id: e.id, settled: settled(e, p.now),
	}
	if e.Mode.IsDir() {
		r.size = 0
	}
	return r
}

// settled reports whether a change of the file after now would show in its
// times.
func settled(e *Entry, now time.Time) bool {
	at := e.ModTime
	if e.id.change != 0 {
		at = time.Unix(0, e.id.change) // no program can set it back
	}
	window := racyWindow
	if at.Nanosecond() == 0 {
		window = coarseWindow
	}
	return now.Sub(at) >= window
}

// inPlace reports whether the entry is what the former archive has at this
// place.
func (p *packer) inPlace(old *record) bool {
	return old != nil && old.ordinal == p.count && old.mode == p.entry.mode && old.size == p.entry.size && len(old.blocks) == len(p.entry.blocks)
}

// put writes what isn't written of the entry, up to the unit at hand, which is
// its last one so far.
func (p *packer) put(u *unit) error {
	if err := p.begin(); err != nil {
		return err
	}
	r := p.entry
	if p.written < 0 {
		h := r.header()
		p.start = p.z.offset
		if err := p.z.local(&h); err != nil {
			return err
		}
		p.written = 0
	}
	for ; p.written < len(r.blocks); p.written++ {
		if p.written == len(r.blocks)-1 && !u.reuse {
			if _, err := p.z.Write(u.data()); err != nil {
				return err
			}
			continue
		}
		if err := p.take(u.old, p.written); err != nil {
			return err
		}
	}
	return nil
}

// end finishes the entry at hand.
func (p *packer) end(old *record) error {
	r := p.entry
	if p.z == nil { // only what is known of the file changed
		r.offset = old.offset
		if err := p.beginIndex(); err != nil {
			return err
		}
		return p.done(r)
	}
	h := r.header()
	r.offset = p.start
	if h.streamed {
		if err := p.z.descriptor(&h); err != nil {
			return err
		}
	}
	if err := p.z.finish(&h, p.start); err != nil {
		return err
	}
	return p.done(r)
}

// take copies block n of a former record into the archive.
func (p *packer) take(r *record, n int) error {
	h := r.header()
	offset := r.offset + h.localSize()
	for i := range n {
		offset += r.blocks[i].length
	}
	return p.copyBlock(offset, &r.blocks[n])
}

func (p *packer) copyBlock(offset int64, b *block) error {
	if b.length == 0 {
		return nil
	}
	if offset > math.MaxInt64-b.length {
		return errIndex
	}
	data, err := p.old.ahead.at(offset, b.length)
	if err != nil || crc32.Checksum(data, castagnoli()) != b.check {
		return errIndex
	}
	_, err = p.z.Write(data)
	return err
}

// copy takes a whole entry over and notes its new place.
func (p *packer) copy(r *record) error {
	h := r.header()
	start := p.z.offset
	if err := p.z.local(&h); err != nil {
		return err
	}
	offset := r.offset + h.localSize()
	for i := range r.blocks {
		if err := p.copyBlock(offset, &r.blocks[i]); err != nil {
			return err
		}
		offset += r.blocks[i].length
	}
	if h.streamed {
		if err := p.z.descriptor(&h); err != nil {
			return err
		}
	}
	r.offset = start
	return p.z.finish(&h, start)
}

// begin starts the archive, with the entries that came so far: they are those
// of the former one.
func (p *packer) begin() (err error) {
	if p.z != nil {
		return nil
	}
	if err := p.beginIndex(); err != nil {
		return err
	}
	if p.file, err = p.create(); err != nil {
		return err
	}
	p.z = newZipWriter(p.file, p.limit, p.place)
	return p.replay(p.copy)
}

// beginIndex starts the index likewise.
func (p *packer) beginIndex() (err error) {
	if p.idx != nil || !p.index {
		return nil
	}
	if p.idx, err = newIndexWriter(p.place); err != nil {
		return err
	}
	return p.replay(p.idx.add)
}

// replay goes through the records of the former archive that came so far.
func (p *packer) replay(do func(*record) error) error {
	if p.count == 0 {
		return nil
	}
	c := p.old.cursor()
	for range p.count {
		r, err := c.record()
		if err != nil {
			return err
		}
		if r == nil {
			return errIndex
		}
		if err := do(r); err != nil {
			return err
		}
	}
	return nil
}

// discard removes what was not finished.
func (p *packer) discard() {
	if p.z != nil {
		_ = p.z.central.close()
	}
	if p.file != nil {
		_ = p.file.Close()
		_ = os.Remove(p.file.Name())
	}
	if p.idx != nil {
		p.idx.discard()
	}
}
