// Package flock locks files against other processes. The system gives a lock
// back however its process ends.
package flock

import (
	"context"
	"errors"
	"os"
	"time"
)

// ErrLocked says that another process, or another part of this one, has the
// lock.
var ErrLocked = errors.New("locked by another process")

// poll is how often Wait looks.
const poll = 10 * time.Millisecond

// Try opens path, making it if needed, and locks it for as long as the file is
// open. The error is ErrLocked if someone else has the lock.
func Try(path string) (*os.File, error) { return try(path, false) }

func try(path string, shared bool) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lock(f, shared); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Wait is Try again and again until the lock is had or the context ends.
func Wait(ctx context.Context, path string) (*os.File, error) { return wait(ctx, path, false) }

// Share waits for a lock that others may share: only one that is had by Try or
// Wait is in its way, and it in theirs.
func Share(ctx context.Context, path string) (*os.File, error) { return wait(ctx, path, true) }

func wait(ctx context.Context, path string, shared bool) (*os.File, error) {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		f, err := try(path, shared)
		if !errors.Is(err, ErrLocked) {
			return f, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
