package bundle

import (
	"bytes"
	"context"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/klauspost/compress/flate"
)

const (
	// level is the best of the fast ones: smaller and quicker than zip -6.
	level = 6
	// chunkSize is how much of a file one goroutine compresses at a time; larger
	// files are shared out.
	chunkSize = 512 << 10
	// windowSize is how far back deflate refers: each chunk starts with the end
	// of the one before as its dictionary.
	windowSize = 32 << 10
	// unitsPerWorker bounds what is read or compressed and not yet written:
	// about 1 MB each.
	unitsPerWorker = 3
)

const changed = "changed while it was packed"

// unit is a piece of work: a whole entry, or a chunk of a large one.
type unit struct {
	root  string
	entry *Entry
	off   int64
	first bool
	last  bool

	raw    []byte // its bytes, after dict bytes of the chunk before
	dict   int
	out    bytes.Buffer
	method uint16
	err    error
	done   chan struct{}
}

// compress writes the entries to z: read and compressed by workers, in order.
func compress(ctx context.Context, l *Listing, workers int, z *zipWriter) error {
	ctx, cancel := context.WithCancel(ctx)
	n := workers * unitsPerWorker
	free, jobs, order := make(chan *unit, n), make(chan *unit, n), make(chan *unit, n)
	for range n {
		free <- &unit{root: l.Root, done: make(chan struct{}, 1)}
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() {
		defer close(jobs)
		defer close(order)
		share(ctx, l.Entries, free, jobs, order)
	})
	for range workers {
		wg.Go(func() {
			d := newDeflater()
			for u := range jobs {
				u.err = ctx.Err()
				if u.err == nil {
					u.err = d.run(u)
				}
				u.done <- struct{}{}
			}
		})
	}
	w := &orderedWriter{z: z}
	for u := range order {
		<-u.done
		if u.err != nil {
			return u.err
		}
		if err := w.write(u); err != nil {
			return err
		}
		free <- u
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return z.close()
}

// share cuts the entries into units and hands them to the workers and, in the
// same order, to the writer.
func share(ctx context.Context, entries []Entry, free <-chan *unit, jobs, order chan<- *unit) {
	for i := range entries {
		e := &entries[i]
		for off := int64(0); ; off += chunkSize {
			var u *unit
			select {
			case u = <-free:
			case <-ctx.Done():
				return
			}
			u.entry, u.off = e, off
			u.first = off == 0
			u.last = !e.Mode.IsRegular() || off+chunkSize >= e.Size
			last := u.last
			jobs <- u
			order <- u
			if last {
				break
			}
		}
	}
}

// orderedWriter writes finished units; a streamed entry spans several.
type orderedWriter struct {
	z      *zipWriter
	header entryHeader
	start  int64
}

func (w *orderedWriter) write(u *unit) error {
	data := u.raw[u.dict:]
	if u.first {
		mode := u.entry.Mode.Type() | u.entry.permissions()
		w.header = entryHeader{
			name: u.entry.Path, mode: mode, method: u.method,
			size: u.entry.Size, streamed: !u.last,
		}
		if mode.IsDir() {
			w.header.name += "/"
			w.header.size = 0
		}
		w.start = w.z.offset
		if u.last {
			w.header.crc = crc32.ChecksumIEEE(data)
			w.header.compressed = int64(len(data))
			if u.method == methodDeflate {
				w.header.compressed = int64(u.out.Len())
			}
		}
		if err := w.z.local(&w.header); err != nil {
			return err
		}
	}
	if u.method == methodDeflate {
		data = u.out.Bytes()
	}
	if _, err := w.z.Write(data); err != nil {
		return err
	}
	if w.header.streamed {
		w.header.crc = crc32.Update(w.header.crc, crc32.IEEETable, u.raw[u.dict:])
		w.header.compressed += int64(u.out.Len())
	}
	if !u.last {
		return nil
	}
	if w.header.streamed {
		if err := w.z.descriptor(&w.header); err != nil {
			return err
		}
	}
	w.z.finish(&w.header, w.start)
	return nil
}

// deflater is one worker's state.
type deflater struct{ w *flate.Writer }

func newDeflater() *deflater {
	w, err := flate.NewWriter(nil, level)
	if err != nil {
		return nil // never: the level is a constant
	}
	return &deflater{w: w}
}

// run reads the unit's bytes and compresses them, unless that makes them
// longer.
func (d *deflater) run(u *unit) error {
	u.out.Reset()
	u.dict, u.raw, u.method = 0, u.raw[:0], methodStore
	switch {
	case u.entry.Mode.IsDir():
		return nil
	case u.entry.Mode&fs.ModeSymlink != 0:
		u.raw = append(u.raw, u.entry.Target...)
		return nil
	}
	if err := u.read(); err != nil {
		return err
	}
	if len(u.raw) == 0 {
		return nil
	}
	d.w.ResetDict(&u.out, u.raw[:u.dict])
	if _, err := d.w.Write(u.raw[u.dict:]); err != nil {
		return err
	}
	finish := d.w.Close
	if !u.last {
		finish = d.w.Flush
	}
	if err := finish(); err != nil {
		return err
	}
	if whole := u.first && u.last; !whole || u.out.Len() < len(u.raw) {
		u.method = methodDeflate
	}
	return nil
}

// read fills raw with the unit's bytes and makes sure that the file is the one
// that was listed, before and after.
func (u *unit) read() error {
	f, err := open(filepath.Join(u.root, filepath.FromSlash(u.entry.Path)))
	if err != nil {
		if errors.Is(err, fs.ErrPermission) {
			return &FileError{Path: u.entry.Path, Reason: "cannot be read", Err: err}
		}
		return &FileError{Path: u.entry.Path, Reason: changed, Err: err}
	}
	defer f.Close()
	if err := u.unchanged(f); err != nil {
		return err
	}
	n := min(u.entry.Size-u.off, chunkSize)
	u.dict = int(min(u.off, windowSize))
	want := int(n) + u.dict
	if cap(u.raw) < want {
		u.raw = make([]byte, max(want, 64<<10))
	}
	u.raw = u.raw[:want]
	if _, err := io.ReadFull(io.NewSectionReader(f, u.off-int64(u.dict), int64(want)), u.raw); err != nil {
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
	if info.Size() != u.entry.Size || !info.ModTime().Equal(u.entry.ModTime) || !os.SameFile(info, u.entry.info) {
		return &FileError{Path: u.entry.Path, Reason: changed}
	}
	return nil
}
