//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// endCrowd looks at what is there when the clients have gone, has it removed, and looks
// at what is left.
func (w *World) endCrowd(ctx context.Context, c *crowd, all []*client, start usage, took time.Duration) ([]Figure, error) {
	figures := c.calls(took)
	last := c.client(len(all))
	ran := last.waitForAsync(ctx)
	want := slices.Clone(c.functions)
	for _, one := range all {
		if one.made {
			want = append(want, one.own)
		}
	}
	slices.Sort(want)
	if have := last.listAll(ctx); !slices.Equal(have, want) {
		c.fault("functions at the end: %d, want %d", len(have), len(want))
	}
	for _, one := range all {
		one.clear(ctx)
	}
	for _, name := range c.functions {
		last.call(ctx, "delete a function", http.MethodDelete, "/functions/"+name, nil, nil)
	}
	last.http.CloseIdleConnections()
	var end usage
	for begin := time.Now(); time.Since(begin) < clientSettles && rest(ctx, 200*time.Millisecond); {
		end = usageOf(c.daemon)
		rests := took < 10*time.Second || end.rss <= start.rss+clientRest // it gives back what is free after a while
		if rests && end.fds <= start.fds+clientSpareFDs && end.children <= start.children+clientSpareProcesses {
			break
		}
	}
	figures = append(figures, c.uses(start, end, ran, took)...)
	if _, err := w.S(ctx, "local", "down"); err != nil {
		return figures, err
	}
	var left []string
	for begin := time.Now(); time.Since(begin) < clientSettles; time.Sleep(100 * time.Millisecond) {
		if left = leftovers(w.root, c.daemon); len(left) == 0 {
			break
		}
	}
	figures = append(figures, atMost("left behind after its end", float64(len(left)), 0, ""))
	for _, what := range slices.Concat(c.wrong, left) {
		figures = append(figures, note("", "%.400s", what))
	}
	return figures, nil
}

// fault books something that is wrong.
func (c *crowd) fault(format string, args ...any) {
	if c.wrongs++; len(c.wrong) < 10 {
		c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
	}
}

// waitForAsync waits until all asynchronous invocations that were accepted have logged,
// and says how many have.
func (c *client) waitForAsync(ctx context.Context) (ran int64) {
	query := url.Values{
		"type": {"histogram"}, "from": {strconv.FormatInt(time.Now().Unix()-3600, 10)}, "to": {strconv.FormatInt(time.Now().Unix()+3600, 10)},
		"query": {"async-run and functionName: custom"},
	}
	for begin := time.Now(); time.Since(begin) < clientDrains && rest(ctx, 200*time.Millisecond); {
		var pieces []struct{ Count int64 }
		a := c.sls(ctx, "count logs", query, func(a *answer) error { return json.Unmarshal(a.body, &pieces) })
		ran = 0
		for _, p := range pieces {
			ran += p.Count
		}
		if a == nil || ran >= int64(c.accepted) {
			break
		}
	}
	return ran
}

// listAll lists all functions by pages.
func (c *client) listAll(ctx context.Context) (names []string) {
	token := ""
	for {
		var page struct {
			Functions []struct{ FunctionName string }
			NextToken string
		}
		a := c.call(ctx, "list functions", http.MethodGet, "/functions?limit=100&nextToken="+url.QueryEscape(token), nil, func(a *answer) error {
			return json.Unmarshal(a.body, &page)
		})
		for _, f := range page.Functions {
			names = append(names, f.FunctionName)
		}
		if token = page.NextToken; a == nil || token == "" {
			return names
		}
	}
}

// clear removes a client's own function, with what it has.
func (c *client) clear(ctx context.Context) {
	switch c.step {
	case 1, 2:
		c.step = 7
	case 3:
		c.step = 6
	case 4:
		c.step = 5
	}
	for try := 0; c.made && try < 10; try++ {
		c.life(ctx)
	}
	c.http.CloseIdleConnections()
}

// calls are the figures of what was called.
func (c *crowd) calls(took time.Duration) []Figure {
	total := 0
	var figures []Figure
	var all []time.Duration
	for _, what := range slices.Sorted(maps.Keys(c.answers)) {
		total += c.answers[what]
		figures = append(figures, note("  "+what, "%d", c.answers[what]))
	}
	for _, call := range slices.Sorted(maps.Keys(c.times)) {
		times := c.times[call]
		all = append(all, times...)
		figures = append(figures, note("  "+call, "median %.0f ms, 99 %% within %.0f ms", ms(median(times)), ms(percentile(times, 99))))
	}
	return slices.Concat([]Figure{
		note("calls", "%d in %.0f s, %.0f/s", total, took.Seconds(), float64(total)/took.Seconds()),
		note("their time", "median %.0f ms, 99 %% within %.0f ms", ms(median(all)), ms(percentile(all, 99))),
	}, figures)
}

// uses are the figures of what the local cloud used, and of what must be so.
func (c *crowd) uses(start, end usage, ran int64, took time.Duration) []Figure {
	var rss []float64
	peak := start
	for _, u := range c.samples {
		rss = append(rss, u.rss)
		peak = usage{max(peak.rss, u.rss), max(peak.fds, u.fds), max(peak.threads, u.threads), max(peak.children, u.children)}
	}
	beside := 0.0
	for _, u := range c.samples {
		beside = max(beside, u.rss-float64(u.children))
	}
	growth := 1.0
	if third := len(rss) / 3; third > 0 {
		growth = median3(rss[2*third:]) / median3(rss[third:2*third])
	}
	grows := note("memory of s, last third / the one before", "%.2f", growth)
	if took >= clientLong {
		grows = atMost(grows.Name, growth, clientGrowth, "")
	}
	return []Figure{
		atMost("calls without the right answer or FC's throttling", float64(c.wrongs), 0, ""),
		atLeast("accepted asynchronous invocations that ran", float64(ran), float64(c.accepted), ""),
		note("memory of s at the start, at most, at the end", "%.0f, %.0f, %.0f MiB", start.rss, peak.rss, end.rss),
		atMost("memory of s at most, less 1 MiB per process", beside, clientPeak, " MiB"),
		grows,
		atMost("memory of s at the end, more than at the start", end.rss-start.rss, clientRest, " MiB"),
		note("open files at the start, at most, at the end", "%d, %d, %d", start.fds, peak.fds, end.fds),
		atMost("open files more than at the start", float64(end.fds-start.fds), clientSpareFDs, ""),
		note("threads at the start, at most, at the end", "%d, %d, %d", start.threads, peak.threads, end.threads),
		atMost("threads at most", float64(peak.threads), clientThreads, ""),
		note("processes at the start, at most, at the end", "%d, %d, %d", start.children, peak.children, end.children),
		atMost("processes more than at the start", float64(end.children-start.children), clientSpareProcesses, ""),
	}
}
