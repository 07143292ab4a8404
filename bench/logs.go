package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"s/pkg/fc/fcsign"
	"s/pkg/local/logfiles"
	"s/pkg/local/sls"
)

const (
	logTurns    = 50
	logGrowth   = 3 // how much slower a query may be with the most lines than with the fewest
	logProject  = "bench-project"
	logStore    = "bench-logs"
	logFunction = "printer"
	logInterval = 20 * time.Millisecond // between two lines
)

func logSizes() []int { return []int{10_000, 100_000, 1_000_000, 3_000_000} }

// measureLogs asks a local cloud that keeps ever more lines for some of them.
func measureLogs(ctx context.Context, w *World) ([]Figure, error) {
	return w.logs(ctx, logSizes(), logTurns)
}

// logs measures with each of these numbers of lines, each request so often.
func (w *World) logs(ctx context.Context, sizes []int, turns int) ([]Figure, error) {
	m, err := w.startLogs(ctx)
	if err != nil {
		return nil, err
	}
	defer m.client.CloseIdleConnections()
	figures, err := m.printed(ctx, turns)
	if err != nil {
		return figures, err
	}
	first := time.Now().Add(-time.Duration(sizes[len(sizes)-1]+1) * logInterval).Truncate(time.Second)
	times := map[string][]time.Duration{}
	have := 0
	for _, size := range sizes {
		use, err := m.fill(ctx, first, have, size)
		if err != nil {
			return figures, err
		}
		have = size
		figures = append(figures, note(fmt.Sprintf("%d lines: the local cloud starts", size), "%.2f s, %.0f bytes on disk per line", use.start.Seconds(), float64(use.bytes)/float64(size)))
		for _, q := range m.questions(first, size) {
			took, err := m.ask(ctx, q, turns)
			if err != nil {
				return figures, fmt.Errorf("%d lines, %s: %w", size, q.name, err)
			}
			times[q.name] = append(times[q.name], took)
		}
	}
	for _, q := range m.questions(first, have) {
		var all []string
		for _, took := range times[q.name] {
			all = append(all, fmt.Sprintf("%.2f", ms(took)))
		}
		figures = append(figures, note(q.name, "%s ms", strings.Join(all, ", ")))
		if !q.grows {
			// With the fewest there is no full growing file yet, which costs the same from then on.
			few := max(times[q.name][0], times[q.name][1])
			growth := float64(times[q.name][len(sizes)-1]) / float64(few)
			figures = append(figures, atMost(q.name+", most / few lines", growth, logGrowth, ""))
		}
	}
	return figures, nil
}

// logMeter asks the log service of a local cloud.
type logMeter struct {
	w      *World
	api    *API
	client *http.Client
	dir    string // of the lines
}

func (w *World) startLogs(ctx context.Context) (*logMeter, error) {
	err := w.Write(map[string]string{
		"s.yaml": "edition: 3.0.0\nname: logs\naccess: local\nresources:\n" + printerYAML(logFunction, true) + printerYAML("quiet", false),
		"code/index.py": "import json\ndef handler(event, context):\n    n = int(event)\n    for i in range(n):\n" +
			"        print('line', i, 'of', context.request_id)\n    return n\n",
	})
	if err != nil {
		return nil, err
	}
	if _, err := w.S(ctx, "deploy", "-y"); err != nil {
		return nil, err
	}
	use, err := w.S(ctx, "local", "status", "-o", "json")
	if err != nil {
		return nil, err
	}
	var status struct{ DataDir string }
	if err := json.Unmarshal([]byte(use.Stdout), &status); err != nil || status.DataDir == "" {
		return nil, fmt.Errorf("s local status: %w %s", err, use.Stdout)
	}
	m := &logMeter{w: w, dir: filepath.Join(status.DataDir, "logs"), client: &http.Client{Transport: &http.Transport{}}}
	m.api, err = w.API(ctx)
	return m, err
}

func printerYAML(name string, logs bool) string {
	text := fmt.Sprintf("  %s:\n    component: fc3\n    props:\n      region: cn-hangzhou\n      functionName: %s\n      runtime: python3.10\n"+
		"      handler: index.handler\n      code: ./code\n      memorySize: 256\n", name, name)
	if logs {
		text += fmt.Sprintf("      logConfig: {project: %s, logstore: %s}\n", logProject, logStore)
	}
	return text
}

