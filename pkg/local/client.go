package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"s/pkg/fc"
	"s/pkg/fc/fcsign"
	"s/pkg/local/flock"
	"s/pkg/local/store"
)

// ErrNotRunning says that no local cloud serves.
var ErrNotRunning = errors.New("the local cloud is not running")

// How long a program may take to answer, a daemon that is known to run, and the
// daemon to end.
const (
	answerTime = 3 * time.Second
	busyTime   = 20 * time.Second
	endTime    = 20 * time.Second
)

// Find gives the running local cloud of a home; ErrNotRunning if there is none.
func Find(ctx context.Context, home string) (*Info, error) {
	r := readRecord(DataDir(home))
	if r == nil {
		return nil, ErrNotRunning
	}
	status, err := askBusy(ctx, DataDir(home), &r.Info, http.MethodGet, statusPath)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil || status.PID != r.PID {
		return nil, ErrNotRunning
	}
	return &r.Info, nil
}

// askBusy asks again while there is no answer but a process has the data directory
// open: on a machine with much to do the daemon may be late.
func askBusy(ctx context.Context, dir string, to *Info, method, path string) (*Info, error) {
	for end := time.Now().Add(busyTime); ; {
		got, err := ask(ctx, to, method, path)
		late := errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil && time.Now().Before(end)
		if !late || !errors.Is(ended(ctx, dir, 0), flock.ErrLocked) {
			return got, err
		}
	}
}

// ask sends a request of the daemon's own, signed.
func ask(ctx context.Context, to *Info, method, path string) (*Info, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, to.Endpoint+path, nil)
	if err != nil {
		return nil, err
	}
	op := fcsign.Operation{Action: "Local", Version: fc.APIVersion3}
	fcsign.SignACS3(r, fcsign.Keys{AccessKeyID: to.AccessKeyID, AccessKeySecret: to.AccessKeySecret}, op, fcsign.EmptyPayload, time.Now())
	transport := &http.Transport{DialContext: (&net.Dialer{}).DialContext, DisableKeepAlives: true} // no proxy
	response, err := transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the local cloud answered %s", response.Status)
	}
	var got Info
	return &got, json.NewDecoder(response.Body).Decode(&got)
}

// Stop ends the local cloud of a home and returns when it has ended, its
// instances with it. A daemon that doesn't answer is killed. It gives
// ErrNotRunning if there was none.
func Stop(ctx context.Context, home string) error {
	dir := DataDir(home)
	if _, err := os.Stat(filepath.Join(dir, store.LockName)); err != nil {
		return ErrNotRunning
	}
	if ended(ctx, dir, 0) == nil {
		return ErrNotRunning
	}
	r := readRecord(dir)
	if r == nil {
		return fmt.Errorf("a local cloud has %s open but doesn't say which process it is", dir)
	}
	_, err := askBusy(ctx, dir, &r.Info, http.MethodPost, stopPath)
	if err == nil {
		err = ended(ctx, dir, endTime)
	}
	if err == nil || ctx.Err() != nil {
		return err
	}
	process, err := os.FindProcess(r.PID)
	if err != nil {
		return err
	}
	if err := process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("the local cloud (pid %d) doesn't answer and can't be ended: %w", r.PID, err)
	}
	return ended(ctx, dir, endTime)
}

// ended waits until no process has the data directory open.
func ended(ctx context.Context, dir string, wait time.Duration) error {
	path := filepath.Join(dir, store.LockName)
	lock, err := flock.Try(path)
	if errors.Is(err, flock.ErrLocked) && wait > 0 {
		ctx, cancel := context.WithTimeout(ctx, wait)
		defer cancel()
		lock, err = flock.Wait(ctx, path)
	}
	if err != nil {
		return err
	}
	return lock.Close()
}
