// Package watch tells that something in folders may have changed. It knows
// nothing of what is in them: who asks looks again.
package watch

import (
	"context"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// Quiet is how long nothing may happen until a change counts as complete: a
	// program that saves a file takes several steps.
	Quiet = 20 * time.Millisecond
	// Longest is how long a change is waited for if it doesn't end.
	Longest = 120 * time.Millisecond
	// pollEvery is how often a change is supposed where the system doesn't tell.
	pollEvery = 250 * time.Millisecond
)

// Watcher watches folders, each without those below it.
type Watcher struct {
	system *fsnotify.Watcher // nil: the system has none
	hints  chan struct{}     // has room for one
	done   chan struct{}
	wg     sync.WaitGroup

	mu   sync.Mutex
	poll bool // there are folders that the system doesn't watch
}

// New starts a watcher without folders.
func New() *Watcher {
	w := &Watcher{hints: make(chan struct{}, 1), done: make(chan struct{})}
	w.system, _ = fsnotify.NewWatcher() // without one, changes are looked for
	if w.system != nil {
		w.wg.Go(w.listen)
	}
	w.wg.Go(w.tick)
	return w
}

func (w *Watcher) listen() {
	for {
		select {
		case e, ok := <-w.system.Events:
			if !ok {
				return
			}
			if e.Op != fsnotify.Chmod {
				w.hint()
			}
		case _, ok := <-w.system.Errors:
			if !ok {
				return
			}
			w.hint() // some events were lost
		}
	}
}

func (w *Watcher) tick() {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		select {
		case <-w.done:
			return
		case <-ticker.C:
		}
		w.mu.Lock()
		poll := w.poll || w.system == nil
		w.mu.Unlock()
		if poll {
			w.hint()
		}
	}
}

func (w *Watcher) hint() {
	select {
	case w.hints <- struct{}{}:
	default:
	}
}

// Watch watches these folders and no others. It reports whether there are some
// that weren't watched before: what was read of them earlier may be stale.
func (w *Watcher) Watch(folders []string) (more bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	wanted := make(map[string]bool, len(folders))
	w.poll = false
	watched := map[string]bool{}
	if w.system != nil {
		for _, f := range w.system.WatchList() { // what was removed isn't in it any more
			watched[f] = true
		}
	}
	for _, f := range folders {
		wanted[f] = true
		if w.system == nil || watched[f] {
			continue
		}
		if err := w.system.Add(f); err != nil {
			w.poll = true // it is gone, or there are too many
			continue
		}
		more = true
	}
	for f := range watched {
		if !wanted[f] {
			_ = w.system.Remove(f) // it may have gone by itself
		}
	}
	return more
}

// Wait returns when something may have changed and nothing more happens, or with
// the context's error.
func (w *Watcher) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-w.hints:
	}
	end := time.NewTimer(Longest)
	defer end.Stop()
	for {
		quiet := time.NewTimer(Quiet)
		select {
		case <-ctx.Done():
			quiet.Stop()
			return ctx.Err()
		case <-w.hints:
			quiet.Stop()
		case <-quiet.C:
			return nil
		case <-end.C:
			quiet.Stop()
			return nil
		}
	}
}

// Close ends the watching.
func (w *Watcher) Close() {
	close(w.done)
	if w.system != nil {
		_ = w.system.Close() // nothing is left to do about it
	}
	w.wg.Wait()
}
