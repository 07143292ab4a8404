package pageout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/klauspost/compress/s2"
	"golang.org/x/sys/unix"
)

// Memory is what was taken from processes. It must be given back before any of
// them goes on.
type Memory struct {
	mu    sync.Mutex
	parts []*part
}

// part is the memory of one process.
type part struct {
	pid   int
	mem   *os.File // /proc/<pid>/mem: of this process, whoever gets its number later
	areas []area
	begun bool // taking it away has begun

	chunks []chunk
	store  []byte // mapped, so that it is the system's again at once
	raw    int64  // bytes before compression
}

// chunk is memory that is compressed together.
type chunk struct {
	packed []byte // in store
	raw    int
	pieces []piece
}

// piece is a run of pages.
type piece struct {
	addr   uint64
	length int
}

// chunkSize in bytes: much smaller ones compress badly.
const chunkSize = 64 << 10

// Take takes the memory of processes that were sent SIGSTOP, if it is at most
// limit bytes in all. When it returns an error, nothing was taken, unless that is
// ErrLost; the context's end is one.
func Take(ctx context.Context, pids []int, limit int64) (*Memory, error) {
	m := &Memory{}
	var total int64
	for _, pid := range pids {
		p, err := survey(ctx, pid)
		if err != nil {
			m.Drop()
			return nil, err
		}
		if p == nil {
			continue // it has ended
		}
		m.parts = append(m.parts, p)
		for _, a := range p.areas {
			total += a.anonymous
		}
	}
	if total > limit {
		m.Drop()
		return nil, ErrTooLarge
	}
	for _, p := range m.parts {
		if err := p.save(ctx); err != nil {
			m.Drop()
			return nil, fmt.Errorf("read the memory of process %d: %w", p.pid, err)
		}
	}
	for _, p := range m.parts {
		if err := p.discard(); err != nil {
			return nil, errors.Join(err, m.Return())
		}
	}
	return m, nil
}

// Return gives the memory back. The error is ErrLost.
func (m *Memory) Return() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer m.drop()
	for _, p := range m.parts {
		if err := p.restore(); err != nil {
			return fmt.Errorf("%w: give process %d its memory back: %w", ErrLost, p.pid, err)
		}
	}
	return nil
}

// Drop forgets the memory of processes that have ended.
func (m *Memory) Drop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop()
}

func (m *Memory) drop() {
	for _, p := range m.parts {
		p.mem.Close()
		if p.store != nil {
			_ = unix.Munmap(p.store)
		}
	}
	m.parts = nil
}

// Taken is how many bytes the processes had, and in how many they are kept.
func (m *Memory) Taken() (taken, kept int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.parts {
		taken += p.raw
		for _, c := range p.chunks {
			kept += int64(len(c.packed))
		}
	}
	return taken, kept
}

// survey finds what can be taken from a process; nil if it has ended.
func survey(ctx context.Context, pid int) (*part, error) {
	if ended, err := awaitStop(ctx, pid); ended || err != nil {
		return nil, err
	}
	if err := entangled(pid); err != nil {
		return nil, err
	}
	smaps, err := os.Open(file(pid, "smaps"))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	defer smaps.Close()
	areas, err := parseSmaps(smaps)
	if err != nil {
		return nil, err
	}
	mem, err := os.OpenFile(file(pid, "mem"), os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	return &part{pid: pid, mem: mem, areas: areas}, nil
}

func file(pid int, name string) string { return filepath.Join("/proc", strconv.Itoa(pid), name) }

// save reads the memory and compresses it.
func (p *part) save(ctx context.Context) error {
	pagemap, err := os.Open(file(p.pid, "pagemap"))
	if err != nil {
		return err
	}
	defer pagemap.Close()
	var size int64
	for _, a := range p.areas {
		size += int64(a.end - a.start)
	}
	chunks := int(size/chunkSize) + 1
	// Pages that aren't written to take no memory.
	if p.store, err = unix.Mmap(-1, 0, chunks*s2.MaxEncodedLen(chunkSize), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON); err != nil {
		return err
	}
	w := &packer{part: p, free: p.store, raw: make([]byte, 0, chunkSize)}
	finder := &finder{pagemap: pagemap, entries: make([]byte, entriesAtOnce)}
	for _, a := range p.areas {
		err := finder.find(a, func(run piece) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return w.add(run)
		})
		if err != nil {
			return err
		}
	}
	w.flush()
	return nil
}

// packer fills a part with chunks.
type packer struct {
	part   *part
	free   []byte // of the store
	raw    []byte
	pieces []piece
}

// add reads a run of pages. Those of zeros needn't be kept: they are what a
// process finds where it has no memory.
func (w *packer) add(run piece) error {
	for run.length > 0 {
		if len(w.raw) == chunkSize {
			w.flush()
		}
		begin := len(w.raw)
		n := min(run.length, chunkSize-begin)
		if _, err := w.part.mem.ReadAt(w.raw[begin:begin+n], int64(run.addr)); err != nil {
			return err
		}
		for at := begin; at < begin+n; at += pageSize {
			if page := w.raw[at : at+pageSize]; !zero(page) {
				w.keep(run.addr+uint64(at-begin), page)
			}
		}
		run.addr, run.length = run.addr+uint64(n), run.length-n
	}
	return nil
}

// keep moves a page to the end of what is kept.
func (w *packer) keep(addr uint64, page []byte) {
	w.raw = append(w.raw, page...)
	if last := len(w.pieces) - 1; last >= 0 && w.pieces[last].addr+uint64(w.pieces[last].length) == addr {
		w.pieces[last].length += pageSize
		return
	}
	w.pieces = append(w.pieces, piece{addr, pageSize})
}

func (w *packer) flush() {
	if len(w.raw) == 0 {
		return
	}
	packed := s2.Encode(w.free[:s2.MaxEncodedLen(len(w.raw))], w.raw)
	w.free = w.free[len(packed):]
	w.part.chunks = append(w.part.chunks, chunk{packed: packed, raw: len(w.raw), pieces: w.pieces})
	w.part.raw += int64(len(w.raw))
	w.raw, w.pieces = w.raw[:0], nil
}

func zero(page []byte) bool {
	for _, b := range page {
		if b != 0 {
			return false
		}
	}
	return true
}

// restore writes the memory back, if it was taken away and the process lives.
func (p *part) restore() error {
	if !p.begun {
		return nil
	}
	buffer := make([]byte, chunkSize)
	for _, c := range p.chunks {
		raw, err := s2.Decode(buffer, c.packed)
		if err != nil {
			return err
		}
		for _, piece := range c.pieces {
			_, err := p.mem.WriteAt(raw[:piece.length], int64(piece.addr))
			if errors.Is(err, io.ErrUnexpectedEOF) {
				return nil // it has ended, and with it its memory
			}
			if err != nil {
				return err
			}
			raw = raw[piece.length:]
		}
	}
	return nil
}
