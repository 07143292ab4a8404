package instance

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"s/pkg/fc"
	"s/pkg/runtime/sandbox"
)

// ErrGone says that the instance had ended, or was ending, before it took the
// invocation: another instance may have it.
var ErrGone = errors.New("the instance has ended")

// errTimeout says that the time of an invocation was over; the instance has
// been ended.
var errTimeout = errors.New("timed out")

// errHungUp says that the caller's context ended while the function works.
var errHungUp = errors.New("the caller hung up")

// ErrStopped as the cause of a context's end (context.WithCancelCause) ends the
// instance that works for it, where any other end lets the function go on.
var ErrStopped = errors.New("the invocation was stopped")

// DetachedError says that the caller's context ended first. The function goes
// on, as it does on FC when a caller hangs up.
type DetachedError struct {
	Done  <-chan struct{} // closed when the invocation has ended
	Cause error           // the context's error
}

// Error is the context's error.
func (e *DetachedError) Error() string { return e.Cause.Error() }

// Unwrap gives the context's error.
func (e *DetachedError) Unwrap() error { return e.Cause }

// InitError is a managed runtime that couldn't start: it said so itself, or
// ended before it asked for work. For the caller that is a result of the
// function, of type InitializationError.
type InitError struct {
	Body    []byte // the error document
	LogTail []byte // what was printed
}

// Error is the error document.
func (e *InitError) Error() string { return "the runtime didn't start: " + string(e.Body) }

// Result is what the invocation that wanted the instance gives.
func (e *InitError) Result() *Result {
	return &Result{Body: e.Body, LogTail: e.LogTail, ErrorType: fc.ErrorTypeInitialization}
}

// exitError is the end of the program while it had invocations.
type exitError struct{ exit sandbox.Exit }

// Error describes the end.
func (e *exitError) Error() string { return "the process ended: " + describe(e.exit) }

// describe words how a program ended.
func describe(x sandbox.Exit) string {
	switch {
	case x.StartFail != "":
		return x.StartFail
	case x.OOM:
		return "out of memory"
	case x.Signal != "":
		return "signal " + x.Signal
	default:
		return "exit code " + strconv.Itoa(x.Code)
	}
}

// document is an error document with a message alone, as the platform makes
// them (documentation, "Process exited unexpectedly").
func document(format string, args ...any) []byte {
	body, err := json.Marshal(map[string]string{"errorMessage": fmt.Sprintf(format, args...)})
	if err != nil {
		return []byte(`{"errorMessage":"` + fc.CodeInternalServerError + `"}`)
	}
	return body
}

// exitDocument tells the caller that the process ended under his request.
func exitDocument(duration time.Duration, memoryMB float64) []byte {
	return document("Process exited unexpectedly before completing request (duration: %dms, maxMemoryUsage: %sMB)",
		duration.Milliseconds(), megabytes(memoryMB))
}

// timeoutDocument tells the caller that the time was over.
func timeoutDocument(seconds int, memoryMB float64) []byte {
	return document("Function timed out after %d seconds (maxMemoryUsage: %sMB)", seconds, megabytes(memoryMB))
}

// megabytes writes a size with at most two decimals: 49, 112.24.
func megabytes(mb float64) string {
	return strconv.FormatFloat(math.Round(mb*100)/100, 'f', -1, 64)
}
