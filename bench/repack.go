package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"s/pkg/bundle"
)

const (
	packMemory    = 150.0 // MiB
	packUnchanged = 0.3   // s
	packOneLine   = 0.5   // s
	packAgain     = 7     // turns
	manyFiles     = 200_000
	fewFiles      = 20_000
	manyFileSize  = 1000 // bytes
	// linear is how much longer a file may take among ten times as many.
	linear     = 1.5
	redeploy   = 1.0 // s
	redeployed = 5   // turns
)

// measureRepack packs the tree of the pack benchmark again: as it is, and with a
// line changed.
func measureRepack(ctx context.Context, w *World, tree string) ([]Figure, error) {
	options := bundle.Options{Out: filepath.Join(w.root, "indexed.zip"), Index: true}
	pack := func() (time.Duration, bool, error) {
		start := time.Now()
		b, err := bundle.Pack(ctx, tree, options)
		if err != nil {
			return 0, false, err
		}
		return time.Since(start), b.Reused, nil
	}
	line := filepath.Join(tree, "round0", "fmt", "print.go")
	if err := settle(ctx); err != nil {
		return nil, err
	}
	if _, _, err := pack(); err != nil {
		return nil, err
	}
	var unchanged, changed []time.Duration
	err := repeat(ctx, packAgain, func() error {
		took, reused, err := pack()
		if err == nil && !reused {
			err = errors.New("an unchanged tree was packed anew")
		}
		unchanged = append(unchanged, took)
		if err != nil {
			return err
		}
		if err := appendLine(line); err != nil {
			return err
		}
		took, _, err = pack()
		changed = append(changed, took)
		return err
	})
	return []Figure{
		atMost("unchanged", median(unchanged).Seconds(), packUnchanged, " s"),
		atMost("one changed line", median(changed).Seconds(), packOneLine, " s"),
	}, err
}

// settle waits until what was written is old enough for its times to tell of
// later changes, and the disk is done with it.
func settle(ctx context.Context) error {
	select {
	case <-time.After(3 * time.Second):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func appendLine(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(f, "\n// %d\n", time.Now().UnixNano()); err != nil {
		return err
	}
	return f.Close()
}

// measureMany packs 20,000 and 200,000 small files, anew and again, and takes
// the time for a file.
func measureMany(ctx context.Context, w *World) ([]Figure, error) {
	var anew, again [2]float64 // µs a file
	for i, n := range []int{fewFiles, manyFiles} {
		tree := filepath.Join(w.root, fmt.Sprint("many", n))
		if err := smallFiles(tree, n); err != nil {
			return nil, err
		}
		if err := settle(ctx); err != nil {
			return nil, err
		}
		options := bundle.Options{Out: filepath.Join(w.root, fmt.Sprint("many", n, ".zip")), Index: true}
		for _, took := range []*float64{&anew[i], &again[i]} {
			start := time.Now()
			if _, err := bundle.Pack(ctx, tree, options); err != nil {
				return nil, err
			}
			*took = float64(time.Since(start).Microseconds()) / float64(n)
		}
	}
	memory, err := packMemoryOf(ctx, w, filepath.Join(w.root, fmt.Sprint("many", manyFiles)))
	if err != nil {
		return nil, err
	}
	return []Figure{
		note("20,000 files, anew and again", "%.0f and %.1f µs a file", anew[0], again[0]),
		note("200,000 files, anew and again", "%.0f and %.1f µs a file", anew[1], again[1]),
		atMost("a file among 200,000 / among 20,000, anew", anew[1]/anew[0], linear, ""),
		atMost("a file among 200,000 / among 20,000, again", again[1]/again[0], linear, ""),
		atMost("memory, 200,000 files", memory, packMemory, " MiB"),
	}, nil
}

func smallFiles(tree string, n int) error {
	for i := range n {
		dir := filepath.Join(tree, fmt.Sprintf("d%02d", i/10_000), fmt.Sprintf("d%02d", i/100%100))
		if i%100 == 0 {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
		}
		text := fmt.Appendf(nil, "%*d", manyFileSize, i)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("f%02d", i%100)), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// packMemoryOf is what `s deploy --dry-run`, which packs, takes of memory, in
// MiB.
func packMemoryOf(ctx context.Context, w *World, tree string) (float64, error) {
	files := noop("noop")
	if err := w.Write(files); err != nil {
		return 0, err
	}
	code := filepath.Join(w.Dir, "code")
	if err := os.RemoveAll(code); err != nil {
		return 0, err
	}
	if err := os.RemoveAll(filepath.Join(w.Dir, ".s")); err != nil {
		return 0, err
	}
	if err := os.Rename(tree, code); err != nil {
		return 0, err
	}
	use, err := w.S(ctx, "deploy", "--dry-run")
	if err != nil {
		return 0, err
	}
	return float64(use.MaxRSS) / (1 << 20), os.Rename(code, tree)
}

// measureRedeploy changes a line of a tree of 20,000 files and deploys it to the
// local cloud.
func measureRedeploy(ctx context.Context, w *World) ([]Figure, error) {
	if err := w.Write(noop("noop")); err != nil {
		return nil, err
	}
	files, size, err := sourceTree(ctx, filepath.Join(w.Dir, "code"))
	if err != nil {
		return nil, err
	}
	first, err := w.S(ctx, "deploy", "-y")
	if err != nil {
		return nil, err
	}
	var walls []time.Duration
	err = repeat(ctx, redeployed, func() error {
		// The invocation waits until the code before is in place.
		if _, err := w.S(ctx, "invoke", "-e", "{}"); err != nil {
			return err
		}
		if err := settle(ctx); err != nil {
			return err
		}
		if err := appendLine(filepath.Join(w.Dir, "code", "round0", "fmt", "print.go")); err != nil {
			return err
		}
		use, err := w.S(ctx, "deploy", "-y")
		walls = append(walls, use.Wall)
		return err
	})
	return []Figure{
		note("the tree", "%d files, %.0f MB", files, float64(size)/1e6),
		note("s deploy, first", "%.2f s", first.Wall.Seconds()),
		atMost("s deploy, one changed line", median(walls).Seconds(), redeploy, " s"),
	}, err
}
