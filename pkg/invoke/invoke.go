// Package invoke calls a function and gathers what there is to know about the
// call: result, log lines as they are printed, measurements, a readable form of
// its error. It prints nothing.
package invoke

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"time"

	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/fcclient"
)

// Target is where functions are called; *fcclient.Client is one.
type Target interface {
	Invoke(ctx context.Context, in fcclient.InvokeInput) (*fc.InvokeResult, error)
}

// Streamer is a Target that can show log lines while the function runs, as the
// local cloud does.
type Streamer interface {
	LogSession(ctx context.Context, id string) (*fcclient.LogStream, error)
}

// Caller is a Target whose HTTP triggers can be called.
type Caller interface {
	HTTPURL(in fcclient.HTTPCall) (string, error)
	CallHTTP(ctx context.Context, in fcclient.HTTPCall) (*fc.InvokeResult, error)
}

// drain is how long lines are waited for after the answer is there.
const drain = 2 * time.Second

// Request is one call.
type Request struct {
	fcclient.InvokeInput
	// HTTP is sent to the function's HTTP trigger in place of the event, if it is
	// set. Its target must be a Caller.
	HTTP *fcclient.HTTPCall
	// Live streams the log; it needs a Streamer. Otherwise the last 4 KB come
	// with the answer.
	Live bool
	// Log gets every line, without its newline, from one goroutine at a time.
	Log func(line string)
	// MemoryMB is the memory of the function as far as the caller knows it.
	MemoryMB int
}

// Outcome is what a call gave.
type Outcome struct {
	*fc.InvokeResult
	// Logs are the lines that went to Request.Log.
	Logs []string
	// Summed reports that the log ends with a line of measurements already, as
	// FC writes it.
	Summed bool
}

// Call invokes and hands the log lines on, while the function runs if it can.
// The outcome is complete only without an error.
func Call(ctx context.Context, target Target, request Request) (*Outcome, error) {
	out := &Outcome{}
	tell := func(line string) {
		out.Logs = append(out.Logs, line)
		out.Summed = out.Summed || strings.Contains(line, "Billed Duration:")
		if request.Log != nil {
			request.Log(line)
		}
	}
	streamer, canStream := target.(Streamer)
	if request.Async || !request.Live || !canStream {
		return out, tailed(ctx, target, request, out, tell)
	}
	return out, live(ctx, target, streamer, request, out, tell)
}

// live calls and hands on the log lines while the function runs.
func live(ctx context.Context, target Target, streamer Streamer, request Request, out *Outcome, tell func(string)) error {
	streamContext, stop := context.WithCancel(ctx)
	defer stop()
	id := newSession()
	stream, err := streamer.LogSession(streamContext, id)
	if fc.IsNotFound(err) { // an endpoint without live logs
		return tailed(ctx, target, request, out, tell)
	}
	if err != nil {
		return err
	}
	defer stream.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			line, err := stream.Next()
			if err != nil {
				return
			}
			tell(line.Message)
		}
	}()
	request.LogSession = id
	out.InvokeResult, err = send(ctx, target, request)
	if err == nil {
		select {
		case <-done:
		case <-time.After(drain):
		}
	}
	stop()
	<-done
	if err != nil {
		return err
	}
	out.memory(request.MemoryMB)
	return nil
}

// tailed calls and hands on the log that comes with the answer.
func tailed(ctx context.Context, target Target, request Request, out *Outcome, tell func(string)) (err error) {
	request.LogTail = true
	out.InvokeResult, err = send(ctx, target, request)
	if err != nil {
		return err
	}
	if tail := strings.TrimRight(out.LogTail, "\n"); tail != "" {
		for line := range strings.SplitSeq(tail, "\n") {
			tell(strings.TrimRight(line, "\r"))
		}
	}
	out.memory(request.MemoryMB)
	return nil
}

// send sends the event, or the request to the trigger.
func send(ctx context.Context, target Target, request Request) (*fc.InvokeResult, error) {
	if request.HTTP == nil {
		return target.Invoke(ctx, request.InvokeInput)
	}
	caller, can := target.(Caller)
	if !can {
		return nil, diag.Errorf("HTTP triggers can't be called here")
	}
	call := *request.HTTP
	call.LogTail, call.LogSession = request.LogTail, request.LogSession
	return caller.CallHTTP(ctx, call)
}

func (o *Outcome) memory(known int) {
	if o.MemorySizeMB == 0 {
		o.MemorySizeMB = known
	}
}

// Failed reports whether the function itself failed.
func (o *Outcome) Failed() bool { return o.ErrorType != "" }

// BilledMS is the billed duration: the duration rounded up to a millisecond.
func (o *Outcome) BilledMS() int64 {
	return int64(math.Ceil(float64(o.Duration) / float64(time.Millisecond)))
}

// Summary is the line of measurements below a log, in FC's words. It is empty
// if the answer brought none.
func (o *Outcome) Summary() string {
	if o.Duration == 0 && o.MaxMemoryMB == 0 {
		return ""
	}
	line := fmt.Sprintf("Duration: %.2f ms, Billed Duration: %d ms", float64(o.Duration)/float64(time.Millisecond), o.BilledMS())
	if o.MemorySizeMB > 0 {
		line += fmt.Sprintf(", Memory Size: %d MB", o.MemorySizeMB)
	}
	if o.MaxMemoryMB > 0 {
		line += fmt.Sprintf(", Max Memory Used: %.2f MB", o.MaxMemoryMB)
	}
	return line
}

// newSession names a log stream so that nobody guesses it.
func newSession() string {
	var b [16]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}
