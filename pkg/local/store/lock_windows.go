package store

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// takeLock opens path and locks it for as long as the file is open. The system
// gives the lock back however the process ends.
func takeLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err = windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, new(windows.Overlapped))
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		err = &LockedError{Path: path}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
