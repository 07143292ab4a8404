package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"

	"s/pkg/toolchain"
)

const (
	// Without a spare, a cold start may take so much longer than the language.
	coldFactor = 1.5
	coldMargin = 15.0 // ms
	coldTurns  = 15
	// coldPause is what a developer takes at least between two functions, in
	// which the local cloud gets a spare ready.
	coldPause = 500 * time.Millisecond
)

// bare is how an interpreter that does nothing is started.
type bare struct {
	language language
	command  string // as people write it
	args     []string
	find     func(context.Context, *toolchain.Finder) (toolchain.Interpreter, error)
}

func bares() []bare {
	all := languages()
	return []bare{
		{all[0], "python3 -c pass", []string{"-c", "pass"}, func(ctx context.Context, f *toolchain.Finder) (toolchain.Interpreter, error) {
			return f.FindPython(ctx, "3.10")
		}},
		{all[1], "node -e 0", []string{"-e", "0"}, func(ctx context.Context, f *toolchain.Finder) (toolchain.Interpreter, error) {
			return f.FindNode(ctx, "20")
		}},
	}
}

// measureCold starts the first instance of many functions, in turns with the
// bare interpreter that runs them.
func measureCold(ctx context.Context, w *World) ([]Figure, error) {
	var figures []Figure
	for i, b := range bares() {
		of, err := w.cold(ctx, b, fmt.Sprintf("cold%d", i))
		figures = append(figures, of...)
		if err != nil {
			return figures, fmt.Errorf("%s: %w", b.language.name, err)
		}
	}
	return figures, nil
}

// cold measures one language. Of two functions that start one behind the other
// only the first finds a spare.
func (w *World) cold(ctx context.Context, b bare, prefix string) ([]Figure, error) {
	names := make([]string, 2*(coldTurns+1))
	for i := range names {
		names[i] = fmt.Sprintf("%s-%d", prefix, i)
	}
	if err := w.deployNoop(ctx, b.language, names...); err != nil {
		return nil, err
	}
	api, err := w.API(ctx)
	if err != nil {
		return nil, err
	}
	found, err := b.find(ctx, toolchain.New(os.LookupEnv))
	if err != nil {
		return nil, err
	}
	var alone, spare, without []time.Duration
	for i := range coldTurns + 1 {
		time.Sleep(coldPause)
		start := time.Now()
		if err := exec.CommandContext(ctx, found.Path, b.args...).Run(); err != nil {
			return nil, err
		}
		times := []time.Duration{time.Since(start)}
		for _, name := range names[2*i : 2*i+2] {
			took, err := first(ctx, api, b.language, name)
			if err != nil {
				return nil, err
			}
			times = append(times, took)
		}
		if i > 0 { // the first turn unpacks the code and finds no spare
			alone, spare, without = append(alone, times[0]), append(spare, times[1]), append(without, times[2])
		}
	}
	of := b.language.name + " " + found.Version
	limit := ms(median(alone))
	return []Figure{
		note(of+", "+b.command, "%s ms", number(limit)),
		atMost(of+", first answer of a new function", ms(median(spare)), limit, " ms"),
		note(of+", ratio", "%s", number(ms(median(spare))/limit)),
		note(of+", slowest of it", "%s ms", number(ms(percentile(spare, 100)))),
		atMost(of+", without a spare", ms(median(without)), coldFactor*limit+coldMargin, " ms"),
	}, nil
}

// first is how long the first answer of a function takes.
func first(ctx context.Context, api *API, l language, name string) (time.Duration, error) {
	requests, err := signedInvokes(api, name, []byte(l.event), 1)
	if err != nil {
		return 0, err
	}
	load := &Load{Addr: api.Host, Connections: 1, Check: invocation(l.answer), Next: func(_, n int) []byte {
		if n > 0 {
			return nil
		}
		return requests[0]
	}}
	result := load.Run(ctx)
	if err := result.firstError(); err != nil {
		return 0, err
	}
	return result.Times[0], nil
}
