package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"s/pkg/fc/fcsign"
	"s/pkg/local/flock"
	"s/pkg/local/gateway"
	"s/pkg/runtime/image"
	"s/pkg/runtime/instance"
	"s/pkg/runtime/pool"
	"s/pkg/runtime/sandbox"
	"s/pkg/toolchain"
)

// drainTime is how long instances may take to end the gentle way.
const drainTime = 2 * time.Second

// debugIdle is how long an instance that is debugged may idle: for good.
const debugIdle = 365 * 24 * time.Hour

// DevOptions says how a Dev is started.
type DevOptions struct {
	// Home is the folder of s; below it are the temporary folders.
	Home string
	// Port is the first port of the loopback: of the invoke API. HTTP triggers
	// have those that follow. 0 is any free one, for each.
	Port int
	// SharedDir, if set, keeps the folders that stand in for NAS file systems and
	// OSS buckets instead of those of the functions.
	SharedDir string
	// Signed makes the invoke API serve signed requests only.
	Signed bool
	// Toolchain finds interpreters; nil searches the system's own places.
	Toolchain *toolchain.Finder
	// Engines have images, too; they are asked before the registry.
	Engines []image.Engine
	// Launcher starts instances; nil makes the best that the kernel allows.
	Launcher sandbox.Launcher
	// NewPool makes the instances of a function; nil is the real ones.
	NewPool func(instance.Config) gateway.Pool
	// AssumeRole is as in Options.
	AssumeRole AssumeRole
	// Spares keeps processes that wait for functions, so that new instances start
	// faster.
	Spares bool
	// Line is told what a function prints; nil is told nothing. It must not
	// block for long.
	Line func(function string, line instance.LogLine)
	// Answered is told of each request to an HTTP trigger or the invoke API.
	Answered func(DevAnswer)
}

// DevAnswer is a request that was answered.
type DevAnswer struct {
	Function string // DevFunction.Name
	Method   string
	Path     string
	Status   int
	// ErrorType is that of a function that failed, as the invoke API tells it.
	ErrorType string
	Took      time.Duration
}

// Dev serves functions from the working tree, in this process and on loopback:
// the invoke API, and every HTTP trigger on a port of its own. Nothing is stored.
type Dev struct {
	o         DevOptions
	ctx       context.Context // that of StartDev, without its end
	dir       string
	lock      *os.File
	keys      *keys
	functions *devFunctions
	images    devImages
	launcher  sandbox.Launcher
	owned     bool
	spares    *instance.Spares
	roles     *roles
	gateway   *gateway.Gateway
	async     devQueue
	verifier  *fcsign.Verifier
	api       *devListener

	mu        sync.Mutex
	triggers  map[devKey]*devListener
	debuggers map[int]*debugRelay
	serving   sync.WaitGroup
	closed    bool
}

// StartDev starts a server without functions; Set gives it some. Errors are
// *PortTakenError for Port, or the system's.
func StartDev(ctx context.Context, o DevOptions) (*Dev, error) {
	d := &Dev{o: o, ctx: context.WithoutCancel(ctx), keys: newKeys(), launcher: o.Launcher, triggers: map[devKey]*devListener{}, debuggers: map[int]*debugRelay{}}
	if err := d.open(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (d *Dev) open(ctx context.Context) error {
	var err error
	if d.dir, d.lock, err = ownFolder(filepath.Join(d.o.Home, "dev")); err != nil {
		return err
	}
	if d.launcher == nil {
		if d.launcher, err = sandbox.NewLauncher(sandbox.Options{StateDir: filepath.Join(d.dir, "sandbox")}); err != nil {
			return err
		}
		d.owned = true
	}
	d.functions = newDevFunctions(filepath.Join(d.dir, "code"))
	// Beside the folder: unpacked images are there for the next time.
	d.images.options = image.Options{Dir: d.dir + "-images", Wanted: d.functions.wants, Engines: d.o.Engines}
	work := filepath.Join(d.dir, "instances")
	if err := os.MkdirAll(work, 0o700); err != nil {
		return err
	}
	d.roles = newRoles(d.o.AssumeRole, d.keys.AccountID, time.Now)
	d.verifier = fcsign.NewVerifier(d.keys.lookup, time.Now)
	newPool := d.o.NewPool
	if newPool == nil {
		if d.o.Spares {
			d.spares = instance.NewSpares(instance.SparesOptions{})
		}
		newPool = sparing(d.spares)
	}
	d.gateway = gateway.New(gateway.Config{
		Store: d.functions, AccountID: d.keys.AccountID, AccessKeyID: d.keys.FunctionKeyID, AccessKeySecret: d.keys.FunctionSecret,
		SecurityToken: d.keys.FunctionToken, Launcher: d.launcher, Toolchain: d.o.Toolchain, WorkDir: work, Images: &d.images,
		NewPool: newPool, Adjust: d.adjust, Accept: d.async.accept,
		Closed: func(err error) bool { return errors.Is(err, pool.ErrClosed) },
		// HTTP triggers that want a signature are answered without: there is no
		// key that a developer could sign with.
		Verify: func(*http.Request) error { return nil },
	})
	d.async.dir, d.async.invoke = filepath.Join(d.dir, "async"), d.gateway.InvokeEvent
	d.api, err = d.listen(ctx, d.o.Port, http.HandlerFunc(d.serveAPI))
	return err
}

// ownFolder finds the first folder below parent that no other process uses, and
// empties it of what a killed one has left.
func ownFolder(parent string) (dir string, lock *os.File, err error) {
	for n := 0; ; n++ {
		dir = filepath.Join(parent, strconv.Itoa(n))
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return "", nil, err
		}
		name := filepath.Join(parent, strconv.Itoa(n)+".lock")
		lock, err = flock.Try(name)
		if errors.Is(err, flock.ErrLocked) {
			continue
		}
		if err != nil {
			return "", nil, err
		}
		if err = emptyFolder(dir); err != nil {
			lock.Close()
			return "", nil, err
		}
		return dir, lock, nil
	}
}

// emptyFolder removes what is in a folder but the sandbox's note of its cgroups,
// which the next one clears up by.
func emptyFolder(dir string) error {
	names, err := os.ReadDir(dir)
	for _, n := range names {
		if n.Name() != "sandbox" {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, n.Name())))
		}
	}
	return err
}

