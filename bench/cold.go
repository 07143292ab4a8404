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
	coldFactor = 1.5
	coldMargin = 15.0 // ms
	coldTurns  = 15
)

// measureCold starts the first instance of many functions, in turns with the
// bare interpreter that runs them.
func measureCold(ctx context.Context, w *World) ([]Figure, error) {
	names := make([]string, coldTurns+1)
	for i := range names {
		names[i] = fmt.Sprintf("cold%d", i)
	}
	if err := w.Write(noop(names...)); err != nil {
		return nil, err
	}
	if _, err := w.S(ctx, "deploy", "-y"); err != nil {
		return nil, err
	}
	api, err := w.API(ctx)
	if err != nil {
		return nil, err
	}
	python, err := toolchain.New(os.LookupEnv).FindPython(ctx, "3.10")
	if err != nil {
		return nil, err
	}
	var bare, cold []time.Duration
	for i, name := range names {
		start := time.Now()
		if err := exec.CommandContext(ctx, python.Path, "-c", "pass").Run(); err != nil {
			return nil, err
		}
		bareTime := time.Since(start)
		requests, err := signedInvokes(api, name, []byte("{}"), 1)
		if err != nil {
			return nil, err
		}
		load := &Load{Addr: api.Host, Connections: 1, Check: invocation("{}"), Next: func(_, n int) []byte {
			if n > 0 {
				return nil
			}
			return requests[0]
		}}
		result := load.Run(ctx)
		if err := result.firstError(); err != nil {
			return nil, err
		}
		if i > 0 { // the first one unpacks the code and warms the page cache
			bare, cold = append(bare, bareTime), append(cold, result.Times[0])
		}
	}
	limit := coldFactor*ms(median(bare)) + coldMargin
	return []Figure{
		note("python "+python.Version+" -c pass", "%s ms", number(ms(median(bare)))),
		atMost("first answer of a new function", ms(median(cold)), limit, " ms"),
		note("ratio", "%s", number(ms(median(cold))/ms(median(bare)))),
	}, nil
}
