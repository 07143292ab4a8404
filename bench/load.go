package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"s/pkg/fc/fcsign"
)

// Load is a closed loop of requests over a number of connections: each sends
// the next one when it has the answer to the last. Requests are made before, so
// that signing them costs the server's machine nothing while it is measured.
type Load struct {
	Addr        string // host:port
	Connections int
	// Next gives the bytes of the n-th request of a connection; nil ends it.
	Next func(connection, n int) []byte
	// Check looks at an answer; nil wants status 200.
	Check func(response *http.Response, body []byte) error
	// For ends the load; 0 is when Next gives no more.
	For time.Duration
	// Plain makes the connections plain ones (blocking): for one connection, whose
	// times are to be the server's and not the scheduler's of the client.
	Plain bool
	// Begin is called by the goroutine of each connection before its requests; may
	// be nil.
	Begin func() error
}

// Result is what a load gave.
type Result struct {
	Requests int
	Wall     time.Duration
	Times    []time.Duration
	Errors   []error
}

// RPS is the requests per second.
func (r *Result) RPS() float64 { return float64(r.Requests) / r.Wall.Seconds() }

// Run sends the load.
func (l *Load) Run(ctx context.Context) *Result {
	if l.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, l.For)
		defer cancel()
	}
	results := make([]Result, l.Connections)
	var wait sync.WaitGroup
	start := time.Now()
	for i := range l.Connections {
		wait.Go(func() { l.connection(ctx, i, &results[i]) })
	}
	wait.Wait()
	total := &Result{Wall: time.Since(start)}
	for _, r := range results {
		total.Requests += r.Requests
		total.Times = append(total.Times, r.Times...)
		total.Errors = append(total.Errors, r.Errors...)
	}
	return total
}

func (l *Load) connection(ctx context.Context, number int, result *Result) {
	conn, err := l.dial(ctx)
	if err != nil {
		result.Errors = append(result.Errors, err)
		return
	}
	defer conn.Close()
	if l.Begin != nil {
		if err := l.Begin(); err != nil {
			result.Errors = append(result.Errors, err)
			return
		}
	}
	in := &stamped{Reader: conn}
	reader := bufio.NewReaderSize(in, 16<<10)
	var body bytes.Buffer
	for n := 0; ctx.Err() == nil; n++ {
		request := l.Next(number, n)
		if request == nil {
			return
		}
		start := time.Now()
		if err := l.exchange(conn, reader, request, &body); err != nil {
			result.Errors = append(result.Errors, err)
			return
		}
		result.Times = append(result.Times, in.last.Sub(start))
		result.Requests++
	}
}

func (l *Load) dial(ctx context.Context) (io.ReadWriteCloser, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", l.Addr)
	if err != nil || !l.Plain {
		return conn, err
	}
	defer conn.Close() // the plain one is another descriptor
	return blocking(conn)
}

// stamped notes when something came last. That ends an answer's time: what the
// client makes of it is its own.
type stamped struct {
	io.Reader
	last time.Time
}

func (s *stamped) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	s.last = time.Now()
	return n, err
}

func (l *Load) exchange(out io.Writer, reader *bufio.Reader, request []byte, body *bytes.Buffer) error {
	if _, err := out.Write(request); err != nil {
		return err
	}
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body.Reset()
	if _, err := io.Copy(body, response.Body); err != nil {
		return err
	}
	if l.Check != nil {
		return l.Check(response, body.Bytes())
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %.300s", response.Status, body)
	}
	return nil
}

// signedInvokes makes n signed invocations of a function.
func signedInvokes(api *API, function string, event []byte, n int) ([][]byte, error) {
	sum := sha256.Sum256(event)
	hash := hex.EncodeToString(sum[:])
	operation := fcsign.Operation{Action: "InvokeFunction", Version: "2023-03-30"}
	requests := make([][]byte, n)
	for i := range requests {
		url := api.Endpoint + "/2023-03-30/functions/" + function + "/invocations"
		request, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(event))
		if err != nil {
			return nil, err
		}
		request.Header.Set("Content-Type", "application/octet-stream")
		request.Header.Set("X-Fc-Region", "cn-hangzhou")
		fcsign.SignACS3(request, api.Keys, operation, hash, time.Now())
		var wire bytes.Buffer
		if err := request.Write(&wire); err != nil {
			return nil, err
		}
		requests[i] = wire.Bytes()
	}
	return requests, nil
}

// invocation refuses an answer that isn't the function's result.
func invocation(want string) func(*http.Response, []byte) error {
	return func(response *http.Response, body []byte) error {
		kind := response.Header.Get("X-Fc-Error-Type")
		if response.StatusCode != http.StatusOK || kind != "" || strings.TrimSpace(string(body)) != want {
			return fmt.Errorf("%s %s: %.300s", response.Status, kind, body)
		}
		return nil
	}
}

// firstError is the first of a result's errors.
func (r *Result) firstError() error {
	if len(r.Errors) == 0 {
		return nil
	}
	return fmt.Errorf("%d connections failed: %w", len(r.Errors), errors.Join(r.Errors[:1]...))
}
