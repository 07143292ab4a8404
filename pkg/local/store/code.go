package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash/crc64"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

const (
	archiveSuffix = ".zip"
	tempPrefix    = ".tmp-"
	bootName      = "boot"
)

// codeDir keeps archives as <sha256>.zip and each unpacked once as <sha256>/.
// Everything is made under a temporary name and renamed, so that what has its
// final name is whole.
type codeDir struct {
	dir     string
	refers  func(sha string) bool // does a function or a layer have this code?
	mu      sync.Mutex
	holds   map[string]int        // by sha: instances that run it, uploads under way
	unpacks map[string]*unpacking // under way
	// removals are under way: nobody waits for 20,000 files to go but Close.
	removals sync.WaitGroup
}

// unpacking is one unpack that several callers may wait for.
type unpacking struct {
	done chan struct{}
	err  error
}

func openCode(dir string, refers func(sha string) bool) (*codeDir, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, full(dir, err)
	}
	c := &codeDir{dir: dir, refers: refers, holds: map[string]int{}, unpacks: map[string]*unpacking{}}
	return c, c.sweep()
}

// Checksum is the CRC-64/ECMA of an archive as the API shows it: unsigned,
// decimal.
func Checksum(archive []byte) string {
	return strconv.FormatUint(crc64.Checksum(archive, crc64.MakeTable(crc64.ECMA)), 10)
}

// PutCode checks an archive and stores it. It is kept until release is called,
// and from then on as long as a function or a layer refers to it. Its errors are
// *CodeError, *DiskFullError or the system's.
func (s *Store) PutCode(archive []byte) (code Code, release func(), err error) {
	if err := checkArchive(archive); err != nil {
		return Code{}, nil, err
	}
	// The archive goes to disk while it is summed up: it can be large.
	temp := make(chan written, 1)
	go func() { temp <- s.code.write(archive) }()
	checksum := make(chan string, 1)
	go func() { checksum <- Checksum(archive) }()
	sum := sha256.Sum256(archive)
	code = Code{SHA256: hex.EncodeToString(sum[:]), Size: int64(len(archive)), Checksum: <-checksum}
	release = s.code.hold(code.SHA256)
	if err := s.code.save(code, <-temp); err != nil {
		release()
		return Code{}, nil, err
	}
	return code, release, nil
}

// PutCodeFile is PutCode for an archive in a file, which is copied and never in
// memory as a whole.
func (s *Store) PutCodeFile(archive io.ReaderAt, size int64) (code Code, release func(), err error) {
	if err := checkArchiveAt(archive, size); err != nil {
		return Code{}, nil, err
	}
	sha, crc := sha256.New(), crc64.New(crc64.MakeTable(crc64.ECMA))
	temp := s.code.copy(io.TeeReader(io.NewSectionReader(archive, 0, size), io.MultiWriter(sha, crc)))
	code = Code{SHA256: hex.EncodeToString(sha.Sum(nil)), Size: size, Checksum: strconv.FormatUint(crc.Sum64(), 10)}
	release = s.code.hold(code.SHA256)
	if err := s.code.save(code, temp); err != nil {
		release()
		return Code{}, nil, err
	}
	return code, release, nil
}

// CodeArchive is the path of a stored archive.
func (s *Store) CodeArchive(sha string) string { return s.code.archive(sha) }

// OpenCode gives the folder of the unpacked archive, unpacking it if that has
// not happened yet. It stays until release is called.
func (s *Store) OpenCode(sha string) (dir string, release func(), err error) {
	release = s.code.hold(sha)
	dir, err = s.code.unpacked(sha)
	if err != nil {
		release()
		return "", nil, err
	}
	return dir, release, nil
}

func (c *codeDir) archive(sha string) string { return filepath.Join(c.dir, sha+archiveSuffix) }

// hold keeps the code of sha until the returned function is called, once.
func (c *codeDir) hold(sha string) func() {
	c.mu.Lock()
	c.holds[sha]++
	c.mu.Unlock()
	return sync.OnceFunc(func() {
		c.mu.Lock()
		if c.holds[sha]--; c.holds[sha] == 0 {
			delete(c.holds, sha)
		}
		c.mu.Unlock()
		c.collect(sha)
	})
}

// written is an archive under a temporary name.
type written struct {
	path string
	err  error
}

// write puts an archive on disk under a temporary name.
func (c *codeDir) write(archive []byte) written { return c.copy(bytes.NewReader(archive)) }

