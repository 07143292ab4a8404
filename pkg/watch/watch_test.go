package watch

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// patience is how long a test waits for what must happen.
const patience = 2 * time.Minute

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func wait(t *testing.T, w *Watcher) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := w.Wait(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestChanges(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sub := filepath.Join(dir, "sub")
	if err := os.Mkdir(sub, 0o755); err != nil {
		t.Fatal(err)
	}
	w := New()
	defer w.Close()
	if !w.Watch([]string{dir, sub}) || w.Watch([]string{dir, sub}) {
		t.Error("folders are new once")
	}
	for name, change := range map[string]func() error{
		"a new file":  func() error { return os.WriteFile(filepath.Join(dir, "a"), []byte("1"), 0o644) },
		"below":       func() error { return os.WriteFile(filepath.Join(sub, "a"), []byte("2"), 0o644) },
		"a rename":    func() error { return os.Rename(filepath.Join(sub, "a"), filepath.Join(sub, "b")) },
		"a new place": func() error { return os.MkdirAll(filepath.Join(dir, "new"), 0o755) },
	} {
		if err := change(); err != nil && name != "a rename" {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(sub, "b")); name == "a rename" && err != nil {
			write(t, filepath.Join(sub, "a"), "3")
		}
		wait(t, w)
	}
}

// A folder that isn't watched any more is silent, and a context ends the wait.
func TestNothingHappens(t *testing.T) {
	t.Parallel()
	dir, other := t.TempDir(), t.TempDir()
	w := New()
	defer w.Close()
	w.Watch([]string{dir, other})
	w.Watch([]string{other})
	write(t, filepath.Join(dir, "a"), "1")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Wait(ctx) }()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	write(t, filepath.Join(other, "a"), "1")
	wait(t, w)
}

// What the system can't watch is looked at from time to time.
func TestPolling(t *testing.T) {
	t.Parallel()
	w := New()
	defer w.Close()
	if w.Watch([]string{filepath.Join(t.TempDir(), "none")}) {
		t.Error("a folder that isn't there is watched")
	}
	wait(t, w)
	wait(t, w)
}

// A stream of changes doesn't keep the waiting from ending.
func TestEndlessChanges(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := New()
	defer w.Close()
	w.Watch([]string{dir})
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				_ = os.WriteFile(filepath.Join(dir, "a"), []byte("x"), 0o644)
			}
		}
	}()
	wait(t, w)
	close(stop)
	<-stopped
}

// A folder that was replaced is watched again.
func TestReplacedFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sub := filepath.Join(dir, "sub")
	w := New()
	defer w.Close()
	for range 2 {
		if err := os.Mkdir(sub, 0o755); err != nil {
			t.Fatal(err)
		}
		if !w.Watch([]string{sub}) {
			t.Error("the new folder isn't watched")
		}
		write(t, filepath.Join(sub, "a"), "1")
		wait(t, w)
		if err := os.RemoveAll(sub); err != nil {
			t.Fatal(err)
		}
		wait(t, w)
	}
}