// printed has functions print, and looks how fast what they print can be found.
func (m *logMeter) printed(ctx context.Context, turns int) ([]Figure, error) {
	var figures []Figure
	for _, test := range []struct {
		function, name string
		lines          int
	}{{"quiet", "an invocation that prints 1 line, not kept", 1}, {logFunction, "an invocation that prints 1 line, kept", 1}} {
		wire, err := signedInvokes(m.api, test.function, []byte(strconv.Itoa(test.lines)), 40*turns)
		if err != nil {
			return nil, err
		}
		load := Load{Addr: m.api.Host, Connections: 1, Check: invocation(strconv.Itoa(test.lines)), Next: func(_, n int) []byte {
			if n == len(wire) {
				return nil
			}
			return wire[n]
		}}
		result := load.Run(ctx)
		if err := result.firstError(); err != nil {
			return nil, err
		}
		figures = append(figures, note(test.name, "%.0f/s, median %.3f ms", result.RPS(), ms(median(result.Times))))
	}
	const each, times = 2000, 20
	wire, err := signedInvokes(m.api, logFunction, []byte(strconv.Itoa(each)), times)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	load := Load{Addr: m.api.Host, Connections: 1, Check: invocation(strconv.Itoa(each)), Next: func(_, n int) []byte {
		if n == len(wire) {
			return nil
		}
		return wire[n]
	}}
	if err := load.Run(ctx).firstError(); err != nil {
		return nil, err
	}
	lines, _, err := m.get(ctx, url.Values{"type": {"log"}, "query": {fmt.Sprint(each - 1)}})
	if err != nil {
		return nil, err
	}
	took := time.Since(start)
	figures = append(figures, note("lines that a function prints, until they are found", "%.0f/s", each*times/took.Seconds()))
	return append(figures, atLeast("invocations whose last line is found", float64(lines), times, "")), nil
}

// logUse is what lines cost.
type logUse struct {
	start time.Duration // of the local cloud with them
	bytes int64         // on disk
}

// fill adds the lines from..to while no local cloud runs, and starts one.
func (m *logMeter) fill(ctx context.Context, first time.Time, from, to int) (logUse, error) {
	if _, err := m.w.S(ctx, "local", "down"); err != nil {
		return logUse{}, err
	}
	logs, err := logfiles.Open(m.dir)
	if err != nil {
		return logUse{}, err
	}
	if from == 0 {
		err = logs.Remove(logProject, logStore)
	}
	const batch = 2000
	for ; err == nil && from < to; from += batch {
		lines := make([]logfiles.Line, 0, batch)
		for n := from; n < min(from+batch, to); n++ {
			lines = append(lines, benchLine(first, n))
		}
		err = logs.Append(logProject, logStore, lines)
	}
	use := logUse{bytes: logs.Size()}
	if err != nil {
		return use, err
	}
	start := time.Now()
	if _, err := m.w.S(ctx, "local", "up"); err != nil {
		return use, err
	}
	use.start = time.Since(start)
	m.client.CloseIdleConnections()
	m.api, err = m.w.API(ctx)
	return use, err
}

// benchLine is a line as a web application prints it; three are of one request.
func benchLine(first time.Time, n int) logfiles.Line {
	paths := []string{"/users", "/orders", "/carts", "/items", "/health"}
	return logfiles.Line{
		Time: first.Add(time.Duration(n) * logInterval), Topic: sls.Topic(logFunction), Function: logFunction, Qualifier: "LATEST",
		InstanceID: fmt.Sprintf("c-%08x-%04x", n/50_000, n/50_000), RequestID: benchRequest(n / 3),
		Message: fmt.Sprintf("2026-01-02T03:04:05Z INFO [%s] GET %s/%d answered 200 in %d ms, %d bytes, order-%d", benchRequest(n/3), paths[n%5], n*7919%100_003, n%97, n*31%9973, n),
	}
}

func benchRequest(n int) string {
	dice := rand.New(rand.NewPCG(uint64(n), 1))
	return fmt.Sprintf("1-%08x-%08x-%012x", n, dice.Uint32(), dice.Uint64()&(1<<48-1))
}

