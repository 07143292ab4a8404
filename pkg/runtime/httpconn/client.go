package httpconn

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"s/pkg/runtime/rawio"
)

const (
	// maxIdle bounds the connections kept for the next request.
	maxIdle = 256
	// bufferSize is what is read from a connection at once.
	bufferSize = 8 << 10
)

// ErrClosed is the answer of a closed Client.
var ErrClosed = errors.New("the connections to the function are closed")

// Client holds the connections to one server. Its methods may be called by any
// number of goroutines.
type Client struct {
	addr      string
	attention *rawio.Attention

	mu     sync.Mutex
	idle   []*conn // the most recently used last
	all    map[*conn]struct{}
	closed bool

	multiplexed multiplexed
}

// New makes a client of the server at addr, host:port. It doesn't connect yet. With
// attention, not nil, it looks for answers that come at once.
func New(addr string, attention *rawio.Attention) *Client {
	return &Client{addr: addr, attention: attention, all: map[*conn]struct{}{}}
}

// Close breaks all connections, also those in use.
func (c *Client) Close() {
	c.multiplexed.end()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for k := range c.all {
		_ = k.nc.Close()
	}
	c.idle, c.all = nil, nil
}

// conn is a connection with its buffers.
type conn struct {
	client *Client
	nc     net.Conn
	probe  prober
	br     *bufio.Reader
	wbuf   []byte
	reused bool
	timed  bool // has a deadline

	asked  bool         // an answer may come at once
	payoff rawio.Payoff // of looking for it
}

// Read reads what has come; the beginning of an answer is looked for at first.
func (k *conn) Read(p []byte) (int, error) {
	soon, ok := k.nc.(rawio.SoonReader)
	look := ok && k.asked && k.client.attention.Free() && k.payoff.Due()
	k.asked = false
	if look {
		n, err := soon.ReadSoon(k.client.attention, p)
		came := !errors.Is(err, rawio.ErrNothing)
		k.payoff.Note(came)
		if came {
			return n, err
		}
	}
	return k.nc.Read(p)
}

// WriteTo copies all that comes, without looking at it.
func (k *conn) WriteTo(w io.Writer) (int64, error) { return io.Copy(w, k.nc) }

// get gives a connection: a kept one that is alive, if fresh isn't asked for,
// else a new one.
func (c *Client) get(ctx context.Context, deadline time.Time, fresh bool) (*conn, error) {
	for !fresh {
		c.mu.Lock()
		n := len(c.idle)
		if n == 0 {
			c.mu.Unlock()
			break
		}
		k := c.idle[n-1]
		c.idle = c.idle[:n-1]
		c.mu.Unlock()
		if k.probe.alive() {
			k.reused = true
			return k, nil
		}
		k.discard()
	}
	return c.dial(ctx, deadline)
}

func (c *Client) dial(ctx context.Context, deadline time.Time) (*conn, error) {
	d := net.Dialer{Deadline: deadline, KeepAlive: -1}
	nc, err := d.DialContext(ctx, "tcp", c.addr)
	if err != nil {
		return nil, err
	}
	nc = rawio.Conn(nc)
	k := &conn{client: c, nc: nc, probe: newProber(nc)}
	k.br = bufio.NewReaderSize(k, bufferSize)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		_ = nc.Close()
		return nil, ErrClosed
	}
	c.all[k] = struct{}{}
	return k, nil
}

// keep gives a connection back for the next request.
func (k *conn) keep() {
	if k.timed {
		k.timed = false
		if k.nc.SetDeadline(time.Time{}) != nil {
			k.discard()
			return
		}
	}
	c := k.client
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.idle = append(c.idle, k)
	if len(c.idle) > maxIdle {
		old := c.idle[0]
		c.idle = slices.Delete(c.idle, 0, 1)
		delete(c.all, old)
		_ = old.nc.Close()
	}
}

// discard ends a connection.
func (k *conn) discard() {
	_ = k.nc.Close()
	c := k.client
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.all, k)
}

// limit makes the connection fail at the deadline, or at once when the context
// ends; done must be called when that is no longer wanted.
func (k *conn) limit(ctx context.Context, deadline time.Time) (done func() bool, err error) {
	if !deadline.IsZero() {
		k.timed = true
		if err := k.nc.SetDeadline(deadline); err != nil {
			return nil, err
		}
	}
	if ctx.Done() == nil {
		return func() bool { return true }, nil
	}
	return context.AfterFunc(ctx, func() { _ = k.nc.SetDeadline(time.Unix(1, 0)) }), nil
}
