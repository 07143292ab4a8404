package bundle

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"sync"

	"github.com/klauspost/compress/flate"

	"s/pkg/diag"
)

const (
	// level is the best of the fast ones: smaller and quicker than zip -6.
	level = 6
	// chunkSize is how much of a file one goroutine compresses at a time; larger
	// files are shared out.
	chunkSize = 512 << 10
	// maxBlock is more than a chunk can become.
	maxBlock = chunkSize + chunkSize/8
	// windowSize is how far back deflate refers: each chunk starts with the end
	// of the one before as its dictionary.
	windowSize = 32 << 10
	// unitsPerWorker bounds what is read or compressed and not yet written:
	// about 1 MB each.
	unitsPerWorker = 3
	// keptAtOnce is how many unchanged entries are handed over together.
	keptAtOnce = 256
)

const changed diag.Message = "changed while it was packed"

// unit is a piece of work: a whole entry, a chunk of a large one, or entries
// that are unchanged.
type unit struct {
	kept []*record // unchanged entries; nothing else is set then

	entry Entry
	file  string  // where it is
	old   *record // what is known of the entry, nil if nothing is
	n     int     // which chunk of the entry
	last  bool

	raw    []byte // its bytes, after dict bytes of the chunk before
	dict   int
	out    bytes.Buffer
	method uint16
	crc    uint32 // of the bytes, without dict
	block  block
	reuse  bool // the chunk is the one of old
	err    error
	done   chan struct{}
}

// feed hands out the work: to the workers, and in the same order to the writer.
type feed struct {
	ctx    context.Context
	tree   tree
	cursor *cursor // nil if nothing is known
	free   chan *unit
	jobs   chan *unit
	order  chan *unit
	kept   []*record
}