// question is a query that is asked with all numbers of lines.
type question struct {
	name  string
	query func(turn int) url.Values
	// lines is what it finds; of a histogram, the sum of its counts.
	lines int
	grows bool // it costs what it finds, and finds more among more
}

func (m *logMeter) questions(first time.Time, size int) []question {
	at := func(turn int) int { return turn * 7919 % size }
	logs := func(pairs ...string) url.Values {
		v := url.Values{"type": {"log"}}
		for i := 0; i < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return v
	}
	second := func(n int) string {
		return strconv.FormatInt(first.Add(time.Duration(n)*logInterval).Unix(), 10)
	}
	return []question{
		{name: "the newest 100 lines", lines: 100, query: func(int) url.Values { return logs("reverse", "true") }},
		{name: "the first 100 of some minute", lines: 100, query: func(i int) url.Values {
			n := at(i) * 9 / 10 / 50 * 50
			return logs("from", second(n), "to", second(n+3000))
		}},
		{name: "100 lines after half of all", lines: 100, query: func(int) url.Values { return logs("offset", strconv.Itoa(size/2)) }},
		{name: "the lines of a request", lines: 3, query: func(i int) url.Values { return logs("query", "requestId: "+benchRequest(at(i)/3)) }},
		{name: "a word that is in one line", lines: 1, query: func(i int) url.Values { return logs("query", fmt.Sprint("order-", at(i)), "reverse", "true") }},
		{name: "a word that is in no line", lines: 0, query: func(i int) url.Values { return logs("query", fmt.Sprint("nothing-", i)) }},
		{name: "a word and a field of many lines", lines: 100, query: func(int) url.Values { return logs("query", "orders and functionName: "+logFunction, "reverse", "true") }},
		{name: "a histogram of all lines", lines: size, query: func(int) url.Values { return url.Values{"type": {"histogram"}} }},
		{name: "a histogram of a request", lines: 3, query: func(i int) url.Values {
			return url.Values{"type": {"histogram"}, "query": {benchRequest(at(i) / 3)}}
		}},
		{name: "a histogram of a word that is everywhere", lines: size, grows: true, query: func(int) url.Values {
			return url.Values{"type": {"histogram"}, "query": {"answered"}}
		}},
	}
}

// ask gives how long the faster ones of a question's queries take.
func (m *logMeter) ask(ctx context.Context, q question, turns int) (time.Duration, error) {
	var took []time.Duration
	if q.grows {
		turns = min(turns, 3)
	}
	for turn := range turns {
		found, time, err := m.get(ctx, q.query(turn))
		if err == nil && found != q.lines {
			err = fmt.Errorf("%d lines were found, not %d (%v)", found, q.lines, q.query(turn))
		}
		if err != nil {
			return 0, err
		}
		took = append(took, time)
	}
	return percentile(took, 20), nil // others use this machine, too
}

// get sends a query and says how many lines it finds.
func (m *logMeter) get(ctx context.Context, query url.Values) (found int, took time.Duration, err error) {
	for name, value := range map[string]string{"from": "0", "to": strconv.FormatInt(time.Now().Unix()+60, 10)} {
		if !query.Has(name) {
			query.Set(name, value)
		}
	}
	if query.Get("type") == "histogram" {
		query.Set("from", strconv.FormatInt(time.Now().Add(-30*24*time.Hour).Unix(), 10))
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, m.api.Endpoint+"/logstores/"+logStore+"?"+query.Encode(), nil)
	if err != nil {
		return 0, 0, err
	}
	r.Host = logProject + ".cn-hangzhou.log.aliyuncs.com"
	fcsign.SignSLS(r, m.api.Keys, nil, time.Now().UTC().Format(http.TimeFormat))
	start := time.Now()
	response, err := m.client.Do(r)
	if err != nil {
		return 0, 0, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	took = time.Since(start)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.300s", response.Status, body)
	}
	var parts []struct {
		Count *int64 `json:"count"`
	}
	if err = errors.Join(err, json.Unmarshal(body, &parts)); err != nil {
		return 0, took, err
	}
	if query.Get("type") == "log" {
		return len(parts), took, nil
	}
	for _, part := range parts {
		found += int(*part.Count)
	}
	return found, took, nil
}
