package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"s/pkg/fc"
	"s/pkg/fc/fcsign"
	"s/pkg/local/async"
	"s/pkg/local/control"
	"s/pkg/local/gateway"
	"s/pkg/local/oss"
	"s/pkg/local/sls"
	"s/pkg/local/store"
	"s/pkg/local/sts"
	"s/pkg/local/triggers"
	"s/pkg/runtime/image"
	"s/pkg/runtime/instance"
	"s/pkg/runtime/pool"
	"s/pkg/runtime/rawio"
	"s/pkg/runtime/sandbox"
	"s/pkg/toolchain"
)

// Defaults of the local cloud.
const (
	DefaultPort   = 19800
	DefaultRegion = "cn-hangzhou"
)

// stopGrace is how long requests under way may take once the cloud stops.
const stopGrace = 3 * time.Second

// Options says how a Cloud is started. The zero value works but for DataDir.
type Options struct {
	// DataDir keeps the state; it is made if missing.
	DataDir string
	// Addr is host:port of the loopback to listen on; empty is any free port.
	Addr string
	// Region of requests that name none; empty is DefaultRegion.
	Region string
	// Version of s, for status.
	Version string
	// SharedDir keeps the folders that stand in for NAS file systems (nas/<server>)
	// and OSS buckets (oss/<bucket>); empty is DataDir.
	SharedDir string
	// Launcher starts instances; nil makes the best that the kernel allows.
	Launcher sandbox.Launcher
	// Toolchain finds interpreters; nil searches the system's own places.
	Toolchain *toolchain.Finder
	// Engines have images beside those in files and registries; nil is none.
	Engines []image.Engine
	// NewPool makes the instances of a function; nil is the real ones.
	NewPool func(instance.Config) gateway.Pool
	// IdleTimeout and MaxInstances rule the instances of a function; zero are
	// the pool's defaults.
	IdleTimeout  time.Duration
	MaxInstances int
	// Log gets what goes wrong with connections; nil drops it.
	Log io.Writer
	// AssumeRole gives functions that have a role credentials of it; without, they
	// get keys of the local cloud's.
	AssumeRole AssumeRole
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// PortTakenError says that another program has the port.
type PortTakenError struct {
	Addr   string
	Holder string // which program, if that can be found out
}

// Error names the port and who has it.
func (e *PortTakenError) Error() string {
	if e.Holder == "" {
		return fmt.Sprintf("%s is taken by another program", e.Addr)
	}
	return fmt.Sprintf("%s is taken by %s", e.Addr, e.Holder)
}

// Cloud is a running local cloud.
type Cloud struct {
	info     Info
	now      func() time.Time
	log      io.Writer
	store    *store.Store
	queue    *store.Queue
	async    *async.Dispatcher
	triggers *triggers.Service
	images   *image.Store
	launcher sandbox.Launcher
	owned    bool // the launcher was made here
	spares   *instance.Spares
	roles    *roles
	gateway  *gateway.Gateway
	control  *control.API
	verifier *fcsign.Verifier
	issuer   *sts.Issuer
	oss      *oss.Service
	sts      *sts.Service
	sls      *sls.Service
	logs     *keptLogs
	server   *http.Server
	rest     *rest

	attention rawio.Attention // for one caller at a time, and its function

	stop  chan struct{} // closed when a client asks for the end
	asked sync.Once
	done  chan struct{} // closed when the server has ended
	err   error         // of the server, once done
}

// Start starts a local cloud: the store, the gateway and the API, on loopback.
// It serves when Start returns, until Close. Errors are the store's,
// *PortTakenError or the system's.
func Start(ctx context.Context, o Options) (*Cloud, error) {
	o = withDefaults(o)
	listener, err := listen(ctx, o.Addr)
	if err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	c := &Cloud{now: o.Now, log: o.Log, launcher: o.Launcher, stop: make(chan struct{}), done: make(chan struct{})}
	if err := c.open(ctx, o, listener.Addr().String()); err != nil {
		return nil, errors.Join(err, listener.Close(), c.closeParts())
	}
	c.rest = newRest()
	c.server = newServer(c.rest.of(c), o.Log)
	go func() {
		defer close(c.done)
		if err := c.attention.Serve(c.server, listener); !errors.Is(err, http.ErrServerClosed) {
			c.err = err
		}
		c.end()
	}()
	return c, nil
}

// newServer makes the HTTP server of the loopback, which tells log what goes wrong
// with connections. It speaks HTTP/1.1, and HTTP/2 in cleartext with those who
// begin with it, as callers of gRPC do.
func newServer(handler http.Handler, out io.Writer) *http.Server {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 5 * time.Minute,
		ErrorLog: log.New(out, "", log.LstdFlags), Protocols: new(http.Protocols),
	}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	return server
}

