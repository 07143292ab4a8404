// Package logfiles keeps the lines that functions print, by project and logstore, in
// files that are only written at their end. They are found by their time and by their
// words, in a time that depends on what is found and hardly on what is kept. All
// together take at most a number of bytes; the oldest lines go first.
package logfiles

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// MaxBytes is what the lines of all logstores may take on disk.
const MaxBytes = 1 << 30

// maxLoaded is of how many logstores the last lines are in memory.
const maxLoaded = 64

// Line is a line of a function's log, with the fields that FC gives it.
type Line struct {
	Time       time.Time
	Topic      string // FCLogs:<function>, or the service of FC 2.0
	Service    string // of FC 2.0
	Function   string
	Qualifier  string
	VersionID  string
	InstanceID string
	RequestID  string
	Message    string
}

// DamagedError says that a file isn't what was written, and how to go on.
type DamagedError struct {
	Path string
	Err  error
}

// Error says what to do.
func (e *DamagedError) Error() string {
	return fmt.Sprintf("kept logs of functions are damaged (%s): %v; with no local cloud running (s local down), remove that file, and go on: what was logged in it is lost", e.Path, e.Err)
}

// Unwrap gives what was found.
func (e *DamagedError) Unwrap() error { return e.Err }

func damaged(path string, err error) error {
	if errors.Is(err, errDamaged) {
		return &DamagedError{Path: path, Err: err}
	}
	return err
}

// Logs are the lines of all logstores in a folder. A line is written within the call
// that adds it, and survives the end of the program; the last ones can be lost in a
// power cut. The methods are safe for concurrent use.
type Logs struct {
	dir  string
	max  int64
	most int // blocks of a segment

	mu    sync.Mutex
	books map[string]*book // by the names of their folders
	uses  atomic.Int64
	size  atomic.Int64 // of all books, bytes
}

// Open opens the logs in a folder that the caller has locked, making it if needed.
// Errors are the system's.
func Open(dir string) (*Logs, error) { return open(dir, growBlocks) }

// open opens logs whose segments have so many blocks.
func open(dir string, most int) (*Logs, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	l := &Logs{dir: dir, max: MaxBytes, most: most, books: map[string]*book{}}
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		b := &book{dir: filepath.Join(dir, entry.Name()), most: most}
		if err := b.list(); err != nil {
			return nil, err
		}
		l.books[entry.Name()] = b
		l.size.Add(b.size)
	}
	return l, nil
}

// Size is how many bytes all lines take on disk.
func (l *Logs) Size() int64 { return l.size.Load() }

// folderOf is the name of a logstore's folder. Names come from users: none of theirs
// becomes a path.
func folderOf(project, logstore string) string {
	hash := sha256.Sum256([]byte(project + "\x00" + logstore))
	return hex.EncodeToString(hash[:16])
}

// book finds a logstore; nil if it isn't there and isn't to be made.
func (l *Logs) book(project, logstore string, make bool) *book {
	name := folderOf(project, logstore)
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.books[name]
	if b == nil && make {
		b = &book{dir: filepath.Join(l.dir, name), most: l.most}
		l.books[name] = b
	}
	return b
}

// Append adds lines to a logstore. After an error the last of them aren't there.
func (l *Logs) Append(project, logstore string, lines []Line) error {
	if len(lines) == 0 {
		return nil
	}
	b := l.book(project, logstore, true)
	if err := l.within(b, func() error { return b.add(lines) }); err != nil {
		return err
	}
	l.mergeSegments(b)
	return l.bound()
}

// mergeSegments merges those of a book that are due. Nobody waits for it but who added
// the last line. After an error all is as it was, and it isn't tried again: queries say
// what is wrong with a file.
func (l *Logs) mergeSegments(b *book) {
	for {
		var due []*segment
		b.mu.Lock()
		if !b.merging {
			due = b.due()
		}
		b.merging = b.merging || due != nil
		b.mu.Unlock()
		if due == nil {
			return
		}
		merged, err := mergeAll(b.dir, due)
		if err != nil {
			return
		}
		err = l.within(b, func() error { return b.replace(due, merged) })
		if err != nil {
			return
		}
	}
}

