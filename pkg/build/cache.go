package build

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"s/pkg/local/flock"
)

// DefaultCacheSize is what the cache holds at most, in bytes: what was used
// longest ago goes first.
const DefaultCacheSize = 5 << 30

// Folders of a cache.
const (
	entriesDir = "entries"
	locksDir   = "locks"
)

// sizeSuffix is appended to an entry's path for the file with its size, whose
// time is when it was last used.
const sizeSuffix = ".size"

// Cache keeps what builders made, by a key that sums up all that decides it. Any
// number of processes may use one; one that is killed leaves nothing that
// another would take for an entry.
type Cache struct {
	dir string
	// Limit is what it holds at most, in bytes.
	Limit int64
}

// CacheFolder is the folder of the cache in that of s, which has other caches,
// too.
func CacheFolder(home string) string { return filepath.Join(home, "cache", "build") }

// NewCache is the cache in a folder, which is made when it is needed.
func NewCache(dir string) *Cache { return &Cache{dir: dir, Limit: DefaultCacheSize} }

// Entry is a part of an artifact in the cache. It isn't removed before it is
// released.
type Entry struct {
	// Dir is the folder with the part. It must not be changed.
	Dir  string
	lock *os.File
}

// Release lets others have the entry.
func (e *Entry) Release() { _ = e.lock.Close() }

// Get gives the entry of a key, which fill makes in the empty folder out if it
// isn't there, or if fresh is set; scratch is another empty folder. It tells
// whether the entry was there. At most one process fills an entry at a time; the
// others wait and find it.
func (c *Cache) Get(ctx context.Context, key string, fresh bool, fill func(ctx context.Context, out, scratch string) error) (*Entry, bool, error) {
	lock, err := c.take(ctx, "entry "+key)
	if err != nil {
		return nil, false, err
	}
	entry := &Entry{Dir: filepath.Join(c.dir, entriesDir, key), lock: lock}
	now := time.Now()
	if !fresh && os.Chtimes(entry.Dir+sizeSuffix, now, now) == nil {
		if _, err := os.Stat(entry.Dir); err == nil {
			return entry, true, nil
		}
	}
	if err := c.fill(ctx, entry, fill); err != nil {
		entry.Release()
		return nil, false, err
	}
	return entry, false, c.prune(key)
}

func (c *Cache) fill(ctx context.Context, entry *Entry, fill func(ctx context.Context, out, scratch string) error) error {
	if err := errors.Join(dropSize(entry.Dir), Discard(entry.Dir)); err != nil {
		return err
	}
	dir, err := stage(entry.Dir)
	if err != nil {
		return err
	}
	defer func() { _ = Discard(dir) }()
	out, scratch := filepath.Join(dir, "out"), filepath.Join(dir, "scratch")
	for _, sub := range []string{out, scratch} {
		if err := os.Mkdir(sub, 0o755); err != nil {
			return err
		}
	}
	if err := fill(ctx, out, scratch); err != nil {
		return err
	}
	size, err := sizeOf(out)
	if err != nil {
		return err
	}
	if err := os.Rename(out, entry.Dir); err != nil {
		return err
	}
	// The entry counts once this is there.
	return replaceFile(entry.Dir+sizeSuffix, fmt.Appendf(nil, "%d\n", size))
}

// Discard removes a folder of tools' output: some of them (Go's modules) write
// folders that may not be written to.
func Discard(dir string) error {
	err := os.RemoveAll(dir)
	if err == nil || !errors.Is(err, fs.ErrPermission) {
		return err
	}
	walk := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = os.Chmod(path, 0o700)
		}
		return err
	})
	return errors.Join(walk, os.RemoveAll(dir))
}

func dropSize(dir string) error {
	err := os.Remove(dir + sizeSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// sizeOf is what the files of a folder take, in bytes.
func sizeOf(dir string) (int64, error) {
	var size int64
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		size += info.Size()
		return nil
	})
	return size, err
}

// lock waits for the lock of a name.
func (c *Cache) lock(ctx context.Context, name string) (unlock func(), err error) {
	f, err := c.take(ctx, name)
	if err != nil {
		return nil, err
	}
	return func() { _ = f.Close() }, nil
}

func (c *Cache) take(ctx context.Context, name string) (*os.File, error) {
	path, err := c.lockFile(name)
	if err != nil {
		return nil, err
	}
	return flock.Wait(ctx, path)
}

func (c *Cache) lockFile(name string) (string, error) {
	sum := sha256.Sum256([]byte(name))
	dir := filepath.Join(c.dir, locksDir)
	return filepath.Join(dir, hex.EncodeToString(sum[:16])), os.MkdirAll(dir, 0o755)
}

// kept is an entry as prune sees it.
type kept struct {
	key  string
	size int64
	used time.Time
}

// entries lists what is complete, the longest unused first.
func (c *Cache) entries() ([]kept, error) {
	files, err := filepath.Glob(filepath.Join(c.dir, entriesDir, "*"+sizeSuffix))
	if err != nil {
		return nil, err
	}
	var all []kept
	for _, file := range files {
		k := kept{key: strings.TrimSuffix(filepath.Base(file), sizeSuffix)}
		info, err := os.Stat(file)
		if err != nil {
			continue // another process has removed it
		}
		k.used = info.ModTime()
		if data, err := os.ReadFile(file); err == nil {
			_, _ = fmt.Sscan(string(data), &k.size) // a damaged one is taken to be empty
		}
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b kept) int { return cmp.Or(a.used.Compare(b.used), cmp.Compare(a.key, b.key)) })
	return all, nil
}

// prune removes entries until the limit is kept, but neither the one named nor
// those in use.
func (c *Cache) prune(keep string) error {
	all, err := c.entries()
	if err != nil {
		return err
	}
	var total int64
	for _, k := range all {
		total += k.size
	}
	for _, k := range all {
		if total <= c.Limit {
			return nil
		}
		if k.key == keep {
			continue
		}
		removed, err := c.drop(k.key)
		if err != nil {
			return err
		}
		if removed {
			total -= k.size
		}
	}
	return nil
}

// drop removes an entry unless it is in use.
func (c *Cache) drop(key string) (bool, error) {
	path, err := c.lockFile("entry " + key)
	if err != nil {
		return false, err
	}
	lock, err := flock.Try(path)
	if errors.Is(err, flock.ErrLocked) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer lock.Close()
	dir := filepath.Join(c.dir, entriesDir, key)
	return true, errors.Join(dropSize(dir), sweep(dir), Discard(dir))
}
