package flock

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"
)

func TestOneHolderAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, err := Try(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Try(path); !errors.Is(err, ErrLocked) {
		t.Fatalf("second Try: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*poll)
	defer cancel()
	if _, err := Wait(ctx, path); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Wait: %v", err)
	}
	got := make(chan error)
	go func() {
		second, err := Wait(t.Context(), path)
		if err == nil {
			err = second.Close()
		}
		got <- err
	}()
	time.Sleep(2 * poll) // Wait is waiting now, or finds the lock free: both are right
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-got; err != nil {
		t.Fatal(err)
	}
}

func TestNoSuchFolder(t *testing.T) {
	if _, err := Wait(t.Context(), filepath.Join(t.TempDir(), "none", "lock")); err == nil || errors.Is(err, ErrLocked) {
		t.Fatalf("err = %v", err)
	}
}

// TestShare: those who share don't wait for each other, but for one who has the
// lock alone, and he for them.
func TestShare(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, err := Share(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Share(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	for _, shared := range []func() error{first.Close, second.Close} {
		if _, err := Try(path); !errors.Is(err, ErrLocked) {
			t.Fatalf("Try while it is shared: %v", err)
		}
		if err := shared(); err != nil {
			t.Fatal(err)
		}
	}
	alone, err := Try(path)
	if err != nil {
		t.Fatal(err)
	}
	defer alone.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 3*poll)
	defer cancel()
	if _, err := Share(ctx, path); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Share: %v", err)
	}
}
