package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"s/pkg/bundle"
)

const (
	packFiles = 20_000
	packBytes = 190e6
	// Generated tables of megabytes are no source text that a person wrote.
	packLargest = 310 << 10
	packTime    = 1.0 / 3
	packSize    = 1.05
	packTurns   = 3
)

// measurePack packs a tree of source text in turns with zip.
func measurePack(ctx context.Context, w *World) ([]Figure, error) {
	tree := filepath.Join(w.root, "tree")
	files, size, err := sourceTree(ctx, tree)
	if err != nil {
		return nil, err
	}
	ours, theirs := filepath.Join(w.root, "ours.zip"), filepath.Join(w.root, "theirs.zip")
	var packed, zipped []time.Duration
	err = repeat(ctx, packTurns, func() error {
		start := time.Now()
		if _, err := bundle.Pack(ctx, tree, bundle.Options{Out: ours}); err != nil {
			return err
		}
		packed = append(packed, time.Since(start))
		if err := os.RemoveAll(theirs); err != nil {
			return err
		}
		start = time.Now()
		zip := exec.CommandContext(ctx, "zip", "-6", "-q", "-r", theirs, ".")
		zip.Dir = tree
		if out, err := zip.CombinedOutput(); err != nil {
			return fmt.Errorf("zip: %w: %s", err, out)
		}
		zipped = append(zipped, time.Since(start))
		return nil
	})
	if err != nil {
		return nil, err
	}
	ourSize, err1 := os.Stat(ours)
	theirSize, err2 := os.Stat(theirs)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	again, err := measureRepack(ctx, w, tree)
	if err != nil {
		return nil, err
	}
	memory, err := packMemoryOf(ctx, w, tree)
	if err != nil {
		return nil, err
	}
	return append([]Figure{
		note("the tree", "%d files, %.0f MB", files, float64(size)/1e6),
		note("zip -6", "%.2f s, %.1f MB", median(zipped).Seconds(), float64(theirSize.Size())/1e6),
		note("s", "%.2f s, %.1f MB", median(packed).Seconds(), float64(ourSize.Size())/1e6),
		atMost("time, s / zip", median(packed).Seconds()/median(zipped).Seconds(), packTime, ""),
		atMost("size, s / zip", float64(ourSize.Size())/float64(theirSize.Size()), packSize, ""),
		atMost("memory", memory, packMemory, " MiB"),
	}, again...), nil
}

// sourceTree copies the sources of Go itself, as often as it takes.
func sourceTree(ctx context.Context, to string) (files int, size int64, err error) {
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return 0, 0, err
	}
	from := filepath.Join(strings.TrimSpace(string(root)), "src")
	errFull := errors.New("enough")
	for round := 0; files < packFiles && size < packBytes; round++ {
		before := files
		err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() || filepath.Ext(path) != ".go" {
				return err
			}
			if files >= packFiles || size >= packBytes {
				return errFull
			}
			if info, err := entry.Info(); err != nil || info.Size() > packLargest {
				return err
			}
			rel, err := filepath.Rel(from, path)
			if err != nil {
				return err
			}
			n, err := copyFile(filepath.Join(to, fmt.Sprintf("round%d", round), rel), path)
			files, size = files+1, size+n
			return err
		})
		if err != nil && !errors.Is(err, errFull) {
			return files, size, err
		}
		if files == before {
			return files, size, fmt.Errorf("no Go sources in %s", from)
		}
	}
	return files, size, nil
}

func copyFile(to, from string) (int64, error) {
	data, err := os.ReadFile(from)
	if err != nil {
		return 0, err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return 0, err
	}
	return int64(len(data)), os.WriteFile(to, data, 0o644)
}
