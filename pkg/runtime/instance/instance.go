package instance

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"s/pkg/fc"
	"s/pkg/runtime/rapi"
	"s/pkg/runtime/sandbox"
)

// Instance is a running instance. Its methods may be called by any number of
// goroutines.
type Instance struct {
	cfg     *Config
	id      string
	proc    sandbox.Process
	logs    *collector
	driver  driver
	rewrite *strings.Replacer
	created time.Time
	started time.Duration // how long Start took

	exited chan struct{} // closed when the program has ended and its output is read
	done   chan struct{} // closed when nothing is left of the instance
	exit   sandbox.Exit  // valid once exited is closed

	initializing chan struct{} // holds a token while nobody runs the initializer
	initialized  bool          // guarded by the token

	freezer freezer

	mu       sync.Mutex
	gone     bool // takes nothing new
	inFlight int
	held     int // commands that run in it
	count    uint64
	lastUsed time.Time
	cold     bool // no invocation has waited for the start yet
}

// driver is how a kind of runtime gets its invocations.
type driver interface {
	// invoke runs one invocation. The error is ErrGone, errTimeout, errHungUp,
	// *exitError or an *fc.APIError.
	invoke(ctx context.Context, inv *Invocation) (*Result, error)
	// follow waits for the end of an invocation that invoke left with errHungUp.
	follow(inv *Invocation)
	// hook runs a lifecycle hook that is a handler; the body of a failed one is
	// its error document.
	hook(ctx context.Context, kind rapi.Type, hook *fc.LifecycleHook, requestID string) (body []byte, err error)
	// ready waits until the program can take invocations.
	ready(ctx context.Context) error
	// close is called when the program has ended.
	close(*exitError)
}

// Start starts an instance and returns when it can take invocations. The error
// is an *fc.APIError if the function itself is why it can't: 412
// FunctionNotStarted or CAExited, with the last output of the program; or an
// *InitError of a managed runtime; or the context's error.
func Start(ctx context.Context, config Config) (*Instance, error) {
	begin := time.Now()
	cfg := &config
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	rt, err := supported(cfg)
	if err != nil {
		return nil, err
	}
	i := &Instance{
		cfg: cfg, id: newID(), created: cfg.Now(), cold: true,
		exited: make(chan struct{}), done: make(chan struct{}), initializing: make(chan struct{}, 1),
	}
	i.lastUsed = i.created
	i.initializing <- struct{}{}
	l, err := lay(ctx, cfg, rt)
	if err != nil {
		return nil, startError(ctx, err)
	}
	kind := kindOf(cfg, rt, l)
	cfg.Spares.begin()
	defer cfg.Spares.end(kind)
	if !i.adopt(ctx, rt, l, kind) {
		if err := i.launch(ctx, rt, l); err != nil {
			_ = os.RemoveAll(i.dir())
			return nil, startError(ctx, err)
		}
	}
	go i.logs.run(i.proc.Done())
	go i.watch()
	if err := i.driver.ready(ctx); err != nil {
		i.Kill()
		return nil, err
	}
	i.started = time.Since(begin)
	return i, nil
}

// supported checks that this machine can run the runtime at all.
func supported(cfg *Config) (fc.Runtime, error) {
	rt, ok := fc.LookupRuntime(cfg.Function.Runtime)
	if !ok {
		return rt, &fc.APIError{
			Status: http.StatusBadRequest, Code: fc.CodeInvalidArgument,
			Message: fmt.Sprintf("unknown runtime %q", cfg.Function.Runtime),
		}
	}
	if !rt.Container {
		return rt, nil
	}
	if cfg.Launcher.Isolation().Mode == sandbox.ModeProcess {
		return rt, NoImages(cfg.Launcher.Isolation())
	}
	if cfg.Image == nil {
		return rt, notStarted("functions of runtime %s are images, and this one has none", rt.Name)
	}
	return rt, nil
}

func notStarted(format string, args ...any) *fc.APIError {
	return &fc.APIError{
		Status: http.StatusPreconditionFailed, Code: fc.CodeFunctionNotStarted,
		Message: fmt.Sprintf(format, args...),
	}
}

// startError makes an API error of what went wrong before the program ran.
func startError(ctx context.Context, err error) error {
	var api *fc.APIError
	if ctx.Err() != nil || errors.As(err, &api) {
		return err
	}
	return notStarted("the instance can't be started: %v", err)
}

// launch prepares and starts the program.
func (i *Instance) launch(ctx context.Context, rt fc.Runtime, l *layout) error {
	if err := errors.Join(place(&l.spec, i.cfg.WorkDir, i.id), l.resolve(i.cfg, i.dir())); err != nil {
		return err
	}
	i.rewrite = hostPaths(i.cfg, l.spec.Mounts)
	logs, w, err := newCollector(i.id, i.cfg, i.rewrite)
	if err != nil {
		return err
	}
	defer w.Close()
	i.logs = logs
	env := environment(i.cfg, rt, i.id, l)
	if rt.Custom {
		i.driver = newCustom(i, l, env)
	} else {
		i.driver, err = newManaged(i, env)
	}
	if err != nil {
		logs.pipe.close()
		return err
	}
	for _, w := range l.warnings {
		logs.say(w)
	}
	if env, err = l.debug(i.cfg, rt, env); err != nil {
		logs.pipe.close()
		i.driver.close(&exitError{sandbox.Exit{Code: -1, StartFail: err.Error()}})
		return notStarted("%v", err)
	}
	l.spec.Env, l.spec.Stdout, l.spec.Stderr = pairs(env), w, w
	i.proc, err = i.start(ctx, l)
	if err != nil {
		logs.pipe.close()
		i.driver.close(&exitError{sandbox.Exit{Code: -1, StartFail: err.Error()}})
		return err
	}
	if c, ok := i.driver.(*custom); ok {
		c.connect(i.proc.Addr())
	}
	if o := i.cfg.Debug; o != nil && o.Started != nil {
		o.Started(o.At(i.proc.Addr()))
	}
	return nil
}

