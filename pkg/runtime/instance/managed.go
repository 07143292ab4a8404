package instance

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"s/pkg/fc"
	"s/pkg/runtime/rapi"
)

// managed drives a language runtime, which asks for its invocations over the
// Runtime API.
type managed struct {
	i   *Instance
	api *rapi.Server

	mu    sync.Mutex
	loose map[*Invocation]*rapi.Call // left by their callers
}

// newManaged starts the Runtime API and tells the runtime about it.
func newManaged(i *Instance, env map[string]string) (*managed, error) {
	api, err := rapi.Listen(rapi.Config{
		Concurrency: i.concurrency(), Now: time.Now,
		Header: header(i.cfg, i.id, rapi.AppendHeader),
	})
	if err != nil {
		return nil, err
	}
	return managedBy(i, api, env), nil
}

// managedBy tells the runtime about a Runtime API that is there.
func managedBy(i *Instance, api *rapi.Server, env map[string]string) *managed {
	limit := i.concurrency()
	api.Attend(i.cfg.Attention)
	env["FC_RUNTIME_API"] = api.Addr()
	env["_FC_LAYER_PATH"] = "/opt"
	if limit > 1 {
		env["FC_CONCURRENT_LIMIT"] = strconv.Itoa(limit)
		env["FC_ENABLE_CONCURRENT_INVOKE"] = "true"
	}
	return &managed{i: i, api: api, loose: map[*Invocation]*rapi.Call{}}
}

// concurrency is how many invocations the instance takes at once.
func (i *Instance) concurrency() int { return i.cfg.Function.Concurrency() }

// ready waits until the runtime asks for work for the first time.
func (m *managed) ready(ctx context.Context) error {
	timer := time.NewTimer(m.i.startLimit())
	defer timer.Stop()
	begin := time.Now()
	select {
	case <-m.api.Ready():
	case <-m.i.exited:
	case <-timer.C:
		return notStarted("the runtime hasn't asked for work within %d seconds\nLogs: %s", fc.MaxStartSeconds, m.i.logs.bootTail())
	case <-ctx.Done():
		return ctx.Err()
	}
	if body := m.api.InitError(); body != nil {
		m.i.logs.drain()
		return &InitError{Body: body, LogTail: m.i.logs.bootTail()}
	}
	select {
	case <-m.api.Ready():
		return nil
	default:
	}
	exit := &exitError{m.i.exit}
	if exit.exit.StartFail != "" {
		return notStarted("the runtime can't be started: %s", exit.exit.StartFail)
	}
	return &InitError{Body: exitDocument(time.Since(begin), m.i.peakMB()), LogTail: m.i.logs.bootTail()}
}

func (m *managed) close(err *exitError) { m.api.Close(err) }

// invoke runs the handler.
func (m *managed) invoke(ctx context.Context, inv *Invocation) (*Result, error) {
	task := &rapi.Invocation{
		RequestID: inv.RequestID, Handler: m.i.cfg.Function.Handler,
		Timeout: m.i.timeout(), RetryCount: inv.RetryCount, Event: inv.Event,
	}
	if inv.R != nil {
		if err := m.httpTask(task, inv); err != nil {
			return nil, err
		}
	}
	call, err := m.start(task)
	if err != nil {
		return nil, err
	}
	err = m.wait(ctx, call, task.Deadline)
	if errors.Is(err, errHungUp) {
		m.mu.Lock()
		m.loose[inv] = call
		m.mu.Unlock()
	}
	if err != nil {
		return nil, err
	}
	reply, err := call.Reply()
	var large *rapi.TooLargeError
	switch {
	case errors.As(err, &large):
		return &Result{ErrorType: fc.ErrorTypeUnhandled, Body: document("%v", large), Duration: call.Duration()}, nil
	case errors.Is(err, rapi.ErrNotTaken):
		return nil, ErrGone
	case err != nil:
		return nil, err
	case reply.Failed:
		return &Result{ErrorType: errorType(reply), Body: reply.Body, Duration: call.Duration()}, nil
	}
	res := &Result{Body: reply.Body, Duration: call.Duration()}
	if inv.R != nil {
		answerHTTP(inv.W, reply, res)
	}
	return res, nil
}

// errorType is what the caller is told of a failed invocation: that the function
// reported the error itself, if the language runtime says so.
func errorType(reply rapi.Reply) string {
	if reply.ErrorType == fc.ErrorTypeHandled {
		return fc.ErrorTypeHandled
	}
	return fc.ErrorTypeUnhandled
}

// httpTask describes the request of an HTTP trigger to the runtime.
func (m *managed) httpTask(task *rapi.Invocation, inv *Invocation) error {
	if !m.i.cfg.HTTPParams {
		return errors.New("this function takes HTTP requests as events only")
	}
	var err error
	if task.Event, err = readRequestBody(inv.R); err != nil {
		return err
	}
	task.ContentType, task.ClientIP = inv.R.Header.Get("Content-Type"), clientIP(inv.R)
	task.HTTPParams, err = httpParams(inv.R)
	return err
}

// answerHTTP writes the answer of an HTTP trigger that the runtime gave.
func answerHTTP(w http.ResponseWriter, reply rapi.Reply, res *Result) {
	var bad *badAnswer
	if errors.As(writeParams(w, reply), &bad) {
		res.ErrorType, res.Body = fc.ErrorTypeUnhandled, document("%v", bad)
		return
	}
	// Other errors are the caller's, who has hung up.
	res.Body, res.Written = nil, true
}

// start hands a task to the runtime.
func (m *managed) start(task *rapi.Invocation) (*rapi.Call, error) {
	task.Lines = m.i.keyLines(rapi.AppendHeader)
	task.Deadline = time.Now().Add(time.Duration(task.Timeout) * time.Second)
	call, err := m.api.Start(task)
	if errors.Is(err, rapi.ErrNotTaken) {
		return nil, ErrGone
	}
	return call, err
}

// wait waits for the end of a call. When the time is over it ends the instance.
func (m *managed) wait(ctx context.Context, call *rapi.Call, deadline time.Time) error {
	select {
	case <-call.Done():
		return nil // as soon as it was started
	default:
	}
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case <-call.Done():
		return nil
	case <-timer.C:
		m.i.terminate()
		return errTimeout
	case <-ctx.Done():
		if m.api.Cancel(call) {
			return ctx.Err()
		}
		return errHungUp
	}
}

// follow waits for the end of a call that its caller has left.
func (m *managed) follow(inv *Invocation) {
	m.mu.Lock()
	call := m.loose[inv]
	delete(m.loose, inv)
	m.mu.Unlock()
	if call != nil {
		_ = m.wait(context.Background(), call, call.Deadline())
	}
}

// hook runs a hook's handler.
func (m *managed) hook(ctx context.Context, kind rapi.Type, h *fc.LifecycleHook, requestID string) ([]byte, error) {
	task := &rapi.Invocation{RequestID: requestID, Type: kind, Handler: h.Handler, Timeout: hookTimeout(h)}
	call, err := m.start(task)
	if err != nil {
		return nil, err
	}
	if err := m.wait(ctx, call, task.Deadline); err != nil {
		return nil, err
	}
	reply, err := call.Reply()
	if err != nil || !reply.Failed {
		return nil, err
	}
	return append([]byte{}, reply.Body...), nil
}
