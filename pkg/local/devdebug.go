package local

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
)

// debugRelay passes what comes to a port of the loopback on to the instance that
// is debugged: it has an address of its own, which changes with every reload.
type debugRelay struct {
	listener net.Listener
	cancel   context.CancelFunc
	wg       sync.WaitGroup
	addr     atomic.Value // string: of the newest instance's debugger
}

// relayAll opens the debug ports of functions that have one, and closes others.
func (d *Dev) relayAll(ctx context.Context, entries []*devEntry) error {
	if d.launcher.Isolation().Ports == "fixed" {
		return nil // the instance has the port itself
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	wanted := map[int]bool{}
	var errs []error
	for _, e := range entries {
		if e.given.Debug == nil {
			continue
		}
		port := e.given.Debug.Port
		wanted[port] = true
		if d.debuggers[port] != nil {
			continue
		}
		listener, err := listen(ctx, net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		relayCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		relay := &debugRelay{listener: listener, cancel: cancel}
		d.debuggers[port] = relay
		relay.addr.Store("")
		relay.wg.Go(func() { relay.serve(relayCtx) })
	}
	for port, relay := range d.debuggers {
		if !wanted[port] {
			relay.close()
			delete(d.debuggers, port)
		}
	}
	return errors.Join(errs...)
}

// Debugged reports whether a debugger can attach to a function.
func (d *Dev) Debugged(name string) bool {
	e := d.byName(name)
	return e != nil && e.given.Debug != nil
}

// debugStarted is told where the debugger of a new instance listens.
func (d *Dev) debugStarted(port int, addr string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if relay := d.debuggers[port]; relay != nil {
		relay.addr.Store(addr)
	}
}

func (r *debugRelay) serve(ctx context.Context) {
	for {
		client, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.wg.Go(func() { relay(ctx, client, r.addr.Load().(string)) })
	}
}

// relay copies both ways until one end closes.
func relay(ctx context.Context, client net.Conn, addr string) {
	defer client.Close()
	if addr == "" {
		return // no instance: the debugger tries again
	}
	var dialer net.Dialer
	server, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return
	}
	defer server.Close()
	stop := context.AfterFunc(ctx, func() { client.Close(); server.Close() })
	defer stop()
	done := make(chan struct{}, 2)
	pipe := func(to, from net.Conn) {
		_, _ = io.Copy(to, from) // an end that is gone ends both
		done <- struct{}{}
	}
	go pipe(server, client)
	go pipe(client, server)
	<-done
}

func (r *debugRelay) close() {
	r.listener.Close()
	r.cancel()
	r.wg.Wait()
}
