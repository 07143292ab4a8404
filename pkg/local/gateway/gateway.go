// Package gateway is the invoke path of the local cloud: InvokeFunction of both
// APIs, HTTP triggers, live logs and commands inside instances. It keeps a pool
// of instances per function, made when it is first needed and replaced when the
// function changes. It is given API requests whose signature has been checked;
// HTTP triggers are checked here, since each says itself whether it wants one.
package gateway

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"s/pkg/fc"
	"s/pkg/local/jwtauth"
	"s/pkg/local/route"
	"s/pkg/local/store"
	"s/pkg/runtime/image"
	"s/pkg/runtime/instance"
	"s/pkg/runtime/sandbox"
	"s/pkg/toolchain"
)

// drainGrace is added to a function's timeout when its pool is drained.
const drainGrace = 10 * time.Second

// Pool is the instances of one function, as the gateway needs it.
type Pool interface {
	// Invoke runs an invocation on an instance.
	Invoke(ctx context.Context, inv *instance.Invocation) (*instance.Result, error)
	// Instances lists those that run.
	Instances() []instance.Info
	// Warm starts an instance, unless one is there.
	Warm(ctx context.Context) error
	// Scale rules the number of instances from now on.
	Scale(instance.Scale)
	// Kept tells how many of those that are to be there always are, and why others
	// aren't.
	Kept() (current int, problem string)
	// Drain lets the invocations under way end, then stops the instances.
	Drain(ctx context.Context)
	// Close kills the instances.
	Close()
}

// Functions is where the gateway finds functions, their HTTP triggers and their
// code. What it gives isn't changed any more: a function that changed is another
// one. *store.Store is one.
type Functions interface {
	// Function finds a function; the error is an API error or *store.NotFoundError.
	Function(region, name string) (*store.Function, error)
	// HTTPTrigger finds a function's HTTP trigger of a qualifier.
	HTTPTrigger(region, function, qualifier string) (*store.Trigger, error)
	// TriggerByHost finds an HTTP trigger by the first label of its host name.
	TriggerByHost(region, label string) (*store.Trigger, error)
	// OpenCode gives the folder of the code that a function refers to. It stays
	// until release is called.
	OpenCode(sha string) (dir string, release func(), err error)
	// OpenLayers gives the folder that a function's layers make together; empty
	// without layers. It stays until release is called.
	OpenLayers(layers []store.Code) (dir string, release func(), err error)
}

// Config is what the gateway needs to know.
type Config struct {
	Store     Functions
	AccountID string
	// Keys that the functions are given as their role's.
	AccessKeyID, AccessKeySecret, SecurityToken string
	Launcher                                    sandbox.Launcher
	// Toolchain finds interpreters for the instances.
	Toolchain *toolchain.Finder
	// Images opens the images of containers; nil is a gateway without.
	Images Images
	// WorkDir is where instances keep their temporary folders.
	WorkDir string
	// SharedDir keeps the folders that stand in for NAS and OSS mounts.
	SharedDir    string
	IdleTimeout  time.Duration // of an instance; zero is the pool's default
	MaxInstances int           // of a function; zero is the pool's default
	// Scale gives how many instances a function may and is to have; nil is what
	// its pool does by itself.
	Scale func(region, function string) instance.Scale
	// Restriction is why a function may not be called, nil if it may be; without one,
	// all may be.
	Restriction func(region, function string) *fc.FunctionRestriction
	// NewPool makes the pool of a function.
	NewPool func(instance.Config) Pool
	// Closed reports whether an error of a pool's says that it takes no more
	// invocations, so that the one at hand should go to its successor.
	Closed func(error) bool
	// Verify checks the signature of a request to an HTTP trigger.
	Verify func(*http.Request) error
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Accept puts an asynchronous invocation in the queue; nil refuses them.
	Accept func(*store.Event) error
	// Adjust, if set, changes how the instances of a function are started.
	Adjust func(*instance.Config)
}

// Gateway serves invocations.
type Gateway struct {
	cfg  Config
	logs sessions

	tables memo[*route.Table]   // of custom domains
	guards memo[*jwtauth.Guard] // of doors
	heirs  heirs

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	wg     sync.WaitGroup // drains and unpacking under way

	mu      sync.RWMutex
	entries map[key]*entry
	closed  bool
}

