package gateway

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/local/store"
	"s/pkg/runtime/instance"
)

// Headers that only the local cloud has.
const (
	// HeaderMemorySize is the memory that the function was given, in MB.
	HeaderMemorySize = "X-S-Memory-Size"
	// HeaderInitDuration is how long the invocation waited for the start of its
	// instance, in ms; absent if it didn't.
	HeaderInitDuration = "X-S-Init-Duration"
)

// statusClientClosed is what FC logs when a client hangs up.
const statusClientClosed = 499

// maxSuccessors bounds how often an invocation moves on because its pool was
// being replaced.
const maxSuccessors = 5

// Target is the function that a request is for.
type Target struct {
	Region, Function string
	Qualifier        string // LATEST, a version or an alias; empty is LATEST

	header  func(name string) string // of the request; nil is one without
	main    bool                     // an alias stands for its main version
	pinned  bool                     // an alias has chosen a version
	version string                   // the one; empty is LATEST
}

// ServeInvoke serves InvokeFunction. The answer's request id must have been
// set.
func (g *Gateway) ServeInvoke(w http.ResponseWriter, r *http.Request, t Target) {
	id := w.Header().Get(fc.HeaderRequestID)
	kind := r.Header.Get(fc.HeaderInvocationType)
	if err := g.serveInvoke(w, r, t, id, kind); err != nil {
		g.refuse(w, r, err)
	}
}

func (g *Gateway) serveInvoke(w http.ResponseWriter, r *http.Request, t Target, id, kind string) error {
	session := r.Header.Get(fc.HeaderLogSession)
	if session != "" {
		defer g.logs.finish(session) // also if it comes to nothing, or is only queued
	}
	t.header = r.Header.Get
	fresh := t
	if _, err := g.pin(&t); err != nil {
		return err
	}
	limit := int64(fc.MaxSyncBody)
	switch kind {
	case "", fc.InvocationSync:
	case fc.InvocationAsync:
		limit = fc.MaxAsyncBody
	default:
		return reply.Invalid("header X-Fc-Invocation-Type must be Sync or Async, it is '" + kind + "'")
	}
	event, err := readBody(w, r, limit)
	if err != nil {
		return err
	}
	inv := &instance.Invocation{RequestID: id, Event: event}
	if kind == fc.InvocationAsync {
		return g.enqueue(w, r, fresh, inv) // an alias chooses when it runs
	}
	own, err := g.affine(w.Header(), r, &t, inv)
	if err != nil {
		return err
	}
	result, e, err := g.invoke(r.Context(), t, inv, session)
	if err != nil {
		own.withdraw(w.Header())
		return err
	}
	writeResult(w, e, result, r.Header.Get(fc.HeaderLogType) == "Tail")
	return nil
}

// InvokeEvent runs an asynchronous invocation once, as if a caller waited. Errors
// are *fc.APIError of what the platform refuses, store's of what isn't there, or the
// context's.
func (g *Gateway) InvokeEvent(ctx context.Context, e *store.Event, inv *instance.Invocation) (*instance.Result, error) {
	t := Target{Region: e.Region, Function: e.Function, Qualifier: e.Qualifier}
	if e.HTTP != nil { // the headers of others aren't kept: an alias that chooses by them takes its main version
		t.header = e.HTTP.Header.Get
	}
	result, _, err := g.invoke(ctx, t, inv, "")
	return result, err
}

// invoke hands an invocation to the function's pool, or to the pool that takes
// its place if the function is being changed.
func (g *Gateway) invoke(ctx context.Context, t Target, inv *instance.Invocation, session string) (*instance.Result, *entry, error) {
	if session != "" {
		defer g.logs.finish(session)
	}
	for try := 1; ; try++ {
		if err := g.disabled(t.Region, t.Function); err != nil {
			return nil, nil, err
		}
		e, err := g.entry(ctx, &t)
		if err != nil {
			return nil, nil, err
		}
		if old := g.heirs.streaming(keyOf(e.Resolved).versionless(), inv.Session); old != nil {
			e = old
		}
		if session != "" {
			e.live.watch(inv.RequestID, g.logs.get(session))
		}
		result, err := e.pool.Invoke(ctx, inv)
		if session != "" {
			e.live.unwatch(inv.RequestID)
		}
		if err := g.broken(e, result, err); err != nil {
			return nil, nil, err
		}
		if err == nil {
			return result, e, nil
		}
		if !g.cfg.Closed(err) {
			return nil, nil, err
		}
		if try == maxSuccessors || g.ctx.Err() != nil {
			return nil, nil, stopping()
		}
	}
}

// refuse answers with an error, unless nobody waits for an answer.
func (g *Gateway) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		err = &fc.APIError{Status: statusClientClosed, Code: "ClientClosedRequest", Message: "the client hung up"}
	}
	reply.Error(w, err)
}

// readBody reads a body of up to limit bytes to its end, so that its signature
// is known to be right.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	if r.ContentLength > limit {
		return nil, reply.TooLarge(limit)
	}
	body := http.MaxBytesReader(w, r.Body, limit)
	var err error
	var b bytes.Buffer
	if r.ContentLength > 0 {
		b.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	_, err = b.ReadFrom(body)
	if err == nil {
		return b.Bytes(), nil
	}
	var api *fc.APIError
	var tooLarge *http.MaxBytesError
	if errors.As(err, &api) || errors.As(err, &tooLarge) {
		return nil, err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, reply.Invalid("the request body broke off")
	}
	return nil, reply.Invalid("the request body can't be read: " + err.Error())
}

// writeResult answers with what an invocation gave: 200 even if the function
// failed.
func writeResult(w http.ResponseWriter, e *entry, result *instance.Result, tail bool) {
	h := w.Header()
	resultHeaders(h, e, result)
	if tail {
		log := result.LogTail
		if len(log) > fc.MaxTailLog {
			log = log[len(log)-fc.MaxTailLog:]
		}
		h[fc.HeaderLogResult] = []string{base64.StdEncoding.EncodeToString(log)}
	}
	contentType := result.ContentType
	switch {
	case contentType != "":
	case result.ErrorType != "":
		contentType = "application/json"
	default:
		contentType = "application/octet-stream"
	}
	h["Content-Type"] = []string{contentType}
	h["Content-Length"] = []string{strconv.Itoa(len(result.Body))}
	w.WriteHeader(http.StatusOK)
	w.Write(result.Body) // a client that is gone needs no answer
}

// resultHeaders sets what was measured of an invocation.
func resultHeaders(h http.Header, e *entry, result *instance.Result) {
	h[fc.HeaderInstanceID] = []string{result.InstanceID}
	h[fc.HeaderDuration] = []string{milliseconds(result.Duration)}
	h[fc.HeaderMaxMemory] = []string{strconv.FormatFloat(result.MaxMemoryMB, 'f', 2, 64)}
	h[fc.HeaderCodeChecksum] = []string{e.fn.Code.Checksum}
	h[fc.HeaderVersion] = []string{cmp.Or(e.VersionID, fc.LatestQualifier)}
	h[HeaderMemorySize] = []string{strconv.Itoa(e.fn.Function.MemorySize)}
	if result.InitTime > 0 {
		h[HeaderInitDuration] = []string{milliseconds(result.InitTime)}
	}
	if result.ErrorType != "" {
		h[fc.HeaderErrorType] = []string{result.ErrorType}
	}
}

func milliseconds(d time.Duration) string {
	return strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', 2, 64)
}
