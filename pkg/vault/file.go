// Package vault keeps secrets for one user: in the keyring of the system where
// one answers, else in a file that this user alone can read. A file is always
// whole: writers take turns, and one that is killed leaves the old file as it
// was. It also reads the cipher with which Serverless Devs obscures its files.
package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"s/pkg/atomicfile"
	"s/pkg/local/flock"
)

const (
	fileMode = 0o600
	dirMode  = 0o700
	// maxFile bounds what is read, in bytes.
	maxFile = 4 << 20
	// lockWait bounds how long a writer waits for its turn.
	lockWait = 30 * time.Second
)

// Say tells the user something, in the user's language; nil tells nothing.
type Say func(format string, args ...any)

// Errf tells a message, unless nobody listens.
func (s Say) Errf(format string, args ...any) {
	if s != nil {
		s(format, args...)
	}
}

// ExposedError is a file of secrets that others can read and that can't be
// closed to them.
type ExposedError struct {
	Path string
	Mode fs.FileMode
	Err  error
}

// Error names the file and its mode.
func (e *ExposedError) Error() string {
	return fmt.Sprintf("%s holds secrets and others can read it (mode %04o): chmod 600 it as its owner: %v", e.Path, e.Mode, e.Err)
}

// Unwrap gives the reason why it couldn't be closed.
func (e *ExposedError) Unwrap() error { return e.Err }

// Read gives what a private file holds. If others can read it, it is closed to
// them and say tells so; the error is *ExposedError if that can't be done. The
// error wraps fs.ErrNotExist if there is no file.
func Read(path string, say Say) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file", path)
	}
	// Windows keeps others out of a user's folder by other means.
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		if err := f.Chmod(fileMode); err != nil {
			return nil, &ExposedError{path, mode, err}
		}
		say.Errf("%s could be read by others (mode %04o). It can't any more; if somebody else uses this machine, change what it holds", path, mode)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("%s is larger than %d MB", path, maxFile>>20)
	}
	return data, err
}

// Update changes a private file. change gets what is in it, nil if there is no
// file, and gives what shall be. Writers of all processes take turns, so that
// none undoes what another did; the wait ends with the context, or with an error
// after half a minute. The file is replaced as a whole or stays as it is.
func Update(ctx context.Context, path string, say Say, change func(old []byte) ([]byte, error)) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // a link stays one
	}
	dir, name := filepath.Split(path)
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	lock, err := flock.Wait(waiting, filepath.Join(dir, "."+name+".lock"))
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && waiting.Err() != nil:
		return fmt.Errorf("%s: another s has been changing it for %s", path, lockWait)
	case err != nil:
		return err
	}
	defer lock.Close()
	old, err := Read(path, say)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	fresh, err := change(old)
	if err != nil || bytes.Equal(old, fresh) {
		return err
	}
	removeRemains(dir, name)
	return Write(path, fresh)
}

// removeRemains removes what writers left that were killed. The caller has the
// lock, so nobody is writing.
func removeRemains(dir, name string) {
	left, _ := filepath.Glob(filepath.Join(dir, atomicfile.TempPattern(name))) // only a bad pattern is an error
	for _, path := range left {
		os.Remove(path)
	}
}

// Write replaces a private file as a whole, or leaves it as it is.
func Write(path string, data []byte) error {
	return atomicfile.Write(path, data, atomicfile.Options{Sync: true})
}