// compress packs a tree into p: read and compressed by workers, in order.
func compress(ctx context.Context, t tree, opts Options, p *packer) error {
	ctx, cancel := context.WithCancel(ctx)
	n := opts.Workers * unitsPerWorker
	f := &feed{ctx: ctx, tree: t, free: make(chan *unit, n), jobs: make(chan *unit, n), order: make(chan *unit, n)}
	if p.old != nil {
		f.cursor = p.old.cursor()
	}
	for range n {
		f.free <- &unit{done: make(chan struct{}, 1)}
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	var walked error
	wg.Go(func() {
		defer close(f.jobs)
		defer close(f.order)
		if walked = t.walk(f.visit); walked == nil {
			walked = f.flush()
		}
	})
	for range opts.Workers {
		wg.Go(func() { work(ctx, f.jobs, p.index, opts.Looker) })
	}
	for u := range f.order {
		if u.kept != nil {
			if err := p.keep(u.kept); err != nil {
				return err
			}
			continue
		}
		<-u.done
		if u.err != nil {
			return u.err
		}
		if err := p.add(u); err != nil {
			return err
		}
		f.free <- u
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return walked // order is closed: it is written
}

// visit hands out one entry.
func (f *feed) visit(e Entry) error {
	var old *record
	if f.cursor != nil {
		var err error
		if old, err = f.cursor.find(&e); err != nil {
			return err
		}
		if old != nil && old.same(&e) {
			f.kept = append(f.kept, old)
			if len(f.kept) < keptAtOnce {
				return nil
			}
			return f.flush()
		}
	}
	if err := f.flush(); err != nil {
		return err
	}
	for n := 0; ; n++ {
		var u *unit
		select {
		case u = <-f.free:
		case <-f.ctx.Done():
			return f.ctx.Err()
		}
		u.entry, u.file, u.old, u.n = e, f.tree.file(e.Path), old, n
		last := !e.Mode.IsRegular() || int64(n+1)*chunkSize >= e.Size
		u.last = last
		f.jobs <- u
		f.order <- u
		if last {
			return nil
		}
	}
}

// flush hands out the unchanged entries that were gathered.
func (f *feed) flush() error {
	if len(f.kept) == 0 {
		return nil
	}
	u := &unit{kept: f.kept}
	f.kept = nil
	select {
	case f.order <- u:
		return nil
	case <-f.ctx.Done():
		return f.ctx.Err()
	}
}

// work is one worker: it does the jobs until there are no more.
func work(ctx context.Context, jobs <-chan *unit, index bool, looker Looker) {
	w, err := flate.NewWriter(nil, level)
	for u := range jobs {
		if u.err = err; u.err == nil {
			u.err = ctx.Err()
		}
		if u.err == nil {
			u.err = u.run(w, index, looker)
		}
		u.done <- struct{}{}
	}
}

// run reads the unit's bytes and compresses them, unless that makes them longer
// or it was done before. For an index, it sums them up.
func (u *unit) run(w *flate.Writer, index bool, looker Looker) error {
	u.out.Reset()
	u.dict, u.raw, u.method, u.crc, u.reuse, u.block = 0, u.raw[:0], methodStore, 0, false, block{}
	if !u.entry.Mode.IsRegular() {
		u.raw = append(u.raw, u.entry.Target...)
		u.finish(index)
		return nil
	}
	if err := u.read(); err != nil {
		return err
	}
	if index {
		u.block.sum = sha256.Sum256(u.raw)
		if u.known() {
			return nil
		}
	}
	if looker != nil && u.n == 0 {
		looker.Look(u.entry, u.raw[:min(len(u.raw), lookAt)])
	}
	if len(u.raw) > 0 {
		if err := u.deflate(w); err != nil {
			return err
		}
	}
	u.finish(index)
	return nil
}

// known reports whether the chunk is in the former archive, as it would become
// again.
func (u *unit) known() bool {
	if u.old == nil || !u.old.mode.IsRegular() || u.n >= len(u.old.blocks) || u.last != (u.n == len(u.old.blocks)-1) {
		return false
	}
	if b := u.old.blocks[u.n]; b.sum == u.block.sum {
		u.block, u.method, u.reuse = b, u.old.method, true
		u.crc = crc32.ChecksumIEEE(u.raw[u.dict:])
	}
	return u.reuse
}

func (u *unit) deflate(w *flate.Writer) error {
	w.ResetDict(&u.out, u.raw[:u.dict])
	if _, err := w.Write(u.raw[u.dict:]); err != nil {
		return err
	}
	finish := w.Close
	if !u.last {
		finish = w.Flush
	}
	if err := finish(); err != nil {
		return err
	}
	if whole := u.n == 0 && u.last; !whole || u.out.Len() < len(u.raw) {
		u.method = methodDeflate
	}
	return nil
}

// finish sums up what becomes of the unit.
func (u *unit) finish(index bool) {
	u.crc = crc32.ChecksumIEEE(u.raw[u.dict:])
	u.block.length = int64(len(u.data()))
	if index {
		u.block.check = crc32.Checksum(u.data(), castagnoli())
	}
}

// data is what the archive holds of the unit, if it wasn't taken over.
func (u *unit) data() []byte {
	if u.method == methodDeflate {
		return u.out.Bytes()
	}
	return u.raw[u.dict:]
}

// read fills raw with the unit's bytes and makes sure that the file is the one
// that was listed, before and after.
func (u *unit) read() error {
	f, err := open(u.file)
	if err != nil {
		if errors.Is(err, os.ErrPermission) {
			return &FileError{Path: u.entry.Path, Reason: "cannot be read", Err: err}
		}
		return &FileError{Path: u.entry.Path, Reason: changed, Err: err}
	}
	defer f.Close()
	if err := u.unchanged(f); err != nil {
		return err
	}
	off := int64(u.n) * chunkSize
	u.dict = int(min(off, windowSize))
	want := int(min(u.entry.Size-off, chunkSize)) + u.dict
	if cap(u.raw) < want {
		u.raw = make([]byte, max(want, 64<<10))
	}
	u.raw = u.raw[:want]
	if _, err := io.ReadFull(io.NewSectionReader(f, off-int64(u.dict), int64(want)), u.raw); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return &FileError{Path: u.entry.Path, Reason: changed}
		}
		return &FileError{Path: u.entry.Path, Reason: "cannot be read", Err: err}
	}
	return u.unchanged(f)
}

func (u *unit) unchanged(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return &FileError{Path: u.entry.Path, Reason: changed, Err: err}
	}
	e := &u.entry
	if info.Mode() != e.Mode || info.Size() != e.Size || !info.ModTime().Equal(e.ModTime) || identity(info) != e.id {
		return &FileError{Path: e.Path, Reason: changed}
	}
	return nil
}
