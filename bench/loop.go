package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

const (
	loopP50   = 0.6  // ms
	goLoopP50 = 0.15 // ms
	// peerLoopRPS is what the Runtime Interface Emulator of the other large
	// cloud gives a Go no-op on a machine of two cores, with one connection; it
	// ends at eight.
	peerLoopRPS = 1100
	loopFactor  = 3
)

// measureLoop asks a warm no-op function over one connection and over eight.
func measureLoop(ctx context.Context, w *World) ([]Figure, error) {
	if err := w.Write(noop("noop")); err != nil {
		return nil, err
	}
	if _, err := w.S(ctx, "deploy", "-y"); err != nil {
		return nil, err
	}
	api, err := w.API(ctx)
	if err != nil {
		return nil, err
	}
	run := func(connections, each int) (*Result, error) {
		requests, err := signedInvokes(api, "noop", []byte("{}"), connections*each)
		if err != nil {
			return nil, err
		}
		load := &Load{
			Addr: api.Host, Connections: connections, Check: invocation("{}"),
			Next: func(connection, n int) []byte {
				if n >= each {
					return nil
				}
				return requests[connection*each+n]
			},
		}
		result := load.Run(ctx)
		return result, result.firstError()
	}
	if _, err := run(8, 50); err != nil { // warm: eight instances
		return nil, err
	}
	var figures []Figure
	one, err := run(1, 3000)
	if err != nil {
		return nil, err
	}
	figures = append(figures,
		atMost("1 connection, p50", ms(percentile(one.Times, 50)), loopP50, " ms"),
		note("1 connection, p99", "%s ms", number(ms(percentile(one.Times, 99)))),
		note("1 connection", "%.0f requests/s", one.RPS()))
	var rates []float64
	err = repeat(ctx, 3, func() error {
		eight, err := run(8, 1500)
		if err == nil {
			rates = append(rates, eight.RPS())
		}
		return err
	})
	if err != nil {
		return figures, err
	}
	figures = append(figures,
		atLeast("8 connections, instanceConcurrency 1", median(rates), loopFactor*peerLoopRPS, " requests/s"))
	goTimes, err := measureGoLoop(ctx, w)
	if err != nil {
		return figures, err
	}
	return append(figures,
		atMost("Go, 1 connection, p50", ms(percentile(goTimes, 50)), goLoopP50, " ms"),
		note("Go, 1 connection, p99", "%s ms", number(ms(percentile(goTimes, 99))))), nil
}

// goSource is a program with the habits of Function Compute's Go runtime, which
// the tests use, too.
const goSource = "./pkg/runtime/instance/testdata/go"

// measureGoLoop is the same loop with a program of Go.
func measureGoLoop(ctx context.Context, w *World) ([]time.Duration, error) {
	if err := w.Write(goNoop("gonoop")); err != nil {
		return nil, err
	}
	compile := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(w.Dir, "code", "main"), goSource)
	compile.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := compile.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w: %s", err, out)
	}
	if _, err := w.S(ctx, "deploy", "-y"); err != nil {
		return nil, err
	}
	api, err := w.API(ctx)
	if err != nil {
		return nil, err
	}
	const calls = 3000
	requests, err := signedInvokes(api, "gonoop", []byte("x"), calls)
	if err != nil {
		return nil, err
	}
	result := (&Load{
		Addr: api.Host, Connections: 1, Check: invocation(`{"Name":"x"}`),
		Next: func(_, n int) []byte {
			if n >= calls {
				return nil
			}
			return requests[n]
		},
	}).Run(ctx)
	return result.Times[min(len(result.Times), 100):], result.firstError() // the first ones wait for the start
}
