package bundle

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// seen is a Looker that notes what it sees.
type seen struct {
	mu    sync.Mutex
	heads map[string]string
	err   error
}

func (s *seen) Look(e Entry, head []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heads[e.Path] = string(head)
}

func (s *seen) Verdict() error { return s.err }

// TestLooker: it sees what isn't in the former archive, and by its verdict that
// one stays.
func TestLooker(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("long", chunkSize)
	dir, out := plant(t, map[string]string{"a": "first", "b": long, "empty": ""}), filepath.Join(t.TempDir(), "code.zip")
	write := func(name, text string) func() {
		return func() {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.Symlink("a", filepath.Join(dir, "link")); err != nil && runtime.GOOS != "windows" {
		t.Fatal(err)
	}
	look := func(err error) (map[string]string, error) {
		s := &seen{heads: map[string]string{}, err: err}
		_, got := Pack(context.Background(), dir, Options{Out: out, Index: true, now: later, Looker: s})
		return s.heads, got
	}
	bad := errors.New("bad")
	if _, err := look(bad); !errors.Is(err, bad) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(out); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an archive was left: %v", err)
	}
	steps := []struct {
		change func()
		want   map[string]string
		err    error
	}{
		{func() {}, map[string]string{"a": "first", "b": long[:lookAt], "empty": ""}, nil},
		{func() {}, map[string]string{}, nil},
		{write("a", "second"), map[string]string{"a": "second"}, bad},
		{func() {}, map[string]string{"a": "second"}, nil},
		{write("b", long[1:]), map[string]string{"b": long[1 : lookAt+1]}, nil},
	}
	for i, step := range steps {
		step.change()
		got, err := look(step.err)
		if diff := cmp.Diff(step.want, got); diff != "" || !errors.Is(err, step.err) {
			t.Errorf("step %d: %v %s", i, err, diff)
		}
	}
}
