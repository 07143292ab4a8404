package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"s/pkg/runtime/instance"
)

const (
	gatewayShare = 0.65
	gatewayRound = 1500 * time.Millisecond
	gatewayTurns = 5
)

// measureGateway asks one gunicorn in turns: directly, directly with as many
// headers as a function gets, and through the gateway.
func measureGateway(ctx context.Context, w *World) ([]Figure, error) {
	host, port, err := w.deployFlask(ctx)
	if err != nil {
		return nil, err
	}
	gateway := net.JoinHostPort("127.0.0.1", port)
	through := fmt.Appendf(nil, "GET / HTTP/1.1\r\nHost: %s:%s\r\n\r\n", host, port)
	if err := ask(ctx, gateway, through); err != nil { // starts the instance
		return nil, err
	}
	own, err := instanceAddr(9000)
	if err != nil {
		return nil, err
	}
	plain := fmt.Appendf(nil, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", own)
	var headers strings.Builder
	for i := range 12 {
		fmt.Fprintf(&headers, "X-Fc-Bench-Header-%d: a value of some length\r\n", i)
	}
	loaded := fmt.Appendf(nil, "GET / HTTP/1.1\r\nHost: %s\r\n%s\r\n", own, &headers)

	var figures []Figure
	for _, connections := range []int{1, 8} {
		rates := map[string][]float64{}
		turn := func(name, addr string, request []byte) error {
			load := &Load{
				Addr: addr, Connections: connections, For: gatewayRound,
				Next: func(int, int) []byte { return request },
			}
			result := load.Run(ctx)
			rates[name] = append(rates[name], result.RPS())
			return result.firstError()
		}
		err := repeat(ctx, gatewayTurns, func() error {
			if err := w.reload(ctx, gateway, through, own, plain); err != nil {
				return err
			}
			asleep := awake(ctx, gateway, through)
			err := errors.Join(
				turn("direct", own, plain),
				turn("direct, 12 more headers", own, loaded))
			return errors.Join(err, asleep(), turn("gateway", gateway, through))
		})
		if err != nil {
			return figures, err
		}
		direct, behind := median(rates["direct"]), median(rates["gateway"])
		suffix := fmt.Sprintf(", %d connections", connections)
		figures = append(figures,
			note("direct"+suffix, "%.0f requests/s", direct),
			note("direct, 12 more headers"+suffix, "%.0f requests/s", median(rates["direct, 12 more headers"])),
			note("gateway"+suffix, "%.0f requests/s", behind),
			atLeast("gateway / direct"+suffix, behind/direct, gatewayShare, ""))
	}
	return figures, nil
}

// awake keeps an instance from being frozen, as one is that nobody invokes, until the
// result is called: requests that don't come through the gateway don't count.
func awake(ctx context.Context, gateway string, through []byte) (asleep func() error) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		for {
			if err := ask(ctx, gateway, through); err != nil && ctx.Err() == nil {
				done <- err
				return
			}
			select {
			case <-ctx.Done():
				done <- nil
				return
			case <-time.After(instance.DefaultFreezeAfter / 4):
			}
		}
	}()
	return func() error {
		cancel()
		return <-done
	}
}

// reload has gunicorn replace its workers, which ends all connections to them.
// How many of a client's connections each of two workers gets is chance, and
// the gateway would keep what it drew for all turns.
func (w *World) reload(ctx context.Context, gateway string, through []byte, own string, plain []byte) error {
	old, err := w.workers(ctx)
	if err != nil {
		return err
	}
	if _, err := w.S(ctx, "instance", "exec", "--cmd", "kill -HUP 1"); err != nil {
		return err
	}
	for {
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
		now, err := w.workers(ctx)
		if err != nil {
			return err
		}
		if len(now) == len(old) && !slices.ContainsFunc(now, func(pid string) bool { return slices.Contains(old, pid) }) {
			return errors.Join(ask(ctx, own, plain), ask(ctx, gateway, through))
		}
	}
}

// workers are the processes that gunicorn, which is PID 1, has started.
func (w *World) workers(ctx context.Context) ([]string, error) {
	children, err := w.S(ctx, "instance", "exec", "--cmd", "ps --no-headers -o pid --ppid 1")
	return strings.Fields(children.Stdout), err
}

// deployFlask builds and deploys the application and gives where its trigger
// answers.
func (w *World) deployFlask(ctx context.Context) (host, port string, err error) {
	if err := w.Write(flask()); err != nil {
		return "", "", err
	}
	for _, args := range [][]string{{"build"}, {"deploy", "-y"}} {
		if _, err := w.S(ctx, args...); err != nil {
			return "", "", err
		}
	}
	info, err := w.S(ctx, "info", "-o", "raw")
	if err != nil {
		return "", "", err
	}
	url := regexp.MustCompile(`http://([^/":]+\.fcapp\.localhost):(\d+)`).FindStringSubmatch(info.Stdout)
	if url == nil {
		return "", "", fmt.Errorf("s info shows no url: %s", info.Stdout)
	}
	return url[1], url[2], nil
}

// ask sends one request that must succeed.
func ask(ctx context.Context, addr string, request []byte) error {
	load := &Load{Addr: addr, Connections: 1, Next: func(_, n int) []byte {
		if n > 0 {
			return nil
		}
		return request
	}}
	return load.Run(ctx).firstError()
}

// instanceAddr finds the loopback address of its own where an instance's port
// was put.
func instanceAddr(port int) (string, error) {
	file, err := os.Open("/proc/net/tcp")
	if err != nil {
		return "", fmt.Errorf("the instance can't be asked directly here: %w", err)
	}
	defer file.Close()
	const listening = "0A"
	suffix := fmt.Sprintf(":%04X", port)
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || fields[3] != listening || !strings.HasSuffix(fields[1], suffix) {
			continue
		}
		raw, err := hex.DecodeString(strings.TrimSuffix(fields[1], suffix))
		if err != nil || len(raw) != net.IPv4len {
			continue
		}
		ip := net.IPv4(raw[3], raw[2], raw[1], raw[0]) // little-endian
		if ip.IsLoopback() && !ip.Equal(net.IPv4(127, 0, 0, 1)) {
			return net.JoinHostPort(ip.String(), strconv.Itoa(port)), nil
		}
	}
	return "", fmt.Errorf("no instance listens on port %d of a loopback address of its own", port)
}