// copy puts what it reads on disk under a temporary name.
func (c *codeDir) copy(from io.Reader) written {
	temp, err := os.CreateTemp(c.dir, tempPrefix+"*")
	if err != nil {
		return written{err: err}
	}
	_, err = io.Copy(temp, from)
	if err == nil {
		err = temp.Sync()
	}
	return written{temp.Name(), errors.Join(err, temp.Close())}
}

// save gives an archive its name, unless it is there already, and syncs the
// folder.
func (c *codeDir) save(code Code, temp written) error {
	path, err := c.archive(code.SHA256), temp.err
	if info, missing := os.Stat(path); err == nil && missing == nil && info.Size() == code.Size {
		return os.Remove(temp.path)
	}
	if err == nil {
		err = os.Rename(temp.path, path)
	}
	if err == nil {
		err = syncDir(c.dir)
	}
	if err != nil && temp.path != "" {
		err = errors.Join(err, os.RemoveAll(temp.path))
	}
	return full(path, err)
}

// unpacked gives the folder of sha, unpacking it once however many ask.
func (c *codeDir) unpacked(sha string) (string, error) {
	return c.made(sha, func(temp string) error { return unpackFile(c.archive(sha), temp) })
}

// made gives the folder of that name, filling it once however many ask.
func (c *codeDir) made(name string, fill func(dir string) error) (string, error) {
	dir := filepath.Join(c.dir, name)
	c.mu.Lock()
	if _, err := os.Stat(dir); err == nil {
		c.mu.Unlock()
		return dir, nil
	}
	u, running := c.unpacks[name]
	if !running {
		u = &unpacking{done: make(chan struct{})}
		c.unpacks[name] = u
	}
	c.mu.Unlock()
	if running {
		<-u.done
		return dir, u.err
	}
	u.err = c.fill(dir, fill)
	c.mu.Lock()
	delete(c.unpacks, name)
	c.mu.Unlock()
	close(u.done)
	return dir, u.err
}

// fill makes a folder under another name first.
func (c *codeDir) fill(dir string, fill func(dir string) error) error {
	temp, err := os.MkdirTemp(c.dir, tempPrefix+"*")
	if err != nil {
		return full(dir, err)
	}
	if err = fill(temp); err == nil {
		if err = os.Chmod(temp, 0o755); err == nil {
			err = os.Rename(temp, dir)
		}
	}
	if err != nil {
		return full(dir, errors.Join(err, os.RemoveAll(temp)))
	}
	return nil
}

// collect removes the code of sha unless someone needs it.
func (c *codeDir) collect(sha string) {
	if sha == "" {
		return
	}
	c.mu.Lock()
	if c.holds[sha] > 0 || c.refers(sha) {
		c.mu.Unlock()
		return
	}
	os.Remove(c.archive(sha)) // not there, or swept at the next start
	away := c.setAside(sha)
	c.mu.Unlock()
	c.removals.Go(func() { os.RemoveAll(away) }) // else swept at the next start
}

// setAside renames the unpacked folder so that it can be removed at leisure.
func (c *codeDir) setAside(name string) string {
	away, err := os.MkdirTemp(c.dir, tempPrefix+"*")
	if err != nil {
		return filepath.Join(c.dir, name)
	}
	_ = os.Rename(filepath.Join(c.dir, name), filepath.Join(away, name)) // may not exist
	return away
}

// sweep removes what an earlier process left: temporary names and code that no
// function has. Folders that were unpacked before the machine was started last
// are removed too, since a power cut can leave them with empty files; archives
// were synced.
func (c *codeDir) sweep() error {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return err
	}
	sameBoot := c.sameBoot()
	for _, e := range entries {
		name := e.Name()
		sha := strings.TrimSuffix(name, archiveSuffix)
		switch {
		case name == bootName:
			continue
		case strings.HasPrefix(name, tempPrefix), !c.refers(sha), e.IsDir() && !sameBoot:
			if err := os.RemoveAll(filepath.Join(c.dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// sameBoot reports whether the machine runs since the last call, and notes its
// current boot. Without a boot id it says no, which only costs time.
func (c *codeDir) sameBoot() bool {
	path := filepath.Join(c.dir, bootName)
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil || len(boot) == 0 {
		return false
	}
	known, err := os.ReadFile(path)
	if err == nil && string(known) == string(boot) {
		return true
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	_ = os.WriteFile(path, boot, 0o600) // without it, the next start unpacks again
	return false
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(ignoreUnsupported(d.Sync()), d.Close())
}

// ignoreUnsupported lets file systems pass that can't sync a folder.
func ignoreUnsupported(err error) error {
	if errors.Is(err, fs.ErrInvalid) || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}
