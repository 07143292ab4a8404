package instance

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"s/pkg/fc"
	"s/pkg/runtime/httpconn"
	"s/pkg/runtime/rapi"
	"s/pkg/runtime/sandbox"
)

const (
	// firstPoll and slowestPoll are the pauses between attempts to reach a
	// server that is starting.
	firstPoll   = 2 * time.Millisecond
	slowestPoll = 100 * time.Millisecond
	// exitLag is how long after a broken connection the end of the program may
	// be noticed.
	exitLag = time.Second
	// memoryLag is how long a program that the kernel ends for want of memory may
	// take to give it all back.
	memoryLag = 10 * time.Second
)

// custom drives a custom runtime: a program that is an HTTP server.
type custom struct {
	i       *Instance
	port    int
	command []string
	addr    string
	client  *httpconn.Client
	lines   []byte // of every request's header
}

// newCustom tells the program its port.
func newCustom(i *Instance, l *layout, env map[string]string) *custom {
	port := strconv.Itoa(l.spec.Port)
	env["FC_SERVER_PORT"], env["FC_CUSTOM_LISTEN_PORT"] = port, port
	b := header(i.cfg, "", httpconn.AppendField)
	b = httpconn.AppendField(b, "x-fc-function-handler", i.cfg.Function.Handler)
	b = httpconn.AppendField(b, "x-fc-function-timeout", strconv.Itoa(i.timeout()))
	b = httpconn.AppendField(b, "x-fc-base-path", "")
	if service, _ := fc.SplitName(i.cfg.Function.FunctionName); service != "" {
		b = legacyHooks(b, i.cfg.Function.InstanceLifecycleConfig)
	}
	return &custom{i: i, port: l.spec.Port, command: l.spec.Args, lines: b}
}

// legacyHooks appends what only FC 2.0 tells the server.
func legacyHooks(b []byte, lc *fc.InstanceLifecycleConfig) []byte {
	if lc == nil {
		return b
	}
	if h := lc.Initializer; configured(h) {
		b = httpconn.AppendField(b, "x-fc-function-initializer", h.Handler)
		b = httpconn.AppendField(b, "x-fc-initialization-timeout", strconv.Itoa(hookTimeout(h)))
	}
	if h := lc.PreStop; configured(h) {
		b = httpconn.AppendField(b, "x-fc-instance-lifecycle-pre-stop-handler", h.Handler)
	}
	if h := lc.PreFreeze; configured(h) {
		b = httpconn.AppendField(b, "x-fc-instance-lifecycle-pre-freeze-handler", h.Handler)
	}
	return b
}

// connect tells where the program's port is to be reached.
func (c *custom) connect(addr string) {
	c.addr, c.client = addr, httpconn.New(addr, c.i.cfg.Attention)
}

func (c *custom) close(*exitError) {
	if c.client != nil {
		c.client.Close()
	}
}

// ready waits until the server can be reached or, if a health check is
// configured, says that it is well.
func (c *custom) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.i.startLimit())
	defer cancel()
	pause := firstPoll
	for !c.reachable(ctx) {
		timer := time.NewTimer(pause)
		select {
		case <-c.i.exited:
			timer.Stop()
			return c.exitedEarly()
		case <-ctx.Done():
			timer.Stop()
			return c.silent(ctx)
		case <-timer.C:
		}
		pause = min(pause*3/2, slowestPoll)
	}
	c.warnOfLoopback()
	check := healthCheck(&c.i.cfg.Function)
	if check == nil || check.HTTPGetURL == "" {
		return nil
	}
	return c.healthy(ctx, check)
}

// warnOfLoopback says that a server which only this machine's own programs
// reach works here alone: Function Compute asks for it at the instance's address
// (documentation of custom runtimes, "HTTP server").
func (c *custom) warnOfLoopback() {
	if b, ok := c.i.proc.(sandbox.Binder); ok && b.LoopbackOnly(c.port) {
		c.i.logs.say(fmt.Sprintf("the server listens on 127.0.0.1:%d alone: Function Compute can't reach it there and "+
			"would answer FunctionNotStarted; let it listen on 0.0.0.0:%d", c.port, c.port))
	}
}

// healthCheck is how the server of a function is asked whether it is well.
func healthCheck(f *fc.Function) *fc.HealthCheckConfig {
	switch {
	case f.CustomContainerConfig != nil:
		return f.CustomContainerConfig.HealthCheckConfig
	case f.CustomRuntimeConfig != nil:
		return f.CustomRuntimeConfig.HealthCheckConfig
	}
	return nil
}

