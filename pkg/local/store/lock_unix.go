//go:build unix

package store

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// takeLock opens path and locks it for as long as the file is open. The kernel
// gives the lock back however the process ends.
func takeLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = &LockedError{Path: path}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
