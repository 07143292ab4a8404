package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"s/pkg/local"
	"s/pkg/proc"
)

const (
	idleFunctions = 100
	idleMB        = 5.0 // of each while it is frozen
	idleGoneMB    = 0.1 // of each afterwards, which the daemon may still hold free
	// idleAfter ends instances early, but leaves time to start all of them, and
	// for the last one's memory to be taken.
	idleAfter = 2 * time.Minute
	// idleCalm is how long memory must have stayed the same.
	idleCalm = 4 * time.Second
	idleTurn = 250 * time.Millisecond
	// idleFrozen is within the time in which instances are frozen only.
	idleFrozen = 3 * time.Second
	idleFirsts = 20
)

// measureIdle measures what functions of each language take that nobody uses.
func measureIdle(ctx context.Context, w *World) ([]Figure, error) {
	w.env = append(w.env, local.IdleVariable+"="+idleAfter.String())
	var figures []Figure
	for i, l := range languages() {
		of, err := w.idle(ctx, l, fmt.Sprintf("idle%d", i))
		figures = append(figures, of...)
		if err != nil {
			return figures, fmt.Errorf("%s: %w", l.name, err)
		}
		if _, err := w.S(ctx, "local", "down"); err != nil { // the next one begins with a new daemon
			return figures, err
		}
	}
	return figures, nil
}

// idle measures one language. The first function pays for what the others share.
func (w *World) idle(ctx context.Context, l language, prefix string) ([]Figure, error) {
	names := make([]string, idleFunctions+1)
	for i := range names {
		names[i] = fmt.Sprintf("%s-%d", prefix, i)
	}
	if err := w.deployNoop(ctx, l, names...); err != nil {
		return nil, err
	}
	api, err := w.API(ctx)
	if err != nil {
		return nil, err
	}
	daemon, err := w.daemon()
	if err != nil {
		return nil, err
	}
	bare, err := held(daemon)
	if err != nil {
		return nil, err
	}
	if _, err := firsts(ctx, api, l, names[:1]); err != nil {
		return nil, err
	}
	before, err := calm(ctx, daemon)
	if err != nil {
		return nil, err
	}
	if _, err := firsts(ctx, api, l, names[1:]); err != nil {
		return nil, err
	}
	frozen, err := calm(ctx, daemon)
	if err != nil {
		return nil, err
	}
	if frozen.processes < before.processes+idleFunctions {
		return nil, fmt.Errorf("only %d processes are there, instances have ended before all were started: the machine is too busy", frozen.processes)
	}
	figures := []Figure{
		atMost(fmt.Sprintf("%s, each of %d frozen functions", l.name, idleFunctions), (frozen.total()-before.total())/idleFunctions, idleMB, " MB"),
		note(l.name+", in its processes", "%s MB", number((frozen.below-before.below)/idleFunctions)),
		note(l.name+", in the daemon", "%s MB", number((frozen.own-before.own)/idleFunctions)),
	}
	of, err := thawed(ctx, api, l, names[1:1+idleFirsts])
	figures = append(figures, of...)
	if err != nil {
		return figures, err
	}
	if _, err := deserted(ctx, daemon); err != nil {
		return figures, err
	}
	gone, err := held(daemon)
	if err != nil {
		return figures, err
	}
	return append(figures,
		atMost(l.name+", processes when idled out", float64(gone.processes), 0, ""),
		atMost(l.name+", what the daemon holds of each then", max(gone.own-bare.own, 0)/idleFunctions, idleGoneMB, " MB")), nil
}

// thawed compares the first answers of functions whose memory was taken with
// those of the same functions while they are merely frozen.
func thawed(ctx context.Context, api *API, l language, names []string) ([]Figure, error) {
	taken, err := firsts(ctx, api, l, names)
	if err != nil {
		return nil, err
	}
	select {
	case <-time.After(idleFrozen):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	frozen, err := firsts(ctx, api, l, names)
	if err != nil {
		return nil, err
	}
	a, b := ms(median(taken)), ms(median(frozen))
	return []Figure{
		note(l.name+", first answer after its memory was taken", "%s ms", number(a)),
		note(l.name+", first answer after it was stopped only", "%s ms", number(b)),
	}, nil
}

// firsts asks each function once.
func firsts(ctx context.Context, api *API, l language, names []string) ([]time.Duration, error) {
	var times []time.Duration
	for _, name := range names {
		took, err := first(ctx, api, l, name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		times = append(times, took)
	}
	return times, nil
}

// holding is memory in MB, of which what is shared is divided among those who
// share it.
type holding struct {
	own       float64 // of the daemon
	below     float64 // of the processes that it has started
	processes int
}

func (h holding) total() float64 { return h.own + h.below }

// held looks at what a daemon and its processes hold.
func held(daemon int) (holding, error) {
	var h holding
	var err error
	if h.own, err = share(daemon); err != nil {
		return h, err
	}
	for _, pid := range proc.Descendants(daemon) {
		mb, err := share(pid)
		if errors.Is(err, os.ErrNotExist) || mb == 0 { // it has ended meanwhile
			continue
		}
		if err != nil {
			return h, err
		}
		h.below += mb
		h.processes++
	}
	return h, nil
}

// share is a process's proportional set size in MB.
func share(pid int) (float64, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "smaps_rollup"))
	if err != nil {
		return 0, fmt.Errorf("the memory of processes can't be told here: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "Pss:" {
			kilobytes, err := strconv.ParseFloat(fields[1], 64)
			return kilobytes / 1024, err
		}
	}
	return 0, nil
}

// calm waits until nothing changes any more, and gives what is held then.
func calm(ctx context.Context, daemon int) (holding, error) {
	return watched(ctx, daemon, func(last []holding) bool {
		if time.Duration(len(last))*idleTurn < 2*local.RestAfter+idleCalm {
			return false
		}
		last = last[len(last)-int(idleCalm/idleTurn):]
		low := slices.MinFunc(last, func(a, b holding) int { return int(1000 * (a.total() - b.total())) })
		high := slices.MaxFunc(last, func(a, b holding) int { return int(1000 * (a.total() - b.total())) })
		return high.total()-low.total() < 0.5
	})
}

// deserted waits until no process is left.
func deserted(ctx context.Context, daemon int) (holding, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*idleAfter)
	defer cancel()
	return watched(ctx, daemon, func(last []holding) bool { return last[len(last)-1].processes == 0 })
}

// watched looks again and again.
func watched(ctx context.Context, daemon int, enough func(last []holding) bool) (holding, error) {
	var last []holding
	for {
		now, err := held(daemon)
		if err != nil {
			return now, err
		}
		if last = append(last, now); enough(last) {
			return now, nil
		}
		select {
		case <-time.After(idleTurn):
		case <-ctx.Done():
			return now, fmt.Errorf("%d processes are there: %w", now.processes, ctx.Err())
		}
	}
}

// daemon is the process of the world's local cloud.
func (w *World) daemon() (int, error) {
	text, err := os.ReadFile(filepath.Join(local.DataDir(w.home()), "daemon.json"))
	if err != nil {
		return 0, err
	}
	var info local.Info
	if err := json.Unmarshal(text, &info); err != nil {
		return 0, err
	}
	return info.PID, nil
}
