package instance

import "errors"

// ErrGone says that the instance had ended, or was ending, before it took the
// invocation: another instance may have it.
var ErrGone = errors.New("the instance has ended")

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
