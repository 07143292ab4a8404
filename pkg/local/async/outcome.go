package async

import (
	"errors"
	"net/http"
	"time"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/local/store"
	"s/pkg/runtime/instance"
)

// Waits before an event is tried again: they begin with half a second and
// double. What the platform refuses is tried for five hours (documentation,
// retry policies of asynchronous invocations; how long FC waits after an error of
// the function it doesn't say, and it is the same here).
const (
	firstWait  = 500 * time.Millisecond
	maxRefused = 5 * time.Hour
)

// backoff is the wait before the n-th retry, from 1.
func backoff(n int) time.Duration {
	if n > 20 {
		n = 20 // six days
	}
	return firstWait << max(n-1, 0)
}

// ran decides about an event that the function has ended.
func (d *Dispatcher) ran(e *store.Event, cfg fc.AsyncConfig, result *instance.Result, answer *answer) store.Follow {
	e.Runs++
	e.Refusals, e.Refused = 0, 0
	e.InstanceID, e.Duration, e.ErrorType, e.Error = result.InstanceID, result.Duration.Milliseconds(), result.ErrorType, ""
	e.Result = result.Body
	if answer != nil && len(e.Result) == 0 {
		e.Result = answer.body.Bytes()
	}
	e.Result = e.Result[:min(len(e.Result), maxResult)]
	if result.ErrorType == "" {
		d.end(e, store.EventSucceeded, "")
		return d.tell(e, cfg, true, http.StatusOK)
	}
	e.Error = string(result.Body)
	return d.failed(e, cfg)
}

// failed tries again what the function has failed, as often as is configured.
func (d *Dispatcher) failed(e *store.Event, cfg fc.AsyncConfig) store.Follow {
	retries := DefaultRetries
	if cfg.MaxAsyncRetryAttempts != nil {
		retries = *cfg.MaxAsyncRetryAttempts
	}
	e.Failures++
	if e.Failures > retries {
		return d.fail(e, cfg, store.EventFailed, e.ErrorType, e.Error)
	}
	d.again(e, backoff(e.Failures), e.ErrorType)
	return store.Follow{}
}

func (d *Dispatcher) again(e *store.Event, wait time.Duration, detail string) {
	now := d.cfg.Now()
	e.Due = now.Add(wait).UnixMilli()
	e.Set(store.EventRetrying, now, detail)
}

// refused decides about an event that never reached the function, or whose
// instance can't start. Those of a function that is disabled wait, as for one that
// is throttled: it may be enabled again.
func (d *Dispatcher) refused(e *store.Event, cfg fc.AsyncConfig, age time.Duration, err error) store.Follow {
	api := reply.APIError(err)
	e.ErrorType, e.Error = api.Code, api.Message
	switch {
	case isMissing(err):
		return d.fail(e, cfg, store.EventInvalid, api.Code, api.Message)
	case api.Status == http.StatusPreconditionFailed:
		e.Runs++
		return d.failed(e, cfg) // the function's own fault, as an error of it is
	case api.Status < http.StatusInternalServerError && api.Status != http.StatusTooManyRequests && api.Code != fc.CodeInvocationDisabled:
		return d.fail(e, cfg, store.EventFailed, api.Code, api.Message)
	}
	now := d.cfg.Now()
	if e.Refusals++; e.Refusals == 1 {
		e.Refused = now.UnixMilli()
	}
	wait := backoff(e.Refusals)
	next := now.Add(wait)
	switch {
	case next.Sub(time.UnixMilli(e.Created)) > age:
		return d.fail(e, cfg, store.EventExpired, api.Code, api.Message)
	case next.Sub(time.UnixMilli(e.Refused)) > maxRefused:
		return d.fail(e, cfg, store.EventFailed, api.Code, api.Message)
	}
	d.again(e, wait, api.Code)
	return store.Follow{}
}

// fail gives an event up.
func (d *Dispatcher) fail(e *store.Event, cfg fc.AsyncConfig, status, kind, why string) store.Follow {
	e.Dead = true
	e.ErrorType, e.Error = kind, why
	d.end(e, status, kind)
	return d.tell(e, cfg, false, statusOf(kind))
}

// statusOf is the HTTP status of an error of the platform; errors of functions
// have 200.
func statusOf(kind string) int {
	switch kind {
	case fc.ErrorTypeHandled, fc.ErrorTypeUnhandled, fc.ErrorTypeInitialization, fc.ErrorTypeTimeout, fc.ErrorTypeOOM:
		return http.StatusOK
	case fc.CodeResourceExhausted:
		return http.StatusTooManyRequests
	case fc.CodeFunctionNotFound, fc.CodeServiceNotFound, fc.CodeAliasNotFound, fc.CodeVersionNotFound:
		return http.StatusNotFound
	case fc.CodeFunctionNotStarted, fc.CodeCAExited, fc.CodeCAFileNotFound:
		return http.StatusPreconditionFailed
	case fc.CodeInvalidArgument:
		return http.StatusBadRequest
	}
	return http.StatusInternalServerError
}

// errNoReceiver says why an outcome was recorded and not sent.
var errNoReceiver = errors.New("nothing on this machine receives it")