// due are segments that should become one: the newest of equal size that are enough.
func (b *book) due() []*segment {
	n := len(b.segments)
	for end := n; end >= mergeSegments; end-- {
		group := b.segments[end-mergeSegments : end]
		span := group[0].last - group[0].first
		if span+1 < mostMerged && !slices.ContainsFunc(group, func(s *segment) bool { return s.last-s.first != span }) {
			return slices.Clone(group)
		}
	}
	return nil
}

// replace puts a merged segment in the place of its parts, unless these were dropped
// meanwhile.
func (b *book) replace(parts []*segment, merged *segment) error {
	b.merging = false
	at := slices.Index(b.segments, parts[0])
	if at < 0 {
		return remove(merged.path)
	}
	b.segments = slices.Concat(b.segments[:at], []*segment{merged}, b.segments[at+len(parts):])
	b.size += merged.size
	b.noteMoved(merged.first << orderShift)
	var errs []error
	for _, s := range parts {
		b.size -= s.size
		errs = append(errs, remove(s.path))
	}
	return errors.Join(errs...)
}

// within does something with a book that others leave alone meanwhile.
func (l *Logs) within(b *book, do func() error) error {
	b.mu.Lock()
	before, fresh := b.size, !b.loaded
	err := do()
	b.used = l.uses.Add(1)
	l.size.Add(b.size - before)
	b.mu.Unlock()
	if fresh {
		l.unload()
	}
	return err
}

// unload forgets what is in memory of the logstores that weren't used for longest.
func (l *Logs) unload() {
	type state struct {
		*book
		used int64
	}
	var loaded []state
	for _, b := range l.all() {
		b.mu.Lock()
		if b.loaded {
			loaded = append(loaded, state{b, b.used})
		}
		b.mu.Unlock()
	}
	if len(loaded) <= maxLoaded {
		return
	}
	slices.SortFunc(loaded, func(x, y state) int { return int(x.used - y.used) })
	for _, s := range loaded[:len(loaded)-maxLoaded] {
		s.mu.Lock()
		s.loaded, s.blocks, s.tail = false, nil, nil
		s.forget()
		s.mu.Unlock()
	}
}

func (l *Logs) all() []*book {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]*book, 0, len(l.books))
	for _, b := range l.books {
		all = append(all, b)
	}
	return all
}

// bound removes the oldest lines while all take too much.
func (l *Logs) bound() error {
	for l.size.Load() > l.max {
		var oldest *book
		at := int64(0)
		for _, b := range l.all() {
			b.mu.Lock()
			if last, ok := b.oldest(); ok && (oldest == nil || last < at) {
				oldest, at = b, last
			}
			b.mu.Unlock()
		}
		if oldest == nil {
			return nil
		}
		if err := l.within(oldest, oldest.drop); err != nil {
			return err
		}
	}
	return nil
}

// Remove removes all lines of a logstore.
func (l *Logs) Remove(project, logstore string) error {
	b := l.book(project, logstore, false)
	if b == nil {
		return nil
	}
	return l.within(b, b.clear)
}

// clear removes a book's files.
func (b *book) clear() error {
	b.loaded, b.segments, b.size, b.blocks, b.tail = false, nil, 0, nil, nil
	b.forget()
	return os.RemoveAll(b.dir)
}

// oldest is the last time of what drop would remove; it is false if there is nothing.
func (b *book) oldest() (last int64, ok bool) {
	if len(b.segments) > 0 {
		return b.segments[0].max, true
	}
	if b.size == 0 {
		return 0, false
	}
	if n := len(b.tail); n > 0 {
		return b.tail[n-1].Time.UnixNano(), true
	}
	info, err := os.Stat(b.dir)
	if err != nil {
		return 0, !errors.Is(err, fs.ErrNotExist)
	}
	return info.ModTime().UnixNano(), true
}

// drop removes a book's oldest segment, or what it has if it has none.
func (b *book) drop() error {
	if len(b.segments) == 0 {
		return b.clear()
	}
	s := b.segments[0]
	if err := remove(s.path); err != nil {
		return err
	}
	b.segments = slices.Clone(b.segments[1:])
	b.size -= s.size
	b.forget()
	return nil
}
