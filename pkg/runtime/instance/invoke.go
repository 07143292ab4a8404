package instance

import (
	"context"
	"errors"
	"time"

	"s/pkg/fc"
	"s/pkg/runtime/rapi"
	"s/pkg/runtime/sandbox"
)

// enter books an invocation, unless the instance takes none any more.
func (i *Instance) enter(inv *Invocation) (cold, ok bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.gone {
		return false, false
	}
	cold, i.cold = i.cold, false
	i.inFlight++
	i.count++
	if i.inFlight == 1 && inv.W == nil {
		i.proc.ResetPeak()
	}
	return cold, true
}

func (i *Instance) leave() {
	now := i.cfg.Now()
	i.mu.Lock()
	defer i.mu.Unlock()
	i.inFlight--
	i.lastUsed = now
}

// Invoke runs one invocation, the initializer before it if that hasn't been
// done. What the function does wrong is in the Result. The error is ErrGone if
// the instance ended before it took the invocation, a *DetachedError, the
// context's error or an *fc.APIError.
func (i *Instance) Invoke(ctx context.Context, inv *Invocation) (*Result, error) {
	cold, ok := i.enter(inv)
	if !ok {
		return nil, ErrGone
	}
	i.thaw()
	if inv.RequestID == "" {
		own := *inv
		own.RequestID, inv = newRequestID(), &own
	}
	var initTime time.Duration
	if cold {
		initTime = i.started
	}
	begin := time.Now()
	if failed := i.initialize(inv); failed != nil {
		failed.InitTime = initTime + time.Since(begin)
		i.leave()
		return failed, nil
	}
	if cold {
		initTime += time.Since(begin)
	}
	rec := i.logs.begin(inv)
	begin = time.Now()
	res, err := i.driver.invoke(ctx, inv)
	if errors.Is(context.Cause(ctx), ErrStopped) {
		i.terminate()
	}
	if errors.Is(err, errHungUp) {
		return nil, i.detach(ctx, inv, rec)
	}
	res, err = i.outcome(inv, res, err, time.Since(begin))
	tail := i.logs.end(rec)
	i.leave()
	if err != nil {
		return nil, err
	}
	res.InstanceID, res.InitTime, res.LogTail = i.id, initTime, tail
	return res, nil
}

// detach lets an invocation that nobody waits for go on to its end.
func (i *Instance) detach(ctx context.Context, inv *Invocation, rec *record) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		i.driver.follow(inv)
		i.logs.end(rec)
		i.leave()
	}()
	return &DetachedError{Done: done, Cause: ctx.Err()}
}

// outcome makes a result of how an invocation ended, and measures it. The memory
// of an HTTP request that went well isn't asked for: no header of its answer
// tells it, and asking costs as much as several headers.
func (i *Instance) outcome(inv *Invocation, res *Result, err error, took time.Duration) (*Result, error) {
	var memory float64
	if inv.W == nil || err != nil || res.ErrorType != "" {
		memory = i.peakMB()
	}
	if memory == 0 && err == nil && res.ErrorType != "" {
		// A program that ends with its answer has no figures until it has ended.
		_, _ = i.waitExit(exitLag)
		memory = i.peakMB()
	}
	var exit *exitError
	// What a custom runtime has sent of an HTTP answer stays sent.
	written := res != nil && res.Written
	broken := written && err != nil
	switch {
	case err == nil:
		if res.Duration == 0 {
			res.Duration = took
		}
	case errors.Is(err, errTimeout):
		res = &Result{
			ErrorType: fc.ErrorTypeTimeout, Body: timeoutDocument(i.timeout(), memory),
			Duration: took, Written: written, Broken: broken,
		}
	case errors.As(err, &exit):
		res = &Result{
			ErrorType: fc.ErrorTypeUnhandled, Body: exitDocument(took, memory),
			Duration: took, Written: written, Broken: broken,
		}
		if exit.exit.OOM {
			res.ErrorType = fc.ErrorTypeOOM
		}
	case broken:
		res.Broken, res.Duration = true, took
	default:
		return nil, err
	}
	res.MaxMemoryMB = memory
	if i.rewrite != nil && res.ErrorType != "" && res.Body != nil {
		res.Body = []byte(i.rewrite.Replace(string(res.Body)))
	}
	return res, nil
}

