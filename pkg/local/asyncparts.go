package local

import (
	"context"
	"net/http"
	"sync"
	"time"

	"s/pkg/fc"
	"s/pkg/local/async"
	"s/pkg/local/store"
	"s/pkg/local/triggers"
	"s/pkg/runtime/instance"
)

// newDispatcher starts what runs the asynchronous invocations of a cloud.
func (c *Cloud) newDispatcher(o Options) *async.Dispatcher {
	return async.New(async.Config{
		Queue: c.queue, Invoke: c.gateway.InvokeEvent, Now: o.Now, Log: o.Log,
		ConfigOf: func(region, function, qualifier string) (fc.AsyncConfig, bool) {
			stored, err := c.store.AsyncConfig(region, function, qualifier)
			if err != nil {
				return fc.AsyncConfig{}, false
			}
			return stored.Config, true
		},
		Exists: func(region, function string) bool {
			_, err := c.store.Function(region, function)
			return err == nil
		},
		ARN: func(region, function, qualifier string) string {
			return functionARN(c.info.AccountID, region, function, qualifier)
		},
	})
}

// newTriggers starts what fires the triggers of a cloud.
func (c *Cloud) newTriggers(o Options) (*triggers.Service, error) {
	return triggers.New(triggers.Config{
		Store: c.store, Queue: c.queue, Accept: c.async.Accept, Prepare: c.async.Prepare, Queued: c.async.Wake,
		AccountID: c.info.AccountID, Now: o.Now, Log: o.Log,
	})
}

// functionARN names a function, with its qualifier, as the destinations of FC get
// it.
func functionARN(account, region, function, qualifier string) string {
	arn := "acs:fc:" + region + ":" + account + ":"
	if service, name := fc.SplitName(function); service != "" {
		return arn + "services/" + service + "." + qualifier + "/functions/" + name
	}
	return arn + "functions/" + function + "/" + qualifier
}

// devQueue runs the asynchronous invocations of the working tree. It opens its
// queue with the first of them: most commands have none.
type devQueue struct {
	dir    string
	invoke func(context.Context, *store.Event, *instance.Invocation) (*instance.Result, error)

	mu         sync.Mutex
	closed     bool
	queue      *store.Queue
	dispatcher *async.Dispatcher
}

// accept takes an asynchronous invocation.
func (d *devQueue) accept(e *store.Event) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return http.ErrServerClosed
	}
	if d.dispatcher == nil {
		queue, err := store.OpenQueue(context.Background(), d.dir, time.Now())
		if err != nil {
			return err
		}
		d.queue, d.dispatcher = queue, async.New(async.Config{Queue: queue, Invoke: d.invoke})
	}
	return d.dispatcher.Accept(e)
}

// stop runs nothing new.
func (d *devQueue) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	if d.dispatcher != nil {
		d.dispatcher.Stop()
	}
}

// close follows the end of the gateway.
func (d *devQueue) close() error {
	d.stop()
	if d.dispatcher == nil {
		return nil
	}
	d.dispatcher.Close()
	return d.queue.Close()
}