type key struct{ region, function string }

// entry is the pool of one revision of a function.
type entry struct {
	fn      *store.Function
	image   *image.Image // nil if it has code
	custom  bool         // the function is an HTTP server itself
	ready   chan struct{}
	err     error // why there is no pool, once ready
	pool    Pool
	release func()
	live    liveLogs
	scaling sync.Mutex // held while the pool is scaled
	aborted atomic.Bool
}

// New makes a gateway.
func New(cfg Config) *Gateway {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	g := &Gateway{cfg: cfg, entries: map[key]*entry{}}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	return g
}

// Close kills all instances and returns when nothing runs any more.
func (g *Gateway) Close() {
	g.cancel()
	g.end(func(p Pool) { p.Close() })
	g.wg.Wait()
}

// Drain takes nothing new and lets what runs end the gentle way, hooks and all;
// when the context ends, what is left is killed. Close must follow.
func (g *Gateway) Drain(ctx context.Context) {
	g.end(func(p Pool) { p.Drain(ctx) })
}

// end ends all pools the given way.
func (g *Gateway) end(how func(Pool)) {
	g.mu.Lock()
	g.closed = true
	entries := g.entries
	g.entries = map[key]*entry{}
	g.mu.Unlock()
	var closing sync.WaitGroup
	for _, e := range entries {
		closing.Go(func() { e.close(how) })
	}
	closing.Wait()
}

// Warm starts an instance of a function, unless one is there.
func (g *Gateway) Warm(ctx context.Context, region, function string) error {
	e, err := g.entry(ctx, region, function)
	if err != nil {
		return err
	}
	return e.pool.Warm(ctx)
}

// close ends an entry's pool the given way and gives its code back.
func (e *entry) close(end func(Pool)) {
	<-e.ready
	if e.pool != nil {
		end(e.pool)
	}
	if e.release != nil {
		e.release()
	}
}

// Changed tells that a function was created, updated or deleted: its old
// instances finish what they do and end, its new code is unpacked meanwhile.
func (g *Gateway) Changed(region, function string) {
	current, err := g.cfg.Store.Function(region, function)
	if err != nil {
		current = nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return
	}
	k := key{region, function}
	if old := g.entries[k]; old != nil && old.fn != current {
		delete(g.entries, k)
		g.retire(old)
	}
	if current == nil {
		g.heirs.forget(k)
	}
	g.wg.Go(func() { g.ahead(k, current) })
}

// ahead does what the first invocation would have to wait for. What goes wrong
// is for that one to tell. Without a function, it removes the image that it had.
func (g *Gateway) ahead(k key, current *store.Function) {
	switch {
	case current == nil && g.cfg.Images != nil:
		g.cfg.Images.Collect()
	case current == nil:
	case current.Image() != "" || g.scale(k).Min > 0:
		_, _ = g.enter(k, current)
	case current.Code.SHA256 != "":
		if _, release, err := g.cfg.Store.OpenCode(current.Code.SHA256); err == nil {
			release()
		}
		if len(current.LayerCode) > 0 {
			_, _ = g.enter(k, current) // what layers make together is there as long as it is used
		}
	}
}

// retire drains an entry in the background. The gateway is locked.
func (g *Gateway) retire(e *entry) {
	limit := time.Duration(e.fn.Function.Timeout)*time.Second + drainGrace
	gone := g.heirs.leave(key{e.fn.Region, e.fn.Function.FunctionName}, e)
	g.wg.Go(func() {
		defer gone()
		ctx, cancel := context.WithTimeout(g.ctx, limit)
		defer cancel()
		e.close(func(p Pool) { p.Drain(ctx) })
	})
}

// entry gives the pool of the function's current revision. A revision that was
// replaced while it was being looked at may have lost its code to that: then the
// next one is taken.
func (g *Gateway) entry(ctx context.Context, region, function string) (*entry, error) {
	fn, err := g.cfg.Store.Function(region, function)
	for err == nil {
		var e *entry
		if e, err = g.entryOf(ctx, key{region, function}, fn); err == nil {
			return e, nil
		}
		current, lost := g.cfg.Store.Function(region, function)
		if lost != nil || current == fn || ctx.Err() != nil {
			return nil, err
		}
		fn, err = current, nil
	}
	return nil, err
}

