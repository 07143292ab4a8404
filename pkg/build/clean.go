package build

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"s/pkg/local/flock"
)

// Leftover is a folder of a project that can be made again.
type Leftover struct {
	Path  string `json:"path"`  // relative to the project, with slashes
	Bytes int64  `json:"bytes"` // of all its files
}

// Leftovers are what builds and deployments left beside s.yaml, in the folder
// projectDir: artifacts, logs, packed code.
func Leftovers(projectDir string) ([]Leftover, error) {
	var found []Leftover
	for _, name := range []string{".s/build", LogsFolder, ".s/cache"} {
		size, err := sizeOf(filepath.Join(projectDir, filepath.FromSlash(name)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found = append(found, Leftover{name, size})
	}
	return found, nil
}

// RemoveLeftovers removes them, and the folder that they are in if it is empty
// then.
func RemoveLeftovers(ctx context.Context, projectDir string, found []Leftover) error {
	for _, l := range found {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := Discard(filepath.Join(projectDir, filepath.FromSlash(l.Path))); err != nil {
			return err
		}
	}
	_ = os.Remove(filepath.Join(projectDir, ".s")) // fails unless empty, as it should
	return nil
}

// Alone keeps builds of the project in a folder from running until release is
// called. It waits for those that run, of which waits is told.
func (c *Cache) Alone(ctx context.Context, projectDir string, waits func()) (release func(), err error) {
	path, err := c.lockFile(projectLock(projectDir))
	if err != nil {
		return nil, err
	}
	lock, err := flock.Try(path)
	if errors.Is(err, flock.ErrLocked) {
		waits()
		lock, err = flock.Wait(ctx, path)
	}
	if err != nil {
		return nil, err
	}
	return func() { _ = lock.Close() }, nil
}

// share lets builds of a project run together, but not while Alone is.
func (c *Cache) share(ctx context.Context, projectDir string) (release func(), err error) {
	path, err := c.lockFile(projectLock(projectDir))
	if err != nil {
		return nil, err
	}
	lock, err := flock.Share(ctx, path)
	if err != nil {
		return nil, err
	}
	return func() { _ = lock.Close() }, nil
}

// projectLock names the lock of a project, by whatever links its folder is named.
func projectLock(dir string) string {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	return "project " + dir
}

// Clean removes all entries that aren't in use, those of killed builds too, and
// tells how many, and how many bytes, they were, and how many are left.
func (c *Cache) Clean(ctx context.Context) (removed int, size int64, left int, err error) {
	keys, err := c.keys()
	if err != nil {
		return 0, 0, 0, err
	}
	for _, key := range keys {
		if err := ctx.Err(); err != nil {
			return removed, size, left, err
		}
		bytes := c.sizeOfEntry(key)
		gone, err := c.drop(key)
		switch {
		case err != nil:
			return removed, size, left, err
		case gone:
			removed++
			size += bytes
		default:
			left++
		}
	}
	return removed, size, left, nil
}

// keys are those of all entries, finished or not.
func (c *Cache) keys() ([]string, error) {
	files, err := os.ReadDir(filepath.Join(c.dir, entriesDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var keys []string
	seen := map[string]bool{}
	for _, f := range files {
		key, _, _ := strings.Cut(strings.TrimSuffix(f.Name(), sizeSuffix), TempMark)
		if !seen[key] {
			seen[key] = true
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// sizeOfEntry is what an entry takes with all that is unfinished of it; what
// can't be read, because it goes away meanwhile, doesn't count.
func (c *Cache) sizeOfEntry(key string) int64 {
	dirs, err := filepath.Glob(filepath.Join(c.dir, entriesDir, key+TempMark+"*"))
	if err != nil {
		return 0
	}
	var total int64
	for _, dir := range append(dirs, filepath.Join(c.dir, entriesDir, key)) {
		if size, err := sizeOf(dir); err == nil {
			total += size
		}
	}
	return total
}
