package fcclient

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"s/pkg/fc"
)

// Tries of an idempotent call, and the waits between them.
const (
	maxTries = 4
	minWait  = 200 * time.Millisecond
	maxWait  = 20 * time.Second
)

// retry runs send, again while the call may be repeated and the failure is one that
// passes: throttling, a server error, a broken connection. Others are sent again only
// if they were turned away by throttling, an invocation never. What an earlier try
// made, whose answer was lost, is a *madeError.
func (c *Client) retry(ctx context.Context, op call, send func() (*answer, error)) (*answer, error) {
	wait := minWait
	for try := 1; ; try++ {
		got, err := send()
		if err == nil || !op.mayRepeat() && !turnedAway(err) || try == maxTries || !passes(err) {
			if try > 1 {
				err = knownBy(op, err)
			}
			return got, err
		}
		rest := pause(got, wait, c.now())
		c.config.Debug.Linef("api", "try %d of %d failed, the next in %d ms: %s", try, maxTries, rest.Milliseconds(), reason(err))
		if err := c.sleep(ctx, rest); err != nil {
			return nil, err
		}
		wait *= 2
	}
}

// knownBy is what a refusal of a second try says of the first one, whose answer was
// lost.
func knownBy(op call, err error) error {
	var api *fc.APIError
	switch {
	case !errors.As(err, &api):
		return err
	case op.method == http.MethodDelete && api.Status == http.StatusNotFound:
		return nil // it is deleted
	case op.method == http.MethodPost && api.Status == http.StatusConflict:
		return &madeError{err}
	}
	return err
}

// madeError is the refusal of a second try to make what is there: the first one made
// it, or somebody else in the meantime.
type madeError struct{ err error }

// Error is the refusal's.
func (e *madeError) Error() string { return e.err.Error() }

// Unwrap gives the refusal.
func (e *madeError) Unwrap() error { return e.err }

// made reports whether what was to be made is there since an earlier try.
func made(err error) bool {
	var before *madeError
	return errors.As(err, &before)
}

// turnedAway reports whether a request was refused before anything was done of it.
func turnedAway(err error) bool {
	var api *fc.APIError
	return errors.As(err, &api) && (api.Status == http.StatusTooManyRequests || strings.Contains(api.Code, "Throttl"))
}

// passes reports whether a failure may be gone the next time.
func passes(err error) bool {
	var api *fc.APIError
	if errors.As(err, &api) {
		return passing(api.Status)
	}
	var other *ForeignError
	if errors.As(err, &other) {
		return passing(other.Status)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, syscall.ECONNREFUSED) {
		return false
	}
	var unreachable *UnreachableError
	return errors.As(err, &unreachable) && !unreachable.Untrusted()
}

// passing are the statuses of what may be over soon.
func passing(status int) bool {
	return status == http.StatusTooManyRequests || status >= 500 && status != http.StatusNotImplemented
}

// Unsure reports whether a request that failed with err may have been carried out
// nevertheless: no answer came, or none of the service's, or it failed on the way.
func Unsure(err error) bool {
	var api *fc.APIError
	if errors.As(err, &api) {
		return api.Status >= 500 && api.Status != http.StatusNotImplemented
	}
	var other *ForeignError
	var unreachable *UnreachableError
	return errors.As(err, &unreachable) && !unreachable.notSent() || errors.As(err, &other) && other.Status >= 500
}

// reason says in a word why a try failed. What a server says isn't repeated: it
// may have something of the request.
func reason(err error) string {
	var api *fc.APIError
	if errors.As(err, &api) {
		return api.Code
	}
	var other *ForeignError
	if errors.As(err, &other) {
		return strconv.Itoa(other.Status)
	}
	return "no answer"
}

// pause is how long to wait: what the server asks for (RFC 9110, 10.2.3: seconds, or
// a time, which is by its own clock), within reason, else the back-off with a jitter of
// a quarter.
func pause(got *answer, wait time.Duration, now time.Time) time.Duration {
	if got != nil {
		asked := got.header.Get("Retry-After")
		if seconds, err := strconv.Atoi(asked); err == nil && seconds >= 0 {
			return min(time.Duration(min(seconds, 3600))*time.Second, maxWait)
		}
		if until, err := http.ParseTime(asked); err == nil {
			if date, err := http.ParseTime(got.header.Get("Date")); err == nil {
				now = date
			}
			return max(0, min(until.Sub(now), maxWait))
		}
	}
	return wait + rand.N(wait/4)
}
