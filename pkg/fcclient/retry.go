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

// retry runs send, again while the method is idempotent and the failure is one
// that passes: throttling, a server error, a broken connection. A create is sent
// again only if it was turned away by throttling, an invocation never.
func (c *Client) retry(ctx context.Context, method string, send func() (*answer, error)) (*answer, error) {
	idempotent := method == http.MethodGet || method == http.MethodPut || method == http.MethodDelete
	wait := minWait
	for try := 1; ; try++ {
		got, err := send()
		if err == nil || !idempotent && !turnedAway(err) || try == maxTries || !passes(err) {
			// What an earlier try deleted is deleted.
			if try > 1 && method == http.MethodDelete && fc.IsNotFound(err) {
				return got, nil
			}
			return got, err
		}
		rest := pause(got, wait)
		c.config.Debug.Linef("api", "try %d of %d failed, the next in %d ms: %s", try, maxTries, rest.Milliseconds(), reason(err))
		if err := c.sleep(ctx, rest); err != nil {
			return nil, err
		}
		wait *= 2
	}
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
		return api.Status == http.StatusTooManyRequests || api.Status >= 500 && api.Status != http.StatusNotImplemented
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, syscall.ECONNREFUSED) {
		return false
	}
	var unreachable *UnreachableError
	return errors.As(err, &unreachable)
}

// reason says in a word why a try failed. What a server says isn't repeated: it
// may have something of the request.
func reason(err error) string {
	var api *fc.APIError
	if errors.As(err, &api) {
		return api.Code
	}
	return "no answer"
}

// pause is how long to wait: what the server asks for, within reason, else the
// back-off with a jitter of a quarter.
func pause(got *answer, wait time.Duration) time.Duration {
	if got != nil {
		if seconds, err := strconv.Atoi(got.header.Get("Retry-After")); err == nil && seconds >= 0 {
			return min(time.Duration(seconds)*time.Second, maxWait)
		}
	}
	return wait + rand.N(wait/4)
}