func withDefaults(o Options) Options {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if o.Region == "" {
		o.Region = DefaultRegion
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// listen binds a loopback address, and no other.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("the local cloud listens on loopback addresses only, not on %s", addr)
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	if isTaken(err) {
		return nil, &PortTakenError{Addr: addr, Holder: holder(addr)}
	}
	return listener, err
}

// open opens the parts. What was opened when it fails is closed by closeParts.
func (c *Cloud) open(ctx context.Context, o Options, address string) error {
	var err error
	if c.store, err = store.Open(ctx, o.DataDir); err != nil {
		return err
	}
	dir := c.store.Dir()
	if c.queue, err = store.OpenQueue(ctx, dir, o.Now()); err != nil {
		return err
	}
	if c.logs, err = openKeptLogs(ctx, dir, o.Log); err != nil {
		return err
	}
	c.images, err = image.Open(image.Options{Dir: filepath.Join(dir, "images"), Wanted: c.store.HasImage, Engines: o.Engines})
	if err != nil {
		return err
	}
	k, err := loadKeys(dir)
	if err != nil {
		return err
	}
	if c.launcher == nil {
		state := filepath.Join(dir, "sandbox")
		if c.launcher, err = sandbox.NewLauncher(sandbox.Options{StateDir: state}); err != nil {
			return err
		}
		c.owned = true
	}
	if err := os.Remove(filepath.Join(dir, infoName)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err // of a process that was killed: its number may be another's by now
	}
	work := filepath.Join(dir, "instances")
	if err := os.RemoveAll(work); err != nil { // of a process that was killed
		return err
	}
	if err := os.MkdirAll(work, 0o700); err != nil {
		return err
	}
	c.info = Info{
		Endpoint: "http://" + address, AccountID: k.AccountID, Region: o.Region, AccessKeyID: k.AccessKeyID,
		AccessKeySecret: k.AccessKeySecret, PID: os.Getpid(), DataDir: dir, Isolation: c.launcher.Isolation(), Version: o.Version,
	}
	return c.serve(o, k, work, address)
}

// serve makes the parts that answer requests.
func (c *Cloud) serve(o Options, k *keys, work, address string) error {
	if o.NewPool == nil {
		c.spares = instance.NewSpares(instance.SparesOptions{Idle: o.IdleTimeout})
		o.NewPool = sparing(c.spares)
	}
	c.neighbours(o, k)
	c.roles = newRoles(o.AssumeRole, k.AccountID, o.Now)
	c.gateway = gateway.New(gateway.Config{
		Store: c.store, AccountID: k.AccountID, AccessKeyID: k.FunctionKeyID, AccessKeySecret: k.FunctionSecret,
		SecurityToken: k.FunctionToken, Launcher: c.launcher, Images: c.images, Toolchain: o.Toolchain, WorkDir: work,
		SharedDir: cmp.Or(o.SharedDir, c.store.Dir()), IdleTimeout: o.IdleTimeout,
		MaxInstances: o.MaxInstances, NewPool: o.NewPool, Now: o.Now, Adjust: func(cfg *instance.Config) { c.roles.give(cfg); c.logs.keep(cfg); cfg.Attention = &c.attention },
		Scale: func(region, function, qualifier string) instance.Scale {
			return control.Scale(c.store.Scaling(region, function, fc.LatestQualifier), c.store.Scaling(region, function, qualifier))
		},
		Restriction: c.store.Restriction,
		Closed:      func(err error) bool { return errors.Is(err, pool.ErrClosed) },
		Verify:      func(r *http.Request) error { _, err := c.verifier.Verify(r); return err },
		Accept:      func(e *store.Event) error { return c.async.Accept(e) },
	})
	c.async = c.newDispatcher(o)
	var err error
	if c.triggers, err = c.newTriggers(o); err != nil {
		return err
	}
	c.control = control.New(control.Config{
		Store: c.store, AccountID: k.AccountID, Region: o.Region, Address: address, Secret: []byte(k.URLSecret),
		Instances: c.gateway.Instances, Changed: c.gateway.Changed, Moved: c.gateway.Moved, Refresh: c.gateway.Refresh, Now: o.Now,
		UploadTokens: c.uploadToken, Sessions: c.sessions,
		Scaled: c.gateway.Scaled, Kept: c.gateway.Kept, Restricted: c.restricted, Tasks: c.async, Triggered: c.triggers.Changed,
	})
	for _, s := range c.store.Scaled() {
		c.gateway.Scaled(s.Region, s.Function, s.Qualifier)
	}
	return nil
}

// restricted tells the gateway that a function may not be called any more, or may be
// again. Then the instances that are to be there always come back.
func (c *Cloud) restricted(region, function string, abort bool) {
	c.gateway.Restricted(region, function, abort)
	if c.store.Restriction(region, function) != nil {
		return
	}
	for _, s := range c.store.ScalingsOf(region, function) {
		c.gateway.Scaled(region, function, s.Qualifier)
	}
}

// sparing makes pools whose instances may be made of spares.
func sparing(spares *instance.Spares) func(instance.Config) gateway.Pool {
	return func(cfg instance.Config) gateway.Pool {
		cfg.Spares = spares
		return pool.New(cfg)
	}
}

// Info is what a client must know.
func (c *Cloud) Info() Info { return c.info }

// Stopped is closed when a client has asked for the end, or when the server
// has ended by itself; Close must follow.
func (c *Cloud) Stopped() <-chan struct{} { return c.stop }

func (c *Cloud) end() { c.asked.Do(func() { close(c.stop) }) }

// Close stops the cloud: requests under way get a moment, then every instance
// is killed. When it returns nothing of the cloud runs any more.
func (c *Cloud) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopGrace)
	defer cancel()
	err := c.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = nil
	}
	c.rest.close()
	c.triggers.Close()
	c.async.Stop()
	c.gateway.Close()
	c.async.Close()
	err = errors.Join(err, c.server.Close())
	<-c.done
	return errors.Join(err, c.err, c.closeParts())
}

// closeParts closes what was opened.
func (c *Cloud) closeParts() error {
	var err error
	if c.triggers != nil {
		c.triggers.Close()
	}
	if c.async != nil {
		c.async.Stop()
		c.gateway.Close()
		c.async.Close()
	}
	c.roles.close()
	c.spares.Close()
	if closer, ok := c.launcher.(io.Closer); ok && c.owned {
		err = closer.Close()
	}
	if c.images != nil {
		c.images.Close()
	}
	if c.queue != nil {
		err = errors.Join(err, c.queue.Close())
	}
	err = errors.Join(err, c.logs.close())
	if c.store != nil {
		err = errors.Join(err, c.store.Close())
	}
	return err
}
