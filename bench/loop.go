package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"s/pkg/fc"
)

const (
	// peerLoopRPS is what the Runtime Interface Emulator of the other large
	// cloud gives a Go no-op on a machine of two cores, with one connection; it
	// ends at eight.
	peerLoopRPS = 1100
	loopFactor  = 3
)

// measureLoop asks a warm no-op function of each language over one connection and
// over eight. What the handler takes is nothing, so each time is the loop's.
func measureLoop(ctx context.Context, w *World) ([]Figure, error) {
	bare, err := exchanges(ctx, 3000)
	if err != nil {
		return nil, err
	}
	figures := []Figure{note("a bare exchange between two threads, p50", "%s µs", number(1000*ms(median(bare))))}
	for i, l := range loops() {
		of, err := w.loop(ctx, l, fmt.Sprintf("noop%d", i))
		figures = append(figures, of...)
		if err != nil {
			return figures, fmt.Errorf("%s: %w", l.name, err)
		}
	}
	return figures, nil
}

// exchanges is what n requests and answers take between two threads, over a
// connection as the loop's callers have it: half of what each process in between
// adds at least. It shows what waking another costs on this machine.
func exchanges(ctx context.Context, n int) ([]time.Duration, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		plain, err := blocking(conn)
		if err != nil {
			return // the caller misses its answers
		}
		defer plain.Close()
		request := make([]byte, 4<<10)
		for {
			if _, err := plain.Read(request); err != nil {
				return
			}
			if _, err := io.WriteString(plain, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"); err != nil {
				return
			}
		}
	}()
	load := &Load{Addr: listener.Addr().String(), Connections: 1, Plain: true, Next: func(_, sent int) []byte {
		if sent == n {
			return nil
		}
		return []byte("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
	}}
	result := load.Run(ctx)
	return result.Times, result.firstError()
}

// loop measures the no-op function of a language under a name.
func (w *World) loop(ctx context.Context, l language, name string) ([]Figure, error) {
	if err := w.deployNoop(ctx, l, name); err != nil {
		return nil, err
	}
	api, err := w.API(ctx)
	if err != nil {
		return nil, err
	}
	split := &split{answer: invocation(l.answer)}
	var begin func() error
	run := func(connections, each int, check func(*http.Response, []byte) error) (*Result, error) {
		requests, err := signedInvokes(api, name, []byte(l.event), connections*each)
		if err != nil {
			return nil, err
		}
		load := &Load{
			Addr: api.Host, Connections: connections, Check: check, Plain: connections == 1, Begin: begin,
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
	// Warm: eight instances, and whatever compiles what runs often.
	for _, connections := range []int{8, 1} {
		if _, err := run(connections, 1000/connections, split.answer); err != nil {
			return nil, err
		}
	}
	one, err := run(1, 3000, split.check)
	if err != nil {
		return nil, err
	}
	figures := append(l.times("1 connection, p50", one, split),
		note(l.name+", of it in the function's process, p50", "%s ms", number(ms(median(split.inside)))),
		note(l.name+", 1 connection, p99", "%s ms", number(ms(percentile(one.Times, 99)))),
		note(l.name+", 1 connection", "%.0f requests/s", one.RPS()),
	)
	var alone *Result
	split.inside = nil
	pinned, err := w.onOneCore(func(join func() error) (err error) {
		begin = join
		alone, err = run(1, 3000, split.check)
		begin = nil
		return err
	})
	if err != nil {
		return figures, err
	}
	if pinned {
		figures = append(figures, l.times("1 connection, all on one core, p50", alone, split)...)
	}
	of, err := eight(ctx, l, one.RPS(), func() (*Result, error) { return run(8, 1500, split.answer) })
	return append(figures, of...), err
}

// times are what an invocation takes, and what of it isn't in the function's
// process.
func (l language) times(name string, of *Result, split *split) []Figure {
	rest := ms(median(split.rest(of.Times))) // before they are sorted
	return []Figure{
		atMost(l.name+", "+name, ms(median(of.Times)), l.p50, " ms"),
		note(l.name+", of it in s and on the way, p50", "%s ms", number(rest)),
	}
}

// eight measures eight connections, and how many cores they keep busy; one is what
// one connection gave.
func eight(ctx context.Context, l language, one float64, run func() (*Result, error)) ([]Figure, error) {
	var rates, cores []float64
	err := repeat(ctx, 3, func() error {
		begin, before := time.Now(), busy()
		result, err := run()
		if err == nil {
			rates = append(rates, result.RPS())
			cores = append(cores, (busy()-before).Seconds()/time.Since(begin).Seconds())
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return []Figure{
		atLeast(l.name+", 8 connections, instanceConcurrency 1", median(rates), loopFactor*peerLoopRPS, " requests/s"),
		note(l.name+", 8 connections", "%s times as many as 1, %s of %d cores busy", number(median(rates)/one), number(median(cores)), runtime.NumCPU()),
	}, nil
}

// busy is how long the processors of this machine have worked, all together, for
// whomever (proc_stat(5), in hundredths of a second); 0 where that can't be told.
func busy() (total time.Duration) {
	text, _ := os.ReadFile("/proc/stat")
	first, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(first) {
		const idle, ioWait, steal = 4, 5, 8
		if i == 0 || i == idle || i == ioWait || i >= steal {
			continue
		}
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0
		}
		total += time.Duration(ticks) * 10 * time.Millisecond
	}
	return total
}

// split tells what of an invocation's time is the function's process's: from its
// getting the event until its result has come. Part of that is the client of the
// Runtime API in it, which for Go is the program's own.
type split struct {
	answer func(*http.Response, []byte) error
	inside []time.Duration // by one connection, in its order
}

func (s *split) check(response *http.Response, body []byte) error {
	if err := s.answer(response, body); err != nil {
		return err
	}
	took, err := time.ParseDuration(strings.ReplaceAll(response.Header.Get(fc.HeaderDuration), " ", "") + "ms")
	if err != nil {
		return fmt.Errorf("%s: %w", fc.HeaderDuration, err)
	}
	s.inside = append(s.inside, took)
	return nil
}

// rest is what else each invocation took.
func (s *split) rest(times []time.Duration) []time.Duration {
	rest := make([]time.Duration, len(s.inside))
	for i, inside := range s.inside {
		rest[i] = times[i] - inside
	}
	return rest
}

// deployNoop deploys the no-op function of a language under these names.
func (w *World) deployNoop(ctx context.Context, l language, names ...string) error {
	if err := os.RemoveAll(filepath.Join(w.Dir, "code")); err != nil {
		return err
	}
	if err := w.Write(l.noop(names...)); err != nil {
		return err
	}
	if l.program != "" {
		compile := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(w.Dir, "code", l.handler), l.program)
		compile.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := compile.CombinedOutput(); err != nil {
			return fmt.Errorf("go build: %w: %s", err, out)
		}
	}
	_, err := w.S(ctx, "deploy", "-y")
	return err
}
