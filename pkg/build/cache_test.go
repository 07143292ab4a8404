package build

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"s/pkg/build/buildtest"
)

// fill makes an entry of one file and counts.
func fill(count *atomic.Int32, content string) func(context.Context, string, string) error {
	return func(_ context.Context, out, scratch string) error {
		count.Add(1)
		return errors.Join(os.WriteFile(filepath.Join(out, "f"), []byte(content), 0o644),
			os.WriteFile(filepath.Join(scratch, "dirt"), nil, 0o644))
	}
}

func get(t *testing.T, c *Cache, key string, fresh bool, f func(context.Context, string, string) error) (content string, reused bool) {
	t.Helper()
	e, reused, err := c.Get(context.Background(), key, fresh, f)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Release()
	data, err := os.ReadFile(filepath.Join(e.Dir, "f"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data), reused
}

func TestCacheGivesWhatWasMade(t *testing.T) {
	t.Parallel()
	c := NewCache(filepath.Join(t.TempDir(), "cache"))
	var count atomic.Int32
	for _, step := range []struct {
		key, content string
		fresh        bool
		want         string
		reused       bool
		runs         int32
	}{
		{"a", "1", false, "1", false, 1},
		{"a", "2", false, "1", true, 1},
		{"b", "2", false, "2", false, 2},
		{"a", "3", true, "3", false, 3},
		{"a", "4", false, "3", true, 3},
	} {
		got, reused := get(t, c, step.key, step.fresh, fill(&count, step.content))
		if got != step.want || reused != step.reused || count.Load() != step.runs {
			t.Errorf("%+v: %q, reused %v, %d runs", step, got, reused, count.Load())
		}
	}
}

func TestCacheKeepsNothingOfAFailure(t *testing.T) {
	t.Parallel()
	c := NewCache(t.TempDir())
	var count atomic.Int32
	get(t, c, "a", false, fill(&count, "good"))
	failed := errors.New("no")
	_, _, err := c.Get(context.Background(), "b", false, func(_ context.Context, out, _ string) error {
		return errors.Join(os.WriteFile(filepath.Join(out, "half"), nil, 0o644), failed)
	})
	if !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
	for path := range buildtest.Snapshot(t, c.dir) {
		if strings.Contains(path, "half") || strings.Contains(path, TempMark) {
			t.Errorf("left: %s", path)
		}
	}
	if got, reused := get(t, c, "b", false, fill(&count, "now")); got != "now" || reused {
		t.Errorf("%q, reused %v", got, reused)
	}
}

// A process that was killed at any point leaves nothing that counts.
func TestCacheAfterAKill(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]map[string]string{
		"while it was made":        {"a" + TempMark + "1/out/f": "half"},
		"before its size is known": {"a/f": "unsure"},
		"while it was removed":     {"a" + sizeSuffix: "1\n"},
	} {
		c := NewCache(t.TempDir())
		buildtest.Plant(t, filepath.Join(c.dir, entriesDir), files)
		var count atomic.Int32
		if got, reused := get(t, c, "a", false, fill(&count, "whole")); got != "whole" || reused {
			t.Errorf("%s: %q, reused %v", name, got, reused)
		}
		for path := range buildtest.Snapshot(t, c.dir) {
			if strings.Contains(path, TempMark) {
				t.Errorf("%s: left %s", name, path)
			}
		}
	}
}

func TestOneFillsTheOthersWait(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var count atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if got, _ := get(t, NewCache(dir), "a", false, fill(&count, "once")); got != "once" {
				t.Errorf("got %q", got)
			}
		})
	}
	wg.Wait()
	if count.Load() != 1 {
		t.Errorf("made %d times", count.Load())
	}
	held, err := NewCache(dir).take(context.Background(), "entry a")
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := NewCache(dir).Get(ctx, "a", false, fill(&count, "")); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting: %v", err)
	}
}

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	c := NewCache(t.TempDir())
	var count atomic.Int32
	for i := range 5 {
		key := fmt.Sprint(i)
		get(t, c, key, false, fill(&count, strings.Repeat("x", 100)))
		at := buildtest.Old().Add(time.Duration(i) * time.Minute)
		if err := os.Chtimes(filepath.Join(c.dir, entriesDir, key+sizeSuffix), at, at); err != nil {
			t.Fatal(err)
		}
	}
	get(t, c, "0", false, fill(&count, "")) // the oldest is used again
	inUse, _, err := c.Get(context.Background(), "1", false, fill(&count, ""))
	if err != nil {
		t.Fatal(err)
	}
	at := buildtest.Old()
	if err := os.Chtimes(inUse.Dir+sizeSuffix, at, at); err != nil {
		t.Fatal(err)
	}
	c.Limit = 350
	get(t, c, "new", false, fill(&count, strings.Repeat("x", 100)))
	for key, want := range map[string]bool{"0": true, "1": true, "2": false, "3": false, "4": false, "new": true} {
		_, err := os.Stat(filepath.Join(c.dir, entriesDir, key))
		if got := err == nil; got != want {
			t.Errorf("entry %s is there: %v", key, got)
		}
	}
	n, size, left, err := c.Clean(context.Background())
	if n != 2 || size != 200 || left != 1 || err != nil {
		t.Errorf("cleaned %d, %d bytes, %d left, %v", n, size, left, err)
	}
	inUse.Release()
	if n, _, _, err := c.Clean(context.Background()); n != 1 || err != nil {
		t.Errorf("cleaned %d, %v", n, err)
	}
	if n, _, _, err := NewCache(filepath.Join(c.dir, "none")).Clean(context.Background()); n != 0 || err != nil {
		t.Errorf("no cache: %d, %v", n, err)
	}
}

// Tools leave folders that can't be written to.
func TestDiscardOfWhatIsReadOnly(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "d")
	buildtest.Plant(t, dir, map[string]string{"mod/x/y": ""})
	if err := os.Chmod(filepath.Join(dir, "mod/x"), 0o500); err != nil {
		t.Fatal(err)
	}
	if err := Discard(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is there yet: %v", err)
	}
	if err := Discard(dir); err != nil {
		t.Errorf("nothing to discard: %v", err)
	}
}