// timeout is the function's timeout in seconds.
func (i *Instance) timeout() int {
	if t := i.cfg.Function.Timeout; t > 0 {
		return t
	}
	return fc.DefaultTimeoutSeconds
}

// peakMB is the most memory that the instance used since the invocation began.
func (i *Instance) peakMB() float64 {
	_, peak := i.proc.Memory()
	return float64(peak) / (1 << 20)
}

// waitExit reports whether the program ends within d, and how it did.
func (i *Instance) waitExit(d time.Duration) (*exitError, bool) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-i.exited:
		return &exitError{i.exit}, true
	case <-timer.C:
		return nil, false
	}
}

// initialize runs the initializer once, under the request id of the invocation
// that comes first. If it fails, the instance ends and the result says why.
func (i *Instance) initialize(inv *Invocation) *Result {
	lc := i.cfg.Function.InstanceLifecycleConfig
	if lc == nil || !configured(lc.Initializer) {
		return nil
	}
	<-i.initializing
	defer func() { i.initializing <- struct{}{} }()
	if i.initialized {
		return nil
	}
	rec := i.logs.begin(inv)
	begin := time.Now()
	body, err := i.runHook(context.Background(), rapi.Initializer, lc.Initializer, inv.RequestID)
	took := time.Since(begin)
	i.initialized = err == nil && body == nil
	if i.initialized {
		i.logs.end(rec)
		return nil
	}
	memory := i.peakMB()
	i.terminate()
	if body == nil {
		body = initDocument(err, hookTimeout(lc.Initializer), took, memory)
	}
	if i.rewrite != nil {
		body = []byte(i.rewrite.Replace(string(body)))
	}
	return &Result{
		ErrorType: fc.ErrorTypeInitialization, Body: body, InstanceID: i.id,
		MaxMemoryMB: memory, LogTail: i.logs.end(rec), Duration: took,
	}
}

// initDocument words why an initializer failed that didn't say so itself.
func initDocument(err error, timeout int, took time.Duration, memory float64) []byte {
	var exit *exitError
	switch {
	case errors.Is(err, errTimeout):
		return document("Function initialization timed out after %d seconds (maxMemoryUsage: %sMB)", timeout, megabytes(memory))
	case errors.As(err, &exit) || errors.Is(err, ErrGone):
		return exitDocument(took, memory)
	default:
		return document("Function initialization failed: %v", err)
	}
}

// preStop runs the preStop hook of an instance that has been in use.
func (i *Instance) preStop(ctx context.Context) {
	if lc := i.cfg.Function.InstanceLifecycleConfig; lc != nil {
		i.lastHook(ctx, rapi.PreStop, "preStop", lc.PreStop)
	}
}

// lastHook runs a hook of an instance that has been in use, under an id of its
// own. What it gives changes nothing.
func (i *Instance) lastHook(ctx context.Context, kind rapi.Type, name string, h *fc.LifecycleHook) {
	i.mu.Lock()
	used := i.count > 0
	i.mu.Unlock()
	if !configured(h) || !used {
		return
	}
	id := newRequestID()
	rec := i.logs.begin(&Invocation{RequestID: id})
	defer i.logs.end(rec)
	if _, err := i.runHook(ctx, kind, h, id); err != nil {
		i.logs.say(name + ": " + err.Error())
	}
}

func configured(h *fc.LifecycleHook) bool {
	return h != nil && (h.Handler != "" || len(h.Command) > 0)
}

func hookTimeout(h *fc.LifecycleHook) int {
	if h.Timeout > 0 {
		return h.Timeout
	}
	return fc.DefaultTimeoutSeconds
}

// runHook runs a hook: a handler, or a command inside the instance.
func (i *Instance) runHook(ctx context.Context, kind rapi.Type, h *fc.LifecycleHook, requestID string) ([]byte, error) {
	if len(h.Command) == 0 {
		return i.driver.hook(ctx, kind, h, requestID)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(hookTimeout(h))*time.Second)
	defer cancel()
	out := &lineWriter{say: i.logs.say}
	code, err := i.proc.Exec(ctx, sandbox.ExecSpec{Args: h.Command, Stdout: out, Stderr: out})
	out.flush()
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, errTimeout
	case err != nil:
		return nil, err
	case code != 0:
		return document("the command %q ended with exit code %d", h.Command, code), nil
	}
	return nil, nil
}
