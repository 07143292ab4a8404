package buildcmd

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"s/pkg/build"
	"s/pkg/build/buildtest"
	"s/pkg/spec"
)

// lines is a stream whose reader waits for what is written.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
	new chan struct{}
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf.Write(p)
	select {
	case l.new <- struct{}{}:
	default:
	}
	return len(p), nil
}

// wait waits until the text has come since the last time.
func (l *lines) wait(t *testing.T, text string) string {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		l.mu.Lock()
		said := l.buf.String()
		if strings.Contains(said, text) {
			l.buf.Reset()
			l.mu.Unlock()
			return said
		}
		l.mu.Unlock()
		select {
		case <-l.new:
		case <-limit:
			t.Fatalf("%q isn't said: %s", text, said)
		}
	}
}

func TestWatch(t *testing.T) {
	t.Parallel()
	w := newBench(t, script{tool: py("3.10.4", true)}, "custom")
	code := w.project.Resources[0].Code.Path
	buildtest.Plant(t, w.project.Dir, map[string]string{"s.yaml": "x"})
	buildtest.Plant(t, code, map[string]string{"app.py": "1"})
	out := &lines{new: make(chan struct{}, 1)}
	w.IO.ErrOut = out
	w.every = time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	var broken atomic.Bool
	w.Options.Project = func(context.Context, string) (*spec.Project, error) {
		if broken.Load() {
			return nil, errors.New("s.yaml is broken")
		}
		return w.project, nil
	}
	go func() { ended <- w.watch(ctx) }()
	const waiting = "watching for changes"
	if said := out.wait(t, waiting); !strings.Contains(said, "built with Python") {
		t.Errorf("first: %s", said)
	}
	buildtest.Plant(t, code, map[string]string{"app.py": "changed"})
	if said := out.wait(t, waiting); !strings.Contains(said, "built from the cache") {
		t.Errorf("source changed: %s", said)
	}
	broken.Store(true)
	buildtest.Plant(t, w.project.Dir, map[string]string{"s.yaml": "broken"})
	for !strings.Contains(out.wait(t, waiting), "s.yaml is broken") { // else the change was seen half written
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

func TestWhatIsWatched(t *testing.T) {
	t.Parallel()
	w := newBench(t, script{}, "custom")
	dir := w.project.Dir
	for _, tc := range []struct {
		project *spec.Project
		file    string
		want    string
	}{
		{w.project, "", filepath.Join(dir, "s.yaml")},
		{&spec.Project{Dir: dir, File: filepath.Join(dir, "other.yaml")}, "", filepath.Join(dir, "other.yaml")},
		{nil, "given.yaml", "given.yaml"},
		{nil, "", "s.yaml"},
	} {
		w.Settings.Template = tc.file
		if got := w.files(tc.project); got[0] != tc.want {
			t.Errorf("%+v: %q", tc, got)
		}
	}
	w.Resources = []string{"nobody"}
	if got := w.seen(context.Background(), w.project); !strings.Contains(got, "nobody") {
		t.Errorf("an unknown resource is seen as %s", got)
	}
	req := build.Request{Runtime: "go1", SourceDir: dir}
	if none, err := (build.Builders{script{}}).Fingerprint(context.Background(), req); none != "" || err != nil {
		t.Errorf("code that needs no build: %q, %v", none, err)
	}
}