// adjust changes how a function's instances are started.
func (d *Dev) adjust(cfg *instance.Config) {
	d.roles.give(cfg)
	e := d.functions.named(cfg.Region, cfg.Function)
	if e == nil {
		return
	}
	cfg.LayerDir, cfg.SharedDir = e.layers, cmp.Or(d.o.SharedDir, e.given.SharedDir)
	live, name := cfg.Logs, e.given.Name
	cfg.Logs = func(line instance.LogLine) {
		live(line)
		if d.o.Line != nil {
			d.o.Line(name, line)
		}
	}
	if d.launcher.Isolation().Mode == sandbox.ModeProcess {
		cfg.Function.EnvironmentVariables = leavingNoBytecode(cfg.Function.EnvironmentVariables)
	}
	if e.given.Debug != nil {
		debug := *e.given.Debug
		debug.Started = func(addr string) { d.debugStarted(debug.Port, addr) }
		cfg.Debug, cfg.MaxInstances, cfg.IdleTimeout = &debug, 1, debugIdle
	}
}

// leavingNoBytecode keeps Python from writing into the working tree, where nothing
// else does: what it compiled would be taken for that of a file of the same size
// saved within the same second.
func leavingNoBytecode(given map[string]string) map[string]string {
	env := map[string]string{"PYTHONDONTWRITEBYTECODE": "1"}
	maps.Copy(env, given)
	return env
}

// Endpoint is where the invoke API is, http://127.0.0.1:port.
func (d *Dev) Endpoint() string { return d.api.url() }

// Info is what a client of the invoke API must know.
func (d *Dev) Info() Info {
	return Info{
		Endpoint: d.Endpoint(), AccountID: d.keys.AccountID, Region: DefaultRegion, AccessKeyID: d.keys.AccessKeyID,
		AccessKeySecret: d.keys.AccessKeySecret, PID: os.Getpid(), DataDir: d.dir, Isolation: d.launcher.Isolation(),
	}
}

// Set serves these functions instead of those before. Of one that changed, the
// invocations under way end on its old instances; one that can't be served stays
// as it was, and the error tells why.
func (d *Dev) Set(ctx context.Context, functions []DevFunction) error {
	var failed []error
	var entries []*devEntry
	for _, f := range functions {
		e, err := d.functions.prepare(f)
		if err != nil {
			failed = append(failed, err)
			if e = d.functions.entry(f.Region, f.Function.FunctionName); e == nil {
				continue
			}
		}
		entries = append(entries, e)
	}
	for _, key := range d.functions.set(entries) {
		d.gateway.Changed(key.region, key.name)
	}
	failed = append(failed, d.listenAll(ctx, entries), d.relayAll(ctx, entries))
	return errors.Join(failed...)
}

// Warm starts an instance of a function: a debugger can attach to it before the
// first invocation.
func (d *Dev) Warm(ctx context.Context, name string) error {
	e := d.byName(name)
	if e == nil {
		return fmt.Errorf("%s isn't served", name)
	}
	return d.gateway.Warm(ctx, e.given.Region, e.given.Function.FunctionName)
}

func (d *Dev) byName(name string) *devEntry {
	d.functions.mu.RLock()
	defer d.functions.mu.RUnlock()
	for _, e := range d.functions.entries {
		if e.given.Name == name {
			return e
		}
	}
	return nil
}

// Close ends all instances, the gentle way as far as they take no longer than
// some seconds, and removes what was made. Nothing runs when it returns.
func (d *Dev) Close() error {
	d.mu.Lock()
	d.closed = true
	listeners := []*devListener{d.api}
	for _, l := range d.triggers {
		listeners = append(listeners, l)
	}
	for _, relay := range d.debuggers {
		relay.close()
	}
	d.mu.Unlock()
	var errs []error
	for _, l := range listeners {
		if l != nil {
			_ = l.listener.Close() // new requests are refused; those under way go on
		}
	}
	d.async.stop()
	if d.gateway != nil {
		ctx, cancel := context.WithTimeout(d.ctx, drainTime)
		defer cancel()
		d.gateway.Drain(ctx)
		d.gateway.Close()
	}
	d.roles.close()
	for _, l := range listeners {
		if l != nil {
			_ = l.server.Close()
		}
	}
	d.serving.Wait()
	errs = append(errs, d.async.close())
	d.spares.Close()
	if closer, ok := d.launcher.(io.Closer); ok && d.owned {
		errs = append(errs, closer.Close())
	}
	d.images.close()
	if d.lock != nil {
		errs = append(errs, os.RemoveAll(d.dir), d.lock.Close())
	}
	return errors.Join(errs...)
}

// devListener is a port and who answers there.
type devListener struct {
	listener net.Listener
	server   *http.Server
}

func (l *devListener) url() string { return "http://" + l.listener.Addr().String() }

// listen serves a port of the loopback; 0 is any free one.
func (d *Dev) listen(ctx context.Context, port int, handler http.Handler) (*devListener, error) {
	listener, err := listen(ctx, net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	l := &devListener{listener: listener, server: newServer(handler, io.Discard)}
	d.serving.Go(func() { _ = l.server.Serve(listener) }) // it ends with the listener
	return l, nil
}