// startLimit is how long a program may take until it can take invocations.
func (i *Instance) startLimit() time.Duration {
	if i.cfg.Debug != nil {
		return fc.MaxTimeoutSeconds * time.Second
	}
	return fc.MaxStartSeconds * time.Second
}

// start executes the program. Where the kernel doesn't lay the layers of an image
// over one another, the instance gets a copy of them.
func (i *Instance) start(ctx context.Context, l *layout) (sandbox.Process, error) {
	img := i.cfg.Image
	var refused *sandbox.LayersError
	if l.spec.Image == nil || img.Overlays() {
		p, err := i.cfg.Launcher.Launch(ctx, l.spec)
		if !errors.As(err, &refused) {
			return p, err
		}
	}
	l.spec.Image.Tree = filepath.Join(i.dir(), "tree")
	if err := os.Mkdir(l.spec.Image.Tree, 0o755); err != nil {
		return nil, err
	}
	if err := img.CopyTo(l.spec.Image.Tree); err != nil {
		return nil, fmt.Errorf("copy the image's layers: %w", err)
	}
	return i.cfg.Launcher.Launch(ctx, l.spec)
}

// watch waits for the end of the program and clears up after it.
func (i *Instance) watch() {
	<-i.proc.Done()
	i.leaveService()
	i.exit = i.proc.Exit()
	// Everything in the instance is dead, so the pipe is at its end; should
	// something of the host hold it open, what is there must do.
	select {
	case <-i.logs.finished:
	case <-time.After(time.Second):
		i.logs.drain()
	}
	close(i.exited)
	i.driver.close(&exitError{i.exit})
	_ = i.proc.Close()
	i.logs.pipe.close()
	<-i.logs.finished
	_ = os.RemoveAll(i.dir())
	close(i.done)
}

func (i *Instance) dir() string { return filepath.Join(i.cfg.WorkDir, i.id) }

// ID names the instance, c-<hex8>-<hex8>-<hex12>.
func (i *Instance) ID() string { return i.id }

// Done is closed when the instance has ended and nothing is left of it.
func (i *Instance) Done() <-chan struct{} { return i.done }

// leaveService makes the instance take nothing new.
func (i *Instance) leaveService() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.gone = true
}

// Stop ends the instance the gentle way: the preStop hook, SIGTERM, and after
// Config.Grace SIGKILL. It returns when nothing is left of it.
func (i *Instance) Stop(ctx context.Context) {
	i.leaveService()
	i.thaw()
	i.preStop(ctx)
	i.terminate()
	<-i.done
}

// terminate ends the program with SIGTERM and, after the grace, with SIGKILL.
// Its output is read when it returns.
func (i *Instance) terminate() {
	i.leaveService()
	i.thaw()
	grace := i.cfg.Grace
	if grace <= 0 {
		grace = DefaultGrace
	}
	if i.proc.Terminate() == nil {
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-i.exited:
			return
		case <-timer.C:
		}
	}
	i.proc.Kill()
	<-i.exited
}

// Kill ends the instance at once and returns when nothing is left of it.
func (i *Instance) Kill() {
	i.leaveService()
	i.proc.Kill()
	<-i.done
}

// Info describes the instance.
func (i *Instance) Info() Info {
	current, _ := i.proc.Memory()
	i.mu.Lock()
	defer i.mu.Unlock()
	info := Info{
		ID: i.id, Qualifier: i.cfg.Qualifier, VersionID: i.cfg.VersionID, PID: i.proc.PID(),
		Created: i.created, LastUsed: i.lastUsed, InFlight: i.inFlight, Invocation: i.count,
		MemoryMB: float64(current) / (1 << 20), Process: awake{i.proc, i}, State: "Idle",
	}
	switch {
	case i.gone:
		info.State = "Stopping"
	case i.inFlight > 0:
		info.State = "Busy"
	case i.freezer.frozen.Load():
		info.State = "Frozen"
	}
	return info
}

// newID makes an instance id, c-<hex8>-<hex8>-<hex12>.
func newID() string {
	h := randomHex(14)
	return "c-" + h[:8] + "-" + h[8:16] + "-" + h[16:]
}

// newRequestID makes a request id as FC 3.0 has them, 1-<hex8>-<hex8>-<hex12>.
func newRequestID() string {
	h := randomHex(14)
	return "1-" + h[:8] + "-" + h[8:16] + "-" + h[16:]
}

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}
