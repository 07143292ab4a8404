// Command bench measures s on this machine and prints the figures beside what
// is asked of them. Where there is a peer, both are measured in turns in the
// same run, and the figure is their ratio.
//
//	bench -s bin/s [NAME...]
//
// Names are those of the benchmarks; without one, all of them run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Figure is one line of the result.
type Figure struct {
	Name  string
	Value string
	Limit string // what is asked; empty if nothing is
	OK    bool
}

// Benchmark measures one thing.
type Benchmark struct {
	Name string
	What string
	Run  func(ctx context.Context, w *World) ([]Figure, error)
	// Asked is set if it runs only when it is named.
	Asked bool
}

func benchmarks() []Benchmark {
	return []Benchmark{
		{Name: "version", What: "s version: time and memory; size of the binary", Run: measureVersion},
		{Name: "deploy", What: "s deploy of an unchanged function: time and API calls", Run: measureDeploy},
		{Name: "invoke", What: "a warm s invoke, the whole process", Run: measureInvoke},
		{Name: "loop", What: "the runtime loop of no-op handlers, through the local API", Run: measureLoop},
		{Name: "verify", What: "s verify of an s.yaml with 2,000 resources, 60,000 lines", Run: measureVerify},
		{Name: "gateway", What: "HTTP requests through the gateway and to the same gunicorn directly", Run: measureGateway},
		{Name: "cold", What: "cold starts of no-op handlers, against python3 -c pass and node -e 0", Run: measureCold},
		{Name: "idle", What: "memory of 100 functions that nobody uses: frozen, and idled out (ten minutes)", Run: measureIdle, Asked: true},
		{Name: "builds", What: "applications with packages of others: built with empty caches, then again", Run: measureBuilds},
		{Name: "reload", What: "s local start: a saved file, until the new code answers", Run: measureReload},
		{Name: "pack", What: "packing 20,000 source files, against zip -6", Run: measurePack},
		{Name: "many", What: "packing 200,000 files: linear, in bounded memory", Run: measureMany},
		{Name: "redeploy", What: "a changed line of 20,000 source files, until it is deployed", Run: measureRedeploy},
		{Name: "size", What: "requests of the API with 10,000 functions and 100,000 versions, against 100 functions", Run: measureSize, Asked: true},
		{Name: "logs", What: "queries of kept logs, with 10,000 to 3,000,000 lines", Run: measureLogs, Asked: true},
		{Name: "clients", What: "500 clients at once, each with a connection, calling everything (-for)", Run: measureClients, Asked: true},
		{Name: "chaos", What: "mixed load over languages with kills, timeouts and deployments (-for)", Run: measureChaos, Asked: true},
	}
}

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, out, errOut io.Writer) int {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(errOut)
	binary := flags.String("s", "bin/s", "the s to measure")
	lasts := flags.Duration("for", 0, "how long chaos (2m) and clients (10s) last")
	check := flags.Bool("check", false, "exit with 1 if a figure misses its limit")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	chosen, err := choose(flags.Args())
	if err != nil {
		fmt.Fprintln(errOut, "bench:", err)
		return 2
	}
	path, err := filepath.Abs(*binary)
	if err != nil {
		fmt.Fprintln(errOut, "bench:", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	printMachine(ctx, out)
	missed, failed := 0, false
	for _, b := range chosen {
		fmt.Fprintf(out, "\n%s: %s\n", b.Name, b.What)
		figures, err := measure(ctx, path, *lasts, b)
		for _, figure := range figures {
			fmt.Fprintln(out, figure.line())
			if !figure.OK {
				missed++
			}
		}
		if err != nil {
			fmt.Fprintf(out, "  failed: %v\n", err)
			failed = true
		}
	}
	if missed > 0 {
		fmt.Fprintf(out, "\n%d missed\n", missed)
	}
	if failed || *check && missed > 0 {
		return 1
	}
	return 0
}

func choose(names []string) ([]Benchmark, error) {
	all := benchmarks()
	if len(names) == 0 {
		return slices.DeleteFunc(all, func(b Benchmark) bool { return b.Asked }), nil
	}
	var chosen []Benchmark
	for _, name := range names {
		i := slices.IndexFunc(all, func(b Benchmark) bool { return b.Name == name })
		if i < 0 {
			var known []string
			for _, b := range all {
				known = append(known, b.Name)
			}
			return nil, fmt.Errorf("no benchmark %q: there are %s", name, strings.Join(known, ", "))
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// measure runs one benchmark in a world of its own.
func measure(ctx context.Context, binary string, lasts time.Duration, b Benchmark) (figures []Figure, err error) {
	w, err := newWorld(binary)
	if err != nil {
		return nil, err
	}
	w.lasts = lasts
	defer func() { err = errors.Join(err, w.Close()) }()
	return b.Run(ctx, w)
}

func (f Figure) line() string {
	mark := ""
	switch {
	case f.Limit == "":
	case f.OK:
		mark = fmt.Sprintf("  (asked: %s)", f.Limit)
	default:
		mark = fmt.Sprintf("  (asked: %s) MISSED", f.Limit)
	}
	return fmt.Sprintf("  %-44s %s%s", f.Name, f.Value, mark)
}

// note is a figure without a limit.
func note(name, format string, args ...any) Figure {
	return Figure{Name: name, Value: fmt.Sprintf(format, args...), OK: true}
}

// atMost is a figure that must not exceed a limit.
func atMost(name string, value, limit float64, unit string) Figure {
	return Figure{
		Name: name, Value: number(value) + unit, Limit: "<= " + number(limit) + unit, OK: value <= limit,
	}
}

// atLeast is a figure that must reach a limit.
func atLeast(name string, value, limit float64, unit string) Figure {
	return Figure{
		Name: name, Value: number(value) + unit, Limit: ">= " + number(limit) + unit, OK: value >= limit,
	}
}

// number shows three digits that matter.
func number(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