func (c *custom) reachable(ctx context.Context) bool {
	d := net.Dialer{Timeout: time.Second, KeepAlive: -1}
	nc, err := d.DialContext(ctx, "tcp", c.addr)
	if err != nil {
		return false
	}
	_ = nc.Close()
	return true
}

// healthy asks the health check's path until it has answered well as often, or
// badly as often, as configured.
func (c *custom) healthy(ctx context.Context, h *fc.HealthCheckConfig) error {
	or := func(n, otherwise int) int {
		if n > 0 {
			return n
		}
		return otherwise
	}
	good, bad := or(h.SuccessThreshold, 1), or(h.FailureThreshold, 3)
	pause := time.Duration(h.InitialDelaySeconds) * time.Second
	for {
		timer := time.NewTimer(pause)
		select {
		case <-c.i.exited:
			timer.Stop()
			return c.exitedEarly()
		case <-ctx.Done():
			timer.Stop()
			return c.silent(ctx)
		case <-timer.C:
		}
		pause = time.Duration(or(h.PeriodSeconds, 3)) * time.Second
		if c.probe(ctx, h.HTTPGetURL, time.Duration(or(h.TimeoutSeconds, 1))*time.Second) {
			if good--; good <= 0 {
				return nil
			}
		} else if bad--; bad <= 0 {
			return notStarted("the health check GET %s failed %d times\nLogs: %s",
				h.HTTPGetURL, or(h.FailureThreshold, 3), c.i.logs.bootTail())
		}
	}
}

func (c *custom) probe(ctx context.Context, url string, limit time.Duration) bool {
	if !strings.HasPrefix(url, "/") {
		url = "/" + url
	}
	resp, err := c.client.Do(ctx, &httpconn.Request{
		Method: http.MethodGet, Target: url, Host: c.host(), Deadline: time.Now().Add(limit),
	})
	if err != nil {
		return false
	}
	resp.Close()
	return resp.Status >= 200 && resp.Status < 400
}

func (c *custom) host() string { return "localhost:" + strconv.Itoa(c.port) }

// exitedEarly says that the program ended instead of listening.
func (c *custom) exitedEarly() error {
	exit, logs := c.i.exit, c.i.logs.bootTail()
	command := strings.Join(c.command, " ")
	if exit.StartFail != "" {
		code := fc.CodeCAExited
		if strings.HasPrefix(exit.StartFail, sandbox.StartNotFound) {
			code = fc.CodeCAFileNotFound
		}
		return &fc.APIError{
			Status: http.StatusPreconditionFailed, Code: code,
			Message: fmt.Sprintf("Function instance can't be started with start command '%s': %s", command, exit.StartFail),
		}
	}
	return &fc.APIError{
		Status: http.StatusPreconditionFailed, Code: fc.CodeCAExited,
		Message: fmt.Sprintf("Function instance exited unexpectedly(code %d, message:%s) with start command '%s'.\nLogs: %s",
			exit.Code, describe(exit), command, logs),
	}
}

// silent says that the program runs but nothing listens where it should.
func (c *custom) silent(ctx context.Context) error {
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ctx.Err()
	}
	c.i.logs.drain()
	return notStarted("the function doesn't listen on port %d within %d seconds; start command '%s'\nLogs: %s",
		c.port, fc.MaxStartSeconds, strings.Join(c.command, " "), c.i.logs.bootTail())
}

// request makes a request with the header that all have.
func (c *custom) request(method, control, requestID string, retries int, limit time.Duration) *httpconn.Request {
	return &httpconn.Request{
		Method: method, Target: control, Host: c.host(), Deadline: time.Now().Add(limit),
		Lines: c.header(control, requestID, retries, ""),
	}
}

func (c *custom) header(control, requestID string, retries int, ip string) []byte {
	b := make([]byte, 0, len(c.lines)+256)
	b = append(b, c.lines...)
	b = append(b, c.i.keyLines(httpconn.AppendField)...)
	b = httpconn.AppendField(b, "x-fc-request-id", requestID)
	b = httpconn.AppendField(b, "x-fc-control-path", control)
	b = httpconn.AppendField(b, "x-fc-retry-count", strconv.Itoa(retries))
	return httpconn.AppendField(b, "x-fc-client-ip", ip)
}

