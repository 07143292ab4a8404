package main

import (
	"context"
	"os"
	"time"
)

// The figures that are asked of single commands.
const (
	versionWall   = 10.0 // ms
	versionMemory = 20.0 // MiB
	binarySize    = 40.0 // MB
	deployWall    = 80.0 // ms
	deployCalls   = 5.0
	invokeWall    = 40.0 // ms
)

func measureVersion(ctx context.Context, w *World) ([]Figure, error) {
	var walls []time.Duration
	var memory []int64
	err := repeat(ctx, 31, func() error {
		use, err := w.S(ctx, "version")
		walls, memory = append(walls, use.Wall), append(memory, use.MaxRSS)
		return err
	})
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(w.binary)
	if err != nil {
		return nil, err
	}
	return []Figure{
		atMost("s version, wall", ms(median(walls)), versionWall, " ms"),
		atMost("s version, memory", float64(median(memory))/(1<<20), versionMemory, " MiB"),
		atMost("binary", float64(info.Size())/1e6, binarySize, " MB"),
	}, nil
}

func measureInvoke(ctx context.Context, w *World) ([]Figure, error) {
	if err := w.Write(noop("noop")); err != nil {
		return nil, err
	}
	if _, err := w.S(ctx, "deploy", "-y"); err != nil {
		return nil, err
	}
	if _, err := w.S(ctx, "invoke", "-e", "{}"); err != nil { // the cold one
		return nil, err
	}
	var walls []time.Duration
	err := repeat(ctx, 21, func() error {
		use, err := w.S(ctx, "invoke", "-e", "{}")
		walls = append(walls, use.Wall)
		return err
	})
	return []Figure{atMost("s invoke, warm, whole process", ms(median(walls)), invokeWall, " ms")}, err
}

func measureDeploy(ctx context.Context, w *World) ([]Figure, error) {
	if err := w.Write(noop("noop")); err != nil {
		return nil, err
	}
	if _, err := w.S(ctx, "deploy", "-y"); err != nil {
		return nil, err
	}
	var walls []time.Duration
	err := repeat(ctx, 21, func() error {
		use, err := w.S(ctx, "deploy", "-y")
		walls = append(walls, use.Wall)
		return err
	})
	if err != nil {
		return nil, err
	}
	calls, err := w.record(ctx, "deploy", "-y")
	if err != nil {
		return nil, err
	}
	writes := 0
	for _, call := range calls {
		if call.Write {
			writes++
		}
	}
	figures := []Figure{
		atMost("s deploy, unchanged, wall", ms(median(walls)), deployWall, " ms"),
		atMost("s deploy, unchanged, API calls", float64(len(calls)), deployCalls, ""),
		atMost("s deploy, unchanged, writes", float64(writes), 0, ""),
	}
	for _, call := range calls {
		figures = append(figures, note("  "+call.Method, "%s", call.Path))
	}
	return figures, nil
}
