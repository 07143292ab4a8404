package fcclient

import (
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/fc/fcsign"
)

// headerMemorySize is the memory that the function was given, in MB; only the
// local cloud says it.
const headerMemorySize = "X-S-Memory-Size"

// InvokeInput is one invocation.
type InvokeInput struct {
	Function  string // service$function in FC 2.0
	Qualifier string // empty is LATEST
	Event     []byte
	Async     bool
	// AsyncTaskID names an asynchronous task; the function must allow it.
	AsyncTaskID string
	// LogTail asks for the last 4 KB of the logs with the result.
	LogTail bool
	// LogSession sends the log lines to a stream opened by LogSession; only the
	// local cloud knows it.
	LogSession string
	// Out gets the body as it comes, and the result none. Nil collects it.
	Out io.Writer
}

// LimitError is an event larger than the service takes.
type LimitError struct {
	Size, Max int // bytes
}

// Error names both sizes.
func (e *LimitError) Error() string { return e.Wording().Error() }

// Wording names both sizes.
func (e *LimitError) Wording() error {
	return diag.Errorf("the event has %d bytes; the limit is %d", e.Size, e.Max)
}

// CheckEvent tells whether an event is small enough to be sent.
func CheckEvent(size int, async bool) error {
	limit := fc.MaxSyncBody
	if async {
		limit = fc.MaxAsyncBody
	}
	if size > limit {
		return &LimitError{Size: size, Max: limit}
	}
	return nil
}

// Invoke calls a function and waits for its answer, or, when asynchronous, for
// the word that it is queued. A function's own failure is a result with
// ErrorType set. It is sent once: whether a broken call ran can't be known.
func (c *Client) Invoke(ctx context.Context, in InvokeInput) (*fc.InvokeResult, error) {
	if err := CheckEvent(len(in.Event), in.Async); err != nil {
		return nil, err
	}
	response, err := c.open(ctx, direct{
		host: hostInvoke, op: fcsign.Operation{Action: "InvokeFunction", Version: c.version()},
		method: http.MethodPost, path: c.functionPath(in.Function, "invocations"),
		query: invokeQuery(in), header: c.invokeHeader(in), body: payload{head: in.Event},
	}, isFunctionError)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	result := readResult(response)
	if in.Out != nil {
		_, err = io.Copy(in.Out, response.Body)
	} else {
		result.Body, err = io.ReadAll(response.Body)
	}
	if err != nil {
		return result, c.unreachable(ctx, response.Request.URL.Host, diag.Errorf("the answer broke off: %w", err))
	}
	return result, nil
}

// isFunctionError reports whether the answer comes from the function, whatever
// its status.
func isFunctionError(r *http.Response) bool { return r.Header.Get(fc.HeaderErrorType) != "" }

func invokeQuery(in InvokeInput) url.Values {
	if in.Qualifier == "" {
		return nil
	}
	return url.Values{"qualifier": {in.Qualifier}}
}

func (c *Client) invokeHeader(in InvokeInput) http.Header {
	h := http.Header{}
	h.Set("Content-Type", "application/octet-stream")
	kind := fc.InvocationSync
	if in.Async {
		kind = fc.InvocationAsync
	}
	h.Set(fc.HeaderInvocationType, kind)
	logType := "None"
	if in.LogTail && !in.Async {
		logType = "Tail"
	}
	h.Set(fc.HeaderLogType, logType)
	if in.LogSession != "" {
		h.Set(fc.HeaderLogSession, in.LogSession)
	}
	if in.AsyncTaskID != "" {
		name := fc.HeaderAsyncTaskID
		if c.config.V2 {
			name = "X-Fc-Stateful-Async-Invocation-Id"
		}
		h.Set(name, in.AsyncTaskID)
	}
	return h
}

// readResult takes what the headers say. Durations are milliseconds, whole ones
// on FC, with decimals at the local cloud; memory is in MB.
func readResult(response *http.Response) *fc.InvokeResult {
	h := response.Header
	result := &fc.InvokeResult{
		RequestID: h.Get(fc.HeaderRequestID), StatusCode: response.StatusCode,
		ErrorType: h.Get(fc.HeaderErrorType), InstanceID: h.Get(fc.HeaderInstanceID),
		CodeChecksum: h.Get(fc.HeaderCodeChecksum), Version: h.Get(fc.HeaderVersion),
		AsyncTaskID: h.Get(fc.HeaderAsyncTaskID),
	}
	if tail, err := base64.StdEncoding.DecodeString(h.Get(fc.HeaderLogResult)); err == nil {
		result.LogTail = string(tail)
	}
	if ms, err := strconv.ParseFloat(strings.TrimSuffix(h.Get(fc.HeaderDuration), " ms"), 64); err == nil {
		result.Duration = time.Duration(ms * float64(time.Millisecond))
	}
	if mb, err := strconv.ParseFloat(h.Get(fc.HeaderMaxMemory), 64); err == nil {
		result.MaxMemoryMB = mb
	}
	if mb, err := strconv.Atoi(h.Get(headerMemorySize)); err == nil {
		result.MemorySizeMB = mb
	}
	return result
}
