// Package gateway is the invoke path of the local cloud: InvokeFunction of both
// APIs, HTTP triggers, live logs and commands inside instances. It keeps a pool
// of instances per function, made when it is first needed and replaced when the
// function changes. It is given API requests whose signature has been checked;
// HTTP triggers are checked here, since each says itself whether it wants one.
package gateway

import (
	"context"
	"math/rand/v2"
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
	// Resolve finds the function that a qualifier stands for (store.Store.Resolve);
	// the error is an API error or *store.NotFoundError.
	Resolve(region, function, qualifier string, by *store.Choice) (store.Resolved, error)
	// Leads reports whether a qualifier still leads to what it was resolved to.
	Leads(store.Resolved) bool
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
	// Scale gives how many instances a function may and is to have at a qualifier;
	// nil is what its pool does by itself.
	Scale func(region, function, qualifier string) instance.Scale
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
	// Random gives numbers from 0 up to 1, by which an alias chooses a version; nil
	// is the usual source.
	Random func() float64
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

	mu       sync.RWMutex
	entries  map[key]*entry
	underWay map[store.FunctionKey]*atomic.Int64 // invocations of functions that have or had a pool
	closed   bool
}

// key names a pool. The instances of a function that are reached by another
// qualifier are others: they see it in their environment. version is empty for
// LATEST.
type key struct{ region, function, qualifier, version string }

func keyOf(r store.Resolved) key {
	return key{r.Function.Region, r.Function.Function.FunctionName, r.Qualifier, r.VersionID}
}

// of reports whether a pool is one of a function's.
func (k key) of(region, function string) bool { return k.region == region && k.function == function }

// versionless is a key for what goes over from one version of an alias to another.
func (k key) versionless() key {
	k.version = ""
	return k
}

// entry is the pool of one revision of a function.
type entry struct {
	store.Resolved
	fn      *store.Function // that of Resolved
	image   *image.Image    // nil if it has code
	custom  bool            // the function is an HTTP server itself
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
	if cfg.Random == nil {
		cfg.Random = rand.Float64
	}
	g := &Gateway{cfg: cfg, entries: map[key]*entry{}, underWay: map[store.FunctionKey]*atomic.Int64{}}
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
	e, err := g.entry(ctx, &Target{Region: region, Function: function})
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

// Changed tells that a function was created, updated or deleted: its old instances
// finish what they do and end, its new code is unpacked meanwhile. Those of its
// versions are left alone.
func (g *Gateway) Changed(region, function string) {
	current, err := g.cfg.Store.Resolve(region, function, fc.LatestQualifier, nil)
	if err != nil {
		current = store.Resolved{}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return
	}
	for k, e := range g.entries {
		if k.of(region, function) && !g.cfg.Store.Leads(e.Resolved) {
			delete(g.entries, k)
			g.retire(e)
		}
	}
	if current.Function == nil {
		g.heirs.forget(region, function)
		delete(g.underWay, store.FunctionKey{Region: region, Function: function})
	}
	g.wg.Go(func() { g.ahead(current) })
}

// ahead does what the first invocation would have to wait for. What goes wrong
// is for that one to tell. Without a function, it removes the image that it had.
func (g *Gateway) ahead(current store.Resolved) {
	f := current.Function
	switch {
	case f == nil && g.cfg.Images != nil:
		g.cfg.Images.Collect()
	case f == nil:
	case f.Image() != "" || g.scale(keyOf(current)).Min > 0:
		_, _ = g.enter(current)
	case f.Code.SHA256 != "":
		if _, release, err := g.cfg.Store.OpenCode(f.Code.SHA256); err == nil {
			release()
		}
		if len(f.LayerCode) > 0 {
			_, _ = g.enter(current) // what layers make together is there as long as it is used
		}
	}
}

// retire drains an entry in the background. The gateway is locked.
func (g *Gateway) retire(e *entry) {
	limit := time.Duration(e.fn.Function.Timeout)*time.Second + drainGrace
	gone := g.heirs.leave(keyOf(e.Resolved).versionless(), e)
	g.wg.Go(func() {
		defer gone()
		ctx, cancel := context.WithTimeout(g.ctx, limit)
		defer cancel()
		e.close(func(p Pool) { p.Drain(ctx) })
	})
}

// entryOf gives the pool of a revision, once it is ready.
func (g *Gateway) entryOf(ctx context.Context, r store.Resolved) (*entry, error) {
	g.mu.RLock()
	e := g.entries[keyOf(r)]
	g.mu.RUnlock()
	if e == nil || e.fn != r.Function {
		var err error
		if e, err = g.enter(r); err != nil {
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
func (g *Gateway) enter(r store.Resolved) (*entry, error) {
	k, fn := keyOf(r), r.Function
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
	if !g.cfg.Store.Leads(r) { // or nobody would ever end the pool
		return nil, errMoved
	}
	e := &entry{Resolved: r, fn: fn, custom: fc.IsCustom(fn.Function.Runtime), ready: make(chan struct{})}
	g.entries[k] = e
	if old != nil {
		g.retire(old)
	}
	g.wg.Go(func() {
		defer close(e.ready)
		if e.err = g.fill(e); e.err != nil {
			g.forget(k, e)
		} else {
			g.heirs.adopt(k.versionless(), e)
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
		img, e.release, err = g.image(reference, e.fn.Function.CustomContainerConfig.RegistryConfig)
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
		Function: e.fn.Function, Qualifier: e.Qualifier, VersionID: e.VersionID, Region: e.fn.Region, AccountID: g.cfg.AccountID,
		AccessKeyID: g.cfg.AccessKeyID, AccessKeySecret: g.cfg.AccessKeySecret, SecurityToken: g.cfg.SecurityToken,
		CodeDir: dir, LayerDir: layers, Image: img, WorkDir: g.cfg.WorkDir, SharedDir: g.cfg.SharedDir, Launcher: g.cfg.Launcher, Toolchain: g.cfg.Toolchain,
		HTTPParams: !e.custom && service != "", UnderWay: g.counter(e.fn.Region, e.fn.Function.FunctionName),
		IdleTimeout: g.cfg.IdleTimeout, MaxInstances: g.cfg.MaxInstances, Now: g.cfg.Now, Logs: e.live.add,
	}
	if g.cfg.Adjust != nil {
		g.cfg.Adjust(&cfg)
	}
	e.pool = g.cfg.NewPool(cfg)
	return nil
}

func stopping() error {
	return &fc.APIError{Status: http.StatusServiceUnavailable, Code: "ServiceUnavailable", Message: "the local cloud is stopping"}
}
