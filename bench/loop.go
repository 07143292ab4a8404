package main

import (
	"context"
)

const (
	loopP50 = 0.6 // ms
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
	return append(figures,
		atLeast("8 connections, instanceConcurrency 1", median(rates), loopFactor*peerLoopRPS, " requests/s")), nil
}