// invoke passes an invocation on to the server.
func (c *custom) invoke(ctx context.Context, inv *Invocation) (*Result, error) {
	limit := time.Duration(c.i.timeout()) * time.Second
	if inv.R != nil {
		return c.forward(ctx, inv, limit)
	}
	req := c.request(http.MethodPost, "/invoke", inv.RequestID, inv.RetryCount, limit)
	req.Lines = append(req.Lines, "Content-Type: application/octet-stream\r\n"...)
	req.Data = inv.Event
	resp, err := c.client.Do(ctx, req)
	if err != nil {
		return nil, c.broken(ctx, err, req.Deadline)
	}
	body, err := resp.ReadAll(fc.MaxSyncBody)
	var large *httpconn.TooLargeError
	if errors.As(err, &large) {
		return &Result{ErrorType: fc.ErrorTypeUnhandled, Body: document("%v", large)}, nil
	}
	if err != nil {
		return nil, c.broken(ctx, err, req.Deadline)
	}
	res := &Result{Body: body, ContentType: resp.Get("Content-Type")}
	if failedStatus(resp.Get("X-Fc-Status"), resp.Status) {
		res.ErrorType = fc.ErrorTypeUnhandled
	}
	return res, nil
}

// failedStatus reports whether an answer to /invoke is a failure: x-fc-status
// decides, without it the HTTP status.
func failedStatus(fcStatus string, status int) bool {
	if n, err := strconv.Atoi(strings.TrimSpace(fcStatus)); err == nil {
		return n >= 400
	}
	return status >= 400
}

// forward passes a request of an HTTP trigger on, both ways as it comes.
func (c *custom) forward(ctx context.Context, inv *Invocation, limit time.Duration) (*Result, error) {
	deadline := time.Now().Add(limit)
	out, err := c.client.Forward(ctx, inv.W, inv.R, httpconn.Passage{
		Lines: c.header("/http-invoke", inv.RequestID, inv.RetryCount, clientIP(inv.R)),
		Drop:  platformHeader, DropBack: platformAnswer, Deadline: deadline,
	})
	res := &Result{Written: out.Written}
	if err != nil {
		return res, c.broken(ctx, err, deadline)
	}
	// Without x-fc-status an answer is a success whatever its status.
	if n, err := strconv.Atoi(strings.TrimSpace(out.FCStatus)); err == nil && n >= 400 {
		res.ErrorType = fc.ErrorTypeUnhandled
	}
	return res, nil
}

// platformHeader reports whether a header is the platform's, so that neither a
// caller nor a function can make it up.
func platformHeader(name string) bool { return strings.HasPrefix(name, "X-Fc-") }

// platformAnswer reports whether a header of an answer is the platform's: of
// those of a function it doesn't pass on (documentation of custom runtimes,
// "response headers").
func platformAnswer(name string) bool {
	return platformHeader(name) || name == "Server" || name == "Date"
}

// broken finds out why a request got no answer.
func (c *custom) broken(ctx context.Context, err error, deadline time.Time) error {
	var body *httpconn.BodyError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &body):
		return err
	case !time.Now().Before(deadline):
		c.i.terminate()
		return errTimeout
	}
	exit, ok := c.i.waitExit(exitLag)
	if !ok && c.i.proc.OutOfMemory() {
		exit, ok = c.i.waitExit(memoryLag)
	}
	if ok {
		return exit
	}
	// A server that closes the connection under a request looks the same to the
	// caller as one that ended: gunicorn replacing a worker, for example.
	c.i.logs.say("the function's server broke off the request: " + err.Error())
	return &exitError{sandbox.Exit{Code: -1, Signal: "connection lost"}}
}

func (c *custom) follow(*Invocation) {}

// hook calls a hook's path. /initialize is a POST, the others are GETs.
func (c *custom) hook(ctx context.Context, kind rapi.Type, h *fc.LifecycleHook, requestID string) ([]byte, error) {
	method, control := http.MethodPost, "/initialize"
	switch kind {
	case rapi.PreStop:
		method, control = http.MethodGet, "/pre-stop"
	case rapi.PreFreeze:
		method, control = http.MethodGet, "/pre-freeze"
	}
	req := c.request(method, control, requestID, 0, time.Duration(hookTimeout(h))*time.Second)
	resp, err := c.client.Do(ctx, req)
	if err != nil {
		return nil, c.hookBroken(ctx, err, req.Deadline)
	}
	body, err := resp.ReadAll(fc.MaxSyncBody)
	if err != nil {
		return nil, c.hookBroken(ctx, err, req.Deadline)
	}
	if resp.Status >= 200 && resp.Status < 300 {
		return nil, nil
	}
	if len(body) == 0 {
		body = document("%s answered %d", path.Clean(control), resp.Status)
	}
	return body, nil
}

func (c *custom) hookBroken(ctx context.Context, err error, deadline time.Time) error {
	if ctx.Err() == nil && !time.Now().Before(deadline) {
		return errTimeout
	}
	if exit, ok := c.i.waitExit(exitLag); ok {
		return exit
	}
	return err
}