// entryOf gives the pool of a revision, once it is ready.
func (g *Gateway) entryOf(ctx context.Context, k key, fn *store.Function) (*entry, error) {
	g.mu.RLock()
	e := g.entries[k]
	g.mu.RUnlock()
	if e == nil || e.fn != fn {
		var err error
		if e, err = g.enter(k, fn); err != nil {
			return nil, err
		}
	}
	select {
	case <-e.ready:
	default:
		select {
		case <-e.ready:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if e.err != nil {
		return nil, e.err
	}
	return e, nil
}

// enter makes the entry of a function, or finds the one that another request
// has just made.
func (g *Gateway) enter(k key, fn *store.Function) (*entry, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, stopping()
	}
	if err := g.disabled(k.region, k.function); err != nil {
		return nil, err // of one that was disabled while it was being looked at
	}
	old := g.entries[k]
	if old != nil && (old.fn == fn || old.fn.Revision > fn.Revision && old.fn.Function.FunctionID == fn.Function.FunctionID) {
		return old, nil
	}
	e := &entry{fn: fn, custom: fc.IsCustom(fn.Function.Runtime), ready: make(chan struct{})}
	g.entries[k] = e
	if old != nil {
		g.retire(old)
	}
	g.wg.Go(func() {
		defer close(e.ready)
		if e.err = g.fill(e); e.err != nil {
			g.forget(k, e)
		} else {
			g.heirs.adopt(k, e)
		}
		g.scaleEntry(e)
	})
	return e, nil
}

// forget removes an entry that came to nothing, so that the next request tries
// again.
func (g *Gateway) forget(k key, e *entry) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.entries[k] == e {
		delete(g.entries, k)
	}
}

// fill unpacks the code or the image and makes the pool.
func (g *Gateway) fill(e *entry) error {
	var dir string
	var img *image.Image
	var err error
	if reference := e.fn.Image(); reference != "" {
		img, e.release, err = g.image(reference)
	} else {
		dir, e.release, err = g.cfg.Store.OpenCode(e.fn.Code.SHA256)
	}
	if err != nil {
		return err
	}
	layers, releaseLayers, err := g.cfg.Store.OpenLayers(e.fn.LayerCode)
	if err != nil {
		e.release()
		return err
	}
	releaseCode := e.release
	e.release = func() { releaseLayers(); releaseCode() }
	e.image = img
	service, _ := fc.SplitName(e.fn.Function.FunctionName)
	cfg := instance.Config{
		Function: e.fn.Function, Qualifier: fc.LatestQualifier, Region: e.fn.Region, AccountID: g.cfg.AccountID,
		AccessKeyID: g.cfg.AccessKeyID, AccessKeySecret: g.cfg.AccessKeySecret, SecurityToken: g.cfg.SecurityToken,
		CodeDir: dir, LayerDir: layers, Image: img, WorkDir: g.cfg.WorkDir, SharedDir: g.cfg.SharedDir, Launcher: g.cfg.Launcher, Toolchain: g.cfg.Toolchain,
		HTTPParams:  !e.custom && service != "",
		IdleTimeout: g.cfg.IdleTimeout, MaxInstances: g.cfg.MaxInstances, Now: g.cfg.Now, Logs: e.live.add,
	}
	if g.cfg.Adjust != nil {
		g.cfg.Adjust(&cfg)
	}
	e.pool = g.cfg.NewPool(cfg)
	return nil
}

// Instances lists the running instances of a function.
func (g *Gateway) Instances(region, function string) []instance.Info {
	g.mu.RLock()
	e := g.entries[key{region, function}]
	g.mu.RUnlock()
	if e == nil {
		return nil
	}
	select {
	case <-e.ready:
	default:
		return nil
	}
	if e.pool == nil {
		return nil
	}
	return e.pool.Instances()
}

func stopping() error {
	return &fc.APIError{Status: http.StatusServiceUnavailable, Code: "ServiceUnavailable", Message: "the local cloud is stopping"}
}
